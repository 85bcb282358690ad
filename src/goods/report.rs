//! What is told of an import: counts, and a line for each thing that somebody should look at, up to a limit.

use serde::Serialize;

/// What an import did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Imported {
    /// True when nothing was written: this is what would have been done.
    pub dry_run: bool,
    /// Rows of the file, without its heading; in JSON: products.
    pub rows: u64,
    /// Products of the file, refused ones included.
    pub products: u64,
    /// Products that are new.
    pub created: u64,
    /// Products that are otherwise now.
    pub changed: u64,
    /// Products that were just so.
    pub unchanged: u64,
    /// Products that were not taken.
    pub refused: u64,
    /// Products that were not in the file, and are not for sale any more.
    pub removed: u64,
    /// Why none were removed, where they should have been.
    pub not_removed: Option<String>,
    /// What is wrong, row by row.
    pub problems: Lines<Problem>,
    /// What is worth knowing and stopped nothing.
    pub notes: Lines<Problem>,
    /// What is, or would be, otherwise.
    pub changes: Lines<Change>,
    /// Columns of the file that nobody knows.
    pub ignored_columns: Vec<String>,
}

/// Something about a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Problem {
    /// Which row, counted from 1, the heading included; in JSON: which product.
    pub row: u64,
    /// The line of the file where it begins.
    pub line: u64,
    /// The column or field, where it is one.
    pub column: Option<String>,
    /// A stable code.
    pub code: String,
    /// What it is and what to do.
    pub detail: String,
    /// What was found, shortened.
    pub value: Option<String>,
}

/// What becomes of a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Change {
    /// Its row; none for one that is not in the file.
    pub row: Option<u64>,
    /// Its SKU.
    pub product: String,
    /// What.
    pub what: What,
    /// The fields that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
}

/// What can become of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// It is new.
    Created,
    /// It is otherwise.
    Changed,
    /// It is not for sale any more.
    Removed,
}

/// The first lines of a list, and how many more there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Lines<T> {
    /// The first of them.
    pub lines: Vec<T>,
    /// How many came after these.
    pub more: u64,
}

impl<T> Default for Lines<T> {
    fn default() -> Self {
        Self { lines: Vec::new(), more: 0 }
    }
}

impl<T> Lines<T> {
    /// Adds a line while there is room for it.
    pub(super) fn add(&mut self, line: T, most: usize) {
        match self.lines.len() < most {
            true => self.lines.push(line),
            false => self.more += 1,
        }
    }

    /// How many there are in all.
    pub fn count(&self) -> u64 {
        self.lines.len() as u64 + self.more
    }
}

/// Where something stands in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) row: u64,
    pub(super) line: u64,
}

/// What is wrong with a row: code, sentence, and the column and what was in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) code: &'static str,
    pub(super) detail: String,
    pub(super) column: Option<String>,
    pub(super) value: Option<String>,
}

impl Wrong {
    pub(super) fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), column: None, value: None }
    }

    pub(super) fn in_column(self, column: &str, value: &str) -> Self {
        Self { column: Some(column.to_owned()), value: Some(short(value)), ..self }
    }

    /// With the column, where it is one.
    pub(super) fn sentence(&self) -> String {
        match &self.column {
            Some(column) => format!("{column}: {}", self.detail),
            None => self.detail.clone(),
        }
    }

    pub(super) fn at(self, place: Place) -> Problem {
        let Self { code, detail, column, value } = self;
        let detail = cut(&detail, DETAIL);
        Problem { row: place.row, line: place.line, column, code: code.to_owned(), detail, value }
    }
}

/// So much of a value is shown.
const SHORT: usize = 80;
/// So much of a sentence: readers of JSON repeat whatever they could not read.
const DETAIL: usize = 500;

/// A value as a report shows it.
pub(super) fn short(value: &str) -> String {
    cut(value, SHORT)
}

fn cut(value: &str, letters: usize) -> String {
    match value.char_indices().nth(letters) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}
