//! Who is called, when, under caps and pauses: nothing is lost, nobody is called twice, everybody in turn.

use super::*;
use crate::domain::budget::hold::{Limit, Reach};
use crate::domain::budget::window::first_known_slot;
use crate::domain::budget::{OwnCaps, SpentSlot};
use crate::house::claimed;
use crate::shop::claims::News;

fn limit(reach: Reach, after_s: Option<u64>) -> Limit {
    let after_ms = after_s.map(|seconds| seconds * 1000);
    Limit { reach, why: "613".into(), after_ms, first_ms: 60_000, is_gentle: false }
}

fn throttled() -> CallResult {
    CallResult::Again { error: "Meta asks to slow down (613)".into(), after_ms: None }
}

impl Played {
    /// A shop with so many customers who each wait for a text.
    fn owing(count: i64) -> Self {
        let mut played = Self::new();
        for n in 0..count {
            let event = StoredEvent { customer: Some(format!("c{n}")), ..played.event(&format!("message:{n}"), at(0)) };
            let said = Said { mid: Some(format!("m{n}")), text: Some("an apron please".into()), ..Said::default() };
            played.shop.decide(&event, &Ok(Happening::Said(said)), played.now);
        }
        played.store();
        played
    }

    fn told(&self, owed: &Owed, limits: Vec<Limit>) -> LimitsTold {
        LimitsTold { connection: Some(owed.connection), began: Some(self.now), limits }
    }

    fn is_refused(&mut self, owed: &Owed, reach: Reach, after_s: Option<u64>) -> Outcome {
        let told = self.told(owed, vec![limit(reach, after_s)]);
        self.ends_telling(owed, throttled(), told)
    }

    fn succeeds(&mut self, owed: &Owed) -> Outcome {
        let told = self.told(owed, vec![]);
        self.ends_telling(owed, CallResult::Accepted { mid: format!("a{}", owed.id) }, told)
    }

    /// The actor is loaded anew from what was stored; calls that were handed over are with the courier.
    fn reload(&mut self) {
        let threads = std::mem::take(&mut self.shop.threads);
        let by_customer = std::mem::take(&mut self.shop.by_customer);
        let message = |owed: &Owed| self.messages.values().find(|message| message.outbox == Some(owed.id)).cloned();
        let open = self.outbox.values().filter(|owed| owed.state.is_open());
        let open = open.map(|owed| (owed.clone(), message(owed))).collect();
        self.spent.retain(|(key, slot), calls| *calls > 0 && *slot >= first_known_slot(key.family, self.now));
        let spent = self.spent.iter().map(|((key, slot), calls)| SpentSlot { key: *key, slot: *slot, calls: *calls });
        let holds = self.holds.iter().map(|(on, hold)| (*on, hold.clone())).collect();
        let (caps, last_id) = (self.shop.caps, self.shop.last_id);
        self.shop = Shop::new(Loaded { last_id, open, spent: spent.collect(), holds, ..loaded() }, rules());
        (self.shop.caps, self.shop.threads, self.shop.by_customer) = (caps, threads, by_customer);
        self.shop.recover(&|_, _| true, &[], self.now);
    }

    /// One more customer wants to be asked for details, at once.
    fn hears_from(&mut self, name: &str) {
        let event = StoredEvent { customer: Some(name.into()), ..self.event(&format!("message:{name}"), self.now) };
        let said = Said { mid: Some(format!("m-{name}")), text: Some("an apron please".into()), ..Said::default() };
        self.shop.decide(&event, &Ok(Happening::Said(said)), self.now);
        let key = AlarmKey { kind: AlarmKind::Reply, subject: self.shop.last_id_of_a_thread() };
        self.shop.alarm(&Alarm { key, due: self.now }, self.now + TimeDelta::seconds(4));
        self.store();
    }
}

impl Shop {
    fn last_id_of_a_thread(&self) -> i64 {
        self.threads.keys().max().map_or(0, |id| id.0)
    }
}

/// What may happen to a shop.
#[derive(Clone, Debug)]
enum Act {
    Writes(u8),
    Ends { is_refused: bool },
    Reloads,
    ClockSteps(i64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (1_u8..6).prop_map(Act::Writes),
        4 => any::<bool>().prop_map(|is_refused| Act::Ends { is_refused }),
        2 => Just(Act::Reloads),
        4 => (0_i64..1200).prop_map(Act::ClockSteps),
        1 => (-30_000_i64..30_000).prop_map(Act::ClockSteps),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// As far as the clock strays here it is within the day for which spends are known.
    #[test]
    fn no_hour_has_more_claims_than_the_cap_whatever_happens(acts in prop::collection::vec(act(), 1..60), cap in 1_u32..7) {
        let (mut played, mut claims, mut on_wire, mut names) = (Played::new(), Vec::new(), Vec::new(), 0);
        played.shop.caps.messages_per_hour = cap;
        for act in acts {
            match act {
                Act::Writes(count) => for _ in 0..count {
                    names += 1;
                    played.hears_from(&format!("c{names}"));
                },
                Act::Ends { is_refused } => for owed in std::mem::take(&mut on_wire) {
                    if is_refused { played.is_refused(&owed, Reach::Connection, None) } else { played.succeeds(&owed) };
                },
                Act::Reloads => played.reload(),
                Act::ClockSteps(seconds) => {
                    let strayed = (played.now - at(0)).num_seconds() + seconds;
                    played.now = at(strayed.clamp(-36_000, 36_000));
                    played.store();
                }
            }
            let handed = played.take_handed();
            claims.extend(handed.iter().filter_map(|owed| owed.claimed_at));
            on_wire.extend(handed);
        }
        let hour = TimeDelta::hours(1);
        for first in &claims {
            let within = claims.iter().filter(|claim| *claim >= first && **claim < *first + hour).count();
            prop_assert!(within <= usize::try_from(cap).unwrap(), "{} claims in an hour of {}", within, cap);
        }
    }
}

#[test]
fn a_refused_call_is_owed_again_and_its_connection_rests_until_told() {
    let mut played = Played::owing(3);
    played.shop.rules.max_in_flight = 1;
    played.waits(4);
    let first = played.take_handed().remove(0);
    played.is_refused(&first, Reach::Connection, Some(600));
    let again = &played.outbox[&first.id.0];
    assert_eq!((again.state, again.attempts, again.held, again.tries()), (OwedState::Owed, 1, 1, 0));
    played.waits(599);
    assert!(played.take_handed().is_empty());
    assert_eq!(played.alarms.values().next(), Some(&at(604)));
    played.waits(1);
    let next = played.take_handed();
    assert_eq!(next.iter().map(|owed| owed.id).collect::<Vec<_>>(), [first.id], "the oldest goes first");
}

#[test]
fn after_a_pause_one_call_finds_out_whether_it_is_over() {
    let mut played = Played::owing(6);
    played.waits(4);
    let burst = played.take_handed();
    assert_eq!(burst.len(), 4);
    for owed in &burst {
        played.is_refused(owed, Reach::Connection, None);
    }
    assert_eq!(played.shop.holds.values().map(|hold| hold.times).collect::<Vec<_>>(), [1], "one limit, not four");
    played.waits(60);
    let probe = played.take_handed();
    assert_eq!(probe.len(), 1);
    played.is_refused(&probe[0], Reach::Connection, None);
    played.waits(119);
    assert!(played.take_handed().is_empty(), "the second pause is twice as long");
    played.waits(1);
    let probe = played.take_handed();
    assert_eq!(probe.len(), 1);
    played.succeeds(&probe[0]);
    assert_eq!(played.take_handed().len(), 4, "it is over for all");
    assert!(played.shop.holds.is_empty());
}

#[test]
fn a_limit_of_one_customer_stops_nobody_else() {
    let mut played = Played::owing(2);
    played.waits(4);
    let both = played.take_handed();
    played.is_refused(&both[0], Reach::Conversation, None);
    played.succeeds(&both[1]);
    played.says("an apron please", 5);
    played.waits(4);
    assert_eq!(played.take_handed().len(), 1, "another customer is answered meanwhile");
    played.waits(56);
    assert_eq!(played.take_handed().iter().map(|owed| owed.id).collect::<Vec<_>>(), [both[0].id]);
}

#[test]
fn while_the_app_is_held_nothing_is_claimed_and_everything_is_heard() {
    let mut played = Played::owing(2);
    played.shop.learn_app_hold(Some(Hold { since: at(0), until: at(300), times: 1, why: "4".into() }));
    played.waits(4);
    assert!(played.take_handed().is_empty());
    played.says("a blue linen shirt in M", 5);
    assert_eq!(played.orders.len(), 3);
    played.waits(295);
    assert!(played.take_handed().is_empty());
    played.waits(1);
    assert!(!played.take_handed().is_empty(), "it ends by itself");
}

#[test]
fn a_pause_and_what_was_spent_survive_a_restart() {
    let mut played = Played::owing(3);
    played.shop.rules.max_in_flight = 1;
    played.waits(4);
    let first = played.take_handed().remove(0);
    played.is_refused(&first, Reach::Connection, Some(600));
    assert_eq!((played.last.holds.len(), played.spent.len()), (1, 1));
    played.reload();
    played.store();
    assert!(played.take_handed().is_empty());
    played.waits(600);
    assert_eq!(played.take_handed().len(), 1);
}

#[test]
fn a_limit_told_beside_a_success_counts_even_when_the_echo_was_first() {
    let mut played = Played::owing(2);
    played.shop.rules.max_in_flight = 1;
    played.waits(4);
    let first = played.take_handed().remove(0);
    let echo = Echo { mid: "e".into(), text: Some(text_of(&first).to_owned()), attachments: vec![] };
    let event = StoredEvent { customer: Some("c0".into()), ..played.event("message:e", at(4)) };
    let told = played.told(&first, vec![limit(Reach::Connection, Some(60))]);
    let ended = CallEnded { outbox: first.id, attempt: 1, result: CallResult::Accepted { mid: "e".into() }, told };
    let answer = played.event("call", at(4));
    played.shop.decide(&event, &Ok(Happening::Echo(echo)), played.now);
    played.shop.decide(&answer, &Ok(Happening::CallEnded(ended)), played.now);
    played.store();
    assert_eq!(played.last.decided[1].outcome, Outcome::Duplicate);
    assert!(played.take_handed().is_empty());
    played.waits(60);
    assert_eq!(played.take_handed().len(), 1);
}

#[test]
fn nothing_is_failed_for_being_held_however_often() {
    let mut played = Played::owing(1);
    played.waits(4);
    let question = played.take_handed().remove(0);
    played.ends(&question, CallResult::Unknown { error: "no answer".into() });
    played.waits(120);
    for _ in 0..MANY {
        let look = played.take_handed().remove(0);
        played.is_refused(&look, Reach::Connection, Some(60));
        played.waits(60);
    }
    let look = played.take_handed().remove(0);
    assert_eq!((look.attempts, look.tries()), (MANY + 1, 1));
    played.ends(&look, CallResult::Looked { found: Some("q1".into()) });
    assert_eq!(played.outbox[&question.id.0].state, OwedState::Accepted);
}

/// More than the looks that are made in earnest.
const MANY: i32 = 15;

#[test]
fn the_log_says_once_that_a_seller_pauses_and_once_that_it_goes_on() {
    let mut played = Played::owing(5);
    played.shop.caps.messages_per_hour = 1;
    played.waits(4);
    let paused = played.shop.take_news();
    assert!(matches!(paused[..], [News::Paused { until: Some(_), .. }]), "{paused:?}");
    let first = played.take_handed().remove(0);
    played.succeeds(&first);
    played.waits(5);
    assert_eq!(played.shop.take_news(), []);
    played.shop.caps.messages_per_hour = 250;
    played.store();
    assert!(matches!(played.shop.take_news()[..], [News::GoesOn { .. }]));
    assert_eq!(played.take_handed().len(), 4);
}

#[test]
fn a_turn_at_the_cap_stores_its_alarm_once() {
    let mut played = Played::owing(3);
    played.shop.caps.messages_per_hour = 0;
    played.waits(4);
    assert!(played.alarms.keys().any(|key| key.kind == AlarmKind::Send));
    played.store();
    assert_eq!(played.last, Changes { last_id: played.last.last_id, ..Changes::default() });
}

#[test]
fn what_is_held_crowds_out_nothing_else() {
    let mut played = Played::owing(0);
    let owed = |n: i64, connection: i64| Owed {
        connection: ConnectionId(connection),
        account: account(),
        recipient: n.to_string(),
        state: OwedState::Owed,
        attempts: 0,
        claimed_by: None,
        ..claimed(n, "hello")
    };
    let open = (1..=200).map(|n| (owed(n, 1), None)).chain([(owed(201, 2), None)]).collect();
    let on = crate::domain::budget::hold::HoldOn::Connection(ConnectionId(1));
    let hold = Hold { since: at(0), until: at(600), times: 1, why: "613".into() };
    let mut shop = Loaded { open, holds: vec![(on, hold)], ..loaded() };
    shop.seller.connections.push(Connection::working(ConnectionId(2), account(), None));
    played.shop = Shop::new(shop, rules());
    let wanted = played.shop.wanted(&[], &[], played.now);
    assert_eq!(wanted.conversations, [ConversationId(201)]);
    played.store();
    assert_eq!(played.alarms.values().collect::<Vec<_>>(), [&at(0)], "it comes back at once to read on");
}

#[test]
fn a_seller_may_have_caps_of_its_own() {
    let mut seller = loaded();
    seller.seller.settings.caps = OwnCaps { messages_per_hour: Some(1), ..OwnCaps::default() };
    let slot = at(0).timestamp() / 60;
    seller.spent = vec![SpentSlot { key: BudgetKey::messages(ConnectionId(1)), slot, calls: 1 }];
    let shop = Shop::new(seller, rules());
    let line = &shop.budget_lines(at(0))[0];
    assert_eq!((line.cap, line.spent, line.waiting), (1, 1, 0));
}

#[test]
fn a_throttled_send_waits_as_long_as_meta_says() {
    let mut played = Played::new();
    played.says("an apron please", 0);
    played.waits(4);
    let question = played.take_handed().remove(0);
    played.ends(&question, CallResult::Again { error: "slow down".into(), after_ms: Some(60_000) });
    played.waits(59);
    assert!(played.take_handed().is_empty());
    played.waits(1);
    assert_eq!(played.take_handed().len(), 1);
}

#[test]
fn a_spent_budget_puts_sends_off_until_there_is_room() {
    let mut played = Played::new();
    played.shop.caps.messages_per_hour = 0;
    played.says("two aprons please", 0);
    played.waits(4);
    assert!(played.take_handed().is_empty());
    played.shop.caps.messages_per_hour = 1;
    played.waits(61 * 60);
    assert_eq!(played.take_handed().len(), 1);
}
