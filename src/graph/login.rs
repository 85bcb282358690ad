//! Signing in at Meta: from the address people open to the tokens that come of it, and what keeps them good. It knows no
//! seller and keeps nothing.

mod assets;
mod looks;
mod told;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use actors::domain::credential::Use;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Client, RequestBuilder};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Sha256;
use tokio::time::timeout;
use url::Url;

use super::errors::{Answer, Fault};
use super::{GraphClientError, http_client, limits, read_body};
use crate::vault::Secret;

pub use assets::{Asset, Subscription};
pub use told::{Found, FoundPage, Grant, Inspected};

/// For one call: a person waits.
const DEADLINE: Duration = Duration::from_secs(15);

/// A way to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// Facebook Login for Business: Pages, the Instagram accounts linked to them, and catalogs.
    Facebook,
    /// Instagram's own login: messages of an Instagram account, without a Page and without catalogs.
    Instagram,
}

impl Way {
    /// The word used in the database and in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Facebook => "facebook",
            Self::Instagram => "instagram",
        }
    }

    /// The one with this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Facebook, Self::Instagram].into_iter().find(|way| way.name() == name)
    }

    /// The rights to ask for, and whether nothing works without each.
    pub fn scopes(self, uses: &[Use]) -> Vec<(&'static str, bool)> {
        const PAGES: [(&str, bool); 3] =
            [("pages_show_list", true), ("instagram_basic", true), ("business_management", false)];
        const MESSAGES: [(&str, bool); 5] = [
            ("instagram_manage_messages", true),
            ("pages_messaging", true),
            ("pages_manage_metadata", true),
            ("pages_read_engagement", false),
            ("instagram_manage_comments", false),
        ];
        const CATALOG: [(&str, bool); 2] = [("catalog_management", true), ("instagram_shopping_tag_products", false)];
        const OWN: [(&str, bool); 3] = [
            ("instagram_business_basic", true),
            ("instagram_business_manage_messages", true),
            ("instagram_business_manage_comments", false),
        ];
        let wants = |purpose: Use| uses.contains(&purpose);
        match self {
            Self::Instagram => OWN.to_vec(),
            Self::Facebook => {
                let parts = [(true, &PAGES[..]), (wants(Use::Messages), &MESSAGES), (wants(Use::Catalog), &CATALOG)];
                let wanted = parts.into_iter().filter(|(wanted, _)| *wanted).flat_map(|(_, scopes)| scopes.to_vec());
                // Catalogs belong to a business, and are found through it.
                let as_needed =
                    |(scope, needed)| (scope, needed || scope == "business_management" && wants(Use::Catalog));
                wanted.map(as_needed).collect()
            }
        }
    }
}

/// An app at Meta.
#[derive(Clone, Debug)]
pub struct AppAtMeta {
    /// Its id, which everybody may know.
    pub id: String,
    /// Its secret.
    pub secret: Secret,
}

/// Where Meta is, for signing in.
#[derive(Clone, Debug)]
pub struct LoginAddresses {
    /// The Graph API.
    pub graph: Url,
    /// The Graph API of Instagram's own login.
    pub instagram: Url,
    /// Where people sign in with Facebook.
    pub facebook_page: Url,
    /// Where people sign in with Instagram.
    pub instagram_page: Url,
    /// Where Instagram gives tokens for codes.
    pub instagram_codes: Url,
}

/// What signing in goes by.
#[derive(Clone, Debug)]
pub struct LoginSettings {
    /// Where Meta is.
    pub addresses: LoginAddresses,
    /// The version of the Graph API.
    pub version: String,
    /// The app of Facebook Login.
    pub facebook: Option<AppAtMeta>,
    /// The app of Instagram's own login.
    pub instagram: Option<AppAtMeta>,
    /// A saved set of rights at Meta, in the place of a list of them.
    pub config_id: Option<String>,
    /// Whether calls with tokens prove that they know the app's secret.
    pub proves: Proves,
}

/// Where calls prove that they know the app's secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proves {
    /// At the Graph API.
    pub graph: bool,
    /// At Instagram's own: Meta does not say whether it is taken there.
    pub instagram: bool,
}

/// Why a step did not come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginError {
    /// There is no app for this way.
    NoApp(Way),
    /// Meta refused it; the same again will be refused.
    Refused {
        /// Meta's code.
        code: String,
    },
    /// Meta takes the token no more.
    Token {
        /// Meta's code.
        code: String,
    },
    /// It may work later; why not now, in our words.
    Later(String),
}

impl fmt::Display for LoginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoApp(way) => write!(f, "there is no app for signing in with {}", way.name()),
            Self::Refused { code } => write!(f, "Meta refused it ({code})"),
            Self::Token { code } => write!(f, "Meta takes the token no more ({code})"),
            Self::Later(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for LoginError {}

impl From<Fault> for LoginError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused { code, .. } => Self::Refused { code },
            Fault::Token { code, .. } => Self::Token { code },
            Fault::NotSent(why) | Fault::Unanswerable(why) => Self::Later(why),
            Fault::Throttled { error, .. } | Fault::Uncertain { error, .. } | Fault::TooMuch { error, .. } => {
                Self::Later(error)
            }
        }
    }
}

/// The client for signing in.
#[derive(Clone)]
pub struct Login {
    http: Client,
    /// Meta's time when it answered last, in seconds.
    heard: Arc<AtomicI64>,
    settings: LoginSettings,
}

impl Login {
    /// A client that signs in at these addresses, for these apps.
    pub fn new(settings: LoginSettings) -> Result<Self, GraphClientError> {
        let LoginAddresses { graph, instagram, instagram_codes, .. } = &settings.addresses;
        let is_local = [graph, instagram, instagram_codes].into_iter().all(|url| url.scheme() == "http");
        let http = http_client(is_local).map_err(GraphClientError::Client)?;
        Ok(Self { http, heard: Arc::default(), settings })
    }

    /// Whether people can sign in this way.
    pub fn offers(&self, way: Way) -> bool {
        self.app(way).is_ok()
    }

    /// Where people sign in, either way.
    pub fn own_pages(&self) -> [&Url; 2] {
        [&self.settings.addresses.facebook_page, &self.settings.addresses.instagram_page]
    }

    /// The id of the app that signs in this way.
    pub fn app_id(&self, way: Way) -> Result<&str, LoginError> {
        self.app(way).map(|app| app.id.as_str())
    }

    /// Where a person grants what these uses need.
    pub fn page(&self, way: Way, uses: &[Use], (redirect, state): (&str, &Secret)) -> Result<Url, LoginError> {
        let app = self.app(way)?;
        let addresses = &self.settings.addresses;
        let mut url = match way {
            Way::Facebook => under(&addresses.facebook_page, &[&self.settings.version, "dialog", "oauth"]),
            Way::Instagram => under(&addresses.instagram_page, &["oauth", "authorize"]),
        };
        let mut query = url.query_pairs_mut();
        query.append_pair("client_id", &app.id).append_pair("redirect_uri", redirect);
        query.append_pair("response_type", "code").append_pair("state", state.expose());
        let scopes: Vec<&str> = way.scopes(uses).into_iter().map(|(scope, _)| scope).collect();
        match self.settings.config_id.as_deref().filter(|_| way == Way::Facebook) {
            Some(config) => query.append_pair("config_id", config),
            None => query.append_pair("scope", &scopes.join(",")),
        };
        drop(query);
        Ok(url)
    }

    /// Gives a code for a token that lives long. A code is good once, so nothing here is tried twice.
    pub async fn exchange(
        &self,
        way: Way,
        code: &Secret,
        redirect: &str,
        now: DateTime<Utc>,
    ) -> Result<Grant, LoginError> {
        let app = self.app(way)?;
        let mut form = vec![
            ("client_id", app.id.as_str()),
            ("client_secret", app.secret.expose()),
            ("redirect_uri", redirect),
            ("code", code.expose()),
        ];
        let request = match way {
            Way::Facebook => self.http.get(self.graph(&["oauth", "access_token"])).query(&form),
            Way::Instagram => {
                form.push(("grant_type", "authorization_code"));
                let url = under(&self.settings.addresses.instagram_codes, &["oauth", "access_token"]);
                form_of(self.http.post(url), &form)
            }
        };
        let short = Grant::read(&self.ask(request).await?, now)?;
        let long = self.extend(way, &short.token, now).await?;
        // The scopes are told only with the first of Instagram's tokens.
        Ok(Grant { scopes: short.scopes, ..long })
    }

    /// Gives a token for one that lives long; Facebook's also when it lives long already.
    async fn extend(&self, way: Way, token: &Secret, now: DateTime<Utc>) -> Result<Grant, LoginError> {
        let app = self.app(way)?;
        let request = match way {
            Way::Facebook => self.http.get(self.graph(&["oauth", "access_token"])).query(&[
                ("grant_type", "fb_exchange_token"),
                ("client_id", &app.id),
                ("client_secret", app.secret.expose()),
                ("fb_exchange_token", token.expose()),
            ]),
            Way::Instagram => self.http.get(under(&self.settings.addresses.instagram, &["access_token"])).query(&[
                ("grant_type", "ig_exchange_token"),
                ("client_secret", app.secret.expose()),
                ("access_token", token.expose()),
            ]),
        };
        Grant::read(&self.ask(request).await?, now)
    }

    /// Makes a new token of one that lives long and has not ended.
    pub async fn refresh(&self, way: Way, token: &Secret, now: DateTime<Utc>) -> Result<Grant, LoginError> {
        if way == Way::Facebook {
            return self.extend(way, token, now).await;
        }
        let url = under(&self.settings.addresses.instagram, &["refresh_access_token"]);
        let query = [("grant_type", "ig_refresh_token"), ("access_token", token.expose())];
        Grant::read(&self.ask(self.http.get(url).query(&query)).await?, now)
    }

    /// What Meta says of a token.
    pub async fn inspect(&self, way: Way, token: &Secret) -> Result<Inspected, LoginError> {
        let app = self.app(way)?;
        let request = self.http.get(self.graph(&["debug_token"])).query(&[("input_token", token.expose())]);
        Inspected::read(&self.ask(request.bearer_auth(app_token(app).expose())).await?)
    }

    /// The Pages of whoever granted a token, those without an Instagram account among them.
    pub async fn pages(&self, token: &Secret) -> Result<Vec<FoundPage>, LoginError> {
        /// More than anybody runs.
        const MOST_ANSWERS: usize = 20;
        let (mut found, mut after) = (Vec::new(), None::<String>);
        for _ in 0..MOST_ANSWERS {
            let fields = "id,name,access_token,tasks,instagram_business_account{id,username}";
            let mut request =
                self.http.get(self.graph(&["me", "accounts"])).query(&[("fields", fields), ("limit", "100")]);
            if let Some(after) = &after {
                request = request.query(&[("after", after)]);
            }
            let (pages, next) = told::pages(&self.ask(self.bearing(request, Way::Facebook, token)).await?)?;
            found.extend(pages);
            match next {
                Some(next) if Some(&next) != after.as_ref() => after = Some(next),
                _ => break,
            }
        }
        Ok(found)
    }

    /// The account that signed in with Instagram's own login.
    pub async fn instagram_account(&self, token: &Secret) -> Result<Found, LoginError> {
        let url = under(&self.settings.addresses.instagram, &[&self.settings.version, "me"]);
        let request = self.http.get(url).query(&[("fields", "user_id,id,username,account_type")]);
        told::account(&self.ask(self.bearing(request, Way::Instagram, token)).await?)
    }

    fn app(&self, way: Way) -> Result<&AppAtMeta, LoginError> {
        let app = match way {
            Way::Facebook => &self.settings.facebook,
            Way::Instagram => &self.settings.instagram,
        };
        app.as_ref().ok_or(LoginError::NoApp(way))
    }

    fn graph(&self, parts: &[&str]) -> Url {
        under(&self.settings.addresses.graph, &[&[self.settings.version.as_str()], parts].concat())
    }

    /// With a token, and the proof where one is wanted.
    fn bearing(&self, request: RequestBuilder, way: Way, token: &Secret) -> RequestBuilder {
        let proves = match way {
            Way::Facebook => self.settings.proves.graph,
            Way::Instagram => self.settings.proves.instagram,
        };
        let request = request.bearer_auth(token.expose());
        match self.app(way).ok().filter(|_| proves) {
            Some(app) => request.query(&[("appsecret_proof", proof(&app.secret, token))]),
            None => request,
        }
    }

    async fn ask(&self, request: RequestBuilder) -> Result<Value, LoginError> {
        let asked = async {
            let response = request.timeout(DEADLINE).send().await.map_err(Fault::from)?;
            self.hear(response.headers());
            let (status, after) = (response.status(), limits::pause(response.headers()));
            let answer = Answer { status, after, body: read_body(response, super::ANSWER_LIMIT_BYTES).await? };
            answer.read::<Value>()
        };
        match timeout(DEADLINE, asked).await {
            Ok(read) => read.map_err(LoginError::from),
            Err(_) => Err(LoginError::Later("Meta did not answer in time".to_owned())),
        }
    }
}

/// A request with these members for a body.
fn form_of(request: RequestBuilder, members: &[(&str, &str)]) -> RequestBuilder {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(members).finish();
    request.header(reqwest::header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
}

/// An address with these segments behind it, whatever they hold.
fn under(base: &Url, parts: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(parts);
    }
    url
}

fn app_token(app: &AppAtMeta) -> Secret {
    Secret::from(format!("{}|{}", app.id, app.secret.expose()))
}

/// Shows with a token that whoever calls knows the app's secret: a token that was stolen alone is worth less.
pub(super) fn proof(secret: &Secret, token: &Secret) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).expect("HMAC takes a key of any length");
    mac.update(token.expose().as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// From when on what ends in so many seconds is no good.
fn in_seconds(seconds: Option<i64>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let seconds = seconds.filter(|seconds| (1..=3_153_600_000).contains(seconds))?;
    now.checked_add_signed(TimeDelta::seconds(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_as_published() {
        let (secret, token) = (Secret::from("meta_test_app_secret_0001"), Secret::from("EAAExamplePageToken"));
        let published = "61226958d7a7473dc24b1c748f3d464ef7f6e179cc61afbc885b69bccf6bcc30";
        assert_eq!(proof(&secret, &token), published);
    }

    #[test]
    fn what_is_asked_for_is_what_is_needed() {
        let needed = |way: Way, uses: &[Use]| -> Vec<&str> {
            way.scopes(uses).into_iter().filter(|(_, needed)| *needed).map(|(scope, _)| scope).collect()
        };
        let catalog = needed(Way::Facebook, &[Use::Catalog]);
        assert!(catalog.contains(&"catalog_management") && catalog.contains(&"business_management"));
        assert!(!catalog.contains(&"instagram_manage_messages"));
        let messages = needed(Way::Facebook, &[Use::Messages]);
        assert!(messages.contains(&"pages_messaging") && !messages.contains(&"business_management"));
        let own = needed(Way::Instagram, &[Use::Messages]);
        assert_eq!(own, ["instagram_business_basic", "instagram_business_manage_messages"]);
    }
}
