//! Brings what happens to the webhook, as Meta may: doubled, out of order, several in one POST, and again until it is
//! taken.

use std::time::Duration;

use actors::ports::Clock;
use anyhow::bail;
use futures::future::try_join_all;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use super::clock::ScaledClock;
use super::history::{Say, Script};
use crate::sandbox::{Account, Answer, Customer, Sandbox, WebhookEvent};

/// The gap before a POST is made again that was not taken.
const GAP: Duration = Duration::from_millis(20);
/// How long a POST may go untaken.
const PATIENCE: Duration = Duration::from_secs(60);
/// POSTs of so many groups are under way at a time.
const AT_ONCE: usize = 12;
/// Between two things said in a conversation, by Meta's clock.
const STEP_MS: i64 = 10;

/// Who brings it.
pub(super) struct Postman<'a> {
    pub(super) meta: &'a Sandbox,
    pub(super) accounts: &'a [Account],
    pub(super) clock: ScaledClock,
    /// None: each thing once, in order, in a POST of its own.
    pub(super) rough: Option<u64>,
    /// How long a customer's silence is waited for, in fact.
    pub(super) quiet: Duration,
}

impl Postman<'_> {
    /// Brings one phase of everybody's. Gives the places of those whose messages took so long to be taken, because
    /// the service was down, that they may rightly have been answered in between.
    pub(super) async fn phase(&self, scripts: &[Script], phase: usize) -> anyhow::Result<Vec<usize>> {
        let mut rng = StdRng::seed_from_u64(self.rough.unwrap_or(0) ^ (phase as u64 + 1));
        let room = Semaphore::new(AT_ONCE);
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let mut places = (0..scripts.len()).filter(|place| !scripts[*place].phases[phase].is_empty());
        while let Some(first) = places.next() {
            let more = if self.rough.is_some() { rng.random_range(0..3) } else { 0 };
            groups.push(std::iter::once(first).chain(places.by_ref().take(more)).collect());
        }
        let seeds: Vec<u64> = groups.iter().map(|_| rng.random()).collect();
        let bring = groups.iter().zip(seeds).map(|(group, seed)| {
            let room = &room;
            async move {
                let _permit = room.acquire().await?;
                let events = group.iter().flat_map(|place| self.events(&scripts[*place], phase)).collect();
                self.bring(events, seed).await
            }
        });
        let spreads: Vec<Duration> = try_join_all(bring).await?;
        let late = groups.into_iter().zip(spreads).filter(|(_, spread)| *spread > self.quiet.mul_f64(0.7));
        Ok(late.flat_map(|(group, _)| group).collect())
    }

    fn events(&self, script: &Script, phase: usize) -> Vec<WebhookEvent> {
        let customer = self.accounts[script.shop as usize].customer(&script.name);
        let now = self.clock.now().timestamp_millis();
        let at = |n: usize| now + STEP_MS * i64::try_from(n).unwrap_or(0);
        script.phases[phase].iter().enumerate().map(|(n, say)| event(&customer, say, at(n))).collect()
    }

    /// Posts events until all are taken; says how long it took from the first try to the last one taken.
    async fn bring(&self, mut events: Vec<WebhookEvent>, seed: u64) -> anyhow::Result<Duration> {
        let mut rng = StdRng::seed_from_u64(seed);
        if self.rough.is_some() {
            for n in 0..events.len() {
                if rng.random_bool(0.25) {
                    events.push(events[n].clone());
                }
            }
            events.shuffle(&mut rng);
        }
        let begun = Instant::now();
        let mut rest = events.as_slice();
        while !rest.is_empty() {
            let few = if self.rough.is_some() { rng.random_range(1..=5).min(rest.len()) } else { 1 };
            let (post, others) = rest.split_at(few);
            self.until_taken(post).await?;
            rest = others;
        }
        Ok(begun.elapsed())
    }

    async fn until_taken(&self, post: &[WebhookEvent]) -> anyhow::Result<()> {
        let body = self.meta.body_of(&post.iter().collect::<Vec<_>>());
        let signature = self.meta.sign(&body);
        let until = Instant::now() + PATIENCE;
        loop {
            let answer = self.meta.post(body.clone(), &signature).await;
            if answer.is_taken() {
                return Ok(());
            }
            if matches!(answer, Answer::Status(400..500)) {
                bail!("the webhook refused a signed body: {answer:?}");
            }
            if Instant::now() > until {
                bail!("a webhook was not taken within {PATIENCE:?}; the last answer was {answer:?}");
            }
            sleep(GAP).await;
        }
    }
}

fn event(customer: &Customer, say: &Say, at_ms: i64) -> WebhookEvent {
    match say {
        Say::Text(text) => customer.writes_at(text, at_ms),
        Say::Picture => moved(customer.sends_image(), at_ms),
        Say::InTheApp(text) => moved(customer.is_answered_in_the_app(text), at_ms),
    }
}

/// The event at another time.
fn moved(mut event: WebhookEvent, at_ms: i64) -> WebhookEvent {
    let (was, is) = (format!("\"timestamp\":{},", event.timestamp_ms), format!("\"timestamp\":{at_ms},"));
    event.json = event.json.replacen(&was, &is, 1);
    event.timestamp_ms = at_ms;
    event
}
