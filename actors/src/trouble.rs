//! Patience with the store: what it says, or that it said nothing in time.

use std::future::Future;
use std::time::Duration;

use thiserror::Error;
use tokio::time::timeout;

use crate::store::StoreError;

/// Why the store did not do it, as far as is known.
#[derive(Debug, Error)]
pub(crate) enum Trouble {
    /// It said so.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It said nothing in time.
    #[error("the store said nothing within {0:?}")]
    TooLong(Duration),
}

/// Waits for the store, but not for ever: whoever waits in a handler can neither be stopped nor answer.
pub(crate) async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, Trouble> {
    match timeout(limit, work).await {
        Ok(done) => Ok(done?),
        Err(_elapsed) => Err(Trouble::TooLong(limit)),
    }
}
