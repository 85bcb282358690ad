//! How a person or another process handles catalogs over HTTP: what is there, what was written, what goes wrong.

use std::collections::BTreeMap;

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::hand::Catalog;
use super::rules::{BatchFate, CatalogRules};
use crate::sandbox::Sandbox;
use crate::sandbox::control::{Problem, read};
use crate::sandbox::edges::json_response;
use crate::sandbox::serve::Response;

/// As many items as can be put there at once.
const MOST_SEEDS: usize = 1_000_000;

/// What is to be done to a catalog, by hand.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    /// None: the first there is.
    catalog: Option<String>,
    /// Puts so many items there.
    #[serde(default)]
    seed: usize,
    /// Changes items or makes them: fields by SKU.
    #[serde(default)]
    change: BTreeMap<String, Map<String, Value>>,
    /// Removes items.
    #[serde(default)]
    remove: Vec<String>,
    /// Changes how it behaves: some of its rules.
    #[serde(default)]
    rules: Map<String, Value>,
    /// What becomes of the next batches.
    #[serde(default)]
    batches: Vec<BatchFate>,
}

/// `POST /sandbox/catalog`
pub(in crate::sandbox) fn order(sandbox: &Sandbox, body: &[u8]) -> Response {
    match take(sandbox, body) {
        Ok(catalog) => json_response(StatusCode::OK, &summary(&catalog)),
        Err(problem) => problem.into(),
    }
}

fn take(sandbox: &Sandbox, body: &[u8]) -> Result<Catalog, Problem> {
    let order: Order = read(body)?;
    let catalog = find(sandbox, order.catalog.as_deref())?;
    if order.seed > MOST_SEEDS {
        return Err(Problem(format!("at most {MOST_SEEDS} items are put there at once")));
    }
    set_rules(&catalog, order.rules)?;
    catalog.seed(order.seed);
    for (sku, fields) in order.change {
        let problem = |problems: Vec<String>| Problem(format!("{sku}: {}", problems.join("; ")));
        catalog.change(&sku, &fields.into()).map_err(problem)?;
    }
    order.remove.iter().for_each(|sku| _ = catalog.remove(sku));
    catalog.next_batches(order.batches);
    Ok(catalog)
}

/// Rules that are not named stay as they are.
fn set_rules(catalog: &Catalog, changes: Map<String, Value>) -> Result<(), Problem> {
    let known = serde_json::to_value(catalog.present_rules());
    let mut rules = known.map_err(|error| Problem(error.to_string()))?;
    if let Some(members) = rules.as_object_mut() {
        members.extend(changes);
    }
    let changed: CatalogRules = serde_json::from_value(rules).map_err(|error| Problem(error.to_string()))?;
    catalog.rules(|rules| *rules = changed);
    Ok(())
}

/// `GET /sandbox/catalog?id=..`: how many items and batches there are, and everything that was written.
pub(in crate::sandbox) fn written(sandbox: &Sandbox, query: &BTreeMap<String, String>) -> Response {
    let catalog = match find(sandbox, query.get("id").map(String::as_str)) {
        Ok(catalog) => catalog,
        Err(problem) => return problem.into(),
    };
    let writes = catalog.writes().into_iter().map(|write| {
        let content = write.content.and_then(|content| serde_json::from_str::<Value>(&content).ok());
        json!({"sku": *write.sku, "content": content, "at": write.at, "batch": write.batch, "refused": write.refused})
    });
    let mut answer = summary(&catalog);
    answer["writes"] = writes.collect();
    json_response(StatusCode::OK, &answer)
}

fn summary(catalog: &Catalog) -> Value {
    json!({
        "catalog": catalog.id(),
        "items": catalog.len(),
        "batches": catalog.batches(),
        "calls": catalog.calls().len(),
    })
}

fn find(sandbox: &Sandbox, id: Option<&str>) -> Result<Catalog, Problem> {
    match id {
        Some(id) => sandbox.catalog(id).ok_or_else(|| Problem(format!("there is no catalog {id}"))),
        None => {
            let first = sandbox.world().catalogs.all().next().map(|catalog| catalog.id.clone());
            let found = first.and_then(|id| sandbox.catalog(&id));
            found.ok_or_else(|| Problem("there is no catalog yet".to_owned()))
        }
    }
}
