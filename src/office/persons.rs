//! What Meta asks for on behalf of persons: an app that is shut out, data that is to be deleted, permissions taken back.
//! Each request is taken once; what it comes to in a shop is done by the shop's own actor.

use std::collections::BTreeSet;

use actors::domain::access::Holder;
use actors::domain::command::{Command, Commanded};
use actors::domain::erasure::{Erased, Person};
use actors::domain::ids::{ConnectionId, SellerId};
use actors::domain::shop_event::ShopEventKind;
use actors::store::office::audit::{self, Deed};
use actors::store::office::meta_requests as requests;
use actors::store::{OfficeTx, erasures, inbox};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{Office, OfficeError};
use crate::door::{SignedRequest, TakenBack};
use crate::keys::NoRandomness;

/// Why a token is taken no more: its person has shut our app out.
pub const DEAUTHORIZED: &str = "revoked";
/// Why a token is taken no more: its person has taken a permission back.
pub const PERMISSION_REVOKED: &str = "permission_revoked";
/// Why a token is taken no more: its person wants to be forgotten.
pub const DATA_DELETED: &str = "data_deleted";

/// A request that was taken, now or before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenUp {
    /// Its confirmation code.
    pub code: String,
    /// Whether it was taken before, and nothing was done now.
    pub again: bool,
}

/// What became of a request to delete data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// Its confirmation code.
    pub code: String,
    /// When it came.
    pub asked_at: DateTime<Utc>,
    /// When all of it was done; none: it is under way.
    pub done_at: Option<DateTime<Utc>>,
    /// In how many places there was anything, and in how many of them it is erased.
    pub places: (usize, usize),
    /// How many connections were ended.
    pub connections: usize,
    /// How much was erased.
    pub erased: Erased,
}

impl Office {
    /// Drops every token of a person who has shut our app out. What waits to be sent with them is held until somebody
    /// connects anew.
    pub async fn deauthorize(&self, signed: &SignedRequest) -> Result<TakenUp, OfficeError> {
        let now = self.world.now();
        let (tx, code) = (self.begin().await?, code()?);
        let (code, again) = requests::take(&tx, (&code, &signed.print, "deauthorize"), now).await?;
        if again {
            return Ok(TakenUp { code, again });
        }
        let changed =
            requests::drop_tokens(&tx, (&signed.person, DEAUTHORIZED), (granted_by(signed.issued_at), now)).await?;
        requests::comes_to(&tx, &code, 0, changed.len()).await?;
        self.note_changes(&tx, &changed, DEAUTHORIZED, now).await?;
        self.commit_and_tell(tx, changed.iter().map(|(seller, _)| *seller)).await?;
        Ok(TakenUp { code, again })
    }

    /// Has everything of a person erased: in every shop that has anything of them, of what is nobody's, and of the tokens
    /// they granted.
    pub async fn delete_data(&self, signed: &SignedRequest) -> Result<TakenUp, OfficeError> {
        let (now, person) = (self.world.now(), signed.person.as_str());
        let shops = requests::shops_with(self.store.reads(), person).await?;
        let (tx, code) = (self.begin().await?, code()?);
        let (code, again) = requests::take(&tx, (&code, &signed.print, "data_deletion"), now).await?;
        if again {
            drop(tx);
            // It may have been cut off then, and Meta sends it again where it got no answer.
            self.empty_nobodys((person, &code), now).await?;
            return Ok(TakenUp { code, again });
        }
        let changed = requests::drop_tokens(&tx, (person, DATA_DELETED), (granted_by(signed.issued_at), now)).await?;
        requests::forget_granter(&tx, person).await?;
        for (n, (seller, account)) in shops.iter().enumerate() {
            let whom = Person::MetaId { account: account.clone(), id: person.to_owned() };
            let command = Command::Forget { person: whom, request: Some(code.clone()) };
            let commanded = Commanded { by: Some("Meta".to_owned()), command };
            inbox::command(&tx, *seller, (&format!("forget:{code}:{n}"), &commanded), now).await?;
            note(&tx, *seller, "customer.forget", json!({ "request": code }), now).await?;
        }
        requests::comes_to(&tx, &code, shops.len(), changed.len()).await?;
        self.note_changes(&tx, &changed, DATA_DELETED, now).await?;
        let sellers: BTreeSet<SellerId> =
            shops.iter().map(|(seller, _)| *seller).chain(changed.iter().map(|(seller, _)| *seller)).collect();
        self.commit_and_tell(tx, sellers.into_iter()).await?;
        // Nobody's events have no actor. What is left of them when the process ends here, its next start does not know
        // of: they go when Meta asks again, and by themselves after a week.
        self.empty_nobodys((person, &code), now).await?;
        Ok(TakenUp { code, again })
    }

    async fn empty_nobodys(&self, (person, code): (&str, &str), now: DateTime<Utc>) -> Result<(), OfficeError> {
        requests::empty_nobodys(&self.store, (person, code), self.world.keyed(), now).await?;
        Ok(self.world.reload_erased().await?)
    }

    /// What became of the request with this code.
    pub async fn deletion(&self, code: &str) -> Result<Option<Deletion>, OfficeError> {
        let reads = self.store.reads();
        let kept = requests::with_code(reads, code).await?.filter(|kept| kept.kind == "data_deletion");
        let Some(kept) = kept else { return Ok(None) };
        let parts = erasures::of_request(reads, code).await?;
        let (mut erased, shops) = (Erased::default(), usize::try_from(kept.parts).unwrap_or_default());
        parts.iter().for_each(|part| erased += part.erased);
        let places = parts.len().max(shops);
        let done: Vec<DateTime<Utc>> = parts.iter().filter_map(|part| part.done_at).collect();
        // One that comes to nothing is done as it comes.
        let last = done.iter().max().copied().unwrap_or(kept.at);
        Ok(Some(Deletion {
            code: kept.code,
            asked_at: kept.at,
            done_at: (done.len() >= places).then_some(last),
            places: (places, done.len()),
            connections: usize::try_from(kept.connections).unwrap_or_default(),
            erased,
        }))
    }

    /// Notes that tokens do not do any more what they are for, as their person has taken permissions back. Told again, it
    /// changes nothing.
    pub async fn permissions_taken_back(&self, taken: &TakenBack) -> Result<(), OfficeError> {
        let now = self.world.now();
        let then = taken.at.map_or(now, granted_by);
        let tx = self.begin().await?;
        let changed = requests::doubt_tokens(&tx, (&taken.person, PERMISSION_REVOKED), (then, now)).await?;
        self.note_changes(&tx, &changed, PERMISSION_REVOKED, now).await?;
        self.commit_and_tell(tx, changed.iter().map(|(seller, _)| *seller)).await
    }

    async fn note_changes(
        &self,
        tx: &OfficeTx,
        changed: &[(SellerId, ConnectionId)],
        cause: &str,
        now: DateTime<Utc>,
    ) -> Result<(), OfficeError> {
        for (seller, connection) in changed {
            inbox::announce(tx, *seller, (ShopEventKind::ConnectionChanged, connection.0), now).await?;
            let detail = json!({ "connection": connection, "cause": cause });
            note(tx, *seller, "connection.token_dropped", detail, now).await?;
        }
        Ok(())
    }

    async fn commit_and_tell(&self, tx: OfficeTx, sellers: impl Iterator<Item = SellerId>) -> Result<(), OfficeError> {
        let news: Vec<_> = sellers.map(|seller| self.news_for(seller)).collect();
        tx.commit("office").await?;
        for news in news {
            news.tell().await;
        }
        Ok(())
    }
}

/// Until when what was granted is meant by what Meta tells of at this time: it is told to the second, and whoever grants
/// anew has been at Meta for longer than that.
fn granted_by(told_at: DateTime<Utc>) -> DateTime<Utc> {
    told_at + TimeDelta::seconds(1)
}

/// 128 bits that nobody guesses.
pub(super) fn code() -> Result<String, OfficeError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(hex::encode(bytes))
}

async fn note(
    tx: &OfficeTx,
    seller: SellerId,
    action: &str,
    detail: Value,
    now: DateTime<Utc>,
) -> Result<(), OfficeError> {
    let holder = Holder::Operator;
    let deed = Deed { key: None, named: "Meta".to_owned(), holder, seller: Some(seller), action, detail };
    Ok(audit::note(tx, &deed, now).await?)
}
