//! A shop is run from a terminal: the program's verbs against the running service.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Output, Stdio};

use hawker::cli::{Screen, told};
use hawker::vault::Secret;
use serde_json::{Value, json};

use crate::support::{Database, OPERATOR_KEY, TestApp, apron, both};

both![
    what_a_shop_has_is_shown_to_people_and_to_programs,
    a_shop_is_made_and_changed,
    what_cannot_be_done_is_said_and_is_a_failure,
    a_token_is_piped_in_and_is_shown_nowhere,
];

/// What these words print against this service.
async fn print(app: &TestApp, screen: Screen, words: &[&str]) -> Result<String, String> {
    let server = format!("http://{}", app.address());
    let all = [words, &["--server", &server]].concat();
    told(&all, Secret::from(OPERATOR_KEY), screen).await.map_err(|error| format!("{error:#}"))
}

async fn what_a_shop_has_is_shown_to_people_and_to_programs(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    let seller = shop.seller.to_string();
    app.deliver(&shop.customer("Ada").writes("Hi!\nTwo blue linen shirts in M, please \u{7}")).await;
    app.fall_silent().await;
    for (words, shown) in [
        (&["orders", "list", &seller][..], "2 x Linen Shirt (Blue, M)"),
        (&["orders", "list", &seller], "59.80 USD"),
        (&["conversations", "list", &seller], "instagram"),
        (&["leads", "list", &seller], "drafted"),
        (&["outbox", "list", &seller], "send"),
        (&["connections", "list", &seller], "shop.1"),
        (&["comments", "list", &seller], "There is nothing to list."),
        (&["budget", "show", &seller], "messages per hour"),
        (&["budget", "app-hold"], "Meta does not hold the app."),
        (&["actor", "show", &seller], "slot"),
        (&["ledger"], "The equation holds"),
    ] {
        let text = print(&app, Screen::terminal(200), words).await.unwrap();
        assert!(text.contains(shown), "{words:?}: {text}");
    }
    let fields = print(&app, Screen::pipe(), &["orders", "list", &seller]).await.unwrap();
    let fields: Vec<&str> = fields.trim_end().split('\t').collect();
    assert_eq!((fields.len(), fields[1], fields[5]), (7, "draft", "59.80 USD"), "{fields:?}");
    let printed = print(&app, Screen::pipe(), &["orders", "list", &seller, "--json"]).await.unwrap();
    let printed: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(printed, app.read(&format!("/api/v1/sellers/{seller}/orders")).await);
    app.stop().await;
}

async fn a_shop_is_made_and_changed(database: Database) {
    let app = TestApp::start(database).await;
    let words = ["sellers", "create", "Linen", "--currency", "USD", "--idempotency-key", "once"];
    let made = print(&app, Screen::pipe(), &words).await.unwrap();
    assert_eq!(print(&app, Screen::pipe(), &words).await.unwrap(), made, "it was made once");
    let seller = made.split(' ').nth(1).unwrap().to_owned();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("products.json");
    std::fs::write(&file, json!([apron("19.00", None)]).to_string()).unwrap();
    let put = print(&app, Screen::pipe(), &["products", "put", &seller, file.to_str().unwrap()]).await.unwrap();
    assert_eq!(put, "  products  1\n");
    for (words, shown) in [
        (&["budget", "set", &seller, "--messages-per-hour", "7"][..], "(its own)"),
        (&["budget", "set", &seller, "--graph-reserve", "3"], " 7 (its own)"),
        (&["actor", "pause", &seller], "paused yes"),
        (&["actor", "resume", &seller], "paused no"),
        // Something may have woken it again by now.
        (&["actor", "unload", &seller], "paused no"),
    ] {
        let text = print(&app, Screen::pipe(), words).await.unwrap();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(shown), "{words:?}: {text}");
    }
    app.stop().await;
}

async fn what_cannot_be_done_is_said_and_is_a_failure(database: Database) {
    let app = TestApp::start(database).await;
    for (words, said) in [
        (&["orders", "list", "99"][..], "there is no seller 99 (not_found)"),
        (&["sellers", "create", "Linen", "--currency", "DOLLARS"], "(invalid_body)"),
        (&["orders", "list", "Linen"], "`mine`"),
        (&["orders", "list", "1", "--state", "lost"], "fulfilled"),
    ] {
        let refused = print(&app, Screen::pipe(), words).await.unwrap_err();
        assert!(refused.contains(said), "{words:?}: {refused}");
    }
    let server = format!("http://{}", app.address());
    let words = ["orders", "list", "1", "--server", &server];
    let refused = told(&words, Secret::from("wrong"), Screen::pipe()).await.unwrap_err().to_string();
    assert!(refused.contains("set HAWKER_API_KEY"), "{refused}");
    app.stop().await;
}

async fn a_token_is_piped_in_and_is_shown_nowhere(database: Database) {
    let app = TestApp::start(database).await;
    let seller = app.made("/api/v1/sellers", &json!({ "name": "Linen", "currency": "USD" })).await.to_string();
    let server = format!("http://{}", app.address());
    let connect = [
        "connections",
        "connect",
        &seller,
        "whatsapp",
        "106540350000099",
        "--name",
        "+1 555 010 0999",
        "--server",
        &server,
    ];
    let connect = connect.map(str::to_owned);
    // The service runs on this thread.
    let (empty, connected) =
        tokio::task::spawn_blocking(move || (piped("\n", &connect), piped("token-1\n", &connect))).await.unwrap();
    let [said, printed] = [&empty.stderr, &connected.stdout].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    assert!(!empty.status.success() && said.contains("META_TOKEN"), "{said}");
    assert!(connected.status.success() && printed.contains("was made."), "{connected:?}");
    assert!(!format!("{connected:?}").contains("token-1"), "{connected:?}");
    let list = print(&app, Screen::pipe(), &["connections", "list", &seller]).await.unwrap();
    assert!(list.contains("whatsapp\t106540350000099\t+1 555 010 0999"), "{list}");
    let connection = list.split('\t').next().unwrap();
    print(&app, Screen::pipe(), &["connections", "disconnect", &seller, connection]).await.unwrap();
    app.stop().await;
}

fn hawker() -> Command {
    let mut hawker = Command::new(env!("CARGO_BIN_EXE_hawker"));
    hawker.env_clear().env("HAWKER_API_KEY", OPERATOR_KEY).stdin(Stdio::null());
    hawker
}

/// What the program does with this on its standard input.
fn piped(input: &str, words: &[String]) -> Output {
    let mut hawker = hawker();
    let hawker = hawker.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut hawker = hawker.spawn().unwrap();
    hawker.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    hawker.wait_with_output().unwrap()
}

#[test]
fn a_reader_who_has_seen_enough_ends_the_program_quietly() {
    let mut hawker = hawker();
    let hawker = hawker.args(["completions", "zsh"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut hawker = hawker.spawn().unwrap();
    let mut line = String::new();
    BufReader::with_capacity(64, hawker.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ended = hawker.wait_with_output().unwrap();
    assert!(line.starts_with("#compdef hawker"), "{line}");
    assert!(ended.status.success() && ended.stderr.is_empty(), "{ended:?}");
}

#[test]
fn the_program_says_what_it_can_do() {
    let help = hawker().arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for words in ["A shop's day:", "orders", "Looking into it:", "Examples:", "HAWKER_SERVER"] {
        assert!(help.contains(words), "{words}: {help}");
    }
    let help = String::from_utf8(hawker().args(["orders", "edit", "--help"]).output().unwrap().stdout).unwrap();
    assert!(help.contains("hawker orders edit 1 12 --line"), "{help}");
    let page = String::from_utf8(hawker().arg("man").output().unwrap().stdout).unwrap();
    assert!(page.starts_with(".ie") && page.contains("hawker\\-orders(1)"), "{page}");
}
