//! What is held of customers, handed over and erased; and what was signed for that.

use std::io;
use std::sync::Arc;

use actors::domain::access::Scope;
use actors::domain::channel::Account;
use actors::domain::command::Command;
use actors::domain::erasure::{Erased, ErasurePhase, KeepDays, Person};
use actors::domain::ids::{CustomerId, ErasureId};
use actors::store::erasures::{self, Preview, Standing};
use actors::store::{exports, office};
use chrono::{DateTime, Utc};
use futures::StreamExt;
use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use super::answers::{Json, Obeyed, Page, Pieces};
use super::ask::{Ask, MaybeBody, NoQuery, PageQuery, queries};
use super::commands::command;
use super::endpoint::{get, post};
use super::{Api, gate, words};
use crate::dossier;
use crate::vault::Marks;
use crate::web::problem::Problem;
use crate::web::route::Route;

pub(super) fn routes(api: &Arc<Api>) -> Vec<Route> {
    let forget =
        "Erases a customer: all that was said and is known; orders stay, without the person. It is not taken back";
    let retention = "/api/v1/sellers/{seller}/retention";
    let run = "Erases all customers who have said nothing for keep_days, without waiting for the day's time";
    vec![
        post("/api/v1/sellers/{seller}/customers/{customer}/forget", "forget_customer", forget)
            .scope(Scope::PrivacyWrite)
            .by(api, forget_customer),
        get("/api/v1/sellers/{seller}/erasures", "list_erasures", "Lists who was erased, without saying who it was")
            .scope(Scope::PrivacyRead)
            .by(api, list),
        get("/api/v1/sellers/{seller}/erasures/{erasure}", "show_erasure", "Shows an erasure, with its signed receipt")
            .scope(Scope::PrivacyRead)
            .by(api, show),
        get(
            "/api/v1/sellers/{seller}/customers/{customer}/export",
            "export_customer",
            "Sends all that is held of a customer, as one JSON document",
        )
        .scope(Scope::PrivacyRead)
        .by(api, export_customer),
        get(retention, "show_retention", "Says what would be erased now because it is too old; erases nothing")
            .scope(Scope::PrivacyRead)
            .by(api, show_retention),
        post("/api/v1/sellers/{seller}/retention/run", "run_retention", run)
            .scope(Scope::PrivacyWrite)
            .fails(&[409])
            .by(api, run_retention),
    ]
}

/// Nothing needs to be said.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ForgetCustomer {}

/// An erasure that has begun.
#[derive(Serialize, JsonSchema)]
pub(super) struct ErasureBegun {
    /// Which; none: the customer was erased before.
    erasure: Option<ErasureId>,
    already: bool,
}

async fn forget_customer(
    api: Arc<Api>,
    ask: Ask<NoQuery, MaybeBody<ForgetCustomer>>,
) -> Result<Obeyed<ErasureBegun>, Problem> {
    let person = Person::Customer(CustomerId(ask.id("customer")?));
    command(&api, &ask, Command::Forget { person, request: None }).await
}

/// What is too old to be kept.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Aged")]
struct AgedOut {
    /// After so many days.
    days: KeepDays,
    /// What was said up to then.
    before: DateTime<Utc>,
}

/// An erasure, and how far it is.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Erasure")]
struct ErasureOut {
    id: ErasureId,
    /// The customer it was, if it was one.
    customer: Option<CustomerId>,
    /// Where it is of all customers who have said nothing for too long.
    aged: Option<AgedOut>,
    account: Account,
    asked_at: DateTime<Utc>,
    /// Who asked for it; none: the service by itself, as it was that old.
    asked_by: Option<String>,
    /// What is done next; `done`: it is over.
    #[schemars(with = "words::ErasurePhase")]
    phase: &'static str,
    done_at: Option<DateTime<Utc>>,
    /// How much was erased so far.
    erased: Erased,
    /// What was done, once it is: what was erased, what is kept, what could not be reached.
    receipt: Option<Value>,
    /// The very text of the receipt that was signed.
    signed: Option<String>,
    signature: Option<String>,
    /// Whether the signature is this service's, and the receipt as it was.
    verified: Option<bool>,
}

impl ErasureOut {
    fn of(standing: Standing, marks: &Marks) -> Self {
        let Standing { erasure, phase, erased, done_at, receipt, .. } = standing;
        let verified = receipt.as_ref().map(|receipt| marks.has_signed(&receipt.text, &receipt.signature));
        Self {
            id: erasure.id,
            customer: erasure.customer(),
            aged: erasure.aged.map(|aged| AgedOut { days: aged.days, before: aged.before }),
            account: erasure.account,
            asked_at: erasure.asked_at,
            asked_by: erasure.asked_by,
            phase: ErasurePhase::name(phase),
            done_at,
            erased,
            receipt: receipt.as_ref().and_then(|receipt| serde_json::from_str(&receipt.text).ok()),
            signature: receipt.as_ref().map(|receipt| receipt.signature.clone()),
            signed: receipt.map(|receipt| receipt.text),
            verified,
        }
    }
}

async fn list(api: Arc<Api>, ask: Ask<PageQuery>) -> Result<Json<Page<ErasureOut>>, Problem> {
    let page = ask.query.page();
    let found = erasures::page(api.store.reads(), ask.seller()?, page).await.map_err(gate::failed)?;
    let found: Vec<ErasureOut> = found.into_iter().map(|standing| ErasureOut::of(standing, &api.marks)).collect();
    Ok(Json(Page::of(found, page, |erasure| erasure.id.0)))
}

async fn show(api: Arc<Api>, ask: Ask) -> Result<Json<ErasureOut>, Problem> {
    let (seller, id) = (ask.seller()?, ErasureId(ask.id("erasure")?));
    let found = erasures::one(api.store.reads(), seller, id).await.map_err(gate::failed)?;
    let found = found.ok_or_else(|| Problem::not_found().detail(format!("seller {seller} has no erasure {id}")))?;
    Ok(Json(ErasureOut::of(found, &api.marks)))
}

/// All that is held of one customer. The use of the key is on disk before the first word leaves.
async fn export_customer(api: Arc<Api>, ask: Ask) -> Result<Pieces, Problem> {
    let (seller, id) = (ask.seller()?, CustomerId(ask.id("customer")?));
    let place = api.lasting.enter(&ask.caller)?;
    let subject = exports::subject(api.store.reads(), seller, id).await.map_err(gate::failed)?;
    let subject =
        subject.ok_or_else(|| Problem::not_found().detail(format!("seller {seller} has no customer {id}")))?;
    let (now, detail) = (api.clock.now(), json!({ "customer": id }));
    let noted = api.office.note(&ask.caller, (Some(seller), "customer.exported"), detail, now).await;
    noted.map_err(gate::not_done)?;
    let pieces = dossier::of(&api.store, subject, now).map(move |piece| {
        let _held = &place;
        piece.map_err(io::Error::other)
    });
    let [_, media, _] = Pieces::MEDIA;
    Ok(Pieces { media, pieces: pieces.boxed() })
}

/// Another age to try.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RetentionQuery {
    /// As if so many days were kept; as the shop's settings say unless said.
    days: Option<KeepDaysText>,
}

queries!(RetentionQuery);

/// A number of days, as a query has it.
#[derive(Clone, Copy, Debug, JsonSchema)]
#[schemars(transparent)]
struct KeepDaysText(KeepDays);

impl<'de> Deserialize<'de> for KeepDaysText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let days = text.parse::<u16>().map_err(|_| D::Error::custom("it is a number of days"))?;
        KeepDays::try_from(days).map(Self).map_err(D::Error::custom)
    }
}

/// What would be erased now.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Retention")]
struct RetentionOut {
    /// As the shop's settings have it; none: everybody is remembered for ever.
    keep_days: Option<KeepDays>,
    /// What this is about; none: nothing is too old.
    aged: Option<AgedOut>,
    /// What would be erased.
    would_erase: Preview,
}

async fn show_retention(api: Arc<Api>, ask: Ask<RetentionQuery>) -> Result<Json<RetentionOut>, Problem> {
    let seller = ask.seller()?;
    let settings = office::settings_of(api.store.reads(), seller).await.map_err(gate::failed)?;
    let keep_days = settings.ok_or_else(Problem::not_found)?.settings.keep_days;
    let Some(days) = ask.query.days.map(|days| days.0).or(keep_days) else {
        return Ok(Json(RetentionOut { keep_days, aged: None, would_erase: Preview::default() }));
    };
    // It looks through all of the shop.
    let _place = api.lasting.enter(&ask.caller)?;
    let before = days.before(api.clock.now());
    let would_erase = erasures::preview(api.store.reads(), seller, before).await.map_err(gate::failed)?;
    Ok(Json(RetentionOut { keep_days, aged: Some(AgedOut { days, before }), would_erase }))
}

/// Nothing needs to be said.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RunRetention {}

/// An erasure for age that has begun.
#[derive(Serialize, JsonSchema)]
pub(super) struct RetentionBegun {
    /// Which.
    erasure: ErasureId,
    /// True: it was under way already.
    already: bool,
}

async fn run_retention(
    api: Arc<Api>,
    ask: Ask<NoQuery, MaybeBody<RunRetention>>,
) -> Result<Obeyed<RetentionBegun>, Problem> {
    command(&api, &ask, Command::EraseAged).await
}
