//! Stories of one shop, decided in memory: what is said, what is owed, what becomes of it.

use proptest::prelude::*;

use super::*;
use crate::domain::alarm::AlarmKey;
use crate::domain::budget::hold::{Hold, HoldOn, LimitsTold};
use crate::domain::budget::{BudgetKey, Caps};
use crate::domain::catalog::{Product, Variant};
use crate::domain::channel::Channel;
use crate::domain::command::Command;
use crate::domain::conversation::{Author, Conversation, Customer, Lead, MessageState};
use crate::domain::desk::Note;
use crate::domain::event::{CallEnded, CallResult, Echo, Said, Source};
use crate::domain::ids::{ConnectionId, CustomerId, EventSeq, NoteId, SellerId};
use crate::domain::money::Money;
use crate::domain::order::{Look, Order, OrderChange, OrderState};
use crate::domain::outbox::OwedCall;
use crate::domain::seller::{Connection, Settings};
use crate::domain::told::LooseEnd;
use crate::store::sync::Stored;
use crate::store::threads::{StoredThread, Wanted};

mod budgets;
mod by_hand;
mod closed_by_hand;
mod corners;
mod database;
mod desk;
mod drafts;
mod edits;
mod goods;
mod known;
mod notes;
mod shuffled;
mod shuffled_by_hand;
mod shuffled_drafts;
mod staff;
mod talk;
mod taps;
mod told;

const NOON: i64 = 1_790_856_000;

/// A shop with a database of maps: what it stores is kept here, and read back when it asks.
struct Played {
    shop: Shop,
    now: DateTime<Utc>,
    seq: i64,
    orders: BTreeMap<i64, Order>,
    messages: BTreeMap<i64, Message>,
    alarms: BTreeMap<AlarmKey, DateTime<Utc>>,
    outbox: BTreeMap<i64, Owed>,
    customers: BTreeMap<CustomerId, Customer>,
    conversations: BTreeMap<ConversationId, Conversation>,
    leads: BTreeMap<CustomerId, Lead>,
    loose_ends: BTreeMap<(Account, String), LooseEnd>,
    comments: BTreeSet<CommentName>,
    notes: BTreeMap<NoteId, Note>,
    spent: BTreeMap<(BudgetKey, i64), i32>,
    holds: BTreeMap<HoldOn, Hold>,
    handed: Vec<Owed>,
    history: Vec<OrderChange>,
    last: Changes,
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(NOON + second, 0).unwrap()
}

fn rules() -> ShopRules {
    ShopRules {
        reply_quiet: TimeDelta::seconds(4),
        reply_max_age: TimeDelta::hours(1),
        settle_after: TimeDelta::minutes(2),
        max_threads: 100,
        max_in_flight: 4,
        caps: Caps::default(),
        boot: 1,
        sync: SyncRules::default(),
    }
}

fn account() -> Account {
    Account::new(Channel::Instagram, "17841400000000001")
}

fn loaded() -> Loaded {
    let usd = "USD".parse().unwrap();
    let variant = |color: &str, size: &str| Variant {
        retailer_id: format!("SHIRT-{color}-{size}"),
        options: vec![("Color".into(), color.into()), ("Size".into(), size.into())],
        ..Variant::default()
    };
    let price = Money { minor: 2990, currency: usd };
    let shirt = Product {
        variants: vec![variant("Blue", "S"), variant("Blue", "M"), variant("White", "M")],
        ..Product::new("SHIRT", "Linen Shirt", price)
    };
    let apron = Product { stock: Some(3), ..Product::new("APRON", "Apron", price) };
    Loaded {
        seller: Seller {
            id: SellerId(1),
            settings: Settings::new("Linen Shop", usd),
            connections: vec![Connection::working(ConnectionId(1), account(), None)],
        },
        incarnation: 1,
        last_id: 0,
        turns: 0,
        catalog: Catalog::new([shirt, apron], []),
        spent: vec![],
        holds: vec![],
        open: vec![],
        windows: vec![],
        loose_ends: vec![],
        sync: Stored::default(),
        erasing: Vec::new(),
    }
}

impl Played {
    fn new() -> Self {
        Self {
            shop: Shop::new(loaded(), rules()),
            now: at(0),
            seq: 0,
            orders: BTreeMap::new(),
            messages: BTreeMap::new(),
            alarms: BTreeMap::new(),
            outbox: BTreeMap::new(),
            customers: BTreeMap::new(),
            conversations: BTreeMap::new(),
            leads: BTreeMap::new(),
            loose_ends: BTreeMap::new(),
            comments: BTreeSet::new(),
            notes: BTreeMap::new(),
            spent: BTreeMap::new(),
            holds: BTreeMap::new(),
            handed: Vec::new(),
            history: Vec::new(),
            last: Changes::default(),
        }
    }

    fn event(&mut self, key: &str, happened_at: DateTime<Utc>) -> StoredEvent {
        self.seq += 1;
        StoredEvent {
            seq: EventSeq(self.seq),
            account: account(),
            key: key.to_owned(),
            source: Source::Meta,
            kind: "message".to_owned(),
            customer: Some("ada".to_owned()),
            happened_at,
            raw: Vec::new(),
            attempts: 0,
            preset: None,
        }
    }

    fn hears(&mut self, happening: Happening, key: &str, second: i64) -> Outcome {
        let event = self.event(key, at(second));
        self.turn(vec![(event, Ok(happening))]);
        self.last.decided[0].outcome
    }

    fn says(&mut self, text: &str, second: i64) {
        let mid = format!("m{second}");
        let said = Said { mid: Some(mid.clone()), text: Some(text.into()), ..Said::default() };
        self.hears(Happening::Said(said), &format!("message:{mid}"), second);
    }

    fn echo(&mut self, mid: &str, text: &str) {
        let echo = Echo { mid: mid.into(), text: Some(text.into()), attachments: vec![] };
        self.hears(Happening::Echo(echo), &format!("message:{mid}"), (self.now - at(0)).num_seconds());
    }

    fn ends(&mut self, owed: &Owed, result: CallResult) -> Outcome {
        self.ends_telling(owed, result, LimitsTold::default())
    }

    fn ends_telling(&mut self, owed: &Owed, result: CallResult, told: LimitsTold) -> Outcome {
        let ended = CallEnded { outbox: owed.id, attempt: owed.attempts, result, told };
        self.hears(Happening::CallEnded(ended), &format!("call:{}:{}", owed.id, owed.attempts), 0)
    }

    /// Lets time pass, and every alarm go off that is due by then.
    fn waits(&mut self, seconds: i64) {
        self.now += TimeDelta::seconds(seconds);
        let due: Vec<_> =
            self.alarms.iter().filter(|(_, due)| **due <= self.now).map(|(key, due)| (*key, *due)).collect();
        for (key, due) in due {
            let alarm = Alarm { key, due };
            let wanted = self.shop.wanted(&[], std::slice::from_ref(&alarm), self.now);
            self.read(&wanted);
            self.reads_orders(&[]);
            self.shop.alarm(&alarm, self.now);
            self.store();
        }
    }

    fn take_handed(&mut self) -> Vec<Owed> {
        std::mem::take(&mut self.handed)
    }

    fn order(&self) -> &Order {
        assert_eq!(self.orders.len(), 1, "{:?}", self.orders);
        self.orders.values().next().unwrap()
    }

    fn needs_look(&self) -> Vec<Look> {
        self.shop.threads.values().next().unwrap().conversation.needs_look.iter().copied().collect()
    }
}

fn text_of(owed: &Owed) -> &str {
    match &owed.call {
        OwedCall::Send { text, .. } | OwedCall::Find { text, .. } => text,
    }
}

const DETAILS: &str = "my phone is +1 555 010 0199, deliver to 12 Harbour Street, Springfield 94110";

#[test]
fn a_draft_is_asked_about_completed_and_confirmed_once() {
    let mut played = Played::new();
    played.says("two blue linen shirts in M", 0);
    assert_eq!(played.order().state, OrderState::Draft);
    assert_eq!(played.order().lines[0].variant.as_deref(), Some("SHIRT-Blue-M"));
    assert!(played.handed.is_empty(), "no answer before the quiet time");
    played.waits(4);
    let question = played.take_handed().remove(0);
    assert!(text_of(&question).contains("phone number"), "{}", text_of(&question));
    played.ends(&question, CallResult::Accepted { mid: "q1".into() });
    played.echo("q1", text_of(&question));
    let asked = played.messages.values().find(|message| message.author == Author::Bot).unwrap();
    assert_eq!(asked.state, MessageState::Confirmed);

    played.says(DETAILS, 10);
    played.waits(4);
    assert_eq!(played.order().state, OrderState::Confirmed);
    assert_eq!(played.order().total().unwrap().minor, 5980);
    let confirmations = played.take_handed();
    assert_eq!(confirmations.len(), 1);
    assert!(text_of(&confirmations[0]).contains("59.80 USD"));
    played.waits(600);
    assert!(played.take_handed().is_empty());
}

#[test]
fn the_same_question_is_not_asked_twice() {
    let mut played = Played::new();
    played.says("an apron please", 0);
    played.waits(4);
    let question = played.take_handed().remove(0);
    played.ends(&question, CallResult::Accepted { mid: "q1".into() });
    played.says("ok thanks", 10);
    played.waits(4);
    assert!(played.take_handed().is_empty());
    assert_eq!(played.needs_look(), [Look::StillMissing]);
}

#[test]
fn a_question_that_has_not_left_leaves_nothing_unanswered() {
    let mut played = Played::new();
    played.says("an apron please", 0);
    played.waits(4);
    let question = played.take_handed().remove(0);
    played.ends(&question, CallResult::TokenRefused { code: "190/460".into(), generation: None });
    played.says("ok thanks", 10);
    played.waits(4);
    assert!(played.take_handed().is_empty(), "it waits for a token");
    assert!(played.needs_look().is_empty(), "{:?}", played.needs_look());
    // Once it was sent, who does not answer it is a person's business.
    played.shop.learn_connections(Some(loaded().seller.connections));
    played.says("hello?", 20);
    let question = played.take_handed().remove(0);
    played.ends(&question, CallResult::Accepted { mid: "q1".into() });
    played.says("are you there?", 30);
    played.waits(4);
    assert_eq!(played.needs_look(), [Look::StillMissing]);
}

#[test]
fn a_question_that_could_not_be_sent_is_asked_again() {
    let mut played = Played::new();
    played.says("an apron please", 0);
    played.waits(4);
    let question = played.take_handed().remove(0);
    played.ends(&question, CallResult::Refused { code: "190/463".into(), error: "the token has run out".into() });
    assert_eq!(played.needs_look(), [Look::NotSent]);
    played.says("are you there?", 10);
    played.waits(4);
    assert_eq!(played.take_handed().iter().map(text_of).collect::<Vec<_>>(), [text_of(&question)]);
}

#[test]
fn a_word_said_just_before_the_silence_was_over_puts_the_answer_off() {
    let mut played = Played::new();
    played.says("an apron please", 0);
    let (key, due) = played.alarms.first_key_value().map(|(key, due)| (*key, *due)).unwrap();
    played.now = due;
    let said = Said { text: Some("hm".into()), ..Said::default() };
    let event = played.event("message:hm", at(3));
    played.shop.decide(&event, &Ok(Happening::Said(said)), played.now);
    played.shop.alarm(&Alarm { key, due }, played.now);
    played.store();
    assert!(played.take_handed().is_empty());
    played.waits(4);
    assert_eq!(played.take_handed().len(), 1);
}

#[test]
fn an_echo_before_the_answer_confirms_the_send_and_the_answer_says_nothing_new() {
    let mut played = Played::new();
    played.says("an apron please", 0);
    played.waits(4);
    let question = played.take_handed().remove(0);
    played.echo("q1", text_of(&question));
    assert_eq!(played.outbox[&question.id.0].state, OwedState::Accepted);
    assert_eq!(played.ends(&question, CallResult::Accepted { mid: "q1".into() }), Outcome::Duplicate);
    assert_eq!(played.messages.values().filter(|message| message.author == Author::Bot).count(), 1);
}

#[test]
fn an_uncertain_send_is_looked_for_and_sent_again_only_when_meta_does_not_have_it() {
    for found in [None, Some("q1".to_owned())] {
        let mut played = Played::new();
        played.says("an apron please", 0);
        played.waits(4);
        let question = played.take_handed().remove(0);
        played.ends(&question, CallResult::Unknown { error: "no answer".into() });
        played.waits(119);
        assert!(played.take_handed().is_empty(), "the echo may still come");
        played.waits(1);
        let look = played.take_handed().remove(0);
        assert!(matches!(&look.call, OwedCall::Find { send, .. } if *send == question.id));
        played.ends(&look, CallResult::Looked { found: found.clone() });
        let again = played.take_handed();
        assert_eq!(again.len(), usize::from(found.is_none()), "{found:?}");
        assert!(again.iter().all(|owed| owed.id == question.id && owed.attempts == 2));
    }
}

#[test]
fn after_a_restart_a_claimed_send_is_uncertain_and_a_lost_hand_over_is_repeated() {
    for (claimed_by, handed) in [(Some(0), 0), (Some(1), 1)] {
        let mut played = Played::new();
        played.says("an apron please", 0);
        played.waits(4);
        let mut question = played.take_handed().remove(0);
        question.claimed_by = claimed_by;
        let message = played.messages.values().find(|message| message.outbox == Some(question.id)).cloned();
        let again = Loaded { last_id: 100, open: vec![(question.clone(), message)], ..loaded() };
        played.shop = Shop::new(again, rules());
        played.shop.recover(&|_, _| false, &[], played.now);
        played.store();
        assert_eq!(played.take_handed().len(), handed);
        let state = if handed == 0 { OwedState::Unknown } else { OwedState::Claimed };
        assert_eq!(played.shop.open[&question.id].owed.state, state);
    }
}

#[test]
fn more_than_there_is_is_not_confirmed() {
    let mut played = Played::new();
    played.says(&format!("5 aprons please, {DETAILS}"), 0);
    played.waits(4);
    assert_eq!(played.order().state, OrderState::Draft);
    assert!(text_of(&played.take_handed()[0]).contains("only 3 left"));
    played.says("ok 3 aprons", 10);
    played.waits(4);
    assert_eq!(played.order().lines[0].quantity, 3);
}

#[test]
fn words_without_an_order_make_a_conversation_and_a_lead_only() {
    let mut played = Played::new();
    played.says("good morning, what are your opening hours?", 0);
    played.waits(10);
    assert!(played.orders.is_empty() && played.take_handed().is_empty());
    assert!(played.shop.threads.values().next().unwrap().lead.is_some());
}

#[test]
fn a_message_typed_elsewhere_is_no_lead_no_order_and_no_turn_of_the_bot() {
    let mut played = Played::new();
    played.echo("x1", "two blue linen shirts in M, as you wished");
    played.waits(10);
    assert!(played.orders.is_empty() && played.handed.is_empty());
    assert!(played.shop.threads.values().next().unwrap().lead.is_none());
    assert_eq!(played.messages.values().next().unwrap().author, Author::Elsewhere);
}

#[test]
fn a_message_older_than_the_confirmed_order_asks_for_a_look_and_changes_nothing() {
    let mut played = Played::new();
    played.says(&format!("two aprons please, {DETAILS}"), 10);
    played.waits(4);
    let before = played.order().clone();
    played.says("one blue linen shirt in M", 5);
    assert_eq!(played.needs_look(), [Look::LateMessage]);
    played.waits(10);
    assert_eq!(*played.order(), before);
}

#[test]
fn an_old_message_makes_a_draft_and_no_answer() {
    let mut played = Played::new();
    played.now = at(3700);
    played.says("two aprons please", 0);
    played.waits(10);
    assert_eq!(played.order().state, OrderState::Draft);
    assert!(played.take_handed().is_empty());
}

#[test]
fn products_put_by_a_command_are_understood_from_then_on() {
    let mut played = Played::new();
    played.says("two canvas totes please", 0);
    assert!(played.orders.is_empty());
    let usd = "USD".parse().unwrap();
    let tote = Product::new("TOTE", "Canvas Tote", Money { minor: 1250, currency: usd });
    played.hears(Happening::Command(Command::PutProducts { products: vec![tote] }.into()), "command:1", 1);
    assert_eq!(played.last.decided[0].answer, Some(serde_json::json!({ "products": 1 })));
    played.says("two canvas totes please", 2);
    assert_eq!(played.order().lines[0].product, "TOTE");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn the_order_of_arrival_does_not_matter_to_a_draft(order in Just(vec![0_usize, 1, 2, 3, 4]).prop_shuffle()) {
        let said = ["two linen shirts", "in blue please", "size M", "and one apron", DETAILS];
        let mut played = Played::new();
        for place in order {
            played.says(said[place], i64::try_from(place).unwrap() * 10);
        }
        let lines: Vec<_> = played.order().lines.iter().map(|line| (line.product.as_str(), line.variant.as_deref(), line.quantity)).collect();
        prop_assert_eq!(lines, vec![("SHIRT", Some("SHIRT-Blue-M"), 2), ("APRON", None, 1)]);
        played.waits(4);
        prop_assert_eq!(played.order().state, OrderState::Confirmed);
    }
}
