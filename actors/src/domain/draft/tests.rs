//! What messages add up to: options, corrections, carts, buttons, the same again.

use proptest::prelude::*;

use super::*;
use crate::domain::catalog::Variant;
use crate::domain::reading::{Contact, Evidence};
use crate::domain::seller::Required;

fn shirts() -> Catalog {
    let usd = "USD".parse().unwrap();
    let price = crate::domain::money::Money { minor: 2990, currency: usd };
    let variant = |color: &str, size: &str| Variant {
        retailer_id: format!("LIN-{color}-{size}"),
        options: vec![("Color".into(), color.into()), ("Size".into(), size.into())],
        stock: (color == "Blue").then_some(3),
        ..Variant::default()
    };
    let variants = vec![variant("Blue", "S"), variant("Blue", "M"), variant("White", "M")];
    let shirt = Product { item_id: Some("9001".into()), variants, ..Product::new("LIN", "Linen Shirt", price) };
    Catalog::new([shirt, Product::new("CAP", "Cap", price)], [])
}

/// The same with caps that are otherwise.
fn with_caps(change: impl FnOnce(&mut Product)) -> Catalog {
    let mut catalog = shirts();
    let mut cap = catalog.remove("CAP").unwrap();
    change(&mut cap);
    catalog.put(cap);
    catalog
}

fn line(product: &str, quantity: Option<u32>, options: &[(&str, &str)]) -> ReadLine {
    let words = quantity.map(|_| Evidence { words: "n".into(), of: "quantity".into() });
    ReadLine {
        product: product.into(),
        variant: None,
        options: options.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        modifiers: vec![],
        quantity: quantity.unwrap_or(1),
        change: LineChange::Add,
        evidence: words.into_iter().collect(),
        confidence: 0.9,
    }
}

fn said(n: i64, lines: Vec<ReadLine>) -> Heard {
    Heard {
        message: MessageId(n),
        key: format!("message:{n}"),
        at: DateTime::from_timestamp(n, 0).unwrap(),
        reading: Reading { intent: Intent::Order, lines, confidence: 0.9, ..Reading::default() },
        wishes: vec![],
        button: None,
    }
}

fn loose(n: i64, name: &str, value: &str) -> Heard {
    let evidence = Evidence { words: value.into(), of: format!("option {name}") };
    let mut heard = said(n, vec![]);
    heard.reading.loose_options = vec![LooseOption { name: name.into(), value: value.into(), evidence }];
    heard
}

mod by_hand;
mod picked;
mod shuffled;

fn draft_of(heard: &[Heard]) -> Draft {
    build(heard, Shelf { catalog: &shirts(), order: Some(ORDER), last: None })
}

/// The order that the draft is.
const ORDER: OrderId = OrderId(7);

#[test]
fn options_said_later_complete_the_line() {
    let heard = [said(1, vec![line("LIN", Some(2), &[("Color", "Blue")])]), loose(2, "Size", "M")];
    let draft = draft_of(&heard);
    assert_eq!(draft.lines.len(), 1);
    assert_eq!(draft.lines[0].variant.as_deref(), Some("LIN-Blue-M"));
    assert_eq!(draft.lines[0].quantity, 2);
    assert_eq!(draft.source.unwrap().0, "message:1");
}

#[test]
fn one_option_is_enough_when_it_leaves_one_variant() {
    let draft = draft_of(&[said(1, vec![line("LIN", None, &[("Color", "White")])])]);
    assert_eq!(draft.lines[0].variant.as_deref(), Some("LIN-White-M"));
}

#[test]
fn saying_the_order_again_does_not_double_it() {
    let order = || line("CAP", Some(2), &[]);
    let draft = draft_of(&[said(1, vec![order()]), said(2, vec![order()])]);
    assert_eq!(draft.lines.len(), 1);
    assert_eq!((draft.lines[0].quantity, draft.confidence()), (2, 0.9));
    let other = draft_of(&[said(1, vec![order()]), said(2, vec![line("CAP", Some(3), &[])])]);
    assert_eq!(other.lines[0].quantity, 3);
    assert!(other.confidence() < 0.75, "somebody should look");
}

#[test]
fn a_cancel_empties_the_draft_and_a_removal_its_line() {
    let both = said(1, vec![line("CAP", None, &[]), line("LIN", None, &[])]);
    let mut no_cap = said(2, vec![line("CAP", None, &[])]);
    no_cap.reading.lines[0].change = LineChange::Remove;
    assert_eq!(draft_of(&[both.clone(), no_cap]).lines.len(), 1);
    let mut cancel = said(2, vec![]);
    cancel.reading.intent = Intent::Cancel;
    assert!(draft_of(&[both, cancel]).lines.is_empty());
}

#[test]
fn what_is_missing_is_the_open_option_the_stock_and_the_details() {
    let required = Required { phone: true, email: false, address: true };
    let draft = draft_of(&[said(1, vec![line("LIN", Some(9), &[("Color", "Blue")])])]);
    let needs = missing(&draft.lines, &shirts(), &Contact::default(), required);
    let size = Missing::Option {
        product: "LIN".into(),
        title: "Linen Shirt".into(),
        with: vec![("Color".into(), "Blue".into())],
        name: "Size".into(),
        choices: vec!["S".into(), "M".into()],
    };
    assert_eq!(needs, [size, Missing::Phone, Missing::Address]);
    let sized = draft_of(&[said(1, vec![line("LIN", Some(9), &[("Color", "Blue"), ("Size", "S")])])]);
    let needs = missing(&sized.lines, &shirts(), &Contact::default(), required);
    assert_eq!(needs[0], Missing::Stock { label: "Linen Shirt (Blue, S)".into(), left: 3 });
}

#[test]
fn confirmed_lines_leave_the_stock_where_it_is_counted() {
    let heard = said(1, vec![line("LIN", Some(2), &[("Color", "Blue"), ("Size", "S")]), line("CAP", None, &[])]);
    let mut lines = draft_of(&[heard]).lines;
    let taken = take_stock(&mut lines, &shirts());
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].variant("LIN-Blue-S").unwrap().stock, Some(1));
    assert_eq!(lines.iter().map(|line| line.stock_taken).collect::<Vec<_>>(), [true, false]);

    let left = Catalog::new(taken, []);
    let back = give_back_stock(&mut lines.clone(), &left);
    assert_eq!(back[0].variant("LIN-Blue-S").unwrap().stock, Some(3));
    let mut uncounted = left.product("LIN").unwrap().clone();
    uncounted.variants.iter_mut().for_each(|variant| variant.stock = None);
    let uncounted = Catalog::new([uncounted], []);
    assert!(give_back_stock(&mut lines.clone(), &uncounted).is_empty(), "nobody counts it any more");
    assert!(give_back_stock(&mut lines.clone(), &Catalog::default()).is_empty(), "nobody sells it any more");
    give_back_stock(&mut lines, &left);
    assert!(give_back_stock(&mut lines, &left).is_empty(), "it is given back once");
}

proptest! {
    #[test]
    fn no_line_is_without_its_product_and_quantity(picks in prop::collection::vec((0..2_usize, 1_u32..5, 0..3_usize), 0..12)) {
        let heard: Vec<Heard> = (1..).zip(&picks).map(|(n, (product, quantity, color))| {
            let color = [&[][..], &[("Color", "Blue")], &[("Color", "White")]][*color];
            let options = if *product == 0 { color } else { &[] };
            said(n, vec![line(["LIN", "CAP"][*product], Some(*quantity), options)])
        }).collect();
        let draft = draft_of(&heard);
        prop_assert!(draft.lines.iter().all(|line| line.quantity > 0 && shirts().product(&line.product).is_some()));
        prop_assert_eq!(draft.lines.is_empty(), heard.is_empty());
    }
}
