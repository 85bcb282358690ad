//! The end of an import that replaces all there is: products that the file does not name are removed.

use actors::domain::command::Command;
use actors::store::goods;

use super::{BLOCK_ROWS, ImportError, Run};
use crate::goods::owners::print;
use crate::goods::report::{Change, What};

use super::Mode;

/// SKUs that are read at once.
const PAGE: u64 = 2000;

/// Where the search for them is.
#[derive(Default)]
struct Search {
    after: String,
    found: Vec<String>,
    is_over: bool,
}

impl Run<'_> {
    /// Removes what the file does not name, if that is wanted and safe.
    pub(super) async fn sweep(&mut self) -> Result<(), ImportError> {
        if self.options.mode != Mode::Replace {
            return Ok(());
        }
        self.done.not_removed = self.reason_to_keep().filter(|_| !self.options.force).map(str::to_owned);
        if self.done.not_removed.is_some() {
            return Ok(());
        }
        let mut search = Search::default();
        for number in 0_u64.. {
            let key = format!("{}:over:{number}", self.key);
            let over = match self.asked_before(&key).await? {
                Some(Command::RemoveProducts { products }) => products,
                Some(_) => return Err(self.key_of_another()),
                None => self.next_over(&mut search).await?,
            };
            let is_last = over.len() < BLOCK_ROWS;
            self.remove(&key, over).await?;
            if is_last {
                break;
            }
        }
        Ok(())
    }

    /// A row that was not understood may have named a product that would be removed.
    fn reason_to_keep(&self) -> Option<&'static str> {
        match (self.done.refused, self.done.products) {
            (_, 0) => Some("the file names no product: removing all of them must be forced"),
            (0, _) => None,
            _ => Some("products were refused: see to them first, or force it"),
        }
    }

    /// With a key also the last, empty one is asked for: it marks that the sweep was made.
    async fn remove(&mut self, key: &str, over: Vec<String>) -> Result<(), ImportError> {
        for sku in &over {
            let change = Change { row: None, product: sku.clone(), what: What::Removed, fields: Vec::new() };
            self.done.changes.add(change, self.options.lines);
        }
        if self.options.dry_run {
            self.done.removed += over.len() as u64;
        } else if !over.is_empty() || self.options.key.is_some() {
            let answer = self.ask(key, Command::RemoveProducts { products: over }).await?;
            // None are left to remove when somebody else was quicker.
            self.done.removed += answer["removed"].as_u64().unwrap_or(0);
        }
        Ok(())
    }

    async fn next_over(&self, search: &mut Search) -> Result<Vec<String>, ImportError> {
        while search.found.len() < BLOCK_ROWS && !search.is_over {
            let reads = self.goods.store.reads();
            let page = goods::skus(reads, self.seller, &search.after, PAGE).await?;
            search.is_over = (page.len() as u64) < PAGE;
            search.after = page.last().cloned().unwrap_or_default();
            search.found.extend(page.into_iter().filter(|sku| !self.seen.contains(&print(sku))));
        }
        let rest = search.found.split_off(search.found.len().min(BLOCK_ROWS));
        Ok(std::mem::replace(&mut search.found, rest))
    }
}
