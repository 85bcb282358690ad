//! Staff at its desk: what it says arrives once, the bot steps back for it, and it keeps its conversations in order.

use std::time::Duration;

use ::actors::domain::command::{Command, Commanded, NoteOn, Recipient};
use ::actors::domain::conversation::LeadStage;
use ::actors::domain::desk::{ConversationNow, CustomerNow, LeadNow, NoteNow, Queued};
use ::actors::domain::ids::{ConversationId, CustomerId, LeadId, MessageId};
use ::actors::domain::order::Look;
use ::actors::domain::outgoing::{Outgoing, OutgoingKind};
use ::actors::domain::reading::Contact;
use ::actors::sellers::{Asked, Sending};
use hawker::sandbox::{Customer, Echoes, Fault, Refusal, SentMessage, Silence};
use http::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::channels;
use crate::support::{Database, Shop, TestApp, both, free, until};

both![
    a_picture_and_words_arrive_once_on_instagram,
    a_picture_and_words_arrive_once_on_messenger,
    a_picture_with_words_arrives_once_on_whatsapp,
    a_picture_whose_echo_comes_before_its_answer_arrives_once,
    a_picture_without_an_answer_is_confirmed_by_its_echo,
    a_picture_without_an_answer_or_an_echo_is_looked_for_and_not_sent_twice,
    a_picture_that_was_not_sent_is_sent_after_the_look,
    a_picture_on_whatsapp_without_an_answer_is_left_to_a_person,
    a_picture_on_the_wire_while_its_actor_is_killed_arrives_once,
    a_picture_on_the_wire_at_a_power_cut_arrives_once,
    a_command_given_many_times_at_once_sends_once,
    what_cannot_be_sent_is_refused_and_no_call_is_made,
    whoever_waits_for_a_message_is_told_what_became_of_it,
    handed_over_the_bot_is_silent_until_it_is_handed_back,
    notes_labels_and_whats_read_are_kept,
    what_is_known_of_a_customer_and_a_lead_is_put_right_by_hand,
];

const MINUTE: Duration = Duration::from_secs(60);
const CUT: Silence = Silence::Cut;
/// Longer than anything takes, and not waited for where all is well.
const LONG: Duration = Duration::from_secs(30);

fn picture() -> Outgoing {
    Outgoing { kind: OutgoingKind::Image, url: "https://shop.example/apron.jpg".to_owned() }
}

fn say(to: Recipient, text: Option<&str>, attachment: Option<Outgoing>) -> Command {
    Command::Send { to, text: text.map(str::to_owned), attachment }
}

fn to(customer: &Customer) -> Recipient {
    Recipient::MetaId(customer.id().to_owned())
}

/// What a command of Bea's is answered.
async fn answer_to(app: &TestApp, shop: &Shop, command: Command) -> Value {
    let commanded = Commanded { by: Some("Bea".to_owned()), command };
    match app.sellers().command(shop.seller, None, commanded).await.unwrap() {
        Asked::Answered(answer) => answer,
        other => panic!("no answer: {other:?}"),
    }
}

/// What a command of Bea's that is done is answered.
async fn done<T: DeserializeOwned>(app: &TestApp, shop: &Shop, command: Command) -> T {
    let answer = answer_to(app, shop, command).await;
    serde_json::from_value(answer.clone()).unwrap_or_else(|_| panic!("not done: {answer}"))
}

/// A shop to which Ada has said hello.
async fn greeted(app: &TestApp) -> (Shop, Customer) {
    let shop = app.shop_number(1, free()).await;
    let ada = shop.customer("Ada");
    app.deliver(&ada.writes("good morning")).await;
    app.fall_silent().await;
    (shop, ada)
}

async fn conversation(app: &TestApp, shop: &Shop) -> ConversationId {
    ConversationId(app.conversation(shop).await["id"].as_i64().unwrap())
}

fn told(sent: &[SentMessage]) -> Vec<(&str, Option<&str>)> {
    sent.iter().map(|sent| (sent.text.as_str(), sent.attachment.as_ref().map(|file| file.kind.as_str()))).collect()
}

async fn a_picture_and_words_arrive_once(app: TestApp, shop: Shop) {
    let ada = shop.customer("Ada");
    app.deliver(&ada.writes("do you have aprons?")).await;
    app.settle().await;
    let queued: Queued = done(&app, &shop, say(to(&ada), Some("This one"), Some(picture()))).await;
    app.settle().await;
    let sent = ada.received();
    assert_eq!(told(&sent), [("", Some("image")), ("This one", None)]);
    assert_eq!(sent[0].attachment.as_ref().unwrap().url, picture().url);
    for (part, sent) in queued.parts.iter().zip(&sent) {
        let sending = app.sellers().sent(shop.seller, part.message, LONG).await.unwrap();
        assert_eq!(sending, Sending::Sent { mid: sent.mid.clone() });
    }
    let messages = app.messages(&shop).await;
    let ours: Vec<&Value> = messages.iter().filter(|message| message["author"] == "staff").collect();
    assert_eq!((ours.len(), messages.len()), (2, 3), "the echoes are not messages of their own: {messages:#?}");
    assert_eq!((&ours[0]["attachments"], &ours[0]["text"]), (&json!(["image"]), &Value::Null));
    app.stop().await;
}

async fn a_picture_and_words_arrive_once_on_instagram(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop_number(1, free()).await;
    a_picture_and_words_arrive_once(app, shop).await;
}

async fn a_picture_and_words_arrive_once_on_messenger(database: Database) {
    let app = channels::start(database).await;
    let shop = channels::page_shop(&app, channels::nothing()).await;
    a_picture_and_words_arrive_once(app, shop).await;
}

async fn a_picture_with_words_arrives_once_on_whatsapp(database: Database) {
    let app = channels::start(database).await;
    let shop = channels::number_shop(&app, channels::nothing()).await;
    let ada = shop.customer("Ada");
    app.deliver(&ada.writes("do you have aprons?")).await;
    app.settle().await;
    // By the number, which is but another of her ids.
    let number = Recipient::MetaId(ada.phone().unwrap());
    let queued: Queued = done(&app, &shop, say(number, Some("This one"), Some(picture()))).await;
    app.settle().await;
    assert_eq!((queued.parts.len(), told(&ada.received())), (1, vec![("This one", Some("image"))]));
    assert_eq!(app.said(&shop).await, [("This one".to_owned(), "delivered".to_owned())]);
    app.stop().await;
}

/// Ada is sent a picture, and this goes wrong.
async fn picture_with(app: &TestApp, shop: &Shop, ada: &Customer, fault: Fault) -> MessageId {
    app.meta.next_sends(1, fault);
    let queued: Queued = done(app, shop, say(to(ada), None, Some(picture()))).await;
    queued.parts[0].message
}

async fn states(app: &TestApp, shop: &Shop) -> Vec<String> {
    app.said(shop).await.into_iter().map(|(_, state)| state).collect()
}

async fn a_picture_whose_echo_comes_before_its_answer_arrives_once(database: Database) {
    let app = TestApp::start(database).await;
    let (shop, ada) = greeted(&app).await;
    picture_with(&app, &shop, &ada, Fault::EchoFirst).await;
    app.settle().await;
    assert_eq!(
        (told(&ada.received()), states(&app, &shop).await),
        (vec![("", Some("image"))], vec!["confirmed".into()])
    );
    app.stop().await;
}

async fn a_picture_without_an_answer_is_confirmed_by_its_echo(database: Database) {
    let app = TestApp::start_beside(database, &[], |meta| meta.echoes = Echoes::Held).await;
    let (shop, ada) = greeted(&app).await;
    let message = picture_with(&app, &shop, &ada, Fault::DoneButNoAnswer { silence: CUT }).await;
    app.settle().await;
    assert_eq!(states(&app, &shop).await, ["unconfirmed"]);
    assert_eq!(app.sellers().sent(shop.seller, message, Duration::ZERO).await.unwrap(), Sending::Waiting);
    assert_eq!(app.meta.release_echoes(), 1);
    app.let_pass(5 * MINUTE).await;
    assert_eq!((ada.received().len(), states(&app, &shop).await), (1, vec!["confirmed".into()]));
    app.stop().await;
}

async fn a_picture_without_an_answer_or_an_echo_is_looked_for_and_not_sent_twice(database: Database) {
    let app = TestApp::start_beside(database, &[], |meta| meta.echoes = Echoes::Off).await;
    let (shop, ada) = greeted(&app).await;
    picture_with(&app, &shop, &ada, Fault::DoneButNoAnswer { silence: CUT }).await;
    app.settle().await;
    app.let_pass(2 * MINUTE).await;
    assert_eq!((ada.received().len(), states(&app, &shop).await), (1, vec!["confirmed".into()]));
    app.stop().await;
}

async fn a_picture_that_was_not_sent_is_sent_after_the_look(database: Database) {
    let app = TestApp::start(database).await;
    let (shop, ada) = greeted(&app).await;
    picture_with(&app, &shop, &ada, Fault::NotDoneNoAnswer { silence: CUT }).await;
    app.settle().await;
    assert_eq!(ada.received().len(), 0);
    app.let_pass(2 * MINUTE).await;
    assert_eq!((ada.received().len(), states(&app, &shop).await), (1, vec!["confirmed".into()]));
    app.stop().await;
}

async fn a_picture_on_whatsapp_without_an_answer_is_left_to_a_person(database: Database) {
    let app = channels::start(database).await;
    let shop = channels::number_shop(&app, channels::nothing()).await;
    let ada = shop.customer("Ada");
    app.deliver(&ada.writes("good morning")).await;
    app.settle().await;
    picture_with(&app, &shop, &ada, Fault::DoneButNoAnswer { silence: CUT }).await;
    app.settle().await;
    app.let_pass(5 * MINUTE).await;
    assert_eq!((ada.received().len(), app.looks(&shop).await), (1, vec!["not_sent".to_owned()]));
    app.stop().await;
}

async fn a_picture_on_the_wire_while_its_actor_is_killed_arrives_once(database: Database) {
    let app = TestApp::start(database).await;
    let (shop, ada) = greeted(&app).await;
    let message = picture_with(&app, &shop, &ada, Fault::SlowAnswer { ms: 200 }).await;
    app.sellers().kill(shop.seller).await.unwrap();
    let sending = app.sellers().sent(shop.seller, message, LONG).await.unwrap();
    app.let_pass(5 * MINUTE).await;
    assert_eq!(sending, Sending::Sent { mid: ada.received()[0].mid.clone() });
    assert_eq!((ada.received().len(), states(&app, &shop).await), (1, vec!["confirmed".into()]));
    app.stop().await;
}

async fn a_picture_on_the_wire_at_a_power_cut_arrives_once(database: Database) {
    let mut app = TestApp::start_beside(database, &[], |meta| meta.echoes = Echoes::Off).await;
    let (shop, ada) = greeted(&app).await;
    picture_with(&app, &shop, &ada, Fault::DoneButNoAnswer { silence: Silence::Hang }).await;
    until("the call is made", || async { (!ada.received().is_empty()).then_some(()) }).await;
    app.vanish().await;
    app.start_again().await;
    app.settle().await;
    app.let_pass(2 * MINUTE).await;
    assert_eq!((ada.received().len(), states(&app, &shop).await), (1, vec!["confirmed".into()]));
    app.stop().await;
}

async fn a_command_given_many_times_at_once_sends_once(database: Database) {
    let app = TestApp::start(database).await;
    let (shop, ada) = greeted(&app).await;
    let give = || app.sellers().command(shop.seller, Some("hello-1"), say(to(&ada), Some("hello!"), None));
    let answers: Vec<Asked> =
        futures::future::join_all((0..20).map(|_| give())).await.into_iter().map(Result::unwrap).collect();
    assert!(answers.iter().all(|answer| matches!(answer, Asked::Answered(_)) && *answer == answers[0]), "{answers:?}");
    app.settle().await;
    assert_eq!(told(&ada.received()), [("hello!", None)]);
    app.stop().await;
}

async fn what_cannot_be_sent_is_refused_and_no_call_is_made(database: Database) {
    let app = TestApp::start(database).await;
    let (shop, ada) = greeted(&app).await;
    let refused = async |command| {
        let answer = answer_to(&app, &shop, command).await;
        (answer["error"].as_str().unwrap_or_default().to_owned(), answer["status"].as_u64().unwrap_or(0))
    };
    let plain = Outgoing { url: "http://shop.example/apron.jpg".to_owned(), ..picture() };
    for (command, code, status) in [
        (say(Recipient::MetaId("nobody\0".to_owned()), Some("hi"), None), "unknown_recipient", 404),
        (say(Recipient::Conversation(ConversationId(999)), Some("hi"), None), "unknown_recipient", 404),
        (say(to(&ada), None, None), "nothing_to_say", 422),
        (say(to(&ada), Some("a\0b"), None), "wrong_text", 422),
        (say(to(&ada), Some(&"é".repeat(501)), None), "text_too_long", 422),
        (say(to(&ada), None, Some(plain)), "wrong_url", 422),
    ] {
        assert_eq!(refused(command).await, (code.to_owned(), status));
    }
    app.let_pass(24 * 60 * MINUTE).await;
    assert_eq!(refused(say(to(&ada), Some("hi"), None)).await, ("window_closed".to_owned(), 409));
    app.deliver(&ada.writes("hello again")).await;
    app.settle().await;
    let path = format!("/api/v1/sellers/{}/connections", shop.seller);
    let connection = app.read(&path).await["data"][0]["id"].clone();
    assert_eq!(app.call(Method::DELETE, &format!("{path}/{connection}"), &Value::Null).await.0, 200);
    until("the seller knows", async || {
        (refused(say(to(&ada), Some("hi"), None)).await == ("not_connected".to_owned(), 409)).then_some(())
    })
    .await;
    assert_eq!((app.meta.calls(), app.outbox(&shop).await.len()), (0, 0));
    app.stop().await;
}

async fn whoever_waits_for_a_message_is_told_what_became_of_it(database: Database) {
    let app = TestApp::start(database).await;
    let (shop, ada) = greeted(&app).await;
    app.meta.next_sends(1, Fault::SlowAnswer { ms: 100 });
    let queued: Queued = done(&app, &shop, say(to(&ada), Some("hello!"), None)).await;
    let message = queued.parts[0].message;
    let sent = |message, wait| app.sellers().sent(shop.seller, message, wait);
    let mid = sent(message, LONG).await.unwrap();
    assert_eq!(mid, Sending::Sent { mid: ada.received()[0].mid.clone() });
    assert_eq!(sent(MessageId(message.0 - 1), LONG).await.unwrap(), Sending::Unknown, "the customer's own");
    app.meta.next_sends(1, Fault::fail(Refusal::PersonUnavailable));
    let queued: Queued = done(&app, &shop, say(to(&ada), Some("hello?"), None)).await;
    let Sending::NotSent { why } = sent(queued.parts[0].message, LONG).await.unwrap() else { panic!("not told") };
    assert!(why.contains("551"), "{why}");
    app.stop().await;
}

async fn handed_over_the_bot_is_silent_until_it_is_handed_back(database: Database) {
    let mut app = TestApp::start(database).await;
    let (shop, ada) = greeted(&app).await;
    let conversation = conversation(&app, &shop).await;
    let now: ConversationNow = done(&app, &shop, Command::HandOver { conversation, people_only: true }).await;
    assert!(now.people_only);
    app.deliver(&ada.writes("two canvas aprons please")).await;
    app.fall_silent().await;
    app.restart().await;
    app.deliver(&ada.writes("please!")).await;
    app.fall_silent().await;
    assert_eq!((app.order(&shop).await["state"].clone(), app.outbox(&shop).await.len()), (json!("draft"), 0));
    let _: Queued = done(&app, &shop, say(Recipient::Conversation(conversation), Some("We pack them"), None)).await;
    let now: ConversationNow = done(&app, &shop, Command::HandOver { conversation, people_only: false }).await;
    assert!(!now.people_only);
    app.let_pass(MINUTE).await;
    assert_eq!(told(&ada.received()), [("We pack them", None)]);
    app.deliver(&ada.writes("thank you")).await;
    app.fall_silent().await;
    assert_eq!((app.order(&shop).await["state"].clone(), ada.received().len()), (json!("confirmed"), 2));
    app.stop().await;
}

async fn notes_labels_and_whats_read_are_kept(database: Database) {
    let mut app = TestApp::start(database).await;
    let (shop, ada) = greeted(&app).await;
    let conversation = conversation(&app, &shop).await;
    let on = NoteOn::Conversation(conversation);
    let note: NoteNow = done(&app, &shop, Command::Note { on, text: "a regular".to_owned() }).await;
    let label = Command::Label { conversation, add: vec!["VIP".into(), "vip".into()], remove: vec![] };
    let now: ConversationNow = done(&app, &shop, label).await;
    assert_eq!(now.labels, ["VIP"]);
    let _: ConversationNow = done(&app, &shop, Command::Assign { conversation, to: Some("Bea".to_owned()) }).await;
    let _: ConversationNow = done(&app, &shop, Command::Archive { conversation, archived: true }).await;
    app.restart().await;
    let seen = app.messages(&shop).await[0]["id"].as_i64().map(MessageId);
    for _ in 0..2 {
        app.deliver(&ada.sends_image()).await;
    }
    app.settle().await;
    let now: ConversationNow = done(&app, &shop, Command::MarkRead { conversation, through: seen }).await;
    assert_eq!((now.unread, now.archived, now.assignee.as_deref()), (2, false, Some("Bea")));
    assert_eq!(now.needs_look, [Look::Attachment].into());
    let looks = vec![Look::Attachment];
    let now: ConversationNow = done(&app, &shop, Command::SettleLooks { conversation, looks }).await;
    assert!(now.needs_look.is_empty());
    let now: ConversationNow = done(&app, &shop, Command::MarkRead { conversation, through: None }).await;
    assert_eq!((now.unread, app.conversation(&shop).await["unread"].clone()), (0, json!(0)));
    let removed: NoteNow = done(&app, &shop, Command::RemoveNote { note: note.note }).await;
    assert!(removed.removed);
    let again = answer_to(&app, &shop, Command::RemoveNote { note: note.note }).await;
    assert_eq!((&again["error"], &again["status"]), (&json!("not_found"), &json!(404)));
    app.stop().await;
}

async fn what_is_known_of_a_customer_and_a_lead_is_put_right_by_hand(database: Database) {
    let mut app = TestApp::start(database).await;
    let (shop, ada) = greeted(&app).await;
    let customer = CustomerId(app.conversation(&shop).await["customer"]["id"].as_i64().unwrap());
    let lead = LeadId(app.leads(&shop).await[0]["id"].as_i64().unwrap());
    app.restart().await;
    let contact = Contact { phone: Some("+1 555 0000".to_owned()), ..Contact::default() };
    let name = Some("Ada Lovelace".to_owned());
    let now: CustomerNow = done(&app, &shop, Command::EditCustomer { customer, contact: contact.clone(), name }).await;
    assert_eq!((now.name.as_deref(), &now.contact), (Some("Ada Lovelace"), &contact));
    let now: LeadNow = done(&app, &shop, Command::MoveLead { lead, stage: LeadStage::Lost }).await;
    assert_eq!((now.lead, app.leads(&shop).await[0]["stage"].clone()), (lead, json!("lost")));
    app.clock.advance(MINUTE);
    app.deliver(&ada.writes("two canvas aprons please, my phone is +1 555 010 0199")).await;
    app.fall_silent().await;
    assert_eq!(app.order(&shop).await["contact"]["phone"], "+15550100199");
    assert_eq!(app.leads(&shop).await[0]["stage"], "ordered");
    app.stop().await;
}
