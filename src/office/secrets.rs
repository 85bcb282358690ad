//! What is kept sealed: which key it is sealed with, whether it opens, and how all of it comes to a new key while the
//! service runs. Nothing is remembered of a run but what it has done, so a run that was cut off is simply made again.

use std::collections::BTreeMap;

use actors::domain::access::Scope;
use actors::domain::credential::Use;
use actors::domain::ids::{ConnectingId, ConnectionId, EndpointId, SellerId};
use actors::store::sealed::{self, SealedColumn, SealedRow};
use actors::store::{OfficeTx, Store, StoreError};
use serde_json::json;
use thiserror::Error;
use tracing::error;

use super::connections::sealed_for;
use super::deeds::note;
use super::once::answer_to;
use super::{Office, OfficeError, Request};
use crate::vault::{Purpose, Root, Sealed, Vault, VaultError};
use crate::webhooks_out;

/// Texts of one transaction. On SQLite everybody else who writes waits for it.
const BATCH: u64 = 100;
/// Texts of one request: enough to get on, and few enough to be answered soon.
const AT_ONCE: u64 = 1000;
/// Texts that do not open are named up to so many.
const NAMED: usize = 20;

/// What is kept sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secrets {
    /// The name of the key that seals.
    pub current: String,
    /// How many texts each key has sealed, by its name and by what they are. An empty name: they are no sealed texts.
    pub by_key: BTreeMap<String, BTreeMap<String, i64>>,
}

/// What a request to seal anew has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resealed {
    /// How many texts were sealed anew.
    pub texts: u64,
    /// Texts that do not open: where some of them are, and why.
    pub broken: Broken,
    /// How it is now.
    pub now: Secrets,
    /// Whether all that can be sealed anew is.
    pub is_over: bool,
}

/// Texts that do not open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Broken {
    /// How many were met.
    pub texts: i64,
    /// Where the first of them are, and why.
    pub named: Vec<String>,
}

impl Broken {
    fn add(&mut self, sentence: impl FnOnce() -> String) {
        self.texts += 1;
        if self.named.len() < NAMED {
            self.named.push(sentence());
        }
    }
}

impl Secrets {
    /// How many texts are not sealed with the current key.
    pub fn outdated(&self) -> i64 {
        let others = self.by_key.iter().filter(|(key, _)| **key != self.current);
        others.flat_map(|(_, texts)| texts.values()).sum()
    }

    fn total(&self) -> i64 {
        self.by_key.values().flat_map(BTreeMap::values).sum()
    }
}

/// Why the service must not start with these keys.
#[derive(Debug, Error)]
pub enum WrongKey {
    /// Nothing that is kept would open, and whatever is sealed from now on would be lost with the right key.
    #[error(
        "secrets.encryption_key (key {current}) opens nothing of what is stored: all {texts} sealed texts need the key \
         {needed}; set that one, or set it as secrets.previous_encryption_key and run `hawker secrets rotate`"
    )]
    OpensNothing {
        /// The key that is set.
        current: String,
        /// How many texts there are.
        texts: i64,
        /// The names of the keys they are sealed with.
        needed: String,
    },
    /// It has the right name and does not open.
    #[error("the root secret does not open, although its key is there")]
    Damaged(#[source] VaultError),
    /// The database.
    #[error("could not read what is sealed")]
    Store(#[from] StoreError),
}

/// Opens the root secret, or makes one; says what the keys do not open. Before anything else is opened or sealed.
pub async fn root(store: &Store, vault: &Vault, accepts_loss: bool) -> Result<Root, WrongKey> {
    let kept = counted(store, vault).await?;
    let missing: BTreeMap<&String, i64> = kept.by_key.iter().filter(|(key, _)| !vault.has_key(key)).map(sum).collect();
    let lost: i64 = missing.values().sum();
    let needed = missing.keys().map(|key| key.as_str()).collect::<Vec<_>>().join(", ");
    if lost > 0 && lost == kept.total() && !accepts_loss {
        return Err(WrongKey::OpensNothing { current: kept.current, texts: lost, needed });
    }
    if lost > 0 {
        error!(
            texts = lost,
            keys = needed,
            "{lost} sealed texts need the keys {needed}, which are not set: what they are for does not work until they \
             are made anew (`hawker secrets show` says what they are)"
        );
    }
    match sealed::root(store.reads()).await? {
        Some(text) => match vault.open(&Sealed::stored(text), &Purpose::Root) {
            Ok(text) => Root::kept(&text).ok_or(WrongKey::Damaged(VaultError::NotSealed)),
            Err(VaultError::UnknownKey { .. }) if accepts_loss => make_root(store, vault).await,
            Err(error) => Err(WrongKey::Damaged(error)),
        },
        None => make_root(store, vault).await,
    }
}

fn sum<'a>((key, texts): (&'a String, &BTreeMap<String, i64>)) -> (&'a String, i64) {
    (key, texts.values().sum())
}

async fn make_root(store: &Store, vault: &Vault) -> Result<Root, WrongKey> {
    let root = Root::random().map_err(WrongKey::Damaged)?;
    let sealed = vault.seal(&root.text(), &Purpose::Root).map_err(WrongKey::Damaged)?;
    let tx = OfficeTx::begin(store.pen()).await?;
    sealed::put_root(&tx, sealed.as_str()).await?;
    tx.commit("office").await?;
    Ok(root)
}

async fn counted(store: &Store, vault: &Vault) -> Result<Secrets, StoreError> {
    let mut kept = Secrets { current: vault.current_key().to_owned(), ..Secrets::default() };
    for found in sealed::counts(store.reads()).await? {
        let key = Sealed::key_of_head(&found.head).unwrap_or_default().to_owned();
        *kept.by_key.entry(key).or_default().entry(what(found.of)).or_default() += found.count;
    }
    Ok(kept)
}

/// `connection.sealed_token`
fn what(of: SealedColumn) -> String {
    format!("{}.{}", of.table, of.column)
}

/// What the texts of a column are sealed for; none: the row makes no sense.
fn purpose(of: SealedColumn, row: &SealedRow) -> Option<Purpose> {
    let number = |text: Option<&String>| text?.parse::<i64>().ok();
    let id = number(row.key.first());
    match of.table {
        "root_secret" => Some(Purpose::Root),
        "credential" => {
            let connection = ConnectionId(number(row.key.get(1))?);
            Some(sealed_for(SellerId(id?), connection, Use::named(row.key.get(2)?)?))
        }
        "connecting" => {
            Some(Purpose::Choice { seller: SellerId(number(row.bound.first())?), connecting: ConnectingId(id?) })
        }
        "webhook_endpoint" => Some(webhooks_out::purpose(SellerId(number(row.bound.first())?), EndpointId(id?))),
        "office_request" => answer_to(row.key.first()?, row.key.get(1)?, row.bound.first()?),
        _ => None,
    }
}

impl Office {
    /// What is kept sealed, and with which keys.
    pub async fn secrets(&self) -> Result<Secrets, OfficeError> {
        Ok(counted(&self.store, &self.vault).await?)
    }

    /// Seals with the current key what is sealed with others, as much as one request may; what somebody else writes in
    /// the meantime stays as they wrote it. To be asked again until it is over.
    pub async fn reseal(&self, request: &Request<'_>) -> Result<Resealed, OfficeError> {
        request.allows(Scope::SecretsWrite, None)?;
        let (mut texts, mut broken) = (0, Broken::default());
        for of in sealed::ALL {
            let mut after: Option<Vec<String>> = None;
            while texts < AT_ONCE {
                let from = (self.vault.current_mark(), after.take());
                let rows = sealed::outdated(self.store.reads(), of, (&from.0, from.1.as_deref()), BATCH).await?;
                let Some(last) = rows.last() else { break };
                after = Some(last.key.clone());
                texts += self.reseal_rows(of, &rows, &mut broken).await?;
            }
        }
        let now = self.secrets().await?;
        if texts > 0 {
            let tx = self.begin().await?;
            note(&tx, request, (None, "secrets.resealed"), json!({ "texts": texts, "key": now.current })).await?;
            tx.commit("office").await?;
        }
        // What is written while this goes on is sealed with the current key, but an old secret may be moved into a
        // column that was looked through before: only the count tells that nothing is left.
        let is_over = now.outdated() <= broken.texts;
        Ok(Resealed { texts, broken, now, is_over })
    }

    async fn reseal_rows(&self, of: SealedColumn, rows: &[SealedRow], broken: &mut Broken) -> Result<u64, OfficeError> {
        // Sealed before the pen is taken.
        let mut anew = Vec::with_capacity(rows.len());
        for row in rows {
            match self.reseal_one(of, row) {
                Ok(sealed) => anew.push((row, sealed)),
                Err(error) => broken.add(|| format!("{} of {}: {error}", what(of), row.key.join("/"))),
            }
        }
        if anew.is_empty() {
            return Ok(0);
        }
        let (tx, mut texts) = (self.begin().await?, 0);
        for (row, sealed) in &anew {
            texts += u64::from(sealed::replace(&tx, of, row, sealed.as_str()).await?);
        }
        tx.commit("office.reseal").await?;
        Ok(texts)
    }

    fn reseal_one(&self, of: SealedColumn, row: &SealedRow) -> Result<Sealed, VaultError> {
        let purpose = purpose(of, row).ok_or(VaultError::NotSealed)?;
        let plain = self.vault.open(&Sealed::stored(row.sealed.clone()), &purpose)?;
        self.vault.seal(&plain, &purpose)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sealed_column_has_a_purpose() {
        for of in sealed::ALL {
            let bound = if of.table == "office_request" { "03".repeat(32) } else { "7".to_owned() };
            let key = ["1", "2", "catalog"].map(str::to_owned).to_vec();
            let row = SealedRow { key, bound: vec![bound], sealed: String::new() };
            assert!(purpose(of, &row).is_some(), "{}", what(of));
        }
    }
}
