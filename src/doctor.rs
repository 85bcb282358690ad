//! Looks whether all that a shop's messages need on their way works, and says of each part how it is and what to do:
//! when somebody asks, and by itself once a day for each connection.

mod checkup;
mod finding;
mod probe;
mod rhythm;
mod rounds;
pub mod webhook_test;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actors::domain::command::Command;
use actors::domain::ids::{ConnectionId, SellerId};
use actors::ports::Clock;
use actors::sellers::{Asked, Sellers};
use actors::store::office::checkups;
use actors::store::{Store, StoreError};
use chrono::{DateTime, Utc};
use thiserror::Error;
use tokio::sync::Mutex;

use crate::connect::Connect;
use crate::door::SecretsSeen;
use crate::graph::{Login, Tokens};
use crate::office::{Office, OfficeError};

pub use checkup::Checkup;
pub use finding::{Finding, Light};

/// Calls in a seller's name that one look at a connection makes at most: the link, what is sent, that switched on and
/// read again, a conversation, the catalogs.
const CALLS: u32 = 6;

/// What a doctor works with.
pub struct DoctorParts {
    /// What is read.
    pub store: Store,
    /// What writes.
    pub office: Office,
    /// Sellers' actors, who spend their budgets.
    pub sellers: Sellers,
    /// Who asks Meta.
    pub login: Login,
    /// Where tokens are found.
    pub tokens: Tokens,
    /// Who switches subscriptions on.
    pub connect: Connect,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Which secrets signed what came.
    pub seen: Arc<SecretsSeen>,
    /// What addresses are tried with.
    pub own: webhook_test::Own,
    /// How often each connection is looked at by itself; none: only when somebody asks.
    pub every: Option<Duration>,
}

/// Looks at connections. Clones are handles to the same one.
#[derive(Clone)]
pub struct Doctor {
    parts: Arc<DoctorParts>,
    /// It is the same for all connections.
    probed: Arc<Mutex<Option<Probed>>>,
    /// Connections that were looked at: each by one at a time, so that what is kept is what was found last.
    busy: Arc<Mutex<HashMap<ConnectionId, Arc<Turn>>>>,
}

/// What the address was found to be, and when.
type Probed = (DateTime<Utc>, Finding);

/// Held while a connection is looked at.
type Turn = Mutex<()>;

/// Why a connection could not be looked at.
#[derive(Debug, Error)]
pub enum NotDone {
    /// The database could not be read.
    #[error("could not read what is known of the connection")]
    Store(#[from] StoreError),
    /// What was found could not be kept.
    #[error("could not keep what was found")]
    Office(#[from] OfficeError),
    /// What was kept cannot be read.
    #[error("what was found last cannot be read")]
    Unreadable(#[from] serde_json::Error),
}

impl Doctor {
    /// A doctor who has seen nobody yet.
    pub fn new(parts: DoctorParts) -> Self {
        Self { parts: Arc::new(parts), probed: Arc::default(), busy: Arc::default() }
    }

    /// What addresses are tried with, unless said otherwise.
    pub fn own(&self) -> &webhook_test::Own {
        &self.parts.own
    }

    /// Looks at a connection now, for somebody who waits, and keeps what was found. None: the seller has no such
    /// connection that works.
    pub async fn check(&self, seller: SellerId, connection: ConnectionId) -> Result<Option<Checkup>, NotDone> {
        self.check_as((seller, connection), true).await
    }

    /// What was found last. None: nobody has looked yet.
    pub async fn last(&self, seller: SellerId, connection: ConnectionId) -> Result<Option<Checkup>, NotDone> {
        let Some(kept) = checkups::last(self.parts.store.reads(), (seller, connection)).await? else { return Ok(None) };
        let light = serde_json::from_value(kept.light.into())?;
        Ok(Some(Checkup { at: kept.at, light, lines: serde_json::from_str(&kept.lines)? }))
    }

    async fn check_as(&self, whose: (SellerId, ConnectionId), is_urgent: bool) -> Result<Option<Checkup>, NotDone> {
        let turn = {
            let mut busy = self.busy.lock().await;
            busy.retain(|_, turn| Arc::strong_count(turn) > 1);
            busy.entry(whose.1).or_default().clone()
        };
        let _alone = turn.lock().await;
        let Some(found) = self.look_at(whose, is_urgent).await? else { return Ok(None) };
        self.parts.office.keep_checkup(whose, &found.kept()?, found.light == Light::Red).await?;
        Ok(Some(found))
    }

    /// Why the seller's own calls cannot be made now; none: they are spent, and may be made.
    async fn budget_for(&self, seller: SellerId, is_urgent: bool) -> Option<String> {
        let spend = Command::SpendCalls { calls: CALLS, urgent: is_urgent };
        match self.parts.sellers.command(seller, None, spend).await {
            Ok(Asked::Answered(answer)) if answer["granted"] == true => None,
            Ok(Asked::Answered(_)) => Some("the seller's budget of calls is spent for now".to_owned()),
            Ok(Asked::Accepted(_) | Asked::KeyOfAnother(_)) | Err(_) => {
                Some("the seller's actor does not answer, so nobody knows whether its budget allows it".to_owned())
            }
        }
    }

    /// When which secret signed last, by what this process saw and what those before it kept.
    async fn secrets_seen(&self) -> Result<Vec<(String, Option<DateTime<Utc>>)>, StoreError> {
        let kept = checkups::secrets_seen(self.parts.store.reads()).await?;
        let before = |label: &str| kept.iter().find(|(known, _)| known == label).map(|(_, at)| *at);
        Ok(self.parts.seen.labels().map(|(label, at)| (label.to_owned(), at.max(before(label)))).collect())
    }

    fn now(&self) -> DateTime<Utc> {
        self.parts.clock.now()
    }
}
