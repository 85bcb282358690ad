//! The operator's API: sellers, their accounts and products, and what became of their messages.
//!
//! A handler turns the request into values, makes one call, and turns the result into JSON.

mod call;
mod input;
mod ledger;
mod views;

use std::sync::Arc;

use actors::domain::command::Command;
use actors::domain::ids::{ConnectionId, ConversationId, SellerId};
use actors::ledger::Ledger;
use actors::sellers::{Asked, Sellers};
use actors::status::NotStored;
use actors::store::{Store, comments as public, office, views as rows};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::body::{BodyLimits, BodyRoom};
use super::problem::Problem;
use super::route::Route;
use crate::office::{Office, OfficeError};
use crate::vault::Secret;

use call::{Call, Done, answer};
use input::{ConnectionIn, ProductsIn, SellerIn};

/// What the API works with.
pub struct Api {
    /// What is read.
    pub store: Store,
    /// Sellers and their accounts.
    pub office: Office,
    /// The sellers' actors.
    pub sellers: Sellers,
    /// What is kept with a reason, and the way to put it back to work.
    pub ledger: Ledger,
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
    let mut routes = vec![
        answer(api, post.clone(), "/api/v1/sellers", "Makes a seller", create_seller),
        answer(api, post.clone(), "/api/v1/sellers/{seller}/connections", "Connects an account at Meta", connect),
        answer(api, get.clone(), "/api/v1/sellers/{seller}/connections", "Lists connected accounts", connections),
        answer(
            api,
            Method::DELETE,
            "/api/v1/sellers/{seller}/connections/{connection}",
            "Disconnects an account",
            disconnect,
        ),
        answer(api, put.clone(), "/api/v1/sellers/{seller}/products", "Adds or replaces products", put_products),
        answer(api, get.clone(), "/api/v1/sellers/{seller}/orders", "Lists orders", orders),
        answer(api, get.clone(), "/api/v1/sellers/{seller}/conversations", "Lists conversations", conversations),
        answer(
            api,
            get.clone(),
            "/api/v1/sellers/{seller}/conversations/{conversation}/messages",
            "Lists the messages of a conversation",
            messages,
        ),
        answer(api, get.clone(), "/api/v1/sellers/{seller}/comments", "Lists comments and mentions", comments),
        answer(api, get.clone(), "/api/v1/sellers/{seller}/leads", "Lists leads", leads),
        answer(api, get.clone(), "/api/v1/sellers/{seller}/outbox", "Lists calls owed to Meta", outbox),
        answer(api, get.clone(), "/api/v1/sellers/{seller}/budget", "Shows what may be spent at Meta", budget),
        answer(api, put, "/api/v1/sellers/{seller}/budget", "Gives a seller caps of its own", put_budget),
        answer(api, get.clone(), "/api/v1/app-hold", "Says whether Meta holds the whole app", app_hold),
        answer(api, get, "/api/v1/sellers/{seller}/actor", "Says where a seller's actor stands", actor),
        answer(api, post, "/api/v1/sellers/{seller}/actor/{verb}", "Pauses, resumes, unloads an actor", tell_actor),
    ];
    routes.extend(ledger::routes(api));
    routes
}

async fn create_seller(api: Arc<Api>, call: Call) -> Result<Value, Problem> {
    let settings = call.json::<SellerIn>()?.checked()?;
    let seller = api.office.create_seller(&settings, call.idempotency_key()?).await.map_err(call::failed)?;
    Ok(json!({ "id": seller }))
}

async fn connect(api: Arc<Api>, call: Call) -> Result<Value, Problem> {
    let seller = call.seller()?;
    let account = call.json::<ConnectionIn>()?.checked(seller)?;
    let connection = api.office.connect(account).await.map_err(not_connected)?;
    tell_of_connections(&api, seller).await;
    Ok(json!({ "id": connection }))
}

async fn connections(api: Arc<Api>, call: Call) -> Result<Value, Problem> {
    let found = office::connections(api.store.reads(), call.seller()?).await.map_err(call::failed)?;
    Ok(json!({ "data": found.iter().map(views::connection).collect::<Vec<_>>() }))
}

async fn disconnect(api: Arc<Api>, call: Call) -> Result<Value, Problem> {
    let (seller, connection) = (call.seller()?, ConnectionId(call.id("connection")?));
    if !api.office.disconnect(seller, connection).await.map_err(call::failed)? {
        return Err(Problem::not_found().detail(format!("seller {seller} has no connection {connection}")));
    }
    tell_of_connections(&api, seller).await;
    Ok(json!({ "id": connection, "state": "disconnected" }))
}

/// The actor may be in memory with the connections as they were.
async fn tell_of_connections(api: &Api, seller: SellerId) {
    if let Err(error) = api.sellers.reload_credentials(seller).await {
        tracing::warn!(%error, seller.id = seller.0, "the seller's actor learns of its connections when it is loaded again");
    }
}

fn not_connected(error: OfficeError) -> Problem {
    match error {
        OfficeError::Taken(..) => {
            let title = "The account is connected to another seller";
            Problem::new(StatusCode::CONFLICT, "account_taken", title).detail(error.to_string())
        }
        OfficeError::Store(_) | OfficeError::Vault(_) => call::failed(error),
    }
}

async fn put_products(api: Arc<Api>, call: Call) -> Result<Done, Problem> {
    let products = call.json::<ProductsIn>()?.checked()?;
    done(api.sellers.command(call.seller()?, call.idempotency_key()?, Command::PutProducts { products }).await)
}

/// What a command is answered with.
fn done(asked: Result<Asked, NotStored>) -> Result<Done, Problem> {
    match asked {
        Ok(Asked::Answered(answer)) if answer.get("error").is_some() => Err(call::refused(&answer)),
        Ok(Asked::Answered(answer)) => Ok(answer.into()),
        Ok(Asked::Accepted(key)) => Ok(Done::later(&key)),
        Ok(Asked::KeyOfAnother(key)) => Err(call::key_of_another(&key)),
        Err(error) => Err(call::failed(error)),
    }
}

async fn orders(api: Arc<Api>, call: Call) -> Result<Value, Problem> {
    let (seller, page) = (call.seller()?, call.page()?);
    let found = rows::orders(api.store.reads(), seller, page).await.map_err(call::failed)?;
    Ok(views::list(&found, page, |order| (order.id.0, views::order(order))))
}

async fn conversations(api: Arc<Api>, call: Call) -> Result<Value, Problem> {
    let (seller, page) = (call.seller()?, call.page()?);
    let found = rows::conversations(api.store.reads(), seller, page).await.map_err(call::failed)?;
    Ok(views::list(&found, page, |(conversation, customer)| {
        (conversation.id.0, views::conversation(conversation, customer))
    }))
}

async fn messages(api: Arc<Api>, call: Call) -> Result<Value, Problem> {
    let (seller, conversation) = (call.seller()?, ConversationId(call.id("conversation")?));
    let known = rows::conversation(api.store.reads(), seller, conversation).await.map_err(call::failed)?;
    let Some(known) = known else {
        return Err(Problem::not_found().detail(format!("seller {seller} has no conversation {conversation}")));
    };
    let found = rows::messages(api.store.reads(), seller, conversation).await.map_err(call::failed)?;
    Ok(json!({ "data": found.iter().map(|message| views::message(&known, message)).collect::<Vec<_>>() }))
}

async fn comments(api: Arc<Api>, call: Call) -> Result<Value, Problem> {
    let (seller, page) = (call.seller()?, call.page()?);
    let found = public::page(api.store.reads(), seller, page).await.map_err(call::failed)?;
    Ok(views::list(&found, page, |comment| (comment.id.0, views::comment(comment))))
}

async fn leads(api: Arc<Api>, call: Call) -> Result<Value, Problem> {
    let (seller, page) = (call.seller()?, call.page()?);
    let found = rows::leads(api.store.reads(), seller, page).await.map_err(call::failed)?;
    Ok(views::list(&found, page, |lead| (lead.id.0, views::lead(lead))))
}

async fn outbox(api: Arc<Api>, call: Call) -> Result<Value, Problem> {
    let (seller, page) = (call.seller()?, call.page()?);
    let found = rows::outbox(api.store.reads(), seller, page).await.map_err(call::failed)?;
    Ok(views::list(&found, page, |owed| (owed.id.0, views::owed(owed))))
}

async fn budget(api: Arc<Api>, call: Call) -> Result<Value, Problem> {
    let report = api.sellers.budget(call.seller()?).await.map_err(call::failed)?;
    report.map(|report| json!(report)).ok_or_else(Problem::not_found)
}

async fn put_budget(api: Arc<Api>, call: Call) -> Result<Done, Problem> {
    let (seller, caps) = (call.seller()?, input::checked_caps(call.json()?)?);
    match api.sellers.command(seller, call.idempotency_key()?, Command::PutBudget { caps }).await {
        Ok(Asked::Answered(answer)) if answer.get("error").is_none() => budget(api, call).await.map(Done::from),
        asked => done(asked),
    }
}

async fn app_hold(api: Arc<Api>, _call: Call) -> Result<Value, Problem> {
    Ok(json!({ "app_hold": api.sellers.app_hold() }))
}

async fn actor(api: Arc<Api>, call: Call) -> Result<Value, Problem> {
    let status = api.sellers.status(call.seller()?).await.map_err(call::failed)?;
    Ok(json!(status))
}

async fn tell_actor(api: Arc<Api>, call: Call) -> Result<Value, Problem> {
    let seller = call.seller()?;
    let told = match call.text("verb") {
        "pause" => api.sellers.pause(seller).await,
        "resume" => api.sellers.resume(seller).await,
        "unload" => api.sellers.unload(seller).await,
        _ => return Err(Problem::not_found().detail("an actor can be told to pause, resume or unload")),
    };
    let status = told.map_err(call::failed)?;
    Ok(json!(status))
}

/// Says that the key is wrong, without saying how.
fn unauthorized() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", "The operator's key is needed")
        .detail("send it as: Authorization: Bearer KEY")
}
