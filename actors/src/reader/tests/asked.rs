//! Messages that ask, greet, complain.

use super::{check, read, shop};
use crate::domain::reading::Intent::{Complaint, Greeting, Order, Other, Question};

#[test]
fn a_question_about_a_product_orders_nothing() {
    check(&[
        ("how much is the waxed apron?", Question, ""),
        ("do you have rubber boots in 42?", Question, ""),
        ("any discount on 10 wool caps?", Question, ""),
        ("¿cuánto cuesta la mermelada?", Question, ""),
        ("combien coûte le wool cap ?", Question, ""),
        ("quanto custa o herb teapot?", Question, ""),
        ("is the seed tray still available", Question, ""),
    ]);
}

#[test]
fn what_was_asked_about_can_be_taken_up_in_the_next_sentence() {
    check(&[
        ("do you have rubber boots? i want 2 in 40", Order, "2 BO-40"),
        ("avez-vous de la confiture ?\nje prends 3 plum", Order, "3 JAM-Plum"),
        ("i want 2 wool caps. how much is the delivery?", Order, "2 CAP"),
    ]);
    let both = read(&shop(), "i want 2 wool caps. how much is the delivery?");
    assert!(both.confidence < 0.8, "a person should answer the question first: {}", both.confidence);
}

#[test]
fn greetings_are_greetings() {
    check(&[
        ("hi", Greeting, ""),
        ("Helloooo!", Greeting, ""),
        ("buenos días", Greeting, ""),
        ("Bonjour 👋", Greeting, ""),
        ("oi, tudo bem?", Greeting, ""),
        ("thanks!", Other, ""),
        ("👍", Other, ""),
        ("", Other, ""),
    ]);
}

#[test]
fn complaints_order_nothing() {
    check(&[
        ("the herb teapot i bought arrived broken", Complaint, ""),
        ("mi pedido de mermelada vino equivocado", Complaint, ""),
        ("je n'ai pas reçu mes 2 wool cap", Complaint, ""),
        ("o bule veio quebrado", Complaint, ""),
    ]);
}

#[test]
fn the_same_as_before_is_an_order_for_a_person_to_look_at() {
    check(&[("i want the same as last time", Order, ""), ("quiero lo mismo de siempre", Order, "")]);
}
