//! A conversation with carts, taps, corrections and cancels, and with a person who steps in between, ends in the same way
//! in whatever order its events arrive, however they are split into turns, and whether or not the actor is unloaded in
//! between.

use std::collections::BTreeSet;

use super::by_hand::lines_wanted;
use super::drafts::{cart, easy, page};
use super::*;
use crate::domain::button::QuickReply;
use crate::domain::command::OrderAt;

const TEXTS: [&str; 10] = [
    "two aprons please",
    "a blue linen shirt",
    "in M please",
    "make it 3",
    "one more apron please",
    "no apron please",
    "cancel my order please",
    "one apron please",
    "the same as last time please",
    "yes",
];

/// What a customer does in one go; a tap is on a button of the last question, if it had any.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Says(usize),
    Cart(u32),
    Page,
    Presses(bool),
    Taps(usize),
}

/// What a person does before the customer goes on.
#[derive(Clone, Copy, Debug)]
enum Hand {
    Opens,
    Edits(u32),
    Confirms,
    Cancels,
}

fn hand() -> impl Strategy<Value = Option<Hand>> {
    prop_oneof![
        6 => Just(None),
        1 => Just(Some(Hand::Opens)),
        3 => (1..4_u32).prop_map(|count| Some(Hand::Edits(count))),
        1 => Just(Some(Hand::Confirms)),
        1 => Just(Some(Hand::Cancels)),
    ]
}

/// Nothing comes of it where there is nothing to do it to.
fn step_in(played: &mut Played, hand: Hand) {
    let lines = |count| lines_wanted(&[("SHIRT-White-M", count)]);
    let newest = played.orders.values().next_back().map(|order| (order.id, order.version));
    let command = match (hand, newest, played.conversations.keys().next()) {
        (Hand::Opens, _, Some(conversation)) => Command::OpenOrder { conversation: *conversation, lines: lines(1) },
        (Hand::Edits(count), Some((order, version)), _) => {
            Command::EditOrder { order, version, lines: Some(lines(count)), contact: None }
        }
        (Hand::Confirms, Some((order, version)), _) => Command::ConfirmOrder(OrderAt { order, version: Some(version) }),
        (Hand::Cancels, Some((order, _)), _) => Command::CancelOrder(OrderAt { order, version: None }),
        _ => return,
    };
    played.is_asked(command);
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => (0..TEXTS.len()).prop_map(Deed::Says),
        1 => (1..4_u32).prop_map(Deed::Cart),
        1 => Just(Deed::Page),
        1 => any::<bool>().prop_map(Deed::Presses),
        4 => (0..2_usize).prop_map(Deed::Taps),
    ]
}

fn said(deed: Deed, buttons: &[QuickReply]) -> Said {
    let press = |payload: &str| Said { payload: Some(payload.into()), ..Said::default() };
    match deed {
        Deed::Says(text) => Said { text: Some(TEXTS[text].into()), ..Said::default() },
        Deed::Cart(count) => cart(&[("SHIRT-White-M", count), ("777", 1)]),
        Deed::Page => page("APRON", "2 please"),
        Deed::Presses(true) => press("ORDER:SHIRT-Blue-M:2"),
        Deed::Presses(false) => press("CONFIRM"),
        Deed::Taps(place) => buttons.get(place).map_or_else(Said::default, |button| press(&button.payload)),
    }
}

/// How the deeds of one go arrive: their order, some twice, and after which of them a turn ends or all is forgotten.
type Arrival = (Vec<usize>, Vec<u8>);

/// What a person does first, and what the customer does then.
type Go = (Option<Hand>, Vec<Deed>, Arrival);

fn go() -> impl Strategy<Value = Go> {
    prop::collection::vec(deed(), 1..6).prop_flat_map(|deeds| {
        let twice: Vec<usize> = (0..deeds.len()).chain((0..deeds.len()).step_by(2)).collect();
        let turns = prop::collection::vec(0..4_u8, twice.len());
        (hand(), Just(deeds), (Just(twice).prop_shuffle(), turns))
    })
}

/// Each with its quantity.
type Lines = Vec<(String, u32)>;

/// What there is at the end: orders with states, lines and totals, and all that was said to the customer.
#[derive(Debug, PartialEq)]
struct End {
    orders: Vec<(OrderState, Lines, Option<i64>)>,
    told: Vec<(String, Vec<String>)>,
}

/// Plays all goes, each with a wait after it; without an arrival as they were said.
fn play(goes: &[Go], as_it_arrives: bool) -> End {
    let mut played = easy();
    let (mut told, mut buttons): (Vec<(String, Vec<String>)>, Vec<QuickReply>) = (vec![], vec![]);
    for (nth, (hand, deeds, (order, turns))) in goes.iter().enumerate() {
        let start = 100 * i64::try_from(nth).unwrap();
        played.now = at(start + 20);
        hand.iter().for_each(|hand| step_in(&mut played, *hand));
        let in_order: Vec<usize> = (0..deeds.len()).collect();
        let order = if as_it_arrives { order } else { &in_order };
        let mut known = BTreeSet::new();
        for (place, turn) in order.iter().zip(turns) {
            // The inbox takes every key once.
            if known.insert(*place) {
                hear(&mut played, said(deeds[*place], &buttons), start + i64::try_from(*place).unwrap());
            }
            match turn {
                1 | 2 if as_it_arrives => played.store(),
                3 if as_it_arrives => {
                    played.store();
                    played.forgets();
                }
                _ => {}
            }
        }
        played.store();
        played.waits(4);
        for owed in played.take_handed() {
            played.ends(&owed, CallResult::Accepted { mid: format!("q{}", owed.id) });
            let OwedCall::Send { text, quick_replies, .. } = owed.call else { continue };
            told.push((text, quick_replies.iter().map(|button| button.title.clone()).collect()));
            buttons = quick_replies;
        }
    }
    end(&played, told)
}

fn hear(played: &mut Played, said: Said, second: i64) {
    let events = [(played.event(&format!("message:{second}"), at(second)), Ok(Happening::Said(said)))];
    played.reads_orders(&events);
    let [(event, happening)] = &events;
    played.shop.decide(event, happening, played.now);
}

fn end(played: &Played, mut told: Vec<(String, Vec<String>)>) -> End {
    // Ids depend on the order of arrival, and say nothing.
    for (place, id) in played.orders.keys().enumerate() {
        for (text, _) in &mut told {
            *text = text.replace(&format!("order {id} "), &format!("order #{place} "));
        }
    }
    let orders = played.orders.values().map(|order| {
        let lines = order.lines.iter().map(|line| (line.label(), line.quantity)).collect();
        (order.state, lines, order.total().map(|total| total.minor))
    });
    End { orders: orders.collect(), told }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]
    #[test]
    fn the_end_is_the_same(goes in prop::collection::vec(go(), 1..4)) {
        prop_assert_eq!(play(&goes, false), play(&goes, true));
    }
}
