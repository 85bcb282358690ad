//! What the service answers over HTTP: all routes, in one list.
//!
//! The list is what the server serves, what the OpenAPI document is made from, and what the `Allow` of a 405 is read from.

pub mod api;
pub mod body;
pub mod callbacks;
pub mod connect;
pub mod openapi;
pub mod operation;
mod page;
pub mod problem;
mod route;
pub mod webhooks;

pub use route::{Answer, Route, Site, site};

use std::sync::{Arc, OnceLock};

use http::Method;
use http::header::CONTENT_TYPE;
use serde_json::json;
use warp::Filter;

use operation::{Described, Documented, Operation};
use webhooks::Webhooks;

/// The addresses of the one door. People have the latter two in their app's settings from other products.
pub const WEBHOOK_PATHS: [&str; 3] = ["/webhooks/meta", "/api/instagram/webhook", "/api/instagram/dm/webhook"];

/// Every route. The first ones cost the least to find, so those that Meta calls lead.
pub fn routes(webhooks: &Arc<Webhooks>) -> Vec<Route> {
    let mut routes = Vec::new();
    for (n, path) in WEBHOOK_PATHS.into_iter().enumerate() {
        routes.push(Route::open(Method::POST, path, webhooks::receiving(n), webhooks::receive(webhooks.clone())));
        routes.push(Route::open(Method::GET, path, webhooks::shaking_hands(n), webhooks::handshake(webhooks.clone())));
    }
    routes.push(Route::open(Method::GET, "/livez", living(), warp::any().map(alive).boxed()));
    routes
}

fn living() -> Operation {
    Operation::new("show_life", "Says that the process is alive", "operations", |_| Described {
        answers: vec![Documented {
            status: 200,
            sentence: "It is.",
            content: vec![("text/plain", json!({ "type": "string" }))],
        }],
        ..Described::default()
    })
}

/// The document of these routes, and of itself, as one more route.
pub fn with_document(mut routes: Vec<Route>) -> Vec<Route> {
    let shown: Arc<OnceLock<bytes::Bytes>> = Arc::default();
    let answer = {
        let shown = shown.clone();
        warp::any().map(move || told(shown.get().cloned().unwrap_or_default()))
    };
    routes.push(Route::open(Method::GET, openapi::PATH, telling(), answer.boxed()));
    shown.get_or_init(|| openapi::document(&routes).to_string().into());
    routes
}

fn telling() -> Operation {
    Operation::new("show_document", "Shows this document", "operations", |_| Described {
        answers: vec![Documented {
            status: 200,
            sentence: "An OpenAPI 3.1 document.",
            content: vec![("application/json", json!({ "type": "object" }))],
        }],
        ..Described::default()
    })
}

fn told(document: bytes::Bytes) -> Answer {
    let mut answer = Answer::new(document.into());
    answer.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    answer
}

fn alive() -> Answer {
    let mut answer = Answer::new("ok".into());
    answer.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}

#[cfg(test)]
mod tests;
