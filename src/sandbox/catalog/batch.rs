//! Many items in one call: taken or not at once, done after a while, asked for by handle.

use std::collections::HashSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::form_urlencoded;

use super::Ask;
use super::item::{self, Fields};
use super::rules::BatchFate;
use super::state::{CatalogState, CatalogWrite, text_of};
use crate::sandbox::fields;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::sends::No;

/// More are a mistake, however small they are.
const MOST_REQUESTS: usize = 5_000;

/// A batch that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CatalogBatch {
    /// Its handle.
    pub handle: String,
    /// When it was taken, in Unix milliseconds.
    pub at: i64,
    /// How many requests it had.
    pub requests: usize,
    /// When it was done, if it is.
    pub ended_at: Option<i64>,
    /// How many of its requests were not done.
    pub invalid: usize,
    /// How often it was asked for.
    pub asked: u32,
}

/// What a webhook tells of a batch.
pub(in crate::sandbox) struct Told {
    catalog: String,
    handle: String,
    status: &'static str,
    at: i64,
}

pub(super) struct Batch {
    pub(super) record: CatalogBatch,
    fate: BatchFate,
    /// What is still to be done.
    lines: Vec<Line>,
    errors: Vec<Remark>,
    warnings: Vec<Remark>,
    /// How many errors are told of among the warnings.
    disguised: usize,
    invalid: Vec<Arc<str>>,
}

/// One request of a batch.
struct Line {
    sku: Arc<str>,
    /// None: the item is removed.
    content: Option<Arc<str>>,
    may_create: bool,
}

struct Remark {
    line: usize,
    sku: Arc<str>,
    message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    item_type: String,
    #[serde(default = "yes")]
    allow_upsert: bool,
    requests: Vec<Request>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    method: Method,
    data: Fields,
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
#[serde(rename_all = "UPPERCASE")]
enum Method {
    Create,
    Update,
    Delete,
}

fn yes() -> bool {
    true
}

impl Told {
    /// The webhook's body.
    pub(in crate::sandbox) fn body(&self) -> Value {
        let value = json!({"catalog_id": self.catalog, "handle": self.handle, "status": self.status});
        let change = json!({"field": "items_batch", "value": value});
        json!({"object": "catalog", "entry": [{"id": self.catalog, "time": self.at / 1000, "changes": [change]}]})
    }
}

/// `POST /{catalog}/items_batch`. A second value says what of it a correct client never does.
pub(super) fn take(catalog: &mut CatalogState, ask: &Ask<'_>, is_done: bool) -> (Result<Value, No>, Option<String>) {
    let body = match read(catalog, ask) {
        Ok(body) => body,
        Err(no) => return (Err(no), None),
    };
    let validation = Validation::of(&body);
    if validation.is_refused {
        return (Ok(json!({"handles": [], "validation_status": validation.status})), Some(validation.why));
    }
    let handle = if is_done { catalog.begin(body, ask.now_ms) } else { String::new() };
    let mut answer = json!({ "handles": [handle] });
    if !validation.status.is_empty() {
        answer["validation_status"] = validation.status.into();
    }
    (Ok(answer), None)
}

fn read(catalog: &CatalogState, ask: &Ask<'_>) -> Result<Body, No> {
    let rules = &catalog.rules;
    if !rules.takes_batches {
        let no = No::from(Refusal::InvalidParameter);
        return Err(No { detail: Some("this catalog does not support items_batch".to_owned()), ..no });
    }
    if ask.body.len() > rules.most_bytes {
        return Err(Refusal::ReduceData.into());
    }
    let wrong = |why: String| No::wrong(Refusal::InvalidParameter, why);
    let body = if ask.is_form { of_form(ask.body) } else { serde_json::from_slice::<Body>(ask.body) };
    let body = body.map_err(|error| wrong(error.to_string()))?;
    if body.item_type != "PRODUCT_ITEM" {
        return Err(wrong(format!("there is no item_type {}", body.item_type)));
    }
    if body.requests.is_empty() || body.requests.len() > MOST_REQUESTS {
        return Err(wrong(format!("a batch has 1 to {MOST_REQUESTS} requests")));
    }
    if body.requests.len() > rules.most_items {
        return Err(Refusal::ReduceData.into());
    }
    Ok(body)
}

fn of_form(body: &[u8]) -> serde_json::Result<Body> {
    let members = form_urlencoded::parse(body).filter(|(name, _)| name != "access_token");
    let members = members.map(|(name, value)| match name.as_ref() {
        "item_type" => Ok((name.into_owned(), Value::String(value.into_owned()))),
        _ => serde_json::from_str(&value).map(|value: Value| (name.into_owned(), value)),
    });
    Body::deserialize(Value::Object(members.collect::<Result<_, _>>()?))
}

/// What is seen at once, before anything is done.
#[derive(Default)]
struct Validation {
    status: Vec<Value>,
    /// Nothing of the batch is taken.
    is_refused: bool,
    why: String,
}

impl Validation {
    fn of(body: &Body) -> Self {
        let (mut validation, mut seen) = (Self::default(), HashSet::new());
        for request in &body.requests {
            let id = item::text(&request.data, "id");
            match id {
                None => validation.refuse("", "Required field missing: id"),
                Some(id) if id.chars().count() > 100 => validation.refuse(id, "The id is longer than 100 characters"),
                Some(id) if !seen.insert(id) => {
                    validation.refuse(id, &format!("Duplicate retailer_id in batch: {id}"));
                }
                Some(id) => validation.warn_of_unknown(id, &request.data),
            }
        }
        validation
    }

    fn refuse(&mut self, id: &str, message: &str) {
        self.status.push(json!({"retailer_id": id, "errors": [{ "message": message }], "warnings": []}));
        self.is_refused = true;
        self.why = message.to_owned();
    }

    fn warn_of_unknown(&mut self, id: &str, data: &Fields) {
        let message = |name: &str| json!({"message": format!("Unrecognised field '{name}' on item {id}")});
        let warnings: Vec<Value> = item::unknown(data).map(message).collect();
        if !warnings.is_empty() {
            self.status.push(json!({"retailer_id": id, "warnings": warnings}));
        }
    }
}

impl CatalogState {
    /// Takes a batch, and gives its handle.
    fn begin(&mut self, body: Body, now_ms: i64) -> String {
        let digest = Sha256::digest(format!("{}:{}:{now_ms}", self.id, self.batches.len()));
        let handle = format!("Acy_{}", URL_SAFE_NO_PAD.encode(digest));
        let lines: Vec<Line> = body.requests.into_iter().map(|request| Line::of(request, body.allow_upsert)).collect();
        let record = CatalogBatch {
            handle: handle.clone(),
            at: now_ms,
            requests: lines.len(),
            ended_at: None,
            invalid: 0,
            asked: 0,
        };
        let fate = self.fates.pop_front().unwrap_or(BatchFate::Takes(self.rules.batch_ms));
        self.batches.push(Batch {
            record,
            fate,
            lines,
            errors: Vec::new(),
            warnings: Vec::new(),
            disguised: 0,
            invalid: Vec::new(),
        });
        handle
    }

    /// Ends the batches whose time has come; of several that one first which was quickest, whichever came first.
    pub(super) fn end_batches(&mut self, now_ms: i64) {
        let batch_ms = self.rules.batch_ms;
        let due = |(place, batch): (usize, &Batch)| Some((batch.due(batch_ms)?, place));
        let mut due: Vec<(i64, usize)> = self.batches.iter().enumerate().filter_map(due).collect();
        due.retain(|(due, _)| *due <= now_ms);
        due.sort_unstable();
        for (at, place) in due {
            self.end_batch(place, at);
        }
    }

    fn end_batch(&mut self, place: usize, at: i64) {
        let batch = &mut self.batches[place];
        batch.record.ended_at = Some(at);
        let disguises = self.rules.disguises_missing_fields;
        let (is_failure, lines) = (batch.fate == BatchFate::Fails, std::mem::take(&mut batch.lines));
        let told = Told { catalog: self.id.clone(), handle: batch.record.handle.clone(), status: batch.status(), at };
        if self.rules.tells_batches {
            self.told.push(told);
        }
        if is_failure {
            return;
        }
        for (number, line) in lines.into_iter().enumerate() {
            let outcome = self.end_line(&line, at);
            let batch = &mut self.batches[place];
            let remark =
                |message: &String| Remark { line: number + 1, sku: line.sku.clone(), message: message.clone() };
            let (content, refused) = match outcome {
                Outcome::Put(content) => (Some(content), None),
                Outcome::Removed => (None, None),
                Outcome::Warned(warning) => {
                    batch.warnings.push(remark(&warning));
                    (None, None)
                }
                Outcome::Refused(problems) => {
                    let is_disguised = |problem: &&String| disguises && problem.starts_with(item::MISSING);
                    let (warned, told): (Vec<_>, Vec<_>) = problems.iter().partition(is_disguised);
                    batch.disguised += warned.len();
                    batch.warnings.extend(warned.into_iter().map(remark));
                    batch.errors.extend(told.into_iter().map(remark));
                    batch.invalid.push(line.sku.clone());
                    batch.record.invalid += 1;
                    (line.content, Some(problems.join("; ")))
                }
            };
            self.writes.push(CatalogWrite { sku: line.sku, content, at, batch: Some(place), refused });
        }
    }

    fn end_line(&mut self, line: &Line, at: i64) -> Outcome {
        match &line.content {
            Some(content) => match self.put(&line.sku, content, line.may_create, at) {
                Ok(content) => Outcome::Put(content),
                Err(problems) => Outcome::Refused(problems),
            },
            None if self.remove(&line.sku) => Outcome::Removed,
            None => {
                let message = "There is no item with this id".to_owned();
                match self.rules.removing_none_fails {
                    true => Outcome::Refused(vec![message]),
                    false => Outcome::Warned(message),
                }
            }
        }
    }
}

enum Outcome {
    Put(Arc<str>),
    Removed,
    Warned(String),
    Refused(Vec<String>),
}

impl Line {
    fn of(Request { method, mut data }: Request, allow_upsert: bool) -> Self {
        let sku = data.remove("id").and_then(|id| id.as_str().map(Arc::from)).unwrap_or_default();
        let content = (method != Method::Delete).then(|| text_of(&data).into());
        Self { sku, content, may_create: method == Method::Create || allow_upsert }
    }
}

impl Batch {
    /// When it ends, if it will and has not yet.
    fn due(&self, batch_ms: u64) -> Option<i64> {
        let takes = match self.fate {
            BatchFate::NeverFinishes => return None,
            BatchFate::Takes(ms) => ms,
            BatchFate::Fails | BatchFate::IsForgotten => batch_ms,
        };
        self.record.ended_at.is_none().then(|| self.record.at.saturating_add_unsigned(takes))
    }

    fn status(&self) -> &'static str {
        match (self.record.ended_at, self.fate) {
            (None, _) => "in_progress",
            (Some(_), BatchFate::Fails) => "error",
            (Some(_), _) => "finished",
        }
    }
}

/// `GET /{catalog}/check_batch_request_status`
pub(super) fn status(catalog: &mut CatalogState, ask: &Ask<'_>) -> Result<Value, No> {
    let wrong = |why: String| No::wrong(Refusal::InvalidParameter, why);
    let (mut handle, mut with_ids, mut asked) = (None, false, None);
    for (name, value) in ask.query {
        match (name.as_str(), value.as_str()) {
            ("handle", value) => handle = Some(value),
            ("load_ids_of_invalid_requests", value) => with_ids = value == "true",
            ("fields", value) => asked = fields::parse(value),
            ("access_token" | "appsecret_proof", _) => {}
            _ => return Err(wrong(format!("cannot use {name}={value}"))),
        }
    }
    let handle = handle.ok_or_else(|| wrong("which handle?".to_owned()))?;
    let (handle_ms, most) = (catalog.rules.handle_ms, catalog.rules.errors_shown);
    let batch = catalog.batches.iter_mut().rfind(|batch| batch.record.handle == handle);
    let batch = batch.ok_or_else(|| wrong("this handle was never given out".to_owned()))?;
    batch.record.asked += 1;
    let is_too_old = batch.record.at.saturating_add_unsigned(handle_ms) < ask.now_ms;
    if is_too_old || batch.fate == BatchFate::IsForgotten {
        return Ok(json!({ "data": [] }));
    }
    let mut told = batch.told(with_ids, most);
    if let (Some(asked), Some(members)) = (&asked, told.as_object_mut()) {
        if let Some(odd) = asked.iter().find(|field| !members.contains_key(&field.name)) {
            return Err(wrong(format!("there is no field {}", odd.name)));
        }
        members.retain(|name, _| asked.iter().any(|field| field.name == *name));
    }
    Ok(json!({ "data": [told] }))
}

impl Batch {
    /// A part of the errors is shown, and the number of all.
    fn told(&self, with_ids: bool, most: usize) -> Value {
        let remark = |Remark { line, sku, message }: &Remark| json!({"line": line, "id": **sku, "message": message});
        let shown = |remarks: &[Remark]| remarks.iter().take(most).map(remark).collect::<Vec<_>>();
        let ids: Vec<&str> = if with_ids { self.invalid.iter().map(AsRef::as_ref).collect() } else { Vec::new() };
        json!({
            "handle": self.record.handle,
            "status": self.status(),
            "errors_total_count": self.errors.len() + self.disguised,
            "warnings_total_count": self.warnings.len(),
            "errors": shown(&self.errors),
            "warnings": shown(&self.warnings),
            "ids_of_invalid_requests": ids,
        })
    }
}
