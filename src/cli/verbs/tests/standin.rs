//! A stand-in for a service: it writes down what it is asked, and answers as a test says.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use warp::path::FullPath;
use warp::reply::Response;
use warp::{Filter, Reply};

use crate::cli::desk::Stage;
use crate::cli::{Cli, Printed, Screen, Verb};
use crate::server::{Server, ServerSettings};
use crate::vault::Secret;

/// One request as it came.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// `GET /api/v1/me?limit=1`
    pub(super) line: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Asked {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Null where there is none.
    pub(super) fn json(&self) -> Value {
        if self.body.is_empty() { Value::Null } else { serde_json::from_slice(&self.body).unwrap() }
    }
}

pub(super) struct Standin {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    stop: CancellationToken,
}

impl Standin {
    /// One that answers a request, which is the n-th from 0, like this.
    pub(super) async fn start(answer: impl Fn(&Asked, usize) -> Response + Clone + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let kept = asked.clone();
        let query = warp::query::raw().or_else(|_| std::future::ready(Ok::<_, warp::Rejection>((String::new(),))));
        let parts = warp::method().and(warp::path::full()).and(query).and(warp::header::headers_cloned());
        let site = parts.and(warp::body::bytes()).map(move |method, path: FullPath, query: String, headers, body| {
            let query = if query.is_empty() { query } else { format!("?{query}") };
            let asked = Asked { line: format!("{method} {}{query}", path.as_str()), headers, body };
            let mut all = kept.lock().unwrap();
            all.push(asked.clone());
            answer(&asked, all.len() - 1)
        });
        let stop = CancellationToken::new();
        tokio::spawn(Server::new(ServerSettings::default()).serve(listener, site.boxed(), stop.clone()));
        Self { address, asked, stop }
    }

    /// One that has a little of everything.
    pub(super) async fn of_everything() -> Self {
        let answer = json!({
            "data": [], "next": null, "id": 1, "key": "hwk_1_secret", "secret": "whsec_secret", "version": 4,
            "seller": 7, "state": "draft", "done": true, "own_caps": { "graph_per_hour": 5, "graph_reserve": null },
        });
        Self::start(move |_, _| warp::reply::json(&answer).into_response()).await
    }

    /// What a verb prints, and how it ends.
    pub(super) async fn run(&self, screen: Screen, words: &[&str]) -> (String, anyhow::Result<bool>) {
        use clap::FromArgMatches;
        let server = format!("http://{}", self.address);
        let words = [&["hawker"], words, &["--server", &server]].concat();
        let words = Cli::described().try_get_matches_from(words).unwrap_or_else(|error| panic!("{error}"));
        let Ok(Cli { verb: Some(Verb::Asked(verb)), .. }) = Cli::from_arg_matches(&words) else {
            panic!("that is no verb about a service");
        };
        let printed = Printed::default();
        let stage = Stage { key: Some(Secret::from("the key")), screen, out: Box::new(printed.clone()) };
        let ended = verb.run(stage).await;
        (printed.text(), ended)
    }

    /// What a verb prints that does what it is to do.
    pub(super) async fn prints(&self, screen: Screen, words: &[&str]) -> String {
        let (printed, ended) = self.run(screen, words).await;
        ended.unwrap_or_else(|error| panic!("{words:?}: {error:#}"));
        printed
    }

    /// Why a verb is not done.
    pub(super) async fn refuses(&self, words: &[&str]) -> String {
        let (_, ended) = self.run(Screen::pipe(), words).await;
        format!("{:#}", ended.unwrap_err())
    }

    /// What was asked since this was asked last.
    pub(super) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

impl Drop for Standin {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
