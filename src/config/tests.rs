//! Settings as an operator meets them: from files and environments to values, problems and warnings.

use std::io::Write;

use super::*;

/// Settings that may be served.
const GOOD: [(&str, &str); 5] = [
    ("HAWKER__SERVER__PUBLIC_URL", "https://shop.example"),
    ("ENCRYPTION_KEY", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"),
    ("META_APP_SECRET", "0123456789abcdef0123456789abcdef"),
    ("INSTAGRAM_VERIFY_TOKEN", "sixteen-or-more-characters"),
    ("OPERATOR_API_KEY", "also-sixteen-or-more"),
];

fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

fn load(pairs: &[(&str, &str)]) -> Config {
    Config::load(None, env(pairs)).unwrap()
}

fn keys(result: Result<Config, Problems>) -> Vec<String> {
    result.err().map_or_else(Vec::new, |problems| problems.0.into_iter().map(|problem| problem.key).collect())
}

fn written(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[test]
fn the_defaults_are_valid_and_every_one_of_them_is_read() {
    assert_eq!(keys(Config::load(None, [])), [""; 0]);
    let config = Config::default();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.actors.reply_quiet, Duration::from_secs(4));
    assert_eq!(config.actors.restart_backoff, Duration::from_millis(50));
    assert_eq!(config.budgets.graph_per_hour, 200);
    assert_eq!(config.meta.graph_base_url.as_str(), "https://graph.facebook.com/");
    assert!(config.server.public_url.is_none() && config.meta.app_secrets().next().is_none());
    assert!(config.secrets.keys().unwrap().is_none());
}

#[test]
fn every_setting_has_a_line_of_meaning_above_it() {
    let lines: Vec<&str> = DEFAULTS.lines().collect();
    for pair in lines.windows(2) {
        let setting = !pair[1].starts_with('#') && pair[1].contains(" = ");
        assert!(!setting || pair[0].starts_with("# "), "{} has none", pair[1]);
    }
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let file = written("[server]\nlisten = \"0.0.0.0:1\"\nmax_connections = 7\n[budgets]\ngraph_per_hour = 50\n");
    let config = Config::load(Some(file.path()), env(&[("HAWKER__SERVER__LISTEN", "0.0.0.0:2")])).unwrap();
    assert_eq!(config.server.listen.port(), 2);
    assert_eq!(config.server.max_connections, 7);
    assert_eq!(config.budgets.graph_per_hour, 50);
    assert_eq!(config.budgets.messages_per_hour, 250);
}

#[test]
fn the_environment_names_the_file_unless_the_caller_does() {
    let (theirs, ours) = (written("[server]\nmax_connections = 7\n"), written("[server]\nmax_connections = 8\n"));
    let named = env(&[("HAWKER_CONFIG", theirs.path().to_str().unwrap())]);
    assert_eq!(Config::load(None, named.clone()).unwrap().server.max_connections, 7);
    assert_eq!(Config::load(Some(ours.path()), named).unwrap().server.max_connections, 8);
}

#[test]
fn names_people_already_have_keep_working_and_ours_win_over_them() {
    let config = load(&[("DATABASE_URL", "postgres://db/shop"), ("ENCRYPTION_KEY", "k"), ("WHATSAPP_APP_SECRET", "w")]);
    assert_eq!(config.database.url.expose(), "postgres://db/shop");
    assert_eq!(config.secrets.encryption_key.as_ref().map(Secret::expose), Some("k"));
    assert_eq!(config.meta.app_secrets().map(|(key, _)| key).collect::<Vec<_>>(), ["meta.whatsapp_app_secret"]);
    let both = load(&[("DATABASE_URL", "postgres://db/old"), ("HAWKER__DATABASE__URL", "sqlite://new.db")]);
    assert_eq!(both.database.url.expose(), "sqlite://new.db");
    let shop = load(&GOOD);
    assert!(shop.meta.verify_token.is_some() && shop.secrets.operator_api_key.is_some());
    assert!(shop.secrets.keys().unwrap().is_some());
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let config = load(&[("HAWKER__SERVER__LISTEN", ""), ("DATABASE_URL", ""), ("ENCRYPTION_KEY", "")]);
    assert_eq!(config.server.listen.port(), 8080);
    assert_eq!(config.database.url.expose(), "sqlite://hawker.db");
    assert!(config.secrets.encryption_key.is_none());
}

#[test]
fn every_problem_is_told_at_once() {
    let file = written("[server]\nmax_conections = 5\nheader_timeout = 10\n[servre]\nlisten = 1\n[log]\nformat = []\n");
    let wrong = env(&[
        ("HAWKER__SERVER__LISTEN", "everywhere"),
        ("HAWKER__ACTORS__TURN_EVENTS", "0"),
        ("HAWKER__LISTEN", "127.0.0.1:1"),
        ("DATABASE_URL", "mysql://root:hunter2@db"),
    ]);
    let problems = Config::load(Some(file.path()), wrong).unwrap_err();
    let told = problems.to_string();
    let mut keys: Vec<_> = problems.0.iter().map(|problem| problem.key.as_str()).collect();
    keys.sort_unstable();
    let wanted = [
        "actors.turn_events",
        "database.url",
        "listen",
        "log.format",
        "server.header_timeout",
        "server.listen",
        "server.max_conections",
        "servre.listen",
    ];
    assert_eq!(keys, wanted, "{told}");
    assert!(told.contains("server.listen (from the environment) is `everywhere`: write an address"), "{told}");
    assert!(told.contains("server.max_conections is no setting: there are server.body_limit_bytes"), "{told}");
    assert!(told.contains("servre.listen is no setting: the sections are actors, api, budgets"), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn nobody_is_shut_out_by_a_limit_of_nothing() {
    for name in ["REQUESTS_PER_SECOND", "BURST", "WRONG_KEYS_PER_MINUTE"] {
        let problems = Config::load(None, env(&[(&format!("HAWKER__API__{name}"), "0")])).unwrap_err().to_string();
        assert!(problems.contains("is `0`: write a whole number from 1 to"), "{problems}");
    }
    assert_eq!(keys(Config::load(None, env(&[("HAWKER__API__KEEP_AUDIT", "1h")]))), ["api.keep_audit"]);
}

#[test]
fn a_file_that_cannot_be_read_is_a_problem_beside_the_others() {
    let missing = Path::new("/nowhere/hawker.toml");
    let problems = keys(Config::load(Some(missing), env(&[("HAWKER__SERVER__LISTEN", "x")])));
    assert_eq!(problems, ["/nowhere/hawker.toml", "server.listen"]);
    let broken = written("[secrets]\nencryption_key = \"hunter2\n");
    let told = Config::load(Some(broken.path()), []).unwrap_err().to_string();
    assert!(told.contains("line 2") && !told.contains("hunter2"), "{told}");
}

#[test]
fn what_is_good_may_be_served() {
    assert_eq!(keys(Config::load_to_serve(None, env(&GOOD))), [""; 0]);
}

#[test]
fn the_defaults_alone_may_not_be_served_and_all_that_is_missing_is_named() {
    let missing = ["server.public_url", "meta.meta_app_secret", "meta.verify_token", "secrets.encryption_key"];
    assert_eq!(keys(Config::load_to_serve(None, [])), missing);
}

#[test]
fn each_rule_of_serving_stands_alone() {
    let cases = [
        ("HAWKER__SERVER__PUBLIC_URL", "http://shop.example", "server.public_url"),
        ("HAWKER__SERVER__PUBLIC_URL", "shop.example", "server.public_url"),
        ("ENCRYPTION_KEY", "too short", "secrets.encryption_key"),
        ("ENCRYPTION_KEY", demo::ENCRYPTION_KEY, "secrets.encryption_key"),
        ("HAWKER__SECRETS__PREVIOUS_ENCRYPTION_KEY", "abcd", "secrets.previous_encryption_key"),
        ("META_APP_SECRET", demo::APP_SECRET, "meta.meta_app_secret"),
        ("INSTAGRAM_APP_SECRET", demo::APP_SECRET, "meta.instagram_app_secret"),
        ("WHATSAPP_APP_SECRET", demo::APP_SECRET, "meta.whatsapp_app_secret"),
        ("INSTAGRAM_VERIFY_TOKEN", "fifteen letters", "meta.verify_token"),
        ("INSTAGRAM_VERIFY_TOKEN", demo::VERIFY_TOKEN, "meta.verify_token"),
        ("OPERATOR_API_KEY", demo::OPERATOR_API_KEY, "secrets.operator_api_key"),
        ("OPERATOR_API_KEY", "short", "secrets.operator_api_key"),
        ("HAWKER__META__GRAPH_VERSION", "latest", "meta.graph_version"),
    ];
    for (name, value, key) in cases {
        let mut pairs: Vec<_> = GOOD.into_iter().filter(|(good, _)| *good != name).collect();
        pairs.push((name, value));
        assert_eq!(keys(Config::load_to_serve(None, env(&pairs))), [key], "{name}={value}");
    }
}

#[test]
fn the_demos_own_secrets_are_valid_everywhere_but_in_serving() {
    let pairs = [
        ("ENCRYPTION_KEY", demo::ENCRYPTION_KEY),
        ("META_APP_SECRET", demo::APP_SECRET),
        ("INSTAGRAM_VERIFY_TOKEN", demo::VERIFY_TOKEN),
    ];
    assert!(load(&pairs).secrets.keys().unwrap().is_some());
}

#[test]
fn what_deserves_a_look_is_a_warning_that_shows_no_value() {
    let pairs = [
        ("INSTAGRAM_ACCESS_TOKEN", "EAAB"),
        ("NEXT_PUBLIC_APP_SECRET", "hunter2"),
        ("NEXT_PUBLIC_SITE", "shop"),
        ("NEXT_PUBLIC_API_KEY", ""),
    ];
    let warnings = load(&pairs).warnings;
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].starts_with("INSTAGRAM_ACCESS_TOKEN is ignored"));
    assert!(warnings[1].starts_with("NEXT_PUBLIC_APP_SECRET looks like a secret"));
    assert!(!warnings.concat().contains("EAAB") && !warnings.concat().contains("hunter2"));
}

#[test]
fn debug_shows_no_secret() {
    let mut pairs = GOOD.to_vec();
    pairs.push(("DATABASE_URL", "postgres://shop:hunter2@db/shop"));
    let shown = format!("{:?}", load(&pairs));
    for secret in ["hunter2", "00112233", "01234567", "sixteen"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
