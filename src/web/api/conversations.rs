//! What was said: conversations, messages, comments, leads, and the calls owed to Meta.

mod shown;

use std::sync::Arc;

use actors::domain::access::Scope;
use actors::domain::conversation::LeadStage;
use actors::domain::ids::{ConversationId, CustomerId, LeadId, MessageId, SellerId};
use actors::store::lists::{self, ConversationsWanted, Direction, MessagePlace};
use actors::store::{comments as public, views as rows};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Api;
use super::answers::{Json, Page};
use super::ask::{After, Ask, Flag, Id, Limit, PageQuery, queries};
use super::endpoint::get;
use super::gate;
use crate::web::problem::Problem;
use crate::web::route::Route;
use shown::{CommentOut, ConversationOut, CustomerOut, LeadOut, MessageOut, OwedOut};

pub(super) fn routes(api: &Arc<Api>) -> Vec<Route> {
    let all = "/api/v1/sellers/{seller}/conversations";
    let said = "/api/v1/sellers/{seller}/conversations/{conversation}/messages";
    let public = "/api/v1/sellers/{seller}/comments";
    let scope = Scope::ConversationsRead;
    vec![
        get(all, "list_conversations", "Lists conversations").scope(scope).by(api, conversations),
        get("/api/v1/sellers/{seller}/conversations/{conversation}", "show_conversation", "Shows a conversation")
            .scope(scope)
            .by(api, conversation),
        get("/api/v1/sellers/{seller}/customers", "list_customers", "Lists customers").scope(scope).by(api, customers),
        get("/api/v1/sellers/{seller}/customers/{customer}", "show_customer", "Shows a customer")
            .scope(scope)
            .by(api, customer),
        get(said, "list_messages", "Lists the messages of a conversation").scope(scope).by(api, messages),
        get(public, "list_comments", "Lists comments and mentions").scope(scope).by(api, comments),
        get("/api/v1/sellers/{seller}/leads", "list_leads", "Lists leads").scope(scope).by(api, leads),
        get("/api/v1/sellers/{seller}/leads/{lead}", "show_lead", "Shows a lead").scope(scope).by(api, lead),
        get("/api/v1/sellers/{seller}/outbox", "list_outbox", "Lists calls owed to Meta").scope(scope).by(api, outbox),
    ]
}

/// Conversations, a page at a time.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ConversationsQuery {
    /// Put away, or not.
    archived: Option<Flag>,
    /// With messages that nobody has looked at, or without.
    unread: Option<Flag>,
    /// That a person should look at, or need not.
    needs_look: Option<Flag>,
    /// That this one of the staff has.
    assignee: Option<String>,
    /// With this customer.
    customer: Option<Id>,
    /// With this label; of its letters A to Z, the case does not matter.
    label: Option<String>,
    /// Where the page begins, as `next` of the page before gave it.
    after: Option<After>,
    /// How many rows at most.
    limit: Option<Limit>,
}

/// Messages, a page at a time.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MessagesQuery {
    /// Which end comes first: `oldest` unless said.
    order: Option<MessageOrder>,
    /// Where the page begins, as `next` of the page before gave it.
    after: Option<String>,
    /// How many rows at most.
    limit: Option<Limit>,
}

/// Which end of a conversation comes first.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum MessageOrder {
    #[default]
    Oldest,
    Newest,
}

/// Leads, a page at a time.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LeadsQuery {
    /// So far.
    stage: Option<LeadStage>,
    /// Where the page begins, as `next` of the page before gave it.
    after: Option<After>,
    /// How many rows at most.
    limit: Option<Limit>,
}

queries!(ConversationsQuery, MessagesQuery, LeadsQuery);

async fn conversations(api: Arc<Api>, ask: Ask<ConversationsQuery>) -> Result<Json<Page<ConversationOut>>, Problem> {
    let seller = ask.seller()?;
    let ConversationsQuery { archived, unread, needs_look, assignee, customer, label, after, limit } = ask.query;
    let page = PageQuery { after, limit }.page();
    let flag = |flag: Option<Flag>| flag.map(|flag| flag.0);
    let wanted = ConversationsWanted {
        archived: flag(archived),
        unread: flag(unread),
        needs_look: flag(needs_look),
        assignee,
        customer: customer.map(|id| CustomerId(id.0)),
        label,
    };
    let found = lists::conversations(api.store.reads(), seller, &wanted, page).await.map_err(gate::failed)?;
    Ok(Json(Page::of(found, page, |(conversation, _)| conversation.id.0)))
}

async fn conversation(api: Arc<Api>, ask: Ask) -> Result<Json<ConversationOut>, Problem> {
    let (seller, id) = (ask.seller()?, ConversationId(ask.id("conversation")?));
    let found = lists::conversation(api.store.reads(), seller, id).await.map_err(gate::failed)?;
    Ok(Json(found.ok_or_else(|| not_there(seller, "conversation", id.0))?.into()))
}

fn not_there(seller: SellerId, what: &str, id: i64) -> Problem {
    Problem::not_found().detail(format!("seller {seller} has no {what} {id}"))
}

async fn messages(api: Arc<Api>, ask: Ask<MessagesQuery>) -> Result<Json<Page<MessageOut>>, Problem> {
    let (seller, conversation) = (ask.seller()?, ConversationId(ask.id("conversation")?));
    let MessagesQuery { order, after, limit } = &ask.query;
    let (beyond, limit) = (after.as_deref().map(place).transpose()?, limit.unwrap_or_default().0);
    let direction = match order.unwrap_or_default() {
        MessageOrder::Oldest => Direction::Oldest,
        MessageOrder::Newest => Direction::Newest,
    };
    let known = rows::conversation(api.store.reads(), seller, conversation).await.map_err(gate::failed)?;
    let known = known.ok_or_else(|| not_there(seller, "conversation", conversation.0))?;
    let found = lists::messages(api.store.reads(), seller, conversation, (direction, beyond), limit).await;
    let found = found.map_err(gate::failed)?;
    let last = found.last().filter(|_| found.len() as u64 == limit);
    let next = last.map(|last| format!("{}.{}", last.at.timestamp_millis(), last.id));
    Ok(Json(Page { data: found.into_iter().map(|message| MessageOut::of(&known, message)).collect(), next }))
}

/// A message's place, as `next` gave it.
fn place(told: &str) -> Result<MessagePlace, Problem> {
    let parts = told.split_once('.').and_then(|(at, id)| Some((at.parse().ok()?, MessageId(id.parse().ok()?))));
    parts.ok_or_else(|| gate::invalid_query("after is where a page begins, as `next` gave it".to_owned()))
}

async fn customers(api: Arc<Api>, ask: Ask<PageQuery>) -> Result<Json<Page<CustomerOut>>, Problem> {
    let page = ask.query.page();
    let found = lists::customers(api.store.reads(), ask.seller()?, page).await.map_err(gate::failed)?;
    Ok(Json(Page::of(found, page, |customer| customer.id.0)))
}

async fn customer(api: Arc<Api>, ask: Ask) -> Result<Json<CustomerOut>, Problem> {
    let (seller, id) = (ask.seller()?, CustomerId(ask.id("customer")?));
    let found = rows::customer(api.store.reads(), seller, id).await.map_err(gate::failed)?;
    Ok(Json(found.ok_or_else(|| not_there(seller, "customer", id.0))?.into()))
}

async fn comments(api: Arc<Api>, ask: Ask<PageQuery>) -> Result<Json<Page<CommentOut>>, Problem> {
    let page = ask.query.page();
    let found = public::page(api.store.reads(), ask.seller()?, page).await.map_err(gate::failed)?;
    Ok(Json(Page::of(found, page, |comment| comment.id.0)))
}

async fn leads(api: Arc<Api>, ask: Ask<LeadsQuery>) -> Result<Json<Page<LeadOut>>, Problem> {
    let LeadsQuery { stage, after, limit } = ask.query;
    let page = PageQuery { after, limit }.page();
    let found = lists::leads(api.store.reads(), ask.parts.seller()?, stage, page).await.map_err(gate::failed)?;
    Ok(Json(Page::of(found, page, |lead| lead.id.0)))
}

async fn lead(api: Arc<Api>, ask: Ask) -> Result<Json<LeadOut>, Problem> {
    let (seller, id) = (ask.seller()?, LeadId(ask.id("lead")?));
    let found = lists::lead(api.store.reads(), seller, id).await.map_err(gate::failed)?;
    Ok(Json(found.ok_or_else(|| not_there(seller, "lead", id.0))?.into()))
}

async fn outbox(api: Arc<Api>, ask: Ask<PageQuery>) -> Result<Json<Page<OwedOut>>, Problem> {
    let page = ask.query.page();
    let found = rows::outbox(api.store.reads(), ask.seller()?, page).await.map_err(gate::failed)?;
    Ok(Json(Page::of(found, page, |owed| owed.id.0)))
}
