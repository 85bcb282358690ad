//! Makes order lines of the products named: picks variants, drops what was only asked about, lets the last word count.

use std::ops::Range;

use super::{
    atoms::{Atom, AtomSort, Polarity},
    confidence::{LineFacts, line_confidence},
    finds::{Find, What},
    index::{CatalogIndex, Choice, Goods, Meaning},
    message::Message,
    segments::{Scene, Segment},
    shares::{Share, is_spoken, shares},
    tones::Tone,
    words::Mark,
};
use crate::domain::reading::{Evidence, LineChange, LooseOption, ReadLine};

/// A line, with what later lines of the same message need to know of it.
struct Draft {
    line: ReadLine,
    find: usize,
    spoken: bool,
}

/// What the message says about products.
pub(super) struct Telling<'a> {
    pub(super) index: &'a CatalogIndex,
    pub(super) message: &'a Message<'a>,
    pub(super) finds: &'a [Find],
    pub(super) atoms: &'a [Atom],
    pub(super) tones: &'a [Tone],
}

impl Telling<'_> {
    fn scene(&self) -> Scene<'_> {
        Scene { index: self.index, finds: self.finds, atoms: self.atoms }
    }

    /// The lines, in the order of the text.
    pub(super) fn lines(&self) -> Vec<ReadLine> {
        let segments = self.scene().segments();
        let mut drafts: Vec<Draft> = Vec::new();
        for (nth, segment) in segments.iter().enumerate() {
            let next = segments.get(nth + 1).map_or(usize::MAX, |next| self.finds[next.find].first());
            if self.is_meant(segment, next) {
                let fresh = self.drafts(segment);
                self.merge(&mut drafts, segment, fresh);
            }
        }
        drafts.into_iter().map(|draft| draft.line).collect()
    }

    /// False for a product that is only asked or told about, and that nothing before the next product then takes up.
    fn is_meant(&self, segment: &Segment, next: usize) -> bool {
        let named_in = self.message.sentence_of(self.finds[segment.find].first());
        let tone = |sentence: usize| self.tones.get(sentence).copied().unwrap_or(Tone::Plain);
        if !matches!(tone(named_in), Tone::Asks | Tone::Tells) {
            return true;
        }
        let orders = |at: usize| {
            let sentence = self.message.sentence_of(at);
            sentence > named_in && at < next && matches!(tone(sentence), Tone::Orders | Tone::Plain)
        };
        let told = |atom: &Atom| matches!(atom.sort, AtomSort::Quantity(_) | AtomSort::Number(..) | AtomSort::Value(_));
        let wanted = self.message.phrases.iter().filter(|phrase| phrase.is(Mark::Order) || phrase.is(Mark::Buy));
        tone(named_in) == Tone::Asks
            && (self.atoms.iter().any(|atom| told(atom) && orders(atom.at.start))
                || wanted.into_iter().any(|phrase| orders(phrase.at.start)))
    }

    fn drafts(&self, segment: &Segment) -> Vec<Draft> {
        let goods = &self.index.goods[segment.product as usize];
        let (shares, clear) = shares(segment, goods);
        shares.iter().map(|share| self.draft(segment, goods, share, clear && !segment.doubtful)).collect()
    }

    fn draft(&self, segment: &Segment, goods: &Goods, share: &Share, clear: bool) -> Draft {
        let find = &self.finds[segment.find];
        let chosen: Vec<Choice> = share.chosen.iter().map(|chosen| chosen.choice).collect();
        let (form, impossible) = self.form(goods, &chosen, &segment.excluded, share.form);
        let told: &[Choice] = form.map_or(&chosen, |form| &goods.forms[form].choices);
        let options = told.iter().map(|choice| (self.text(choice.name), self.text(choice.value))).collect();
        let quality = share.chosen.iter().map(|chosen| self.finds[chosen.find].quality).fold(find.quality, f32::min);
        let spoken = share.quantity.as_ref().is_some_and(is_spoken);
        let facts = LineFacts {
            quality,
            coverage: find.coverage,
            ambiguous: segment.ambiguous,
            clear: clear && !impossible,
            counted: share.quantity.is_some(),
        };
        let line = ReadLine {
            product: goods.sku.to_string(),
            variant: form.map(|form| goods.forms[form].sku.to_string()),
            options,
            modifiers: self.modifiers(segment),
            quantity: share.count,
            change: if segment.polarity.is_against() { LineChange::Remove } else { LineChange::Add },
            evidence: self.evidence(segment, share),
            confidence: line_confidence(&facts),
        };
        Draft { line, find: segment.find, spoken }
    }

    fn text(&self, at: u32) -> String {
        self.index.string(at).to_owned()
    }

    /// The one variant that fits what was chosen; and whether none fits.
    fn form(
        &self,
        goods: &Goods,
        chosen: &[Choice],
        excluded: &[Choice],
        spelled: Option<usize>,
    ) -> (Option<usize>, bool) {
        if spelled.is_some() {
            return (spelled, false);
        }
        let fits = |choices: &[Choice]| {
            chosen.iter().all(|choice| choices.contains(choice))
                && !excluded.iter().any(|choice| choices.contains(choice))
        };
        let mut fitting = goods.forms.iter().enumerate().filter(|(_, form)| fits(&form.choices)).map(|(at, _)| at);
        match (fitting.next(), fitting.next()) {
            (Some(only), None) => (Some(only), false),
            (first, _) => (None, first.is_none() && !goods.forms.is_empty()),
        }
    }

    fn modifiers(&self, segment: &Segment) -> Vec<String> {
        let mut names = Vec::new();
        for (find, polarity) in &segment.modifiers {
            let What::Modifiers(modifiers) = &self.finds[*find].what else { continue };
            let ids: Vec<&str> =
                modifiers.iter().map(|modifier| self.index.modifiers[*modifier as usize].as_ref()).collect();
            let prefix = match polarity {
                Polarity::Wanted => "",
                Polarity::Not | Polarity::Remove => "NOT ",
                Polarity::NotExtra => "NOT EXTRA ",
                Polarity::Extra => "EXTRA ",
                Polarity::Light => "LIGHT ",
            };
            let name = format!("{prefix}{}", ids.join("|"));
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    fn evidence(&self, segment: &Segment, share: &Share) -> Vec<Evidence> {
        let find = &self.finds[segment.find];
        let words = |at, of: &str| self.said(at, of);
        let mut evidence = vec![words(find.first()..find.end(), "product")];
        evidence.extend(share.quantity.as_ref().map(|quantity| words(quantity.at.clone(), "quantity")));
        for chosen in &share.chosen {
            let said = &self.finds[chosen.find];
            let of = format!("option {}", self.index.string(chosen.choice.name));
            evidence.push(words(said.first()..said.end(), &of));
        }
        for (find, _) in &segment.modifiers {
            evidence.push(words(self.finds[*find].first()..self.finds[*find].end(), "modifier"));
        }
        evidence
    }

    fn said(&self, at: Range<usize>, of: &str) -> Evidence {
        Evidence { words: self.message.words(at).to_owned(), of: of.to_owned() }
    }

    /// Adds what a segment says to what was said before it; what takes back or repeats replaces.
    fn merge(&self, drafts: &mut Vec<Draft>, segment: &Segment, fresh: Vec<Draft>) {
        let sku = &self.index.goods[segment.product as usize].sku;
        let known = drafts.iter().rposition(|draft| draft.line.product == sku.as_ref());
        if segment.polarity.is_against() {
            drafts.retain(|draft| draft.line.product != sku.as_ref());
        } else if segment.fixes {
            // Who corrects without naming the same thing again means what was said last.
            let last = drafts.len().checked_sub(1);
            let replaced = known.or(last.filter(|last| self.are_near(drafts[*last].find, segment.find)));
            if let Some(replaced) = replaced {
                let old = drafts.remove(replaced);
                drafts.extend(fresh.into_iter().map(|draft| corrected(draft, &old)));
                return;
            }
        } else if let Some(known) = known.filter(|known| fresh.iter().all(|fresh| repeats(&drafts[*known], fresh))) {
            for draft in fresh {
                complete(&mut drafts[known], draft);
            }
            return;
        }
        drafts.extend(fresh);
    }

    /// True when one sentence, or the next, holds both.
    fn are_near(&self, left: usize, right: usize) -> bool {
        let sentence = |find: usize| self.message.sentence_of(self.finds[find].first());
        sentence(right) - sentence(left).min(sentence(right)) <= 1
    }

    /// Options said without any product.
    pub(super) fn loose_options(&self) -> Vec<LooseOption> {
        let mut loose: Vec<LooseOption> = Vec::new();
        for atom in self.atoms.iter().filter(|atom| !atom.polarity.is_against()) {
            let AtomSort::Value(find) = atom.sort else { continue };
            for choice in self.all_choices(find) {
                let (name, value) = (self.text(choice.name), self.text(choice.value));
                if !loose.iter().any(|known| known.name == name && known.value == value) {
                    let evidence = self.said(atom.at.clone(), &format!("option {name}"));
                    loose.push(LooseOption { name, value, evidence });
                }
            }
        }
        loose
    }

    fn all_choices(&self, find: usize) -> Vec<Choice> {
        let What::Value(entry) = self.finds[find].what else { return Vec::new() };
        let Meaning::Value(of) = &self.index.entries[entry as usize].meaning else { return Vec::new() };
        let mut choices: Vec<Choice> = Vec::new();
        for of in of.iter() {
            if !choices.contains(&of.choice) {
                choices.push(of.choice);
            }
        }
        choices
    }

    /// The last quantity said, for a message that names no product.
    pub(super) fn loose_quantity(&self) -> Option<u32> {
        let counts = self.atoms.iter().rev().filter_map(|atom| match &atom.sort {
            AtomSort::Quantity(quantity) | AtomSort::Number(_, quantity) if is_spoken(quantity) => Some(quantity.count),
            _ => None,
        });
        counts.into_iter().next()
    }
}

/// True when the second mention only says more about the first: nothing contradicts, and no new count is given.
fn repeats(known: &Draft, fresh: &Draft) -> bool {
    let contradicts =
        |(name, value): &(String, String)| known.line.options.iter().any(|(had, said)| had == name && said != value);
    let adds = fresh.line.modifiers.iter().any(|modifier| !known.line.modifiers.contains(modifier));
    let article = fresh.line.evidence.iter().any(|evidence| evidence.of == "quantity");
    !fresh.spoken
        && !article
        && !adds
        && known.line.change == LineChange::Add
        && !fresh.line.options.iter().any(contradicts)
}

fn complete(known: &mut Draft, fresh: Draft) {
    if fresh.line.options.len() > known.line.options.len() {
        known.line.options = fresh.line.options;
        known.line.variant = fresh.line.variant;
    }
    for evidence in fresh.line.evidence {
        if !known.line.evidence.contains(&evidence) {
            known.line.evidence.push(evidence);
        }
    }
}

/// A corrected line keeps of the old one what the correction does not speak of.
fn corrected(mut draft: Draft, old: &Draft) -> Draft {
    if !draft.spoken && old.spoken {
        draft.line.quantity = old.line.quantity;
        draft.spoken = true;
    }
    if draft.line.product == old.line.product && draft.line.options.is_empty() {
        draft.line.options.clone_from(&old.line.options);
        draft.line.variant.clone_from(&old.line.variant);
    }
    draft.line.confidence *= 0.9;
    draft
}
