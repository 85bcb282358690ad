//! What is known of a seller's actor beyond its life: it is written by the actor and read by the supervisor, which
//! learns from it what was in hand when the actor fell.

use std::sync::atomic::{AtomicI64, AtomicU32, AtomicUsize, Ordering::SeqCst};

use chrono::{DateTime, Utc};

use crate::domain::ids::EventSeq;

/// Shared by the supervisor and one incarnation after the other.
#[derive(Debug, Default)]
pub(crate) struct Hand {
    in_hand: AtomicI64,
    careful_through: AtomicI64,
    excused: AtomicI64,
    falls: AtomicU32,
    outages: AtomicU32,
    incarnation: AtomicI64,
    in_flight: AtomicUsize,
    waiting: AtomicUsize,
    /// Milliseconds since 1970; 0 when nothing is paused.
    paused_until: AtomicI64,
}

impl Hand {
    /// Events up to here are in hand now; 0 when none is.
    pub(crate) fn takes(&self, last: EventSeq) {
        self.in_hand.store(last.0, SeqCst);
    }

    /// None is in hand any more.
    pub(crate) fn puts_down(&self) {
        self.in_hand.store(0, SeqCst);
    }

    /// The last event in hand, if any is.
    pub(crate) fn in_hand(&self) -> Option<EventSeq> {
        Some(self.in_hand.load(SeqCst)).filter(|last| *last > 0).map(EventSeq)
    }

    /// The turn is stored: what fell before is overcome.
    pub(crate) fn got_on(&self) {
        self.puts_down();
        self.excused.store(0, SeqCst);
        self.falls.store(0, SeqCst);
        self.outages.store(0, SeqCst);
    }

    /// The actor fell over what was in hand: it is taken up again event by event. Answers the falls so far.
    pub(crate) fn fell(&self) -> u32 {
        self.careful_through.fetch_max(self.in_hand.swap(0, SeqCst), SeqCst);
        self.excused.store(0, SeqCst);
        self.falls.fetch_add(1, SeqCst) + 1
    }

    /// The actor was ended from outside: no event is to blame. Answers the falls so far.
    pub(crate) fn was_killed(&self) -> u32 {
        self.excuse();
        self.falls.fetch_add(1, SeqCst) + 1
    }

    /// The actor ended itself without anybody's fault. Answers how often it did in a row.
    pub(crate) fn gave_up(&self) -> u32 {
        self.excuse();
        self.outages.fetch_add(1, SeqCst) + 1
    }

    /// Whoever ended in the midst of it could not take back the attempt that was counted before.
    fn excuse(&self) {
        let in_hand = self.in_hand.swap(0, SeqCst);
        if in_hand > 0 {
            self.excused.store(in_hand, SeqCst);
        }
    }

    /// True when the last attempt at this event is counted and ended by nobody's fault: it goes on under that count.
    pub(crate) fn is_excused(&self, event: EventSeq) -> bool {
        self.excused.load(SeqCst) == event.0
    }

    /// Events up to here are taken one by one.
    pub(crate) fn careful_through(&self) -> EventSeq {
        EventSeq(self.careful_through.load(SeqCst))
    }

    /// Falls since anything was last done.
    pub(crate) fn falls(&self) -> u32 {
        self.falls.load(SeqCst)
    }

    /// Shows the number the actor writes under.
    pub(crate) fn show_incarnation(&self, incarnation: i64) {
        self.incarnation.store(incarnation, SeqCst);
    }

    /// The number the actor writes under, once it was loaded.
    pub(crate) fn incarnation(&self) -> Option<i64> {
        Some(self.incarnation.load(SeqCst)).filter(|incarnation| *incarnation > 0)
    }

    /// Shows how many calls have been handed over and have not ended.
    pub(crate) fn show_in_flight(&self, calls: usize) {
        self.in_flight.store(calls, SeqCst);
    }

    /// Shows how many owed calls wait, and until when none of them may be made.
    pub(crate) fn show_pause(&self, waiting: usize, until: Option<DateTime<Utc>>) {
        self.waiting.store(waiting, SeqCst);
        self.paused_until.store(until.map_or(0, |until| until.timestamp_millis()), SeqCst);
    }

    /// Owed calls that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(SeqCst)
    }

    /// Until when calls wait for a cap or for Meta.
    pub(crate) fn paused_until(&self) -> Option<DateTime<Utc>> {
        Some(self.paused_until.load(SeqCst)).filter(|until| *until > 0).and_then(DateTime::from_timestamp_millis)
    }

    /// Calls handed over and not ended.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_fall_of_its_own_makes_the_next_incarnation_careful() {
        let hand = Hand::default();
        hand.takes(EventSeq(7));
        hand.was_killed();
        hand.takes(EventSeq(7));
        hand.gave_up();
        assert_eq!(hand.careful_through(), EventSeq(0));
        hand.takes(EventSeq(7));
        assert_eq!(hand.fell(), 2);
        assert_eq!(hand.careful_through(), EventSeq(7));
    }

    #[test]
    fn an_attempt_that_was_ended_from_outside_is_excused_until_something_is_done_or_falls() {
        let (hand, event) = (Hand::default(), EventSeq(7));
        for end in [Hand::was_killed, Hand::gave_up] {
            for over in [
                |hand: &Hand| hand.got_on(),
                |hand: &Hand| {
                    hand.fell();
                },
            ] {
                hand.takes(event);
                end(&hand);
                hand.gave_up();
                assert!(hand.is_excused(event) && !hand.is_excused(EventSeq(8)));
                over(&hand);
                assert!(!hand.is_excused(event));
            }
        }
    }

    #[test]
    fn a_fall_with_nothing_in_hand_blames_no_event() {
        let hand = Hand::default();
        hand.takes(EventSeq(7));
        hand.got_on();
        hand.fell();
        assert_eq!(hand.careful_through(), EventSeq(0));
    }

    #[test]
    fn whatever_gets_done_starts_the_counting_anew() {
        let hand = Hand::default();
        hand.fell();
        hand.was_killed();
        assert_eq!(hand.falls(), 2);
        hand.got_on();
        assert_eq!((hand.falls(), hand.gave_up()), (0, 1));
    }
}
