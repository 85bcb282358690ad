//! Reads a customer's message: what is wanted, how many, in which variant, and how sure that is.
//!
//! A pure function of the text and the seller's catalog: no network, no clock, no memory of the conversation.
//! It knows words of English, Spanish, French and Portuguese, and whatever words the seller uses.
//!
//! The steps, a file each: `tokens` cuts the text, `message` finds phrases (`words`) and sentences, `contact` and
//! `address` the customer's details, `finds` what of the catalog (`index`, `vocabulary`, `stems`) is named,
//! `quantities` how many. `atoms` lines all that up, `segments` and `shares` share it out over the products, `lines`
//! makes order lines of it; `tones` and `intent` say how it is meant, `confidence` how sure it is.

mod address;
mod atoms;
mod confidence;
mod contact;
mod finds;
mod index;
mod intent;
mod lines;
mod message;
mod quantities;
mod segments;
mod shares;
mod stems;
mod tokens;
mod tones;
mod vocabulary;
mod words;

#[cfg(test)]
mod tests;

use std::ops::Range;

pub use index::CatalogIndex;

use self::{
    confidence::{ReadingFacts, bare_confidence, order_confidence},
    finds::Find,
    intent::Signs,
    lines::Telling,
    message::Message,
    quantities::{Quantity, Sort},
    stems::root,
    tones::Tone,
    words::{Mark, is_look, is_more, puts_in_place},
};
use crate::domain::reading::{Contact, Evidence, Intent, LineChange, ReadLine, Reading, YesNo};

/// Reads a message to the seller whose catalog was indexed.
pub fn read(index: &CatalogIndex, text: &str) -> Reading {
    let mut message = Message::new(text);
    let email = contact::email(&message);
    let phone = contact::phone(&message);
    let details: Vec<Range<usize>> = [&email, &phone].into_iter().flatten().map(|found| found.at.clone()).collect();
    let mut taken = vec![false; message.tokens.len()];
    take(&mut taken, &details);
    let mut finds = finds::finds(index, &message, &taken);
    let address = address::address(&message, &product_tokens(&message, &finds), &details);
    if let Some(address) = &address {
        take(&mut taken, std::slice::from_ref(&address.at));
        finds.retain(|find| !find.tokens.iter().all(|at| address.at.contains(at)));
    }
    let named = finds::named(&message, &finds);
    message.forget_phrases(&named);
    let quantities = quantities::quantities(&message, &named, &taken);
    let contact = Contact {
        phone: phone.map(|found| found.value),
        email: email.map(|found| found.value),
        address: address.map(|found| found.value),
    };
    Scanned { index, message, finds, quantities, named, taken }.reading(contact)
}

/// True when words may want what was bought before: whoever reads them will need to know what that was.
pub fn says_again(text: &str) -> bool {
    Message::new(text).has(Mark::Again)
}

fn take(taken: &mut [bool], ranges: &[Range<usize>]) {
    for range in ranges {
        for at in range.clone() {
            taken[at] = true;
        }
    }
}

/// By token: it is part of a product's name, or of an option of several words, and surely so.
fn product_tokens(message: &Message<'_>, finds: &[Find]) -> Vec<bool> {
    let mut claimed = vec![false; message.tokens.len()];
    let sure =
        |find: &&Find| find.is_product() && find.coverage > 0.45 || find.tokens.len() > 1 && find.coverage > 0.99;
    for find in finds.iter().filter(sure) {
        for at in &find.tokens {
            claimed[*at] = true;
        }
    }
    claimed
}

/// A message in which everything was found that is there.
struct Scanned<'a> {
    index: &'a CatalogIndex,
    message: Message<'a>,
    finds: Vec<Find>,
    quantities: Vec<Quantity>,
    named: Vec<bool>,
    taken: Vec<bool>,
}

impl Scanned<'_> {
    fn reading(&self, contact: Contact) -> Reading {
        let tones = tones::tones(&self.message, &self.quantities, &self.named);
        let atoms = atoms::atoms(&self.message, &self.finds, &self.quantities, &self.taken);
        let telling =
            Telling { index: self.index, message: &self.message, finds: &self.finds, atoms: &atoms, tones: &tones };
        let mut lines = telling.lines();
        let (known, unknown) = self.weigh();
        let bare = !self.finds.iter().any(Find::is_product);
        let mut loose_options = if bare { telling.loose_options() } else { Vec::new() };
        // A number among unknown words counts something that is not in the catalog.
        let mut loose_quantity = telling.loose_quantity().filter(|_| bare && unknown == 0);
        let counted = self.quantities.iter().any(|quantity| quantity.sort != Sort::Article);
        let loose = !loose_options.is_empty() || loose_quantity.is_some();
        let signs = Signs { message: &self.message, tones: &tones, lines: &lines, loose, counted, known, unknown };
        let intent = signs.intent();
        if unknown > loose_options.len() || !takes_loose(intent) {
            loose_options.clear();
            loose_quantity = loose_quantity.filter(|_| takes_loose(intent));
        }
        if self.message.has(Mark::Again) {
            // Only a person knows what was bought before.
            lines.clear();
        }
        self.settle(intent, &mut lines);
        let facts = self.facts(&tones, &lines, (known, unknown));
        let confidence = match lines.is_empty() {
            false => order_confidence(lines.iter().map(|line| line.confidence), &facts),
            true => bare_confidence(intent != Intent::Other, &facts),
        };
        let again = self.again().filter(|_| bare && !loose && takes_loose(intent));
        let says_nothing_else = bare && !loose && again.is_none() && unknown == 0 && lines.is_empty();
        let answer = self.answer().filter(|_| says_nothing_else && takes_loose(intent));
        let more = self.message.has(Mark::Add) || self.message.has(Mark::More) || self.counts_more();
        Reading { intent, lines, loose_options, loose_quantity, more, again, answer, contact, confidence }
    }

    /// `2 more`
    fn counts_more(&self) -> bool {
        let after = self.quantities.iter().filter_map(|quantity| self.message.tokens.get(quantity.at.end));
        after.into_iter().any(|token| is_more(&token.word))
    }

    /// The words that want what was bought before. Which that was, the words do not tell.
    fn again(&self) -> Option<Evidence> {
        let phrase = self.message.phrases.iter().find(|phrase| phrase.is(Mark::Again))?;
        Some(Evidence { words: self.message.words(phrase.at.clone()).to_owned(), of: "again".to_owned() })
    }

    /// A yes or a no, where one of them stands alone.
    fn answer(&self) -> Option<YesNo> {
        match (self.message.has(Mark::Yes), self.message.has(Mark::No)) {
            (true, false) => Some(YesNo::Yes),
            (false, true) => Some(YesNo::No),
            (true, true) | (false, false) => None,
        }
    }

    /// Keeps of the lines what the intent allows.
    fn settle(&self, intent: Intent, lines: &mut Vec<ReadLine>) {
        match intent {
            Intent::Order => {}
            Intent::Change => {
                let sets = !self.message.has(Mark::Add);
                for line in lines.iter_mut().filter(|line| sets && line.change == LineChange::Add) {
                    line.change = LineChange::Set;
                }
                if let [old, new] = lines.as_mut_slice()
                    && old.product != new.product
                    && self.swaps()
                {
                    old.change = LineChange::Remove;
                }
            }
            Intent::Question | Intent::Cancel | Intent::Greeting | Intent::Complaint | Intent::Other => lines.clear(),
        }
    }

    /// `swap the cap for an apron`: a word for a change, and one between two products that puts one in place of the
    /// other.
    fn swaps(&self) -> bool {
        let products = || self.finds.iter().filter(|find| find.is_product());
        let old = products().min_by_key(|find| find.first()).map(Find::end);
        let new = products().map(Find::first).max();
        let between = old.zip(new).and_then(|(old, new)| self.message.tokens.get(old..new)).unwrap_or_default();
        self.message.has(Mark::Change) && between.iter().any(|token| puts_in_place(&token.word))
    }

    /// How many words we made something of, and how many not.
    fn weigh(&self) -> (usize, usize) {
        let mut known = self.quantities.iter().filter(|quantity| quantity.sort != Sort::Article).count();
        let mut unknown = 0;
        for (at, token) in self.message.tokens.iter().enumerate().filter(|(at, _)| !self.taken[*at]) {
            if self.named[at] {
                known += 1;
            } else if token.is_word()
                && token.word.chars().count() > 1
                && !self.message.is_common(at)
                && !is_look(&root(&token.word))
            {
                unknown += 1;
            }
        }
        (known, unknown)
    }

    fn facts(&self, tones: &[Tone], lines: &[ReadLine], (known, unknown): (usize, usize)) -> ReadingFacts {
        let marks = [Mark::Change, Mark::Cancel, Mark::Fix, Mark::Again, Mark::Complain];
        let turned = marks.into_iter().any(|mark| self.message.has(mark));
        let refused = lines.iter().any(|line| line.change == LineChange::Remove);
        let asked = tones.iter().any(|tone| matches!(tone, Tone::Asks | Tone::Tells));
        let ordered = tones.contains(&Tone::Orders) || self.message.has(Mark::Please);
        ReadingFacts { ordered, mixed: turned || refused || asked, unknown, known }
    }
}

/// True when an option or a quantity said alone can be meant for a line of an earlier message.
fn takes_loose(intent: Intent) -> bool {
    matches!(intent, Intent::Order | Intent::Change | Intent::Other | Intent::Greeting)
}
