//! Every body that Meta is known to send, and what each event in it means: a row a file, a line an event.

mod instagram;
mod page;
mod whatsapp;

use std::collections::BTreeMap;
use std::fs;

use super::summary::summary;
use super::{decode, sample, stored};

/// A file's name, and its events in their order.
type Row = (&'static str, &'static [&'static str]);

#[test]
fn every_sample_means_what_its_row_says() {
    let mut wrong = Vec::new();
    for (folder, rows) in [("instagram", instagram::ROWS), ("page", page::ROWS), ("whatsapp", whatsapp::ROWS)] {
        let rows: BTreeMap<&str, &[&str]> = rows.iter().copied().collect();
        let place = format!("{}/tests/samples/{folder}", env!("CARGO_MANIFEST_DIR"));
        let files = fs::read_dir(place).unwrap().map(|file| file.unwrap().path());
        let mut files: Vec<String> = files.map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
        files.sort();
        assert_eq!(files, rows.keys().copied().collect::<Vec<_>>(), "{folder}: one row for each file");
        for (name, expected) in rows {
            let found: Vec<String> =
                sample(&format!("{folder}/{name}")).into_iter().map(|found| summary(&stored(found))).collect();
            if found != expected {
                wrong.push(format!("    (\"{name}\", &{found:#?}),"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn the_door_ledgers_exactly_what_cannot_be_acted_on() {
    for (folder, rows) in [("instagram", instagram::ROWS), ("page", page::ROWS), ("whatsapp", whatsapp::ROWS)] {
        for (name, _) in rows {
            for arrival in sample(&format!("{folder}/{name}")) {
                let ledgered = arrival.ledgered;
                assert_eq!(decode(&stored(arrival)).err(), ledgered, "{folder}/{name}");
            }
        }
    }
}
