//! Alarms: wakes the sellers whose alarm is due and, now and then, everybody who might have missed a wake-up.
//! It reads rows and wakes; setting, acting on and removing alarms is the sellers' business.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::task::JoinHandle;
use tracing::warn;

use crate::domain::ids::SellerId;
use crate::post::AlarmsMsg;
use crate::store::{alarms, inbox};
use crate::trouble::{Trouble, within};
use crate::world::World;

/// The wait after the store could not be read.
const AFTER_TROUBLE: TimeDelta = TimeDelta::seconds(1);

/// The actor.
pub(crate) struct AlarmsActor;

/// When it looks next, and whom it has woken of late.
pub(crate) struct AlarmsState {
    world: Arc<World>,
    sweep_at: DateTime<Utc>,
    nudged: Nudged,
    timer: Option<Timer>,
}

impl Actor for AlarmsActor {
    type Msg = AlarmsMsg;
    type State = AlarmsState;
    type Arguments = Arc<World>;

    async fn pre_start(&self, me: ActorRef<AlarmsMsg>, world: Arc<World>) -> Result<AlarmsState, ActorProcessingErr> {
        world.posts.alarms.take(me);
        let sweep_at = world.clock.now();
        Ok(AlarmsState { world, sweep_at, nudged: Nudged::default(), timer: None })
    }

    async fn post_start(&self, me: ActorRef<AlarmsMsg>, state: &mut AlarmsState) -> Result<(), ActorProcessingErr> {
        Box::pin(state.look(&me)).await;
        Ok(())
    }

    async fn handle(
        &self,
        me: ActorRef<AlarmsMsg>,
        message: AlarmsMsg,
        state: &mut AlarmsState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            AlarmsMsg::Earlier(due) => state.look_by(&me, due),
            AlarmsMsg::Look => Box::pin(state.look(&me)).await,
            AlarmsMsg::Sweep => {
                state.sweep_at = state.world.clock.now();
                Box::pin(state.look(&me)).await;
            }
        }
        Ok(())
    }
}

impl AlarmsState {
    async fn look(&mut self, me: &ActorRef<AlarmsMsg>) {
        let now = self.world.clock.now();
        self.timer = None;
        let next = self.wake_who_must(now).await.unwrap_or_else(|error| {
            warn!(error = &error as &dyn Error, "could not look for alarms");
            now + AFTER_TROUBLE
        });
        self.look_by(me, next.min(self.sweep_at.max(now + AFTER_TROUBLE)));
    }

    /// Wakes those with an alarm due, and on a sweep those with work; says when to look next.
    async fn wake_who_must(&mut self, now: DateTime<Utc>) -> Result<DateTime<Utc>, Trouble> {
        let (reads, limit) = (self.world.store.reads(), self.world.settings.store_timeout);
        let due = within(limit, alarms::sellers_due(reads, now)).await?;
        self.world.wake(self.nudged.of_due(due, now));
        if self.sweep_at <= now {
            self.world.wake(within(limit, inbox::sellers_with_work(reads)).await?);
            self.sweep_at = now + time_delta(self.world.settings.sweep);
        }
        let next = within(limit, alarms::next_due(reads, now)).await?;
        Ok([next, self.nudged.next()].into_iter().flatten().min().unwrap_or(self.sweep_at))
    }

    /// Looks at `due`, unless it looks earlier anyway.
    fn look_by(&mut self, me: &ActorRef<AlarmsMsg>, due: DateTime<Utc>) {
        if self.timer.as_ref().is_some_and(|timer| timer.due <= due) {
            return;
        }
        let (clock, me) = (self.world.clock.clone(), me.clone());
        let task = tokio::spawn(async move {
            clock.sleep_until(due).await;
            let _ = me.cast(AlarmsMsg::Look);
        });
        self.timer = Some(Timer { due, task });
    }
}

/// One sleep, cut short when it is not wanted any more.
struct Timer {
    due: DateTime<Utc>,
    task: JoinHandle<()>,
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Sellers that were woken for alarms that are still due: they rest, are paused, or fail. Each is left alone a while
/// longer every time, so that one that does not answer costs next to nothing.
#[derive(Default)]
struct Nudged(HashMap<SellerId, Nudge>);

/// How often in a row, when last, and not again before.
type Nudge = (u32, DateTime<Utc>, DateTime<Utc>);

impl Nudged {
    const FIRST: TimeDelta = TimeDelta::milliseconds(250);
    const DOUBLINGS: u32 = 7;

    /// Whom to wake of those due, each with what it waits for the longest.
    fn of_due(&mut self, due: Vec<(SellerId, DateTime<Utc>)>, now: DateTime<Utc>) -> Vec<SellerId> {
        let mut before = std::mem::take(&mut self.0);
        let mut wake = Vec::new();
        for (seller, since) in due {
            // One that came due since is another: the one it was woken for is gone.
            let nudge = before.remove(&seller).filter(|(_, last, _)| since <= *last);
            let (times, last, until) = nudge.unwrap_or((0, now, now));
            if until > now {
                self.0.insert(seller, (times, last, until));
            } else {
                let until = now + Self::FIRST * (1 << times.min(Self::DOUBLINGS));
                self.0.insert(seller, (times + 1, now, until));
                wake.push(seller);
            }
        }
        wake
    }

    /// When the first of them may be woken again.
    fn next(&self) -> Option<DateTime<Utc>> {
        self.0.values().map(|(_, _, until)| *until).min()
    }
}

fn time_delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(milliseconds).unwrap()
    }

    #[test]
    fn a_seller_that_stays_due_is_woken_less_and_less_and_others_at_once() {
        let (mut nudged, lazy, other) = (Nudged::default(), SellerId(1), SellerId(2));
        let mut woken = Vec::new();
        for now in (0..10_000).step_by(50) {
            for seller in nudged.of_due(vec![(lazy, at(0))], at(now)) {
                assert_eq!(seller, lazy);
                woken.push(now);
            }
        }
        assert_eq!(woken, [0, 250, 750, 1750, 3750, 7750]);
        assert_eq!(nudged.of_due(vec![(lazy, at(0)), (other, at(10_000))], at(10_000)), [other]);
        assert_eq!(nudged.of_due(vec![(lazy, at(10_001))], at(10_001)), [lazy], "for another alarm it starts anew");
    }

    #[test]
    fn a_seller_that_acted_on_its_alarm_starts_anew() {
        let (mut nudged, seller) = (Nudged::default(), SellerId(1));
        assert_eq!(nudged.of_due(vec![(seller, at(0))], at(0)), [seller]);
        assert!(nudged.of_due(vec![], at(100)).is_empty());
        assert_eq!(nudged.next(), None);
        assert_eq!(nudged.of_due(vec![(seller, at(0))], at(200)), [seller]);
    }
}
