//! Sends a text to a customer.

use actors::domain::button::QuickReply;
use actors::domain::channel::Channel;
use actors::domain::event::CallResult;
use serde_json::{Value, json};

use super::errors::Fault;
use super::wire::{Sent, SentOnWhatsapp};
use super::{Errand, GraphClient};

impl GraphClient {
    pub(super) async fn send_text(
        &self,
        errand: &Errand<'_>,
        to: &str,
        text: &str,
        quick_replies: &[QuickReply],
    ) -> Result<CallResult, Fault> {
        let account = &errand.call.account;
        let Some(channel) = account.channel() else {
            return Err(Fault::refused("no_channel", "the account is none of Meta's"));
        };
        let url = self.url(errand, &[errand.through(), "messages"]);
        let request = self.http.post(url).json(&body(channel, to, text, quick_replies));
        let answer = self.exchange(errand, request).await?;
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

fn body(channel: Channel, to: &str, text: &str, quick_replies: &[QuickReply]) -> Value {
    match channel {
        Channel::Instagram => json!({"recipient": {"id": to}, "message": message(text, quick_replies)}),
        Channel::Messenger => {
            let message = message(text, quick_replies);
            json!({"recipient": {"id": to}, "message": message, "messaging_type": "RESPONSE"})
        }
        Channel::Whatsapp => {
            // It has no quick replies: who asks there writes the choices into the words.
            // A phone number is digits alone; the id of a customer who hides it starts with a country and a dot.
            let recipient = if to.contains('.') { "recipient" } else { "to" };
            json!({
                "messaging_product": "whatsapp",
                "recipient_type": "individual",
                recipient: to,
                "type": "text",
                "text": {"preview_url": false, "body": text},
            })
        }
    }
}

fn message(text: &str, quick_replies: &[QuickReply]) -> Value {
    let mut message = json!({ "text": text });
    if !quick_replies.is_empty() {
        let reply = |QuickReply { title, payload }: &QuickReply| json!({"content_type": "text", "title": title, "payload": payload});
        message["quick_replies"] = quick_replies.iter().map(reply).collect();
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! sample {
        ($name:literal) => {
            serde_json::from_str::<Value>(include_str!(concat!("../../tests/samples/graph/", $name))).unwrap()
        };
    }

    #[test]
    fn a_text_goes_out_as_meta_wants_it_on_each_channel() {
        let instagram = body(Channel::Instagram, "5614879000000001", "Yes! 2 x LIN-BLU-M = 59.80 USD. Confirm?", &[]);
        assert_eq!(instagram, sample!("send_text_request.json"));
        let messenger = body(Channel::Messenger, "6789012345678901", "Sure!", &[]);
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
        let text = sample["message"]["text"].as_str().unwrap();
        assert_eq!(body(Channel::Instagram, "5614879000000001", text, &replies), sample);
        let messenger = body(Channel::Messenger, "5614879000000001", text, &replies);
        assert_eq!(messenger["message"], sample["message"]);
        assert_eq!(body(Channel::Whatsapp, "5614879000000001", text, &replies)["text"]["body"], text);
    }

    #[test]
    fn a_whatsapp_customer_is_named_by_number_or_by_id() {
        for sample in [sample!("whatsapp_send_text_request.json"), sample!("whatsapp_send_text_bsuid_request.json")] {
            let to = sample["to"].as_str().or(sample["recipient"].as_str()).unwrap();
            let ours = body(Channel::Whatsapp, to, sample["text"]["body"].as_str().unwrap(), &[]);
            assert_eq!((&ours["to"], &ours["recipient"]), (&sample["to"], &sample["recipient"]));
            assert_eq!(ours["messaging_product"], sample["messaging_product"]);
            assert_eq!(ours["text"]["body"], sample["text"]["body"]);
        }
    }
}
