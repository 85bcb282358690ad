//! How long Meta asks us to wait, as its answer's headers tell.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;

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

fn regain_minutes(header: &str) -> Option<u64> {
    let usage: serde_json::Map<String, Value> = serde_json::from_str(header).ok()?;
    let cases = usage.values().filter_map(Value::as_array).flatten();
    cases.filter_map(|case| minutes(case.get("estimated_time_to_regain_access")?)).max()
}

fn minutes(value: &Value) -> Option<u64> {
    value
        .as_u64()
        .or_else(|| value.as_f64().map(|minutes| minutes.ceil() as u64))
        .or_else(|| value.as_str()?.parse().ok())
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

    proptest! {
        #[test]
        fn no_header_is_too_odd(text in "[ -~]*") {
            let _ = pause(&headers(&[("retry-after", &text), (USE_CASES, &text)]));
        }
    }
}
