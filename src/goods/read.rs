//! Reads a file of products as its bytes come in, whichever form it has.

use std::collections::VecDeque;

use actors::domain::catalog::Product;
use actors::domain::money::Currency;

use super::Format;
use super::columns::Given;
use super::gather::Gatherer;
use super::json::ProductJson;
use super::report::{Place, Problem, Wrong, short};
use super::rows::Rows;
use super::split::Splitter;

/// Something that was found in a file.
#[derive(Debug, PartialEq)]
pub(super) enum Found {
    /// A product as the file has it. Whether it can be sold is not looked at.
    Product(Box<Parsed>),
    /// Rows of which no product can be made. What is wrong with them was told before.
    Bad { sku: Option<String>, rows: u64 },
    /// What is wrong with a row.
    Problem(Problem),
    /// Something worth knowing.
    Note(Problem),
}

/// A product of a file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parsed {
    pub(super) product: Product,
    /// Where it begins.
    pub(super) place: Place,
    pub(super) rows: u64,
    /// What the file says of it.
    pub(super) given: Given,
}

/// A file that is read.
pub(super) enum Reader {
    Csv(Box<Rows>, Box<Gatherer>),
    Json(Splitter, Currency),
}

impl Reader {
    /// A file in this form, for a shop with this currency.
    pub(super) fn new(format: Format, currency: Currency) -> Self {
        match format {
            Format::Csv => Self::Csv(Box::new(Rows::new()), Box::new(Gatherer::new(currency))),
            Format::Json | Format::Ndjson => Self::Json(Splitter::new(), currency),
        }
    }

    /// Takes the next bytes. An error ends the file.
    pub(super) fn feed(&mut self, bytes: &[u8], out: &mut VecDeque<Found>) -> Result<(), Wrong> {
        self.read(out, Some(bytes))
    }

    /// The file is at its end.
    pub(super) fn finish(&mut self, out: &mut VecDeque<Found>) -> Result<(), Wrong> {
        self.read(out, None)?;
        if let Self::Csv(_, gatherer) = self {
            gatherer.finish(out);
        }
        Ok(())
    }

    /// Columns nobody knows.
    pub(super) fn ignored(&self) -> &[String] {
        match self {
            Self::Csv(_, gatherer) => gatherer.ignored(),
            Self::Json(..) => &[],
        }
    }

    fn read(&mut self, out: &mut VecDeque<Found>, bytes: Option<&[u8]>) -> Result<(), Wrong> {
        match self {
            Self::Csv(rows, gatherer) => {
                let mut ended = Ok(());
                let mut sink = |place: Place, cells: Result<&[&str], Wrong>| {
                    if ended.is_ok() {
                        ended = gatherer.row(place, cells, out);
                    }
                };
                match bytes {
                    Some(bytes) => rows.feed(bytes, &mut sink),
                    None => rows.finish(&mut sink),
                }
                ended
            }
            Self::Json(splitter, currency) => {
                let mut sink = |place: Place, element: Result<&[u8], Wrong>| {
                    out.extend(found(element.and_then(|bytes| product(bytes, *currency)), place));
                };
                match bytes {
                    Some(bytes) => splitter.feed(bytes, &mut sink),
                    None => splitter.finish(&mut sink),
                }
                Ok(())
            }
        }
    }
}

fn found(product: Result<Product, Wrong>, place: Place) -> Vec<Found> {
    match product {
        Ok(product) => vec![Found::Product(Box::new(Parsed { product, place, rows: 1, given: Given::ALL }))],
        Err(wrong) => vec![Found::Problem(wrong.at(place)), Found::Bad { sku: None, rows: 1 }],
    }
}

fn product(bytes: &[u8], currency: Currency) -> Result<Product, Wrong> {
    let read = serde_json::from_slice::<ProductJson>(bytes).map_err(|error| {
        let value = Some(short(&String::from_utf8_lossy(bytes)));
        Wrong { value, ..Wrong::new("unreadable", format!("this is no product: {error}")) }
    });
    read?.product(currency)
}

#[cfg(test)]
pub(super) mod tests {
    use actors::domain::catalog::Variant;
    use actors::domain::money::Money;

    use super::*;

    pub(in crate::goods) fn usd() -> Currency {
        "USD".parse().unwrap()
    }

    pub(in crate::goods) fn read(format: Format, file: &str) -> Vec<Found> {
        let (mut reader, mut out) = (Reader::new(format, usd()), VecDeque::new());
        reader.feed(file.as_bytes(), &mut out).unwrap();
        reader.finish(&mut out).unwrap();
        out.into()
    }

    fn products(file: &str) -> Vec<Product> {
        let product = |found| match found {
            Found::Product(parsed) => Some(parsed.product),
            Found::Note(_) => None,
            bad => panic!("{bad:?}"),
        };
        read(Format::Csv, file).into_iter().filter_map(product).collect()
    }

    fn problems(file: &str) -> Vec<(u64, String)> {
        let problem = |found| match found {
            Found::Problem(problem) | Found::Note(problem) => Some(problem),
            Found::Product(_) | Found::Bad { .. } => None,
        };
        read(Format::Csv, file).into_iter().filter_map(problem).map(|problem| (problem.row, problem.code)).collect()
    }

    fn price(minor: i64) -> Money {
        Money { minor, currency: usd() }
    }

    /// As one of Meta's feeds: the group has no row of its own.
    const FEED: &str = "\
id,title,description,availability,condition,price,link,image_link,brand,item_group_id,size,color,inventory
LIN-S,Linen Shirt,Airy,in stock,new,30.00 USD,https://a.example/s,https://a.example/1.jpg,Ada,LIN,S,Blue,3
LIN-M,Linen Shirt,Airy,in stock,new,32.00 USD,https://a.example/m,https://a.example/1.jpg,Ada,LIN,M,Blue,
CAP,Cap,Warm,preorder,used,9.50 USD,https://a.example/c,https://a.example/c.jpg,Ada,,,,0
";

    #[test]
    fn the_rows_of_a_group_are_a_product_and_its_variants() {
        let [shirt, cap] = products(FEED).try_into().unwrap();
        assert_eq!(
            (shirt.retailer_id.as_str(), shirt.title.as_str(), shirt.price),
            ("LIN", "Linen Shirt", price(3000))
        );
        let details = shirt.details.unwrap();
        assert_eq!((details.link.as_deref(), details.brand.as_deref()), (Some("https://a.example/s"), Some("Ada")));
        let options = |variant: &Variant| variant.options.iter().map(|(_, value)| value.clone()).collect::<Vec<_>>();
        let variants: Vec<_> = shirt
            .variants
            .iter()
            .map(|it| (it.retailer_id.as_str(), options(it).join(" "), it.price, it.stock))
            .collect();
        assert_eq!(
            variants,
            [("LIN-S", "S Blue".to_owned(), None, Some(3)), ("LIN-M", "M Blue".into(), Some(price(3200)), None)]
        );
        let own = shirt.variants[1].details.as_ref().unwrap();
        assert_eq!((own.link.as_deref(), own.brand.as_deref()), (Some("https://a.example/m"), None));
        assert_eq!((cap.stock, cap.price, cap.variants.len()), (Some(0), price(950), 0));
    }

    #[test]
    fn a_row_for_the_product_itself_says_what_its_variants_leave_open() {
        let file = "id,item_group_id,title,price,options\nLIN,,Linen,30,\nLIN-S,LIN,,,Size: S\nLIN-M,LIN,,31,Size: M\n";
        let [shirt] = products(file).try_into().unwrap();
        assert_eq!(
            (shirt.price, shirt.variants[0].price, shirt.variants[1].price),
            (price(3000), None, Some(price(3100)))
        );
    }

    #[test]
    fn a_bad_row_says_what_is_wrong_and_where_and_takes_its_product_with_it() {
        let file = "id,item_group_id,title,price,stock\n\
                    CAP,,Cap,9;50,many\n\
                    LIN-S,LIN,Linen,30,1\n\
                    LIN-M,LIN,Linen,30 EUR,1\n\
                    LIN-L,LIN,Other,30,1\n\
                    ,,Nameless,1,\n\
                    TOTE,,Tote,12.5,\n";
        let expected =
            [(2, "wrong_price"), (2, "wrong_stock"), (4, "wrong_currency"), (6, "no_id"), (3, "product_incomplete")];
        let expected: Vec<(u64, String)> = expected.map(|(row, code)| (row, code.to_owned())).into();
        assert_eq!(problems(file), expected);
        let good = read(Format::Csv, file).into_iter().filter(|found| matches!(found, Found::Product(_))).count();
        assert_eq!(good, 1, "the tote is taken");
        let note = "id,item_group_id,title,price\nLIN-S,LIN,Linen,30\nLIN-M,LIN,Linen M,30\n";
        assert_eq!(problems(note), [(3, "first_row_counts".to_owned())]);
    }

    #[test]
    fn a_row_nobody_can_read_may_be_of_the_product_before_it() {
        let bad = format!("X,\"{}\",,\n", "x".repeat(200_000));
        let file = |rows: &str| format!("id,item_group_id,title,price\n{rows}");
        let codes = |rows: &str| problems(&file(rows)).into_iter().map(|(_, code)| code).collect::<Vec<_>>();
        let rows = format!("LIN,,Linen,30\n{bad}LIN-M,LIN,,\nCAP,,Cap,1\n");
        assert_eq!(codes(&rows), ["row_too_long", "product_incomplete"]);
        assert_eq!(codes(&format!("{bad}CAP,,Cap,1\n")), ["row_too_long"]);
        assert_eq!(codes("LIN,,Linen,30\n,LIN,,\nCAP,,Cap,1\n"), ["no_id", "product_incomplete"]);
        assert_eq!(codes("LIN,,Linen,30\n,,Nameless,1\nCAP,,Cap,1\n"), ["no_id"]);
    }

    #[test]
    fn a_group_has_an_end() {
        let rows: String = (0..300).map(|n| format!("LIN-{n},LIN,Linen,30\n")).collect();
        let found = problems(&format!("id,item_group_id,title,price\n{rows}CAP,,Cap,1\n"));
        assert_eq!(found, [(252, "too_many_variants".to_owned()), (2, "product_incomplete".to_owned())]);
    }

    #[test]
    fn what_is_no_heading_ends_the_file() {
        let (mut reader, mut out) = (Reader::new(Format::Csv, usd()), VecDeque::new());
        assert_eq!(reader.feed(b"\xff\xfei\0d\0\nA\n", &mut out).unwrap_err().code, "not_utf8");
    }

    #[test]
    fn json_that_is_no_product_is_told_of() {
        let file = r#"[{"retailer_id":"A","title":"A","price":"1.00"},{"retailer_id":"B","title":"B","price":1},7,
            {"retailer_id":"C","title":"C","price":"1","colour":"red"},{"retailer_id":"D","title":"D","price":"1 EUR"}]"#;
        let codes: Vec<String> = read(Format::Json, file)
            .into_iter()
            .map(|found| match found {
                Found::Product(parsed) => parsed.product.retailer_id,
                Found::Problem(problem) => format!("{} {}", problem.row, problem.code),
                Found::Bad { rows, .. } => format!("of {rows}"),
                Found::Note(note) => note.code,
            })
            .collect();
        assert_eq!(
            codes,
            ["A", "2 unreadable", "of 1", "3 unreadable", "of 1", "4 unreadable", "of 1", "5 wrong_currency", "of 1"]
        );
    }
}
