//! The pen: the one way to write, and the transactions that are written with it.

use crate::domain::ids::SellerId;

use super::StoreError;

/// Whether a commit is on disk (fsync) before it returns. What leaves the process on the strength of a row needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// On disk, with everything committed before it.
    Flushed,
    /// In the log; a power cut may take it, with everything after it.
    Lazy,
}

/// Hands out writing transactions: on SQLite one at a time, on PostgreSQL from a pool.
#[derive(Clone)]
pub struct Pen {
    _todo: (),
}

/// A writing transaction of one seller's actor, good only while no newer incarnation has loaded.
pub struct FencedTx {
    _todo: (),
}

impl FencedTx {
    /// Opens it, checks the fence and stores the seller's id counter in the same statement.
    pub async fn begin(pen: &Pen, seller: SellerId, fence: Fence, sync: Sync) -> Result<Self, StoreError> {
        let _ = (pen, seller, fence, sync);
        unimplemented!()
    }

    /// Commits; `label` names the fail point.
    pub async fn commit(self, label: &'static str) -> Result<(), StoreError> {
        let _ = label;
        unimplemented!()
    }
}

/// What a seller's transaction must find, and what it leaves.
#[derive(Clone, Copy, Debug)]
pub struct Fence {
    /// The incarnation that writes.
    pub incarnation: i64,
    /// The last id its counter has given.
    pub last_id: i64,
}

/// A writing transaction of the front office: sellers, connections, keys, settings. Always flushed.
pub struct OfficeTx {
    _todo: (),
}

impl OfficeTx {
    /// Opens it.
    pub async fn begin(pen: &Pen) -> Result<Self, StoreError> {
        let _ = pen;
        unimplemented!()
    }

    /// Commits; `label` names the fail point.
    pub async fn commit(self, label: &'static str) -> Result<(), StoreError> {
        let _ = label;
        unimplemented!()
    }
}
