//! The routes over a real socket: what Meta sends, and what others try.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actors::domain::event::Arrival;
use actors::ports::{Clock, Later};
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use tokio::io::AsyncWriteExt;

use super::body::BodyLimits;
use super::webhooks::{Keep, NotStored, WebhookLimits, Webhooks};
use super::{WEBHOOK_PATHS, routes, site};
use crate::door::{Objects, Secret, Secrets, VerifyTokens};
use crate::server::ServerSettings;
use crate::server::testing::{Running, read_until, rest, start};

const WIRE: &str = include_str!("../../tests/samples/instagram/message_text_raw_wire.json");

struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_856_100, 0).unwrap()
    }

    fn sleep_until(&self, _due: DateTime<Utc>) -> Later<'_, ()> {
        Box::pin(std::future::pending())
    }
}

type Kept = Arc<Mutex<Vec<Arrival>>>;

fn keeping(kept: &Kept) -> Keep {
    let kept = kept.clone();
    Arc::new(move |events| {
        kept.lock().unwrap().extend(events);
        Box::pin(async { Ok(()) })
    })
}

async fn serve(keep: Keep, limits: WebhookLimits) -> Running {
    let secret = Secret::new("instagram", "s3cret", Objects::Only(vec!["instagram".to_owned()]));
    let tokens = VerifyTokens::new(["token"]);
    let webhooks = Webhooks::new(Secrets::new(secret), tokens, keep, Arc::new(StoppedClock), limits);
    start(site(routes(&Arc::new(webhooks))), ServerSettings::default()).await
}

async fn door() -> (Running, Kept) {
    let kept = Kept::default();
    (serve(keeping(&kept), WebhookLimits::default()).await, kept)
}

fn signature(body: &str) -> String {
    let mac = Hmac::<sha2::Sha256>::new_from_slice(b"s3cret").unwrap().chain_update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

fn post(path: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}")
}

fn signed(body: &str) -> String {
    post(WEBHOOK_PATHS[0], &format!("x-hub-signature-256: {}\r\n", signature(body)), body)
}

fn chunked(body: &str) -> String {
    let chunks: String = body
        .as_bytes()
        .chunks(100)
        .map(|chunk| format!("{:x}\r\n{}\r\n", chunk.len(), str::from_utf8(chunk).unwrap()))
        .collect();
    let head = "host: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\nx-hub-signature-256:";
    format!("POST {} HTTP/1.1\r\n{head} {}\r\n\r\n{chunks}0\r\n\r\n", WEBHOOK_PATHS[0], signature(body))
}

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or(answer)
}

#[tokio::test]
async fn signed_events_are_kept_and_acknowledged_at_every_address() {
    let (server, kept) = door().await;
    for path in WEBHOOK_PATHS {
        let headers = format!("X-Hub-Signature-256: {}\r\ncontent-type: text/odd\r\n", signature(WIRE));
        let answer = server.exchange(post(path, &headers, WIRE).as_bytes()).await;
        assert_eq!(status(&answer), "200", "{path}");
        assert!(answer.ends_with("\r\n\r\n{\"received\":true}"));
    }
    assert_eq!(status(&server.exchange(chunked(WIRE).as_bytes()).await), "200");
    let kept = kept.lock().unwrap();
    assert_eq!(kept.len(), 4);
    assert!(kept.iter().all(|event| event.kind == "message" && event.ledgered.is_none()));
}

#[tokio::test]
async fn a_signed_body_that_holds_no_event_is_kept_and_acknowledged() {
    let (server, kept) = door().await;
    assert_eq!(status(&server.exchange(signed("hello").as_bytes()).await), "200");
    assert_eq!(status(&server.exchange(signed("").as_bytes()).await), "200");
    assert_eq!(status(&server.exchange(signed(r#"{"object":"instagram","entry":[]}"#).as_bytes()).await), "200");
    let kinds: Vec<_> = kept.lock().unwrap().iter().map(|event| event.kind.clone()).collect();
    assert_eq!(kinds, ["unreadable_body", "unreadable_body", "object:instagram"]);
}

#[tokio::test]
async fn what_no_app_of_ours_signed_is_turned_away() {
    let (server, kept) = door().await;
    let right = signature(WIRE);
    let page = WIRE.replace("instagram", "page");
    for request in [
        post(WEBHOOK_PATHS[0], "", WIRE),
        post(WEBHOOK_PATHS[0], "x-hub-signature: sha1=6ac1507be4a869237e61a4351ba172a24529e0dc\r\n", WIRE),
        post(WEBHOOK_PATHS[0], &format!("x-hub-signature-256: {}\r\n", right.to_uppercase()), WIRE),
        post(WEBHOOK_PATHS[0], &format!("x-hub-signature-256: {}\r\n", &right[7..]), WIRE),
        post(WEBHOOK_PATHS[0], &format!("x-hub-signature-256: {}\r\n", signature("other")), WIRE),
        post(WEBHOOK_PATHS[0], "x-hub-signature-256: sha256=\u{e4}\r\n", WIRE),
        signed(&page),
    ] {
        let answer = server.exchange(request.as_bytes()).await;
        assert_eq!(status(&answer), "403", "{request}");
        assert!(answer.contains("application/problem+json") && answer.contains(r#""code":"bad_signature""#));
    }
    assert!(kept.lock().unwrap().is_empty());
}

#[tokio::test]
async fn events_that_are_not_stored_are_not_acknowledged() {
    let failing: Keep = Arc::new(|_| Box::pin(async { Err(NotStored("the disk is full".into())) }));
    let never: Keep = Arc::new(|_| Box::pin(std::future::pending()));
    let limits = WebhookLimits { storing: Duration::from_millis(50), ..WebhookLimits::default() };
    for keep in [failing, never] {
        let answer = serve(keep, limits).await.exchange(signed(WIRE).as_bytes()).await;
        assert_eq!(status(&answer), "503");
        assert!(answer.contains("retry-after: 5") && answer.contains(r#""code":"not_stored""#), "{answer}");
        assert!(!answer.contains("disk"));
    }
}

#[tokio::test]
async fn too_much_at_once_is_asked_to_come_again() {
    for limits in [
        WebhookLimits { requests_in_hand: 0, ..WebhookLimits::default() },
        WebhookLimits { bytes_in_hand: 100, ..WebhookLimits::default() },
    ] {
        let kept = Kept::default();
        let answer = serve(keeping(&kept), limits).await.exchange(signed(WIRE).as_bytes()).await;
        assert_eq!(status(&answer), "503");
        assert!(answer.contains("retry-after: 1") && kept.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn room_and_slots_come_back_after_each_request() {
    let kept = Kept::default();
    let limits = WebhookLimits { bytes_in_hand: 400, requests_in_hand: 1, ..WebhookLimits::default() };
    let server = serve(keeping(&kept), limits).await;
    for _ in 0..3 {
        assert_eq!(status(&server.exchange(signed(WIRE).as_bytes()).await), "200");
        assert_eq!(status(&server.exchange(chunked(WIRE).as_bytes()).await), "200");
        assert_eq!(status(&server.exchange(chunked(&"x".repeat(1000)).as_bytes()).await), "503");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_however_it_comes() {
    let kept = Kept::default();
    let server = serve(keeping(&kept), WebhookLimits::default()).await;
    let large = "x".repeat((4 << 20) + 1);
    for request in [signed(&large), chunked(&large)] {
        let answer = server.exchange(request.as_bytes()).await;
        assert_eq!(status(&answer), "413");
        assert!(answer.contains(r#""code":"body_too_large""#));
    }
    assert!(kept.lock().unwrap().is_empty());
    let just_fits = &large[1..];
    assert_eq!(status(&server.exchange(signed(just_fits).as_bytes()).await), "200");
}

#[tokio::test]
async fn a_body_that_does_not_come_in_time_is_given_up() {
    let body = BodyLimits { bytes: 1000, deadline: Duration::from_millis(100) };
    let server = serve(keeping(&Kept::default()), WebhookLimits { body, ..WebhookLimits::default() }).await;
    let request = signed(WIRE);
    let mut stream = server.connect(&request.as_bytes()[..request.len() - 5]).await;
    let answer = rest(&mut stream).await;
    assert_eq!(status(&answer), "408");
    assert!(answer.contains(r#""code":"body_too_slow""#));
}

#[tokio::test]
async fn a_connection_serves_one_webhook_after_the_other() {
    let (server, kept) = door().await;
    let request = signed(WIRE).replace("connection: close\r\n", "");
    let mut stream = server.connect(format!("{request}{request}").as_bytes()).await;
    for _ in 0..2 {
        assert_eq!(status(&read_until(&mut stream, "true}").await), "200");
    }
    stream.write_all(request.as_bytes()).await.unwrap();
    assert_eq!(status(&read_until(&mut stream, "true}").await), "200");
    assert_eq!(kept.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn the_handshake_gives_the_challenge_back() {
    let (server, _) = door().await;
    for path in WEBHOOK_PATHS {
        let ask = |query: &str| format!("GET {path}{query} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let right = ask("?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=token");
        let answer = server.exchange(right.as_bytes()).await;
        assert_eq!(status(&answer), "200");
        assert!(answer.contains("content-type: text/plain") && answer.ends_with("\r\n\r\n1158201444"));
        for wrong in ["", "?", "?hub.mode=subscribe&hub.challenge=1&hub.verify_token=wrong", "?hub.challenge=1"] {
            assert_eq!(status(&server.exchange(ask(wrong).as_bytes()).await), "403", "{wrong}");
        }
    }
}

#[tokio::test]
async fn other_methods_and_other_addresses_are_told_apart() {
    let (server, _) = door().await;
    for (request, expected, allow) in [
        ("PUT /webhooks/meta", "405", Some("allow: POST, GET\r\n")),
        ("HEAD /webhooks/meta", "405", Some("allow: POST, GET\r\n")),
        ("OPTIONS /api/instagram/webhook", "405", Some("allow: POST, GET\r\n")),
        ("POST /livez", "405", Some("allow: GET\r\n")),
        ("GET /livez", "200", None),
        ("GET /", "404", None),
        ("GET /webhooks/meta/", "404", None),
        ("BREW /webhooks/met", "404", None),
    ] {
        let answer =
            server.exchange(format!("{request} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes()).await;
        assert_eq!(status(&answer), expected, "{request}");
        assert_eq!(answer.contains("allow: "), allow.is_some(), "{request}");
        assert!(answer.contains(allow.unwrap_or("")), "{answer}");
        assert_eq!(answer.contains("application/problem+json"), expected != "200", "{request}");
    }
}
