//! The pause that Meta's limits put the whole app under. It is known here at once, so that no seller claims anything
//! while it stands; the journal stores it in the commit that stores the result which told of it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use tracing::{info, warn};

use crate::domain::budget::hold::{Hold, LimitsTold, Reach};

/// What the process knows of it. It outlives every actor.
#[derive(Default)]
pub(crate) struct AppHold(Mutex<Option<Hold>>);

impl AppHold {
    /// Takes over what is stored.
    pub(crate) fn restore(&self, hold: Option<Hold>) {
        *self.lock() = hold;
    }

    /// What matters of it now.
    pub(crate) fn at(&self, now: DateTime<Utc>) -> Option<Hold> {
        let mut known = self.lock();
        if let Some(back) = known.as_ref().and_then(|hold| hold.brought_back(now)) {
            *known = Some(back);
        }
        known.clone().filter(|hold| hold.matters(now))
    }

    /// As it is to be stored.
    pub(crate) fn known(&self) -> Option<Hold> {
        self.lock().clone()
    }

    /// Learns from a call; true when there is something new to be stored. `is_done`: Meta did what the call asked.
    pub(crate) fn learn(&self, told: &LimitsTold, is_done: bool, now: DateTime<Utc>) -> bool {
        let began = told.began.unwrap_or(now);
        let mut known = self.lock();
        let before = known.clone();
        let limits: Vec<_> = told.limits.iter().filter(|limit| limit.reach == Reach::App).collect();
        for limit in &limits {
            *known = Some(Hold::after(known.as_ref(), limit, began, now));
        }
        if limits.is_empty() && is_done {
            let over = known.as_ref().filter(|hold| hold.is_disproved_by(began)).map(Hold::forgotten);
            *known = over.or(known.take());
        }
        tell(before.as_ref(), known.as_ref(), now);
        before != *known
    }

    fn lock(&self) -> MutexGuard<'_, Option<Hold>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Once for each pause: the calls under way when it began tell of it as well.
fn tell(before: Option<&Hold>, after: Option<&Hold>, now: DateTime<Utc>) {
    let stood = before.is_some_and(|hold| hold.stands(now));
    match after {
        Some(hold) if !stood && hold.stands(now) => {
            let Hold { until, why, .. } = hold;
            warn!(%until, why, "Meta holds the whole app: no seller calls before {until}");
        }
        Some(hold) if hold.times == 0 && before.is_some_and(|before| before.times > 0) => {
            info!("Meta takes calls of the app again");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::budget::hold::{FIRST_UNTOLD_MS, Limit};

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_000_000 + second, 0).unwrap()
    }

    fn told(began: i64, reach: Option<Reach>) -> LimitsTold {
        let limit = |reach| {
            let (why, after_ms, is_gentle) = ("4".to_owned(), None, false);
            Limit { reach, why, after_ms, first_ms: FIRST_UNTOLD_MS, is_gentle }
        };
        LimitsTold { connection: None, began: Some(at(began)), limits: reach.map(limit).into_iter().collect() }
    }

    #[test]
    fn it_stands_from_the_moment_it_is_learned_until_its_end() {
        let app = AppHold::default();
        assert!(!app.learn(&told(0, Some(Reach::Connection)), false, at(1)));
        assert_eq!(app.at(at(1)), None);
        assert!(app.learn(&told(0, Some(Reach::App)), false, at(1)));
        assert!(app.at(at(60)).is_some_and(|hold| hold.stands(at(60)) && !hold.stands(at(61))));
    }

    #[test]
    fn only_a_call_after_its_end_shows_that_it_is_over() {
        let app = AppHold::default();
        app.learn(&told(0, Some(Reach::App)), false, at(0));
        assert!(!app.learn(&told(59, None), true, at(70)));
        assert!(!app.learn(&told(61, None), false, at(70)), "a call without an answer shows nothing");
        assert!(app.learn(&told(61, None), true, at(70)));
        assert_eq!(app.at(at(70)), None);
        assert!(app.known().is_some_and(|hold| hold.times == 0), "its end is stored, too");
    }

    #[test]
    fn it_outlives_the_process_and_a_clock_put_back() {
        let app = AppHold::default();
        app.learn(&told(0, Some(Reach::App)), false, at(0));
        let next = AppHold::default();
        next.restore(app.known());
        assert!(next.at(at(-90_000)).is_some_and(|hold| hold.until == at(-90_000 + 60)));
        assert_eq!(next.at(at(-90_000 + 61)).map(|hold| hold.times), Some(1));
    }
}
