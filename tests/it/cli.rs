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
    every_verb_asks_for_what_the_service_takes,
    a_token_is_piped_in_and_is_shown_nowhere,
];

/// A verb each that asks a shop for something, with all that it can be told.
const VERBS: &[&str] = &[
    "me",
    "sellers list --q shop --limit 5",
    "sellers settings 1",
    "sellers set 1 auto_reply=true",
    "keys list --seller 1",
    "keys make Till --seller 1 --scope orders:read --expires 1d",
    "connections list 1",
    "products list 1 --limit 2 --after A",
    "products show 1 APRON",
    "products show 1 export",
    "products remove 1 import",
    "products export 1 --format ndjson",
    "modifiers list 1",
    "modifiers remove 1 gift",
    "orders list 1 --state draft --customer 3 --conversation 5 --limit 9",
    "orders show 1 12",
    "orders open 1 --conversation 5 --line APRON",
    "orders edit 1 12 --line APRON --phone +1 --version 2",
    "orders confirm 1 12 --version 4",
    "orders cancel 1 12",
    "orders fulfil 1 12",
    "orders history 1 12",
    "orders note 1 12 Hm",
    "conversations list 1 --archived --unread --needs-look --label vip --assignee mia",
    "conversations show 1 5 --limit 9",
    "conversations send 1 5 Hm",
    "conversations send 1 5 --image https://shop.example/b.jpg",
    "conversations label 1 5 --add vip --remove old",
    "conversations assign 1 5 --to mia",
    "conversations assign 1 5 --to-nobody",
    "conversations archive 1 5",
    "conversations read 1 5 --through 9",
    "conversations looks 1 5 unsure attachment",
    "conversations hand-over 1 5 --to-people",
    "conversations note 1 5 Hm",
    "customers list 1 --limit 9",
    "customers show 1 3",
    "customers edit 1 3 --name Ada --email a@b.example",
    "customers note 1 3 Hm",
    "leads list 1 --stage new",
    "leads show 1 4",
    "leads move 1 4 ordered",
    "comments list 1",
    "notes list 1 --order 12",
    "notes list 1 --customer 3",
    "notes list 1 --conversation 5",
    "notes remove 1 33",
    "events list 1 --kind order.drafted --limit 9",
    "webhooks add 1 http://127.0.0.1:9/ --kind order.confirmed",
    "webhooks list 1",
    "webhooks show 1 1",
    "webhooks change 1 1 --pause --every-kind",
    "webhooks change 1 1 --resume --kind order.confirmed --url http://127.0.0.1:9/b",
    "webhooks rotate 1 1",
    "webhooks ping 1 1",
    "webhooks deliveries 1 1 --limit 5",
    "webhooks redeliver 1 1 1",
    "webhooks redeliver 1 1 --since 2h",
    "webhooks remove 1 1",
    "commands show 1 a",
    "outbox list 1",
    "budget show 1",
    "budget set 1 --messages-per-hour 9",
    "actor show 1",
    "audit --limit 1",
    "audit --seller 1",
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

/// Of what is asked, some is not there or cannot be done now; all of it is understood.
async fn every_verb_asks_for_what_the_service_takes(database: Database) {
    let app = TestApp::start_with(database, &[("webhooks.allow_loopback", "true")]).await;
    let shop = app.shop().await;
    assert_eq!(shop.seller.0, 1);
    app.deliver(&shop.customer("Ada").writes("one canvas apron please")).await;
    app.settle().await;
    let file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    std::fs::write(&file, "id,title,price\nCAP,Cap,x\n").unwrap();
    let import = format!("products import 1 {}", file.path().display());
    let files = [import.clone(), format!("{import} --replace --dry-run")];
    for words in VERBS.iter().copied().chain(files.iter().map(String::as_str)) {
        let split: Vec<&str> = words.split(' ').collect();
        let refused = print(&app, Screen::pipe(), &split).await.err().unwrap_or_default();
        let misread = ["invalid_query", "invalid_body", "method_not_allowed", "address (not_found)"];
        assert!(!misread.iter().any(|code| refused.contains(code)), "{words}: {refused}");
    }
    let printed = print(&app, Screen::pipe(), &["events", "list", "1", "--limit", "1"]).await.unwrap();
    assert!(printed.starts_with(|first: char| first.is_ascii_digit()), "an event has its number: {printed}");
    let refused = print(&app, Screen::pipe(), &["products", "show", "1", "export"]).await.unwrap_err();
    assert!(refused.contains("no product"), "{refused}");
    app.settle().await;
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
