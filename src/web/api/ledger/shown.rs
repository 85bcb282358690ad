//! What the API shows of the ledger.

use std::borrow::Cow;

use actors::domain::channel::Account;
use actors::domain::event::Source;
use actors::domain::ids::{EventSeq, SellerId};
use actors::domain::outcome::Reason;
use actors::ledger::{Position, Tally};
use actors::store::ledger::{By, Equation, FoundEvent, Group, State, Whole};
use actors::store::unknown::{Summary, UnknownAccount};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::web::api::words;

/// So many bytes of an event are shown, unless all are asked for.
const SHOWN_BYTES: usize = 64 * 1024;
/// Sellers named in what a replay did; the others are counted.
const NAMED_SELLERS: usize = 100;

/// All that ever came in against what became of it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Ledger")]
pub(super) struct OverviewOut {
    equation: Equation,
    /// Whether received = handled + duplicate + ledgered + pending.
    holds: bool,
    /// Why, and how many.
    ledgered: Vec<ReasonOut>,
    unknown_accounts: UnknownAccountsOut,
}

/// What came for accounts that nobody has connected.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "UnknownAccounts")]
struct UnknownAccountsOut {
    accounts: i64,
    /// Events in the ledger.
    kept: i64,
    /// Events counted and not kept, for want of room.
    not_kept: i64,
}

impl OverviewOut {
    /// The equation, the counts by reason, and what is nobody's.
    pub(super) fn new(equation: Equation, counts: &[(String, i64)], unknown: Summary) -> Self {
        let Summary { accounts, kept, not_kept } = unknown;
        Self {
            holds: equation.holds(),
            equation,
            ledgered: counts.iter().map(|(code, count)| ReasonOut::of(code, *count)).collect(),
            unknown_accounts: UnknownAccountsOut { accounts, kept, not_kept },
        }
    }
}

/// Why events are in the ledger.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LedgerReason")]
pub(super) struct ReasonOut {
    /// A stable code.
    reason: String,
    /// How many events it keeps.
    count: i64,
    /// What happened.
    sentence: &'static str,
    /// What to do.
    fix: &'static str,
}

impl ReasonOut {
    /// This one, with how many events it keeps.
    pub(super) fn of(code: &str, count: i64) -> Self {
        let known = Reason::coded(code);
        Self {
            reason: code.to_owned(),
            count,
            sentence: known.map_or("A newer version of the program put it there.", Reason::sentence),
            fix: known.map_or("Go back to the newer version, which can say more.", Reason::fix),
        }
    }
}

/// A part of the equation: of one account, seller, hour or day, or all of it.
#[derive(Default, Serialize, JsonSchema)]
#[schemars(rename = "EquationPart")]
pub(super) struct PartOut {
    /// `all`, where it is not split.
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<Account>,
    /// Null: accounts that nobody has connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    seller: Option<Option<SellerId>>,
    /// Its beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    hour: Option<DateTime<Utc>>,
    /// Its beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    day: Option<DateTime<Utc>>,
    equation: Equation,
    /// Whether the equation holds for it alone.
    holds: bool,
}

impl PartOut {
    /// This part of a split.
    pub(super) fn of(by: By, group: Group, equation: Equation) -> Self {
        let part = Self { holds: equation.holds(), equation, ..Self::default() };
        match group {
            Group::All => Self { part: Some("all"), ..part },
            Group::Account(account) => Self { account: Some(account), ..part },
            Group::Seller(seller) => Self { seller: Some(seller), ..part },
            Group::From(begin) if by == By::Day => Self { day: Some(begin), ..part },
            Group::From(begin) => Self { hour: Some(begin), ..part },
        }
    }
}

/// An account that nobody has connected.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "UnknownAccount")]
pub(super) struct AccountOut {
    account: Account,
    /// Events in the ledger.
    kept: i64,
    /// Events counted and not kept, for want of room.
    not_kept: i64,
    first_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
    /// What to do.
    fix: &'static str,
}

impl From<UnknownAccount> for AccountOut {
    fn from(known: UnknownAccount) -> Self {
        let UnknownAccount { account, kept, not_kept, first_at, last_at } = known;
        Self { account, kept, not_kept, first_at, last_at, fix: Reason::UnknownAccount.fix() }
    }
}

/// An event without its bytes.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LedgerEvent")]
pub(super) struct EventOut {
    id: EventSeq,
    #[schemars(with = "words::EventState")]
    state: &'static str,
    /// Why it was ledgered, as a code.
    reason: Option<String>,
    /// What that means.
    sentence: Option<&'static str>,
    /// What to do about it.
    fix: Option<&'static str>,
    #[schemars(with = "words::Source")]
    source: &'static str,
    /// What it is, as a word.
    kind: String,
    account: Account,
    /// Unique within the account.
    key: String,
    seller: Option<SellerId>,
    /// The customer's id at Meta.
    customer: Option<String>,
    /// By its sender's clock.
    happened_at: DateTime<Utc>,
    received_at: DateTime<Utc>,
    decided_at: Option<DateTime<Utc>>,
    /// How often it was taken in hand one by one.
    attempts: i32,
}

impl From<FoundEvent> for EventOut {
    fn from(found: FoundEvent) -> Self {
        Self {
            id: found.seq,
            state: found.state.name(),
            reason: found.reason_code,
            sentence: found.reason.map(Reason::sentence),
            fix: found.reason.map(Reason::fix),
            source: found.source.name(),
            kind: found.kind,
            account: found.account,
            key: found.key,
            seller: found.seller,
            customer: found.customer,
            happened_at: found.happened_at,
            received_at: found.received_at,
            decided_at: found.decided_at,
            attempts: found.attempts,
        }
    }
}

/// An event with its bytes.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WholeLedgerEvent")]
pub(super) struct WholeEventOut {
    #[serde(flatten)]
    event: EventOut,
    raw: RawOut,
    /// Whether it can be put back to work.
    replayable: bool,
}

/// The bytes an event came in.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RawBytes")]
struct RawOut {
    /// How many there are.
    bytes: usize,
    /// Whether all of them are shown; else ask with `?raw=whole`.
    whole: bool,
    is_text: bool,
    /// What cannot be read is written as `\\xff`.
    text: String,
    /// All of them, where they are no text.
    base64: Option<String>,
}

impl WholeEventOut {
    /// With all of its bytes, or the first of them.
    pub(super) fn of(whole: Whole, all_of_it: bool) -> Self {
        let Whole { event, raw: bytes } = whole;
        Self {
            raw: raw(&bytes, if all_of_it { usize::MAX } else { SHOWN_BYTES }),
            replayable: event.state == State::Ledgered && event.source == Source::Meta,
            event: event.into(),
        }
    }
}

/// Bytes as text where they are text. Where they are not, what cannot be read is written `\xff`, and base64 has them all.
fn raw(bytes: &[u8], most: usize) -> RawOut {
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
    RawOut {
        bytes: bytes.len(),
        whole: shown.len() == bytes.len(),
        is_text,
        text,
        base64: (!is_text).then(|| STANDARD.encode(shown)),
    }
}

/// What a replay did, or would do.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Replay")]
pub(super) struct TallyOut {
    dry_run: bool,
    replayed: u64,
    /// How many sellers take them up.
    sellers: usize,
    /// Those who take up most.
    by_seller: Vec<OfSeller>,
    by_reason: Vec<OfReason>,
    /// What stays.
    refused: Vec<RefusedOut>,
    /// What turned out to be known already.
    duplicate: u64,
    /// Where the next request goes on: give it as `after`.
    next: Option<String>,
}

/// Events that one seller takes up.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ReplayedSeller")]
struct OfSeller {
    seller: SellerId,
    events: u64,
}

/// Events that were ledgered for one reason.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ReplayedReason")]
struct OfReason {
    reason: String,
    events: u64,
}

/// Events that cannot be put back to work.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "NotReplayed")]
struct RefusedOut {
    code: String,
    events: u64,
    sentence: Cow<'static, str>,
}

impl TallyOut {
    /// What was done, or would be in a dry run.
    pub(super) fn of(tally: &Tally, next: Option<Position>, dry_run: bool) -> Self {
        let mut sellers: Vec<_> = tally.by_seller.iter().collect();
        sellers.sort_by_key(|(seller, events)| (std::cmp::Reverse(**events), **seller));
        let sellers = sellers.into_iter().take(NAMED_SELLERS);
        let reasons = tally.by_reason.iter();
        let refused = tally.refused.iter();
        Self {
            dry_run,
            replayed: tally.replayed(),
            sellers: tally.by_seller.len(),
            by_seller: sellers.map(|(seller, events)| OfSeller { seller: *seller, events: *events }).collect(),
            by_reason: reasons.map(|(reason, events)| OfReason { reason: reason.clone(), events: *events }).collect(),
            refused: refused
                .map(|(code, events)| RefusedOut {
                    code: (*code).to_owned(),
                    events: *events,
                    sentence: refusal(code).into(),
                })
                .collect(),
            duplicate: tally.duplicate,
            next: next.map(|(time, seq)| format!("{time}.{seq}")),
        }
    }
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
        assert_eq!((text.text.as_str(), text.is_text, text.whole), ("héllo", true, true));
        let broken = raw(b"a\xff\xfeb", 100);
        assert_eq!((broken.text.as_str(), broken.base64.as_deref()), (r"a\xff\xfeb", Some("Yf/+Yg==")));
        let cut = raw("héllo".as_bytes(), 2);
        assert_eq!((cut.text.as_str(), cut.is_text, cut.whole, cut.bytes), ("h", true, false, 6));
    }
}
