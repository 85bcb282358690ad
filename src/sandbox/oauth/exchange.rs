//! Codes for tokens, and tokens for tokens that live longer.

use serde_json::{Value, json};

use super::{Code, DAY_MS, FACEBOOK_APP, HOUR_MS, INSTAGRAM_APP, LONG_MS, Request, Token, TokenOf, Wrong};
use crate::sandbox::edges::Call;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::sends::No;
use crate::sandbox::world::World;

/// The code is good for a token, once.
pub(super) fn code(world: &mut World, call: &Call, request: &Request<'_>, secret: &str) -> Result<Value, Wrong> {
    let is_instagrams = call.method == http::Method::POST;
    let app = if is_instagrams { INSTAGRAM_APP } else { FACEBOOK_APP };
    let wrong = |message| match is_instagrams {
        true => Wrong::Instagram(message),
        false => Wrong::Graph(No { detail: Some(message.to_owned()), ..Refusal::CodeUsed.into() }),
    };
    if request.member("client_id") != app || request.member("client_secret") != secret {
        return Err(wrong("Error validating client secret"));
    }
    if is_instagrams && request.member("grant_type") != "authorization_code" {
        return Err(wrong("grant_type is wrong"));
    }
    // Whoever asks with it has used it up, whatever comes of it.
    let code = world.logins.codes.remove(request.member("code"));
    let code = code.filter(|code| code.app == app && code.redirect_uri == request.member("redirect_uri"));
    let code = code.ok_or_else(|| wrong("Matching code was not found or was already used"))?;
    if request.now_ms - code.made_at > HOUR_MS {
        return Err(wrong("This authorization code has expired"));
    }
    let of = if is_instagrams { TokenOf::ShortInstagram } else { TokenOf::ShortUser };
    let Code { app, person, scopes, targets, .. } = code;
    let (made_at, expires_at) = (request.now_ms, Some(request.now_ms + HOUR_MS));
    let shown = scopes.clone();
    let token = Token { of, app, person: person.clone(), scopes, targets, made_at, expires_at, dead: None };
    let text = keep(world, token);
    Ok(match is_instagrams {
        false => json!({ "access_token": text, "token_type": "bearer", "expires_in": HOUR_MS / 1000 }),
        // One in two answers is wrapped, as both are told of.
        true if world.logins.serial.is_multiple_of(2) => {
            json!({ "data": [{ "access_token": text, "user_id": person, "permissions": shown.join(",") }] })
        }
        true => json!({ "access_token": text, "user_id": person.parse::<u64>().unwrap_or(0), "permissions": shown }),
    })
}

/// A token is good for one that lives longer.
pub(super) fn token(world: &mut World, call: &Call, request: &Request<'_>, secret: &str) -> Result<Value, Wrong> {
    let refreshes = call.path.ends_with("refresh_access_token");
    let is_facebooks = !refreshes && !call.path.ends_with("/access_token") || call.path.ends_with("oauth/access_token");
    let (given, grant) = match is_facebooks {
        true => (request.member("fb_exchange_token"), "fb_exchange_token"),
        false if refreshes => (request.member("access_token"), "ig_refresh_token"),
        false => (request.member("access_token"), "ig_exchange_token"),
    };
    if request.member("grant_type") != grant || (!refreshes && request.member("client_secret") != secret) {
        return Err(No::wrong(Refusal::InvalidParameter, "grant_type or client_secret is wrong").into());
    }
    let known = world.logins.token(given, request.now_ms).ok_or(Refusal::BadToken)??.clone();
    let fits = match known.of {
        TokenOf::ShortUser | TokenOf::LongUser => is_facebooks,
        TokenOf::ShortInstagram => !is_facebooks && !refreshes,
        TokenOf::LongInstagram => refreshes,
        TokenOf::Page(_) => false,
    };
    if !fits {
        return Err(No::wrong(Refusal::InvalidParameter, "this token is not for this").into());
    }
    if refreshes && request.now_ms - known.made_at < DAY_MS {
        return Err(No { detail: Some("the token is too young".to_owned()), ..Refusal::TokenTooYoung.into() }.into());
    }
    let of = if is_facebooks { TokenOf::LongUser } else { TokenOf::LongInstagram };
    let (made_at, expires_at) = (request.now_ms, Some(request.now_ms + LONG_MS));
    let text = keep(world, Token { of, made_at, expires_at, ..known });
    Ok(json!({ "access_token": text, "token_type": "bearer", "expires_in": LONG_MS / 1000 }))
}

/// Makes the text of a token, and keeps it.
pub(super) fn keep(world: &mut World, token: Token) -> String {
    let before = if token.is_instagrams() { "IGAA" } else { "EAA" };
    let text = world.logins.next(before, 0);
    world.logins.tokens.insert(text.clone(), token);
    text
}
