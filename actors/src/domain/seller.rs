//! A seller's standing and policies.

use serde::{Deserialize, Serialize};

use super::budget::OwnCaps;
use super::channel::Account;
use super::ids::{ConnectionId, SellerId};
use super::money::Currency;

/// A business that uses us, with what its actor must know of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Seller {
    /// Its id.
    pub id: SellerId,
    /// Its policies.
    pub settings: Settings,
    /// Its accounts at Meta.
    pub connections: Vec<Connection>,
}

/// What a seller decides for its shop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The shop's name.
    pub name: String,
    /// What its prices are in.
    pub currency: Currency,
    /// The language of automatic answers.
    pub language: Language,
    /// What must be known before an order is confirmed.
    pub required: Required,
    /// From which confidence on a complete draft is confirmed without a person.
    pub confirm_from: f32,
    /// Whether customers are answered without a person.
    pub auto_reply: bool,
    /// Caps of its own. They are stored by themselves: the office gives the first ones, the seller's actor all others.
    #[serde(skip)]
    pub caps: OwnCaps,
}

/// Contact details without which no order is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Required {
    /// A phone number.
    pub phone: bool,
    /// An e-mail address.
    pub email: bool,
    /// A postal address.
    pub address: bool,
}

/// A language that automatic answers are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    En,
    /// French.
    Fr,
    /// Spanish.
    Es,
    /// Portuguese.
    Pt,
}

/// One account of a seller at Meta.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// The account.
    pub account: Account,
    /// The account linked to it, which the same token may act for: a Page's Instagram account, or the other way round.
    pub linked: Option<Account>,
}

impl Seller {
    /// The connection to act through on an account: its own, else that of the account it is linked to.
    pub fn connection_for(&self, account: &Account) -> Option<&Connection> {
        let own = self.connections.iter().find(|known| known.account == *account);
        own.or_else(|| self.connections.iter().find(|known| known.linked.as_ref() == Some(account)))
    }
}

impl Settings {
    /// What a new shop starts with.
    pub fn new(name: &str, currency: Currency) -> Self {
        Self {
            name: name.to_owned(),
            currency,
            language: Language::En,
            required: Required { phone: true, email: false, address: true },
            confirm_from: 0.75,
            auto_reply: true,
            caps: OwnCaps::default(),
        }
    }
}

impl Language {
    /// Every language.
    pub const ALL: [Language; 4] = [Language::En, Language::Fr, Language::Es, Language::Pt];

    /// The two-letter code.
    pub fn code(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Fr => "fr",
            Language::Es => "es",
            Language::Pt => "pt",
        }
    }

    /// The language with this code.
    pub fn coded(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code() == code)
    }
}
