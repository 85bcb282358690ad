//! Works out what each part of a line amounts to: totals shared out over options, options said once for all parts.

use std::collections::BTreeSet;

use super::{
    index::{Choice, Goods},
    quantities::{Quantity, Sort},
    segments::{Chosen, Item, Segment},
};

/// More lines than this for `one of each` nobody means.
const MOST_FORMS: usize = 12;

/// A part with its amount.
#[derive(Clone, Debug)]
pub(super) struct Share {
    pub(super) count: u32,
    /// The words that say how many, if any do.
    pub(super) quantity: Option<Quantity>,
    pub(super) chosen: Vec<Chosen>,
    /// The variant, where `each` spells it out.
    pub(super) form: Option<usize>,
}

/// What a segment asks for, and whether it was clear.
pub(super) fn shares(segment: &Segment, goods: &Goods) -> (Vec<Share>, bool) {
    let mut items = segment.items.clone();
    inherit(&mut items);
    let total = if is_total_first(&items) { Some(items.remove(0)) } else { None };
    if total.is_none() {
        inherit_back(&mut items);
    }
    let base = total.as_ref().and_then(|total| total.quantity.as_ref());
    if let Some(count) = segment.each {
        return (each(&items, goods, &segment.excluded, count), true);
    }
    let (counts, clear) = counts(&items, base.map(|quantity| amount(quantity, goods)), goods);
    let shares = items.into_iter().zip(counts).map(|(item, count)| Share {
        count,
        quantity: item.quantity.or_else(|| base.cloned()),
        chosen: item.chosen,
        form: None,
    });
    (shares.collect(), clear)
}

/// How many a quantity means: a pair of what is sold by the pair is one.
fn amount(quantity: &Quantity, goods: &Goods) -> u32 {
    if quantity.pairs && !goods.paired { quantity.count.saturating_mul(2) } else { quantity.count }
}

/// True when the first part only says the total that the others share: it lacks an option that they name, and
/// contradicts none.
fn is_total_first(items: &[Item]) -> bool {
    let Some((first, rest)) = items.split_first() else { return false };
    let said: BTreeSet<Choice> = first.chosen.iter().map(|chosen| chosen.choice).collect();
    let mut others = rest.iter().flat_map(|item| &item.chosen).map(|chosen| chosen.choice);
    let agrees = others.clone().all(|other| said.iter().all(|known| known.name != other.name || *known == other));
    agrees && others.any(|other| !said.contains(&other))
}

/// What one part says holds for the parts after it that do not speak of it.
fn inherit(items: &mut [Item]) {
    let mut known: Vec<Chosen> = Vec::new();
    for item in items {
        fill(item, &known);
        known.clone_from(&item.chosen);
    }
}

/// What only the last of several counted parts says (`2 blue and 1 white in M`) holds for those before it, too.
fn inherit_back(items: &mut [Item]) {
    let last = items.last().map(|item| item.chosen.clone()).unwrap_or_default();
    if items.iter().all(|item| item.quantity.is_some() && !item.chosen.is_empty()) {
        items.iter_mut().for_each(|item| fill(item, &last));
    }
}

fn fill(item: &mut Item, from: &[Chosen]) {
    for chosen in from {
        if !item.chosen.iter().any(|known| known.choice.name == chosen.choice.name) {
            item.chosen.push(*chosen);
        }
    }
}

/// The count of each part, and whether they go together.
fn counts(items: &[Item], total: Option<u32>, goods: &Goods) -> (Vec<u32>, bool) {
    let said = |item: &Item| item.quantity.as_ref().map(|quantity| amount(quantity, goods));
    let parts = u32::try_from(items.len()).unwrap_or(u32::MAX).max(1);
    let (first, rest) = items.split_first().map_or((None, items), |(first, rest)| (said(first), rest));
    let rest_silent = !rest.is_empty() && rest.iter().all(|item| item.quantity.is_none());
    // `two shirts, blue and red`: the number before the first part is the total of all.
    let shared = if rest_silent { total.or(first) } else { None };
    match shared {
        Some(1) | None => {
            let counts: Vec<u32> = items.iter().map(|item| said(item).unwrap_or(1)).collect();
            let sum: u32 = counts.iter().fold(0, |sum, count| sum.saturating_add(*count));
            let agrees = total.is_none_or(|total| total == sum || total == 1 || items.len() == 1);
            (counts, agrees)
        }
        Some(shared) if shared % parts == 0 => (vec![shared / parts; items.len()], shared == parts),
        Some(_) => (vec![1; items.len()], false),
    }
}

/// `one of each`: every variant that fits, or the same count of every part named.
fn each(items: &[Item], goods: &Goods, excluded: &[Choice], count: u32) -> Vec<Share> {
    if items.len() > 1 {
        let share =
            |item: &Item| Share { count, quantity: item.quantity.clone(), chosen: item.chosen.clone(), form: None };
        return items.iter().map(share).collect();
    }
    let chosen = items.first().map(|item| item.chosen.clone()).unwrap_or_default();
    let fits = |choices: &[Choice]| {
        chosen.iter().all(|known| choices.contains(&known.choice))
            && !choices.iter().any(|choice| excluded.contains(choice))
    };
    let forms = goods.forms.iter().enumerate().filter(|(_, form)| fits(&form.choices)).map(|(at, _)| at);
    let forms: Vec<usize> = forms.take(MOST_FORMS + 1).collect();
    let share = |form: Option<usize>| Share { count, quantity: None, chosen: chosen.clone(), form };
    if forms.is_empty() || forms.len() > MOST_FORMS {
        return vec![share(None)];
    }
    forms.into_iter().map(|form| share(Some(form))).collect()
}

/// True for a quantity that says a number aloud.
pub(super) fn is_spoken(quantity: &Quantity) -> bool {
    quantity.sort != Sort::Article
}
