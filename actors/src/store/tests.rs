//! What the store promises, on SQLite and, where `HAWKER_TEST_POSTGRES_URL` names a server, on PostgreSQL as well.

mod append;
mod budgets;
mod example;
mod fences;
mod ledger;
mod opening;
mod orders;
mod pens;
mod plans;
mod prune;
mod reading;
mod support;
mod talk;
mod turns;
