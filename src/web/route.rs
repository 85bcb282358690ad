//! A route as an element of a list, and a list of routes as one filter.

use std::convert::Infallible;
use std::future::ready;

use actors::domain::access::Scope;
use http::Method;
use warp::filters::BoxedFilter;
use warp::path::FullPath;
use warp::{Filter, Rejection, Reply};

use super::operation::Operation;
use super::problem::Problem;

/// What a route answers.
pub type Answer = warp::reply::Response;

/// All routes together: answers whatever is asked.
pub type Site = BoxedFilter<(Answer,)>;

/// One thing that can be asked for.
#[derive(Clone)]
pub struct Route {
    /// How.
    pub method: Method,
    /// Where; `{name}` stands for one segment of any text.
    pub path: &'static str,
    /// What it does, as it is documented.
    pub operation: Operation,
    /// Whether an API key is needed, and what it must be allowed: `Some(None)`, any key will do.
    pub key: Option<Option<Scope>>,
    /// Answers a request for it, and rejects any other.
    pub filter: BoxedFilter<(Answer,)>,
}

impl Route {
    /// A route that needs no API key.
    pub fn open<F, R>(method: Method, path: &'static str, operation: Operation, answer: F) -> Self
    where
        F: Filter<Extract = (R,), Error = Rejection> + Clone + Send + Sync + 'static,
        R: Reply + 'static,
    {
        let filter = at(method.clone(), path).and(answering(answer)).boxed();
        Self { method, path, operation, key: None, filter }
    }

    /// The same, for API keys only: with this scope, or with any.
    pub fn for_keys(self, scope: Option<Scope>) -> Self {
        Self { key: Some(scope), ..self }
    }
}

/// Lets a request for just this method and path pass.
fn at(method: Method, path: &'static str) -> impl Filter<Extract = (), Error = Rejection> + Clone {
    warp::method()
        .and(warp::path::full())
        .and_then(move |asked: Method, full: FullPath| {
            let fits = asked == method && fits(path, full.as_str());
            ready(fits.then_some(()).ok_or_else(warp::reject::not_found))
        })
        .untuple_one()
}

/// The same, but with an answer where it rejects: once a route was found, no other may answer in its place.
fn answering<F, R>(filter: F) -> impl Filter<Extract = (Answer,), Error = Infallible> + Clone
where
    F: Filter<Extract = (R,), Error = Rejection> + Clone + Send + Sync + 'static,
    R: Reply + 'static,
{
    let problem = |rejection| ready(Ok::<_, Infallible>(Problem::of(&rejection).into_response()));
    filter.map(|reply: R| reply.into_response()).recover(problem).unify()
}

/// Whether `path` is one that `pattern` describes.
fn fits(pattern: &str, path: &str) -> bool {
    if !pattern.contains('{') {
        return pattern == path;
    }
    let (mut expected, mut told) = (pattern.split('/'), path.split('/'));
    loop {
        match (expected.next(), told.next()) {
            (None, None) => return true,
            (Some(name), Some(segment)) if name.starts_with('{') && !segment.is_empty() => {}
            (Some(name), Some(segment)) if name == segment => {}
            _ => return false,
        }
    }
}

/// The paths that are within what this one describes and stand for something of their own: `/products/export` within
/// `/products/{product}`.
fn set_apart(path: &'static str, all: &[&'static str]) -> Vec<&'static str> {
    let mut within: Vec<_> = all.iter().copied().filter(|other| fits(path, other) && !fits(other, path)).collect();
    within.dedup();
    within
}

/// A path that names itself is only what it says, for every method: who deletes `/products/export` does not mean a
/// product that is called so. One that is can be written otherwise: `/products/%65xport`.
fn not_at(apart: Vec<&'static str>, filter: BoxedFilter<(Answer,)>) -> BoxedFilter<(Answer,)> {
    if apart.is_empty() {
        return filter;
    }
    let elsewhere = warp::path::full().and_then(move |full: FullPath| {
        let is_apart = apart.iter().any(|path| fits(path, full.as_str()));
        ready(if is_apart { Err(warp::reject::not_found()) } else { Ok(()) })
    });
    elsewhere.untuple_one().and(filter).boxed()
}

/// One filter that answers for all routes, and for what is none of them.
pub fn site(routes: Vec<Route>) -> Site {
    let paths: Vec<&'static str> = routes.iter().map(|route| route.path).collect();
    let known = |route: &Route| (route.path, set_apart(route.path, &paths), route.method.clone());
    let known: Vec<_> = routes.iter().map(known).collect();
    let aparts: Vec<_> = known.iter().map(|(_, apart, _)| apart.clone()).collect();
    let none = warp::method().and(warp::path::full()).map(move |asked: Method, full: FullPath| {
        let is_here = |path: &str| fits(path, full.as_str());
        let here = known.iter().filter(|(path, apart, _)| is_here(path) && !apart.iter().any(|path| is_here(path)));
        let here: Vec<&Method> = here.map(|(.., method)| method).collect();
        let problem = if here.is_empty() { Problem::not_found() } else { Problem::wrong_method(&asked, &here) };
        problem.into_response()
    });
    // Folded from the right, so that the first route of the list is the first tried and wrapped only once.
    let filters = routes.into_iter().zip(aparts).map(|(route, apart)| not_at(apart, route.filter));
    filters.rev().fold(none.boxed(), |rest, filter| filter.or(rest).unify().boxed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_fit_as_a_whole() {
        for (pattern, path, expected) in [
            ("/livez", "/livez", true),
            ("/livez", "/livez/", false),
            ("/livez", "/", false),
            ("/orders/{id}", "/orders/7", true),
            ("/orders/{id}", "/orders/", false),
            ("/orders/{id}", "/orders/7/lines", false),
            ("/orders/{id}/lines", "/orders/7/lines", true),
            ("/orders/{id}/lines", "/orders/7/notes", false),
        ] {
            assert_eq!(fits(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn a_path_that_names_itself_is_set_apart_from_one_that_is_open() {
        let all = ["/{shop}/goods", "/{shop}/goods/{sku}", "/{shop}/goods/export", "/{shop}/goods/export", "/livez"];
        let apart = all.map(|path| set_apart(path, &all));
        assert_eq!(apart, [vec![], vec!["/{shop}/goods/export"], vec![], vec![], vec![]]);
    }
}
