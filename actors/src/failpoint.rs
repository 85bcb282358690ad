//! Points at which a child of the prover can be made to die, fall or fail: at every commit and every call to Meta,
//! before, during and after. Always compiled; disarmed, a point costs one relaxed load.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::Poll;

use thiserror::Error;

/// The text of the panic that [`Action::Fall`] makes.
pub const FALL: &str = "a fail point made this task fall";

const KNOWN: [&str; 12] = [
    "seller.load",
    "seller.attempt",
    "seller.turn",
    "seller.claim",
    "journal.append",
    "journal.flush",
    "office",
    "graph.send_text",
    "graph.find_message",
    "graph.catalog_batch",
    "graph.catalog_item",
    "graph.catalog_read",
];

/// Every label there is. A prover that knows them can tell which was never hit.
pub fn known() -> &'static [&'static str] {
    &KNOWN
}

/// When, with regard to the work at the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// Nothing has been done.
    Before,
    /// The work is on its way: it may come to pass, or not.
    During,
    /// It was done; nobody has been told.
    After,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The process ends at once: no destructor runs, nothing is flushed.
    Die,
    /// The task panics.
    Fall,
    /// The caller gets an error.
    Fail,
}

/// What is to happen where: `seller.turn:after:die:3` lets three pass and acts on the fourth, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// At which point; one of [`known`].
    pub label: &'static str,
    /// When.
    pub moment: Moment,
    /// What.
    pub action: Action,
    /// How many pass first.
    pub skip: u64,
}

/// A text that is no plan.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("\"{0}\" is no plan: label:before|during|after:die|fall|fail:skip is expected")]
pub struct NoPlan(String);

/// The error that [`Action::Fail`] makes.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("a fail point made {0} fail")]
pub struct Injected(pub &'static str);

impl FromStr for Plan {
    type Err = NoPlan;

    fn from_str(text: &str) -> Result<Self, NoPlan> {
        let parts: Vec<&str> = text.trim().split(':').collect();
        let [label, moment, action, skip] = parts[..] else { return Err(NoPlan(text.to_owned())) };
        let label = KNOWN.into_iter().find(|known| *known == label);
        let moment = [Moment::Before, Moment::During, Moment::After].into_iter().find(|known| known.name() == moment);
        let action = [Action::Die, Action::Fall, Action::Fail].into_iter().find(|known| known.name() == action);
        match (label, moment, action, skip.parse()) {
            (Some(label), Some(moment), Some(action), Ok(skip)) => Ok(Self { label, moment, action, skip }),
            _ => Err(NoPlan(text.to_owned())),
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}:{}", self.label, self.moment.name(), self.action.name(), self.skip)
    }
}

impl Moment {
    fn name(self) -> &'static str {
        match self {
            Moment::Before => "before",
            Moment::During => "during",
            Moment::After => "after",
        }
    }
}

impl Action {
    fn name(self) -> &'static str {
        match self {
            Action::Die => "die",
            Action::Fall => "fall",
            Action::Fail => "fail",
        }
    }
}

static ARMED: AtomicBool = AtomicBool::new(false);
static WATCH: Mutex<Watch> = Mutex::new(Watch { plan: None, hits: BTreeMap::new() });

struct Watch {
    plan: Option<Plan>,
    hits: BTreeMap<(&'static str, Moment), u64>,
}

/// Arms the points. Without a plan they only count.
pub fn arm(plan: Option<Plan>) {
    let mut watch = WATCH.lock().unwrap_or_else(PoisonError::into_inner);
    *watch = Watch { plan, hits: BTreeMap::new() };
    ARMED.store(true, Ordering::Relaxed);
}

/// Disarms them.
pub fn disarm() {
    ARMED.store(false, Ordering::Relaxed);
}

static LAGS: AtomicU64 = AtomicU64::new(0);
static READINGS: AtomicU64 = AtomicU64::new(0);

/// Has one of so many readings of a seller's inbox show as pending still what was decided last, as a replica would that
/// lags behind.
pub fn lag(one_of: u64) {
    LAGS.store(one_of, Ordering::Relaxed);
}

/// Whether this reading lags behind.
pub(crate) fn lags() -> bool {
    match LAGS.load(Ordering::Relaxed) {
        0 => false,
        one_of => READINGS.fetch_add(1, Ordering::Relaxed).is_multiple_of(one_of),
    }
}

/// How often each point was passed since it was armed.
pub fn hits() -> Vec<(&'static str, Moment, u64)> {
    let watch = WATCH.lock().unwrap_or_else(PoisonError::into_inner);
    watch.hits.iter().map(|((label, moment), count)| (*label, *moment, *count)).collect()
}

/// Passes a point: does nothing, unless it is armed.
pub fn hit(label: &'static str, moment: Moment) -> Result<(), Injected> {
    if !ARMED.load(Ordering::Relaxed) {
        return Ok(());
    }
    match count(label, moment) {
        None => Ok(()),
        Some(Action::Die) => std::process::abort(),
        Some(Action::Fall) => panic!("{FALL}"),
        Some(Action::Fail) => Err(Injected(label)),
    }
}

fn count(label: &'static str, moment: Moment) -> Option<Action> {
    let mut watch = WATCH.lock().unwrap_or_else(PoisonError::into_inner);
    let hits = watch.hits.entry((label, moment)).or_default();
    *hits += 1;
    let hits = *hits;
    watch.plan.filter(|plan| plan.label == label && plan.moment == moment && hits == plan.skip + 1).map(|it| it.action)
}

/// Does the work, passing the point before, during and, if it succeeded, after it.
pub async fn around<T, E: From<Injected>>(
    label: &'static str,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    hit(label, Moment::Before)?;
    let done = during(label, work).await?;
    hit(label, Moment::After)?;
    Ok(done)
}

/// One poll puts the work on its way; failing then drops it there.
async fn during<T, E: From<Injected>>(label: &'static str, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let mut work = pin!(work);
    let first = futures::poll!(work.as_mut());
    hit(label, Moment::During)?;
    match first {
        Poll::Ready(done) => done,
        Poll::Pending => work.await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_read_and_written_back() {
        for text in ["seller.turn:after:die:3", "journal.append:during:fall:0", "graph.send_text:before:fail:12"] {
            assert_eq!(text.parse::<Plan>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_plan_is_refused() {
        for text in ["", "seller.turn", "nobody:after:die:3", "seller.turn:later:die:3", "seller.turn:after:die:-1"] {
            assert!(text.parse::<Plan>().is_err(), "{text}");
        }
    }
}
