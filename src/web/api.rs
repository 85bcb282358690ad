//! The API that others build on: shops over HTTP, for their sellers' own systems, for the operator and for our own
//! command line.

mod answers;
mod ask;
mod commands;
mod connecting;
mod connections;
mod conversations;
mod desk;
mod doctor;
mod endpoint;
mod events;
mod gate;
mod instagram;
mod keys;
mod lasting;
mod ledger;
mod orders;
mod privacy;
mod products;
mod secrets;
mod sellers;
mod sync;
mod webhooks;
mod words;

pub use lasting::Lasting;

use std::sync::Arc;

use actors::ledger::Ledger;
use actors::ports::Clock;
use actors::sellers::Sellers;
use actors::store::Store;

use tokio_util::sync::CancellationToken;

use super::body::{BodyLimits, BodyRoom};
use super::route::Route;
use crate::connect::Connect;
use crate::doctor::Doctor;
use crate::goods::Goods;
use crate::keys::Gate;
use crate::office::Office;
use crate::vault::Marks;
use crate::webhooks_out::Endpoints;

/// What is read whole is no larger; what may be is read in pieces.
const MAX_BODY: usize = 1 << 20;

/// What the API works with.
pub struct Api {
    /// What is read.
    pub store: Store,
    /// Sellers and their accounts.
    pub office: Office,
    /// The sellers' actors.
    pub sellers: Sellers,
    /// What is kept with a reason, and the way to put it back to work.
    pub ledger: Ledger,
    /// Files of products.
    pub goods: Goods,
    /// Whom sellers want to be told of what happens.
    pub endpoints: Endpoints,
    /// Connects accounts at Meta itself.
    pub connect: Connect,
    /// Looks whether all works.
    pub doctor: Doctor,
    /// Ends what would go on by itself, once the service is to stop.
    pub stopping: CancellationToken,
    /// Requests that last.
    pub lasting: Lasting,
    /// Lets callers in.
    pub gate: Arc<Gate>,
    /// Knows its own receipts.
    pub marks: Arc<Marks>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Room for bodies.
    pub room: BodyRoom,
    /// What a body may be.
    pub limits: BodyLimits,
}

/// Every route of the API.
pub fn routes(api: &Arc<Api>) -> Vec<Route> {
    let areas = [
        sellers::routes(api),
        connections::routes(api),
        connecting::routes(api),
        products::routes(api),
        sync::routes(api),
        orders::routes(api),
        conversations::routes(api),
        desk::routes(api),
        commands::routes(api),
        keys::routes(api),
        secrets::routes(api),
        privacy::routes(api),
        instagram::routes(api),
        events::routes(api),
        webhooks::routes(api),
        ledger::routes(api),
        doctor::routes(api),
    ];
    areas.into_iter().flatten().collect()
}
