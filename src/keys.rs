//! Who calls: keys as they are shown, and what each lets its holder do.
//!
//! A key is looked up in the database and kept in memory for some seconds. It knows neither HTTP nor how keys are made;
//! [`Gate`] is what a request passes.

mod caller;
mod gate;
mod guesses;
mod known;
mod pace;
mod text;

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use actors::domain::ids::KeyId;
use actors::store::office::keys::{self, ApiKey};
use actors::store::{Store, StoreError};
use chrono::{DateTime, Utc};
use thiserror::Error;
use tracing::debug;

use crate::vault::Secret;
use known::{Known, Reading};

pub use caller::Caller;
pub use gate::{Admitted, Gate, NotAdmitted};
pub use guesses::Guesses;
pub use pace::{Left, Pace, Wait};
pub use text::{KeyText, NoRandomness};
pub(crate) use text::{NewSecret, beginning};

/// So long a secret cannot be guessed, however fast somebody tries.
const UNGUESSABLE_BYTES: usize = 32;

/// Why nobody who may call was recognised. What became of a key is told only to whoever shows its secret.
#[derive(Debug, Error)]
pub enum NoCaller {
    /// There is no such key.
    #[error("there is no such key")]
    Unknown,
    /// The key was good until then.
    #[error("the key expired at {0}")]
    Expired(DateTime<Utc>),
    /// The key was revoked.
    #[error("the key was revoked at {0}")]
    Revoked(DateTime<Utc>),
    /// What was shown is no key.
    #[error("what was shown is no key")]
    Unreadable,
    /// The database cannot say.
    #[error("the key could not be looked up")]
    Unavailable(#[from] StoreError),
}

/// All keys. Clones share what they know.
#[derive(Clone)]
pub struct Keys {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    operator: Secret,
    known: Known,
}

impl Keys {
    /// The keys of this database, and the operator's of the settings.
    pub fn new(store: Store, operator: Secret) -> Self {
        Self { shared: Arc::new(Shared { store, operator, known: Known::default() }) }
    }

    /// Who shows this key. A key that this process has revoked opens nothing from that moment on; one that was changed
    /// in the database behind its back, some seconds later.
    pub async fn caller(&self, shown: &Secret, now: DateTime<Utc>) -> Result<Caller, NoCaller> {
        if *shown == self.shared.operator {
            return Ok(Caller::operator());
        }
        let text = KeyText::read(shown).ok_or(NoCaller::Unreadable)?;
        let key = self.known(text.id(), now).await?;
        if !text.is_of(&key.hash) {
            return Err(NoCaller::Unknown);
        }
        good(&key, now).map(|()| Caller::of(&key))
    }

    /// Whether somebody who was let in may still be: the key was not revoked since, and has not expired.
    pub async fn still(&self, caller: &Caller, now: DateTime<Utc>) -> Result<(), NoCaller> {
        match caller.key {
            Some(id) => good(&*self.known(id, now).await?, now),
            None => Ok(()),
        }
    }

    async fn known(&self, id: KeyId, now: DateTime<Utc>) -> Result<Arc<ApiKey>, NoCaller> {
        match self.shared.known.fresh(id, Instant::now()) {
            Some(key) => Ok(key),
            None => self.look_up(id, now).await?.ok_or(NoCaller::Unknown),
        }
    }

    /// Whether this is a key that was looked up before, or one so long that to try it is no guess.
    fn is_no_guess(&self, shown: &Secret) -> bool {
        if *shown == self.shared.operator {
            return shown.expose().len() >= UNGUESSABLE_BYTES;
        }
        let known = KeyText::read(shown).map(|text| (self.shared.known.any(text.id()), text));
        known.is_some_and(|(known, text)| known.is_some_and(|key| text.is_of(&key.hash)))
    }

    async fn look_up(&self, id: KeyId, now: DateTime<Utc>) -> Result<Option<Arc<ApiKey>>, StoreError> {
        let reading = Reading::begin(&self.shared.known);
        let Some(key) = keys::find(self.shared.store.reads(), id).await? else { return Ok(None) };
        let key = Arc::new(key);
        if reading.keep(&key, Instant::now()) && self.shared.known.is_use_news(&key, now) {
            self.note_use(id, now);
        }
        Ok(Some(key))
    }

    /// In its own time: no request waits for it, and a full disk keeps nobody from reading.
    fn note_use(&self, id: KeyId, now: DateTime<Utc>) {
        let store = self.shared.store.clone();
        tokio::spawn(async move {
            if let Err(error) = keys::note_use(&store, id, now).await {
                debug!(error = &error as &dyn Error, key = id.0, "could not note that a key is used");
            }
        });
    }

    /// Forgets what is known of a key once this is dropped: to be held while the key is changed, so that it is forgotten
    /// however that ends.
    pub(crate) fn forgetting(&self, key: KeyId) -> Forgetting<'_> {
        Forgetting { keys: self, key }
    }
}

/// Whether a key opens anything now.
fn good(key: &ApiKey, now: DateTime<Utc>) -> Result<(), NoCaller> {
    match (key.revoked_at, key.expires_at) {
        (Some(at), _) => Err(NoCaller::Revoked(at)),
        (None, Some(at)) if at <= now => Err(NoCaller::Expired(at)),
        _ => Ok(()),
    }
}

/// Forgets a key in the end.
pub(crate) struct Forgetting<'a> {
    keys: &'a Keys,
    key: KeyId,
}

impl Drop for Forgetting<'_> {
    fn drop(&mut self) {
        self.keys.shared.known.forget(self.key);
    }
}
