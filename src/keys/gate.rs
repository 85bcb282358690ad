//! What every request passes: who calls, and whether that is not too often.

use std::net::IpAddr;
use std::time::Instant;

use chrono::{DateTime, Utc};
use thiserror::Error;

use super::{Caller, Guesses, Keys, Left, NoCaller, Pace, Wait};
use crate::vault::Secret;

/// The gate.
pub struct Gate {
    keys: Keys,
    pace: Pace,
    guesses: Guesses,
}

/// Somebody who may go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// Who.
    pub caller: Caller,
    /// What they may still ask now.
    pub left: Left,
}

/// Why somebody may not.
#[derive(Debug, Error)]
pub enum NotAdmitted {
    /// Nobody who may call.
    #[error(transparent)]
    NoCaller(#[from] NoCaller),
    /// The key is used too fast.
    #[error("the key is used too fast")]
    TooFast(Wait),
    /// Too many keys were tried from there that are none.
    #[error("too many wrong keys")]
    TooManyGuesses(Wait),
}

impl Gate {
    /// A gate for these keys.
    pub fn new(keys: Keys, pace: Pace, guesses: Guesses) -> Self {
        Self { keys, pace, guesses }
    }

    /// Lets whoever shows a key in, or says why not. Where too many wrong keys came from, no key is tried that could be
    /// a guess; those that were good before, and an operator's key that is too long to be guessed, open even then: many
    /// may come from behind one address.
    pub async fn admit(
        &self,
        shown: &Secret,
        from: Option<IpAddr>,
        now: DateTime<Utc>,
    ) -> Result<Admitted, NotAdmitted> {
        if !self.keys.is_no_guess(shown) {
            self.guesses.may_try(from, Instant::now()).map_err(NotAdmitted::TooManyGuesses)?;
        }
        let caller = self.keys.caller(shown, now).await.inspect_err(|no_caller| {
            if matches!(no_caller, NoCaller::Unknown | NoCaller::Unreadable) {
                self.guesses.count(from, Instant::now());
            }
        })?;
        let left = self.pace.check(&caller).map_err(NotAdmitted::TooFast)?;
        Ok(Admitted { caller, left })
    }

    /// Whether somebody who was let in and is still served may go on.
    pub async fn still(&self, caller: &Caller, now: DateTime<Utc>) -> bool {
        self.keys.still(caller, now).await.is_ok()
    }
}
