//! Catalogs at Meta: their edges, with caps, batches that take time, and reviews.

mod batch;
mod caps;
pub(super) mod desk;
mod filter;
mod hand;
mod item;
mod list;
mod rules;
mod shops;
mod shown;
mod single;
mod state;

use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::header::CONTENT_TYPE;
use serde_json::Value;

use super::edges::{Call, usage_of};
use super::faults::{Calls, Course};
use super::refusal::Refusal;
use super::sends::{Judged, No};
use super::world::{World, WrongCall};
use shops::ShopEdge;
use state::CatalogState;

pub use batch::CatalogBatch;
pub use caps::{CatalogCall, CatalogEdge};
pub use hand::{Catalog, CatalogItem};
pub use rules::{BatchFate, CatalogRules, Rejects, ReviewRules};
pub use state::CatalogWrite;
pub(super) use state::Catalogs;

/// From which share of a cap on the usage is told.
const TOLD_FROM_PERCENT: u32 = 50;

/// A call to a catalog, cut into what its edges look at.
pub(super) struct Ask<'a> {
    path: &'a [&'a str],
    query: &'a [(String, String)],
    body: &'a [u8],
    is_form: bool,
    /// The accounts whose token it bears.
    callers: &'a [String],
    now_ms: i64,
}

/// What is asked of one catalog.
#[derive(Clone, Debug)]
enum CatalogAsk {
    TakeBatch,
    BatchStatus,
    CreateItem,
    UpdateItem(Arc<str>),
    RemoveItem(Arc<str>),
    Items,
    Item(Arc<str>),
    Whole,
    Diagnostics,
}

impl<'a> Ask<'a> {
    pub(super) fn of(
        call: &'a Call,
        path: &'a [&'a str],
        query: &'a [(String, String)],
        callers: &'a [String],
        now_ms: i64,
    ) -> Self {
        let kind = call.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_form = kind.starts_with("application/x-www-form-urlencoded");
        Self { path, query, body: &call.body, is_form, callers, now_ms }
    }
}

impl CatalogAsk {
    /// What a call asks of which catalog; none if it is about no catalog.
    fn of(catalogs: &Catalogs, method: &str, path: &[&str]) -> Option<(String, Self)> {
        let about = |id: &str, asked: Self| Some((id.to_owned(), asked));
        match (method, path) {
            ("POST", [id, "items_batch"]) => about(id, Self::TakeBatch),
            ("GET", [id, "check_batch_request_status"]) => about(id, Self::BatchStatus),
            ("POST", [id, "products"]) => about(id, Self::CreateItem),
            ("GET", [id, "products"]) => about(id, Self::Items),
            ("GET", [id, "diagnostics"]) => about(id, Self::Diagnostics),
            ("GET", [id]) if catalogs.get(id).is_some() => about(id, Self::Whole),
            (method, [name]) => {
                let found = catalogs.all().find_map(|catalog| Some((catalog, catalog.sku_of(name)?)));
                let (catalog, sku) = found?;
                match method {
                    "GET" => about(&catalog.id, Self::Item(sku)),
                    "POST" => about(&catalog.id, Self::UpdateItem(sku)),
                    "DELETE" => about(&catalog.id, Self::RemoveItem(sku)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn edge(&self) -> CatalogEdge {
        match self {
            Self::TakeBatch => CatalogEdge::Batch,
            Self::BatchStatus => CatalogEdge::Status,
            Self::CreateItem | Self::UpdateItem(_) | Self::RemoveItem(_) => CatalogEdge::Write,
            Self::Items | Self::Item(_) | Self::Whole | Self::Diagnostics => CatalogEdge::Read,
        }
    }
}

impl CatalogEdge {
    fn calls(self) -> Calls {
        match self {
            CatalogEdge::Batch => Calls::CatalogBatches,
            CatalogEdge::Status => Calls::CatalogStatus,
            CatalogEdge::Write => Calls::CatalogWrites,
            CatalogEdge::Read => Calls::CatalogReads,
        }
    }

    /// Meta's word for the share that it draws on.
    fn use_case(self) -> &'static str {
        match self {
            CatalogEdge::Batch => "catalog_batch",
            CatalogEdge::Status | CatalogEdge::Write | CatalogEdge::Read => "catalog_management",
        }
    }
}

/// The word for the share that a path draws on; none if it is about no catalog.
pub(super) fn use_case(path: &[&str]) -> Option<&'static str> {
    match path {
        [_, "items_batch"] => Some(CatalogEdge::Batch.use_case()),
        [_, "products" | "check_batch_request_status" | "diagnostics"] => Some(CatalogEdge::Read.use_case()),
        _ => None,
    }
}

/// Takes a call if it is about catalogs: judges it, and if all is well, does it.
pub(super) fn judge(world: &mut World, method: &str, ask: &Ask<'_>) -> Option<Judged> {
    world.catalogs.advance(ask.now_ms);
    if let Some((id, asked)) = CatalogAsk::of(&world.catalogs, method, ask.path) {
        return Some(judge_one(world, &id, &asked, ask));
    }
    let edge = ShopEdge::of(ask.path, ask.query)?;
    let judged = match (method, edge) {
        ("GET", _) => {
            let course = world.faults.course(Calls::CatalogReads, None);
            smooth(course, shops::read(world, edge, ask))
        }
        ("POST", ShopEdge::Appeals) => {
            let course = world.faults.course(Calls::CatalogWrites, None);
            let answer = shops::appeal(world, ask, course.done);
            smooth(course, answer)
        }
        ("POST", ShopEdge::Owned) => {
            let course = world.faults.course(Calls::CatalogWrites, None);
            let answer = shops::create(world, ask, course.done);
            smooth(course, answer)
        }
        _ => return None,
    };
    Some(judged)
}

fn smooth(course: Course, answer: Result<Value, No>) -> Judged {
    Judged { course, answer, told: Vec::new(), usage: None }
}

fn judge_one(world: &mut World, id: &str, asked: &CatalogAsk, ask: &Ask<'_>) -> Judged {
    let edge = asked.edge();
    let course = world.faults.course(edge.calls(), Some(id));
    let Some(catalog) = world.catalogs.get_mut(id).filter(|catalog| catalog.is_open_to(ask.callers)) else {
        return smooth(course, Err(Refusal::ObjectNotFound.into()));
    };
    let (answer, wrong) = match catalog.let_in(edge, ask.now_ms) {
        Ok(()) => catalog.answer(asked, ask, course.done),
        Err(no) => (Err(no), None),
    };
    let minutes = answer.as_ref().err().and_then(|no| no.minutes);
    let percent = if minutes.is_some() { Some(100) } else { catalog.percent(edge) };
    let percent = percent.filter(|percent| *percent > TOLD_FROM_PERCENT);
    let usage = percent.map(|percent| usage_of(id, edge.use_case(), percent, minutes.unwrap_or(0)));
    let call = || format!("{edge:?} {}", ask.path.join("/"));
    world.wrong_calls.extend(wrong.map(|why| WrongCall { call: call(), why }));
    Judged { course, answer, told: Vec::new(), usage }
}

impl CatalogState {
    /// Whether one of these accounts reaches it.
    fn is_open_to(&self, callers: &[String]) -> bool {
        self.accounts.iter().any(|account| callers.contains(account))
    }

    fn let_in(&mut self, edge: CatalogEdge, now_ms: i64) -> Result<(), No> {
        match self.rules.refused_with {
            Some(refusal) => Err(refusal.into()),
            None => self.spend(edge, now_ms),
        }
    }

    /// The true answer, and what is wrong with the call although it is answered.
    fn answer(&mut self, asked: &CatalogAsk, ask: &Ask<'_>, is_done: bool) -> (Result<Value, No>, Option<String>) {
        let answer = match asked {
            CatalogAsk::TakeBatch => return batch::take(self, ask, is_done),
            CatalogAsk::BatchStatus => batch::status(self, ask),
            CatalogAsk::CreateItem => single::create(self, ask, is_done),
            CatalogAsk::UpdateItem(sku) => single::update(self, sku, ask, is_done),
            CatalogAsk::RemoveItem(sku) => Ok(single::remove(self, sku, ask.now_ms, is_done)),
            CatalogAsk::Items => list::items(self, ask),
            CatalogAsk::Item(sku) => list::item(self, sku, ask),
            CatalogAsk::Whole => list::asked_fields(ask.query).and_then(|asked| list::catalog(self, asked.as_deref())),
            CatalogAsk::Diagnostics => list::diagnostics(self, ask.now_ms),
        };
        (answer, None)
    }
}

/// Text from base64 of either alphabet, with padding or without: it is not known which of them Meta takes.
fn from_base64(encoded: &str) -> Option<String> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let decode = |alphabet| GeneralPurpose::new(alphabet, config).decode(encoded).ok();
    String::from_utf8(decode(&alphabet::STANDARD).or_else(|| decode(&alphabet::URL_SAFE))?).ok()
}
