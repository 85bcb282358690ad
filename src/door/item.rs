//! One messaging item, as Instagram and Messenger send it: what it is, whose, and what makes it the same when it comes twice.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::json::{Id, clean, sha256_of};

/// A messaging item. Members not named here are skipped unread, so that new ones do no harm.
#[derive(Deserialize)]
pub(super) struct Item<'a> {
    sender: Option<Party>,
    recipient: Option<Party>,
    is_self: Option<bool>,
    #[serde(borrow)]
    pub(super) timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<Message<'a>>,
    postback: Option<Postback>,
    message_edit: Option<Edit<'a>>,
    reaction: Option<Reaction>,
    #[serde(borrow)]
    read: Option<&'a RawValue>,
    #[serde(borrow)]
    delivery: Option<&'a RawValue>,
    #[serde(borrow)]
    optin: Option<&'a RawValue>,
    #[serde(borrow)]
    pass_thread_control: Option<&'a RawValue>,
    #[serde(borrow)]
    take_thread_control: Option<&'a RawValue>,
    #[serde(borrow)]
    request_thread_control: Option<&'a RawValue>,
    #[serde(borrow)]
    app_roles: Option<&'a RawValue>,
    #[serde(borrow, rename = "policy-enforcement")]
    policy: Option<&'a RawValue>,
    #[serde(borrow)]
    referral: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Party {
    pub(super) id: Option<Id>,
}

#[derive(Deserialize)]
pub(super) struct Message<'a> {
    pub(super) mid: Option<Id>,
    text: Option<String>,
    is_echo: Option<bool>,
    is_deleted: Option<bool>,
    is_self: Option<bool>,
    is_unsupported: Option<bool>,
    quick_reply: Option<QuickReply>,
    #[serde(borrow)]
    attachments: Option<Vec<Attachment<'a>>>,
}

#[derive(Deserialize)]
struct QuickReply {
    payload: Option<String>,
}

#[derive(Deserialize)]
struct Attachment<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Postback {
    pub(super) mid: Option<Id>,
    title: Option<String>,
    payload: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Edit<'a> {
    mid: Option<Id>,
    #[serde(borrow)]
    num_edit: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Reaction {
    mid: Option<Id>,
    action: Option<String>,
    emoji: Option<String>,
}

/// What an item is about.
pub(super) enum Part<'i, 'a> {
    /// Something a customer said.
    Message(&'i Message<'a>),
    /// Something the seller said.
    Echo(&'i Message<'a>),
    /// The account writing to itself, to try something out; nobody is to be answered.
    SelfTalk(&'static str, Option<&'i Id>),
    /// A message taken back.
    Deleted(&'i Message<'a>),
    /// A button pressed.
    Postback(&'i Postback),
    /// A message with other words than before.
    Edit(&'i Edit<'a>),
    /// A reaction, or its end.
    Reaction(&'i Reaction),
    /// One of the kinds that are told apart by all they say.
    Other(&'static str, &'a RawValue),
    /// None that we know.
    Unknown,
}

impl<'a> Item<'a> {
    /// The item in `text`, if it is one.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// What the item is about.
    pub(super) fn part(&self) -> Part<'_, 'a> {
        if let Some(message) = &self.message {
            return self.message_part(message);
        }
        if let Some(postback) = &self.postback {
            return match self.is_self {
                Some(true) => Part::SelfTalk("self_postback", postback.mid.as_ref()),
                _ => Part::Postback(postback),
            };
        }
        if let Some(edit) = &self.message_edit {
            return Part::Edit(edit);
        }
        self.reaction.as_ref().map_or_else(|| self.other_part(), Part::Reaction)
    }

    fn message_part<'i>(&self, message: &'i Message<'a>) -> Part<'i, 'a> {
        if message.is_deleted == Some(true) {
            Part::Deleted(message)
        } else if message.is_self == Some(true) || self.is_self == Some(true) {
            Part::SelfTalk("self_message", message.mid.as_ref())
        } else if message.is_echo == Some(true) {
            Part::Echo(message)
        } else {
            Part::Message(message)
        }
    }

    fn other_part(&self) -> Part<'_, 'a> {
        let others = [
            ("read", self.read),
            ("delivery", self.delivery),
            ("optin", self.optin),
            ("handover", self.pass_thread_control),
            ("handover", self.take_thread_control),
            ("handover", self.request_thread_control),
            ("handover", self.app_roles),
            ("policy", self.policy),
            // Last, because a referral rides along with others.
            ("referral", self.referral),
        ];
        let found = others.into_iter().find_map(|(kind, body)| Some((kind, body?)));
        found.map_or(Part::Unknown, |(kind, body)| Part::Other(kind, body))
    }

    /// Who wrote, by Meta's id.
    pub(super) fn sender(&self) -> Option<&str> {
        Some(self.sender.as_ref()?.id.as_ref()?.0.as_str())
    }

    /// Who was written to, by Meta's id.
    pub(super) fn recipient(&self) -> Option<&str> {
        Some(self.recipient.as_ref()?.id.as_ref()?.0.as_str())
    }

    fn is_from_seller(&self) -> bool {
        self.message.as_ref().is_some_and(|message| message.is_echo == Some(true))
    }

    /// The customer's id at Meta.
    pub(super) fn customer(&self) -> Option<&str> {
        if self.is_from_seller() { self.recipient() } else { self.sender() }
    }

    /// The seller's id at Meta.
    pub(super) fn seller(&self) -> Option<&str> {
        if self.is_from_seller() { self.sender() } else { self.recipient() }
    }

    /// Whether it has the two fixed ids of the "Test" button in Meta's dashboard.
    pub(super) fn is_dashboard_test(&self) -> bool {
        self.sender() == Some("12334") && self.recipient() == Some("23245")
    }

    /// The kind, and the key that is the same when the same event comes again. `raw` is all of the item.
    pub(super) fn kind_and_key(&self, raw: &str) -> (&'static str, String) {
        let by_hash = |kind, body: &str| (kind, format!("{kind}:{}", self.hash(body)));
        match self.part() {
            // A message and its echo share the ids, and so the keys.
            Part::Message(message) => {
                by_mid("message", "message", &message.mid).unwrap_or_else(|| by_hash("message", raw))
            }
            Part::Echo(message) => by_mid("echo", "message", &message.mid).unwrap_or_else(|| by_hash("echo", raw)),
            Part::SelfTalk(kind, mid) => match mid {
                Some(Id(mid)) => (kind, format!("{kind}:{mid}")),
                None => by_hash(kind, raw),
            },
            Part::Deleted(message) => {
                by_mid("deleted", "deleted", &message.mid).unwrap_or_else(|| by_hash("deleted", raw))
            }
            Part::Postback(postback) => by_mid("postback", "postback", &postback.mid)
                .unwrap_or_else(|| by_hash("postback", postback.payload.as_deref().unwrap_or_default())),
            Part::Edit(edit) => ("edit", self.edit_key(edit, raw)),
            Part::Reaction(reaction) => ("reaction", self.reaction_key(reaction)),
            Part::Other(kind, body) => by_hash(kind, body.get()),
            Part::Unknown => by_hash("unknown", raw),
        }
    }

    fn edit_key(&self, edit: &Edit<'_>, raw: &str) -> String {
        match (&edit.mid, edit.num_edit) {
            // The number comes as text and as a number.
            (Some(Id(mid)), Some(number)) => format!("edit:{mid}:{}", number.get().trim_matches('"')),
            _ => format!("edit:{}", self.hash(raw)),
        }
    }

    fn reaction_key(&self, reaction: &Reaction) -> String {
        let mid = reaction.mid.as_ref().map_or("", |Id(mid)| mid);
        let (action, emoji) = (reaction.action.as_deref().unwrap_or(""), reaction.emoji.as_deref().unwrap_or(""));
        format!("reaction:{mid}:{}:{action}:{emoji}:{}", self.sender().unwrap_or(""), self.timestamp_text())
    }

    fn hash(&self, body: &str) -> String {
        sha256_of(&[self.sender().unwrap_or(""), self.timestamp_text(), body])
    }

    fn timestamp_text(&self) -> &str {
        self.timestamp.map_or("", |timestamp| timestamp.get().trim_matches('"'))
    }
}

fn by_mid(kind: &'static str, key: &str, mid: &Option<Id>) -> Option<(&'static str, String)> {
    mid.as_ref().map(|Id(mid)| (kind, format!("{key}:{mid}")))
}

impl Message<'_> {
    /// The words.
    pub(super) fn words(&self) -> Option<String> {
        self.text.clone().map(clean)
    }

    /// What a quick reply carries.
    pub(super) fn payload(&self) -> Option<String> {
        self.quick_reply.as_ref()?.payload.clone().map(clean)
    }

    /// Pictures and the like, by Meta's type word; `unsupported` for what Meta does not hand over at all.
    pub(super) fn attachments(&self) -> Vec<String> {
        let words = self.attachments.iter().flatten().map(Attachment::word);
        words.chain((self.is_unsupported == Some(true)).then(|| "unsupported".to_owned())).collect()
    }
}

impl Attachment<'_> {
    fn word(&self) -> String {
        const WORD_LIMIT: usize = 100;
        let word: Option<String> = self.kind.and_then(|kind| serde_json::from_str(kind.get()).ok());
        super::json::bounded(word.unwrap_or_else(|| "unknown".to_owned()), WORD_LIMIT)
    }
}

impl Postback {
    /// The words on the button.
    pub(super) fn words(&self) -> Option<String> {
        self.title.clone().map(clean)
    }

    /// What the button carries.
    pub(super) fn carries(&self) -> Option<String> {
        self.payload.clone().map(clean)
    }
}
