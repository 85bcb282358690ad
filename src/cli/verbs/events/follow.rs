//! `hawker events follow`: a line an event, for as long as it is wanted. What was printed is not printed again, and what
//! happened while the connection was broken is not left out.

use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::stream::{Sent, Stream};
use super::{conversation, kind, subject, when};
use crate::cli::desk::{Desk, NobodyReads};
use crate::cli::service::{Call, Refusal, SILENCE, Shop};
use crate::cli::shown::clean_line;

/// Before it is tried again, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

#[derive(Debug, Args)]
pub(in crate::cli) struct FollowArgs {
    seller: Shop,
    /// Only this kind: order.confirmed, message.received, ...
    #[arg(long)]
    kind: Option<String>,
    /// Begins after this event [default: with what happens from now on].
    #[arg(long, value_name = "EVENT")]
    after: Option<String>,
}

pub(super) async fn run(desk: &Desk, args: FollowArgs) -> anyhow::Result<()> {
    let mut after = args.after.clone();
    let mut pause = PAUSES.0;
    let mut was_connected = false;
    loop {
        let call =
            Call::get("/api/v1/sellers/{seller}/events/stream").of(args.seller).asking("kinds", args.kind.as_ref());
        let call = call.with_header("Accept", Some("text/event-stream")).with_header("Last-Event-ID", after.as_ref());
        let broken = match desk.service.stream(&call).await {
            Ok(answer) => {
                (was_connected, pause) = (true, PAUSES.0);
                pass_on(desk, answer, &mut after, &mut pause).await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = broken {
            // Whoever was never let in, or is not any more, will not be by asking again.
            let is_over = error.is::<NobodyReads>() || error.is::<Refusal>() || !was_connected;
            if is_over {
                return Err(error);
            }
            eprintln!("{error:#}; trying again in {} s", pause.as_secs());
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// Prints events until the connection ends.
async fn pass_on(
    desk: &Desk,
    mut answer: reqwest::Response,
    after: &mut Option<String>,
    pause: &mut Duration,
) -> anyhow::Result<()> {
    let mut stream = Stream::default();
    loop {
        let piece = match tokio::time::timeout(SILENCE, answer.chunk()).await {
            Ok(Ok(Some(piece))) => piece,
            // Servers end streams when they stop, and networks without a word.
            Ok(Ok(None) | Err(_)) | Err(_) => return Ok(()),
        };
        for event in stream.take(&piece) {
            desk.print_line(&line(&event, desk.json))?;
            *after = event.id.or(after.take());
        }
        *pause = stream.retry.map_or(*pause, Duration::from_millis).min(PAUSES.1);
    }
}

/// `2026-10-01 12:00:00  order.confirmed  12  conversation 5`
fn line(event: &Sent, json: bool) -> String {
    if json {
        // One line, whatever it was sent as.
        return event.data.replace('\n', " ");
    }
    let Ok(data @ Value::Object(_)) = serde_json::from_str(&event.data) else {
        return format!("{}  {}", clean_line(&event.kind), clean_line(&event.data));
    };
    let kind = if event.kind.is_empty() { kind(&data) } else { clean_line(&event.kind) };
    let within = Some(conversation(&data)).filter(|id| id != "-").map(|id| format!("  conversation {id}"));
    format!("{}  {kind:<22}  {}{}", when(&data), subject(&data), within.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_line() {
        let data = r#"{"type":"order.confirmed","timestamp":"2026-10-01T12:00:00.123Z","data":{"subject_id":12,"conversation_id":5}}"#;
        let event = |kind: &str, data: &str| Sent { id: None, kind: kind.to_owned(), data: data.to_owned() };
        let shown = line(&event("order.confirmed", data), false);
        assert_eq!(shown, "2026-10-01 12:00:00  order.confirmed         12  conversation 5");
        assert_eq!(line(&event("", data), false), shown);
        assert_eq!(line(&event("a", "b\u{1b}\nc"), false), "a  b\\u{1b} c");
        assert_eq!(line(&event("a", "{\n}"), true), "{ }");
    }
}
