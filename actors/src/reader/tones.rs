//! How each sentence is meant: as an order, a question, a tale of the past.

use super::{
    message::Message,
    quantities::{Quantity, Sort},
    words::Mark,
};

/// How a sentence is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// It says that something is wanted.
    Orders,
    /// It says nothing about it: what it names is wanted if the rest does not speak against it.
    Plain,
    /// It wants to know something.
    Asks,
    /// It tells of something that was.
    Tells,
}

/// The tone of each sentence.
pub(super) fn tones(message: &Message<'_>, quantities: &[Quantity], named: &[bool]) -> Vec<Tone> {
    (0..message.sentence_count()).map(|sentence| tone(message, quantities, named, sentence)).collect()
}

fn tone(message: &Message<'_>, quantities: &[Quantity], named: &[bool], sentence: usize) -> Tone {
    let has = |mark: Mark| message.phrases_in(sentence).any(|phrase| phrase.is(mark));
    let orders = has(Mark::Order) || has(Mark::Buy) || has(Mark::Add);
    let asks = has(Mark::Ask);
    if asks && orders {
        // `i want 2 caps and how much is the delivery` orders, `i want to buy 2 caps, do you have any` as well;
        // without a number it is more likely about the thing than for it.
        let counted = counted_thing(message, quantities, named, sentence) || named_first(message, named, sentence);
        return if counted && !conditional(message, sentence) { Tone::Orders } else { Tone::Asks };
    }
    if orders {
        return if has(Mark::Past) && has(Mark::Complain) { Tone::Tells } else { Tone::Orders };
    }
    // A greeting that asks (`how are you?`) asks about nothing.
    let greets = has(Mark::Greet) && !(0..named.len()).any(|at| named[at] && message.sentence_of(at) == sentence);
    if asks || message.is_asked(sentence) && !greets {
        return Tone::Asks;
    }
    if has(Mark::Past) || has(Mark::Complain) { Tone::Tells } else { Tone::Plain }
}

/// True when the sentence begins with an order, and something named stands before it begins to ask.
fn named_first(message: &Message<'_>, named: &[bool], sentence: usize) -> bool {
    let first = |mark: Mark| message.phrases_in(sentence).find(|phrase| phrase.is(mark)).map(|phrase| phrase.at.start);
    let order = first(Mark::Order).or_else(|| first(Mark::Buy));
    let ask = first(Mark::Ask);
    order.zip(ask).is_some_and(|(order, ask)| (order..ask).any(|at| named[at]))
}

/// True when the sentence names something to buy, with a number aloud.
fn counted_thing(message: &Message<'_>, quantities: &[Quantity], named: &[bool], sentence: usize) -> bool {
    let counted = quantities
        .iter()
        .any(|quantity| quantity.sort != Sort::Article && message.sentence_of(quantity.at.start) == sentence);
    counted && (0..named.len()).any(|at| named[at] && message.sentence_of(at) == sentence)
}

/// `if i buy 5`
fn conditional(message: &Message<'_>, sentence: usize) -> bool {
    message
        .phrases_in(sentence)
        .any(|phrase| matches!(message.tokens[phrase.at.start].word.as_str(), "if" | "si" | "se"))
}
