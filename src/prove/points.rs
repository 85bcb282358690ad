//! The fail points at which the child dies, and what came of each.

use std::collections::BTreeMap;
use std::fmt::Write;

use actors::failpoint::{self, Action, Moment, Plan};

/// What came of one death that was planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// It came to pass.
    Died,
    /// The point was never reached.
    NotReached,
}

/// What came of each point.
pub(super) type Deaths = BTreeMap<(&'static str, Moment), Ended>;

/// What is passed while catalogs go up.
pub(super) const LABELS_OF_CATALOGS: [&str; 8] = [
    "seller.load",
    "seller.turn",
    "seller.claim",
    "journal.append",
    "journal.flush",
    "graph.catalog_batch",
    "graph.catalog_item",
    "graph.catalog_read",
];

const OFFICE: &str = "office";
const JOURNAL: &str = "journal.append";
const ATTEMPT: &str = "seller.attempt";

const MOMENTS: [(Moment, &str); 3] = [(Moment::Before, "before"), (Moment::During, "during"), (Moment::After, "after")];

/// What is passed while customers write.
pub(super) fn labels() -> Vec<&'static str> {
    failpoint::known().iter().copied().filter(|label| !label.starts_with("graph.catalog")).collect()
}

/// A death for every point and moment that is passed while catalogs go up.
pub(super) fn of_catalogs() -> Vec<Plan> {
    let plan = |label, moment| Plan { label, moment, action: Action::Die, skip: 0 };
    MOMENTS.iter().flat_map(|(moment, _)| LABELS_OF_CATALOGS.map(|label| plan(label, *moment))).collect()
}

/// A death for every point and moment, in an order in which each can be reached: shops are opened first; and an attempt
/// is counted only when a life ended with events stored and not decided, as it does right after the journal's commit.
///
/// Else a moment at a time over all points. They come in groups, after each of which the service lives until it has
/// caught up: an event that is in hand at more than five deaths in a row would rightly be called poison.
pub(super) fn all() -> Vec<Vec<Plan>> {
    let plan = |label: &'static str, moment| Plan { label, moment, action: Action::Die, skip: 0 };
    let at = |label: &'static str| MOMENTS.map(|(moment, _)| plan(label, moment));
    let others = |label: &&'static str| ![OFFICE, JOURNAL, ATTEMPT].contains(label);
    let rest: Vec<Plan> = MOMENTS
        .iter()
        .flat_map(|(moment, _)| labels().into_iter().filter(others).map(move |label| plan(label, *moment)))
        .collect();
    let [before, during, after] = at(JOURNAL);
    let mut groups = vec![at(OFFICE).to_vec()];
    groups.extend(rest.chunks(3).map(<[Plan]>::to_vec));
    groups.extend([vec![before, during], [&[after][..], &at(ATTEMPT)].concat()]);
    groups
}

/// What must come to pass for a plan to be tried again.
pub(super) fn again(failed: Plan) -> Vec<Plan> {
    let stored = Plan { label: JOURNAL, moment: Moment::After, ..failed };
    if failed.label == ATTEMPT { vec![stored, failed] } else { vec![failed] }
}

/// How many deaths came to pass.
pub(super) fn count(deaths: &Deaths) -> usize {
    deaths.values().filter(|ended| **ended == Ended::Died).count()
}

/// A line a point, a column a moment.
pub(super) fn table(labels: &[&'static str], deaths: &Deaths) -> String {
    let mut table = format!("  {:<20}", "");
    for (_, name) in MOMENTS {
        let _ = write!(table, "{name:<13}");
    }
    for label in labels {
        let _ = write!(table, "\n  {label:<20}");
        for (moment, _) in MOMENTS {
            let told = match deaths.get(&(*label, moment)) {
                Some(Ended::Died) => "died",
                Some(Ended::NotReached) => "NOT REACHED",
                None => "not tried",
            };
            let _ = write!(table, "{told:<13}");
        }
    }
    table
}

/// A sentence for every point and moment at which nobody died.
pub(super) fn not_reached(labels: &[&'static str], deaths: &Deaths) -> Vec<String> {
    let each = labels.iter().flat_map(|label| MOMENTS.iter().map(move |moment| (*label, moment)));
    let missed = each.filter(|(label, (moment, _))| deaths.get(&(*label, *moment)) != Some(&Ended::Died));
    missed.map(|(label, (_, moment))| format!("the fail point {label} was not reached {moment} its work")).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_point_is_planned_once_at_every_moment() {
        let plans = all().concat();
        let different: BTreeSet<_> = plans.iter().map(|plan| (plan.label, plan.moment)).collect();
        assert_eq!((plans.len(), different.len()), (labels().len() * 3, labels().len() * 3));
        assert!(plans.iter().any(|plan| again(*plan).len() == 2));
    }

    #[test]
    fn every_label_is_passed_by_one_history_or_the_other() {
        let all: BTreeSet<_> = labels().into_iter().chain(LABELS_OF_CATALOGS).collect();
        assert_eq!(all, failpoint::known().iter().copied().collect());
    }

    #[test]
    fn a_point_that_nobody_reached_is_named() {
        let mut deaths: Deaths =
            all().concat().into_iter().map(|plan| ((plan.label, plan.moment), Ended::Died)).collect();
        assert!(not_reached(&labels(), &deaths).is_empty());
        let label = labels()[0];
        deaths.insert((label, Moment::After), Ended::NotReached);
        assert_eq!(not_reached(&labels(), &deaths), [format!("the fail point {label} was not reached after its work")]);
        assert!(table(&labels(), &deaths).contains("NOT REACHED"));
    }
}
