//! What was told of messages, and what was said in public, is found again by Meta's ids.

use crate::domain::changes::Changes;
use crate::domain::channel::Account;
use crate::domain::command::NoteOn;
use crate::domain::comment::{CommentKind, CommentName, PublicComment};
use crate::domain::desk::Note;
use crate::domain::event::Referral;
use crate::domain::ids::{CommentId, ConversationId, NoteId};
use crate::domain::marks::Reaction;
use crate::domain::outgoing::{Outgoing, OutgoingKind};
use crate::domain::told::{LooseEnd, Told};
use crate::store::threads::{self, Wanted};
use crate::store::{StoreError, comments, turns};

use super::example::turn;
use super::support::{account, at, databases, fenced, load, seller};
use super::turns::save;

pub(super) fn referral() -> Referral {
    Referral { source: Some("ADS".to_owned()), ad: Some("120".to_owned()), ..Referral::default() }
}

pub(super) fn reaction() -> Reaction {
    Reaction { by: "42".to_owned(), emoji: Some("❤".to_owned()), at: at(6) }
}

pub(super) fn picture() -> Outgoing {
    Outgoing { kind: OutgoingKind::Image, url: "https://shop.example/é.jpg".to_owned() }
}

pub(super) fn note(n: i64) -> Note {
    let on = NoteOn::Conversation(ConversationId(n * 100));
    Note { id: NoteId(n * 100), on, text: "calls back é".to_owned(), by: Some("Bea".to_owned()), at: at(4) }
}

pub(super) fn comment(n: i64) -> PublicComment {
    PublicComment {
        id: CommentId(n * 100),
        name: CommentName { account: account(), kind: CommentKind::Comment, meta_id: n.to_string() },
        parent: Some("17".to_owned()),
        media: Some("18".to_owned()),
        ad: None,
        customer: Some("42".to_owned()),
        username: Some("ana.buys".to_owned()),
        text: Some("price? é".to_owned()),
        is_own: n == 2,
        is_live: true,
        at: at(3),
    }
}

pub(super) fn loose_end(n: i64) -> LooseEnd {
    let told = Told { edit: Some((2, "three".to_owned())), reactions: vec![reaction()], ..Told::default() };
    LooseEnd { account: account(), mid: format!("loose {n}"), customer: Some("42".to_owned()), told, kept_at: at(9) }
}

#[tokio::test]
async fn messages_are_found_by_their_mid_whoever_wrote_them_and_however_many_are_asked_for() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let changes = turn(1);
        save(&store, seller, &changes).await;
        let mids = (1..5_000).map(|n| format!("mid {n}")).collect();
        let found = threads::read(store.reads(), seller, &Wanted { mids, ..Wanted::default() }, 9).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].recalled, [changes.messages[0].clone()]);
        assert_eq!(found[0].customer, changes.customers[0]);
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_comment_is_known_by_account_kind_and_id_and_kept_once() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        save(&store, seller, &turn(1)).await;
        let stored = comment(1).name;
        let others = [
            CommentName { kind: CommentKind::Mention, ..stored.clone() },
            CommentName { account: Account::stored("instagram:2".to_owned()), ..stored.clone() },
            CommentName { meta_id: "2".to_owned(), ..stored.clone() },
        ];
        let asked = others.into_iter().chain([stored.clone()]).collect();
        assert_eq!(comments::known(store.reads(), seller, &asked).await.unwrap(), [stored].into());

        let again = PublicComment { id: CommentId(7), ..comment(1) };
        let changes = Changes { comments: vec![again], ..Changes::default() };
        let loaded = load(&store, seller).await;
        let refused = turns::save(&fenced(&store, &loaded).await, &changes, at(1)).await;
        assert!(matches!(refused, Err(StoreError::Data(_))), "{refused:?}");
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn loose_ends_are_loaded_until_they_are_over_or_too_old() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        // The seller is loaded at 0, by the clock of these tests.
        let old = LooseEnd { kept_at: at(0) - LooseEnd::KEPT, ..loose_end(3) };
        let elsewhere = LooseEnd { account: Account::stored("instagram:2".to_owned()), ..loose_end(1) };
        let kept = vec![loose_end(1), loose_end(2), old, elsewhere.clone()];
        save(&store, seller, &Changes { loose_ends: kept, ..Changes::default() }).await;
        let mut loaded = load(&store, seller).await.loose_ends;
        loaded.sort_by(|one, other| (&one.account, &one.mid).cmp(&(&other.account, &other.mid)));
        assert_eq!(loaded, [loose_end(1), loose_end(2), elsewhere.clone()]);
        let over = [loose_end(1), loose_end(2)].map(|end| (end.account, end.mid)).to_vec();
        save(&store, seller, &Changes { loose_ends_over: over, ..Changes::default() }).await;
        assert_eq!(load(&store, seller).await.loose_ends, [elsewhere]);
        store.close(at(1)).await.unwrap();
    }
}
