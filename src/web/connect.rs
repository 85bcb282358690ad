//! The pages on which people come back from Meta, choose an account, and begin with an address they were given. They have
//! no script, show nothing of what the browser sent, and say how it ended in words.

use std::error::Error;
use std::future::ready;

use actors::domain::ids::ConnectingId;
use bytes::Bytes;
use http::header::{COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::json;
use tracing::error;
use url::form_urlencoded;
use warp::path::FullPath;
use warp::{Filter, Rejection};

use super::operation::{Described, Documented, Operation, Parameter};
use super::page::{escaped, page, private, with_form};
use super::route::{Answer, Route};
use crate::connect::{BEGIN, Back, Browser, CALLBACK, Connect, Ended, NotBegun};
use crate::vault::Secret;

const CHOOSE: &str = "/api/instagram/callback/choose";
const TICKET: &str = "/connect/{ticket}";
/// No form of ours is longer.
const FORM_BYTES: u64 = 4096;

/// All of them.
pub fn routes(connect: &Connect) -> Vec<Route> {
    let [back, choose, invited, accept] = [(); 4].map(|()| connect.clone());
    let query = warp::query::raw().or_else(|_| ready(Ok::<_, Rejection>((String::new(),))));
    let headers = warp::header::headers_cloned;
    let form = || warp::body::content_length_limit(FORM_BYTES).and(warp::body::bytes());
    let back = query.and(headers()).then(move |query: String, headers: HeaderMap| {
        let connect = back.clone();
        async move { come_back(&connect, &query, &headers).await }
    });
    let choose = form().and(headers()).then(move |form: Bytes, headers: HeaderMap| {
        let connect = choose.clone();
        async move { chosen(&connect, &form, &headers).await }
    });
    let invited = warp::path::full().then(move |path: FullPath| {
        let connect = invited.clone();
        async move { invitation(&connect, path.as_str()).await }
    });
    let accept = warp::path::full().and(headers()).then(move |path: FullPath, headers: HeaderMap| {
        let connect = accept.clone();
        async move { accepted(&connect, path.as_str(), &headers).await }
    });
    vec![
        Route::open(
            Method::GET,
            CALLBACK,
            operation("come_back", "Takes up what a browser brings back from Meta"),
            back,
        ),
        Route::open(
            Method::POST,
            CHOOSE,
            operation("choose_account", "Chooses an account, on the page that asks"),
            choose,
        ),
        Route::open(
            Method::GET,
            TICKET,
            operation("show_invitation", "Says for which shop an account is asked"),
            invited.boxed(),
        ),
        Route::open(
            Method::POST,
            TICKET,
            operation("accept_invitation", "Sends the browser to sign in at Meta"),
            accept.boxed(),
        ),
    ]
}

fn operation(name: &'static str, summary: &'static str) -> Operation {
    Operation::new(name, summary, "connections", move |_| {
        let shows = |status, sentence| Documented {
            status,
            sentence,
            content: vec![("text/html", json!({ "type": "string" }))],
        };
        let member = |name: &str| Parameter {
            name: name.to_owned(),
            place: "query",
            required: false,
            schema: json!({ "type": "string" }),
        };
        let is_back = name == "come_back";
        let takes = vec![("application/x-www-form-urlencoded", json!({ "type": "object" }))];
        Described {
            parameters: if is_back { ["state", "code", "error"].map(member).into() } else { Vec::new() },
            takes: if name == "choose_account" { takes } else { Vec::new() },
            may_be_empty: true,
            answers: vec![
                shows(200, "How it ended, or what to do next, in words."),
                Documented { status: 303, sentence: "The browser is sent on.", content: Vec::new() },
                shows(403, "It is another browser, or nothing to go on with."),
            ],
            fails: vec![400, 411, 413, 503],
        }
    })
}

async fn come_back(connect: &Connect, query: &str, headers: &HeaderMap) -> Answer {
    let mut back = Back::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()).take(20) {
        match name.as_ref() {
            "state" => back.state = Some(value.into_owned()),
            "code" => back.code = Some(Secret::from(value.trim_end_matches("#_").to_owned())),
            "error" => back.error = Some(value.into_owned()),
            _ => {}
        }
    }
    let browser = browser_of(connect, headers);
    // In a task of its own: whoever closes the page in its midst must not leave a code used and nothing connected.
    let connect = connect.clone();
    let task = tokio::spawn(async move { (connect.came_back(back, browser.as_ref()).await, connect) });
    match task.await {
        Ok((ended, connect)) => shown(&connect, &ended),
        Err(_panicked) => said(StatusCode::SERVICE_UNAVAILABLE, "It could not be done", "Begin anew in a while."),
    }
}

async fn chosen(connect: &Connect, form: &[u8], headers: &HeaderMap) -> Answer {
    let member = |name: &str| form_urlencoded::parse(form).find(|(key, _)| key == name).map(|(_, it)| it.into_owned());
    let way = match (browser_of(connect, headers), member("connecting").and_then(|id| id.parse().ok())) {
        (Some(browser), Some(id)) => connect.choosing(ConnectingId(id), &browser).await,
        _ => None,
    };
    match way {
        Some(way) => shown(connect, &connect.choose(&way, &member("account").unwrap_or_default()).await),
        None => nothing_there(),
    }
}

async fn invitation(connect: &Connect, path: &str) -> Answer {
    let ticket = path.strip_prefix(BEGIN).unwrap_or_default();
    match connect.invited(ticket).await {
        Ok(Some(way)) => {
            let name = connect.name_of(way.seller).await.unwrap_or_default();
            let sentence = format!(
                "You are about to connect an account of yours with the shop {name} (number {}). Go on only if you know \
                 that shop.",
                way.seller
            );
            let button = r#"<form method="post"><button>Go on to sign in at Meta</button></form>"#;
            with_form("Connect an account", &format!("<p>{}</p>{button}", escaped(&sentence)), &connect.sends_on_to())
        }
        Ok(None) => nothing_there(),
        Err(error) => failed(&error),
    }
}

async fn accepted(connect: &Connect, path: &str, headers: &HeaderMap) -> Answer {
    let (ticket, is_https) = (path.strip_prefix(BEGIN).unwrap_or_default(), connect.is_https());
    let Ok(browser) = Browser::known_or_new(&cookies(headers), is_https) else { return nothing_there() };
    match connect.accept(ticket, &browser).await {
        Ok(Some(url)) => with_cookie(sent_on(url.as_str()), &browser, is_https),
        Ok(None) => nothing_there(),
        Err(NotBegun::Office(error)) => failed(&error),
        Err(error) => said(StatusCode::SERVICE_UNAVAILABLE, "It could not be done", &error.to_string()),
    }
}

/// The browser is sent on where a setting says so; otherwise it is told here.
fn shown(connect: &Connect, ended: &Ended) -> Answer {
    if ended.code == "choose" {
        return choice(connect, ended);
    }
    if let Some(url) = connect.result_url() {
        let mut url = url.clone();
        url.query_pairs_mut().append_pair("result", ended.code).append_pair("message", &ended.sentence);
        return sent_on(url.as_str());
    }
    let (status, title) = match ended.code {
        "connected" => (StatusCode::OK, "The account is connected"),
        "other_browser" | "state_unknown" => (StatusCode::FORBIDDEN, "No account was connected"),
        _ => (StatusCode::OK, "No account was connected"),
    };
    let code = escaped(ended.code);
    page(status, title, &format!("<p>{}</p><p><small>{code}</small></p>", escaped(&ended.sentence)))
}

fn choice(connect: &Connect, ended: &Ended) -> Answer {
    let id = ended.connecting.map(|id| id.to_string()).unwrap_or_default();
    let offer = |offer: &crate::connect::Offer| {
        let (account, name) = (escaped(&offer.account_id), escaped(&offer.name));
        format!(r#"<p><button name="account" value="{account}">{name} ({account})</button></p>"#)
    };
    let offers: String = ended.offers.iter().map(offer).collect();
    let form = format!(
        r#"<p>{}</p><form method="post" action="{CHOOSE}"><input type="hidden" name="connecting" value="{id}">{offers}</form>"#,
        escaped(&ended.sentence)
    );
    with_form("Choose an account", &form, &connect.sends_on_to())
}

fn browser_of(connect: &Connect, headers: &HeaderMap) -> Option<Browser> {
    Browser::known(&cookies(headers), connect.is_https())
}

/// What a browser sends of what it was told to keep.
pub(super) fn cookies(headers: &HeaderMap) -> Vec<&str> {
    headers.get_all(COOKIE).iter().filter_map(|cookies| cookies.to_str().ok()).collect()
}

/// Tells a browser what to keep.
pub(super) fn with_cookie(mut answer: Answer, browser: &Browser, is_https: bool) -> Answer {
    if let Ok(cookie) = HeaderValue::try_from(browser.cookie(is_https)) {
        answer.headers_mut().append(SET_COOKIE, cookie);
    }
    answer
}

fn sent_on(url: &str) -> Answer {
    let mut answer = Answer::default();
    *answer.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(url) = HeaderValue::try_from(url) {
        answer.headers_mut().insert(LOCATION, url);
    }
    private(answer)
}

fn nothing_there() -> Answer {
    let sentence = "This address was used, or is too old. Ask for a new one.";
    said(StatusCode::FORBIDDEN, "There is nothing to go on with", sentence)
}

fn failed(error: &(dyn Error + 'static)) -> Answer {
    error!(error = error, "could not go on with connecting an account");
    said(StatusCode::SERVICE_UNAVAILABLE, "It could not be done", "Try again in a while.")
}

fn said(status: StatusCode, title: &str, sentence: &str) -> Answer {
    page(status, title, &format!("<p>{}</p>", escaped(sentence)))
}
