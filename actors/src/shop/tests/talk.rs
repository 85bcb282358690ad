//! What happens to messages besides being said, and to conversations besides messages.

use super::*;
use crate::domain::event::{About, Edited, Mention, Reacted, Receipt, ReceiptOf, ReceiptStep, Unsent};
use crate::shop::loose_ends::{MOST, MOST_OF_ONE};

pub(super) fn said(mid: &str, text: &str) -> Said {
    Said { mid: Some(mid.into()), text: Some(text.into()), ..Said::default() }
}

fn receipt(mid: &str, step: ReceiptStep) -> Happening {
    Happening::Receipt(Receipt { of: ReceiptOf::Mids(vec![mid.into()]), step })
}

fn failed() -> ReceiptStep {
    ReceiptStep::Failed { code: "131047".into(), error: "the window is closed".into() }
}

impl Played {
    pub(super) fn edits(&mut self, mid: &str, text: &str, revision: i64) -> Outcome {
        let edited = Edited { mid: mid.into(), text: text.into(), revision };
        self.hears(Happening::Edited(edited), &format!("edit:{mid}:{revision}"), 20)
    }

    pub(super) fn unsends(&mut self, mid: &str) -> Outcome {
        self.hears(Happening::Unsent(Unsent { mid: mid.into() }), &format!("deleted:{mid}"), 20)
    }

    fn reacts(&mut self, mid: &str, emoji: Option<&str>, second: i64) -> Outcome {
        let reacted = Reacted { mid: mid.into(), emoji: emoji.map(str::to_owned) };
        self.hears(Happening::Reacted(reacted), &format!("reaction:{mid}:{second}"), second)
    }

    fn is_told(&mut self, mid: &str, step: ReceiptStep) -> Outcome {
        self.hears(receipt(mid, step), "receipt", 30)
    }

    pub(super) fn message(&self, mid: &str) -> &Message {
        self.messages.values().find(|message| message.mid.as_deref() == Some(mid)).unwrap()
    }

    fn state(&self, mid: &str) -> MessageState {
        self.thread().conversation.state_of(self.message(mid))
    }

    pub(super) fn thread(&self) -> &thread::Thread {
        self.shop.threads.values().next().unwrap()
    }

    /// A question to the customer, taken by Meta as this mid.
    fn asks(&mut self, mid: &str) {
        self.says("an apron please", 0);
        self.waits(4);
        let question = self.take_handed().remove(0);
        self.ends(&question, CallResult::Accepted { mid: mid.into() });
    }

    fn quantities(&self) -> Vec<u32> {
        self.order().lines.iter().map(|line| line.quantity).collect()
    }
}

#[test]
fn an_edit_changes_the_draft_and_the_higher_revision_wins_whenever_it_comes() {
    for edits in [[(1, "two aprons please"), (2, "three aprons please")], [(2, "three aprons please"), (1, "one")]] {
        let mut played = Played::new();
        played.says("an apron please", 0);
        let outcomes = edits.map(|(revision, text)| played.edits("m0", text, revision));
        assert_eq!(outcomes[0], Outcome::Handled);
        assert_eq!(outcomes[1] == Outcome::Duplicate, edits[0].0 == 2);
        assert_eq!(played.quantities(), [3]);
        let message = played.message("m0");
        assert_eq!((message.text.as_deref(), message.marks.revision), (Some("three aprons please"), Some(2)));
        assert_eq!(played.edits("m0", "four aprons", 2), Outcome::Duplicate);
        assert_eq!(played.thread().conversation.preview, "three aprons please");
        assert_eq!(played.thread().lead.as_ref().unwrap().first_words, "three aprons please");
    }
}

#[test]
fn an_edit_that_first_names_a_product_opens_a_draft_and_is_answered_after_the_quiet_time() {
    let mut played = Played::new();
    played.says("good morning", 0);
    assert!(played.orders.is_empty());
    played.edits("m0", "good morning, an apron please", 1);
    assert_eq!(played.order().state, OrderState::Draft);
    played.waits(4);
    assert_eq!(played.take_handed().len(), 1);
}

#[test]
fn an_address_that_is_corrected_by_an_edit_is_the_one_that_is_agreed_on() {
    let mut played = Played::new();
    played.says("two aprons please", 0);
    played.says(DETAILS, 1);
    played.edits("m1", &DETAILS.replace("12 Harbour", "10 Harbour"), 1);
    played.waits(4);
    assert_eq!(played.order().state, OrderState::Confirmed);
    assert!(played.order().contact.address.as_ref().unwrap().contains("10 Harbour"), "{:?}", played.order().contact);
}

#[test]
fn an_address_that_was_taken_back_is_asked_for_again() {
    let mut played = Played::new();
    played.says("two aprons please", 0);
    played.says(DETAILS, 1);
    played.unsends("m1");
    played.waits(4);
    assert_eq!(played.order().state, OrderState::Draft);
    assert!(text_of(&played.take_handed()[0]).contains("phone number"));
}

#[test]
fn a_message_taken_back_leaves_no_word_and_no_draft_to_be_answered() {
    let mut played = Played::new();
    let about = Some(About::Story { id: None });
    let said = Said { payload: Some("P".into()), attachments: vec!["image".into()], about, ..said("m0", "an apron") };
    played.hears(Happening::Said(said), "message:m0", 0);
    assert_eq!(played.unsends("m0"), Outcome::Handled);
    let message = played.message("m0");
    assert_eq!((&message.text, &message.payload, message.attachments.len()), (&None, &None, 0));
    assert!(message.marks.unsent && message.marks.about.is_none() && !message.counts);
    assert_eq!(played.order().state, OrderState::Cancelled);
    assert!(played.order().lines.is_empty());
    assert_eq!(
        (&*played.thread().conversation.preview, &*played.thread().lead.as_ref().unwrap().first_words),
        ("", "")
    );
    assert_eq!(played.unsends("m0"), Outcome::Duplicate);
    assert_eq!(played.edits("m0", "two aprons", 1), Outcome::Duplicate, "it never comes back");
    played.waits(60);
    assert!(played.take_handed().is_empty());
    played.says("no, an apron please", 70);
    played.waits(4);
    assert_eq!((played.order().state, played.take_handed().len()), (OrderState::Draft, 1));
}

#[test]
fn an_edit_that_leaves_the_question_as_it_was_asked_is_not_taken_for_a_bad_answer() {
    let mut played = Played::new();
    played.asks("q1");
    played.edits("m0", "two aprons please", 1);
    played.waits(10);
    assert_eq!((played.quantities(), played.needs_look()), (vec![2], vec![]));
    assert!(played.take_handed().is_empty());
    played.edits("m0", "two linen shirts please", 2);
    played.waits(4);
    assert!(text_of(&played.take_handed()[0]).contains("Linen Shirt"), "another question is asked");
}

#[test]
fn a_question_that_has_not_left_is_not_asked_about_words_that_are_no_more() {
    let mut played = Played::new();
    played.shop.caps.messages_per_hour = 0;
    played.says("an apron please", 0);
    played.waits(4);
    played.unsends("m0");
    played.shop.caps.messages_per_hour = 10;
    played.waits(61 * 60);
    assert!(played.take_handed().is_empty());
    assert_eq!(played.outbox.values().next().unwrap().state, OwedState::Failed);
}

#[test]
fn a_confirmed_order_is_not_touched_by_an_edit_or_an_unsend_and_somebody_is_to_look() {
    for unsends in [false, true] {
        let mut played = Played::new();
        played.says(&format!("two aprons please, {DETAILS}"), 0);
        played.waits(4);
        let before = played.order().clone();
        assert!(played.needs_look().is_empty());
        let outcome = if unsends { played.unsends("m0") } else { played.edits("m0", "three aprons please", 1) };
        assert_eq!((outcome, played.needs_look()), (Outcome::Handled, vec![Look::ChangeWanted]));
        assert_eq!(*played.order(), before);
        assert_eq!(played.message("m0").text.is_none(), unsends);
    }
}

#[test]
fn a_spelling_mistake_put_right_after_the_order_is_nobodys_business() {
    let mut played = Played::new();
    played.says("helo", 0);
    played.says(&format!("two aprons please, {DETAILS}"), 1);
    played.waits(4);
    played.edits("m0", "hello", 1);
    assert!(played.needs_look().is_empty());
}

#[test]
fn what_is_told_of_a_message_waits_for_it_also_over_a_restart() {
    let mut played = Played::new();
    assert_eq!(played.edits("m5", "two aprons please", 1), Outcome::Handled);
    assert_eq!(played.edits("m5", "two aprons please", 1), Outcome::Duplicate);
    played.reacts("m5", Some("love"), 6);
    played.unsends("m7");
    played.edits("m7", "nine aprons", 3);
    assert!(played.orders.is_empty() && played.messages.is_empty());
    played.restarts();
    played.says("an apron please", 5);
    played.says("nine aprons please", 7);
    assert_eq!(played.quantities(), [2]);
    assert_eq!(played.message("m5").marks.reactions[0].emoji.as_deref(), Some("love"));
    assert!(played.message("m7").marks.unsent && played.message("m7").text.is_none());
    assert!(played.loose_ends.is_empty(), "{:?}", played.loose_ends);
    assert_eq!(played.edits("m7", "nine aprons please", 9), Outcome::Duplicate);
}

#[test]
fn the_last_reaction_counts_in_any_order() {
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let mut played = Played::new();
        played.says("hello", 0);
        let reactions = [(Some("love"), 10), (None, 20), (Some("haha"), 30)];
        for place in order {
            played.reacts("m0", reactions[place].0, reactions[place].1);
        }
        assert_eq!(played.message("m0").marks.reactions[0].emoji.as_deref(), Some("haha"));
        assert_eq!(played.reacts("m0", None, 20), Outcome::Duplicate);
        assert_eq!(played.reacts("m0", None, 40), Outcome::Handled);
        assert_eq!(played.message("m0").marks.reactions[0].emoji, None);
    }
}

#[test]
fn receipts_only_take_a_message_further_and_leave_unread_alone() {
    let mut played = Played::new();
    played.asks("q1");
    let unread = played.thread().conversation.unread;
    assert_eq!(played.is_told("q1", ReceiptStep::Read), Outcome::Handled);
    for step in [ReceiptStep::Delivered, ReceiptStep::Sent, ReceiptStep::Read] {
        assert_eq!(played.is_told("q1", step), Outcome::Duplicate);
    }
    let words = played.message("q1").text.clone().unwrap();
    played.echo("q1", &words);
    assert_eq!(played.state("q1"), MessageState::Read);
    assert_eq!(played.thread().conversation.unread, unread);
}

#[test]
fn a_receipt_that_comes_before_the_answer_to_our_call_is_not_lost() {
    let mut played = Played::new();
    played.says("an apron please", 0);
    played.waits(4);
    let question = played.take_handed().remove(0);
    assert_eq!(played.is_told("q1", ReceiptStep::Delivered), Outcome::Handled);
    played.restarts();
    played.ends(&question, CallResult::Accepted { mid: "q1".into() });
    assert_eq!(played.state("q1"), MessageState::Delivered);
    assert!(played.loose_ends.is_empty());
}

#[test]
fn a_message_that_fails_after_meta_took_it_is_a_persons_business_and_not_sent_again() {
    for before_the_answer in [false, true] {
        let mut played = Played::new();
        played.says("an apron please", 0);
        played.waits(4);
        let question = played.take_handed().remove(0);
        if before_the_answer {
            played.is_told("q1", failed());
        }
        played.ends(&question, CallResult::Accepted { mid: "q1".into() });
        if !before_the_answer {
            played.is_told("q1", failed());
        }
        played.is_told("q1", ReceiptStep::Sent);
        assert_eq!((played.state("q1"), played.needs_look()), (MessageState::Failed, vec![Look::NotSent]));
        assert_eq!(played.message("q1").marks.failure.as_deref(), Some("131047: the window is closed"));
        played.waits(3600);
        assert!(played.take_handed().is_empty());
    }
}

#[test]
fn a_receipt_through_a_time_is_of_all_messages_sent_by_then_and_of_none_sent_later() {
    let mut played = Played::new();
    played.asks("q1");
    let through = |second, step| Happening::Receipt(Receipt { of: ReceiptOf::Through(at(second)), step });
    let sent = played.message("q1").at;
    assert_eq!(sent, at(4));
    played.hears(through(3, ReceiptStep::Read), "read:3", 3);
    assert_eq!(played.state("q1"), MessageState::Sent);
    played.hears(through(5, ReceiptStep::Delivered), "delivery:5", 5);
    assert_eq!(played.state("q1"), MessageState::Delivered);
    assert_eq!(played.hears(through(5, ReceiptStep::Read), "read:5", 5), Outcome::Handled);
    assert_eq!(played.hears(through(4, ReceiptStep::Read), "read:4", 4), Outcome::Duplicate);
    assert_eq!(played.state("q1"), MessageState::Read);
    assert_eq!(played.state("m0"), MessageState::Received);
    assert_eq!(played.hears(through(5, failed()), "odd", 5), Outcome::Ledgered(Reason::UnknownKind));
}

#[test]
fn a_receipt_for_many_messages_names_those_that_are_known_and_keeps_the_rest() {
    let mut played = Played::new();
    played.asks("q1");
    let mids = vec!["q0".into(), "q1".into(), "q2".into()];
    let all = Happening::Receipt(Receipt { of: ReceiptOf::Mids(mids), step: ReceiptStep::Delivered });
    let mut event = played.event("receipt", at(30));
    event.customer = None;
    played.shop.decide(&event, &Ok(all), played.now);
    played.store();
    assert_eq!(played.state("q1"), MessageState::Delivered);
    assert_eq!(played.loose_ends.keys().map(|(_, mid)| mid.as_str()).collect::<Vec<_>>(), ["q0", "q2"]);
}

#[test]
fn loose_ends_have_bounds_old_receipts_give_way_and_the_rest_is_ledgered() {
    let mut played = Played::new();
    for n in 0..MOST + 1 {
        played.now += TimeDelta::seconds(1);
        assert_eq!(played.is_told(&format!("r{n:04}"), ReceiptStep::Read), Outcome::Handled);
    }
    let left: Vec<&str> = played.loose_ends.keys().map(|(_, mid)| mid.as_str()).collect();
    assert_eq!((left.len(), left[0]), (MOST, "r0001"), "the oldest gave way");
    for n in 0..MOST_OF_ONE {
        assert_eq!(played.unsends(&format!("u{n}")), Outcome::Handled);
    }
    let no_room = Outcome::Ledgered(Reason::TooManyLooseEnds);
    assert_eq!(played.unsends("one more"), no_room);
    assert_eq!(played.edits("r0500", "words", 1), no_room, "also with a receipt that is kept");
    assert_eq!(played.edits("u5", "words", 1), Outcome::Duplicate);
    played.now += TimeDelta::days(8);
    assert_eq!(played.unsends("one more"), Outcome::Handled);
    assert_eq!(played.loose_ends.len(), 1, "what is old is over");
}

#[test]
fn an_id_that_no_database_would_index_is_ledgered() {
    let mut played = Played::new();
    let (long, unreadable) = ("m".repeat(3_000), Outcome::Ledgered(Reason::Unreadable));
    assert_eq!(played.unsends(&long), unreadable);
    assert_eq!(played.is_told(&long, ReceiptStep::Read), unreadable);
    let mention = Mention { media: long, comment: None };
    assert_eq!(played.hears(Happening::Mentioned(mention), "mention", 1), unreadable);
    assert!(played.loose_ends.is_empty() && played.comments.is_empty());
}
