//! What Meta tells of its limits: in the headers of any answer, and in the codes of a refusal.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use actors::domain::budget::hold::{FIRST_UNTOLD_MS, Limit, Reach};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;

/// The limits of the whole app: JSON within a header, in per cent.
const APP: &str = "x-app-usage";
/// Business use case limits: JSON within a header, with minutes.
const USE_CASES: &str = "x-business-use-case-usage";
/// Longer waits are looked at again after this, as Meta's forecasts are rough.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// The longest wait any header asks for. A call made too early lengthens a block, so the longest is the safe one.
pub(super) fn pause(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let minutes = headers.get(USE_CASES).and_then(|value| regain_minutes(value.to_str().ok()?));
    let pauses = [seconds, minutes.map(|minutes| minutes.saturating_mul(60))];
    let longest = pauses.into_iter().flatten().max().filter(|seconds| *seconds > 0)?;
    Some(Duration::from_secs(longest).min(LONGEST))
}

/// What the headers of one call's answers told.
#[derive(Default)]
pub(super) struct Heard(Mutex<Vec<Limit>>);

impl Heard {
    /// A later answer of the same call knows better.
    pub(super) fn listen(&self, headers: &HeaderMap) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for limit in usage(headers) {
            heard.retain(|known| known.why != limit.why);
            heard.push(limit);
        }
    }

    /// All of it, with what the refusal itself tells first.
    pub(super) fn limits(&self, refusal: Option<&Limit>) -> Vec<Limit> {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        refusal.into_iter().chain(heard.iter()).cloned().collect()
    }
}

/// The limit that a refusal with this code tells of.
pub(super) fn told(code: Option<i64>, subcode: Option<i64>, why: String, after: Option<Duration>) -> Limit {
    let (reach, first_ms) = match (code, subcode) {
        (Some(4 | 341), _) => (Reach::App, FIRST_UNTOLD_MS),
        (Some(80009 | 80014), _) => (Reach::Budget, FIRST_UNTOLD_MS),
        // So much a number may send to one customer: a message in six seconds.
        (Some(131056), _) => (Reach::Conversation, 6_000),
        // The customer has had enough of us.
        (Some(613), Some(2018338)) => (Reach::Conversation, 3_600_000),
        // So much a number may send in a second.
        (Some(130429), _) => (Reach::Connection, 2_000),
        // Customers have reported the number as spam.
        (Some(131048), _) => (Reach::Connection, 3_600_000),
        _ => (Reach::Connection, FIRST_UNTOLD_MS),
    };
    Limit { reach, why, after_ms: after.map(ms), first_ms, is_gentle: false }
}

/// Limits that are near or reached, as the headers of any answer tell.
fn usage(headers: &HeaderMap) -> Vec<Limit> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let app = text(APP).and_then(|value| serde_json::from_str::<Value>(value).ok());
    let app = app.and_then(|usage| near(percent(&usage), None, Reach::App, APP));
    let cases = text(USE_CASES).map(use_cases).unwrap_or_default();
    let of = |reach: Reach| {
        let cases = cases.iter().filter(|case| reach_of(case) == reach);
        let worst = cases.map(|case| (percent(case), regain(case))).reduce(|a, b| (a.0.max(b.0), a.1.max(b.1)));
        worst.and_then(|(percent, minutes)| near(percent, minutes, reach, USE_CASES))
    };
    let asked = text("retry-after").and_then(|value| value.trim().parse().ok()).filter(|seconds| *seconds > 0);
    let asked = asked.map(|seconds: u64| Limit {
        reach: Reach::Connection,
        why: "retry-after".to_owned(),
        after_ms: Some(seconds.saturating_mul(1000)),
        first_ms: FIRST_UNTOLD_MS,
        is_gentle: false,
    });
    [app, of(Reach::Connection), of(Reach::Budget), asked].into_iter().flatten().collect()
}

/// Throttling begins at 100 per cent. From 80 on calls are made at longer and longer distances.
fn near(percent: u64, minutes: Option<u64>, reach: Reach, why: &str) -> Option<Limit> {
    let minutes = minutes.filter(|minutes| *minutes > 0);
    let (why, first_ms) = (why.to_owned(), FIRST_UNTOLD_MS);
    if percent >= 100 || minutes.is_some() {
        let after_ms = minutes.map(|minutes| minutes.saturating_mul(60_000));
        return Some(Limit { reach, why, after_ms, first_ms, is_gentle: false });
    }
    // Of the app's share each seller saves its own part: nobody else is stopped before Meta refuses anything.
    let reach = if reach == Reach::App { Reach::Connection } else { reach };
    let distance_ms = percent.checked_sub(79).map(|over| over * 3_000).filter(|distance| *distance > 0)?;
    Some(Limit { reach, why, after_ms: Some(distance_ms), first_ms, is_gentle: true })
}

fn use_cases(header: &str) -> Vec<Value> {
    let usage: serde_json::Map<String, Value> = serde_json::from_str(header).unwrap_or_default();
    usage.values().filter_map(Value::as_array).flatten().cloned().collect()
}

/// What a catalog may do is no business of the messages of its account.
fn reach_of(case: &Value) -> Reach {
    let is_catalog = case.get("type").and_then(Value::as_str).is_some_and(|kind| kind.starts_with("catalog"));
    if is_catalog { Reach::Budget } else { Reach::Connection }
}

fn percent(usage: &Value) -> u64 {
    let counts = ["call_count", "total_time", "total_cputime"];
    counts.iter().filter_map(|count| number(usage.get(count)?)).max().unwrap_or(0)
}

fn regain(case: &Value) -> Option<u64> {
    number(case.get("estimated_time_to_regain_access")?)
}

fn regain_minutes(header: &str) -> Option<u64> {
    use_cases(header).iter().filter_map(regain).max()
}

/// Part of a unit counts as a whole one.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_f64().map(|part| part.ceil() as u64)).or_else(|| value.as_str()?.parse().ok())
}

fn ms(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use reqwest::header::HeaderValue;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap())).collect()
    }

    fn sample(text: &str) -> String {
        serde_json::from_str::<Value>(text).unwrap().to_string()
    }

    #[test]
    fn the_longest_wait_counts() {
        let blocked = sample(include_str!("../../tests/samples/graph/header_x_business_use_case_usage_blocked.json"));
        let free = sample(include_str!("../../tests/samples/graph/header_x_business_use_case_usage_ok.json"));
        let cases = [
            (vec![], None),
            (vec![(USE_CASES, blocked.as_str())], Some(19 * 60)),
            (vec![(USE_CASES, free.as_str())], None),
            (vec![("retry-after", "7")], Some(7)),
            (vec![("retry-after", "7"), (USE_CASES, &blocked)], Some(19 * 60)),
            (vec![("retry-after", "3600"), (USE_CASES, &blocked)], Some(3600)),
            (vec![("retry-after", "18446744073709551615")], Some(24 * 3600)),
            (vec![("retry-after", "soon"), (USE_CASES, "[]")], None),
            (vec![(USE_CASES, r#"{"1":[{"estimated_time_to_regain_access":1.5}],"2":7,"3":[]}"#)], Some(120)),
        ];
        for (pairs, seconds) in cases {
            assert_eq!(pause(&headers(&pairs)), seconds.map(Duration::from_secs), "{pairs:?}");
        }
    }

    fn heard(pairs: &[(&'static str, &str)]) -> Vec<(Reach, Option<u64>, bool)> {
        let heard = Heard::default();
        heard.listen(&headers(pairs));
        heard.limits(None).into_iter().map(|limit| (limit.reach, limit.after_ms, limit.is_gentle)).collect()
    }

    #[test]
    fn usage_slows_down_from_eighty_and_holds_from_a_hundred_per_cent() {
        let case = |kind: &str, percent: u64, minutes: u64| {
            let case = serde_json::json!({"type": kind, "call_count": percent, "total_time": 3,
                "estimated_time_to_regain_access": minutes});
            serde_json::json!({ "178": [case] }).to_string()
        };
        let app = |percent: u64| serde_json::json!({"call_count": 5, "total_cputime": percent}).to_string();
        for (header, value, wanted) in [
            (APP, app(79), vec![]),
            (APP, app(80), vec![(Reach::Connection, Some(3_000), true)]),
            (APP, app(99), vec![(Reach::Connection, Some(60_000), true)]),
            (APP, app(100), vec![(Reach::App, None, false)]),
            (APP, "not JSON".to_owned(), vec![]),
            (USE_CASES, case("instagram", 79, 0), vec![]),
            (USE_CASES, case("instagram", 90, 0), vec![(Reach::Connection, Some(33_000), true)]),
            (USE_CASES, case("instagram", 100, 0), vec![(Reach::Connection, None, false)]),
            (USE_CASES, case("messenger", 120, 19), vec![(Reach::Connection, Some(1_140_000), false)]),
            (USE_CASES, case("pages", 10, 2), vec![(Reach::Connection, Some(120_000), false)]),
            (USE_CASES, case("catalog_batch", 100, 1), vec![(Reach::Budget, Some(60_000), false)]),
            ("retry-after", "7".to_owned(), vec![(Reach::Connection, Some(7_000), false)]),
        ] {
            assert_eq!(heard(&[(header, &value)]), wanted, "{header}: {value}");
        }
    }

    #[test]
    fn a_refusal_reaches_as_far_as_its_code_says() {
        for (code, subcode, reach, first_s) in [
            (4, None, Reach::App, 60),
            (341, None, Reach::App, 60),
            (17, Some(2446079), Reach::Connection, 60),
            (32, None, Reach::Connection, 60),
            (613, Some(2534040), Reach::Connection, 60),
            (613, Some(2018338), Reach::Conversation, 3600),
            (80002, None, Reach::Connection, 60),
            (80007, None, Reach::Connection, 60),
            (80014, None, Reach::Budget, 60),
            (130429, None, Reach::Connection, 2),
            (131048, None, Reach::Connection, 3600),
            (131056, None, Reach::Conversation, 6),
        ] {
            let limit = told(Some(code), subcode, code.to_string(), Some(Duration::from_secs(9)));
            assert_eq!((limit.reach, limit.first_ms, limit.after_ms), (reach, first_s * 1000, Some(9000)), "{code}");
        }
    }

    proptest! {
        #[test]
        fn no_header_is_too_odd(text in "[ -~]*") {
            let odd = headers(&[("retry-after", &text), (USE_CASES, &text), (APP, &text)]);
            let _ = (pause(&odd), usage(&odd));
        }
    }
}
