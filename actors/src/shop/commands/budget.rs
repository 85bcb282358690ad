//! Caps of the seller's own, as staff or another system gives them.

use serde_json::json;

use crate::domain::budget::{Budget, BudgetKey, Draw, Grant, OwnCaps, Priority};
use crate::domain::command::{Answered, Refused};
use crate::shop::step::Step;

impl Step<'_> {
    /// They hold from this turn on, for what waits as well.
    pub(super) fn put_budget(&mut self, caps: OwnCaps) -> Answered {
        let caps = caps.checked().map_err(|detail| Refused::invalid("invalid_caps", detail))?;
        self.out.caps = Some(caps);
        Ok(json!({ "own_caps": caps }))
    }

    /// They are spent now, whatever becomes of them: who made them may not come back to say.
    pub(super) fn spend_calls(&mut self, calls: u32, urgent: bool) -> Answered {
        let priority = if urgent { Priority::People } else { Priority::Upkeep };
        let draw = Draw { key: BudgetKey::graph(), priority };
        let books = self.shop.books();
        let held = books.app.filter(|hold| hold.stands(self.now)).map(|hold| hold.until);
        let from = match books.ask(draw, calls, self.now) {
            Grant::Now(room) if room < calls => Some(self.now),
            Grant::Now(_) => held,
            Grant::From(until) => Some(until),
        };
        if from.is_some() {
            return Ok(json!({ "granted": false }));
        }
        let known = self.shop.budgets.get(&draw.key).cloned();
        let (slot, spent) = known.unwrap_or_else(|| Budget::of(draw.key.family)).spend(calls, self.now);
        self.out.spent.insert((draw.key, slot), spent);
        Ok(json!({ "granted": true }))
    }
}
