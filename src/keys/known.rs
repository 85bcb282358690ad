//! Keys that were looked up, kept for some seconds so that not every request asks the database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actors::domain::ids::KeyId;
use actors::store::office::keys::{ApiKey, USE_KNOWN_TO};
use chrono::{DateTime, Utc};

/// How long what was read counts. Only a change that some other program makes in the database is seen so late.
const COUNTS_FOR: Duration = Duration::from_secs(5);
/// Keys kept at most.
const MOST: usize = 4096;

/// What is known.
#[derive(Default)]
pub(super) struct Known(Mutex<Inside>);

#[derive(Default)]
struct Inside {
    keys: HashMap<KeyId, Entry>,
    /// Counts how often something was forgotten.
    forgotten: u64,
}

struct Entry {
    key: Arc<ApiKey>,
    read_at: Instant,
    /// The last use of it that we had written down.
    noted: Option<DateTime<Utc>>,
}

impl Known {
    /// A key that was read a moment ago.
    pub(super) fn fresh(&self, id: KeyId, now: Instant) -> Option<Arc<ApiKey>> {
        let inside = self.inside();
        let entry = inside.keys.get(&id)?;
        (now.saturating_duration_since(entry.read_at) < COUNTS_FOR).then(|| entry.key.clone())
    }

    /// A key that was read at any time.
    pub(super) fn any(&self, id: KeyId) -> Option<Arc<ApiKey>> {
        self.inside().keys.get(&id).map(|entry| entry.key.clone())
    }

    /// Forgets a key. Whoever is just reading it does not bring it back.
    pub(super) fn forget(&self, id: KeyId) {
        let mut inside = self.inside();
        inside.forgotten += 1;
        inside.keys.remove(&id);
    }

    /// Whether it is worth writing down that a key is used. Asked by many at once, it says so to one of them.
    pub(super) fn is_use_news(&self, key: &ApiKey, now: DateTime<Utc>) -> bool {
        let mut inside = self.inside();
        let Some(entry) = inside.keys.get_mut(&key.id) else { return false };
        let last = key.last_used_at.max(entry.noted);
        let is_news = last.is_none_or(|last| now - last >= USE_KNOWN_TO);
        if is_news {
            entry.noted = Some(now);
        }
        is_news
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A key that is being read: what is forgotten in the meantime is read too late to be kept.
pub(super) struct Reading<'a> {
    known: &'a Known,
    forgotten: u64,
}

impl<'a> Reading<'a> {
    /// Begins, before the database is asked.
    pub(super) fn begin(known: &'a Known) -> Self {
        Self { forgotten: known.inside().forgotten, known }
    }

    /// Keeps what was read; says whether it could.
    pub(super) fn keep(self, key: &Arc<ApiKey>, now: Instant) -> bool {
        let mut inside = self.known.inside();
        if inside.forgotten != self.forgotten {
            return false;
        }
        if inside.keys.len() >= MOST && !inside.keys.contains_key(&key.id) {
            make_room(&mut inside.keys, now);
        }
        let noted = inside.keys.get(&key.id).and_then(|entry| entry.noted);
        inside.keys.insert(key.id, Entry { key: key.clone(), read_at: now, noted });
        true
    }
}

/// What counts no more goes first; where all of it counts, all of it goes.
fn make_room(keys: &mut HashMap<KeyId, Entry>, now: Instant) {
    keys.retain(|_, entry| now.saturating_duration_since(entry.read_at) < COUNTS_FOR);
    if keys.len() >= MOST {
        keys.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actors::domain::access::{Holder, Scopes};
    use chrono::TimeDelta;

    fn key(id: i64) -> Arc<ApiKey> {
        Arc::new(ApiKey {
            id: KeyId(id),
            holder: Holder::Operator,
            name: "till".to_owned(),
            prefix: "abcd".to_owned(),
            hash: "hash".to_owned(),
            scopes: Scopes::default(),
            created_at: DateTime::UNIX_EPOCH,
            expires_at: None,
            revoked_at: None,
            last_used_at: None,
            made_by: "operator".to_owned(),
        })
    }

    fn keep(known: &Known, id: i64, now: Instant) -> bool {
        Reading::begin(known).keep(&key(id), now)
    }

    #[test]
    fn what_was_read_counts_for_some_seconds() {
        let (known, now) = (Known::default(), Instant::now());
        assert!(keep(&known, 7, now));
        assert!(known.fresh(KeyId(7), now).is_some() && known.fresh(KeyId(8), now).is_none());
        let later = now + COUNTS_FOR;
        assert!(known.fresh(KeyId(7), later).is_none() && known.any(KeyId(7)).is_some());
    }

    #[test]
    fn a_key_that_is_revoked_while_it_is_read_is_not_brought_back() {
        let (known, now) = (Known::default(), Instant::now());
        let reading = Reading::begin(&known);
        known.forget(KeyId(7));
        assert!(!reading.keep(&key(7), now) && known.any(KeyId(7)).is_none());
    }

    #[test]
    fn however_many_keys_there_are_a_bounded_number_is_kept() {
        let (known, now) = (Known::default(), Instant::now());
        (0..3 * MOST as i64).for_each(|id| assert!(keep(&known, id, now)));
        assert!(known.inside().keys.len() <= MOST);
        assert!(known.fresh(KeyId(3 * MOST as i64 - 1), now).is_some(), "the latest is among them");
        assert!(keep(&known, -1, now + COUNTS_FOR));
    }

    #[test]
    fn a_use_is_news_once_an_hour_and_to_one_of_many() {
        let (known, at) = (Known::default(), DateTime::UNIX_EPOCH);
        keep(&known, 7, Instant::now());
        let news = |minutes| known.is_use_news(&key(7), at + TimeDelta::minutes(minutes));
        assert_eq!([0, 0, 59].map(news), [true, false, false]);
        keep(&known, 7, Instant::now());
        assert_eq!([59, 60, 60].map(news), [false, true, false], "it is kept over another reading");
        let used = ApiKey { last_used_at: Some(at + TimeDelta::minutes(150)), ..(*key(7)).clone() };
        assert!(!known.is_use_news(&used, at + TimeDelta::minutes(180)), "the database knew it");
    }
}
