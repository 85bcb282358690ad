//! What a person may write into a draft, and what messages mean for it then.

use super::picked::{picked, tapped};
use super::*;
use crate::domain::catalog::Modifier;
use crate::domain::command::LineWanted;
use crate::domain::money::Money;

fn wants(product: &str, variant: Option<&str>, quantity: u32) -> LineWanted {
    LineWanted { product: product.into(), variant: variant.map(str::to_owned), modifiers: vec![], quantity }
}

fn with(modifiers: &[&str]) -> LineWanted {
    let modifiers = modifiers.iter().map(|modifier| (*modifier).to_owned()).collect();
    LineWanted { modifiers, ..wants("CAP", None, 1) }
}

/// The shop, with two modifiers and something that is priced in another currency.
fn shop() -> Catalog {
    let modifier = |id: &str| Modifier { id: id.into(), title: id.into(), price: None, keywords: vec![] };
    let mut catalog = shirts();
    catalog.put_modifier(modifier("gift"));
    catalog.put_modifier(modifier("NOT FOR SALE"));
    let price = Money { minor: 100, currency: "EUR".parse().unwrap() };
    let foreign = Product { retailer_id: "HAT".into(), price, ..catalog.product("CAP").unwrap().clone() };
    catalog.put(foreign);
    catalog
}

fn written(wanted: &[LineWanted], before: &[OrderLine]) -> Result<Vec<OrderLine>, &'static str> {
    lines_by_hand(wanted, &shop(), "USD".parse().unwrap(), before).map_err(|refused| refused.code)
}

#[test]
fn lines_written_by_hand_are_as_the_catalog_has_them() {
    let lines = written(&[wants("LIN", Some("LIN-Blue-M"), 2), with(&["NOT gift", "gift|gift"])], &[]).unwrap();
    assert_eq!((lines[0].label().as_str(), lines[0].total().minor), ("Linen Shirt (Blue, M)", 5980));
    assert!(lines.iter().all(|line| line.evidence.is_empty() && !line.stock_taken));
    assert_eq!(lines[1].modifiers, ["NOT gift", "gift|gift"]);
}

#[test]
fn the_words_that_led_to_a_line_stay_with_it() {
    let before = draft_of(&[picked(1, &[("LIN-Blue-M", Some(1)), ("CAP", Some(1))])]).lines;
    let lines = written(&[wants("CAP", None, 5), wants("LIN", Some("LIN-Blue-S"), 1)], &before).unwrap();
    assert_eq!(lines[0].evidence, before[1].evidence);
    assert!(lines[1].evidence.is_empty());
}

#[test]
fn what_cannot_be_ordered_is_refused() {
    for (wanted, code) in [
        (wants("NONE", None, 1), "unknown_product"),
        (wants("CAP\0", None, 1), "wrong_text"),
        (wants("CAP", Some("CAP-M"), 1), "unknown_variant"),
        (wants("LIN", None, 1), "variant_needed"),
        (wants("LIN", Some("LIN-Pink-M"), 1), "unknown_variant"),
        (wants("CAP", None, 0), "wrong_quantity"),
        (wants("CAP", None, MOST_PIECES + 1), "wrong_quantity"),
        (wants("HAT", None, 1), "foreign_currency"),
        (with(&["ribbon"]), "unknown_modifier"),
        (with(&["gift|ribbon"]), "unknown_modifier"),
        (with(&["gift\0"]), "wrong_text"),
        (with(&["gift"; MOST_MODIFIERS + 1]), "too_many_modifiers"),
    ] {
        assert_eq!(written(std::slice::from_ref(&wanted), &[]), Err(code), "{wanted:?}");
    }
    assert_eq!(written(&[], &[]), Err("no_lines"));
    assert_eq!(written(&vec![wants("CAP", None, 1); MOST_LINES + 1], &[]), Err("too_many_lines"));
    assert_eq!(written(&vec![wants("CAP", None, MOST_PIECES); MOST_LINES], &[]).map(|lines| lines.len()), Ok(100));
}

#[test]
fn a_modifier_is_known_however_it_is_said_and_while_the_draft_has_it() {
    for text in ["gift", "NOT gift", "EXTRA gift", "NOT EXTRA gift", "LIGHT gift", "NOT FOR SALE"] {
        assert!(written(&[with(&[text])], &[]).is_ok(), "{text}");
    }
    let before =
        OrderLine { modifiers: vec!["ribbon".into()], ..written(&[wants("CAP", None, 1)], &[]).unwrap().remove(0) };
    assert!(written(&[with(&["ribbon"])], &[before]).is_ok());
}

#[test]
fn contact_details_by_hand_go_over_those_that_were_said() {
    let contact = |phone: Option<&str>, address: Option<&str>| Contact {
        phone: phone.map(str::to_owned),
        email: None,
        address: address.map(str::to_owned),
    };
    let before = contact(Some("+1"), None);
    let put = |put: &Contact| contact_by_hand(&before, put).map_err(|refused| refused.code);
    assert_eq!(put(&contact(Some(" +2 "), None)), Ok((contact(Some("+2"), None), vec!["phone"])));
    assert_eq!(
        put(&contact(Some(" "), Some("Main St"))),
        Ok((contact(None, Some("Main St")), vec!["phone", "address"]))
    );
    assert_eq!(put(&contact(Some("+1"), None)), Ok((before.clone(), vec![])));
    assert_eq!(put(&contact(Some("+1\0"), None)), Err("wrong_text"));
    assert_eq!(put(&contact(None, Some(&"x".repeat(LONGEST_DETAIL + 1)))), Err("too_long"));
}

#[test]
fn messages_change_nothing_of_what_a_person_has_written_but_may_agree_to_it() {
    let lines = written(&[wants("CAP", None, 2)], &[]).unwrap();
    let order = Order { id: ORDER, lines: lines.clone(), by_hand: true, ..super::picked::confirmed() };
    let confirm = |order, print: String| tapped(2, Button::Confirm { order, print });
    let words = Heard { reading: Reading::default(), ..said(2, vec![]) };
    for (heard, agreed, looks) in [
        (words, false, vec![]),
        (confirm(ORDER, print(&lines)), true, vec![]),
        (confirm(ORDER, print(&[])), false, vec![]),
        (confirm(OrderId(99), print(&lines)), false, vec![Look::StaleButton]),
        (tapped(2, Button::Agree), false, vec![]),
        (tapped(2, Button::Withdraw), false, vec![Look::SaidAfterEdit]),
        (tapped(2, Button::Cancel { order: ORDER }), false, vec![Look::SaidAfterEdit]),
        (said(2, vec![line("CAP", Some(9), &[])]), false, vec![Look::SaidAfterEdit]),
        (loose(2, "Size", "M"), false, vec![Look::SaidAfterEdit]),
        (picked(2, &[("CAP", Some(3))]), false, vec![Look::SaidAfterEdit]),
    ] {
        let draft = heed(&order, std::slice::from_ref(&heard));
        let found: Vec<Look> = draft.looks.iter().map(|(_, look)| *look).collect();
        assert_eq!((draft.lines, draft.agreed, found), (lines.clone(), agreed, looks), "{heard:?}");
    }
}
