//! Hawker: direct messages in, orders out.
//!
//! This crate is the outside world: HTTP in, HTTP out, the process. What happens with an event is in `actors`.

pub mod cli;
pub mod config;
pub mod door;
pub mod graph;
pub mod sandbox;
pub mod server;
pub mod telemetry;
pub mod vault;
pub mod web;
