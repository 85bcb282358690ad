//! When which secret signed a webhook last: a number for each, raised without a lock, so that it costs a request nothing.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};

use super::{MetasClock, Secrets};

const NEVER: i64 = i64::MIN;

/// When which secret signed last, as far as this process knows.
#[derive(Debug)]
pub struct SecretsSeen {
    /// What time it is at Meta, by what was signed.
    pub clock: MetasClock,
    labels: Vec<(String, AtomicI64)>,
    refused_at: AtomicI64,
}

impl SecretsSeen {
    /// Nobody has signed yet.
    pub fn of(secrets: &Secrets) -> Self {
        let labels = secrets.labels().map(|label| (label.to_owned(), AtomicI64::new(NEVER))).collect();
        Self { clock: MetasClock::default(), labels, refused_at: AtomicI64::new(NEVER) }
    }

    /// The secret with this label has signed something.
    pub fn note(&self, label: &str, now: DateTime<Utc>) {
        if let Some((_, at)) = self.labels.iter().find(|(known, _)| known == label) {
            at.fetch_max(now.timestamp_millis(), Ordering::Relaxed);
        }
    }

    /// Something came that no secret of ours has signed.
    pub fn note_refusal(&self, now: DateTime<Utc>) {
        self.refused_at.fetch_max(now.timestamp_millis(), Ordering::Relaxed);
    }

    /// Each label, with when it signed last.
    pub fn labels(&self) -> impl Iterator<Item = (&str, Option<DateTime<Utc>>)> {
        self.labels.iter().map(|(label, at)| (label.as_str(), time(at)))
    }

    /// When something came last that no secret of ours had signed.
    pub fn refused_at(&self) -> Option<DateTime<Utc>> {
        time(&self.refused_at)
    }
}

fn time(at: &AtomicI64) -> Option<DateTime<Utc>> {
    Some(at.load(Ordering::Relaxed)).filter(|at| *at != NEVER).and_then(DateTime::from_timestamp_millis)
}

#[cfg(test)]
mod tests {
    use super::super::{Objects, Secret};
    use super::*;

    #[test]
    fn the_latest_time_counts_and_unknown_labels_do_not() {
        let seen = SecretsSeen::of(&Secrets::new(Secret::new("one", "a", Objects::Any)));
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        assert_eq!((seen.labels().collect::<Vec<_>>(), seen.refused_at()), (vec![("one", None)], None));
        seen.note("one", at(20));
        seen.note("one", at(10));
        seen.note("two", at(30));
        seen.note_refusal(at(40));
        assert_eq!((seen.labels().collect::<Vec<_>>(), seen.refused_at()), (vec![("one", Some(at(20)))], Some(at(40))));
    }
}
