//! Products as a file has them. A cell that begins like a formula leaves as it is: with a mark before it, it would come
//! back as another text.

use actors::domain::catalog::{Availability, Condition, Details, Product, Variant};
use bytes::Bytes;
use csv::{Writer, WriterBuilder};

use super::Format;
use super::cells;
use super::columns::{Column, written};
use super::json::ProductJson;

/// A file that is written a page at a time.
pub(super) struct Pages {
    format: Format,
    is_first: bool,
}

impl Pages {
    pub(super) fn new(format: Format) -> Self {
        Self { format, is_first: true }
    }

    /// The next bytes of the file.
    pub(super) fn page(&mut self, products: Vec<Product>) -> Bytes {
        let is_first = std::mem::replace(&mut self.is_first, false);
        match self.format {
            Format::Csv => rows(products, is_first),
            Format::Json => elements(products, if is_first { "[\n" } else { ",\n" }, ",\n", ""),
            Format::Ndjson => elements(products, "", "\n", "\n"),
        }
    }

    /// The last bytes, after all pages.
    pub(super) fn end(&mut self) -> Bytes {
        match (self.format, self.is_first) {
            (Format::Csv, true) => rows(Vec::new(), true),
            (Format::Json, true) => Bytes::from_static(b"[]\n"),
            (Format::Json, false) => Bytes::from_static(b"\n]\n"),
            (Format::Csv, false) | (Format::Ndjson, _) => Bytes::new(),
        }
    }
}

fn elements(products: Vec<Product>, before: &str, between: &str, after: &str) -> Bytes {
    let mut file = before.as_bytes().to_vec();
    for (place, product) in products.into_iter().enumerate() {
        if place > 0 {
            file.extend_from_slice(between.as_bytes());
        }
        serde_json::to_writer(&mut file, &ProductJson::from(product)).expect("plain fields are written to memory");
    }
    file.extend_from_slice(after.as_bytes());
    file.into()
}

fn rows(products: Vec<Product>, with_heading: bool) -> Bytes {
    let mut file = WriterBuilder::new().from_writer(Vec::new());
    if with_heading {
        record(&mut file, written().map(|(_, name)| name.to_owned()));
    }
    for product in products {
        let row = Row::of(&product);
        record(&mut file, written().map(|(column, _)| row.cell(column)));
        for variant in &product.variants {
            let row = Row::of_variant(&product, variant);
            record(&mut file, written().map(|(column, _)| row.cell(column)));
        }
    }
    file.into_inner().expect("memory takes it all").into()
}

fn record(file: &mut Writer<Vec<u8>>, cells: impl Iterator<Item = String>) {
    file.write_record(cells).expect("memory takes rows, and all have the same length");
}

/// A product or a variant, as one row.
struct Row<'a> {
    product: &'a Product,
    variant: Option<&'a Variant>,
    details: Details,
}

impl<'a> Row<'a> {
    fn of(product: &'a Product) -> Self {
        Self { product, variant: None, details: product.details.as_deref().cloned().unwrap_or_default() }
    }

    fn of_variant(product: &'a Product, variant: &'a Variant) -> Self {
        let details = variant.details.as_deref().cloned().unwrap_or_default();
        Self { product, variant: Some(variant), details }
    }

    fn cell(&self, column: Column) -> String {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        match column {
            Column::Description => text(&self.details.description),
            Column::Link => text(&self.details.link),
            Column::Image => self.details.images.first().cloned().unwrap_or_default(),
            Column::MoreImages => self.details.images.get(1..).unwrap_or_default().join(","),
            Column::Brand => text(&self.details.brand),
            Column::Condition => self.details.condition.map(Condition::name).unwrap_or_default().to_owned(),
            Column::Category => text(&self.details.category),
            Column::ProductType => text(&self.details.product_type),
            column => match self.variant {
                Some(variant) => self.of_variant_alone(variant, column),
                None => self.of_product_alone(column),
            },
        }
    }

    fn of_product_alone(&self, column: Column) -> String {
        let product = self.product;
        match column {
            Column::Id => product.retailer_id.clone(),
            Column::ItemId => product.item_id.clone().unwrap_or_default(),
            Column::Title => product.title.clone(),
            Column::Price => product.price.to_string(),
            Column::SalePrice => said(product.sale_price),
            Column::Stock => said(product.stock),
            Column::Availability => product.availability.map(Availability::name).unwrap_or_default().to_owned(),
            Column::Hidden => if product.hidden { "true" } else { "" }.to_owned(),
            Column::Keywords => cells::list(&product.keywords),
            _ => String::new(),
        }
    }

    fn of_variant_alone(&self, variant: &Variant, column: Column) -> String {
        match column {
            Column::Id => variant.retailer_id.clone(),
            Column::Group => self.product.retailer_id.clone(),
            Column::ItemId => variant.item_id.clone().unwrap_or_default(),
            Column::Price => said(variant.price),
            Column::SalePrice => said(variant.sale_price),
            Column::Stock => said(variant.stock),
            Column::Availability => variant.availability.map(Availability::name).unwrap_or_default().to_owned(),
            Column::Keywords => cells::list(&variant.keywords),
            Column::Options => cells::pairs(&variant.options),
            _ => String::new(),
        }
    }
}

fn said(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::VecDeque;

    use actors::domain::money::Money;
    use proptest::option::of;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::super::compare::{completed, differences, unfit};
    use super::super::read::tests::usd;
    use super::super::read::{Found, Reader};
    use super::*;

    /// What people and their tools write: quotes, separators, formulas, other scripts.
    fn text(most: usize) -> impl Strategy<Value = String> {
        let pieces = [
            "=1+1", "\"", ",", ";", ":", "\\", "'", "é", "🧵", "日本", " ", "+", "@x", "-2", "a", "Zz", "\u{feff}",
            "\u{2028}",
        ];
        let text = proptest::collection::vec(select(pieces.to_vec()), 1..most).prop_map(|pieces| pieces.concat());
        text.prop_filter("blank", |text| !text.trim().is_empty())
    }

    fn price() -> impl Strategy<Value = Money> {
        (0..1_000_000_i64).prop_map(|minor| Money { minor, currency: usd() })
    }

    fn details() -> impl Strategy<Value = Option<Box<Details>>> {
        let lines = proptest::collection::vec(text(5), 1..4).prop_map(|lines| lines.join("\r\n\t"));
        let link = "[a-z0-9=?&,%é]{1,12}".prop_map(|rest| format!("https://a.example/{rest}"));
        let image = "[a-z0-9=+]{1,9}".prop_map(|rest| format!("http://b.example/{rest}"));
        let images = proptest::collection::vec(image, 0..4);
        let condition = of(select(Condition::ALL.to_vec()));
        let all = (of(lines), of(link), images, of(text(4)), condition, of(text(4)), of(text(4)));
        all.prop_map(|(description, link, images, brand, condition, category, product_type)| {
            Details { description, link, images, brand, condition, category, product_type }.kept()
        })
    }

    /// What products and variants both have.
    type Common = (Option<String>, Option<Money>, Option<i64>, Option<Availability>, Vec<String>, Option<Box<Details>>);

    fn common() -> impl Strategy<Value = Common> {
        let availability = of(select(Availability::ALL.to_vec()));
        let keywords = proptest::collection::vec(text(4), 0..3);
        (of(text(4)), of(price()), of(-3..9_i64), availability, keywords, details())
    }

    fn variant() -> impl Strategy<Value = Variant> {
        let options = proptest::collection::vec((text(3), text(3)), 0..3);
        (text(4), options, of(price()), common()).prop_map(|(retailer_id, options, price, common)| {
            let (item_id, sale_price, stock, availability, keywords, details) = common;
            Variant { retailer_id, item_id, options, price, sale_price, stock, availability, keywords, details }
        })
    }

    /// Any product that fits.
    pub(in crate::goods) fn product() -> impl Strategy<Value = Product> {
        let variants = proptest::collection::vec(variant(), 0..4);
        let product = (text(4), text(6), price(), any::<bool>(), common(), variants);
        let product = product.prop_map(|(sku, title, price, hidden, common, mut variants)| {
            let (item_id, sale_price, stock, availability, keywords, details) = common;
            let mut seen = std::collections::BTreeSet::new();
            variants.retain(|variant| seen.insert(variant.retailer_id.clone()));
            Product {
                item_id,
                sale_price,
                stock,
                availability,
                keywords,
                details,
                hidden,
                variants,
                ..Product::new(&sku, &title, price)
            }
        });
        product.prop_filter("unfit", |product| product.fits(usd()).is_ok())
    }

    fn file(format: Format, products: &[Product], page: usize) -> Vec<u8> {
        let mut pages = Pages::new(format);
        let mut file: Vec<u8> = products.chunks(page).flat_map(|page| pages.page(page.to_vec())).collect();
        file.extend(pages.end());
        file
    }

    fn read_back(format: Format, file: &[u8], piece: usize) -> Vec<Found> {
        let (mut reader, mut out) = (Reader::new(format, usd()), VecDeque::new());
        file.chunks(piece).for_each(|piece| reader.feed(piece, &mut out).unwrap());
        reader.finish(&mut out).unwrap();
        out.into()
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_as_nothing_to_change(
            products in proptest::collection::vec(product(), 0..5),
            page in 1..4_usize,
            piece in 1..200_usize,
        ) {
            for format in [Format::Csv, Format::Json, Format::Ndjson] {
                let file = file(format, &products, page);
                let found = read_back(format, &file, piece);
                prop_assert_eq!(found.len(), products.len(), "{:?} {}", found, String::from_utf8_lossy(&file));
                for (found, product) in found.iter().zip(&products) {
                    let Found::Product(parsed) = found else { panic!("{found:?}") };
                    prop_assert!(unfit(parsed, usd()).is_none());
                    let differ = differences(product, &completed(parsed, Some(product)));
                    prop_assert!(differ.is_empty(), "{:?} {:?} {}", format, differ, String::from_utf8_lossy(&file));
                    prop_assert_eq!(&completed(parsed, None), product);
                }
            }
        }
    }

    #[test]
    fn an_empty_shop_is_a_file_too() {
        assert_eq!(file(Format::Json, &[], 1), b"[]\n");
        assert!(file(Format::Csv, &[], 1).starts_with(b"id,item_group_id,item_id,title,"));
        assert!(file(Format::Ndjson, &[], 1).is_empty());
    }
}
