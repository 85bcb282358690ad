//! Coming back from Meta: from what the browser brings to a connected account, or to why there is none.

use std::error::Error;

use actors::domain::ids::ConnectingId;
use actors::store::office::connecting::{self, Connecting};
use tracing::{error, info};

use super::ended::{Ended, NotConnected, Offer};
use super::{Browser, Connect};
use crate::office::{Granted, OfficeError, hash_of};
use crate::vault::Secret;

/// What a browser brings back from Meta.
#[derive(Clone, Debug, Default)]
pub struct Back {
    /// What was sent out with it.
    pub state: Option<String>,
    /// What tokens are given for.
    pub code: Option<Secret>,
    /// Meta's word for what went wrong.
    pub error: Option<String>,
}

impl Connect {
    /// Takes up what a browser brings back.
    pub async fn came_back(&self, back: Back, browser: Option<&Browser>) -> Ended {
        let way = match self.take(&back, browser).await {
            Ok(way) => way,
            Err(why) => return why.ended(None),
        };
        match self.arrive(&way, &back).await {
            Ok(ended) => ended,
            Err(why) => self.refuse(&way, &why).await,
        }
    }

    /// One of the accounts that were offered is chosen.
    pub async fn choose(&self, way: &Connecting, account_id: &str) -> Ended {
        match self.chosen(way, account_id).await {
            Ok(granted) => match self.connect(way, &granted).await {
                Ok(ended) => ended,
                // Another one may be chosen still.
                Err(why) => why.ended(Some(way.id)),
            },
            Err(why) => why.ended(Some(way.id)),
        }
    }

    /// A way on which this browser has something to choose.
    pub async fn choosing(&self, connecting: ConnectingId, browser: &Browser) -> Option<Connecting> {
        let hash = hash_of(browser.secret().expose());
        connecting::of_browser(self.reads(), connecting, &hash).await.ok().flatten()
    }

    async fn take(&self, back: &Back, browser: Option<&Browser>) -> Result<Connecting, NotConnected> {
        let state = back.state.as_deref().filter(|state| !state.is_empty()).ok_or(NotConnected::StateUnknown)?;
        if let Some(browser) = browser {
            let taken = self.shared.parts.office.take_connecting(state, browser.secret().expose()).await;
            if let Some(way) = taken.map_err(unavailable)? {
                return Ok(way);
            }
        }
        let known = connecting::by_state(self.reads(), &hash_of(state)).await;
        let known = known.map_err(|error| unavailable(error.into()))?.ok_or(NotConnected::StateUnknown)?;
        let hash = browser.map(|browser| hash_of(browser.secret().expose()));
        Err(match known {
            _ if known.browser_hash != hash => NotConnected::OtherBrowser,
            _ if known.stage != "asked" => NotConnected::StateReused,
            _ => NotConnected::StateExpired,
        })
    }

    async fn arrive(&self, way: &Connecting, back: &Back) -> Result<Ended, NotConnected> {
        match (&back.error, &back.code) {
            (Some(error), _) if error == "access_denied" => return Err(NotConnected::Denied),
            (Some(_), _) => return Err(NotConnected::MetaError("while signing in".to_owned())),
            (None, None) => return Err(NotConnected::CodeRefused),
            (None, Some(_)) => {}
        }
        let Some(code) = &back.code else { return Err(NotConnected::CodeRefused) };
        let mut granted = self.fetch(way, code).await?;
        match (granted.len(), granted.pop()) {
            (1, Some(only)) => self.connect(way, &only).await,
            (_, Some(last)) => {
                granted.push(last);
                self.offer(way, &granted).await
            }
            (_, None) => Err(NotConnected::OtherAccount),
        }
    }

    async fn connect(&self, way: &Connecting, granted: &Granted) -> Result<Ended, NotConnected> {
        let connected = self.shared.parts.office.connect_granted(way, granted).await;
        let connection = connected.map_err(|error| match error {
            OfficeError::Taken(..) => NotConnected::AccountTaken,
            OfficeError::Ended => NotConnected::ChoiceUnknown,
            other => unavailable(other),
        })?;
        let (seller, name) = (way.seller, &granted.username);
        info!(seller.id = seller.0, connection = connection.0, "connected an account of seller {seller} at Meta");
        let sends = self.subscribe(seller, connection).await;
        self.shared.look.notify_one();
        let sentence = match sends {
            Ok(_) => format!("{name} is connected."),
            Err(why) => {
                format!("{name} is connected, but Meta does not send us its messages yet: {why}. It is tried again.")
            }
        };
        let (code, connecting) = ("connected", Some(way.id));
        Ok(Ended { code, sentence, connecting, connection: Some(connection), offers: Vec::new() })
    }

    async fn offer(&self, way: &Connecting, granted: &[Granted]) -> Result<Ended, NotConnected> {
        let offers: Vec<Offer> = granted.iter().map(offer_of).collect();
        let shown = serde_json::to_string(&offers).map_err(|_| NotConnected::Unavailable)?;
        let secret = serde_json::to_string(granted).map(Secret::from).map_err(|_| NotConnected::Unavailable)?;
        self.shared.parts.office.offer(way, &shown, &secret).await.map_err(unavailable)?;
        let sentence = "Several accounts were granted. Choose the one to connect.".to_owned();
        Ok(Ended { code: "choose", sentence, connecting: Some(way.id), connection: None, offers })
    }

    async fn chosen(&self, way: &Connecting, account_id: &str) -> Result<Granted, NotConnected> {
        if way.stage != "choosing" || way.expires_at <= self.now() {
            return Err(NotConnected::ChoiceUnknown);
        }
        let kept = self.shared.parts.office.offered(way).map_err(unavailable)?;
        let all: Vec<Granted> = serde_json::from_str(kept.expose()).map_err(|_| NotConnected::ChoiceUnknown)?;
        all.into_iter().find(|granted| granted.account.id() == account_id).ok_or(NotConnected::ChoiceUnknown)
    }

    async fn refuse(&self, way: &Connecting, why: &NotConnected) -> Ended {
        let (code, sentence, seller) = (why.code(), why.sentence(), way.seller);
        info!(seller.id = seller.0, code, "no account was connected for seller {seller}: {code}");
        if let Err(error) = self.shared.parts.office.end_connecting(way, (code, &sentence)).await {
            error!(error = &error as &dyn Error, "could not note how connecting an account ended");
        }
        why.ended(Some(way.id))
    }
}

fn offer_of(granted: &Granted) -> Offer {
    let page = granted.linked.as_ref().map(|page| page.id().to_owned());
    Offer { account_id: granted.account.id().to_owned(), name: granted.username.clone(), page }
}

/// Logged here, and told to nobody at the browser.
fn unavailable(error: OfficeError) -> NotConnected {
    error!(error = &error as &dyn Error, "could not connect an account");
    NotConnected::Unavailable
}
