//! Plain values and rules: no I/O, no clock, no chance.

pub mod budget;
pub mod catalog;
pub mod channel;
pub mod conversation;
pub mod effect;
pub mod event;
pub mod ids;
pub mod money;
pub mod order;
pub mod outcome;
pub mod reading;
pub mod reply;
pub mod shop;
