//! What is known of a seller's actor beyond its life: it is written by the actor and read by the supervisor, which
//! learns from it what was in hand when the actor fell.

use std::sync::atomic::{AtomicI64, AtomicU32, AtomicUsize, Ordering::SeqCst};

use crate::domain::ids::EventSeq;

/// Shared by the supervisor and one incarnation after the other.
#[derive(Debug, Default)]
pub(crate) struct Hand {
    in_hand: AtomicI64,
    careful_through: AtomicI64,
    counted: AtomicI64,
    falls: AtomicU32,
    outages: AtomicU32,
    incarnation: AtomicI64,
    in_flight: AtomicUsize,
}

impl Hand {
    /// Events up to here are in hand now.
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
        self.falls.store(0, SeqCst);
        self.outages.store(0, SeqCst);
    }

    /// An attempt at this event has been counted.
    pub(crate) fn counts(&self, event: EventSeq) {
        self.counted.store(event.0, SeqCst);
    }

    /// Whether the next attempt at this event is one that is counted already: whoever was ended from outside, or gave
    /// up, takes the same event in hand again, and that blames it for nothing.
    pub(crate) fn has_counted(&self, event: EventSeq) -> bool {
        self.counted.load(SeqCst) == event.0
    }

    /// The actor fell over what was in hand: it is taken up again event by event. Answers the falls so far.
    pub(crate) fn fell(&self) -> u32 {
        self.counted.store(0, SeqCst);
        self.careful_through.fetch_max(self.in_hand.swap(0, SeqCst), SeqCst);
        self.falls.fetch_add(1, SeqCst) + 1
    }

    /// The actor was ended from outside: no event is to blame. Answers the falls so far.
    pub(crate) fn was_killed(&self) -> u32 {
        self.puts_down();
        self.falls.fetch_add(1, SeqCst) + 1
    }

    /// The actor ended itself without anybody's fault. Answers how often it did in a row.
    pub(crate) fn gave_up(&self) -> u32 {
        self.puts_down();
        self.outages.fetch_add(1, SeqCst) + 1
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
    fn an_attempt_is_counted_again_only_after_a_fall() {
        let hand = Hand::default();
        assert!(!hand.has_counted(EventSeq(7)));
        hand.counts(EventSeq(7));
        hand.was_killed();
        hand.gave_up();
        assert!(hand.has_counted(EventSeq(7)) && !hand.has_counted(EventSeq(8)));
        hand.fell();
        assert!(!hand.has_counted(EventSeq(7)));
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
