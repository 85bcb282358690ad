//! What the service answers over HTTP: all routes, in one list.
//!
//! The list is what the server serves, and what the `Allow` of a 405 is read from.

pub mod api;
pub mod body;
pub mod problem;
mod route;
pub mod webhooks;

pub use route::{Answer, Route, Site, site};

use std::sync::Arc;

use http::Method;
use http::header::CONTENT_TYPE;
use warp::Filter;

use webhooks::Webhooks;

/// The addresses of the one door. People have the latter two in their app's settings from other products.
pub const WEBHOOK_PATHS: [&str; 3] = ["/webhooks/meta", "/api/instagram/webhook", "/api/instagram/dm/webhook"];

/// Every route. The first ones cost the least to find, so those that Meta calls lead.
pub fn routes(webhooks: &Arc<Webhooks>) -> Vec<Route> {
    let mut routes = Vec::new();
    for path in WEBHOOK_PATHS {
        let summary = "Takes events from Meta, signed with the app's secret";
        routes.push(Route::open(Method::POST, path, summary, webhooks::receive(webhooks.clone())));
        let summary = "Answers Meta's question whether this address is ours";
        routes.push(Route::open(Method::GET, path, summary, webhooks::handshake(webhooks.clone())));
    }
    routes.push(Route::open(Method::GET, "/livez", "Says that the process is alive", warp::any().map(alive).boxed()));
    routes
}

fn alive() -> Answer {
    let mut answer = Answer::new("ok".into());
    answer.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}

#[cfg(test)]
mod tests;
