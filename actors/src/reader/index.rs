//! What the reader keeps of a seller's catalog: a vocabulary, and what its words can mean together.

use std::collections::HashMap;

use super::{
    stems::root,
    tokens::{Kind, Token, glued, tokenise},
    vocabulary::{Vocabulary, WordId},
    words::{is_and, is_link, is_unit},
};
use crate::domain::catalog::{Catalog, Modifier, Product, Variant};

/// What can be recognised in messages to one seller. Built once per catalog, cheap to hold.
#[derive(Debug, Default)]
pub struct CatalogIndex {
    pub(super) vocabulary: Vocabulary,
    pub(super) entries: Box<[Entry]>,
    /// By word: the entries it occurs in, and where in them.
    pub(super) postings: Box<[Box<[Posting]>]>,
    pub(super) goods: Box<[Goods]>,
    pub(super) modifiers: Box<[Box<str>]>,
    /// Option names and values, each kept once.
    strings: Box<[Box<str>]>,
}

/// A sequence of words that means something: a title, a keyword, an option value, a modifier.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) parts: Box<[Part]>,
    pub(super) meaning: Meaning,
    /// What all parts weigh together.
    pub(super) weight: f32,
    /// An `and` belongs to the name.
    pub(super) joins: bool,
}

/// A word of an entry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Part {
    pub(super) word: WordId,
    pub(super) weight: f32,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Meaning {
    /// A product.
    Product(u32),
    /// An option value, with what it says about which product.
    Value(Box<[ValueOf]>),
    /// A modifier.
    Modifier(u32),
}

/// What an option value says about one product.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ValueOf {
    pub(super) product: u32,
    pub(super) choice: Choice,
}

/// An option name and one of its values, by their places among the strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Choice {
    pub(super) name: u32,
    pub(super) value: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Posting {
    pub(super) entry: u32,
    pub(super) part: u16,
}

/// A product and its variants.
#[derive(Debug)]
pub(super) struct Goods {
    pub(super) sku: Box<str>,
    pub(super) forms: Box<[Form]>,
    /// It is sold by the pair.
    pub(super) paired: bool,
}

/// A variant.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) sku: Box<str>,
    pub(super) choices: Box<[Choice]>,
}

impl CatalogIndex {
    /// Learns a catalog's words.
    pub fn new(catalog: &Catalog) -> Self {
        let mut builder = Builder::default();
        for (at, product) in (0..).zip(catalog.products().filter(|product| !product.hidden)) {
            builder.product(at, product);
        }
        for (at, modifier) in (0..).zip(catalog.modifiers()) {
            builder.modifier(at, modifier);
        }
        builder.finish(catalog)
    }

    pub(super) fn string(&self, at: u32) -> &str {
        self.strings.get(at as usize).map_or("", |string| string.as_ref())
    }
}

/// An entry whose words have no ids yet: roots with weights, the meaning, whether an `and` belongs to it.
type RawEntry = (Vec<(String, f32)>, Meaning, bool);

#[derive(Default)]
struct Builder {
    entries: Vec<RawEntry>,
    /// Option values with the same words are one entry, whatever products have them.
    values: HashMap<Vec<String>, Vec<ValueOf>>,
    strings: Vec<Box<str>>,
    places: HashMap<String, u32>,
    goods: Vec<Goods>,
}

impl Builder {
    fn product(&mut self, at: u32, product: &Product) {
        let mut paired = false;
        for name in names(&product.title, &product.keywords) {
            let tokens = tokenise(name);
            paired |= tokens.iter().any(|token| super::words::is_paired(&token.word));
            self.name(&tokens, Meaning::Product(at));
        }
        let forms = product.variants.iter().map(|variant| self.variant(at, variant)).collect();
        self.goods.push(Goods { sku: product.retailer_id.as_str().into(), forms, paired });
    }

    fn variant(&mut self, product: u32, variant: &Variant) -> Form {
        let mut choices = Vec::new();
        for (name, value) in &variant.options {
            let choice = Choice { name: self.intern(name), value: self.intern(value) };
            choices.push(choice);
            self.value(value, ValueOf { product, choice });
        }
        for keyword in &variant.keywords {
            for choice in &choices {
                self.value(keyword, ValueOf { product, choice: *choice });
            }
        }
        Form { sku: variant.retailer_id.as_str().into(), choices: choices.into_boxed_slice() }
    }

    fn modifier(&mut self, at: u32, modifier: &Modifier) {
        for name in names(&modifier.title, &modifier.keywords) {
            self.name(&tokenise(name), Meaning::Modifier(at));
        }
    }

    fn name(&mut self, tokens: &[Token], meaning: Meaning) {
        let joins = tokens.iter().any(|token| is_and(&token.word) || token.is_sign('&'));
        let parts = name_parts(tokens);
        if let Some(joined) = joined_name(tokens) {
            self.entries.push((vec![(root(&joined), 1.0)], meaning.clone(), false));
        }
        if !parts.is_empty() {
            self.entries.push((parts, meaning, joins));
        }
    }

    fn value(&mut self, value: &str, of: ValueOf) {
        let roots: Vec<String> = value_roots(&tokenise(value));
        if roots.is_empty() {
            return;
        }
        let known = self.values.entry(roots).or_default();
        if !known.contains(&of) {
            known.push(of);
        }
    }

    fn intern(&mut self, text: &str) -> u32 {
        if let Some(place) = self.places.get(text) {
            return *place;
        }
        let place = u32::try_from(self.strings.len()).unwrap_or(u32::MAX);
        self.strings.push(text.into());
        self.places.insert(text.to_owned(), place);
        place
    }

    fn finish(mut self, catalog: &Catalog) -> CatalogIndex {
        let mut values: Vec<_> = self.values.into_iter().collect();
        values.sort_by(|left, right| left.0.cmp(&right.0));
        self.entries.extend(values.into_iter().map(|(roots, of)| (weighed(roots), Meaning::Value(of.into()), false)));
        let roots = self.entries.iter().flat_map(|(parts, ..)| parts.iter().map(|(root, _)| root.clone())).collect();
        let vocabulary = Vocabulary::new(roots);
        let entries: Box<[Entry]> = self.entries.into_iter().map(|entry| settle(&vocabulary, entry)).collect();
        CatalogIndex {
            postings: postings(&vocabulary, &entries),
            vocabulary,
            entries,
            goods: self.goods.into_boxed_slice(),
            modifiers: catalog.modifiers().map(|modifier| modifier.id.as_str().into()).collect(),
            strings: self.strings.into_boxed_slice(),
        }
    }
}

/// A title without what stands in brackets and holds a number (`(set of 4)`), and the keywords.
fn names<'a>(title: &'a str, keywords: &'a [String]) -> impl Iterator<Item = &'a str> {
    let bracket = title.find('(').filter(|at| *at > 0 && title[*at..].contains(|char: char| char.is_ascii_digit()));
    std::iter::once(&title[..bracket.unwrap_or(title.len())]).chain(keywords.iter().map(String::as_str))
}

/// The telling words of a name. When it has none but small ones, those.
fn name_parts(tokens: &[Token]) -> Vec<(String, f32)> {
    let telling = |token: &&Token| matches!(token.kind, Kind::Word | Kind::Number) && !token.elided;
    let small = |token: &Token| is_link(&token.word) || is_and(&token.word);
    let keep_small = tokens.iter().filter(telling).all(small);
    let kept = tokens.iter().filter(telling).filter(|token| keep_small || !small(token));
    kept.map(|token| (root(&token.word), if token.is_number() { 0.4 } else { 1.0 })).collect()
}

/// `tshirt` for `T-Shirt`: two words, one of them short, that many write as one.
fn joined_name(tokens: &[Token]) -> Option<String> {
    let [left, right] = tokens else { return None };
    let short = left.word.len() <= 4 || right.word.len() <= 4;
    let words = left.kind == Kind::Word && right.kind == Kind::Word && !is_link(&left.word);
    (short && words).then(|| format!("{}{}", left.word, right.word))
}

/// The roots of an option value, with `extra large` as one word where the two are one size.
pub(super) fn value_roots(tokens: &[Token]) -> Vec<String> {
    let mut roots = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        let next = tokens.get(at).filter(|next| next.is_word());
        let pair = next.and_then(|next| super::words::concept(&format!("{}{}", token.word, next.word)));
        if let Some(pair) = pair {
            roots.push(pair.to_owned());
            at += 1;
        } else if token.is_number() || token.is_word() && (!is_link(&token.word) || tokens.len() <= 2) {
            roots.push(root(&token.word));
        }
    }
    roots
}

/// A number weighs little beside a word (`02 Cherry`) and much beside a measure (`100 ml`).
fn weighed(roots: Vec<String>) -> Vec<(String, f32)> {
    let numeric = |root: &str| root.starts_with(|char: char| char.is_ascii_digit());
    let measure = |root: &str| is_unit(root) || super::words::is_counted(root) || root == "piece" || root == "size";
    let named = roots.iter().any(|root| !numeric(root) && !measure(root));
    let weight = |root: &str| match (numeric(root), measure(root)) {
        (true, _) if named => 0.4,
        (_, true) if roots.len() > 1 => 0.3,
        _ => 1.0,
    };
    roots.iter().map(|root| (root.clone(), weight(root))).collect()
}

fn settle(vocabulary: &Vocabulary, (parts, meaning, joins): RawEntry) -> Entry {
    let parts: Box<[Part]> = parts
        .iter()
        .filter_map(|(root, weight)| Some(Part { word: vocabulary.find(root)?, weight: *weight }))
        .collect();
    let weight = parts.iter().map(|part| part.weight).sum();
    Entry { parts, meaning, weight, joins }
}

fn postings(vocabulary: &Vocabulary, entries: &[Entry]) -> Box<[Box<[Posting]>]> {
    let mut postings: Vec<Vec<Posting>> = vec![Vec::new(); vocabulary.len()];
    for (entry, known) in (0..).zip(entries) {
        for (part, word) in (0..).zip(known.parts.iter()) {
            if let Some(list) = postings.get_mut(word.word as usize) {
                list.push(Posting { entry, part });
            }
        }
    }
    postings.into_iter().map(Vec::into_boxed_slice).collect()
}

/// True when a hyphen ties two neighbours together (`3-pack`, `4-5`).
pub(super) fn hyphened(text: &str, left: &Token, right: &Token) -> bool {
    !glued(left, right) && matches!(text.get(left.span.end..right.span.start), Some("-" | "–" | "‑"))
}
