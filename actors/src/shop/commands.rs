//! Changes of the shop that staff or another system asked for.

mod budget;
mod claims;
mod goods;

use serde_json::Value;

use crate::domain::command::{Answered, Command, Commanded, Refused};

use super::step::Step;

impl Step<'_> {
    /// Does it, or says why not; the answer is kept for who asked.
    pub(super) fn obey(&mut self, commanded: &Commanded) -> Value {
        self.done(commanded).unwrap_or_else(|refused| refused.to_answer())
    }

    fn done(&mut self, commanded: &Commanded) -> Answered {
        match &commanded.command {
            Command::PutProducts { products } => self.put_products(products),
            Command::ImportProducts(import) => self.import_products(import),
            Command::RemoveProducts { products } => self.remove_products(products),
            Command::PutModifiers { modifiers } => self.put_modifiers(modifiers),
            Command::RemoveModifiers { modifiers } => self.remove_modifiers(modifiers),
            Command::OpenOrder { .. } | Command::EditOrder { .. } => not_yet(),
            Command::ConfirmOrder(_) | Command::CancelOrder(_) | Command::FulfilOrder(_) => not_yet(),
            Command::Send { .. } | Command::HandOver { .. } => not_yet(),
            Command::Note { .. } | Command::RemoveNote { .. } => not_yet(),
            Command::Label { .. } | Command::Assign { .. } | Command::Archive { .. } => not_yet(),
            Command::MarkRead { .. } | Command::SettleLooks { .. } => not_yet(),
            Command::EditCustomer { .. } | Command::MoveLead { .. } => not_yet(),
            Command::PutBudget { caps } => self.put_budget(*caps),
        }
    }
}

fn not_yet() -> Answered {
    Err(Refused::invalid("not_yet", "this command is not understood yet"))
}
