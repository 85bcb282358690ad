//! What Meta tells of its limits, and the pauses that we make of it.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{BudgetKey, Draw, Family};
use crate::domain::ids::{ConnectionId, ConversationId};
use crate::domain::outbox::Owed;

/// No pause that Meta does not name is longer.
const LONGEST_UNTOLD: TimeDelta = TimeDelta::hours(1);
/// A longer pause that Meta names is looked at again after this, as its forecasts are rough.
const LONGEST_TOLD: TimeDelta = TimeDelta::hours(24);
/// The first pause where Meta names none, unless the limit is known to be one of seconds.
pub const FIRST_UNTOLD_MS: u64 = 60_000;

/// How far a limit of Meta's reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// The customer of the call, and nobody else.
    Conversation,
    /// Calls that draw on the same budget.
    Budget,
    /// All calls with the same token.
    Connection,
    /// All calls of all sellers.
    App,
}

/// A limit that Meta told of with its answer to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// How far it reaches.
    pub reach: Reach,
    /// Meta's code, or the header that said it.
    pub why: String,
    /// For how long, where Meta said so.
    pub after_ms: Option<u64>,
    /// For how long the first time, where Meta said nothing; doubled with each further time.
    pub first_ms: u64,
    /// True when nothing is refused yet, and calls should only be fewer.
    pub is_gentle: bool,
}

/// What Meta told beside the result of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LimitsTold {
    /// With whose token the call was made.
    pub connection: Option<ConnectionId>,
    /// When the call began, by our clock.
    pub began: Option<DateTime<Utc>>,
    /// The limits.
    pub limits: Vec<Limit>,
}

impl LimitsTold {
    /// True when Meta refused the call, or will refuse the next one, for calling too much.
    pub fn holds(&self) -> bool {
        self.limits.iter().any(|limit| !limit.is_gentle)
    }
}

/// What is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HoldOn {
    /// What goes to one customer.
    Conversation(ConversationId),
    /// What draws on one budget.
    Budget(BudgetKey),
    /// What is done with one token.
    Connection(ConnectionId),
}

impl HoldOn {
    /// What a limit holds that was told to this call; none for the whole app, which is no seller's business.
    pub fn told_to(owed: &Owed, reach: Reach) -> Option<Self> {
        match reach {
            Reach::Conversation => Some(Self::Conversation(owed.conversation)),
            Reach::Budget => Some(Self::Budget(Draw::of(owed).key)),
            Reach::Connection => Some(Self::Connection(owed.connection)),
            Reach::App => None,
        }
    }

    /// Whatever holds this call if it is held.
    pub fn of(owed: &Owed) -> [Self; 3] {
        [Self::Connection(owed.connection), Self::Budget(Draw::of(owed).key), Self::Conversation(owed.conversation)]
    }

    /// The words used in the database: a kind, and an id within it.
    pub fn parts(self) -> (&'static str, i64) {
        match self {
            Self::Conversation(id) => ("conversation", id.0),
            Self::Budget(key) => (key.family.name(), key.subject),
            Self::Connection(id) => ("connection", id.0),
        }
    }

    /// What has these words.
    pub fn named(kind: &str, subject: i64) -> Option<Self> {
        match kind {
            "conversation" => Some(Self::Conversation(ConversationId(subject))),
            "connection" => Some(Self::Connection(ConnectionId(subject))),
            family => Family::named(family).map(|family| Self::Budget(BudgetKey { family, subject })),
        }
    }
}

impl fmt::Display for HoldOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conversation(id) => write!(f, "conversation {id}"),
            Self::Budget(key) => write!(f, "the budget {}", key.family.name()),
            Self::Connection(id) => write!(f, "connection {id}"),
        }
    }
}

/// A pause learned from Meta. It ends by itself, and is remembered until a call has shown that it is over: if the next
/// call is refused again, the next pause is longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// When it was learned.
    pub since: DateTime<Utc>,
    /// No call before.
    pub until: DateTime<Utc>,
    /// Pauses in a row, this one included; 0 when nothing was refused.
    pub times: u32,
    /// Meta's code, or the header that said it.
    pub why: String,
}

impl Hold {
    /// The pause after a limit was told to a call that began at `began`.
    pub fn after(known: Option<&Hold>, limit: &Limit, began: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        let stands = known.filter(|known| known.stands(now));
        let earlier = known.map_or(0, |known| known.times);
        // Calls that were under way together tell of one limit, not of one each.
        let is_same = earlier > 0 && known.is_some_and(|known| began < known.until);
        let times = if limit.is_gentle || is_same { earlier } else { earlier + 1 };
        let until = now + limit.pause(times);
        match stands {
            Some(stands) if stands.until >= until => Self { times, ..stands.clone() },
            _ => Self { since: now, until, times, why: limit.why.clone() },
        }
    }

    /// True while no call may be made.
    pub fn stands(&self, now: DateTime<Utc>) -> bool {
        now < self.until
    }

    /// True when it is over and no call has shown yet that Meta agrees.
    pub fn is_on_trial(&self, now: DateTime<Utc>) -> bool {
        self.times > 0 && !self.stands(now)
    }

    /// True when a call that began at this time and was not refused shows that the pause is over for good.
    pub fn is_disproved_by(&self, began: DateTime<Utc>) -> bool {
        self.times > 0 && began >= self.until
    }

    /// The same, as nothing to remember any more.
    pub fn forgotten(&self) -> Self {
        Self { times: 0, until: self.since, ..self.clone() }
    }

    /// True while there is something to remember.
    pub fn matters(&self, now: DateTime<Utc>) -> bool {
        self.times > 0 || self.stands(now)
    }

    /// A pause from the future was learned before the clock was put back: it begins anew.
    pub fn brought_back(&self, now: DateTime<Utc>) -> Option<Self> {
        let begins_anew = || Self { since: now, until: now + (self.until - self.since), ..self.clone() };
        (self.since > now && self.matters(now)).then(begins_anew)
    }
}

impl Limit {
    fn pause(&self, times: u32) -> TimeDelta {
        let ms = |ms: u64| TimeDelta::milliseconds(i64::try_from(ms).unwrap_or(i64::MAX / 1000));
        match self.after_ms.filter(|after| *after > 0) {
            Some(told) => ms(told).min(LONGEST_TOLD),
            None => ms(self.first_ms.saturating_mul(1 << times.clamp(1, 20).saturating_sub(1))).min(LONGEST_UNTOLD),
        }
    }
}

/// Why a call is not made now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cause {
    /// Meta holds the whole app.
    App,
    /// Meta holds a part of what the seller does.
    Hold(HoldOn),
    /// Meta takes the token of a connection no more.
    Token(ConnectionId),
    /// The cap is reached.
    Cap(BudgetKey),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::App => f.write_str("Meta holds the whole app"),
            Self::Hold(on) => write!(f, "Meta holds {on}"),
            Self::Token(id) => write!(f, "connection {id} must be connected again"),
            Self::Cap(key) => write!(f, "the cap of {} is reached", key.family.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_000_000 + second, 0).unwrap()
    }

    fn limit(after_s: Option<u64>) -> Limit {
        let after_ms = after_s.map(|seconds| seconds * 1000);
        let (reach, why) = (Reach::Connection, "613".to_owned());
        Limit { reach, why, after_ms, first_ms: FIRST_UNTOLD_MS, is_gentle: false }
    }

    #[test]
    fn pauses_that_meta_does_not_name_grow_up_to_an_hour() {
        let (mut known, mut now, mut minutes) = (None, at(0), Vec::new());
        for _ in 0..9 {
            let hold = Hold::after(known.as_ref(), &limit(None), now, now);
            minutes.push((hold.until - now).num_minutes());
            now = hold.until;
            known = Some(hold);
        }
        assert_eq!(minutes, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn pauses_that_meta_names_are_kept_and_no_day_is_exceeded() {
        for (told, kept) in [(0, 60), (7, 7), (1140, 1140), (u64::MAX / 1000, 86_400)] {
            let hold = Hold::after(None, &limit(Some(told)), at(0), at(0));
            assert_eq!(hold.until, at(kept), "{told}");
        }
    }

    #[test]
    fn calls_that_were_under_way_together_tell_of_one_limit() {
        let first = Hold::after(None, &limit(None), at(0), at(5));
        let second = Hold::after(Some(&first), &limit(None), at(1), at(6));
        assert_eq!((second.times, second.until), (1, at(66)));
        let told = Hold::after(Some(&second), &limit(Some(600)), at(2), at(7));
        assert_eq!((told.times, told.until), (1, at(607)));
        let shorter = Hold::after(Some(&told), &limit(Some(1)), at(3), at(8));
        assert_eq!((shorter.times, shorter.until), (1, at(607)));
        let next = Hold::after(Some(&shorter), &limit(None), at(607), at(608));
        assert_eq!(next.times, 2);
    }

    #[test]
    fn only_a_call_made_after_the_pause_shows_that_it_is_over() {
        let hold = Hold::after(None, &limit(None), at(0), at(0));
        assert!(!hold.is_disproved_by(at(59)) && hold.is_disproved_by(at(60)));
        assert!(!hold.is_on_trial(at(59)) && hold.is_on_trial(at(60)));
        assert!(!hold.forgotten().matters(at(0)));
        assert_eq!(Hold::after(Some(&hold.forgotten()), &limit(None), at(61), at(61)).times, 1);
    }

    #[test]
    fn going_slower_is_no_refusal() {
        let gentle = Limit { is_gentle: true, ..limit(Some(3)) };
        let slow = Hold::after(None, &gentle, at(0), at(0));
        assert_eq!((slow.times, slow.until), (0, at(3)));
        let refused = Hold::after(Some(&slow), &limit(None), at(0), at(1));
        assert_eq!((refused.times, refused.until), (1, at(61)));
        let still = Hold::after(Some(&refused), &gentle, at(0), at(2));
        assert_eq!((still.times, still.until), (1, at(61)));
    }

    #[test]
    fn a_clock_put_back_by_years_lengthens_a_pause_by_its_own_length_at_most() {
        let hold = Hold::after(None, &limit(Some(600)), at(0), at(0));
        assert_eq!(hold.brought_back(at(1)), None);
        let back = hold.brought_back(at(-100_000)).unwrap();
        assert_eq!((back.since, back.until), (at(-100_000), at(-99_400)));
        assert_eq!(back.brought_back(at(-100_000)), None);
    }

    #[test]
    fn what_is_held_has_words_and_is_found_by_them() {
        for on in [
            HoldOn::Conversation(ConversationId(7)),
            HoldOn::Connection(ConnectionId(7)),
            HoldOn::Budget(BudgetKey::catalog_batch(7)),
            HoldOn::Budget(BudgetKey::graph()),
        ] {
            let (kind, subject) = on.parts();
            assert_eq!(HoldOn::named(kind, subject), Some(on));
        }
        assert_eq!(HoldOn::named("moon", 1), None);
    }
}
