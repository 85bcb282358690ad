//! Tokens that Meta takes no more: what is owed through them waits for another one. Nothing of it is given up, unless
//! the customer may not be answered any more by then.

use chrono::{DateTime, Utc};

use crate::domain::conversation::Conversation;
use crate::domain::credential::{TokenRefused, Use, cause_in_words};
use crate::domain::ids::{ConnectionId, ConversationId};
use crate::domain::outbox::{Owed, OwedState};
use crate::domain::seller::Connection;

use super::step::Step;
use super::turn::Turn;
use super::{Open, Shop};

impl Step<'_> {
    /// It says nothing against the call, which goes on with another token. If there is one already, it goes on at once.
    pub(super) fn owe_with_another_token(&mut self, open: &Open, code: &str, generation: Option<i64>) {
        let owed = Owed {
            state: OwedState::Owed,
            held: open.owed.held + 1,
            error: Some(format!("{} ({code})", cause_in_words(code))),
            not_before: self.now,
            ..open.owed.clone()
        };
        self.out.outbox.insert(owed.id, owed);
        let connection = open.owed.connection;
        let Some(known) = self.shop.connection(connection) else { return };
        let generation = generation.unwrap_or(known.generation);
        if generation >= known.generation {
            let (purpose, code, at) = (Use::Messages, code.to_owned(), self.now);
            let refused = TokenRefused { connection, purpose, generation, code, at };
            self.out.tokens_refused.insert((connection, purpose), refused);
        }
    }
}

impl Shop {
    /// Takes in the seller's connections as they are now.
    pub(crate) fn learn_connections(&mut self, connections: Option<Vec<Connection>>) {
        if let Some(connections) = connections {
            self.seller.connections = connections;
        }
    }

    pub(super) fn stop_using(&mut self, out: &Turn) {
        for refused in out.tokens_refused.values().filter(|refused| refused.purpose == Use::Messages) {
            let known = self.seller.connections.iter_mut().find(|known| known.id == refused.connection);
            if let Some(known) = known {
                known.refused = Some(refused.code.clone());
            }
        }
    }

    /// Whether there is a token to call with, as far as is known.
    pub(super) fn has_token(&self, connection: ConnectionId) -> bool {
        self.connection(connection).is_some_and(|known| known.refused.is_none())
    }

    /// Until when a call may still be made once there is a token again, where that is known.
    pub(super) fn last_moment_of(&self, owed: &Owed) -> Option<DateTime<Utc>> {
        match self.threads.get(&owed.conversation) {
            Some(thread) => thread.conversation.window_closes_at(),
            None => self.windows.get(&owed.conversation).copied(),
        }
    }

    /// A conversation leaves memory: when its window closes stays known while something waits in it for a token. The
    /// customer cannot write meanwhile without its being read again.
    pub(super) fn keep_window_of(&mut self, conversation: &Conversation) {
        let has_open = self.open.values().any(|open| open.owed.conversation == conversation.id);
        if let Some(closes) = conversation.window_closes_at().filter(|_| has_open) {
            self.windows.insert(conversation.id, closes);
        }
    }

    /// Conversations whose window has closed over a call that waits for a token: whoever looks must be told so then, and
    /// not only once there is a token again.
    pub(super) fn closed_while_held(&self, now: DateTime<Utc>) -> impl Iterator<Item = ConversationId> + '_ {
        let is_closed = move |owed: &&Owed| {
            let is_held = owed.state == OwedState::Owed && !self.has_token(owed.connection);
            is_held && self.windows.get(&owed.conversation).is_some_and(|closes| *closes <= now)
        };
        let held = self.open.values().map(|open| &open.owed).filter(is_closed);
        held.filter(|owed| !self.threads.contains_key(&owed.conversation)).map(|owed| owed.conversation)
    }

    fn connection(&self, id: ConnectionId) -> Option<&Connection> {
        self.seller.connections.iter().find(|known| known.id == id)
    }
}
