//! The courier: starts the calls to Meta that sellers have handed over, as many at once as may be. It decides nothing
//! and writes nothing: what came of a call goes to the inbox, like everything a seller learns.

mod call;

use std::sync::Arc;

use ractor::{Actor, ActorProcessingErr, ActorRef};

use crate::calls::CallId;
use crate::domain::ids::SellerId;
use crate::domain::outbox::{Owed, OwedCall};
use crate::ports::{GraphCall, GraphRequest};
use crate::post::CourierMsg;
use crate::shop::HandedErrand;
use crate::world::World;

/// Hands claimed calls over. Nothing is awaited between the commit that claimed them and this, and the calls wait in
/// what outlives the courier, so a fall of either side leaves no doubt about whether they are made.
pub(crate) fn hand_over(world: &World, seller: SellerId, incarnation: i64, claimed: Vec<Owed>) {
    for owed in claimed {
        let id = CallId { seller, outbox: owed.id, attempt: owed.attempts };
        world.calls.hand_over(incarnation, id, call_of(seller, owed));
    }
    world.posts.courier.tell(CourierMsg::CallsWaiting);
}

/// The same of calls about the catalog.
pub(crate) fn hand_over_errands(world: &World, seller: SellerId, incarnation: i64, claimed: Vec<HandedErrand>) {
    for HandedErrand { id, attempt, connection, account, catalog, ask } in claimed {
        let id = CallId { seller, outbox: id, attempt };
        let request = GraphRequest::Catalog { catalog, ask };
        world.calls.hand_over(incarnation, id, GraphCall { seller, connection, account, request });
    }
    world.posts.courier.tell(CourierMsg::CallsWaiting);
}

fn call_of(seller: SellerId, owed: Owed) -> GraphCall {
    let Owed { connection, account, recipient, call, .. } = owed;
    let request = match call {
        OwedCall::Send { text, attachment: Some(attachment), .. } => {
            GraphRequest::SendAttachment { recipient, attachment, caption: text }
        }
        OwedCall::Send { text, quick_replies, .. } => GraphRequest::SendText { recipient, text, quick_replies },
        OwedCall::Find { text, attachment, since, .. } => {
            let attachment = attachment.map(|attachment| attachment.kind);
            GraphRequest::FindMessage { recipient, text, attachment, since }
        }
    };
    GraphCall { seller, connection, account, request }
}

/// The actor.
pub(crate) struct CourierActor;

impl Actor for CourierActor {
    type Msg = CourierMsg;
    type State = Arc<World>;
    type Arguments = Arc<World>;

    async fn pre_start(&self, me: ActorRef<CourierMsg>, world: Arc<World>) -> Result<Arc<World>, ActorProcessingErr> {
        world.posts.courier.take(me);
        Ok(world)
    }

    async fn post_start(&self, _me: ActorRef<CourierMsg>, world: &mut Arc<World>) -> Result<(), ActorProcessingErr> {
        start_calls(world);
        Ok(())
    }

    async fn handle(
        &self,
        _me: ActorRef<CourierMsg>,
        message: CourierMsg,
        world: &mut Arc<World>,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            CourierMsg::CallsWaiting => start_calls(world),
        }
        Ok(())
    }
}

/// Each call is a task of its own: it outlives a fall of the courier, and of the seller it is for.
fn start_calls(world: &Arc<World>) {
    for (id, call) in world.calls.start(&world.call_limits()) {
        let task = tokio::spawn(call::make(world.clone(), id, call));
        world.calls.track(&id, task.abort_handle());
    }
}

#[cfg(test)]
mod tests;
