//! Signing in at Meta: apps, people with their Pages and accounts, what they granted, and the tokens made of it.

mod authorize;
mod controls;
mod exchange;
mod looks;
mod nodes;
mod subscriptions;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::form_urlencoded;

use super::Sandbox;
use super::edges::{Call, json_response, path_below_version};
use super::refusal::Refusal;
use super::sends::No;
use super::serve::{Response, cut};
use super::signature;
use super::world::World;

/// The app that Pages and their Instagram accounts are connected with.
pub const FACEBOOK_APP: &str = "990011223344556";
/// The app of Instagram's own login.
pub const INSTAGRAM_APP: &str = "660011223344556";

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// What Meta calls sixty days.
const LONG_MS: i64 = 5_183_944_000;

/// One thing that a client does on its way to a connected account, and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoginStep {
    /// A code is given for a token.
    Exchange,
    /// A token is given for one that lives longer.
    Extend,
    /// A token is looked into.
    Inspect,
    /// A person's Pages are listed.
    Pages,
    /// Somebody asks who they are.
    Me,
    /// What was granted is listed.
    Permissions,
    /// An account is subscribed.
    Subscribe,
    /// Its subscription is read.
    ReadSubscription,
    /// The app is subscribed.
    SubscribeApp,
    /// Its subscriptions are read.
    ReadAppSubscription,
    /// A token is made a new one of.
    Refresh,
}

/// What goes wrong with the next such step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginFault {
    /// It is done, and never answered.
    DoneButNoAnswer,
    /// It is not done, and never answered.
    NotDoneNoAnswer,
    /// It is not done, and refused so.
    Refused(Refusal),
    /// It is not done, and the connection is cut.
    Cut,
}

/// How the person at the browser answers when an app asks for rights.
#[derive(Clone, Debug, Default)]
pub struct Consent {
    /// They refuse.
    pub denies: bool,
    /// They leave these rights out.
    pub withholds: Vec<String>,
    /// They grant what they grant for these accounts and Pages only; none: for all.
    pub only: Option<Vec<String>>,
}

/// Everything that has to do with signing in.
#[derive(Default)]
pub(super) struct Logins {
    people: BTreeMap<String, Person>,
    pages: BTreeMap<String, Page>,
    tokens: HashMap<String, Token>,
    codes: HashMap<String, Code>,
    /// Which fields an account or Page sends to which app.
    subscribed: BTreeMap<(String, String), Vec<String>>,
    app_subscriptions: BTreeMap<(String, String), AppSubscription>,
    /// Apps by whose id no subscriptions are found.
    hidden_apps: BTreeSet<String>,
    /// Who sits at the browser.
    signed_in: Option<String>,
    consent: Consent,
    faults: Vec<(LoginStep, LoginFault)>,
    pub(super) steps: Vec<LoginStep>,
    pub(super) require_proof: bool,
    /// After so many messages all tokens are refused so.
    dies_after: Option<(u32, Refusal)>,
    /// Pages in an answer that lists them.
    page_size: Option<usize>,
    serial: u64,
    looks: looks::Looks,
}

/// A person with an account at Facebook, or a business with one at Instagram.
struct Person {
    /// Pages they have a role on, with what they may do there.
    pages: Vec<(String, Vec<String>)>,
    /// The account that signs in by itself.
    instagram: Option<String>,
}

/// A Page.
struct Page {
    name: String,
    /// The Instagram account linked to it.
    instagram: Option<String>,
}

struct Code {
    app: String,
    person: String,
    redirect_uri: String,
    scopes: Vec<String>,
    targets: Option<Vec<String>>,
    made_at: i64,
}

/// What a token was made for.
#[derive(Clone, PartialEq, Eq)]
enum TokenOf {
    ShortUser,
    LongUser,
    Page(String),
    ShortInstagram,
    LongInstagram,
}

#[derive(Clone)]
struct Token {
    of: TokenOf,
    app: String,
    person: String,
    scopes: Vec<String>,
    targets: Option<Vec<String>>,
    made_at: i64,
    expires_at: Option<i64>,
    dead: Option<Refusal>,
}

struct AppSubscription {
    callback_url: String,
    fields: Vec<String>,
}

impl Token {
    fn is_instagrams(&self) -> bool {
        matches!(self.of, TokenOf::ShortInstagram | TokenOf::LongInstagram)
    }

    fn check(&self, now_ms: i64) -> Result<(), Refusal> {
        match (self.dead, self.expires_at) {
            (Some(refusal), _) => Err(refusal),
            (None, Some(end)) if end <= now_ms => Err(Refusal::TokenExpired),
            (None, _) => Ok(()),
        }
    }
}

impl Logins {
    fn next(&mut self, before: &str, seed: u64) -> String {
        self.serial += 1;
        let hash = Sha256::digest(format!("login {seed}:{}", self.serial));
        format!("{before}{}", URL_SAFE_NO_PAD.encode(&hash[..24]).replace(['-', '_'], "x"))
    }

    /// A token that is taken, or how it is refused; none: it is none of these.
    fn token(&self, token: &str, now_ms: i64) -> Option<Result<&Token, Refusal>> {
        let token = self.tokens.get(token)?;
        Some(token.check(now_ms).map(|()| token))
    }

    /// The accounts a token acts for; none: it was not made by signing in.
    pub(super) fn owners_of(&self, token: &str, now_ms: i64) -> Option<Result<Vec<String>, Refusal>> {
        let token = match self.token(token, now_ms)? {
            Ok(token) => token,
            Err(refusal) => return Some(Err(refusal)),
        };
        let owner = match &token.of {
            TokenOf::Page(page) => self.pages.get(page).and_then(|page| page.instagram.clone()),
            TokenOf::ShortInstagram | TokenOf::LongInstagram => {
                self.people.get(&token.person).and_then(|person| person.instagram.clone())
            }
            TokenOf::ShortUser | TokenOf::LongUser => None,
        };
        Some(Ok(owner.into_iter().collect()))
    }

    /// Whether a token made by signing in may write to customers. Any other may.
    pub(super) fn may_write(&self, token: &str) -> bool {
        let needed = ["instagram_manage_messages", "instagram_business_manage_messages"];
        self.tokens.get(token).is_none_or(|token| token.scopes.iter().any(|scope| needed.contains(&scope.as_str())))
    }

    /// Counts a message that is to be sent, before it is.
    pub(super) fn count_send(&mut self) {
        match self.dies_after {
            Some((0, refusal)) => {
                self.tokens.values_mut().for_each(|token| token.dead = Some(refusal));
                self.dies_after = None;
            }
            Some((left, refusal)) => self.dies_after = Some((left - 1, refusal)),
            None => {}
        }
    }

    fn fault(&mut self, step: LoginStep) -> Option<LoginFault> {
        self.steps.push(step);
        let at = self.faults.iter().position(|(of, _)| *of == step)?;
        Some(self.faults.remove(at).1)
    }
}

/// A request to where people sign in, understood.
struct Request<'a> {
    step: Step<'a>,
    query: Vec<(String, String)>,
    now_ms: i64,
}

enum Step<'a> {
    Exchange,
    ExtendOrRefresh,
    Inspect,
    Pages,
    Me,
    Permissions,
    Subscribed(&'a str),
    AppSubscriptions(&'a str),
}

impl Request<'_> {
    fn member(&self, name: &str) -> &str {
        self.query.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

/// What is said instead of what was asked for.
enum Wrong {
    /// As the Graph API says it.
    Graph(No),
    /// As Instagram's sign-in says it.
    Instagram(&'static str),
}

impl<T: Into<No>> From<T> for Wrong {
    fn from(no: T) -> Self {
        Self::Graph(no.into())
    }
}

/// Answers what has to do with signing in; none: it is about something else.
pub(super) async fn answer(sandbox: &Sandbox, call: &Call) -> Option<Response> {
    if let Some(page) = authorize::answer(sandbox, call).or_else(|| looks::answer(sandbox, call)) {
        return Some(page);
    }
    let path = path_below_version(&call.path);
    let mut query: Vec<(String, String)> = form_urlencoded::parse(call.query.as_bytes()).into_owned().collect();
    query.extend(form_urlencoded::parse(&call.body).into_owned());
    if let Some(bearer) = bearer(call) {
        query.push(("access_token".to_owned(), bearer));
    }
    let (get, post) = (call.method == http::Method::GET, call.method == http::Method::POST);
    let is_ours = |token: &str| sandbox.world().logins.tokens.contains_key(token);
    let request = |step| Request { step, query: query.clone(), now_ms: sandbox.now_ms() };
    let token = query.iter().find(|(key, _)| key == "access_token").map_or("", |(_, token)| token);
    let request = match path.as_slice() {
        ["oauth", "access_token"] if get && has(&query, "fb_exchange_token") => request(Step::ExtendOrRefresh),
        ["oauth", "access_token"] => request(Step::Exchange),
        ["access_token" | "refresh_access_token"] if get => request(Step::ExtendOrRefresh),
        ["debug_token"] if get => request(Step::Inspect),
        ["me", "accounts"] if get => request(Step::Pages),
        ["me", "permissions"] if get => request(Step::Permissions),
        ["me"] if get && is_ours(token) => request(Step::Me),
        [asset, "subscribed_apps"] => request(Step::Subscribed(asset)),
        [app, "subscriptions"] if get || post => request(Step::AppSubscriptions(app)),
        _ => return None,
    };
    Some(answer_step(sandbox, call, &request).await)
}

fn has(query: &[(String, String)], name: &str) -> bool {
    query.iter().any(|(key, _)| key == name)
}

pub(super) fn bearer(call: &Call) -> Option<String> {
    let header = call.headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
    header.strip_prefix("Bearer ").map(str::to_owned)
}

async fn answer_step(sandbox: &Sandbox, call: &Call, request: &Request<'_>) -> Response {
    let step = step_of(call, request);
    let fault = sandbox.world().logins.fault(step);
    match fault {
        Some(LoginFault::NotDoneNoAnswer) => return std::future::pending().await,
        Some(LoginFault::Cut) => return cut(),
        Some(LoginFault::Refused(refusal)) => return refused(sandbox, &refusal.into()),
        Some(LoginFault::DoneButNoAnswer) | None => {}
    }
    if let Step::AppSubscriptions(app) = request.step
        && call.method == http::Method::POST
    {
        // Meta asks whether the address knows the token before it keeps it.
        let (url, token) = (request.member("callback_url").to_owned(), request.member("verify_token").to_owned());
        if !sandbox.shared.deliverer.verify_at(&url, &token, "1158201444").await {
            let why = format!("app {app}: the callback did not answer the challenge");
            return refused(sandbox, &No { detail: Some(why), ..Refusal::CallbackNotVerified.into() });
        }
    }
    let done = do_step(&mut sandbox.world(), call, request, sandbox);
    if fault.is_some() {
        return std::future::pending().await;
    }
    match done {
        Ok(body) => json_response(StatusCode::OK, &body),
        Err(Wrong::Graph(no)) => refused(sandbox, &no),
        Err(Wrong::Instagram(message)) => {
            let body = json!({ "error_type": "OAuthException", "code": 400, "error_message": message });
            json_response(StatusCode::BAD_REQUEST, &body)
        }
    }
}

fn refused(sandbox: &Sandbox, no: &No) -> Response {
    let trace = sandbox.world().trace();
    json_response(no.refusal.status(), &no.refusal.body(no.detail.as_deref(), &trace))
}

fn step_of(call: &Call, request: &Request<'_>) -> LoginStep {
    let reads = call.method == http::Method::GET;
    match request.step {
        Step::Exchange => LoginStep::Exchange,
        Step::ExtendOrRefresh if call.path.ends_with("refresh_access_token") => LoginStep::Refresh,
        Step::ExtendOrRefresh => LoginStep::Extend,
        Step::Inspect => LoginStep::Inspect,
        Step::Pages => LoginStep::Pages,
        Step::Me => LoginStep::Me,
        Step::Permissions => LoginStep::Permissions,
        Step::Subscribed(_) if reads => LoginStep::ReadSubscription,
        Step::Subscribed(_) => LoginStep::Subscribe,
        Step::AppSubscriptions(_) if reads => LoginStep::ReadAppSubscription,
        Step::AppSubscriptions(_) => LoginStep::SubscribeApp,
    }
}

fn do_step(world: &mut World, call: &Call, request: &Request<'_>, sandbox: &Sandbox) -> Result<Value, Wrong> {
    let secret = &sandbox.shared.settings.app_secret;
    match request.step {
        Step::Exchange => exchange::code(world, call, request, secret),
        Step::ExtendOrRefresh => exchange::token(world, call, request, secret),
        Step::Inspect => nodes::inspect(world, request, secret),
        Step::Pages => nodes::pages(world, request, secret),
        Step::Me => nodes::me(world, request),
        Step::Permissions => nodes::permissions(world, request),
        Step::Subscribed(asset) => subscriptions::of_asset(world, call, request, (asset, secret)),
        Step::AppSubscriptions(app) => subscriptions::of_app(world, call, request, (app, secret)),
    }
}

/// Refuses a call that proves wrongly, or not where it must, that it knows the app's secret.
pub(super) fn check_proof(world: &World, token: &str, proof: Option<&str>, secret: &str) -> Result<(), No> {
    let known = world.logins.tokens.get(token);
    if known.is_some_and(Token::is_instagrams) {
        return Ok(());
    }
    let right = signature::sign(secret, token.as_bytes());
    match proof {
        Some(proof) if right.strip_prefix("sha256=") == Some(proof) => Ok(()),
        None if !world.logins.require_proof || known.is_none() => Ok(()),
        _ => Err(No::wrong(Refusal::InvalidParameter, "appsecret_proof is missing or wrong")),
    }
}
