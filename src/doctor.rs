//! Looks whether all that a shop's messages need on their way works, and says of each part how it is and what to do.

mod finding;
pub mod webhook_test;

pub use finding::{Finding, Light};
