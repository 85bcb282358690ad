//! One connection looked at from end to end: what Meta says of it, what we know of it, and whether what is sent to us
//! would arrive. It goes as far as it can where Meta does not answer, and says so.

mod meta;
mod own;
mod token;

use actors::domain::channel::{Account, Channel};
use actors::domain::credential::{CredentialKind, Use, cause_in_words};
use actors::domain::ids::{ConnectionId, SellerId};
use actors::store::office::credentials::{self, Credential, Held};
use actors::store::office::{self, ConnectionRow, checkups};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::meta::Asked;
use super::finding::{Finding, Light, worst};
use super::{Doctor, NotDone, rhythm};
use crate::graph::{Credentials, NoToken, Way};

/// So many people's messages show that an app is live: roles on an app in development have fewer.
const MANY: usize = 5;
/// Why calls failed is looked for in so many of the newest.
const NEWEST_CALLS: u64 = 200;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Checkup {
    /// When.
    pub at: DateTime<Utc>,
    /// How it is as a whole: the worst of all lines.
    pub light: Light,
    /// What was looked at, in this order.
    pub lines: Vec<Finding>,
}

/// A connection with all that is known of it.
struct Patient {
    row: ConnectionRow,
    /// What is held for messages, or for the catalog where there is nothing else.
    held: Option<Credential>,
    /// What is held for the catalog.
    catalog: Option<Credential>,
    token: Result<Credentials, String>,
    way: Way,
}

impl Patient {
    fn whose(&self, seller: SellerId) -> (SellerId, ConnectionId) {
        (seller, self.row.id)
    }

    fn accounts(&self) -> Vec<&Account> {
        [Some(&self.row.account), self.row.linked.as_ref()].into_iter().flatten().collect()
    }

    fn id_on(&self, channel: Channel) -> Option<&str> {
        self.accounts().into_iter().find(|account| account.channel() == Some(channel)).map(Account::id)
    }

    fn ids(&self) -> Vec<&str> {
        self.accounts().into_iter().map(Account::id).collect()
    }

    /// Whether it was connected at Meta itself. Whoever gave a token by hand sees to the rest.
    fn is_ours(&self) -> bool {
        self.held.as_ref().is_some_and(|held| held.kind != CredentialKind::Given)
    }

    fn is_whatsapp(&self) -> bool {
        self.row.account.channel() == Some(Channel::Whatsapp)
    }

    fn uses(&self) -> Vec<Use> {
        match self.catalog {
            Some(_) => vec![Use::Messages, Use::Catalog],
            None => vec![Use::Messages],
        }
    }
}

impl Doctor {
    /// Looks at a connection. None: the seller has no such connection that works.
    pub(super) async fn look_at(
        &self,
        (seller, connection): (SellerId, ConnectionId),
        is_urgent: bool,
    ) -> Result<Option<Checkup>, NotDone> {
        let Some(patient) = self.patient(seller, connection).await? else { return Ok(None) };
        let mut asked = Asked::new(self.budget_for(seller, is_urgent).await);
        let mut lines = self.of_token(&patient, &mut asked).await?;
        let is_good = patient.token.is_ok() && lines.first().is_none_or(|token| token.light != Light::Red);
        if !patient.is_whatsapp() {
            lines.extend(self.of_assets(seller, (&patient, is_good), &mut asked).await?);
        }
        let metas_time = self.parts.login.metas_time().filter(|_| asked.is_answered);
        lines.extend(self.of_our_own(seller, &patient, metas_time).await?);
        lines.push(self.probe().await);
        Ok(Some(Checkup { at: self.now(), light: worst(&lines), lines }))
    }

    async fn patient(&self, seller: SellerId, connection: ConnectionId) -> Result<Option<Patient>, NotDone> {
        let reads = self.parts.store.reads();
        let rows = office::connections(reads, seller).await?;
        let Some(row) = rows.into_iter().find(|row| row.id == connection && row.state == "connected") else {
            return Ok(None);
        };
        let all = credentials::of_seller(reads, seller).await?;
        let of =
            |purpose: Use| all.iter().find(|held| held.connection == connection && held.purpose == purpose).cloned();
        let (messages, catalog) = (of(Use::Messages), of(Use::Catalog));
        let held = messages.or_else(|| catalog.clone());
        let way = match held.as_ref().map(|held| held.kind) {
            Some(CredentialKind::Instagram) => Way::Instagram,
            _ => Way::Facebook,
        };
        let purpose = held.as_ref().map_or(Use::Messages, |held| held.purpose);
        let token = (self.parts.tokens)(seller, connection, purpose).await.map_err(|error| match error {
            NoToken::Missing => cause_in_words("no_token").to_owned(),
            NoToken::Refused { code, .. } => cause_in_words(&code).to_owned(),
            NoToken::Unreadable(_) => cause_in_words("sealed").to_owned(),
        });
        Ok(Some(Patient { row, held, catalog, token, way }))
    }

    /// The lines of the token itself.
    async fn of_token(&self, patient: &Patient, asked: &mut Asked) -> Result<Vec<Finding>, NotDone> {
        let held = match &patient.token {
            Ok(held) => held,
            Err(cause) => {
                let (what, fix) = token::cause_and_fix(cause);
                return Ok(vec![Finding::red("token", token::sentence(what), fix)]);
            }
        };
        let login = &self.parts.login;
        let app = login.app_id(patient.way).ok();
        // With the app's own token, so that it is no call of the seller's.
        let inspected = match asked.of_app("token", login.inspect(patient.way, &held.token)).await {
            Ok(inspected) => inspected,
            // It is the app that asks, so it is the app that is refused.
            Err(finding) if finding.light == Light::Red => return Ok(vec![app_refused(patient.way)]),
            Err(finding) => return Ok(vec![finding]),
        };
        let now = self.now();
        let mut lines = vec![token::token(&inspected, app, now)];
        if inspected.is_valid && patient.is_whatsapp() {
            lines.push(token::whatsapp_scopes(&inspected));
        } else if inspected.is_valid {
            let uses = match patient.way {
                Way::Instagram => vec![Use::Messages],
                Way::Facebook => patient.uses(),
            };
            lines.push(token::scopes(&inspected, (patient.way, &uses), &patient.ids()));
            lines.push(token::app_review(&inspected, patient.way));
        } else if let Some(held) = &patient.held {
            // From here on nothing is sent in vain, and what is owed waits for another token.
            let code = inspected.error.as_deref().unwrap_or("190");
            self.parts.office.refuse_token(Held::from(held), code).await?;
        }
        Ok(lines)
    }

    /// The lines that are told by what has come, without asking anybody.
    async fn of_our_own(
        &self,
        seller: SellerId,
        patient: &Patient,
        metas_time: Option<DateTime<Utc>>,
    ) -> Result<Vec<Finding>, NotDone> {
        let (reads, now) = (self.parts.store.reads(), self.now());
        let accounts = patient.accounts();
        let errors = checkups::latest_errors(reads, seller, NEWEST_CALLS).await?;
        let many = checkups::is_written_to_by(reads, seller, &accounts, MANY).await?;
        let hours = checkups::lively_hours(reads, &accounts, now - rhythm::KNOWN).await?;
        let seen = self.secrets_seen().await?;
        Ok(vec![
            own::app_mode(&errors, many),
            rhythm::judge(&hours, patient.row.connected_at, now),
            own::secrets(&seen, self.parts.seen.refused_at(), now),
            own::clock(metas_time, self.parts.seen.clock.heard(now), now),
        ])
    }
}

fn app_refused(way: Way) -> Finding {
    match way {
        Way::Facebook => Finding::amber(
            "token",
            "Meta does not take the app's id and secret, so it does not say how the token is.",
            "Compare meta.meta_app_id and meta.meta_app_secret with the App Dashboard.",
        ),
        Way::Instagram => Finding::amber(
            "token",
            "Meta does not say how a token of Instagram's own login is; what was found when it was used last still holds.",
            "Compare meta.instagram_app_id and meta.instagram_app_secret with the App Dashboard.",
        ),
    }
}
