//! Looks into a conversation at Meta for a message of ours, to settle whether an uncertain send was done. It says "not
//! there" only when it has seen everything since the send.

use actors::domain::channel::Channel;
use actors::domain::event::CallResult;
use actors::domain::outgoing::OutgoingKind;
use chrono::{DateTime, Utc};

use super::errors::Fault;
use super::wire::{Message, Named, Page, Paging};
use super::{Errand, GraphClient};

const PAGE: usize = 50;
/// Five hundred messages within the minutes since a send: more than any person and any limit allows.
const MOST_PAGES: usize = 10;

/// What the message that is looked for has.
pub(super) enum Like<Text> {
    /// These words.
    Words(Text),
    /// A file of this kind, and no words.
    File(OutgoingKind),
}

/// The message that is looked for.
pub(super) struct Sought<'a> {
    /// The ids that the seller's own messages may be from: those of the account and of its Page.
    ours: [&'a str; 2],
    like: Like<String>,
    /// Meta tells whole seconds, so a part of one counts from its beginning.
    since_s: i64,
}

/// What one page shows.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    found: Option<String>,
    /// Something from before the send: what lies behind it is older still.
    older: bool,
    /// Messages of which Meta tells no more than the id.
    unclear: bool,
}

impl GraphClient {
    pub(super) async fn find_message(
        &self,
        errand: &Errand<'_>,
        sought: &Sought<'_>,
        customer: &str,
    ) -> Result<CallResult, Fault> {
        let mut found = None;
        for conversation in self.conversations(errand, customer).await? {
            if let Some(mid) = self.find_in(errand, &conversation.id, sought).await? {
                found = Some(mid);
            }
        }
        Ok(CallResult::Looked { found })
    }

    async fn conversations(&self, errand: &Errand<'_>, customer: &str) -> Result<Vec<Named>, Fault> {
        let account = &errand.call.account;
        let platform = match account.channel() {
            Some(channel @ (Channel::Instagram | Channel::Messenger)) => channel.name(),
            Some(Channel::Whatsapp) | None => {
                return Err(Fault::refused("no_lookup", "conversations of this channel cannot be looked into"));
            }
        };
        let request = self.http.get(self.url(errand, &[errand.through(), "conversations"]));
        let request = request.query(&[("platform", platform), ("user_id", customer)]);
        Ok(self.exchange(errand, request).await?.read::<Page<Named>>()?.data)
    }

    /// The first message that fits: further ones with the same words were sent after it, by somebody else.
    async fn find_in(
        &self,
        errand: &Errand<'_>,
        conversation: &str,
        sought: &Sought<'_>,
    ) -> Result<Option<String>, Fault> {
        let (mut found, mut after) = (None, None::<String>);
        for _ in 0..MOST_PAGES {
            let request = self.http.get(self.url(errand, &[conversation, "messages"]));
            let mut request = request.query(&[("fields", sought.fields())]).query(&[("limit", PAGE)]);
            if let Some(after) = &after {
                request = request.query(&[("after", after)]);
            }
            let page: Page<Message> = self.exchange(errand, request).await?.read()?;
            let seen = sought.look(&page.data);
            found = seen.found.or(found);
            after = next(page.data.len(), page.paging);
            if seen.older || (after.is_none() && !seen.unclear) {
                return Ok(found);
            }
            if seen.unclear {
                break;
            }
        }
        let unclear = || Fault::Unanswerable("Meta shows too few messages to tell whether it is there".to_owned());
        found.map(Some).ok_or_else(unclear)
    }
}

impl<'a> Sought<'a> {
    pub(super) fn new(account: &'a str, page: &'a str, like: Like<&String>, since: DateTime<Utc>) -> Self {
        let like = match like {
            Like::Words(text) => Like::Words(one_spaced(text)),
            Like::File(kind) => Like::File(kind),
        };
        Self { ours: [account, page], like, since_s: since.timestamp() }
    }

    fn fields(&self) -> &'static str {
        match self.like {
            Like::Words(_) => "id,created_time,from,message",
            Like::File(_) => "id,created_time,from,message,attachments",
        }
    }

    /// The pages come latest first; within a page no order is relied on but that.
    fn look(&self, page: &[Message]) -> Seen {
        let mut seen = Seen::default();
        for message in page {
            match message.created_time.map(|time| time.timestamp()) {
                None => seen.unclear = true,
                Some(second) if second < self.since_s => seen.older = true,
                Some(_) if self.fits(message) => seen.found = Some(message.id.clone()),
                Some(_) => {}
            }
        }
        seen
    }

    fn fits(&self, message: &Message) -> bool {
        let ours = message.from.as_ref().is_some_and(|from| self.ours.contains(&from.id.as_str()));
        let words = message.message.as_deref().unwrap_or_default();
        ours && match &self.like {
            Like::Words(text) => one_spaced(words) == *text,
            // What Meta does not call anything may be ours: better not sent again than sent twice.
            Like::File(kind) => {
                let files = message.attachments.as_ref().map_or(&[][..], |files| &files.data);
                words.is_empty() && files.iter().any(|file| file.kind().is_none_or(|shown| shown == *kind))
            }
        }
    }
}

/// Where the list goes on. A last page has a cursor too, but no `next`.
fn next(length: usize, paging: Paging) -> Option<String> {
    paging.cursors.after.filter(|_| paging.next.is_some() || length >= PAGE)
}

fn one_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use serde_json::{Value, json};

    fn noon() -> DateTime<Utc> {
        "2026-10-01T12:00:00.700Z".parse().unwrap()
    }

    fn message(id: &str, from: &str, text: &str, seconds_from_noon: i64) -> Message {
        let time = (noon() + TimeDelta::seconds(seconds_from_noon)).format("%Y-%m-%dT%H:%M:%S+0000").to_string();
        serde_json::from_value(json!({"id": id, "from": {"id": from}, "message": text, "created_time": time})).unwrap()
    }

    fn look(page: &[Message]) -> Seen {
        Sought::new("178", "102", Like::Words(&"Thank you!\nOrder 7".to_owned()), noon()).look(page)
    }

    #[test]
    fn a_message_fits_by_sender_words_and_time() {
        let cases = [
            ("in the very second of the send", message("m", "178", "Thank you! Order 7", 0), true),
            ("in the name of the Page", message("m", "102", "Thank you! Order 7", 0), true),
            ("spaced otherwise", message("m", "178", " Thank  you! Order\n7 ", 5), true),
            ("before the send", message("m", "178", "Thank you! Order 7", -1), false),
            ("from the customer", message("m", "561", "Thank you! Order 7", 1), false),
            ("in other words", message("m", "178", "Thank you! Order 8", 1), false),
        ];
        for (case, message, fits) in cases {
            assert_eq!(look(&[message]).found.is_some(), fits, "{case}");
        }
    }

    #[test]
    fn a_file_fits_by_its_kind_unless_meta_does_not_say() {
        let with = |text: &str, files: Value| Message {
            attachments: Some(serde_json::from_value(json!({ "data": files })).unwrap()),
            ..message("m", "178", text, 1)
        };
        let sought = Sought::new("178", "102", Like::File(OutgoingKind::Image), noon());
        for (case, message, fits) in [
            ("by its mime type", with("", json!([{"id": 1, "mime_type": "image/jpeg"}])), true),
            ("by its data", with("", json!([{"image_data": {"url": "https://cdn"}}])), true),
            ("of no kind that is told", with("", json!([{"id": 1}])), true),
            ("another kind", with("", json!([{"video_data": {"url": "https://cdn"}}])), false),
            ("another mime type", with("", json!([{"mime_type": "application/pdf"}])), false),
            ("with words", with("look", json!([{"mime_type": "image/jpeg"}])), false),
            ("none", with("", json!([])), false),
            ("nothing said of any", message("m", "178", "", 1), false),
        ] {
            assert_eq!(sought.look(&[message]).found.is_some(), fits, "{case}");
        }
    }

    #[test]
    fn of_several_the_first_counts() {
        let page =
            [message("second", "178", "Thank you! Order 7", 9), message("first", "178", "Thank you! Order 7", 2)];
        assert_eq!(look(&page).found.as_deref(), Some("first"));
    }

    #[test]
    fn a_page_tells_whether_it_reaches_back_far_enough() {
        let bare: Message = serde_json::from_value(json!({"id": "m"})).unwrap();
        let odd: Message = serde_json::from_value(json!({"id": 5, "created_time": "noon"})).unwrap();
        assert_eq!(look(&[message("m", "561", "hi", 1)]), Seen::default());
        assert_eq!(look(&[message("m", "561", "hi", -1)]), Seen { older: true, ..Seen::default() });
        assert_eq!(look(&[bare, odd]), Seen { unclear: true, ..Seen::default() });
    }

    #[test]
    fn metas_own_sample_is_read() {
        let text = include_str!("../../tests/samples/graph/message_lookup.json");
        let message: Message = serde_json::from_str(text).unwrap();
        let sought = Sought::new("5614879000000001", "102", Like::Words(message.message.as_ref().unwrap()), noon());
        assert_eq!(sought.look(std::slice::from_ref(&message)).found, Some(message.id));
    }
}
