//! What holds for every message.

use proptest::prelude::*;

use super::{read, shop};
use crate::reader::CatalogIndex;

/// Words that a message to the shop may be made of, in any order.
const WORDS: &[&str] = &[
    "2",
    "x3",
    "two",
    "dozen",
    "a",
    "waxed",
    "apron",
    "aprons",
    "boots",
    "rubber",
    "jam",
    "plum",
    "fig",
    "honey",
    "cap",
    "blue",
    "red",
    "M",
    "42",
    "size",
    "and",
    "or",
    "no",
    "not",
    "remove",
    "each",
    "sorry",
    "make it",
    "i want",
    "?",
    ",",
    ".",
    "\n",
    "how much",
    "please",
    "pesto",
    "extra",
    "street",
    "12",
    "+",
    "@",
    "call",
    "07700900123",
    "😍",
    "é",
    "'",
];

const OPTIONS: &[&str] = &["M", "blue", "size", "in", "L", "red", "please", "42", "plum", "500 g", ",", "talla", "the"];

fn talk(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(words), 0..40).prop_map(|words| words.join(" "))
}

fn holds(index: &CatalogIndex, text: &str) {
    let reading = read(index, text);
    assert_eq!(reading, read(index, text), "reading is deterministic");
    assert!((0.0..=1.0).contains(&reading.confidence));
    for line in &reading.lines {
        assert!(line.quantity >= 1);
        assert!((0.0..=1.0).contains(&line.confidence));
        assert!(line.evidence.iter().all(|part| !part.words.is_empty() && text.contains(&part.words)));
    }
    assert!(reading.loose_options.iter().all(|option| text.contains(&option.evidence.words)));
}

proptest! {
    #[test]
    fn any_text_can_be_read(text in any::<String>()) {
        holds(&shop(), &text);
    }

    #[test]
    fn any_mix_of_known_words_can_be_read(text in talk(WORDS)) {
        holds(&shop(), &text);
    }

    #[test]
    fn options_alone_make_no_line(text in talk(OPTIONS)) {
        prop_assert!(read(&shop(), &text).lines.is_empty());
    }

    #[test]
    fn any_catalog_can_be_indexed(title in any::<String>(), value in any::<String>()) {
        let mut catalog = super::catalog();
        let mut apron = catalog.remove("AP").unwrap();
        apron.title.clone_from(&title);
        apron.variants[0].options[0].1.clone_from(&value);
        catalog.put(apron);
        holds(&CatalogIndex::new(&catalog), &format!("2 {title} {value} please"));
    }
}

#[test]
fn a_megabyte_is_read_in_no_time() {
    let shop = shop();
    let start = std::time::Instant::now();
    for part in ["2 blue aprons, no sorry ", "a", "1 ", "🙂", "@", "x2 not "] {
        holds(&shop, &part.repeat(1_000_000 / part.len()));
    }
    assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
}

#[test]
fn an_index_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<CatalogIndex>();
}
