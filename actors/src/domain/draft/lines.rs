//! One line of a draft: how a line read now goes together with a line known before.

use super::Heard;
use crate::domain::catalog::{Catalog, Product, Variant};
use crate::domain::ids::{MessageId, OrderId};
use crate::domain::order::{LineEvidence, OrderLine};
use crate::domain::print::Print;
use crate::domain::reading::{Evidence, LineChange, LooseOption, ReadLine};

/// How sure we are of a line whose quantity was said twice, differently.
const SURE_OF_RESTATED: f32 = 0.6;
/// How sure we are of a line whose option was changed by a word that names no product.
pub(super) const SURE_OF_CORRECTED: f32 = 0.7;

/// A short text that is equal for equal lines at equal prices, to see whether a yes is to what is there now.
///
/// It comes back from a customer's phone, so it must be the same in every version of the program: nothing but the line
/// decides it.
pub fn print(lines: &[OrderLine]) -> String {
    let mut print = Print::default();
    for line in lines {
        print.add(&line.product);
        print.add(line.variant.as_deref().unwrap_or_default());
        line.options.iter().for_each(|(name, value)| print.add(&format!("{name}={value}")));
        line.modifiers.iter().for_each(|modifier| print.add(modifier));
        print.add(&format!("{} x {}", line.quantity, line.unit_price));
    }
    format!("{:016x}", print.number())
}

/// True when a product is sold with this value of the option.
pub(super) fn comes_in(product: &Product, option: &LooseOption) -> bool {
    product.variants.iter().any(|variant| has(&variant.options, option))
}

/// True when this line can be had with this value of the option, whatever value it has now.
pub(super) fn takes(line: &OrderLine, product: &Product, option: &LooseOption) -> bool {
    let others = || line.options.iter().filter(|(name, _)| *name != option.name);
    let fits = |variant: &Variant| has(&variant.options, option) && others().all(|said| variant.options.contains(said));
    product.variants.iter().any(fits)
}

fn has(options: &[(String, String)], option: &LooseOption) -> bool {
    options.iter().any(|(name, value)| *name == option.name && *value == option.value)
}

pub(super) fn set_option(line: &mut OrderLine, said: &Heard, option: &LooseOption, product: &Product) {
    if has(&line.options, option) {
        return;
    }
    line.options.retain(|(name, _)| *name != option.name);
    line.options.push((option.name.clone(), option.value.clone()));
    line.evidence.push(LineEvidence {
        message: said.message,
        words: option.evidence.words.clone(),
        of: option.evidence.of.clone(),
    });
    pin(line, product);
}

/// True when a removal means this line.
pub(super) fn matches(line: &OrderLine, read: &ReadLine) -> bool {
    line.product == read.product && read.options.iter().all(|option| line.options.contains(option))
}

/// True when two lines are about one and the same thing.
pub(super) fn same_thing(one: &OrderLine, other: &OrderLine) -> bool {
    one.product == other.product && one.variant == other.variant && one.modifiers == other.modifiers
}

/// True when a line read now speaks of a line known before: the same thing again, or more about an open one.
pub(super) fn fits(line: &OrderLine, read: &ReadLine, product: &Product) -> bool {
    let same_product = line.product == read.product && line.modifiers == read.modifiers;
    let agree = read.options.iter().all(|(name, value)| {
        let known = line.options.iter().find(|(known, _)| known == name);
        known.is_none_or(|(_, known)| known == value)
    });
    let open = !product.variants.is_empty() && line.variant.is_none();
    let says_as_much = line.variant.is_none() || line.variant == read.variant || read.options.is_empty();
    same_product && agree && (open || says_as_much)
}

/// Says a known line again: what is set counts, whatever was said before; what is only said otherwise is doubtful.
pub(super) fn restate(line: &mut OrderLine, said: &Heard, read: &ReadLine) {
    for option in &read.options {
        if !line.options.contains(option) {
            line.options.push(option.clone());
        }
    }
    let sets = read.change == LineChange::Set;
    let is_whole = sets && read.options.len() >= line.options.len();
    let before = if is_whole { 1.0 } else { line.confidence };
    line.confidence = before.min(read.confidence).min(said.reading.confidence);
    let quantity_said = sets || read.evidence.iter().any(|word| word.of == "quantity");
    if quantity_said && line.quantity != read.quantity {
        if !sets {
            line.confidence = line.confidence.min(SURE_OF_RESTATED);
        }
        line.quantity = read.quantity;
    }
    line.evidence.extend(evidence_of(said, read));
}

pub(super) fn new_line(said: &Heard, read: &ReadLine, product: &Product) -> OrderLine {
    OrderLine {
        product: product.retailer_id.clone(),
        variant: read.variant.clone(),
        title: product.title.clone(),
        options: read.options.clone(),
        modifiers: read.modifiers.clone(),
        quantity: read.quantity,
        unit_price: product.price_of(None),
        evidence: evidence_of(said, read).collect(),
        confidence: read.confidence.min(said.reading.confidence),
        stock_taken: false,
    }
}

/// A line of an earlier order as it is sold today.
pub(super) fn again(
    then: &OrderLine,
    product: &Product,
    message: MessageId,
    (order, words): (OrderId, &Evidence),
) -> OrderLine {
    let evidence = LineEvidence { message, words: words.words.clone(), of: format!("order {order}") };
    let title = product.title.clone();
    let mut line =
        OrderLine { title, unit_price: product.price, evidence: vec![evidence], stock_taken: false, ..then.clone() };
    pin(&mut line, product);
    line
}

pub(super) fn evidence_of<'a>(said: &'a Heard, read: &'a ReadLine) -> impl Iterator<Item = LineEvidence> + 'a {
    read.evidence.iter().map(|word| LineEvidence {
        message: said.message,
        words: word.words.clone(),
        of: word.of.clone(),
    })
}

/// Settles on a variant once its options leave only one, and takes that one's price.
pub(super) fn pin(line: &mut OrderLine, product: &Product) {
    let left = candidates(line, product);
    let only = left.first().filter(|_| left.len() == 1).copied();
    line.variant = only.map(|variant| variant.retailer_id.clone());
    if let Some(variant) = only {
        line.options.clone_from(&variant.options);
    }
    line.unit_price = product.price_of(only);
}

/// Puts what each line costs with the modifiers on it. A line may have been priced before without them.
pub(super) fn price(lines: &mut [OrderLine], catalog: &Catalog) {
    for line in lines.iter_mut().filter(|line| !line.modifiers.is_empty()) {
        if let Some(product) = catalog.product(&line.product) {
            let variant = line.variant.as_deref().and_then(|id| product.variant(id));
            line.unit_price = catalog.unit_price(product, variant, &line.modifiers);
        }
    }
}

/// The variants that have every option said so far.
pub(super) fn candidates<'a>(line: &OrderLine, product: &'a Product) -> Vec<&'a Variant> {
    let fits = |variant: &&Variant| line.options.iter().all(|option| variant.options.contains(option));
    product.variants.iter().filter(fits).collect()
}
