//! The edge that sends: what a body must look like, who may be written to and when.

use serde::Deserialize;
use serde_json::{Value, json};

use super::channel::Channel;
use super::edges::usage_of;
use super::faults::{Calls, Course};
use super::refusal::Refusal;
use super::wire::WebhookEvent;
use super::world::{AccountState, QuickReply, Said, SentAttachment, SentMessage, World};

pub(super) const DAY_MS: i64 = 24 * 3_600_000;

/// The rules that settings switch.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    pub(super) messages_per_hour: Option<u32>,
    pub(super) window: bool,
}

/// A body as a client sends it. Unknown members are refused, so that a client's mistakes show.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SendBody {
    recipient: Recipient,
    message: Option<Outgoing>,
    messaging_type: Option<MessagingType>,
    tag: Option<String>,
    sender_action: Option<SenderAction>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recipient {
    id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outgoing {
    text: Option<String>,
    attachment: Option<OutgoingAttachment>,
    #[serde(default)]
    quick_replies: Vec<OutgoingQuickReply>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutgoingAttachment {
    r#type: String,
    payload: OutgoingAddress,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutgoingAddress {
    url: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutgoingQuickReply {
    content_type: String,
    title: String,
    payload: String,
}

impl OutgoingAttachment {
    /// Its type word, and its address.
    fn of(&self) -> (&str, &str) {
        (&self.r#type, &self.payload.url)
    }
}

impl QuickReply {
    fn of(reply: &OutgoingQuickReply) -> Self {
        Self { title: reply.title.clone(), payload: reply.payload.clone() }
    }
}

impl OutgoingQuickReply {
    /// Meta cuts longer titles, which a correct client does itself.
    fn fits(&self) -> bool {
        let is_short = |text: &str, limit| (1..=limit).contains(&text.chars().count());
        self.content_type == "text" && is_short(&self.title, 20) && is_short(&self.payload, 1000)
    }
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum MessagingType {
    Response,
    Update,
    MessageTag,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum SenderAction {
    TypingOn,
    TypingOff,
    MarkSeen,
}

/// Why a call is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct No {
    pub(super) refusal: Refusal,
    pub(super) detail: Option<String>,
    /// Minutes until there is room under the cap again.
    pub(super) minutes: Option<u32>,
    /// Whether a correct client never gets here.
    pub(super) is_wrong_call: bool,
}

impl From<Refusal> for No {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, detail: None, minutes: None, is_wrong_call: false }
    }
}

impl No {
    /// The client's mistake.
    pub(super) fn wrong(refusal: Refusal, why: impl Into<String>) -> Self {
        Self { refusal, detail: Some(why.into()), minutes: None, is_wrong_call: true }
    }
}

/// What became of a call that sends.
pub(super) struct Judged {
    pub(super) course: Course,
    /// The body of the true answer.
    pub(super) answer: Result<Value, No>,
    /// What Meta tells of it, if a message was accepted: its echo, or how far it is.
    pub(super) told: Vec<WebhookEvent>,
    /// The value of the usage header, once it is worth showing.
    pub(super) usage: Option<String>,
}

/// Takes a call that sends for an account of Instagram or Messenger: judges it, and if all is well, does it.
pub(super) fn take(world: &mut World, account: &str, body: &[u8], rules: Rules, now_ms: i64) -> Judged {
    let (course, answer) = match serde_json::from_slice::<SendBody>(body) {
        Err(error) => (Course::SMOOTH, Err(No::wrong(Refusal::InvalidParameter, error.to_string()))),
        Ok(body) => {
            let course = world.faults.course(Calls::Sends, Some(&body.recipient.id));
            let answer = world
                .account_mut(account)
                .ok_or_else(|| No::from(Refusal::ObjectNotFound))
                .and_then(|account| check(account, &body, rules, now_ms));
            (course, answer.map(|()| body))
        }
    };
    let usage = usage(world, account, rules, answer.as_ref().err().and_then(|no| no.minutes));
    let (answer, told) = match answer {
        Ok(body) if course.done => perform(world, account, &body, now_ms),
        Ok(body) => (Ok(json!({ "recipient_id": body.recipient.id })), Vec::new()),
        Err(no) => (Err(no), Vec::new()),
    };
    Judged { course, answer, told, usage }
}

fn check(account: &mut AccountState, body: &SendBody, rules: Rules, now_ms: i64) -> Result<(), No> {
    check_body(body, account.channel)?;
    let is_page = account.channel == Channel::Messenger;
    let nobody = if is_page { Refusal::NoMatchingPerson } else { Refusal::NoMatchingUser };
    let closed = if is_page { Refusal::OutsidePageWindow } else { Refusal::OutsideWindow };
    if body.sender_action.is_none() {
        account.send_calls.push(now_ms);
        account
            .spend(now_ms, rules.messages_per_hour)
            .map_err(|minutes| No { minutes: Some(minutes), ..No::from(Refusal::MessagingRate) })?;
    }
    let thread = account.threads.get(&body.recipient.id).ok_or(nobody)?;
    let days = if body.tag.is_some() { 7 } else { 1 };
    let is_open = thread.heard_at.is_some_and(|heard_at| now_ms - heard_at < days * DAY_MS);
    if rules.window && !is_open { Err(closed.into()) } else { Ok(()) }
}

fn check_body(body: &SendBody, channel: Channel) -> Result<(), No> {
    let wrong = |why| Err(No::wrong(Refusal::InvalidParameter, why));
    let is_tagged = body.messaging_type == Some(MessagingType::MessageTag);
    if is_tagged != body.tag.is_some() {
        return wrong("a tag and the type MESSAGE_TAG go together");
    }
    if body.tag.as_deref().is_some_and(|tag| tag != "HUMAN_AGENT") {
        return wrong("this message tag is no longer supported");
    }
    let message = match (&body.message, &body.sender_action) {
        (None, Some(_)) => return Ok(()),
        (Some(message), None) => message,
        _ => return wrong("either a message or a sender action"),
    };
    match (message.text.as_deref(), &message.attachment) {
        (Some(""), None) => wrong("the text is empty"),
        (Some(text), None) if channel.is_too_long(text) => wrong("the text is longer than the channel takes"),
        (Some(_), None) if message.quick_replies.len() > 13 => wrong("more than 13 quick replies"),
        (Some(_), None) if !message.quick_replies.iter().all(OutgoingQuickReply::fits) => {
            wrong("a quick reply is a text with a title of 20 and a payload of 1000 characters at most")
        }
        (None, Some(_)) if !message.quick_replies.is_empty() => wrong("quick replies go beneath a text"),
        (None, Some(attachment)) => check_file(&["image", "video", "audio", "file"], attachment.of()),
        (Some(_), None) => Ok(()),
        _ => wrong("either a text or an attachment"),
    }
}

/// Meta fetches a file itself, and over TLS alone.
pub(super) fn check_file(kinds: &[&str], (kind, url): (&str, &str)) -> Result<(), No> {
    let wrong = |why| Err(No::wrong(Refusal::InvalidParameter, why));
    if !kinds.contains(&kind) {
        return wrong("there is no such type of attachment");
    }
    if !url::Url::parse(url).is_ok_and(|url| url.scheme() == "https" && url.has_host()) {
        return wrong("the attachment's address cannot be fetched");
    }
    Ok(())
}

fn perform(world: &mut World, account: &str, body: &SendBody, now_ms: i64) -> (Result<Value, No>, Vec<WebhookEvent>) {
    let to = &body.recipient.id;
    let Some(message) = &body.message else { return (Ok(json!({ "recipient_id": to })), Vec::new()) };
    let attachment = message.attachment.as_ref().map(|attachment| {
        let (kind, url) = attachment.of();
        SentAttachment { kind: kind.to_owned(), url: url.to_owned() }
    });
    let said = Said { text: message.text.as_deref(), attachment: attachment.as_ref() };
    let mid = world.say(account, to, &said, now_ms);
    let Some(account) = world.account(account) else { return (Err(Refusal::ObjectNotFound.into()), Vec::new()) };
    let mut told = vec![account.echo(to, &mid, &said, now_ms)];
    if account.channel == Channel::Messenger {
        told.push(account.delivery(to, &mid, now_ms));
    }
    let name = account.threads.get(to).map(|thread| thread.name.clone()).unwrap_or_default();
    let account = account.id.clone();
    let quick_replies = message.quick_replies.iter().map(QuickReply::of).collect();
    let (mid_of, to_of, text) = (mid.clone(), to.clone(), message.text.clone().unwrap_or_default());
    let sent = SentMessage { mid: mid_of, account, to: to_of, name, text, attachment, quick_replies, at: now_ms };
    world.sent.push(sent);
    (Ok(json!({ "recipient_id": to, "message_id": mid })), told)
}

/// The usage header: shown from half of the cap on, as Meta shows it only after enough calls.
pub(super) fn usage(world: &World, account: &str, rules: Rules, minutes: Option<u32>) -> Option<String> {
    let state = world.account(account)?;
    let percent = state.usage_percent(rules.messages_per_hour?);
    let is_shown = percent > 50 || minutes.is_some();
    let shown = if minutes.is_some() { 100 } else { percent };
    is_shown.then(|| usage_of(account, state.channel.name(), shown, minutes.unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::faults::Fault;
    use crate::sandbox::samples::{key_paths, sample};
    use crate::sandbox::world::Message;

    const SHOP: &str = "17841400000000001";
    const FREE: Rules = Rules { messages_per_hour: None, window: true };

    fn world() -> (World, String) {
        let mut world = World::new(1);
        world.add_account(SHOP, "linen.shop", "1020", "token");
        let ada = world.add_customer(SHOP, "Ada");
        let hello = Message { mid: "m".into(), at: 0, from_customer: true, text: "hello".into(), attachment: None };
        world.hear(SHOP, &ada, hello);
        (world, ada)
    }

    fn text_to(customer: &str, text: &str) -> Vec<u8> {
        json!({"recipient": {"id": customer}, "message": {"text": text}}).to_string().into_bytes()
    }

    #[test]
    fn bodies_as_documented_are_taken() {
        for file in ["send_text_request", "send_text_request_page", "send_quick_replies_request"] {
            let (mut world, ada) = world();
            let mut body = sample(&format!("graph/{file}.json"));
            body["recipient"]["id"] = ada.into();
            let judged = take(&mut world, SHOP, body.to_string().as_bytes(), FREE, 1000);
            let answer = judged.answer.unwrap();
            assert_eq!(key_paths(&answer), key_paths(&sample("graph/send_text_response.json")), "{file}");
            assert_eq!(answer["message_id"], judged.told[0].mid());
            assert_eq!(world.sent.len(), 1);
        }
    }

    fn file_to(customer: &str, kind: &str, url: &str) -> Vec<u8> {
        let attachment = json!({"type": kind, "payload": {"url": url}});
        json!({"recipient": {"id": customer}, "message": {"attachment": attachment}}).to_string().into_bytes()
    }

    #[test]
    fn a_file_is_sent_by_its_address_and_comes_back_in_the_echo() {
        let (mut world, ada) = world();
        for kind in ["image", "video", "audio", "file"] {
            let judged = take(&mut world, SHOP, &file_to(&ada, kind, "https://shop.example/a"), FREE, 1000);
            let echo: Value = serde_json::from_str(&judged.told[0].json).unwrap();
            assert_eq!(
                (&echo["message"]["attachments"][0]["type"], &echo["message"]["text"]),
                (&json!(kind), &Value::Null)
            );
            let sent = world.sent.last().unwrap();
            assert_eq!((sent.text.as_str(), sent.attachment.as_ref().unwrap().kind.as_str()), ("", kind));
        }
        for (kind, url) in [("image", "http://shop.example/a"), ("image", "a"), ("document", "https://shop.example/a")]
        {
            let no = take(&mut world, SHOP, &file_to(&ada, kind, url), FREE, 1000).answer.unwrap_err();
            assert_eq!((no.refusal, no.is_wrong_call), (Refusal::InvalidParameter, true), "{kind} {url}");
        }
        assert_eq!(world.sent.len(), 4);
    }

    #[test]
    fn an_echo_has_the_shape_of_its_sample() {
        let (mut world, ada) = world();
        let echo = take(&mut world, SHOP, &text_to(&ada, "Yes!"), FREE, 1000).told.remove(0);
        let body: Value = serde_json::from_slice(&crate::sandbox::wire::body_of(&[&echo], 2000)).unwrap();
        assert_eq!(key_paths(&body), key_paths(&sample("instagram/message_echo_app.json")));
    }

    #[test]
    fn a_sender_action_is_answered_without_a_message() {
        let (mut world, ada) = world();
        let mut body = sample("graph/send_typing_on_request.json");
        body["recipient"]["id"] = ada.into();
        let judged = take(&mut world, SHOP, body.to_string().as_bytes(), FREE, 1000);
        let answer = judged.answer.unwrap();
        assert_eq!(key_paths(&answer), key_paths(&sample("graph/send_sender_action_response.json")));
        assert!(judged.told.is_empty() && world.sent.is_empty());
    }

    #[test]
    fn a_clients_mistakes_are_refused_and_noted() {
        let (mut world, ada) = world();
        let [long, fits] = ["é".repeat(501), "é".repeat(500)];
        for body in [
            b"{".to_vec(),
            text_to(&ada, ""),
            text_to(&ada, &long),
            json!({"recipient": {"id": ada}}).to_string().into_bytes(),
            json!({"recipient": {"id": ada}, "message": {"txt": "x"}}).to_string().into_bytes(),
            json!({"recipient": {"id": ada}, "message": {"text": "x"}, "extra": 1}).to_string().into_bytes(),
            json!({"recipient": {"id": ada}, "message": {"text": "x", "quick_replies": [
                {"content_type": "text", "title": "a title of 21 letters", "payload": "p"}
            ]}})
            .to_string()
            .into_bytes(),
            json!({"recipient": {"id": ada}, "message": {"text": "x"}, "tag": "HUMAN_AGENT"}).to_string().into_bytes(),
        ] {
            let no = take(&mut world, SHOP, &body, FREE, 1000).answer.unwrap_err();
            assert_eq!((no.refusal, no.is_wrong_call), (Refusal::InvalidParameter, true));
        }
        assert!(take(&mut world, SHOP, &text_to(&ada, &fits), FREE, 1000).answer.is_ok());
    }

    #[test]
    fn the_window_is_a_day_and_seven_days_for_a_person() {
        let (mut world, ada) = world();
        let mut refusal = |body: &[u8], at| take(&mut world, SHOP, body, FREE, at).answer.err().map(|no| no.refusal);
        let plain = text_to(&ada, "hi");
        assert_eq!(refusal(&plain, DAY_MS - 1), None);
        assert_eq!(refusal(&plain, DAY_MS), Some(Refusal::OutsideWindow));
        let mut human = sample("graph/send_human_agent_request.json");
        human["recipient"]["id"] = ada.into();
        let human = human.to_string();
        assert_eq!(refusal(human.as_bytes(), 7 * DAY_MS - 1), None);
        assert_eq!(refusal(human.as_bytes(), 7 * DAY_MS), Some(Refusal::OutsideWindow));
    }

    #[test]
    fn a_customer_of_another_account_is_not_known() {
        let (mut world, _) = world();
        world.add_account("2", "other", "3", "t2");
        let bob = world.add_customer("2", "Bob");
        let no = take(&mut world, SHOP, &text_to(&bob, "hi"), FREE, 1000).answer.unwrap_err();
        assert_eq!(no.refusal, Refusal::NoMatchingUser);
    }

    #[test]
    fn the_cap_shows_in_the_header_before_it_refuses() {
        let (mut world, ada) = world();
        let rules = Rules { messages_per_hour: Some(4), window: true };
        let mut send = || take(&mut world, SHOP, &text_to(&ada, "hi"), rules, 1000);
        assert_eq!((send().usage, send().usage), (None, None));
        let header: Value = serde_json::from_str(&send().usage.unwrap()).unwrap();
        assert_eq!(header[SHOP][0]["call_count"], 75);
        assert_eq!(key_paths(&header), key_paths(&sample("graph/header_x_business_use_case_usage_ok.json")));
        assert!(send().answer.is_ok());
        let refused = send();
        assert_eq!(refused.answer.unwrap_err().refusal, Refusal::MessagingRate);
        let header: Value = serde_json::from_str(&refused.usage.unwrap()).unwrap();
        assert_eq!(header[SHOP][0]["estimated_time_to_regain_access"], 60);
    }

    #[test]
    fn a_fault_that_does_nothing_sends_nothing() {
        let (mut world, ada) = world();
        world.faults.order(Fault::fail(Refusal::Transient), 1, Calls::Sends, None);
        let judged = take(&mut world, SHOP, &text_to(&ada, "hi"), FREE, 1000);
        assert!(!judged.course.done && judged.told.is_empty() && world.sent.is_empty());
    }
}
