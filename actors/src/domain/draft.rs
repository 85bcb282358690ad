//! A draft is a fold over what was said: the same messages make the same draft, whatever order they came in.

use chrono::{DateTime, Utc};

use super::catalog::{Catalog, Product, Variant};
use super::ids::MessageId;
use super::order::{LineEvidence, OrderLine};
use super::reading::{Contact, Intent, LineChange, LooseOption, ReadLine, Reading};
use super::seller::Required;

/// How sure we are of a line whose quantity was said twice, differently.
const SURE_OF_RESTATED: f32 = 0.6;
/// How sure we are of a line whose option was changed by a word that names no product.
const SURE_OF_CORRECTED: f32 = 0.7;

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
}

/// What the messages add up to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    /// What is wanted.
    pub lines: Vec<OrderLine>,
    /// The message that first named a product: its key and time.
    pub source: Option<(String, DateTime<Utc>)>,
}

/// What is still needed before an order can be confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// An option of a product, with the values there are.
    Option {
        /// The product's title.
        title: String,
        /// The option's name.
        name: String,
        /// Its values.
        choices: Vec<String>,
    },
    /// More is wanted than there is.
    Stock {
        /// The line's label.
        label: String,
        /// How many are left.
        left: i64,
    },
    /// A phone number.
    Phone,
    /// An e-mail address.
    Email,
    /// A postal address.
    Address,
}

impl Missing {
    /// A short text that is equal for equal needs, to see whether the same was asked before.
    pub fn fingerprint(missing: &[Missing]) -> String {
        let word = |need: &Missing| match need {
            Missing::Option { title, name, .. } => format!("option {title} {name}"),
            Missing::Stock { label, left } => format!("stock {label} {left}"),
            Missing::Phone => "phone".to_owned(),
            Missing::Email => "email".to_owned(),
            Missing::Address => "address".to_owned(),
        };
        missing.iter().map(word).collect::<Vec<_>>().join("; ")
    }
}

impl Reading {
    /// True when a message has a say in a draft.
    pub fn counts(&self) -> bool {
        !self.lines.is_empty()
            || !self.loose_options.is_empty()
            || self.loose_quantity.is_some()
            || self.intent == Intent::Cancel
    }
}

/// Adds up messages given in Meta's order.
pub fn build(heard: &[Heard], catalog: &Catalog) -> Draft {
    let mut draft = Draft::default();
    for said in heard {
        draft.hear(said, catalog);
    }
    draft
}

impl Draft {
    /// From 0 to 1: as sure as of the least sure line.
    pub fn confidence(&self) -> f32 {
        self.lines.iter().map(|line| line.confidence).fold(1.0, f32::min)
    }

    fn hear(&mut self, said: &Heard, catalog: &Catalog) {
        let reading = &said.reading;
        if reading.intent == Intent::Cancel && reading.lines.is_empty() {
            self.lines.clear();
            return;
        }
        for line in &reading.lines {
            if let Some(product) = catalog.product(&line.product) {
                self.hear_line(said, line, product);
            }
        }
        for option in &reading.loose_options {
            self.hear_option(said, option, catalog);
        }
        if let (Some(quantity), Some(line)) = (reading.loose_quantity, self.lines.last_mut()) {
            line.quantity = quantity;
        }
    }

    fn hear_line(&mut self, said: &Heard, read: &ReadLine, product: &Product) {
        if read.change == LineChange::Remove {
            self.lines.retain(|line| !matches(line, read));
            return;
        }
        if self.source.is_none() {
            self.source = Some((said.key.clone(), said.at));
        }
        let quantity_said = read.change == LineChange::Set || read.evidence.iter().any(|word| word.of == "quantity");
        let known = self.lines.iter_mut().find(|line| fits(line, read, product));
        match known {
            Some(line) => restate(line, said, read, quantity_said),
            None => self.lines.push(new_line(said, read, product)),
        }
        for line in self.lines.iter_mut().filter(|line| line.product == product.retailer_id) {
            pin(line, product);
        }
    }

    /// `in M`: completes every line that lacks the option; if none does, corrects the last line that has it.
    fn hear_option(&mut self, said: &Heard, option: &LooseOption, catalog: &Catalog) {
        let takes = |line: &OrderLine| {
            let variants = catalog.product(&line.product).map_or(&[][..], |product| &product.variants);
            variants.iter().any(|variant| variant.options.contains(&(option.name.clone(), option.value.clone())))
        };
        let lacks = |line: &OrderLine| !line.options.iter().any(|(name, _)| *name == option.name);
        let mut completed = false;
        for line in self.lines.iter_mut().filter(|line| takes(line) && lacks(line)) {
            set_option(line, said, option, catalog);
            completed = true;
        }
        if completed {
            return;
        }
        if let Some(line) = self.lines.iter_mut().rev().find(|line| takes(line)) {
            let already = line.options.contains(&(option.name.clone(), option.value.clone()));
            if !already {
                line.options.retain(|(name, _)| *name != option.name);
                line.confidence = line.confidence.min(SURE_OF_CORRECTED);
                set_option(line, said, option, catalog);
            }
        }
    }
}

fn set_option(line: &mut OrderLine, said: &Heard, option: &LooseOption, catalog: &Catalog) {
    line.options.push((option.name.clone(), option.value.clone()));
    line.evidence.push(LineEvidence {
        message: said.message,
        words: option.evidence.words.clone(),
        of: option.evidence.of.clone(),
    });
    if let Some(product) = catalog.product(&line.product) {
        pin(line, product);
    }
}

/// True when a removal means this line.
fn matches(line: &OrderLine, read: &ReadLine) -> bool {
    line.product == read.product && read.options.iter().all(|option| line.options.contains(option))
}

/// True when a line read now speaks of a line known before: the same thing again, or more about an open one.
fn fits(line: &OrderLine, read: &ReadLine, product: &Product) -> bool {
    let same_product = line.product == read.product && line.modifiers == read.modifiers;
    let agree = read.options.iter().all(|(name, value)| {
        let known = line.options.iter().find(|(known, _)| known == name);
        known.is_none_or(|(_, known)| known == value)
    });
    let open = !product.variants.is_empty() && line.variant.is_none();
    let says_as_much = line.variant.is_none() || line.variant == read.variant || read.options.is_empty();
    same_product && agree && (open || says_as_much)
}

fn restate(line: &mut OrderLine, said: &Heard, read: &ReadLine, quantity_said: bool) {
    for option in &read.options {
        if !line.options.contains(option) {
            line.options.push(option.clone());
        }
    }
    line.confidence = line.confidence.min(read.confidence).min(said.reading.confidence);
    if quantity_said && line.quantity != read.quantity {
        if read.change != LineChange::Set {
            line.confidence = line.confidence.min(SURE_OF_RESTATED);
        }
        line.quantity = read.quantity;
    }
    line.evidence.extend(evidence_of(said, read));
}

fn new_line(said: &Heard, read: &ReadLine, product: &Product) -> OrderLine {
    OrderLine {
        product: product.retailer_id.clone(),
        variant: read.variant.clone(),
        title: product.title.clone(),
        options: read.options.clone(),
        modifiers: read.modifiers.clone(),
        quantity: read.quantity,
        unit_price: product.price,
        evidence: evidence_of(said, read).collect(),
        confidence: read.confidence.min(said.reading.confidence),
    }
}

fn evidence_of<'a>(said: &'a Heard, read: &'a ReadLine) -> impl Iterator<Item = LineEvidence> + 'a {
    read.evidence.iter().map(|word| LineEvidence {
        message: said.message,
        words: word.words.clone(),
        of: word.of.clone(),
    })
}

/// Settles on a variant once its options leave only one, and takes that one's price.
fn pin(line: &mut OrderLine, product: &Product) {
    let left = candidates(line, product);
    let only = left.first().filter(|_| left.len() == 1).copied();
    line.variant = only.map(|variant| variant.retailer_id.clone());
    if let Some(variant) = only {
        line.options.clone_from(&variant.options);
    }
    line.unit_price = product.price_of(only);
}

/// The variants that have every option said so far.
fn candidates<'a>(line: &OrderLine, product: &'a Product) -> Vec<&'a Variant> {
    let fits = |variant: &&Variant| line.options.iter().all(|option| variant.options.contains(option));
    product.variants.iter().filter(fits).collect()
}

/// What these lines still need, in the order it is asked for.
pub fn missing(lines: &[OrderLine], catalog: &Catalog, known: &Contact, required: Required) -> Vec<Missing> {
    let mut missing: Vec<Missing> = lines.iter().filter_map(|line| missing_option(line, catalog)).collect();
    missing.extend(short_of_stock(lines, catalog));
    let details = [
        (required.phone && known.phone.is_none(), Missing::Phone),
        (required.email && known.email.is_none(), Missing::Email),
        (required.address && known.address.is_none(), Missing::Address),
    ];
    missing.extend(details.into_iter().filter(|(lacks, _)| *lacks).map(|(_, need)| need));
    missing
}

fn missing_option(line: &OrderLine, catalog: &Catalog) -> Option<Missing> {
    let product = catalog.product(&line.product)?;
    if product.variants.is_empty() || line.variant.is_some() {
        return None;
    }
    let mut left = candidates(line, product);
    if left.is_empty() {
        left = product.variants.iter().collect();
    }
    let names = left.iter().flat_map(|variant| &variant.options).map(|(name, _)| name);
    let name = names.into_iter().find(|name| distinct(&left, name).len() > 1)?.clone();
    let choices = distinct(&left, &name);
    Some(Missing::Option { title: line.title.clone(), name, choices })
}

fn distinct(variants: &[&Variant], name: &str) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    for (_, value) in variants.iter().flat_map(|variant| &variant.options).filter(|(known, _)| known == name) {
        if !values.contains(value) {
            values.push(value.clone());
        }
    }
    values
}

fn short_of_stock(lines: &[OrderLine], catalog: &Catalog) -> Vec<Missing> {
    let mut short: Vec<Missing> = Vec::new();
    for (place, line) in lines.iter().enumerate() {
        let same = |other: &&OrderLine| other.product == line.product && other.variant == line.variant;
        let seen_before = lines[..place].iter().any(|other| same(&other));
        let wanted: i64 = lines.iter().filter(same).map(|line| i64::from(line.quantity)).sum();
        if let Some(left) = stock_of(line, catalog)
            && wanted > left
            && !seen_before
        {
            short.push(Missing::Stock { label: line.label(), left: left.max(0) });
        }
    }
    short
}

fn stock_of(line: &OrderLine, catalog: &Catalog) -> Option<i64> {
    let product = catalog.product(&line.product)?;
    match line.variant.as_deref().and_then(|id| product.variant(id)) {
        Some(variant) => variant.stock,
        None if product.variants.is_empty() => product.stock,
        None => None,
    }
}

/// The products of these lines with what was ordered taken from their stock, where it is counted.
pub fn take_stock(lines: &[OrderLine], catalog: &Catalog) -> Vec<Product> {
    let mut taken: Vec<Product> = Vec::new();
    for line in lines.iter().filter(|line| stock_of(line, catalog).is_some()) {
        if !taken.iter().any(|product| product.retailer_id == line.product) {
            taken.extend(catalog.product(&line.product).cloned());
        }
        let product = taken.iter_mut().find(|product| product.retailer_id == line.product);
        let stock = product.and_then(|product| match &line.variant {
            Some(id) => product.variants.iter_mut().find(|variant| variant.retailer_id == *id)?.stock.as_mut(),
            None => product.stock.as_mut(),
        });
        if let Some(stock) = stock {
            *stock -= i64::from(line.quantity);
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::reading::Evidence;

    fn shirts() -> Catalog {
        let usd = "USD".parse().unwrap();
        let price = crate::domain::money::Money { minor: 2990, currency: usd };
        let variant = |color: &str, size: &str| Variant {
            retailer_id: format!("LIN-{color}-{size}"),
            options: vec![("Color".into(), color.into()), ("Size".into(), size.into())],
            price: None,
            stock: (color == "Blue").then_some(3),
            keywords: vec![],
        };
        let variants = vec![variant("Blue", "S"), variant("Blue", "M"), variant("White", "M")];
        let shirt = Product {
            retailer_id: "LIN".into(),
            title: "Linen Shirt".into(),
            price,
            stock: None,
            keywords: vec![],
            variants,
        };
        let cap = Product { retailer_id: "CAP".into(), title: "Cap".into(), variants: vec![], ..shirt.clone() };
        Catalog { products: vec![shirt, cap], modifiers: vec![] }
    }

    fn line(product: &str, quantity: Option<u32>, options: &[(&str, &str)]) -> ReadLine {
        let words = quantity.map(|_| Evidence { words: "n".into(), of: "quantity".into() });
        ReadLine {
            product: product.into(),
            variant: None,
            options: options.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            modifiers: vec![],
            quantity: quantity.unwrap_or(1),
            change: LineChange::Add,
            evidence: words.into_iter().collect(),
            confidence: 0.9,
        }
    }

    fn said(n: i64, lines: Vec<ReadLine>) -> Heard {
        Heard {
            message: MessageId(n),
            key: format!("message:{n}"),
            at: DateTime::from_timestamp(n, 0).unwrap(),
            reading: Reading { intent: Intent::Order, lines, confidence: 0.9, ..Reading::default() },
        }
    }

    fn loose(n: i64, name: &str, value: &str) -> Heard {
        let evidence = Evidence { words: value.into(), of: format!("option {name}") };
        let mut heard = said(n, vec![]);
        heard.reading.loose_options = vec![LooseOption { name: name.into(), value: value.into(), evidence }];
        heard
    }

    #[test]
    fn options_said_later_complete_the_line() {
        let heard = [said(1, vec![line("LIN", Some(2), &[("Color", "Blue")])]), loose(2, "Size", "M")];
        let draft = build(&heard, &shirts());
        assert_eq!(draft.lines.len(), 1);
        assert_eq!(draft.lines[0].variant.as_deref(), Some("LIN-Blue-M"));
        assert_eq!(draft.lines[0].quantity, 2);
        assert_eq!(draft.source.unwrap().0, "message:1");
    }

    #[test]
    fn one_option_is_enough_when_it_leaves_one_variant() {
        let draft = build(&[said(1, vec![line("LIN", None, &[("Color", "White")])])], &shirts());
        assert_eq!(draft.lines[0].variant.as_deref(), Some("LIN-White-M"));
    }

    #[test]
    fn saying_the_order_again_does_not_double_it() {
        let order = || line("CAP", Some(2), &[]);
        let draft = build(&[said(1, vec![order()]), said(2, vec![order()])], &shirts());
        assert_eq!(draft.lines.len(), 1);
        assert_eq!((draft.lines[0].quantity, draft.confidence()), (2, 0.9));
        let other = build(&[said(1, vec![order()]), said(2, vec![line("CAP", Some(3), &[])])], &shirts());
        assert_eq!(other.lines[0].quantity, 3);
        assert!(other.confidence() < 0.75, "somebody should look");
    }

    #[test]
    fn a_cancel_empties_the_draft_and_a_removal_its_line() {
        let both = said(1, vec![line("CAP", None, &[]), line("LIN", None, &[])]);
        let mut no_cap = said(2, vec![line("CAP", None, &[])]);
        no_cap.reading.lines[0].change = LineChange::Remove;
        assert_eq!(build(&[both.clone(), no_cap], &shirts()).lines.len(), 1);
        let mut cancel = said(2, vec![]);
        cancel.reading.intent = Intent::Cancel;
        assert!(build(&[both, cancel], &shirts()).lines.is_empty());
    }

    #[test]
    fn what_is_missing_is_the_open_option_the_stock_and_the_details() {
        let required = Required { phone: true, email: false, address: true };
        let draft = build(&[said(1, vec![line("LIN", Some(9), &[("Color", "Blue")])])], &shirts());
        let needs = missing(&draft.lines, &shirts(), &Contact::default(), required);
        let size =
            Missing::Option { title: "Linen Shirt".into(), name: "Size".into(), choices: vec!["S".into(), "M".into()] };
        assert_eq!(needs, [size, Missing::Phone, Missing::Address]);
        let sized = build(&[said(1, vec![line("LIN", Some(9), &[("Color", "Blue"), ("Size", "S")])])], &shirts());
        let needs = missing(&sized.lines, &shirts(), &Contact::default(), required);
        assert_eq!(needs[0], Missing::Stock { label: "Linen Shirt (Blue, S)".into(), left: 3 });
    }

    #[test]
    fn confirmed_lines_leave_the_stock_where_it_is_counted() {
        let heard = said(1, vec![line("LIN", Some(2), &[("Color", "Blue"), ("Size", "S")]), line("CAP", None, &[])]);
        let taken = take_stock(&build(&[heard], &shirts()).lines, &shirts());
        assert_eq!(taken.len(), 1);
        assert_eq!(taken[0].variant("LIN-Blue-S").unwrap().stock, Some(1));
    }

    proptest! {
        #[test]
        fn no_line_is_without_its_product_and_quantity(picks in prop::collection::vec((0..2_usize, 1_u32..5, 0..3_usize), 0..12)) {
            let heard: Vec<Heard> = (1..).zip(&picks).map(|(n, (product, quantity, color))| {
                let color = [&[][..], &[("Color", "Blue")], &[("Color", "White")]][*color];
                let options = if *product == 0 { color } else { &[] };
                said(n, vec![line(["LIN", "CAP"][*product], Some(*quantity), options)])
            }).collect();
            let draft = build(&heard, &shirts());
            prop_assert!(draft.lines.iter().all(|line| line.quantity > 0 && shirts().product(&line.product).is_some()));
            prop_assert_eq!(draft.lines.is_empty(), heard.is_empty());
        }
    }
}
