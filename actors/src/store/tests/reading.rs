//! Pages of views, and what the front office put in.

use migration::MigratorTrait;
use sea_orm::ConnectionTrait;

use crate::domain::changes::Changes;
use crate::domain::channel::{Account, Channel};
use crate::domain::conversation::{Alias, Conversation, Customer, Facts, Shown};
use crate::domain::credential::{CredentialKind, Use};
use crate::domain::ids::{ConnectionId, ConversationId, CustomerId, OrderId, SellerId};
use crate::domain::order::{Order, OrderState};
use crate::domain::reading::Contact;
use crate::store::office::credentials::{self, Access, NewCredential};
use crate::store::pen::OfficeTx;
use crate::store::threads::{self, LastWanted, Wanted};
use crate::store::views::{self, Page};
use crate::store::{Store, StoreError, office, turns};

use super::support::{account, at, databases, fenced, load, seller, sqlite};

fn talks(count: i64) -> Changes {
    let customer = |n: i64| Customer {
        id: CustomerId(n),
        account: account(),
        meta_id: n.to_string(),
        facts: Facts::default(),
        shown: Shown::default(),
        given_name: None,
    };
    let conversation = |n| Conversation::begin(ConversationId(1_000 + n), CustomerId(n));
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
        version: 1,
        by_hand: false,
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
        for (except, expected) in
            [(vec![], [(1_001, 2), (1_002, 5)]), (vec![OrderId(2), OrderId(5)], [(1_001, 1), (1_002, 6)])]
        {
            let wanted = LastWanted { of: of.to_vec(), except: except.into_iter().collect() };
            let last = threads::last_orders(store.reads(), seller, &wanted).await.unwrap();
            let mut last: Vec<_> = last.into_iter().map(|(of, order)| (of.0, order.id.0)).collect();
            last.sort_unstable();
            assert_eq!(last, expected);
        }
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn an_account_is_one_sellers() {
    for database in databases().await {
        let store = database.open().await;
        let tx = OfficeTx::begin(store.pen()).await.unwrap();
        let settings = crate::domain::seller::Settings::new("Wool", "EUR".parse().unwrap());
        let mut made = Vec::new();
        for _ in 0..2 {
            made.push(office::create_seller(&tx, &settings).await.unwrap().0);
        }
        let of = |seller: i64| office::NewConnection {
            seller: SellerId(seller),
            account: account(),
            linked: None,
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
        let made = office::NewConnection { seller, account: other.clone(), linked: None, username: "linen".to_owned() };
        let connection = office::put_connection(&tx, &made).await.unwrap().unwrap();
        let new = NewCredential {
            seller,
            connection,
            purpose: Use::Messages,
            kind: CredentialKind::Given,
            sealed_token: "sealed",
            person: None,
            scopes: &[],
            got_at: None,
            expires_at: None,
            data_access_expires_at: None,
        };
        let generation = credentials::put(&tx, &new).await.unwrap();
        tx.commit("office").await.unwrap();
        let reads = store.reads();
        let wanted = Access {
            sealed_token: "sealed".to_owned(),
            purpose: Use::Messages,
            kind: CredentialKind::Given,
            generation,
            page: None,
            cause: None,
        };
        for purpose in Use::ALL {
            let access = credentials::access(reads, (seller, connection), purpose).await.unwrap();
            assert_eq!(access.as_ref(), Some(&wanted), "one given by hand is for whatever Meta takes it for");
        }
        for (seller, connection) in [(SellerId(99), connection), (seller, ConnectionId(1))] {
            assert_eq!(credentials::access(reads, (seller, connection), Use::Messages).await.unwrap(), None);
        }
        assert_eq!(office::directory(reads).await.unwrap(), [(account(), seller), (other, seller)]);
        let tx = OfficeTx::begin(store.pen()).await.unwrap();
        let refused = credentials::put(&tx, &NewCredential { seller: SellerId(99), ..new }).await;
        assert!(matches!(refused, Err(StoreError::Unreadable { .. })));
        drop(tx);
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_customer_is_found_under_every_id_and_an_id_is_one_customers() {
    for database in databases().await {
        let (store, number) = (database.open().await, Account::new(Channel::Whatsapp, "7"));
        let seller = seller(&store, &number).await;
        let mut changes = talks(2);
        changes.customers.iter_mut().for_each(|customer| customer.account = number.clone());
        let alias =
            |customer, id: &str| Alias { customer: CustomerId(customer), account: number.clone(), id: id.into() };
        changes.aliases = vec![alias(1, "1555"), alias(1, "US.old"), alias(2, "1666")];
        let wanted = |ids: &[&str]| Wanted {
            customers: ids.iter().map(|id| (number.clone(), (*id).to_owned())).collect(),
            ..Wanted::default()
        };
        for changes in [changes, Changes { aliases: vec![alias(2, "1555")], ..Changes::default() }] {
            let loaded = load(&store, seller).await;
            let tx = fenced(&store, &loaded).await;
            turns::save(&tx, &changes, at(1)).await.unwrap();
            tx.commit("seller.turn").await.unwrap();
        }
        for (ids, customers) in
            [(&["1"][..], &[1][..]), (&["US.old"], &[1]), (&["1555"], &[2]), (&["1666", "1"], &[1, 2])]
        {
            let found = threads::read(store.reads(), seller, &wanted(ids), 9).await.unwrap();
            let found: Vec<i64> = found.iter().map(|thread| thread.customer.id.0).collect();
            assert_eq!(found, customers, "{ids:?}");
        }
        let both = threads::read(store.reads(), seller, &wanted(&["1", "2"]), 9).await.unwrap();
        let aliases: Vec<_> = both.into_iter().map(|thread| thread.aliases).collect();
        assert_eq!(aliases, [vec!["US.old"], vec!["1555", "1666"]]);
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn accounts_connected_before_there_were_owners_keep_theirs() {
    let database = sqlite();
    let file = format!("{}?mode=rwc", database.settings.url);
    let old = sea_orm::Database::connect(file).await.unwrap();
    migration::Migrator::up(&old, Some(2)).await.unwrap();
    let rows = "INSERT INTO seller (settings) VALUES ('{}'); \
                INSERT INTO connection (seller_id, account, username, state) VALUES (1, 'instagram:5', 'x', 'connected')";
    old.execute_unprepared(rows).await.unwrap();
    old.close().await.unwrap();
    Store::migrate(&database.settings).await.unwrap();
    let store = database.open().await;
    let tx = OfficeTx::begin(store.pen()).await.unwrap();
    let account = Account::stored("instagram:5".to_owned());
    let new =
        |seller| office::NewConnection { seller, account: account.clone(), linked: None, username: "y".to_owned() };
    assert_eq!(office::put_connection(&tx, &new(SellerId(2))).await.unwrap(), None);
    assert_eq!(office::put_connection(&tx, &new(SellerId(1))).await.unwrap(), Some(ConnectionId(1)));
    drop(tx);
    store.close(at(1)).await.unwrap();
}
