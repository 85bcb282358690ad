//! Looks at every connection once a day. When each is due stands in its row, so that a process that ends forgets none.

use std::error::Error;

use actors::store::office::checkups::{self, KeptCheckup, ToCheck};
use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{Checkup, Doctor, NotDone};

/// So many at once, so that one whom Meta does not answer holds up few.
const AT_ONCE: usize = 4;
/// So many in one go.
const CHUNK: u64 = 50;
/// The longest rest: also connections that were made since are planned then.
const LONGEST_REST: TimeDelta = TimeDelta::minutes(1);
/// A label's time is stored again once it is so much later.
const SEEN_EVERY: TimeDelta = TimeDelta::minutes(10);

impl Checkup {
    pub(super) fn kept(&self) -> Result<KeptCheckup, NotDone> {
        let light = serde_json::to_value(self.light)?.as_str().unwrap_or_default().to_owned();
        Ok(KeptCheckup { at: self.at, light, lines: serde_json::to_string(&self.lines)? })
    }
}

impl Doctor {
    /// Makes rounds until it is told to stop.
    pub async fn make_rounds(self, stop: CancellationToken) {
        let every = self.parts.every.and_then(|every| TimeDelta::from_std(every).ok());
        while !stop.is_cancelled() {
            let round = async {
                self.store_seen().await?;
                match every {
                    Some(every) => self.round(every).await,
                    None => Ok(self.now() + LONGEST_REST),
                }
            };
            let next = match stop.run_until_cancelled(round).await {
                None => return,
                Some(Ok(next)) => next,
                Some(Err(error)) => {
                    warn!(error = &error as &dyn Error, "could not look at connections; it is tried again");
                    self.now() + LONGEST_REST
                }
            };
            stop.run_until_cancelled(self.parts.clock.sleep_until(next)).await;
        }
    }

    /// Looks at whom it is time to look at, and says when to come back.
    async fn round(&self, every: TimeDelta) -> Result<DateTime<Utc>, NotDone> {
        let (reads, now) = (self.parts.store.reads(), self.now());
        if checkups::is_any_unplanned(reads).await? {
            self.parts.office.plan_checkups(now + every).await?;
        }
        let due = checkups::due(reads, now, CHUNK).await?;
        let is_more = due.len() as u64 == CHUNK;
        let mut looks = futures::stream::iter(due).map(|one| self.visit(one, every)).buffer_unordered(AT_ONCE);
        while let Some(looked) = looks.next().await {
            looked?;
        }
        let latest = now + LONGEST_REST;
        let next = checkups::next(reads, now).await?;
        Ok(if is_more { now } else { next.map_or(latest, |next| next.min(latest)) })
    }

    async fn visit(&self, to: ToCheck, every: TimeDelta) -> Result<(), NotDone> {
        let whose = (to.seller, to.connection);
        // First of all: one that ends the process whenever it is looked at must not keep the others waiting for ever.
        self.parts.office.put_off_checkup(whose, self.now() + every).await?;
        if to.is_connected {
            self.check_as(whose, false).await?;
        }
        Ok(())
    }

    /// Keeps which secrets signed last, now and then.
    async fn store_seen(&self) -> Result<(), NotDone> {
        let kept = checkups::secrets_seen(self.parts.store.reads()).await?;
        let is_old = |label: &str, at: DateTime<Utc>| {
            kept.iter().find(|(known, _)| known == label).is_none_or(|(_, kept)| at - *kept >= SEEN_EVERY)
        };
        let seen = self.parts.seen.labels().filter_map(|(label, at)| Some((label.to_owned(), at?)));
        let news: Vec<_> = seen.filter(|(label, at)| is_old(label, *at)).collect();
        if !news.is_empty() {
            self.parts.office.keep_secrets_seen(&news).await?;
        }
        Ok(())
    }
}
