//! Meta's catalog in a few maps: takes batches and single items, shows what it has, and does on request what Meta does
//! on its bad days.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use tokio::sync::watch;

use crate::domain::budget::hold::{Limit, Reach};
use crate::domain::event::CallResult;
use crate::domain::sync::call::{CatalogAnswer, CatalogAsk, Denied, ItemFault, Standing};
use crate::domain::sync::item::{CatalogItem, ItemChange, Review, SeenItem};
use crate::ports::{Answered, Clock, Graph, GraphCall, GraphRequest, Later};

/// A clock that stands until somebody moves it.
pub(super) struct HandClock(watch::Sender<DateTime<Utc>>);

impl HandClock {
    pub(super) fn at(second: i64) -> Arc<Self> {
        Arc::new(Self(watch::Sender::new(DateTime::from_timestamp(second, 0).unwrap())))
    }

    pub(super) fn move_to(&self, to: DateTime<Utc>) {
        self.0.send_replace(to);
    }
}

impl Clock for HandClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.borrow()
    }

    fn sleep_until(&self, due: DateTime<Utc>) -> Later<'_, ()> {
        let mut now = self.0.subscribe();
        Box::pin(async move {
            let _ = now.wait_for(|now| *now >= due).await;
        })
    }
}

/// What a call ends in, in the place of what it should.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// It is done, and nobody hears of it.
    DoneUnheard,
    /// It is not done, and nobody knows.
    Unheard,
    /// Meta asks to call less for so many seconds.
    Throttled(u64),
    /// The token is not accepted.
    Token,
    /// Batches are taken and never finished.
    NeverFinished,
    /// Nothing of a batch is taken.
    NothingTaken,
    /// A batch of more than so many items is too large.
    TooMuch(usize),
}

#[derive(Default)]
pub(super) struct Meta {
    pub(super) items: BTreeMap<String, CatalogItem>,
    /// SKUs that Meta will not take.
    pub(super) refuses: BTreeMap<String, String>,
    /// What the review says of items; of others nothing.
    pub(super) reviews: BTreeMap<String, (Review, Vec<String>)>,
    /// Every write of an item that was done: its SKU.
    pub(super) writes: Vec<String>,
    /// Words of the calls that were made, in order.
    pub(super) calls: Vec<&'static str>,
    pub(super) faults: VecDeque<Fault>,
    /// Of all calls, the words and what was sent in batches.
    pub(super) batches: Vec<usize>,
    handles: BTreeMap<String, Vec<ItemFault>>,
    stuck: bool,
}

/// The Graph with a catalog behind it. Texts to customers are taken.
#[derive(Default)]
pub(super) struct StandIn(pub(super) Mutex<Meta>);

impl StandIn {
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut Meta) -> T) -> T {
        act(&mut self.0.lock().unwrap())
    }
}

impl Graph for StandIn {
    fn answer<'a>(&'a self, call: &'a GraphCall) -> Later<'a, Answered> {
        Box::pin(async move {
            let GraphRequest::Catalog { ask, .. } = &call.request else {
                self.with(|meta| meta.calls.push("send"));
                return CallResult::Accepted { mid: format!("mid:{:x}", rand::random::<u64>()) }.into();
            };
            self.with(|meta| meta.answer(ask))
        })
    }
}

fn told(answer: CatalogAnswer) -> Answered {
    CallResult::Catalog { told: Box::new(answer) }.into()
}

impl Meta {
    fn answer(&mut self, ask: &CatalogAsk) -> Answered {
        self.calls.push(ask.word());
        match self.faults.pop_front() {
            None => told(self.done(ask)),
            Some(Fault::DoneUnheard) => {
                self.done(ask);
                CallResult::Unknown { error: "no answer".to_owned() }.into()
            }
            Some(Fault::Unheard) => CallResult::Unknown { error: "no answer".to_owned() }.into(),
            Some(Fault::Throttled(seconds)) => {
                let limit = Limit {
                    reach: Reach::Budget,
                    why: "80014".to_owned(),
                    after_ms: Some(seconds * 1000),
                    first_ms: 60_000,
                    is_gentle: false,
                };
                let result = CallResult::Again { error: "slow down".to_owned(), after_ms: Some(seconds * 1000) };
                Answered { result, limits: vec![limit] }
            }
            Some(Fault::Token) => {
                let (why, code) = (Denied::Reconnect, "190/463".to_owned());
                told(CatalogAnswer::Denied { why, code, error: "reconnect the account".to_owned() })
            }
            Some(Fault::NeverFinished) => {
                self.stuck = true;
                told(self.done(ask))
            }
            Some(Fault::NothingTaken) => {
                told(CatalogAnswer::Batched { handle: None, errors: vec![], warnings: vec![] })
            }
            Some(Fault::TooMuch(most)) => match ask {
                CatalogAsk::Batch { changes } if changes.len() > most => {
                    self.faults.push_front(Fault::TooMuch(most));
                    told(CatalogAnswer::TooMuch { error: "reduce the data".to_owned() })
                }
                _ => {
                    self.faults.push_front(Fault::TooMuch(most));
                    told(self.done(ask))
                }
            },
        }
    }

    fn done(&mut self, ask: &CatalogAsk) -> CatalogAnswer {
        match ask {
            CatalogAsk::Batch { changes } => {
                self.batches.push(changes.len());
                let faults = changes.iter().filter_map(|change| self.change(change)).collect();
                let handle = format!("h{}", self.handles.len());
                self.handles.insert(handle.clone(), faults);
                CatalogAnswer::Batched { handle: Some(handle), errors: vec![], warnings: vec![] }
            }
            CatalogAsk::Status { handle } => {
                let errors = self.handles.get(handle).cloned().unwrap_or_default();
                CatalogAnswer::Status {
                    is_finished: !self.stuck,
                    word: "finished".to_owned(),
                    invalid: errors.iter().map(|fault| fault.retailer_id.clone()).collect(),
                    errors_total: errors.len() as u64,
                    errors,
                    warnings: vec![],
                }
            }
            CatalogAsk::Put { item, .. } => match self.change(&ItemChange::Put(item.clone())) {
                None => CatalogAnswer::Put { item_id: Some(format!("9{}", item.retailer_id)) },
                Some(fault) => {
                    CatalogAnswer::Denied { why: Denied::Item, code: "100".to_owned(), error: fault.message }
                }
            },
            CatalogAsk::Remove { retailer_id, .. } => {
                let was_there = self.items.contains_key(retailer_id);
                self.change(&ItemChange::Remove(retailer_id.clone()));
                CatalogAnswer::Removed { was_there }
            }
            CatalogAsk::Page { after, limit } => {
                let after = after.clone().unwrap_or_default();
                let behind =
                    self.items.range::<str, _>((std::ops::Bound::Excluded(after.as_str()), std::ops::Bound::Unbounded));
                let items: Vec<SeenItem> = behind.take(*limit as usize).map(|(_, item)| self.seen(item)).collect();
                let next = items.last().filter(|_| items.len() == *limit as usize).map(|last| last.retailer_id.clone());
                CatalogAnswer::Page { items, next }
            }
            CatalogAsk::Items { retailer_ids } => {
                let items =
                    retailer_ids.iter().filter_map(|sku| self.items.get(sku)).map(|item| self.seen(item)).collect();
                CatalogAnswer::Page { items, next: None }
            }
            CatalogAsk::Look => CatalogAnswer::Looked {
                name: "Shop".to_owned(),
                products: Some(self.items.len() as u64),
                standing: Standing::Active,
            },
            CatalogAsk::Appeal { .. } => CatalogAnswer::Appealed,
        }
    }

    fn change(&mut self, change: &ItemChange) -> Option<ItemFault> {
        let retailer_id = change.retailer_id().to_owned();
        if let Some(message) = self.refuses.get(&retailer_id).cloned() {
            return Some(ItemFault { retailer_id, message });
        }
        self.writes.push(retailer_id.clone());
        match change {
            ItemChange::Put(item) => drop(self.items.insert(retailer_id, (**item).clone())),
            ItemChange::Remove(_) => drop(self.items.remove(&retailer_id)),
        }
        None
    }

    fn seen(&self, item: &CatalogItem) -> SeenItem {
        let (review, reasons) = match self.reviews.get(&item.retailer_id) {
            Some((review, reasons)) => (Some(*review), reasons.clone()),
            None => (None, vec![]),
        };
        SeenItem {
            item_id: format!("9{}", item.retailer_id),
            retailer_id: item.retailer_id.clone(),
            title: item.title.clone(),
            price: format!("€{}", item.price),
            availability: item.availability.name().to_owned(),
            review,
            reasons,
            errors: vec![],
            can_be_tagged: review.map(|review| review == Review::Approved),
            is_in_shop: None,
        }
    }
}
