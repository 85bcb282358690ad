//! A draft is a fold over what was said: the same messages make the same draft, whatever order they came in.

mod by_hand;
mod lines;
mod missing;
mod wishes;

use chrono::{DateTime, Utc};

use super::button::Button;
use super::catalog::{Catalog, Product};
use super::event::Wish;
use super::ids::{MessageId, OrderId};
use super::order::{Look, Order, OrderLine};
use super::reading::{Evidence, Intent, LineChange, LooseOption, ReadLine, Reading};

pub use by_hand::{LONGEST_DETAIL, MOST_LINES, MOST_MODIFIERS, MOST_PIECES, contact_by_hand, heed, lines_by_hand};
pub use lines::print;
pub use missing::{Missing, give_back_stock, is_complete, missing, short_of_stock, take_stock};

use lines::{fits, matches, new_line, pin, restate, set_option, takes};

/// How sure we are of a line that was copied from an earlier order.
const SURE_OF_REPEATED: f32 = 0.9;
/// How sure we are of one that costs something else now, or that comes on top of other lines.
const SURE_OF_REPEATED_OTHERWISE: f32 = 0.6;

/// One message that has a say in the draft.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// The message.
    pub message: MessageId,
    /// The key of its event.
    pub key: String,
    /// When it was said, by Meta's clock.
    pub at: DateTime<Utc>,
    /// What the reader made of it.
    pub reading: Reading,
    /// Products it names by id.
    pub wishes: Vec<Wish>,
    /// The button it taps, or answers for.
    pub button: Option<Button>,
}

/// What the messages add up to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    /// What is wanted.
    pub lines: Vec<OrderLine>,
    /// The message that first named a product: its key and time.
    pub source: Option<(String, DateTime<Utc>)>,
    /// True when the customer has said yes to just these lines.
    pub agreed: bool,
    /// When everything was taken back last: what was asked before that was about something else.
    pub cancelled_at: Option<DateTime<Utc>>,
    /// What a person should look at, each with the message it came with.
    pub looks: Vec<(MessageId, Look)>,
}

/// What messages are understood against.
#[derive(Clone, Copy, Debug)]
pub struct Shelf<'a> {
    /// What is for sale now: names and prices.
    pub catalog: &'a Catalog,
    /// The order that the draft is, once there is one: buttons made for another do nothing.
    pub order: Option<OrderId>,
    /// The customer's last confirmed order.
    pub last: Option<&'a Order>,
}

impl Heard {
    /// True when a message has a say in a draft.
    pub fn counts(&self) -> bool {
        self.reading.counts() || !self.wishes.is_empty() || self.button.is_some()
    }

    /// True when it takes everything back.
    fn cancels(&self) -> bool {
        let withdrawn = self.reading.intent == Intent::Cancel && self.reading.lines.is_empty();
        // A cart is sent to be ordered, whatever its note says.
        withdrawn && self.wishes.iter().all(|wish| wish.quantity.is_none())
    }
}

impl Reading {
    /// True when the words have a say in a draft.
    pub fn counts(&self) -> bool {
        !self.lines.is_empty()
            || !self.loose_options.is_empty()
            || self.loose_quantity.is_some()
            || self.again.is_some()
            || self.intent == Intent::Cancel
    }
}

/// Adds up messages given in Meta's order.
pub fn build(heard: &[Heard], shelf: Shelf<'_>) -> Draft {
    let mut draft = Draft::default();
    for said in heard {
        let agreed_to = draft.agreed.then(|| print(&draft.lines));
        draft.hear(said, shelf);
        lines::price(&mut draft.lines, shelf.catalog);
        // A yes is to what was there: whoever goes on wanting something else has not agreed to that.
        draft.agreed &= agreed_to.is_none_or(|print_then| print_then == print(&draft.lines));
    }
    draft
}

impl Draft {
    /// From 0 to 1: as sure as of the least sure line.
    pub fn confidence(&self) -> f32 {
        self.lines.iter().map(|line| line.confidence).fold(1.0, f32::min)
    }

    /// True when somebody should look at this for what was said in the open episode.
    pub fn has(&self, look: Look) -> bool {
        self.looks.iter().any(|(_, found)| *found == look)
    }

    fn hear(&mut self, said: &Heard, shelf: Shelf<'_>) {
        match &said.button {
            Some(button) => self.tap(said, button, shelf),
            None if said.cancels() => self.cancel(said),
            None => self.read(said, shelf),
        }
    }

    fn cancel(&mut self, said: &Heard) {
        self.lines.clear();
        self.agreed = false;
        self.cancelled_at = Some(said.at);
        self.looks.retain(|(_, look)| *look != Look::UnknownProduct);
    }

    /// A button made for another order does nothing: an id in a payload is only what a customer says.
    fn tap(&mut self, said: &Heard, button: &Button, shelf: Shelf<'_>) {
        if button.order().is_some_and(|order| shelf.order != Some(order)) {
            self.looks.push((said.message, Look::StaleButton));
            return;
        }
        match button {
            Button::Confirm { print: summed_up, .. } => self.agree(said, *summed_up == print(&self.lines)),
            Button::Agree => self.agree(said, true),
            Button::Cancel { .. } | Button::Withdraw => self.cancel(said),
            Button::Choose { product, with, name, value, .. } => {
                let (name, value) = (name.clone(), value.clone());
                let evidence = Evidence { words: value.clone(), of: format!("option {name}") };
                self.choose(said, (product, with), &LooseOption { name, value, evidence }, shelf);
            }
            Button::Order { product, quantity } => {
                let wish = Wish { product: product.clone(), quantity: Some(*quantity) };
                self.read(&Heard { wishes: vec![wish], button: None, ..said.clone() }, shelf);
            }
        }
    }

    /// A yes to a summary that is out of date is none: the next summary asks anew.
    fn agree(&mut self, said: &Heard, still_so: bool) {
        match self.lines.is_empty() {
            true => self.looks.push((said.message, Look::StaleButton)),
            false => self.agreed |= still_so,
        }
    }

    fn choose(
        &mut self,
        said: &Heard,
        (product, with): (&str, &[(String, String)]),
        option: &LooseOption,
        shelf: Shelf<'_>,
    ) {
        let product = shelf.catalog.product(product);
        let is_meant = |line: &OrderLine| {
            product.is_some_and(|product| line.product == product.retailer_id && takes(line, product, option))
                && with.iter().all(|said| line.options.contains(said) || said.0 == option.name)
        };
        let is_open = |line: &OrderLine| !line.options.iter().any(|(name, _)| *name == option.name);
        let open = self.lines.iter().position(|line| is_meant(line) && is_open(line));
        let place = open.or_else(|| self.lines.iter().position(is_meant));
        match (place, product) {
            (Some(place), Some(product)) => set_option(&mut self.lines[place], said, option, product),
            _ => self.looks.push((said.message, Look::StaleButton)),
        }
    }

    fn read(&mut self, said: &Heard, shelf: Shelf<'_>) {
        let taken_up = wishes::taken_up(said, shelf.catalog);
        let (said, unknown) = taken_up.as_ref().map_or((said, false), |taken_up| (&taken_up.said, taken_up.unknown));
        if unknown {
            self.looks.push((said.message, Look::UnknownProduct));
        }
        let reading = &said.reading;
        if let Some(words) = &reading.again {
            self.repeat(said, words, shelf);
        }
        for line in &reading.lines {
            if let Some(product) = shelf.catalog.product(&line.product) {
                self.hear_line(said, line, product);
            }
        }
        for option in &reading.loose_options {
            self.hear_option(said, option, shelf.catalog);
        }
        if let (Some(quantity), Some(line)) = (reading.loose_quantity, self.lines.last_mut()) {
            line.quantity = if reading.more { line.quantity.saturating_add(quantity) } else { quantity };
        }
    }

    /// Copies the last confirmed order, at today's names and prices.
    fn repeat(&mut self, said: &Heard, words: &Evidence, shelf: Shelf<'_>) {
        let Some(last) = shelf.last else {
            return self.looks.push((said.message, Look::NothingToRepeat));
        };
        let alone = self.lines.is_empty();
        for then in &last.lines {
            let Some(product) = shelf.catalog.product(&then.product) else {
                self.looks.push((said.message, Look::UnknownProduct));
                continue;
            };
            if self.lines.iter().any(|line| lines::same_thing(line, then)) {
                continue;
            }
            self.begin(said);
            let mut line = lines::again(then, product, said.message, (last.id, words));
            lines::price(std::slice::from_mut(&mut line), shelf.catalog);
            let as_then = alone && line.unit_price == then.unit_price;
            line.confidence = if as_then { SURE_OF_REPEATED } else { SURE_OF_REPEATED_OTHERWISE };
            self.lines.push(line);
        }
    }

    fn begin(&mut self, said: &Heard) {
        if self.source.is_none() {
            self.source = Some((said.key.clone(), said.at));
        }
    }

    fn hear_line(&mut self, said: &Heard, read: &ReadLine, product: &Product) {
        if read.change == LineChange::Remove {
            self.lines.retain(|line| !matches(line, read));
            return;
        }
        self.begin(said);
        let known = self.lines.iter_mut().find(|line| fits(line, read, product));
        match known {
            Some(line) if said.reading.more && read.change == LineChange::Add => {
                let more = ReadLine { quantity: line.quantity.saturating_add(read.quantity), ..read.clone() };
                restate(line, said, &ReadLine { change: LineChange::Set, ..more });
            }
            Some(line) => restate(line, said, read),
            None => self.lines.push(new_line(said, read, product)),
        }
        for line in self.lines.iter_mut().filter(|line| line.product == product.retailer_id) {
            pin(line, product);
        }
    }

    /// `in M`: completes every line that lacks the option; if none does, corrects the last line that has it.
    fn hear_option(&mut self, said: &Heard, option: &LooseOption, catalog: &Catalog) {
        let product_of = |line: &OrderLine| {
            let product = catalog.product(&line.product)?;
            lines::comes_in(product, option).then_some(product)
        };
        let lacks = |line: &OrderLine| !line.options.iter().any(|(name, _)| *name == option.name);
        let mut completed = false;
        for line in self.lines.iter_mut().filter(|line| lacks(line)) {
            if let Some(product) = product_of(line) {
                set_option(line, said, option, product);
                completed = true;
            }
        }
        let last = self.lines.iter_mut().rev().find_map(|line| Some((product_of(line)?, line)));
        if let (false, Some((product, line))) = (completed, last)
            && !line.options.contains(&(option.name.clone(), option.value.clone()))
        {
            line.confidence = line.confidence.min(lines::SURE_OF_CORRECTED);
            set_option(line, said, option, product);
        }
    }
}

#[cfg(test)]
mod tests;
