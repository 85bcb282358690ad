//! Rows and values: how each domain value is written into its row, and read back.

mod catalog;
mod conversations;
mod inbox;
mod orders;
mod owed;
mod shop_events;
mod sync;
mod talk;
mod webhooks;

use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Select};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::domain::ids::SellerId;
use crate::domain::money::{Currency, Money};

use super::StoreError;

pub(super) use catalog::{
    details_rows, goods, item_over, item_over_row, modifier, modifier_row, product_row, variant_rows,
};
pub(super) use conversations::{
    alias_row, conversation, conversation_row, customer, customer_row, lead, lead_row, message, message_row,
};
pub(super) use inbox::{arrival_row, stored_event};
pub(super) use orders::{change, change_row, line_rows, order_row, orders};
pub(super) use owed::{
    alarm, alarm_row, app_hold, app_hold_row, hold, hold_row, owed, owed_row, refused_row, spent, spent_row,
};
pub(super) use shop_events::{shop_event, shop_event_row};
pub(super) use sync::{catalog, catalog_row, errand, errand_row, item, item_row, run, run_row};
pub(super) use talk::{comment, comment_row, loose_end, loose_end_row, note, note_row};
pub(super) use webhooks::{delivery, endpoint};

/// Tables of shops. Every query of one starts here, so that none can forget whose rows it reads.
pub(super) trait OfSeller: EntityTrait {
    /// The column that says whose.
    const SELLER: Self::Column;

    /// The rows of one seller.
    fn of_seller(seller: SellerId) -> Select<Self> {
        Self::find().filter(Self::SELLER.eq(seller.0))
    }
}

macro_rules! of_seller {
    ($($table:ident)*) => {$(
        impl OfSeller for entity::$table::Entity {
            const SELLER: Self::Column = entity::$table::Column::SellerId;
        }
    )*};
}

of_seller! {
    connection checkup credential token_refused connecting erasure inbox_event customer customer_alias conversation message lead product variant shop_order order_line order_change outbox
    rate_window hold alarm comment loose_end shop_event webhook_endpoint webhook_delivery product_details item_over modifier note
    catalog catalog_product sync_run sync_call sync_body
}

/// A time as stored.
pub(super) fn ms(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

/// A stored time.
pub(super) fn time(ms: i64) -> Result<DateTime<Utc>, StoreError> {
    DateTime::from_timestamp_millis(ms).ok_or_else(|| unreadable("time", ms))
}

/// A stored time, where there is one.
pub(super) fn maybe_time(ms: Option<i64>) -> Result<Option<DateTime<Utc>>, StoreError> {
    ms.map(time).transpose()
}

/// A stored word that names one of ours.
pub(super) fn named<T>(what: &'static str, word: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, StoreError> {
    read(word).ok_or_else(|| unreadable(what, word))
}

/// The error for what is stored and makes no sense.
pub(super) fn unreadable(what: &'static str, found: impl ToString) -> StoreError {
    StoreError::Unreadable { what, why: format!("\"{}\" is not known", found.to_string()) }
}

/// A value as stored text.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain values with text keys are always JSON")
}

/// A value from stored text.
pub(super) fn from_json<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Unreadable { what, why: error.to_string() })
}

/// An amount from its two columns.
fn money(minor: i64, currency: &str) -> Result<Money, StoreError> {
    let currency: Currency = currency.parse().map_err(|_| unreadable("currency", currency))?;
    Ok(Money { minor, currency })
}

/// A place in a list, as stored.
fn place(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX)
}
