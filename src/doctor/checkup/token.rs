//! What Meta says of a token, judged: whether it is good, for how long, and whether all rights are there.

use actors::domain::credential::{Use, cause_in_words};
use chrono::{DateTime, TimeDelta, Utc};

use crate::doctor::finding::Finding;
use crate::graph::{Inspected, Way};

/// So long before its end somebody should know.
const SOON: TimeDelta = TimeDelta::days(14);
const RECONNECT: &str = "Connect the account again, and grant all that is asked for.";

/// What App Review must have let an app have that serves other people's shops, by the login.
const REVIEWED_FACEBOOK: [&str; 6] = [
    "instagram_basic",
    "instagram_manage_messages",
    "pages_messaging",
    "pages_manage_metadata",
    "business_management",
    "catalog_management",
];
const REVIEWED_INSTAGRAM: [&str; 3] =
    ["instagram_business_basic", "instagram_business_manage_messages", "instagram_business_manage_comments"];

/// Whether it is good, and for how long.
pub(super) fn token(inspected: &Inspected, app: Option<&str>, now: DateTime<Utc>) -> Finding {
    const NAME: &str = "token";
    if !inspected.is_valid {
        let cause = cause_in_words(inspected.error.as_deref().unwrap_or("190"));
        let (what, fix) = cause_and_fix(cause);
        return Finding::red(NAME, format!("Meta does not take it: {what}."), fix);
    }
    if app.is_some_and(|app| !inspected.app.is_empty() && inspected.app != app) {
        return Finding::red(NAME, "It was made for another app than the one in the settings.", RECONNECT);
    }
    let ends = |end: Option<DateTime<Utc>>| end.filter(|end| *end - now < SOON);
    if let Some(end) = ends(inspected.expires_at) {
        let fix = "A new one is made by itself where that can be; else connect the account again before that day.";
        return Finding::amber(NAME, format!("It is good, and ends on {}.", day(end)), fix);
    }
    if let Some(end) = ends(inspected.data_access_expires_at) {
        let sentence = format!("It is good, and reads data until {} only.", day(end));
        return Finding::amber(
            NAME,
            sentence,
            "Let the person who granted it connect the account again before that day.",
        );
    }
    match inspected.expires_at {
        Some(end) => Finding::green(NAME, format!("It is good until {}.", day(end))),
        None => Finding::green(NAME, "It is good, and has no end of its own."),
    }
}

/// Whether all rights are there, for these accounts.
pub(super) fn scopes(inspected: &Inspected, (way, uses): (Way, &[Use]), assets: &[&str]) -> Finding {
    const NAME: &str = "scopes";
    let all = way.scopes(uses);
    let is_missing = |scope: &str| !inspected.scopes.iter().any(|known| known == scope);
    // A right that was granted, and for other accounts than this one.
    let is_elsewhere = |scope: &str| !is_missing(scope) && !is_of_business(scope) && !inspected.has(scope, assets);
    let needed: Vec<&str> = all.iter().filter(|(_, needed)| *needed).map(|(scope, _)| *scope).collect();
    let missing: Vec<&str> = needed.iter().copied().filter(|scope| is_missing(scope)).collect();
    let elsewhere: Vec<&str> = needed.iter().copied().filter(|scope| is_elsewhere(scope)).collect();
    let wanted = all.iter().filter(|(scope, needed)| !needed && is_missing(scope)).map(|(scope, _)| *scope);
    let wanted: Vec<&str> = wanted.collect();
    if !missing.is_empty() {
        let sentence = format!("{} is missing, and with it: {}.", missing.join(", "), what_for(&missing));
        return Finding::red(NAME, sentence, RECONNECT);
    }
    if !elsewhere.is_empty() {
        let sentence = format!("{} was granted for other accounts than this one.", elsewhere.join(", "));
        return Finding::red(NAME, sentence, "Connect it again, and choose this account and its Page where Meta asks.");
    }
    if !wanted.is_empty() {
        let sentence = format!(
            "All that is needed was granted. {} was not, so this is missing: {}.",
            wanted.join(", "),
            what_for(&wanted)
        );
        return Finding::amber(NAME, sentence, "Connect the account again if you want that.");
    }
    Finding::green(NAME, format!("All {} rights were granted, for this account.", all.len()))
}

/// Whether a token for a number of WhatsApp has what that takes.
pub(super) fn whatsapp_scopes(inspected: &Inspected) -> Finding {
    const NAME: &str = "scopes";
    const SENDS: &str = "whatsapp_business_messaging";
    const MANAGES: &str = "whatsapp_business_management";
    let has = |scope: &str| inspected.scopes.iter().any(|known| known == scope);
    let fix = "Make the system user a new token with both rights, and put it in.";
    match (has(SENDS), has(MANAGES)) {
        (true, true) => Finding::green(NAME, "The rights to send and to manage the number are there."),
        (true, false) => {
            Finding::amber(NAME, format!("Without {MANAGES} nobody can be subscribed to the number."), fix)
        }
        (false, _) => Finding::red(NAME, format!("Without {SENDS} there are no messages."), fix),
    }
}

/// Which of the rights that App Review looks at the app has here.
pub(super) fn app_review(inspected: &Inspected, way: Way) -> Finding {
    const NAME: &str = "app_review";
    let all: &[&str] = match way {
        Way::Facebook => &REVIEWED_FACEBOOK,
        Way::Instagram => &REVIEWED_INSTAGRAM,
    };
    let is_there = |scope: &&&str| inspected.scopes.iter().any(|known| known == **scope);
    let (there, missing): (Vec<&&str>, Vec<&&str>) = all.iter().partition(is_there);
    let list = |scopes: &[&&str]| scopes.iter().map(|scope| **scope).collect::<Vec<_>>().join(", ");
    match missing.is_empty() {
        true => Finding::green(
            NAME,
            format!("All {} rights that App Review looks at are granted: {}.", all.len(), list(&there)),
        ),
        false => {
            let count = format!("{} of {}", there.len(), all.len());
            let sentence = format!("{count} rights that App Review looks at are granted; not {}.", list(&missing));
            Finding::amber(NAME, sentence, "Ask for them in App Review, with Advanced Access, and connect again.")
        }
    }
}

fn is_of_business(scope: &str) -> bool {
    ["business_management", "catalog_management", "instagram_shopping_tag_products"].contains(&scope)
}

/// What does not go without these rights.
fn what_for(scopes: &[&str]) -> String {
    let of = |scope: &str| match scope {
        "instagram_manage_messages" | "instagram_business_manage_messages" | "pages_messaging" => "messages",
        "pages_manage_metadata" => "webhooks",
        "pages_show_list" | "pages_read_engagement" => "the way to the Page",
        "instagram_basic" | "instagram_business_basic" => "the account",
        "instagram_manage_comments" | "instagram_business_manage_comments" => "comments",
        "catalog_management" | "business_management" => "the catalog",
        "instagram_shopping_tag_products" => "tags on products",
        _ => "some use of it",
    };
    let mut all: Vec<&str> = scopes.iter().map(|scope| of(scope)).collect();
    all.dedup();
    all.join(", ")
}

pub(super) fn day(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d").to_string()
}

/// What is wrong, and what to do about it as a sentence, of a cause in words that names both.
pub(super) fn cause_and_fix(cause: &str) -> (&str, String) {
    let (what, fix) = cause.split_once(": ").unwrap_or((cause, "connect the account again"));
    (what, sentence(fix))
}

/// With a capital and a full stop.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::super::Light;
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).unwrap()
    }

    fn good() -> Inspected {
        let scopes =
            Way::Facebook.scopes(&[Use::Messages, Use::Catalog]).into_iter().map(|(scope, _)| scope.to_owned());
        Inspected {
            app: "1".to_owned(),
            is_valid: true,
            person: None,
            scopes: scopes.collect(),
            targets: BTreeMap::new(),
            expires_at: None,
            data_access_expires_at: Some(now() + TimeDelta::days(60)),
            error: None,
        }
    }

    #[test]
    fn a_token_is_good_ends_soon_or_is_none() {
        let at = |days| Some(now() + TimeDelta::days(days));
        for (inspected, light, words) in [
            (good(), Light::Green, "no end"),
            (Inspected { expires_at: at(30), ..good() }, Light::Green, "until"),
            (Inspected { expires_at: at(10), ..good() }, Light::Amber, "ends on"),
            (Inspected { data_access_expires_at: at(3), ..good() }, Light::Amber, "reads data"),
            (Inspected { app: "2".to_owned(), ..good() }, Light::Red, "another app"),
            (Inspected { is_valid: false, error: Some("190/460".to_owned()), ..good() }, Light::Red, "password"),
        ] {
            let found = token(&inspected, Some("1"), now());
            assert!(found.light == light && found.sentence.contains(words), "{found:?}");
        }
    }

    #[test]
    fn rights_that_are_missing_are_named_with_what_they_are_for() {
        let uses = [Use::Messages, Use::Catalog];
        let without = |scope: &str| {
            let scopes = good().scopes.into_iter().filter(|known| known != scope).collect();
            Inspected { scopes, ..good() }
        };
        let elsewhere = BTreeMap::from([("pages_messaging".to_owned(), vec!["9".to_owned()])]);
        for (inspected, light, words) in [
            (good(), Light::Green, "for this account"),
            (without("pages_messaging"), Light::Red, "pages_messaging is missing, and with it: messages"),
            (without("instagram_manage_comments"), Light::Amber, "missing: comments"),
            (Inspected { targets: elsewhere, ..good() }, Light::Red, "for other accounts"),
        ] {
            let found = scopes(&inspected, (Way::Facebook, &uses), &["7"]);
            assert!(found.light == light && found.sentence.contains(words), "{found:?}");
        }
        let of_whatsapp = |scopes: &[&str]| {
            let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
            whatsapp_scopes(&Inspected { scopes, ..good() }).light
        };
        let [sends, manages] = ["whatsapp_business_messaging", "whatsapp_business_management"];
        assert_eq!(of_whatsapp(&[sends, manages]), Light::Green);
        assert_eq!((of_whatsapp(&[sends]), of_whatsapp(&[manages])), (Light::Amber, Light::Red));
        assert_eq!(app_review(&good(), Way::Facebook).light, Light::Green);
        let found = app_review(&without("catalog_management"), Way::Facebook);
        assert!(found.light == Light::Amber && found.sentence.starts_with("5 of 6"), "{found:?}");
    }
}
