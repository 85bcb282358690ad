//! What the actors ask of the outside.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::domain::budget::hold::Limit;
use crate::domain::button::QuickReply;
use crate::domain::channel::Account;
use crate::domain::event::{CallResult, Happening, StoredEvent};
use crate::domain::ids::{ConnectionId, EndpointId, SellerId};
use crate::domain::outcome::Reason;
use crate::domain::outgoing::{Outgoing, OutgoingKind};
use crate::domain::shop_event::ShopEvent;
use crate::domain::sync::call::CatalogAsk;
use crate::domain::webhook::Tried;

/// A future on the heap, so that a port can be a trait object.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What time it is, and a way to wait for a time. The only one: tests and the prover bring their own.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> DateTime<Utc>;
    /// Waits until `now` is at or after `due`.
    fn sleep_until(&self, due: DateTime<Utc>) -> Later<'_, ()>;
}

/// Turns the raw bytes of an event of Meta's into what it means, or says why it cannot.
pub type Decode = fn(&StoredEvent) -> Result<Happening, Reason>;

/// Makes calls to Meta.
pub trait Graph: Send + Sync + 'static {
    /// Makes one call and sorts what came of it. Never longer than the client's own deadline, never an error:
    /// what is not known is said as [`CallResult::Unknown`].
    fn answer<'a>(&'a self, call: &'a GraphCall) -> Later<'a, Answered>;

    /// The same, for whoever wants to know only what came of it.
    fn call<'a>(&'a self, call: &'a GraphCall) -> Later<'a, CallResult> {
        Box::pin(async move { self.answer(call).await.result })
    }
}

/// What came of a call, and what Meta told of its limits beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// What came of it.
    pub result: CallResult,
    /// The limits.
    pub limits: Vec<Limit>,
}

impl From<CallResult> for Answered {
    /// Without a word about limits.
    fn from(result: CallResult) -> Self {
        Self { result, limits: Vec::new() }
    }
}

/// One call to Meta.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphCall {
    /// For whom.
    pub seller: SellerId,
    /// With whose token.
    pub connection: ConnectionId,
    /// On which account.
    pub account: Account,
    /// What is asked.
    pub request: GraphRequest,
}

/// What is asked of Meta.
#[derive(Clone, Debug, PartialEq)]
pub enum GraphRequest {
    /// Sends a text to a customer.
    SendText {
        /// The customer's id at Meta.
        recipient: String,
        /// At most 1000 bytes on Instagram.
        text: String,
        /// The buttons beneath it, where the channel has any.
        quick_replies: Vec<QuickReply>,
    },
    /// Sends a file to a customer.
    SendAttachment {
        /// The customer's id at Meta.
        recipient: String,
        /// The file.
        attachment: Outgoing,
        /// The words beneath it, on channels that write any there; empty: none.
        caption: String,
    },
    /// Looks into the conversation with a customer for a message of ours.
    FindMessage {
        /// The customer's id at Meta.
        recipient: String,
        /// The words it must have.
        text: String,
        /// The kind of file it must have, in the place of words.
        attachment: Option<OutgoingKind>,
        /// Only messages made at or after this time count.
        since: DateTime<Utc>,
    },
    /// Asks something of a catalog, in the name of the account it belongs to.
    Catalog {
        /// Meta's id of the catalog.
        catalog: String,
        /// What is asked.
        ask: CatalogAsk,
    },
}

impl GraphRequest {
    /// How long it may take before it counts as unanswered.
    pub fn deadline(&self) -> Duration {
        match self {
            Self::SendText { .. } | Self::SendAttachment { .. } | Self::FindMessage { .. } => CALL_DEADLINE,
            Self::Catalog { .. } => CATALOG_DEADLINE,
        }
    }
}

/// Shows what happened, as whoever is told of it is to read it.
pub trait Render: Send + Sync + 'static {
    /// A body for each event, in their order; or why it cannot be done now.
    fn render<'a>(&'a self, seller: SellerId, events: &'a [ShopEvent]) -> Later<'a, Result<Vec<Vec<u8>>, String>>;
}

/// Delivers to webhook endpoints.
pub trait Post: Send + Sync + 'static {
    /// Makes one try. Never longer than the client's own deadline, never an error.
    fn post<'a>(&'a self, letter: &'a Letter) -> Later<'a, Tried>;
}

/// One try of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Whose.
    pub seller: SellerId,
    /// Which endpoint.
    pub endpoint: EndpointId,
    /// Where to.
    pub url: String,
    /// The sealed secrets that sign it, the newest first.
    pub secrets: Vec<String>,
    /// The name it has at every try.
    pub name: String,
    /// When it is made.
    pub at: DateTime<Utc>,
    /// What it says.
    pub body: Vec<u8>,
}

/// How long a call to Meta may take before it counts as unanswered.
pub const CALL_DEADLINE: Duration = Duration::from_secs(15);

/// The same of a call about a catalog: thousands of items are megabytes, and Meta takes its time over them.
pub const CATALOG_DEADLINE: Duration = Duration::from_secs(60);
