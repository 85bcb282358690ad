//! Webhook fields of accounts and Pages: what each is to send us, asked for, and read back.

use std::error::Error;

use actors::domain::channel::{Account, Channel};
use actors::domain::credential::{CredentialKind, Use};
use actors::domain::ids::{ConnectionId, SellerId};
use actors::store::office::credentials::{self, Credential, Held};
use actors::store::office::subscriptions::{CORE, Said, lacks_core};
use actors::store::office::{self, ConnectionRow};
use chrono::TimeDelta;
use tracing::{error, warn};

use super::{Connect, WEBHOOK};
use crate::graph::{Asset, LoginError, NoToken, Way};

/// How often it is looked whether all is as it should be: a subscription that Meta switched off looks like a quiet shop.
pub(super) const LOOK_EVERY: TimeDelta = TimeDelta::days(1);
/// The same, while it is not.
const LOOK_SOON: TimeDelta = TimeDelta::hours(1);

impl Connect {
    /// The webhook fields that a Page, or an account of Instagram's own login, is to send.
    pub fn wanted_fields(&self, way: Way) -> &[String] {
        match way {
            Way::Facebook => &self.shared.settings.page_fields,
            Way::Instagram => &self.shared.settings.instagram_fields,
        }
    }

    /// Where Meta is to send webhooks; none: the service does not know its own address.
    pub fn webhook_address(&self) -> Option<String> {
        self.address(WEBHOOK).ok()
    }

    /// Has an account send what we want of it, and says what it sends; or why not, in words. Either is noted.
    pub async fn subscribe(&self, seller: SellerId, connection: ConnectionId) -> Result<Vec<String>, String> {
        let _alone = self.alone_with(connection).await;
        let done = match self.found(seller, connection).await {
            Ok(Some((row, credential))) => self.subscribe_with(&row, &credential).await.map(Some),
            // Given by hand, or for the catalog alone: not our business.
            Ok(None) => Ok(None),
            Err(why) => Err(why),
        };
        let (said, look_in) = match &done {
            Ok(Some(fields)) => (Said::Fields(fields), Some(LOOK_EVERY)),
            Ok(None) => (Said::NotAsked, None),
            Err(why) => (Said::Nothing(why), Some(LOOK_SOON)),
        };
        let look_at = look_in.map(|look_in| self.now() + look_in);
        let noted = self.shared.parts.office.note_fields((seller, connection), &said, look_at).await;
        if let Err(error) = noted {
            error!(error = &error as &dyn Error, "could not note what connection {connection} sends");
        }
        if let Err(why) = &done {
            warn!(
                seller.id = seller.0,
                "connection {connection} of seller {seller} does not send all it should: {why}"
            );
        }
        done.map(Option::unwrap_or_default)
    }

    /// A connection and its token for messages, where that was granted at Meta.
    async fn found(
        &self,
        seller: SellerId,
        connection: ConnectionId,
    ) -> Result<Option<(ConnectionRow, Credential)>, String> {
        let failed = |_| "the database could not be read".to_owned();
        let rows = office::connections(self.reads(), seller).await.map_err(failed)?;
        let held = credentials::of_seller(self.reads(), seller).await.map_err(failed)?;
        let row = rows.into_iter().find(|row| row.id == connection);
        let is_it = |it: &Credential| it.connection == connection && it.purpose == Use::Messages;
        let held = held.into_iter().find(is_it).filter(|it| it.kind != CredentialKind::Given);
        Ok(row.zip(held))
    }

    async fn subscribe_with(&self, row: &ConnectionRow, held: &Credential) -> Result<Vec<String>, String> {
        let of = (self.shared.parts.tokens)(held.seller, held.connection, Use::Messages);
        let credentials = of.await.map_err(|error| match error {
            NoToken::Unreadable(why) => why,
            NoToken::Missing | NoToken::Refused { .. } => "there is no token that Meta takes".to_owned(),
        })?;
        let page = credentials.page.as_deref().filter(|_| held.kind == CredentialKind::Page);
        let (way, id) = match page {
            Some(page) => (Way::Facebook, page.to_owned()),
            None => (Way::Instagram, instagram_id(row).ok_or("it is no Instagram account")?),
        };
        match self.subscribe_asset(row, held, Asset { way, id: &id, token: &credentials.token }).await {
            Ok(fields) => {
                self.subscribe_app(way).await?;
                Ok(fields)
            }
            Err(LoginError::Token { code }) => {
                let refused = self.shared.parts.office.refuse_token(Held::from(held), &code).await;
                if let Err(error) = refused {
                    error!(error = &error as &dyn Error, "could not note that a token is taken no more");
                }
                Err(actors::domain::credential::cause_in_words(&code).to_owned())
            }
            Err(error) => Err(error.to_string()),
        }
    }

    /// Asks only for what is missing, and reads back what there is then.
    async fn subscribe_asset(
        &self,
        row: &ConnectionRow,
        held: &Credential,
        asset: Asset<'_>,
    ) -> Result<Vec<String>, LoginError> {
        let (login, wanted) = (&self.shared.parts.login, self.wanted_fields(asset.way));
        let now = login.subscribed(asset).await?.unwrap_or_default();
        if wanted.iter().all(|field| now.contains(field)) {
            return Ok(now);
        }
        // What was never on was not lost. What was is noted before anything is done about it: whoever is cut off here
        // would find it on again, and nobody would learn that messages are missing.
        if lacks_core(&now).is_some() && row.fields.is_some() {
            let look_at = Some(self.now() + LOOK_SOON);
            let (whose, said) = ((held.seller, held.connection), Said::Fields(&now));
            let noted = self.shared.parts.office.note_fields(whose, &said, look_at).await;
            noted.map_err(|error| LoginError::Later(error.to_string()))?;
        }
        match login.subscribe(asset, wanted).await {
            Err(LoginError::Refused { code }) if code.split('/').next() == Some("100") => {
                // Meta writes some names differently in different places: at least what nobody doubts is asked for.
                warn!(
                    code,
                    "Meta does not know all webhook fields of the settings; only the most needed are asked for"
                );
                login.subscribe(asset, &CORE.map(str::to_owned)).await?;
            }
            done => done?,
        }
        let then = login.subscribed(asset).await?.unwrap_or_default();
        match lacks_core(&then) {
            Some(field) => Err(LoginError::Later(format!("Meta took it, and still does not send {field}"))),
            None => Ok(then),
        }
    }
}

fn instagram_id(row: &ConnectionRow) -> Option<String> {
    let accounts = [Some(&row.account), row.linked.as_ref()];
    let own = accounts.into_iter().flatten().find(|account: &&Account| account.channel() == Some(Channel::Instagram));
    own.map(|account| account.id().to_owned())
}
