//! Lists as people page through them: keyset pages, narrowed to what they look for.

use std::collections::HashMap;

use entity::{conversation, customer, lead, message, order_line, shop_order};
use sea_orm::sea_query::{Condition, Expr, ExprTrait, SimpleExpr};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, QueryFilter, QueryOrder, QuerySelect};

use crate::domain::conversation::{Conversation, Customer, Lead, LeadStage, Message};
use crate::domain::ids::{ConversationId, CustomerId, LeadId, MessageId, SellerId};
use crate::domain::order::{Order, OrderState};

use super::rows::{self, OfSeller, unreadable};
use super::views::Page;
use super::{StoreError, at_most};

/// Which orders: those that are all of what is said here.
#[derive(Clone, Copy, Debug, Default)]
pub struct OrdersWanted {
    /// So far.
    pub state: Option<OrderState>,
    /// Said here.
    pub conversation: Option<ConversationId>,
    /// Wanted by this customer.
    pub customer: Option<CustomerId>,
}

/// Orders with their lines, oldest first.
pub async fn orders(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    wanted: OrdersWanted,
    page: Page,
) -> Result<Vec<Order>, StoreError> {
    use shop_order::Column::{ConversationId, CustomerId, Id, State};
    let these = Condition::all()
        .add_option(wanted.state.map(|state| State.eq(state.name())))
        .add_option(wanted.conversation.map(|id| ConversationId.eq(id.0)))
        .add_option(wanted.customer.map(|id| CustomerId.eq(id.0)));
    let found = page.of::<shop_order::Entity>(seller, Id).filter(these).all(reads).await?;
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let lines = order_line::Entity::of_seller(seller)
        .filter(order_line::Column::OrderId.is_in(found.iter().map(|order| order.id)))
        .order_by_asc(order_line::Column::OrderId)
        .order_by_asc(order_line::Column::N)
        .all(reads)
        .await?;
    rows::orders(found, lines)
}

/// Which conversations: those that are all of what is said here.
#[derive(Clone, Debug, Default)]
pub struct ConversationsWanted {
    /// Put away, or not.
    pub archived: Option<bool>,
    /// With messages that nobody has looked at, or without.
    pub unread: Option<bool>,
    /// That a person should look at, or need not.
    pub needs_look: Option<bool>,
    /// That this one of the staff has.
    pub assignee: Option<String>,
    /// With this customer.
    pub customer: Option<CustomerId>,
    /// With this label, whatever the case of its letters A to Z: databases know no others alike.
    pub label: Option<String>,
}

impl ConversationsWanted {
    /// In the very words of the indexes that hold the few: a value given beside the question would not be known when
    /// the database chooses one.
    fn condition(&self, database: DbBackend) -> Condition {
        use conversation::Column::{Assignee, CustomerId};
        let either = |so: bool, yes: &'static str, no: &'static str| Expr::cust(if so { yes } else { no });
        Condition::all()
            .add_option(self.archived.map(|so| either(so, "archived", "NOT archived")))
            .add_option(self.unread.map(|so| either(so, "unread > 0", "unread = 0")))
            .add_option(self.needs_look.map(|so| either(so, "needs_look IS NOT NULL", "needs_look IS NULL")))
            .add_option(self.assignee.as_deref().map(|name| Assignee.eq(name)))
            .add_option(self.customer.map(|id| CustomerId.eq(id.0)))
            .add_option(self.label.as_deref().map(|label| labelled(database, label)))
    }
}

/// Labels are stored as a list in JSON.
fn labelled(database: DbBackend, label: &str) -> SimpleExpr {
    let sql = match database {
        DbBackend::Postgres => {
            "labels IS NOT NULL AND EXISTS (SELECT 1 FROM jsonb_array_elements_text(labels::jsonb) AS l(label) \
             WHERE lower(l.label COLLATE \"C\") = $1)"
        }
        _ => "labels IS NOT NULL AND EXISTS (SELECT 1 FROM json_each(labels) AS l WHERE lower(l.value) = ?)",
    };
    Expr::cust_with_values(sql, [label.to_ascii_lowercase()])
}

/// Conversations with their customers, oldest first.
pub async fn conversations(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    wanted: &ConversationsWanted,
    page: Page,
) -> Result<Vec<(Conversation, Customer)>, StoreError> {
    let found = page
        .of::<conversation::Entity>(seller, conversation::Column::Id)
        .filter(wanted.condition(reads.get_database_backend()));
    with_customers(reads, seller, found.all(reads).await?).await
}

/// One conversation with its customer.
pub async fn conversation(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    id: ConversationId,
) -> Result<Option<(Conversation, Customer)>, StoreError> {
    let found = conversation::Entity::of_seller(seller).filter(conversation::Column::Id.eq(id.0)).all(reads).await?;
    Ok(with_customers(reads, seller, found).await?.pop())
}

async fn with_customers(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    conversations: Vec<conversation::Model>,
) -> Result<Vec<(Conversation, Customer)>, StoreError> {
    if conversations.is_empty() {
        return Ok(Vec::new());
    }
    let of_these = customer::Column::Id.is_in(conversations.iter().map(|row| row.customer_id));
    let customers = customer::Entity::of_seller(seller).filter(of_these).all(reads).await?;
    let customers: HashMap<i64, customer::Model> = customers.into_iter().map(|row| (row.id, row)).collect();
    let with_customer = |row: conversation::Model| {
        // A customer may have several conversations.
        let customer = customers.get(&row.customer_id).cloned();
        let customer = customer.ok_or_else(|| unreadable("customer", row.customer_id))?;
        Ok((rows::conversation(row)?, rows::customer(customer)?))
    };
    conversations.into_iter().map(with_customer).collect()
}

/// Customers, oldest first.
pub async fn customers(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    page: Page,
) -> Result<Vec<Customer>, StoreError> {
    let found = page.of::<customer::Entity>(seller, customer::Column::Id).all(reads).await?;
    found.into_iter().map(rows::customer).collect()
}

/// Leads, oldest first: all, or those that are so far.
pub async fn leads(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    stage: Option<LeadStage>,
    page: Page,
) -> Result<Vec<Lead>, StoreError> {
    let these = Condition::all().add_option(stage.map(|stage| lead::Column::Stage.eq(stage.name())));
    let found = page.of::<lead::Entity>(seller, lead::Column::Id).filter(these).all(reads).await?;
    found.into_iter().map(rows::lead).collect()
}

/// One lead.
pub async fn lead(reads: &impl ConnectionTrait, seller: SellerId, id: LeadId) -> Result<Option<Lead>, StoreError> {
    let found = lead::Entity::of_seller(seller).filter(lead::Column::Id.eq(id.0)).one(reads).await?;
    found.map(rows::lead).transpose()
}

/// Which end of a conversation comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The oldest message.
    Oldest,
    /// The newest.
    Newest,
}

/// A message's place in its conversation: Meta's time in milliseconds, then the id.
pub type MessagePlace = (i64, MessageId);

/// A conversation's messages beyond this place, in Meta's time, then by id.
pub async fn messages(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    conversation: ConversationId,
    (direction, beyond): (Direction, Option<MessagePlace>),
    limit: u64,
) -> Result<Vec<Message>, StoreError> {
    use message::Column::{At, Id};
    let place = || Expr::tuple([Expr::col(At), Expr::col(Id)]);
    let beyond = beyond.map(|(at, id)| {
        let there = Expr::tuple([Expr::val(at), Expr::val(id.0)]);
        if direction == Direction::Oldest { place().gt(there) } else { place().lt(there) }
    });
    let of = message::Entity::of_seller(seller).filter(message::Column::ConversationId.eq(conversation.0));
    let of = of.filter(Condition::all().add_option(beyond));
    let sorted = match direction {
        Direction::Oldest => of.order_by_asc(At).order_by_asc(Id),
        Direction::Newest => of.order_by_desc(At).order_by_desc(Id),
    };
    let found = sorted.limit(at_most(limit)).all(reads).await?;
    found.into_iter().map(rows::message).collect()
}
