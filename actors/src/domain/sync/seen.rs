//! Whether what Meta shows of an item is what was sent.
//!
//! Meta writes prices its own way, so that no text can be compared as it is: titles, the digits of prices and
//! availability are, and where they never agree, what was seen first after sending counts as Meta's way to say it.

use chrono::{DateTime, Utc};

use crate::domain::print::Print;

use super::item::{CatalogItem, Review, SeenItem};
use super::known::{ItemState, KnownItem};
use super::run::Counts;

/// So often something is sent again because Meta shows it otherwise than expected, before that is taken for its way.
const MOST_MENDS: i32 = 2;
const LONGEST_REASON: usize = 1000;

/// A print of how Meta should show an item.
pub fn expected(item: &CatalogItem) -> i64 {
    print(&item.title, &item.price.to_string(), item.availability.name())
}

/// A print of how Meta shows an item.
pub fn shown(seen: &SeenItem) -> i64 {
    print(&seen.title, &seen.price, &seen.availability)
}

fn print(title: &str, price: &str, availability: &str) -> i64 {
    let mut print = Print::default();
    print.add(title.trim());
    print.add(&price.chars().filter(char::is_ascii_digit).collect::<String>());
    print.add(&availability.to_ascii_lowercase().replace('_', " "));
    print.stored()
}

/// What is known of an item once Meta has shown it, if that is otherwise than before; and counts it.
pub fn judge(known: &KnownItem, seen: &SeenItem, counts: &mut Counts, now: DateTime<Utc>) -> KnownItem {
    let item_id = Some(seen.item_id.clone()).filter(|id| !id.is_empty()).or_else(|| known.item_id.clone());
    let mut item = KnownItem { seen_at: now, item_id, ..known.clone() };
    match known.state {
        // Something is on its way: whatever is shown may be from before it.
        ItemState::Owed | ItemState::Sent | ItemState::Refused => return item,
        ItemState::Hidden | ItemState::Removed => {
            counts.orphaned += 1;
            return KnownItem { state: ItemState::Owed, is_urgent: true, changed_at: now, ..item };
        }
        ItemState::Accepted | ItemState::Rejected | ItemState::Live => {}
    }
    let shown = shown(seen);
    let is_as_sent = match known.seen {
        Some(before) => before == shown,
        None => known.expected.is_none_or(|expected| expected == shown) || known.mended >= MOST_MENDS,
    };
    if !is_as_sent {
        counts.changed_there += 1;
        // As if Meta had never accepted it: only so is it sent, and not dropped as nothing new.
        let (accepted, seen, mended) = (None, None, known.mended + 1);
        let state = ItemState::Owed;
        return KnownItem { state, is_urgent: true, accepted, seen, mended, changed_at: now, ..item };
    }
    item.seen = Some(shown);
    item.review = seen.review;
    (item.can_be_tagged, item.is_in_shop) = (seen.can_be_tagged, seen.is_in_shop);
    // One that Meta would not take is not judged by what it still has of earlier.
    if known.accepted == known.sent {
        (item.state, item.reason) = reviewed(seen);
        if item.state != known.state {
            item.changed_at = now;
        }
    }
    item
}

fn reviewed(seen: &SeenItem) -> (ItemState, Option<String>) {
    let words = |texts: &[String]| texts.join("; ").chars().take(LONGEST_REASON).collect::<String>();
    let errors = Some(words(&seen.errors)).filter(|errors| !errors.is_empty());
    match seen.review {
        Some(Review::Approved) => (ItemState::Live, errors),
        Some(Review::Rejected) => {
            let reasons = Some(words(&seen.reasons)).filter(|reasons| !reasons.is_empty());
            let untold = || "Meta's review has rejected it, and does not say why".to_owned();
            (ItemState::Rejected, Some(reasons.or(errors).unwrap_or_else(untold)))
        }
        Some(Review::Pending | Review::Outdated) | None => (ItemState::Accepted, errors),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::catalog::{Availability, Condition};
    use crate::domain::money::Money;
    use crate::domain::sync::known::Prints;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn item(price: &str, currency: &str) -> CatalogItem {
        CatalogItem {
            retailer_id: "CAP".into(),
            title: "A cap".into(),
            description: "A cap".into(),
            availability: Availability::InStock,
            condition: Condition::New,
            price: Money::parse(price, currency.parse().unwrap()).unwrap(),
            sale_price: None,
            link: "https://shop.example/cap".into(),
            images: vec!["https://shop.example/cap.jpg".into()],
            brand: "Ada".into(),
            quantity: None,
            group: None,
            options: vec![],
            category: None,
            product_type: None,
        }
    }

    fn seen(price: &str) -> SeenItem {
        SeenItem {
            item_id: "9".into(),
            retailer_id: "CAP".into(),
            title: "A cap".into(),
            price: price.into(),
            availability: "in stock".into(),
            ..SeenItem::default()
        }
    }

    fn accepted() -> KnownItem {
        let prints = Some(Prints { whole: 1, offer: 1 });
        let (state, expected) = (ItemState::Accepted, Some(expected(&item("29.90", "USD"))));
        KnownItem { state, accepted: prints, sent: prints, expected, ..KnownItem::new("CAP", "CAP", at(0)) }
    }

    #[test]
    fn however_meta_writes_a_price_it_is_that_price() {
        for (price, currency, shows) in [
            ("29.90", "USD", "$29.90"),
            ("1299", "USD", "US$1,299.00"),
            ("30", "AED", "AED30.00"),
            ("0.50", "EUR", "€0,50"),
            ("3000", "JPY", "¥3,000"),
            ("1.250", "KWD", "1.250 KWD"),
        ] {
            assert_eq!(expected(&item(price, currency)), shown(&seen(shows)), "{price} {currency} {shows}");
        }
        assert_ne!(expected(&item("29.90", "USD")), shown(&seen("$28.90")));
        let other = SeenItem { availability: "OUT_OF_STOCK".into(), ..seen("$29.90") };
        assert_ne!(expected(&item("29.90", "USD")), shown(&other));
    }

    #[test]
    fn what_was_changed_there_is_owed_again_and_nothing_is_for_ever() {
        let mut counts = Counts::default();
        let fine = judge(&accepted(), &seen("$29.90"), &mut counts, at(1));
        assert_eq!((fine.state, counts.changed_there), (ItemState::Accepted, 0));
        let changed = judge(&fine, &seen("$19.90"), &mut counts, at(2));
        assert_eq!((changed.state, changed.accepted, changed.mended), (ItemState::Owed, None, 1));
        // Meta that writes everything otherwise than anybody expects is sent the same twice, and no more.
        let mut odd = accepted();
        for mends in 1..=2 {
            odd = judge(&odd, &seen("29 dollars 90 and 1"), &mut counts, at(3));
            assert_eq!((odd.state, odd.mended), (ItemState::Owed, mends));
            odd = KnownItem { state: ItemState::Accepted, accepted: odd.sent, ..odd };
        }
        odd = judge(&odd, &seen("29 dollars 90 and 1"), &mut counts, at(4));
        assert_eq!(odd.state, ItemState::Accepted);
        assert_eq!(judge(&odd, &seen("28 dollars 90 and 1"), &mut counts, at(5)).state, ItemState::Owed);
    }

    #[test]
    fn a_review_says_how_far_an_item_is_and_why() {
        let mut counts = Counts::default();
        for (review, reasons, errors, state, reason) in [
            (Some(Review::Approved), vec![], vec![], ItemState::Live, None),
            (Some(Review::Pending), vec![], vec!["no picture"], ItemState::Accepted, Some("no picture")),
            (None, vec![], vec![], ItemState::Accepted, None),
            (Some(Review::Rejected), vec!["It is a weapon"], vec![], ItemState::Rejected, Some("It is a weapon")),
        ] {
            let texts = |of: Vec<&str>| of.into_iter().map(str::to_owned).collect();
            let seen = SeenItem { review, reasons: texts(reasons), errors: texts(errors), ..seen("$29.90") };
            let item = judge(&accepted(), &seen, &mut counts, at(1));
            assert_eq!((item.state, item.reason.as_deref()), (state, reason));
        }
        // What was not taken in processing stays rejected, whatever is shown of its earlier self.
        let sent = Some(Prints { whole: 2, offer: 2 });
        let refused = KnownItem { state: ItemState::Rejected, sent, reason: Some("no".into()), ..accepted() };
        let approved = SeenItem { review: Some(Review::Approved), ..seen("$29.90") };
        let item = judge(&refused, &approved, &mut counts, at(1));
        assert_eq!((item.state, item.reason.as_deref()), (ItemState::Rejected, Some("no")));
    }

    #[test]
    fn what_was_taken_out_and_is_there_is_taken_out_again() {
        let mut counts = Counts::default();
        let gone = KnownItem { state: ItemState::Removed, accepted: None, ..accepted() };
        let back = judge(&gone, &seen("$29.90"), &mut counts, at(1));
        assert_eq!((back.state, counts.orphaned), (ItemState::Owed, 1));
        let on_its_way = KnownItem { state: ItemState::Sent, ..accepted() };
        assert_eq!(judge(&on_its_way, &seen("$1.00"), &mut counts, at(1)).state, ItemState::Sent);
    }
}
