//! Tries an address as Meta does: the handshake, signatures right, wrong and missing, an echo, the same message twice.
//!
//! What it sends is for the account `0`, which Meta's own dashboard sends its tests for and nobody has: it is kept as a
//! test, and is no shop's message.

mod judge;
mod messages;
mod wire;

use std::time::Duration;

use actors::store::ledger::{self, Order, Selection};
use actors::store::{Store, StoreError};
use chrono::{DateTime, Utc};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::join;
use url::Url;

use self::messages::Message;
use self::wire::{Failure, Wire};
use super::finding::{Finding, Light, worst};
use crate::config::Config;
use crate::vault::Secret;
use crate::webhooks_out::{NotAllowed, checked};

/// How long Meta waits for an answer, by what it says of Messenger and of Instagram's messages.
pub const LIMIT: Duration = Duration::from_secs(5);

const NOTE: &str = "The test's messages are for the account 0, as those of the \"Test\" button in Meta's dashboard are: \
                    they are kept as tests, and reach no shop.";

/// What is to be tried, and with what.
#[derive(Clone, Copy, Debug)]
pub struct Tested<'a> {
    /// The address.
    pub url: &'a str,
    /// What the app signs with.
    pub secret: Option<&'a Secret>,
    /// What was typed beside the address at Meta.
    pub verify_token: Option<&'a Secret>,
    /// How long an answer may take.
    pub limit: Duration,
    /// Whether this very machine may be asked, and by plain http.
    pub allow_loopback: bool,
}

/// What a service tries addresses with, unless somebody says otherwise.
#[derive(Clone, Debug)]
pub struct Own {
    /// What its app signs with.
    pub secret: Option<Secret>,
    /// What was typed beside its own address at Meta.
    pub verify_token: Option<Secret>,
    /// Whether this very machine may be asked, and by plain http.
    pub allow_loopback: bool,
}

impl Own {
    /// What these settings have. The test's messages are Instagram's, which its own app may sign.
    pub fn of(config: &Config) -> Self {
        let meta = &config.meta;
        Self {
            secret: meta.instagram_app_secret.clone().or_else(|| meta.meta_app_secret.clone()),
            verify_token: meta.verify_token.clone(),
            allow_loopback: config.webhooks.allow_loopback,
        }
    }
}

/// What was found.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The address.
    url: String,
    /// How it is as a whole: the worst of all checks.
    light: Light,
    /// The checks, in their order. Where nobody is reached, the others are not made.
    checks: Vec<Finding>,
    /// Where the messages of the test went.
    note: String,
}

impl Report {
    fn of(url: &str, checks: Vec<Finding>) -> Self {
        Self { url: url.to_owned(), light: worst(&checks), checks, note: NOTE.to_owned() }
    }

    /// How it is as a whole.
    pub fn light(&self) -> Light {
        self.light
    }
}

/// Why nothing could be tried.
#[derive(Debug, thiserror::Error)]
pub enum NotTested {
    /// There is no client for it.
    #[error("no client to try addresses with")]
    NoClient(#[source] reqwest::Error),
    /// The system gave no random bytes.
    #[error("no random bytes")]
    NoRandomness(#[source] getrandom::Error),
    /// What came in could not be read.
    #[error("could not read what came in")]
    Store(#[from] StoreError),
}

/// Tries it. Where it is the address of the service with this database, what came in is counted there.
pub async fn test(tested: Tested<'_>, now: DateTime<Utc>, own: Option<&Store>) -> Result<Report, NotTested> {
    let url = match checked(tested.url, tested.allow_loopback) {
        Ok(url) => url,
        Err(refused) => return Ok(Report::of(tested.url, vec![judge::not_allowed(refused)])),
    };
    let mut checks = vec![judge::address(&url)];
    let trial = Trial::new(tested, &url, now)?;
    // A handshake that must be refused tells first whether anybody is there.
    let wrong = trial.shake_hands_wrongly().await;
    checks.push(judge::connection(&wrong, tested.limit));
    if wrong.as_ref().is_err_and(Failure::is_final) {
        return Ok(Report::of(tested.url, checks));
    }
    let of_answers = trial.answers(wrong, own).await?;
    checks.extend(of_answers);
    Ok(Report::of(tested.url, checks))
}

/// Where a message went.
pub(super) enum Reached {
    /// It is in our own inbox, after so long.
    Here(Duration),
    /// It was taken, and not by us.
    Elsewhere,
    /// It was not taken, and why.
    Nobody(Finding),
}

/// Sends one signed message to an address, and looks whether it came in at our own door.
pub(super) async fn reach(
    url: &str,
    (secret, allow_loopback): (&Secret, bool),
    now: DateTime<Utc>,
    store: &Store,
) -> Result<Reached, NotTested> {
    let url = match checked(url, allow_loopback) {
        Ok(url) => url,
        Err(refused) => return Ok(Reached::Nobody(judge::not_allowed(refused))),
    };
    let (wire, name) = (Wire::new(&url, (LIMIT, allow_loopback)).map_err(NotTested::NoClient)?, random()?);
    let message = Message::text(&name, now);
    let sent = wire.send(message.bytes(), Some(&wire::signature(secret, message.bytes()))).await;
    let took = match &sent {
        Ok(answer) if answer.status == StatusCode::OK => answer.took,
        _ => return Ok(Reached::Nobody(judge::taken("probe", Some(&sent), LIMIT))),
    };
    match count(store, &messages::id_of_text(&name)).await? {
        0 => Ok(Reached::Elsewhere),
        _ => Ok(Reached::Here(took)),
    }
}

/// A test under way.
struct Trial<'a> {
    tested: Tested<'a>,
    wire: Wire<'a>,
    now: DateTime<Utc>,
    /// What its messages are told from all others by.
    name: String,
}

impl<'a> Trial<'a> {
    fn new(tested: Tested<'a>, url: &'a Url, now: DateTime<Utc>) -> Result<Self, NotTested> {
        let wire = Wire::new(url, (tested.limit, tested.allow_loopback)).map_err(NotTested::NoClient)?;
        Ok(Self { tested, wire, now, name: random()? })
    }

    /// A number that begins with a zero: a challenge is text, and whoever takes it for a number loses that.
    fn challenge(&self) -> String {
        let digits = self.name.bytes().map(|byte| char::from(b'0' + byte % 10));
        ['0'].into_iter().chain(digits).collect()
    }

    async fn shake_hands_wrongly(&self) -> wire::Tried {
        self.wire.shake_hands(&format!("wrong-{}", self.name), &self.challenge()).await
    }

    /// All the rest, once somebody is there.
    async fn answers(&self, wrong: wire::Tried, own: Option<&Store>) -> Result<Vec<Finding>, NotTested> {
        let (message, echo) = (Message::text(&self.name, self.now), Message::echo(&self.name, self.now));
        let secret = self.tested.secret;
        let signed = |body: &Message| secret.map(|secret| wire::signature(secret, body.bytes()));
        // A secret that nobody has, and not just any 64 digits: whoever compares the beginnings only is found out.
        let forged = wire::signature(&Secret::from(self.name.as_str()), message.bytes());
        let (good, of_echo) = (signed(&message), signed(&echo));
        let (right, first, bad, missing, told) = join!(
            self.shake_hands(),
            self.send(&message, good.as_deref()),
            self.wire.send(message.bytes(), Some(&forged)),
            self.wire.send(message.bytes(), None),
            self.send(&echo, of_echo.as_deref()),
        );
        let again = self.send(&message, good.as_deref()).await;
        let counted = match own {
            Some(store) => Some(self.counted(store).await?),
            None => None,
        };
        let limit = self.tested.limit;
        let all =
            [right.as_ref(), Some(&wrong), first.as_ref(), Some(&bad), Some(&missing), told.as_ref(), again.as_ref()];
        Ok(vec![
            judge::redirects(all),
            judge::handshake(right.as_ref(), &self.challenge(), limit),
            judge::wrong_token(&wrong, &self.challenge(), limit),
            judge::taken("good_signature", first.as_ref(), limit),
            judge::refusal("bad_signature", &bad, limit),
            judge::refusal("missing_signature", &missing, limit),
            judge::taken("echo", told.as_ref(), limit),
            judge::duplicate((first.as_ref(), again.as_ref()), counted, limit),
            judge::time(all, limit),
        ])
    }

    async fn shake_hands(&self) -> Option<wire::Tried> {
        Some(self.wire.shake_hands(self.tested.verify_token?.expose(), &self.challenge()).await)
    }

    async fn send(&self, message: &Message, signature: Option<&str>) -> Option<wire::Tried> {
        Some(self.wire.send(message.bytes(), Some(signature?)).await)
    }

    /// How often the message is in this inbox, where it is its door that was tried.
    async fn counted(&self, store: &Store) -> Result<usize, StoreError> {
        count(store, &messages::id_of_text(&self.name)).await
    }
}

/// How many events with this message's id are in the inbox.
async fn count(store: &Store, mid: &str) -> Result<usize, StoreError> {
    let accounts = vec![messages::account()];
    let selection = Selection { accounts, key: Some(mid.to_owned()), ..Selection::default() };
    let found = ledger::events(store.reads(), (None, selection), (Order::Newest, None), 10).await?;
    Ok(found.events.len())
}

/// What nobody guesses.
fn random() -> Result<String, NotTested> {
    let mut bytes = [0_u8; 12];
    getrandom::fill(&mut bytes).map_err(NotTested::NoRandomness)?;
    Ok(hex::encode(bytes))
}

/// An address that cannot be tried, as the fix says it.
fn fix_of(refused: NotAllowed) -> &'static str {
    match refused {
        NotAllowed::NoAddress | NotAllowed::TooLong => "Write it as https://shop.example/webhooks/meta.",
        NotAllowed::NotHttps => "Put TLS before it, with a certificate that browsers trust: Meta takes nothing else.",
        NotAllowed::Credentials => "Leave the user and the password out: Meta sends neither.",
        NotAllowed::Inside => "Use the address that the world sees; Meta cannot reach into your network.",
    }
}
