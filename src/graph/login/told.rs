//! What Meta tells while somebody signs in, in the shapes that it is known to come in.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{LoginError, in_seconds};
use crate::vault::Secret;

/// A token, as it was granted.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The token.
    pub token: Secret,
    /// When it ends; none: it does not.
    pub expires_at: Option<DateTime<Utc>>,
    /// The rights that came with it, where they are told.
    pub scopes: Vec<String>,
}

/// What Meta says of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    /// The app that it is of.
    pub app: String,
    /// Whether it is taken.
    pub is_valid: bool,
    /// The app-scoped id of whoever granted it.
    pub person: Option<String>,
    /// Its rights.
    pub scopes: Vec<String>,
    /// For which accounts and Pages it has a right, where it is not for all.
    pub targets: BTreeMap<String, Vec<String>>,
    /// When it ends; none: it does not.
    pub expires_at: Option<DateTime<Utc>>,
    /// Until when it reads data without the person being asked again.
    pub data_access_expires_at: Option<DateTime<Utc>>,
    /// Why it is not taken, as Meta's code.
    pub error: Option<String>,
}

impl Inspected {
    /// Whether it has a right for one of these accounts and Pages.
    pub fn has(&self, scope: &str, assets: &[&str]) -> bool {
        let listed = self.targets.get(scope).filter(|targets| !targets.is_empty());
        let covers = listed.is_none_or(|targets| targets.iter().any(|target| assets.contains(&target.as_str())));
        covers && self.scopes.iter().any(|known| known == scope)
    }

    pub(super) fn read(body: &Value) -> Result<Self, LoginError> {
        let data = body.get("data").ok_or_else(odd)?;
        let time = |name: &str| data.get(name).and_then(Value::as_i64).filter(|seconds| *seconds > 0);
        let time = |name: &str| time(name).and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        let granular = data.get("granular_scopes").and_then(Value::as_array).into_iter().flatten();
        let targets = granular.filter_map(|scope| Some((text(scope.get("scope")?)?, words(scope.get("target_ids")))));
        Ok(Self {
            app: data.get("app_id").and_then(text).unwrap_or_default(),
            is_valid: data.get("is_valid").and_then(Value::as_bool).unwrap_or_default(),
            person: data.get("user_id").and_then(text),
            scopes: words(data.get("scopes")),
            targets: targets.collect(),
            expires_at: time("expires_at"),
            data_access_expires_at: time("data_access_expires_at"),
            error: data.get("error").map(code),
        })
    }
}

/// An Instagram account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The id that webhooks name it by.
    pub id: String,
    /// Its name.
    pub username: String,
    /// The id that it has for our app alone, where it is told.
    pub scoped: Option<String>,
}

/// A Page of whoever signed in.
#[derive(Clone, Debug)]
pub struct FoundPage {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its own token, where the person may have it.
    pub token: Option<Secret>,
    /// What the person may do on it; none: it is not told.
    pub tasks: Option<Vec<String>>,
    /// The Instagram account linked to it.
    pub instagram: Option<Found>,
}

impl Grant {
    pub(super) fn read(body: &Value, now: DateTime<Utc>) -> Result<Self, LoginError> {
        let one = first_of(body);
        let token = one.get("access_token").and_then(Value::as_str).filter(|token| is_token(token)).ok_or_else(odd)?;
        let seconds = one.get("expires_in").and_then(|value| value.as_i64().or_else(|| value.as_str()?.parse().ok()));
        Ok(Self {
            token: Secret::from(token),
            expires_at: in_seconds(seconds, now),
            scopes: words(one.get("permissions")),
        })
    }
}

pub(super) fn pages(body: &Value) -> Result<(Vec<FoundPage>, Option<String>), LoginError> {
    let data = body.get("data").and_then(Value::as_array).ok_or_else(odd)?;
    let page = |page: &Value| {
        let id = page.get("id").and_then(text)?;
        let token = page.get("access_token").and_then(Value::as_str).filter(|token| is_token(token));
        Some(FoundPage {
            name: page.get("name").and_then(text).unwrap_or_else(|| id.clone()),
            token: token.map(Secret::from),
            tasks: page.get("tasks").filter(|tasks| tasks.is_array()).map(|tasks| words(Some(tasks))),
            instagram: page.get("instagram_business_account").and_then(named),
            id,
        })
    };
    // The address of the next answer holds the token; where it goes on is told beside it.
    let goes_on = body.pointer("/paging/next").is_some();
    let after = body.pointer("/paging/cursors/after").and_then(text).filter(|_| goes_on);
    Ok((data.iter().filter_map(page).collect(), after))
}

pub(super) fn account(body: &Value) -> Result<Found, LoginError> {
    let one = first_of(body);
    // `id` is another number, which no webhook names it by.
    let id = one.get("user_id").and_then(text).filter(|id| is_id(id)).ok_or_else(odd)?;
    let username = one.get("username").and_then(text).unwrap_or_else(|| id.clone());
    Ok(Found { id, username: bounded(&username), scoped: one.get("id").and_then(text) })
}

fn named(account: &Value) -> Option<Found> {
    let id = account.get("id").and_then(text).filter(|id| is_id(id))?;
    let username = account.get("username").and_then(text).unwrap_or_else(|| id.clone());
    Some(Found { id, username: bounded(&username), scoped: None })
}

/// Some answers are wrapped in a list, and some are not.
fn first_of(body: &Value) -> &Value {
    body.pointer("/data/0").unwrap_or(body)
}

pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() && text.len() <= 500 => Some(bounded(text)),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A list of words, or words with commas between.
pub(super) fn words(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(all)) => all.iter().filter_map(word).collect(),
        Some(Value::String(all)) => all.split([',', ' ']).filter(|word| !word.is_empty()).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// A word, or what has it for a name.
fn word(value: &Value) -> Option<String> {
    text(value).or_else(|| value.get("name").and_then(text)).filter(|word| !word.contains(char::is_whitespace))
}

fn code(error: &Value) -> String {
    let number = |name: &str| error.get(name).and_then(text);
    match (number("code"), number("subcode").or_else(|| number("error_subcode"))) {
        (Some(code), Some(subcode)) => format!("{code}/{subcode}"),
        (Some(code), None) => code,
        (None, _) => "190".to_owned(),
    }
}

fn bounded(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(200).collect()
}

fn is_token(token: &str) -> bool {
    !token.is_empty() && token.len() <= 4096 && token.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_digit())
}

fn odd() -> LoginError {
    LoginError::Later("Meta answered with something else than was asked for".to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    fn sample(name: &str) -> Value {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/samples/graph/{name}.json"));
        serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).unwrap()
    }

    #[test]
    fn every_shape_of_a_token_is_read() {
        for (name, token, seconds, scopes) in [
            ("oauth_fb_code_exchange", "EAAExampleShortUserToken", Some(5100), 0),
            ("oauth_fb_long_lived", "EAAExampleLongUserToken", Some(5_183_944), 0),
            ("oauth_fb_long_lived_no_expiry", "EAAExampleSystemUserToken", None, 0),
            ("oauth_ig_short_token_array", "IGAAExampleShort", None, 2),
            ("oauth_ig_short_token_flat", "IGAAExampleShort", None, 2),
            ("oauth_ig_long_token", "IGAAExampleLong", Some(5_183_944), 0),
            ("oauth_ig_refresh", "IGAAExampleRefreshed", Some(5_184_000), 2),
        ] {
            let grant = Grant::read(&sample(name), now()).unwrap();
            assert_eq!(grant.token.expose(), token, "{name}");
            assert_eq!(grant.expires_at.map(|end| (end - now()).num_seconds()), seconds, "{name}");
            assert_eq!(grant.scopes.len(), scopes, "{name}");
            assert!(!format!("{grant:?}").contains("Example"), "it is hidden");
        }
        assert!(Grant::read(&serde_json::json!({ "access_token": "a b" }), now()).is_err());
    }

    #[test]
    fn an_account_is_known_by_the_id_that_webhooks_name() {
        for name in ["ig_me", "ig_me_data_wrapped"] {
            let found = account(&sample(name)).unwrap();
            assert_eq!((found.id.as_str(), found.username.as_str()), ("17841400000000001", "linen.shop"), "{name}");
        }
        assert!(account(&serde_json::json!({ "id": "28978000000000001" })).is_err());
    }

    #[test]
    fn pages_are_read_with_and_without_an_instagram_account() {
        let (found, next) = pages(&sample("me_accounts")).unwrap();
        assert_eq!((found.len(), next), (2, None));
        assert_eq!(found[0].instagram.as_ref().map(|account| account.id.as_str()), Some("17841400000000001"));
        assert!(found[1].instagram.is_none() && found[0].token.is_some());
        assert!(pages(&sample("me_accounts_empty")).unwrap().0.is_empty());
    }

    #[test]
    fn a_right_counts_for_the_accounts_that_it_was_granted_for() {
        let valid = Inspected::read(&sample("debug_token_valid")).unwrap();
        assert!(valid.is_valid && valid.expires_at.is_none() && valid.data_access_expires_at.is_some());
        assert!(valid.has("pages_messaging", &["102030405060708"]) && !valid.has("pages_messaging", &["1"]));
        assert!(valid.has("pages_show_list", &["1"]) && !valid.has("ads_read", &["1"]));
        let invalid = Inspected::read(&sample("debug_token_invalid")).unwrap();
        assert_eq!((invalid.is_valid, invalid.error.as_deref()), (false, Some("190/460")));
    }
}
