//! Addresses are tried as Meta tries them, and what is wrong is said at the right line.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Command;

use http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{APP_SECRET, Database, OPERATOR_KEY, TestApp, VERIFY_TOKEN, both};

both![
    our_own_address_is_green_and_the_test_is_counted_once_and_in_no_shop,
    what_is_wrong_is_red_at_its_line,
    who_takes_everything_or_sends_elsewhere_or_is_slow_is_found_out,
    nobody_inside_is_asked_unless_that_is_allowed,
    the_program_ends_with_one_where_something_is_red,
];

const LOOPBACK: (&str, &str) = ("webhooks.allow_loopback", "true");
const ALL: [&str; 11] = [
    "address",
    "connection",
    "redirects",
    "handshake",
    "wrong_token",
    "good_signature",
    "bad_signature",
    "missing_signature",
    "echo",
    "duplicate",
    "time",
];

async fn tested(app: &TestApp, asked: Value) -> Value {
    let (status, report) = app.call(Method::POST, "/api/v1/webhook-test", &asked).await;
    assert_eq!(status, 200, "{report}");
    let text = report.to_string();
    assert!(!text.contains(APP_SECRET) && !text.contains(VERIFY_TOKEN) && !text.contains("of-somebody"), "{text}");
    for check in report["checks"].as_array().unwrap() {
        let is_green = check["light"] == "green";
        assert!(check["sentence"].as_str().unwrap().ends_with('.') && is_green == check["fix"].is_null(), "{check}");
    }
    report
}

/// Its checks by their light.
fn lights(report: &Value) -> BTreeMap<&str, Vec<&str>> {
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for check in report["checks"].as_array().unwrap() {
        let [name, light] = ["name", "light"].map(|member| check[member].as_str().unwrap());
        found.entry(light).or_default().push(name);
    }
    found
}

fn red(report: &Value) -> Vec<&str> {
    lights(report).remove("red").unwrap_or_default()
}

fn sentence<'a>(report: &'a Value, name: &str) -> &'a str {
    let checks = report["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == name).unwrap()["sentence"].as_str().unwrap()
}

async fn our_own_address_is_green_and_the_test_is_counted_once_and_in_no_shop(database: Database) {
    let app = TestApp::start_with(database, &[LOOPBACK]).await;
    let shop = app.shop().await;
    for path in ["/webhooks/meta", "/api/instagram/webhook"] {
        let report = tested(&app, json!({ "url": format!("http://{}{path}", app.address()) })).await;
        assert_eq!(lights(&report), BTreeMap::from([("green", ALL.to_vec())]), "{report:#}");
        assert!(sentence(&report, "duplicate").contains("in the ledger once"), "{report}");
    }
    app.settle().await;
    assert_eq!(app.ledgered("dashboard_test").await, 4, "a message and an echo of each test");
    let equation = app.read("/api/v1/ledger").await["equation"].clone();
    assert_eq!((&equation["received"], &equation["duplicate"]), (&json!(6), &json!(2)), "{equation}");
    assert_eq!((app.conversations(&shop).await.len(), app.orders(&shop).await.len()), (0, 0));
    app.stop().await;
}

async fn what_is_wrong_is_red_at_its_line(database: Database) {
    let app = TestApp::start_with(database, &[LOOPBACK]).await;
    let url = format!("http://{}/webhooks/meta", app.address());
    let report = tested(&app, json!({ "url": url, "app_secret": "of-somebody-else" })).await;
    assert_eq!(red(&report), ["good_signature", "echo", "duplicate"], "{report:#}");
    assert!(sentence(&report, "good_signature").contains("refused with 403"), "{report}");
    let report = tested(&app, json!({ "url": url, "verify_token": "of-somebody-else" })).await;
    assert_eq!(red(&report), ["handshake"], "{report:#}");
    let nowhere = tested(&app, json!({ "url": format!("http://{}/nowhere", app.address()) })).await;
    assert_eq!(red(&nowhere), ["handshake", "good_signature", "echo", "duplicate"], "{nowhere:#}");
    let dead = tested(&app, json!({ "url": "http://127.0.0.1:1/webhooks/meta" })).await;
    assert_eq!(lights(&dead), BTreeMap::from([("green", vec!["address"]), ("red", vec!["connection"])]), "{dead:#}");
    app.stop().await;
}

async fn who_takes_everything_or_sends_elsewhere_or_is_slow_is_found_out(database: Database) {
    let app = TestApp::start_with(database, &[LOOPBACK]).await;
    let at = |address: SocketAddr| json!({ "url": format!("http://{address}/hook"), "limit_ms": 300 });
    let taker = tested(&app, at(somebody(Some("200 OK")).await)).await;
    assert_eq!(red(&taker), ["handshake", "wrong_token", "bad_signature", "missing_signature"], "{taker:#}");
    assert!(sentence(&taker, "duplicate").contains("only the service there knows"), "{taker}");
    let elsewhere = somebody(Some("301 Moved Permanently\r\nLocation: http://169.254.169.254/")).await;
    let elsewhere = tested(&app, at(elsewhere)).await;
    assert_eq!(red(&elsewhere), ["redirects", "handshake", "good_signature", "echo", "duplicate"], "{elsewhere:#}");
    let slow = tested(&app, at(somebody(None).await)).await;
    let named = ALL.iter().copied().filter(|name| !["address", "redirects"].contains(name));
    assert_eq!(red(&slow), named.collect::<Vec<_>>(), "{slow:#}");
    assert!(sentence(&slow, "time").contains("7 of 7 requests had no answer within 300 ms"), "{slow}");
    app.stop().await;
}

async fn nobody_inside_is_asked_unless_that_is_allowed(database: Database) {
    let app = TestApp::start(database).await;
    let own = format!("http://{}/webhooks/meta", app.address());
    for url in
        [&own, "https://127.0.0.1/", "https://10.0.0.1/", "http://shop.example/", "https://a:b@shop.example/", "no"]
    {
        let report = tested(&app, json!({ "url": url })).await;
        assert_eq!(lights(&report), BTreeMap::from([("red", vec!["address"])]), "{report:#}");
    }
    let named = tested(&app, json!({ "url": "https://localhost.localdomain/", "limit_ms": 20_000 })).await;
    assert_eq!(red(&named), ["connection"], "{named:#}");
    for wrong in [json!({ "url": own, "limit_ms": 99 }), json!({ "url": own, "limit_ms": 20_001 })] {
        let (status, problem) = app.call(Method::POST, "/api/v1/webhook-test", &wrong).await;
        assert_eq!((status.as_u16(), &problem["code"]), (422, &json!("invalid_webhook_test")), "{problem}");
    }
    assert_eq!(app.read("/api/v1/ledger").await["equation"]["received"], 0);
    app.stop().await;
}

async fn the_program_ends_with_one_where_something_is_red(database: Database) {
    let app = TestApp::start_with(database, &[LOOPBACK]).await;
    let (server, url) = (format!("http://{}", app.address()), format!("http://{}/webhooks/meta", app.address()));
    let run = |words: &[&str]| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_hawker"));
        program.arg("webhook-test").args(words).env("HAWKER_API_KEY", OPERATOR_KEY).env("HAWKER_SERVER", &server);
        program.env("HAWKER_TEST_APP_SECRET", APP_SECRET).env("HAWKER_TEST_VERIFY_TOKEN", VERIFY_TOKEN);
        let done = program.env("HAWKER__WEBHOOKS__ALLOW_LOOPBACK", "true").output().unwrap();
        let said = [done.stdout, done.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        assert!(said.iter().all(|text| !text.contains(APP_SECRET) && !text.contains(VERIFY_TOKEN)), "{said:?}");
        (done.status.code(), said[0].clone())
    };
    for words in [&[url.as_str()][..], &[&url, "--here"]] {
        let (code, said) = run(words);
        assert_eq!((code, said.lines().count()), (Some(0), ALL.len()), "{said}");
        assert!(said.starts_with("address\tgreen\t"), "{said}");
    }
    let (code, said) = run(&["http://127.0.0.1:1/", "--json"]);
    let report: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &report["light"]), (Some(1), &json!("red")));
    assert_eq!(run(&["http://127.0.0.1:1/", "--here"]).0, Some(1));
    app.stop().await;
}

/// Somebody else's service, who answers everything the same, or nothing ever.
async fn somebody(answer: Option<&'static str>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut silent = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            match answer {
                None => silent.push(stream),
                Some(answer) => drop(tokio::spawn(async move { answered(&mut stream, answer).await })),
            }
        }
    });
    address
}

async fn answered(stream: &mut TcpStream, answer: &str) {
    let (mut text, mut piece) = (String::new(), [0; 4096]);
    let is_whole = |text: &str| {
        let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        body.len() >= length.unwrap_or(0)
    };
    while !is_whole(&text) {
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return,
            Ok(count) => text.push_str(&String::from_utf8_lossy(&piece[..count])),
        }
    }
    let answer = format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    _ = stream.write_all(answer.as_bytes()).await;
}
