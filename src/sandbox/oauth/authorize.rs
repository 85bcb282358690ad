//! The pages on which people grant rights: whoever is at the browser answers at once, as they were told to.

use http::{HeaderValue, StatusCode, header};
use serde_json::json;
use url::{Url, form_urlencoded};

use super::{Code, FACEBOOK_APP, INSTAGRAM_APP};
use crate::sandbox::Sandbox;
use crate::sandbox::edges::{Call, json_response, path_below_version};
use crate::sandbox::serve::Response;

/// Answers where people sign in; none: it is another address.
pub(super) fn answer(sandbox: &Sandbox, call: &Call) -> Option<Response> {
    let app = match path_below_version(&call.path).as_slice() {
        ["dialog", "oauth"] if call.method == http::Method::GET => FACEBOOK_APP,
        ["oauth", "authorize"] if call.method == http::Method::GET => INSTAGRAM_APP,
        _ => return None,
    };
    Some(match granted(sandbox, call, app) {
        Ok(location) => away(&location),
        Err(why) => json_response(StatusCode::BAD_REQUEST, &json!({ "error": { "message": why, "code": 191 } })),
    })
}

fn granted(sandbox: &Sandbox, call: &Call, app: &str) -> Result<Url, String> {
    let query: Vec<(String, String)> = form_urlencoded::parse(call.query.as_bytes()).into_owned().collect();
    let member = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let redirect_uri = member("redirect_uri").ok_or("no redirect_uri")?;
    let mut back = Url::parse(redirect_uri).map_err(|_| "redirect_uri is no address")?;
    if member("client_id") != Some(app) || member("response_type") != Some("code") {
        return Err("client_id or response_type is wrong".to_owned());
    }
    let state = member("state").unwrap_or_default();
    let mut world = sandbox.world();
    let seed = sandbox.shared.settings.seed;
    let logins = &mut world.logins;
    if logins.consent.denies {
        let denied = [
            ("error", "access_denied"),
            ("error_reason", "user_denied"),
            ("error_description", "Permissions error"),
            ("state", state),
        ];
        back.query_pairs_mut().extend_pairs(denied);
        return Ok(back);
    }
    let person = logins.signed_in.clone().ok_or("nobody is at the browser")?;
    let asked = member("scope").unwrap_or_default().split([',', ' ']).filter(|scope| !scope.is_empty());
    let withheld = |scope: &&str| !logins.consent.withholds.iter().any(|withheld| withheld == scope);
    let scopes = asked.filter(withheld).map(str::to_owned).collect();
    let targets = logins.consent.only.clone();
    let code = logins.next("AQ", seed);
    let (app, redirect_uri, made_at) = (app.to_owned(), redirect_uri.to_owned(), sandbox.now_ms());
    logins.codes.insert(code.clone(), Code { app, person, redirect_uri, scopes, targets, made_at });
    back.query_pairs_mut().append_pair("code", &code).append_pair("state", state);
    if call.path.ends_with("authorize") {
        // Instagram puts this behind it, which browsers do not send on.
        back.set_fragment(Some("_"));
    }
    Ok(back)
}

fn away(location: &Url) -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::FOUND;
    if let Ok(location) = HeaderValue::from_str(location.as_str()) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}
