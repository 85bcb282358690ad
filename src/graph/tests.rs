//! The client against a scripted Meta on a local port: what goes over the wire, and what is made of what comes back.

mod catalog;
mod meta;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Mutex;
use std::{io, thread};

use actors::domain::channel::{Account, Channel};
use actors::domain::event::CallResult;
use chrono::{DateTime, Utc};
use serde_json::{Value, json as value};

use self::meta::{Meta, Reply, json, with_headers};
use super::*;

const TOKEN: &str = "EAAB-token";
const WORDS: &str = "Thank you, Ana! Order 7";

fn tokens(answer: Result<Secret, NoToken>) -> Tokens {
    through(None, answer)
}

fn through(page: Option<&str>, answer: Result<Secret, NoToken>) -> Tokens {
    let page = page.map(str::to_owned);
    let answer = answer.map(|token| Credentials { token, page, generation: 1 });
    Arc::new(move |_, _, _| {
        let answer = answer.clone();
        Box::pin(async move { answer })
    })
}

fn client_at(base_url: &str) -> GraphClient {
    let base_url = Url::parse(base_url).unwrap();
    let addresses = Addresses { graph: base_url.clone(), instagram: base_url };
    GraphClient::new(addresses, "v25.0".to_owned(), tokens(Ok(Secret::from(TOKEN)))).unwrap()
}

fn client(meta: &Meta) -> GraphClient {
    client_at(&format!("http://{}", meta.address))
}

fn call(channel: Channel, request: GraphRequest) -> GraphCall {
    let account = Account::new(channel, "17841400000000001");
    GraphCall { seller: SellerId(1), connection: ConnectionId(1), account, request }
}

fn send() -> GraphCall {
    let request = GraphRequest::SendText {
        recipient: "5614879000000001".to_owned(),
        text: WORDS.to_owned(),
        quick_replies: vec![],
    };
    call(Channel::Instagram, request)
}

fn find() -> GraphCall {
    let since: DateTime<Utc> = "2026-10-01T12:00:00.9Z".parse().unwrap();
    let (recipient, text) = ("5614879000000001".to_owned(), WORDS.to_owned());
    let request = GraphRequest::FindMessage { recipient, text, attachment: None, since };
    call(Channel::Instagram, request)
}

/// A page with one message, and a cursor where more follow.
fn page(id: &str, from: &str, text: &str, time: &str, after: Option<&str>) -> Reply {
    let next = after.map(|after| format!("https://graph.facebook.com/next?after={after}&access_token=x"));
    let message = value!({"id": id, "created_time": time, "from": {"id": from}, "message": text});
    json(200, &value!({"data": [message], "paging": {"cursors": {"after": after}, "next": next}}).to_string())
}

fn conversation() -> Reply {
    json(200, include_str!("../../tests/samples/graph/conversations_page.json"))
}

fn is_unknown(result: &CallResult) -> bool {
    matches!(result, CallResult::Unknown { .. })
}

fn is_again(result: &CallResult) -> bool {
    matches!(result, CallResult::Again { .. })
}

#[tokio::test]
async fn a_text_is_sent_with_the_token_in_the_header_alone() {
    let meta = Meta::replying([json(200, include_str!("../../tests/samples/graph/send_text_response.json"))]);
    let graph: Arc<dyn Graph> = Arc::new(client(&meta));
    let mid = "aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQxNDAwMDAwMDAwMDAx0030ZDZD".to_owned();
    assert_eq!(graph.call(&send()).await, CallResult::Accepted { mid });

    let request = meta.requests().remove(0);
    assert_eq!(request.line, "POST /v25.0/17841400000000001/messages HTTP/1.1");
    assert_eq!(request.header("authorization"), Some("Bearer EAAB-token"));
    assert_eq!(request.header("user-agent"), Some(concat!("hawker/", env!("CARGO_PKG_VERSION"))));
    assert_eq!(request.header("content-type"), Some("application/json"));
    let body: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(body, value!({"recipient": {"id": "5614879000000001"}, "message": {"text": WORDS}}));
}

#[tokio::test]
async fn whatsapp_names_its_messages_in_its_own_way() {
    let meta = Meta::replying([json(200, include_str!("../../tests/samples/graph/whatsapp_send_response.json"))]);
    let GraphCall { request, .. } = send();
    let result = client(&meta).call(&call(Channel::Whatsapp, request)).await;
    assert!(matches!(&result, CallResult::Accepted { mid } if mid.starts_with("wamid.")), "{result:?}");
}

#[tokio::test]
async fn each_connection_is_called_where_it_was_made() {
    let (graph, instagram) = (Meta::replying([]), Meta::replying([]));
    let url = |meta: &Meta| Url::parse(&format!("http://{}", meta.address)).unwrap();
    let client = |page| GraphClient {
        addresses: Addresses { graph: url(&graph), instagram: url(&instagram) },
        tokens: through(page, Ok(Secret::from(TOKEN))),
        deadline: Duration::from_millis(100),
        ..client(&graph)
    };
    let GraphCall { request, .. } = send();
    let of = |channel| call(channel, request.clone());
    client(None).call(&of(Channel::Instagram)).await;
    client(None).call(&find()).await;
    assert_eq!(instagram.requests()[0].line, "POST /v25.0/17841400000000001/messages HTTP/1.1");
    assert!(instagram.requests()[1].line.starts_with("GET /v25.0/17841400000000001/conversations?"));
    for (page, channel) in [(Some("102"), Channel::Instagram), (Some("17"), Channel::Messenger)] {
        client(page).call(&of(channel)).await;
    }
    client(Some("102")).call(&find()).await;
    client(None).call(&of(Channel::Whatsapp)).await;
    let lines: Vec<String> = graph.requests().into_iter().map(|request| request.line).collect();
    assert!(lines[0].starts_with("POST /v25.0/102/messages "), "{lines:?}");
    assert!(lines[1].starts_with("POST /v25.0/17841400000000001/messages "), "{lines:?}");
    assert!(lines[2].starts_with("GET /v25.0/102/conversations?platform=instagram&"), "{lines:?}");
    assert!(lines[3].starts_with("POST /v25.0/17841400000000001/messages "), "{lines:?}");
}

#[tokio::test]
async fn one_connection_serves_call_after_call() {
    let sent = || json(200, include_str!("../../tests/samples/graph/send_text_response.json"));
    let meta = Meta::replying([sent(), sent(), sent()]);
    let graph = client(&meta);
    for _ in 0..3 {
        graph.call(&send()).await;
    }
    assert_eq!(meta.requests().iter().map(|request| request.connection).collect::<Vec<_>>(), [1, 1, 1]);
}

#[tokio::test]
async fn the_path_of_the_address_is_kept_and_ids_cannot_leave_theirs() {
    let meta = Meta::replying([json(200, "{}")]);
    let graph = client_at(&format!("http://{}/graph/", meta.address));
    let account = Account::new(Channel::Instagram, "1/../../me?x=1#");
    graph.call(&GraphCall { account, ..send() }).await;
    assert_eq!(meta.requests()[0].line, "POST /graph/v25.0/1%2F..%2F..%2Fme%3Fx=1%23/messages HTTP/1.1");
}

#[tokio::test]
async fn a_send_without_an_answer_may_have_been_done_and_is_made_once() {
    let half = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"recipient_id\"".to_vec();
    let huge = json(200, &" ".repeat(ANSWER_LIMIT_BYTES + 1));
    let cases = [Reply::HangUp, Reply::Bytes(half), Reply::Bytes(b"SSH-2.0-x\r\n\r\n".to_vec()), huge, json(502, "")];
    for (case, reply) in cases.into_iter().enumerate() {
        // A half answer is followed by nothing more on its connection, so the deadline may be what ends it.
        let meta = Meta::replying([reply]);
        let graph = GraphClient { deadline: Duration::from_millis(500), ..client(&meta) };
        let result = graph.call(&send()).await;
        assert!(is_unknown(&result), "case {case}: {result:?}");
        assert_eq!(meta.requests().len(), 1, "case {case}");
    }
}

#[tokio::test]
async fn silence_makes_a_send_unknown_and_a_look_worth_another_try() {
    let meta = Meta::replying([Reply::Hang, Reply::Hang]);
    let graph = GraphClient { deadline: Duration::from_millis(200), ..client(&meta) };
    let result = graph.call(&send()).await;
    assert_eq!(result, CallResult::Unknown { error: "the Graph API did not answer in time".to_owned() });
    assert!(is_again(&graph.call(&find()).await));
}

#[tokio::test]
async fn what_never_reached_meta_is_tried_again() {
    // Nobody listens on a port that was just given back, and `.invalid` has no address.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for base_url in [format!("http://{closed}"), format!("https://{closed}"), "http://graph.invalid".to_owned()] {
        let result = client_at(&base_url).call(&send()).await;
        assert!(is_again(&result), "{base_url}: {result:?}");
        assert!(!format!("{result:?}").contains("5614879000000001"), "{result:?}");
    }
}

#[tokio::test]
async fn a_broken_tls_greeting_means_that_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let greeted = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut hello = [0; 5];
        stream.read_exact(&mut hello).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        hello
    });
    let result = client_at(&format!("https://{address}")).call(&send()).await;
    assert!(is_again(&result), "{result:?}");
    assert_eq!(greeted.join().unwrap()[0], 0x16, "the first byte was no TLS handshake");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Meta::replying([json(200, "{}")]);
    let location = format!("http://{}/", elsewhere.address);
    let meta = Meta::replying([with_headers(307, &[("location", &location)], "")]);
    let result = client(&meta).call(&send()).await;
    assert!(matches!(&result, CallResult::Refused { code, .. } if code == "http/307"), "{result:?}");
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn a_limit_says_when_to_come_back() {
    let usage = r#"{"1":[{"type":"messenger","estimated_time_to_regain_access":19}]}"#;
    let error = include_str!("../../tests/samples/graph/error_80006_messenger_rate.json");
    let meta = Meta::replying([with_headers(400, &[("X-Business-Use-Case-Usage", usage)], error)]);
    let result = client(&meta).call(&send()).await;
    assert!(matches!(result, CallResult::Again { after_ms: Some(1_140_000), .. }), "{result:?}");
}

#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    let meta = Meta::replying([]);
    let cases = [
        (Err(NoToken::Missing), "no_token"),
        (Err(NoToken::Unreadable("the database is away".to_owned())), ""),
        (Ok(Secret::from("EAAB\r\nx: y")), "no_request"),
    ];
    for (answer, wanted) in cases {
        let graph = GraphClient { tokens: tokens(answer), ..client(&meta) };
        match graph.call(&send()).await {
            CallResult::TokenRefused { code, generation } => assert!(code == wanted && generation.is_none()),
            CallResult::Refused { code, error } => {
                assert!(code == wanted && !error.contains("EAAB"), "{code}: {error}")
            }
            result => assert!(wanted.is_empty() && is_again(&result), "{result:?}"),
        }
    }
    let never: Tokens = Arc::new(|_, _, _| Box::pin(std::future::pending()));
    let graph = GraphClient { tokens: never, deadline: Duration::from_millis(50), ..client(&meta) };
    assert!(is_again(&graph.call(&send()).await));
    assert!(meta.requests().is_empty());
}

#[tokio::test]
async fn a_message_is_found_pages_back() {
    let replies = [
        conversation(),
        page("theirs", "5614879000000001", WORDS, "2026-10-01T12:00:09+0000", Some("A=1&x")),
        page("ours", "17841400000000001", " Thank you,\nAna! Order 7", "2026-10-01T12:00:00+0000", Some("B")),
        page("earlier", "17841400000000001", WORDS, "2026-10-01T11:59:59+0000", Some("C")),
    ];
    let meta = Meta::replying(replies);
    assert_eq!(client(&meta).call(&find()).await, CallResult::Looked { found: Some("ours".to_owned()) });

    let lines: Vec<_> = meta.requests().into_iter().map(|request| request.line).collect();
    let messages = "GET /v25.0/aWdfZAG06MTpJR01lc3NhZA2VUaHJlYWQ6MTc4NDE0/messages\
                    ?fields=id%2Ccreated_time%2Cfrom%2Cmessage&limit=50";
    let wanted = [
        "GET /v25.0/17841400000000001/conversations?platform=instagram&user_id=5614879000000001 HTTP/1.1".to_owned(),
        format!("{messages} HTTP/1.1"),
        format!("{messages}&after=A%3D1%26x HTTP/1.1"),
        format!("{messages}&after=B HTTP/1.1"),
    ];
    assert_eq!(lines, wanted);
}

#[tokio::test]
async fn not_there_is_said_only_when_all_was_seen() {
    let now = "2026-10-01T12:00:09+0000";
    let nothing = CallResult::Looked { found: None };
    let empty = || json(200, include_str!("../../tests/samples/graph/conversations_empty.json"));
    for replies in [vec![empty()], vec![conversation(), empty()], vec![conversation(), page("m", "5", "hi", now, None)]]
    {
        assert_eq!(client(&Meta::replying(replies)).call(&find()).await, nothing);
    }
    let endless = (0..20).map(|_| page("m", "5", "hi", now, Some("A")));
    let meta = Meta::replying(std::iter::once(conversation()).chain(endless));
    let result = client(&meta).call(&find()).await;
    assert!(is_unknown(&result), "{result:?}");
    assert_eq!(meta.requests().len(), 11);
    let bare = json(200, r#"{"data":[{"id":"m"}]}"#);
    assert!(is_unknown(&client(&Meta::replying([conversation(), bare])).call(&find()).await));
}

#[tokio::test]
async fn a_look_that_fails_is_sorted_like_any_call() {
    let expired = || json(400, include_str!("../../tests/samples/graph/error_190_463_expired.json"));
    for replies in [vec![expired()], vec![conversation(), expired()]] {
        let result = client(&Meta::replying(replies)).call(&find()).await;
        assert!(matches!(&result, CallResult::TokenRefused { code, .. } if code == "190/463"), "{result:?}");
    }
    for reply in [json(500, ""), json(200, "<html>"), json(200, r#"{"data":[{"name":"no id"}]}"#), Reply::HangUp] {
        let result = client(&Meta::replying([reply])).call(&find()).await;
        assert!(is_again(&result), "{result:?}");
    }
    let GraphCall { request, .. } = find();
    let result = client_at("http://127.0.0.1:9").call(&call(Channel::Whatsapp, request)).await;
    assert!(matches!(&result, CallResult::Refused { code, .. } if code == "no_lookup"), "{result:?}");
}

#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl io::Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn even_the_most_talkative_log_holds_no_token_no_words_and_no_customer() {
    let paper = Paper::default();
    let copy = paper.clone();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || copy.clone());
    let _guard = tracing::subscriber::set_default(subscriber.finish());
    let sent = json(200, include_str!("../../tests/samples/graph/send_text_response.json"));
    let meta = Meta::replying([sent, conversation(), page("m", "178", WORDS, "2026-10-01T12:00:09+0000", None)]);
    let graph = client(&meta);
    graph.call(&send()).await;
    graph.call(&find()).await;
    let log = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("the Graph API answered"), "{log}");
    for secret in [TOKEN, "Thank you", "5614879000000001"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}
