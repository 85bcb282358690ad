//! How a run ended, as people see it, and where two ends differ. Ids and times are left out: they may differ.

use std::collections::{BTreeMap, BTreeSet};

/// One customer: the shop's place and the name.
pub(super) type Who = (u32, String);

/// How a run ended.
pub(super) type End = BTreeMap<Who, CustomerEnd>;

/// What is left of one customer's dealings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CustomerEnd {
    /// What came in, in Meta's order.
    pub(super) heard: Vec<String>,
    /// The lead's stage and first words.
    pub(super) leads: Vec<String>,
    /// Orders, in the order they were begun: state, total, lines, contact.
    pub(super) orders: Vec<String>,
    /// What the customer really received, as Meta's stand-in knows it, sorted.
    pub(super) received: Vec<String>,
    /// Why a person should look.
    pub(super) look: String,
}

/// The word by which a confirmation is known among what a customer received.
pub(super) const CONFIRMED: &str = "is confirmed";

/// Where the second end differs from the first. Of those `loose` only what does not hang on time counts: a customer
/// whose messages were taken long after each other may have been asked in between.
pub(super) fn differences(calm: &End, rough: &End, loose: &BTreeSet<Who>) -> Vec<String> {
    let everybody: BTreeSet<&Who> = calm.keys().chain(rough.keys()).collect();
    let none = CustomerEnd::default();
    let mut found = Vec::new();
    for who in everybody {
        let (one, other) = (calm.get(who).unwrap_or(&none), rough.get(who).unwrap_or(&none));
        let loose = loose.contains(who);
        let (mut one, mut other) = (one.clone(), other.clone());
        if loose {
            for end in [&mut one, &mut other] {
                end.received.retain(|text| text.contains(CONFIRMED));
                end.look.clear();
            }
        }
        found.extend(one.differences(&other).into_iter().map(|text| format!("{} of shop {}: {text}", who.1, who.0)));
    }
    found
}

impl CustomerEnd {
    fn differences(&self, other: &Self) -> Vec<String> {
        let pairs = [
            ("messages", &self.heard, &other.heard),
            ("leads", &self.leads, &other.leads),
            ("orders", &self.orders, &other.orders),
            ("received texts", &self.received, &other.received),
        ];
        let mut found: Vec<String> = pairs
            .into_iter()
            .filter(|(_, one, other)| one != other)
            .map(|(what, one, other)| format!("{what} undisturbed {one:?}, under kills {other:?}"))
            .collect();
        if self.look != other.look {
            found.push(format!("needs a look undisturbed {:?}, under kills {:?}", self.look, other.look));
        }
        found
    }
}

/// A text with the order's number replaced by its place among the customer's orders.
pub(super) fn without_number(text: &str, orders: &[i64]) -> String {
    for (place, id) in orders.iter().enumerate() {
        let (was, is) = (format!("order {id} {CONFIRMED}"), format!("order no. {} {CONFIRMED}", place + 1));
        if text.contains(&was) {
            return text.replacen(&was, &is, 1);
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(received: &[&str], orders: &[&str]) -> End {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let end = CustomerEnd { received: owned(received), orders: owned(orders), ..CustomerEnd::default() };
        BTreeMap::from([((0, "Ada".to_owned()), end)])
    }

    #[test]
    fn a_double_is_a_difference_even_for_those_compared_loosely() {
        let (once, twice) = (end(&["order no. 1 is confirmed"], &["a"]), end(&["order no. 1 is confirmed"; 2], &["a"]));
        let loose = BTreeSet::from([(0, "Ada".to_owned())]);
        assert_eq!(differences(&once, &twice, &loose).len(), 1);
        assert_eq!(differences(&once, &once, &BTreeSet::new()), Vec::<String>::new());
        assert_eq!(differences(&once, &End::new(), &loose).len(), 2);
    }

    #[test]
    fn only_those_compared_loosely_may_be_asked_twice() {
        let (once, twice) = (end(&["your phone?"], &[]), end(&["your phone?"; 2], &[]));
        assert_eq!(differences(&once, &twice, &BTreeSet::from([(0, "Ada".to_owned())])), Vec::<String>::new());
        assert_eq!(differences(&once, &twice, &BTreeSet::new()).len(), 1);
    }

    #[test]
    fn numbers_become_places() {
        assert_eq!(without_number("Your order 77 is confirmed: 7", &[5, 77]), "Your order no. 2 is confirmed: 7");
        assert_eq!(without_number("Your order 8 is confirmed", &[5]), "Your order 8 is confirmed");
    }
}
