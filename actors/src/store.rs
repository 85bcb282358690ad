//! All our SQL. What reads takes a connection, what writes takes a [`FencedTx`] or an [`OfficeTx`],
//! so that an unfenced write does not compile.

pub mod alarms;
pub mod app_hold;
pub mod budgets;
pub(crate) mod checkpoints;
pub mod comments;
mod connect;
pub mod deliveries;
pub mod desk;
pub mod endpoints;
pub mod erasures;
pub mod error;
pub mod exports;
pub mod goods;
pub mod inbox;
mod insert;
mod intake;
pub mod ledger;
pub mod lists;
mod log;
pub mod loose_ends;
pub mod notes;
pub mod office;
pub mod open;
pub mod orders;
pub mod pen;
mod rows;
mod scribe;
pub mod sealed;
pub mod sellers;
pub mod shop_events;
pub mod sync;
#[cfg(test)]
mod tests;
pub mod threads;
pub mod turns;
pub mod unknown;
pub mod views;

use sea_orm::sea_query::{Expr, SimpleExpr};

pub use error::StoreError;
pub(crate) use open::Snapshot;
pub use open::{Boot, Store, StoreSettings};
pub use pen::{Fence, FencedTx, OfficeTx, Pen, Sync};

/// A condition that a partial index is made for. Written out, not bound: the planner must see the words to take it.
struct Partial(&'static str);

impl Partial {
    fn expr(&self) -> SimpleExpr {
        Expr::cust(self.0)
    }
}

const PENDING: Partial = Partial("state = 'pending'");
const LEDGERED: Partial = Partial("state = 'ledgered'");
const OPEN: Partial = Partial("state IN ('owed', 'claimed', 'unknown')");

/// The state of a connection that works.
const CONNECTED: &str = "connected";
/// The state of one that was ended.
const DISCONNECTED: &str = "disconnected";

/// A limit that both databases take.
fn at_most(limit: u64) -> u64 {
    limit.min(1 << 62)
}
