//! Commands: changes that a seller's actor makes, asked for over HTTP.

use std::sync::Arc;

use actors::domain::access::Scope;
use actors::domain::budget::OwnCaps;
use actors::domain::command::{Command, Commanded, NoteOn};
use actors::domain::desk::{ConversationNow, CustomerNow, LeadNow, NoteNow, Queued};
use actors::domain::ids::SellerId;
use actors::domain::order::OrderAnswer;
use actors::sellers::Asked;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::Api;
use super::answers::{Json, Obeyed};
use super::ask::{Ask, NoQuery, Nothing};
use super::endpoint::get;
use super::gate;
use super::privacy::ErasureBegun;
use super::products::{ModifiersPut, PutOut, RemovedOut};
use super::sync::{AppealedOut, CatalogNamed, RunNamed};
use crate::keys::Caller;
use crate::web::problem::Problem;
use crate::web::route::Route;

pub(super) fn routes(api: &Arc<Api>) -> Vec<Route> {
    vec![
        get("/api/v1/sellers/{seller}/commands/{command}", "show_command", "Shows what became of a command")
            .by(api, show),
    ]
}

/// Has a seller's actor do it, and waits a little for that.
pub(super) async fn command<T, Q, B>(api: &Api, ask: &Ask<Q, B>, command: Command) -> Result<Obeyed<T>, Problem> {
    command_for(api, ask, ask.seller()?, command).await
}

/// The same, for a seller that the path does not name.
pub(super) async fn command_for<T, Q, B>(
    api: &Api,
    ask: &Ask<Q, B>,
    seller: SellerId,
    command: Command,
) -> Result<Obeyed<T>, Problem> {
    let commanded = Commanded { by: Some(ask.caller.named()), command };
    match api.sellers.command(seller, ask.idempotency_key()?, commanded).await {
        Ok(Asked::Answered(answer)) if answer.get("error").is_some() => Err(gate::refused(&answer)),
        Ok(Asked::Answered(answer)) => Ok(Obeyed::done(answer)),
        Ok(Asked::Accepted(key)) => {
            let encoded: String = url::form_urlencoded::byte_serialize(key.as_bytes()).collect();
            let result = format!("/api/v1/sellers/{seller}/commands/{}", encoded.replace('+', "%20"));
            Ok(Obeyed::later(key, result))
        }
        Ok(Asked::KeyOfAnother(key)) => Err(gate::key_of_another(&key)),
        Err(error) => Err(gate::failed(error)),
    }
}

/// What became of a command.
#[derive(Debug, Serialize, JsonSchema)]
struct CommandOut {
    /// Its key.
    command: String,
    /// False: it waits to be done.
    done: bool,
    /// What it was answered: as the route answers that took it, or why it was not done.
    #[schemars(with = "Option<CommandAnswer>")]
    answer: Option<Value>,
}

/// What a command was answered.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "answers are shown as they were kept; this is the shape they have")]
enum CommandAnswer {
    NotDone(NotDoneOut),
    Order(OrderAnswer),
    Message(Queued),
    Conversation(ConversationNow),
    Customer(CustomerNow),
    Lead(LeadNow),
    Note(NoteNow),
    ProductsPut(PutOut),
    ProductsImported(ImportedOut),
    ModifiersPut(ModifiersPut),
    Removed(RemovedOut),
    Caps(CapsOut),
    ErasureBegun(ErasureBegun),
    Catalog(CatalogNamed),
    Run(RunNamed),
    Appealed(AppealedOut),
    KeepDays(KeptFor),
}

/// Why a command was not done.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CommandNotDone")]
struct NotDoneOut {
    /// A stable code.
    error: String,
    /// A sentence that says what to do.
    detail: String,
    /// The status that whoever gave the command was answered with.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
}

/// A product of a file that was not taken.
#[derive(Serialize, JsonSchema)]
struct ProductRefused {
    /// Its SKU.
    product: String,
    /// A stable code.
    code: String,
    /// A sentence that says what to do.
    detail: String,
}

/// A part of a file of products that was taken in.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BlockImported")]
struct ImportedOut {
    created: u64,
    changed: u64,
    /// Products that were not taken, with why.
    refused: Vec<ProductRefused>,
}

/// Caps that were put.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CapsPut")]
struct CapsOut {
    own_caps: OwnCaps,
}

/// For how many days the shop remembers anybody from now on.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CommandKeepDays")]
struct KeptFor {
    keep_days: Option<u32>,
}

async fn show(api: Arc<Api>, ask: Ask<NoQuery, Nothing>) -> Result<Json<CommandOut>, Problem> {
    let (seller, command) = (ask.seller()?, ask.text("command")?);
    match api.sellers.asked(seller, &command).await.map_err(gate::failed)? {
        Some(asked) => may_see(&ask.caller, &asked.command)?,
        None if api.sellers.knows(seller, &command).await.map_err(gate::failed)? => {}
        None => return Err(Problem::not_found().detail("there is no such command; results are kept for eight days")),
    }
    let answer = api.sellers.answer(seller, &command).await.map_err(gate::failed)?;
    Ok(Json(CommandOut { command, done: answer.is_some(), answer }))
}

/// Whoever may give a command, or look at what it changes, may see what became of it. Keys of commands can be guessed.
fn may_see(caller: &Caller, command: &Command) -> Result<(), Problem> {
    let scopes = about(command);
    match scopes.into_iter().any(|scope| caller.may(scope)) {
        true => Ok(()),
        false => Err(gate::lacks(scopes[0])),
    }
}

/// The scopes of what a command is about: to read it, and to change it.
fn about(command: &Command) -> [Scope; 2] {
    match command {
        Command::PutProducts { .. }
        | Command::ImportProducts(_)
        | Command::RemoveProducts { .. }
        | Command::PutModifiers { .. }
        | Command::RemoveModifiers { .. }
        | Command::PutCatalog(_)
        | Command::RemoveCatalog
        | Command::CheckCatalog
        | Command::StartSync(_)
        | Command::PauseSync { .. }
        | Command::ResumeSync { .. }
        | Command::CancelSync { .. }
        | Command::Appeal { .. } => [Scope::ProductsRead, Scope::ProductsWrite],
        Command::OpenOrder { .. }
        | Command::EditOrder { .. }
        | Command::ConfirmOrder(_)
        | Command::CancelOrder(_)
        | Command::FulfilOrder(_)
        | Command::Note { on: NoteOn::Order(_), .. } => [Scope::OrdersRead, Scope::OrdersWrite],
        Command::Send { .. }
        | Command::HandOver { .. }
        | Command::Note { .. }
        | Command::RemoveNote { .. }
        | Command::Label { .. }
        | Command::Assign { .. }
        | Command::Archive { .. }
        | Command::MarkRead { .. }
        | Command::SettleLooks { .. }
        | Command::EditCustomer { .. }
        | Command::MoveLead { .. } => [Scope::ConversationsRead, Scope::ConversationsWrite],
        Command::Forget { .. } | Command::EraseAged => [Scope::PrivacyRead, Scope::PrivacyWrite],
        Command::SpendCalls { .. } | Command::PutBudget { .. } | Command::KeepFor { .. } => {
            [Scope::SettingsRead, Scope::SettingsWrite]
        }
    }
}
