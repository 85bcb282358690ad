//! Keys: made, shown once, and revoked. None may do more than the one it was made with, nor for longer.

use actors::domain::access::{Holder, Scope, Scopes};
use actors::domain::ids::KeyId;
use actors::store::OfficeTx;
use actors::store::office::is_there;
use actors::store::office::keys::{self, ApiKey, NewApiKey};
use chrono::{DateTime, Datelike, SubsecRound, Utc};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;

use super::deeds::note;
use super::{Office, OfficeError, Once, Request};
use crate::keys::{NewSecret, beginning};
use crate::vault::Secret;

const NAME_BYTES: usize = 100;
/// Keys of one holder that are good at the same time.
const MOST_KEYS: i64 = 200;

/// A key to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// Whose.
    pub holder: Holder,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// From when on it opens nothing; none: it does not expire.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A key that was made, with the only sight of its text.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MadeKey {
    /// Its id.
    pub id: KeyId,
    /// What to show to be let in.
    #[serde(serialize_with = "exposed")]
    pub text: Secret,
}

/// For the answer that is kept, which is sealed.
fn exposed<S: Serializer>(secret: &Secret, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(secret.expose())
}

/// How a key's text begins, for people to know it by.
pub fn shown_as(key: &ApiKey) -> String {
    beginning(key.id, &key.prefix)
}

impl Office {
    /// Makes a key. The same request again is shown the same key again.
    pub async fn make_key(&self, request: &Request<'_>, new: &NewKey) -> Result<Once<MadeKey>, OfficeError> {
        request.allows(Scope::KeysWrite, new.holder.only())?;
        let make = async |tx: &OfficeTx| {
            let expires_at = looked_at(request, new)?;
            if let Some(seller) = new.holder.only()
                && !is_there(tx, seller).await?
            {
                return Err(OfficeError::NoSeller(seller));
            }
            if keys::count_valid(tx, new.holder, request.at).await? >= MOST_KEYS {
                let wrong = format!("{} has {MOST_KEYS} keys already: revoke some that are not used", new.holder);
                return Err(OfficeError::Invalid(wrong));
            }
            let secret = NewSecret::make()?;
            let (prefix, hash, made_by) = (secret.prefix(), &secret.hash(), &request.caller.named());
            let NewKey { holder, name, scopes, .. } = new;
            let row = NewApiKey { holder: *holder, name, prefix, hash, scopes: *scopes, expires_at, made_by };
            let id = keys::insert(tx, &row, request.at).await?;
            let detail = json!({ "key": id, "name": name, "scopes": scopes.to_words(), "expires_at": expires_at });
            note(tx, request, (holder.only(), "key.made"), detail).await?;
            Ok(MadeKey { id, text: secret.of(id) })
        };
        self.once(request, make).await
    }

    /// Revokes a holder's key: from this moment on it opens nothing. It says since when; none: there is no such key.
    pub async fn revoke_key(
        &self,
        request: &Request<'_>,
        holder: Holder,
        key: KeyId,
    ) -> Result<Option<DateTime<Utc>>, OfficeError> {
        request.allows(Scope::KeysWrite, holder.only())?;
        if holder == Holder::Operator && request.caller.holder != Holder::Operator {
            return Err(OfficeError::NotAllowed(Scope::KeysWrite));
        }
        let _forgetting = self.keys.forgetting(key);
        let tx = self.begin().await?;
        let Some(since) = keys::revoke(&tx, holder, key, request.at).await? else { return Ok(None) };
        note(&tx, request, (holder.only(), "key.revoked"), json!({ "key": key })).await?;
        tx.commit("office").await?;
        Ok(Some(since))
    }
}

/// Refuses what would be more than its maker has. Says when it expires, as precisely as that is stored.
fn looked_at(request: &Request<'_>, new: &NewKey) -> Result<Option<DateTime<Utc>>, OfficeError> {
    let NewKey { holder, name, scopes, expires_at } = new;
    let (caller, invalid) = (request.caller, |wrong: String| Err(OfficeError::Invalid(wrong)));
    if *holder == Holder::Operator && caller.holder != Holder::Operator {
        return Err(OfficeError::NotAllowed(Scope::KeysWrite));
    }
    if !is_a_name(name) {
        return invalid(format!("name has 1 to {NAME_BYTES} bytes, and nothing that is not seen"));
    }
    if scopes.is_empty() {
        return invalid("scopes names at least one thing that the key may do".to_owned());
    }
    if let Some(beyond) = scopes.iter().find(|scope| *holder != Holder::Operator && !scope.is_for_sellers()) {
        return invalid(format!("the scope {beyond} is not for a seller's key"));
    }
    if let Some(beyond) = scopes.iter().find(|scope| !caller.may(*scope)) {
        return invalid(format!("the scope {beyond} is more than the key that makes this one has"));
    }
    let expires_at = expires_at.map(|at| at.trunc_subsecs(3));
    if expires_at.is_some_and(|at| at <= request.at) {
        return invalid("expires_at is in the past".to_owned());
    }
    // Later ones are no dates to those who read RFC 3339.
    if expires_at.is_some_and(|at| at.year() > 9999) {
        return invalid("expires_at is after the year 9999: leave it out, and the key does not expire".to_owned());
    }
    match (caller.expires_at, expires_at) {
        (Some(until), None) => {
            invalid(format!("expires_at is missing: the key that makes this one expires at {until}"))
        }
        (Some(until), Some(at)) if at > until => {
            invalid(format!("expires_at is later than {until}, when the key that makes this one expires"))
        }
        _ => Ok(expires_at),
    }
}

/// A name that histories can show: one line, with nothing in it that changes how the rest of the line is read.
fn is_a_name(name: &str) -> bool {
    let is_unseen = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    !name.trim().is_empty() && name.len() <= NAME_BYTES && !name.contains(is_unseen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Caller;
    use actors::domain::ids::SellerId;
    use chrono::TimeDelta;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;
    const SHOP: Holder = Holder::Seller(SellerId(1));

    fn new(holder: Holder, scopes: &[Scope]) -> NewKey {
        NewKey {
            holder,
            name: "till at the shop".to_owned(),
            scopes: scopes.iter().copied().collect(),
            expires_at: None,
        }
    }

    fn maker(holder: Holder, scopes: &[Scope], expires_in: Option<i64>) -> Caller {
        let expires_at = expires_in.map(|hours| NOW + TimeDelta::hours(hours));
        Caller {
            key: Some(KeyId(1)),
            holder,
            scopes: scopes.iter().copied().collect(),
            expires_at,
            ..Caller::operator()
        }
    }

    fn refused(maker: &Caller, new: &NewKey) -> Option<String> {
        looked_at(&Request::new(maker, NOW), new).err().map(|error| error.to_string())
    }

    #[test]
    fn a_key_may_no_more_than_the_key_it_is_made_with() {
        use Scope::{ActorsRead, KeysWrite, OrdersRead, OrdersWrite};
        let wide = Caller::operator();
        let narrow = maker(Holder::Operator, &[KeysWrite, OrdersRead], None);
        let shops = maker(SHOP, &[KeysWrite, OrdersRead], None);
        // However it came by them.
        let forged = maker(SHOP, &Scope::ALL, None);
        let cases = [
            (&wide, new(Holder::Operator, &Scope::ALL), true),
            (&wide, new(SHOP, &[OrdersRead, KeysWrite]), true),
            (&wide, new(SHOP, &[ActorsRead]), false),
            (&wide, new(SHOP, &[]), false),
            (&narrow, new(SHOP, &[OrdersRead]), true),
            (&narrow, new(Holder::Operator, &[OrdersRead, KeysWrite]), true),
            (&narrow, new(SHOP, &[OrdersRead, OrdersWrite]), false),
            (&shops, new(SHOP, &[OrdersRead]), true),
            (&shops, new(Holder::Operator, &[OrdersRead]), false),
            (&forged, new(SHOP, &[ActorsRead]), false),
            (&forged, new(Holder::Operator, &[OrdersRead]), false),
        ];
        for (maker, new, good) in cases {
            assert_eq!(refused(maker, &new).is_none(), good, "{maker:?} {new:?}");
        }
    }

    #[test]
    fn a_key_lives_no_longer_than_the_key_it_is_made_with() {
        let (always, short) = (Caller::operator(), maker(Holder::Operator, &[Scope::OrdersRead], Some(2)));
        for (maker, hours, good) in [
            (&always, None, true),
            (&always, Some(1), true),
            (&always, Some(0), false),
            (&always, Some(24 * 366 * 9000), false),
            (&always, Some(-1), false),
            (&short, None, false),
            (&short, Some(2), true),
            (&short, Some(3), false),
        ] {
            let expires_at = hours.map(|hours| NOW + TimeDelta::hours(hours));
            let new = NewKey { expires_at, ..new(Holder::Operator, &[Scope::OrdersRead]) };
            assert_eq!(refused(maker, &new).is_none(), good, "{hours:?}");
        }
    }

    #[test]
    fn a_name_is_one_line_that_can_be_seen() {
        assert!(["till", "Café – 2", "收银", &"x".repeat(100)].into_iter().all(is_a_name));
        let wrong = [
            "",
            "  ",
            "a\nb",
            "a\0",
            "a\u{1b}[31m",
            "a\u{202e}b",
            "a\u{2028}b",
            "\u{feff}a",
            "a\u{200b}",
            &"x".repeat(101),
        ];
        for wrong in wrong {
            assert!(!is_a_name(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn a_made_key_is_hidden_but_from_the_answer_that_is_kept() {
        let made = MadeKey { id: KeyId(7), text: Secret::from("hwk_7_x") };
        assert!(!format!("{made:?}").contains("hwk_7_x"));
        let kept = serde_json::to_string(&made).unwrap();
        assert_eq!(serde_json::from_str::<MadeKey>(&kept).unwrap().text, made.text);
    }
}
