//! What the service reports as an error: in a test nobody looks into the log, so every line of it fails the test.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::{EnvFilter, Registry, fmt};

use super::leaks::Leaks;

const LOGGED: &str = "info,ractor=warn,sqlx=warn,sea_orm=warn,sea_orm_migration=warn,hyper=warn,reqwest=warn";

/// Errors reported so far, and secrets that were logged. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Troubles {
    lines: Arc<Mutex<Vec<String>>>,
    pub(super) leaks: Leaks,
}

impl Troubles {
    /// Listens here, and prints the log where a failed test shows it.
    pub(super) fn subscriber(&self) -> impl Subscriber + Send + Sync + use<> {
        let shown = fmt::layer().with_test_writer().with_ansi(false).with_filter(EnvFilter::new(LOGGED));
        Registry::default().with(self.clone()).with(shown)
    }

    pub(super) fn all(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }
}

impl<S: Subscriber> Layer<S> for Troubles {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let (target, level) = (event.metadata().target(), *event.metadata().level());
        // What libraries say for those who look for their bugs is logged by nobody.
        if level > Level::WARN && !["hawker", "actors"].iter().any(|ours| target.starts_with(ours)) {
            return;
        }
        let mut line = Line(String::new());
        event.record(&mut line);
        self.leaks.logged(&line.0);
        if level == Level::ERROR {
            self.lines.lock().unwrap().push(line.0);
        }
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        let mut line = Line(String::new());
        attributes.record(&mut line);
        self.leaks.logged(&line.0);
    }
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
