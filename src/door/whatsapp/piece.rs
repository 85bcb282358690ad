//! One message, status or change of id, as WhatsApp sends it: what it is, whose, and what it means.

use actors::domain::event::{About, Echo, Edited, Happening, Noted, Reacted, Renamed, Said, Unsent, Wish};
use actors::domain::outcome::Reason;
use serde_json::value::RawValue;

use super::super::decode::Known;
use super::super::json::Fields;
use super::super::referral::Came;
use super::content::Content;
use super::person::{Person, is_phone};
use super::value::{List, Value};
use super::{status, system};

/// An item with its customer.
pub(super) struct Piece<'a> {
    list: List,
    fields: Fields<'a>,
    person: Person<'a>,
    /// Meta's type word.
    word: String,
}

impl<'a> Piece<'a> {
    /// The item, if it is one.
    pub(super) fn read(list: List, raw: &'a RawValue, value: &Value<'a>) -> Option<Self> {
        let fields = Fields::read(raw.get())?;
        let mut person = Person::of(list, &fields, value);
        let word = fields.text("type").unwrap_or_default();
        if list == List::Messages && word == "system" {
            person.id = system::before(&fields).or(person.id);
        }
        Some(Self { list, fields, person, word })
    }

    /// The word for it.
    pub(super) fn kind(&self) -> &'static str {
        match (self.list, self.word.as_str()) {
            (List::Statuses, _) => "status",
            (List::UserIds, _) => "user_id_update",
            (_, "reaction") => "reaction",
            (_, "edit") => "edit",
            (_, "revoke") => "deleted",
            (List::Messages, "system") => "system",
            (List::Messages, _) => "message",
            (List::Echoes, _) => "echo",
        }
    }

    /// What is the same when the same comes again; none: it cannot be told from another.
    pub(super) fn key(&self) -> Option<String> {
        let id = |name: &str| self.fields.id(name);
        match self.list {
            // Whatever happens to a message is a message with an id of its own.
            List::Messages | List::Echoes => Some(format!("message:{}", id("id")?)),
            List::Statuses => Some(format!("status:{}:{}", id("id")?, self.fields.text("status").unwrap_or_default())),
            List::UserIds => {
                let user = self.fields.object("user_id")?;
                let (before, now) = (user.id("previous").unwrap_or_default(), user.id("current").unwrap_or_default());
                let at = self.fields.text("timestamp").unwrap_or_default();
                Some(format!("user_id_update:{before}:{now}:{at}"))
            }
        }
    }

    /// The customer's id at Meta.
    pub(super) fn customer(&self) -> Option<&str> {
        self.person.id.as_deref()
    }

    /// What Meta tells of the customer, as it came.
    pub(super) fn contact(&self) -> Option<&'a str> {
        self.person.contact
    }

    /// When it happened, as it is told.
    pub(super) fn timestamp(&self) -> Option<&'a RawValue> {
        self.fields.get("timestamp")
    }

    /// What it means, or why it is only kept.
    pub(super) fn meaning(&self, known: &Known<'_>) -> Result<Happening, Reason> {
        known.on_a_real_account()?;
        let is_of_group = self.fields.text("recipient_type").as_deref() == Some("group");
        if is_of_group || self.fields.get("group_id").is_some() {
            return Err(Reason::GroupMessage);
        }
        let happening = match self.list {
            List::Statuses => status::meaning(&self.fields)?,
            List::UserIds => Happening::Renamed(self.renamed()?),
            List::Messages | List::Echoes => self.said_or_done(known)?,
        };
        known.with_customer(happening)
    }

    fn renamed(&self) -> Result<Renamed, Reason> {
        let to = self.fields.object("user_id").and_then(|user| user.id("current")).ok_or(Reason::Unreadable)?;
        Ok(Renamed { to, phone: self.fields.id("wa_id").filter(|phone| is_phone(phone)) })
    }

    fn said_or_done(&self, known: &Known<'_>) -> Result<Happening, Reason> {
        let original = |body: &Fields<'_>| body.id("original_message_id").ok_or(Reason::Unreadable);
        let body = || self.fields.object(&self.word).ok_or(Reason::Unreadable);
        let is_customers = self.list == List::Messages;
        Ok(match self.word.as_str() {
            "edit" => Happening::Edited(edited(&body()?, original(&body()?)?, known)?),
            "revoke" => Happening::Unsent(Unsent { mid: original(&body()?)? }),
            "reaction" if is_customers => {
                let reaction = body()?;
                let mid = reaction.id("message_id").ok_or(Reason::Unreadable)?;
                Happening::Reacted(Reacted { mid, emoji: reaction.text("emoji") })
            }
            // What the seller likes says nothing of an order.
            "reaction" => return Err(Reason::NotUsed),
            "system" if is_customers => system::meaning(&self.fields)?,
            "request_welcome" if is_customers => Happening::Noted(Noted {
                sentence: "The customer opened the conversation for the first time.".to_owned(),
            }),
            _ if is_customers => Happening::Said(self.said()?),
            _ => Happening::Echo(self.echo()?),
        })
    }

    fn said(&self) -> Result<Said, Reason> {
        let content = Content::of(&self.fields)?;
        let context = self.fields.object("context");
        let about = context.as_ref().and_then(|context| context.id("id")).map(|mid| About::Message { mid });
        let inquired = context.and_then(|context| context.object("referred_product")?.id("product_retailer_id"));
        let inquired = inquired.map(|product| Wish { product, quantity: None });
        let came = self.fields.object("referral").map(|referral| Came::of_whatsapp(&referral)).unwrap_or_default();
        Ok(Said {
            mid: self.fields.id("id"),
            text: content.text,
            payload: content.payload,
            attachments: content.attachments,
            about,
            wishes: inquired.into_iter().chain(content.wishes).collect(),
            referral: came.through,
            profile: self.person.profile.clone(),
            standby: false,
        })
    }

    fn echo(&self) -> Result<Echo, Reason> {
        let content = Content::of(&self.fields)?;
        let mid = self.fields.id("id").ok_or(Reason::Unreadable)?;
        Ok(Echo { mid, text: content.text, attachments: content.attachments })
    }
}

/// WhatsApp counts no edits: the later is the newer. A picture may have lost its caption.
fn edited(edit: &Fields<'_>, mid: String, known: &Known<'_>) -> Result<Edited, Reason> {
    let content = Content::of(&edit.object("message").ok_or(Reason::Unreadable)?)?;
    Ok(Edited { mid, text: content.text.unwrap_or_default(), revision: known.at.timestamp_millis() })
}
