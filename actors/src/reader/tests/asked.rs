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
fn a_yes_or_a_no_is_one_only_when_it_stands_alone() {
    use crate::domain::reading::YesNo::{No, Yes};
    for (text, answer) in [
        ("yes", Some(Yes)),
        ("Yes please!", Some(Yes)),
        ("ok thanks 👍", Some(Yes)),
        ("sí, gracias", Some(Yes)),
        ("oui merci", Some(Yes)),
        ("sim", Some(Yes)),
        ("no", Some(No)),
        ("no thanks", Some(No)),
        ("não", Some(No)),
        ("yes but in blue", None),
        ("ok 3", None),
        ("ok, one wool cap", None),
        ("yes, and some flamingos", None),
        ("no wool cap", None),
        ("yes no", None),
        ("is it?", None),
        ("cancel my order, ok?", None),
        ("hello", None),
    ] {
        assert_eq!(read(&shop(), text).answer, answer, "{text}");
    }
}

#[test]
fn the_words_for_the_same_as_before_are_told() {
    for (text, words) in [
        ("the same as last time please", Some("the same as last time")),
        ("My usual!", Some("My usual")),
        ("quiero lo mismo de siempre", Some("lo mismo de siempre")),
        ("comme d'habitude svp", Some("comme d'habitude")),
        ("o de sempre, por favor", Some("o de sempre")),
        ("is it the same as last time?", None),
        ("the same wool cap", None),
        ("please cancel the same order", None),
    ] {
        let again = read(&shop(), text).again.map(|again| again.words);
        assert_eq!(again.as_deref(), words, "{text}");
        assert!(words.is_none() || crate::reader::says_again(text));
    }
}

#[test]
fn what_comes_on_top_is_told_from_what_is_said_again() {
    for (text, more) in [
        ("one more wool cap please", true),
        ("add 2 wool caps", true),
        ("2 more please", true),
        ("otro wool cap por favor", true),
        ("encore un wool cap", true),
        ("mais uma wool cap", true),
        ("2 wool caps please", false),
        ("make it 3", false),
    ] {
        assert_eq!(read(&shop(), text).more, more, "{text}");
    }
}

#[test]
fn the_same_as_before_is_an_order_for_a_person_to_look_at() {
    check(&[("i want the same as last time", Order, ""), ("quiero lo mismo de siempre", Order, "")]);
}
