//! The routes that people know from the products we come from, under their old addresses and with their old members.

use std::sync::Arc;
use std::time::Duration;

use actors::domain::access::Scope;
use actors::domain::channel::Channel;
use actors::domain::command::{Command, Recipient};
use actors::domain::desk::Queued;
use actors::domain::ids::SellerId;
use actors::domain::outgoing::{Outgoing, OutgoingKind};
use actors::sellers::Sending;
use actors::store::office;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use warp::Reply;

use super::Api;
use super::answers::{Answers, Json, Obeyed};
use super::ask::{Ask, JsonBody, queries};
use super::commands::command_for;
use super::endpoint::{get, post};
use super::gate;
use crate::web::operation::{Documented, Schemas};
use crate::web::problem::Problem;
use crate::web::route::{Answer, Route};

/// How long a message is waited for, so that its id at Meta can be told.
const UNTIL_SENT: Duration = Duration::from_secs(5);

pub(super) fn routes(api: &Arc<Api>) -> Vec<Route> {
    vec![
        get("/api/instagram/status", "show_instagram_status", "Says which account is connected")
            .scope(Scope::ConnectionsRead)
            .fails(&[404, 422])
            .by(api, status),
        post("/api/instagram/messages/send", "send_instagram_message", "Sends a message to a customer")
            .scope(Scope::ConversationsWrite)
            .fails(&[404, 409])
            .by(api, send),
    ]
}

/// Which seller's, where the key does not say.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SellerQuery {
    /// The seller: an operator's key opens every shop, and must say which. A seller's own key need not.
    #[schemars(with = "Option<i64>")]
    seller: Option<String>,
}

queries!(SellerQuery);

/// The shop it is about: the key's own, or the one that an operator names.
async fn seller_of<B>(api: &Api, ask: &Ask<SellerQuery, B>) -> Result<SellerId, Problem> {
    let asked = ask.query.seller.as_deref().map(|seller| match seller.parse() {
        Ok(id) if id > 0 => Ok(SellerId(id)),
        _ => Err(gate::invalid_query("seller is a whole number from 1".to_owned())),
    });
    seller_named(api, ask, asked.transpose()?).await
}

/// The same, where the name is read already.
pub(super) async fn seller_named<Q, B>(
    api: &Api,
    ask: &Ask<Q, B>,
    asked: Option<SellerId>,
) -> Result<SellerId, Problem> {
    let seller = ask.caller.narrowed(asked).map_err(gate::not_your_shop)?;
    let seller = seller.ok_or_else(|| {
        gate::invalid("seller_needed", "The seller must be named", "an operator's key opens every shop: add ?seller=ID")
    })?;
    gate::note_use(api, &ask.caller, Some(seller), &ask.parts).await?;
    match office::is_known(api.store.reads(), seller).await.map_err(gate::failed)? {
        true => Ok(seller),
        false => Err(Problem::not_found().detail(format!("there is no seller {seller}"))),
    }
}

/// Which accounts are connected.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "InstagramStatus")]
struct StatusOut {
    /// Whether an Instagram account is.
    connected: bool,
    /// The first one's name.
    account_name: Option<String>,
    /// The first one's number at Meta.
    account_id: Option<String>,
    /// All of them, on every channel.
    accounts: Vec<AccountOut>,
}

/// One connected account.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ConnectedAccount")]
struct AccountOut {
    channel: Option<Channel>,
    account_name: String,
    /// The number that Meta gave it.
    account_id: String,
    connected: bool,
}

async fn status(api: Arc<Api>, ask: Ask<SellerQuery>) -> Result<Json<StatusOut>, Problem> {
    let seller = seller_of(&api, &ask).await?;
    let known = office::connections(api.store.reads(), seller).await.map_err(gate::failed)?;
    let accounts: Vec<AccountOut> = known
        .into_iter()
        .map(|row| AccountOut {
            channel: row.account.channel(),
            account_id: row.account.id().to_owned(),
            account_name: row.username,
            connected: row.state == "connected",
        })
        .collect();
    let on_instagram = |account: &&AccountOut| account.channel == Some(Channel::Instagram) && account.connected;
    let first = accounts.iter().find(on_instagram);
    Ok(Json(StatusOut {
        connected: first.is_some(),
        account_name: first.map(|account| account.account_name.clone()),
        account_id: first.map(|account| account.account_id.clone()),
        accounts,
    }))
}

/// A message to a customer.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct SendIn {
    /// The customer's id at Meta. The account is the one that the customer writes to.
    recipient_id: String,
    /// The words.
    message: Option<String>,
    /// A file, by its address: https. What it is, is told by how its name ends; a picture where that tells nothing.
    attachment_url: Option<String>,
}

/// What became of a message: its id at Meta, once Meta has it.
enum SentOut {
    Sent(String),
    Later,
}

/// What became of a message.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SentMessage")]
struct SentShape {
    /// It was sent, or will be.
    success: bool,
    /// Its id at Meta; null: Meta does not have it yet.
    message_id: Option<String>,
}

impl Answers for SentOut {
    fn documents(schemas: &mut Schemas) -> Vec<Documented> {
        let shape = schemas.answered::<SentShape>();
        let answer =
            |status, sentence| Documented { status, sentence, content: vec![("application/json", shape.clone())] };
        vec![answer(200, "It was sent."), answer(202, "It is stored, and will be sent.")]
    }

    fn into_answer(self) -> Answer {
        let (status, message_id) = match self {
            SentOut::Sent(mid) => (StatusCode::OK, Some(mid)),
            SentOut::Later => (StatusCode::ACCEPTED, None),
        };
        let shown = warp::reply::json(&SentShape { success: true, message_id });
        warp::reply::with_status(shown, status).into_response()
    }
}

async fn send(api: Arc<Api>, mut ask: Ask<SellerQuery, JsonBody<SendIn>>) -> Result<SentOut, Problem> {
    let seller = seller_of(&api, &ask).await?;
    let SendIn { recipient_id, message, attachment_url } = &mut ask.body.0;
    let to = Recipient::MetaId(std::mem::take(recipient_id));
    let attachment = attachment_url.take().map(|url| Outgoing { kind: kind_of(&url), url });
    let text = message.take();
    let obeyed: Obeyed<Queued> = command_for(&api, &ask, seller, Command::Send { to, text, attachment }).await?;
    let Obeyed::Done(answer, _) = obeyed else { return Ok(SentOut::Later) };
    let queued: Queued = serde_json::from_value(answer).map_err(gate::failed)?;
    let Some(last) = queued.parts.last() else { return Ok(SentOut::Later) };
    match api.sellers.sent(seller, last.message, UNTIL_SENT).await.map_err(gate::failed)? {
        Sending::Sent { mid } => Ok(SentOut::Sent(mid)),
        Sending::Waiting | Sending::Unknown => Ok(SentOut::Later),
        Sending::NotSent { why } => Err(gate::invalid("not_sent", "The message was not sent", why)),
    }
}

/// What a file is, by how its name ends.
fn kind_of(url: &str) -> OutgoingKind {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let end = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, end)| end.to_ascii_lowercase());
    match end.as_deref() {
        Some("mp4" | "mov" | "avi" | "webm" | "ogv" | "3gp") => OutgoingKind::Video,
        Some("mp3" | "m4a" | "wav" | "aac" | "ogg" | "amr") => OutgoingKind::Audio,
        Some("pdf" | "doc" | "docx" | "xls" | "xlsx" | "csv" | "txt" | "zip") => OutgoingKind::File,
        _ => OutgoingKind::Image,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_is_is_told_by_how_its_name_ends() {
        for (url, kind) in [
            ("https://shop.example/a.JPG?w=100", OutgoingKind::Image),
            ("https://shop.example/clip.mp4#t=1", OutgoingKind::Video),
            ("https://shop.example/v1.2/invoice.pdf", OutgoingKind::File),
            ("https://shop.example/voice.m4a", OutgoingKind::Audio),
            ("https://shop.example/pictures.zip/7", OutgoingKind::Image),
            ("https://shop.example", OutgoingKind::Image),
        ] {
            assert_eq!(kind_of(url), kind, "{url}");
        }
    }
}
