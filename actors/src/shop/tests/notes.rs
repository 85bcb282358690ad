//! Where customers come from, what they show, who answers them, and what is said in public.

use super::talk::said;
use super::*;
use crate::domain::conversation::LeadSource;
use crate::domain::event::{Comment, Mention, Noted, Profile, Referral};

fn ad() -> Referral {
    Referral { source: Some("ADS".into()), ad: Some("120".into()), ..Referral::default() }
}

#[test]
fn where_a_customer_came_from_is_on_the_message_and_the_first_on_the_lead() {
    let mut played = Played::new();
    let shortlink = Referral { source: Some("SHORTLINK".into()), ..Referral::default() };
    let later = Said { referral: Some(shortlink), ..said("m20", "hello") };
    played.hears(Happening::Said(later), "message:m20", 20);
    let first = Said { referral: Some(ad()), ..said("m10", "hi") };
    played.hears(Happening::Said(first), "message:m10", 10);
    assert_eq!(played.message("m10").marks.referral, Some(ad()));
    let lead = played.thread().lead.clone().unwrap();
    assert_eq!(lead.source, Some(LeadSource { referral: ad(), at: at(10) }));
    assert_eq!((&*lead.first_words, lead.at), ("hi", at(10)));
}

#[test]
fn a_customer_who_came_without_a_word_is_a_lead_with_a_line_and_no_window() {
    let mut played = Played::new();
    played.hears(Happening::Referred(ad()), "referral:1", 5);
    let thread = played.thread();
    assert_eq!((thread.conversation.window_closes_at(), thread.conversation.unread), (None, 0));
    assert_eq!(thread.lead.as_ref().unwrap().source, Some(LeadSource { referral: ad(), at: at(5) }));
    let line = played.messages.values().next().unwrap();
    assert_eq!((line.author, &line.marks.referral), (Author::Meta, &Some(ad())));
    played.says("good morning", 9);
    assert_eq!(played.thread().lead.as_ref().unwrap().first_words, "good morning");
    assert_eq!(played.shop.threads.len(), 1);
}

#[test]
fn a_note_is_a_line_in_the_conversation_and_nothing_else() {
    let mut played = Played::new();
    played.says("hello", 0);
    let before = played.thread().conversation.clone();
    played.hears(Happening::Noted(Noted { sentence: "Two aprons please.".into() }), "handover:1", 5);
    assert_eq!(played.thread().conversation, before);
    assert!(played.orders.is_empty());
    assert_eq!(played.messages.values().filter(|message| message.author == Author::Meta).count(), 1);
}

#[test]
fn nothing_is_sent_by_itself_while_another_app_has_the_conversation() {
    let mut played = Played::new();
    let standby = Said { standby: true, ..said("m0", "an apron please") };
    played.hears(Happening::Said(standby), "message:m0", 0);
    assert_eq!(played.order().state, OrderState::Draft);
    assert!(played.thread().conversation.in_other_hands);
    played.waits(10);
    assert!(played.take_handed().is_empty());
    played.says("hello?", 20);
    let late = Said { standby: true, ..said("m10", "still there") };
    played.hears(Happening::Said(late), "message:m10", 10);
    assert!(!played.thread().conversation.in_other_hands, "the newest message says who has it");
    played.waits(4);
    assert_eq!(played.take_handed().len(), 1);
}

#[test]
fn what_is_owed_waits_while_another_app_has_the_conversation() {
    let mut played = Played::new();
    played.shop.caps.messages_per_hour = 0;
    played.says("an apron please", 0);
    played.waits(4);
    let standby = Said { standby: true, ..said("m5", "hello") };
    played.hears(Happening::Said(standby), "message:m5", 5);
    played.shop.caps.messages_per_hour = 10;
    played.waits(61 * 60);
    assert!(played.take_handed().is_empty());
    played.says("are you there?", 3700);
    assert_eq!(played.take_handed().len(), 1);
}

#[test]
fn what_a_customer_shows_is_kept_and_the_number_they_write_from_will_do() {
    let mut played = Played::new();
    let profile =
        |name: &str| Profile { name: Some(name.into()), phone: Some("15550100001".into()), ..Profile::default() };
    let newest = Said { profile: profile("Ada L."), ..said("m9", "an apron please") };
    played.hears(Happening::Said(newest), "message:m9", 9);
    let older = Said { profile: Profile { username: Some("ada".into()), ..profile("Ada") }, ..said("m5", "hi") };
    played.hears(Happening::Said(older), "message:m5", 5);
    let customer = &played.thread().customer;
    assert_eq!((customer.shown.name.as_deref(), customer.shown.username.as_deref()), (Some("Ada L."), Some("ada")));
    played.waits(4);
    let question = text_of(&played.take_handed()[0]).to_owned();
    assert!(!question.contains("phone") && question.contains("address"), "{question}");
}

#[test]
fn comments_and_mentions_are_kept_once() {
    let comment = Comment {
        id: "17".into(),
        parent: None,
        media: Some("18".into()),
        ad: None,
        username: Some("ana.buys".into()),
        text: Some("price?".into()),
        is_own: true,
        is_live: false,
    };
    let mention = Mention { media: "18".into(), comment: None };
    let mut played = Played::new();
    let happenings = [Happening::Commented(comment), Happening::Mentioned(mention)];
    // In one turn, and again when they are stored.
    for happening in happenings.iter().chain(&happenings) {
        let event = played.event("comment", at(1));
        played.shop.decide(&event, &Ok(happening.clone()), played.now);
    }
    played.store();
    let outcomes: Vec<Outcome> = played.last.decided.iter().map(|decided| decided.outcome).collect();
    assert_eq!(outcomes, [Outcome::Handled, Outcome::Handled, Outcome::Duplicate, Outcome::Duplicate]);
    assert!(played.last.comments.iter().any(|comment| comment.is_own && comment.text.as_deref() == Some("price?")));
    for happening in happenings {
        assert_eq!(played.hears(happening, "comment", 2), Outcome::Duplicate);
    }
    assert_eq!(played.comments.len(), 2);
}
