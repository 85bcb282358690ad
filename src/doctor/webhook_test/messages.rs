//! The messages of a test, as Meta writes them: with letters beyond ASCII escaped, so that a signature over the same
//! value written anew does not fit.

use actors::domain::channel::{Account, Channel};
use chrono::{DateTime, Utc};

/// The account that Meta's dashboard sends its own tests for.
const ACCOUNT: &str = "0";

/// A message's bytes, as they are signed and sent.
pub(super) struct Message(String);

impl Message {
    /// A customer's.
    pub(super) fn text(name: &str, now: DateTime<Utc>) -> Self {
        let body = format!(r#""mid":"{}","text":"Test: caf\u00e9 \/ \ud83d\ude00""#, id_of_text(name));
        Self::of(("12334", ACCOUNT), &body, now)
    }

    /// The account's own, told back.
    pub(super) fn echo(name: &str, now: DateTime<Utc>) -> Self {
        let body = format!(r#""mid":"hawker-test-echo-{name}","is_echo":true,"text":"Test""#);
        Self::of((ACCOUNT, "12334"), &body, now)
    }

    fn of((from, to): (&str, &str), message: &str, now: DateTime<Utc>) -> Self {
        let time = now.timestamp_millis();
        Self(format!(
            r#"{{"object":"instagram","entry":[{{"time":{time},"id":"{ACCOUNT}","messaging":[{{"sender":{{"id":"{from}"}},"recipient":{{"id":"{to}"}},"timestamp":{time},"message":{{{message}}}}}]}}]}}"#
        ))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// What the customer's message is known by.
pub(super) fn id_of_text(name: &str) -> String {
    format!("hawker-test-text-{name}")
}

/// Whose messages they are.
pub(super) fn account() -> Account {
    Account::new(Channel::Instagram, ACCOUNT)
}

#[cfg(test)]
mod tests {
    use actors::domain::outcome::Reason;

    use super::*;
    use crate::door;

    #[test]
    fn they_are_kept_as_tests_and_are_no_shops() {
        let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        for (message, key) in [
            (Message::text("a", now), "message:hawker-test-text-a"),
            (Message::echo("a", now), "message:hawker-test-echo-a"),
        ] {
            let cut = door::cut(message.bytes(), now);
            assert_eq!(cut.len(), 1);
            assert_eq!((&cut[0].account, cut[0].ledgered), (&account(), Some(Reason::DashboardTest)));
            assert_eq!(cut[0].key, key);
        }
    }
}
