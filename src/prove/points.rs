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

const MOMENTS: [(Moment, &str); 3] = [(Moment::Before, "before"), (Moment::During, "during"), (Moment::After, "after")];

/// A death for every point and moment, all points of a moment together.
pub(super) fn all() -> Vec<Plan> {
    let plan = |label, moment| Plan { label, moment, action: Action::Die, skip: 0 };
    MOMENTS.iter().flat_map(|(moment, _)| failpoint::known().iter().map(move |label| plan(label, *moment))).collect()
}

/// A line a point, a column a moment.
pub(super) fn table(deaths: &Deaths) -> String {
    let mut table = format!("  {:<20}", "");
    for (_, name) in MOMENTS {
        let _ = write!(table, "{name:<13}");
    }
    for label in failpoint::known() {
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
    use super::*;

    #[test]
    fn a_point_that_nobody_reached_is_named() {
        let mut deaths: Deaths = all().into_iter().map(|plan| ((plan.label, plan.moment), Ended::Died)).collect();
        assert!(not_reached(failpoint::known(), &deaths).is_empty());
        let label = failpoint::known()[0];
        deaths.insert((label, Moment::After), Ended::NotReached);
        assert_eq!(
            not_reached(failpoint::known(), &deaths),
            [format!("the fail point {label} was not reached after its work")]
        );
        assert!(table(&deaths).contains("NOT REACHED"));
    }
}
