//! What is remembered: a file a table, no behaviour. Times are milliseconds since 1970; JSON is text.

pub mod account_owner;
pub mod alarm;
pub mod app_hold;
pub mod comment;
pub mod connection;
pub mod conversation;
pub mod customer;
pub mod customer_alias;
pub mod hold;
pub mod inbox_event;
pub mod intake;
pub mod lead;
pub mod loose_end;
pub mod message;
pub mod note;
pub mod order_change;
pub mod order_line;
pub mod outbox;
pub mod process_life;
pub mod product;
pub mod rate_window;
pub mod seller;
pub mod shop_order;
pub mod unknown_account;
pub mod variant;
