//! Commands: changes that a seller's actor makes, asked for over HTTP.

use std::sync::Arc;

use actors::domain::command::{Command, Commanded};
use actors::domain::ids::SellerId;
use actors::sellers::Asked;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::Api;
use super::answers::{Json, Obeyed};
use super::ask::{Ask, NoQuery, Nothing};
use super::endpoint::get;
use super::gate;
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
    /// What it was answered; a member `error` is the code of why it was not done.
    answer: Option<Value>,
}

async fn show(api: Arc<Api>, ask: Ask<NoQuery, Nothing>) -> Result<Json<CommandOut>, Problem> {
    let (seller, command) = (ask.seller()?, ask.text("command")?);
    let answer = api.sellers.answer(seller, &command).await.map_err(gate::failed)?;
    if answer.is_none() && !api.sellers.knows(seller, &command).await.map_err(gate::failed)? {
        return Err(Problem::not_found().detail("there is no such command; results are kept for eight days"));
    }
    Ok(Json(CommandOut { command, done: answer.is_some(), answer }))
}
