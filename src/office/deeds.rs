//! Who did what, as the front office notes it.

use actors::domain::access::Scope;
use actors::domain::ids::SellerId;
use actors::store::office::audit::{self, Deed};
use actors::store::{OfficeTx, StoreError};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Office, OfficeError, Once, Request};
use crate::keys::Caller;

impl Office {
    /// Notes a use of a key on a shop, before it is made: on disk, or not at all. What cannot be noted is not to be done.
    pub async fn note(
        &self,
        caller: &Caller,
        (seller, action): (Option<SellerId>, &str),
        detail: Value,
        now: DateTime<Utc>,
    ) -> Result<(), OfficeError> {
        let tx = self.begin().await?;
        audit::note(&tx, &deed(caller, seller, action, detail), now).await?;
        Ok(tx.commit("office").await?)
    }
}

impl Office {
    /// Does something to a shop once for each request, and notes it, in one transaction.
    pub async fn once_noted<T, E, W>(
        &self,
        request: &Request<'_>,
        (scope, seller): (Scope, SellerId),
        (action, detail): (&str, Value),
        work: W,
    ) -> Result<Once<T>, E>
    where
        T: Serialize + DeserializeOwned,
        E: From<OfficeError>,
        W: AsyncFnOnce(&OfficeTx) -> Result<T, E>,
    {
        request.allows(scope, Some(seller))?;
        let doing = async |tx: &OfficeTx| {
            let done = work(tx).await?;
            note(tx, request, (Some(seller), action), detail).await.map_err(OfficeError::from)?;
            Ok::<_, E>(done)
        };
        self.once(request, doing).await
    }
}

/// Notes a change in the transaction that makes it.
pub(super) async fn note(
    tx: &OfficeTx,
    request: &Request<'_>,
    (seller, action): (Option<SellerId>, &str),
    detail: Value,
) -> Result<(), StoreError> {
    audit::note(tx, &deed(request.caller, seller, action, detail), request.at).await
}

fn deed<'a>(caller: &'a Caller, seller: Option<SellerId>, action: &'a str, detail: Value) -> Deed<'a> {
    let Caller { key, holder, .. } = caller;
    Deed { key: *key, named: caller.named(), holder: *holder, seller, action, detail }
}
