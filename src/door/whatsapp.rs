//! WhatsApp's changes, cut further into messages and statuses, each with what it needs to be read without its
//! neighbours.

mod content;
mod person;
mod piece;
mod status;
mod system;
mod value;

use actors::domain::event::Happening;
use actors::domain::outcome::Reason;
use serde_json::value::RawValue;

use super::change::Change;
use super::decode::{Known, is_test_account};
use super::json::{Fields, sha256_of, time_of};
use super::keep::{Cutter, Found, Place};
use super::kinds;

use piece::Piece;
use value::{List, Value};

/// Goes before the field where a change is kept in one piece.
const CHANGE: &str = "change:";

/// Cuts one change of a WhatsApp account.
pub(super) fn cut<'a>(cutter: &mut Cutter<'a>, place: &Place<'a>, raw: &'a RawValue) {
    let Some(fields) = Fields::read(raw.get()) else {
        return cutter.unreadable(raw, place.account(None));
    };
    let change = Change::of(&fields);
    let Some(value) = Value::read(change.text).filter(|value| !value.items.is_empty()) else {
        return keep(cutter, place, &change, raw);
    };
    let place = Place { channel: place.channel, id: number_of(place, &value), time: place.time };
    if let [(list, item)] = value.items.as_slice() {
        return one(cutter, &place, &value, (*list, item), |_| raw.get().to_owned());
    }
    let field = serde_json::Value::from(change.field.as_str()).to_string();
    for (list, item) in &value.items {
        one(cutter, &place, &value, (*list, item), |piece| value.alone(&field, *list, item, piece.contact()));
    }
    if value.holds_more {
        // Errors beside several messages belong to none of them.
        keep(cutter, &place, &change, raw);
    }
}

/// The number that was written to, which is what a seller connects; the dashboard's test names none that exists.
fn number_of(place: &Place<'_>, value: &Value<'_>) -> Option<String> {
    match is_test_account(&place.account(None)) {
        true => place.id.clone(),
        false => value.phone_number_id().or_else(|| place.id.clone()),
    }
}

/// Keeps one message or status, in the bytes that `kept` makes for it.
fn one<'a>(
    cutter: &mut Cutter<'a>,
    place: &Place<'a>,
    value: &Value<'a>,
    (list, raw): (List, &'a RawValue),
    kept: impl Fn(&Piece<'a>) -> String,
) {
    let account = place.account(None);
    let read = Piece::read(list, raw, value).and_then(|piece| Some((piece.key()?, piece)));
    let Some((key, piece)) = read else {
        return cutter.unreadable(raw, account);
    };
    let (kind, customer) = (piece.kind().to_owned(), piece.customer().map(str::to_owned));
    let happened_at = time_of(piece.timestamp(), cutter.received_at);
    let known = Known { account: &account, customer: customer.as_deref(), at: happened_at, standby: false };
    let ledgered = piece.meaning(&known).err();
    let kept = kept(&piece).into_bytes();
    cutter.keep_as(Found { account, kind, key, customer, happened_at, ledgered }, kept);
}

/// Keeps a change in one piece.
fn keep<'a>(cutter: &mut Cutter<'a>, place: &Place<'a>, change: &Change<'a>, raw: &'a RawValue) {
    let account = place.account(None);
    let kind = format!("{CHANGE}{}", change.field);
    let key = format!("{kind}:{}", sha256_of(&[place.time.map_or("", |time| time.get()), change.text]));
    let happened_at = time_of(place.time, cutter.received_at);
    let known = Known { account: &account, customer: None, at: happened_at, standby: false };
    let ledgered = known.on_a_real_account().err().unwrap_or_else(|| reason(change));
    cutter.keep(Found { account, kind, key, customer: None, happened_at, ledgered: Some(ledgered) }, raw.get());
}

/// Why a change is kept in one piece.
fn reason(change: &Change<'_>) -> Reason {
    match Value::read(change.text) {
        Some(value) if value.has_errors => Reason::AccountNotice,
        // Lists that could hold something and do not.
        Some(value) if value.has_lists && value.items.is_empty() && !value.holds_more => Reason::NotUsed,
        None if List::ALL.iter().any(|list| change.value.get(list.name()).is_some()) => Reason::Unreadable,
        _ => kinds::reason_of_field(&change.field),
    }
}

/// What a kept piece means, or why it is only kept.
pub(super) fn meaning(kind: &str, text: &str, known: &Known<'_>) -> Result<Happening, Reason> {
    let change = Change::of(&Fields::read(text).ok_or(Reason::Unreadable)?);
    if kind.starts_with(CHANGE) {
        return Err(reason(&change));
    }
    let value = Value::read(change.text).ok_or(Reason::Unreadable)?;
    match value.items.as_slice() {
        [(list, item)] => Piece::read(*list, item, &value).ok_or(Reason::Unreadable)?.meaning(known),
        _ => Err(Reason::Unreadable),
    }
}
