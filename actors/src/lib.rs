//! What happens between an event and its reply.
//!
//! `domain` and `reader` are plain values and rules; `store` is all our SQL; the rest is the tree of actors.
//! Nothing here speaks HTTP or knows Meta's JSON: `ports` says what is asked of the outside.

pub mod domain;
pub mod ports;
pub mod reader;
pub mod shop;
pub mod store;
