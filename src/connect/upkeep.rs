//! Keeps what was granted good: tokens are made anew well before their end, dead ones are noted, and subscriptions are
//! looked at daily. What is due stands in the rows, so that a process that ends forgets nothing.

use std::error::Error;

use actors::domain::credential::{CredentialKind, Due, Use};
use actors::domain::ids::SellerId;
use actors::store::office;
use actors::store::office::credentials::{self, Credential, Held};
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::Connect;
use crate::graph::{Grant, LoginError, NoToken, Way};
use crate::office::{GrantedToken, OfficeError};

/// So many in one go, so that a stop gets in between.
const CHUNK: u64 = 50;
/// So many are asked for side by side, so that one that is slow holds up few.
const AT_ONCE: usize = 8;
/// The longest rest: also what nobody told of is found then.
const LONGEST_REST: TimeDelta = TimeDelta::minutes(1);
const AFTER_TROUBLE: TimeDelta = TimeDelta::seconds(10);
/// After a try that told nothing about the token.
const TRY_AGAIN: TimeDelta = TimeDelta::hours(1);

impl Connect {
    /// Works until it is told to stop.
    pub async fn keep_up(self, stop: CancellationToken) {
        let mut is_known = false;
        while !stop.is_cancelled() {
            let looked = async {
                if !is_known {
                    self.look_again().await.map_err(OfficeError::from)?;
                }
                self.look().await
            };
            let next = match stop.run_until_cancelled(looked).await {
                None => return,
                Some(Ok(next)) => {
                    is_known = true;
                    next
                }
                Some(Err(error)) => {
                    warn!(error = &error as &dyn Error, "could not look after connections; it is tried again");
                    self.now() + AFTER_TROUBLE
                }
            };
            let (clock, world) = (&self.shared.parts.clock, &self.shared.parts.world);
            tokio::select! {
                () = stop.cancelled() => return,
                () = clock.sleep_until(next) => {}
                () = world.until_a_token_is_refused() => {}
                () = self.shared.look.notified() => {}
            }
        }
    }

    /// Does what is due, and says when to look again.
    async fn look(&self) -> Result<DateTime<Utc>, OfficeError> {
        let now = self.now();
        for (held, refused) in credentials::newly_refused(self.reads(), CHUNK).await? {
            self.shared.parts.office.refuse_token(held, &refused.code).await?;
        }
        let due = credentials::due(self.reads(), now, CHUNK).await?;
        let subscriptions = office::subscriptions::due(self.reads(), now, CHUNK).await?;
        let is_more = due.len() as u64 == CHUNK || subscriptions.len() as u64 == CHUNK;
        for some in due.chunks(AT_ONCE) {
            let done = join_all(some.iter().map(|held| self.look_after(held))).await;
            done.into_iter().collect::<Result<(), _>>()?;
        }
        for some in subscriptions.chunks(AT_ONCE) {
            // What came of it is noted there, also when it did not work.
            join_all(some.iter().map(|(seller, connection)| self.subscribe(*seller, *connection))).await;
        }
        let next = office::subscriptions::next_look(self.reads(), now).await?;
        let latest = now + LONGEST_REST;
        Ok(if is_more { now } else { next.map_or(latest, |next| next.min(latest)) })
    }

    async fn look_after(&self, held: &Credential) -> Result<(), OfficeError> {
        let (now, office) = (self.now(), &self.shared.parts.office);
        let Some(life) = held.lifetime() else { return office.put_off_token(held, (None, None)).await };
        let warn = match life.due(now) {
            Due::Over => return office.refuse_token(Held::from(held), "expired").await.map(|_| ()),
            Due::Nothing => return office.put_off_token(held, (life.next_look(now), None)).await,
            Due::Refresh { warn } => warn,
        };
        match self.refresh(held).await {
            Ok(grant) => {
                office.refreshed(held, &renewed(held, grant)).await?;
                Ok(())
            }
            Err(LoginError::Token { code }) => office.refuse_token(Held::from(held), &code).await.map(|_| ()),
            Err(error) => {
                let SellerId(seller) = held.seller;
                warn!(seller.id = seller, error = %error, "could not make a new token of one that ends; it is tried again");
                let daily = life.next_look(now);
                let soon = Some(now + TRY_AGAIN);
                let next = if matches!(error, LoginError::Later(_)) { daily.min(soon) } else { daily };
                office.put_off_token(held, (next, warn)).await
            }
        }
    }

    async fn refresh(&self, held: &Credential) -> Result<Grant, LoginError> {
        let way = match held.kind {
            CredentialKind::Instagram => Way::Instagram,
            CredentialKind::FacebookUser => Way::Facebook,
            // These have no end that anybody has told us of.
            CredentialKind::Page | CredentialKind::Given => {
                return Err(LoginError::Refused { code: "page".to_owned() });
            }
        };
        let token = self.token(held.seller, held).await?;
        self.shared.parts.login.refresh(way, &token, self.now()).await
    }

    async fn token(&self, seller: SellerId, held: &Credential) -> Result<crate::vault::Secret, LoginError> {
        match (self.shared.parts.tokens)(seller, held.connection, held.purpose).await {
            Ok(found) if found.generation == held.generation => Ok(found.token),
            Ok(_) | Err(NoToken::Missing) => Err(LoginError::Later("it is another token by now".to_owned())),
            Err(NoToken::Refused { code, .. }) => Err(LoginError::Token { code }),
            Err(NoToken::Unreadable(why)) => Err(LoginError::Later(why)),
        }
    }
}

/// The same rights, and a new end.
fn renewed(held: &Credential, grant: Grant) -> GrantedToken {
    let scopes = if grant.scopes.is_empty() { held.scopes.clone() } else { grant.scopes };
    GrantedToken {
        purpose: held.purpose,
        kind: held.kind,
        token: grant.token,
        person: held.person.clone(),
        scopes,
        expires_at: grant.expires_at,
        data_access_expires_at: held.data_access_expires_at.filter(|_| held.purpose == Use::Catalog),
    }
}
