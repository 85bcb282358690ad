//! What staff keeps is stored and found again: notes by what they are about, conversations by whatever a command names.

use crate::domain::changes::Changes;
use crate::domain::channel::{Account, Channel};
use crate::domain::command::NoteOn;
use crate::domain::conversation::{Alias, Author, Customer, Message};
use crate::domain::desk::Note;
use crate::domain::ids::{ConversationId, CustomerId, LeadId, MessageId, NoteId, OrderId, OutboxId, SellerId};
use crate::domain::outbox::OwedState;
use crate::store::desk::{self, DeskWanted};
use crate::store::notes::{self, NotesPage};
use crate::store::threads::{self, Wanted};
use crate::store::{OfficeTx, Store, office, views};

use super::example::{said_row, turn};
use super::support::{account, at, databases, seller};
use super::talk::note;
use super::turns::save;

#[tokio::test]
async fn notes_come_newest_first_in_pages_and_go_when_they_are_taken_away() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let on = NoteOn::Customer(CustomerId(7));
        let about = |id: i64| Note { id: NoteId(id), on, by: None, ..note(1) };
        let all = (1..=5).map(about).chain([Note { id: NoteId(6), on: NoteOn::Order(OrderId(7)), ..note(1) }]);
        save(&store, seller, &Changes { notes: all.collect(), ..Changes::default() }).await;
        save(&store, seller, &Changes { notes_over: vec![NoteId(3)], ..Changes::default() }).await;
        let page = |before| notes::page(store.reads(), seller, on, NotesPage { before, limit: 2 });
        assert_eq!(page(None).await.unwrap(), [about(5), about(4)]);
        assert_eq!(page(Some(NoteId(4))).await.unwrap(), [about(2), about(1)]);
        assert_eq!(page(Some(NoteId(1))).await.unwrap(), []);
        let of_order = NotesPage { before: None, limit: 9 };
        let found = notes::page(store.reads(), seller, NoteOn::Order(OrderId(7)), of_order).await.unwrap();
        assert_eq!(found.iter().map(|note| note.id).collect::<Vec<_>>(), [NoteId(6)]);
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn what_a_command_names_is_found_and_what_is_not_there_is_not() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let conversation = ConversationId(100);
        let said = |id: i64, author| {
            let (source_key, mid) = (Some(format!("m:{id}")), Some(format!("{id}")));
            Message { author, source_key, mid, ..said_row(MessageId(id), conversation, id) }
        };
        let later = vec![said(110, Author::Customer), said(111, Author::Staff), said(112, Author::Customer)];
        let mut changes = turn(1);
        changes.messages.extend(later);
        save(&store, seller, &changes).await;
        save(&store, seller, &turn(2)).await;
        let mark = |conversation: i64, message: i64| (ConversationId(conversation), MessageId(message));
        let wanted = DeskWanted {
            orders: [OrderId(100), OrderId(999)].into(),
            notes: [NoteId(200), NoteId(999)].into(),
            read_through: [mark(100, 100), mark(100, 110), mark(100, 999), mark(200, 100), mark(200, 200)].into(),
        };
        let known = desk::known(store.reads(), seller, &wanted).await.unwrap();
        assert_eq!((known.orders, known.notes), ([OrderId(100)].into(), [NoteId(200)].into()));
        assert_eq!(known.later, [(mark(100, 100), 2), (mark(100, 110), 1), (mark(200, 200), 0)].into());
        store.close(at(1)).await.unwrap();
    }
}

async fn found(store: &Store, seller: SellerId, wanted: Wanted) -> Vec<i64> {
    let threads = threads::read(store.reads(), seller, &wanted, 9).await.unwrap();
    threads.iter().map(|thread| thread.customer.id.0).collect()
}

#[tokio::test]
async fn a_customer_is_found_by_meta_id_on_any_account_by_alias_by_id_and_by_lead() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let number = Account::new(Channel::Whatsapp, "7");
        let tx = OfficeTx::begin(store.pen()).await.unwrap();
        let new = office::NewConnection { seller, account: number.clone(), linked: None, username: "n".to_owned() };
        office::put_connection(&tx, &new).await.unwrap();
        tx.commit("office").await.unwrap();
        let mut second = turn(2);
        second.customers[0] = Customer { account: number.clone(), ..second.customers[0].clone() };
        second.aliases = vec![Alias { customer: CustomerId(200), account: number, id: "15550100001".to_owned() }];
        save(&store, seller, &turn(1)).await;
        save(&store, seller, &second).await;
        let by_meta_id = |id: &str| Wanted { meta_ids: [id.to_owned()].into(), ..Wanted::default() };
        assert_eq!(found(&store, seller, by_meta_id("customer 1")).await, [100]);
        assert_eq!(found(&store, seller, by_meta_id("customer 2")).await, [200]);
        assert_eq!(found(&store, seller, by_meta_id("15550100001")).await, [200]);
        assert_eq!(found(&store, seller, by_meta_id("customer 3")).await, [0; 0]);
        let people = Wanted { people: [CustomerId(100), CustomerId(9)].into(), ..Wanted::default() };
        assert_eq!(found(&store, seller, people).await, [100]);
        let leads = Wanted { leads: [LeadId(200), LeadId(9)].into(), ..Wanted::default() };
        assert_eq!(found(&store, seller, leads).await, [200]);
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_message_of_ours_is_read_with_its_call() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        save(&store, seller, &turn(1)).await;
        let send = |message| views::send(store.reads(), seller, MessageId(message));
        let (message, owed) = send(101).await.unwrap().unwrap();
        assert_eq!((message.id, owed.id, owed.state), (MessageId(101), OutboxId(100), OwedState::Claimed));
        assert_eq!(send(100).await.unwrap(), None, "the customer's own");
        assert_eq!(send(999).await.unwrap(), None);
        store.close(at(1)).await.unwrap();
    }
}
