//! Requests that may come again: the effect is made once, and every time is answered alike.

use actors::domain::access::Scope;
use actors::domain::ids::SellerId;
use actors::store::OfficeTx;
use actors::store::office::requests::{self, RequestName};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::{Office, OfficeError};
use crate::keys::Caller;
use crate::vault::{Purpose, Sealed, Secret};

/// The longest Idempotency-Key.
const KEY_BYTES: usize = 200;

/// What is asked, in short: two requests with one Idempotency-Key and different prints are a mistake of whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Print([u8; 32]);

impl Print {
    /// Of a request over HTTP.
    pub fn of(method: &str, path: &str, body: &[u8]) -> Self {
        Self(digest(&[method.as_bytes(), path.as_bytes(), body]))
    }
}

/// Each part with its length before it, so that no two lists of parts are written alike.
fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

/// Who asks the front office for something, when, and how the same request is known when it comes again.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub(super) caller: &'a Caller,
    pub(super) at: DateTime<Utc>,
    same: Option<(&'a str, Print)>,
}

impl<'a> Request<'a> {
    /// A request that is another one each time.
    pub fn new(caller: &'a Caller, at: DateTime<Utc>) -> Self {
        Self { caller, at, same: None }
    }

    /// A request with an Idempotency-Key, if it has one: for seven days it is the same each time. Keys of different
    /// callers are different.
    pub fn once(self, idempotency_key: Option<&'a str>, print: Print) -> Self {
        Self { same: idempotency_key.map(|key| (key, print)), ..self }
    }

    /// Refuses it unless whoever asks may do this, to this seller. The routes ask before; this holds where one forgot.
    pub(super) fn allows(&self, scope: Scope, seller: Option<SellerId>) -> Result<(), OfficeError> {
        if !self.caller.may(scope) {
            return Err(OfficeError::NotAllowed(scope));
        }
        match seller.filter(|seller| !self.caller.may_see(*seller)) {
            Some(other) => Err(OfficeError::NotTheirs(other)),
            None => Ok(()),
        }
    }
}

/// What was done, now or when the same was asked before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Once<T> {
    /// What is answered.
    pub value: T,
    /// Whether it was done before.
    pub again: bool,
}

/// A request as the store knows it.
struct Named<'a> {
    caller: String,
    key: &'a str,
    print: Print,
}

impl<'a> Named<'a> {
    fn of(request: &Request<'a>) -> Result<Option<Self>, OfficeError> {
        let Some((key, print)) = request.same else { return Ok(None) };
        let fits = !key.is_empty() && key.len() <= KEY_BYTES && key.bytes().all(|byte| byte.is_ascii_graphic());
        match fits {
            true => Ok(Some(Self { caller: request.caller.requests(), key, print })),
            false => Err(OfficeError::RequestUnreadable),
        }
    }

    fn name(&self) -> RequestName<'_> {
        RequestName { caller: &self.caller, key: self.key }
    }

    /// An answer opens for the very request it was given to.
    fn purpose(&self) -> Purpose {
        answer(&self.caller, self.key, &self.print)
    }
}

fn answer(caller: &str, key: &str, print: &Print) -> Purpose {
    Purpose::Answer { to: digest(&[caller.as_bytes(), key.as_bytes(), &print.0]) }
}

/// What a kept answer is sealed for, from its row; none: its print makes no sense.
pub(super) fn answer_to(caller: &str, key: &str, print: &str) -> Option<Purpose> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(print, &mut bytes).ok()?;
    Some(answer(caller, key, &Print(bytes)))
}

impl Office {
    /// Does something once for each request: in one transaction with `work`'s effect its answer is kept, sealed, and
    /// given to the same request whenever it comes again. Those that come at once wait for each other. What fails is not
    /// kept, and may be tried again.
    ///
    /// `work` writes with nothing but the transaction it is given: on SQLite, whoever else wants to write waits for it.
    /// What is to be done outside of the database is done after this, each time, as the process may have ended before it
    /// was done the first time.
    pub async fn once<T, E, W>(&self, request: &Request<'_>, work: W) -> Result<Once<T>, E>
    where
        T: Serialize + DeserializeOwned,
        E: From<OfficeError>,
        W: AsyncFnOnce(&OfficeTx) -> Result<T, E>,
    {
        let named = Named::of(request)?;
        let tx = self.begin().await?;
        if let Some(named) = &named
            && let Some(sealed) = take(&tx, named, request.at).await?
        {
            commit(tx).await?;
            return Ok(Once { value: self.open(named, sealed)?, again: true });
        }
        let value = work(&tx).await?;
        if let Some(named) = &named {
            self.keep(&tx, named, &value).await?;
        }
        commit(tx).await?;
        Ok(Once { value, again: false })
    }

    /// The same for work that cannot be done in one transaction, and that does no harm when it is done twice: a replay of
    /// the ledger, a look at a connection. Of several answers, the first that was kept is everybody's.
    pub async fn once_at_least<T, E, W>(&self, request: &Request<'_>, work: W) -> Result<Once<T>, E>
    where
        T: Serialize + DeserializeOwned,
        E: From<OfficeError>,
        W: AsyncFnOnce() -> Result<T, E>,
    {
        let Some(named) = Named::of(request)? else { return Ok(Once { value: work().await?, again: false }) };
        let tx = self.begin().await?;
        if let Some(sealed) = take(&tx, &named, request.at).await? {
            commit(tx).await?;
            return Ok(Once { value: self.open(&named, sealed)?, again: true });
        }
        // It is taken up for good with its answer; to hold it while the work is done would be to hold the pen.
        drop(tx);
        let value = work().await?;
        self.once(request, async |_: &OfficeTx| Ok(value)).await
    }

    async fn keep<T: Serialize>(&self, tx: &OfficeTx, named: &Named<'_>, value: &T) -> Result<(), OfficeError> {
        let text = serde_json::to_string(value).expect("plain values with text keys are always JSON");
        let sealed = self.vault.seal(&Secret::from(text), &named.purpose())?;
        Ok(requests::keep_answer(tx, named.name(), sealed.as_str()).await?)
    }

    fn open<T: DeserializeOwned>(&self, named: &Named<'_>, sealed: Sealed) -> Result<T, OfficeError> {
        let text = self.vault.open(&sealed, &named.purpose())?;
        serde_json::from_str(text.expose()).map_err(|_| {
            // What the parser says repeats what it parsed.
            let why = "it is not what is answered now".to_owned();
            OfficeError::Store(actors::store::StoreError::Unreadable { what: "office_request", why })
        })
    }
}

/// Takes a request up, or finds the answer it had.
async fn take(tx: &OfficeTx, named: &Named<'_>, now: DateTime<Utc>) -> Result<Option<Sealed>, OfficeError> {
    let print = hex::encode(named.print.0);
    let kept = requests::take(tx, named.name(), &print, now).await?;
    match kept.print == print {
        true => Ok(kept.answer.map(Sealed::stored)),
        false => Err(OfficeError::RequestReused),
    }
}

async fn commit(tx: OfficeTx) -> Result<(), OfficeError> {
    Ok(tx.commit("office").await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_print_is_of_the_whole_request_and_of_each_part_in_its_place() {
        let print = Print::of("POST", "/api/v1/sellers", b"{}");
        assert_eq!(print, Print::of("POST", "/api/v1/sellers", b"{}"));
        for (method, path, body) in [
            ("PUT", "/api/v1/sellers", "{}"),
            ("POST", "/api/v1/sellers/", "{}"),
            ("POST", "/api/v1/sellers", "{} "),
            ("POST", "/api/v1/sellers{}", ""),
            ("POST/api", "/v1/sellers", "{}"),
        ] {
            assert_ne!(print, Print::of(method, path, body.as_bytes()), "{method} {path} {body}");
        }
    }
}
