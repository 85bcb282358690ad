//! Plain values and rules: no I/O, no clock, no chance.

pub mod alarm;
pub mod asked;
pub mod budget;
pub mod button;
pub mod catalog;
pub mod changes;
pub mod channel;
pub mod command;
pub mod comment;
pub mod conversation;
pub mod desk;
pub mod directory;
pub mod draft;
pub mod event;
pub mod ids;
pub mod marks;
pub mod money;
pub(crate) mod named;
pub mod order;
pub mod outbox;
pub mod outcome;
pub mod outgoing;
pub mod reading;
pub mod reply;
pub mod seller;
pub mod told;
