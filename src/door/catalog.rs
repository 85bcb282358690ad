//! What Meta tells of catalogs: how far a batch of items is. What is told beside that is kept, and nobody reads it.

use actors::domain::channel::Account;
use actors::domain::event::Happening;
use actors::domain::outcome::Reason;
use serde_json::value::RawValue;

use super::change::Change;
use super::json::{Fields, TEXT_LIMIT, bounded, id_of, time_of};
use super::keep::{Cutter, Found};

/// What an envelope about catalogs says it is about.
pub(super) const OBJECT: &str = "catalog";
/// The field in which batches are told of, and the kind under which that is kept.
const FIELD: &str = "items_batch";
const ID_LIMIT: usize = TEXT_LIMIT - "catalog:".len();

/// Cuts one entry: a catalog, and what happened there.
pub(super) fn cut<'a>(cutter: &mut Cutter<'a>, raw: &'a RawValue) {
    let changes = Fields::read(raw.get()).and_then(|entry| {
        let changes: Vec<&RawValue> = serde_json::from_str(entry.get("changes")?.get()).ok()?;
        let events: Vec<_> = changes.iter().filter_map(|change| found(cutter, &entry, change)).collect();
        // All of it is read, or it is kept in one piece.
        (cutter.is_intact(raw) && !events.is_empty() && events.len() == changes.len())
            .then(|| events.into_iter().zip(changes))
    });
    match changes {
        Some(events) => events.for_each(|(found, change)| cutter.keep(found, change.get())),
        None => cutter.unknown(OBJECT, raw),
    }
}

fn found<'a>(cutter: &Cutter<'a>, entry: &Fields<'a>, change: &'a RawValue) -> Option<Found> {
    let change = Change::of(&Fields::read(change.get())?);
    let handle = handle(&change)?;
    let catalog = change.value.get("catalog_id").and_then(id_of).or_else(|| entry.get("id").and_then(id_of))?;
    Some(Found {
        account: Account::of_catalog(&bounded(catalog, ID_LIMIT)),
        kind: FIELD.to_owned(),
        // The same batch may be told of at each of its steps.
        key: format!("{FIELD}:{handle}:{}", change.value.text("status").unwrap_or_default()),
        customer: None,
        happened_at: time_of(entry.get("time"), cutter.received_at),
        ledgered: None,
    })
}

/// What a kept change means.
pub(super) fn meaning(text: &str) -> Result<Happening, Reason> {
    let change = Change::of(&Fields::read(text).ok_or(Reason::Unreadable)?);
    let handle = handle(&change).ok_or(Reason::Unreadable)?;
    Ok(Happening::BatchTold { handle })
}

fn handle(change: &Change<'_>) -> Option<String> {
    let handle = change.value.text("handle").filter(|handle| !handle.is_empty())?;
    (change.field == FIELD).then_some(handle)
}

#[cfg(test)]
mod tests {
    use actors::domain::event::Arrival;
    use chrono::DateTime;

    use super::*;
    use crate::door::cut;

    fn told(body: &str) -> Vec<Arrival> {
        cut(body.as_bytes(), DateTime::UNIX_EPOCH)
    }

    #[test]
    fn a_batch_is_told_of_under_its_catalog() {
        let [arrival] = &told(include_str!("../../tests/samples/graph/webhook_catalog_items_batch.json"))[..] else {
            panic!("one event");
        };
        assert_eq!(arrival.account, Account::of_catalog("800680000000001"));
        assert!(arrival.key.starts_with("items_batch:Acy_") && arrival.key.ends_with(":finished"), "{}", arrival.key);
        assert_eq!((arrival.ledgered, arrival.happened_at.timestamp()), (None, 1_790_856_000));
        let Ok(Happening::BatchTold { handle }) = meaning(str::from_utf8(&arrival.raw).unwrap()) else {
            panic!("it was not read");
        };
        assert!(handle.starts_with("Acy_"));
    }

    #[test]
    fn what_else_is_told_of_catalogs_is_kept_in_one_piece() {
        let batch = r#"{"field":"items_batch","value":{"handle":"h","catalog_id":"1"}}"#;
        for changes in [
            r#"[{"field":"product_feed","value":{"feed_id":"1"}}]"#.to_owned(),
            r#"[{"field":"items_batch","value":{"handle":""}}]"#.to_owned(),
            r#"[{"field":"items_batch","value":{"handle":7.5e1,"catalog_id":{}}}, 7]"#.to_owned(),
            format!(r#"[{batch},{{"field":"product_feed"}}]"#),
            "{}".to_owned(),
            "[]".to_owned(),
        ] {
            let arrivals = told(&format!(r#"{{"object":"catalog","entry":[{{"id":"1","changes":{changes}}}]}}"#));
            let [arrival] = &arrivals[..] else { panic!("{changes}: {arrivals:?}") };
            assert_eq!(
                (arrival.kind.as_str(), arrival.ledgered),
                ("object:catalog", Some(Reason::NotUsed)),
                "{changes}"
            );
        }
        assert_eq!(
            told(&format!(r#"{{"object":"catalog","entry":[{{"id":"1","changes":[{batch},{batch}]}}]}}"#)).len(),
            2
        );
    }
}
