//! A seller's standing and policies.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::budget::OwnCaps;
use super::channel::Account;
use super::erasure::KeepDays;
use super::ids::{ConnectionId, SellerId};
use super::money::Currency;
use super::region::{Country, TimeZone};

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
    /// The country it sells from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// The time zone its days begin and end in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<TimeZone>,
    /// For how many days customers are remembered who say nothing more; none: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_days: Option<KeepDays>,
}

/// Settings to be put in the place of those a seller has; none: as it is. The currency stays, as prices are in it, and
/// the caps are changed by a command.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SettingsPatch {
    /// The shop's name.
    pub name: Option<String>,
    /// The language of automatic answers.
    pub language: Option<Language>,
    /// What must be known before an order is confirmed.
    pub required: Option<Required>,
    /// From which confidence on a complete draft is confirmed without a person.
    pub confirm_from: Option<f32>,
    /// Whether customers are answered without a person.
    pub auto_reply: Option<bool>,
    /// The country; `Some(None)`: not known any more.
    pub country: Option<Option<Country>>,
    /// The time zone; `Some(None)`: not known any more.
    pub time_zone: Option<Option<TimeZone>>,
    /// For how many days silent customers are remembered; `Some(None)`: for ever.
    pub keep_days: Option<Option<KeepDays>>,
}

/// The longest name of a shop.
const NAME_BYTES: usize = 200;

/// Contact details without which no order is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Required {
    /// A phone number.
    pub phone: bool,
    /// An e-mail address.
    pub email: bool,
    /// A postal address.
    pub address: bool,
}

/// A language that automatic answers are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    /// Which token it has for messages: one put in later has a higher number.
    pub generation: i64,
    /// Why Meta takes that token no more, as a code; none: it does.
    pub refused: Option<String>,
}

impl Connection {
    /// A connection that works.
    pub fn working(id: ConnectionId, account: Account, linked: Option<Account>) -> Self {
        Self { id, account, linked, generation: 1, refused: None }
    }
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
            country: None,
            time_zone: None,
            keep_days: None,
        }
    }

    /// The settings with a patch put over them, or what is wrong with it, as a sentence.
    pub fn patched(self, patch: SettingsPatch) -> Result<Self, String> {
        let patched = Self {
            name: patch.name.unwrap_or(self.name),
            language: patch.language.unwrap_or(self.language),
            required: patch.required.unwrap_or(self.required),
            confirm_from: patch.confirm_from.unwrap_or(self.confirm_from),
            auto_reply: patch.auto_reply.unwrap_or(self.auto_reply),
            country: patch.country.unwrap_or(self.country),
            time_zone: patch.time_zone.unwrap_or(self.time_zone),
            keep_days: patch.keep_days.unwrap_or(self.keep_days),
            ..self
        };
        patched.checked()
    }

    /// The same, or what is wrong with them, as a sentence.
    pub fn checked(self) -> Result<Self, String> {
        let name = &self.name;
        if name.trim().is_empty() || name.len() > NAME_BYTES || name.contains(char::is_control) {
            return Err(format!("name has 1 to {NAME_BYTES} bytes, and no control characters"));
        }
        // A number that is none is in no range.
        if !(0.0..=1.0).contains(&self.confirm_from) {
            return Err("confirm_from is a number from 0 to 1".to_owned());
        }
        Ok(self)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings::new("Linen", "USD".parse().unwrap())
    }

    #[test]
    fn a_patch_changes_what_it_names_and_nothing_else() {
        let country = Country::try_from("FR".to_owned()).unwrap();
        let patch = SettingsPatch { auto_reply: Some(false), country: Some(Some(country)), ..SettingsPatch::default() };
        let patched = settings().patched(patch.clone()).unwrap();
        assert_eq!(patched, Settings { auto_reply: false, country: patch.country.unwrap(), ..settings() });
        assert_eq!(patched.clone().patched(SettingsPatch::default()), Ok(patched.clone()));
        let nowhere = SettingsPatch { country: Some(None), ..SettingsPatch::default() };
        assert_eq!(patched.patched(nowhere).unwrap().country, None);
    }

    #[test]
    fn what_a_shop_cannot_have_is_refused_with_a_sentence() {
        for name in ["", "  ", "Li\0nen", "Li\nnen", &"x".repeat(201)] {
            let patch = SettingsPatch { name: Some(name.to_owned()), ..SettingsPatch::default() };
            assert!(settings().patched(patch).unwrap_err().starts_with("name has"), "{name:?}");
        }
        for confirm_from in [-0.1, 1.1, f32::NAN, f32::INFINITY] {
            let patch = SettingsPatch { confirm_from: Some(confirm_from), ..SettingsPatch::default() };
            assert!(settings().patched(patch).unwrap_err().starts_with("confirm_from"), "{confirm_from}");
        }
    }

    #[test]
    fn settings_of_before_there_were_countries_are_read() {
        let old = r#"{"name":"Linen","currency":"USD","language":"en","required":{"phone":true,"email":false,
            "address":true},"confirm_from":0.75,"auto_reply":true}"#;
        assert_eq!(serde_json::from_str::<Settings>(old).unwrap(), settings());
    }
}
