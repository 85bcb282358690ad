//! Finds the seller's products, option values and modifiers among the words of a message.

use super::{
    index::{CatalogIndex, Meaning, Posting, hyphened},
    message::Message,
    vocabulary::Likeness,
    words::{Mark, is_and, is_article, is_counted, is_label, is_link, is_look, is_money, is_unit, number},
};

/// More products than this that fit equally well are as good as none: a person must ask which.
const MOST_TIES: usize = 3;
/// What a name gains from being said in full; less than one more word would bring.
const FULL_NAME: f32 = 0.6;

/// Something of the catalog that is named in the message.
#[derive(Debug)]
pub(super) struct Find {
    /// Its tokens, in order; words between them belong to something else.
    pub(super) tokens: Vec<usize>,
    pub(super) what: What,
    /// 1 when the words are spelled as in the catalog.
    pub(super) quality: f32,
    /// How much of the name was said, to 1.
    pub(super) coverage: f32,
    /// The same words also name a modifier.
    twin: Option<Vec<u32>>,
}

#[derive(Debug, PartialEq)]
pub(super) enum What {
    /// Products that fit equally well, the closest first.
    Products(Vec<u32>),
    /// An option value, by its entry.
    Value(u32),
    /// Modifiers that fit equally well.
    Modifiers(Vec<u32>),
}

impl Find {
    pub(super) fn first(&self) -> usize {
        self.tokens.first().copied().unwrap_or(0)
    }

    pub(super) fn end(&self) -> usize {
        self.tokens.last().map_or(0, |last| last + 1)
    }

    pub(super) fn is_product(&self) -> bool {
        matches!(self.what, What::Products(_))
    }
}

/// A word of the message that may be a part of an entry.
#[derive(Clone, Copy, Debug)]
struct Hit {
    entry: u32,
    part: u16,
    at: usize,
    len: usize,
    quality: f32,
}

/// Hits on one entry, near one another.
struct Candidate {
    hits: Vec<Hit>,
    rank: f32,
    coverage: f32,
}

/// All that is named in the message, in the order of the text. Tokens that are `taken` mean something else.
pub(super) fn finds(index: &CatalogIndex, message: &Message<'_>, taken: &[bool]) -> Vec<Find> {
    let hits = hits(index, message, taken);
    let search = Search { index, message, valued: valued(index, message, &hits) };
    let mut candidates = search.candidates(&hits);
    let mut finds = Vec::new();
    while let Some(best) = best(&candidates) {
        let best = candidates.swap_remove(best);
        let find = search.take(best, &mut candidates);
        finds.extend(find);
    }
    finds.sort_by_key(Find::first);
    finds.retain(|find| !is_spoken(message, find));
    settle_twins(message, &mut finds);
    drop_strays(&mut finds);
    finds
}

/// True for words that are only a part of a longer phrase (`can` in `can i get`).
fn is_spoken(message: &Message<'_>, find: &Find) -> bool {
    message
        .phrases
        .iter()
        .any(|phrase| phrase.at.len() > find.tokens.len() && find.tokens.iter().all(|at| phrase.at.contains(at)))
}

/// Words that name both a product and a modifier are the modifier where they go on with what is put on a product.
fn settle_twins(message: &Message<'_>, finds: &mut [Find]) {
    for at in 0..finds.len() {
        let Some(twin) = finds[at].twin.take() else { continue };
        let Some(before) = at.checked_sub(1).map(|before| &finds[before]) else { continue };
        let first = finds[at].first();
        let with = message
            .phrases
            .iter()
            .any(|phrase| phrase.is(Mark::With) && (before.end()..first).contains(&phrase.at.start));
        let apart = (before.end()..first).any(|at| {
            let word = message.tokens[at].word.as_str();
            is_article(word)
                || number(word).is_some()
                || message.tokens[at].is_number()
                || is_counted(word)
                || word == "side"
        });
        let goes_on = if before.is_product() { with } else { true };
        if goes_on && !apart && message.sentence_of(before.first()) == message.sentence_of(first) {
            finds[at].what = What::Modifiers(twin);
        }
    }
}

/// A lone word of a longer name, right before another product, only describes that one (`sweet` in `sweet tea`).
fn drop_strays(finds: &mut Vec<Find>) {
    let stray = |pair: &[Find]| {
        let lone = pair[0].is_product() && pair[0].tokens.len() == 1 && pair[0].coverage < 0.6;
        lone && pair[1].is_product() && pair[0].end() == pair[1].first()
    };
    let strays: Vec<usize> = finds.windows(2).enumerate().filter(|(_, pair)| stray(pair)).map(|(at, _)| at).collect();
    for at in strays.into_iter().rev() {
        finds.remove(at);
    }
}

fn hits(index: &CatalogIndex, message: &Message<'_>, taken: &[bool]) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (at, token) in message.tokens.iter().enumerate() {
        if taken[at] || token.elided || !(token.is_word() || token.is_number()) {
            continue;
        }
        for (like, len) in likenesses(index, message, at) {
            let postings: &[Posting] = index.postings.get(like.word as usize).map_or(&[], |list| list);
            let hit =
                |posting: &Posting| Hit { entry: posting.entry, part: posting.part, at, len, quality: like.quality };
            hits.extend(postings.iter().map(hit));
        }
    }
    hits.sort_by_key(|hit| (hit.entry, hit.at, usize::MAX - hit.len));
    hits
}

/// The words of the catalog that the token may be, alone or with its neighbour (`cheese burger`).
fn likenesses(index: &CatalogIndex, message: &Message<'_>, at: usize) -> Vec<(Likeness, usize)> {
    let token = &message.tokens[at];
    let mut likenesses: Vec<(Likeness, usize)> = Vec::new();
    if let Some(next) =
        message.tokens.get(at + 1).filter(|next| token.is_word() && next.is_word() && next.word.len() > 1)
    {
        let joined = index.vocabulary.exact(&format!("{}{}", token.word, next.word));
        likenesses.extend(joined.map(|like| (like, 2)));
    }
    let exact = index.vocabulary.exact(&token.word);
    likenesses.extend(exact.map(|like| (like, 1)));
    // A word we know in its own right is no misspelling of another: `want` is not `pants`.
    let ours = message.is_common(at) || is_label(&token.word) || is_money(&token.word) || is_unit(&token.word);
    if likenesses.is_empty() && token.is_word() && !ours {
        likenesses.extend(index.vocabulary.near(&token.word).into_iter().map(|like| (like, 1)));
    }
    likenesses
}

/// By token: it may be (part of) an option value, so that it may stand inside a product's name.
fn valued(index: &CatalogIndex, message: &Message<'_>, hits: &[Hit]) -> Vec<bool> {
    let mut valued = vec![false; message.tokens.len()];
    for hit in hits {
        if matches!(index.entries[hit.entry as usize].meaning, Meaning::Value(_)) {
            valued[hit.at..hit.at + hit.len].fill(true);
        }
    }
    valued
}

fn best(candidates: &[Candidate]) -> Option<usize> {
    let ranked = candidates.iter().enumerate();
    ranked.max_by(|left, right| left.1.rank.total_cmp(&right.1.rank)).map(|(at, _)| at)
}

struct Search<'a> {
    index: &'a CatalogIndex,
    message: &'a Message<'a>,
    valued: Vec<bool>,
}

impl Search<'_> {
    /// Groups hits (ordered by entry and place) that are near one another.
    fn candidates(&self, hits: &[Hit]) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        let mut group: Vec<Hit> = Vec::new();
        for hit in hits {
            if let Some(last) = group.last().copied() {
                let same = last.entry == hit.entry;
                if same && hit.at < last.at + last.len {
                    continue;
                }
                let repeated = group.iter().any(|known| known.part == hit.part);
                if !same || repeated || !self.bridged(last, *hit) && !self.spanned(last, *hit) {
                    candidates.extend(self.weigh(std::mem::take(&mut group)));
                }
            }
            group.push(*hit);
        }
        candidates.extend(self.weigh(group));
        candidates
    }

    /// True when what lies between two words may stand inside one name.
    fn bridged(&self, left: Hit, right: Hit) -> bool {
        let gap = left.at + left.len..right.at;
        let entry = &self.index.entries[left.entry as usize];
        let named = matches!(entry.meaning, Meaning::Product(_));
        gap.len() <= 3
            && gap.into_iter().all(|at| {
                let token = &self.message.tokens[at];
                let joins = entry.joins && (is_and(&token.word) || token.is_sign('&'));
                joins || token.is_word() && is_link(&token.word) || named && self.valued[at]
            })
    }

    /// True when one unknown word lies between two words: it may, in a name that is said in full.
    fn spanned(&self, left: Hit, right: Hit) -> bool {
        let between = left.at + left.len;
        right.at == between + 1 && self.message.tokens[between].is_word() && !self.message.is_common(between)
    }

    /// A candidate, if these hits are enough of the entry to mean it.
    fn weigh(&self, hits: Vec<Hit>) -> Option<Candidate> {
        let entry = &self.index.entries[hits.first()?.entry as usize];
        let said: f32 = hits.iter().map(|hit| entry.parts[usize::from(hit.part)].weight).sum();
        let coverage = if entry.weight > 0.0 { said / entry.weight } else { 0.0 };
        let full = coverage > 0.99;
        let enough = match entry.meaning {
            Meaning::Product(_) => full || coverage >= 0.25 && hits.iter().any(|hit| self.is_telling(hit)),
            Meaning::Value(_) => full || coverage >= 0.5,
            Meaning::Modifier(_) => full || coverage >= 0.5 && hits.iter().any(|hit| self.is_telling(hit)),
        };
        let words: f32 = hits.iter().map(|hit| hit.quality * f32::from(u8::try_from(hit.len).unwrap_or(1))).sum();
        let named = hits.iter().any(|hit| self.message.tokens[hit.at].is_word());
        let number_only = !named && !matches!(entry.meaning, Meaning::Value(_));
        let loose = hits.windows(2).any(|pair| !self.bridged(pair[0], pair[1]));
        let kind = match entry.meaning {
            Meaning::Product(_) => 0.02,
            Meaning::Value(_) => 0.01,
            Meaning::Modifier(_) => 0.0,
        };
        let fits = enough && !number_only && (full || !loose);
        fits.then_some(Candidate { rank: words + FULL_NAME * coverage + kind, coverage, hits })
    }

    /// True for a word that can name a product without the rest of its name.
    fn is_telling(&self, hit: &Hit) -> bool {
        let entry = &self.index.entries[hit.entry as usize];
        let word = entry.parts[usize::from(hit.part)].word;
        let spelled = hit.quality > 0.99 || self.message.tokens[hit.at].word.chars().count() > 5;
        let look = is_look(self.index.vocabulary.root(word));
        spelled && self.message.tokens[hit.at].is_word() && !look && !self.message.is_common(hit.at)
    }

    /// Makes the candidate a find, and takes its words from the others.
    fn take(&self, best: Candidate, others: &mut Vec<Candidate>) -> Option<Find> {
        let tokens = tokens(&best.hits);
        let (tied, rest): (Vec<_>, Vec<_>) = others.drain(..).partition(|other| self.ties(&best, &tokens, other));
        let twin = self.twin(&best, &tokens, &rest);
        for other in rest {
            if other.hits.iter().any(|hit| tokens.contains(&hit.at) || tokens.contains(&(hit.at + hit.len - 1))) {
                others.extend(self.without(other, &tokens));
            } else {
                others.push(other);
            }
        }
        let quality = best.hits.iter().map(|hit| hit.quality).fold(1.0, f32::min);
        let what = self.meaning(&best, &tied)?;
        Some(Find { tokens, what, quality, coverage: best.coverage, twin })
    }

    /// The modifiers that the words of a product name, too.
    fn twin(&self, best: &Candidate, tokens: &[usize], others: &[Candidate]) -> Option<Vec<u32>> {
        let meaning = |candidate: &Candidate| &self.index.entries[candidate.hits[0].entry as usize].meaning;
        if !matches!(meaning(best), Meaning::Product(_)) {
            return None;
        }
        let same = others.iter().filter(|other| other.coverage > 0.99 && self::tokens(&other.hits) == tokens);
        let twins = distinct(same.filter_map(|other| match meaning(other) {
            Meaning::Modifier(modifier) => Some(*modifier),
            _ => None,
        }));
        (!twins.is_empty()).then_some(twins)
    }

    /// True when the other candidate is said by the same words, and no better or worse.
    fn ties(&self, best: &Candidate, tokens: &[usize], other: &Candidate) -> bool {
        let alike = |left: &Meaning, right: &Meaning| std::mem::discriminant(left) == std::mem::discriminant(right);
        let meaning = |candidate: &Candidate| &self.index.entries[candidate.hits[0].entry as usize].meaning;
        let full = |candidate: &Candidate| candidate.coverage > 0.99;
        alike(meaning(best), meaning(other)) && full(best) == full(other) && self::tokens(&other.hits) == tokens
    }

    /// What is left of a candidate when these tokens are taken.
    fn without(&self, candidate: Candidate, taken: &[usize]) -> Option<Candidate> {
        let free = |hit: &Hit| !(hit.at..hit.at + hit.len).any(|at| taken.contains(&at));
        let left: Vec<Hit> = candidate.hits.into_iter().filter(free).collect();
        let whole = left.windows(2).all(|pair| self.bridged(pair[0], pair[1]));
        if whole { self.weigh(left) } else { None }
    }

    fn meaning(&self, best: &Candidate, tied: &[Candidate]) -> Option<What> {
        let mut by_coverage: Vec<&Candidate> = tied.iter().collect();
        by_coverage.sort_by(|left, right| right.coverage.total_cmp(&left.coverage));
        let entries = std::iter::once(best).chain(by_coverage).map(|candidate| candidate.hits[0].entry);
        let meanings = entries.clone().map(|entry| &self.index.entries[entry as usize].meaning);
        match self.index.entries[best.hits[0].entry as usize].meaning {
            Meaning::Value(_) => Some(What::Value(best.hits[0].entry)),
            Meaning::Product(_) => {
                let products = distinct(meanings.filter_map(|meaning| match meaning {
                    Meaning::Product(product) => Some(*product),
                    _ => None,
                }));
                (products.len() <= MOST_TIES).then_some(What::Products(products))
            }
            Meaning::Modifier(_) => Some(What::Modifiers(distinct(meanings.filter_map(|meaning| match meaning {
                Meaning::Modifier(modifier) => Some(*modifier),
                _ => None,
            })))),
        }
    }
}

fn tokens(hits: &[Hit]) -> Vec<usize> {
    hits.iter().flat_map(|hit| hit.at..hit.at + hit.len).collect()
}

fn distinct(ids: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut seen = Vec::new();
    for id in ids {
        if !seen.contains(&id) {
            seen.push(id);
        }
    }
    seen
}

/// By token: it is (part of) something named. Lone numbers are not counted: they may be quantities.
pub(super) fn named(message: &Message<'_>, finds: &[Find]) -> Vec<bool> {
    let mut named = vec![false; message.tokens.len()];
    for find in finds.iter().filter(|find| !is_numeric(message, find)) {
        for at in &find.tokens {
            named[*at] = true;
        }
    }
    named
}

/// True for an option value said as a mere number (`32`), which may be a quantity instead.
pub(super) fn is_numeric(message: &Message<'_>, find: &Find) -> bool {
    let [at] = find.tokens.as_slice() else { return false };
    let tied =
        at.checked_sub(1).is_some_and(|left| hyphened(message.text, &message.tokens[left], &message.tokens[*at]));
    message.tokens[*at].is_number() && !tied
}
