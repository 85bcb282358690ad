//! The client of Meta's Graph API: makes one call and sorts what came of it. It knows no seller, no order and no
//! database; what is owed, and whether to call again, is decided by those who ask.

mod catalog;
mod errors;
mod find;
mod limits;
mod login;
mod send;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use actors::domain::channel::Channel;
use actors::domain::credential::Use;
use actors::domain::ids::{ConnectionId, SellerId};
use actors::failpoint;
use actors::ports::{Answered, CALL_DEADLINE, CATALOG_DEADLINE, Graph, GraphCall, GraphRequest, Later};
use reqwest::{Client, RequestBuilder, Response, redirect, retry};
use tokio::time::{Instant, timeout_at};
use tracing::debug;
use url::Url;

use self::errors::{Answer, Fault, Kind};
use self::limits::Heard;
pub use self::login::{
    AppAtMeta, Asset, Found, FoundPage, Grant, Inspected, Login, LoginAddresses, LoginError, LoginSettings, Proves,
    Subscription, Way,
};
use self::send::Saying;
use crate::vault::Secret;

/// For one connection to be made, with TLS.
const CONNECT_DEADLINE: Duration = Duration::from_secs(5);
/// The Graph API closes idle connections after a while; we do so first, so that no send meets a closing one.
const IDLE_CONNECTION: Duration = Duration::from_secs(30);
/// A page of fifty messages is a tenth of this.
const ANSWER_LIMIT_BYTES: usize = 1 << 20;
/// Thousands of items, each with remarks.
const CATALOG_ANSWER_LIMIT_BYTES: usize = 16 << 20;

/// Finds the token of a connection for what is to be done with it.
pub type Tokens =
    Arc<dyn Fn(SellerId, ConnectionId, Use) -> Later<'static, Result<Credentials, NoToken>> + Send + Sync>;

/// What a connection calls with.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The token.
    pub token: Secret,
    /// Meta's id of the Page that the token is of. An Instagram account without one was connected by Instagram's own
    /// login, and is called at Instagram's own address.
    pub page: Option<String>,
    /// Which of the connection's tokens it is: one put in later has a higher number.
    pub generation: i64,
}

/// Why there is no token to call with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoToken {
    /// The connection has none, or is gone.
    Missing,
    /// Meta takes the one there is no more.
    Refused {
        /// Why, as a code.
        code: String,
        /// Which it is.
        generation: i64,
    },
    /// It could not be read just now; why, in our words.
    Unreadable(String),
}

/// Calls the Graph API over one shared pool of connections.
pub struct GraphClient {
    http: Client,
    addresses: Addresses,
    version: String,
    tokens: Tokens,
    /// No call may take longer, whatever it is.
    proofs: Proofs,
    deadline: Duration,
}

/// The secrets of apps that calls prove to know.
#[derive(Clone, Debug, Default)]
pub struct Proofs {
    /// For Pages and what is reached through them.
    pub graph: Option<Secret>,
    /// For WhatsApp numbers.
    pub whatsapp: Option<Secret>,
    /// For accounts of Instagram's own login.
    pub instagram: Option<Secret>,
}

/// Where the Graph API is.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// For Pages, WhatsApp numbers, and Instagram accounts connected through their Page.
    pub graph: Url,
    /// For Instagram accounts connected by Instagram's own login.
    pub instagram: Url,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum GraphClientError {
    /// The address cannot have a path.
    #[error("the Graph API's address has no host")]
    BaseUrl,
    /// TLS or the system's certificates.
    #[error("could not build the HTTPS client: does this machine have CA certificates?")]
    Client(#[source] reqwest::Error),
}

/// What all requests of one call share.
struct Errand<'a> {
    call: &'a GraphCall,
    credentials: Credentials,
    deadline: Instant,
    label: &'static str,
    heard: &'a Heard,
}

impl Errand<'_> {
    /// Whether the account was connected by Instagram's own login.
    fn is_instagrams_own(&self) -> bool {
        self.call.account.channel() == Some(Channel::Instagram) && self.credentials.page.is_none()
    }

    /// The longest answer that is read.
    fn answer_limit(&self) -> usize {
        match self.call.request {
            GraphRequest::Catalog { .. } => CATALOG_ANSWER_LIMIT_BYTES,
            _ => ANSWER_LIMIT_BYTES,
        }
    }

    /// The id at Meta in whose name the call is made: a Page calls for its Instagram account.
    fn through(&self) -> &str {
        match (self.call.account.channel(), &self.credentials.page) {
            (Some(Channel::Instagram), Some(page)) => page,
            _ => self.call.account.id(),
        }
    }
}

impl GraphClient {
    /// A client of the Graph API at these addresses, in `version` (`v25.0`).
    pub fn new(addresses: Addresses, version: String, tokens: Tokens) -> Result<Self, GraphClientError> {
        let both = [&addresses.graph, &addresses.instagram];
        if both.iter().any(|url| url.cannot_be_a_base()) {
            return Err(GraphClientError::BaseUrl);
        }
        let is_local = both.iter().all(|url| url.scheme() == "http");
        let http = http_client(is_local).map_err(GraphClientError::Client)?;
        Ok(Self { http, addresses, version, tokens, proofs: Proofs::default(), deadline: CATALOG_DEADLINE })
    }

    /// The same, with calls that prove to know these secrets.
    pub fn proving(self, proofs: Proofs) -> Self {
        Self { proofs, ..self }
    }

    async fn make(&self, call: &GraphCall) -> Answered {
        let (label, kind) = match &call.request {
            // One name for whatever is said: what may become of it is the same.
            GraphRequest::SendText { .. } | GraphRequest::SendAttachment { .. } => ("graph.send_text", Kind::Send),
            GraphRequest::FindMessage { .. } => ("graph.find_message", Kind::Read),
            GraphRequest::Catalog { ask, .. } => (catalog::label(ask), Kind::Read),
        };
        let (deadline, heard) = (Instant::now() + call.request.deadline().min(self.deadline), Heard::default());
        let mut generation = None;
        let done = async {
            let credentials = self.credentials(call, deadline).await?;
            generation = Some(credentials.generation);
            let errand = Errand { call, credentials, deadline, label, heard: &heard };
            match &call.request {
                GraphRequest::SendText { recipient, text, quick_replies } => {
                    self.send(&errand, recipient, &Saying::Text(text, quick_replies)).await
                }
                GraphRequest::SendAttachment { recipient, attachment, caption } => {
                    self.send(&errand, recipient, &Saying::File(attachment, caption)).await
                }
                GraphRequest::FindMessage { recipient, text, attachment, since } => {
                    let words = attachment.map_or(find::Like::Words(text), find::Like::File);
                    let sought = find::Sought::new(call.account.id(), errand.through(), words, *since);
                    let found = timeout_at(deadline, self.find_message(&errand, &sought, recipient)).await;
                    found.unwrap_or_else(|_| Err(Fault::NotSent("there was no time left to look further".to_owned())))
                }
                GraphRequest::Catalog { catalog, ask } => self.catalog(&errand, catalog, ask).await,
            }
        };
        match done.await {
            Ok(result) => Answered { result, limits: heard.limits(None) },
            Err(fault) => {
                let limits = heard.limits(fault.limit());
                let result = match &call.request {
                    GraphRequest::Catalog { ask, .. } => catalog::failed(fault, ask, generation),
                    _ => fault.result(kind, generation),
                };
                Answered { result, limits }
            }
        }
    }

    async fn credentials(&self, call: &GraphCall, deadline: Instant) -> Result<Credentials, Fault> {
        let purpose = if matches!(call.request, GraphRequest::Catalog { .. }) { Use::Catalog } else { Use::Messages };
        match timeout_at(deadline, (self.tokens)(call.seller, call.connection, purpose)).await {
            Ok(Ok(credentials)) => Ok(credentials),
            Ok(Err(NoToken::Missing)) => Err(Fault::Token { code: "no_token".to_owned(), generation: None }),
            Ok(Err(NoToken::Refused { code, generation })) => Err(Fault::Token { code, generation: Some(generation) }),
            Ok(Err(NoToken::Unreadable(why))) => Err(Fault::NotSent(format!("the token could not be read: {why}"))),
            Err(_) => Err(Fault::NotSent("the token could not be read in time".to_owned())),
        }
    }

    /// The one place from which anything goes to Meta.
    async fn exchange(&self, errand: &Errand<'_>, request: RequestBuilder) -> Result<Answer, Fault> {
        let left = errand.deadline.saturating_duration_since(Instant::now());
        let request = match self.proof(errand) {
            Some(secret) => request.query(&[("appsecret_proof", login::proof(secret, &errand.credentials.token))]),
            None => request,
        };
        let exchanged = async {
            let response = request.bearer_auth(errand.credentials.token.expose()).timeout(left).send().await?;
            let (status, after) = (response.status(), limits::pause(response.headers()));
            errand.heard.listen(response.headers());
            Ok((status, after, read_body(response, errand.answer_limit()).await?))
        };
        let (status, after, body) = failpoint::around::<_, Fault>(errand.label, exchanged).await?;
        let seller = errand.call.seller;
        debug!(call = errand.label, seller.id = seller.0, status = status.as_u16(), "the Graph API answered");
        Ok(Answer { status, after, body })
    }

    fn proof(&self, errand: &Errand<'_>) -> Option<&Secret> {
        match errand.call.account.channel() {
            Some(Channel::Whatsapp) => self.proofs.whatsapp.as_ref(),
            _ if errand.is_instagrams_own() => self.proofs.instagram.as_ref(),
            _ => self.proofs.graph.as_ref(),
        }
    }

    /// An address under the version; every part becomes one segment of the path, whatever it holds.
    fn url(&self, errand: &Errand<'_>, parts: &[&str]) -> Url {
        let mut url = match errand.is_instagrams_own() {
            true => self.addresses.instagram.clone(),
            false => self.addresses.graph.clone(),
        };
        let mut path = url.path_segments_mut().expect("checked when the client was built");
        path.pop_if_empty().push(&self.version).extend(parts);
        drop(path);
        url
    }
}

impl Graph for GraphClient {
    fn answer<'a>(&'a self, call: &'a GraphCall) -> Later<'a, Answered> {
        Box::pin(self.make(call))
    }
}

fn http_client(is_local: bool) -> Result<Client, reqwest::Error> {
    // Another part of the process may have chosen already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .user_agent(concat!("hawker/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_DEADLINE)
        .timeout(CALL_DEADLINE)
        .pool_idle_timeout(IDLE_CONNECTION)
        // A redirect would take the token along, and a retry might send a message twice: both are for us to decide.
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false);
    if is_local {
        // Plain http is for the sandbox on this machine: no proxy is between, and no certificates are needed.
        builder = builder.no_proxy().tls_certs_only([]);
    }
    builder.build()
}

/// A client for other programs on this machine: plain HTTP, no proxy in between.
pub fn loopback_client(deadline: Duration) -> Result<Client, GraphClientError> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder().timeout(deadline).no_proxy().tls_certs_only([]);
    builder.build().map_err(GraphClientError::Client)
}

async fn read_body(mut response: Response, limit_bytes: usize) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > limit_bytes {
            return Err(Fault::uncertain("the answer is longer than any can be"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[cfg(test)]
mod tests;
