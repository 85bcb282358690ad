//! The operator's API: sellers, their accounts and products, and what became of their messages.
//!
//! A handler turns the request into values, makes one call, and turns the result into JSON.

mod call;
mod views;

use std::sync::Arc;

use actors::domain::channel::{Account, Channel};
use actors::domain::event::Command;
use actors::domain::ids::{ConversationId, SellerId};
use actors::domain::money::Currency;
use actors::domain::seller::{Language, Required, Settings};
use actors::sellers::{Asked, Sellers};
use actors::store::{Store, ledger, views as rows};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::{BodyLimits, BodyRoom};
use super::problem::Problem;
use super::route::Route;
use crate::office::{NewAccount, Office};
use crate::vault::Secret;

use call::{Call, answer};

/// What the API works with.
pub struct Api {
    /// What is read.
    pub store: Store,
    /// Sellers and their accounts.
    pub office: Office,
    /// The sellers' actors.
    pub sellers: Sellers,
    /// What the operator shows.
    pub operator_key: Secret,
    /// Room for bodies.
    pub room: BodyRoom,
    /// What a body may be.
    pub limits: BodyLimits,
}

/// Every route of the API.
pub fn routes(api: &Arc<Api>) -> Vec<Route> {
    let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
    vec![
        answer(api, post.clone(), "/api/v1/sellers", "Makes a seller", create_seller),
        answer(api, post.clone(), "/api/v1/sellers/{seller}/connections", "Connects an account at Meta", connect),
        answer(api, put, "/api/v1/sellers/{seller}/products", "Adds or replaces products", put_products),
        answer(api, get.clone(), "/api/v1/sellers/{seller}/orders", "Lists orders", orders),
        answer(api, get.clone(), "/api/v1/sellers/{seller}/conversations", "Lists conversations", conversations),
        answer(
            api,
            get.clone(),
            "/api/v1/sellers/{seller}/conversations/{conversation}/messages",
            "Lists the messages of a conversation",
            messages,
        ),
        answer(api, get.clone(), "/api/v1/sellers/{seller}/leads", "Lists leads", leads),
        answer(api, get.clone(), "/api/v1/sellers/{seller}/outbox", "Lists calls owed to Meta", outbox),
        answer(api, get.clone(), "/api/v1/sellers/{seller}/actor", "Says where a seller's actor stands", actor),
        answer(api, post, "/api/v1/sellers/{seller}/actor/{verb}", "Pauses, resumes, unloads an actor", tell_actor),
        answer(api, get, "/api/v1/ledger", "Shows that nothing is lost: received against what became of it", equation),
    ]
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSeller {
    name: String,
    currency: Currency,
    language: Option<Language>,
    required: Option<Required>,
}

async fn create_seller(api: Arc<Api>, call: Call) -> Result<Value, Problem> {
    let new: NewSeller = call.json()?;
    let mut settings = Settings::new(&new.name, new.currency);
    settings.language = new.language.unwrap_or(settings.language);
    settings.required = new.required.unwrap_or(settings.required);
    let seller = api.office.create_seller(&settings).await.map_err(call::failed)?;
    Ok(json!({ "id": seller }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewConnection {
    channel: Channel,
    account_id: String,
    username: String,
    token: String,
}

async fn connect(api: Arc<Api>, call: Call) -> Result<Value, Problem> {
    let seller = SellerId(call.id("seller")?);
    let new: NewConnection = call.json()?;
    let account = Account::new(new.channel, &new.account_id);
    let new = NewAccount { seller, account, username: new.username, token: Secret::from(new.token) };
    let connection = api.office.connect(new).await.map_err(call::failed)?;
    // The actor may be in memory without it.
    if let Err(error) = api.sellers.reload_credentials(seller).await {
        tracing::warn!(%error, seller.id = seller.0, "the seller's actor learns of the connection when it is loaded again");
    }
    Ok(json!({ "id": connection }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Products {
    products: Vec<views::ProductIn>,
}

async fn put_products(api: Arc<Api>, call: Call) -> Result<Value, Problem> {
    let seller = SellerId(call.id("seller")?);
    let products: Products = call.json()?;
    let products = products.products.into_iter().map(views::ProductIn::checked).collect::<Result<_, _>>()?;
    let command = Command::PutProducts { products };
    match api.sellers.command(seller, call.idempotency_key(), &command).await {
        Ok(Asked::Answered(answer)) if answer.get("error").is_some() => Err(call::refused(&answer)),
        Ok(Asked::Answered(answer)) => Ok(answer),
        Ok(Asked::Accepted(id)) => Ok(json!({ "accepted": true, "command": id })),
        Err(error) => Err(call::failed(error)),
    }
}

async fn orders(api: Arc<Api>, call: Call) -> Result<Value, Problem> {
    let (seller, page) = (SellerId(call.id("seller")?), call.page()?);
    let found = rows::orders(api.store.reads(), seller, page).await.map_err(call::failed)?;
    Ok(views::list(&found, page, |order| (order.id.0, views::order(order))))
}

async fn conversations(api: Arc<Api>, call: Call) -> Result<Value, Problem> {
    let (seller, page) = (SellerId(call.id("seller")?), call.page()?);
    let found = rows::conversations(api.store.reads(), seller, page).await.map_err(call::failed)?;
    Ok(views::list(&found, page, |(conversation, customer)| {
        (conversation.id.0, views::conversation(conversation, customer))
    }))
}

async fn messages(api: Arc<Api>, call: Call) -> Result<Value, Problem> {
    let (seller, conversation) = (SellerId(call.id("seller")?), ConversationId(call.id("conversation")?));
    let found = rows::messages(api.store.reads(), seller, conversation).await.map_err(call::failed)?;
    Ok(json!({ "data": found.iter().map(views::message).collect::<Vec<_>>() }))
}

async fn leads(api: Arc<Api>, call: Call) -> Result<Value, Problem> {
    let (seller, page) = (SellerId(call.id("seller")?), call.page()?);
    let found = rows::leads(api.store.reads(), seller, page).await.map_err(call::failed)?;
    Ok(views::list(&found, page, |lead| (lead.id.0, views::lead(lead))))
}

async fn outbox(api: Arc<Api>, call: Call) -> Result<Value, Problem> {
    let (seller, page) = (SellerId(call.id("seller")?), call.page()?);
    let found = rows::outbox(api.store.reads(), seller, page).await.map_err(call::failed)?;
    Ok(views::list(&found, page, |owed| (owed.id.0, views::owed(owed))))
}

async fn actor(api: Arc<Api>, call: Call) -> Result<Value, Problem> {
    let status = api.sellers.status(SellerId(call.id("seller")?)).await.map_err(call::failed)?;
    Ok(json!(status))
}

async fn tell_actor(api: Arc<Api>, call: Call) -> Result<Value, Problem> {
    let seller = SellerId(call.id("seller")?);
    let told = match call.text("verb") {
        "pause" => api.sellers.pause(seller).await,
        "resume" => api.sellers.resume(seller).await,
        "unload" => api.sellers.unload(seller).await,
        _ => return Err(Problem::not_found().detail("an actor can be told to pause, resume or unload")),
    };
    let status = told.map_err(call::failed)?;
    Ok(json!(status))
}

async fn equation(api: Arc<Api>, _call: Call) -> Result<Value, Problem> {
    let equation = ledger::equation(api.store.reads()).await.map_err(call::failed)?;
    let reasons = ledger::by_reason(api.store.reads()).await.map_err(call::failed)?;
    let reasons: Vec<Value> = reasons.iter().map(|(code, count)| views::reason(code, *count)).collect();
    Ok(json!({ "equation": equation, "holds": equation.holds(), "ledgered": reasons }))
}

/// Says that the key is wrong, without saying how.
fn unauthorized() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", "The operator's key is needed")
        .detail("send it as: Authorization: Bearer KEY")
}
