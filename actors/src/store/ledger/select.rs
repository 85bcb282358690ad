//! Which events somebody asks for, and the words of SQL for it.

use chrono::{DateTime, Utc};
use sea_orm::Value;

use crate::domain::channel::Account;
use crate::domain::event::Source;
use crate::domain::ids::SellerId;
use crate::domain::named::named;
use crate::domain::outcome::Reason;
use crate::store::rows::ms;

/// Where an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits for its seller.
    Pending,
    /// It did what it was to do.
    Handled,
    /// It said again what was known.
    Duplicate,
    /// It is kept with a reason.
    Ledgered,
}

named!(State {
    Pending = "pending",
    Handled = "handled",
    Duplicate = "duplicate",
    Ledgered = "ledgered",
});

/// Which events: those that are all of what is said here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Ledgered for this reason.
    pub reason: Option<Reason>,
    /// Told by this source.
    pub source: Option<Source>,
    /// Of this kind, as a word.
    pub kind: Option<String>,
    /// Of one of these accounts, as the door read them; none: of any.
    pub accounts: Vec<Account>,
    /// Of this seller.
    pub seller: Option<SellerId>,
    /// From this customer, by Meta's id.
    pub customer: Option<String>,
    /// With this text somewhere in the key.
    pub key: Option<String>,
    /// Received at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Received before this time.
    pub until: Option<DateTime<Utc>>,
    /// Of no seller.
    pub nobodys: bool,
}

/// Conditions in the making, with the values they name.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    parts: Vec<String>,
    pub(super) values: Vec<Value>,
}

impl Conditions {
    /// The next place for a value: `$3`.
    pub(super) fn place(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    /// One more condition, in which `?` stands for the value.
    pub(super) fn add(&mut self, sql: &str, value: impl Into<Value>) {
        let place = self.place(value);
        self.parts.push(sql.replace('?', &place));
    }

    /// One more condition, without a value.
    pub(super) fn add_bare(&mut self, sql: &str) {
        self.parts.push(sql.to_owned());
    }

    /// All of them, as what follows `WHERE`.
    pub(super) fn sql(&self) -> String {
        if self.parts.is_empty() { "1 = 1".to_owned() } else { self.parts.join(" AND ") }
    }
}

impl Selection {
    /// True when it leaves nothing out.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what makes a row one of the selection.
    pub(super) fn into_conditions(self, conditions: &mut Conditions) {
        let texts = [
            ("reason = ?", self.reason.map(|reason| reason.code().to_owned())),
            ("source = ?", self.source.map(|source| source.name().to_owned())),
            ("kind = ?", self.kind),
            ("customer = ?", self.customer),
            ("key LIKE ? ESCAPE '!'", self.key.as_deref().map(anywhere)),
        ];
        for (sql, value) in texts {
            if let Some(value) = value {
                conditions.add(sql, value);
            }
        }
        let numbers = [
            ("seller_id = ?", self.seller.map(|seller| seller.0)),
            ("received_at >= ?", self.since.map(ms)),
            ("received_at < ?", self.until.map(ms)),
        ];
        for (sql, value) in numbers {
            if let Some(value) = value {
                conditions.add(sql, value);
            }
        }
        if !self.accounts.is_empty() {
            let places: Vec<String> = self.accounts.iter().map(|account| conditions.place(account.as_str())).collect();
            conditions.add_bare(&format!("account IN ({})", places.join(", ")));
        }
        if self.nobodys {
            conditions.add_bare("seller_id IS NULL");
        }
    }
}

/// The pattern for a text with this anywhere in it.
fn anywhere(text: &str) -> String {
    let plain = text.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{plain}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_looked_for_as_it_is_written() {
        assert_eq!(anywhere("50%_off!"), "%50!%!_off!!%");
    }

    #[test]
    fn each_condition_names_its_own_value() {
        let selection = Selection {
            reason: Some(Reason::Poison),
            seller: Some(SellerId(7)),
            accounts: vec![Account::stored("instagram:1".to_owned()), Account::stored("messenger:2".to_owned())],
            ..Selection::default()
        };
        let mut conditions = Conditions::default();
        selection.into_conditions(&mut conditions);
        assert_eq!(conditions.sql(), "reason = $1 AND seller_id = $2 AND account IN ($3, $4)");
        assert_eq!(conditions.values.len(), 4);
        assert_eq!(Conditions::default().sql(), "1 = 1");
    }
}
