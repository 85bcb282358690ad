//! Whatever the order in which the events of a conversation come, however often, in turns of any size and over any
//! restart: what is known in the end is the same. What a new kind of event does is added to `story` and, where it
//! leaves something new behind, to `Known`.

use super::drafts::cart;
use super::taps::buttons_of;
use super::*;
use crate::domain::button::Button;
use crate::domain::event::{Edited, Reacted, Receipt, ReceiptOf, ReceiptStep, Referral, Unsent};
use crate::domain::marks::Marks;
use crate::domain::order::Looks;

/// An event, by its key, at a second.
type Told = (String, i64, Happening);

/// What is known in the end; ids are left out, as they are given in order of arrival.
#[derive(Debug, PartialEq)]
struct Known {
    messages: BTreeMap<String, KnownMessage>,
    lines: Vec<(String, Option<String>, u32)>,
    order: Option<(OrderState, String)>,
    lead_source: Option<Referral>,
    needs_look: Looks,
    preview: String,
    in_other_hands: bool,
    answers_owed: bool,
    loose_ends: Vec<String>,
}

/// What is known of one message.
#[derive(Debug, PartialEq)]
struct KnownMessage {
    text: Option<String>,
    attachments: Vec<String>,
    counts: bool,
    meant: Option<Button>,
    marks: Marks,
    state: MessageState,
}

fn says(mid: &str, second: i64, text: &str) -> Told {
    said(second, Said { mid: Some(mid.into()), text: Some(text.into()), ..Said::default() })
}

fn said(second: i64, said: Said) -> Told {
    (format!("message:{}", said.mid.clone().unwrap()), second, Happening::Said(said))
}

fn edits(mid: &str, revision: i64, text: &str) -> Told {
    let edited = Edited { mid: mid.into(), text: text.into(), revision };
    (format!("edit:{mid}:{revision}"), 100 + revision, Happening::Edited(edited))
}

fn unsends(mid: &str) -> Told {
    (format!("deleted:{mid}"), 110, Happening::Unsent(Unsent { mid: mid.into() }))
}

fn reacts(mid: &str, second: i64, emoji: Option<&str>) -> Told {
    let reacted = Reacted { mid: mid.into(), emoji: emoji.map(str::to_owned) };
    (format!("reaction:{mid}:{second}"), second, Happening::Reacted(reacted))
}

fn receipt(of: ReceiptOf, second: i64, step: ReceiptStep) -> Told {
    (format!("receipt:{second}:{step:?}"), second, Happening::Receipt(Receipt { of, step }))
}

fn mids(mids: &[&str]) -> ReceiptOf {
    ReceiptOf::Mids(mids.iter().map(|mid| (*mid).to_owned()).collect())
}

/// How many events the story has.
const EVENTS: usize = 19;

/// A conversation in which everything happens. Its first question to the customer is on its way.
fn story(question: &Owed) -> Vec<Told> {
    let accepted = CallResult::Accepted { mid: "q1".into() };
    let ended = CallEnded {
        outbox: question.id,
        attempt: question.attempts,
        result: accepted,
        told: crate::domain::budget::hold::LimitsTold::default(),
    };
    let echo = Echo { mid: "q1".into(), text: Some(text_of(question).into()), attachments: vec![] };
    let ad = Referral { ad: Some("120".into()), ..Referral::default() };
    let link = Referral { source: Some("SHORTLINK".into()), ..Referral::default() };
    let elsewhere = Echo { mid: "e1".into(), text: Some("one moment".into()), attachments: vec![] };
    vec![
        ("call:1".into(), 5, Happening::CallEnded(ended)),
        ("message:q1".into(), 6, Happening::Echo(echo)),
        receipt(mids(&["q1", "e1"]), 7, ReceiptStep::Delivered),
        receipt(ReceiptOf::Through(at(12)), 12, ReceiptStep::Read),
        says("m1", 10, "two linen shirts"),
        edits("m1", 1, "three linen shirts"),
        edits("m1", 2, "two blue linen shirts"),
        reacts("m1", 120, Some("love")),
        reacts("m1", 121, None),
        reacts("m1", 122, Some("wow")),
        said(
            20,
            Said {
                referral: Some(link),
                ..Said { mid: Some("m2".into()), text: Some("size M".into()), ..Said::default() }
            },
        ),
        says("m3", 30, "and nine aprons please"),
        unsends("m3"),
        edits("m3", 5, "and eight aprons please"),
        ("message:e1".into(), 35, Happening::Echo(elsewhere)),
        receipt(mids(&["e1"]), 36, ReceiptStep::Read),
        said(
            40,
            Said {
                referral: Some(ad),
                standby: true,
                ..Said { mid: Some("m4".into()), text: Some("hello?".into()), ..Said::default() }
            },
        ),
        says("m5", 50, "thanks"),
        edits("m5", 1, "thanks a lot"),
    ]
}

/// The customer was asked for details of an apron; the story goes on from there.
fn begun() -> (Played, Owed) {
    let mut played = Played::new();
    played.says("one apron please", 0);
    played.waits(4);
    let question = played.take_handed().remove(0);
    (played, question)
}

/// How many events the story of answers has.
const ANSWERS: usize = 16;

/// A customer answers a summary, in words, with its buttons, and with carts, and changes or takes back most of it.
fn answers(summary: &Owed) -> Vec<Told> {
    let pressed = |mid: &str, second: i64, text: &str, payload: &str| {
        let (mid, text, payload) = (Some(mid.into()), Some(text.into()), Some(payload.into()));
        said(second, Said { mid, text, payload, ..Said::default() })
    };
    let carts = |mid: &str, second: i64, of: &[(&str, u32)]| {
        said(second, Said { mid: Some(mid.into()), text: Some("thank you".into()), ..cart(of) })
    };
    let confirm = buttons_of(summary).remove(0);
    vec![
        says("a1", 8, "hm"),
        edits("a1", 1, "yes please"),
        says("a2", 9, "yes"),
        edits("a2", 1, "is it blue?"),
        says("a3", 10, "yes"),
        unsends("a3"),
        pressed("a4", 11, "Confirm", &confirm.payload),
        unsends("a4"),
        pressed("a5", 12, "Confirm", &confirm.payload),
        edits("a5", 1, "nine aprons"),
        carts("a6", 20, &[("SHIRT-White-M", 2)]),
        unsends("a6"),
        carts("a7", 21, &[("APRON", 3)]),
        edits("a7", 1, "gift wrap please"),
        pressed("a8", 22, "A shirt", "ORDER:SHIRT-Blue-M:1"),
        reacts("a8", 120, Some("love")),
    ]
}

/// The customer was sent a summary, which Meta has taken.
fn summed_up() -> (Played, Owed) {
    let mut played = Played::new();
    played.says(&format!("one apron please, {DETAILS}"), 0);
    played.says("two aprons please", 1);
    played.waits(4);
    let summary = played.question();
    (played, summary)
}

fn event_of(played: &mut Played, (key, second, happening): &Told) -> (StoredEvent, Result<Happening, Reason>) {
    let event = played.event(key, at(*second));
    let source = if matches!(happening, Happening::CallEnded(_)) { Source::Result } else { Source::Meta };
    (StoredEvent { source, ..event }, Ok(happening.clone()))
}

/// What was said comes once: the inbox knows its key. Anything else is told to the shop as often as it comes.
fn comes_once(happening: &Happening) -> bool {
    matches!(happening, Happening::Said(_))
}

fn known(played: &Played) -> Known {
    let conversation = played.conversations.values().next().unwrap();
    let messages = played.messages.values().filter_map(|message| {
        let state = conversation.state_of(message);
        let Message { text, attachments, counts, meant, marks, .. } = message.clone();
        Some((message.mid.clone()?, KnownMessage { text, attachments, counts, meant, marks, state }))
    });
    let order = conversation.draft.map(|order| &played.orders[&order.0]);
    let lines = order.iter().flat_map(|order| &order.lines);
    Known {
        messages: messages.collect(),
        lines: lines.map(|line| (line.product.clone(), line.variant.clone(), line.quantity)).collect(),
        order: order.map(|order| (order.state, order.source_key.clone())),
        lead_source: played.leads.values().next().and_then(|lead| Some(lead.source.clone()?.referral)),
        needs_look: conversation.needs_look.clone(),
        preview: conversation.preview.clone(),
        in_other_hands: conversation.in_other_hands,
        answers_owed: played.alarms.keys().any(|key| key.kind == AlarmKind::Reply),
        loose_ends: played.loose_ends.keys().map(|(_, mid)| mid.clone()).collect(),
    }
}

#[test]
fn the_story_in_its_order_ends_as_one_would_think() {
    let (mut played, question) = begun();
    for told in story(&question) {
        let event = event_of(&mut played, &told);
        played.turn(vec![event]);
    }
    let known = known(&played);
    let shirts = ("SHIRT".to_owned(), Some("SHIRT-Blue-M".to_owned()), 2);
    assert_eq!(known.lines, [("APRON".to_owned(), None, 1), shirts]);
    let states = ["q1", "e1", "m1"].map(|mid| known.messages[mid].state);
    assert_eq!(states, [MessageState::Read, MessageState::Read, MessageState::Received]);
    assert!(known.loose_ends.is_empty() && known.messages["m3"].text.is_none());
}

/// The order of events, those that come again, and the sizes of turns, each with whether all is forgotten after it.
type Arrival = (Vec<usize>, Vec<usize>, Vec<(usize, bool)>);

/// A story as it happened, and as it arrives.
fn both_ways(
    begun: &dyn Fn() -> (Played, Owed),
    story: &dyn Fn(&Owed) -> Vec<Told>,
    (order, again, sizes): Arrival,
) -> (Played, Played) {
    let (mut straight, question) = begun();
    let story = story(&question);
    assert_eq!(story.len(), order.len(), "all of the story is told");
    for told in &story {
        let event = event_of(&mut straight, told);
        straight.turn(vec![event]);
    }
    let (mut shuffled, _) = begun();
    let again = again.into_iter().filter(|place| !comes_once(&story[*place].2));
    let mut left: Vec<usize> = order.into_iter().chain(again).collect();
    for (size, restarts) in sizes.into_iter().cycle() {
        if left.is_empty() {
            break;
        }
        let turn = left.drain(..size.min(left.len())).collect::<Vec<_>>();
        let events = turn.iter().map(|place| event_of(&mut shuffled, &story[*place])).collect();
        shuffled.turn(events);
        if restarts {
            shuffled.restarts();
        }
    }
    (straight, shuffled)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn the_order_of_arrival_does_not_matter_to_a_conversation(
        order in Just((0..EVENTS).collect::<Vec<_>>()).prop_shuffle(),
        again in prop::collection::vec(0..EVENTS, 0..12),
        sizes in prop::collection::vec((1..6_usize, any::<bool>()), EVENTS),
    ) {
        let (straight, shuffled) = both_ways(&begun, &story, (order, again, sizes));
        prop_assert_eq!(known(&shuffled), known(&straight));
    }

    #[test]
    fn nor_does_it_to_what_answers_a_question(
        order in Just((0..ANSWERS).collect::<Vec<_>>()).prop_shuffle(),
        again in prop::collection::vec(0..ANSWERS, 0..8),
        sizes in prop::collection::vec((1..6_usize, any::<bool>()), ANSWERS),
    ) {
        let (mut straight, mut shuffled) = both_ways(&summed_up, &answers, (order, again, sizes));
        prop_assert_eq!(known(&shuffled), known(&straight));
        for played in [&mut straight, &mut shuffled] {
            played.waits(4);
        }
        prop_assert_eq!(straight.wanted(), "3 APRON, 1 SHIRT-Blue-M");
        let told = |played: &mut Played| {
            played.take_handed().iter().map(|owed| text_of(owed).to_owned()).collect::<Vec<_>>()
        };
        prop_assert_eq!(told(&mut shuffled), told(&mut straight));
        prop_assert_eq!(known(&shuffled), known(&straight));
    }
}
