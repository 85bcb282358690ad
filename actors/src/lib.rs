//! What happens between an event and its reply.
//!
//! `domain` and `reader` are plain values and rules; `store` is all our SQL; the rest is the tree of actors.
//! Nothing here speaks HTTP or knows Meta's JSON: `ports` says what is asked of the outside.

mod alarms;
mod app_hold;
mod calls;
mod catalog_sync;
mod clerk;
pub mod clock;
mod courier;
pub mod domain;
mod erased_persons;
pub mod failpoint;
pub mod feed;
pub mod herald;
#[cfg(test)]
mod house;
pub mod journal;
pub mod ledger;
mod news;
pub mod ports;
mod post;
#[cfg(test)]
mod power;
pub mod reader;
pub mod root;
mod seller;
pub mod sellers;
pub mod shop;
pub mod status;
pub mod store;
mod supervisor;
mod trouble;
pub mod world;
