//! Values as they stand in a cell, and back: prices, lists, names with values.

use actors::domain::money::{Currency, Money};

use super::report::Wrong;

/// `29.90 USD`, or `29.90` in the shop's own currency.
pub(super) fn price(text: &str, currency: Currency) -> Result<Money, Wrong> {
    let (amount, code) = match text.trim().rsplit_once(char::is_whitespace) {
        Some((amount, code)) => (amount.trim_end(), code.parse().ok()),
        None => (text.trim(), Some(currency)),
    };
    if code.is_some_and(|code| code != currency) {
        return Err(Wrong::new("wrong_currency", format!("prices of this shop are in {currency}")));
    }
    let wrong = || {
        let decimals = currency.decimals();
        let digits = if decimals == 0 { "no digits".to_owned() } else { format!("at most {decimals} digits") };
        Wrong::new("wrong_price", format!("a price is written like {}: {digits} after the point", example(currency)))
    };
    code.and_then(|code| Money::parse(amount, code).ok()).ok_or_else(wrong)
}

fn example(currency: Currency) -> Money {
    Money { minor: 29 * 10_i64.pow(u32::try_from(currency.decimals()).unwrap_or(0)), currency }
}

/// `true`, `no`, `1`
pub(super) fn yes_or_no(text: &str) -> Result<bool, Wrong> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Ok(true),
        "false" | "no" | "0" => Ok(false),
        _ => Err(Wrong::new("wrong_yes_or_no", "it is true or false")),
    }
}

/// A whole number.
pub(super) fn count(text: &str) -> Result<i64, Wrong> {
    text.trim()
        .parse()
        .map_err(|_| Wrong::new("wrong_stock", "a stock is a whole number, or empty where it is not counted"))
}

/// `linen top; shirt`. What would be taken for something else stands behind a backslash.
pub(super) fn list(items: &[String]) -> String {
    items.iter().map(|item| escaped(item, ";")).collect::<Vec<_>>().join("; ")
}

/// The items of a list.
pub(super) fn items(text: &str) -> Vec<String> {
    parts(text, ';').iter().map(|part| plain(part)).filter(|item| !item.is_empty()).collect()
}

/// `Size: M; Color: Blue`
pub(super) fn pairs(options: &[(String, String)]) -> String {
    let pair = |(name, value): &(String, String)| format!("{}: {}", escaped(name, ";:"), escaped(value, ";:"));
    options.iter().map(pair).collect::<Vec<_>>().join("; ")
}

/// Names and values of such a list.
pub(super) fn names_and_values(text: &str) -> Result<Vec<(String, String)>, Wrong> {
    let wrong = || Wrong::new("wrong_options", "options are written like Size: M; Color: Blue");
    let pair = |part: &str| match parts(part, ':').as_slice() {
        [name, value] => Ok((plain(name), plain(value))),
        _ => Err(wrong()),
    };
    parts(text, ';').into_iter().filter(|part| !part.trim().is_empty()).map(pair).collect()
}

/// Addresses, parted by commas.
pub(super) fn addresses(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|address| !address.is_empty())
}

/// A text with a backslash before what has a meaning, and before white space at its ends, which is cut off otherwise.
fn escaped(text: &str, special: &str) -> String {
    let (first, last) = (0, text.chars().count().saturating_sub(1));
    let mut escaped = String::with_capacity(text.len());
    for (place, char) in text.chars().enumerate() {
        let at_an_end = (place == first || place == last) && char.is_whitespace();
        if char == '\\' || special.contains(char) || at_an_end {
            escaped.push('\\');
        }
        escaped.push(char);
    }
    escaped
}

/// The pieces between separators that have no backslash before them.
fn parts(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut begin, mut is_escaped) = (Vec::new(), 0, false);
    for (at, char) in text.char_indices() {
        if char == separator && !is_escaped {
            parts.push(&text[begin..at]);
            begin = at + char.len_utf8();
        }
        is_escaped = char == '\\' && !is_escaped;
    }
    parts.push(&text[begin..]);
    parts
}

/// A piece without its backslashes, and without white space at its ends that has none.
fn plain(piece: &str) -> String {
    let (mut plain, mut kept, mut is_escaped) = (String::with_capacity(piece.len()), 0, false);
    for char in piece.trim_start().chars() {
        if char == '\\' && !is_escaped {
            is_escaped = true;
            continue;
        }
        plain.push(char);
        if is_escaped || !char.is_whitespace() {
            kept = plain.len();
        }
        is_escaped = false;
    }
    plain.truncate(kept);
    plain
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(text: &str, currency: &str) -> Result<i64, &'static str> {
        price(text, currency.parse().unwrap()).map(|price| price.minor).map_err(|wrong| wrong.code)
    }

    #[test]
    fn a_price_has_the_shops_currency_and_no_more_digits_than_it_has() {
        for (text, currency, read) in [
            ("29.90 USD", "USD", Ok(2990)),
            (" 29.9 ", "USD", Ok(2990)),
            ("29.90  usd", "USD", Ok(2990)),
            ("1200 JPY", "JPY", Ok(1200)),
            ("1.234", "KWD", Ok(1234)),
            ("29.90 EUR", "USD", Err("wrong_currency")),
            ("29,90", "USD", Err("wrong_price")),
            ("$29.90", "USD", Err("wrong_price")),
            ("29.90 dollars", "USD", Err("wrong_price")),
            ("-1", "USD", Err("wrong_price")),
            ("12.5", "JPY", Err("wrong_price")),
            ("1 200", "JPY", Err("wrong_price")),
            ("99999999999999999999", "USD", Err("wrong_price")),
        ] {
            assert_eq!(code(text, currency), read, "{text}");
        }
    }

    #[test]
    fn lists_are_written_as_people_would() {
        assert_eq!(items("linen top; shirt;; =1+1 ;"), ["linen top", "shirt", "=1+1"]);
        assert_eq!(items(r"a\;b; c\\"), ["a;b", r"c\"]);
        let options = names_and_values("Size: M; Color: Light: Blue");
        assert_eq!(options.unwrap_err().code, "wrong_options");
        let options = names_and_values(r"Size: M; Note: 10\:30; ").unwrap();
        assert_eq!(options, [("Size".into(), "M".into()), ("Note".to_owned(), "10:30".to_owned())]);
    }

    proptest! {
        #[test]
        fn lists_are_read_as_they_were_written(
            items_then in proptest::collection::vec("[ \t;:\\\\a-cé,]{1,6}", 0..4),
            pairs_then in proptest::collection::vec(("[ ;:\\\\a-c]{1,4}", "[ ;:\\\\a-c]{1,4}"), 0..4),
        ) {
            let items_then: Vec<String> = items_then.into_iter().filter(|item| !item.trim().is_empty()).collect();
            prop_assert_eq!(items(&list(&items_then)), items_then);
            prop_assert_eq!(names_and_values(&pairs(&pairs_then)).unwrap(), pairs_then);
        }
    }
}
