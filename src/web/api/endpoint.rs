//! One thing the API does, from its method and path to the handler that does it.
//!
//! A handler turns the request into values, makes one call, and turns the result into what is shown. What it takes and
//! answers is told by its own types, so that the document cannot say anything else.

use std::collections::BTreeSet;
use std::sync::Arc;

use actors::domain::access::Scope;
use futures::future::BoxFuture;
use http::{HeaderMap, Method};
use warp::path::FullPath;
use warp::{Filter, Reply};

use super::Api;
use super::answers::Answers;
use super::ask::{Ask, Asks, Incoming, Parts, Takes, incoming};
use super::gate;
use crate::server::Peer;
use crate::web::operation::{Described, Operation, Schemas, header};
use crate::web::problem::Problem;
use crate::web::route::{Answer, Route};

/// One thing the API does.
pub(super) struct Endpoint {
    method: Method,
    path: &'static str,
    name: &'static str,
    summary: &'static str,
    scope: Option<Scope>,
    fails: &'static [u16],
}

/// What reads.
pub(super) fn get(path: &'static str, name: &'static str, summary: &'static str) -> Endpoint {
    Endpoint::new(Method::GET, path, name, summary)
}

/// What makes or does something.
pub(super) fn post(path: &'static str, name: &'static str, summary: &'static str) -> Endpoint {
    Endpoint::new(Method::POST, path, name, summary)
}

/// What makes something be as given.
pub(super) fn put(path: &'static str, name: &'static str, summary: &'static str) -> Endpoint {
    Endpoint::new(Method::PUT, path, name, summary)
}

/// What changes a part of something.
pub(super) fn patch(path: &'static str, name: &'static str, summary: &'static str) -> Endpoint {
    Endpoint::new(Method::PATCH, path, name, summary)
}

/// What takes something away.
pub(super) fn delete(path: &'static str, name: &'static str, summary: &'static str) -> Endpoint {
    Endpoint::new(Method::DELETE, path, name, summary)
}

/// A handler that takes a request as it came.
type Handle = Arc<dyn Fn(Asked) -> BoxFuture<'static, Answer> + Send + Sync>;

/// A request as it came.
struct Asked {
    scope: Option<Scope>,
    parts: Parts,
    query: String,
    body: Incoming,
}

impl Endpoint {
    fn new(method: Method, path: &'static str, name: &'static str, summary: &'static str) -> Self {
        Self { method, path, name, summary, scope: None, fails: &[] }
    }

    /// For keys with this scope only.
    pub(super) fn scope(self, scope: Scope) -> Self {
        Self { scope: Some(scope), ..self }
    }

    /// Has problems with these statuses as well.
    pub(super) fn fails(self, fails: &'static [u16]) -> Self {
        Self { fails, ..self }
    }

    /// A route that answers with what `handler` says. Where its path names a seller, there is that seller.
    pub(super) fn by<Q, B, A, F, R>(self, api: &Arc<Api>, handler: F) -> Route
    where
        Q: Asks,
        B: Takes,
        A: Answers,
        F: Fn(Arc<Api>, Ask<Q, B>) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<A, Problem>> + Send,
    {
        let operation = self.operation::<Q, B, A>();
        let api = api.clone();
        let handle: Handle = Arc::new(move |asked| {
            let (api, handler) = (api.clone(), handler.clone());
            Box::pin(async move {
                let done = answered(&api, asked, &handler).await;
                done.map_or_else(Reply::into_response, Answers::into_answer)
            })
        });
        self.route(operation, handle)
    }

    /// The route, once what is particular to its handler is hidden: filters are large types, and compiled for each.
    fn route(self, operation: Operation, handle: Handle) -> Route {
        let Self { method, path: pattern, scope, .. } = self;
        let how = method.clone();
        let query = warp::query::raw().or_else(|_| std::future::ready(Ok::<_, warp::Rejection>((String::new(),))));
        let peer = warp::ext::optional::<Peer>();
        let parts =
            warp::path::full().and(query).and(warp::header::headers_cloned()).and(peer).and(warp::body::stream());
        let filter = parts.then(move |path: FullPath, query: String, headers: HeaderMap, peer: Option<Peer>, body| {
            let (method, path, peer) = (how.clone(), path.as_str().to_owned(), peer.map(|Peer(peer)| peer));
            let parts = Parts { method, pattern, path, headers, peer, print: None };
            handle(Asked { scope, parts, query, body: incoming(body) })
        });
        Route::open(method, pattern, operation, filter.map(|answer: Answer| answer)).for_keys(scope)
    }

    fn operation<Q: Asks, B: Takes, A: Answers>(&self) -> Operation {
        let tag = self.scope.and_then(|scope| scope.name().split(':').next()).unwrap_or("operations");
        let (method, path, fails) = (self.method.clone(), self.path, self.fails);
        Operation::new(self.name, self.summary, tag, move |schemas| described::<Q, B, A>(schemas, &method, path, fails))
    }
}

fn described<Q: Asks, B: Takes, A: Answers>(
    schemas: &mut Schemas,
    method: &Method,
    path: &str,
    more: &[u16],
) -> Described {
    let (mut parameters, takes) = (Q::parameters(schemas), B::shapes(schemas));
    // Whoever cannot say who it is, or asks too often, is told so everywhere, as is who asks while nothing can be read.
    let mut fails = BTreeSet::from([400, 401, 403, 408, 413, 429, 503]);
    fails.extend(path.contains('{').then_some(404));
    fails.extend((!takes.is_empty()).then_some(422));
    fails.extend(more);
    if *method == Method::POST {
        let sentence = "Makes a repeated request the same request: it is done once, and answered alike.";
        parameters.push(header("Idempotency-Key", sentence));
        fails.insert(422);
    }
    Described {
        parameters,
        takes,
        may_be_empty: !B::REQUIRED,
        answers: A::documents(schemas),
        fails: fails.into_iter().collect(),
    }
}

/// Lets in who may, reads what is asked, and has it done.
async fn answered<Q, B, A, F, R>(api: &Arc<Api>, asked: Asked, handler: &F) -> Result<A, Problem>
where
    Q: Asks,
    B: Takes,
    F: Fn(Arc<Api>, Ask<Q, B>) -> R,
    R: Future<Output = Result<A, Problem>>,
{
    let Asked { scope, mut parts, query, body } = asked;
    let caller = gate::let_in(api, scope, &parts).await?;
    parts.idempotency_key()?;
    let query = Q::read(url::form_urlencoded::parse(query.as_bytes()).collect()).map_err(gate::invalid_query)?;
    let (body, room) = B::take(api, body).await?;
    parts.print = Some(parts.print_with(room.as_ref().map_or(b"", |room| &room.bytes)));
    gate::seller_is_known(api, &parts).await?;
    handler(api.clone(), Ask { caller, query, body, parts }).await
}
