//! WhatsApp's own wire: changes with contacts, messages and statuses, and the edge that sends.

use serde::Deserialize;
use serde_json::{Value, json};

use super::channel::Channel;
use super::faults::{Calls, Course};
use super::refusal::Refusal;
use super::sends::{DAY_MS, Judged, No, Rules, check_file, usage};
use super::wire::{WebhookEvent, json_text};
use super::world::{AccountState, Said, SentAttachment, SentMessage, Thread, World};

/// Which of a customer's ids a webhook tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Shown {
    /// Both, as nearly always.
    #[default]
    Both,
    /// The id alone: the customer has a username, and hides the number.
    IdAlone,
    /// The number alone, as before there were ids.
    PhoneAlone,
}

impl Shown {
    fn id(self, thread: &Thread) -> Option<&str> {
        (self != Self::PhoneAlone).then_some(thread.customer.as_str())
    }

    fn phone(self, thread: &Thread) -> Option<&str> {
        if self == Self::IdAlone { None } else { thread.phone.as_deref() }
    }
}

/// A body as a client sends it. Unknown members are refused, so that a client's mistakes show.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SendBody {
    messaging_product: String,
    #[expect(dead_code, reason = "read only to see that it is text")]
    recipient_type: Option<String>,
    to: Option<String>,
    recipient: Option<String>,
    r#type: String,
    text: Option<Text>,
    image: Option<File>,
    video: Option<File>,
    audio: Option<File>,
    document: Option<File>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    link: String,
    caption: Option<String>,
    #[expect(dead_code, reason = "read only to see that it is text")]
    filename: Option<String>,
}

impl SendBody {
    fn file(&self) -> Option<&File> {
        let of_type = match self.r#type.as_str() {
            "image" => &self.image,
            "video" => &self.video,
            "audio" => &self.audio,
            "document" => &self.document,
            _ => &None,
        };
        of_type.as_ref()
    }

    /// The words, or the caption.
    fn words(&self) -> &str {
        let caption = || self.file().and_then(|file| file.caption.as_deref());
        self.text.as_ref().map(|text| text.body.as_str()).or_else(caption).unwrap_or_default()
    }

    /// How many things it says; one is what Meta takes.
    fn contents(&self) -> usize {
        let files = [&self.image, &self.video, &self.audio, &self.document];
        usize::from(self.text.is_some()) + files.iter().filter(|file| file.is_some()).count()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    #[expect(dead_code, reason = "read only to see that it is yes or no")]
    preview_url: Option<bool>,
    body: String,
}

/// Takes a call that sends for a number: judges it, and if all is well, does it.
pub(super) fn take(world: &mut World, account: &str, body: &[u8], rules: Rules, now_ms: i64) -> Judged {
    let body = match serde_json::from_slice::<SendBody>(body) {
        Ok(body) => body,
        Err(error) => return refused(world, account, rules, No::wrong(Refusal::InvalidParameter, error.to_string())),
    };
    // The number wins where there are both.
    let recipient = body.to.clone().or(body.recipient.clone()).unwrap_or_default();
    let customer = world.account(account).and_then(|account| customer(account, &recipient));
    let course = world.faults.course(Calls::Sends, customer.as_deref().or(Some(&recipient)));
    let checked = world
        .account_mut(account)
        .ok_or_else(|| No::from(Refusal::ObjectNotFound))
        .and_then(|account| check(account, &body, customer, rules, now_ms));
    let customer = match checked {
        Ok(customer) => customer,
        Err(no) => return Judged { course, ..refused(world, account, rules, no) },
    };
    let (mid, told) = match course.done {
        true => perform(world, account, &customer, &body, now_ms),
        false => Default::default(),
    };
    let contact = match recipient.contains('.') {
        true => json!({"input": recipient, "user_id": recipient}),
        false => json!({"input": recipient, "wa_id": recipient}),
    };
    let answer = json!({"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": mid}]});
    Judged { course, answer: Ok(answer), told, usage: usage(world, account, rules, None) }
}

fn refused(world: &World, account: &str, rules: Rules, no: No) -> Judged {
    let usage = usage(world, account, rules, no.minutes);
    Judged { course: Course::SMOOTH, answer: Err(no), told: Vec::new(), usage }
}

/// Whom a recipient means, by either id.
fn customer(account: &AccountState, recipient: &str) -> Option<String> {
    let goes_by = |thread: &&Thread| thread.customer == recipient || thread.phone.as_deref() == Some(recipient);
    account.threads.values().find(goes_by).map(|thread| thread.customer.clone())
}

fn check(
    account: &mut AccountState,
    body: &SendBody,
    customer: Option<String>,
    rules: Rules,
    now_ms: i64,
) -> Result<String, No> {
    let wrong = |why| Err(No::wrong(Refusal::InvalidParameter, why));
    if body.messaging_product != "whatsapp" || body.contents() != 1 {
        return wrong("one thing is said, and the product is whatsapp");
    }
    if body.to.is_none() && body.recipient.is_none() {
        return wrong("neither to nor recipient");
    }
    check_content(body)?;
    account.send_calls.push(now_ms);
    account
        .spend(now_ms, rules.messages_per_hour)
        .map_err(|minutes| No { minutes: Some(minutes), ..No::from(Refusal::Throughput) })?;
    let thread = customer.and_then(|customer| account.threads.get(&customer)).ok_or(Refusal::Undeliverable)?;
    let is_open = thread.heard_at.is_some_and(|heard_at| now_ms - heard_at < DAY_MS);
    if rules.window && !is_open { Err(Refusal::ReEngagement.into()) } else { Ok(thread.customer.clone()) }
}

fn check_content(body: &SendBody) -> Result<(), No> {
    let wrong = |why| Err(No::wrong(Refusal::InvalidParameter, why));
    match (body.r#type.as_str(), &body.text, body.file()) {
        ("text", Some(Text { body: text, .. }), _) => match text.as_str() {
            "" => wrong("the text is empty"),
            text if Channel::Whatsapp.is_too_long(text) => wrong("the text is longer than 4096 characters"),
            _ => Ok(()),
        },
        ("audio", None, Some(File { caption: Some(_), .. })) => wrong("sound has no caption"),
        (_, None, Some(File { caption: Some(caption), .. })) if caption.chars().count() > 1024 => {
            wrong("the caption is longer than 1024 characters")
        }
        (kind, None, Some(file)) => check_file(&["image", "video", "audio", "document"], (kind, &file.link)),
        _ => wrong("the type names nothing that is there"),
    }
}

fn perform(
    world: &mut World,
    account: &str,
    customer: &str,
    body: &SendBody,
    now_ms: i64,
) -> (String, Vec<WebhookEvent>) {
    let text = body.words();
    let attachment = body.file().map(|file| SentAttachment { kind: body.r#type.clone(), url: file.link.clone() });
    let said = Said { text: Some(text), attachment: attachment.as_ref() };
    let mid = world.say(account, customer, &said, now_ms);
    let Some(account) = world.account(account) else { return Default::default() };
    let Some(thread) = account.threads.get(customer) else { return Default::default() };
    let told = ["sent", "delivered"].map(|word| status(account, thread, &mid, word, now_ms)).to_vec();
    let sent = SentMessage {
        mid: mid.clone(),
        account: account.id.clone(),
        to: customer.to_owned(),
        name: thread.name.clone(),
        text: text.to_owned(),
        attachment,
        quick_replies: Vec::new(),
        at: now_ms,
    };
    world.sent.push(sent);
    (mid, told)
}

/// How far a message of the number's has come.
pub(super) fn status(account: &AccountState, thread: &Thread, mid: &str, word: &str, now_ms: i64) -> WebhookEvent {
    let status = json!({
        "id": mid,
        "status": word,
        "timestamp": (now_ms / 1000).to_string(),
        "recipient_id": thread.phone,
        "recipient_user_id": thread.customer,
        "pricing": {
            "billable": false,
            "pricing_model": "PMP",
            "type": "free_customer_service",
            "category": "service",
        },
    });
    let contact = contact(thread, Shown::Both);
    change(account, "messages", &format!(r#""contacts":[{contact}],"statuses":[{status}]"#), None, now_ms)
}

/// A message of a customer's, with these members as JSON text beside its ids and its time.
pub(super) fn message(
    account: &AccountState,
    thread: &Thread,
    (mid, members): (&str, &str),
    shown: Shown,
    at_ms: i64,
) -> WebhookEvent {
    let ids = [("from", shown.phone(thread)), ("from_user_id", shown.id(thread))];
    let ids: String = ids.iter().filter_map(|(key, id)| Some(format!(r#""{key}":{},"#, json_text((*id)?)))).collect();
    let contact = contact(thread, shown);
    let (mid_text, second) = (json_text(mid), at_ms / 1000);
    let message = format!(r#"{{{ids}"id":{mid_text},"timestamp":"{second}",{members}}}"#);
    let lists = format!(r#""contacts":[{contact}],"messages":[{message}]"#);
    change(account, "messages", &lists, Some(mid), at_ms)
}

/// What the seller wrote in the WhatsApp Business app.
pub(super) fn app_echo(account: &AccountState, thread: &Thread, mid: &str, text: &str, at_ms: i64) -> WebhookEvent {
    let echo = json!({
        "from": account.username,
        "to": thread.phone,
        "to_user_id": thread.customer,
        "id": mid,
        "timestamp": (at_ms / 1000).to_string(),
        "type": "text",
        "text": {"body": text},
    });
    change(account, "smb_message_echoes", &format!(r#""message_echoes":[{echo}]"#), Some(mid), at_ms)
}

fn contact(thread: &Thread, shown: Shown) -> Value {
    let mut contact = json!({"profile": {"name": thread.name}});
    if let Some(phone) = shown.phone(thread) {
        contact["wa_id"] = phone.into();
    }
    if let Some(id) = shown.id(thread) {
        contact["user_id"] = id.into();
    }
    contact
}

fn change(account: &AccountState, field: &str, lists: &str, mid: Option<&str>, at_ms: i64) -> WebhookEvent {
    let metadata = json!({"display_phone_number": account.username, "phone_number_id": account.id});
    WebhookEvent {
        channel: Channel::Whatsapp,
        entry: account.parent.clone(),
        account: account.id.clone(),
        mid: mid.map(str::to_owned),
        timestamp_ms: at_ms,
        json: format!(
            r#"{{"value":{{"messaging_product":"whatsapp","metadata":{metadata},{lists}}},"field":"{field}"}}"#
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::samples::{key_paths, sample};
    use crate::sandbox::wire::body_of;
    use crate::sandbox::world::Message;

    const NUMBER: &str = "106540350000001";
    const FREE: Rules = Rules { messages_per_hour: None, window: true };

    fn world() -> (World, String, String) {
        let mut world = World::new(1);
        world.add_number(NUMBER, "15550100999", "110022003300440", "token");
        let ada = world.add_customer(NUMBER, "Ada");
        let hello = Message { mid: "m".into(), at: 0, from_customer: true, text: "hello".into(), attachment: None };
        world.hear(NUMBER, &ada, hello);
        let phone = world.account(NUMBER).unwrap().threads[&ada].phone.clone().unwrap();
        (world, ada, phone)
    }

    fn send(world: &mut World, body: &Value, at: i64) -> Judged {
        take(world, NUMBER, body.to_string().as_bytes(), FREE, at)
    }

    fn text_to(phone: &str, text: &str) -> Value {
        json!({"messaging_product": "whatsapp", "to": phone, "type": "text", "text": {"body": text}})
    }

    #[test]
    fn bodies_as_documented_are_taken_by_either_id() {
        let (mut world, ada, phone) = world();
        for (file, key, id) in
            [("whatsapp_send_text_request", "to", &phone), ("whatsapp_send_text_bsuid_request", "recipient", &ada)]
        {
            let mut body = sample(&format!("graph/{file}.json"));
            body[key] = id.as_str().into();
            let judged = send(&mut world, &body, 1000);
            let answer = judged.answer.unwrap();
            if key == "to" {
                assert_eq!(key_paths(&answer), key_paths(&sample("graph/whatsapp_send_response.json")));
            }
            assert_eq!(
                (answer["messages"][0]["id"].as_str().unwrap(), judged.told.len()),
                (&*world.sent.last().unwrap().mid, 2)
            );
            assert_eq!(world.sent.last().unwrap().to, ada);
        }
    }

    #[test]
    fn webhooks_have_the_shapes_of_their_samples() {
        let (mut world, ada, phone) = world();
        let told = send(&mut world, &text_to(&phone, "Yes!"), 1000).told;
        let account = world.account(NUMBER).unwrap();
        let thread = &account.threads[&ada];
        let text = r#""type":"text","text":{"body":"hi"}"#;
        let written = |shown| message(account, thread, ("wamid.1", text), shown, 1_790_856_000_000);
        for (event, file) in [
            (told[0].clone(), "status_sent"),
            (told[1].clone(), "status_delivered"),
            (written(Shown::Both), "message_text"),
            (written(Shown::PhoneAlone), "message_text_phone_only"),
        ] {
            let body: Value = serde_json::from_slice(&body_of(&[&event], 2000)).unwrap();
            assert_eq!(key_paths(&body), key_paths(&sample(&format!("whatsapp/{file}.json"))), "{file}");
        }
        let hidden: Value = serde_json::from_str(&written(Shown::IdAlone).json).unwrap();
        assert!(!hidden.to_string().contains(&phone), "{hidden}");
    }

    #[test]
    fn what_is_wrong_is_refused_with_whatsapps_own_codes() {
        let (mut world, _, phone) = world();
        let mut refusal = |body: &Value, at| send(&mut world, body, at).answer.err().map(|no| no.refusal);
        assert_eq!(refusal(&text_to(&phone, "hi"), DAY_MS - 1), None);
        assert_eq!(refusal(&text_to(&phone, "hi"), DAY_MS), Some(Refusal::ReEngagement));
        assert_eq!(refusal(&text_to("15559999999", "hi"), 1), Some(Refusal::Undeliverable));
        assert_eq!(refusal(&text_to(&phone, &"é".repeat(4096)), 1), None);
        assert_eq!(refusal(&text_to(&phone, &"é".repeat(4097)), 1), Some(Refusal::InvalidParameter));
        assert_eq!(refusal(&json!({"to": phone}), 1), Some(Refusal::InvalidParameter));
    }

    #[test]
    fn a_file_is_sent_by_its_address_with_a_caption_where_it_may_have_one() {
        let (mut world, _, phone) = world();
        let mut send = |kind: &str, file: Value| {
            let body = json!({"messaging_product": "whatsapp", "to": phone, "type": kind, kind: file});
            let refusal = send(&mut world, &body, 1).answer.err().map(|no| no.refusal);
            (refusal, world.sent.last().map(|sent| sent.text.clone()).unwrap_or_default())
        };
        let link = "https://shop.example/a";
        for kind in ["image", "video", "document"] {
            assert_eq!(send(kind, json!({"link": link, "caption": kind})), (None, kind.to_owned()));
        }
        assert_eq!(send("audio", json!({ "link": link })), (None, String::new()));
        let no = Some(Refusal::InvalidParameter);
        for (kind, file) in [
            ("audio", json!({"link": link, "caption": "no"})),
            ("image", json!({"link": link, "caption": "é".repeat(1025)})),
            ("image", json!({"link": "http://shop.example/a"})),
            ("sticker", json!({ "link": link })),
        ] {
            assert_eq!(send(kind, file).0, no, "{kind}");
        }
    }
}
