//! Pages for people: small, without scripts, kept by nobody, and of no use to whoever would put something into them.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, StatusCode};
use sha2::{Digest, Sha256};

use super::route::Answer;

const STYLE: &str = "\
    :root{color-scheme:light dark}\
    body{max-width:34rem;margin:12vh auto;padding:0 1.5rem;font:1.05rem/1.6 system-ui,sans-serif}\
    h1{font-size:1.5rem;line-height:1.25}\
    button{width:100%;padding:.75rem 1rem;font:inherit;border:1px solid;border-radius:.5rem;cursor:pointer}\
    small{opacity:.65}\
    code{overflow-wrap:anywhere}";

/// Nothing is loaded and nothing is run, and no style but ours counts.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    format!("default-src 'none'; base-uri 'none'; frame-ancestors 'none'; style-src 'sha256-{style}'; form-action")
});

/// A page that says something.
pub(super) fn page(status: StatusCode, title: &str, inner: &str) -> Answer {
    html(status, title, (inner, "'none'"))
}

/// A page whose form leads to us, and on to these origins: browsers ask whether it may, also of where they are sent on to.
pub(super) fn with_form(title: &str, inner: &str, sends_on_to: &[String]) -> Answer {
    html(StatusCode::OK, title, (inner, &format!("'self' {}", sends_on_to.join(" "))))
}

fn html(status: StatusCode, title: &str, (inner, forms_lead_to): (&str, &str)) -> Answer {
    let text = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head>\
         <body><h1>{title}</h1>{inner}</body></html>"
    );
    let mut answer = Answer::new(text.into());
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    guard(headers);
    if let Ok(policy) = HeaderValue::try_from(format!("{} {forms_lead_to}", *POLICY)) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    answer
}

/// What is for one person alone: its address may hold a code.
pub(super) fn private(mut answer: Answer) -> Answer {
    guard(answer.headers_mut());
    answer
}

fn guard(headers: &mut HeaderMap) {
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"),
    );
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex"));
}

/// Text that a page can hold, whoever wrote it.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_call_themselves_is_text_and_never_markup() {
        assert_eq!(escaped(r#"<b a='1' c="2">&"#), "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;");
    }

    #[test]
    fn a_page_runs_nothing_and_is_kept_by_nobody() {
        let answer = page(StatusCode::OK, "Title", "A <script> of nobody's");
        let header = |name| answer.headers()[name].to_str().unwrap().to_owned();
        assert!(header("content-security-policy").starts_with("default-src 'none'"));
        assert!(header("content-security-policy").ends_with("form-action 'none'"));
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("cache-control"), "no-store");
    }

    #[test]
    fn a_form_leads_to_us_and_to_where_the_browser_is_sent_on() {
        let answer = with_form("Title", "<form></form>", &["https://www.facebook.com".to_owned()]);
        let policy = answer.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.ends_with("form-action 'self' https://www.facebook.com"), "{policy}");
    }
}
