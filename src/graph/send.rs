//! Sends a text or a file to a customer.

use actors::domain::button::QuickReply;
use actors::domain::channel::Channel;
use actors::domain::event::CallResult;
use actors::domain::outgoing::{Outgoing, OutgoingKind};
use serde_json::{Value, json};

use super::errors::Fault;
use super::wire::{Sent, SentOnWhatsapp};
use super::{Errand, GraphClient};

/// What is said.
pub(super) enum Saying<'a> {
    /// Words, with the buttons beneath them.
    Text(&'a str, &'a [QuickReply]),
    /// A file, with the words beneath it where the channel writes any.
    File(&'a Outgoing, &'a str),
}

impl GraphClient {
    pub(super) async fn send(&self, errand: &Errand<'_>, to: &str, said: &Saying<'_>) -> Result<CallResult, Fault> {
        let Some(channel) = errand.call.account.channel() else {
            return Err(Fault::refused("no_channel", "the account is none of Meta's"));
        };
        let url = self.url(errand, &[errand.through(), "messages"]);
        let answer = self.exchange(errand, self.http.post(url).json(&body(channel, to, said))).await?;
        let mid = match channel {
            Channel::Instagram | Channel::Messenger => answer.read::<Sent>()?.message_id,
            Channel::Whatsapp => {
                let messages = answer.read::<SentOnWhatsapp>()?.messages;
                let unnamed = || Fault::uncertain("the answer names no message");
                messages.into_iter().next().ok_or_else(unnamed)?.id
            }
        };
        Ok(CallResult::Accepted { mid })
    }
}

fn body(channel: Channel, to: &str, said: &Saying<'_>) -> Value {
    match channel {
        Channel::Instagram => json!({"recipient": {"id": to}, "message": message(said)}),
        Channel::Messenger => {
            json!({"recipient": {"id": to}, "message": message(said), "messaging_type": "RESPONSE"})
        }
        Channel::Whatsapp => {
            // A phone number is digits alone; the id of a customer who hides it starts with a country and a dot.
            let recipient = if to.contains('.') { "recipient" } else { "to" };
            let (word, content) = whatsapp(said);
            json!({
                "messaging_product": "whatsapp",
                "recipient_type": "individual",
                recipient: to,
                "type": word,
                word: content,
            })
        }
    }
}

fn message(said: &Saying<'_>) -> Value {
    match said {
        // It takes no words: who sends some sends them by themselves.
        Saying::File(Outgoing { kind, url }, _) => {
            json!({"attachment": {"type": kind.name(), "payload": {"url": url}}})
        }
        Saying::Text(text, []) => json!({ "text": text }),
        Saying::Text(text, quick_replies) => {
            let replies = quick_replies.iter().map(
                |QuickReply { title, payload }| json!({"content_type": "text", "title": title, "payload": payload}),
            );
            json!({"text": text, "quick_replies": replies.collect::<Value>()})
        }
    }
}

/// WhatsApp's own word for what is said, and what belongs to it.
fn whatsapp(said: &Saying<'_>) -> (&'static str, Value) {
    match said {
        // It has no quick replies: who asks there writes the choices into the words.
        Saying::Text(text, _) => ("text", json!({"preview_url": false, "body": text})),
        Saying::File(Outgoing { kind, url }, caption) => {
            let word = match kind {
                OutgoingKind::Image | OutgoingKind::Video | OutgoingKind::Audio => kind.name(),
                OutgoingKind::File => "document",
            };
            let mut content = json!({ "link": url });
            if !caption.is_empty() {
                content["caption"] = (*caption).into();
            }
            if *kind == OutgoingKind::File {
                content["filename"] = filename(url).into();
            }
            (word, content)
        }
    }
}

/// What the customer sees a file called: the end of its address.
fn filename(url: &str) -> &str {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("file")
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! sample {
        ($name:literal) => {
            serde_json::from_str::<Value>(include_str!(concat!("../../tests/samples/graph/", $name))).unwrap()
        };
    }

    fn text(channel: Channel, to: &str, words: &str, quick_replies: &[QuickReply]) -> Value {
        body(channel, to, &Saying::Text(words, quick_replies))
    }

    fn file(channel: Channel, kind: OutgoingKind, caption: &str) -> Value {
        let attachment = Outgoing { kind, url: "https://shop.example/files/apron.pdf?v=2".to_owned() };
        body(channel, "15550100001", &Saying::File(&attachment, caption))
    }

    #[test]
    fn a_file_goes_out_by_its_address() {
        let url = "https://shop.example/files/apron.pdf?v=2";
        for channel in [Channel::Instagram, Channel::Messenger] {
            for kind in OutgoingKind::ALL {
                let attachment = json!({"type": kind.name(), "payload": {"url": url}});
                assert_eq!(file(channel, kind, "")["message"], json!({ "attachment": attachment }));
            }
        }
    }

    #[test]
    fn a_file_on_whatsapp_has_a_word_of_its_own_and_may_have_a_caption() {
        let url = "https://shop.example/files/apron.pdf?v=2";
        let image = file(Channel::Whatsapp, OutgoingKind::Image, "look");
        assert_eq!((&image["type"], &image["image"]), (&json!("image"), &json!({"link": url, "caption": "look"})));
        let document = file(Channel::Whatsapp, OutgoingKind::File, "");
        assert_eq!(document["document"], json!({"link": url, "filename": "apron.pdf"}));
        assert_eq!(file(Channel::Whatsapp, OutgoingKind::Audio, "")["audio"], json!({ "link": url }));
        assert_eq!(filename("https://shop.example/"), "file");
    }

    #[test]
    fn a_text_goes_out_as_meta_wants_it_on_each_channel() {
        let instagram = text(Channel::Instagram, "5614879000000001", "Yes! 2 x LIN-BLU-M = 59.80 USD. Confirm?", &[]);
        assert_eq!(instagram, sample!("send_text_request.json"));
        let messenger = text(Channel::Messenger, "6789012345678901", "Sure!", &[]);
        assert_eq!(messenger["messaging_type"], sample!("send_text_request_page.json")["messaging_type"]);
    }

    #[test]
    fn quick_replies_go_beneath_the_text() {
        let sample = sample!("send_quick_replies_request.json");
        let reply = |place: usize| {
            let text = |name: &str| sample["message"]["quick_replies"][place][name].as_str().unwrap().to_owned();
            QuickReply { title: text("title"), payload: text("payload") }
        };
        let replies = [reply(0), reply(1)];
        let words = sample["message"]["text"].as_str().unwrap();
        assert_eq!(text(Channel::Instagram, "5614879000000001", words, &replies), sample);
        let messenger = text(Channel::Messenger, "5614879000000001", words, &replies);
        assert_eq!(messenger["message"], sample["message"]);
        assert_eq!(text(Channel::Whatsapp, "5614879000000001", words, &replies)["text"]["body"], words);
    }

    #[test]
    fn a_whatsapp_customer_is_named_by_number_or_by_id() {
        for sample in [sample!("whatsapp_send_text_request.json"), sample!("whatsapp_send_text_bsuid_request.json")] {
            let to = sample["to"].as_str().or(sample["recipient"].as_str()).unwrap();
            let ours = text(Channel::Whatsapp, to, sample["text"]["body"].as_str().unwrap(), &[]);
            assert_eq!((&ours["to"], &ours["recipient"]), (&sample["to"], &sample["recipient"]));
            assert_eq!(ours["messaging_product"], sample["messaging_product"]);
            assert_eq!(ours["text"]["body"], sample["text"]["body"]);
        }
    }
}
