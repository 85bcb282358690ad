//! How a sandbox behaves before anybody asks it to misbehave.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

/// Tells the time in Unix milliseconds; tests bring a clock they move themselves.
pub type NowMs = Arc<dyn Fn() -> i64 + Send + Sync>;

/// How a sandbox behaves.
#[derive(Clone)]
pub struct SandboxSettings {
    /// The secret that signs webhooks.
    pub app_secret: String,
    /// What the webhook's owner must know to be verified.
    pub verify_token: String,
    /// Where webhooks go; none holds them back until [`deliver_to`](super::Sandbox::deliver_to).
    pub webhook: Option<Url>,
    /// What time it is, for messages, windows and caps.
    pub now_ms: NowMs,
    /// Makes ids and shuffles come out the same again.
    pub seed: u64,
    /// Whether and when an accepted message comes back as an echo.
    pub echoes: Echoes,
    /// How many messages an account may send in a rolling hour.
    pub messages_per_hour: Option<u32>,
    /// Whether a reply needs a customer's message of the last 24 hours.
    pub window: bool,
    /// How often a webhook is sent again that was not answered with 200.
    pub retries: Retries,
    /// How long an answer to a webhook may take.
    pub answer_limit: Duration,
}

impl SandboxSettings {
    /// A sandbox with echoes at once, windows and no cap, which sends webhooks to nobody yet.
    pub fn new(app_secret: &str, verify_token: &str, now_ms: NowMs) -> Self {
        Self {
            app_secret: app_secret.to_owned(),
            verify_token: verify_token.to_owned(),
            webhook: None,
            now_ms,
            seed: 0,
            echoes: Echoes::After(Duration::ZERO),
            messages_per_hour: None,
            window: true,
            retries: Retries::default(),
            answer_limit: Duration::from_secs(5),
        }
    }
}

/// Whether and when an accepted message comes back as an echo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echoes {
    /// Never.
    Off,
    /// This long after the message was accepted.
    After(Duration),
    /// At some moment, by the seed, within this long: echoes overtake each other.
    Within(Duration),
    /// When [`release_echoes`](super::Sandbox::release_echoes) is called.
    Held,
}

/// How often a webhook is sent again, with gaps that double.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// How many times it is sent at most, the first time included.
    pub tries: u32,
    /// The gap before the second time.
    pub first_gap: Duration,
    /// No gap is longer.
    pub longest_gap: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self { tries: 30, first_gap: Duration::from_millis(200), longest_gap: Duration::from_secs(10) }
    }
}

impl Retries {
    /// The gap after a number of failed tries, if there is a further try.
    pub(super) fn gap_after(&self, failed: u32) -> Option<Duration> {
        let doublings = failed.saturating_sub(1).min(16);
        (failed < self.tries).then(|| (self.first_gap * 2u32.pow(doublings)).min(self.longest_gap))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_double_up_to_the_longest_and_end_with_the_tries() {
        let [base, most] = [Duration::from_millis(10), Duration::from_millis(35)];
        let retries = Retries { tries: 5, first_gap: base, longest_gap: most };
        let gaps: Vec<_> = (1..=5).map(|failed| retries.gap_after(failed)).collect();
        assert_eq!(gaps, [Some(base), Some(base * 2), Some(most), Some(most), None]);
    }
}
