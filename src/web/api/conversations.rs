//! What was said: conversations, messages, comments, leads, and the calls owed to Meta.

mod shown;

use std::sync::Arc;

use actors::domain::access::Scope;
use actors::domain::ids::ConversationId;
use actors::store::{comments as public, views as rows};

use super::Api;
use super::answers::{Json, Page};
use super::ask::{Ask, PageQuery};
use super::endpoint::get;
use super::gate;
use crate::web::problem::Problem;
use crate::web::route::Route;
use shown::{CommentOut, ConversationOut, LeadOut, MessageOut, OwedOut};

pub(super) fn routes(api: &Arc<Api>) -> Vec<Route> {
    let all = "/api/v1/sellers/{seller}/conversations";
    let said = "/api/v1/sellers/{seller}/conversations/{conversation}/messages";
    let public = "/api/v1/sellers/{seller}/comments";
    let scope = Scope::ConversationsRead;
    vec![
        get(all, "list_conversations", "Lists conversations").scope(scope).by(api, conversations),
        get(said, "list_messages", "Lists the messages of a conversation").scope(scope).by(api, messages),
        get(public, "list_comments", "Lists comments and mentions").scope(scope).by(api, comments),
        get("/api/v1/sellers/{seller}/leads", "list_leads", "Lists leads").scope(scope).by(api, leads),
        get("/api/v1/sellers/{seller}/outbox", "list_outbox", "Lists calls owed to Meta").scope(scope).by(api, outbox),
    ]
}

async fn conversations(api: Arc<Api>, ask: Ask<PageQuery>) -> Result<Json<Page<ConversationOut>>, Problem> {
    let page = ask.query.page();
    let found = rows::conversations(api.store.reads(), ask.seller()?, page).await.map_err(gate::failed)?;
    Ok(Json(Page::of(found, page, |(conversation, _)| conversation.id.0)))
}

async fn messages(api: Arc<Api>, ask: Ask) -> Result<Json<Page<MessageOut>>, Problem> {
    let (seller, conversation) = (ask.seller()?, ConversationId(ask.id("conversation")?));
    let known = rows::conversation(api.store.reads(), seller, conversation).await.map_err(gate::failed)?;
    let Some(known) = known else {
        return Err(Problem::not_found().detail(format!("seller {seller} has no conversation {conversation}")));
    };
    let found = rows::messages(api.store.reads(), seller, conversation).await.map_err(gate::failed)?;
    Ok(Json(Page { data: found.into_iter().map(|message| MessageOut::of(&known, message)).collect(), next: None }))
}

async fn comments(api: Arc<Api>, ask: Ask<PageQuery>) -> Result<Json<Page<CommentOut>>, Problem> {
    let page = ask.query.page();
    let found = public::page(api.store.reads(), ask.seller()?, page).await.map_err(gate::failed)?;
    Ok(Json(Page::of(found, page, |comment| comment.id.0)))
}

async fn leads(api: Arc<Api>, ask: Ask<PageQuery>) -> Result<Json<Page<LeadOut>>, Problem> {
    let page = ask.query.page();
    let found = rows::leads(api.store.reads(), ask.seller()?, page).await.map_err(gate::failed)?;
    Ok(Json(Page::of(found, page, |lead| lead.id.0)))
}

async fn outbox(api: Arc<Api>, ask: Ask<PageQuery>) -> Result<Json<Page<OwedOut>>, Problem> {
    let page = ask.query.page();
    let found = rows::outbox(api.store.reads(), ask.seller()?, page).await.map_err(gate::failed)?;
    Ok(Json(Page::of(found, page, |owed| owed.id.0)))
}
