//! The apps' own subscriptions: where Meta sends what comes to all of an app's accounts, and which fields.

use std::sync::PoisonError;

use chrono::{DateTime, Utc};

use super::fields::LOOK_EVERY;
use super::{Connect, NotBegun, WEBHOOK};
use crate::graph::{LoginError, Subscription, Way};
use crate::vault::Secret;

/// How an app's own subscription is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OfApp {
    /// As it should be.
    Right,
    /// Otherwise, as the sentence says.
    Wrong(String),
}

impl Connect {
    /// How the subscription is through which an account's webhooks come that signed in this way.
    pub async fn look_at_app(&self, way: Way) -> Result<OfApp, LoginError> {
        let all_wanted = self.wanted_of_app(way).map_err(|error| LoginError::Later(error.to_string()))?;
        let (_, all) = self.app_of(way).await?;
        let wrong = all_wanted.iter().find_map(|wanted| wrong_of(&all, wanted));
        Ok(wrong.map_or(OfApp::Right, OfApp::Wrong))
    }

    /// Has the app's own subscriptions looked at now, and set right where they are wrong.
    pub async fn restore_app(&self, way: Way) -> Result<(), String> {
        self.found_right(way, None);
        self.subscribe_app(way).await
    }

    /// Has Meta send what concerns all accounts of the app to our address: at the first account, and daily with the others.
    pub(super) async fn subscribe_app(&self, way: Way) -> Result<(), String> {
        let at = self.shared.app_right_at.lock().unwrap_or_else(PoisonError::into_inner).get(&way).copied();
        if at.is_some_and(|at| self.now() - at < LOOK_EVERY) {
            return Ok(());
        }
        let all_wanted = self.wanted_of_app(way).map_err(|error| error.to_string())?;
        let (app, all) = match self.app_of(way).await {
            // Then it is made in the App Dashboard only. The doctor says so; nothing is wrong with the account.
            Err(LoginError::Refused { .. } | LoginError::Token { .. }) if way == Way::Instagram => return Ok(()),
            found => found.map_err(|error| format!("the app's own subscriptions: {error}"))?,
        };
        for wanted in all_wanted.iter().filter(|wanted| wrong_of(&all, wanted).is_some()) {
            let Some(verify_token) = &self.shared.settings.verify_token else {
                return Err("meta.verify_token is not set, so that Meta cannot verify our address".to_owned());
            };
            let put = self.put_app_subscription(app, wanted, verify_token).await;
            put.map_err(|error| format!("the app's own subscription for {}: {error}", wanted.object))?;
        }
        self.found_right(way, Some(self.now()));
        Ok(())
    }

    /// The app whose subscription an account's webhooks come through, and what it has. Instagram's own login has an id and
    /// a secret of its own; whether Meta knows an app by that id here, it does not say. Where it does not, the login is a
    /// part of the app beside it.
    async fn app_of(&self, way: Way) -> Result<(Way, Vec<Subscription>), LoginError> {
        let login = &self.shared.parts.login;
        let own = login.app_subscriptions(way).await;
        match own {
            Err(LoginError::Refused { .. } | LoginError::Token { .. } | LoginError::NoApp(_))
                if way == Way::Instagram && login.offers(Way::Facebook) =>
            {
                Ok((Way::Facebook, login.app_subscriptions(Way::Facebook).await?))
            }
            own => Ok((way, own?)),
        }
    }

    /// The subscriptions that an app is to have. Instagram's own login has no Pages.
    fn wanted_of_app(&self, way: Way) -> Result<Vec<Subscription>, NotBegun> {
        let (settings, callback_url) = (&self.shared.settings, self.address(WEBHOOK)?);
        let of = |object: &str, fields: &[String]| Subscription {
            object: object.to_owned(),
            callback_url: callback_url.clone(),
            fields: fields.to_vec(),
        };
        let instagram = of("instagram", &settings.app_fields);
        Ok(match way {
            Way::Facebook => vec![instagram, of("page", &settings.page_fields)],
            Way::Instagram => vec![instagram],
        })
    }

    async fn put_app_subscription(
        &self,
        app: Way,
        wanted: &Subscription,
        verify_token: &Secret,
    ) -> Result<(), LoginError> {
        let login = &self.shared.parts.login;
        login.subscribe_app(app, wanted, verify_token).await?;
        match wrong_of(&login.app_subscriptions(app).await?, wanted) {
            None => Ok(()),
            Some(_) => Err(LoginError::Later("Meta took it, and shows another one".to_owned())),
        }
    }

    fn found_right(&self, way: Way, at: Option<DateTime<Utc>>) {
        let mut right_at = self.shared.app_right_at.lock().unwrap_or_else(PoisonError::into_inner);
        match at {
            Some(at) => right_at.insert(way, at),
            None => right_at.remove(&way),
        };
    }
}

/// What is wrong with an app's subscription for an object.
fn wrong_of(all: &[Subscription], wanted: &Subscription) -> Option<String> {
    let Some(known) = all.iter().find(|known| known.object == wanted.object) else {
        let whose = if wanted.object == "instagram" { "Instagram's" } else { "Pages" };
        return Some(format!("The app sends no webhooks of {whose} to anybody."));
    };
    if known.callback_url != wanted.callback_url {
        return Some("The app sends its webhooks to another address than this service's.".to_owned());
    }
    let missing: Vec<&str> =
        wanted.fields.iter().filter(|field| !known.fields.contains(field)).map(String::as_str).collect();
    (!missing.is_empty()).then(|| format!("The app does not send {}.", missing.join(", ")))
}
