//! What is picked and not written: carts, product pages, buttons, and the same as last time.

use super::*;
use crate::domain::channel::Channel;
use crate::domain::ids::{ConversationId, CustomerId};
use crate::domain::order::OrderState;

pub(super) fn picked(n: i64, wishes: &[(&str, Option<u32>)]) -> Heard {
    let wish = |(product, quantity): &(&str, Option<u32>)| Wish { product: (*product).into(), quantity: *quantity };
    Heard { wishes: wishes.iter().map(wish).collect(), reading: Reading::default(), ..said(n, vec![]) }
}

pub(super) fn tapped(n: i64, button: Button) -> Heard {
    Heard { button: Some(button), reading: Reading::default(), ..said(n, vec![]) }
}

pub(super) fn again(n: i64) -> Heard {
    let mut heard = said(n, vec![]);
    heard.reading.again = Some(Evidence { words: "the usual".into(), of: "again".into() });
    heard
}

/// `2 LIN-Blue-M, 1 CAP`
pub(super) fn wanted(draft: &Draft) -> String {
    let line = |line: &OrderLine| format!("{} {}", line.quantity, line.variant.as_ref().unwrap_or(&line.product));
    draft.lines.iter().map(line).collect::<Vec<_>>().join(", ")
}

fn looks(draft: &Draft) -> Vec<Look> {
    draft.looks.iter().map(|(_, look)| *look).collect()
}

fn words(n: i64, quantity: Option<u32>, color: Option<&str>) -> Reading {
    let mut heard = color.map_or_else(|| said(n, vec![]), |color| loose(n, "Color", color));
    heard.reading.intent = Intent::Other;
    heard.reading.confidence = 0.5;
    heard.reading.loose_quantity = quantity;
    heard.reading
}

pub(super) fn confirmed() -> Order {
    let draft = draft_of(&[said(1, vec![line("LIN", Some(2), &[("Color", "White")]), line("CAP", None, &[])])]);
    Order {
        id: OrderId(3),
        conversation: ConversationId(1),
        customer: CustomerId(1),
        channel: Channel::Instagram,
        source_key: "message:0".into(),
        state: OrderState::Confirmed,
        lines: draft.lines,
        confidence: 0.9,
        contact: Contact::default(),
        opened_at: DateTime::UNIX_EPOCH,
        confirmed_at: None,
        version: 1,
        by_hand: false,
    }
}

#[test]
fn a_cart_says_how_many_whatever_was_said_before() {
    let cart = picked(2, &[("LIN-Blue-M", Some(3)), ("CAP", Some(2))]);
    for (before, expected) in [
        (vec![], "3 LIN-Blue-M, 2 CAP"),
        (vec![said(1, vec![line("CAP", Some(5), &[])])], "2 CAP, 3 LIN-Blue-M"),
        (vec![said(1, vec![line("LIN", Some(1), &[("Color", "Blue")])])], "3 LIN-Blue-M, 2 CAP"),
        (vec![picked(1, &[("LIN-White-M", Some(1))])], "1 LIN-White-M, 3 LIN-Blue-M, 2 CAP"),
    ] {
        let heard: Vec<Heard> = before.into_iter().chain([cart.clone()]).collect();
        let draft = draft_of(&heard);
        assert_eq!(wanted(&draft), expected);
        assert!(draft.confidence() > 0.85, "{expected}: {}", draft.confidence());
    }
}

#[test]
fn a_cart_counts_a_thing_that_is_in_it_twice_as_often_and_none_as_a_removal() {
    assert_eq!(wanted(&draft_of(&[picked(1, &[("CAP", Some(2)), ("CAP", Some(3))])])), "5 CAP");
    let most = draft_of(&[picked(1, &[("CAP", Some(u32::MAX)), ("CAP", Some(u32::MAX))])]);
    assert_eq!(most.lines[0].quantity, u32::MAX);
    let none = [picked(1, &[("CAP", Some(2)), ("LIN-Blue-M", Some(1))]), picked(2, &[("CAP", Some(0))])];
    assert_eq!(wanted(&draft_of(&none)), "1 LIN-Blue-M");
    assert_eq!(wanted(&draft_of(&[picked(1, &[("CAP", Some(0))])])), "");
}

#[test]
fn a_product_page_means_one_unless_the_words_say_otherwise() {
    for (page, quantity, color, expected) in [
        ("CAP", None, None, "1 CAP"),
        ("9001", None, None, "1 LIN"),
        ("LIN-Blue-S", None, None, "1 LIN-Blue-S"),
        ("LIN", Some(2), Some("White"), "2 LIN-White-M"),
        ("LIN-Blue-M", Some(2), Some("White"), "2 LIN-White-M"),
        ("LIN-White-M", None, Some("Blue"), "1 LIN-Blue-M"),
        ("CAP", Some(4), Some("White"), "4 CAP"),
    ] {
        let heard = Heard { reading: words(1, quantity, color), ..picked(1, &[(page, None)]) };
        let draft = draft_of(&[heard]);
        assert_eq!(wanted(&draft), expected, "{page} {quantity:?} {color:?}");
        assert!(draft.confidence() > 0.85, "{page}: {}", draft.confidence());
    }
}

#[test]
fn words_that_name_the_product_of_the_page_are_about_it() {
    let reading = said(1, vec![line("LIN", Some(2), &[]), line("CAP", None, &[])]).reading;
    let heard = Heard { reading, ..picked(1, &[("LIN-Blue-M", None)]) };
    assert_eq!(wanted(&draft_of(&[heard])), "2 LIN-Blue-M, 1 CAP");
    let reading = said(1, vec![line("LIN", Some(2), &[("Color", "White")])]).reading;
    let heard = Heard { reading, ..picked(1, &[("LIN-Blue-M", None)]) };
    assert_eq!(wanted(&draft_of(&[heard])), "2 LIN-White-M");
}

#[test]
fn a_question_from_a_product_page_makes_a_draft_that_nobody_is_sure_of() {
    let mut asked = picked(1, &[("CAP", None)]);
    asked.reading.intent = Intent::Question;
    let draft = draft_of(&[asked]);
    assert_eq!(wanted(&draft), "1 CAP");
    assert!(draft.confidence() < 0.75);
}

#[test]
fn words_that_cancel_count_more_than_the_page_and_less_than_a_cart() {
    let cancel = |wishes| {
        let mut heard = picked(2, wishes);
        heard.reading.intent = Intent::Cancel;
        wanted(&draft_of(&[said(1, vec![line("CAP", None, &[])]), heard]))
    };
    assert_eq!(cancel(&[]), "");
    assert_eq!(cancel(&[("LIN", None)]), "");
    assert_eq!(cancel(&[("LIN-Blue-M", Some(1))]), "1 CAP, 1 LIN-Blue-M");
}

#[test]
fn a_product_nobody_knows_leaves_the_rest_and_asks_for_a_look() {
    let draft = draft_of(&[picked(1, &[("CAP", Some(2)), ("777", Some(1))])]);
    assert_eq!((wanted(&draft).as_str(), looks(&draft)), ("2 CAP", vec![Look::UnknownProduct]));
    let known = with_caps(|cap| cap.item_id = Some("777".into()));
    let shelf = Shelf { catalog: &known, order: None, last: None };
    let draft = build(&[picked(1, &[("777", Some(1))])], shelf);
    assert_eq!((wanted(&draft).as_str(), looks(&draft)), ("1 CAP", vec![]));
}

#[test]
fn a_yes_is_to_what_was_summed_up_and_lasts_until_something_else_is_wanted() {
    let cap = said(1, vec![line("CAP", Some(2), &[])]);
    let summed_up = print(&draft_of(std::slice::from_ref(&cap)).lines);
    let yes = |order: i64| tapped(2, Button::Confirm { order: OrderId(order), print: summed_up.clone() });
    let later = |lines| said(3, lines);
    for (heard, agreed) in [
        (vec![cap.clone(), yes(7)], true),
        (vec![cap.clone(), tapped(2, Button::Agree)], true),
        (vec![cap.clone(), yes(7), yes(7)], true),
        (vec![cap.clone(), yes(7), later(vec![line("CAP", Some(2), &[])])], true),
        (vec![cap.clone(), yes(7), later(vec![line("CAP", Some(3), &[])])], false),
        (vec![cap.clone(), yes(7), later(vec![line("LIN", None, &[])])], false),
        (vec![cap.clone(), later(vec![line("LIN", None, &[])]), yes(7)], false),
        (vec![cap.clone(), yes(8)], false),
        (vec![yes(7), cap.clone()], false),
        (vec![tapped(2, Button::Agree)], false),
    ] {
        assert_eq!(draft_of(&heard).agreed, agreed, "{heard:#?}");
    }
}

#[test]
fn what_costs_something_else_is_another_summary() {
    let cap = [said(1, vec![line("CAP", Some(2), &[])])];
    let dearer = with_caps(|cap| cap.price.minor += 1);
    let now = build(&cap, Shelf { catalog: &dearer, order: None, last: None });
    assert_ne!(print(&draft_of(&cap).lines), print(&now.lines));
}

#[test]
fn a_tapped_choice_sets_the_option_of_the_line_it_was_asked_for() {
    let choose = |order, with: &[(&str, &str)], name: &str, value: &str| {
        let with = with.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let (product, name, value) = ("LIN".into(), name.into(), value.into());
        tapped(9, Button::Choose { order: OrderId(order), product, with, name, value })
    };
    let blue = [("Color", "Blue")];
    for (button, expected, look) in [
        (choose(7, &blue, "Size", "S"), "1 LIN-Blue-S", None),
        (choose(7, &[], "Size", "M"), "1 LIN-Blue-M", None),
        (choose(7, &blue, "Color", "White"), "1 LIN-White-M", None),
        (choose(8, &blue, "Size", "S"), "1 LIN", Some(Look::StaleButton)),
        (choose(7, &blue, "Size", "XL"), "1 LIN", Some(Look::StaleButton)),
        (choose(7, &[("Color", "Red")], "Size", "S"), "1 LIN", Some(Look::StaleButton)),
    ] {
        let draft = draft_of(&[said(1, vec![line("LIN", None, &blue)]), button.clone()]);
        assert_eq!((wanted(&draft).as_str(), looks(&draft)), (expected, look.into_iter().collect()), "{button:?}");
        assert!(draft.confidence() > 0.85);
    }
    let gone = draft_of(&[choose(7, &blue, "Size", "S")]);
    assert_eq!((wanted(&gone).as_str(), looks(&gone)), ("", vec![Look::StaleButton]));
}

#[test]
fn an_order_button_of_a_sellers_tool_is_a_cart_of_one_thing() {
    let button = |product: &str| tapped(2, Button::Order { product: product.into(), quantity: 2 });
    let heard = [said(1, vec![line("CAP", Some(5), &[])]), button("CAP"), button("LIN-Blue-M")];
    assert_eq!(wanted(&draft_of(&heard)), "2 CAP, 2 LIN-Blue-M");
    assert_eq!(looks(&draft_of(&[button("9999")])), [Look::UnknownProduct]);
}

#[test]
fn what_is_wanted_after_a_cancel_is_all_there_is() {
    let cancel = tapped(2, Button::Cancel { order: OrderId(7) });
    let before = said(1, vec![line("CAP", Some(5), &[])]);
    assert_eq!(wanted(&draft_of(&[before.clone(), cancel.clone()])), "");
    let draft = draft_of(&[before.clone(), cancel, said(3, vec![line("LIN", None, &[("Color", "White")])])]);
    assert_eq!(wanted(&draft), "1 LIN-White-M");
    assert_eq!(wanted(&draft_of(&[before, tapped(2, Button::Cancel { order: OrderId(8) })])), "5 CAP");
}

#[test]
fn more_comes_on_top() {
    let more = |quantity| {
        let mut heard = said(2, vec![line("CAP", Some(quantity), &[])]);
        heard.reading.more = true;
        heard
    };
    let cap = said(1, vec![line("CAP", Some(2), &[])]);
    let draft = draft_of(&[cap.clone(), more(1)]);
    assert_eq!(wanted(&draft), "3 CAP");
    assert!(draft.confidence() > 0.85, "it was said clearly");
    assert_eq!(wanted(&draft_of(&[more(1)])), "1 CAP");
    let mut another = said(2, vec![]);
    (another.reading.loose_quantity, another.reading.more) = (Some(1), true);
    assert_eq!(wanted(&draft_of(&[cap, another])), "3 CAP");
}

#[test]
fn the_same_again_is_the_last_order_at_todays_prices() {
    let (last, mut today) = (confirmed(), shirts());
    let repeated = |catalog: &Catalog| build(&[again(5)], Shelf { catalog, order: None, last: Some(&last) });
    let draft = repeated(&today);
    assert_eq!(wanted(&draft), "2 LIN-White-M, 1 CAP");
    assert_eq!(draft.source.as_ref().unwrap().0, "message:5");
    let evidence = &draft.lines[0].evidence;
    assert_eq!((evidence.len(), evidence[0].words.as_str(), evidence[0].of.as_str()), (1, "the usual", "order 3"));
    assert!(draft.confidence() > 0.85);

    let dearer = repeated(&with_caps(|cap| cap.price.minor = 1));
    assert_eq!(dearer.lines[1].unit_price.minor, 1);
    assert!(dearer.confidence() < 0.75, "it costs something else now: the customer should see it first");

    today.remove("CAP");
    let gone = repeated(&today);
    assert_eq!((wanted(&gone).as_str(), looks(&gone)), ("2 LIN-White-M", vec![Look::UnknownProduct]));
}

#[test]
fn the_same_again_can_be_corrected_and_needs_an_earlier_order() {
    let (last, today) = (confirmed(), shirts());
    let shelf = Shelf { catalog: &today, order: None, last: Some(&last) };
    let mut no_cap = said(6, vec![line("CAP", None, &[])]);
    no_cap.reading.lines[0].change = LineChange::Remove;
    let draft = build(&[again(5), no_cap, loose(7, "Color", "Blue"), loose(8, "Size", "S")], shelf);
    assert_eq!(wanted(&draft), "2 LIN-Blue-S");
    let beside = build(&[said(4, vec![line("CAP", Some(4), &[])]), again(5)], shelf);
    assert_eq!(wanted(&beside), "4 CAP, 2 LIN-White-M");
    assert!(beside.confidence() < 0.75);
    let nothing = draft_of(&[again(5)]);
    assert_eq!((wanted(&nothing).as_str(), looks(&nothing)), ("", vec![Look::NothingToRepeat]));
}
