//! What the service answers, as people read it in a terminal and programs in a pipe. What others wrote is cleaned of all
//! that would move the cursor.

mod findings;
mod sheet;
mod table;

use std::io::IsTerminal;

use serde_json::Value;

pub(super) use findings::findings;
pub(super) use sheet::sheet;
pub(super) use table::{Column, account, aligned, brief, by, exact, money, number, table, text, time};

/// What is printed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Letters of a line; none: it is no terminal, but a file or another program.
    width: Option<u16>,
    colors: bool,
}

impl Screen {
    /// What standard output is.
    pub(super) fn of_stdout() -> Self {
        if !std::io::stdout().is_terminal() {
            return Self::pipe();
        }
        let said = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let width = console::Term::stdout().size_checked().map_or(100, |(_, width)| width);
        let colors = said("NO_COLOR").is_none() && said("TERM").is_none_or(|terminal| terminal != "dumb");
        Self { width: Some(width.max(40)), colors }
    }

    /// A file or another program.
    pub fn pipe() -> Self {
        Self { width: None, colors: false }
    }

    /// A terminal of this width, without colors.
    pub fn terminal(width: u16) -> Self {
        Self { width: Some(width), colors: false }
    }

    /// Whether a person looks at it.
    pub(super) fn is_terminal(self) -> bool {
        self.width.is_some()
    }

    /// The text, standing out where it can.
    pub(super) fn bold(self, text: &str) -> String {
        self.styled("1", text)
    }

    /// The text, less loud where it can be.
    pub(super) fn faint(self, text: &str) -> String {
        self.styled("2", text)
    }

    fn styled(self, code: &str, text: &str) -> String {
        if self.colors { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// The rows of a list within a thing.
pub(super) fn rows(list: &Value) -> Vec<&Value> {
    list.as_array().into_iter().flatten().collect()
}

/// A value in one line; a dash where there is none.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => clean(text),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Array(list) if list.is_empty() => "-".to_owned(),
        Value::Array(list) => list.iter().map(text_of).collect::<Vec<_>>().join(", "),
        Value::Object(_) => amount(value).unwrap_or_else(|| clean(&value.to_string())),
        Value::Number(number) => number.to_string(),
    }
}

/// `59.80 USD`
pub(super) fn amount(value: &Value) -> Option<String> {
    Some(format!("{} {}", clean(value["amount"].as_str()?), clean(value["currency"].as_str()?)))
}

/// A number with its thousands apart.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let (head, rest) = digits.split_at(first);
    let groups = rest.as_bytes().chunks(3).map(|three| String::from_utf8_lossy(three).into_owned());
    [head.to_owned()].into_iter().filter(|head| !head.is_empty()).chain(groups).collect::<Vec<_>>().join(",")
}

pub(super) fn number_of(value: &Value) -> String {
    value.as_u64().map_or_else(|| text_of(value), grouped)
}

pub(super) fn counted(count: u64, thing: &str) -> String {
    format!("{} {thing}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// `2026-10-01 12:00:00`
pub(super) fn short_time(value: &Value) -> String {
    let text = text_of(value).replace('T', " ");
    if text == "-" { text } else { text.chars().take(19).collect() }
}

/// `2026-10-01 12:00`
pub(super) fn minute(value: &Value) -> String {
    short_time(value).chars().take(16).collect()
}

pub(super) fn shortened(text: String, chars: usize) -> String {
    match text.chars().count() > chars {
        true => text.chars().take(chars - 3).chain("...".chars()).collect(),
        false => text,
    }
}

/// The text in one line, without letters that a terminal obeys instead of showing them.
pub(super) fn clean(text: &str) -> String {
    text.chars()
        .map(|letter| if is_obeyed(letter) { letter.escape_unicode().to_string() } else { letter.to_string() })
        .collect()
}

/// The same, with its lines as they are.
pub(super) fn clean_lines(text: &str) -> String {
    text.split('\n').map(|line| clean(line.trim_end_matches('\r'))).collect::<Vec<_>>().join("\n")
}

/// The same, its lines joined to one.
pub(super) fn clean_line(text: &str) -> String {
    clean(&text.split(['\n', '\r', '\t']).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "))
}

/// Control letters, and those that turn the direction of what follows.
fn is_obeyed(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_have_their_thousands_apart() {
        for (given, shown) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(given), shown);
        }
    }

    #[test]
    fn what_others_wrote_cannot_move_the_cursor() {
        assert_eq!(clean("a\u{1b}[2Jb\u{202e}c"), r"a\u{1b}[2Jb\u{202e}c");
        assert_eq!(clean_lines("a\r\n\u{7}b"), "a\n\\u{7}b");
        assert_eq!(clean_line("a\r\n\tb"), "a b");
    }

    #[test]
    fn a_value_is_a_word_or_two() {
        for (value, shown) in [
            (json!(null), "-"),
            (json!(true), "yes"),
            (json!(["a", "b"]), "a, b"),
            (json!({ "amount": "59.80", "currency": "USD", "minor": 5980 }), "59.80 USD"),
            (json!(0.75), "0.75"),
        ] {
            assert_eq!(text_of(&value), shown);
        }
    }

    #[test]
    fn nothing_stands_out_where_it_cannot() {
        assert_eq!(Screen::pipe().bold("a"), "a");
        assert_eq!(Screen { width: Some(80), colors: true }.bold("a"), "\u{1b}[1ma\u{1b}[0m");
    }
}
