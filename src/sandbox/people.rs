//! The people of the sandbox: accounts that sell and customers who write, as tests and demos hold them.

use serde_json::{Value, json};

use super::Sandbox;
use super::channel::Channel;
use super::refusal::Refusal;
use super::whatsapp::{self, Shown};
use super::wire::{
    Address, Attachment, Envelope, MessageBody, Postback, QuickReply, WebhookEvent, json_text, member, with_mid,
};
use super::world::{AccountState, Message, Said, SentMessage, Thread};

/// An account that sells.
#[derive(Clone)]
pub struct Account {
    pub(super) sandbox: Sandbox,
    pub(super) id: String,
}

impl Account {
    /// The account's id at Meta.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// A customer of this account by name; the same name is the same customer.
    pub fn customer(&self, name: &str) -> Customer {
        let id = self.sandbox.world().add_customer(&self.id, name);
        let (sandbox, name) = (self.sandbox.clone(), name.to_owned());
        Customer { sandbox, account: self.id.clone(), id, name, shown: Shown::default() }
    }

    /// From here on the account's token is answered with 190/463.
    pub fn expire_token(&self) {
        self.kill_token(Refusal::TokenExpired);
    }

    /// From here on the account's token is refused so.
    pub fn kill_token(&self, refusal: Refusal) {
        self.sandbox.world().kill_token(&self.id, refusal);
    }

    /// Gives the account another token; the old one is none any more.
    pub fn renew_token(&self, token: &str) {
        self.sandbox.world().renew_token(&self.id, token);
    }

    /// When each try to send a message was made, in Unix milliseconds; also the refused ones.
    pub fn send_calls(&self) -> Vec<i64> {
        self.sandbox.world().account(&self.id).map(|account| account.send_calls.clone()).unwrap_or_default()
    }
}

/// A customer who writes to one account.
#[derive(Clone)]
pub struct Customer {
    sandbox: Sandbox,
    account: String,
    id: String,
    name: String,
    shown: Shown,
}

impl Customer {
    /// The customer's id at Meta, as this account sees it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The customer's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of the account the customer writes to.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The customer's phone number, digits only; on WhatsApp.
    pub fn phone(&self) -> Option<String> {
        self.looking(|_, thread| thread.phone.clone())?
    }

    /// The same customer of WhatsApp, whose webhooks do not tell the phone number.
    pub fn without_a_number(&self) -> Self {
        Self { shown: Shown::IdAlone, ..self.clone() }
    }

    /// The same customer of WhatsApp, whose webhooks tell the phone number alone.
    pub fn by_number_alone(&self) -> Self {
        Self { shown: Shown::PhoneAlone, ..self.clone() }
    }

    /// The customer writes a text, now.
    pub fn writes(&self, text: &str) -> WebhookEvent {
        self.writes_at(text, self.sandbox.now_ms())
    }

    /// The customer wrote a text at a time of one's choice, in Unix milliseconds.
    pub fn writes_at(&self, text: &str, at_ms: i64) -> WebhookEvent {
        let mid = self.next_mid();
        let members = match self.is_on_whatsapp() {
            true => inner(&json!({"type": "text", "text": {"body": text}})),
            false => member("message", &MessageBody { mid: &mid, text: Some(text), ..MessageBody::default() }),
        };
        self.says(Some(&mid), text, &members, at_ms)
    }

    /// The customer sends a picture.
    pub fn sends_image(&self) -> WebhookEvent {
        let mid = self.next_mid();
        let signature = self.sandbox.sign(mid.as_bytes());
        let hash = signature.trim_start_matches("sha256=");
        let members = if self.is_on_whatsapp() {
            let image = json!({"id": "1234567890", "mime_type": "image/jpeg", "sha256": hash});
            inner(&json!({"type": "image", "image": image}))
        } else {
            let url = format!("https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id={}&signature={hash}", self.id);
            let image = Attachment { r#type: "image", payload: Address { url: &url } };
            member("message", &MessageBody { mid: &mid, attachments: Some([image]), ..MessageBody::default() })
        };
        self.says(Some(&mid), "", &members, self.sandbox.now_ms())
    }

    /// The customer taps a quick reply.
    pub fn taps_quick_reply(&self, title: &str, payload: &str) -> WebhookEvent {
        let mid = self.next_mid();
        let members = if self.is_on_whatsapp() {
            let reply = json!({"type": "button_reply", "button_reply": {"id": payload, "title": title}});
            inner(&json!({"type": "interactive", "interactive": reply}))
        } else {
            let quick_reply = Some(QuickReply { payload });
            member("message", &MessageBody { mid: &mid, text: Some(title), quick_reply, ..MessageBody::default() })
        };
        self.says(Some(&mid), title, &members, self.sandbox.now_ms())
    }

    /// The customer taps a button beneath what was sent last with such a one, named by its title or its payload. None:
    /// there is no such button.
    pub fn taps(&self, button: &str) -> Option<WebhookEvent> {
        let sent = self.received();
        let mut buttons = sent.iter().rev().flat_map(|sent| &sent.quick_replies);
        let tapped = buttons.find(|reply| reply.title == button || reply.payload == button)?;
        Some(self.taps_quick_reply(&tapped.title, &tapped.payload))
    }

    /// The customer presses a button of a template or an icebreaker.
    pub fn presses_button(&self, title: &str, payload: &str) -> WebhookEvent {
        let mid = self.next_mid();
        let members = match self.is_on_whatsapp() {
            true => inner(&json!({"type": "button", "button": {"payload": payload, "text": title}})),
            false => member("postback", &Postback { mid: &mid, title, payload }),
        };
        self.says(Some(&mid), title, &members, self.sandbox.now_ms())
    }

    /// The customer sends a message with this JSON as its `message`, whatever it is; it gets an id if it has none.
    /// Text that is no JSON object goes on the wire as it is, which breaks the whole body. On WhatsApp it is an object
    /// with the message's `type` and what belongs to it.
    pub fn sends(&self, message_json: &str) -> WebhookEvent {
        if self.is_on_whatsapp() {
            let members = message_json.trim().trim_start_matches('{').trim_end_matches('}');
            return self.says(Some(&self.next_mid()), "", members, self.sandbox.now_ms());
        }
        let (mid, json) = with_mid(message_json, &self.next_mid());
        let text = serde_json::from_str::<Value>(&json).ok();
        let text = text.as_ref().and_then(|message| message["text"].as_str()).unwrap_or_default();
        self.says(mid.as_deref(), text, &format!(r#""message":{json}"#), self.sandbox.now_ms())
    }

    /// Something else happens on Instagram or Messenger: the members of an event beside sender, recipient and
    /// timestamp, as `"read":{"mid":"…"}`. Nothing of it is kept, and it opens no window.
    pub fn does(&self, members_json: &str) -> WebhookEvent {
        self.event(|account, _| self.envelope(account).around(None, members_json))
    }

    /// The customer reads everything up to this message of the seller's.
    pub fn reads(&self, mid: &str) -> WebhookEvent {
        let now_ms = self.sandbox.now_ms();
        self.event(|account, thread| match account.channel {
            Channel::Whatsapp => whatsapp::status(account, thread, mid, "read", now_ms),
            Channel::Messenger => self.envelope(account).around(None, &format!(r#""read":{{"watermark":{now_ms}}}"#)),
            Channel::Instagram => {
                let members = format!(r#""read":{{"mid":{}}}"#, json_text(mid));
                self.envelope(account).around(None, &members)
            }
        })
    }

    /// The seller writes to the customer in Meta's own app, past the API. Gives the echo.
    pub fn is_answered_in_the_app(&self, text: &str) -> WebhookEvent {
        let now_ms = self.sandbox.now_ms();
        let said = Said { text: Some(text), ..Said::default() };
        let mid = self.sandbox.world().say(&self.account, &self.id, &said, now_ms);
        self.event(|account, thread| match account.channel {
            Channel::Whatsapp => whatsapp::app_echo(account, thread, &mid, text, now_ms),
            Channel::Instagram | Channel::Messenger => account.echo(&self.id, &mid, &said, now_ms),
        })
    }

    /// What was really sent to this customer through the API.
    pub fn received(&self) -> Vec<SentMessage> {
        self.sandbox.sent_to(self)
    }

    fn is_on_whatsapp(&self) -> bool {
        self.looking(|account, _| account.channel == Channel::Whatsapp).unwrap_or_default()
    }

    /// Looks at the account and the conversation; both are there, as the customer was made with them.
    fn looking<T>(&self, look: impl FnOnce(&AccountState, &Thread) -> T) -> Option<T> {
        let world = self.sandbox.world();
        let account = world.account(&self.account)?;
        Some(look(account, account.threads.get(&self.id)?))
    }

    /// What a webhook tells of the conversation.
    fn event(&self, told: impl FnOnce(&AccountState, &Thread) -> WebhookEvent) -> WebhookEvent {
        self.looking(told).unwrap_or_else(|| WebhookEvent::raw(&self.account, 0, "null"))
    }

    fn next_mid(&self) -> String {
        let now_ms = self.sandbox.now_ms();
        self.sandbox.world().next_mid(&self.account, now_ms)
    }

    fn envelope<'a>(&'a self, account: &'a AccountState) -> Envelope<'a> {
        account.envelope(&self.id, &account.id, self.sandbox.now_ms())
    }

    fn says(&self, mid: Option<&str>, text: &str, members: &str, at: i64) -> WebhookEvent {
        if let Some(mid) = mid {
            let (text, attachment) = (text.to_owned(), None);
            let message = Message { mid: mid.to_owned(), at, from_customer: true, text, attachment };
            self.sandbox.world().hear(&self.account, &self.id, message);
        }
        self.event(|account, thread| match (account.channel, mid) {
            (Channel::Whatsapp, Some(mid)) => whatsapp::message(account, thread, (mid, members), self.shown, at),
            _ => account.envelope(&self.id, &account.id, at).around(mid, members),
        })
    }
}

/// The members of an object as JSON text, without its braces.
fn inner(object: &Value) -> String {
    let text = object.to_string();
    text.trim_start_matches('{').strip_suffix('}').unwrap_or_default().to_owned()
}
