//! All our SQL. What reads takes a connection, what writes takes a [`FencedTx`] or an [`OfficeTx`],
//! so that an unfenced write does not compile.

pub mod alarms;
pub mod error;
pub mod inbox;
pub mod ledger;
pub mod office;
pub mod open;
pub mod pen;
pub mod sellers;
pub mod threads;
pub mod turns;
pub mod views;

pub use error::StoreError;
pub use open::{Store, StoreSettings};
pub use pen::{FencedTx, OfficeTx, Sync};
