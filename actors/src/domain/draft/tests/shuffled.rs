//! Messages in any order of arrival, some of them twice, make one draft.

use super::picked::{again, confirmed, picked, tapped};
use super::*;

/// One of everything that can be said, at a time of its own.
fn heard() -> impl Strategy<Value = Heard> {
    (1..1000_i64, 0..14_u8, 1..5_u32, any::<bool>()).prop_map(|(n, kind, quantity, first)| {
        let (product, variant) = if first { ("LIN", "LIN-Blue-M") } else { ("CAP", "CAP") };
        let color = if first { "Blue" } else { "White" };
        let mut words = said(n, vec![line(product, Some(quantity), &[])]);
        match kind {
            0..=2 => words,
            3 => {
                words.reading.lines[0].change = LineChange::Remove;
                words
            }
            4 => {
                words.reading.lines[0].change = LineChange::Set;
                words
            }
            5 => {
                words.reading.more = true;
                words
            }
            6 => loose(n, "Color", color),
            7 => loose(n, "Size", "M"),
            8 => {
                (words.reading.intent, words.reading.lines) = (Intent::Cancel, vec![]);
                words
            }
            9 => picked(n, &[(variant, Some(quantity)), ("CAP", Some(1))]),
            10 => picked(n, &[(variant, None), ("777", None)]),
            11 => tapped(n, Button::Agree),
            12 => {
                let (product, name, value) = ("LIN".into(), "Color".into(), color.into());
                tapped(n, Button::Choose { order: ORDER, product, with: vec![], name, value })
            }
            _ => again(n),
        }
    })
}

/// As a conversation puts a message at its place; one that is there already was kept out by its key.
fn arrive(heard: &mut Vec<Heard>, said: Heard) {
    let place = heard.partition_point(|known| (known.at, known.message) < (said.at, said.message));
    if heard.get(place).is_none_or(|known| known.key != said.key) {
        heard.insert(place, said);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]
    #[test]
    fn the_order_of_arrival_makes_no_difference(
        (story, arrivals) in prop::collection::vec(heard(), 1..10).prop_flat_map(|said| {
            let mut story: Vec<Heard> = Vec::new();
            said.into_iter().for_each(|said| arrive(&mut story, said));
            let twice: Vec<Heard> = story.iter().chain(story.iter().step_by(2)).cloned().collect();
            (Just(story), Just(twice).prop_shuffle())
        }),
        looked_at in any::<u16>(),
    ) {
        let (catalog, last) = (shirts(), confirmed());
        let shelf = Shelf { catalog: &catalog, order: Some(ORDER), last: Some(&last) };
        let mut known = Vec::new();
        for (nth, said) in arrivals.into_iter().enumerate() {
            arrive(&mut known, said);
            if looked_at >> (nth % 16) & 1 == 1 {
                // A turn ends here.
                let so_far = build(&known, shelf);
                prop_assert!(!so_far.agreed || !so_far.lines.is_empty());
            }
        }
        let (one, other) = (build(&story, shelf), build(&known, shelf));
        prop_assert!(one.lines.iter().all(|line| line.quantity > 0 && catalog.product(&line.product).is_some()));
        prop_assert_eq!(one, other);
    }
}
