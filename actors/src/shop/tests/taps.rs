//! Questions with buttons, and what taps on them do.

use super::drafts::{cart, easy};
use super::*;
use crate::domain::button::QuickReply;

pub(super) fn buttons_of(owed: &Owed) -> Vec<QuickReply> {
    match &owed.call {
        OwedCall::Send { quick_replies, .. } => quick_replies.clone(),
        OwedCall::Find { .. } => vec![],
    }
}

fn titles(owed: &Owed) -> Vec<String> {
    buttons_of(owed).into_iter().map(|button| button.title).collect()
}

impl Played {
    /// The question that is owed now; it is sent and confirmed.
    pub(super) fn question(&mut self) -> Owed {
        let question = self.take_handed().remove(0);
        self.ends(&question, CallResult::Accepted { mid: format!("q{}", question.id) });
        question
    }

    pub(super) fn taps(&mut self, question: &Owed, title: &str, second: i64) {
        let button = buttons_of(question).into_iter().find(|button| button.title == title).unwrap();
        self.hears_said(Said { text: Some(button.title), payload: Some(button.payload), ..Said::default() }, second);
    }
}

/// A complete draft that we are not sure of, and the summary that is asked for it.
pub(super) fn unsure() -> (Played, Owed) {
    let mut played = easy();
    played.says("one apron please", 0);
    played.says("two aprons please", 1);
    played.waits(4);
    let summary = played.question();
    (played, summary)
}

#[test]
fn a_missing_option_is_asked_for_with_a_button_for_each_choice() {
    let mut played = easy();
    played.says("a blue linen shirt", 0);
    played.waits(4);
    let question = played.question();
    assert_eq!(titles(&question), ["S", "M"]);
    played.taps(&question, "S", 10);
    assert_eq!(played.wanted(), "1 SHIRT-Blue-S");
    played.waits(4);
    assert_eq!(played.order().state, OrderState::Confirmed);
}

#[test]
fn a_choice_is_for_the_line_it_was_asked_for() {
    let mut played = easy();
    played.says("a linen shirt in S and a blue linen shirt", 0);
    let open = played.order().lines.iter().filter(|line| line.variant.is_none()).count();
    assert_eq!(open, 1, "{}", played.wanted());
    played.waits(4);
    let question = played.question();
    played.taps(&question, "M", 10);
    assert_eq!(played.wanted(), "1 SHIRT-Blue-S, 1 SHIRT-Blue-M");
}

#[test]
fn a_complete_draft_that_is_unsure_is_summed_up_for_the_customer() {
    for (answer, state) in [("Confirm", OrderState::Confirmed), ("Cancel", OrderState::Cancelled)] {
        let (mut played, summary) = unsure();
        assert!(text_of(&summary).contains("2 x Apron = 59.80 USD"), "{}", text_of(&summary));
        assert_eq!(
            (titles(&summary), played.needs_look()),
            (vec!["Confirm".into(), "Cancel".into()], vec![Look::Unsure])
        );
        played.taps(&summary, answer, 10);
        if answer == "Confirm" {
            assert_eq!(played.order().state, OrderState::Draft, "the last word may yet be taken back");
        }
        played.waits(4);
        assert_eq!((played.order().state, played.needs_look()), (state, vec![]));
        assert_eq!(played.take_handed().len(), usize::from(answer == "Confirm"));
    }
}

#[test]
fn a_typed_yes_to_the_summary_is_a_tap_in_every_language() {
    for yes in ["yes", "Yes please!", "ok", "OK 👍", "si", "sí, gracias", "oui", "sim", "vale", "d'accord", "confirm"]
    {
        let (mut played, _) = unsure();
        played.says(yes, 10);
        played.forgets();
        played.waits(4);
        assert_eq!(played.order().state, OrderState::Confirmed, "{yes}");
    }
    for other in ["yes but one apron only", "is it blue?", "hm", "no"] {
        let (mut played, _) = unsure();
        played.says(other, 10);
        played.waits(4);
        assert_eq!(played.order().state, OrderState::Draft, "{other}");
    }
}

#[test]
fn a_yes_to_no_summary_confirms_nothing() {
    let mut played = easy();
    played.says("one apron please", 0);
    played.says("two aprons please", 1);
    played.says("yes", 2);
    played.waits(4);
    assert_eq!(played.order().state, OrderState::Draft);
    let mut played = Played::new();
    played.says("an apron please", 0);
    played.waits(4);
    played.question();
    played.says("yes", 10);
    played.waits(4);
    assert_eq!((played.order().state, played.needs_look()), (OrderState::Draft, vec![Look::StillMissing]));
}

#[test]
fn a_no_to_the_summary_is_a_persons_business() {
    let (mut played, _) = unsure();
    played.says("no", 10);
    assert_eq!(played.needs_look(), [Look::Unsure, Look::ChangeWanted]);
}

#[test]
fn a_yes_to_a_summary_that_is_out_of_date_brings_a_new_summary() {
    let (mut played, summary) = unsure();
    played.says("three aprons please", 10);
    played.taps(&summary, "Confirm", 11);
    played.waits(4);
    assert_eq!(played.order().state, OrderState::Draft);
    let again = played.question();
    assert!(text_of(&again).contains("3 x Apron"), "{}", text_of(&again));
    played.taps(&again, "Confirm", 20);
    played.waits(4);
    assert_eq!(played.order().state, OrderState::Confirmed);
}

#[test]
fn what_is_wanted_after_a_yes_is_not_agreed_to() {
    let (mut played, summary) = unsure();
    played.taps(&summary, "Confirm", 10);
    played.says("one apron please", 11);
    played.waits(4);
    assert_eq!(played.order().state, OrderState::Draft);
}

#[test]
fn the_same_summary_is_sent_once() {
    let (mut played, _) = unsure();
    played.says("hm", 10);
    played.waits(4);
    assert!(played.take_handed().is_empty());
    assert_eq!(played.needs_look(), [Look::Unsure]);
}

#[test]
fn a_summary_that_could_not_be_sent_is_sent_again() {
    let mut played = easy();
    played.says("one apron please", 0);
    played.says("two aprons please", 1);
    played.waits(4);
    let summary = played.take_handed().remove(0);
    played.ends(&summary, CallResult::Refused { code: "190/463".into(), error: "the token has run out".into() });
    played.says("hello?", 10);
    played.waits(4);
    assert_eq!(played.question().call.clone(), {
        let OwedCall::Send { text, quick_replies, .. } = summary.call else { panic!("no send") };
        let message = played.messages.values().rfind(|message| message.outbox.is_some()).unwrap().id;
        OwedCall::Send { message, text, attachment: None, quick_replies }
    });
}

#[test]
fn a_stale_button_changes_nothing() {
    let (mut played, summary) = unsure();
    played.taps(&summary, "Cancel", 10);
    played.says("one blue linen shirt in M please", 11);
    played.waits(4);
    let confirmed = played.orders.clone();
    assert!(confirmed.values().all(|order| order.state == OrderState::Confirmed));
    played.now = at(100);
    played.taps(&summary, "Confirm", 100);
    played.waits(4);
    assert_eq!((&played.orders, played.needs_look()), (&confirmed, vec![Look::StaleButton]));
    played.says("an apron please", 110);
    played.taps(&summary, "Confirm", 111);
    played.taps(&summary, "Cancel", 112);
    assert_eq!(played.wanted(), "1 APRON", "a button of an earlier order is no button of this one");
    assert_eq!(played.needs_look(), [Look::StaleButton]);
}

#[test]
fn a_button_of_another_conversation_does_nothing() {
    let (mut played, summary) = unsure();
    let mut event = played.event("message:eve", at(10));
    event.customer = Some("eve".into());
    let button = buttons_of(&summary).remove(0);
    let said = Said { text: Some("one apron please".into()), payload: Some(button.payload), ..Said::default() };
    played.shop.decide(&event, &Ok(Happening::Said(said)), played.now);
    played.store();
    played.waits(10);
    assert_eq!(played.order().state, OrderState::Draft);
    let eve = played.shop.threads.values().find(|thread| thread.customer.meta_id == "eve").unwrap();
    assert!(eve.conversation.needs_look.contains(&Look::StaleButton));
}

#[test]
fn buttons_of_a_sellers_own_tools_are_understood_and_others_are_kept() {
    let press = |played: &mut Played, title: &str, payload: &str, second: i64| {
        let said = Said { text: Some(title.into()), payload: Some(payload.into()), ..Said::default() };
        played.hears(Happening::Said(said), &format!("postback:{second}"), second);
    };
    let mut played = easy();
    press(&mut played, "Buy an apron", "ORDER:APRON:2", 0);
    assert_eq!(played.wanted(), "2 APRON");
    press(&mut played, "3 linen shirts", "ICEBREAKER_3", 1);
    assert_eq!(played.wanted(), "2 APRON", "its words are the shop's own");
    assert_eq!(played.messages.values().next_back().unwrap().payload.as_deref(), Some("ICEBREAKER_3"));
    press(&mut played, "Drop it", "CANCEL", 2);
    assert_eq!(played.order().state, OrderState::Cancelled);
    let (mut played, _) = unsure();
    press(&mut played, "Yes!", "CONFIRM", 10);
    played.waits(4);
    assert_eq!(played.order().state, OrderState::Confirmed);
    press(&mut played, "Drop it", "CANCEL", 20);
    assert_eq!((played.order().state, played.needs_look()), (OrderState::Confirmed, vec![Look::ChangeWanted]));
}

#[test]
fn whatsapp_has_numbered_lines_and_a_number_is_a_tap() {
    let whatsapp = Account::new(Channel::Whatsapp, "1");
    let mut played = easy();
    played.shop.seller.connections[0].account = whatsapp.clone();
    let hears = |played: &mut Played, said: Said, second: i64| {
        let event = StoredEvent { account: whatsapp.clone(), ..played.event(&format!("message:{second}"), at(second)) };
        played.shop.decide(&event, &Ok(Happening::Said(said)), played.now);
        played.store();
    };
    let text = |words: &str| Said { text: Some(words.into()), ..Said::default() };
    hears(&mut played, text("a blue linen shirt"), 0);
    played.waits(4);
    let question = played.question();
    assert!(text_of(&question).ends_with("\n1. S\n2. M") && buttons_of(&question).is_empty(), "{}", text_of(&question));
    hears(&mut played, text("2"), 10);
    assert_eq!(played.wanted(), "1 SHIRT-Blue-M");
    hears(&mut played, text("three blue linen shirts in M"), 11);
    played.forgets();
    played.waits(4);
    let summary = played.question();
    assert!(text_of(&summary).ends_with("\n1. Confirm\n2. Cancel"), "{}", text_of(&summary));
    hears(&mut played, text("1."), 20);
    played.forgets();
    played.waits(4);
    assert_eq!(played.order().state, OrderState::Confirmed);
    assert_eq!(played.order().total().unwrap().minor, 3 * 2990);
}

#[test]
fn a_number_on_instagram_is_a_number() {
    let (mut played, _) = unsure();
    played.says("1", 10);
    assert_eq!(played.wanted(), "1 APRON");
    played.hears_said(cart(&[("APRON", 3)]), 11);
    played.waits(4);
    assert_eq!((played.wanted().as_str(), played.order().state), ("3 APRON", OrderState::Confirmed));
}
