//! Webhooks out: who wants to be told what, and what comes of a try to tell it. No I/O: when to try again, when to give
//! up, and when to leave an endpoint alone, are values of what was answered and when.

use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{DateTime, TimeDelta, Utc};

use super::ids::{DeliveryId, EndpointId, SellerId, ShopEventId};
use super::named::named;
use super::shop_event::ShopEventKind;

/// The kind of a test delivery, which no shop event is of.
pub const PING: &str = "ping";

/// The kind of a delivery that says that some were never made: their events were let go of before the endpoint went on.
pub const MISSED: &str = "events.missed";

/// A place where a seller wants to be told of what happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// Whose.
    pub seller: SellerId,
    /// Where to.
    pub url: String,
    /// What of; none: of everything.
    pub kinds: Vec<ShopEventKind>,
    /// Whether it is told.
    pub state: EndpointState,
    /// Why it was disabled, for people.
    pub why: Option<String>,
    /// The last shop event that deliveries were made of.
    pub told_through: ShopEventId,
    /// Since when it has taken nothing.
    pub failing_since: Option<DateTime<Utc>>,
    /// It asked not to be called before.
    pub not_before: DateTime<Utc>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl Endpoint {
    /// Whether it wants to be told of this.
    pub fn wants(&self, kind: ShopEventKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }

    /// Whether it may be called now.
    pub fn may_be_called(&self, now: DateTime<Utc>) -> bool {
        self.state == EndpointState::Active && self.not_before <= now
    }
}

/// Whether an endpoint is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointState {
    /// It is.
    Active,
    /// Somebody has paused it: what happens meanwhile is told once it goes on.
    Paused,
    /// It took nothing for too long, or said that it is gone.
    Disabled,
}

named!(EndpointState { Active = "active", Paused = "paused", Disabled = "disabled", });

/// One thing to be told an endpoint, or that it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// Whose.
    pub seller: SellerId,
    /// Where to.
    pub endpoint: EndpointId,
    /// Of which shop event; none: it is a test, or says what was missed.
    pub event: Option<ShopEventId>,
    /// What happened, as a word.
    pub kind: String,
    /// What is sent, the same bytes at every try.
    pub body: Vec<u8>,
    /// How far it is.
    pub state: DeliveryState,
    /// How often it was tried, since it was last asked for.
    pub attempts: i32,
    /// When it is tried next, if it is.
    pub next_at: DateTime<Utc>,
    /// What the last try was answered.
    pub last_status: Option<u16>,
    /// Why the last try failed, for people.
    pub error: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was tried last.
    pub tried_at: Option<DateTime<Utc>>,
}

impl Delivery {
    /// The name under which a receiver knows it: the same at every try, and when it is delivered once more.
    pub fn name(&self) -> String {
        match self.event {
            Some(event) => format!("evt_{}_{event}", self.seller),
            None if self.kind == MISSED => format!("missed_{}", self.id),
            None => format!("ping_{}", self.id),
        }
    }
}

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// It was not tried yet.
    New,
    /// It is tried again.
    Retrying,
    /// It was taken.
    Delivered,
    /// It is not tried any more.
    Failed,
}

named!(DeliveryState { New = "new", Retrying = "retrying", Delivered = "delivered", Failed = "failed", });

/// What a try was answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// The status, if there was an answer.
    pub status: Option<u16>,
    /// Why it is no success, for people.
    pub error: Option<String>,
    /// Not before so long, where the endpoint said so.
    pub after: Option<TimeDelta>,
}

impl Tried {
    /// Whether it was taken.
    pub fn is_taken(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// The endpoint says that it is there no more, and never will be.
    fn is_gone(&self) -> bool {
        self.status == Some(410)
    }

    /// For how long the endpoint wants to be left alone altogether.
    fn pause(&self) -> Option<TimeDelta> {
        self.after.filter(|_| matches!(self.status, Some(429 | 503))).map(|after| after.min(LONGEST_PAUSE))
    }
}

/// However long an endpoint wants to be left alone: so long at most.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(24);

/// When deliveries are tried again, and for how long an endpoint may fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The wait after each try but the last.
    pub waits: Vec<TimeDelta>,
    /// An endpoint that has taken nothing for so long is disabled.
    pub disable_after: TimeDelta,
}

/// What comes of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How far the delivery is now.
    pub state: DeliveryState,
    /// When it is tried next.
    pub next_at: DateTime<Utc>,
    /// Not to call the endpoint before.
    pub not_before: Option<DateTime<Utc>>,
    /// Why the endpoint is disabled from now on, if it is.
    pub disable: Option<&'static str>,
}

impl Schedule {
    /// What comes of the try of a delivery to an endpoint, at this time.
    pub fn verdict(&self, endpoint: &Endpoint, delivery: &Delivery, tried: &Tried, now: DateTime<Utc>) -> Verdict {
        if tried.is_taken() {
            return Verdict { state: DeliveryState::Delivered, next_at: now, not_before: None, disable: None };
        }
        let done = usize::try_from(delivery.attempts).unwrap_or(0);
        let not_before = tried.pause().map(|pause| now + pause);
        let again = self.waits.get(done).map(|wait| now + jittered(*wait, delivery));
        let next_at = again.map(|again| again.max(not_before.unwrap_or(again)));
        let failing = endpoint.failing_since.is_some_and(|since| now - since >= self.disable_after);
        let disable = match (tried.is_gone(), failing) {
            (true, _) => Some("it answered 410: it is gone"),
            (false, true) => Some("it has taken nothing for days"),
            (false, false) => None,
        };
        // What is gone comes back by a person's hand; what only fails may be mended, and then goes on by itself.
        let state = if again.is_some() && !tried.is_gone() { DeliveryState::Retrying } else { DeliveryState::Failed };
        Verdict { state, next_at: next_at.unwrap_or(now), not_before, disable }
    }
}

/// A little more than the wait, so that many that failed together do not come back together. The same try waits equally
/// long, whoever asks.
fn jittered(wait: TimeDelta, delivery: &Delivery) -> TimeDelta {
    let mut hasher = DefaultHasher::new();
    (delivery.id, delivery.attempts).hash(&mut hasher);
    let percent = i32::try_from(hasher.finish() % 10).unwrap_or(0);
    wait + wait * percent / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn endpoint(failing_since: Option<i64>) -> Endpoint {
        Endpoint {
            id: EndpointId(1),
            seller: SellerId(7),
            url: "https://shop.example/hook".to_owned(),
            kinds: vec![],
            state: EndpointState::Active,
            why: None,
            told_through: ShopEventId(0),
            failing_since: failing_since.map(at),
            not_before: at(0),
            created_at: at(0),
        }
    }

    fn delivery(attempts: i32) -> Delivery {
        Delivery {
            id: DeliveryId(3),
            seller: SellerId(7),
            endpoint: EndpointId(1),
            event: Some(ShopEventId(9)),
            kind: "order.drafted".to_owned(),
            body: vec![],
            state: DeliveryState::New,
            attempts,
            next_at: at(0),
            last_status: None,
            error: None,
            created_at: at(0),
            tried_at: None,
        }
    }

    fn schedule() -> Schedule {
        Schedule { waits: [5, 300].map(TimeDelta::seconds).to_vec(), disable_after: TimeDelta::days(5) }
    }

    fn verdict(attempts: i32, tried: Tried) -> Verdict {
        schedule().verdict(&endpoint(None), &delivery(attempts), &tried, at(0))
    }

    fn answered(status: u16) -> Tried {
        Tried { status: Some(status), ..Tried::default() }
    }

    #[test]
    fn only_2xx_is_taken() {
        for status in [200, 202, 204, 299] {
            assert_eq!(verdict(0, answered(status)).state, DeliveryState::Delivered, "{status}");
        }
        for status in [199, 301, 400, 404, 500] {
            assert_eq!(verdict(0, answered(status)).state, DeliveryState::Retrying, "{status}");
        }
        assert_eq!(verdict(0, Tried::default()).state, DeliveryState::Retrying, "no answer");
    }

    #[test]
    fn it_is_tried_again_a_little_after_each_wait_and_given_up_after_the_last() {
        for (attempts, wait) in [(0, 5), (1, 300)] {
            let verdict = verdict(attempts, Tried::default());
            let waited = (verdict.next_at - at(0)).num_milliseconds();
            assert!((wait * 1000..=wait * 1090).contains(&waited), "{attempts}: {waited} ms");
        }
        assert_eq!(verdict(2, Tried::default()).state, DeliveryState::Failed);
    }

    #[test]
    fn a_wish_to_be_left_alone_is_kept_within_reason() {
        let wish = |status, hours| Tried { after: Some(TimeDelta::hours(hours)), ..answered(status) };
        for status in [429, 503] {
            let verdict = verdict(0, wish(status, 1));
            assert_eq!((verdict.not_before, verdict.next_at), (Some(at(3600)), at(3600)));
        }
        assert_eq!(verdict(0, wish(429, 1000)).not_before, Some(at(86_400)));
        assert_eq!(verdict(0, wish(500, 1)).not_before, None);
    }

    #[test]
    fn an_endpoint_that_is_gone_or_fails_for_days_is_disabled() {
        let gone = verdict(0, answered(410));
        assert!(gone.disable.is_some() && gone.state == DeliveryState::Failed);
        for (days, disabled) in [(4, false), (5, true)] {
            let endpoint = endpoint(Some(-days * 86_400));
            let verdict = schedule().verdict(&endpoint, &delivery(0), &answered(500), at(0));
            assert_eq!(verdict.disable.is_some(), disabled, "{days}");
            assert_eq!(verdict.state, DeliveryState::Retrying, "it goes on should the endpoint be mended");
        }
    }

    #[test]
    fn a_delivery_keeps_its_name() {
        assert_eq!(delivery(0).name(), delivery(5).name());
        assert_eq!(Delivery { event: None, ..delivery(0) }.name(), "ping_3");
        assert_eq!(Delivery { event: None, kind: MISSED.to_owned(), ..delivery(0) }.name(), "missed_3");
    }
}
