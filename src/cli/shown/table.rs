//! Lists: columns that fit a terminal, or fields between tabs for whatever reads them in a pipe.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, Table};
use serde_json::Value;

use super::{Screen, amount, clean_line, minute, shortened, text_of};

/// What a preview is cut to.
const BRIEF_CHARS: usize = 40;

/// A column of a list.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Column {
    title: &'static str,
    of: Of,
}

#[derive(Clone, Copy, Debug)]
enum Of {
    /// What a row has at this place, as a JSON pointer.
    Member(&'static str, Kind),
    /// What is made of the row, for people and for programs alike.
    Made(fn(&Value) -> String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    /// Words that are never broken, as ids of Meta's are.
    Exact,
    Brief,
    /// An account, of which people need the channel.
    Account,
    Number,
    Time,
    Money,
}

/// A text, as wide as there is room.
pub(in crate::cli) const fn text(title: &'static str, place: &'static str) -> Column {
    Column { title, of: Of::Member(place, Kind::Text) }
}

/// A word that is never broken.
pub(in crate::cli) const fn exact(title: &'static str, place: &'static str) -> Column {
    Column { title, of: Of::Member(place, Kind::Exact) }
}

/// The beginning of a text.
pub(in crate::cli) const fn brief(title: &'static str, place: &'static str) -> Column {
    Column { title, of: Of::Member(place, Kind::Brief) }
}

/// An account, `channel:ID`: for people, only the channel.
pub(in crate::cli) const fn account(title: &'static str, place: &'static str) -> Column {
    Column { title, of: Of::Member(place, Kind::Account) }
}

/// A number, to the right. Ids are numbers too, and have no thousands.
pub(in crate::cli) const fn number(title: &'static str, place: &'static str) -> Column {
    Column { title, of: Of::Member(place, Kind::Number) }
}

/// A time, in UTC.
pub(in crate::cli) const fn time(title: &'static str, place: &'static str) -> Column {
    Column { title, of: Of::Member(place, Kind::Time) }
}

/// An amount of money, to the right.
pub(in crate::cli) const fn money(title: &'static str, place: &'static str) -> Column {
    Column { title, of: Of::Member(place, Kind::Money) }
}

/// What is made of a row.
pub(in crate::cli) const fn by(title: &'static str, made: fn(&Value) -> String) -> Column {
    Column { title, of: Of::Made(made) }
}

impl Column {
    fn kind(self) -> Kind {
        match self.of {
            Of::Member(_, kind) => kind,
            Of::Made(_) => Kind::Text,
        }
    }

    fn for_people(self, row: &Value) -> String {
        let Of::Member(place, kind) = self.of else { return self.for_programs(row) };
        let value = row.pointer(place).unwrap_or(&Value::Null);
        match kind {
            Kind::Text | Kind::Exact => one_line(value),
            Kind::Brief => shortened(one_line(value), BRIEF_CHARS),
            Kind::Account => one_line(value).split(':').next().unwrap_or_default().to_owned(),
            Kind::Number => text_of(value),
            Kind::Time => minute(value),
            Kind::Money => amount(value).unwrap_or_else(|| text_of(value)),
        }
    }

    /// Whole, and nothing where there is nothing.
    fn for_programs(self, row: &Value) -> String {
        match self.of {
            Of::Made(made) => clean_line(&made(row)),
            Of::Member(place, _) => match row.pointer(place) {
                None | Some(Value::Null) => String::new(),
                Some(value) => one_line(value),
            },
        }
    }
}

fn one_line(value: &Value) -> String {
    value.as_str().map_or_else(|| text_of(value), clean_line)
}

/// Rows under their titles for people; for programs, a line each with tabs between, and no titles.
pub(in crate::cli) fn table<'a>(
    screen: Screen,
    columns: &[Column],
    rows: impl IntoIterator<Item = &'a Value>,
) -> String {
    if !screen.is_terminal() {
        let line = |row| columns.iter().map(|column| column.for_programs(row)).collect::<Vec<_>>().join("\t") + "\n";
        return rows.into_iter().map(line).collect();
    }
    let rows: Vec<&Value> = rows.into_iter().collect();
    // A column with nothing in it only takes the others' room.
    let is_needed = |column: &&Column| rows.iter().any(|row| !matches!(&*column.for_people(row), "" | "-"));
    let columns: Vec<&Column> = columns.iter().filter(is_needed).collect();
    let lines = rows.iter().map(|row| columns.iter().map(|column| column.for_people(row)).collect());
    let is_right = |column: &Column| matches!(column.kind(), Kind::Number | Kind::Money);
    let is_fixed = |column: &Column| !matches!(column.kind(), Kind::Text | Kind::Brief);
    let heads: Vec<Head> =
        columns.iter().map(|column| Head(column.title, is_right(column), is_fixed(column))).collect();
    laid_out(screen, &heads, lines.collect())
}

/// A title, whether what is under it goes to the right, and whether it is never broken.
struct Head(&'static str, bool, bool);

/// Lines under their titles, on any screen. A title that begins with `>` is of numbers.
pub(in crate::cli) fn aligned(screen: Screen, titles: &[&'static str], lines: Vec<Vec<String>>) -> String {
    let head = |title: &&'static str| match title.strip_prefix('>') {
        Some(title) => Head(title, true, true),
        None => Head(title, false, false),
    };
    laid_out(screen, &titles.iter().map(head).collect::<Vec<_>>(), lines)
}

fn laid_out(screen: Screen, heads: &[Head], lines: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(match screen.width {
        Some(_) => ContentArrangement::Dynamic,
        None => ContentArrangement::Disabled,
    });
    if let Some(width) = screen.width {
        table.set_width(width);
    }
    let has_titles = heads.iter().any(|Head(title, ..)| !title.is_empty());
    if has_titles {
        table.set_header(heads.iter().map(|Head(title, ..)| Cell::new(title)).collect::<Vec<_>>());
    }
    for line in lines {
        table.add_row(line);
    }
    for (column, Head(_, is_right, is_fixed)) in table.column_iter_mut().zip(heads) {
        column.set_padding((2, 0));
        column.set_cell_alignment(if *is_right { CellAlignment::Right } else { CellAlignment::Left });
        if *is_fixed {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    let mut text = String::new();
    for (number, line) in table.lines().enumerate() {
        let line = line.trim_end();
        text.push_str(&if number == 0 && has_titles { screen.bold(line) } else { line.to_owned() });
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const COLUMNS: &[Column] = &[
        number("ORDER", "/id"),
        exact("STATE", "/state"),
        money("TOTAL", "/total"),
        time("OPENED", "/at"),
        text("WORDS", "/words"),
    ];

    fn orders() -> [Value; 2] {
        [
            json!({
                "id": 7,
                "state": "draft",
                "total": { "amount": "9.00", "currency": "USD" },
                "at": "2026-10-01T12:00:00Z",
                "words": "two\tblue \u{1b}[2Jshirts 日本語",
            }),
            json!({ "id": 1234, "state": "confirmed", "total": null, "words": "a" }),
        ]
    }

    #[test]
    fn people_get_columns_that_fit() {
        let shown = table(Screen::terminal(80), COLUMNS, &orders());
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0], "  ORDER  STATE         TOTAL  OPENED            WORDS");
        assert_eq!(lines[1], r"      7  draft      9.00 USD  2026-10-01 12:00  two blue \u{1b}[2Jshirts 日本語");
        assert_eq!(lines[2], "   1234  confirmed         -  -                 a");
        let few = table(Screen::terminal(80), COLUMNS, &orders()[1..]);
        assert_eq!(few, "  ORDER  STATE      WORDS\n   1234  confirmed  a\n", "what nothing is in is left out");
        let narrow = table(Screen::terminal(60), COLUMNS, &orders());
        assert!(narrow.lines().all(|line| console::measure_text_width(line) <= 60), "{narrow}");
        assert!(
            narrow.contains("      7  draft      9.00 USD  2026-10-01 12:00"),
            "what is short is not broken: {narrow}"
        );
    }

    #[test]
    fn programs_get_tabs_and_all_of_it() {
        let shown = table(Screen::pipe(), COLUMNS, &orders());
        let lines: Vec<Vec<&str>> = shown.lines().map(|line| line.split('\t').collect()).collect();
        assert_eq!(lines[0][..4], ["7", "draft", "9.00 USD", "2026-10-01T12:00:00Z"]);
        assert_eq!(lines[1], ["1234", "confirmed", "", "", "a"]);
    }
}
