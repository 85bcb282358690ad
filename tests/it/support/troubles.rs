//! What the service reports as an error: in a test nobody looks into the log, so every line of it fails the test.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::{EnvFilter, Registry, fmt};

const LOGGED: &str = "info,ractor=warn,sqlx=warn,sea_orm=warn,sea_orm_migration=warn,hyper=warn,reqwest=warn";

/// Errors reported so far. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Troubles(Arc<Mutex<Vec<String>>>);

/// How tokens begin that the stand-in for Meta makes: whatever is logged of them is a leak.
const TOKENS: [&str; 2] = ["EAA", "IGAA"];

impl Troubles {
    /// Listens here, and prints the log where a failed test shows it.
    pub(super) fn subscriber(&self) -> impl Subscriber + Send + Sync + use<> {
        let shown = fmt::layer().with_test_writer().with_ansi(false).with_filter(EnvFilter::new(LOGGED));
        Registry::default().with(self.clone()).with(shown)
    }

    pub(super) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl<S: Subscriber> Layer<S> for Troubles {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let is_ours =
            event.metadata().target().starts_with("hawker") || event.metadata().target().starts_with("actors");
        if !is_ours && *event.metadata().level() != Level::ERROR {
            return;
        }
        let mut line = Line(String::new());
        event.record(&mut line);
        let leaks = TOKENS.iter().any(|token| is_in(token, &line.0));
        if leaks || *event.metadata().level() == Level::ERROR {
            self.0.lock().unwrap().push(line.0);
        }
    }
}

/// Whether a token that begins so is in a line: far longer than any word or id.
fn is_in(begins: &str, line: &str) -> bool {
    let after = |at: usize| line[at..].chars().take_while(char::is_ascii_alphanumeric).count();
    line.match_indices(begins).any(|(at, _)| after(at) > 30)
}

/// A line of the log: the sentence, then the fields.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => self.0 = format!("{value:?}{}", self.0),
            name => self.0 += &format!(" {name}={value:?}"),
        }
    }
}
