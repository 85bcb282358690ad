//! A signed message of our own that goes out into the world and must come back through our door: only then are name,
//! certificate, proxy and secret right.

use chrono::TimeDelta;

use super::Doctor;
use super::finding::Finding;
use super::webhook_test::{self, Reached};

const NAME: &str = "probe";
/// So long what was found counts for all connections.
const FRESH: TimeDelta = TimeDelta::minutes(10);

impl Doctor {
    /// Whether what is sent to our public address arrives here.
    pub(super) async fn probe(&self) -> Finding {
        // Held meanwhile: of many who ask at once, one goes.
        let mut probed = self.probed.lock().await;
        let fresh = probed.as_ref().filter(|(at, _)| self.now() - *at < FRESH).map(|(_, found)| found.clone());
        if let Some(found) = fresh {
            return found;
        }
        let found = self.probe_now().await;
        *probed = Some((self.now(), found.clone()));
        found
    }

    async fn probe_now(&self) -> Finding {
        let Some(address) = self.parts.connect.webhook_address() else {
            let sentence = "The service does not know its own address, so nothing was sent to it.";
            return Finding::amber(NAME, sentence, "Set server.public_url to what the world reaches it by.");
        };
        let Some(secret) = &self.parts.own.secret else {
            let fix = "Set meta.instagram_app_secret or meta.meta_app_secret.";
            return Finding::red(NAME, "There is no app secret to sign with.", fix);
        };
        let reached =
            webhook_test::reach(&address, (secret, self.parts.own.allow_loopback), self.now(), &self.parts.store);
        match reached.await {
            Ok(Reached::Here(took)) => {
                Finding::green(NAME, "A signed message went to the public address and came back through the door.")
                    .in_time(took)
            }
            Ok(Reached::Elsewhere) => Finding::red(
                NAME,
                "The public address took a signed message, and it did not come to this service.",
                "Look where server.public_url leads: another service, or another database, answers there.",
            ),
            Ok(Reached::Nobody(found)) => Finding { name: NAME.to_owned(), ..found },
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "could not probe the public address");
                Finding::amber(NAME, "The public address could not be tried.", "Look into the log of the service.")
            }
        }
    }
}
