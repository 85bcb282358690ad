//! The shops' staff: writes one note on every conversation, by a command with a key. A command that counted twice would
//! leave two, and one that was lost none.

use std::collections::BTreeSet;
use std::time::Duration;

use actors::domain::command::{Command, NoteOn};
use actors::domain::ids::{ConversationId, SellerId};
use actors::sellers::Sellers;
use actors::store::{Store, views};
use tokio::time::sleep;

/// Between two walks through all shops.
const BETWEEN_WALKS: Duration = Duration::from_millis(50);

/// So many conversations of a shop are looked at.
const MOST: u64 = 5000;

/// Goes through the shops for as long as the service lives.
pub(super) async fn go_on(sellers: Sellers, all: Vec<SellerId>, store: Store) {
    // What an earlier life asked for is asked for again, under the same key.
    let mut noted = BTreeSet::new();
    loop {
        for seller in &all {
            let page = views::Page { after: 0, limit: MOST };
            let Ok(known) = views::conversations(store.reads(), *seller, page).await else { continue };
            for (conversation, _) in known {
                let about = (*seller, conversation.id);
                if !noted.contains(&about) && note(&sellers, about).await {
                    noted.insert(about);
                }
            }
        }
        sleep(BETWEEN_WALKS).await;
    }
}

/// Says whether the shop is known to have taken it.
async fn note(sellers: &Sellers, (seller, conversation): (SellerId, ConversationId)) -> bool {
    let (key, text) = (format!("staff-{conversation}"), format!("Conversation {conversation}: seen by the staff"));
    // What is known to be done is not asked for again: that would store nothing, and a death after it show nothing.
    if let Ok(Some(_)) = sellers.answer(seller, &key).await {
        return true;
    }
    let note = Command::Note { on: NoteOn::Conversation(conversation), text };
    sellers.command(seller, Some(&key), note).await.is_ok()
}
