//! What is sent to us: the app's own subscriptions, and those of each Page and account.

use serde_json::Value;

use super::told::{text, words};
use super::{Login, LoginError, Way, app_token, form_of, under};
use crate::vault::Secret;

/// A Page, or an account of Instagram's own login, with its token.
#[derive(Clone, Copy, Debug)]
pub struct Asset<'a> {
    /// Which login it was connected by.
    pub way: Way,
    /// Its id at Meta.
    pub id: &'a str,
    /// Its token.
    pub token: &'a Secret,
}

/// What Meta sends to an address for one kind of object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// `instagram`, `page`, ...
    pub object: String,
    /// Where to.
    pub callback_url: String,
    /// Which fields.
    pub fields: Vec<String>,
}

impl Login {
    /// The fields that a Page or an account sends to our app; none: it sends nothing.
    pub async fn subscribed(&self, asset: Asset<'_>) -> Result<Option<Vec<String>>, LoginError> {
        let app = self.app_id(asset.way)?;
        let request = self.http.get(self.subscribed_apps(asset));
        let body = self.ask(self.bearing(request, asset.way, asset.token)).await?;
        let apps = body.get("data").and_then(Value::as_array).into_iter().flatten();
        let ours = apps.filter(|known| known.get("id").and_then(text).is_none_or(|id| id == app));
        Ok(ours.map(|known| words(known.get("subscribed_fields"))).next())
    }

    /// Has a Page or an account send these fields to our app.
    pub async fn subscribe(&self, asset: Asset<'_>, fields: &[String]) -> Result<(), LoginError> {
        let request = self.http.post(self.subscribed_apps(asset)).query(&[("subscribed_fields", fields.join(","))]);
        self.ask(self.bearing(request, asset.way, asset.token)).await.map(|_| ())
    }

    /// What Meta sends for all accounts and Pages of the app.
    pub async fn app_subscriptions(&self, way: Way) -> Result<Vec<Subscription>, LoginError> {
        let app = self.app(way)?;
        let request = self.http.get(self.graph(&[&app.id, "subscriptions"]));
        let body = self.ask(request.bearer_auth(app_token(app).expose())).await?;
        let all = body.get("data").and_then(Value::as_array).into_iter().flatten();
        let one = |known: &Value| {
            Some(Subscription {
                object: known.get("object").and_then(text)?,
                callback_url: known.get("callback_url").and_then(text).unwrap_or_default(),
                fields: words(known.get("fields")),
            })
        };
        Ok(all.filter_map(one).collect())
    }

    /// Has Meta send these fields to an address, which it asks for the token first.
    pub async fn subscribe_app(
        &self,
        way: Way,
        wanted: &Subscription,
        verify_token: &Secret,
    ) -> Result<(), LoginError> {
        let app = self.app(way)?;
        let members = [
            ("object", wanted.object.as_str()),
            ("callback_url", wanted.callback_url.as_str()),
            ("fields", &wanted.fields.join(",")),
            ("verify_token", verify_token.expose()),
            ("include_values", "true"),
        ];
        let request = form_of(self.http.post(self.graph(&[&app.id, "subscriptions"])), &members);
        self.ask(request.bearer_auth(app_token(app).expose())).await.map(|_| ())
    }

    fn subscribed_apps(&self, asset: Asset<'_>) -> url::Url {
        match asset.way {
            Way::Facebook => self.graph(&[asset.id, "subscribed_apps"]),
            Way::Instagram => {
                let base = &self.settings.addresses.instagram;
                under(base, &[&self.settings.version, asset.id, "subscribed_apps"])
            }
        }
    }
}
