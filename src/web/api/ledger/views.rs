//! What the API shows of the ledger.

use actors::domain::event::Source;
use actors::domain::outcome::Reason;
use actors::ledger::{Position, Tally};
use actors::store::ledger::{By, FoundEvent, Group, Groups, State, Whole};
use actors::store::unknown::UnknownAccount;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// So many bytes of an event are shown, unless all are asked for.
const SHOWN_BYTES: usize = 64 * 1024;
/// Sellers named in what a replay did; the others are counted.
const NAMED_SELLERS: usize = 100;

/// A reason with how many events it keeps.
pub(super) fn reason(code: &str, count: i64) -> Value {
    let known = Reason::coded(code);
    json!({
        "reason": code,
        "count": count,
        "sentence": known.map_or("A newer version of the program put it there.", Reason::sentence),
        "fix": known.map_or("Go back to the newer version, which can say more.", Reason::fix),
    })
}

/// The parts of the equation.
pub(super) fn parts(by: By, groups: &Groups) -> Value {
    let parts = groups.parts.iter().map(|(group, equation)| {
        let (name, value) = match group {
            Group::All => ("part", json!("all")),
            Group::Account(account) => ("account", json!(account)),
            Group::Seller(seller) => ("seller", json!(seller)),
            Group::From(begin) => (if by == By::Day { "day" } else { "hour" }, json!(begin)),
        };
        json!({ name: value, "equation": equation, "holds": equation.holds() })
    });
    json!({ "data": parts.collect::<Vec<_>>(), "next": groups.next })
}

/// An account that nobody has connected.
pub(super) fn account(known: &UnknownAccount) -> Value {
    json!({
        "account": known.account,
        "kept": known.kept,
        "not_kept": known.not_kept,
        "first_at": known.first_at,
        "last_at": known.last_at,
        "fix": Reason::UnknownAccount.fix(),
    })
}

/// An event without its bytes.
pub(super) fn event(found: &FoundEvent) -> Value {
    json!({
        "id": found.seq,
        "state": found.state.name(),
        "reason": found.reason_code,
        "sentence": found.reason.map(Reason::sentence),
        "fix": found.reason.map(Reason::fix),
        "source": found.source.name(),
        "kind": found.kind,
        "account": found.account,
        "key": found.key,
        "seller": found.seller,
        "customer": found.customer,
        "happened_at": found.happened_at,
        "received_at": found.received_at,
        "decided_at": found.decided_at,
        "attempts": found.attempts,
    })
}

/// An event with its bytes.
pub(super) fn whole(whole: &Whole, all_of_it: bool) -> Value {
    let mut shown = event(&whole.event);
    shown["raw"] = raw(&whole.raw, if all_of_it { usize::MAX } else { SHOWN_BYTES });
    shown["replayable"] = (whole.event.state == State::Ledgered && whole.event.source == Source::Meta).into();
    shown
}

/// Bytes as text where they are text. Where they are not, what cannot be read is written `\xff`, and base64 has them all.
fn raw(bytes: &[u8], most: usize) -> Value {
    let mut shown = &bytes[..bytes.len().min(most)];
    if let (Err(error), true) = (str::from_utf8(shown), shown.len() < bytes.len()) {
        // A letter that is cut in two is left out, and makes no text unreadable.
        shown = if error.error_len().is_none() { &shown[..error.valid_up_to()] } else { shown };
    }
    let mut text = String::with_capacity(shown.len());
    for chunk in shown.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().flat_map(|byte| std::ascii::escape_default(*byte)).map(char::from));
    }
    let is_text = str::from_utf8(shown).is_ok();
    json!({
        "bytes": bytes.len(),
        "whole": shown.len() == bytes.len(),
        "is_text": is_text,
        "text": text,
        "base64": (!is_text).then(|| STANDARD.encode(shown)),
    })
}

/// What a replay did, or would do.
pub(super) fn tally(tally: &Tally, next: Option<Position>, dry_run: bool) -> Value {
    let mut sellers: Vec<_> = tally.by_seller.iter().collect();
    sellers.sort_by_key(|(seller, events)| (std::cmp::Reverse(**events), **seller));
    let sellers =
        sellers.iter().take(NAMED_SELLERS).map(|(seller, events)| json!({ "seller": seller, "events": events }));
    let reasons = tally.by_reason.iter().map(|(reason, events)| json!({ "reason": reason, "events": events }));
    let refused = tally.refused.iter();
    let refused = refused.map(|(code, events)| json!({ "code": code, "events": events, "sentence": refusal(code) }));
    json!({
        "dry_run": dry_run,
        "replayed": tally.replayed(),
        "sellers": tally.by_seller.len(),
        "by_seller": sellers.collect::<Vec<_>>(),
        "by_reason": reasons.collect::<Vec<_>>(),
        "refused": refused.collect::<Vec<_>>(),
        "duplicate": tally.duplicate,
        "next": next.map(|(time, seq)| format!("{time}.{seq}")),
    })
}

/// What a refusal means for many events at once.
fn refusal(code: &str) -> &'static str {
    match code {
        "unknown_account" => {
            "No seller is connected to their account: connect it, and they are taken up by themselves."
        }
        "no_account" => "No account could be read in them: a person has to look at their raw bytes.",
        "not_from_meta" => "They are commands or results of calls: whoever asked was told that they were not done.",
        _ => "They cannot be put back to work.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_as_far_as_they_are_text() {
        let text = raw("héllo".as_bytes(), 100);
        assert_eq!((&text["text"], &text["is_text"], &text["whole"]), (&json!("héllo"), &json!(true), &json!(true)));
        let broken = raw(b"a\xff\xfeb", 100);
        assert_eq!((&broken["text"], &broken["base64"]), (&json!(r"a\xff\xfeb"), &json!("Yf/+Yg==")));
        let cut = raw("héllo".as_bytes(), 2);
        assert_eq!(
            (&cut["text"], &cut["is_text"], &cut["whole"], &cut["bytes"]),
            (&json!("h"), &json!(true), &json!(false), &json!(6))
        );
    }
}
