//! Who may do what over the API: whose a key is, and what it lets its holder do.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::SellerId;
use super::named::named;

/// One thing that a key may be allowed. Reading and writing are apart, and neither includes the other: a till that
/// writes orders need not read what customers say. Whoever writes is still answered with what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Scope {
    /// Lists sellers.
    SellersRead,
    /// Makes sellers.
    SellersWrite,
    /// Reads a shop's settings and budget.
    SettingsRead,
    /// Changes a shop's settings and budget.
    SettingsWrite,
    /// Lists accounts at Meta.
    ConnectionsRead,
    /// Connects accounts at Meta and disconnects them.
    ConnectionsWrite,
    /// Reads the catalog.
    ProductsRead,
    /// Changes the catalog.
    ProductsWrite,
    /// Reads orders.
    OrdersRead,
    /// Makes and changes orders.
    OrdersWrite,
    /// Reads what was said, and by whom.
    ConversationsRead,
    /// Answers customers and works on conversations.
    ConversationsWrite,
    /// Follows what happens in a shop.
    EventsRead,
    /// Lists webhook endpoints and what was delivered to them.
    WebhooksRead,
    /// Makes and changes webhook endpoints.
    WebhooksWrite,
    /// Reads what became of everything that came in.
    LedgerRead,
    /// Puts ledgered events back to work.
    LedgerWrite,
    /// Lists keys.
    KeysRead,
    /// Makes and revokes keys.
    KeysWrite,
    /// Looks at sellers' actors.
    ActorsRead,
    /// Pauses, resumes and unloads sellers' actors.
    ActorsWrite,
    /// Reads who did what.
    AuditRead,
    /// Reads what was erased, and exports what is held of a customer.
    PrivacyRead,
    /// Erases customers.
    PrivacyWrite,
    /// Reads which keys what is kept sealed is sealed with.
    SecretsRead,
    /// Seals what is kept sealed anew.
    SecretsWrite,
    /// Tries webhook addresses from where the service is.
    ServiceWrite,
}

named!(Scope {
    SellersRead = "sellers:read",
    SellersWrite = "sellers:write",
    SettingsRead = "settings:read",
    SettingsWrite = "settings:write",
    ConnectionsRead = "connections:read",
    ConnectionsWrite = "connections:write",
    ProductsRead = "products:read",
    ProductsWrite = "products:write",
    OrdersRead = "orders:read",
    OrdersWrite = "orders:write",
    ConversationsRead = "conversations:read",
    ConversationsWrite = "conversations:write",
    EventsRead = "events:read",
    WebhooksRead = "webhooks:read",
    WebhooksWrite = "webhooks:write",
    LedgerRead = "ledger:read",
    LedgerWrite = "ledger:write",
    KeysRead = "keys:read",
    KeysWrite = "keys:write",
    ActorsRead = "actors:read",
    ActorsWrite = "actors:write",
    AuditRead = "audit:read",
    PrivacyRead = "privacy:read",
    PrivacyWrite = "privacy:write",
    SecretsRead = "secrets:read",
    SecretsWrite = "secrets:write",
    ServiceWrite = "service:write",
});

impl Scope {
    /// What it lets its holder do, as a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::SellersRead => "Lists sellers and finds them by name.",
            Self::SellersWrite => "Makes sellers.",
            Self::SettingsRead => "Reads a shop's settings and what it may spend at Meta.",
            Self::SettingsWrite => "Changes a shop's settings and what it may spend at Meta.",
            Self::ConnectionsRead => "Lists a shop's accounts at Meta.",
            Self::ConnectionsWrite => "Connects a shop's accounts at Meta and disconnects them.",
            Self::ProductsRead => "Reads and exports a shop's products.",
            Self::ProductsWrite => "Adds, changes, removes and imports products.",
            Self::OrdersRead => "Reads orders, with the customers' details that are in them.",
            Self::OrdersWrite => "Makes, edits, confirms, cancels and fulfils orders.",
            Self::ConversationsRead => "Reads messages, customers, leads, notes and labels.",
            Self::ConversationsWrite => "Answers customers, and changes notes, labels, leads and customers' details.",
            Self::EventsRead => "Follows what happens in a shop, as it happens.",
            Self::WebhooksRead => "Lists webhook endpoints and what was delivered to them.",
            Self::WebhooksWrite => "Makes, changes and removes webhook endpoints, and delivers again.",
            Self::LedgerRead => "Reads what became of everything that came in.",
            Self::LedgerWrite => "Puts ledgered events back to work.",
            Self::KeysRead => "Lists keys, without their secrets.",
            Self::KeysWrite => "Makes keys that may do no more than this one, and revokes keys.",
            Self::ActorsRead => "Looks at where sellers' actors stand.",
            Self::ActorsWrite => "Pauses, resumes and unloads sellers' actors.",
            Self::AuditRead => "Reads who did what, and when.",
            Self::PrivacyRead => "Reads what was erased, and exports all that is held of a customer.",
            Self::PrivacyWrite => "Erases customers.",
            Self::SecretsRead => "Reads how much is sealed with which encryption key.",
            Self::SecretsWrite => "Seals all that is kept sealed anew, with the current encryption key.",
            Self::ServiceWrite => "Tries webhook addresses, from where the service is.",
        }
    }

    /// Whether a seller's own key may have it. The others are about the service, or about other sellers.
    pub fn is_for_sellers(self) -> bool {
        !matches!(
            self,
            Self::SellersRead
                | Self::SellersWrite
                | Self::ActorsRead
                | Self::ActorsWrite
                | Self::SecretsRead
                | Self::SecretsWrite
                | Self::ServiceWrite
        )
    }

    fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.name().to_owned()
    }
}

impl TryFrom<String> for Scope {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Self::named(&name).ok_or_else(|| "there is no such scope".to_owned())
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u32);

impl Scopes {
    /// Every scope there is.
    pub fn all() -> Self {
        Scope::ALL.into_iter().collect()
    }

    /// Whether this one is among them.
    pub fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// One by one.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.has(*scope))
    }

    /// None.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// As stored: names with spaces between.
    pub fn to_words(self) -> String {
        self.iter().map(Scope::name).collect::<Vec<_>>().join(" ")
    }

    /// From what is stored. What a newer version may have written allows nothing here.
    pub fn from_words(words: &str) -> Self {
        words.split(' ').filter_map(Scope::named).collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

/// Whose a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Holder {
    /// Whoever runs the service: every shop is open to it.
    Operator,
    /// A seller: its own shop, and no other.
    Seller(SellerId),
}

impl Holder {
    /// Whether it may look into this shop.
    pub fn may_see(self, seller: SellerId) -> bool {
        match self {
            Self::Operator => true,
            Self::Seller(own) => own == seller,
        }
    }

    /// The only shop it may look into, where there is one.
    pub fn only(self) -> Option<SellerId> {
        match self {
            Self::Operator => None,
            Self::Seller(own) => Some(own),
        }
    }
}

impl From<Option<SellerId>> for Holder {
    fn from(seller: Option<SellerId>) -> Self {
        seller.map_or(Self::Operator, Self::Seller)
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator => f.write_str("the operator"),
            Self::Seller(seller) => write!(f, "seller {seller}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_scope_has_an_area_a_verb_and_a_sentence() {
        for scope in Scope::ALL {
            let (area, verb) = scope.name().split_once(':').unwrap();
            assert!(!area.is_empty() && ["read", "write"].contains(&verb), "{scope}");
            assert!(scope.sentence().ends_with('.') && scope.sentence().len() > 10, "{scope}");
        }
    }

    #[test]
    fn what_is_about_the_service_is_no_sellers() {
        let operators: Vec<_> = Scope::ALL.into_iter().filter(|scope| !scope.is_for_sellers()).collect();
        let names: Vec<_> = operators.iter().map(|scope| scope.name()).collect();
        assert_eq!(
            names,
            [
                "sellers:read",
                "sellers:write",
                "actors:read",
                "actors:write",
                "secrets:read",
                "secrets:write",
                "service:write"
            ]
        );
    }

    #[test]
    fn writing_does_not_include_reading() {
        let scopes = Scopes::from_iter([Scope::OrdersWrite]);
        assert!(scopes.has(Scope::OrdersWrite) && !scopes.has(Scope::OrdersRead));
    }

    #[test]
    fn a_holder_sees_its_own_shop_and_the_operator_every_one() {
        let own = Holder::Seller(SellerId(7));
        assert!(own.may_see(SellerId(7)) && !own.may_see(SellerId(8)));
        assert!(Holder::Operator.may_see(SellerId(7)) && Holder::Operator.may_see(SellerId(8)));
        assert_eq!((own.only(), Holder::Operator.only()), (Some(SellerId(7)), None));
    }

    #[test]
    fn a_scope_of_a_newer_version_allows_nothing() {
        assert_eq!(Scopes::from_words("moon:write orders:read "), Scopes::from_iter([Scope::OrdersRead]));
        assert!(Scopes::from_words("").is_empty() && serde_json::from_str::<Scope>("\"moon:write\"").is_err());
    }

    proptest! {
        #[test]
        fn what_is_stored_reads_back(bits in 0u32..1 << Scope::ALL.len()) {
            let scopes = Scopes(bits);
            prop_assert_eq!(Scopes::from_words(&scopes.to_words()), scopes);
            prop_assert_eq!(scopes.iter().collect::<Scopes>(), scopes);
        }
    }
}
