//! The whole service as its users meet it: over HTTP, on a real database, beside a stand-in for Meta.
//!
//! Every test runs on SQLite and on PostgreSQL, waits for states and never for a time, and ends with `TestApp::stop`,
//! which fails it when anything was lost, doubled, left over or silently wrong.

#![expect(clippy::unwrap_used, reason = "in a test an unexpected error is a failed test")]

mod support;
mod sync;

mod actors;
mod any_order;
mod api;
mod budgets;
mod catalog_calls;
mod channels;
mod cli;
mod connect;
mod delivery;
mod demo;
mod desk;
mod door;
mod drafts;
mod erase;
mod goods;
mod hostile;
mod keys;
mod ledger;
mod lock;
mod orders;
mod orders_by_hand;
mod replies;
mod restart;
mod routes;
mod samples;
mod secrets;
mod storage;
mod talk;
mod tidy;
mod webhook_test;
mod webhooks_out;
