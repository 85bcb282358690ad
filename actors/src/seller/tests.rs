//! What is told of a message finds it in the database, whenever either comes and whoever falls in between.

use crate::domain::catalog::Product;
use crate::domain::command::Command;
use crate::domain::conversation::{Author, Message, MessageState};
use crate::domain::event::Arrival;
use crate::domain::ids::EventSeq;
use crate::domain::money::Money;
use crate::house::{House, hasty, said, told, until};
use crate::store::views::{self, Page};
use crate::store::{comments, inbox, ledger, loose_ends};

const ALL: Page = Page { after: 0, limit: 100 };

/// Takes each of these alone, with a kill in between.
async fn tell(house: &House, events: Vec<Arrival>) {
    for event in events {
        house.tree.journal.append(vec![event]).await.unwrap();
        house.settle().await;
        house.tree.sellers.kill(house.seller).await.unwrap();
    }
}

async fn messages(house: &House) -> Vec<Message> {
    let reads = house.world.store.reads();
    let talk = views::conversations(reads, house.seller, ALL).await.unwrap();
    assert_eq!(talk.len(), 1, "{talk:?}");
    views::messages(reads, house.seller, talk[0].0.id).await.unwrap()
}

async fn words_in_the_inbox(house: &House) -> bool {
    let last = inbox::last_seq(house.world.store.reads()).await.unwrap();
    let mut found = false;
    for seq in 1..=last.0 {
        let event = ledger::event(house.world.store.reads(), EventSeq(seq)).await.unwrap().unwrap();
        found |= String::from_utf8(event.raw).unwrap().contains("aprons");
    }
    found
}

#[tokio::test]
async fn what_is_told_before_or_after_a_message_and_a_kill_is_on_it() {
    let message = || said("1", "two aprons please");
    let edit = || told("edit", "1", "message:1 three aprons please");
    let reaction = || told("reaction", "1", "message:1 love");
    let deleted = || told("deleted", "1", "message:1");
    for unsent in [false, true] {
        for late in [false, true] {
            let house = House::build(hasty()).await;
            let mut events = vec![edit(), reaction()];
            events.extend(unsent.then(deleted));
            events.insert(if late { events.len() } else { 0 }, message());
            tell(&house, events).await;
            let stored = messages(&house).await;
            let words = if unsent { None } else { Some("three aprons please") };
            assert_eq!((stored.len(), stored[0].text.as_deref()), (1, words), "unsent {unsent}, late {late}");
            assert_eq!(stored[0].marks.reactions.len(), 1);
            assert_eq!(words_in_the_inbox(&house).await, !unsent, "what was taken back is not kept anywhere");
            let left = loose_ends::of_seller(house.world.store.reads(), house.seller).await.unwrap();
            assert!(left.is_empty(), "{left:?}");
        }
    }
}

fn apron() -> Product {
    Product::new("APRON", "Apron", Money { minor: 1900, currency: "EUR".parse().unwrap() })
}

#[tokio::test]
async fn a_receipt_that_comes_while_the_call_is_made_waits_for_its_answer_over_a_kill() {
    let house = House::build(hasty()).await;
    let put = Command::PutProducts { products: vec![apron()] };
    house.tree.sellers.command(house.seller, None, put).await.unwrap();
    house.tree.journal.append(vec![said("1", "two aprons please")]).await.unwrap();
    until(async || house.graph.calls().len() == 1).await;
    tell(&house, vec![told("read", "1", "mid:1")]).await;
    assert_eq!(loose_ends::of_seller(house.world.store.reads(), house.seller).await.unwrap().len(), 1);
    house.graph.gate.add_permits(1);
    until(async || house.accepted().await == 1).await;
    let stored = messages(&house).await;
    let question = stored.iter().find(|message| message.author == Author::Bot).unwrap();
    assert_eq!((question.mid.as_deref(), question.state), (Some("mid:1"), MessageState::Read));
    assert!(loose_ends::of_seller(house.world.store.reads(), house.seller).await.unwrap().is_empty());
    // And one for a message that is in no memory any more.
    tell(&house, vec![told("reaction", "2", "mid:1 love")]).await;
    let stored = messages(&house).await;
    assert_eq!(stored.iter().filter(|message| message.marks.reactions.len() == 1).count(), 1);
}

#[tokio::test]
async fn a_mention_is_kept_once_however_it_is_delivered() {
    let house = House::build(hasty()).await;
    // The same post by two keys: the second is known when it comes.
    tell(&house, vec![told("mention", "1", "18"), told("mention", "2", "18"), told("mention", "3", "19")]).await;
    let kept = comments::page(house.world.store.reads(), house.seller, ALL).await.unwrap();
    assert_eq!(kept.iter().map(|comment| comment.name.meta_id.as_str()).collect::<Vec<_>>(), ["18", "19"]);
    assert_eq!(house.equation().await.duplicate, 1);
}
