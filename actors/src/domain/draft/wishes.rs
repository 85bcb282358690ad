//! Products named by id: of a shop page a message was written from, of a cart, of a button. They need no reading.

use super::Heard;
use crate::domain::catalog::{Catalog, Item, Product, Variant};
use crate::domain::event::Wish;
use crate::domain::reading::{Evidence, Intent, LineChange, LooseOption, ReadLine, Reading};

/// How sure we are of what a cart says.
const SURE_OF_CART: f32 = 1.0;
/// How sure we are that somebody who writes from a product's page wants one.
const SURE_OF_PAGE: f32 = 0.9;
/// How sure we are when the words beside it ask, complain or take back.
const SURE_DESPITE_WORDS: f32 = 0.5;

/// A message whose wishes have become lines.
pub(super) struct TakenUp {
    pub(super) said: Heard,
    /// True when the catalog does not have one of them.
    pub(super) unknown: bool,
}

/// Makes lines of what a message wishes by id; none when it does not.
pub(super) fn taken_up(said: &Heard, catalog: &Catalog) -> Option<TakenUp> {
    if said.wishes.is_empty() {
        return None;
    }
    let mut reading = said.reading.clone();
    for line in &mut reading.lines {
        // What was read stays as sure as it was; what was picked does not depend on how well the words were read.
        line.confidence = line.confidence.min(reading.confidence);
    }
    reading.confidence = 1.0;
    let mut picked = Picked { intent: reading.intent, reading, lines: Vec::new() };
    let mut unknown = false;
    for wish in &said.wishes {
        match catalog.item(&wish.product) {
            Some(item) => picked.wish(wish, item),
            None => unknown = true,
        }
    }
    let Picked { mut reading, lines, .. } = picked;
    reading.lines.splice(0..0, lines);
    Some(TakenUp { said: Heard { reading, wishes: Vec::new(), ..said.clone() }, unknown })
}

struct Picked {
    intent: Intent,
    reading: Reading,
    lines: Vec<ReadLine>,
}

impl Picked {
    fn wish(&mut self, wish: &Wish, item: Item<'_>) {
        match wish.quantity {
            Some(quantity) => self.in_cart(wish, item, quantity),
            None => self.on_page(wish, item),
        }
    }

    /// A cart says how many, once and for all; a thing that is in it twice is wanted as often.
    fn in_cart(&mut self, wish: &Wish, item: Item<'_>, quantity: u32) {
        let mut line = line(wish, item, "cart", self.sure(SURE_OF_CART));
        let same = |known: &&mut ReadLine| known.product == line.product && known.variant == line.variant;
        if let Some(known) = self.lines.iter_mut().find(same) {
            known.quantity = known.quantity.saturating_add(quantity);
            return;
        }
        line.quantity = quantity;
        line.change = if quantity == 0 { LineChange::Remove } else { LineChange::Set };
        self.lines.push(line);
    }

    /// A product's page says that it is about this product, and the words how many of it and which.
    fn on_page(&mut self, wish: &Wish, item: Item<'_>) {
        let mut picked = line(wish, item, "product page", self.sure(SURE_OF_PAGE));
        let mut named = self.reading.lines.iter_mut().filter(|line| line.product == picked.product).peekable();
        if named.peek().is_some() {
            named.for_each(|line| specify(line, &picked, item.0));
            return;
        }
        self.take_options(&mut picked, item.0);
        if let Some(quantity) = self.reading.loose_quantity.take() {
            picked.quantity = quantity;
            picked.evidence.push(Evidence { words: quantity.to_string(), of: "quantity".to_owned() });
        }
        self.lines.push(picked);
    }

    /// `in blue`, said on the page of something that comes in blue.
    fn take_options(&mut self, picked: &mut ReadLine, product: &Product) {
        let comes = |option: &LooseOption| super::lines::comes_in(product, option);
        let loose = std::mem::take(&mut self.reading.loose_options);
        let (mine, others): (Vec<_>, Vec<_>) = loose.into_iter().partition(comes);
        self.reading.loose_options = others;
        for option in mine {
            picked.options.retain(|(name, _)| *name != option.name);
            picked.options.push((option.name, option.value));
            picked.evidence.push(option.evidence);
        }
        settle(picked, product);
    }

    fn sure(&self, sure: f32) -> f32 {
        match self.intent {
            Intent::Question | Intent::Complaint | Intent::Cancel => sure.min(SURE_DESPITE_WORDS),
            Intent::Order | Intent::Change | Intent::Greeting | Intent::Other => sure,
        }
    }
}

fn line(wish: &Wish, (product, variant): Item<'_>, of: &str, confidence: f32) -> ReadLine {
    ReadLine {
        product: product.retailer_id.clone(),
        variant: variant.map(|variant| variant.retailer_id.clone()),
        options: variant.map(|variant| variant.options.clone()).unwrap_or_default(),
        modifiers: Vec::new(),
        quantity: 1,
        change: LineChange::Add,
        evidence: vec![Evidence { words: wish.product.clone(), of: of.to_owned() }],
        confidence,
    }
}

/// The words name the product and the page its variant: what the words leave open is as on the page.
fn specify(line: &mut ReadLine, page: &ReadLine, product: &Product) {
    for (name, value) in &page.options {
        if !line.options.iter().any(|(said, _)| said == name) {
            line.options.push((name.clone(), value.clone()));
        }
    }
    line.evidence.extend(page.evidence.iter().cloned());
    settle(line, product);
}

/// Which variant it is, now that the options are known.
fn settle(line: &mut ReadLine, product: &Product) {
    let fits = |variant: &&Variant| line.options.iter().all(|option| variant.options.contains(option));
    let mut fitting = product.variants.iter().filter(fits);
    line.variant = match (fitting.next(), fitting.next()) {
        (Some(only), None) => Some(only.retailer_id.clone()),
        _ => None,
    };
}
