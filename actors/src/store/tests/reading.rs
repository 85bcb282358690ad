//! Pages of views, and what the front office put in.

use crate::domain::changes::Changes;
use crate::domain::channel::{Account, Channel};
use crate::domain::conversation::{Conversation, Customer, Facts};
use crate::domain::ids::{ConnectionId, ConversationId, CustomerId, OrderId, SellerId};
use crate::domain::order::{Looks, Order, OrderState};
use crate::domain::reading::Contact;
use crate::store::pen::OfficeTx;
use crate::store::views::{self, Page};
use crate::store::{StoreError, office, threads, turns};

use super::support::{account, at, databases, fenced, load, seller};

fn talks(count: i64) -> Changes {
    let customer =
        |n| Customer { id: CustomerId(n), account: account(), meta_id: n.to_string(), facts: Facts::default() };
    let conversation = |n| Conversation {
        id: ConversationId(1_000 + n),
        customer: CustomerId(n),
        last_inbound_at: None,
        last_message_at: None,
        preview: String::new(),
        unread: 0,
        episode: 0,
        closed_through: None,
        draft: None,
        asked: None,
        needs_look: Looks::new(),
    };
    let (customers, conversations) = ((1..=count).map(customer).collect(), (1..=count).map(conversation).collect());
    Changes { customers, conversations, ..Changes::default() }
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_overlap() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let loaded = load(&store, seller).await;
        let tx = fenced(&store, &loaded).await;
        turns::save(&tx, &talks(25), at(1)).await.unwrap();
        tx.commit("seller.turn").await.unwrap();
        let (mut seen, mut after) = (Vec::new(), 0);
        loop {
            let page = views::conversations(store.reads(), seller, Page { after, limit: 10 }).await.unwrap();
            let Some((last, _)) = page.last() else { break };
            after = last.id.0;
            seen.extend(page.into_iter().map(|(_, customer)| customer.id.0));
        }
        assert_eq!(seen, (1..=25).collect::<Vec<_>>());
        store.close(at(1)).await.unwrap();
    }
}

fn order(id: i64, n: i64, state: OrderState, confirmed_at: Option<i64>) -> Order {
    Order {
        id: OrderId(id),
        conversation: ConversationId(1_000 + n),
        customer: CustomerId(n),
        channel: Channel::Instagram,
        source_key: format!("message:{id}"),
        state,
        lines: vec![],
        confidence: 1.0,
        contact: Contact::default(),
        opened_at: at(id),
        confirmed_at: confirmed_at.map(at),
    }
}

#[tokio::test]
async fn the_last_confirmed_order_of_each_conversation_is_read_at_once() {
    use OrderState::{Cancelled, Confirmed, Draft, Fulfilled};
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let loaded = load(&store, seller).await;
        let tx = fenced(&store, &loaded).await;
        let orders = vec![
            order(1, 1, Confirmed, Some(10)),
            order(2, 1, Fulfilled, Some(20)),
            order(3, 1, Cancelled, None),
            order(4, 1, Draft, None),
            order(5, 2, Confirmed, Some(40)),
            order(6, 2, Confirmed, Some(30)),
            order(7, 3, Cancelled, Some(5)),
            order(8, 4, Confirmed, Some(5)),
        ];
        turns::save(&tx, &Changes { orders, ..talks(4) }, at(1)).await.unwrap();
        tx.commit("seller.turn").await.unwrap();
        let of = [1_001, 1_002, 1_003, 9_999].map(ConversationId);
        let last = threads::last_orders(store.reads(), seller, &of).await.unwrap();
        let mut last: Vec<_> = last.into_iter().map(|(of, order)| (of.0, order.id.0)).collect();
        last.sort_unstable();
        assert_eq!(last, [(1_001, 2), (1_002, 5)]);
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_seller_is_made_once_for_each_request_and_an_account_is_one_sellers() {
    for database in databases().await {
        let store = database.open().await;
        let tx = OfficeTx::begin(store.pen()).await.unwrap();
        let settings = crate::domain::seller::Settings::new("Wool", "EUR".parse().unwrap());
        let mut made = Vec::new();
        for request in [None, None, Some("a"), Some("b"), Some("a")] {
            made.push(office::create_seller(&tx, &settings, request).await.unwrap().0);
        }
        assert_eq!((made[2], made.iter().collect::<std::collections::BTreeSet<_>>().len()), (made[4], 4));
        let of = |seller: i64| office::NewConnection {
            seller: SellerId(seller),
            account: account(),
            username: "wool".to_owned(),
        };
        let first = office::put_connection(&tx, &of(made[0])).await.unwrap();
        assert!(first.is_some());
        assert_eq!(office::put_connection(&tx, &of(made[0])).await.unwrap(), first);
        assert_eq!(office::put_connection(&tx, &of(made[1])).await.unwrap(), None);
        tx.commit("office").await.unwrap();
        assert_eq!(office::directory(store.reads()).await.unwrap(), [(account(), SellerId(made[0]))]);
        assert!(office::is_known(store.reads(), SellerId(made[0])).await.unwrap());
        assert!(!office::is_known(store.reads(), SellerId(99)).await.unwrap());
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn tokens_are_kept_sealed_and_by_seller() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let other = Account::new(Channel::Whatsapp, "7");
        let tx = OfficeTx::begin(store.pen()).await.unwrap();
        let new = office::NewConnection { seller, account: other.clone(), username: "linen".to_owned() };
        let connection = office::put_connection(&tx, &new).await.unwrap().unwrap();
        office::put_token(&tx, seller, connection, "sealed").await.unwrap();
        tx.commit("office").await.unwrap();
        let reads = store.reads();
        assert_eq!(office::sealed_token(reads, seller, connection).await.unwrap().as_deref(), Some("sealed"));
        assert_eq!(office::sealed_token(reads, SellerId(99), connection).await.unwrap(), None);
        assert_eq!(office::sealed_token(reads, seller, ConnectionId(1)).await.unwrap(), None);
        assert_eq!(office::directory(reads).await.unwrap(), [(account(), seller), (other, seller)]);
        let tx = OfficeTx::begin(store.pen()).await.unwrap();
        let refused = office::put_token(&tx, SellerId(99), connection, "other").await;
        assert!(matches!(refused, Err(StoreError::Unreadable { .. })));
        drop(tx);
        store.close(at(1)).await.unwrap();
    }
}
