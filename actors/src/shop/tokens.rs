//! Tokens that Meta takes no more: what is owed through them waits for another one. Nothing of it is given up, unless
//! the customer may not be answered any more by then.

use chrono::{DateTime, Utc};

use crate::domain::credential::{TokenRefused, Use, cause_in_words};
use crate::domain::ids::ConnectionId;
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
        self.threads.get(&owed.conversation).and_then(|thread| thread.conversation.window_closes_at())
    }

    fn connection(&self, id: ConnectionId) -> Option<&Connection> {
        self.seller.connections.iter().find(|known| known.id == id)
    }
}
