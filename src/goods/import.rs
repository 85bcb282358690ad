//! Takes products in from a file as it flows: blocks of a few hundred rows, each a command to the seller, one after the
//! other. The same import sent again finds its commands in the inbox, and does nothing twice.

mod block;
mod sweep;

use std::collections::{HashSet, VecDeque};
use std::error::Error;
use std::pin::pin;

use actors::domain::catalog::MOST_PRODUCTS;
use actors::domain::command::{Command, Commanded};
use actors::domain::ids::SellerId;
use actors::domain::money::Currency;
use actors::sellers::Asked;
use actors::status::NotStored;
use actors::store::{StoreError, sellers};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use serde_json::Value;
use thiserror::Error;

use super::compare::unfit;
use super::owners::{Claimed, print};
use super::read::{Found, Parsed, Reader};
use super::report::{Imported, Place, Wrong};
use super::{Format, Goods, Problem};

/// Rows of a command, unless a single product has more.
const BLOCK_ROWS: usize = 500;
/// So many bytes of a file are put into one command, about.
const BLOCK_BYTES: usize = 1 << 20;
/// Rows of a file: what is kept of each is a few bytes.
const MOST_ROWS: u64 = 1_000_000;

/// What becomes of products that a file does not name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// They stay.
    #[default]
    Upsert,
    /// They are removed, once all of the file is in.
    Replace,
}

/// How to take a file in.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its form.
    pub format: Format,
    /// What becomes of products it does not name.
    pub mode: Mode,
    /// Nothing is written: what would be done is said.
    pub dry_run: bool,
    /// Products are removed even if rows were bad, or if the file names none.
    pub force: bool,
    /// What makes the same import the same. Without it, it is another one each time.
    pub key: Option<String>,
    /// Who sent it, as histories name them.
    pub by: Option<String>,
    /// Lines of each kind that are kept for the report.
    pub lines: usize,
}

impl Options {
    /// Adds and replaces what is in a file of this form.
    pub fn new(format: Format) -> Self {
        Self { format, mode: Mode::Upsert, dry_run: false, force: false, key: None, by: None, lines: 200 }
    }
}

/// How far an import is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the file that were read.
    pub bytes: u64,
    /// Rows that were read.
    pub rows: u64,
    /// Products that are dealt with: new, changed, unchanged, refused or removed.
    pub products: u64,
}

/// Why an import ended early. What was taken before is there; the same import sent again goes on.
#[derive(Debug, Error)]
pub enum ImportError {
    /// There is no such seller.
    #[error("there is no such seller")]
    NoSuchSeller,
    /// The file broke off.
    #[error("the file broke off")]
    File(#[source] Box<dyn Error + Send + Sync>),
    /// Nothing of it can be understood.
    #[error("{}", .0.detail)]
    Unreadable(Problem),
    /// Another file was sent with this key.
    #[error("another file was sent with the key {0:?} before")]
    KeyOfAnother(String),
    /// The database could not be read.
    #[error("could not read what is for sale")]
    Store(#[from] StoreError),
    /// A command could not be stored.
    #[error("could not store a command")]
    NotStored(#[from] NotStored),
}

/// An import on its way.
struct Run<'a> {
    goods: &'a Goods,
    options: &'a Options,
    seller: SellerId,
    currency: Currency,
    /// What the keys of its commands begin with.
    key: String,
    done: Imported,
    /// Products that wait until there are enough for a command.
    block: Vec<Parsed>,
    block_rows: usize,
    block_bytes: usize,
    blocks: u64,
    /// Prints of the SKUs of the file so far.
    seen: HashSet<u64>,
    claimed: Claimed,
}

impl Goods {
    /// Takes a file in; `told` hears how far it is. An answer that takes long is waited for.
    pub async fn import<E>(
        &self,
        seller: SellerId,
        file: impl Stream<Item = Result<Bytes, E>>,
        options: &Options,
        mut told: impl FnMut(Progress),
    ) -> Result<Imported, ImportError>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let settings = sellers::settings(self.store.reads(), seller).await?.ok_or(ImportError::NoSuchSeller)?;
        let mut run = Run::new(self, seller, settings.currency, options);
        let mut reader = Reader::new(options.format, settings.currency);
        let (mut file, mut found, mut bytes) = (pin!(file), VecDeque::new(), 0);
        while let Some(piece) = file.next().await {
            let piece = piece.map_err(|error| ImportError::File(error.into()))?;
            // A piece may be any size, and what is found in it is kept until it is dealt with.
            for piece in piece.chunks(64 << 10) {
                reader.feed(piece, &mut found).map_err(unreadable)?;
                bytes += piece.len() as u64;
                run.take_all(&mut found).await?;
                told(run.progress(bytes));
            }
        }
        reader.finish(&mut found).map_err(unreadable)?;
        run.take_all(&mut found).await?;
        run.done.ignored_columns = reader.ignored().to_vec();
        run.end_block().await?;
        run.sweep().await?;
        told(run.progress(bytes));
        Ok(run.done)
    }
}

/// Whether two commands are of the same part of the same file. What is removed at its end follows from all its parts.
fn is_of_same_file(one: &Command, other: &Command) -> bool {
    match (one, other) {
        (Command::ImportProducts(one), Command::ImportProducts(other)) => one.print == other.print,
        (Command::RemoveProducts { .. }, Command::RemoveProducts { .. }) => true,
        _ => false,
    }
}

fn unreadable(wrong: Wrong) -> ImportError {
    ImportError::Unreadable(wrong.at(Place { row: 1, line: 1 }))
}

impl<'a> Run<'a> {
    fn new(goods: &'a Goods, seller: SellerId, currency: Currency, options: &'a Options) -> Self {
        let key = options.key.clone().unwrap_or_else(|| format!("{:032x}", rand::random::<u128>()));
        Self {
            goods,
            options,
            seller,
            currency,
            key,
            done: Imported { dry_run: options.dry_run, ..Imported::default() },
            block: Vec::new(),
            block_rows: 0,
            block_bytes: 0,
            blocks: 0,
            seen: HashSet::new(),
            claimed: Claimed::default(),
        }
    }

    fn progress(&self, bytes: u64) -> Progress {
        let Imported { rows, created, changed, unchanged, refused, removed, .. } = self.done;
        Progress { bytes, rows, products: created + changed + unchanged + refused + removed }
    }

    async fn take_all(&mut self, found: &mut VecDeque<Found>) -> Result<(), ImportError> {
        while let Some(found) = found.pop_front() {
            match found {
                Found::Product(parsed) => self.take(*parsed).await?,
                Found::Bad { sku, rows } => {
                    self.seen.extend(sku.as_deref().map(print));
                    self.count(rows)?;
                    self.done.refused += 1;
                }
                Found::Problem(problem) => self.done.problems.add(problem, self.options.lines),
                Found::Note(note) => self.done.notes.add(note, self.options.lines),
            }
        }
        Ok(())
    }

    async fn take(&mut self, parsed: Parsed) -> Result<(), ImportError> {
        self.count(parsed.rows)?;
        let sku = &parsed.product.retailer_id;
        if !self.seen.insert(print(sku)) {
            let detail =
                "this product was there before: each is there once, and the rows of its variants stand together";
            let wrong = Wrong::new("twice", detail).in_column("id", sku);
            self.refuse(parsed.place, wrong);
            return Ok(());
        }
        if let Some(wrong) = unfit(&parsed, self.currency) {
            self.refuse(parsed.place, wrong);
            return Ok(());
        }
        // In JSON a product is a row, however many variants it has.
        let (rows, bytes) = (1 + parsed.product.variants.len(), block::bytes_of(&parsed.product));
        if self.block_rows + rows > BLOCK_ROWS || self.block_bytes + bytes > BLOCK_BYTES {
            self.end_block().await?;
        }
        self.block_rows += rows;
        self.block_bytes += bytes;
        self.block.push(parsed);
        Ok(())
    }

    fn count(&mut self, rows: u64) -> Result<(), ImportError> {
        self.done.rows += rows;
        self.done.products += 1;
        if self.done.rows > MOST_ROWS || self.done.products > MOST_PRODUCTS as u64 {
            let detail = format!("a file has at most {MOST_ROWS} rows and {MOST_PRODUCTS} products: cut it in two");
            return Err(unreadable(Wrong::new("too_many_rows", detail)));
        }
        Ok(())
    }

    fn refuse(&mut self, place: Place, wrong: Wrong) {
        self.done.refused += 1;
        self.done.problems.add(wrong.at(place), self.options.lines);
    }

    /// What was asked with this key before, when this is the same import sent again.
    async fn asked_before(&self, key: &str) -> Result<Option<Command>, ImportError> {
        match self.options.key {
            Some(_) if !self.options.dry_run => {
                Ok(self.goods.sellers.asked(self.seller, key).await?.map(|asked| asked.command))
            }
            _ => Ok(None),
        }
    }

    /// Asks the seller, and waits for the answer however long it takes.
    async fn ask(&self, key: &str, command: Command) -> Result<Value, ImportError> {
        let mut command = command;
        loop {
            let commanded = Commanded { by: self.options.by.clone(), command: command.clone() };
            match self.goods.sellers.command(self.seller, Some(key), commanded).await? {
                Asked::Answered(answer) => return Ok(answer),
                // Somebody who sends the same file at the same time was quicker, and may have found other things new.
                Asked::KeyOfAnother(_) => match self.asked_before(key).await? {
                    Some(theirs) if theirs != command && is_of_same_file(&theirs, &command) => command = theirs,
                    _ => return Err(self.key_of_another()),
                },
                Asked::Accepted(key) => loop {
                    if let Some(answer) = self.goods.sellers.wait(self.seller, &key).await {
                        return Ok(answer);
                    }
                },
            }
        }
    }

    fn key_of_another(&self) -> ImportError {
        ImportError::KeyOfAnother(self.options.key.clone().unwrap_or_else(|| self.key.clone()))
    }
}
