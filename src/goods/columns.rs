//! The columns of a file of products: our own names, and those of Meta's feeds for the same things.

use super::report::Wrong;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Id,
    Group,
    ItemId,
    Title,
    Description,
    Price,
    Currency,
    SalePrice,
    Stock,
    Availability,
    Hidden,
    Keywords,
    Options,
    Link,
    Image,
    MoreImages,
    Brand,
    Condition,
    Category,
    ProductType,
}

/// Each column with our name for it, and the others it goes by.
const NAMES: [(Column, &str, &[&str]); 20] = [
    (Column::Id, "id", &["retailer_id", "sku"]),
    (Column::Group, "item_group_id", &["retailer_product_group_id"]),
    (Column::ItemId, "item_id", &[]),
    (Column::Title, "title", &["name"]),
    (Column::Description, "description", &[]),
    (Column::Price, "price", &[]),
    (Column::Currency, "currency", &[]),
    (Column::SalePrice, "sale_price", &[]),
    (Column::Stock, "stock", &["quantity_to_sell_on_facebook", "inventory", "quantity"]),
    (Column::Availability, "availability", &[]),
    (Column::Hidden, "hidden", &[]),
    (Column::Keywords, "keywords", &[]),
    (Column::Options, "options", &[]),
    (Column::Link, "link", &["url"]),
    (Column::Image, "image_link", &["image_url"]),
    (Column::MoreImages, "additional_image_link", &["additional_image_links"]),
    (Column::Brand, "brand", &[]),
    (Column::Condition, "condition", &[]),
    (Column::Category, "category", &["google_product_category", "fb_product_category"]),
    (Column::ProductType, "product_type", &[]),
];

/// Columns of Meta's feeds that tell variants apart, with what customers call that.
const OPTIONS: [(&str, &str); 5] =
    [("size", "Size"), ("color", "Color"), ("colour", "Color"), ("pattern", "Pattern"), ("material", "Material")];
/// `Scent:Fruity,Flavor:Apple`
const MORE_OPTIONS: &str = "additional_variant_attribute";
/// `option:Engraving` is a column for the option of this name.
const OPTION: &str = "option:";

/// How many columns there may be.
pub(super) const MOST_COLUMNS: usize = 200;

/// The columns we write, in their order.
pub(super) fn written() -> impl Iterator<Item = (Column, &'static str)> {
    NAMES.iter().map(|(column, name, _)| (*column, *name)).filter(|(column, _)| *column != Column::Currency)
}

impl Column {
    /// Our name for it.
    pub(super) fn name(self) -> &'static str {
        NAMES[self as usize].1
    }
}

/// What one place in a row holds.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Holds {
    Column(Column),
    /// The value of the option of this name.
    Option(String),
    /// Names and values of options, Meta's way.
    MoreOptions,
    Nothing,
}

/// A heading: which place of a row holds what.
#[derive(Clone, Debug)]
pub(super) struct Heading {
    places: Vec<Holds>,
    /// Columns nobody knows, or that are there twice.
    pub(super) ignored: Vec<String>,
}

/// Which columns a file has. What it has no column for stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Given {
    columns: u32,
    options: bool,
}

impl Given {
    /// A file that says everything.
    pub(super) const ALL: Self = Self { columns: u32::MAX, options: true };

    /// The same bytes for the same columns.
    pub(super) fn to_bytes(self) -> [u8; 5] {
        let [a, b, c, d] = self.columns.to_le_bytes();
        [a, b, c, d, u8::from(self.options)]
    }

    pub(super) fn has(self, column: Column) -> bool {
        match column {
            Column::Options => self.options,
            column => self.columns & (1 << column as u32) != 0,
        }
    }
}

impl Heading {
    /// Reads the first row of a file.
    pub(super) fn read<'a>(cells: impl Iterator<Item = &'a str>) -> Result<Self, Wrong> {
        let (mut places, mut ignored): (Vec<Holds>, Vec<String>) = (Vec::new(), Vec::new());
        for cell in cells {
            let holds = holds(cell);
            // Two columns for one thing cannot both count.
            let holds = if places.contains(&holds) { Holds::Nothing } else { holds };
            if holds == Holds::Nothing && !cell.trim().is_empty() {
                ignored.push(super::report::short(cell.trim()));
            }
            places.push(holds);
        }
        match places.contains(&Holds::Column(Column::Id)) {
            true => Ok(Self { places, ignored }),
            false => Err(Wrong::new("no_id_column", "the first row names the columns, and one of them must be id")),
        }
    }

    pub(super) fn given(&self) -> Given {
        let bit = |holds: &Holds| match holds {
            Holds::Column(column) => 1 << *column as u32,
            Holds::Option(_) | Holds::MoreOptions | Holds::Nothing => 0,
        };
        let is_option = |holds: &Holds| match holds {
            Holds::Column(column) => *column == Column::Options,
            Holds::Option(_) | Holds::MoreOptions => true,
            Holds::Nothing => false,
        };
        Given {
            columns: self.places.iter().map(bit).fold(0, |all, one| all | one),
            options: self.places.iter().any(is_option),
        }
    }

    /// What a row has in a column; empty and missing cells say nothing.
    pub(super) fn cell<'a>(&self, cells: &[&'a str], column: Column) -> Option<&'a str> {
        let place = self.places.iter().position(|holds| *holds == Holds::Column(column))?;
        cells.get(place).copied().filter(|cell| !cell.trim().is_empty())
    }

    /// The options a row has in columns of their own, in the order of the columns.
    pub(super) fn options(&self, cells: &[&str]) -> Result<Vec<(String, String)>, Wrong> {
        let mut options = Vec::new();
        for (holds, cell) in self.places.iter().zip(cells).filter(|(_, cell)| !cell.trim().is_empty()) {
            match holds {
                Holds::Option(name) => options.push((name.clone(), (*cell).to_owned())),
                Holds::MoreOptions => {
                    for pair in cell.split(',') {
                        let pair = pair.split_once(':').ok_or_else(|| {
                            Wrong::new("wrong_options", "attributes are written Name:Value,Name:Value")
                                .in_column(MORE_OPTIONS, cell)
                        });
                        let (name, value) = pair?;
                        options.push((name.trim().to_owned(), value.trim().to_owned()));
                    }
                }
                Holds::Column(_) | Holds::Nothing => {}
            }
        }
        Ok(options)
    }
}

fn holds(heading: &str) -> Holds {
    let heading = heading.trim();
    let word = heading.to_lowercase().replace([' ', '-'], "_");
    let is_named = |(_, name, others): &&(Column, &str, &[&str])| *name == word || others.contains(&word.as_str());
    if let Some((column, ..)) = NAMES.iter().find(is_named) {
        return Holds::Column(*column);
    }
    if let Some((_, name)) = OPTIONS.iter().find(|(known, _)| *known == word) {
        return Holds::Option((*name).to_owned());
    }
    let own = heading.get(..OPTION.len()).filter(|start| start.eq_ignore_ascii_case(OPTION));
    match own.and_then(|_| heading.get(OPTION.len()..)).map(str::trim).filter(|name| !name.is_empty()) {
        Some(name) => Holds::Option(name.to_owned()),
        None if word == MORE_OPTIONS => Holds::MoreOptions,
        None => Holds::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heading(row: &str) -> Result<Heading, Wrong> {
        Heading::read(row.split(','))
    }

    #[test]
    fn every_column_stands_in_its_place() {
        for (place, (column, name, _)) in NAMES.iter().enumerate() {
            assert_eq!((*column as usize, column.name()), (place, *name));
        }
    }

    #[test]
    fn metas_names_are_understood_and_nothing_is_ignored_silently() {
        let heading =
            heading("ID, Name ,inventory,stock,gender,Size,option: Ring,additional_variant_attribute,").unwrap();
        let cells = ["A", "Cap", "7", "8", "unisex", "M", "gold", "Scent:Fruity, Flavor:Apple", "x"];
        assert_eq!(heading.cell(&cells, Column::Title), Some("Cap"));
        assert_eq!(heading.cell(&cells, Column::Stock), Some("7"), "the first of two columns counts");
        assert_eq!(heading.cell(&cells, Column::Price), None);
        let options: Vec<String> =
            heading.options(&cells).unwrap().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(options, ["Size=M", "Ring=gold", "Scent=Fruity", "Flavor=Apple"]);
        assert_eq!(heading.ignored, ["stock", "gender"]);
        let given = heading.given();
        assert!(given.has(Column::Title) && given.has(Column::Options) && !given.has(Column::Price));
        assert!(heading.options(&["A", "", "", "", "", "", "", "Scent"]).is_err());
    }

    #[test]
    fn a_file_without_ids_is_no_file_of_products() {
        assert_eq!(heading("title,price").unwrap_err().code, "no_id_column");
    }
}
