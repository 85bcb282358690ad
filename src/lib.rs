//! Hawker: direct messages in, orders out.
//!
//! This crate is the outside world: HTTP in, HTTP out, the process. What happens with an event is in `actors`.
//! `door`, `graph` and `sandbox` each speak Meta's wire and know nothing of one another; `app` alone knows everybody.

pub mod app;
pub mod cli;
pub mod config;
pub mod connect;
pub mod doctor;
pub mod door;
mod dossier;
pub mod goods;
pub mod graph;
pub mod keys;
pub mod office;
pub mod prove;
pub mod sandbox;
pub mod server;
pub mod telemetry;
pub mod vault;
pub mod web;
pub mod webhooks_out;
