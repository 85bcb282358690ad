//! What a comparison finds, item by item; and that whatever happens in between, the catalog comes to be what is for sale.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::domain::catalog::{Condition, Details, Variant};
use crate::domain::ids::OutboxId;
use crate::domain::money::Money;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap()
}

fn usd(minor: i64) -> Money {
    Money { minor, currency: "USD".parse().unwrap() }
}

fn making() -> Making {
    Making { brand: "Ada".into(), condition: Condition::New }
}

fn details(description: Option<&str>) -> Option<Box<Details>> {
    let details = Details {
        description: description.map(str::to_owned),
        link: Some("https://shop.example/cap".into()),
        images: vec!["https://shop.example/cap.jpg".into()],
        ..Details::default()
    };
    details.kept()
}

fn cap() -> Product {
    Product { details: details(Some("A cap")), ..Product::new("CAP", "Cap", usd(1000)) }
}

fn printed(product: &Product) -> Prints {
    let built = build::item(product, "CAP", &making(), &|_| false).unwrap();
    build::prints(&built.item.unwrap())
}

/// An item that Meta has as this product is.
fn taken(product: &Product) -> KnownItem {
    let prints = Some(printed(product));
    let new = KnownItem::new("CAP", "CAP", at(0));
    KnownItem { state: ItemState::Accepted, accepted: prints, sent: prints, ..new }
}

fn compare<T>(rejected_again: bool, look: impl FnOnce(&Compare<'_>) -> T) -> T {
    let making = making();
    look(&Compare { making: &making, taken: &|_| false, rejected_again, now: at(9) })
}

fn found(products: &[Product], known: Vec<KnownItem>) -> Findings {
    let known = known.into_iter().map(|item| (item.retailer_id.clone(), item)).collect();
    compare(false, |compare| compare.products(products, known, &|_| false))
}

#[test]
fn an_item_is_looked_at_for_what_it_is_and_what_is_known_of_it() {
    let hidden = Product { hidden: true, ..cap() };
    let bare = Product { details: details(None), ..cap() };
    let (dearer, renamed) = (Product { price: usd(1100), ..cap() }, Product { title: "Soft cap".into(), ..cap() });
    let fine = || taken(&cap());
    let no_more = |state| KnownItem { state, wants: Wants::Hide, accepted: None, ..fine() };
    let rejected = KnownItem { state: ItemState::Rejected, reason: Some("no".into()), ..fine() };
    let lately_rejected = KnownItem { accepted: None, ..rejected.clone() };
    let kept_there = KnownItem { item_id: Some("9".into()), ..lately_rejected.clone() };
    let one = Counts { looked_at: 1, ..Counts::default() };
    let (create, update, delete) =
        (Counts { create: 1, ..one }, Counts { update: 1, ..one }, Counts { delete: 1, ..one });
    let (unchanged, refused) = (Counts { unchanged: 1, ..one }, Counts { refused: 1, ..one });
    use ItemState::{Accepted, Hidden, Live, Owed, Refused, Removed, Sent};
    for (what, product, known, counts, after) in [
        ("it is new", cap(), None, create, Some((Owed, false))),
        ("it is there", cap(), Some(fine()), unchanged, None),
        ("it is shown", cap(), Some(KnownItem { state: Live, ..fine() }), unchanged, None),
        ("it costs more", dearer.clone(), Some(fine()), update, Some((Owed, true))),
        ("it is called otherwise", renamed.clone(), Some(fine()), update, Some((Owed, false))),
        ("it is on its way", dearer.clone(), Some(KnownItem { state: Sent, ..fine() }), unchanged, None),
        ("it lacks something", bare.clone(), None, refused, Some((Refused, false))),
        ("it lacks it now", bare, Some(fine()), refused, Some((Refused, false))),
        ("it was mended", cap(), Some(KnownItem { state: Refused, ..fine() }), unchanged, Some((Accepted, false))),
        (
            "it costs what it did again",
            cap(),
            Some(KnownItem { state: Owed, ..fine() }),
            unchanged,
            Some((Accepted, false)),
        ),
        ("it is not offered", hidden.clone(), Some(fine()), delete, Some((Owed, true))),
        ("it never was there", hidden, Some(no_more(Hidden)), unchanged, None),
        ("it is back", cap(), Some(no_more(Removed)), create, Some((Owed, false))),
        ("it was rejected as it is", cap(), Some(rejected.clone()), unchanged, None),
        ("it was not taken as it is", cap(), Some(lately_rejected.clone()), unchanged, None),
        ("it is another than was rejected", renamed, Some(rejected), update, Some((Owed, false))),
        ("it was not taken, and is another", dearer.clone(), Some(lately_rejected), create, Some((Owed, false))),
        ("what Meta has was not replaced", dearer, Some(kept_there), update, Some((Owed, false))),
    ] {
        let findings = found(&[product], known.into_iter().collect());
        assert_eq!(findings.counts, counts, "{what}");
        let state = findings.items.first().map(|item| (item.state, item.is_urgent));
        assert_eq!(state, after, "{what}");
        assert_eq!(findings.refusals.len() as u64, findings.counts.refused, "{what}");
    }
}

#[test]
fn what_was_rejected_goes_up_again_as_it_is_when_somebody_wants_it_so() {
    let rejected = KnownItem { state: ItemState::Rejected, reason: Some("no".into()), ..taken(&cap()) };
    let known = BTreeMap::from([("CAP".to_owned(), rejected.clone())]);
    let findings = compare(true, |compare| compare.products(&[cap()], known, &|_| false));
    assert_eq!((findings.counts.update, findings.items[0].state), (1, ItemState::Owed));
    // Else it would be dropped on its way as nothing new.
    assert_eq!(findings.items[0].accepted.filter(|prints| *prints == printed(&cap())), None);
}

#[test]
fn what_is_left_of_a_product_is_taken_out_unless_it_lives_elsewhere() {
    let variant = KnownItem { retailer_id: "CAP-S".into(), ..taken(&cap()) };
    for (lives, deleted) in [(false, 1), (true, 0)] {
        let known = BTreeMap::from([("CAP".to_owned(), taken(&cap())), ("CAP-S".to_owned(), variant.clone())]);
        let findings = compare(false, |compare| compare.products(&[cap()], known, &|_| lives));
        assert_eq!((findings.counts.delete, findings.items.len()), (deleted, deleted as usize));
        assert!(findings.items.iter().all(|item| item.is_urgent && item.wants == Wants::Remove));
    }
}

fn owed(number: usize) -> (KnownItem, Product) {
    let sku = format!("CAP-{number}");
    let product = Product { retailer_id: sku.clone(), ..cap() };
    (KnownItem::new(&sku, &sku, at(0)), product)
}

fn loaded(owed: Vec<(KnownItem, Product)>, most: (usize, usize)) -> Load {
    let products = owed.iter().map(|(_, product)| (product.retailer_id.clone(), product.clone())).collect();
    let known = owed.into_iter().map(|(known, _)| known).collect();
    compare(false, |compare| Load::of(known, &products, compare, most))
}

#[test]
fn a_load_holds_so_many_items_and_bytes_and_one_item_however_large() {
    let bytes = serde_json::to_vec(&loaded(vec![owed(0)], (9, usize::MAX)).changes[0]).unwrap().len();
    let many = || (0..9).map(owed).collect();
    for (most, fits) in
        [((9, usize::MAX), 9), ((4, usize::MAX), 4), ((9, 3 * bytes), 3), ((9, 4 * bytes - 1), 3), ((9, 1), 1)]
    {
        let load = loaded(many(), most);
        assert_eq!((load.changes.len(), load.sent.len()), (fits, fits), "{most:?}");
        let first: Vec<&str> = load.changes.iter().map(ItemChange::retailer_id).collect();
        assert_eq!(first, (0..fits).map(|n| format!("CAP-{n}")).collect::<Vec<_>>(), "in the order they are owed");
    }
}

#[test]
fn what_is_sent_is_as_it_is_by_now_and_what_needs_no_sending_is_dropped() {
    let (known, product) = owed(1);
    let there = KnownItem { accepted: Some(printed(&Product { retailer_id: "CAP".into(), ..cap() })), ..known.clone() };
    let as_is = |product: Product, known: KnownItem| loaded(vec![(known, product)], (9, usize::MAX));
    let dearer = as_is(Product { price: usd(1100), ..product.clone() }, known.clone());
    let ItemChange::Put(item) = &dearer.changes[0] else { panic!("{dearer:?}") };
    assert_eq!((item.price, dearer.sent[0].state), (usd(1100), ItemState::Sent));
    assert_eq!(dearer.sent[0].sent, Some(build::prints(item)), "what is accepted then is known");

    let gone = compare(false, |compare| Load::of(vec![there.clone()], &HashMap::new(), compare, (9, 999)));
    assert_eq!(gone.changes, [ItemChange::Remove("CAP-1".into())]);
    let hidden = as_is(Product { hidden: true, ..product.clone() }, there);
    assert_eq!((hidden.changes.len(), hidden.sent[0].wants), (1, Wants::Hide));

    // A batch that is given up may have been done all the same.
    let unheard = KnownItem { state: ItemState::Owed, ..gone.sent[0].clone() };
    let back = as_is(product.clone(), unheard);
    assert_eq!(back.changes.len(), 1, "whether it is there still, nobody knows");

    let never = compare(false, |compare| Load::of(vec![known.clone()], &HashMap::new(), compare, (9, 999)));
    assert_eq!((never.changes.len(), never.dropped[0].state), (0, ItemState::Removed), "Meta never had it");
    let bare = as_is(Product { details: details(None), ..product.clone() }, known.clone());
    assert_eq!((bare.refusals[0].code.as_str(), bare.dropped[0].state), ("EMPTY_DESCRIPTION", ItemState::Refused));
    let prints = dearer.sent[0].sent;
    let same = as_is(Product { price: usd(1100), ..product }, KnownItem { accepted: prints, ..known });
    assert_eq!((same.changes.len(), same.dropped[0].state), (0, ItemState::Accepted));
}

/// A shop and its catalog, as a run sees them: three products, some of them in two sizes.
#[derive(Default)]
struct World {
    products: BTreeMap<String, Product>,
    known: BTreeMap<String, KnownItem>,
    meta: BTreeMap<String, CatalogItem>,
}

/// What happens there.
#[derive(Clone, Debug)]
enum Happens {
    Sold { number: usize, price: i64, sizes: usize, hidden: bool, is_whole: bool },
    NotSold(usize),
    Planned,
    Pushed { most: usize, fate: Fate },
}

/// What becomes of what is sent.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Taken,
    /// Nothing was taken.
    Lost,
    /// It was taken, and nobody heard of it: it is owed again.
    Unheard,
}

impl World {
    fn happens(&mut self, what: Happens) {
        match what {
            Happens::Sold { number, price, sizes, hidden, is_whole } => {
                let sku = format!("P{number}");
                let size = |size: usize| Variant {
                    retailer_id: format!("{sku}-{size}"),
                    options: vec![("Size".into(), size.to_string())],
                    ..Variant::default()
                };
                let variants = (0..sizes).map(size).collect();
                let details = details(Some("A cap").filter(|_| is_whole));
                let product = Product { variants, hidden, details, ..Product::new(&sku, "Cap", usd(price)) };
                self.products.insert(sku, product);
            }
            Happens::NotSold(number) => drop(self.products.remove(&format!("P{number}"))),
            Happens::Planned => drop(self.plan()),
            Happens::Pushed { most, fate } => drop(self.push(most, fate)),
        }
    }

    /// All of it is looked at, as a full run does.
    fn plan(&mut self) -> Counts {
        let products: Vec<Product> = self.products.values().cloned().collect();
        let is_left = |item: &KnownItem| !self.products.contains_key(&item.product);
        let (left, own): (Vec<_>, Vec<_>) = self.known.values().cloned().partition(is_left);
        let own = own.into_iter().map(|item| (item.retailer_id.clone(), item)).collect();
        let mut findings = compare(false, |compare| compare.products(&products, own, &|_| false));
        let ends = |item: &KnownItem| matches!(item.state, ItemState::Hidden | ItemState::Removed);
        for item in left.into_iter().filter(|item| !ends(item)) {
            compare(false, |compare| compare.gone(Some(item), Wants::Remove, &mut findings));
        }
        self.keep(findings.items);
        findings.counts
    }

    /// What is owed is sent, and that comes to its end before anything else is sent.
    fn push(&mut self, most: usize, fate: Fate) -> Load {
        let mut owed: Vec<KnownItem> = self.known.values().filter(|it| it.state == ItemState::Owed).cloned().collect();
        owed.sort_by_key(|item| (!item.is_urgent, item.retailer_id.clone()));
        owed.truncate(most);
        let products = self.products.clone().into_iter().collect();
        let load = compare(false, |compare| Load::of(owed, &products, compare, (most, usize::MAX)));
        let names: BTreeSet<&str> = load.changes.iter().map(ItemChange::retailer_id).collect();
        assert_eq!(names.len(), load.changes.len(), "one SKU once in a batch");
        if !matches!(fate, Fate::Lost) {
            for change in &load.changes {
                match change {
                    ItemChange::Put(item) => drop(self.meta.insert(item.retailer_id.clone(), (**item).clone())),
                    ItemChange::Remove(sku) => drop(self.meta.remove(sku)),
                }
            }
        }
        let ended = load.sent.iter().map(|item| ended(item.clone(), matches!(fate, Fate::Taken)));
        self.keep(ended.chain(load.dropped.iter().cloned()).collect());
        load
    }

    fn keep(&mut self, items: Vec<KnownItem>) {
        self.known.extend(items.into_iter().map(|item| (item.retailer_id.clone(), item)));
    }

    /// What should be at Meta: all that is for sale and lacks nothing.
    fn wanted(&self) -> BTreeMap<String, CatalogItem> {
        let offered = self.products.values().filter(|product| !product.hidden);
        let built = offered.flat_map(|product| build::items(product, &making(), &|_| false));
        built.filter_map(|built| Some((built.retailer_id, built.item.ok()?))).collect()
    }
}

/// As the rows of a batch end.
fn ended(item: KnownItem, is_taken: bool) -> KnownItem {
    assert_eq!((item.state, item.batch), (ItemState::Sent, None::<OutboxId>));
    match is_taken {
        true => {
            let accepted = item.sent.filter(|_| item.wants == Wants::Put);
            KnownItem { state: item.wants.done(), accepted, ..item }
        }
        false => KnownItem { state: ItemState::Owed, ..item },
    }
}

fn happenings() -> impl Strategy<Value = Vec<Happens>> {
    let fate = prop_oneof![Just(Fate::Taken), Just(Fate::Lost), Just(Fate::Unheard)];
    let sold = (0..3_usize, 1..3_i64, 0..3_usize, prop::bool::weighted(0.2), prop::bool::weighted(0.8));
    let sold = sold.prop_map(|(number, price, sizes, hidden, is_whole)| Happens::Sold {
        number,
        price,
        sizes,
        hidden,
        is_whole,
    });
    let any = prop_oneof![
        3 => sold,
        1 => (0..3_usize).prop_map(Happens::NotSold),
        2 => Just(Happens::Planned),
        3 => (1..4_usize, fate).prop_map(|(most, fate)| Happens::Pushed { most, fate }),
    ];
    prop::collection::vec(any, 0..30)
}

proptest! {
    #[test]
    fn whatever_happened_a_run_makes_the_catalog_what_is_for_sale_and_the_next_finds_nothing(story in happenings()) {
        let mut world = World::default();
        story.into_iter().for_each(|what| world.happens(what));
        world.plan();
        for _ in 0..100 {
            let load = world.push(2, Fate::Taken);
            if load.changes.is_empty() && load.dropped.is_empty() {
                break;
            }
        }
        let refused = |sku: &String| world.known[sku].state == ItemState::Refused;
        let (wanted, mut there) = (world.wanted(), world.meta.clone());
        // What lacks something by now stays there as it last was whole.
        there.retain(|sku, _| !refused(sku));
        prop_assert_eq!(there, wanted);
        let again = world.plan();
        prop_assert_eq!((again.create, again.update, again.delete), (0, 0, 0), "{:?}", again);
        prop_assert!(world.push(9, Fate::Taken).changes.is_empty());
    }
}
