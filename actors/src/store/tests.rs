//! What the store promises, on SQLite and, where `HAWKER_TEST_POSTGRES_URL` names a server, on PostgreSQL as well.

mod append;
mod budgets;
mod desk;
mod example;
mod fences;
mod goods;
mod ledger;
mod office;
mod opening;
mod orders;
mod pens;
mod plans;
mod prune;
mod reading;
mod scribes;
mod shop_events;
mod support;
mod talk;
mod turns;
mod webhooks;
