//! From the text of one setting to its type. What is wrong is said as the end of a sentence that begins with the key.

use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use tracing_subscriber::EnvFilter;
use url::{Host, Url};

use super::LogFormat;
use crate::vault::Secret;

type Parsed<T> = Result<T, String>;

/// None for an empty text.
pub(super) fn optional<T>(parse: impl Fn(&str) -> Parsed<T>) -> impl Fn(&str) -> Parsed<Option<T>> {
    move |text| if text.trim().is_empty() { Ok(None) } else { parse(text).map(Some) }
}

pub(super) fn secret(text: &str) -> Parsed<Secret> {
    Ok(Secret::from(text.trim()))
}

pub(super) fn whole<T: FromStr + PartialOrd + Display>(range: RangeInclusive<T>) -> impl Fn(&str) -> Parsed<T> {
    move |text| {
        let number = text.trim().parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| format!("is `{text}`: write a whole number from {} to {}", range.start(), range.end()))
    }
}

pub(super) fn address(text: &str) -> Parsed<SocketAddr> {
    text.trim().parse().map_err(|_| format!("is `{text}`: write an address and a port, as 127.0.0.1:8080"))
}

/// A duration that is not nothing.
pub(super) fn duration(text: &str) -> Parsed<Duration> {
    let duration = duration_or_none(text)?;
    if duration.is_zero() { Err(format!("is `{text}`: write a duration above zero")) } else { Ok(duration) }
}

/// A duration of so much or more.
pub(super) fn duration_from(least: Duration) -> impl Fn(&str) -> Parsed<Duration> {
    move |text| {
        let duration = duration(text)?;
        let days = least.as_secs() / 86_400;
        if duration < least { Err(format!("is `{text}`: write {days}d or more")) } else { Ok(duration) }
    }
}

/// A number and a unit.
pub(super) fn duration_or_none(text: &str) -> Parsed<Duration> {
    let wrong = || format!("is `{text}`: write a number and a unit, as 250ms, 10s, 5m, 1h or 2d");
    let trimmed = text.trim();
    let (number, unit) = trimmed.split_at(trimmed.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let unit_ms = match unit.trim() {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(wrong()),
    };
    // A century is more than anybody means, and keeps every later sum of times in range.
    let ms = number.checked_mul(unit_ms).filter(|ms| *ms <= 36_500 * 86_400_000);
    ms.map(Duration::from_millis).ok_or_else(|| format!("is `{text}`: write less than a hundred years"))
}

/// Durations above zero, one after the other.
pub(super) fn durations(text: &str) -> Parsed<Vec<Duration>> {
    text.split_whitespace().map(duration).collect()
}

pub(super) fn yes_or_no(text: &str) -> Parsed<bool> {
    text.trim().parse().map_err(|_| format!("is `{text}`: write true or false"))
}

pub(super) fn url(text: &str) -> Parsed<Url> {
    let url = Url::parse(text.trim()).ok().filter(|url| url.has_host() && matches!(url.scheme(), "http" | "https"));
    let url = url.ok_or_else(|| "is no web address: write it as https://shop.example".to_owned())?;
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err("holds more than a host and a path: leave out user, password, `?` and `#`".to_owned());
    }
    Ok(url)
}

/// Tokens travel to it, so plain http is for this machine alone.
pub(super) fn graph_base_url(text: &str) -> Parsed<Url> {
    let url = url(text)?;
    if url.scheme() == "https" || is_loopback(&url) {
        Ok(url)
    } else {
        Err("is plain http to another machine: write https, as tokens travel to it".to_owned())
    }
}

/// Whether it leads to this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

pub(super) fn graph_version(text: &str) -> Parsed<String> {
    let number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let parts = text.trim().strip_prefix('v').and_then(|rest| rest.split_once('.'));
    match parts {
        Some((major, minor)) if number(major) && number(minor) => Ok(text.trim().to_owned()),
        _ => Err(format!("is `{text}`: write it as v25.0")),
    }
}

/// A number of Meta's, which may be longer than any of ours.
pub(super) fn number_text(text: &str) -> Parsed<String> {
    let number = text.trim();
    match number.len() <= 64 && number.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(number.to_owned()),
        false => Err(format!("is `{text}`: write the number that Meta shows")),
    }
}

/// Names of webhook fields, with spaces between.
pub(super) fn field_names(text: &str) -> Parsed<Vec<String>> {
    let is_name =
        |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    match text.split_whitespace().find(|name| !is_name(name)) {
        Some(wrong) => Err(format!("has `{wrong}`: write names of webhook fields, with spaces between")),
        None => Ok(text.split_whitespace().map(str::to_owned).collect()),
    }
}

/// Never repeats the text, which may hold a password.
pub(super) fn database_url(text: &str) -> Parsed<Secret> {
    let is_server = ["postgres://", "postgresql://"].iter().any(|start| text.trim().starts_with(start));
    if is_server && Url::parse(text.trim()).is_err() {
        let wrong = "cannot be read: write postgres://USER:PASSWORD@HOST:PORT/NAME, with %40 for @ in a password, %2F \
                     for / and the like";
        return Err(wrong.to_owned());
    }
    if is_server || text.trim().starts_with("sqlite:") {
        return Ok(Secret::from(text.trim()));
    }
    Err("is no address of a database: write sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME".to_owned())
}

pub(super) fn log_format(text: &str) -> Parsed<LogFormat> {
    match text.trim() {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("is `{text}`: write text or json")),
    }
}

pub(super) fn log_filter(text: &str) -> Parsed<String> {
    // The parser cuts by bytes and panics within a character; no part of ours is named beyond ASCII.
    if !text.is_ascii() {
        return Err(format!("is `{text}`: write it in ASCII, as info,hawker=debug"));
    }
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.trim().to_owned()),
        Err(error) => Err(format!("is `{text}`: {error}; write it as info,hawker=debug")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_have_a_number_and_a_unit() {
        let good = [("50ms", 50), ("4s", 4000), ("5m", 300_000), (" 1h ", 3_600_000), ("2 d", 172_800_000)];
        for (text, ms) in good {
            assert_eq!(duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for text in [
            "",
            "4",
            "s",
            "-4s",
            "4.5s",
            "4sec",
            "0s",
            "0ms",
            "99999999999999999999s",
            "40000d",
            "18446744073709551615d",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert_eq!(duration_or_none("0s"), Ok(Duration::ZERO));
    }

    #[test]
    fn numbers_keep_to_their_range() {
        let falls = whole(1u32..=10);
        assert_eq!(falls("10"), Ok(10));
        assert_eq!(falls("11"), Err("is `11`: write a whole number from 1 to 10".to_owned()));
        assert!(["0", "-1", "1.5", "", "ten", "4294967297"].into_iter().all(|text| falls(text).is_err()));
    }

    #[test]
    fn tokens_travel_over_https_or_stay_on_the_machine() {
        for good in
            ["https://graph.facebook.com", "http://127.0.0.1:9000", "http://localhost:1", "http://[::1]:1/graph"]
        {
            assert!(graph_base_url(good).is_ok(), "{good}");
        }
        let bad = [
            "http://graph.facebook.com",
            "http://localhost.example",
            "ftp://graph.facebook.com",
            "graph",
            "",
            "https://user:pass@graph.facebook.com",
            "https://graph.facebook.com?a=b",
        ];
        for bad in bad {
            assert!(graph_base_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_version_is_a_letter_and_two_numbers() {
        assert_eq!(graph_version("v25.0"), Ok("v25.0".to_owned()));
        assert!(["25.0", "v25", "v.0", "v25.", "v25.0/me", ""].into_iter().all(|text| graph_version(text).is_err()));
    }

    #[test]
    fn a_wrong_database_address_is_not_repeated() {
        for wrong in
            ["mysql://root:hunter2@db/shop", "postgres://me:hunter2@db:99999/shop", "postgres://me:p/hunter2@db"]
        {
            let error = database_url(wrong).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_value_or_a_sentence(text in ".*") {
            let _ = (duration(&text), url(&text), address(&text), graph_version(&text), log_filter(&text));
        }

        #[test]
        fn any_ascii_is_a_log_filter_or_a_sentence(text in "[ -~\t]*") {
            let _ = log_filter(&text);
        }
    }
}
