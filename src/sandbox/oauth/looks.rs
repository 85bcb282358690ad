//! What is asked to find out whether a connection works: a Page's link, a conversation, an account's catalogs; and ways to
//! break each.

use std::collections::{BTreeMap, BTreeSet};

use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{Logins, TokenOf, bearer};
use crate::sandbox::Sandbox;
use crate::sandbox::edges::{Call, json_response, path_below_version};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::serve::Response;
use crate::sandbox::world::World;

/// What is broken, and what there is.
#[derive(Default)]
pub(super) struct Looks {
    /// Accounts whose owner has switched access to messages off.
    closed: BTreeSet<String>,
    /// The names of the catalogs approved for an account; where nothing is said, there is one.
    catalogs: BTreeMap<String, Vec<String>>,
    /// How far our clock is ahead.
    ahead_seconds: i64,
    /// Nobody is answered.
    is_away: bool,
}

/// Answers such a question; none: it is another one.
pub(super) fn answer(sandbox: &Sandbox, call: &Call) -> Option<Response> {
    if call.method != http::Method::GET {
        return None;
    }
    let world = sandbox.world();
    let path = path_below_version(&call.path);
    let asked = |name: &str| {
        let mut query = form_urlencoded::parse(call.query.as_bytes());
        query.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    let token = bearer(call).or_else(|| asked("access_token"))?;
    let found = match path.as_slice() {
        [page] if asked("fields").is_some_and(|fields| fields.starts_with("instagram_business_account")) => {
            link(&world, page, (&token, sandbox.now_ms()))
        }
        [_, "conversations"] if is_closed(&world, (&token, sandbox.now_ms())) => Err(Refusal::MessagesSwitchedOff),
        // Tokens that were given by hand are not those of a login: catalogs of theirs are kept elsewhere.
        [account, "available_catalogs"] if world.logins.token(&token, sandbox.now_ms()).is_some() => {
            catalogs(&world, account, (&token, sandbox.now_ms()))
        }
        _ => return None,
    };
    Some(match found {
        Ok(body) => json_response(StatusCode::OK, &body),
        Err(refusal) => json_response(refusal.status(), &refusal.body(None, "trace")),
    })
}

fn link(world: &World, page: &str, (text, now_ms): (&str, i64)) -> Result<Value, Refusal> {
    let account = match world.logins.token(text, now_ms) {
        Some(token) if token?.of != TokenOf::Page(page.to_owned()) => return Err(Refusal::ObjectNotFound),
        Some(_) => world.logins.pages.get(page).and_then(|page| page.instagram.clone()),
        // Given by hand.
        None => {
            let owners = world.owners_of(text, now_ms)?;
            let is_it = |id: &&String| **id == page || world.account(id).is_some_and(|account| account.parent == page);
            let own = owners.iter().find(is_it).ok_or(Refusal::ObjectNotFound)?;
            Some(own.clone()).filter(|own| own != page)
        }
    };
    let mut shown = json!({ "id": page });
    if let Some(account) = account {
        shown["instagram_business_account"] = json!({ "id": account });
    }
    Ok(shown)
}

fn is_closed(world: &World, (token, now_ms): (&str, i64)) -> bool {
    let owners = world.owners_of(token, now_ms).unwrap_or_default();
    owners.iter().any(|owner| world.logins.looks.closed.contains(owner))
}

fn catalogs(world: &World, account: &str, (token, now_ms): (&str, i64)) -> Result<Value, Refusal> {
    let token = world.logins.token(token, now_ms).ok_or(Refusal::BadToken)??;
    if !token.scopes.iter().any(|scope| scope == "catalog_management") {
        return Err(Refusal::NoPermission);
    }
    let usual = vec!["Everything".to_owned()];
    let names = world.logins.looks.catalogs.get(account).unwrap_or(&usual);
    let shown = names.iter().enumerate().map(|(n, name)| {
        json!({ "catalog_id": format!("77{n:06}"), "catalog_name": name, "shop_name": name, "product_count": 3 })
    });
    Ok(json!({ "data": shown.collect::<Vec<_>>() }))
}

impl Logins {
    /// How far Meta's clock is ahead of everybody's.
    pub(in crate::sandbox) fn ahead_ms(&self) -> i64 {
        self.looks.ahead_seconds * 1000
    }
}

impl Sandbox {
    /// The owner of an account switches access to messages off, or on again.
    pub fn switch_messages_off(&self, account: &str, is_off: bool) {
        let closed = &mut self.world().logins.looks.closed;
        match is_off {
            true => closed.insert(account.to_owned()),
            false => closed.remove(account),
        };
    }

    /// A Page is linked to another Instagram account, or to none.
    pub fn link_page(&self, page: &str, account: Option<&str>) {
        if let Some(page) = self.world().logins.pages.get_mut(page) {
            page.instagram = account.map(str::to_owned);
        }
    }

    /// These catalogs are approved for an account, and no others.
    pub fn approve_catalogs(&self, account: &str, names: &[&str]) {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        self.world().logins.looks.catalogs.insert(account.to_owned(), names);
    }

    /// A person takes a right back from all tokens they granted.
    pub fn take_back(&self, person: &str, scope: &str) {
        let mut world = self.world();
        let theirs = world.logins.tokens.values_mut().filter(|token| token.person == person);
        theirs.for_each(|token| token.scopes.retain(|known| known != scope));
    }

    /// Meta's clock is so far ahead of everybody's.
    pub fn run_ahead(&self, seconds: i64) {
        self.world().logins.looks.ahead_seconds = seconds;
    }

    /// From here on nobody is answered, or again.
    pub fn go_away(&self, is_away: bool) {
        self.world().logins.looks.is_away = is_away;
    }

    pub(in crate::sandbox) fn is_away(&self) -> bool {
        self.world().logins.looks.is_away
    }

    /// What time it is at Meta, in the form of a header.
    pub(in crate::sandbox) fn tell_time(&self, response: &mut Response) {
        let ahead = self.world().logins.looks.ahead_seconds;
        let at = chrono::DateTime::from_timestamp(self.now_ms() / 1000 + ahead, 0).unwrap_or_default();
        let text = at.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().insert(header::DATE, value);
        }
    }
}
