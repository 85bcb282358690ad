//! The people of the sandbox: accounts that sell and customers who write, as tests and demos hold them.

use serde_json::Value;

use super::Sandbox;
use super::wire::{Address, Attachment, Envelope, MessageBody, Postback, QuickReply, WebhookEvent, member, with_mid};
use super::world::{Message, Said, SentMessage};

/// An account that sells.
#[derive(Clone)]
pub struct Account {
    pub(super) sandbox: Sandbox,
    pub(super) id: String,
}

impl Account {
    /// The account's Instagram id at Meta.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// A customer of this account by name; the same name is the same customer.
    pub fn customer(&self, name: &str) -> Customer {
        let id = self.sandbox.world().add_customer(&self.id, name);
        Customer { sandbox: self.sandbox.clone(), account: self.id.clone(), id, name: name.to_owned() }
    }

    /// From here on the account's token is answered with 190/463.
    pub fn expire_token(&self) {
        self.sandbox.world().expire_token(&self.id);
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

    /// The customer writes a text, now.
    pub fn writes(&self, text: &str) -> WebhookEvent {
        self.writes_at(text, self.sandbox.now_ms())
    }

    /// The customer wrote a text at a time of one's choice, in Unix milliseconds.
    pub fn writes_at(&self, text: &str, at_ms: i64) -> WebhookEvent {
        let mid = self.next_mid();
        let body = MessageBody { mid: &mid, text: Some(text), ..MessageBody::default() };
        self.says(Some(&mid), text, &member("message", &body), at_ms)
    }

    /// The customer sends a picture.
    pub fn sends_image(&self) -> WebhookEvent {
        let mid = self.next_mid();
        let signature = self.sandbox.sign(mid.as_bytes());
        let url = format!(
            "https://lookaside.fbsbx.com/ig_messaging_cdn/?asset_id={}&signature={}",
            self.id,
            signature.trim_start_matches("sha256=")
        );
        let image = Attachment { r#type: "image", payload: Address { url: &url } };
        let body = MessageBody { mid: &mid, attachments: Some([image]), ..MessageBody::default() };
        self.says(Some(&mid), "", &member("message", &body), self.sandbox.now_ms())
    }

    /// The customer taps a quick reply.
    pub fn taps_quick_reply(&self, title: &str, payload: &str) -> WebhookEvent {
        let mid = self.next_mid();
        let quick_reply = Some(QuickReply { payload });
        let body = MessageBody { mid: &mid, text: Some(title), quick_reply, ..MessageBody::default() };
        self.says(Some(&mid), title, &member("message", &body), self.sandbox.now_ms())
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
        let postback = Postback { mid: &mid, title, payload };
        self.says(Some(&mid), title, &member("postback", &postback), self.sandbox.now_ms())
    }

    /// The customer sends a message with this JSON as its `message`, whatever it is; it gets an id if it has none.
    /// Text that is no JSON object goes on the wire as it is, which breaks the whole body.
    pub fn sends(&self, message_json: &str) -> WebhookEvent {
        let (mid, json) = with_mid(message_json, &self.next_mid());
        let text = serde_json::from_str::<Value>(&json).ok();
        let text = text.as_ref().and_then(|message| message["text"].as_str()).unwrap_or_default();
        self.says(mid.as_deref(), text, &format!(r#""message":{json}"#), self.sandbox.now_ms())
    }

    /// Something else happens: the members of an event beside sender, recipient and timestamp,
    /// as `"read":{"mid":"…"}`. Nothing of it is kept, and it opens no window.
    pub fn does(&self, members_json: &str) -> WebhookEvent {
        self.envelope(self.sandbox.now_ms()).around(None, members_json)
    }

    /// The seller writes to the customer in the Instagram app, past the API. Gives the echo.
    pub fn is_answered_in_the_app(&self, text: &str) -> WebhookEvent {
        let said = Said { text: Some(text), ..Said::default() };
        let now_ms = self.sandbox.now_ms();
        self.sandbox.world().say(&self.account, &self.id, said, now_ms)
    }

    /// What was really sent to this customer through the API.
    pub fn received(&self) -> Vec<SentMessage> {
        self.sandbox.sent_to(self)
    }

    fn next_mid(&self) -> String {
        let now_ms = self.sandbox.now_ms();
        self.sandbox.world().next_mid(now_ms)
    }

    fn envelope(&self, timestamp_ms: i64) -> Envelope<'_> {
        Envelope { account: &self.account, sender: &self.id, recipient: &self.account, timestamp_ms }
    }

    fn says(&self, mid: Option<&str>, text: &str, members: &str, at: i64) -> WebhookEvent {
        if let Some(mid) = mid {
            let message = Message { mid: mid.to_owned(), at, from_customer: true, text: text.to_owned() };
            self.sandbox.world().hear(&self.account, &self.id, message);
        }
        self.envelope(at).around(mid, members)
    }
}
