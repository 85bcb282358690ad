//! Ids as types, so that one can never stand in for another.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

ids! {
    /// A business that uses us; the owner of every row of its shop.
    SellerId
    /// One of a seller's accounts at Meta, with the token to act for it.
    ConnectionId
    /// Somebody's way to a connected account, from the address to open to its end.
    ConnectingId
    /// A key that opens the API.
    KeyId
    /// The place of an event in the inbox; unique over all sellers, in order of arrival.
    EventSeq
    /// A person who writes to a seller. Given by the seller's own counter, like all ids below.
    CustomerId
    /// All that passed between one customer and one seller.
    ConversationId
    /// One thing said, either way.
    MessageId
    /// A customer's first interest, as a sales lead.
    LeadId
    /// A draft, confirmed or cancelled order.
    OrderId
    /// One call owed to Meta.
    OutboxId
    /// One person's being erased.
    ErasureId
    /// One comment or mention.
    CommentId
    /// A note of the staff.
    NoteId
    /// A catalog at Meta.
    CatalogId
    /// One run of the catalog sync.
    RunId
    /// One thing that happened in a shop, in the order of commits.
    ShopEventId
    /// A place where a seller wants to be told of what happens. Given by the database, like a connection's.
    EndpointId
    /// One thing to be told there.
    DeliveryId
}
