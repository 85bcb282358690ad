//! What is sent to whom: the subscriptions of the app, and of each account and Page.

use serde_json::{Value, json};

use super::{AppSubscription, FACEBOOK_APP, INSTAGRAM_APP, Request, TokenOf, Wrong, check_proof};
use crate::sandbox::edges::Call;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::sends::No;
use crate::sandbox::world::World;

/// Fields of Instagram's that a Page's edge does not know.
const NOT_OF_PAGES: [&str; 2] = ["messaging_seen", "comments"];

/// `subscribed_apps` of a Page or an Instagram account: read, written and taken away with its own token.
pub(super) fn of_asset(
    world: &mut World,
    call: &Call,
    request: &Request<'_>,
    (asset, secret): (&str, &str),
) -> Result<Value, Wrong> {
    let text = request.member("access_token");
    let proof = Some(request.member("appsecret_proof")).filter(|proof| !proof.is_empty());
    check_proof(world, text, proof, secret)?;
    let is_instagrams = acts_for(world, request, (text, asset))?;
    let app = if is_instagrams { INSTAGRAM_APP } else { FACEBOOK_APP };
    let key = (asset.to_owned(), app.to_owned());
    match call.method.as_str() {
        "GET" => {
            let found = world.logins.subscribed.get(&key);
            let data = found.map(|fields| json!({ "id": app, "name": "Example App", "subscribed_fields": fields }));
            Ok(json!({ "data": data.into_iter().collect::<Vec<_>>() }))
        }
        "POST" => {
            let fields: Vec<String> = words(request.member("subscribed_fields"));
            if fields.is_empty() {
                return Err(No::wrong(Refusal::InvalidParameter, "subscribed_fields is empty").into());
            }
            if !is_instagrams && fields.iter().any(|field| NOT_OF_PAGES.contains(&field.as_str())) {
                return Err(No::wrong(Refusal::InvalidParameter, "a Page has no such field").into());
            }
            world.logins.subscribed.insert(key, fields);
            Ok(json!({ "success": true }))
        }
        "DELETE" => {
            world.logins.subscribed.remove(&key);
            Ok(json!({ "success": true }))
        }
        _ => Err(Refusal::ObjectNotFound.into()),
    }
}

/// Whether it is a token of Instagram's own login that acts for the account; refused when it does not act for it.
fn acts_for(world: &World, request: &Request<'_>, (text, asset): (&str, &str)) -> Result<bool, Wrong> {
    let Some(token) = world.logins.token(text, request.now_ms) else {
        // Given by hand, in a demo.
        let owners = world.owners_of(text, request.now_ms)?;
        let goes_by = |id: &String| world.account(id).is_some_and(|account| account.goes_by(asset));
        return match owners.iter().any(goes_by) {
            true => Ok(false),
            false => Err(Refusal::ObjectNotFound.into()),
        };
    };
    let token = token?;
    let owners = world.logins.owners_of(text, request.now_ms).unwrap_or_else(|| Ok(Vec::new()))?;
    let fits = match &token.of {
        TokenOf::Page(page) => page == asset,
        TokenOf::ShortInstagram | TokenOf::LongInstagram => owners.iter().any(|id| id == asset),
        TokenOf::ShortUser | TokenOf::LongUser => false,
    };
    let may = token.is_instagrams() || token.scopes.iter().any(|scope| scope == "pages_manage_metadata");
    match (fits, may) {
        (true, true) => Ok(token.is_instagrams()),
        (true, false) => Err(Refusal::Permission.into()),
        (false, _) => Err(No::wrong(Refusal::ObjectNotFound, "the token is not of this Page or account").into()),
    }
}

/// `subscriptions` of the app.
pub(super) fn of_app(
    world: &mut World,
    call: &Call,
    request: &Request<'_>,
    (app, secret): (&str, &str),
) -> Result<Value, Wrong> {
    if request.member("access_token") != format!("{app}|{secret}") {
        return Err(No::wrong(Refusal::BadToken, "subscriptions take the app's id and secret").into());
    }
    if world.logins.hidden_apps.contains(app) {
        return Err(Refusal::ObjectNotFound.into());
    }
    if call.method == http::Method::GET {
        let ours = world.logins.app_subscriptions.iter().filter(|((of, _), _)| of == app);
        let shown = ours.map(|((_, object), subscription)| {
            let fields = subscription.fields.iter().map(|name| json!({ "name": name, "version": "v25.0" }));
            json!({
                "object": object,
                "callback_url": subscription.callback_url,
                "active": true,
                "fields": fields.collect::<Vec<_>>(),
            })
        });
        return Ok(json!({ "data": shown.collect::<Vec<_>>() }));
    }
    let (object, callback_url) = (request.member("object").to_owned(), request.member("callback_url").to_owned());
    let fields = words(request.member("fields"));
    world.logins.app_subscriptions.insert((app.to_owned(), object), AppSubscription { callback_url, fields });
    Ok(json!({ "success": true }))
}

fn words(list: &str) -> Vec<String> {
    list.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
