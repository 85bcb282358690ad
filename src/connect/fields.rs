//! Webhook fields: what each account and the app itself are to send us, asked for, and read back.

use std::error::Error;
use std::sync::PoisonError;

use actors::domain::channel::{Account, Channel};
use actors::domain::credential::{CredentialKind, Use};
use actors::domain::ids::{ConnectionId, SellerId};
use actors::store::office::credentials::{self, Credential, Held};
use actors::store::office::subscriptions::Said;
use actors::store::office::{self, ConnectionRow};
use chrono::TimeDelta;
use tracing::{error, warn};

use super::{Connect, WEBHOOK};
use crate::graph::{Asset, LoginError, NoToken, Subscription, Way};

/// Without these nothing works.
const CORE: [&str; 2] = ["messages", "messaging_postbacks"];
/// How often it is looked whether all is as it should be: a subscription that Meta switched off looks like a quiet shop.
const LOOK_EVERY: TimeDelta = TimeDelta::days(1);
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

    /// The webhook fields that the app is to have for Instagram's accounts.
    pub fn wanted_of_app(&self) -> &[String] {
        &self.shared.settings.app_fields
    }

    /// Where Meta is to send webhooks; none: the service does not know its own address.
    pub fn webhook_address(&self) -> Option<String> {
        self.address(WEBHOOK).ok()
    }

    /// Has the app's own subscriptions looked at now, and set right where they are wrong.
    pub async fn restore_app(&self) -> Result<(), String> {
        *self.shared.app_right_at.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.subscribe_app().await
    }

    /// Has an account send what we want of it, and says what it sends; or why not, in words. Either is noted.
    pub async fn subscribe(&self, seller: SellerId, connection: ConnectionId) -> Result<Vec<String>, String> {
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
        let asset = Asset { way, id: &id, token: &credentials.token };
        match self.subscribe_asset(asset).await {
            Ok((fields, was_off)) => {
                // What was never on is not switched on again.
                if was_off && row.fields.is_some() {
                    let noted = self.shared.parts.office.note_restored((held.seller, held.connection)).await;
                    noted.map_err(|error| error.to_string())?;
                    warn!("Meta had stopped sending what connection {} gets, and was asked for it again", row.id);
                }
                if way == Way::Facebook {
                    self.subscribe_app().await?;
                }
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

    /// Asks only for what is missing, and reads back what there is then; and whether nothing that is needed was there.
    async fn subscribe_asset(&self, asset: Asset<'_>) -> Result<(Vec<String>, bool), LoginError> {
        let login = &self.shared.parts.login;
        let wanted = match asset.way {
            Way::Facebook => &self.shared.settings.page_fields,
            Way::Instagram => &self.shared.settings.instagram_fields,
        };
        let now = login.subscribed(asset).await?.unwrap_or_default();
        if wanted.iter().all(|field| now.contains(field)) {
            return Ok((now, false));
        }
        let was_off = CORE.iter().any(|field| !now.iter().any(|known| known == *field));
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
        match CORE.iter().find(|field| !then.iter().any(|known| known == *field)) {
            Some(field) => Err(LoginError::Later(format!("Meta took it, and still does not send {field}"))),
            None => Ok((then, was_off)),
        }
    }

    /// Has Meta send what concerns all accounts of the app to our address: at the first account, and daily with the others.
    async fn subscribe_app(&self) -> Result<(), String> {
        let was_right = *self.shared.app_right_at.lock().unwrap_or_else(PoisonError::into_inner);
        if was_right.is_some_and(|at| self.now() - at < LOOK_EVERY) {
            return Ok(());
        }
        let Some(verify_token) = &self.shared.settings.verify_token else {
            return Err("meta.verify_token is not set, so that Meta cannot verify our address".to_owned());
        };
        let callback_url = self.address(WEBHOOK).map_err(|error| error.to_string())?;
        let settings = &self.shared.settings;
        let objects = [("instagram", &settings.app_fields), ("page", &settings.page_fields)];
        for (object, fields) in objects {
            let (object, callback_url, fields) = (object.to_owned(), callback_url.clone(), fields.clone());
            let wanted = Subscription { object, callback_url, fields };
            let put = self.put_app_subscription(&wanted, verify_token).await;
            put.map_err(|error| format!("the app's own subscription for {}: {error}", wanted.object))?;
        }
        *self.shared.app_right_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.now());
        Ok(())
    }

    async fn put_app_subscription(
        &self,
        wanted: &Subscription,
        verify_token: &crate::vault::Secret,
    ) -> Result<(), LoginError> {
        let login = &self.shared.parts.login;
        let is_there = |known: &Subscription| {
            let fits = known.object == wanted.object && known.callback_url == wanted.callback_url;
            fits && wanted.fields.iter().all(|field| known.fields.contains(field))
        };
        if login.app_subscriptions(Way::Facebook).await?.iter().any(is_there) {
            return Ok(());
        }
        login.subscribe_app(Way::Facebook, wanted, verify_token).await?;
        match login.app_subscriptions(Way::Facebook).await?.iter().any(is_there) {
            true => Ok(()),
            false => Err(LoginError::Later("Meta took it, and shows another one".to_owned())),
        }
    }
}

fn instagram_id(row: &ConnectionRow) -> Option<String> {
    let accounts = [Some(&row.account), row.linked.as_ref()];
    let own = accounts.into_iter().flatten().find(|account: &&Account| account.channel() == Some(Channel::Instagram));
    own.map(|account| account.id().to_owned())
}
