//! Lines up all that was found in a message, in the order of the text: what is named, how many, what turns it round.

use std::ops::Range;

use super::{
    finds::{Find, What, is_numeric},
    message::{Message, Phrase},
    quantities::{Quantity, Sort},
    tokens::Kind,
    words::{Mark, is_and, is_or},
};

/// Something found in a message.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Atom {
    /// Its tokens, from the first to after the last.
    pub(super) at: Range<usize>,
    pub(super) sort: AtomSort,
    /// What a word before it does to it.
    pub(super) polarity: Polarity,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum AtomSort {
    /// A find that is a product.
    Product(usize),
    /// A find that is an option value.
    Value(usize),
    /// A number that is an option value or a quantity.
    Number(usize, Quantity),
    /// A find that is a modifier.
    Modifier(usize),
    Quantity(Quantity),
    Each,
    Fix,
    And,
    Or,
    Comma,
    /// The end of a sentence.
    Stop,
}

/// Wanted or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Polarity {
    #[default]
    Wanted,
    /// Ruled out (`no`, `without`).
    Not,
    /// To be taken off an order (`remove`).
    Remove,
    /// A modifier to be put on twice.
    Extra,
    /// A modifier to be put on sparingly.
    Light,
    /// Ruled out, though only its double measure was named (`hold the extra cheese`).
    NotExtra,
}

impl Polarity {
    pub(super) fn is_against(self) -> bool {
        matches!(self, Self::Not | Self::Remove | Self::NotExtra)
    }
}

/// The atoms of a message, outside of the tokens that mean contact details.
pub(super) fn atoms(message: &Message<'_>, finds: &[Find], quantities: &[Quantity], taken: &[bool]) -> Vec<Atom> {
    let lineup = Lineup { message, finds, quantities };
    let mut against = Against::default();
    let mut atoms: Vec<Atom> = Vec::new();
    for at in (0..message.tokens.len()).filter(|at| !taken[*at]) {
        if let Some(phrase) = message.phrases.iter().find(|phrase| phrase.at.start == at) {
            let last = atoms.last_mut();
            if against.hear(phrase, last.map(|atom| (lineup.is_ended(phrase.at.end), atom))) {
                atoms.push(Atom { at: phrase.at.clone(), sort: lineup.turn(phrase), polarity: Polarity::Wanted });
            }
        }
        if let Some(mut atom) = lineup.atom(at) {
            atom.polarity = against.apply(&atom.sort);
            atoms.push(atom);
        }
    }
    atoms
}

struct Lineup<'a> {
    message: &'a Message<'a>,
    finds: &'a [Find],
    quantities: &'a [Quantity],
}

impl Lineup<'_> {
    /// What begins at this token.
    fn atom(&self, at: usize) -> Option<Atom> {
        let quantity = self.quantities.iter().find(|quantity| quantity.at.start == at);
        let inside = self.quantities.iter().any(|quantity| quantity.sort != Sort::Plain && quantity.at.contains(&at));
        let find = self.finds.iter().position(|find| find.first() == at).filter(|_| !inside);
        let (end, sort) = match (find, quantity) {
            (Some(find), Some(quantity)) if is_numeric(self.message, &self.finds[find]) => {
                (quantity.at.end, AtomSort::Number(find, quantity.clone()))
            }
            (Some(find), _) => (self.finds[find].end(), self.found(find)),
            (None, Some(quantity)) => (quantity.at.end, AtomSort::Quantity(quantity.clone())),
            (None, None) => (at + 1, self.separator(at)?),
        };
        Some(Atom { at: at..end, sort, polarity: Polarity::Wanted })
    }

    fn found(&self, find: usize) -> AtomSort {
        match self.finds[find].what {
            What::Products(_) => AtomSort::Product(find),
            What::Value(_) => AtomSort::Value(find),
            What::Modifiers(_) => AtomSort::Modifier(find),
        }
    }

    fn separator(&self, at: usize) -> Option<AtomSort> {
        let token = &self.message.tokens[at];
        // A word of a find that is not its first belongs to it.
        if self.finds.iter().any(|find| find.tokens.contains(&at)) {
            return None;
        }
        match token.kind {
            Kind::Newline | Kind::Sign('.' | '!' | '?' | ';') => Some(AtomSort::Stop),
            Kind::Sign(',') => Some(AtomSort::Comma),
            Kind::Sign('+' | '&') => Some(AtomSort::And),
            Kind::Sign('/') => Some(AtomSort::Or),
            Kind::Word if token.elided => None,
            Kind::Word if is_and(&token.word) => Some(AtomSort::And),
            Kind::Word if is_or(&token.word) => Some(AtomSort::Or),
            _ => None,
        }
    }

    fn turn(&self, phrase: &Phrase) -> AtomSort {
        if phrase.is(Mark::Each) { AtomSort::Each } else { AtomSort::Fix }
    }

    /// True when the clause ends at this token.
    fn is_ended(&self, at: usize) -> bool {
        self.message.tokens.get(at).is_none_or(|token| matches!(token.kind, Kind::Newline | Kind::Sign(_)))
    }
}

/// What the words heard so far do to what comes next.
#[derive(Default)]
struct Against {
    not: bool,
    remove: bool,
    /// What is ruled out is the next value only (`from M to L`).
    once: bool,
    /// Something was ruled out already: a new count begins anew.
    spent: bool,
    measure: Option<Polarity>,
}

impl Against {
    /// Takes note of a phrase; true when it is to stand among the atoms. `last` is what it follows, and whether it
    /// ends a clause.
    fn hear(&mut self, phrase: &Phrase, last: Option<(bool, &mut Atom)>) -> bool {
        if phrase.is(Mark::Not) && !phrase.is(Mark::Polite) || phrase.is(Mark::From) {
            match last {
                // `the big one no, the small one`: a refusal that ends a clause means what stands before it.
                Some((true, atom)) if !matches!(atom.sort, AtomSort::Comma | AtomSort::Stop) => {
                    atom.polarity = Polarity::Not
                }
                _ => self.not = true,
            }
            self.spent = false;
            self.once = phrase.is(Mark::From);
        }
        self.remove |= phrase.is(Mark::Remove);
        if phrase.is(Mark::Extra) {
            self.measure = Some(Polarity::Extra);
        } else if phrase.is(Mark::Light) {
            self.measure = Some(Polarity::Light);
        }
        if phrase.is(Mark::With) || phrase.is(Mark::Order) || phrase.is(Mark::Add) {
            self.not = false;
        }
        self.remove &= !phrase.is(Mark::Order) && !phrase.is(Mark::Add);
        phrase.is(Mark::Each) || phrase.is(Mark::Fix) || phrase.is(Mark::MakeIt)
    }

    /// What this atom is subject to.
    fn apply(&mut self, sort: &AtomSort) -> Polarity {
        match sort {
            AtomSort::Stop => *self = Self::default(),
            AtomSort::Quantity(_) if self.spent => self.not = false,
            AtomSort::Comma | AtomSort::And => {
                self.not = false;
                self.measure = None;
            }
            AtomSort::Modifier(_) => {
                let measure = self.measure.take();
                self.spent = self.not;
                return match (self.not || self.remove, measure) {
                    (true, Some(Polarity::Extra)) => Polarity::NotExtra,
                    (true, _) => Polarity::Not,
                    (false, measure) => measure.unwrap_or_default(),
                };
            }
            AtomSort::Product(_) | AtomSort::Value(_) | AtomSort::Number(..) if self.not => {
                self.not = !self.once && !matches!(sort, AtomSort::Product(_));
                return Polarity::Not;
            }
            AtomSort::Product(_) if self.remove => return Polarity::Remove,
            _ => {}
        }
        Polarity::Wanted
    }
}
