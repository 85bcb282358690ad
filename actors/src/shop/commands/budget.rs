//! Caps of the seller's own, as staff or another system gives them.

use serde_json::json;

use crate::domain::budget::OwnCaps;
use crate::domain::command::{Answered, Refused};
use crate::shop::step::Step;

impl Step<'_> {
    /// They hold from this turn on, for what waits as well.
    pub(super) fn put_budget(&mut self, caps: OwnCaps) -> Answered {
        let caps = caps.checked().map_err(|detail| Refused::invalid("invalid_caps", detail))?;
        self.out.caps = Some(caps);
        Ok(json!({ "own_caps": caps }))
    }
}
