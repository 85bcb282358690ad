//! Putting ledgered events back to work, a chunk at a time: each chunk is taken over whole or not at all, and what was
//! put back is no candidate any more, so that whoever is interrupted just begins again.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};

use crate::domain::channel::Account;
use crate::domain::directory::Place;
use crate::domain::event::Source;
use crate::domain::ids::{EventSeq, SellerId};
use crate::store::intake::{self, Counted, hour_of};
use crate::store::pen::Writing;
use crate::store::rows::{ms, named};
use crate::store::{LEDGERED, OfficeTx, StoreError, at_most, unknown};

use super::find::FoundEvent;
use super::select::{Conditions, Selection};

/// A ledgered event that may be put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its place.
    pub seq: EventSeq,
    /// Whose account at Meta, as stored.
    pub account: Account,
    /// Unique within the account.
    pub key: String,
    /// Who told us.
    pub source: Source,
    /// Why it was ledgered, as stored.
    pub reason: String,
    /// Meta's time, in milliseconds: with the place, where to go on.
    pub happened_ms: i64,
    received_ms: i64,
    nobodys: bool,
}

/// What became of a chunk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PutBack {
    /// What waits for its seller now.
    pub pending: Vec<(EventSeq, SellerId)>,
    /// What turned out to be known already under the seller's own account.
    pub duplicate: Vec<EventSeq>,
}

/// How many events of a selection there are, of one reason and account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The reason, as stored.
    pub reason: String,
    /// The account.
    pub account: Account,
    /// Who told us.
    pub source: Source,
    /// How many.
    pub events: i64,
}

impl Candidate {
    /// An event that was found, as one that may be put back.
    pub fn of(found: &FoundEvent) -> Self {
        Self {
            seq: found.seq,
            account: found.account.clone(),
            key: found.key.clone(),
            source: found.source,
            reason: found.reason_code.clone().unwrap_or_default(),
            happened_ms: ms(found.happened_at),
            received_ms: ms(found.received_at),
            nobodys: found.seller.is_none(),
        }
    }
}

#[derive(FromQueryResult)]
struct Row {
    seq: i64,
    account: String,
    key: String,
    source: String,
    reason: String,
    happened_at: i64,
    received_at: i64,
    seller_id: Option<i64>,
}

/// Ledgered events of a selection in Meta's order, those after this time and place.
pub async fn candidates(
    reads: &impl ConnectionTrait,
    selection: Selection,
    after: Option<(i64, EventSeq)>,
    limit: u64,
) -> Result<Vec<Candidate>, StoreError> {
    let mut conditions = Conditions::default();
    conditions.add_bare(LEDGERED.0);
    // There is nothing left that could be put back.
    conditions.add_bare("reason <> 'erased'");
    if let Some((happened_ms, seq)) = after {
        let (time, place) = (conditions.place(happened_ms), conditions.place(seq.0));
        conditions.add_bare(&format!("(happened_at, seq) > ({time}, {place})"));
    }
    selection.into_conditions(&mut conditions);
    let sql = format!(
        "SELECT seq, account, key, source, reason, happened_at, received_at, seller_id FROM inbox_event \
         WHERE {} ORDER BY happened_at, seq LIMIT {}",
        conditions.sql(),
        at_most(limit)
    );
    let statement = Statement::from_sql_and_values(reads.get_database_backend(), sql, conditions.values);
    Row::find_by_statement(statement).all(reads).await?.into_iter().map(candidate).collect()
}

fn candidate(row: Row) -> Result<Candidate, StoreError> {
    Ok(Candidate {
        seq: EventSeq(row.seq),
        account: Account::stored(row.account),
        key: row.key,
        source: named("source", &row.source, Source::named)?,
        reason: row.reason,
        happened_ms: row.happened_at,
        received_ms: row.received_at,
        nobodys: row.seller_id.is_none(),
    })
}

/// How many ledgered events a selection has, by reason, account and source.
pub async fn waiting(reads: &impl ConnectionTrait, selection: Selection) -> Result<Vec<Waiting>, StoreError> {
    let mut conditions = Conditions::default();
    conditions.add_bare(LEDGERED.0);
    selection.into_conditions(&mut conditions);
    let sql = format!(
        "SELECT reason, account, source, COUNT(*) FROM inbox_event WHERE {} GROUP BY reason, account, source \
         ORDER BY reason, account, source",
        conditions.sql()
    );
    let statement = Statement::from_sql_and_values(reads.get_database_backend(), sql, conditions.values);
    let rows = reads.query_all_raw(statement).await?;
    let one = |row: &sea_orm::QueryResult| {
        Ok(Waiting {
            reason: row.try_get_by_index(0)?,
            account: Account::stored(row.try_get_by_index(1)?),
            source: named("source", &row.try_get_by_index::<String>(2)?, Source::named)?,
            events: row.try_get_by_index(3)?,
        })
    };
    rows.iter().map(one).collect()
}

/// Puts events back, each to its home: pending, as if it had just come, with all its attempts before it. Whatever is
/// not in the ledger any more is left alone, and so is what Meta did not tell.
pub async fn put_back(tx: &OfficeTx, chunk: &[(Candidate, Place)], now: DateTime<Utc>) -> Result<PutBack, StoreError> {
    let tx = tx.writing();
    let known = known_at_home(tx, chunk).await?;
    let (mut done, mut left, mut counted) = (PutBack::default(), BTreeMap::new(), Counted::new());
    // A row that a seller had in hand since it was read is not nobody's any more, and was counted when it ceased to be.
    for nobodys in [true, false] {
        let these = || chunk.iter().filter(move |(candidate, _)| candidate.nobodys == nobodys);
        let (again, anew): (Vec<_>, Vec<_>) = these().partition(|(candidate, _)| known.contains(&candidate.seq));
        let anew_done = to_pending(tx, &anew, nobodys).await?;
        let again_done = to_duplicate(tx, &again, nobodys, now).await?;
        for (candidate, home) in anew.into_iter().filter(|(candidate, _)| anew_done.contains(&candidate.seq)) {
            move_count(&mut counted, candidate, home);
            done.pending.push((candidate.seq, home.seller));
        }
        done.duplicate.extend(again_done.iter().copied());
        let gone = these().filter(|(candidate, _)| nobodys && is_done(candidate, &anew_done, &again_done));
        for (candidate, _) in gone {
            *left.entry(candidate.account.as_str()).or_default() -= 1;
        }
    }
    unknown::add(tx, &left, now).await?;
    unknown::found_home(tx, left.keys().copied()).await?;
    intake::add(tx, &counted).await?;
    Ok(done)
}

fn is_done(candidate: &Candidate, anew: &HashSet<EventSeq>, again: &HashSet<EventSeq>) -> bool {
    anew.contains(&candidate.seq) || again.contains(&candidate.seq)
}

/// An event that changes its account is counted where it goes, so that the equation holds for either account.
fn move_count<'a>(counted: &mut Counted<'a>, candidate: &'a Candidate, home: &'a Place) {
    if candidate.account != home.account {
        let hour = hour_of(candidate.received_ms);
        counted.entry((candidate.account.as_str(), hour)).or_default().received -= 1;
        counted.entry((home.account.as_str(), hour)).or_default().received += 1;
    }
}

/// Of those that change their account: what is there under the same key already, and what comes twice in the chunk.
async fn known_at_home(tx: &Writing, chunk: &[(Candidate, Place)]) -> Result<HashSet<EventSeq>, StoreError> {
    let mut moving: BTreeMap<&str, HashMap<&str, Vec<EventSeq>>> = BTreeMap::new();
    for (candidate, home) in chunk.iter().filter(|(candidate, home)| candidate.account != home.account) {
        let keys = moving.entry(home.account.as_str()).or_default();
        keys.entry(candidate.key.as_str()).or_default().push(candidate.seq);
    }
    let mut known = HashSet::new();
    // As many statements as accounts with two names are put back at once: hardly ever more than one.
    for (account, keys) in &moving {
        let values: Vec<Value> = [*account].into_iter().chain(keys.keys().copied()).map(Value::from).collect();
        let sql = format!("SELECT key FROM inbox_event WHERE account = $1 AND key IN ({})", places(2, keys.len()));
        let there: Vec<String> =
            tx.query_sql(&sql, values).await?.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?;
        known.extend(keys.values().flat_map(|events| events.iter().skip(1)).copied());
        known.extend(there.iter().filter_map(|key| keys.get(key.as_str())).flatten().copied());
    }
    Ok(known)
}

async fn to_pending(
    tx: &Writing,
    events: &[&(Candidate, Place)],
    nobodys: bool,
) -> Result<HashSet<EventSeq>, StoreError> {
    let row = |(candidate, home): &&(Candidate, Place)| {
        [candidate.seq.0.into(), home.seller.0.into(), home.account.as_str().into()] as [Value; 3]
    };
    let rows: Vec<String> = (0..events.len()).map(|n| format!("({})", places(1 + 3 * n, 3))).collect();
    let sql = format!(
        "UPDATE inbox_event SET state = 'pending', reason = NULL, decided_at = NULL, attempts = 0, answer = NULL, \
         seller_id = o.column2, account = o.column3 FROM (VALUES {}) AS o \
         WHERE inbox_event.seq = o.column1 AND {} RETURNING seq",
        rows.join(", "),
        guard(nobodys)
    );
    changed(tx, events.is_empty(), &sql, events.iter().flat_map(row).collect()).await
}

async fn to_duplicate(
    tx: &Writing,
    events: &[&(Candidate, Place)],
    nobodys: bool,
    now: DateTime<Utc>,
) -> Result<HashSet<EventSeq>, StoreError> {
    let sql = format!(
        "UPDATE inbox_event SET state = 'duplicate', reason = NULL, decided_at = $1 WHERE seq IN ({}) AND {} \
         RETURNING seq",
        places(2, events.len()),
        guard(nobodys)
    );
    let seqs = events.iter().map(|(candidate, _)| candidate.seq.0);
    let values = [ms(now)].into_iter().chain(seqs).map(Value::from).collect();
    changed(tx, events.is_empty(), &sql, values).await
}

fn guard(nobodys: bool) -> String {
    let whose = if nobodys { "IS NULL" } else { "IS NOT NULL" };
    format!("inbox_event.state = 'ledgered' AND inbox_event.source = 'meta' AND inbox_event.seller_id {whose}")
}

async fn changed(tx: &Writing, none: bool, sql: &str, values: Vec<Value>) -> Result<HashSet<EventSeq>, StoreError> {
    if none {
        return Ok(HashSet::new());
    }
    let rows = tx.query_sql(sql, values).await?;
    rows.iter().map(|row| Ok(EventSeq(row.try_get_by_index(0)?))).collect()
}

/// `$3, $4, $5`
fn places(first: usize, count: usize) -> String {
    let places: Vec<String> = (first..first + count).map(|place| format!("${place}")).collect();
    places.join(", ")
}
