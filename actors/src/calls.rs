//! Calls that sellers have handed over and that have not ended: what the courier works from, and what a reloaded
//! seller asks. It outlives every actor, so that no fall of the courier or of a seller loses a call or makes it twice.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::domain::ids::{OutboxId, SellerId};
use crate::ports::{GraphCall, GraphRequest};

/// One try at an owed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CallId {
    /// Whose.
    pub(crate) seller: SellerId,
    /// The owed call.
    pub(crate) outbox: OutboxId,
    /// Which try it is, from 1.
    pub(crate) attempt: i32,
}

impl CallId {
    /// The inbox key of its result.
    pub(crate) fn key(&self) -> String {
        format!("{KEY}{}:{}", self.outbox, self.attempt)
    }
}

const KEY: &str = "call:";

/// Which call a result's inbox key names: the owed call and the try.
pub(crate) fn named_by(key: &str) -> Option<(OutboxId, i32)> {
    let (outbox, attempt) = key.strip_prefix(KEY)?.split_once(':')?;
    Some((OutboxId(outbox.parse().ok()?), attempt.parse().ok()?))
}

/// How many calls may be on the wire at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Messages to customers.
    pub(crate) messages: usize,
    /// Everything else.
    pub(crate) graph: usize,
    /// Catalogs on their way up: megabytes each.
    pub(crate) catalog: usize,
    /// Of one seller, over all kinds.
    pub(crate) seller: usize,
}

/// Calls of one kind, so that a slow kind holds up no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lane {
    Messages,
    Graph,
    Catalog,
}

impl Lane {
    const ALL: [Lane; 3] = [Lane::Messages, Lane::Graph, Lane::Catalog];

    fn of(call: &GraphCall) -> Self {
        match call.request {
            GraphRequest::SendText { .. } | GraphRequest::SendAttachment { .. } => Lane::Messages,
            GraphRequest::FindMessage { .. } => Lane::Graph,
            GraphRequest::Catalog { .. } => Lane::Catalog,
        }
    }

    fn limit(self, limits: &Limits) -> usize {
        match self {
            Lane::Messages => limits.messages,
            Lane::Graph => limits.graph,
            Lane::Catalog => limits.catalog,
        }
    }
}

/// The calls handed over and not ended.
#[derive(Default)]
pub(crate) struct Calls {
    inner: Mutex<Inner>,
    ended: Notify,
}

#[derive(Default)]
struct Inner {
    newest: HashMap<SellerId, i64>,
    waiting: VecDeque<(CallId, GraphCall)>,
    all: HashMap<CallId, Stage>,
    started: HashMap<SellerId, usize>,
}

enum Stage {
    Waiting,
    Started { lane: Lane, task: Option<AbortHandle> },
}

impl Calls {
    /// A seller's new incarnation takes over; from now on no older one hands anything over. Answers which of the
    /// seller's calls are here.
    pub(crate) fn take_over(&self, seller: SellerId, incarnation: i64) -> HashSet<(OutboxId, i32)> {
        let mut inner = self.lock();
        let newest = inner.newest.entry(seller).or_default();
        *newest = incarnation.max(*newest);
        inner.all.keys().filter(|id| id.seller == seller).map(|id| (id.outbox, id.attempt)).collect()
    }

    /// Takes a call, unless it is here already or its seller's actor has been replaced.
    pub(crate) fn hand_over(&self, incarnation: i64, id: CallId, call: GraphCall) -> bool {
        let mut inner = self.lock();
        if inner.newest.get(&id.seller).is_some_and(|newest| *newest > incarnation) || inner.all.contains_key(&id) {
            return false;
        }
        inner.all.insert(id, Stage::Waiting);
        inner.waiting.push_back((id, call));
        true
    }

    /// Takes out the calls that may begin now, the oldest first.
    pub(crate) fn start(&self, limits: &Limits) -> Vec<(CallId, GraphCall)> {
        let mut inner = self.lock();
        Lane::ALL.into_iter().flat_map(|lane| inner.start(lane, limits)).collect()
    }

    /// Remembers how to cut a call short.
    pub(crate) fn track(&self, id: &CallId, handle: AbortHandle) {
        if let Some(Stage::Started { task, .. }) = self.lock().all.get_mut(id) {
            *task = Some(handle);
        }
    }

    /// A call's result is in the inbox.
    pub(crate) fn over(&self, id: &CallId) {
        let mut inner = self.lock();
        inner.all.remove(id);
        if let Some(count) = inner.started.get_mut(&id.seller) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                inner.started.remove(&id.seller);
            }
        }
        self.ended.notify_waiters();
    }

    /// How many calls are here.
    pub(crate) fn count(&self) -> usize {
        self.lock().all.len()
    }

    /// Waits until no call is here.
    pub(crate) async fn all_over(&self) {
        loop {
            let ended = self.ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable();
            if self.count() == 0 {
                return;
            }
            ended.await;
        }
    }

    /// Cuts short what is still on the wire: its rows stay claimed, and the next life of the process settles them.
    pub(crate) fn abort(&self) {
        for stage in self.lock().all.values() {
            if let Stage::Started { task: Some(task), .. } = stage {
                task.abort();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn start(&mut self, lane: Lane, limits: &Limits) -> Vec<(CallId, GraphCall)> {
        let on_wire = self.all.values().filter(|stage| matches!(stage, Stage::Started { lane: of, .. } if *of == lane));
        let mut room = lane.limit(limits).saturating_sub(on_wire.count());
        let mut starting = Vec::new();
        for (id, call) in std::mem::take(&mut self.waiting) {
            let mine = self.started.get(&id.seller).copied().unwrap_or(0);
            if room == 0 || Lane::of(&call) != lane || mine >= limits.seller {
                self.waiting.push_back((id, call));
                continue;
            }
            room -= 1;
            self.started.insert(id.seller, mine + 1);
            self.all.insert(id, Stage::Started { lane, task: None });
            starting.push((id, call));
        }
        starting
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::domain::channel::{Account, Channel};
    use crate::domain::ids::ConnectionId;

    const ROOMY: Limits = Limits { messages: 10, graph: 10, catalog: 10, seller: 4 };

    fn id(seller: i64, outbox: i64, attempt: i32) -> CallId {
        CallId { seller: SellerId(seller), outbox: OutboxId(outbox), attempt }
    }

    fn call(seller: i64, find: bool) -> GraphCall {
        let (recipient, text) = ("7".to_owned(), "hello".to_owned());
        let request = match find {
            true => GraphRequest::FindMessage { recipient, text, attachment: None, since: DateTime::UNIX_EPOCH },
            false => GraphRequest::SendText { recipient, text, quick_replies: vec![] },
        };
        let account = Account::new(Channel::Instagram, "1");
        GraphCall { seller: SellerId(seller), connection: ConnectionId(1), account, request }
    }

    fn handed_over(calls: &Calls, ids: &[CallId]) {
        for id in ids {
            assert!(calls.hand_over(1, *id, call(id.seller.0, false)));
        }
    }

    fn started(calls: &Calls, limits: &Limits) -> Vec<CallId> {
        calls.start(limits).into_iter().map(|(id, _)| id).collect()
    }

    #[test]
    fn a_call_is_taken_once_until_it_is_over() {
        let calls = Calls::default();
        assert!(calls.hand_over(1, id(1, 5, 1), call(1, false)));
        assert!(!calls.hand_over(1, id(1, 5, 1), call(1, false)));
        assert_eq!(started(&calls, &ROOMY), [id(1, 5, 1)]);
        assert!(!calls.hand_over(1, id(1, 5, 1), call(1, false)));
        assert_eq!(calls.take_over(SellerId(1), 2), HashSet::from([(OutboxId(5), 1)]));
        calls.over(&id(1, 5, 1));
        assert!(calls.take_over(SellerId(1), 3).is_empty());
    }

    #[test]
    fn a_replaced_incarnation_hands_nothing_over() {
        let calls = Calls::default();
        calls.take_over(SellerId(1), 2);
        assert!(!calls.hand_over(1, id(1, 5, 1), call(1, false)));
        assert!(calls.hand_over(2, id(1, 5, 1), call(1, false)));
    }

    #[test]
    fn no_seller_has_more_on_the_wire_than_its_share_and_nobody_waits_behind_it() {
        let calls = Calls::default();
        handed_over(&calls, &[id(1, 1, 1), id(1, 2, 1), id(1, 3, 1), id(2, 1, 1)]);
        let limits = Limits { seller: 2, ..ROOMY };
        assert_eq!(started(&calls, &limits), [id(1, 1, 1), id(1, 2, 1), id(2, 1, 1)]);
        assert!(started(&calls, &limits).is_empty());
        calls.over(&id(1, 1, 1));
        assert_eq!(started(&calls, &limits), [id(1, 3, 1)]);
    }

    #[test]
    fn a_full_lane_holds_up_no_other() {
        let calls = Calls::default();
        handed_over(&calls, &[id(1, 1, 1), id(2, 1, 1)]);
        assert!(calls.hand_over(1, id(3, 1, 1), call(3, true)));
        let limits = Limits { messages: 1, ..ROOMY };
        assert_eq!(started(&calls, &limits), [id(1, 1, 1), id(3, 1, 1)]);
        calls.over(&id(3, 1, 1));
        assert!(started(&calls, &limits).is_empty());
        calls.over(&id(1, 1, 1));
        assert_eq!(started(&calls, &limits), [id(2, 1, 1)]);
    }

    #[tokio::test]
    async fn the_end_of_the_last_call_is_noticed() {
        let calls = std::sync::Arc::new(Calls::default());
        calls.all_over().await;
        handed_over(&calls, &[id(1, 1, 1)]);
        started(&calls, &ROOMY);
        let waiting = tokio::spawn({
            let calls = calls.clone();
            async move { calls.all_over().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        calls.over(&id(1, 1, 1));
        waiting.await.unwrap();
    }

    #[test]
    fn a_result_s_key_names_its_call() {
        assert_eq!(named_by(&id(1, 77, 3).key()), Some((OutboxId(77), 3)));
        for other in ["call:77", "command:7:1", "call:x:1", ""] {
            assert_eq!(named_by(other), None, "{other}");
        }
    }
}
