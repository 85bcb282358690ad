//! One messaging item, as Instagram and Messenger send it: what it is, whose, and what makes it the same when it comes
//! twice.

use actors::domain::channel::{Account, Channel};
use serde_json::value::RawValue;

use super::json::{Fields, sha256_of};
use super::keep::Place;

/// The members that say what an item is, each with the part it makes. The first that is there decides.
const PARTS: [(&str, Part); 20] = [
    ("message", Part::Message),
    ("postback", Part::Postback),
    ("message_edit", Part::Edit),
    ("reaction", Part::Reaction),
    ("read", Part::Read),
    ("delivery", Part::Delivery),
    ("optin", Part::OptIn),
    ("pass_thread_control", Part::Handover),
    ("take_thread_control", Part::Handover),
    ("request_thread_control", Part::Handover),
    ("app_roles", Part::Handover),
    ("policy-enforcement", Part::Policy),
    ("policy_enforcement", Part::Policy),
    ("account_linking", Part::NotUsed),
    ("messaging_feedback", Part::NotUsed),
    ("response_feedback", Part::NotUsed),
    ("game_play", Part::NotUsed),
    ("payment", Part::NotUsed),
    ("checkout_update", Part::NotUsed),
    // Last, because a referral rides along with others.
    ("referral", Part::Referral),
];

/// What an item is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Something a customer said.
    Message,
    /// Something the seller said.
    Echo,
    /// The account writing to itself, to try something out; nobody is to be answered.
    SelfMessage,
    /// The account pressing its own button.
    SelfPostback,
    /// A message taken back.
    Deleted,
    /// A button pressed.
    Postback,
    /// A message with other words than before.
    Edit,
    /// A reaction, or its end.
    Reaction,
    /// How far the customer has read.
    Read,
    /// What has reached the customer.
    Delivery,
    /// The customer agrees to be written to.
    OptIn,
    /// The conversation goes from one app to another.
    Handover,
    /// Meta restricts the account, or no longer.
    Policy,
    /// The customer came through a link or an ad.
    Referral,
    /// Known, and of no use to a shop.
    NotUsed,
    /// None that we know.
    Unknown,
}

impl Part {
    /// The word for it.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Part::Message => "message",
            Part::Echo => "echo",
            Part::SelfMessage => "self_message",
            Part::SelfPostback => "self_postback",
            Part::Deleted => "deleted",
            Part::Postback => "postback",
            Part::Edit => "edit",
            Part::Reaction => "reaction",
            Part::Read => "read",
            Part::Delivery => "delivery",
            Part::OptIn => "optin",
            Part::Handover => "handover",
            Part::Policy => "policy",
            Part::Referral => "referral",
            Part::NotUsed => "other",
            Part::Unknown => "unknown",
        }
    }
}

/// A messaging item.
pub(super) struct Item<'a> {
    sender: Option<String>,
    recipient: Option<String>,
    is_self: bool,
    part: Part,
    /// The name of the member that says what it is.
    pub(super) member: &'static str,
    raw_body: &'a str,
    /// What that member says, where it is an object.
    pub(super) body: Option<Fields<'a>>,
    pub(super) timestamp: Option<&'a RawValue>,
}

impl<'a> Item<'a> {
    /// The item with these members.
    pub(super) fn of(fields: &Fields<'a>) -> Self {
        let party = |name: &str| fields.object(name)?.id("id");
        let found = PARTS.iter().find_map(|(name, part)| Some((*name, *part, fields.get(name)?)));
        let (member, part, raw) = found.map_or(("", Part::Unknown, None), |(name, part, raw)| (name, part, Some(raw)));
        let body = raw.and_then(|raw| Fields::read(raw.get()));
        Self {
            sender: party("sender"),
            recipient: party("recipient"),
            is_self: fields.is("is_self") || body.as_ref().is_some_and(|body| body.is("is_self")),
            part,
            member,
            raw_body: raw.map_or("", RawValue::get),
            body,
            timestamp: fields.get("timestamp"),
        }
    }

    /// Whether it says what it is.
    pub(super) fn is_known(&self) -> bool {
        self.part != Part::Unknown
    }

    /// Whether it says who wrote to whom.
    pub(super) fn has_parties(&self) -> bool {
        self.sender.is_some() && self.recipient.is_some()
    }

    fn flag(&self, name: &str) -> bool {
        self.body.as_ref().is_some_and(|body| body.is(name))
    }

    /// The word for it, on this account.
    pub(super) fn kind(&self, account: &Account) -> &'static str {
        match self.part(account) {
            Part::NotUsed => self.member,
            part => part.kind(),
        }
    }

    /// What the item is about, on this account.
    pub(super) fn part(&self, account: &Account) -> Part {
        match self.part {
            Part::Message if self.flag("is_deleted") => Part::Deleted,
            Part::Message if self.is_self_talk() => Part::SelfMessage,
            Part::Message if self.is_from(account) => Part::Echo,
            Part::Postback if self.is_self_talk() || self.is_from(account) => Part::SelfPostback,
            part => part,
        }
    }

    fn is_self_talk(&self) -> bool {
        self.is_self || (self.sender.is_some() && self.sender == self.recipient)
    }

    /// Whether the seller did it, and not the customer.
    pub(super) fn is_from(&self, account: &Account) -> bool {
        self.flag("is_echo") || self.sender.as_deref() == Some(account.id())
    }

    /// The customer's id at Meta.
    pub(super) fn customer(&self, account: &Account) -> Option<&str> {
        if self.is_from(account) { self.recipient.as_deref() } else { self.sender.as_deref() }
    }

    /// Whose it is. The entry says so, except for an Instagram message under the object of the Page that the account is
    /// linked to: it is the same message that may come under Instagram's own object as well.
    pub(super) fn account(&self, place: &Place<'_>) -> Account {
        let sellers = if self.flag("is_echo") { self.sender.as_deref() } else { self.recipient.as_deref() };
        match sellers {
            Some(id) if place.channel == Channel::Messenger && is_instagram_id(id) => {
                Account::new(Channel::Instagram, id)
            }
            _ => place.account(place.id.as_deref().or(sellers)),
        }
    }

    /// Whether it has the two fixed ids of the "Test" button in Meta's dashboard.
    pub(super) fn is_dashboard_test(&self) -> bool {
        self.sender.as_deref() == Some("12334") && self.recipient.as_deref() == Some("23245")
    }

    /// The key that is the same when the same event comes again, by whatever way. `raw` is all of the item.
    pub(super) fn key(&self, account: &Account, raw: &str) -> String {
        let (part, kind) = (self.part(account), self.kind(account));
        let by_id = match part {
            // A message and its echo share the ids, and so the keys.
            Part::Message | Part::Echo => self.id("mid").map(|mid| format!("message:{mid}")),
            Part::SelfMessage | Part::SelfPostback | Part::Deleted | Part::Postback => {
                self.id("mid").map(|mid| format!("{kind}:{mid}"))
            }
            Part::Edit => self.edit_key(),
            Part::Reaction => Some(self.reaction_key()),
            Part::Read | Part::Delivery => self.receipt_key(kind),
            _ => None,
        };
        by_id.unwrap_or_else(|| format!("{kind}:{}", self.hash(&self.telling(part, raw))))
    }

    fn id(&self, name: &str) -> Option<String> {
        self.body.as_ref()?.id(name)
    }

    fn text(&self, name: &str) -> Option<String> {
        self.body.as_ref()?.text(name)
    }

    /// What tells an item without an id from others of its kind by the same sender at the same time.
    fn telling(&self, part: Part, raw: &str) -> String {
        match part {
            Part::Postback => self.text("payload").unwrap_or_else(|| raw.to_owned()),
            Part::OptIn | Part::Handover | Part::Policy | Part::Referral | Part::NotUsed => {
                format!("{}:{}", self.member, self.raw_body)
            }
            _ => raw.to_owned(),
        }
    }

    fn edit_key(&self) -> Option<String> {
        // The number comes as text and as a number.
        Some(format!("edit:{}:{}", self.id("mid")?, self.text("num_edit")?))
    }

    fn reaction_key(&self) -> String {
        let text = |name: &str| self.text(name).unwrap_or_default();
        let (mid, action, emoji) = (self.id("mid").unwrap_or_default(), text("action"), text("emoji"));
        let sender = self.sender.as_deref().unwrap_or_default();
        format!("reaction:{mid}:{sender}:{action}:{emoji}:{}", self.timestamp_text())
    }

    fn receipt_key(&self, kind: &str) -> Option<String> {
        let body = self.body.as_ref()?;
        let mids = receipt_mids(body);
        let which = if mids.is_empty() { body.text("watermark")? } else { mids.join(",") };
        Some(format!("{kind}:{}:{which}", self.sender.as_deref().unwrap_or_default()))
    }

    fn hash(&self, body: &str) -> String {
        sha256_of(&[self.sender.as_deref().unwrap_or_default(), self.timestamp_text(), body])
    }

    fn timestamp_text(&self) -> &str {
        self.timestamp.map_or("", |timestamp| timestamp.get().trim_matches('"'))
    }
}

/// The messages that a receipt names: Instagram names one, Messenger several or none.
pub(super) fn receipt_mids(body: &Fields<'_>) -> Vec<String> {
    let several = body.list("mids").into_iter().filter_map(super::json::id_of);
    body.id("mid").into_iter().chain(several).collect()
}

/// Instagram's accounts have ids of one shape, which no Page has.
fn is_instagram_id(id: &str) -> bool {
    id.len() == 17 && id.starts_with("17841") && id.bytes().all(|byte| byte.is_ascii_digit())
}
