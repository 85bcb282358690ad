//! Shares a message out over the products it names: which quantities, options and modifiers belong to which.

use super::{
    atoms::{Atom, AtomSort, Polarity},
    finds::{Find, What},
    index::{CatalogIndex, Choice, Meaning},
    quantities::{Quantity, Sort},
};

/// One product named, with what is said of it.
#[derive(Debug)]
pub(super) struct Segment {
    /// The find that names the product.
    pub(super) find: usize,
    pub(super) product: u32,
    /// Other products fit the words as well.
    pub(super) ambiguous: bool,
    pub(super) polarity: Polarity,
    /// It takes back what was said before.
    pub(super) fixes: bool,
    /// What is wanted of it, in parts (`2 blue and 1 red`).
    pub(super) items: Vec<Item>,
    /// Options ruled out.
    pub(super) excluded: Vec<Choice>,
    /// Modifiers, with what is to be done with them.
    pub(super) modifiers: Vec<(usize, Polarity)>,
    /// `one of each`, with its count.
    pub(super) each: Option<u32>,
    /// Something said does not go together.
    pub(super) doubtful: bool,
}

/// A part of what is wanted of one product.
#[derive(Clone, Debug, Default)]
pub(super) struct Item {
    pub(super) quantity: Option<Quantity>,
    pub(super) chosen: Vec<Chosen>,
}

/// An option value, and the find that says it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Chosen {
    pub(super) choice: Choice,
    pub(super) find: usize,
}

/// What a number of steps need to look things up.
pub(super) struct Scene<'a> {
    pub(super) index: &'a CatalogIndex,
    pub(super) finds: &'a [Find],
    pub(super) atoms: &'a [Atom],
}

impl Scene<'_> {
    /// What the value found says about this product.
    pub(super) fn choices(&self, find: usize, product: u32) -> Vec<Choice> {
        let What::Value(entry) = self.finds[find].what else { return Vec::new() };
        let Meaning::Value(of) = &self.index.entries[entry as usize].meaning else { return Vec::new() };
        of.iter().filter(|of| of.product == product).map(|of| of.choice).collect()
    }

    fn products(&self, find: usize) -> &[u32] {
        match &self.finds[find].what {
            What::Products(products) => products,
            What::Value(_) | What::Modifiers(_) => &[],
        }
    }

    /// One segment for each product named.
    pub(super) fn segments(&self) -> Vec<Segment> {
        let named: Vec<usize> =
            (0..self.atoms.len()).filter(|at| matches!(self.atoms[*at].sort, AtomSort::Product(_))).collect();
        let mut start = 0;
        let mut segments = Vec::new();
        for (nth, at) in named.iter().enumerate() {
            let end = named.get(nth + 1).map_or(self.atoms.len(), |next| self.split(*at, *next));
            segments.extend(self.segment(start, *at, end));
            start = end;
        }
        segments
    }

    /// Where what belongs to the product at `left` ends and what belongs to the one at `right` begins.
    fn split(&self, left: usize, right: usize) -> usize {
        let between = left + 1..right;
        let accepts = |at: usize, product: usize| match (&self.atoms[at].sort, &self.atoms[product].sort) {
            (AtomSort::Value(value) | AtomSort::Number(value, _), AtomSort::Product(find)) => {
                self.products(*find).iter().any(|product| !self.choices(*value, *product).is_empty())
            }
            _ => false,
        };
        let counts = |at: &usize| match &self.atoms[*at].sort {
            AtomSort::Quantity(quantity) => quantity.sort != Sort::After,
            AtomSort::Number(..) => !accepts(*at, left) || accepts(*at, right),
            _ => false,
        };
        let leads = |at: &usize| {
            let between = (*at + 1..right).map(|at| &self.atoms[at].sort);
            let mut between =
                between.map(|sort| matches!(sort, AtomSort::Value(_) | AtomSort::Modifier(_) | AtomSort::And));
            between.all(|near| near)
        };
        let last = |wanted: &dyn Fn(&AtomSort) -> bool| between.clone().rev().find(|at| wanted(&self.atoms[*at].sort));
        let count = between.clone().filter(counts).rfind(leads);
        let stop = || {
            last(&|sort| matches!(sort, AtomSort::Stop | AtomSort::Fix)).map(|at| at + usize::from(!self.is_fix(at)))
        };
        let comma = || last(&|sort| *sort == AtomSort::Comma).map(|at| at + 1);
        let and = || last(&|sort| *sort == AtomSort::And).map(|at| at + 1);
        let values = || {
            between
                .clone()
                .take_while(|at| !matches!(self.atoms[*at].sort, AtomSort::Value(_)) || accepts(*at, left))
                .count()
        };
        let end = count.or_else(stop).or_else(comma).or_else(and).unwrap_or_else(|| left + 1 + values());
        self.before_fix(left, end)
    }

    fn is_fix(&self, at: usize) -> bool {
        self.atoms[at].sort == AtomSort::Fix
    }

    /// A word that takes back stands at the head of what replaces.
    fn before_fix(&self, left: usize, end: usize) -> usize {
        let small = |at: &usize| matches!(self.atoms[*at].sort, AtomSort::Comma | AtomSort::Stop | AtomSort::Fix);
        let head = (left + 1..end).rev().take_while(small);
        head.filter(|at| self.is_fix(*at)).last().unwrap_or(end)
    }

    fn segment(&self, start: usize, at: usize, end: usize) -> Option<Segment> {
        let AtomSort::Product(find) = self.atoms[at].sort else { return None };
        let (product, ambiguous) = self.choose(find, start..end)?;
        let fixes = (start..at).any(|at| self.is_fix(at)) && start > 0;
        let polarity = self.atoms[at].polarity;
        let segment = Segment {
            find,
            product,
            ambiguous,
            polarity,
            fixes,
            items: vec![Item::default()],
            excluded: Vec::new(),
            modifiers: Vec::new(),
            each: None,
            doubtful: false,
        };
        let mut filling = Filling { scene: self, segment, named: false, fixing: false, choosing: false };
        for step in start..end {
            filling.add(step, end);
        }
        Some(filling.segment)
    }

    /// Of the products that the words fit, the one that most of the options said nearby fit, too.
    fn choose(&self, find: usize, around: std::ops::Range<usize>) -> Option<(u32, bool)> {
        let fit = |product: u32| {
            let values = self.atoms[around.clone()].iter().filter_map(|atom| match atom.sort {
                AtomSort::Value(value) | AtomSort::Number(value, _) => Some(value),
                _ => None,
            });
            values.filter(|value| !self.choices(*value, product).is_empty()).count()
        };
        let products = self.products(find);
        let most = products.iter().map(|product| fit(*product)).max()?;
        let mut best = products.iter().filter(|product| fit(**product) == most);
        best.next().map(|product| (*product, best.next().is_some()))
    }
}

/// Fills a segment, atom by atom.
struct Filling<'a> {
    scene: &'a Scene<'a>,
    segment: Segment,
    /// The product was passed.
    named: bool,
    /// What follows replaces what was said.
    fixing: bool,
    /// An `or` was passed: what follows is one of several, and none is chosen.
    choosing: bool,
}

impl Filling<'_> {
    fn add(&mut self, at: usize, end: usize) {
        let atom = &self.scene.atoms[at];
        match &atom.sort {
            AtomSort::Product(_) => self.named = true,
            AtomSort::Value(find) => self.value(*find, atom.polarity),
            AtomSort::Number(find, quantity) => self.number(at, end, (*find, quantity)),
            AtomSort::Modifier(find) => self.segment.modifiers.push((*find, atom.polarity)),
            AtomSort::Quantity(quantity) => self.quantity(at, end, quantity),
            AtomSort::Each => {
                let count = self.item().quantity.take_if(|quantity| quantity.at.end == atom.at.start);
                self.segment.each = Some(count.map_or(1, |quantity| quantity.count));
            }
            AtomSort::Fix => self.fixing = true,
            AtomSort::Or => self.choosing = true,
            AtomSort::And | AtomSort::Comma => {}
            AtomSort::Stop => self.choosing = false,
        }
    }

    fn item(&mut self) -> &mut Item {
        if self.segment.items.is_empty() {
            self.segment.items.push(Item::default());
        }
        let last = self.segment.items.len() - 1;
        &mut self.segment.items[last]
    }

    fn value(&mut self, find: usize, polarity: Polarity) {
        let choices = self.scene.choices(find, self.segment.product);
        if choices.is_empty() {
            self.segment.doubtful |= polarity == Polarity::Wanted;
            return;
        }
        for choice in choices {
            self.choose(Chosen { choice, find }, polarity);
        }
    }

    fn choose(&mut self, chosen: Chosen, polarity: Polarity) {
        let name = chosen.choice.name;
        if polarity.is_against() {
            self.segment.excluded.push(chosen.choice);
            for item in &mut self.segment.items {
                item.chosen.retain(|known| known.choice != chosen.choice);
            }
            return;
        }
        let choosing = std::mem::take(&mut self.choosing);
        let fixing = self.fixing;
        let item = self.item();
        let known = item.chosen.iter().position(|known| known.choice.name == name);
        match known {
            Some(known) if item.chosen[known].choice == chosen.choice => {}
            Some(known) if choosing => {
                item.chosen.remove(known);
                self.segment.doubtful = true;
            }
            Some(known) if fixing => item.chosen[known] = chosen,
            Some(_) => self.segment.items.push(Item { quantity: None, chosen: vec![chosen] }),
            None => item.chosen.push(chosen),
        }
    }

    /// A number that may be a size: before the product it counts, after it it is the size.
    fn number(&mut self, at: usize, end: usize, (find, quantity): (usize, &Quantity)) {
        let choices = self.scene.choices(find, self.segment.product);
        let said =
            |item: &Item| choices.iter().any(|choice| item.chosen.iter().any(|known| known.choice.name == choice.name));
        let counted = self.item().quantity.is_some();
        let listed = self.is_listed(at);
        let inside = self.scene.finds[self.segment.find].end() > quantity.at.start;
        let sized = if self.named { inside || counted || listed || !said(self.item()) } else { counted };
        let is_size = sized && !choices.is_empty();
        if is_size { self.value(find, self.scene.atoms[at].polarity) } else { self.quantity(at, end, quantity) }
    }

    /// True for a number joined to one before it by `and` (`in 38 and 40`).
    fn is_listed(&self, at: usize) -> bool {
        let before = |back: usize| at.checked_sub(back).map(|at| &self.scene.atoms[at].sort);
        matches!(before(1), Some(AtomSort::And | AtomSort::Comma)) && matches!(before(2), Some(AtomSort::Number(..)))
    }

    fn quantity(&mut self, at: usize, end: usize, quantity: &Quantity) {
        let article = quantity.sort == Sort::Article;
        let leads = self.named && self.leads_value(at, end) && quantity.sort != Sort::After;
        let named = self.named;
        let fixing = std::mem::take(&mut self.fixing);
        let item = self.item();
        let open = item.quantity.as_ref().is_none_or(|known| known.sort == Sort::Article);
        if fixing || !named && (open || item.chosen.is_empty()) {
            item.quantity = Some(quantity.clone());
        } else if !named || leads && (!article || !open) {
            self.segment.items.push(Item { quantity: Some(quantity.clone()), chosen: Vec::new() });
        } else if open && !article {
            item.quantity = Some(quantity.clone());
        } else if !article {
            self.segment.doubtful = true;
        }
        self.fixing = fixing && self.leads_value(at, end);
    }

    /// True when an option of this product comes right after the quantity.
    fn leads_value(&self, at: usize, end: usize) -> bool {
        let mut next = (at + 1..end).map(|at| &self.scene.atoms[at].sort);
        match next.next() {
            Some(AtomSort::Value(find)) => !self.scene.choices(*find, self.segment.product).is_empty(),
            _ => false,
        }
    }
}
