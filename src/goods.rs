//! Products in and out: files of any size, read and written as they flow, through the seller's actor like everything
//! else.
//!
//! `rows` and `split` cut a file, `gather` and `json` make products of it, `compare` finds what is new, `import` asks
//! the seller for that, `export` and `write` go the other way.

mod cells;
mod columns;
mod compare;
mod export;
mod gather;
mod import;
mod json;
mod owners;
mod read;
mod report;
mod rows;
mod split;
mod write;

use actors::sellers::Sellers;
use actors::store::Store;

pub use import::{ImportError, Mode, Options, Progress};
pub use json::{OptionJson, ProductJson, VariantJson};
pub use report::{Change, Imported, Lines, Problem, What};

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Rows with a heading; also with semicolons or tabs.
    Csv,
    /// A list of products. Whether it stands in an object, or has a product a line, is found out.
    Json,
    /// A product a line.
    Ndjson,
}

/// What sellers have for sale, as files.
#[derive(Clone)]
pub struct Goods {
    store: Store,
    sellers: Sellers,
}

impl Goods {
    /// Reads from this database, and asks these sellers for changes.
    pub fn new(store: Store, sellers: Sellers) -> Self {
        Self { store, sellers }
    }
}
