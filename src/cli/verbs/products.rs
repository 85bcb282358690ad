//! `hawker products`: what is for sale; in and out by file.

mod export;
mod import;

use std::path::PathBuf;

use clap::Subcommand;

use super::{Desk, Does, json_of, named_list};
use crate::cli::desk::HowArgs;
use crate::cli::service::{Call, PageArgs, Shop, name};
use crate::cli::shown::{Column, by, exact, number, rows, sheet, text, text_of};

pub(super) const EXAMPLES: &str = "\
Examples:
  hawker products list 1
  hawker products show 1 SHIRT
  hawker products put 1 products.json                 adds or replaces a few
  hawker products remove 1 SHIRT
  hawker products import 1 products.csv --dry-run     what would change?
  hawker products import 1 products.csv               adds and replaces
  hawker products import 1 all.csv --replace          and removes what the file does not have
  hawker products export 1 products.csv
  hawker products export 1 --format ndjson | jq .title";

const ALL: &str = "/api/v1/sellers/{seller}/products";
const ONE: &str = "/api/v1/sellers/{seller}/products/{product}";
const COLUMNS: &[Column] = &[
    exact("PRODUCT", "/retailer_id"),
    text("TITLE", "/title"),
    by("PRICE", price),
    number("STOCK", "/stock"),
    by("VARIANTS", |product| rows(&product["variants"]).len().to_string()),
    text("KEYWORDS", "/keywords"),
];
const FIRST: [&str; 7] = ["retailer_id", "title", "price", "currency", "stock", "availability", "keywords"];

/// How a file of products is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A line each, with a head.
    Csv,
    /// One list.
    Json,
    /// A line of JSON each.
    Ndjson,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// Lists products.
    List {
        seller: Shop,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Shows a product with its variants.
    Show {
        seller: Shop,
        #[arg(value_parser = name)]
        product: String,
    },
    /// Adds a few products, or puts them in the place of those with the same SKU.
    Put {
        seller: Shop,
        /// A JSON file with a list of them; `-` is standard input.
        file: PathBuf,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Takes a product out of the catalog; orders keep what they say of it.
    Remove {
        seller: Shop,
        #[arg(value_parser = name)]
        product: String,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Takes in a file of products, however large, and says what is wrong with which row.
    Import(import::ImportArgs),
    /// Writes all products into a file.
    Export(export::ExportArgs),
}

impl Does for Verb {
    async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        match self {
            Verb::List { seller, page } => desk.lists(Call::get(ALL).of(seller), &page, COLUMNS).await,
            Verb::Show { seller, product } => {
                let call = Call::get(ONE).of(seller).at("product", &product);
                desk.shows(call, |screen, it| sheet(screen, it, &FIRST)).await
            }
            Verb::Put { seller, file, how } => {
                let call = Call::put(ALL).of(seller).saying_all(named_list("products", json_of(&file)?));
                desk.does(call, &how, |screen, done| sheet(screen, done, &[])).await
            }
            Verb::Remove { seller, product, how } => {
                let call = Call::delete(ONE).of(seller).at("product", &product);
                desk.does(call, &how, |_, _| "The product was removed.\n".to_owned()).await
            }
            Verb::Import(args) => import::run(desk, args).await,
            Verb::Export(args) => export::run(desk, args).await,
        }
    }
}

/// As it is written in a request, or as money.
fn price(product: &serde_json::Value) -> String {
    match (&product["price"], &product["currency"]) {
        (price, currency) if price.is_string() => format!("{} {}", text_of(price), text_of(currency)),
        (price, _) => text_of(price),
    }
}
