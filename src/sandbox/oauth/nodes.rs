//! What a token's bearer is told: who they are, what they granted, and which Pages are theirs.

use serde_json::{Value, json};

use super::exchange::keep;
use super::{FACEBOOK_APP, INSTAGRAM_APP, Request, Token, TokenOf, Wrong, check_proof};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::sends::No;
use crate::sandbox::world::World;

const NINETY_DAYS_MS: i64 = 7_776_000_000;

fn bearer(world: &World, request: &Request<'_>) -> Result<Token, Wrong> {
    let found = world.logins.token(request.member("access_token"), request.now_ms);
    Ok(found.ok_or_else(|| No::wrong(Refusal::BadToken, "the call bears no token of a person"))??.clone())
}

/// `GET /me`.
pub(super) fn me(world: &World, request: &Request<'_>) -> Result<Value, Wrong> {
    let token = bearer(world, request)?;
    if !token.is_instagrams() {
        return Ok(json!({ "id": token.person, "name": "A Person" }));
    }
    let person = world.logins.people.get(&token.person).and_then(|person| person.instagram.as_deref());
    let account = person.and_then(|id| world.account(id)).ok_or(Refusal::ObjectNotFound)?;
    let all = json!({
        "user_id": account.id,
        "id": token.person,
        "username": account.username,
        "name": "A Shop",
        "account_type": "BUSINESS",
    });
    let asked: Vec<&str> = request.member("fields").split(',').collect();
    let shown =
        all.as_object().into_iter().flatten().filter(|(name, _)| asked.contains(&name.as_str()) || *name == "id");
    let shown: Value =
        shown.map(|(name, value)| (name.clone(), value.clone())).collect::<serde_json::Map<_, _>>().into();
    // One in two is wrapped, as both are told of.
    Ok(if world.logins.serial.is_multiple_of(2) { shown } else { json!({ "data": [shown] }) })
}

/// `GET /me/permissions`.
pub(super) fn permissions(world: &World, request: &Request<'_>) -> Result<Value, Wrong> {
    let token = bearer(world, request)?;
    let all = token.scopes.iter().map(|scope| json!({ "permission": scope, "status": "granted" }));
    Ok(json!({ "data": all.collect::<Vec<_>>() }))
}

/// `GET /me/accounts`: the Pages that were granted, each with a token of its own.
pub(super) fn pages(world: &mut World, request: &Request<'_>, secret: &str) -> Result<Value, Wrong> {
    let token = bearer(world, request)?;
    let proof = Some(request.member("appsecret_proof")).filter(|proof| !proof.is_empty());
    check_proof(world, request.member("access_token"), proof, secret)?;
    if !matches!(token.of, TokenOf::ShortUser | TokenOf::LongUser) {
        return Err(No::wrong(Refusal::InvalidParameter, "only a person has Pages").into());
    }
    if !token.scopes.iter().any(|scope| scope == "pages_show_list") {
        return Ok(json!({ "data": [] }));
    }
    let is_granted = |id: &String| token.targets.as_ref().is_none_or(|only| only.contains(id));
    let person = world.logins.people.get(&token.person).ok_or(Refusal::ObjectNotFound)?;
    let pages: Vec<_> = person.pages.iter().filter(|(id, _)| is_granted(id)).cloned().collect();
    let (size, from) = (world.logins.page_size.unwrap_or(25), request.member("after").parse().unwrap_or(0));
    let mut data = Vec::new();
    for (id, tasks) in pages.iter().skip(from).take(size) {
        // A Page's token made of a long-lived one has no end.
        let expires_at = token.expires_at.filter(|_| token.of == TokenOf::ShortUser);
        let of_page = Token { of: TokenOf::Page(id.clone()), expires_at, made_at: request.now_ms, ..token.clone() };
        let text = keep(world, of_page);
        let Some(page) = world.logins.pages.get(id) else { continue };
        let mut shown = json!({ "id": id, "name": page.name, "access_token": text, "tasks": tasks });
        if let Some(account) = page.instagram.as_deref().and_then(|id| world.account(id)) {
            shown["instagram_business_account"] = json!({ "id": account.id, "username": account.username });
        }
        data.push(shown);
    }
    let mut answer =
        json!({ "data": data, "paging": { "cursors": { "before": "a", "after": (from + size).to_string() } } });
    if pages.len() > from + size {
        // Meta's own has the token in it, which nobody should follow.
        answer["paging"]["next"] = "https://graph.facebook.com/me/accounts?access_token=leaked".into();
    }
    Ok(answer)
}

/// `GET /debug_token`, with the app's own id and secret for a token.
pub(super) fn inspect(world: &World, request: &Request<'_>, secret: &str) -> Result<Value, Wrong> {
    let app = request.member("access_token");
    if ![FACEBOOK_APP, INSTAGRAM_APP].iter().any(|id| app == format!("{id}|{secret}")) {
        return Err(No::wrong(Refusal::BadToken, "debug_token takes the app's id and secret").into());
    }
    let Some(token) = world.logins.tokens.get(request.member("input_token")) else {
        return Ok(of_given(world, request));
    };
    let mut data = json!({
        "app_id": token.app,
        "type": if matches!(token.of, TokenOf::Page(_)) { "PAGE" } else { "USER" },
        "application": "Example App",
        "is_valid": token.check(request.now_ms).is_ok(),
        "issued_at": token.made_at / 1000,
        "expires_at": token.expires_at.map_or(0, |end| end / 1000),
        "data_access_expires_at": (token.made_at + NINETY_DAYS_MS) / 1000,
        "scopes": token.scopes,
        "user_id": token.person,
    });
    if let Err(refusal) = token.check(request.now_ms) {
        let said = refusal.body(None, "");
        data["error"] =
            json!({ "code": said["error"]["code"], "subcode": said["error"]["error_subcode"], "message": "no" });
    }
    if let Some(targets) = &token.targets {
        let granular = token.scopes.iter().map(|scope| json!({ "scope": scope, "target_ids": targets }));
        data["granular_scopes"] = granular.collect::<Vec<_>>().into();
    }
    Ok(json!({ "data": data }))
}

/// A token that was given by hand, as the operator of a shop of their own has one: with all rights, and without an end.
fn of_given(world: &World, request: &Request<'_>) -> Value {
    let scopes = "pages_show_list instagram_basic instagram_manage_messages pages_messaging pages_manage_metadata \
                  pages_read_engagement instagram_manage_comments business_management catalog_management \
                  whatsapp_business_messaging whatsapp_business_management";
    let scopes: Vec<&str> = scopes.split_whitespace().collect();
    match world.owners_of(request.member("input_token"), request.now_ms) {
        Ok(_) => json!({ "data": {
            "app_id": FACEBOOK_APP, "type": "SYSTEM_USER", "is_valid": true, "expires_at": 0, "scopes": scopes,
        } }),
        Err(refusal) => {
            let said = refusal.body(None, "");
            let (code, subcode) = (&said["error"]["code"], &said["error"]["error_subcode"]);
            let error = json!({ "code": code, "subcode": subcode, "message": "no" });
            json!({ "data": { "is_valid": false, "error": error } })
        }
    }
}
