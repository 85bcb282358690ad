//! The client and the stand-in for Meta, which know nothing of each other, talk about a catalog.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use actors::domain::catalog::{Availability, Condition};
use actors::domain::channel::{Account, Channel};
use actors::domain::event::CallResult;
use actors::domain::ids::{ConnectionId, SellerId};
use actors::domain::money::Money;
use actors::domain::sync::call::{CatalogAnswer, CatalogAsk, Denied, Standing};
use actors::domain::sync::item::{CatalogItem, ItemChange, Review, SeenItem};
use actors::ports::{Answered, Graph, GraphCall, GraphRequest};
use hawker::graph::{Addresses, Credentials, GraphClient};
use hawker::sandbox::{BatchFate, Calls, Catalog, Fault, Refusal, Rejects, Sandbox, SandboxSettings, Silence};
use tokio::net::TcpListener;

const SHOP: &str = "17841400000000001";
const PAGE: &str = "102030405060708";
const CATALOG: &str = "800680000000001";

struct Talk {
    graph: GraphClient,
    meta: Sandbox,
    catalog: Catalog,
    clock: Arc<AtomicI64>,
}

impl Talk {
    async fn start() -> Self {
        let clock = Arc::new(AtomicI64::new(1_790_856_000_000));
        let now = Arc::clone(&clock);
        let settings = SandboxSettings::new("secret", "verify", Arc::new(move || now.load(Ordering::SeqCst)));
        let meta = Sandbox::start(settings, TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
        let catalog = meta.add_account(SHOP, "linen.shop", PAGE, "a-token").add_catalog(CATALOG, "Linen", "9010");
        let url: url::Url = meta.url().parse().unwrap();
        let addresses = Addresses { graph: url.clone(), instagram: url };
        let credentials =
            Credentials { token: "a-token".to_owned().into(), page: Some(PAGE.to_owned()), generation: 1 };
        let tokens = Arc::new(move |_, _, _| {
            let credentials = credentials.clone();
            Box::pin(async move { Ok(credentials) }) as actors::ports::Later<'static, _>
        });
        let graph = GraphClient::new(addresses, "v26.0".to_owned(), tokens).unwrap();
        Self { graph, meta, catalog, clock }
    }

    async fn ask(&self, ask: CatalogAsk) -> Answered {
        let account = Account::new(Channel::Instagram, SHOP);
        let request = GraphRequest::Catalog { catalog: CATALOG.to_owned(), ask };
        self.graph.answer(&GraphCall { seller: SellerId(1), connection: ConnectionId(1), account, request }).await
    }

    async fn told(&self, ask: CatalogAsk) -> CatalogAnswer {
        match self.ask(ask).await.result {
            CallResult::Catalog { told } => *told,
            result => panic!("no answer: {result:?}"),
        }
    }

    /// Sends a batch and gives its handle.
    async fn batch(&self, changes: Vec<ItemChange>) -> String {
        let told = self.told(CatalogAsk::Batch { changes }).await;
        let CatalogAnswer::Batched { handle: Some(handle), errors, warnings } = told else { panic!("{told:?}") };
        assert_eq!((errors, warnings), (vec![], vec![]));
        handle
    }

    async fn status(&self, handle: &str) -> (bool, String, Vec<String>) {
        let told = self.told(CatalogAsk::Status { handle: handle.to_owned() }).await;
        let CatalogAnswer::Status { is_finished, word, invalid, .. } = told else { panic!("{told:?}") };
        (is_finished, word, invalid)
    }

    async fn page(&self, after: Option<String>, limit: u32) -> (Vec<SeenItem>, Option<String>) {
        let told = self.told(CatalogAsk::Page { after, limit }).await;
        let CatalogAnswer::Page { items, next } = told else { panic!("{told:?}") };
        (items, next)
    }

    fn pass(&self, ms: i64) {
        self.clock.fetch_add(ms, Ordering::SeqCst);
    }

    /// The end of every test: the client did nothing that a correct one never does.
    async fn stop(self) {
        assert_eq!(self.meta.wrong_calls(), []);
        self.meta.stop().await;
    }
}

fn usd(minor: i64) -> Money {
    Money { minor, currency: "USD".parse().unwrap() }
}

fn shirt(sku: &str) -> CatalogItem {
    CatalogItem {
        retailer_id: sku.to_owned(),
        title: "Blue linen shirt".to_owned(),
        description: "Regular fit.".to_owned(),
        availability: Availability::InStock,
        condition: Condition::New,
        price: usd(2990),
        sale_price: Some(usd(2490)),
        link: "https://shop.example/p/1".to_owned(),
        images: vec!["https://cdn.shop.example/1.jpg".to_owned(), "https://cdn.shop.example/2.jpg".to_owned()],
        brand: "Linen Shop".to_owned(),
        quantity: Some(12),
        group: Some("LIN-BLU".to_owned()),
        options: vec![("Size".to_owned(), "M".to_owned()), ("Fit".to_owned(), "slim".to_owned())],
        category: Some("Apparel & Accessories > Clothing".to_owned()),
        product_type: Some("Shirts".to_owned()),
    }
}

/// As little as an item may say of itself.
fn bare(sku: &str) -> CatalogItem {
    let images = vec!["https://cdn.shop.example/1.jpg".to_owned()];
    CatalogItem {
        sale_price: None,
        images,
        quantity: None,
        group: None,
        options: vec![],
        category: None,
        product_type: None,
        ..shirt(sku)
    }
}

fn put(item: CatalogItem) -> ItemChange {
    ItemChange::Put(Box::new(item))
}

#[tokio::test]
async fn an_item_is_the_same_at_meta_however_it_went_up() {
    let talk = Talk::start().await;
    talk.batch(vec![put(shirt("A")), put(bare("B"))]).await;
    talk.pass(3_000);
    for item in [shirt("C"), bare("D")] {
        let item = Box::new(item);
        let told = talk.told(CatalogAsk::Put { item, item_id: None }).await;
        assert!(matches!(told, CatalogAnswer::Put { item_id: Some(_) }), "{told:?}");
    }
    let fields = |sku: &str| talk.catalog.item(sku).unwrap().fields;
    assert_eq!((fields("A"), fields("B")), (fields("C"), fields("D")));
    assert_eq!((fields("A").len(), fields("B").len()), (16, 8));
    // What is gone from an item goes at Meta, both ways.
    talk.batch(vec![put(CatalogItem { quantity: Some(12), ..bare("A") })]).await;
    let item = Box::new(CatalogItem { quantity: Some(12), ..bare("C") });
    talk.told(CatalogAsk::Put { item, item_id: None }).await;
    talk.pass(3_000);
    let mut expected = fields("B");
    expected.insert("quantity_to_sell_on_facebook".to_owned(), 12.into());
    assert_eq!((fields("A"), fields("C")), (expected.clone(), expected));
    talk.stop().await;
}

#[tokio::test]
async fn a_batch_is_followed_to_its_end() {
    let talk = Talk::start().await;
    talk.catalog.seed(1);
    let loud = CatalogItem { title: "LOUD".to_owned(), ..shirt("B") };
    let changes = vec![put(shirt("A")), put(loud), ItemChange::Remove("SEED-000001".to_owned())];
    let handle = talk.batch(changes).await;
    assert_eq!(talk.status(&handle).await, (false, "in_progress".to_owned(), vec![]));
    talk.pass(3_000);
    assert_eq!(talk.status(&handle).await, (true, "finished".to_owned(), vec!["B".to_owned()]));
    let skus: Vec<String> = talk.catalog.items().into_iter().map(|item| item.sku).collect();
    assert_eq!(skus, ["A"]);
    talk.catalog.next_batches([BatchFate::IsForgotten]);
    let handle = talk.batch(vec![put(shirt("A"))]).await;
    assert_eq!(talk.status(&handle).await, (false, "unknown".to_owned(), vec![]));
    talk.stop().await;
}

#[tokio::test]
async fn what_is_there_is_read_in_pages_and_by_sku() {
    let talk = Talk::start().await;
    talk.catalog.seed(7);
    talk.catalog.rules(|rules| rules.review.rejects = vec![Rejects::new("SEED-000003", "COMMERCE_POLICY")]);
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let (items, next) = talk.page(after, 3).await;
        seen.extend(items);
        after = next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 7);
    assert_eq!(
        (seen[2].review, seen[2].reasons.as_slice()),
        (Some(Review::Rejected), ["COMMERCE_POLICY".to_owned()].as_slice())
    );
    assert_eq!((seen[0].can_be_tagged, seen[2].can_be_tagged), (Some(true), Some(false)));
    assert_eq!(seen[0].price, "$2.90");
    let retailer_ids = vec!["SEED-000005".to_owned(), "NONE".to_owned()];
    let told = talk.told(CatalogAsk::Items { retailer_ids }).await;
    assert_eq!(told, CatalogAnswer::Page { items: vec![seen[4].clone()], next: None });
    let told =
        talk.told(CatalogAsk::Appeal { item_id: seen[2].item_id.clone(), reason: "Look again".to_owned() }).await;
    assert_eq!(told, CatalogAnswer::Appealed);
    for item_id in [Some(seen[0].item_id.clone()), None] {
        let told =
            talk.told(CatalogAsk::Remove { retailer_id: "SEED-000001".to_owned(), item_id: item_id.clone() }).await;
        assert_eq!(told, CatalogAnswer::Removed { was_there: item_id.is_some() });
    }
    let told = talk.told(CatalogAsk::Remove { retailer_id: "SEED-000002".to_owned(), item_id: None }).await;
    assert_eq!((told, talk.catalog.len()), (CatalogAnswer::Removed { was_there: true }, 5));
    talk.stop().await;
}

#[tokio::test]
async fn a_page_that_is_too_much_is_said_to_be() {
    let talk = Talk::start().await;
    talk.catalog.seed(100);
    talk.catalog.rules(|rules| rules.most_per_page = 40);
    let told = talk.told(CatalogAsk::Page { after: None, limit: 1_000 }).await;
    assert!(
        matches!(told, CatalogAnswer::TooMuch { .. }) && talk.meta.calls() == 1,
        "one question is one call: {told:?}"
    );
    let (items, next) = talk.page(None, 40).await;
    assert_eq!((items.len(), next.is_some()), (40, true));
    talk.stop().await;
}

#[tokio::test]
async fn a_catalog_is_looked_at_as_its_shop_stands() {
    let talk = Talk::start().await;
    for (may_tag, is_open, review, standing) in [
        (true, true, "approved", Standing::Active),
        (false, true, "pending", Standing::Pending),
        (false, true, "rejected", Standing::Refused),
        (false, false, "approved", Standing::Disabled),
    ] {
        talk.catalog.rules(|rules| {
            (rules.may_tag, rules.shop_is_open, rules.shop_review) = (may_tag, is_open, review.to_owned());
        });
        let told = talk.told(CatalogAsk::Look).await;
        assert_eq!(told, CatalogAnswer::Looked { name: "Linen".to_owned(), products: Some(0), standing });
    }
    talk.stop().await;
}

#[tokio::test]
async fn what_meta_refuses_says_what_to_do() {
    let talk = Talk::start().await;
    let put_one = || CatalogAsk::Put { item: Box::new(shirt("A")), item_id: None };
    let batch = || CatalogAsk::Batch { changes: vec![put(shirt("A"))] };
    for (refusal, ask) in [
        (Refusal::TokenExpired, batch()),
        (Refusal::MissingPermission, put_one()),
        (Refusal::Permission, CatalogAsk::Look),
    ] {
        talk.catalog.rules(|rules| rules.refused_with = Some(refusal));
        let refused = talk.ask(ask).await.result;
        assert!(matches!(refused, CallResult::TokenRefused { .. }), "{refusal:?}: {refused:?}");
    }
    talk.catalog.rules(|rules| rules.refused_with = Some(Refusal::ObjectNotFound));
    let told = talk.told(batch()).await;
    assert!(matches!(told, CatalogAnswer::Denied { why: Denied::NoCatalog, .. }), "{told:?}");
    talk.catalog.rules(|rules| (rules.refused_with, rules.takes_batches) = (None, false));
    let told = talk.told(batch()).await;
    assert!(matches!(told, CatalogAnswer::Denied { why: Denied::NoBatches, .. }), "{told:?}");
    let item = Box::new(CatalogItem { title: "LOUD".to_owned(), ..shirt("A") });
    let told = talk.told(CatalogAsk::Put { item, item_id: None }).await;
    let CatalogAnswer::Denied { why: Denied::Item, error, .. } = told else { panic!("{told:?}") };
    assert!(error.contains("PROPERTY_VALUE_UPPERCASE"), "{error}");
    talk.stop().await;
}

#[tokio::test]
async fn a_full_share_says_until_when_and_too_much_asks_for_less() {
    let talk = Talk::start().await;
    talk.catalog
        .rules(|rules| (rules.batches_per_minute, rules.calls_per_hour, rules.most_items) = (Some(1), Some(1), 2));
    let changes: Vec<ItemChange> = ["A", "B", "C"].map(|sku| put(shirt(sku))).to_vec();
    let told = talk.told(CatalogAsk::Batch { changes: changes.clone() }).await;
    assert!(matches!(told, CatalogAnswer::TooMuch { .. }), "{told:?}");
    let answered = talk.ask(CatalogAsk::Batch { changes }).await;
    assert!(matches!(answered.result, CallResult::Again { after_ms: Some(60_000), .. }), "{answered:?}");
    talk.page(None, 10).await;
    let answered = talk.ask(CatalogAsk::Page { after: None, limit: 10 }).await;
    assert!(matches!(answered.result, CallResult::Again { after_ms: Some(3_600_000), .. }), "{answered:?}");
    talk.stop().await;
}

#[tokio::test]
async fn a_write_that_nobody_answered_is_unknown_and_its_repetition_harmless() {
    let talk = Talk::start().await;
    let batch = || CatalogAsk::Batch { changes: vec![put(shirt("A"))] };
    for fault in [Fault::DoneButNoAnswer { silence: Silence::Cut }, Fault::DoneBut500] {
        talk.catalog.next_calls(1, Calls::CatalogBatches, fault);
        let answered = talk.ask(batch()).await;
        assert!(matches!(answered.result, CallResult::Unknown { .. }), "{answered:?}");
    }
    talk.ask(batch()).await;
    talk.pass(3_000);
    let contents = talk.catalog.written_to("A");
    assert!(contents.len() == 3 && contents.iter().all(|content| *content == contents[0]));
    talk.stop().await;
}

#[tokio::test]
async fn three_thousand_items_go_up_in_one_call() {
    let talk = Talk::start().await;
    let changes = (0..3_000).map(|number| put(shirt(&format!("SKU-{number}")))).collect();
    let handle = talk.batch(changes).await;
    talk.pass(3_000);
    assert!(talk.status(&handle).await.0);
    assert_eq!((talk.catalog.len(), talk.meta.calls()), (3_000, 2));
    talk.stop().await;
}
