//! The Graph API's edges over HTTP: who calls, which edge, what goes wrong on request, what is answered.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::Sandbox;
use super::catalog;
use super::channel::Channel;
use super::delivery::Tracking;
use super::faults::{Calls, Course, EchoCourse, HowAnswered, Limits, Silence};
use super::oauth;
use super::reads::{self, Question};
use super::refusal::Refusal;
use super::sends::{self, Judged, No};
use super::serve::{Response, cut};
use super::whatsapp;
use super::wire::WebhookEvent;
use super::world::{World, WrongCall};

/// A call to the Graph API, before anything of it is understood.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// What is answered if nothing goes wrong.
struct Truth {
    answer: Result<Value, No>,
    usage: Option<String>,
    trace: String,
}

/// Answers a call, or does not, as the faults ordered will have it.
pub(super) async fn answer(sandbox: Sandbox, call: Call) -> Response {
    if sandbox.is_away() {
        return cut();
    }
    let mut response = answered(sandbox.clone(), call).await;
    sandbox.tell_time(&mut response);
    response
}

async fn answered(sandbox: Sandbox, call: Call) -> Response {
    if let Some(response) = oauth::answer(&sandbox, &call).await {
        return response;
    }
    // All that the call does is done before the first wait: a caller that hangs up changes nothing.
    let (course, truth, told) = take(&sandbox, &call);
    sandbox.tell_batches();
    let path = path_below_version(&call.path);
    let account = path.first().map(ToString::to_string).unwrap_or_default();
    let use_case = catalog::use_case(&path).unwrap_or("instagram");
    for event in told {
        if let Some(Tracking { end, .. }) = send_echo(&sandbox, course.echo, event) {
            // An error means that the sandbox is being stopped, and the caller with it.
            _ = end.await;
        }
    }
    if course.delay > Duration::ZERO {
        tokio::time::sleep(course.delay).await;
    }
    let mut response = match course.answer {
        HowAnswered::Truly => true_response(truth),
        HowAnswered::Refused(refusal) => json_response(refusal.status(), &refusal.body(None, &truth.trace)),
        HowAnswered::With(status, body) => json_response(status, &body),
        HowAnswered::Html429 => {
            let mut response = Response::new("<html><body>Too Many Requests</body></html>".to_owned());
            *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            response
        }
        HowAnswered::Never(Silence::Cut) => cut(),
        HowAnswered::Never(Silence::Hang) => std::future::pending().await,
    };
    tell_limits(&mut response, &course.limits, &account, use_case);
    response
}

/// Headers as Meta sends them: JSON text in the value, per cent, and minutes.
fn tell_limits(response: &mut Response, limits: &Limits, account: &str, use_case: &str) {
    let mut tell = |name: &'static str, value: String| {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    };
    if let Some(percent) = limits.app_percent {
        let usage = json!({"call_count": percent, "total_time": percent / 4, "total_cputime": percent / 4});
        tell("x-app-usage", usage.to_string());
    }
    if limits.percent.is_some() || limits.minutes.is_some() {
        let (percent, minutes) = (limits.percent.unwrap_or(100), limits.minutes.unwrap_or(0));
        tell("x-business-use-case-usage", usage_of(account, use_case, percent, minutes));
    }
    if let Some(seconds) = limits.retry_after {
        tell("retry-after", seconds.to_string());
    }
}

/// The value of the header that tells how much of its share an account has used.
pub(super) fn usage_of(account: &str, kind: &str, percent: u32, minutes: u32) -> String {
    let usage = json!({ account: [{
        "type": kind,
        "call_count": percent,
        "total_cputime": percent / 4,
        "total_time": percent / 4,
        "estimated_time_to_regain_access": minutes,
    }]});
    usage.to_string()
}

fn take(sandbox: &Sandbox, call: &Call) -> (Course, Truth, Vec<WebhookEvent>) {
    let now_ms = sandbox.now_ms();
    let mut world = sandbox.world();
    world.calls += 1;
    let trace = world.trace();
    let judged = judge(&mut world, call, sandbox, now_ms);
    if let Err(No { is_wrong_call: true, detail, .. }) = &judged.answer {
        let call = format!("{} {}", call.method, call.path);
        world.wrong_calls.push(WrongCall { call, why: detail.clone().unwrap_or_default() });
    }
    let Judged { course, answer, told, usage } = judged;
    (course, Truth { answer, usage, trace }, told)
}

fn judge(world: &mut World, call: &Call, sandbox: &Sandbox, now_ms: i64) -> Judged {
    let query: Vec<(String, String)> = form_urlencoded::parse(call.query.as_bytes()).into_owned().collect();
    if call.method == Method::POST && call.path.ends_with("/messages") {
        world.logins.count_send();
    }
    let callers = match callers(world, call, &query, (&sandbox.shared.settings.app_secret, now_ms)) {
        Ok(callers) => callers,
        Err(no) => return smooth(Err(no)),
    };
    let path = path_below_version(&call.path);
    let about_catalogs = catalog::Ask::of(call, &path, &query, &callers, now_ms);
    if let Some(judged) = catalog::judge(world, call.method.as_str(), &about_catalogs) {
        return judged;
    }
    match (call.method.as_str(), path.as_slice()) {
        ("POST", [owner, "messages"]) if let Some(account) = sender(world, &callers, owner, &call.body) => {
            let rules = sandbox.rules();
            match world.account(&account).map(|account| account.channel) {
                Some(Channel::Whatsapp) => whatsapp::take(world, &account, &call.body, rules, now_ms),
                _ => sends::take(world, &account, &call.body, rules, now_ms),
            }
        }
        ("GET", path) => {
            let answers = callers.iter().map(|account| read(world, account, path, &query));
            let answer = answers.reduce(|answer, next| answer.or(next));
            let answer = answer.unwrap_or_else(|| Err(Refusal::ObjectNotFound.into()));
            let customer = query.iter().find(|(key, _)| key == "user_id").map(|(_, id)| id.as_str());
            let course = world.faults.course(Calls::Reads, customer);
            Judged { course, ..smooth(answer) }
        }
        // Whoever got no answer may ask again for what was done.
        ("POST" | "DELETE", [item]) if world.catalogs.have_had(item) => smooth(Err(Refusal::ObjectNotFound.into())),
        _ => smooth(Err(No::wrong(Refusal::ObjectNotFound, "there is no such edge, or not for this token"))),
    }
}

fn smooth(answer: Result<Value, No>) -> Judged {
    Judged { course: Course::SMOOTH, answer, told: Vec::new(), usage: None }
}

/// Of a Page and its Instagram account, both of which go by the Page's name: the one that knows the recipient.
fn sender(world: &World, callers: &[String], owner: &str, body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let recipient = body["recipient"]["id"].as_str().unwrap_or_default();
    let accounts = || callers.iter().filter_map(|id| world.account(id)).filter(|account| account.goes_by(owner));
    let knows = accounts().find(|account| account.threads.contains_key(recipient));
    knows.or_else(|| accounts().next()).map(|account| account.id.clone())
}

/// The accounts whose token the call bears.
fn callers(
    world: &World,
    call: &Call,
    query: &[(String, String)],
    (secret, now_ms): (&str, i64),
) -> Result<Vec<String>, No> {
    let in_query = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let Some(token) = oauth::bearer(call).or_else(|| in_query("access_token")) else {
        return Err(No::wrong(Refusal::BadToken, "the call bears no token"));
    };
    oauth::check_proof(world, &token, in_query("appsecret_proof").as_deref(), secret)?;
    if call.method == Method::POST && !world.logins.may_write(&token) {
        return Err(Refusal::Permission.into());
    }
    Ok(world.owners_of(&token, now_ms)?)
}

fn read(world: &World, account: &str, path: &[&str], query: &[(String, String)]) -> Result<Value, No> {
    let account = world.account(account).ok_or(Refusal::ObjectNotFound)?;
    let question = Question::of(query)?;
    match path {
        [owner, "conversations"] if account.goes_by(owner) => reads::conversations(account, &question),
        [id, "messages"] => {
            let thread = account.thread_of(id).ok_or(Refusal::ObjectNotFound)?;
            reads::messages(account, thread, &question)
        }
        [id] => reads::node(account, id, &question),
        _ => Err(No::wrong(Refusal::ObjectNotFound, "there is no such edge")),
    }
}

/// The parts of a path, without a version as `v25.0` in front.
pub(super) fn path_below_version(path: &str) -> Vec<&str> {
    let is_version = |part: &str| {
        part.strip_prefix('v')
            .is_some_and(|number| number.chars().all(|letter| letter.is_ascii_digit() || letter == '.'))
    };
    let parts = path.split('/').filter(|part| !part.is_empty());
    parts.enumerate().filter(|(place, part)| *place > 0 || !is_version(part)).map(|(_, part)| part).collect()
}

/// Sends the echo of an accepted message; gives what to wait for if it is to overtake the answer.
fn send_echo(sandbox: &Sandbox, course: EchoCourse, echo: WebhookEvent) -> Option<Tracking> {
    match course {
        EchoCourse::Never => None,
        EchoCourse::Usual => {
            sandbox.echo_as_set(echo);
            None
        }
        EchoCourse::Twice => {
            sandbox.echo_as_set(echo.clone());
            sandbox.echo_as_set(echo);
            None
        }
        EchoCourse::BeforeTheAnswer => Some(sandbox.echo_now(&echo)),
    }
}

fn true_response(truth: Truth) -> Response {
    let mut response = match &truth.answer {
        Ok(body) => json_response(StatusCode::OK, body),
        Err(no) => json_response(no.refusal.status(), &no.refusal.body(no.detail.as_deref(), &truth.trace)),
    };
    if let Some(usage) = truth.usage.and_then(|usage| usage.parse().ok()) {
        response.headers_mut().insert("x-business-use-case-usage", usage);
    }
    response
}

/// An answer in JSON.
pub(super) fn json_response(status: StatusCode, body: &Value) -> Response {
    let mut response = Response::new(body.to_string());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json; charset=UTF-8"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_version_or_none_may_stand_before_the_path() {
        for path in ["/v25.0/me/messages", "/me/messages", "/v1/me/messages"] {
            assert_eq!(path_below_version(path), ["me", "messages"], "{path}");
        }
        assert_eq!(path_below_version("/v25.0/v1"), ["v1"]);
    }
}
