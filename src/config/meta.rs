//! What the settings say of Meta: its apps, its addresses, and how accounts there are connected and looked after.

use std::time::Duration;

use url::Url;

use super::parse;
use super::reader::Reader;
use crate::vault::Secret;

/// Meta's app and Graph API.
#[derive(Clone, Debug)]
pub struct Meta {
    /// The app of Instagram's own login.
    pub instagram_app_id: Option<String>,
    /// The app of Pages, Instagram and WhatsApp.
    pub meta_app_id: Option<String>,
    /// Signs Instagram's webhooks.
    pub instagram_app_secret: Option<Secret>,
    /// Signs the webhooks of an app that has them all.
    pub meta_app_secret: Option<Secret>,
    /// Signs WhatsApp's webhooks.
    pub whatsapp_app_secret: Option<Secret>,
    /// What Meta shows when it verifies the webhook address.
    pub verify_token: Option<Secret>,
    /// Where the Graph API is.
    pub graph_base_url: Url,
    /// Where the Graph API of Instagram's own login is, if that is said.
    pub instagram_base_url: Option<Url>,
    /// Its version: `v25.0`.
    pub graph_version: String,
    /// Whether calls with tokens prove that they know the app's secret.
    pub appsecret_proof: bool,
    /// The same, at the Graph API of Instagram's own login.
    pub instagram_appsecret_proof: bool,
}

/// How accounts are connected at Meta itself.
#[derive(Clone, Debug)]
pub struct Connect {
    /// Where the browser is sent in the end; none: a page of ours says how it ended.
    pub result_url: Option<Url>,
    /// A saved set of rights at Meta.
    pub config_id: Option<String>,
    /// Where people sign in with Facebook, if that is said.
    pub facebook_url: Option<Url>,
    /// Where people sign in with Instagram, if that is said.
    pub instagram_url: Option<Url>,
    /// Where Instagram gives tokens for codes, if that is said.
    pub instagram_codes_url: Option<Url>,
    /// Webhook fields of a Page.
    pub page_fields: Vec<String>,
    /// Webhook fields of an account of Instagram's own login.
    pub instagram_fields: Vec<String>,
    /// Webhook fields that the app has for the object `instagram`.
    pub app_fields: Vec<String>,
}

/// How connections are looked after.
#[derive(Clone, Copy, Debug)]
pub struct Doctor {
    /// How often each is looked at by itself; none: only when somebody asks.
    pub every: Option<Duration>,
}

impl Doctor {
    pub(super) fn read(from: &mut Reader) -> Self {
        Self { every: from.take("doctor.every", parse::optional(parse::duration)) }
    }
}

impl Meta {
    /// Where the Graph API of Instagram's own login is.
    pub fn instagram_url(&self) -> Url {
        self.own_url(self.instagram_base_url.as_ref(), "https://graph.instagram.com")
    }

    /// One of Meta's own addresses, unless the Graph API is not Meta's: then all of it is where that is.
    pub fn own_url(&self, said: Option<&Url>, metas: &str) -> Url {
        let is_metas = self.graph_base_url.host_str() == Some("graph.facebook.com");
        let metas = if is_metas { Url::parse(metas).ok() } else { None };
        said.cloned().or(metas).unwrap_or_else(|| self.graph_base_url.clone())
    }

    pub(super) fn read(from: &mut Reader) -> Self {
        Self {
            instagram_app_id: from.take("meta.instagram_app_id", parse::optional(parse::number_text)),
            meta_app_id: from.take("meta.meta_app_id", parse::optional(parse::number_text)),
            instagram_app_secret: from.take("meta.instagram_app_secret", parse::optional(parse::secret)),
            meta_app_secret: from.take("meta.meta_app_secret", parse::optional(parse::secret)),
            whatsapp_app_secret: from.take("meta.whatsapp_app_secret", parse::optional(parse::secret)),
            verify_token: from.take("meta.verify_token", parse::optional(parse::secret)),
            graph_base_url: from.take("meta.graph_base_url", parse::graph_base_url),
            instagram_base_url: from.take("meta.instagram_base_url", parse::optional(parse::graph_base_url)),
            graph_version: from.take("meta.graph_version", parse::graph_version),
            appsecret_proof: from.take("meta.appsecret_proof", parse::yes_or_no),
            instagram_appsecret_proof: from.take("meta.instagram_appsecret_proof", parse::yes_or_no),
        }
    }
}

impl Connect {
    pub(super) fn read(from: &mut Reader) -> Self {
        Self {
            result_url: from.take("connect.result_url", parse::optional(parse::url)),
            config_id: from.take("connect.config_id", parse::optional(parse::number_text)),
            facebook_url: from.take("connect.facebook_url", parse::optional(parse::graph_base_url)),
            instagram_url: from.take("connect.instagram_url", parse::optional(parse::graph_base_url)),
            instagram_codes_url: from.take("connect.instagram_codes_url", parse::optional(parse::graph_base_url)),
            page_fields: from.take("connect.page_fields", parse::field_names),
            instagram_fields: from.take("connect.instagram_fields", parse::field_names),
            app_fields: from.take("connect.app_fields", parse::field_names),
        }
    }
}
