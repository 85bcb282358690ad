//! Customers, conversations, messages and leads as rows.

use chrono::{DateTime, Utc};
use entity::{
    conversation as conversations, customer as customers, customer_alias as aliases, lead as leads, message as messages,
};

use crate::domain::asked::Asked;
use crate::domain::channel::Account;
use crate::domain::conversation::{
    Alias, Author, Conversation, Customer, Fact, Facts, Lead, LeadStage, Message, MessageState, Shown,
};
use crate::domain::ids::{ConversationId, CustomerId, LeadId, MessageId, OrderId, OutboxId, SellerId};
use crate::domain::marks::Marks;
use crate::domain::order::{Look, Looks};
use crate::store::StoreError;

use super::{from_json, json, maybe_time, ms, named, time};

pub(in crate::store) fn customer_row(seller: SellerId, customer: &Customer) -> customers::Model {
    let value = |fact: &Option<Fact>| fact.as_ref().map(|fact| fact.value.clone());
    let at = |fact: &Option<Fact>| fact.as_ref().map(|fact| ms(fact.at));
    let Facts { phone, email, address } = &customer.facts;
    customers::Model {
        seller_id: seller.0,
        id: customer.id.0,
        account: customer.account.to_string(),
        meta_id: customer.meta_id.clone(),
        phone: value(phone),
        phone_at: at(phone),
        email: value(email),
        email_at: at(email),
        address: value(address),
        address_at: at(address),
        shown_name: customer.shown.name.clone(),
        shown_username: customer.shown.username.clone(),
        shown_phone: customer.shown.phone.clone(),
        given_name: customer.given_name.clone(),
    }
}

pub(in crate::store) fn alias_row(seller: SellerId, alias: &Alias) -> aliases::Model {
    aliases::Model {
        seller_id: seller.0,
        account: alias.account.to_string(),
        alias: alias.id.clone(),
        customer_id: alias.customer.0,
    }
}

pub(in crate::store) fn customer(row: customers::Model) -> Result<Customer, StoreError> {
    Ok(Customer {
        id: CustomerId(row.id),
        account: Account::stored(row.account),
        meta_id: row.meta_id,
        facts: Facts {
            phone: fact(row.phone, row.phone_at)?,
            email: fact(row.email, row.email_at)?,
            address: fact(row.address, row.address_at)?,
        },
        shown: Shown { name: row.shown_name, username: row.shown_username, phone: row.shown_phone },
        given_name: row.given_name,
    })
}

fn fact(value: Option<String>, at: Option<i64>) -> Result<Option<Fact>, StoreError> {
    let at: Option<DateTime<Utc>> = maybe_time(at)?;
    Ok(value.zip(at).map(|(value, at)| Fact { value, at }))
}

pub(in crate::store) fn conversation_row(seller: SellerId, conversation: &Conversation) -> conversations::Model {
    conversations::Model {
        seller_id: seller.0,
        id: conversation.id.0,
        customer_id: conversation.customer.0,
        last_inbound_at: conversation.last_inbound_at.map(ms),
        last_message_at: conversation.last_message_at.map(ms),
        preview: conversation.preview.clone(),
        unread: conversation.unread,
        episode: conversation.episode,
        closed_through: conversation.closed_through.map(ms),
        draft_order_id: conversation.draft.map(|order| order.0),
        asked: conversation.asked.as_ref().map(ToString::to_string),
        needs_look: looks_text(&conversation.needs_look),
        in_other_hands: conversation.in_other_hands,
        delivered_through: conversation.delivered_through.map(ms),
        read_through: conversation.read_through.map(ms),
        people_only: conversation.people_only,
        staff_at: conversation.staff_at.map(ms),
        labels: (!conversation.labels.is_empty()).then(|| json(&conversation.labels)),
        assignee: conversation.assignee.clone(),
        archived: conversation.archived,
    }
}

pub(in crate::store) fn conversation(row: conversations::Model) -> Result<Conversation, StoreError> {
    Ok(Conversation {
        id: ConversationId(row.id),
        customer: CustomerId(row.customer_id),
        last_inbound_at: maybe_time(row.last_inbound_at)?,
        last_message_at: maybe_time(row.last_message_at)?,
        preview: row.preview,
        unread: row.unread,
        episode: row.episode,
        closed_through: maybe_time(row.closed_through)?,
        draft: row.draft_order_id.map(OrderId),
        asked: row.asked.as_deref().map(Asked::stored),
        needs_look: looks(row.needs_look.as_deref().unwrap_or_default())?,
        in_other_hands: row.in_other_hands,
        delivered_through: maybe_time(row.delivered_through)?,
        read_through: maybe_time(row.read_through)?,
        people_only: row.people_only,
        staff_at: maybe_time(row.staff_at)?,
        labels: row.labels.map(|labels| from_json("labels", &labels)).transpose()?.unwrap_or_default(),
        assignee: row.assignee,
        archived: row.archived,
    })
}

/// `attachment,unsure`; nothing when nobody needs to look.
fn looks_text(looks: &Looks) -> Option<String> {
    let words: Vec<&str> = looks.iter().map(|look| look.name()).collect();
    (!words.is_empty()).then(|| words.join(","))
}

fn looks(text: &str) -> Result<Looks, StoreError> {
    text.split(',').filter(|word| !word.is_empty()).map(|word| named("look", word, Look::named)).collect()
}

pub(in crate::store) fn message_row(seller: SellerId, message: &Message) -> messages::Model {
    messages::Model {
        seller_id: seller.0,
        id: message.id.0,
        conversation_id: message.conversation.0,
        episode: message.episode,
        counts: message.counts,
        author: message.author.name().to_owned(),
        source_key: message.source_key.clone(),
        text: message.text.clone(),
        payload: message.payload.clone(),
        wishes: (!message.wishes.is_empty()).then(|| json(&message.wishes)),
        meant: message.meant.as_ref().map(json),
        attachments: json(&message.attachments),
        at: ms(message.at),
        mid: message.mid.clone(),
        state: message.state.name().to_owned(),
        outbox_id: message.outbox.map(|outbox| outbox.0),
        marks: (message.marks != Marks::default()).then(|| json(&message.marks)),
    }
}

pub(in crate::store) fn message(row: messages::Model) -> Result<Message, StoreError> {
    Ok(Message {
        id: MessageId(row.id),
        conversation: ConversationId(row.conversation_id),
        episode: row.episode,
        counts: row.counts,
        author: named("author", &row.author, Author::named)?,
        source_key: row.source_key,
        text: row.text,
        payload: row.payload,
        wishes: row.wishes.map(|wishes| from_json("wishes", &wishes)).transpose()?.unwrap_or_default(),
        meant: row.meant.map(|meant| from_json("button", &meant)).transpose()?,
        attachments: from_json("attachments", &row.attachments)?,
        at: time(row.at)?,
        mid: row.mid,
        state: named("message state", &row.state, MessageState::named)?,
        outbox: row.outbox_id.map(OutboxId),
        marks: row.marks.map(|marks| from_json("marks", &marks)).transpose()?.unwrap_or_default(),
    })
}

pub(in crate::store) fn lead_row(seller: SellerId, lead: &Lead) -> leads::Model {
    leads::Model {
        seller_id: seller.0,
        id: lead.id.0,
        customer_id: lead.customer.0,
        conversation_id: lead.conversation.0,
        stage: lead.stage.name().to_owned(),
        first_words: lead.first_words.clone(),
        at: ms(lead.at),
        source: lead.source.as_ref().map(json),
    }
}

pub(in crate::store) fn lead(row: leads::Model) -> Result<Lead, StoreError> {
    Ok(Lead {
        id: LeadId(row.id),
        customer: CustomerId(row.customer_id),
        conversation: ConversationId(row.conversation_id),
        stage: named("lead stage", &row.stage, LeadStage::named)?,
        first_words: row.first_words,
        at: time(row.at)?,
        source: row.source.map(|source| from_json("lead source", &source)).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_reason_to_look_is_stored_as_it_was_when_there_could_be_only_one() {
        for (stored, expected) in [
            ("", Looks::new()),
            ("unsure", [Look::Unsure].into()),
            ("attachment,unsure", [Look::Unsure, Look::Attachment].into()),
        ] {
            assert_eq!(looks(stored).unwrap(), expected);
            assert_eq!(looks_text(&expected).unwrap_or_default(), stored);
        }
        assert!(looks("unsure,what").is_err());
    }
}
