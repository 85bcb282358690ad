//! What is cut out of a body, gathered as events: each with its account, its key and the very bytes it came in.

use actors::domain::channel::{Account, Channel};
use actors::domain::event::{Arrival, Source};
use actors::domain::outcome::Reason;
use chrono::{DateTime, Utc};
use serde_json::value::RawValue;

use super::decode::{Known, STANDBY, is_test_account};
use super::item::Item;
use super::json::{TEXT_LIMIT, bounded, sha256, time_of, told_time};
use super::{kinds, messaging};

/// A POST holds at most a thousand events by Meta's word. One with many more is kept as it came, in one piece.
const MOST_EVENTS: usize = 20_000;

/// The longest word for what an event is.
const KIND_LIMIT: usize = 100;

/// The longest id of an account; the channel's name goes before it.
const ACCOUNT_ID_LIMIT: usize = TEXT_LIMIT - "messenger:".len();

/// Whose items are being cut.
pub(super) struct Place<'a> {
    /// By the object of the envelope.
    pub(super) channel: Channel,
    /// The id of the entry, where it has one.
    pub(super) id: Option<String>,
    /// When Meta put the entry together.
    pub(super) time: Option<&'a RawValue>,
}

impl Place<'_> {
    /// The account with Meta's id, or the entry's.
    pub(super) fn account(&self, id: Option<&str>) -> Account {
        let id = id.or(self.id.as_deref()).map(|id| bounded(id.to_owned(), ACCOUNT_ID_LIMIT));
        id.map_or_else(Account::unreadable, |id| Account::new(self.channel, &id))
    }
}

/// What is known of an event once it is cut out.
pub(super) struct Found {
    pub(super) account: Account,
    pub(super) kind: String,
    pub(super) key: String,
    pub(super) customer: Option<String>,
    pub(super) happened_at: DateTime<Utc>,
    /// Why it is only kept, in the words of whoever decodes it.
    pub(super) ledgered: Option<Reason>,
}

/// What was found in a body.
pub(super) struct Pieces {
    /// What the envelopes say they are about.
    pub(super) objects: Vec<String>,
    pub(super) arrivals: Vec<Arrival>,
    /// When the last of it was sent, by Meta's clock.
    pub(super) sent_at: Option<DateTime<Utc>>,
}

/// A body on its way into pieces.
pub(super) struct Cutter<'a> {
    /// The body as text; where it is no text, of the same length and with other bytes.
    pub(super) text: &'a str,
    bytes: &'a [u8],
    pub(super) received_at: DateTime<Utc>,
    pieces: Pieces,
}

impl<'a> Cutter<'a> {
    pub(super) fn new(text: &'a str, bytes: &'a [u8], received_at: DateTime<Utc>) -> Self {
        Self { text, bytes, received_at, pieces: Pieces { objects: Vec::new(), arrivals: Vec::new(), sent_at: None } }
    }

    /// All that was cut, or the body in one piece where it could not be cut.
    pub(super) fn pieces(mut self, was_cut: bool) -> Pieces {
        if !was_cut || self.pieces.arrivals.len() > MOST_EVENTS {
            let nobody = Account::unreadable();
            self.pieces.arrivals = vec![self.kept_raw("unreadable_body", Reason::UnreadableBody, nobody, self.bytes)];
        }
        self.pieces
    }

    /// How many events were cut so far.
    pub(super) fn count(&self) -> usize {
        self.pieces.arrivals.len()
    }

    /// Notes what an envelope says it is about.
    pub(super) fn about(&mut self, object: String) {
        if !object.is_empty() {
            self.pieces.objects.push(object);
        }
    }

    /// Notes when an entry was sent, by the clock of whoever sent it. What a test sends says nothing of Meta's.
    pub(super) fn sent(&mut self, place: &Place<'a>) {
        let told = place.time.filter(|_| !is_test_account(&place.account(None))).and_then(told_time);
        self.pieces.sent_at = self.pieces.sent_at.max(told);
    }

    /// A messaging item that was read; `manner` goes before its kind.
    pub(super) fn messaging(&mut self, place: &Place<'a>, manner: &str, item: &Item<'a>, raw: &'a RawValue) {
        let account = item.account(place);
        let kind = format!("{manner}{}", item.kind(&account));
        // Whichever app has the conversation, the event is the same.
        let key = item.key(&account, raw.get());
        let customer = item.customer(&account).map(str::to_owned);
        let happened_at = time_of(item.timestamp, self.received_at);
        let standby = manner == STANDBY;
        let known = Known { account: &account, customer: customer.as_deref(), at: happened_at, standby };
        let ledgered = messaging::meaning(item, &known).err();
        self.keep(Found { account, kind, key, customer, happened_at, ledgered }, raw.get());
    }

    /// Something of a known channel that is kept in one piece.
    pub(super) fn whole(&mut self, place: &Place<'a>, kind: &str, raw: &'a RawValue) {
        let happened_at = time_of(place.time, self.received_at);
        self.piece(place.account(None), kind.to_owned(), happened_at, raw);
    }

    /// Something about an object that we do not read.
    pub(super) fn unknown(&mut self, object: &str, raw: &'a RawValue) {
        let kind = bounded(format!("object:{object}"), KIND_LIMIT);
        self.piece(Account::unreadable(), kind, self.received_at, raw);
    }

    fn piece(&mut self, account: Account, kind: String, happened_at: DateTime<Utc>, raw: &'a RawValue) {
        let ledgered = match () {
            () if !self.is_intact(raw) => Reason::Unreadable,
            () if is_test_account(&account) => Reason::DashboardTest,
            () => kinds::reason_of_whole(&kind, raw.get()).unwrap_or(Reason::UnknownKind),
        };
        let key = format!("{kind}:{}", sha256(raw.get().as_bytes()));
        self.keep(Found { account, kind, key, customer: None, happened_at, ledgered: Some(ledgered) }, raw.get());
    }

    /// Something that is not what it should be.
    pub(super) fn unreadable(&mut self, raw: &'a RawValue, account: Account) {
        let arrival = self.kept_raw("unreadable", Reason::Unreadable, account, self.original(raw.get()));
        self.push(arrival);
    }

    /// Keeps an event with the bytes it came in.
    pub(super) fn keep(&mut self, found: Found, raw: &'a str) {
        let raw = self.original(raw).to_vec();
        self.keep_as(found, raw);
    }

    /// Keeps an event with bytes made from those it came in.
    pub(super) fn keep_as(&mut self, found: Found, raw: Vec<u8>) {
        self.push(Arrival {
            account: found.account,
            key: bounded(found.key, TEXT_LIMIT),
            source: Source::Meta,
            kind: bounded(found.kind, KIND_LIMIT),
            customer: found.customer.map(|id| bounded(id, TEXT_LIMIT)),
            happened_at: found.happened_at,
            raw,
            ledgered: found.ledgered,
        });
    }

    fn push(&mut self, arrival: Arrival) {
        if self.pieces.arrivals.len() <= MOST_EVENTS {
            self.pieces.arrivals.push(arrival);
        }
    }

    /// What is known only by its bytes.
    fn kept_raw(&self, kind: &str, reason: Reason, account: Account, raw: &[u8]) -> Arrival {
        Arrival {
            account,
            key: format!("{kind}:{}", sha256(raw)),
            source: Source::Meta,
            kind: kind.to_owned(),
            customer: None,
            happened_at: self.received_at,
            raw: raw.to_vec(),
            ledgered: Some(reason),
        }
    }

    /// Whether the part came as the text that we read, not as something that is no UTF-8.
    pub(super) fn is_intact(&self, raw: &RawValue) -> bool {
        self.original(raw.get()) == raw.get().as_bytes()
    }

    /// The bytes that a part of the text came in.
    fn original(&self, part: &'a str) -> &'a [u8] {
        let start = part.as_ptr().addr() - self.text.as_ptr().addr();
        &self.bytes[start..start + part.len()]
    }
}
