//! What must not be seen: everything the service logs and answers is looked through for tokens and keys.

use std::sync::{Arc, Mutex};

use super::app::{APP_SECRET, ENCRYPTION_KEY, OPERATOR_KEY, VERIFY_TOKEN};

/// What was seen of secrets so far. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Leaks {
    secrets: Arc<Mutex<Vec<String>>>,
    seen: Arc<Mutex<Vec<String>>>,
}

/// What a sealed secret, an API key, a webhook endpoint's secret and Meta's tokens begin with.
const MARKS: [&str; 5] = ["v1.", "hwk_", "whsec_", "EAA", "IGAA"];

impl Leaks {
    /// This is a secret as well.
    pub(crate) fn guard(&self, secret: &str) {
        self.secrets.lock().unwrap().push(secret.to_owned());
    }

    /// A line of the log: no secret of any kind may be in it.
    pub(crate) fn logged(&self, line: &str) {
        self.look("logged", line);
        for mark in MARKS {
            if let Some(secret) = after(line, mark) {
                self.note("logged", secret, line);
            }
        }
    }

    /// An answer. A key that was just made, or an endpoint's secret, may be shown to who made it; what Meta gave us, and
    /// what we were set up with, to nobody.
    pub(crate) fn answered(&self, path: &str, answer: &str) {
        self.look(path, answer);
        if let Some(secret) = after(answer, "v1.") {
            self.note(path, secret, answer);
        }
    }

    fn look(&self, place: &str, text: &str) {
        let ours = [APP_SECRET, VERIFY_TOKEN, OPERATOR_KEY, ENCRYPTION_KEY].map(str::to_owned);
        for secret in ours.iter().chain(self.secrets.lock().unwrap().iter()).filter(|secret| text.contains(*secret)) {
            self.note(place, secret, text);
        }
    }

    fn note(&self, place: &str, secret: &str, text: &str) {
        let text: String = text.chars().take(2000).collect();
        self.seen.lock().unwrap().push(format!("{secret:?} in what was {place}: {text}"));
    }

    /// All that was seen.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

/// A word that goes on after this mark for as long as only secrets do.
fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    const LONG: usize = 16;
    text.match_indices(mark).find_map(|(at, _)| {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let starts_word = !text[..at].ends_with(fits);
        let word = &text[at..at + text[at..].find(|c| !fits(c)).unwrap_or(text.len() - at)];
        (starts_word && word.len() >= mark.len() + LONG).then_some(word)
    })
}
