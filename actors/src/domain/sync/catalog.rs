//! The catalog at Meta that a shop goes up to, and how it is kept up.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::catalog::Condition;
use crate::domain::ids::{CatalogId, ConnectionId};
use crate::domain::named::named;

use super::call::Standing;

/// A catalog at Meta.
#[derive(Clone, Debug, PartialEq)]
pub struct MetaCatalog {
    /// Our id. Another catalog at Meta has another one, so that what is known of one is never taken for the other.
    pub id: CatalogId,
    /// Meta's id.
    pub meta_id: String,
    /// With whose token it is changed.
    pub connection: ConnectionId,
    /// How it is kept up.
    pub settings: CatalogSettings,
    /// How far it is from being seen.
    pub life: CatalogLife,
    /// Its name at Meta.
    pub name: Option<String>,
    /// How many items Meta says it has.
    pub products: Option<i64>,
    /// When Meta was last asked about it.
    pub looked_at: Option<DateTime<Utc>>,
    /// What went wrong then, in words.
    pub error: Option<String>,
    /// Changes of products up to this number of the seller's counter were looked at; 0: all of it is to be looked at.
    pub looked_through: i64,
    /// How long ago what waits for Meta's review was sent when Meta was last to be asked about it.
    pub review_wait: TimeDelta,
    /// False once the shop goes up to another one.
    pub is_current: bool,
}

/// How far a catalog is from being seen by customers. That its products are all there is another matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CatalogLife {
    /// Meta has not said yet that the account may use it.
    NotConnected,
    /// The shop waits for Meta's approval.
    PendingApproval,
    /// Customers may see it.
    Active,
    /// Meta does not let the account have it.
    Refused,
    /// The shop was switched off.
    Disabled,
}

named!(CatalogLife {
    NotConnected = "not_connected",
    PendingApproval = "pending_approval",
    Active = "active",
    Refused = "refused",
    Disabled = "disabled",
});

impl From<Standing> for CatalogLife {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Pending => Self::PendingApproval,
            Standing::Active => Self::Active,
            Standing::Refused => Self::Refused,
            Standing::Disabled => Self::Disabled,
        }
    }
}

/// How a catalog is kept up, as the seller wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CatalogSettings {
    /// How changes are sent.
    pub mode: SyncMode,
    /// After how many minutes changes go up by themselves; none: when somebody asks.
    pub every_minutes: Option<u32>,
    /// Whether Meta is asked what its review says.
    pub reviews: bool,
    /// Whether all that is at Meta is looked through each night.
    pub drift: bool,
    /// Who makes products that do not say it.
    pub brand: Option<String>,
    /// In what condition products are that do not say it.
    pub condition: Condition,
}

impl Default for CatalogSettings {
    fn default() -> Self {
        Self {
            mode: SyncMode::Batch,
            every_minutes: None,
            reviews: true,
            drift: true,
            brand: None,
            condition: Condition::New,
        }
    }
}

impl CatalogSettings {
    const SHORTEST_MINUTES: u32 = 5;
    const LONGEST_MINUTES: u32 = 7 * 24 * 60;

    /// What is wrong with them, as a sentence.
    pub fn checked(self) -> Result<Self, String> {
        let (shortest, longest) = (Self::SHORTEST_MINUTES, Self::LONGEST_MINUTES);
        if self.every_minutes.is_some_and(|minutes| !(shortest..=longest).contains(&minutes)) {
            return Err(format!("every_minutes is {shortest} to {longest}"));
        }
        let is_odd =
            |brand: &String| brand.trim().is_empty() || brand.chars().count() > 100 || brand.contains(char::is_control);
        match self.brand.as_ref().is_some_and(is_odd) {
            true => Err("brand has 1 to 100 characters, and no control characters".to_owned()),
            false => Ok(self),
        }
    }

    /// True when items are made of it otherwise, so that all of them have to be looked at.
    pub fn makes_other_items(&self, other: &Self) -> bool {
        self.brand != other.brand || self.condition != other.condition
    }
}

/// How changes are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SyncMode {
    /// Thousands a call.
    Batch,
    /// One a call, for catalogs that take no batches.
    OneByOne,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_taken_within_their_bounds() {
        let with = |every_minutes, brand: Option<&str>| {
            let brand = brand.map(str::to_owned);
            CatalogSettings { every_minutes, brand, ..CatalogSettings::default() }.checked()
        };
        for fine in [with(None, None), with(Some(5), Some("Ada")), with(Some(10_080), Some(&"é".repeat(100)))] {
            fine.unwrap();
        }
        for (wrong, field) in [
            (with(Some(4), None), "every_minutes"),
            (with(Some(10_081), None), "every_minutes"),
            (with(None, Some(" ")), "brand"),
            (with(None, Some(&"x".repeat(101))), "brand"),
            (with(None, Some("A\0da")), "brand"),
        ] {
            assert!(wrong.unwrap_err().starts_with(field));
        }
    }

    #[test]
    fn only_what_items_are_made_of_makes_other_items() {
        let some = CatalogSettings::default;
        let brand = CatalogSettings { brand: Some("Ada".into()), ..some() };
        let used = CatalogSettings { condition: Condition::Used, ..some() };
        let slow = CatalogSettings { mode: SyncMode::OneByOne, every_minutes: Some(5), reviews: false, ..some() };
        assert!(brand.makes_other_items(&some()) && used.makes_other_items(&some()));
        assert!(!slow.makes_other_items(&some()));
    }
}
