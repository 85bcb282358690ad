//! What a stored event of Meta's means.
//!
//! The door asks the same functions whether an event is acted on at all, so that the two cannot differ.

use actors::domain::channel::{Account, Channel};
use actors::domain::event::{Happening, ReceiptOf, StoredEvent};
use actors::domain::outcome::Reason;
use chrono::{DateTime, Utc};

use super::change::Shape;
use super::{catalog, kinds, messaging, news, whatsapp};

/// Goes before the kind of what was said while another app has the conversation.
pub(super) const STANDBY: &str = "standby_";

/// What is known of an event besides its bytes.
pub(super) struct Known<'k> {
    /// Whose it is.
    pub(super) account: &'k Account,
    /// The customer's id at Meta.
    pub(super) customer: Option<&'k str>,
    /// When it happened.
    pub(super) at: DateTime<Utc>,
    /// Whether another app has the conversation.
    pub(super) standby: bool,
}

impl Known<'_> {
    /// Whether it is anybody's account at all, or why nothing on it is acted on.
    pub(super) fn on_a_real_account(&self) -> Result<(), Reason> {
        match () {
            () if is_test_account(self.account) => Err(Reason::DashboardTest),
            () if self.account.channel().is_none() => Err(Reason::Unreadable),
            () => Ok(()),
        }
    }

    /// What happened, unless it is about somebody and nobody knows whom.
    pub(super) fn with_customer(&self, happening: Happening) -> Result<Happening, Reason> {
        let stands_alone = match &happening {
            Happening::Edited(_) | Happening::Unsent(_) | Happening::Commented(_) | Happening::Mentioned(_) => true,
            Happening::Receipt(receipt) => matches!(receipt.of, ReceiptOf::Mids(_)),
            _ => false,
        };
        match &happening {
            _ if stands_alone || self.customer.is_some() => Ok(happening),
            // Consent given on a web page, or the roles of apps in a Page.
            Happening::Noted(_) => Err(Reason::NotUsed),
            _ => Err(Reason::Unreadable),
        }
    }
}

/// Whether it is the account of the "Test" button in Meta's dashboard.
pub(super) fn is_test_account(account: &Account) -> bool {
    account.channel().is_some() && account.id() == "0"
}

/// What the event means, or why it cannot be acted on.
///
/// It reads the raw bytes again instead of trusting what an older version made of them, so that a replay after an
/// update can do better.
pub fn decode(event: &StoredEvent) -> Result<Happening, Reason> {
    match event.kind.as_str() {
        "unreadable" => return Err(Reason::Unreadable),
        "unreadable_body" => return Err(Reason::UnreadableBody),
        _ => {}
    }
    let text = str::from_utf8(&event.raw).map_err(|_| Reason::Unreadable)?;
    if is_test_account(&event.account) {
        return Err(Reason::DashboardTest);
    }
    if let Some(reason) = kinds::reason_of_whole(&event.kind, text) {
        return Err(reason);
    }
    if event.account.is_of_catalog() {
        return catalog::meaning(text);
    }
    let (account, customer) = (&event.account, event.customer.as_deref());
    let known = Known { account, customer, at: event.happened_at, standby: event.kind.starts_with(STANDBY) };
    match event.account.channel() {
        None => Err(Reason::Unreadable),
        Some(Channel::Whatsapp) => whatsapp::meaning(&event.kind, text, &known),
        Some(Channel::Instagram | Channel::Messenger) => match Shape::read(text).ok_or(Reason::Unreadable)? {
            Shape::Item(item) => messaging::meaning(&item, &known),
            Shape::News(change) => news::meaning(&change, &known),
        },
    }
}
