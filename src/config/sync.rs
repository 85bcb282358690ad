//! How catalogs go up: the settings of their batches.

use std::time::Duration;

use super::parse;
use super::reader::Reader;

/// How catalogs go up.
#[derive(Clone, Debug)]
pub struct Sync {
    /// Items of a batch, at most.
    pub batch_items: u32,
    /// Bytes of a batch, at most.
    pub batch_bytes: usize,
    /// Items of a page that Meta is asked for.
    pub list_items: u32,
    /// How long Meta may take over a batch.
    pub handle_deadline: Duration,
    /// How long after a run Meta is first asked what its review says.
    pub review_after: Duration,
}

/// Meta takes no more in one batch.
const MOST_ITEMS: u32 = 5000;
const MOST_BYTES: usize = 28_000_000;
/// One item with all it may have is smaller.
const LEAST_BYTES: usize = 100_000;

impl Sync {
    pub(super) fn read(from: &mut Reader) -> Self {
        Self {
            batch_items: from.take("sync.batch_items", parse::whole(1..=MOST_ITEMS)),
            batch_bytes: from.take("sync.batch_bytes", parse::whole(LEAST_BYTES..=MOST_BYTES)),
            list_items: from.take("sync.list_items", parse::whole(1..=1000)),
            handle_deadline: from.take("sync.handle_deadline", parse::duration),
            review_after: from.take("sync.review_after", parse::duration),
        }
    }
}
