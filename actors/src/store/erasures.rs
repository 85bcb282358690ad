//! Persons who are erased: what begins, what is read of it, and where each stands. The erasing itself is done in pieces.

mod aged;
mod events;
mod names;
mod pieces;
mod preview;

use chrono::{DateTime, TimeDelta, Utc};
use entity::erasure;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::domain::alarm::{Alarm, AlarmKey, AlarmKind};
use crate::domain::channel::Account;
use crate::domain::erasure::{Aged, AgedPlace, Erased, Erasure, ErasurePhase, KeepDays, Keyed, OUT_OF_REACH, Whom};
use crate::domain::ids::{ConversationId, CustomerId, ErasureId, EventSeq, SellerId};

use super::insert::{self, Known};
use super::office::audit;
use super::pen::Files;
use super::rows::{self, OfSeller, from_json, json, maybe_time, ms, named, time};
use super::views::Page;
use super::{FencedTx, StoreError, at_most};

pub use aged::{AgedFound, look};
pub(super) use events::{Named, Own, are_of_seller};
pub(super) use names::Names;
pub(super) use pieces::places;
pub use preview::{OfKind, Preview, preview};

/// After the last piece, what was on its way into the database is waited for so long: more than storing may take.
const STRAGGLERS: TimeDelta = TimeDelta::seconds(60);
/// From one erasure for age to the next.
const A_DAY: TimeDelta = TimeDelta::days(1);
/// Between two tries at the database's files, when somebody reads them.
const FILES_AGAIN: TimeDelta = TimeDelta::seconds(5);

/// An erasure, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What it is about. Once all rows are done, it does not say any more by which ids the person went.
    pub erasure: Erasure,
    /// What the person is known by from then on.
    pub masks: Vec<String>,
    /// Which part is next.
    pub phase: ErasurePhase,
    /// How much was erased so far.
    pub erased: Erased,
    /// When it was over.
    pub done_at: Option<DateTime<Utc>>,
    /// What was done, signed.
    pub receipt: Option<Receipt>,
}

/// What was done, as it was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The very text that was signed: JSON.
    pub text: String,
    /// Its signature.
    pub signature: String,
}

/// What came of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stepped {
    /// Of which erasure.
    pub id: ErasureId,
    /// When the next piece is to be done; none: it is over.
    pub next: Option<DateTime<Utc>>,
    /// Whether the files are to be cleaned before that.
    pub wants_files: bool,
}

/// Notes erasures that begin, and those for age that go on with other persons.
pub async fn begin(tx: &FencedTx, erasures: &[Erasure], keyed: &dyn Keyed) -> Result<(), StoreError> {
    let mut begun = Vec::new();
    for erasure in erasures {
        if erasure.aged.is_none() || !aged::go_on(tx, erasure).await? {
            begun.push(erasure::ActiveModel::from(row_of(tx.seller(), erasure, keyed)));
        }
    }
    insert::rows::<erasure::Entity>(tx.writing(), begun, Known::Refused).await
}

fn row_of(seller: SellerId, erasure: &Erasure, keyed: &dyn Keyed) -> erasure::Model {
    // Whoever is erased for age has said nothing for longer than Meta tries to deliver: they need no mask.
    let masks: Vec<String> = if erasure.aged.is_some() { Vec::new() } else { masks(erasure, keyed) };
    let (customers, aged) = (erasure.whom.len() as u64, erasure.aged.as_ref());
    let (one, next) = (erasure.whom.first().filter(|_| aged.is_none()), aged.and_then(|aged| aged.next.as_ref()));
    erasure::Model {
        seller_id: seller.0,
        id: erasure.id.0,
        customer_id: one.map(|whom| whom.customer.0),
        conversation_id: one.map(|whom| whom.conversation.0),
        account: erasure.account.to_string(),
        meta_ids: json(&erasure.meta_ids),
        masks: json(&masks),
        through_seq: erasure.through.0,
        asked_at: ms(erasure.asked_at),
        asked_by: erasure.asked_by.clone(),
        request: erasure.request.clone(),
        phase: erasure.first_phase().name().to_owned(),
        place: String::new(),
        counts: json(&Erased { customers, ..Erased::default() }),
        done_at: None,
        receipt: None,
        persons: aged.map(|_| json(&erasure.whom)),
        keep_days: aged.map(|aged| aged.days.days().into()),
        before_at: aged.map(|aged| ms(aged.before)),
        next_account: next.map(|next| next.account.to_string()),
        next_after: next.map(|next| next.after.0),
    }
}

/// What the person is known by afterwards.
pub fn masks(erasure: &Erasure, keyed: &dyn Keyed) -> Vec<String> {
    erasure.meta_ids.iter().map(|id| keyed.mask(&[erasure.account.as_str(), id])).collect()
}

/// Does the next piece of an erasure, in the transaction of a turn.
pub async fn step(
    tx: &FencedTx,
    (id, files): (ErasureId, Files),
    keyed: &dyn Keyed,
    now: DateTime<Utc>,
) -> Result<Stepped, StoreError> {
    let over = Stepped { id, next: None, wants_files: false };
    let Some((standing, place)) = taken(tx, id).await? else { return Ok(over) };
    let Standing { erasure, masks, phase, mut erased, .. } = standing;
    let (next_phase, next_place, next) = match phase {
        ErasurePhase::Done => return Ok(over),
        ErasurePhase::Persons => (phase, place, now),
        ErasurePhase::Files => match files {
            Files::Clean { rebuilt } => {
                finish(tx, (&erasure, &masks), (erased, rebuilt), keyed, now).await?;
                return Ok(over);
            }
            Files::Untouched => (phase, place, now + FILES_AGAIN),
        },
        ErasurePhase::Stragglers if place.is_empty() => (phase, WAITED.to_owned(), now + STRAGGLERS),
        phase => {
            let (more, place) = piece(tx, &erasure, (phase, &place), keyed, now).await?;
            erased += more;
            match place {
                Some(place) => (phase, place, now),
                None => (erasure.phase_after(phase), String::new(), now),
            }
        }
    };
    if next_phase == ErasurePhase::Files && erasure.aged.is_some() && erased == Erased::default() {
        // A day on which nobody was old enough: the files hold nothing that is to go.
        finish(tx, (&erasure, &masks), (erased, false), keyed, now).await?;
        return Ok(over);
    }
    // The ids go before the files are cleaned, or these would hold them still.
    let sql = "UPDATE erasure SET phase = $3, place = $4, counts = $5, \
               meta_ids = CASE WHEN $3 IN ('persons', 'aged', 'files') THEN '[]' ELSE meta_ids END WHERE seller_id = $1 AND id = $2";
    let values =
        vec![tx.seller().0.into(), id.0.into(), next_phase.name().into(), next_place.into(), json(&erased).into()];
    tx.writing().execute_sql(sql, values).await?;
    let wants_files = next_phase == ErasurePhase::Files;
    // At once, once it was asked for: the next piece is the one that finds the files clean.
    let next = if wants_files && phase != ErasurePhase::Files { now } else { next };
    match next_phase {
        // Whom to erase next is decided by the shop.
        ErasurePhase::Persons => set_alarm(tx, (AlarmKind::Retain, 0), next).await?,
        _ => set_alarm(tx, (AlarmKind::Erase, id.0), next).await?,
    }
    Ok(Stepped { id, next: Some(next), wants_files })
}

/// The place of stragglers that were waited for; keys of events follow.
const WAITED: &str = "from:";

async fn piece(
    tx: &FencedTx,
    erasure: &Erasure,
    (phase, place): (ErasurePhase, &str),
    keyed: &dyn Keyed,
    now: DateTime<Utc>,
) -> Result<(Erased, Option<String>), StoreError> {
    match phase {
        ErasurePhase::Messages => pieces::messages(tx, erasure).await,
        ErasurePhase::Orders => pieces::orders(tx, erasure, place).await,
        ErasurePhase::Details => pieces::details(tx, erasure).await,
        ErasurePhase::Comments => pieces::comments(tx, erasure, place).await,
        ErasurePhase::Outbox => pieces::outbox(tx, erasure, place).await,
        ErasurePhase::Events => events::of_meta(tx, erasure, place, (keyed, now)).await,
        ErasurePhase::Commands => events::of_the_shop(tx, erasure, place).await,
        ErasurePhase::Stragglers => {
            let from = place.strip_prefix(WAITED).unwrap_or_default();
            let (erased, place) = events::of_meta(tx, erasure, from, (keyed, now)).await?;
            Ok((erased, place.map(|place| format!("{WAITED}{place}"))))
        }
        ErasurePhase::Aged => pieces::aged(tx, erasure, place).await,
        ErasurePhase::Persons | ErasurePhase::Files | ErasurePhase::Done => Ok((Erased::default(), None)),
    }
}

async fn set_alarm(tx: &FencedTx, (kind, subject): (AlarmKind, i64), due: DateTime<Utc>) -> Result<(), StoreError> {
    let key = AlarmKey { kind, subject };
    let row = rows::alarm_row(tx.seller(), &Alarm { key, due });
    insert::rows::<entity::alarm::Entity>(tx.writing(), vec![row.into()], Known::Replaced).await
}

/// Nothing is left that says who it was but what nobody can turn back.
async fn finish(
    tx: &FencedTx,
    (erasure, masks): (&Erasure, &[String]),
    (erased, rebuilt): (Erased, bool),
    keyed: &dyn Keyed,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let text = json!({
        "receipt": 1,
        "seller": tx.seller(),
        "erasure": erasure.id,
        "customer": erasure.customer(),
        "persons": masks,
        "asked_at": erasure.asked_at,
        "asked_by": erasure.asked_by,
        "request": erasure.request,
        "aged": erasure.aged.as_ref().map(|aged| json!({ "days": aged.days, "before": aged.before })),
        "done_at": now,
        "erased": erased,
        "kept": "Orders, with what was ordered, prices and times, and without whom they were for.",
        "database_rebuilt": rebuilt,
        "out_of_reach": OUT_OF_REACH,
    })
    .to_string();
    let receipt = Receipt { signature: keyed.sign(&text), text };
    let sql = "UPDATE erasure SET phase = 'done', place = '', done_at = $3, receipt = $4 \
               WHERE seller_id = $1 AND id = $2";
    let values = vec![tx.seller().0.into(), erasure.id.0.into(), ms(now).into(), json(&receipt).into()];
    tx.writing().execute_sql(sql, values).await?;
    if let Some(aged) = &erasure.aged {
        if erasure.asked_by.is_none() && erased != Erased::default() {
            // Whoever asks for something is noted by the front office; here nobody did.
            let detail = json!({ "erasure": erasure.id, "days": aged.days, "customers": erased.customers });
            audit::note_of_the_service(tx, ("retention.done", detail), now).await?;
        }
        set_alarm(tx, (AlarmKind::Retain, 0), erasure.asked_at + A_DAY).await?;
    }
    Ok(())
}

/// One as this transaction sees it, with its place.
async fn taken(tx: &FencedTx, id: ErasureId) -> Result<Option<(Standing, String)>, StoreError> {
    let this = erasure::Entity::of_seller(tx.seller()).filter(erasure::Column::Id.eq(id.0));
    let rows = tx.writing().query(&sea_orm::QueryTrait::into_query(this)).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let row = <erasure::Model as sea_orm::FromQueryResult>::from_query_result(row, "")?;
    let place = row.place.clone();
    Ok(Some((standing(row)?, place)))
}

fn standing(row: erasure::Model) -> Result<Standing, StoreError> {
    let (aged, whom) = (aged_of(&row)?, whom_of(&row)?);
    Ok(Standing {
        masks: from_json("masks of an erasure", &row.masks)?,
        phase: named("phase of an erasure", &row.phase, ErasurePhase::named)?,
        erased: from_json("counts of an erasure", &row.counts)?,
        done_at: maybe_time(row.done_at)?,
        receipt: row.receipt.map(|text| from_json("receipt", &text)).transpose()?,
        erasure: Erasure {
            id: ErasureId(row.id),
            whom,
            account: Account::stored(row.account),
            meta_ids: from_json("ids of an erasure", &row.meta_ids)?,
            through: EventSeq(row.through_seq),
            asked_at: time(row.asked_at)?,
            asked_by: row.asked_by,
            request: row.request,
            aged,
        },
    })
}

fn whom_of(row: &erasure::Model) -> Result<Vec<Whom>, StoreError> {
    match (&row.persons, row.customer_id, row.conversation_id) {
        (Some(persons), ..) => from_json("persons of an erasure", persons),
        (None, Some(customer), Some(conversation)) => {
            Ok(vec![Whom { customer: CustomerId(customer), conversation: ConversationId(conversation) }])
        }
        (None, ..) => Ok(Vec::new()),
    }
}

fn aged_of(row: &erasure::Model) -> Result<Option<Aged>, StoreError> {
    let (Some(days), Some(before)) = (row.keep_days, row.before_at) else { return Ok(None) };
    let days = u16::try_from(days).map_err(|error| error.to_string()).and_then(KeepDays::try_from);
    let days = days.map_err(|problem| rows::unreadable("days of an erasure", problem))?;
    let place = |account: &String| AgedPlace {
        account: Account::stored(account.clone()),
        after: ConversationId(row.next_after.unwrap_or_default()),
    };
    Ok(Some(Aged { days, before: time(before)?, next: row.next_account.as_ref().map(place), is_stopped: false }))
}

/// A seller's erasures that are under way.
pub async fn under_way(reads: &impl ConnectionTrait, seller: SellerId) -> Result<Vec<Erasure>, StoreError> {
    let rows = erasure::Entity::of_seller(seller).filter(erasure::Column::DoneAt.is_null()).all(reads).await?;
    rows.into_iter().map(|row| Ok(standing(row)?.erasure)).collect()
}

/// A seller's erasures, in order.
pub async fn page(reads: &impl ConnectionTrait, seller: SellerId, page: Page) -> Result<Vec<Standing>, StoreError> {
    let rows = erasure::Entity::of_seller(seller)
        .filter(erasure::Column::Id.gt(page.after))
        .order_by_asc(erasure::Column::Id)
        .limit(at_most(page.limit))
        .all(reads)
        .await?;
    rows.into_iter().map(standing).collect()
}

/// One of a seller's erasures.
pub async fn one(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    id: ErasureId,
) -> Result<Option<Standing>, StoreError> {
    let this = erasure::Entity::of_seller(seller).filter(erasure::Column::Id.eq(id.0));
    this.one(reads).await?.map(standing).transpose()
}

/// All erasures that one request of Meta's asked for.
pub async fn of_request(reads: &impl ConnectionTrait, code: &str) -> Result<Vec<Standing>, StoreError> {
    let rows = erasure::Entity::find().filter(erasure::Column::Request.eq(code)).all(reads).await?;
    rows.into_iter().map(standing).collect()
}

/// A person who was erased lately: what Meta sends again of them is known by this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// From whose shop; 0: from what was nobody's, and from whoever connects the account.
    pub seller: SellerId,
    /// On which account.
    pub account: Account,
    /// The person's ids, masked.
    pub masks: Vec<String>,
    /// Whatever happened up to then is not to be kept.
    pub asked_at: DateTime<Utc>,
}

/// Everybody who was erased since a time.
pub async fn since(reads: &impl ConnectionTrait, since: DateTime<Utc>) -> Result<Vec<Tombstone>, StoreError> {
    let sql = "SELECT account, masks, asked_at, seller_id FROM erasure WHERE asked_at >= $1 AND before_at IS NULL";
    let ask = Statement::from_sql_and_values(reads.get_database_backend(), sql, [ms(since).into()]);
    let rows = reads.query_all_raw(ask).await?;
    let read = |row: &sea_orm::QueryResult| {
        Ok(Tombstone {
            seller: SellerId(row.try_get_by_index(3)?),
            account: Account::stored(row.try_get_by_index(0)?),
            masks: from_json("masks of an erasure", &row.try_get_by_index::<String>(1)?)?,
            asked_at: time(row.try_get_by_index(2)?)?,
        })
    };
    rows.iter().map(read).collect()
}
