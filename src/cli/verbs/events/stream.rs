//! The wire of live events (server-sent events): bytes in, events out.

/// One event as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sent {
    /// Where to go on after it.
    pub(super) id: Option<String>,
    /// What kind it is; empty: it was not said.
    pub(super) kind: String,
    /// What it says.
    pub(super) data: String,
}

/// Makes events of bytes, wherever those are cut.
#[derive(Debug, Default)]
pub(super) struct Stream {
    line: Vec<u8>,
    after_return: bool,
    event: Sent,
    has_data: bool,
    /// What the server wants to be waited for before it is asked again, in milliseconds.
    pub(super) retry: Option<u64>,
}

impl Stream {
    /// The events that these bytes complete.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Vec<Sent> {
        let mut events = Vec::new();
        for byte in bytes {
            match byte {
                // A return and a feed end one line together.
                b'\n' if self.after_return => {}
                b'\n' | b'\r' => events.extend(self.end_line()),
                byte => self.line.push(*byte),
            }
            self.after_return = *byte == b'\r';
        }
        events
    }

    fn end_line(&mut self) -> Option<Sent> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return std::mem::take(&mut self.has_data).then_some(event);
        }
        let line = String::from_utf8_lossy(&line);
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" if !value.contains('\0') => self.event.id = Some(value.to_owned()),
            "event" => value.clone_into(&mut self.event.kind),
            "retry" => self.retry = value.parse().ok().or(self.retry),
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            // A comment, as a sign of life is, or a field of later times.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WIRE: &str = ": alive\n\nid: 7\nevent: order.confirmed\ndata: {\"a\":1}\n\nretry: 2500\r\n\r\nid:8\r\ndata: b\r\ndata:c\r\n\r\nid: 9\ndata: cut off";

    fn events() -> Vec<Sent> {
        let event = |id: &str, kind: &str, data: &str| Sent {
            id: Some(id.to_owned()),
            kind: kind.to_owned(),
            data: data.to_owned(),
        };
        vec![event("7", "order.confirmed", "{\"a\":1}"), event("8", "", "b\nc")]
    }

    proptest! {
        #[test]
        fn events_are_the_same_wherever_the_bytes_are_cut(cuts in proptest::collection::vec(1_usize..9, 0..60)) {
            let mut stream = Stream::default();
            let mut rest = WIRE.as_bytes();
            let mut found = Vec::new();
            for cut in cuts {
                let (piece, others) = rest.split_at(cut.min(rest.len()));
                found.extend(stream.take(piece));
                rest = others;
            }
            found.extend(stream.take(rest));
            prop_assert_eq!(found, events());
            prop_assert_eq!(stream.retry, Some(2500));
        }
    }
}
