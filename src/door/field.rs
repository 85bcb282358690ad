//! News of a field that is kept and not acted on: a comment, a mention, a review.

use actors::domain::outcome::Reason;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::item::Party;
use super::json::{Id, sha256_of, time_of};
use super::keep::{Cutter, Found, Place};

/// One element of `changes`.
#[derive(Deserialize)]
pub(super) struct Change<'a> {
    pub(super) field: Option<String>,
    #[serde(borrow)]
    pub(super) value: Option<&'a RawValue>,
}

/// The little that is read of a value whose field we do not act on yet.
#[derive(Default, Deserialize)]
struct Value<'a> {
    id: Option<Id>,
    comment_id: Option<Id>,
    from: Option<Party>,
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
}

/// Keeps what happened to a field in one piece.
pub(super) fn keep<'a>(cutter: &mut Cutter<'a>, place: &Place<'a>, change: &Change<'a>, raw: &'a RawValue) {
    let kind = format!("change:{}", change.field.as_deref().unwrap_or_default());
    let text = change.value.map_or("", |value| value.get());
    let value: Value<'_> = serde_json::from_str(text).unwrap_or_default();
    let comment = match change.field.as_deref() {
        // Written with either name, and nested or flat: the comment is the same.
        Some("comments" | "live_comments") => value.id.or(value.comment_id),
        _ => None,
    };
    let tail = comment.map_or_else(|| sha256_of(&[place.time.map_or("", |time| time.get()), text]), |Id(id)| id);
    let ledgered = if place.is_dashboard_test() { Reason::DashboardTest } else { Reason::NotYetHandled };
    let found = Found {
        account: place.account(None),
        key: format!("{kind}:{tail}"),
        kind,
        customer: value.from.and_then(|from| from.id).map(|Id(id)| id),
        happened_at: time_of(value.timestamp.or(place.time), cutter.received_at),
        ledgered: Some(ledgered),
    };
    cutter.keep(found, raw.get());
}
