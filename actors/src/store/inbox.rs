//! The inbox: every event, from its arrival to its outcome.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use entity::{inbox_event, outbox};
use sea_orm::sea_query::UnionType;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Statement};

use crate::domain::budget::hold::Hold;
use crate::domain::channel::Account;
use crate::domain::command::Commanded;
use crate::domain::event::{Arrival, Source, StoredEvent};
use crate::domain::ids::{EventSeq, SellerId};
use crate::domain::shop_event::ShopEventKind;
use crate::failpoint;

use super::insert::{self, Known, Ready};
use super::intake::{self, Counted};
use super::pen::{Committed, FencedTx, OfficeTx, Pen, Sync, Writer, Writing};
use super::rows::{OfSeller, arrival_row, from_json, ms, stored_event};
use super::unknown::{self, Newcomer, Room, Surplus};
use super::{OPEN, PENDING, StoreError, app_hold};

/// An arrival with the seller it belongs to, if any.
#[derive(Clone, Debug)]
pub struct Routed {
    /// What arrived.
    pub arrival: Arrival,
    /// Whose account it is; none: it is stored as ledgered.
    pub seller: Option<SellerId>,
}

/// What became of arrivals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// How many were new, and are kept.
    pub new: u64,
    /// How many the inbox already had.
    pub duplicate: u64,
    /// How many were counted and are not kept: they are nobody's, and there is no room for more of those.
    pub not_kept: u64,
    /// Accounts of nobody's that have no room left since now.
    pub full: Vec<Account>,
    /// Sellers with something new and pending.
    pub wake: Vec<SellerId>,
    /// What was new: its place, and which of the arrivals it is.
    pub stored: Vec<(EventSeq, usize)>,
}

/// Stores all of it, or nothing, flushed; counts it in `intake` in the same commit.
pub async fn append(pen: &Pen, events: &[Routed], now: DateTime<Utc>) -> Result<Appended, StoreError> {
    let (appended, committed) = append_unflushed(pen, events, Terms::default(), now).await?;
    committed.flush().await?;
    Ok(appended)
}

/// What arrivals are stored with.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// So much room is there for what is nobody's. What there is no room for is counted as ledgered and pruned.
    pub room: Room,
    /// What one of the events told of the whole app: neither is stored without the other.
    pub app_hold: Option<&'a Hold>,
}

impl Default for Terms<'_> {
    fn default() -> Self {
        Self { room: Room::ENDLESS, app_hold: None }
    }
}

/// As [`append`], on these terms, and without the flush: that is left to whoever answers for these events.
pub async fn append_unflushed(
    pen: &Pen,
    events: &[Routed],
    terms: Terms<'_>,
    now: DateTime<Utc>,
) -> Result<(Appended, Committed), StoreError> {
    let rows = Ready::new(events.iter().map(|routed| arrival_row(routed, now)).collect());
    let tx = pen.write(Writer::Journal, Sync::Flushed).await?;
    let fresh = insert_new(&tx, events, rows).await?;
    let nobodys: Vec<Newcomer<'_>> = fresh.iter().filter_map(|fresh| fresh.nobodys(events)).collect();
    let surplus = unknown::make_room(&tx, &nobodys, terms.room, now).await?;
    count(&tx, events, &fresh, &surplus, now).await?;
    if let Some(hold) = terms.app_hold {
        app_hold::put(&tx, hold).await?;
    }
    let committed = failpoint::around("journal.append", tx.commit_unflushed()).await?;
    Ok((appended(events, &fresh, surplus), committed))
}

fn appended(events: &[Routed], fresh: &[Fresh], surplus: Surplus) -> Appended {
    let wake: BTreeSet<SellerId> = fresh.iter().filter_map(|fresh| events[fresh.event].seller).collect();
    let kept = fresh.iter().filter(|fresh| !surplus.events.contains(&fresh.seq));
    let stored: Vec<_> = kept.map(|fresh| (fresh.seq, fresh.event)).collect();
    Appended {
        new: stored.len() as u64,
        duplicate: (events.len() - fresh.len()) as u64,
        not_kept: surplus.events.len() as u64,
        full: surplus.full,
        wake: wake.into_iter().collect(),
        stored,
    }
}

/// What the inbox did not have yet.
struct Fresh {
    seq: EventSeq,
    /// Which of the events.
    event: usize,
}

impl Fresh {
    fn nobodys<'a>(&self, events: &'a [Routed]) -> Option<Newcomer<'a>> {
        let Routed { arrival, seller } = &events[self.event];
        let is_nobodys = arrival.source == Source::Meta && seller.is_none();
        is_nobodys.then_some(Newcomer { seq: self.seq, account: arrival.account.as_str() })
    }
}

/// The same key twice in one statement is found as any other duplicate is.
async fn insert_new(
    tx: &Writing,
    events: &[Routed],
    rows: Ready<inbox_event::Entity>,
) -> Result<Vec<Fresh>, StoreError> {
    let seqs = insert::numbered(tx, rows, Known::Kept("account, key"), inbox_event::Column::Seq).await?;
    if seqs.len() < events.len() {
        return known_by_key(tx, events, &seqs).await;
    }
    // Places are given in the order of the rows.
    Ok(seqs.into_iter().enumerate().map(|(event, seq)| Fresh { seq: EventSeq(seq), event }).collect())
}

/// Which events these places were given to.
async fn known_by_key(tx: &Writing, events: &[Routed], seqs: &[i64]) -> Result<Vec<Fresh>, StoreError> {
    let mut by_key: HashMap<(&str, &str), usize> = HashMap::new();
    for (event, routed) in events.iter().enumerate() {
        by_key.entry((routed.arrival.account.as_str(), routed.arrival.key.as_str())).or_insert(event);
    }
    let mut fresh = Vec::with_capacity(seqs.len());
    for chunk in seqs.chunks(tx.rows_at_once(1)) {
        use inbox_event::Column::{Account, Key, Seq};
        let these = inbox_event::Entity::find().select_only().columns([Seq, Account, Key]);
        let these = these.filter(Seq.is_in(chunk.iter().copied())).order_by_asc(Seq).into_query();
        for row in tx.query(&these).await? {
            let (seq, account, key): (i64, String, String) =
                (row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?);
            let event = by_key.get(&(account.as_str(), key.as_str())).copied();
            let unasked = || StoreError::Unreadable { what: "inbox_event", why: format!("nobody stored event {seq}") };
            fresh.push(Fresh { seq: EventSeq(seq), event: event.ok_or_else(unasked)? });
        }
    }
    Ok(fresh)
}

/// Adds what came from Meta, how much of it was known and how much is not kept, to the hour's intake.
async fn count(
    tx: &Writing,
    events: &[Routed],
    fresh: &[Fresh],
    surplus: &Surplus,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let hour = intake::hour_of(ms(now));
    let mut counted = Counted::new();
    for routed in events.iter().filter(|routed| routed.arrival.source == Source::Meta) {
        let counts = counted.entry((routed.arrival.account.as_str(), hour)).or_default();
        (counts.received, counts.duplicate) = (counts.received + 1, counts.duplicate + 1);
    }
    for fresh in fresh {
        let Arrival { account, source: Source::Meta, .. } = &events[fresh.event].arrival else { continue };
        let counts = counted.entry((account.as_str(), hour)).or_default();
        counts.duplicate -= 1;
        if surplus.events.contains(&fresh.seq) {
            (counts.pruned_ledgered, counts.not_kept) = (counts.pruned_ledgered + 1, counts.not_kept + 1);
        }
    }
    intake::add(tx, &counted).await
}

/// A seller's oldest pending events, in Meta's time, then in order of arrival.
pub async fn pending(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    limit: u64,
) -> Result<Vec<StoredEvent>, StoreError> {
    let mut rows = inbox_event::Entity::of_seller(seller)
        .filter(PENDING.expr())
        .order_by_asc(inbox_event::Column::HappenedAt)
        .order_by_asc(inbox_event::Column::Seq)
        .limit(super::at_most(limit))
        .all(reads)
        .await?;
    if failpoint::lags() {
        rows.extend(decided_last(reads, seller).await?);
    }
    rows.into_iter().map(stored_event).collect()
}

/// What a reading that lags behind shows as pending still.
async fn decided_last(
    reads: &impl ConnectionTrait,
    seller: SellerId,
) -> Result<Option<inbox_event::Model>, StoreError> {
    let decided = inbox_event::Entity::of_seller(seller).filter(inbox_event::Column::DecidedAt.is_not_null());
    let last = decided.order_by_desc(inbox_event::Column::DecidedAt).order_by_desc(inbox_event::Column::Seq);
    Ok(last.one(reads).await?)
}

/// The keys of all of a seller's pending events from one source.
pub async fn pending_keys(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    source: Source,
) -> Result<Vec<String>, StoreError> {
    let keys = inbox_event::Entity::of_seller(seller)
        .select_only()
        .column(inbox_event::Column::Key)
        .filter(PENDING.expr())
        .filter(inbox_event::Column::Source.eq(source.name()))
        .into_tuple()
        .all(reads)
        .await?;
    Ok(keys)
}

/// Sellers whose catalog sync moves and waits for no alarm, or has a call on the wire.
const SYNCING: &str = "SELECT seller_id FROM sync_run WHERE ended_at IS NULL AND status IN ('planned', 'running') \
    AND NOT EXISTS (SELECT 1 FROM alarm WHERE alarm.seller_id = sync_run.seller_id AND alarm.kind = 'sync') \
    UNION SELECT seller_id FROM sync_call WHERE ended_at IS NULL AND state IN ('claimed', 'asked')";

/// Sellers with pending events, open owed calls or a sync that moves: whoever might have missed a wake-up.
pub async fn sellers_with_work(reads: &impl ConnectionTrait) -> Result<Vec<SellerId>, StoreError> {
    let owing = outbox::Entity::find()
        .select_only()
        .column(outbox::Column::SellerId)
        .filter(OPEN.expr())
        .distinct()
        .into_query();
    let mut statement = inbox_event::Entity::find()
        .select_only()
        .column(inbox_event::Column::SellerId)
        .filter(PENDING.expr())
        .distinct()
        .into_query();
    statement.union(UnionType::Distinct, owing);
    let mut rows = reads.query_all(&statement).await?;
    rows.extend(reads.query_all_raw(Statement::from_string(reads.get_database_backend(), SYNCING)).await?);
    rows.iter().map(|row| Ok(SellerId(row.try_get_by_index(0)?))).collect()
}

/// Tells a seller of something that no row of its shop tells, in the transaction that made it happen: neither is there
/// without the other. It is nobody's business before that is committed; wake the seller then.
pub async fn announce(
    tx: &OfficeTx,
    seller: SellerId,
    (kind, subject): (ShopEventKind, i64),
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    announce_in(tx.writing(), seller, (kind, subject), now).await
}

/// Gives a seller a command in the transaction that makes it necessary. Wake the seller once that is committed.
pub async fn command(
    tx: &OfficeTx,
    seller: SellerId,
    (key, commanded): (&str, &Commanded),
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let arrival = Arrival {
        account: Account::of_seller(seller),
        key: key.to_owned(),
        source: Source::Command,
        kind: "command".to_owned(),
        customer: None,
        happened_at: now,
        raw: super::rows::json(commanded).into_bytes(),
        ledgered: None,
    };
    let row = arrival_row(&Routed { arrival, seller: Some(seller) }, now);
    insert::rows::<inbox_event::Entity>(tx.writing(), vec![row], Known::Refused).await
}

pub(super) async fn announce_in(
    tx: &Writing,
    seller: SellerId,
    (kind, subject): (ShopEventKind, i64),
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let arrival = Arrival {
        account: Account::of_seller(seller),
        key: format!("{}:{subject}:{:016x}", kind.name(), rand::random::<u64>()),
        source: Source::Office,
        kind: kind.name().to_owned(),
        customer: None,
        happened_at: now,
        raw: subject.to_string().into_bytes(),
        ledgered: None,
    };
    let row = arrival_row(&Routed { arrival, seller: Some(seller) }, now);
    insert::rows::<inbox_event::Entity>(tx, vec![row], Known::Refused).await
}

/// Counts one more attempt at an event before it is taken in hand, and says the count.
pub async fn count_attempt(tx: &FencedTx, event: EventSeq) -> Result<i32, StoreError> {
    let sql = "UPDATE inbox_event SET attempts = attempts + 1 \
               WHERE seq = $1 AND seller_id = $2 AND state = 'pending' RETURNING attempts";
    let rows = tx.writing().query_sql(sql, vec![event.0.into(), tx.seller().0.into()]).await?;
    match rows.first() {
        Some(row) => Ok(row.try_get_by_index(0)?),
        None => Err(StoreError::Decided),
    }
}

/// The highest place given so far; 0 for an empty inbox.
pub async fn last_seq(reads: &impl ConnectionTrait) -> Result<EventSeq, StoreError> {
    let newest = inbox_event::Entity::find()
        .select_only()
        .column(inbox_event::Column::Seq)
        .order_by_desc(inbox_event::Column::Seq)
        .into_tuple::<i64>()
        .one(reads)
        .await?;
    Ok(EventSeq(newest.unwrap_or(0)))
}

/// The kept answer to a command: none while it is not decided.
pub async fn answer(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    key: &str,
) -> Result<Option<serde_json::Value>, StoreError> {
    let found = inbox_event::Entity::of_seller(seller)
        .select_only()
        .column(inbox_event::Column::Answer)
        .filter(inbox_event::Column::Account.eq(Account::of_seller(seller).as_str()))
        .filter(inbox_event::Column::Key.eq(key))
        .into_tuple::<Option<String>>()
        .one(reads)
        .await?;
    found.flatten().map(|text| from_json("answer", &text)).transpose()
}

/// The bytes of a seller's own event with this key: none when it is not there.
pub async fn raw(reads: &impl ConnectionTrait, seller: SellerId, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let found = inbox_event::Entity::of_seller(seller)
        .select_only()
        .column(inbox_event::Column::Raw)
        .filter(inbox_event::Column::Account.eq(Account::of_seller(seller).as_str()))
        .filter(inbox_event::Column::Key.eq(key))
        .into_tuple::<Vec<u8>>()
        .one(reads)
        .await?;
    Ok(found)
}
