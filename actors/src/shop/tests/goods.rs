//! What is for sale, changed by commands: names that mean one thing, versions, modifiers, what is over; and caps.

use super::*;
use crate::domain::budget::OwnCaps;
use crate::domain::catalog::{Details, Modifier};
use crate::domain::command::Block;
use serde_json::{Value, json};

fn usd(minor: i64) -> Money {
    Money { minor, currency: "USD".parse().unwrap() }
}

fn product(sku: &str, variants: &[&str]) -> Product {
    let variant = |sku: &&str| Variant {
        retailer_id: (*sku).into(),
        options: vec![("Kind".into(), (*sku).into())],
        ..Variant::default()
    };
    Product { variants: variants.iter().map(variant).collect(), ..Product::new(sku, sku, usd(100)) }
}

impl Played {
    /// The answer to a command.
    fn does(&mut self, command: Command) -> Value {
        let key = format!("command:{}", self.seq);
        self.hears(Happening::Command(command.into()), &key, self.seq);
        self.last.decided[0].answer.clone().unwrap()
    }

    fn puts(&mut self, products: Vec<Product>) -> Value {
        self.does(Command::PutProducts { products })
    }

    fn imports(&mut self, products: Vec<Product>, keeps_stock: bool) -> Value {
        self.does(Command::ImportProducts(Block { print: String::new(), products, keeps_stock }))
    }

    fn sold(&self) -> Vec<&str> {
        self.shop.catalog.products().map(|product| product.retailer_id.as_str()).collect()
    }
}

#[test]
fn names_mean_one_thing_within_a_command_and_beside_what_is_known() {
    let mut played = Played::new();
    let two = vec![product("A", &["V1"]), product("B", &["V1"])];
    assert_eq!(played.puts(two)["error"], "taken_sku");
    assert_eq!(played.puts(vec![product("A", &["V1", "V1"])])["error"], "taken_sku");
    assert_eq!(played.puts(vec![product("A", &["V1"]), product("A", &["V2"])])["products"], 2, "the last one counts");
    assert_eq!(played.puts(vec![product("B", &["V2"])])["error"], "taken_sku");
    assert_eq!(played.puts(vec![product("B", &["V1"])])["products"], 1, "nobody has it any more");
    let swapped = vec![product("B", &["V2"]), product("A", &["V1"])];
    assert_eq!(played.puts(swapped)["products"], 2, "what one gives up, the other may take");
    let over: Vec<&str> = played.last.items_over.iter().map(|over| over.retailer_id.as_str()).collect();
    assert_eq!(over, ["V1", "V2"], "each left a product; the store knows that both are for sale again");
}

#[test]
fn a_file_is_taken_one_by_one() {
    let mut played = Played::new();
    let dear = Product { price: Money { minor: 1, currency: "EUR".parse().unwrap() }, ..product("D", &[]) };
    let answer = played.imports(vec![product("A", &["V1"]), product("B", &["V1"]), dear, product("APRON", &[])], false);
    assert_eq!((&answer["created"], &answer["changed"]), (&json!(1), &json!(1)));
    let refused: Vec<(&str, &str)> = answer["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|refused| (refused["product"].as_str().unwrap(), refused["code"].as_str().unwrap()))
        .collect();
    assert_eq!(refused, [("B", "taken_sku"), ("D", "wrong_price")]);
    assert_eq!(played.sold(), ["A", "APRON", "SHIRT"]);
    assert_eq!(played.last.products.len(), 2);
}

#[test]
fn a_file_without_stock_does_not_bring_back_what_was_sold() {
    let mut played = Played::new();
    played.imports(vec![Product { stock: Some(9), ..product("APRON", &[]) }], true);
    assert_eq!(played.last.products[0].stock, Some(3));
    played.imports(vec![Product { stock: Some(9), ..product("APRON", &[]) }], false);
    assert_eq!(played.last.products[0].stock, Some(9));
}

#[test]
fn whoever_edits_a_product_must_have_seen_it_as_it_is() {
    let mut played = Played::new();
    let steps = [(0, None), (1, None), (1, Some("version_mismatch")), (2, None), (7, Some("version_mismatch"))];
    for (version, error) in steps {
        let answer = played.puts(vec![Product { version, ..product("A", &[]) }]);
        assert_eq!(answer["error"].as_str(), error, "{version}");
    }
    assert_eq!(played.shop.catalog.product("A").unwrap().version, 3);
}

#[test]
fn what_is_only_shown_is_stored_and_not_kept_in_memory() {
    let mut played = Played::new();
    let details = Details { brand: Some("Ada".into()), ..Details::default() }.kept();
    played.puts(vec![Product { details: details.clone(), ..product("A", &[]) }]);
    assert_eq!(played.last.details[0].own, details);
    assert_eq!(played.last.products[0].details, None);
    assert_eq!(played.shop.catalog.product("A").unwrap().details, None);
}

#[test]
fn what_is_removed_is_not_understood_any_more_and_may_come_back() {
    let mut played = Played::new();
    let remove =
        |names: &[&str]| Command::RemoveProducts { products: names.iter().map(|it| (*it).to_owned()).collect() };
    assert_eq!(played.does(remove(&["NOBODY"]))["error"], "no_such_product");
    assert_eq!(played.does(remove(&["SHIRT", "SHIRT", "NOBODY"]))["removed"], 1);
    assert_eq!(played.last.products_over, ["SHIRT"]);
    assert_eq!(played.last.items_over.len(), 4, "it and its variants");
    assert_eq!(played.does(remove(&[]))["removed"], 0);
    played.says("two linen shirts please", 10);
    assert!(played.orders.is_empty());
    played.puts(vec![product("OTHER", &["SHIRT-Blue-M"])]);
    assert_eq!(played.last.decided[0].answer, Some(json!({ "products": 1 })), "its names are free");
    let shirt = loaded().catalog.remove("SHIRT").unwrap();
    assert_eq!(played.puts(vec![shirt.clone()])["error"], "taken_sku");
    played.does(remove(&["OTHER"]));
    played.puts(vec![shirt]);
    played.says("two linen shirts please", 30);
    assert_eq!(played.order().lines[0].product, "SHIRT");
}

#[test]
fn a_product_put_and_removed_in_one_turn_is_over_and_the_other_way_round_it_is_there() {
    let put = || Command::PutProducts { products: vec![product("A", &[])] };
    let remove = || Command::RemoveProducts { products: vec!["A".into()] };
    for (commands, stored) in [(vec![put(), remove()], 0), (vec![put(), remove(), put()], 1)] {
        let mut played = Played::new();
        let events: Vec<_> = commands
            .into_iter()
            .enumerate()
            .map(|(n, command)| (played.event(&format!("command:{n}"), at(0)), Ok(Happening::Command(command.into()))))
            .collect();
        played.turn(events);
        let changes = &played.last;
        assert_eq!(
            (changes.products.len(), changes.details.len(), changes.products_over.len()),
            (stored, stored, 1 - stored)
        );
    }
}

#[test]
fn a_hidden_product_is_meant_by_no_words_and_no_cart() {
    let mut played = Played::new();
    played.puts(vec![Product { hidden: true, ..Product::new("APRON", "Apron", usd(1)) }]);
    played.says("two aprons please", 10);
    assert!(played.orders.is_empty());
}

#[test]
fn a_modifier_with_a_price_makes_the_line_dearer() {
    let mut played = Played::new();
    let gift = Modifier { id: "gift".into(), title: "Gift Box".into(), price: Some(usd(500)), keywords: vec![] };
    assert_eq!(played.does(Command::PutModifiers { modifiers: vec![gift.clone()] })["modifiers"], 1);
    played.says("one apron with gift box please", 10);
    let line = &played.order().lines[0];
    assert_eq!((line.modifiers.as_slice(), line.unit_price), (["gift".to_owned()].as_slice(), usd(3490)));
    let dear = Modifier { price: Some(Money { minor: -1, ..usd(0) }), ..gift };
    assert_eq!(played.does(Command::PutModifiers { modifiers: vec![dear] })["error"], "wrong_price");
    let remove = |id: &str| Command::RemoveModifiers { modifiers: vec![id.into()] };
    assert_eq!(played.does(remove("nothing"))["error"], "no_such_modifier");
    assert_eq!(played.does(remove("gift"))["removed"], 1);
    assert_eq!(played.last.modifiers_over, ["gift"]);
}

#[test]
fn the_index_is_made_when_words_are_read_and_not_for_each_command() {
    let mut played = Played::new();
    played.puts(vec![product("A", &[])]);
    played.puts(vec![product("B", &[])]);
    assert!(played.shop.index_is_old, "nobody has asked for it yet");
    played.says("an apron please", 10);
    assert!(!played.shop.index_is_old);
    played.puts(vec![Product { stock: Some(7), version: 0, ..product("A", &[]) }]);
    assert!(!played.shop.index_is_old, "no reading depends on stock");
}

#[test]
fn new_caps_hold_from_their_turn_on_for_what_waits_as_well() {
    let mut played = Played::new();
    played.shop.caps.messages_per_hour = 0;
    played.says("two aprons please", 0);
    played.waits(4);
    assert!(played.take_handed().is_empty());
    let caps = |messages| OwnCaps { messages_per_hour: Some(messages), ..OwnCaps::default() };
    let answer = played.does(Command::PutBudget { caps: caps(1) });
    assert_eq!(answer["own_caps"]["messages_per_hour"], 1);
    assert_eq!(played.last.caps, Some(caps(1)));
    assert_eq!(played.take_handed().len(), 1);
    played.does(Command::PutBudget { caps: caps(0) });
    assert_eq!(played.shop.budget_lines(played.now)[0].cap, 0);
    let wrong = OwnCaps { graph_reserve: Some(1_000_001), ..OwnCaps::default() };
    assert_eq!(played.does(Command::PutBudget { caps: wrong })["error"], "invalid_caps");
    assert_eq!(played.last.caps, None);
}

#[test]
fn calls_that_others_make_are_spent_whole_or_not_at_all() {
    let mut played = Played::new();
    played.shop.caps.graph_per_hour = 10;
    let mut spends = |calls, urgent| played.does(Command::SpendCalls { calls, urgent })["granted"] == true;
    assert!(spends(6, false));
    assert!(!spends(6, true), "four are left");
    assert!(spends(4, true) && !spends(1, true));
    let line = played.shop.budget_lines(played.now).remove(0);
    assert_eq!((line.spent, line.cap), (10, 10));
    let stored: i32 = played.last.spent.iter().map(|slot| slot.calls).sum();
    assert_eq!(stored, 0, "what was refused stores nothing");
}

#[test]
fn products_that_cannot_be_told_apart_are_refused_whole() {
    let mut played = Played::new();
    let mut shirt = loaded().catalog.remove("SHIRT").unwrap();
    shirt.retailer_id = "OTHER".into();
    played.hears(Happening::Command(Command::PutProducts { products: vec![shirt] }.into()), "command:1", 1);
    let answer = played.last.decided[0].answer.clone().unwrap();
    assert_eq!(answer["error"], "taken_sku");
    assert!(played.last.products.is_empty());
}
