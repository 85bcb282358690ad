//! Logging: one line a step on the standard error, for people or for machines.

use std::io::{self, IsTerminal};
use std::panic;

use tracing::{Subscriber, error};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use crate::config::{Log, LogFormat};

/// Why logging could not begin.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not well formed.
    #[error("the log filter is not well formed")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Logging has begun before.
    #[error("logging was set up twice")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// Begins to log for the rest of the process.
pub fn start(log: &Log) -> Result<(), TelemetryError> {
    subscriber(log, io::stderr().is_terminal(), io::stderr)?.try_init()?;
    panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Where it was, and not what it said: the words of a panic may quote a customer.
fn log_panic(panic: &panic::PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    error!(place, "panicked at {place}");
}

fn subscriber<W>(log: &Log, terminal: bool, writer: W) -> Result<impl Subscriber + Send + Sync, TelemetryError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(&log.filter)?;
    Ok(Registry::default().with(lines(log.format, terminal, writer).with_filter(filter)))
}

fn lines<S, W>(format: LogFormat, terminal: bool, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = fmt::layer().with_writer(writer);
    match format {
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
        // On a terminal the layer colours, unless NO_COLOR asks it not to.
        LogFormat::Text if terminal => lines.compact().with_target(false).boxed(),
        LogFormat::Text => lines.compact().with_target(false).with_ansi(false).boxed(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written of one step at `info` inside a seller's span, and one at `debug`.
    fn written(format: LogFormat) -> String {
        let paper = Paper::default();
        let copy = paper.clone();
        let log = Log { format, filter: "info".to_owned() };
        let subscriber = subscriber(&log, false, move || copy.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("event", seller.id = 7);
            let _inside = span.enter();
            tracing::info!(order.id = 12, "order confirmed");
            tracing::debug!("never seen");
        });
        let bytes = paper.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_step_is_one_readable_line() {
        let text = written(LogFormat::Text);
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains("INFO") && text.contains("order confirmed order.id=12"), "{text}");
        assert!(text.contains("seller.id=7") && !text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn a_step_is_one_json_object() {
        let text = written(LogFormat::Json);
        assert_eq!(text.lines().count(), 1, "{text}");
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["message"], "order confirmed");
        assert_eq!(line["order.id"], 12);
        assert_eq!(line["span"]["seller.id"], 7);
    }

    #[test]
    fn a_filter_that_is_not_well_formed_is_an_error() {
        let log = Log { format: LogFormat::Text, filter: "hawker=loud".to_owned() };
        assert!(matches!(subscriber(&log, false, io::stderr), Err(TelemetryError::Filter(_))));
    }
}
