//! What goes wrong on request: with the next calls, or by chance with a seed.

use std::collections::VecDeque;
use std::time::Duration;

use http::StatusCode;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::Deserialize;
use serde_json::Value;

use super::refusal::Refusal;

/// Something that goes wrong with a call to the Graph API.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Nothing is done, and a known error is answered.
    FailWith {
        /// Which; over HTTP as `"190/463"`.
        error: Refusal,
    },
    /// Nothing is done, and this is answered.
    FailWithBody {
        /// The HTTP status, 200 to 599.
        status: u16,
        /// The JSON body.
        body: Value,
    },
    /// The message is really sent, its echo too, but the call is never answered.
    DoneButNoAnswer {
        /// How the answer is withheld.
        #[serde(default)]
        silence: Silence,
    },
    /// Nothing is done, and the call is never answered.
    NotDoneNoAnswer {
        /// How the answer is withheld.
        #[serde(default)]
        silence: Silence,
    },
    /// All is well, but the answer comes late.
    SlowAnswer {
        /// How late.
        ms: u64,
    },
    /// The echo is delivered and acknowledged before the call is answered.
    EchoFirst,
    /// The echo comes twice.
    EchoTwice,
    /// The echo never comes.
    NoEcho,
    /// The answer's headers tell how near its limits the caller is; with an error, nothing is done.
    WithLimits(Limits),
    /// Nothing is done, and a proxy answers 429 in HTML.
    #[serde(rename = "non_json_429")]
    NonJson429,
    /// The message is really sent, its echo too, but the call is answered with 500.
    #[serde(rename = "done_but_500")]
    DoneBut500,
}

impl Fault {
    /// Nothing is done, and a known error is answered.
    pub const fn fail(error: Refusal) -> Self {
        Self::FailWith { error }
    }
}

/// What an answer tells of Meta's limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// How much of the app's share is used, in per cent.
    pub app_percent: Option<u32>,
    /// How much of the account's share is used, in per cent.
    pub percent: Option<u32>,
    /// Minutes until the account may call again.
    pub minutes: Option<u32>,
    /// Seconds, as `Retry-After`.
    pub retry_after: Option<u32>,
    /// The refusal that comes with it; none: the call is done.
    pub error: Option<Refusal>,
}

/// How an answer is withheld.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Silence {
    /// The connection is closed.
    #[default]
    Cut,
    /// The connection stays open, and nothing comes.
    Hang,
}

/// Which calls a fault is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Calls {
    /// Messages sent.
    #[default]
    Sends,
    /// Conversations and messages read.
    Reads,
    /// Many items written to a catalog.
    CatalogBatches,
    /// How far a batch is.
    CatalogStatus,
    /// Single items written to a catalog or removed.
    CatalogWrites,
    /// Items and catalogs read.
    CatalogReads,
}

/// Faults by chance: each share is a probability from 0 to 1, and the draws follow the seed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chaos {
    /// Makes the draws come out the same again.
    pub seed: u64,
    /// Nothing done, a passing error answered.
    pub refused: f64,
    /// Nothing done, no answer.
    pub lost: f64,
    /// Done, no answer.
    pub unanswered: f64,
    /// Done, answered with 500.
    pub done_but_500: f64,
    /// Which share of the missing answers hangs instead of closing the connection.
    pub hanging: f64,
    /// Answered late.
    pub slow: f64,
    /// How late at most.
    pub slowest: Duration,
    /// The echo overtakes the answer.
    pub echo_first: f64,
    /// The echo comes twice.
    pub echo_twice: f64,
    /// The echo never comes.
    pub no_echo: f64,
    /// Reads that are cut off or answered with a passing error.
    pub failing_reads: f64,
}

/// How one call goes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Course {
    /// Whether the work is done, if it can be.
    pub(super) done: bool,
    pub(super) answer: HowAnswered,
    pub(super) delay: Duration,
    pub(super) echo: EchoCourse,
    /// What the answer's headers tell.
    pub(super) limits: Limits,
}

/// What the caller hears.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum HowAnswered {
    Truly,
    Refused(Refusal),
    With(StatusCode, Value),
    Html429,
    Never(Silence),
}

/// What becomes of the echo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EchoCourse {
    Usual,
    BeforeTheAnswer,
    Twice,
    Never,
}

impl Course {
    /// Nothing goes wrong.
    pub(super) const SMOOTH: Self = Self {
        done: true,
        answer: HowAnswered::Truly,
        delay: Duration::ZERO,
        echo: EchoCourse::Usual,
        limits: Limits { app_percent: None, percent: None, minutes: None, retry_after: None, error: None },
    };

    fn of(fault: Fault) -> Self {
        let done = |answer| Self { answer, ..Self::SMOOTH };
        let not_done = |answer| Self { done: false, answer, ..Self::SMOOTH };
        match fault {
            Fault::FailWith { error } => not_done(HowAnswered::Refused(error)),
            Fault::FailWithBody { status, body } => {
                // A status that is no final answer would leave the caller waiting.
                let status = StatusCode::from_u16(status).ok().filter(|status| status.as_u16() >= 200);
                let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                not_done(HowAnswered::With(status, body))
            }
            Fault::DoneButNoAnswer { silence } => done(HowAnswered::Never(silence)),
            Fault::NotDoneNoAnswer { silence } => not_done(HowAnswered::Never(silence)),
            Fault::SlowAnswer { ms } => Self { delay: Duration::from_millis(ms), ..Self::SMOOTH },
            Fault::EchoFirst => Self { echo: EchoCourse::BeforeTheAnswer, ..Self::SMOOTH },
            Fault::EchoTwice => Self { echo: EchoCourse::Twice, ..Self::SMOOTH },
            Fault::NoEcho => Self { echo: EchoCourse::Never, ..Self::SMOOTH },
            Fault::WithLimits(limits) => {
                let answer = limits.error.map_or(HowAnswered::Truly, HowAnswered::Refused);
                Self { done: limits.error.is_none(), answer, limits, ..Self::SMOOTH }
            }
            Fault::NonJson429 => not_done(HowAnswered::Html429),
            Fault::DoneBut500 => done(HowAnswered::Refused(Refusal::Transient)),
        }
    }
}

/// Faults asked for and not yet used up.
#[derive(Default)]
pub(super) struct Faults {
    waiting: VecDeque<Ordered>,
    chaos: Option<(Chaos, StdRng)>,
}

struct Ordered {
    fault: Fault,
    times: u32,
    calls: Calls,
    customer: Option<String>,
}

impl Faults {
    /// Orders a fault for the next calls, to one customer or catalog (by Meta's id) or to any.
    pub(super) fn order(&mut self, fault: Fault, times: u32, calls: Calls, customer: Option<String>) {
        self.waiting.push_back(Ordered { fault, times, calls, customer });
    }

    /// From here on chance decides where no fault is ordered.
    pub(super) fn start_chaos(&mut self, chaos: Chaos) {
        let rng = StdRng::seed_from_u64(chaos.seed);
        self.chaos = Some((chaos, rng));
    }

    /// Forgets all faults.
    pub(super) fn mend(&mut self) {
        *self = Self::default();
    }

    /// How the call now made goes.
    pub(super) fn course(&mut self, calls: Calls, customer: Option<&str>) -> Course {
        let fits = |order: &Ordered| {
            order.times > 0 && order.calls == calls && order.customer.as_deref().is_none_or(|id| Some(id) == customer)
        };
        if let Some(place) = self.waiting.iter().position(fits) {
            let order = &mut self.waiting[place];
            order.times -= 1;
            let course = Course::of(order.fault.clone());
            if order.times == 0 {
                self.waiting.remove(place);
            }
            return course;
        }
        match (&mut self.chaos, calls) {
            (None, _) => Course::SMOOTH,
            (Some((chaos, rng)), Calls::Sends | Calls::CatalogBatches | Calls::CatalogWrites) => chaos.send(rng),
            (Some((chaos, rng)), Calls::Reads | Calls::CatalogStatus | Calls::CatalogReads) => chaos.read(rng),
        }
    }
}

impl Chaos {
    fn send(&self, rng: &mut StdRng) -> Course {
        let silence = if rng.random_bool(self.hanging) { Silence::Hang } else { Silence::Cut };
        let mut draw = rng.random::<f64>();
        // One draw decides among the ways to answer, so that their shares add up as written.
        let mut falls_to = |share: f64| {
            draw -= share;
            draw < 0.0
        };
        let fault = if falls_to(self.refused) {
            Some(Fault::fail(Refusal::Transient))
        } else if falls_to(self.lost) {
            Some(Fault::NotDoneNoAnswer { silence })
        } else if falls_to(self.unanswered) {
            Some(Fault::DoneButNoAnswer { silence })
        } else if falls_to(self.done_but_500) {
            Some(Fault::DoneBut500)
        } else {
            None
        };
        let course = fault.map_or(Course::SMOOTH, Course::of);
        Course { echo: self.echo(rng), delay: self.delay(rng), ..course }
    }

    fn echo(&self, rng: &mut StdRng) -> EchoCourse {
        let [first, twice, none] = [self.echo_first, self.echo_twice, self.no_echo].map(|share| rng.random_bool(share));
        match (none, first, twice) {
            (true, ..) => EchoCourse::Never,
            (_, true, _) => EchoCourse::BeforeTheAnswer,
            (.., true) => EchoCourse::Twice,
            _ => EchoCourse::Usual,
        }
    }

    fn delay(&self, rng: &mut StdRng) -> Duration {
        let [is_slow, share] = [rng.random_bool(self.slow).into(), rng.random::<f64>()];
        self.slowest.mul_f64(is_slow * share)
    }

    fn read(&self, rng: &mut StdRng) -> Course {
        let [fails, is_cut] = [self.failing_reads, 0.5].map(|share| rng.random_bool(share));
        match (fails, is_cut) {
            (false, _) => Course::SMOOTH,
            (true, true) => Course::of(Fault::NotDoneNoAnswer { silence: Silence::Cut }),
            (true, false) => Course::of(Fault::fail(Refusal::Transient)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordered_fault_hits_only_its_customer_and_only_so_often() {
        let mut faults = Faults::default();
        faults.order(Fault::NoEcho, 2, Calls::Sends, Some("ada".into()));
        let echoes = |faults: &mut Faults, who: &str| faults.course(Calls::Sends, Some(who)).echo;
        assert_eq!(echoes(&mut faults, "bob"), EchoCourse::Usual);
        assert_eq!(faults.course(Calls::Reads, Some("ada")), Course::SMOOTH);
        assert_eq!(echoes(&mut faults, "ada"), EchoCourse::Never);
        assert_eq!(echoes(&mut faults, "ada"), EchoCourse::Never);
        assert_eq!(echoes(&mut faults, "ada"), EchoCourse::Usual);
    }

    #[test]
    fn faults_read_as_they_are_written_in_json() {
        for (json, fault) in [
            (r#"{"fault":"fail_with","error":"190/463"}"#, Fault::fail(Refusal::TokenExpired)),
            (r#"{"fault":"done_but_no_answer"}"#, Fault::DoneButNoAnswer { silence: Silence::Cut }),
            (r#"{"fault":"not_done_no_answer","silence":"hang"}"#, Fault::NotDoneNoAnswer { silence: Silence::Hang }),
            (r#"{"fault":"non_json_429"}"#, Fault::NonJson429),
            (r#"{"fault":"done_but_500"}"#, Fault::DoneBut500),
            (r#"{"fault":"slow_answer","ms":20}"#, Fault::SlowAnswer { ms: 20 }),
            (
                r#"{"fault":"with_limits","percent":100,"minutes":19,"error":"80002"}"#,
                Fault::WithLimits(Limits {
                    percent: Some(100),
                    minutes: Some(19),
                    error: Some(Refusal::InstagramRate),
                    ..Limits::default()
                }),
            ),
        ] {
            assert_eq!(serde_json::from_str::<Fault>(json).unwrap(), fault);
        }
    }

    #[test]
    fn chaos_keeps_its_shares_and_repeats_itself_by_seed() {
        let chaos = Chaos { seed: 7, refused: 0.1, lost: 0.1, unanswered: 0.3, no_echo: 0.5, ..Chaos::default() };
        let courses = || {
            let mut faults = Faults::default();
            faults.start_chaos(chaos.clone());
            (0..2000).map(|_| faults.course(Calls::Sends, None)).collect::<Vec<_>>()
        };
        let (once, again) = (courses(), courses());
        assert_eq!(once, again);
        let count = |is: fn(&Course) -> bool| once.iter().filter(|course| is(course)).count();
        assert!((1500..1700).contains(&count(|course| course.done)));
        assert!((500..700).contains(&count(|course| course.done && course.answer != HowAnswered::Truly)));
        assert!((900..1100).contains(&count(|course| course.echo == EchoCourse::Never)));
    }
}
