//! Changes of the shop that staff or another system asked for.

mod budget;
mod claims;
mod desk;
pub(super) mod forget;
mod goods;
mod orders;
mod talk;
mod wants;

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::domain::command::{Answered, Command, Commanded, OrderAt, Refused};
use crate::domain::event::StoredEvent;

use super::step::Step;
use talk::Words;

pub(super) use wants::Desk;

impl Step<'_> {
    /// Does it, or says why not; the answer is kept for who asked.
    pub(super) fn obey(&mut self, event: &StoredEvent, commanded: &Commanded) -> Value {
        self.by = commanded.by.as_deref().map(name_of);
        self.done(event, commanded).unwrap_or_else(|refused| refused.to_answer())
    }

    fn done(&mut self, event: &StoredEvent, commanded: &Commanded) -> Answered {
        let by = commanded.by.as_deref();
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
            Command::Send { to, text, attachment } => {
                self.send(event, to, &Words { by, text: text.as_deref(), attachment: attachment.as_ref() })
            }
            Command::HandOver { conversation, people_only } => self.hand_over(*conversation, *people_only),
            Command::Note { on, text } => self.write_note(by, *on, text),
            Command::RemoveNote { note } => self.remove_note(*note),
            Command::Label { conversation, add, remove } => self.label(*conversation, add, remove),
            Command::Assign { conversation, to } => self.assign(*conversation, to.as_deref()),
            Command::Archive { conversation, archived } => self.archive(*conversation, *archived),
            Command::MarkRead { conversation, through } => self.mark_read(*conversation, *through),
            Command::Forget { person, request } => self.forget(event, person, request.as_deref()),
            Command::KeepFor { days } => self.keep_for(*days),
            Command::EraseAged => self.erase_aged(),
            Command::SettleLooks { conversation, looks } => self.settle_looks(*conversation, looks),
            Command::EditCustomer { customer, contact, name } => {
                self.edit_customer(*customer, contact, name.as_deref())
            }
            Command::MoveLead { lead, stage } => self.move_lead(*lead, *stage),
            Command::SpendCalls { calls, urgent } => self.spend_calls(*calls, *urgent),
            Command::PutBudget { caps } => self.put_budget(*caps),
            Command::PutCatalog(wanted) => self.put_catalog(wanted),
            Command::RemoveCatalog => self.remove_catalog(),
            Command::CheckCatalog => self.check_catalog(),
            Command::StartSync(wanted) => self.start_sync(wanted),
            Command::PauseSync { run } => self.pause_sync(*run),
            Command::ResumeSync { run } => self.resume_sync(*run),
            Command::CancelSync { run } => self.cancel_sync(*run),
            Command::Appeal { retailer_id, reason } => self.appeal(retailer_id, reason),
        }
    }
}

/// A name as histories keep it: PostgreSQL refuses NUL in a text, and nobody reads more of a name.
fn name_of(by: &str) -> String {
    by.chars().filter(|one| *one != '\0').take(200).collect()
}

/// The answer to a command that was done.
fn answered(answer: &impl Serialize) -> Answered {
    Ok(serde_json::to_value(answer).expect("plain values with text keys are always JSON"))
}

fn not_found(what: &str, id: impl fmt::Display) -> Refused {
    Refused::not_found("not_found", format!("there is no {what} {id} in this shop"))
}
