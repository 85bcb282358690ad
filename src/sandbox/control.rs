//! How a person or another process uses the sandbox over HTTP: write as a customer, see what was sent, order faults.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Sandbox;
use super::channel::Channel;
use super::delivery::{Answer, Progress, Tracking};
use super::edges::json_response;
use super::faults::{Calls, Fault};
use super::mixing::{Mixed, Mixing};
use super::people::{Account, Customer};
use super::serve::Response;
use super::wire::WebhookEvent;
use super::world::{AccountState, Thread};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DirectMessage {
    text: Option<String>,
    tap: Option<String>,
    from: Option<String>,
    account: Option<String>,
    channel: Option<Channel>,
}

#[derive(Deserialize)]
struct FaultOrder {
    #[serde(default = "once")]
    times: u32,
    #[serde(default)]
    calls: Calls,
    to: Option<String>,
    account: Option<String>,
    /// Only calls to this catalog.
    catalog: Option<String>,
    #[serde(flatten)]
    fault: Fault,
}

fn once() -> u32 {
    1
}

/// Bodies as Meta writes them, and how to mix what they tell.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MixedOrder {
    bodies: Vec<Box<RawValue>>,
    #[serde(default)]
    seed: u64,
    #[serde(default = "once")]
    copies: u32,
    #[serde(default = "once")]
    most_per_post: u32,
    #[serde(default)]
    within_ms: u32,
}

/// A problem with the request, as a sentence.
pub(super) struct Problem(pub(super) String);

/// Whatever else is asked below `/sandbox`.
pub(super) fn nothing_there() -> Response {
    problem_response(
        StatusCode::NOT_FOUND,
        "the sandbox has POST dm, deliver, faults and catalog, GET sent, conversations and catalog",
    )
}

/// `POST /sandbox/dm`: a customer writes, or taps a button beneath a message; answers once the webhook was tried, and
/// tries on until it is taken.
pub(super) async fn direct_message(sandbox: Sandbox, body: Bytes) -> Response {
    let (customer, event) = match read_message(&sandbox, &body) {
        Ok(read) => read,
        Err(problem) => return problem.into(),
    };
    let Tracking { first, .. } = sandbox.track(&event);
    // Nothing comes of it while there is no webhook yet, or when the sandbox is being stopped.
    let status = match tokio::time::timeout(sandbox.shared.settings.answer_limit, first).await {
        Ok(Ok(Answer::Status(status))) => Some(status),
        _ => None,
    };
    let answer = json!({
        "mid": event.mid(),
        "account": customer.account(),
        "customer": {"id": customer.id(), "name": customer.name()},
        "webhook_status": status,
    });
    json_response(StatusCode::OK, &answer)
}

/// `POST /sandbox/deliver`: any events in any order, doubled and late; answers once each POST was taken or given up.
pub(super) async fn deliver(sandbox: Sandbox, body: Bytes) -> Response {
    match deliver_mixed(&sandbox, &body).await {
        Ok(Mixed { pieces, posts }) => {
            let taken = posts.iter().filter(|end| **end == Progress::Taken).count();
            json_response(StatusCode::OK, &json!({ "pieces": pieces, "posts": posts.len(), "taken": taken }))
        }
        Err(problem) => problem.into(),
    }
}

async fn deliver_mixed(sandbox: &Sandbox, body: &[u8]) -> Result<Mixed, Problem> {
    let order: MixedOrder = read(body)?;
    if !(1..=100).contains(&order.copies) || !(1..=1000).contains(&order.most_per_post) {
        return Err(Problem("there are 1 to 100 copies, and 1 to 1000 pieces in a POST".to_owned()));
    }
    if sandbox.webhook().is_none() {
        return Err(Problem("there is no webhook yet".to_owned()));
    }
    let mixing = Mixing {
        seed: order.seed,
        copies: order.copies as usize,
        most_per_post: order.most_per_post as usize,
        within: Duration::from_millis(order.within_ms.into()),
    };
    let bodies: Vec<&str> = order.bodies.iter().map(|body| body.get()).collect();
    sandbox.deliver_mixed(&bodies, &mixing).await.map_err(|error| Problem(format!("no body of Meta's: {error}")))
}

fn read_message(sandbox: &Sandbox, body: &[u8]) -> Result<(Customer, WebhookEvent), Problem> {
    let message: DirectMessage = read(body)?;
    let account = match (&message.account, message.channel) {
        (None, Some(channel)) => first_on(sandbox, channel)?,
        (account, _) => find_account(sandbox, account.as_deref())?,
    };
    let customer = account.customer(message.from.as_deref().unwrap_or("Ada"));
    let event = match (message.text.as_deref(), message.tap.as_deref()) {
        (Some(""), None) => return Err(Problem("the text is empty".to_owned())),
        (Some(text), None) => customer.writes(text),
        (None, Some(button)) => {
            let none = || Problem(format!("no message to {} has the button {button:?}", customer.name()));
            customer.taps(button).ok_or_else(none)?
        }
        (Some(_), Some(_)) | (None, None) => return Err(Problem("either a text or a tap".to_owned())),
    };
    Ok((customer, event))
}

/// `POST /sandbox/faults`: the next calls go wrong. `{"fault":"mend"}` ends it.
pub(super) fn order_fault(sandbox: &Sandbox, body: &[u8]) -> Response {
    #[derive(Deserialize)]
    struct Mend {
        fault: String,
    }
    if read::<Mend>(body).is_ok_and(|asked| asked.fault == "mend") {
        sandbox.mend();
        return json_response(StatusCode::OK, &json!({"mended": true}));
    }
    match take_order(sandbox, body) {
        Ok(times) => json_response(StatusCode::OK, &json!({ "ordered": times })),
        Err(problem) => problem.into(),
    }
}

fn take_order(sandbox: &Sandbox, body: &[u8]) -> Result<u32, Problem> {
    let order: FaultOrder = read(body)?;
    let of = match (order.to, order.catalog) {
        (Some(name), _) => Some(find_account(sandbox, order.account.as_deref())?.customer(&name).id().to_owned()),
        (None, catalog) => catalog,
    };
    sandbox.world().faults.order(order.fault, order.times, order.calls, of);
    Ok(order.times)
}

/// `GET /sandbox/sent`: what was really sent.
pub(super) fn sent(sandbox: &Sandbox) -> Response {
    json_response(StatusCode::OK, &json!({ "sent": sandbox.sent() }))
}

/// `GET /sandbox/conversations`: everything said, oldest first.
pub(super) fn conversations(sandbox: &Sandbox) -> Response {
    let world = sandbox.world();
    let accounts = world.account_ids.iter().filter_map(|id| world.account(id));
    let conversations: Vec<Value> = accounts
        .flat_map(|account| account.threads.values().map(move |thread| conversation(account, thread)))
        .collect();
    json_response(StatusCode::OK, &json!({ "conversations": conversations }))
}

fn conversation(account: &AccountState, thread: &Thread) -> Value {
    let messages = thread.messages.iter().map(|message| {
        let from = if message.from_customer { &thread.name } else { &account.username };
        json!({"mid": message.mid, "from": from, "text": message.text, "at": message.at})
    });
    json!({
        "account": account.id,
        "channel": account.channel,
        "customer": {"id": thread.customer, "name": thread.name},
        "messages": messages.collect::<Vec<_>>(),
    })
}

fn first_on(sandbox: &Sandbox, channel: Channel) -> Result<Account, Problem> {
    let world = sandbox.world();
    let id = world.first_on(channel).ok_or_else(|| Problem(format!("there is no account on {}", channel.name())))?;
    Ok(Account { id: id.to_owned(), sandbox: sandbox.clone() })
}

fn find_account(sandbox: &Sandbox, any_id: Option<&str>) -> Result<Account, Problem> {
    let world = sandbox.world();
    let id = match any_id {
        Some(id) => world.find_account(id).ok_or_else(|| Problem(format!("there is no account {id}")))?,
        None => world.account_ids.first().ok_or_else(|| Problem("there is no account yet".to_owned()))?,
    };
    Ok(Account { id: id.to_owned(), sandbox: sandbox.clone() })
}

pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| Problem(error.to_string()))
}

impl From<Problem> for Response {
    fn from(Problem(detail): Problem) -> Self {
        problem_response(StatusCode::BAD_REQUEST, &detail)
    }
}

fn problem_response(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or_default();
    let body = json!({"type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail});
    let mut response = json_response(status, &body);
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/problem+json"));
    response
}
