//! All paths of the sandbox: a few of its own below `/sandbox`, and the Graph API everywhere else.

use std::collections::BTreeMap;
use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderMap, Method};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::path::FullPath;

use super::Sandbox;
use super::catalog::desk;
use super::control;
use super::edges::{self, Call};
use super::serve::Response;

pub(super) fn routes(sandbox: &Sandbox) -> BoxedFilter<(Response,)> {
    own_routes(sandbox).or(graph_routes(sandbox)).unify().boxed()
}

fn own_routes(sandbox: &Sandbox) -> BoxedFilter<(Response,)> {
    let [dm, deliver, faults, catalog, written, sent, conversations] = [(); 7].map(|()| sandbox.clone());
    let dm = warp::path!("sandbox" / "dm")
        .and(warp::post())
        .and(warp::body::bytes())
        .then(move |body: Bytes| control::direct_message(dm.clone(), body));
    let deliver = warp::path!("sandbox" / "deliver")
        .and(warp::post())
        .and(warp::body::bytes())
        .then(move |body: Bytes| control::deliver(deliver.clone(), body));
    let faults = warp::path!("sandbox" / "faults")
        .and(warp::post())
        .and(warp::body::bytes())
        .map(move |body: Bytes| control::order_fault(&faults, &body));
    let catalog = warp::path!("sandbox" / "catalog")
        .and(warp::post())
        .and(warp::body::bytes())
        .map(move |body: Bytes| desk::order(&catalog, &body));
    let written = warp::path!("sandbox" / "catalog")
        .and(warp::get())
        .and(warp::query())
        .map(move |query: BTreeMap<String, String>| desk::written(&written, &query));
    let sent = warp::path!("sandbox" / "sent").and(warp::get()).map(move || control::sent(&sent));
    let conversations =
        warp::path!("sandbox" / "conversations").and(warp::get()).map(move || control::conversations(&conversations));
    let else_nothing = warp::path("sandbox").map(control::nothing_there);
    let writes = dm.or(deliver).unify().or(faults).unify().or(catalog).unify();
    writes.or(written).unify().or(sent).unify().or(conversations).unify().or(else_nothing).unify().boxed()
}

/// One filter for all: an edge that does not exist is a call to be noted, not a 404 of the server's.
fn graph_routes(sandbox: &Sandbox) -> BoxedFilter<(Response,)> {
    let sandbox = sandbox.clone();
    let query = warp::query::raw().or_else(|_| async { Ok::<_, Infallible>((String::new(),)) });
    warp::method()
        .and(warp::path::full())
        .and(query)
        .and(warp::header::headers_cloned())
        .and(warp::body::bytes())
        .then(move |method: Method, path: FullPath, query: String, headers: HeaderMap, body: Bytes| {
            let call = Call { method, path: path.as_str().to_owned(), query, headers, body };
            edges::answer(sandbox.clone(), call)
        })
        .boxed()
}
