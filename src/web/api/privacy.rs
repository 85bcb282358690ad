//! Customers who are erased, and what was signed for it.

use std::sync::Arc;

use actors::domain::access::Scope;
use actors::domain::channel::Account;
use actors::domain::command::Command;
use actors::domain::erasure::{Erased, ErasurePhase, Person};
use actors::domain::ids::{CustomerId, ErasureId};
use actors::store::erasures::{self, Standing};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answers::{Json, Obeyed, Page};
use super::ask::{Ask, MaybeBody, NoQuery, PageQuery};
use super::commands::command;
use super::endpoint::{get, post};
use super::{Api, gate, words};
use crate::vault::Marks;
use crate::web::problem::Problem;
use crate::web::route::Route;

pub(super) fn routes(api: &Arc<Api>) -> Vec<Route> {
    let forget =
        "Erases a customer: all that was said and is known; orders stay, without the person. It is not taken back";
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

/// An erasure, and how far it is.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Erasure")]
struct ErasureOut {
    id: ErasureId,
    /// The customer it was, if it was one.
    customer: Option<CustomerId>,
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
            customer: erasure.customer,
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
