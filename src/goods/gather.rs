//! Rows of a CSV file, gathered into products: a row without a group is a product, and the rows of a group that stand
//! together are its variants. A product is taken whole or not at all: half of its variants would be a loss.

use std::collections::VecDeque;

use actors::domain::catalog::{Availability, Condition, Details, MOST_IMAGES, MOST_VARIANTS, Product, Variant};
use actors::domain::money::{Currency, Money};

use super::cells;
use super::columns::{Column, Given, Heading};
use super::read::{Found, Parsed};
use super::report::{Place, Wrong};

/// So many bytes the rows of one product may have.
const GROUP_BYTES: usize = 2 << 20;

/// The rows that were not yet given away.
pub(super) struct Gatherer {
    currency: Currency,
    heading: Option<Heading>,
    group: Option<Group>,
}

/// A product in the making.
struct Group {
    sku: String,
    place: Place,
    rows: u64,
    bytes: usize,
    /// The row that is the product itself.
    parent: Option<Line>,
    variants: Vec<Line>,
    /// Rows with something wrong, and which was the first.
    bad_rows: u64,
    first_bad: u64,
    is_too_large: bool,
}

/// One row, read.
struct Line {
    place: Place,
    /// It is the product itself, not a variant.
    is_product: bool,
    bytes: usize,
    id: String,
    item_id: Option<String>,
    title: Option<String>,
    price: Option<Money>,
    sale_price: Option<Money>,
    stock: Option<i64>,
    availability: Option<Availability>,
    hidden: Option<bool>,
    keywords: Vec<String>,
    options: Vec<(String, String)>,
    details: Details,
}

impl Gatherer {
    pub(super) fn new(currency: Currency) -> Self {
        Self { currency, heading: None, group: None }
    }

    /// Columns nobody knows.
    pub(super) fn ignored(&self) -> &[String] {
        self.heading.as_ref().map_or(&[], |heading| &heading.ignored)
    }

    /// Takes the next row. An error ends the file: without a heading nothing of it can be understood.
    pub(super) fn row(
        &mut self,
        place: Place,
        cells: Result<&[&str], Wrong>,
        out: &mut VecDeque<Found>,
    ) -> Result<(), Wrong> {
        match self.heading {
            Some(_) => self.take(place, cells, out),
            None => self.heading = Some(Heading::read(cells?.iter().copied())?),
        }
        Ok(())
    }

    fn take(&mut self, place: Place, cells: Result<&[&str], Wrong>, out: &mut VecDeque<Found>) {
        let Some(heading) = &self.heading else { return };
        let cells = match cells {
            Ok(cells) => cells,
            // Nobody knows what it belongs to: the product before it may lack it.
            Err(wrong) => {
                let has_groups = heading.given().has(Column::Group);
                return self.no_row(place, wrong, has_groups, out);
            }
        };
        let group = heading.cell(cells, Column::Group).map(str::to_owned);
        let Some(id) = heading.cell(cells, Column::Id).map(str::to_owned) else {
            let wrong = Wrong::new("no_id", "every row has the SKU of its product or variant").in_column("id", "");
            let is_of_group = group.is_some() && self.group.as_ref().map(|open| &open.sku) == group.as_ref();
            return self.no_row(place, wrong, is_of_group, out);
        };
        let mut reading = Reading { heading, cells, currency: self.currency, wrong: Vec::new() };
        let line = reading.line(place, id.clone(), group.is_none());
        let wrong = reading.wrong;
        self.open(group.as_deref().unwrap_or(&id), line.is_product, place, out);
        if let Some(open) = &mut self.group {
            open.add(line, wrong, out);
        }
    }

    /// The file is at its end.
    pub(super) fn finish(&mut self, out: &mut VecDeque<Found>) {
        let given = self.heading.as_ref().map_or(Given::ALL, Heading::given);
        if let Some(group) = self.group.take() {
            group.end(given, self.currency, out);
        }
    }

    /// A row that makes no line: it stands alone, or spoils the product in hand.
    fn no_row(&mut self, place: Place, wrong: Wrong, is_of_group: bool, out: &mut VecDeque<Found>) {
        out.push_back(Found::Problem(wrong.at(place)));
        match &mut self.group {
            Some(group) if is_of_group => group.spoil(place),
            _ => {
                self.finish(out);
                out.push_back(Found::Bad { sku: None, rows: 1 });
            }
        }
    }

    /// Begins another product, unless the row goes on with the one in hand.
    fn open(&mut self, sku: &str, is_product: bool, place: Place, out: &mut VecDeque<Found>) {
        if is_product || self.group.as_ref().is_none_or(|group| group.sku != sku) {
            self.finish(out);
            self.group = Some(Group::new(sku, place));
        }
    }
}

impl Group {
    fn new(sku: &str, place: Place) -> Self {
        Self {
            sku: sku.to_owned(),
            place,
            rows: 0,
            bytes: 0,
            parent: None,
            variants: Vec::new(),
            bad_rows: 0,
            first_bad: 0,
            is_too_large: false,
        }
    }

    fn add(&mut self, line: Line, wrong: Vec<Wrong>, out: &mut VecDeque<Found>) {
        let place = line.place;
        self.bytes += line.bytes;
        let is_bad = !wrong.is_empty();
        out.extend(wrong.into_iter().map(|wrong| Found::Problem(wrong.at(place))));
        if !line.is_product && (self.variants.len() == MOST_VARIANTS || self.bytes > GROUP_BYTES) {
            // Once is enough: each row after it would say the same.
            if !std::mem::replace(&mut self.is_too_large, true) {
                let detail =
                    format!("a product has at most {MOST_VARIANTS} variants, and {GROUP_BYTES} bytes with them");
                out.push_back(Found::Problem(Wrong::new("too_many_variants", detail).at(place)));
            }
            return self.spoil(place);
        }
        if is_bad {
            return self.spoil(place);
        }
        self.rows += 1;
        match line.is_product {
            true => self.parent = Some(line),
            false => self.variants.push(line),
        }
    }

    /// Counts a row with something wrong.
    fn spoil(&mut self, place: Place) {
        self.rows += 1;
        self.bad_rows += 1;
        if self.bad_rows == 1 {
            self.first_bad = place.row;
        }
    }

    fn end(self, given: Given, currency: Currency, out: &mut VecDeque<Found>) {
        let Self { sku, place, rows, parent, variants, bad_rows, first_bad, .. } = self;
        if bad_rows > 0 {
            if rows > bad_rows {
                let detail = format!("the product is taken whole or not at all: first see to row {first_bad}");
                let wrong = Wrong::new("product_incomplete", detail).in_column(Column::Group.name(), &sku);
                out.push_back(Found::Problem(wrong.at(place)));
            }
            return out.push_back(Found::Bad { sku: Some(sku), rows });
        }
        out.extend(others_titles(parent.as_ref(), &variants).map(Found::Note));
        let product = match parent {
            Some(parent) => parent.product(variants.into_iter().map(Line::variant).collect(), currency),
            None => gathered(&sku, variants, currency),
        };
        out.push_back(Found::Product(Box::new(Parsed { product, place, rows, given })));
    }
}

/// A product has one title. Where its rows say several, somebody may want to know which counts.
fn others_titles(parent: Option<&Line>, variants: &[Line]) -> Option<super::report::Problem> {
    let first = parent.or(variants.first())?.title.as_deref();
    let other = variants.iter().find(|line| line.title.is_some() && line.title.as_deref() != first)?;
    let detail = "a product has one title for all its variants: that of its first row counts";
    let title = other.title.as_deref().unwrap_or_default();
    Some(Wrong::new("first_row_counts", detail).in_column(Column::Title.name(), title).at(other.place))
}

/// A group as Meta's feeds have it: without a row for the product itself, which then is as its first variant.
fn gathered(sku: &str, mut lines: Vec<Line>, currency: Currency) -> Product {
    let first = &lines[0];
    let (price, details) = (first.price, first.details.clone());
    let mut product = Product {
        hidden: first.hidden.unwrap_or(false),
        ..Product::new(sku, first.title.as_deref().unwrap_or_default(), price_or_none(price, currency))
    };
    for line in &mut lines {
        line.price = line.price.filter(|own| Some(*own) != price);
        line.details = differing(std::mem::take(&mut line.details), &details);
    }
    product.details = details.kept();
    product.variants = lines.into_iter().map(Line::variant).collect();
    product
}

/// What a variant shows otherwise than its product.
fn differing(own: Details, of_product: &Details) -> Details {
    fn other<T: PartialEq>(own: Option<T>, of_product: &Option<T>) -> Option<T> {
        own.filter(|own| Some(own) != of_product.as_ref())
    }
    Details {
        description: other(own.description, &of_product.description),
        link: other(own.link, &of_product.link),
        images: if own.images == of_product.images { Vec::new() } else { own.images },
        brand: other(own.brand, &of_product.brand),
        condition: other(own.condition, &of_product.condition),
        category: other(own.category, &of_product.category),
        product_type: other(own.product_type, &of_product.product_type),
    }
}

/// A price that is not given is one nobody would take: it is known of the product already, or it is refused.
fn price_or_none(price: Option<Money>, currency: Currency) -> Money {
    price.unwrap_or(Money { minor: -1, currency })
}

impl Line {
    fn product(self, variants: Vec<Variant>, currency: Currency) -> Product {
        let price = price_or_none(self.price, currency);
        Product {
            item_id: self.item_id,
            sale_price: self.sale_price,
            stock: self.stock,
            availability: self.availability,
            hidden: self.hidden.unwrap_or(false),
            keywords: self.keywords,
            variants,
            details: self.details.kept(),
            ..Product::new(&self.id, self.title.as_deref().unwrap_or_default(), price)
        }
    }

    fn variant(self) -> Variant {
        Variant {
            retailer_id: self.id,
            item_id: self.item_id,
            options: self.options,
            price: self.price,
            sale_price: self.sale_price,
            stock: self.stock,
            availability: self.availability,
            keywords: self.keywords,
            details: self.details.kept(),
        }
    }
}

/// A row while its cells are read, with all that is wrong with them.
struct Reading<'a> {
    heading: &'a Heading,
    cells: &'a [&'a str],
    currency: Currency,
    wrong: Vec<Wrong>,
}

impl Reading<'_> {
    fn line(&mut self, place: Place, id: String, is_product: bool) -> Line {
        let currency = self.own_currency();
        let details = self.details();
        Line {
            place,
            is_product,
            bytes: self.cells.iter().map(|cell| cell.len()).sum(),
            id,
            item_id: self.text(Column::ItemId),
            title: self.text(Column::Title),
            price: self.read(Column::Price, |cell| cells::price(cell, currency)),
            sale_price: self.read(Column::SalePrice, |cell| cells::price(cell, currency)),
            stock: self.read(Column::Stock, cells::count),
            availability: self.read(Column::Availability, availability),
            hidden: self.read(Column::Hidden, cells::yes_or_no),
            keywords: self.text(Column::Keywords).map(|cell| cells::items(&cell)).unwrap_or_default(),
            options: self.options(),
            details,
        }
    }

    fn details(&mut self) -> Details {
        let image = self.text(Column::Image).map(|image| image.trim().to_owned());
        let more = self.text(Column::MoreImages).unwrap_or_default();
        let images: Vec<String> = image.into_iter().chain(cells::addresses(&more).map(str::to_owned)).collect();
        if images.len() > MOST_IMAGES {
            let wrong = Wrong::new("too_many", format!("a product has at most {MOST_IMAGES} pictures"));
            self.wrong.push(wrong.in_column(Column::MoreImages.name(), &more));
        }
        Details {
            description: self.text(Column::Description),
            link: self.text(Column::Link),
            images,
            brand: self.text(Column::Brand),
            condition: self.read(Column::Condition, condition),
            category: self.text(Column::Category),
            product_type: self.text(Column::ProductType),
        }
    }

    fn options(&mut self) -> Vec<(String, String)> {
        let mut options = self.read(Column::Options, cells::names_and_values).unwrap_or_default();
        match self.heading.options(self.cells) {
            Ok(more) => options.extend(more),
            Err(wrong) => self.wrong.push(wrong),
        }
        options
    }

    /// Where the currency has a column of its own, it must be the shop's.
    fn own_currency(&mut self) -> Currency {
        let currency = self.currency;
        let check = |cell: &str| match cell.parse::<Currency>() {
            Ok(found) if found == currency => Ok(currency),
            _ => Err(Wrong::new("wrong_currency", format!("prices of this shop are in {currency}"))),
        };
        self.read(Column::Currency, check).unwrap_or(currency)
    }

    fn text(&self, column: Column) -> Option<String> {
        self.heading.cell(self.cells, column).map(str::to_owned)
    }

    fn read<T>(&mut self, column: Column, read: impl FnOnce(&str) -> Result<T, Wrong>) -> Option<T> {
        let cell = self.heading.cell(self.cells, column)?;
        read(cell).map_err(|wrong| self.wrong.push(wrong.in_column(column.name(), cell))).ok()
    }
}

pub(super) fn availability(text: &str) -> Result<Availability, Wrong> {
    let known = Availability::named(&text.trim().to_lowercase().replace('_', " "));
    known.ok_or_else(|| one_of("wrong_availability", &Availability::ALL.map(Availability::name)))
}

pub(super) fn condition(text: &str) -> Result<Condition, Wrong> {
    let known = Condition::named(&text.trim().to_lowercase());
    known.ok_or_else(|| one_of("wrong_condition", &Condition::ALL.map(Condition::name)))
}

fn one_of(code: &'static str, words: &[&str]) -> Wrong {
    Wrong::new(code, format!("it is one of: {}", words.join(", ")))
}
