//! Whether what messages need on their way works: connections looked at, and addresses tried.

use std::sync::Arc;
use std::time::Duration;

use actors::domain::access::Scope;
use actors::domain::ids::ConnectionId;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::Api;
use super::answers::Json;
use super::ask::{Ask, JsonBody, NoQuery};
use super::endpoint::{get, post};
use super::gate;
use crate::doctor::Checkup;
use crate::doctor::webhook_test::{self, Report, Tested};
use crate::vault::Secret;
use crate::web::problem::Problem;
use crate::web::route::Route;

pub(super) fn routes(api: &Arc<Api>) -> Vec<Route> {
    let sentence = "Tries a webhook address as Meta does: handshake, signatures, an echo, the same message twice";
    let one = "/api/v1/sellers/{seller}/connections/{connection}/doctor";
    vec![
        get(one, "show_checkup", "Shows what was found when somebody looked last whether a connection works")
            .scope(Scope::ConnectionsRead)
            .by(api, show),
        post(
            one,
            "check_connection",
            "Looks now whether a connection works, line by line; it costs some calls to Meta",
        )
        .scope(Scope::ConnectionsWrite)
        .by(api, check),
        post("/api/v1/webhook-test", "test_webhook", sentence).scope(Scope::ServiceWrite).by(api, test),
    ]
}

async fn show(api: Arc<Api>, ask: Ask) -> Result<Json<Checkup>, Problem> {
    let (seller, connection) = (ask.seller()?, ConnectionId(ask.id("connection")?));
    let found = api.doctor.last(seller, connection).await.map_err(gate::failed)?;
    found.map(Json).ok_or_else(|| {
        Problem::not_found().detail(format!("nobody has looked at a connection {connection} yet: POST here looks now"))
    })
}

async fn check(api: Arc<Api>, ask: Ask) -> Result<Json<Checkup>, Problem> {
    let (seller, connection) = (ask.seller()?, ConnectionId(ask.id("connection")?));
    let look = async || {
        let found = api.doctor.check(seller, connection).await.map_err(gate::failed)?;
        let detail = || format!("seller {seller} has no connection {connection} that is connected");
        found.ok_or_else(|| Problem::not_found().detail(detail()))
    };
    // A look that is asked for again spends no more calls.
    Ok(Json(api.office.once_at_least(&ask.request(&api)?, look).await?.value))
}

/// An address to try.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WebhookTest {
    /// It: https, and no address inside.
    url: String,
    /// What the app signs with; unless said, what the service's own settings have.
    #[schemars(with = "Option<String>")]
    app_secret: Option<Secret>,
    /// What was typed beside the address at Meta; unless said, what the service's own settings have.
    #[schemars(with = "Option<String>")]
    verify_token: Option<Secret>,
    /// How long an answer may take, in milliseconds; unless said, the 5 seconds that Meta waits.
    #[schemars(range(min = 100, max = 20000))]
    limit_ms: Option<u64>,
}

async fn test(api: Arc<Api>, ask: Ask<NoQuery, JsonBody<WebhookTest>>) -> Result<Json<Report>, Problem> {
    let WebhookTest { url, app_secret, verify_token, limit_ms } = &ask.body.0;
    let limit = match *limit_ms {
        None => webhook_test::LIMIT,
        Some(millis @ 100..=20_000) => Duration::from_millis(millis),
        Some(_) => {
            let detail = "limit_ms is a number of milliseconds from 100 to 20000";
            return Err(gate::invalid("invalid_webhook_test", "This cannot be tried", detail));
        }
    };
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let (own, now) = (api.doctor.own(), api.clock.now());
    let tested = Tested {
        url,
        secret: app_secret.as_ref().or(own.secret.as_ref()),
        verify_token: verify_token.as_ref().or(own.verify_token.as_ref()),
        limit,
        allow_loopback: own.allow_loopback,
    };
    let noted = async || {
        let detail = json!({ "host": host });
        api.office.note(&ask.caller, (None, "webhook_test"), detail, now).await.map_err(gate::not_done)?;
        webhook_test::test(tested, now, Some(&api.store)).await.map_err(gate::failed)
    };
    Ok(Json(api.office.once_at_least(&ask.request(&api)?, noted).await?.value))
}
