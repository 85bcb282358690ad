//! How many calls a catalog takes in a while, and who called when.

use std::collections::VecDeque;

use serde::Serialize;

/// A call to a catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CatalogCall {
    /// What was asked.
    pub edge: CatalogEdge,
    /// When, in Unix milliseconds.
    pub at: i64,
    /// Whether the cap let it through.
    pub let_through: bool,
}

/// What is asked of a catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CatalogEdge {
    /// Many items are written.
    Batch,
    /// How far a batch is.
    Status,
    /// One item is written or removed.
    Write,
    /// Items, or the catalog itself, are read.
    Read,
}

/// The calls of a rolling span of time.
#[derive(Debug)]
pub(super) struct Window {
    span_ms: i64,
    spent: VecDeque<i64>,
}

impl Window {
    pub(super) fn of_ms(span_ms: i64) -> Self {
        Self { span_ms, spent: VecDeque::new() }
    }

    /// Notes a call, or says in how many minutes there is room again.
    pub(super) fn spend(&mut self, now_ms: i64, cap: Option<u32>) -> Result<(), u32> {
        while self.spent.front().is_some_and(|at| at + self.span_ms <= now_ms) {
            self.spent.pop_front();
        }
        let is_full = cap.is_some_and(|cap| self.spent.len() >= cap as usize);
        if !is_full {
            self.spent.push_back(now_ms);
            return Ok(());
        }
        let free_at = self.spent.front().unwrap_or(&now_ms) + self.span_ms;
        Err(u32::try_from((free_at - now_ms + 59_999) / 60_000).unwrap_or(u32::MAX))
    }

    /// How much of the cap is used, in percent.
    pub(super) fn percent(&self, cap: u32) -> u32 {
        let spent = u32::try_from(self.spent.len()).unwrap_or(u32::MAX);
        spent.saturating_mul(100) / cap.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_rolls() {
        let mut minute = Window::of_ms(60_000);
        assert_eq!([0, 30_000, 59_999].map(|at| minute.spend(at, Some(2))), [Ok(()), Ok(()), Err(1)]);
        assert_eq!([60_000, 61_000].map(|at| minute.spend(at, Some(2))), [Ok(()), Err(1)]);
        assert_eq!(minute.percent(2), 100);
        assert_eq!(Window::of_ms(3_600_000).spend(0, Some(0)), Err(60));
    }
}
