//! What staff does with conversations, customers, leads and notes; customers see none of it but what is sent.

use std::sync::Arc;

use actors::domain::access::Scope;
use actors::domain::command::{Command, NoteOn, Recipient};
use actors::domain::conversation::LeadStage;
use actors::domain::desk::{ConversationNow, CustomerNow, LeadNow, Note, NoteNow, Queued};
use actors::domain::ids::{ConversationId, CustomerId, LeadId, MessageId, NoteId, OrderId};
use actors::domain::order::Look;
use actors::domain::outgoing::Outgoing;
use actors::domain::reading::Contact;
use actors::store::notes::{self, NotesPage};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Api;
use super::answers::{Json, Obeyed, Page};
use super::ask::{Ask, JsonBody, MaybeBody, NoQuery, PageQuery};
use super::commands::command;
use super::endpoint::{delete, get, patch, post};
use super::gate;
use crate::web::problem::Problem;
use crate::web::route::Route;

const READ: Scope = Scope::ConversationsRead;
const WRITE: Scope = Scope::ConversationsWrite;

/// Paths of one conversation, order or customer.
macro_rules! of {
    (conversation $rest:literal) => {
        concat!("/api/v1/sellers/{seller}/conversations/{conversation}", $rest)
    };
    (order $rest:literal) => {
        concat!("/api/v1/sellers/{seller}/orders/{order}", $rest)
    };
    (customer $rest:literal) => {
        concat!("/api/v1/sellers/{seller}/customers/{customer}", $rest)
    };
}

pub(super) fn routes(api: &Arc<Api>) -> Vec<Route> {
    vec![
        post(of!(conversation "/messages"), "send_message", "Says something to a customer, in the seller's name")
            .scope(WRITE)
            .fails(&[409])
            .by(api, send),
        post(of!(conversation "/labels"), "label_conversation", "Puts labels on a conversation, and takes others off")
            .scope(WRITE)
            .by(api, label),
        post(of!(conversation "/assign"), "assign_conversation", "Gives a conversation to somebody, or to nobody")
            .scope(WRITE)
            .by(api, assign),
        post(of!(conversation "/archive"), "archive_conversation", "Puts a conversation away, or takes it out again")
            .scope(WRITE)
            .by(api, archive),
        post(of!(conversation "/read"), "mark_conversation_read", "Says that somebody has read a conversation")
            .scope(WRITE)
            .by(api, mark_read),
        post(of!(conversation "/looks"), "settle_looks", "Says that somebody has looked into what was marked")
            .scope(WRITE)
            .by(api, settle_looks),
        post(of!(conversation "/hand-over"), "hand_over", "Lets people only answer the customer, or us again")
            .scope(WRITE)
            .by(api, hand_over),
        patch(of!(customer ""), "edit_customer", "Puts a name and contact details").scope(WRITE).by(api, edit_customer),
        patch("/api/v1/sellers/{seller}/leads/{lead}", "move_lead", "Says how far a lead is")
            .scope(WRITE)
            .by(api, move_lead),
        get(of!(conversation "/notes"), "list_conversation_notes", "Lists notes about a conversation, newest first")
            .scope(READ)
            .by(api, notes_on_conversation),
        post(of!(conversation "/notes"), "note_conversation", "Writes a note about a conversation")
            .scope(WRITE)
            .by(api, note_conversation),
        get(of!(order "/notes"), "list_order_notes", "Lists notes about an order, newest first")
            .scope(Scope::OrdersRead)
            .by(api, notes_on_order),
        post(of!(order "/notes"), "note_order", "Writes a note about an order")
            .scope(Scope::OrdersWrite)
            .by(api, note_order),
        get(of!(customer "/notes"), "list_customer_notes", "Lists notes about a customer, newest first")
            .scope(READ)
            .by(api, notes_on_customer),
        post(of!(customer "/notes"), "note_customer", "Writes a note about a customer")
            .scope(WRITE)
            .by(api, note_customer),
        delete("/api/v1/sellers/{seller}/notes/{note}", "remove_note", "Takes a note away")
            .scope(WRITE)
            .by(api, remove_note),
    ]
}

/// What is to be said: words, a file, or both.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SendMessage {
    text: Option<String>,
    /// A picture or the like, by its address.
    attachment: Option<Outgoing>,
}

/// Which labels.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LabelConversation {
    /// To put on.
    #[serde(default)]
    add: Vec<String>,
    /// To take off.
    #[serde(default)]
    remove: Vec<String>,
}

/// Who is to have it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AssignConversation {
    /// By the name the shop uses; none: nobody.
    to: Option<String>,
}

/// Whether it is put away.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ArchiveConversation {
    archived: bool,
}

/// How far it was read.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ReadConversation {
    /// Up to this message; none: all of it.
    through: Option<i64>,
}

/// What was looked into.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SettleLooks {
    settled: Vec<Look>,
}

/// Who answers.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct HandOver {
    /// True: people only.
    people_only: bool,
}

/// What is known of a customer: what is left out stays as it is, and an empty text makes it not known any more.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct EditCustomer {
    name: Option<String>,
    phone: Option<String>,
    email: Option<String>,
    address: Option<String>,
}

/// How far a lead is.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MoveLead {
    stage: LeadStage,
}

/// A note to write.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WriteNote {
    text: String,
}

fn conversation<B>(ask: &Ask<NoQuery, B>) -> Result<ConversationId, Problem> {
    ask.id("conversation").map(ConversationId)
}

async fn send(api: Arc<Api>, mut ask: Ask<NoQuery, JsonBody<SendMessage>>) -> Result<Obeyed<Queued>, Problem> {
    let to = Recipient::Conversation(conversation(&ask)?);
    let SendMessage { text, attachment } = &mut ask.body.0;
    let (text, attachment) = (text.take(), attachment.take());
    command(&api, &ask, Command::Send { to, text, attachment }).await
}

type Now = Result<Obeyed<ConversationNow>, Problem>;

async fn label(api: Arc<Api>, mut ask: Ask<NoQuery, JsonBody<LabelConversation>>) -> Now {
    let conversation = conversation(&ask)?;
    let LabelConversation { add, remove } = &mut ask.body.0;
    let (add, remove) = (std::mem::take(add), std::mem::take(remove));
    command(&api, &ask, Command::Label { conversation, add, remove }).await
}

async fn assign(api: Arc<Api>, mut ask: Ask<NoQuery, JsonBody<AssignConversation>>) -> Now {
    let (conversation, to) = (conversation(&ask)?, ask.body.0.to.take());
    command(&api, &ask, Command::Assign { conversation, to }).await
}

async fn archive(api: Arc<Api>, ask: Ask<NoQuery, JsonBody<ArchiveConversation>>) -> Now {
    let (conversation, archived) = (conversation(&ask)?, ask.body.0.archived);
    command(&api, &ask, Command::Archive { conversation, archived }).await
}

async fn mark_read(api: Arc<Api>, ask: Ask<NoQuery, MaybeBody<ReadConversation>>) -> Now {
    let (conversation, through) = (conversation(&ask)?, ask.body.0.through.map(MessageId));
    command(&api, &ask, Command::MarkRead { conversation, through }).await
}

async fn settle_looks(api: Arc<Api>, mut ask: Ask<NoQuery, JsonBody<SettleLooks>>) -> Now {
    let (conversation, looks) = (conversation(&ask)?, std::mem::take(&mut ask.body.0.settled));
    command(&api, &ask, Command::SettleLooks { conversation, looks }).await
}

async fn hand_over(api: Arc<Api>, ask: Ask<NoQuery, JsonBody<HandOver>>) -> Now {
    let (conversation, people_only) = (conversation(&ask)?, ask.body.0.people_only);
    command(&api, &ask, Command::HandOver { conversation, people_only }).await
}

async fn edit_customer(
    api: Arc<Api>,
    mut ask: Ask<NoQuery, JsonBody<EditCustomer>>,
) -> Result<Obeyed<CustomerNow>, Problem> {
    let customer = CustomerId(ask.id("customer")?);
    let EditCustomer { name, phone, email, address } = &mut ask.body.0;
    let (name, contact) = (name.take(), Contact { phone: phone.take(), email: email.take(), address: address.take() });
    command(&api, &ask, Command::EditCustomer { customer, contact, name }).await
}

async fn move_lead(api: Arc<Api>, ask: Ask<NoQuery, JsonBody<MoveLead>>) -> Result<Obeyed<LeadNow>, Problem> {
    let (lead, stage) = (LeadId(ask.id("lead")?), ask.body.0.stage);
    command(&api, &ask, Command::MoveLead { lead, stage }).await
}

/// What staff wrote about something.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Note")]
struct NoteOut {
    id: NoteId,
    text: String,
    /// Who wrote it.
    by: Option<String>,
    at: DateTime<Utc>,
}

impl From<Note> for NoteOut {
    fn from(note: Note) -> Self {
        let Note { id, text, by, at, .. } = note;
        Self { id, text, by, at }
    }
}

async fn listed(api: &Api, ask: &Ask<PageQuery>, on: NoteOn) -> Result<Json<Page<NoteOut>>, Problem> {
    let page = ask.query.page();
    let asked = NotesPage { before: ask.query.after.map(|after| NoteId(after.0)), limit: page.limit };
    let found = notes::page(api.store.reads(), ask.seller()?, on, asked).await.map_err(gate::failed)?;
    Ok(Json(Page::of(found, page, |note| note.id.0)))
}

async fn notes_on_conversation(api: Arc<Api>, ask: Ask<PageQuery>) -> Result<Json<Page<NoteOut>>, Problem> {
    let on = NoteOn::Conversation(ConversationId(ask.id("conversation")?));
    listed(&api, &ask, on).await
}

async fn notes_on_order(api: Arc<Api>, ask: Ask<PageQuery>) -> Result<Json<Page<NoteOut>>, Problem> {
    let on = NoteOn::Order(OrderId(ask.id("order")?));
    listed(&api, &ask, on).await
}

async fn notes_on_customer(api: Arc<Api>, ask: Ask<PageQuery>) -> Result<Json<Page<NoteOut>>, Problem> {
    let on = NoteOn::Customer(CustomerId(ask.id("customer")?));
    listed(&api, &ask, on).await
}

type Writing = Ask<NoQuery, JsonBody<WriteNote>>;

async fn written(api: &Api, mut ask: Writing, on: NoteOn) -> Result<Obeyed<NoteNow>, Problem> {
    let text = std::mem::take(&mut ask.body.0.text);
    command(api, &ask, Command::Note { on, text }).await
}

async fn note_conversation(api: Arc<Api>, ask: Writing) -> Result<Obeyed<NoteNow>, Problem> {
    let on = NoteOn::Conversation(conversation(&ask)?);
    written(&api, ask, on).await
}

async fn note_order(api: Arc<Api>, ask: Writing) -> Result<Obeyed<NoteNow>, Problem> {
    let on = NoteOn::Order(OrderId(ask.id("order")?));
    written(&api, ask, on).await
}

async fn note_customer(api: Arc<Api>, ask: Writing) -> Result<Obeyed<NoteNow>, Problem> {
    let on = NoteOn::Customer(CustomerId(ask.id("customer")?));
    written(&api, ask, on).await
}

async fn remove_note(api: Arc<Api>, ask: Ask) -> Result<Obeyed<NoteNow>, Problem> {
    let note = NoteId(ask.id("note")?);
    command(&api, &ask, Command::RemoveNote { note }).await
}
