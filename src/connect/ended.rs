//! How somebody's way to a connected account ended, as a code for programs and a sentence for people.

use actors::domain::ids::{ConnectingId, ConnectionId};
use serde::{Deserialize, Serialize};

/// How it ended, or goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// `connected`, `choose`, or the code of a refusal.
    pub code: &'static str,
    /// The same for people.
    pub sentence: String,
    /// Whose way it was.
    pub connecting: Option<ConnectingId>,
    /// What was connected.
    pub connection: Option<ConnectionId>,
    /// What there is to choose from.
    pub offers: Vec<Offer>,
}

/// An account to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Offer {
    /// Meta's number of it.
    pub account_id: String,
    /// Its name.
    pub name: String,
    /// The name of the Page it is linked to.
    pub page: Option<String>,
}

/// Why no account was connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotConnected {
    /// The person refused.
    Denied,
    /// Meta had an error of its own, with this code.
    MetaError(String),
    /// What came back is not what was sent out.
    StateUnknown,
    /// It was sent out, and came back before.
    StateReused,
    /// It came back too late.
    StateExpired,
    /// It came back in another browser.
    OtherBrowser,
    /// Meta takes the code no more.
    CodeRefused,
    /// Meta could not be asked.
    MetaAway(String),
    /// Meta gave a token for another app, or one it does not take.
    TokenUnusable,
    /// The person has no Page, or granted none.
    NoPage,
    /// These Pages have no Instagram account.
    PageWithoutInstagram(Vec<String>),
    /// The person may not do on the Page what is needed.
    RoleMissing(String),
    /// These rights were not granted.
    ScopesMissing(Vec<String>),
    /// The account that was to work again is not among those granted.
    OtherAccount,
    /// The account is another seller's.
    AccountTaken,
    /// There is nothing to choose, or not this.
    ChoiceUnknown,
    /// The service could not do it now.
    Unavailable,
}

impl NotConnected {
    /// The code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::MetaError(_) => "meta_error",
            Self::StateUnknown => "state_unknown",
            Self::StateReused => "state_reused",
            Self::StateExpired => "state_expired",
            Self::OtherBrowser => "other_browser",
            Self::CodeRefused => "code_refused",
            Self::MetaAway(_) => "meta_unavailable",
            Self::TokenUnusable => "token_unusable",
            Self::NoPage => "no_page",
            Self::PageWithoutInstagram(_) => "page_without_instagram",
            Self::RoleMissing(_) => "role_missing",
            Self::ScopesMissing(_) => "scopes_missing",
            Self::OtherAccount => "other_account",
            Self::AccountTaken => "account_taken",
            Self::ChoiceUnknown => "choice_unknown",
            Self::Unavailable => "unavailable",
        }
    }

    /// What happened, and what to do.
    pub fn sentence(&self) -> String {
        match self {
            Self::Denied => "Nothing was granted, so nothing was connected. Begin anew to grant it.".to_owned(),
            Self::MetaError(code) => format!("Meta ended it with an error of its own ({code}). Begin anew."),
            Self::StateUnknown => "This is not the answer to a question of ours. Begin anew.".to_owned(),
            Self::StateReused => {
                "This answer came before. Look whether the account is connected, or begin anew.".to_owned()
            }
            Self::StateExpired => "This took longer than ten minutes. Begin anew.".to_owned(),
            Self::OtherBrowser => {
                "This was begun in another browser, or cookies are off. Begin anew, in this one.".to_owned()
            }
            Self::CodeRefused => "Meta takes its own answer no more: it was used, or is too old. Begin anew.".to_owned(),
            Self::MetaAway(why) => format!("Meta could not be asked: {why}. Begin anew in a while."),
            Self::TokenUnusable => "Meta gave a token that is of no use to this app. Begin anew.".to_owned(),
            Self::NoPage => {
                "There is no Facebook Page among what was granted. An Instagram account is connected through the Page \
                 it is linked to, or by Instagram's own login."
                    .to_owned()
            }
            Self::PageWithoutInstagram(pages) => format!(
                "No Instagram account is linked to {}. Link one in the Page's settings, or use Instagram's own login.",
                pages.join(", ")
            ),
            Self::RoleMissing(page) => {
                format!("Your role on {page} does not include messages. Ask whoever manages the Page for it.")
            }
            Self::ScopesMissing(scopes) => {
                format!("These rights were not granted: {}. Begin anew and grant all of them.", scopes.join(", "))
            }
            Self::OtherAccount => {
                "Another account was granted than the one that is to be connected again. Begin anew and choose that one."
                    .to_owned()
            }
            Self::AccountTaken => {
                "The account is connected to another shop. That shop must let it go to this one first.".to_owned()
            }
            Self::ChoiceUnknown => "There is nothing to choose any more, or not this. Begin anew.".to_owned(),
            Self::Unavailable => "It could not be done just now. Begin anew in a while.".to_owned(),
        }
    }

    pub(super) fn ended(&self, connecting: Option<ConnectingId>) -> Ended {
        let (code, sentence) = (self.code(), self.sentence());
        Ended { code, sentence, connecting, connection: None, offers: Vec::new() }
    }
}
