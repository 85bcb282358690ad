//! One block of a file: what of it is new is asked of the seller as one command, and all of it is counted.

use std::collections::HashMap;

use actors::domain::catalog::{Details, Product};
use actors::domain::command::{Block, Command};
use actors::store::goods;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{ImportError, Run};
use crate::goods::columns::Column;
use crate::goods::compare::{completed, differences, why_unfit};
use crate::goods::read::Parsed;
use crate::goods::report::{Change, Problem, What};

/// What the seller says of a block.
#[derive(Default, Deserialize)]
struct Answer {
    created: u64,
    changed: u64,
    refused: Vec<Refused>,
}

#[derive(Deserialize)]
struct Refused {
    product: String,
    code: String,
    detail: String,
}

impl Run<'_> {
    /// Deals with the products that have gathered.
    pub(super) async fn end_block(&mut self) -> Result<(), ImportError> {
        let block = std::mem::take(&mut self.block);
        (self.block_rows, self.block_bytes) = (0, 0);
        if block.is_empty() {
            return Ok(());
        }
        let number = self.blocks;
        self.blocks += 1;
        if self.options.dry_run {
            return self.foretell(&block).await;
        }
        let (key, print) = (format!("{}:{number}", self.key), print_of(&block));
        let command = match self.asked_before(&key).await? {
            Some(Command::ImportProducts(before)) if before.print == print => before,
            Some(_) => return Err(self.key_of_another()),
            None => self.fresh(&block, print).await?,
        };
        if command.products.is_empty() && self.options.key.is_none() {
            self.done.unchanged += block.len() as u64;
            return Ok(());
        }
        // With a key, also a block without anything new leaves its mark: sent again after something was sold, it must
        // not put the old stock back.
        let answer = self.ask(&key, Command::ImportProducts(command)).await?;
        self.tell(&block, answer);
        Ok(())
    }

    /// What of a block the shop does not have yet, or otherwise.
    async fn fresh(&mut self, block: &[Parsed], print: String) -> Result<Block, ImportError> {
        let known = self.known(block).await?;
        let mut products = Vec::new();
        for parsed in block {
            let known = known.get(&parsed.product.retailer_id);
            let product = completed(parsed, known);
            if let Some(change) = change(parsed, known, &product) {
                self.done.changes.add(change, self.options.lines);
                products.push(product);
            }
        }
        let keeps_stock = block.iter().any(|parsed| !parsed.given.has(Column::Stock));
        Ok(Block { print, products, keeps_stock })
    }

    async fn known(&self, block: &[Parsed]) -> Result<HashMap<String, Product>, ImportError> {
        let skus: Vec<&str> = block.iter().map(|parsed| parsed.product.retailer_id.as_str()).collect();
        Ok(goods::with_skus(self.goods.store.reads(), self.seller, &skus).await?)
    }

    fn tell(&mut self, block: &[Parsed], answer: Value) {
        let refused_whole = || {
            let word = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
            let refused = |parsed: &Parsed| Refused {
                product: parsed.product.retailer_id.clone(),
                code: word("error"),
                detail: word("detail"),
            };
            Answer { refused: block.iter().map(refused).collect(), ..Answer::default() }
        };
        let told = serde_json::from_value(answer.clone()).unwrap_or_else(|_| refused_whole());
        self.done.created += told.created;
        self.done.changed += told.changed;
        self.done.refused += told.refused.len() as u64;
        self.done.unchanged +=
            (block.len() as u64).saturating_sub(told.created + told.changed + told.refused.len() as u64);
        for Refused { product, code, detail } in told.refused {
            self.done.changes.lines.retain(|change| change.product != product);
            let parsed = block.iter().find(|parsed| parsed.product.retailer_id == product);
            let place = parsed.map(|parsed| parsed.place).unwrap_or_default();
            let problem =
                Problem { row: place.row, line: place.line, column: None, code, detail, value: Some(product) };
            self.done.problems.add(problem, self.options.lines);
        }
    }

    /// What would become of a block.
    async fn foretell(&mut self, block: &[Parsed]) -> Result<(), ImportError> {
        let known = self.known(block).await?;
        let products: Vec<(&Parsed, Product)> =
            block.iter().map(|parsed| (parsed, completed(parsed, known.get(&parsed.product.retailer_id)))).collect();
        let variants = products.iter().flat_map(|(_, product)| &product.variants);
        let variants: Vec<&str> = variants.map(|variant| variant.retailer_id.as_str()).collect();
        let items: Vec<&str> = products.iter().flat_map(|(_, product)| product.item_ids()).collect();
        let owners = goods::owners(self.goods.store.reads(), self.seller, &variants, &items).await?;
        for (parsed, product) in &products {
            let wrong = why_unfit(product, self.currency).or_else(|| self.claimed.claim(product, &owners));
            match (wrong, change(parsed, known.get(&product.retailer_id), product)) {
                (Some(wrong), _) => self.refuse(parsed.place, wrong),
                (None, None) => self.done.unchanged += 1,
                (None, Some(change)) => {
                    *(if change.what == What::Created { &mut self.done.created } else { &mut self.done.changed }) += 1;
                    self.done.changes.add(change, self.options.lines);
                }
            }
        }
        Ok(())
    }
}

/// What becomes of a product; none when it is just so.
fn change(parsed: &Parsed, known: Option<&Product>, product: &Product) -> Option<Change> {
    let (what, fields) = match known {
        None => (What::Created, Vec::new()),
        Some(known) => (What::Changed, differences(known, product)),
    };
    let is_one = what == What::Created || !fields.is_empty();
    is_one.then(|| Change { row: Some(parsed.place.row), product: product.retailer_id.clone(), what, fields })
}

/// Tells this block from any other: of what the file says, not of what is known.
fn print_of(block: &[Parsed]) -> String {
    let mut hash = Sha256::new();
    for parsed in block {
        let product = serde_json::to_vec(&parsed.product).expect("plain fields with text keys are always JSON");
        hash.update(product);
        hash.update(parsed.given.to_bytes());
    }
    hex::encode(hash.finalize())
}

/// How many bytes a product takes in a command, about.
pub(super) fn bytes_of(product: &Product) -> usize {
    let shown = |details: Option<&Details>| {
        let long = |details: &Details| {
            details.description.as_ref().map_or(0, String::len) + details.images.iter().map(String::len).sum::<usize>()
        };
        details.map_or(0, long)
    };
    let variants = product.variants.iter().map(|variant| 400 + shown(variant.details.as_deref()));
    400 + shown(product.details.as_deref()) + variants.sum::<usize>()
}
