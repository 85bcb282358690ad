//! All that is held of one customer, as one JSON document: read a page at a time, so that neither memory nor a transaction
//! grows with what was said.

use actors::store::exports::{self, Section, Subject};
use actors::store::{Store, StoreError};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::Stream;
use futures::stream::try_unfold;
use serde_json::json;

/// What the document says of itself.
const ABOUT: &str = "All that is held of one customer of one shop. Times are UTC; amounts are in the smallest unit of \
                     their currency. Pictures and recordings stay with Meta: what is held of them are their kinds. \
                     Of what could not be read it says only that it came, as others may stand in it. \
                     Not in it: backups, logs, and what other systems of the shop were told.";

struct Left {
    store: Store,
    subject: Subject,
    made_at: DateTime<Utc>,
    /// The section that is written; none: it was not begun.
    section: Option<usize>,
    after: String,
    is_first_row: bool,
    is_over: bool,
}

/// The document, in pieces. One that breaks off is no JSON, and so cannot be taken for the whole.
pub(crate) fn of(
    store: &Store,
    subject: Subject,
    made_at: DateTime<Utc>,
) -> impl Stream<Item = Result<Bytes, StoreError>> + Send + use<> {
    let (store, after) = (store.clone(), String::new());
    let left = Left { store, subject, made_at, section: None, after, is_first_row: true, is_over: false };
    try_unfold(left, next)
}

async fn next(mut left: Left) -> Result<Option<(Bytes, Left)>, StoreError> {
    if left.is_over {
        return Ok(None);
    }
    let Some(place) = left.section else {
        let head = left.head();
        left.section = Some(0);
        return Ok(Some((head.into(), left)));
    };
    let Some(section) = Section::ALL.get(place).copied() else {
        left.is_over = true;
        return Ok(Some((Bytes::from_static(b"\n}\n"), left)));
    };
    let page = exports::page(left.store.reads(), &left.subject, section, &left.after).await?;
    let mut text = String::new();
    if left.after.is_empty() {
        text.push_str(&format!(",\n\n\"{}\": [", section.name()));
    }
    for row in &page.rows {
        text.push_str(if left.is_first_row { "\n" } else { ",\n" });
        text.push_str(&row.to_string());
        left.is_first_row = false;
    }
    match page.next {
        Some(after) => left.after = after,
        None => {
            text.push_str("\n]");
            (left.section, left.after, left.is_first_row) = (Some(place + 1), String::new(), true);
        }
    }
    Ok(Some((text.into(), left)))
}

impl Left {
    fn head(&self) -> String {
        let Subject { seller, customer, account, .. } = &self.subject;
        let head = [
            ("about", json!(ABOUT)),
            ("made_at", json!(self.made_at)),
            ("seller", json!(seller)),
            ("customer_id", json!(customer)),
            ("account", json!(account.as_str())),
        ];
        let head: Vec<String> = head.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
        format!("{{\n{}", head.join(",\n"))
    }
}
