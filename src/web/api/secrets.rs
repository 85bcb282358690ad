//! What is kept sealed, and how it comes to a new encryption key: for the operator.

use std::collections::BTreeMap;
use std::sync::Arc;

use actors::domain::access::Scope;
use schemars::JsonSchema;
use serde::Serialize;

use super::Api;
use super::answers::Json;
use super::ask::Ask;
use super::endpoint::{get, post};
use super::gate;
use crate::office::secrets::{Resealed, Secrets};
use crate::web::problem::Problem;
use crate::web::route::Route;

pub(super) fn routes(api: &Arc<Api>) -> Vec<Route> {
    let rotate =
        "Seals anew, with the current encryption key, what older ones have sealed: a part of it, until it is done";
    vec![
        get("/api/v1/secrets", "show_secrets", "Shows how much is sealed with which encryption key")
            .scope(Scope::SecretsRead)
            .by(api, show),
        post("/api/v1/secrets/rotate", "rotate_secrets", rotate).scope(Scope::SecretsWrite).by(api, reseal),
    ]
}

/// What is kept sealed. Keys go by names that do not give them away.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Secrets")]
struct SecretsOut {
    /// The key that seals.
    current_key: String,
    /// How many texts each key has sealed, by the column they are in. Under an empty name: what is no sealed text.
    keys: BTreeMap<String, BTreeMap<String, i64>>,
    /// How many texts are not sealed with the current key.
    outdated: i64,
    /// Whether anything is kept that needs another key than the current one.
    old_key_needed: bool,
}

impl From<Secrets> for SecretsOut {
    fn from(kept: Secrets) -> Self {
        let outdated = kept.outdated();
        Self { current_key: kept.current, keys: kept.by_key, outdated, old_key_needed: outdated > 0 }
    }
}

/// What was sealed anew.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Resealed")]
struct ResealedOut {
    /// How many texts this request has sealed anew.
    resealed: u64,
    /// Whether all is done that can be: else ask again.
    done: bool,
    /// How many texts were met that do not open.
    broken: i64,
    /// Where some of them are, and why.
    broken_at: Vec<String>,
    /// How it is now.
    #[serde(flatten)]
    now: SecretsOut,
}

impl From<Resealed> for ResealedOut {
    fn from(done: Resealed) -> Self {
        let Resealed { texts, broken, now, is_over } = done;
        Self { resealed: texts, done: is_over, broken: broken.texts, broken_at: broken.named, now: now.into() }
    }
}

async fn show(api: Arc<Api>, _ask: Ask) -> Result<Json<SecretsOut>, Problem> {
    api.office.secrets().await.map(|kept| Json(kept.into())).map_err(gate::not_done)
}

async fn reseal(api: Arc<Api>, ask: Ask) -> Result<Json<ResealedOut>, Problem> {
    // The same request again goes on: what is sealed anew is not sealed anew a second time.
    let done = api.office.reseal(&ask.request(&api)?).await.map_err(gate::not_done)?;
    Ok(Json(done.into()))
}
