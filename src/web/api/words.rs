//! Words of the domain as shapes, for those that are shown by name: which there are is told by the domain's own lists.

use std::borrow::Cow;

use actors::domain::{access, comment, conversation, erasure, event, order, outbox, shop_event, webhook};
use actors::store::ledger;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $of:ty;)+) => {$(
        $(#[$doc])*
        pub(super) struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "enum": <$of>::ALL.map(<$of>::name).to_vec() })
            }
        }
    )+};
}

words! {
    /// One thing that a key may be allowed.
    Scope = access::Scope;
    /// What is public: a comment or a mention.
    CommentKind = comment::CommentKind;
    /// Who wrote a message.
    Author = conversation::Author;
    /// What can happen to an order.
    OrderStep = order::OrderStep;
    /// The parts of an erasure, in their order.
    ErasurePhase = erasure::ErasurePhase;
    /// Who told us of an event.
    Source = event::Source;
    /// How far an owed call is.
    OwedState = outbox::OwedState;
    /// What can happen in a shop.
    ShopEventKind = shop_event::ShopEventKind;
    /// Whether a webhook endpoint is told.
    EndpointState = webhook::EndpointState;
    /// How far a delivery is.
    DeliveryState = webhook::DeliveryState;
    /// What became of an event.
    EventState = ledger::State;
}
