//! What becomes of verbs when the service is busy, slow, gone for a moment, or of another mind.

use http::StatusCode;
use serde_json::{Value, json};
use warp::Reply;
use warp::reply::Response;

use super::standin::Standin;
use crate::cli::Screen;

fn answer(status: u16, body: &Value) -> Response {
    warp::reply::with_status(warp::reply::json(body), StatusCode::from_u16(status).unwrap()).into_response()
}

fn busy(status: u16) -> Response {
    let mut answer = answer(status, &json!({ "title": "It could not be done now", "code": "unavailable" }));
    answer.headers_mut().insert("retry-after", 0.into());
    answer
}

#[tokio::test]
async fn what_may_be_asked_twice_is_and_under_one_key() {
    let standin = Standin::start(|_, n| if n % 3 < 2 { busy(503) } else { answer(200, &json!({ "id": 1 })) }).await;
    for words in [&["sellers", "create", "Linen", "--currency", "USD"][..], &["orders", "show", "7", "12"]] {
        standin.prints(Screen::pipe(), words).await;
        let asked = standin.asked();
        assert_eq!(asked.len(), 3, "{words:?}");
        let keys: Vec<_> = asked.iter().map(|asked| asked.header("idempotency-key")).collect();
        assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    }
    let words = ["orders", "confirm", "7", "12", "--idempotency-key", "mine"];
    standin.prints(Screen::pipe(), &words).await;
    assert_eq!(standin.asked()[0].header("idempotency-key"), Some("mine"));
}

#[tokio::test]
async fn what_may_not_be_asked_twice_is_not() {
    let standin = Standin::start(|_, _| busy(429)).await;
    for words in [&["leads", "move", "7", "4", "new"][..], &["keys", "revoke", "3"]] {
        assert_eq!(standin.refuses(words).await, "It could not be done now (unavailable)");
        assert_eq!(standin.asked().len(), 1, "{words:?}");
    }
    standin.refuses(&["orders", "list", "7"]).await;
    assert_eq!(standin.asked().len(), 4, "and nothing is asked for ever");
}

#[tokio::test]
async fn a_refusal_says_what_is_wrong_and_its_code() {
    let problem = json!({
        "title": "The command was not done", "detail": "order 12 is at version 5\u{1b}[2J", "code": "version_conflict",
    });
    let standin = Standin::start(move |asked, _| match asked.line.as_str() {
        "GET /api/v1/me" => answer(401, &json!({ "title": "A key is needed", "code": "unauthorized" })),
        "GET /api/v1/app-hold" => http::Response::new("<html>".into()),
        _ => answer(409, &problem),
    })
    .await;
    let refused = standin.refuses(&["orders", "cancel", "7", "12", "--version", "4"]).await;
    assert_eq!(refused, "The command was not done: order 12 is at version 5\\u{1b}[2J (version_conflict)");
    assert!(standin.refuses(&["orders", "list", "mine"]).await.contains("set HAWKER_API_KEY"));
    assert!(standin.refuses(&["budget", "app-hold"]).await.contains("is it a Hawker?"));
}

#[tokio::test]
async fn what_was_only_accepted_is_said_or_waited_for() {
    let place = "/api/v1/sellers/7/commands/a%2Fb";
    let standin = Standin::start(move |asked, n| match (asked.line.starts_with("POST"), n % 4) {
        (true, _) => answer(202, &json!({ "accepted": true, "command": "a/b", "result": place })),
        (false, 3) => {
            answer(200, &json!({ "done": true, "answer": { "order": 12, "state": "confirmed", "version": 5 } }))
        }
        (false, _) => answer(200, &json!({ "command": "a/b", "done": false, "answer": null })),
    })
    .await;
    let words = ["orders", "confirm", "7", "12", "--wait"];
    assert_eq!(standin.prints(Screen::pipe(), &words).await, "Order 12 is confirmed, version 5.\n");
    let asked: Vec<String> = standin.asked().into_iter().map(|asked| asked.line).collect();
    assert_eq!(asked[1..], [format!("GET {place}"), format!("GET {place}"), format!("GET {place}")]);
    let accepted = standin.prints(Screen::pipe(), &words[..4]).await;
    assert!(accepted.contains("`hawker commands show 7 a/b`"), "{accepted}");
}

#[tokio::test]
async fn a_command_that_is_refused_later_is_a_failure() {
    let place = "/api/v1/sellers/7/commands/c";
    let standin = Standin::start(move |asked, _| match asked.line.starts_with("POST") {
        true => answer(202, &json!({ "accepted": true, "command": "c", "result": place })),
        false => {
            answer(200, &json!({ "done": true, "answer": { "error": "not_a_draft", "detail": "it is confirmed" } }))
        }
    })
    .await;
    let refused = standin.refuses(&["orders", "confirm", "7", "12", "--wait"]).await;
    assert_eq!(refused, "The command was not done: it is confirmed (not_a_draft)");
    let shown = standin.prints(Screen::pipe(), &["commands", "show", "7", "c"]).await;
    assert_eq!(shown, "It was not done: it is confirmed (not_a_draft)\n");
}

/// Five orders in pages of two.
fn orders(line: &str) -> Response {
    let after = line.split("after=").nth(1).and_then(|rest| rest.split('&').next()?.parse().ok()).unwrap_or(0);
    let rows: Vec<String> =
        (after + 1..=5).take(2).map(|id| format!(r#"{{"id":{id},"state":"draft", "x":0.10}}"#)).collect();
    let next = if after + 2 < 5 { format!("\"{}\"", after + 2) } else { "null".to_owned() };
    http::Response::new(format!(r#"{{"data":[{}],"next":{next}}}"#, rows.join(",")).into())
}

#[tokio::test]
async fn pages_are_followed_as_far_as_is_asked_for() {
    let standin = Standin::start(|asked, _| orders(&asked.line)).await;
    let list = standin.prints(Screen::pipe(), &["orders", "list", "7"]).await;
    assert_eq!(list.lines().map(|line| line.split('\t').next().unwrap()).collect::<String>(), "12345");
    let lines: Vec<String> = standin.asked().into_iter().map(|asked| asked.line).collect();
    assert_eq!(lines[1], "GET /api/v1/sellers/7/orders?after=2");
    let people = standin.prints(Screen::terminal(100), &["orders", "list", "7", "--limit", "3"]).await;
    assert!(people.contains("There is more: --after 4 goes on here"), "{people}");
    let lines: Vec<String> = standin.asked().into_iter().map(|asked| asked.line).collect();
    assert_eq!(lines[1], "GET /api/v1/sellers/7/orders?after=2&limit=1");
    let json = standin.prints(Screen::pipe(), &["orders", "list", "7", "--json", "--limit", "1"]).await;
    assert_eq!(
        json,
        "{\"data\":[{\"id\":1,\"state\":\"draft\", \"x\":0.10},{\"id\":2,\"state\":\"draft\", \"x\":0.10}],\"next\":\"2\"}\n"
    );
    let json = standin.prints(Screen::pipe(), &["orders", "list", "7", "--json"]).await;
    assert!(json.starts_with("{\"data\":[{\"id\":1,\"state\":\"draft\", \"x\":0.10},"), "{json}");
    assert!(json.ends_with("{\"id\":5,\"state\":\"draft\", \"x\":0.10}],\"next\":null}\n"), "{json}");
}

#[tokio::test]
async fn events_are_followed_on_from_where_they_broke_off() {
    let event = |id: u64| {
        format!(
            "id: {id}\nevent: order.confirmed\ndata: {{\"timestamp\":\"2026-10-01T12:00:00Z\",\"data\":{{\"subject_id\":{id}}}}}\n\n"
        )
    };
    let standin = Standin::start(move |asked, n| match n {
        0 => http::Response::new(format!("retry: 5\n\n{}{}id: 3\ndata: cut", event(1), event(2)).into()),
        1 => busy(503),
        2 if asked.header("last-event-id") == Some("2") => {
            http::Response::new(format!("retry: 5\n\n: alive\n\n{}", event(3)).into())
        }
        _ => answer(403, &json!({ "title": "The key was revoked", "code": "forbidden" })),
    })
    .await;
    let (printed, ended) = standin.run(Screen::pipe(), &["events", "follow", "7", "--kind", "order.confirmed"]).await;
    let subjects: Vec<&str> = printed.lines().map(|line| line.split_whitespace().nth(3).unwrap()).collect();
    assert_eq!(subjects, ["1", "2", "3"], "{printed}");
    assert_eq!(format!("{:#}", ended.unwrap_err()), "The key was revoked (forbidden)");
    let asked = standin.asked();
    assert_eq!(asked[0].line, "GET /api/v1/sellers/7/events/stream?kinds=order.confirmed");
    assert_eq!((asked[0].header("last-event-id"), asked[3].header("last-event-id")), (None, Some("3")));
}

#[tokio::test]
async fn nobody_there_is_said_with_what_to_do() {
    let words = ["orders", "list", "1", "--server", "http://127.0.0.1:1"];
    let refused = crate::cli::told(&words, "key".into(), Screen::pipe()).await.unwrap_err().to_string();
    assert!(refused.contains("nobody answers") && refused.contains("`hawker serve`"), "{refused}");
}
