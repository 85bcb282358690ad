//! Endpoints and deliveries: counted, scoped to their seller, made once, tried in their order.

use chrono::TimeDelta;

use crate::domain::channel::{Account, Channel};
use crate::domain::ids::{DeliveryId, EndpointId, SellerId, ShopEventId};
use crate::domain::shop_event::ShopEventKind;
use crate::domain::webhook::{Delivery, DeliveryState, Endpoint, EndpointState, Tried, Verdict};
use crate::store::deliveries::{self, Lane, Rendered};
use crate::store::endpoints::{self, Change};
use crate::store::{OfficeTx, Store, inbox};

use super::support::{account, at, databases, seller};

const KINDS: [ShopEventKind; 2] = [ShopEventKind::OrderConfirmed, ShopEventKind::EventLedgered];

async fn made(store: &Store, seller: SellerId) -> Option<EndpointId> {
    let tx = OfficeTx::begin(store.pen()).await.unwrap();
    let id = endpoints::create(&tx, seller, ("https://shop.example/é", &KINDS), at(5)).await.unwrap()?;
    assert!(endpoints::put_secret(&tx, (seller, id), "first", at(5)).await.unwrap());
    tx.commit("office").await.unwrap();
    Some(id)
}

async fn seen(store: &Store, seller: SellerId, id: EndpointId) -> Endpoint {
    endpoints::one(store.reads(), seller, id).await.unwrap().unwrap()
}

async fn changed(store: &Store, seller: SellerId, id: EndpointId, change: Change) -> bool {
    let tx = OfficeTx::begin(store.pen()).await.unwrap();
    let changed = endpoints::change(&tx, (seller, id), &change).await.unwrap();
    tx.commit("office").await.unwrap();
    changed
}

fn rendered(event: i64) -> Rendered {
    Rendered { event: ShopEventId(event), kind: ShopEventKind::OrderConfirmed, body: vec![0, 0xff, 7] }
}

fn failed(status: u16, next_at: i64) -> (Tried, Verdict) {
    let tried = Tried { status: Some(status), error: Some("no".to_owned()), after: None };
    let verdict =
        Verdict { state: DeliveryState::Retrying, next_at: at(next_at), not_before: Some(at(8)), disable: None };
    (tried, verdict)
}

async fn next(store: &Store, endpoint: EndpointId, lane: Lane, ms: i64) -> Option<Delivery> {
    deliveries::next(store.reads(), endpoint, lane, at(ms)).await.unwrap()
}

#[tokio::test]
async fn an_endpoint_is_read_back_changed_and_removed_by_its_seller_alone() {
    for database in databases().await {
        let store = database.open().await;
        let [mine, other] =
            [seller(&store, &account()).await, seller(&store, &Account::new(Channel::Messenger, "2")).await];
        let id = made(&store, mine).await.unwrap();
        let before = seen(&store, mine, id).await;
        assert_eq!(
            (before.url.as_str(), &before.kinds[..], before.state),
            ("https://shop.example/é", &KINDS[..], EndpointState::Active)
        );
        assert_eq!(endpoints::one(store.reads(), other, id).await.unwrap(), None);
        assert!(!changed(&store, other, id, Change { url: Some("x".to_owned()), ..Change::default() }).await);
        let all = Change { kinds: Some(vec![]), state: Some(EndpointState::Paused), ..Change::default() };
        assert!(changed(&store, mine, id, all).await);
        let after = seen(&store, mine, id).await;
        assert_eq!(after, Endpoint { kinds: vec![], state: EndpointState::Paused, ..before });
        assert!(endpoints::active(store.reads()).await.unwrap().is_empty());
        for (seller, is_there) in [(other, false), (mine, true), (mine, false)] {
            let tx = OfficeTx::begin(store.pen()).await.unwrap();
            assert_eq!(endpoints::delete(&tx, seller, id).await.unwrap(), is_there);
            tx.commit("office").await.unwrap();
        }
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn there_are_twenty_at_most_and_none_of_nobodys() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        for _ in 0..endpoints::MOST {
            assert!(made(&store, seller).await.is_some());
        }
        assert_eq!(made(&store, seller).await, None);
        assert_eq!(made(&store, SellerId(4711)).await, None);
        assert_eq!(endpoints::of_seller(store.reads(), seller).await.unwrap().len(), 20);
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn an_old_secret_signs_until_its_time_is_over() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let id = made(&store, seller).await.unwrap();
        let tx = OfficeTx::begin(store.pen()).await.unwrap();
        assert!(endpoints::put_secret(&tx, (seller, id), "second", at(100)).await.unwrap());
        tx.commit("office").await.unwrap();
        for (ms, wanted) in [(99, &["second", "first"][..]), (100, &["second"])] {
            let (_, secrets) = endpoints::with_secrets(store.reads(), id, at(ms)).await.unwrap().unwrap();
            assert_eq!(secrets, wanted);
        }
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn deliveries_are_made_once_and_go_by_their_lane() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let id = made(&store, seller).await.unwrap();
        let endpoint = seen(&store, seller, id).await;
        let up = |through, events: &[i64]| {
            let rendered = events.iter().copied().map(rendered).collect();
            deliveries::take_up(&store, &endpoint, ShopEventId(through), rendered, at(6))
        };
        assert!(up(9, &[7, 9]).await.unwrap());
        assert!(!up(9, &[7, 9]).await.unwrap(), "somebody was quicker");
        let first = next(&store, id, Lane::First, 6).await.unwrap();
        assert_eq!((first.event, first.body.as_slice(), first.attempts), (Some(ShopEventId(7)), &[0, 0xff, 7][..], 0));
        let (tried, verdict) = failed(503, 50);
        deliveries::note(&store, &first, (&tried, &verdict), at(7)).await.unwrap();
        deliveries::note(&store, &first, (&tried, &verdict), at(7)).await.unwrap();
        let again = next(&store, id, Lane::Again, 50).await.unwrap();
        assert_eq!((again.id, again.attempts, again.last_status), (first.id, 1, Some(503)), "one try is noted once");
        assert_eq!(next(&store, id, Lane::Again, 49).await, None);
        assert_eq!(next(&store, id, Lane::First, 7).await.unwrap().event, Some(ShopEventId(9)));
        assert_eq!(deliveries::with_work(store.reads(), at(7)).await.unwrap(), [], "it wants a pause");
        assert_eq!(deliveries::next_due(store.reads(), at(7)).await.unwrap(), Some(at(8)));
        assert_eq!(deliveries::next_due(store.reads(), at(8)).await.unwrap(), Some(at(50)));
        assert_eq!(deliveries::with_work(store.reads(), at(8)).await.unwrap(), [id]);
        assert_eq!(seen(&store, seller, id).await.failing_since, Some(at(7)));
        let taken = Verdict { state: DeliveryState::Delivered, not_before: None, ..verdict };
        deliveries::note(&store, &again, (&Tried { status: Some(200), ..tried }, &taken), at(51)).await.unwrap();
        assert_eq!(seen(&store, seller, id).await.failing_since, None);
        let log = deliveries::log(store.reads(), (seller, id), None, 9).await.unwrap();
        assert_eq!(log.iter().map(|it| it.event.unwrap().0).collect::<Vec<_>>(), [9, 7]);
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn an_endpoint_is_disabled_with_a_word_to_its_seller_or_not_at_all() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let id = made(&store, seller).await.unwrap();
        let endpoint = seen(&store, seller, id).await;
        deliveries::take_up(&store, &endpoint, ShopEventId(9), vec![rendered(9)], at(6)).await.unwrap();
        let delivery = next(&store, id, Lane::First, 6).await.unwrap();
        let (tried, verdict) = failed(410, 50);
        let verdict = Verdict { disable: Some("gone"), ..verdict };
        for _ in 0..2 {
            deliveries::note(&store, &delivery, (&tried, &verdict), at(7)).await.unwrap();
        }
        let told = inbox::pending(store.reads(), seller, 9).await.unwrap();
        assert_eq!(told.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(), ["webhook.disabled"]);
        assert_eq!(told[0].raw, id.0.to_string().into_bytes());
        assert_eq!(seen(&store, seller, id).await.why.as_deref(), Some("gone"));
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn old_deliveries_go_unless_they_wait() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let id = made(&store, seller).await.unwrap();
        let endpoint = seen(&store, seller, id).await;
        let many = (1..=700).map(rendered).collect();
        deliveries::take_up(&store, &endpoint, ShopEventId(700), many, at(0)).await.unwrap();
        let one = next(&store, id, Lane::First, 6).await.unwrap();
        let (tried, verdict) = failed(500, 50);
        let over = Verdict { state: DeliveryState::Failed, ..verdict };
        deliveries::note(&store, &one, (&tried, &over), at(7)).await.unwrap();
        let later = at(0) + TimeDelta::days(31);
        let mut next = Some(DeliveryId(0));
        while let Some(after) = next {
            next = deliveries::prune(&store, after, later).await.unwrap();
        }
        let log = deliveries::log(store.reads(), (seller, id), None, 1_000).await.unwrap();
        assert_eq!((log.len(), log.last().unwrap().event), (699, Some(ShopEventId(2))));
        store.close(at(1)).await.unwrap();
    }
}
