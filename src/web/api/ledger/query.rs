//! What somebody asks of the ledger, as values: or a sentence that says what is wrong with it.

use actors::domain::channel::Account;
use actors::domain::event::Source;
use actors::domain::ids::{EventSeq, SellerId};
use actors::domain::outcome::Reason;
use actors::ledger::Position;
use actors::store::ledger::{By, Order, Selection, Span, State};
use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::web::api::ask::{Asks, Pairs};
use crate::web::operation::{Parameter, Schemas};

const PAGE: usize = 100;
const MOST: usize = 500;
/// No text that is stored is longer.
const TEXT_BYTES: usize = 1_000;

/// What is wrong, as a sentence.
type Checked<T> = Result<T, String>;

/// Which events, as it is written.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct SelectionIn {
    reason: Option<String>,
    source: Option<String>,
    kind: Option<String>,
    account: Option<String>,
    seller: Option<i64>,
    customer: Option<String>,
    key: Option<String>,
    since: Option<String>,
    until: Option<String>,
}

impl SelectionIn {
    /// Takes one member of a query. False: it is none.
    fn take(&mut self, name: &str, value: &str) -> Checked<bool> {
        let text = match name {
            "reason" => &mut self.reason,
            "source" => &mut self.source,
            "kind" => &mut self.kind,
            "account" => &mut self.account,
            "customer" => &mut self.customer,
            "key" => &mut self.key,
            "since" => &mut self.since,
            "until" => &mut self.until,
            "seller" => {
                let id = value.parse().map_err(|_| format!("seller is a number, and \"{value}\" is none"))?;
                self.seller = Some(id);
                return Ok(true);
            }
            _ => return Ok(false),
        };
        *text = Some(value.to_owned());
        Ok(true)
    }

    fn checked(self) -> Checked<Selection> {
        Ok(Selection {
            reason: self.reason.map(|code| reason(&code)).transpose()?,
            source: self.source.map(|name| source(&name)).transpose()?,
            kind: self.kind.map(|kind| text("kind", kind)).transpose()?,
            accounts: self.account.map(account).transpose()?.into_iter().collect(),
            seller: self.seller.map(SellerId),
            customer: self.customer.map(|customer| text("customer", customer)).transpose()?,
            key: self.key.map(|key| text("key", key)).transpose()?,
            since: self.since.map(|at| time("since", &at)).transpose()?,
            until: self.until.map(|at| time("until", &at)).transpose()?,
            nobodys: false,
        })
    }
}

fn reason(code: &str) -> Checked<Reason> {
    Reason::coded(code).ok_or_else(|| one_of("reason", code, &Reason::ALL.map(Reason::code)))
}

fn source(name: &str) -> Checked<Source> {
    Source::named(name).ok_or_else(|| one_of("source", name, &Source::ALL.map(Source::name)))
}

fn account(text: String) -> Checked<Account> {
    let account = Account::stored(self::text("account", text)?);
    let is_one = account.channel().is_some() || account.as_str().starts_with("unreadable:");
    match is_one && !account.id().is_empty() {
        true => Ok(account),
        false => Err("account is written as channel and Meta's id: instagram:17841400000000001".to_owned()),
    }
}

fn text(name: &str, text: String) -> Checked<String> {
    match !text.is_empty() && text.len() <= TEXT_BYTES && !text.contains('\0') {
        true => Ok(text),
        false => Err(format!("{name} is 1 to {TEXT_BYTES} bytes of text")),
    }
}

fn time(name: &str, text: &str) -> Checked<DateTime<Utc>> {
    let day = || text.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0).map(|begin| begin.and_utc());
    let moment = DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc());
    // Rows count in milliseconds since 1970 and must not be overrun by what is asked.
    let found = moment.or_else(day).filter(|at| (0..253_402_300_800_000).contains(&at.timestamp_millis()));
    found.ok_or_else(|| format!("{name} is a time in UTC, as 2026-10-01T12:00:00Z, or a day, as 2026-10-01"))
}

fn one_of(name: &str, given: &str, all: &[&str]) -> String {
    let given: String = given.chars().take(50).collect();
    format!("{name} is one of {}; \"{}\" is none", all.join(", "), given.escape_debug())
}

fn limit(value: &str) -> Checked<usize> {
    let limit = value.parse().ok().filter(|limit| (1..=MOST).contains(limit));
    limit.ok_or_else(|| format!("limit is a number from 1 to {MOST}"))
}

fn unknown(name: &str, known: &str) -> String {
    let name: String = name.chars().take(50).collect();
    format!("there is no \"{}\" to ask by; there are {known}", name.escape_debug())
}

/// A search, as it is documented.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it is read by hand, so that what is wrong is said well")]
struct EventsShape {
    /// What became of them: `ledgered` unless said; `any` for all.
    state: Option<String>,
    /// Ledgered for this reason.
    reason: Option<String>,
    /// Who told us: `meta`, `command` or `result`.
    source: Option<String>,
    /// What they are, as a word.
    kind: Option<String>,
    /// The account, as channel and Meta's id: `instagram:17841400000000001`.
    account: Option<String>,
    /// Whose they are.
    seller: Option<i64>,
    /// The customer's id at Meta.
    customer: Option<String>,
    /// Unique within the account.
    key: Option<String>,
    /// Not before this time or day.
    since: Option<String>,
    /// Before this time or day.
    until: Option<String>,
    /// `newest` first, unless `oldest` is said.
    order: Option<String>,
    /// Where the page begins, as `next` of the page before gave it.
    after: Option<String>,
    /// How many rows at most: 1 to 500.
    limit: Option<u64>,
}

/// A split, as it is documented.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it is read by hand, so that what is wrong is said well")]
struct PartsShape {
    /// `account`, `seller`, `hour` or `day`; all of it unless said.
    by: Option<String>,
    /// Not before this time or day.
    since: Option<String>,
    /// Before this time or day.
    until: Option<String>,
    /// Of this account only.
    account: Option<String>,
    /// Of this seller only.
    seller: Option<i64>,
    /// Where the page begins, as `next` of the page before gave it.
    after: Option<String>,
    /// How many rows at most: 1 to 500.
    limit: Option<u64>,
}

/// A page of accounts, as it is documented.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it is read by hand, so that what is wrong is said well")]
struct AccountsShape {
    /// Where the page begins, as `next` of the page before gave it.
    after: Option<String>,
    /// How many rows at most: 1 to 500.
    limit: Option<u64>,
}

/// How much of an event is shown, as it is documented.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it is read by hand, so that what is wrong is said well")]
struct RawShape {
    /// `whole`: all of its bytes, not only the first 64 KiB.
    raw: Option<String>,
}

/// Queries that are read by hand, each with the shape it is documented as.
macro_rules! by_hand {
    ($($query:ty as $shape:ty;)+) => {$(
        impl Asks for $query {
            fn parameters(schemas: &mut Schemas) -> Vec<Parameter> {
                schemas.query::<$shape>()
            }

            fn read(pairs: Pairs<'_>) -> Result<Self, String> {
                Self::checked(pairs)
            }
        }
    )+};
}

by_hand! {
    EventsQuery as EventsShape;
    PartsQuery as PartsShape;
    AccountsQuery as AccountsShape;
    RawQuery as RawShape;
}

/// A search.
pub(super) struct EventsQuery {
    pub(super) state: Option<State>,
    pub(super) selection: Selection,
    pub(super) order: Order,
    pub(super) after: Option<EventSeq>,
    pub(super) limit: usize,
}

impl EventsQuery {
    /// Reads `?state=ledgered&reason=...&order=newest&after=EVENT&limit=ROWS`.
    fn checked(pairs: Pairs<'_>) -> Checked<Self> {
        const KNOWN: &str =
            "state, reason, source, kind, account, seller, customer, key, since, until, order, after, limit";
        let (mut state, mut asked) = (Some(State::Ledgered), SelectionIn::default());
        let (mut order, mut after, mut rows) = (Order::Newest, None, PAGE);
        for (name, value) in pairs {
            match (&*name, &*value) {
                ("state", "any") => state = None,
                ("state", word) => {
                    let wrong = || one_of("state", word, &["any", "pending", "handled", "duplicate", "ledgered"]);
                    state = Some(State::named(word).ok_or_else(wrong)?);
                }
                ("order", "newest") => order = Order::Newest,
                ("order", "oldest") => order = Order::Oldest,
                ("order", word) => return Err(one_of("order", word, &["newest", "oldest"])),
                ("after", place) => after = Some(event(place)?),
                ("limit", count) => rows = limit(count)?,
                (name, value) if asked.take(name, value)? => {}
                (name, _) => return Err(unknown(name, KNOWN)),
            }
        }
        Ok(Self { state, selection: asked.checked()?, order, after, limit: rows })
    }
}

fn event(text: &str) -> Checked<EventSeq> {
    let seq = text.parse().ok().filter(|seq| *seq >= 0);
    seq.map(EventSeq).ok_or_else(|| "after is the number of an event, as `next` gives it".to_owned())
}

/// The equation in parts.
pub(super) struct PartsQuery {
    pub(super) by: By,
    pub(super) span: Span,
    pub(super) after: Option<String>,
    pub(super) limit: usize,
}

impl PartsQuery {
    /// Reads `?by=hour&since=...&until=...&account=...&seller=...&after=...&limit=ROWS`.
    fn checked(pairs: Pairs<'_>) -> Checked<Self> {
        let (mut by, mut after, mut rows, mut asked) = (By::Nothing, None, PAGE, SelectionIn::default());
        for (name, value) in pairs {
            match &*name {
                "by" => by = part(&value)?,
                "after" => after = Some(text("after", value.into_owned())?),
                "limit" => rows = limit(&value)?,
                "since" | "until" | "account" | "seller" => drop(asked.take(&name, &value)?),
                name => return Err(unknown(name, "by, since, until, account, seller, after, limit")),
            }
        }
        let is_place = |after: &String| by == By::Account || after.parse::<i64>().is_ok();
        if !after.iter().all(is_place) {
            return Err("after is where the next page begins, as `next` gives it".to_owned());
        }
        let asked = asked.checked()?;
        let account = asked.accounts.into_iter().next();
        let span = Span { since: asked.since, until: asked.until, account, seller: asked.seller };
        Ok(Self { by, span, after, limit: rows })
    }
}

fn part(word: &str) -> Checked<By> {
    match word {
        "account" => Ok(By::Account),
        "seller" => Ok(By::Seller),
        "hour" => Ok(By::Hour),
        "day" => Ok(By::Day),
        _ => Err(one_of("by", word, &["account", "seller", "hour", "day"])),
    }
}

/// A page of accounts.
pub(super) struct AccountsQuery {
    pub(super) after: String,
    pub(super) limit: usize,
}

impl AccountsQuery {
    /// Reads `?after=ACCOUNT&limit=ROWS`.
    fn checked(pairs: Pairs<'_>) -> Checked<Self> {
        let mut asked = Self { after: String::new(), limit: PAGE };
        for (name, value) in pairs {
            match &*name {
                "after" => asked.after = text("after", value.into_owned())?,
                "limit" => asked.limit = limit(&value)?,
                name => return Err(unknown(name, "after, limit")),
            }
        }
        Ok(asked)
    }
}

/// How much of an event is shown.
pub(super) struct RawQuery {
    pub(super) is_whole: bool,
}

impl RawQuery {
    /// Reads `?raw=whole`.
    fn checked(pairs: Pairs<'_>) -> Checked<Self> {
        let mut asked = Self { is_whole: false };
        for (name, value) in pairs {
            match (&*name, &*value) {
                ("raw", "whole") => asked.is_whole = true,
                ("raw", word) => return Err(one_of("raw", word, &["whole"])),
                (name, _) => return Err(unknown(name, "raw")),
            }
        }
        Ok(asked)
    }
}

/// Which events to put back to work, as it is written.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplayIn {
    reason: Option<String>,
    kind: Option<String>,
    account: Option<String>,
    seller: Option<i64>,
    customer: Option<String>,
    key: Option<String>,
    since: Option<String>,
    until: Option<String>,
    /// Where the last request stopped, as `next` gave it.
    after: Option<String>,
    /// True to be told what would be done, and nothing more.
    #[serde(default)]
    pub(super) dry_run: bool,
}

impl ReplayIn {
    pub(super) fn checked(self) -> Checked<(Selection, Option<Position>)> {
        let Self { reason, kind, account, seller, customer, key, since, until, after, dry_run: _ } = self;
        let asked = SelectionIn { reason, source: None, kind, account, seller, customer, key, since, until };
        let selection = asked.checked()?;
        if selection.is_everything() {
            return Err("say which events: by reason, kind, account, seller, customer, key, since or until".to_owned());
        }
        Ok((selection, after.map(|after| place(&after)).transpose()?))
    }
}

fn place(text: &str) -> Checked<Position> {
    let parts = text.split_once('.').and_then(|(time, seq)| Some((time.parse().ok()?, seq.parse().ok()?)));
    parts
        .map(|(time, seq)| (time, EventSeq(seq)))
        .ok_or_else(|| "after is where the request before stopped, as `next` gave it".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(query: &str) -> Checked<EventsQuery> {
        EventsQuery::checked(url::form_urlencoded::parse(query.as_bytes()).collect())
    }

    #[test]
    fn a_search_is_read_and_what_is_wrong_with_one_is_said() {
        let asked =
            events("reason=poison&seller=7&account=instagram%3A1&since=2026-10-01&order=oldest&limit=5").unwrap();
        assert_eq!((asked.state, asked.order, asked.limit), (Some(State::Ledgered), Order::Oldest, 5));
        assert_eq!(asked.selection.reason, Some(Reason::Poison));
        assert_eq!(asked.selection.since.unwrap().to_rfc3339(), "2026-10-01T00:00:00+00:00");
        assert_eq!(events("state=any").unwrap().state, None);
        for (wrong, word) in [
            ("reason=poisn", "unknown_account, unreadable"),
            ("state=lost", "pending, handled"),
            ("limit=501", "1 to 500"),
            ("seller=x", "number"),
            ("account=linen.shop", "channel"),
            ("since=yesterday", "2026-10-01T12:00:00Z"),
            ("since=%2B262142-12-31T00:00:00Z", "UTC"),
            ("key=%00", "text"),
            ("after=-1", "next"),
            ("colour=blue", "customer, key"),
        ] {
            let detail = events(wrong).err().unwrap();
            assert!(detail.contains(word), "{wrong}: {detail}");
        }
    }

    #[test]
    fn a_replay_says_which_events() {
        let read = |text: &str| serde_json::from_str::<ReplayIn>(text).unwrap().checked();
        assert!(read("{}").unwrap_err().contains("say which"));
        assert!(read(r#"{"dry_run":true}"#).is_err());
        let (selection, after) = read(r#"{"reason":"poison","after":"-5.7"}"#).unwrap();
        assert_eq!((selection.reason, after), (Some(Reason::Poison), Some((-5, EventSeq(7)))));
        assert!(read(r#"{"reason":"poison","after":"7"}"#).is_err());
    }
}
