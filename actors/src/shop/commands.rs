//! Changes of the shop that staff or another system asked for.

mod budget;
mod claims;
mod goods;
mod orders;

use serde_json::Value;

use crate::domain::command::{Answered, Command, Commanded, OrderAt, Refused};

use super::step::Step;

impl Step<'_> {
    /// Does it, or says why not; the answer is kept for who asked.
    pub(super) fn obey(&mut self, commanded: &Commanded) -> Value {
        self.by = commanded.by.as_deref().map(name_of);
        self.done(commanded).unwrap_or_else(|refused| refused.to_answer())
    }

    fn done(&mut self, commanded: &Commanded) -> Answered {
        match &commanded.command {
            Command::PutProducts { products } => self.put_products(products),
            Command::ImportProducts(import) => self.import_products(import),
            Command::RemoveProducts { products } => self.remove_products(products),
            Command::PutModifiers { modifiers } => self.put_modifiers(modifiers),
            Command::RemoveModifiers { modifiers } => self.remove_modifiers(modifiers),
            Command::OpenOrder { conversation, lines } => self.open_order(*conversation, lines),
            Command::EditOrder { order, version, lines, contact } => {
                let at = OrderAt { order: *order, version: Some(*version) };
                self.edit_order(at, lines.as_deref(), contact.as_ref())
            }
            Command::ConfirmOrder(at) => self.confirm_order(*at),
            Command::CancelOrder(at) => self.cancel_order(*at),
            Command::FulfilOrder(at) => self.fulfil_order(*at),
            Command::Send { .. } | Command::HandOver { .. } => not_yet(),
            Command::Note { .. } | Command::RemoveNote { .. } => not_yet(),
            Command::Label { .. } | Command::Assign { .. } | Command::Archive { .. } => not_yet(),
            Command::MarkRead { .. } | Command::SettleLooks { .. } => not_yet(),
            Command::EditCustomer { .. } | Command::MoveLead { .. } => not_yet(),
            Command::PutBudget { caps } => self.put_budget(*caps),
        }
    }
}

/// A name as histories keep it: PostgreSQL refuses NUL in a text, and nobody reads more of a name.
fn name_of(by: &str) -> String {
    by.chars().filter(|one| *one != '\0').take(200).collect()
}

fn not_yet() -> Answered {
    Err(Refused::invalid("not_yet", "this command is not understood yet"))
}
