//! The ledger as people read it in a terminal. What others wrote is cleaned of all that would move the cursor.

use std::fmt::Write;

use serde_json::Value;

use crate::cli::shown::{clean_lines, counted, grouped, number_of, rows, short_time, shortened, text_of};

/// A key is shown so far; `show` has all of it.
const KEY_CHARS: usize = 36;

/// The equation, and what is in the ledger.
pub(super) fn overview(address: &str, answer: &Value) -> String {
    let equation = &answer["equation"];
    let mut text = format!("What came to {address}, and what became of it:\n\n");
    let width = number_of(&equation["received"]).len();
    for (sign, name) in [(" ", "received"), ("=", "handled"), ("+", "duplicate"), ("+", "ledgered"), ("+", "pending")] {
        let _ = writeln!(text, "  {sign} {name:<10} {:>width$}", number_of(&equation[name]));
    }
    text.push_str(match answer["holds"] == true {
        true => "\nThe equation holds: nothing is lost, nothing is made up.\n",
        false => "\nTHE EQUATION DOES NOT HOLD. Please report this; `hawker ledger by hour` says since when.\n",
    });
    let reasons = rows(&answer["ledgered"]);
    if !reasons.is_empty() {
        text.push_str("\nIn the ledger:\n\n");
        text.push_str(&reason_table(&reasons));
        text.push_str(
            "\n`hawker ledger list --reason REASON` shows the events; `hawker ledger show EVENT` shows one.\n",
        );
    }
    let unknown = &answer["unknown_accounts"];
    let count = |name: &str| unknown[name].as_i64().unwrap_or(0);
    if count("accounts") > 0 {
        let kept = counted(count("kept").unsigned_abs(), "event");
        let accounts = number_of(&unknown["accounts"]);
        let _ = writeln!(text, "\nAccounts that nobody has connected: {accounts}, with {kept} kept.");
        text.push_str("`hawker ledger accounts` lists them.\n");
    }
    if count("not_kept") > 0 {
        let not_kept = number_of(&unknown["not_kept"]);
        let _ =
            writeln!(text, "Counted and not kept, for want of room in the ledger: {not_kept} of such events so far.");
    }
    text
}

/// Why events are in the ledger.
pub(super) fn reasons(answer: &Value) -> String {
    reason_table(&rows(&answer["data"]))
}

/// A line for the reason, and one for what to do.
fn reason_table(reasons: &[&Value]) -> String {
    let lines = reasons.iter().flat_map(|reason| {
        let nothing_to_do = reason["fix"].as_str().is_some_and(|fix| fix == "Nothing to do.");
        let told = vec![text_of(&reason["reason"]), number_of(&reason["count"]), text_of(&reason["sentence"])];
        let fix = vec![String::new(), String::new(), format!("-> {}", text_of(&reason["fix"]))];
        [Some(told), (!nothing_to_do).then_some(fix)].into_iter().flatten()
    });
    table(&["REASON", ">EVENTS", "WHAT HAPPENED, AND WHAT TO DO"], &lines.collect::<Vec<_>>())
}

/// The parts of the equation.
pub(super) fn parts(by: &str, answer: &Value) -> String {
    let parts = rows(&answer["data"]);
    if parts.is_empty() {
        return "Nothing came in this span.\n".to_owned();
    }
    let name = |part: &Value| match (&part[by], by) {
        (Value::Null, _) => "nobody".to_owned(),
        (time, "hour") => short_time(time).chars().take(16).collect(),
        (time, "day") => short_time(time).chars().take(10).collect(),
        (other, _) => text_of(other),
    };
    let lines: Vec<Vec<String>> = parts
        .iter()
        .map(|part| {
            let counts = ["received", "handled", "duplicate", "ledgered", "pending"];
            let counts = counts.map(|name| number_of(&part["equation"][name]));
            let holds = if part["holds"] == true { "yes" } else { "NO" };
            [vec![name(part)], counts.to_vec(), vec![holds.to_owned()]].concat()
        })
        .collect();
    let head = format!("{}{}", if by == "seller" { ">" } else { "" }, by.to_uppercase());
    let head = [&head, ">RECEIVED", ">= HANDLED", ">+ DUPLICATE", ">+ LEDGERED", ">+ PENDING", "HOLDS"];
    let note = if by == "hour" || by == "day" { "\nTimes are UTC.\n" } else { "" };
    format!("{}{note}", table(&head, &lines))
}

/// Accounts that nobody has connected.
pub(super) fn accounts(answer: &Value) -> String {
    let accounts = rows(&answer["data"]);
    if accounts.is_empty() {
        return "Every account that events came for is connected to a seller.\n".to_owned();
    }
    let line = |account: &&Value| {
        let times = [short_time(&account["first_at"]), short_time(&account["last_at"])];
        let counts = [number_of(&account["kept"]), number_of(&account["not_kept"])];
        [vec![text_of(&account["account"])], counts.to_vec(), times.to_vec()].concat()
    };
    let lines: Vec<_> = accounts.iter().map(line).collect();
    let table = table(&["ACCOUNT", ">KEPT", ">NOT KEPT", "FIRST CAME (UTC)", "LAST CAME (UTC)"], &lines);
    format!("{table}\n-> {}\n", text_of(&accounts[0]["fix"]))
}

/// What was found.
pub(super) fn events(answer: &Value) -> String {
    let events = rows(&answer["data"]);
    if events.is_empty() {
        return "No such event. `--state any` looks at events of every state.\n".to_owned();
    }
    let line = |event: &&Value| {
        let state = match &event["reason"] {
            Value::Null => text_of(&event["state"]),
            reason => text_of(reason),
        };
        vec![
            text_of(&event["id"]),
            state,
            text_of(&event["kind"]),
            short_time(&event["received_at"]),
            text_of(&event["account"]),
            text_of(&event["seller"]),
            text_of(&event["customer"]),
            shortened(text_of(&event["key"]), KEY_CHARS),
        ]
    };
    let lines: Vec<_> = events.iter().map(line).collect();
    let head = [">EVENT", "STATE OR REASON", "KIND", "RECEIVED (UTC)", "ACCOUNT", ">SELLER", "CUSTOMER", "KEY"];
    let more = if answer["next"].is_null() { "" } else { "There may be more: --limit asks for them.\n" };
    format!("{}\n{more}`hawker ledger show EVENT` shows one with its bytes.\n", table(&head, &lines))
}

/// One event.
pub(super) fn event(event: &Value) -> String {
    let state = match &event["reason"] {
        Value::Null => text_of(&event["state"]),
        reason => format!("{}: {}", text_of(&event["state"]), text_of(reason)),
    };
    let mut text = format!("Event {}, {}, {state}\n", text_of(&event["id"]), text_of(&event["kind"]));
    if event["reason"].is_string() {
        let _ = writeln!(text, "  {}\n  -> {}", text_of(&event["sentence"]), text_of(&event["fix"]));
    }
    text.push('\n');
    for (label, value) in [
        ("account", text_of(&event["account"])),
        ("seller", text_of(&event["seller"])),
        ("customer", text_of(&event["customer"])),
        ("source", text_of(&event["source"])),
        ("key", text_of(&event["key"])),
        ("happened", short_time(&event["happened_at"])),
        ("received", short_time(&event["received_at"])),
        ("ended", short_time(&event["decided_at"])),
        ("attempts", text_of(&event["attempts"])),
    ] {
        let _ = writeln!(text, "  {label:<9} {value}");
    }
    let raw = &event["raw"];
    let _ = writeln!(text, "\nIt came as {}, shown below{}:\n", bytes(&raw["bytes"]), how_shown(raw));
    let _ = writeln!(text, "{}", clean_lines(raw["text"].as_str().unwrap_or_default()));
    if event["replayable"] == true {
        let _ = writeln!(text, "\n`hawker ledger replay {}` puts it back to work.", text_of(&event["id"]));
    }
    text
}

fn bytes(count: &Value) -> String {
    counted(count.as_u64().unwrap_or(0), "byte")
}

fn how_shown(raw: &Value) -> &'static str {
    match (raw["whole"] == true, raw["is_text"] == true) {
        (true, true) => "",
        (true, false) => ", with what is no text written \\xff",
        (false, true) => " as far as they fit (--whole shows all)",
        (false, false) => " as far as they fit (--whole shows all), with what is no text written \\xff",
    }
}

/// What a replay did, or would do.
pub(super) fn replayed(answer: &Value) -> String {
    let dry_run = answer["dry_run"] == true;
    let (events, sellers) = (answer["replayed"].as_u64().unwrap_or(0), answer["sellers"].as_u64().unwrap_or(0));
    let verb = if dry_run { "would be put back" } else { "put back" };
    let mut text = match events {
        0 => "Nothing in the ledger fits that and can be put back.\n".to_owned(),
        _ => format!("{} {verb}, for {}.\n", counted(events, "event"), counted(sellers, "seller")),
    };
    let pair = |name: &'static str| move |row: &&Value| vec![text_of(&row[name]), number_of(&row["events"])];
    let (by_seller, by_reason) = (rows(&answer["by_seller"]), rows(&answer["by_reason"]));
    if events > 0 {
        let _ = write!(
            text,
            "\n{}\n{}",
            table(&["REASON", ">EVENTS"], &by_reason.iter().map(pair("reason")).collect::<Vec<_>>()),
            table(&["SELLER", ">EVENTS"], &by_seller.iter().map(pair("seller")).collect::<Vec<_>>()),
        );
    }
    if let Some(known @ 1..) = answer["duplicate"].as_u64() {
        let _ = writeln!(text, "\n{} were known already, and are duplicates now.", grouped(known));
    }
    for refused in rows(&answer["refused"]) {
        let count = counted(refused["events"].as_u64().unwrap_or(0), "event");
        let _ = writeln!(text, "\nLeft in the ledger: {count}. {}", text_of(&refused["sentence"]));
    }
    text.push_str(match (events, dry_run) {
        (0, _) => "",
        (_, true) => "\nNothing was changed. Without --dry-run it is done.\n",
        (_, false) => "\nTheir sellers take them up now; what is older than an automatic answer may be gets none.\n",
    });
    text
}

/// Columns side by side. A head that begins with `>` is of numbers.
fn table(head: &[&str], lines: &[Vec<String>]) -> String {
    let titles: Vec<&str> = head.iter().map(|title| title.trim_start_matches('>')).collect();
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count());
        cells.chain([titles[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut text = String::new();
    let mut write = |cells: &[&str]| {
        let padded = cells.iter().enumerate().map(|(column, cell)| match head[column].starts_with('>') {
            true => format!("{cell:>width$}", width = widths[column]),
            false => format!("{cell:<width$}", width = widths[column]),
        });
        let _ = writeln!(text, "  {}", padded.collect::<Vec<_>>().join("  ").trim_end());
    };
    write(&titles);
    for line in lines {
        write(&line.iter().map(String::as_str).collect::<Vec<_>>());
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_has_its_columns_under_each_other() {
        let lines = [vec!["poison".to_owned(), "7".to_owned()], vec!["é".to_owned(), "1,200".to_owned()]];
        assert_eq!(table(&["REASON", ">N"], &lines), "  REASON      N\n  poison      7\n  é       1,200\n");
    }

    #[test]
    fn what_others_wrote_cannot_move_the_cursor() {
        let shown =
            event(&json!({ "id": 1, "raw": { "text": "{\n\u{7}\r\n}", "bytes": 6, "whole": true, "is_text": true } }));
        assert!(shown.contains("{\n\\u{7}\n}"), "{shown}");
    }
}
