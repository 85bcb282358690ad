//! A person and a customer in any order, over any restart: what holds of orders whatever is done.

use super::by_hand::lines_wanted;
use super::drafts::easy;
use super::*;
use crate::domain::command::OrderAt;
use crate::domain::ids::OrderId;
use crate::domain::outbox::Aim;

#[derive(Clone, Copy, Debug)]
enum Deed {
    Says(usize),
    Opens,
    Edits(u32),
    Confirms,
    Cancels,
    Fulfils,
    IsLate,
    Waits,
    Forgets,
}

const TEXTS: [&str; 6] = [
    "two aprons please",
    "a blue linen shirt in M",
    "one more apron please",
    "cancel my order please",
    "yes",
    "thanks",
];

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => (0..TEXTS.len()).prop_map(Deed::Says),
        1 => Just(Deed::Opens),
        2 => (1..4_u32).prop_map(Deed::Edits),
        1 => Just(Deed::Confirms),
        1 => Just(Deed::Cancels),
        1 => Just(Deed::Fulfils),
        1 => Just(Deed::IsLate),
        2 => Just(Deed::Waits),
        1 => Just(Deed::Forgets),
    ]
}

fn play(played: &mut Played, deed: Deed, second: i64) {
    played.now = at(second);
    let newest = played.orders.values().next_back().map(|order| (order.id, order.version));
    let lines = |count| lines_wanted(&[("APRON", count), ("SHIRT-Blue-M", 1)]);
    let any = |order| OrderAt { order, version: None };
    match (deed, newest) {
        (Deed::Says(text), _) => played.says(TEXTS[text], second),
        (Deed::Waits, _) => played.waits(4),
        (Deed::Forgets, _) => played.forgets(),
        (Deed::Opens, _) => {
            let conversation = played.conversations.keys().next().copied().unwrap_or(ConversationId(1));
            played.is_asked(Command::OpenOrder { conversation, lines: lines(1) });
        }
        (Deed::Edits(count), Some((order, version))) => {
            played.is_asked(Command::EditOrder { order, version, lines: Some(lines(count)), contact: None });
        }
        (Deed::Confirms, Some((order, _))) => drop(played.is_asked(Command::ConfirmOrder(any(order)))),
        (Deed::Cancels, Some((order, _))) => drop(played.is_asked(Command::CancelOrder(any(order)))),
        (Deed::Fulfils, Some((order, _))) => drop(played.is_asked(Command::FulfilOrder(any(order)))),
        (Deed::IsLate, Some((order, version))) => {
            let before = played.orders.clone();
            let late = OrderAt { order, version: Some(version - 1) };
            for command in [Command::ConfirmOrder(late), Command::CancelOrder(late), Command::FulfilOrder(late)] {
                assert_eq!(played.is_asked(command)["error"], "version_conflict");
            }
            assert_eq!(played.orders, before);
        }
        (_, None) => {}
    }
    for owed in played.take_handed() {
        played.ends(&owed, CallResult::Accepted { mid: format!("q{}", owed.id) });
    }
}

/// What may become of one order by one deed.
fn assert_follows(before: &Order, after: &Order, deed: Deed) {
    use OrderState::{Cancelled, Confirmed, Draft, Fulfilled};
    let is_same = before == after;
    assert!(after.version > before.version || is_same, "{deed:?}: {before:?} {after:?}");
    let may_follow = match (before.state, after.state) {
        (Draft, Cancelled | Draft | Confirmed) | (Confirmed, Cancelled | Fulfilled) => true,
        (Cancelled, Draft) => !before.by_hand,
        _ => is_same,
    };
    assert!(may_follow, "{deed:?}: {before:?} {after:?}");
    let things = |order: &Order| {
        order.lines.iter().map(|line| (line.product.clone(), line.variant.clone(), line.quantity)).collect::<Vec<_>>()
    };
    let is_fixed = before.by_hand || before.state != Draft && after.state != Draft;
    assert!(!is_fixed || matches!(deed, Deed::Edits(_)) || things(before) == things(after), "{deed:?}");
}

fn assert_stands(played: &Played) {
    let taken: i64 = played
        .orders
        .values()
        .flat_map(|order| &order.lines)
        .filter(|line| line.stock_taken)
        .map(|line| i64::from(line.quantity))
        .sum();
    assert_eq!(played.stock("APRON"), Some(3 - taken), "nothing is made or lost");
    let confirmations = played.outbox.values().filter(|owed| owed.purpose.aim == Aim::Confirm);
    let of: Vec<&str> = confirmations.map(|owed| owed.purpose.of.as_str()).collect();
    assert_eq!(of.iter().collect::<BTreeSet<_>>().len(), of.len(), "an order is confirmed once: {of:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn whatever_a_person_does_orders_stay_what_was_agreed(deeds in prop::collection::vec(deed(), 1..24)) {
        let mut played = easy();
        for (deed, second) in deeds.into_iter().zip((0..).step_by(10)) {
            let before: BTreeMap<OrderId, Order> = played.orders.values().map(|order| (order.id, order.clone())).collect();
            play(&mut played, deed, second);
            for order in played.orders.values() {
                match before.get(&order.id) {
                    Some(before) => assert_follows(before, order, deed),
                    None => prop_assert!(order.version >= 1),
                }
            }
            assert_stands(&played);
        }
    }
}
