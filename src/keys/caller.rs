//! Somebody who may call, with what the key allows.

use actors::domain::access::{Holder, Scope, Scopes};
use actors::domain::ids::{KeyId, SellerId};
use actors::store::office::keys::ApiKey;
use chrono::{DateTime, Utc};

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// With which key; none: the operator's key of the settings, or the service itself.
    pub key: Option<KeyId>,
    /// What people call the key.
    pub name: String,
    /// Whose key it is.
    pub holder: Holder,
    /// What it may do.
    pub scopes: Scopes,
    /// Until when.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Caller {
    /// The operator, with the key of the settings.
    pub fn operator() -> Self {
        Self::unlimited("operator")
    }

    /// The service itself: the demo, the prover.
    pub fn service() -> Self {
        Self::unlimited("service")
    }

    fn unlimited(name: &str) -> Self {
        let (holder, scopes) = (Holder::Operator, Scopes::all());
        Self { key: None, name: name.to_owned(), holder, scopes, expires_at: None }
    }

    pub(super) fn of(key: &ApiKey) -> Self {
        let ApiKey { id, holder, name, scopes, expires_at, .. } = key;
        Self { key: Some(*id), name: name.clone(), holder: *holder, scopes: *scopes, expires_at: *expires_at }
    }

    /// Whether it may do this, where it may do anything at all. A scope that is not for sellers is worth nothing in a
    /// seller's key, however it came there.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.has(scope) && (self.holder == Holder::Operator || scope.is_for_sellers())
    }

    /// Whether it may look into this shop.
    pub fn may_see(&self, seller: SellerId) -> bool {
        self.holder.may_see(seller)
    }

    /// The shops it may ask about, when it asks about one or about all: a seller always asks about its own. `Err`: it
    /// asks about somebody else's.
    pub fn narrowed(&self, asked: Option<SellerId>) -> Result<Option<SellerId>, SellerId> {
        match (self.holder.only(), asked) {
            (None, asked) => Ok(asked),
            (Some(own), None) => Ok(Some(own)),
            (Some(own), Some(asked)) if own == asked => Ok(asked.into()),
            (Some(_), Some(asked)) => Err(asked),
        }
    }

    /// As histories name it: `key 7 (till at the shop)`.
    pub fn named(&self) -> String {
        match self.key {
            Some(key) => format!("key {key} ({})", self.name),
            None => self.name.clone(),
        }
    }

    /// Whose requests its requests are told from: a repeated request is another's when another key makes it, as its
    /// answer may hold what only that key may know.
    pub(crate) fn requests(&self) -> String {
        self.key.map_or_else(|| self.name.clone(), |key| format!("key:{key}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(holder: Holder, scopes: impl IntoIterator<Item = Scope>) -> Caller {
        Caller {
            key: Some(KeyId(7)),
            name: "till at the shop".to_owned(),
            holder,
            scopes: scopes.into_iter().collect(),
            expires_at: None,
        }
    }

    #[test]
    fn the_operator_of_the_settings_may_do_everything_everywhere() {
        let operator = Caller::operator();
        assert!(Scope::ALL.into_iter().all(|scope| operator.may(scope)) && operator.may_see(SellerId(9)));
        assert_eq!((operator.named(), operator.requests()), ("operator".to_owned(), "operator".to_owned()));
    }

    #[test]
    fn a_key_may_what_it_was_given_and_a_sellers_nothing_beyond_its_shop() {
        let operators = key(Holder::Operator, [Scope::OrdersRead, Scope::ActorsRead]);
        assert!(operators.may(Scope::OrdersRead) && operators.may(Scope::ActorsRead));
        assert!(!operators.may(Scope::OrdersWrite));
        let sellers = key(Holder::Seller(SellerId(1)), Scope::ALL);
        assert!(
            sellers.may(Scope::OrdersWrite) && !sellers.may(Scope::ActorsRead) && !sellers.may(Scope::SellersWrite)
        );
        assert!(sellers.may_see(SellerId(1)) && !sellers.may_see(SellerId(2)));
    }

    #[test]
    fn a_seller_that_asks_about_all_asks_about_its_own() {
        let own = key(Holder::Seller(SellerId(1)), []);
        assert_eq!(own.narrowed(None), Ok(Some(SellerId(1))));
        assert_eq!(own.narrowed(Some(SellerId(1))), Ok(Some(SellerId(1))));
        assert_eq!(own.narrowed(Some(SellerId(2))), Err(SellerId(2)));
        assert_eq!(Caller::operator().narrowed(None), Ok(None));
    }

    #[test]
    fn histories_name_the_key_and_what_people_call_it() {
        let caller = key(Holder::Operator, []);
        assert_eq!((caller.named(), caller.requests()), ("key 7 (till at the shop)".to_owned(), "key:7".to_owned()));
    }
}
