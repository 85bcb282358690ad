//! Accounts connected at Meta itself: people sign in there, come back with a code, and choose; afterwards what was granted
//! is kept good. Each step is stored before the next is taken, so that whoever is cut off may begin anew.

mod app_fields;
mod arrival;
mod browser;
mod ended;
mod fetch;
mod fields;
mod upkeep;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use actors::domain::credential::Use;
use actors::domain::ids::{ConnectingId, ConnectionId, SellerId};
use actors::ports::Clock;
use actors::store::office::connecting::Connecting;
use actors::store::{Store, StoreError, office};
use actors::world::World;
use chrono::{DateTime, Utc};
use thiserror::Error;
use tokio::sync::{Mutex as AsyncMutex, MutexGuard, Notify};
use url::Url;

use crate::door::VerifyTokens;
use crate::graph::{Login, LoginError, Tokens, Way};
use crate::office::{Office, OfficeError, Once, Request, SetOut};
use crate::vault::Secret;

pub use app_fields::OfApp;
pub use arrival::Back;
pub use browser::Browser;
pub use ended::{Ended, NotConnected, Offer};

/// Where Meta sends people back to.
pub const CALLBACK: &str = "/api/instagram/callback";
/// Where people begin who were given a ticket.
pub const BEGIN: &str = "/connect/";
/// So many connections can be looked at side by side.
const LOOKS: i64 = 64;
/// Where Meta sends its webhooks.
const WEBHOOK: &str = "/webhooks/meta";

/// What connecting goes by.
#[derive(Clone, Debug)]
pub struct ConnectSettings {
    /// How the world reaches the service.
    pub public_url: Option<Url>,
    /// Where the browser is sent in the end.
    pub result_url: Option<Url>,
    /// Webhook fields of a Page.
    pub page_fields: Vec<String>,
    /// Webhook fields of an account of Instagram's own login.
    pub instagram_fields: Vec<String>,
    /// Webhook fields that the app has for the object `instagram`.
    pub app_fields: Vec<String>,
    /// What Meta shows when it asks whether the webhook address is ours.
    pub verify_token: Option<Secret>,
}

/// What connecting works with.
pub struct ConnectParts {
    /// What is read.
    pub store: Store,
    /// What writes.
    pub office: Office,
    /// Who signs in at Meta.
    pub login: Login,
    /// Where tokens are found.
    pub tokens: Tokens,
    /// The actors' world, which tells of tokens that calls found dead.
    pub world: Arc<World>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// The verify tokens that the door knows.
    pub verify: VerifyTokens,
}

/// Connects accounts, and keeps them connected. Clones are handles to the same one.
#[derive(Clone)]
pub struct Connect {
    shared: Arc<Shared>,
}

struct Shared {
    parts: ConnectParts,
    settings: ConnectSettings,
    /// There is something to look at before the time that was known.
    look: Notify,
    /// Each connection's fields are looked at by one at a time, or two would tell of the same loss. Some share a place.
    looks: Vec<AsyncMutex<()>>,
    /// When the apps' own subscriptions were last found right.
    app_right_at: Mutex<HashMap<Way, DateTime<Utc>>>,
}

/// What somebody wants to connect.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Which login.
    pub way: Way,
    /// What for.
    pub uses: Vec<Use>,
    /// The connection that is to work again; none: any account.
    pub connection: Option<ConnectionId>,
}

/// An address for a person to open.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Under which id it is known.
    pub id: ConnectingId,
    /// The address. Whoever opens it first may use it.
    pub url: String,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// Why nobody set out.
#[derive(Debug, Error)]
pub enum NotBegun {
    /// The way is not set up.
    #[error("signing in with {} is not set up: set {} and the app's secret", .0.name(), app_setting(*.0))]
    NoApp(Way),
    /// Meta must know where to send people back to.
    #[error("the service does not know its own address: set server.public_url")]
    NoAddress,
    /// It cannot be had this way.
    #[error("Instagram's own login gives no right to catalogs: connect the catalog through Facebook")]
    NoCatalog,
    /// The front office refuses.
    #[error(transparent)]
    Office(#[from] OfficeError),
}

fn app_setting(way: Way) -> &'static str {
    match way {
        Way::Facebook => "META_APP_ID",
        Way::Instagram => "INSTAGRAM_APP_ID",
    }
}

impl From<LoginError> for NotBegun {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::NoApp(way) => Self::NoApp(way),
            _ => Self::NoAddress,
        }
    }
}

impl Connect {
    /// Connects accounts by these settings.
    pub fn new(parts: ConnectParts, settings: ConnectSettings) -> Self {
        let looks = (0..LOOKS).map(|_| AsyncMutex::default()).collect();
        let shared = Shared { parts, settings, look: Notify::new(), looks, app_right_at: Mutex::default() };
        Self { shared: Arc::new(shared) }
    }

    /// Sends the browser that asks to where people sign in.
    pub async fn set_out(
        &self,
        request: &Request<'_>,
        seller: SellerId,
        (wish, browser): (&Wish, &Browser),
    ) -> Result<(ConnectingId, Url), NotBegun> {
        self.can(wish)?;
        let begun = self.begin(request, seller, wish, Some(browser.secret())).await?.value;
        Ok((begun.id, self.page_of(wish.way, &wish.uses, &begun.token)?))
    }

    /// Makes an address that somebody else may open, once.
    pub async fn invite(&self, request: &Request<'_>, seller: SellerId, wish: &Wish) -> Result<Invitation, NotBegun> {
        self.can(wish)?;
        let begun = self.begin(request, seller, wish, None).await?.value;
        let url = self.address(&format!("{BEGIN}{}", begun.token.expose()))?;
        Ok(Invitation { id: begun.id, url, expires_at: begun.expires_at })
    }

    /// Whose shop an address is for that was not used yet.
    pub async fn invited(&self, ticket: &str) -> Result<Option<Connecting>, StoreError> {
        let found = office::connecting::by_ticket(self.reads(), &crate::office::hash_of(ticket)).await?;
        Ok(found.filter(|found| found.stage == "asked" && found.expires_at > self.now()))
    }

    /// A browser opens such an address: it is the one from here on, and is sent to where people sign in.
    pub async fn accept(&self, ticket: &str, browser: &Browser) -> Result<Option<Url>, NotBegun> {
        let opened = self.shared.parts.office.open_connecting(ticket, browser.secret()).await?;
        let Some((opened, state)) = opened else { return Ok(None) };
        let way = Way::named(&opened.way).unwrap_or(Way::Facebook);
        Ok(Some(self.page_of(way, &uses_of(&opened.uses), &state)?))
    }

    /// Looks anew at the verify tokens that connections have of their own, and at what there is to do.
    pub async fn look_again(&self) -> Result<(), StoreError> {
        let hashes = office::verify_hashes(self.reads()).await?;
        self.shared.parts.verify.replace_own(&hashes);
        self.shared.look.notify_one();
        Ok(())
    }

    /// What a shop is called.
    pub async fn name_of(&self, seller: SellerId) -> Option<String> {
        let settings = office::settings_of(self.reads(), seller).await.ok().flatten();
        settings.map(|found| found.settings.name)
    }

    /// Whether cookies are for https only.
    pub fn is_https(&self) -> bool {
        self.shared.settings.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
    }

    /// Where the browser is sent in the end, if anywhere.
    pub fn result_url(&self) -> Option<&Url> {
        self.shared.settings.result_url.as_ref()
    }

    /// The origins that a browser may be sent on to from a form of ours.
    pub fn sends_on_to(&self) -> Vec<String> {
        let ways = self.shared.parts.login.own_pages().into_iter().chain(self.result_url());
        ways.map(|url| url.origin().ascii_serialization()).collect()
    }

    fn can(&self, wish: &Wish) -> Result<(), NotBegun> {
        if wish.way == Way::Instagram && wish.uses.contains(&Use::Catalog) {
            return Err(NotBegun::NoCatalog);
        }
        match self.shared.parts.login.offers(wish.way) {
            true => Ok(()),
            false => Err(NotBegun::NoApp(wish.way)),
        }
    }

    async fn begin(
        &self,
        request: &Request<'_>,
        seller: SellerId,
        wish: &Wish,
        browser: Option<&Secret>,
    ) -> Result<Once<crate::office::Begun>, NotBegun> {
        self.address(CALLBACK)?;
        let uses: Vec<&str> = wish.uses.iter().map(|purpose| purpose.name()).collect();
        let (way, uses, connection) = (wish.way.name(), uses.join(" "), wish.connection);
        let set_out = SetOut { seller, connection, way, uses: &uses, browser };
        Ok(self.shared.parts.office.begin_connecting(request, set_out).await?)
    }

    fn page_of(&self, way: Way, uses: &[Use], state: &Secret) -> Result<Url, NotBegun> {
        Ok(self.shared.parts.login.page(way, uses, (&self.address(CALLBACK)?, state))?)
    }

    fn address(&self, path: &str) -> Result<String, NotBegun> {
        let url = self.shared.settings.public_url.as_ref().ok_or(NotBegun::NoAddress)?;
        Ok(format!("{}{path}", url.as_str().trim_end_matches('/')))
    }

    /// Waits for whoever looks at a connection's fields just now, until what they find is noted.
    pub async fn until_nobody_looks_at(&self, connection: ConnectionId) {
        drop(self.alone_with(connection).await);
    }

    /// To be held while a connection's fields are looked at.
    async fn alone_with(&self, connection: ConnectionId) -> MutexGuard<'_, ()> {
        let place = usize::try_from(connection.0.rem_euclid(LOOKS)).unwrap_or_default();
        self.shared.looks[place].lock().await
    }

    fn reads(&self) -> &sea_orm::DatabaseConnection {
        self.shared.parts.store.reads()
    }

    fn now(&self) -> DateTime<Utc> {
        self.shared.parts.clock.now()
    }
}

fn uses_of(words: &str) -> Vec<Use> {
    words.split_whitespace().filter_map(Use::named).collect()
}
