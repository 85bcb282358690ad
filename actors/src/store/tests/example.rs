//! A turn in which everything changes, to be stored and read back.

use crate::domain::alarm::{Alarm, AlarmKey, AlarmKind};
use crate::domain::asked::{Asked, Question};
use crate::domain::budget::hold::{Hold, HoldOn};
use crate::domain::budget::{BudgetKey, SpentSlot};
use crate::domain::button::{Button, QuickReply};
use crate::domain::catalog::{Availability, Product, Variant};
use crate::domain::changes::Changes;
use crate::domain::channel::Channel;
use crate::domain::conversation::{
    Author, Conversation, Customer, Fact, Facts, Lead, LeadSource, LeadStage, Message, MessageState, Shown,
};
use crate::domain::event::{About, Wish};
use crate::domain::ids::{ConnectionId, ConversationId, CustomerId, LeadId, MessageId, OrderId, OutboxId};
use crate::domain::marks::Marks;
use crate::domain::money::Money;
use crate::domain::order::{
    LineEvidence, LinesEdit, Look, Order, OrderChange, OrderEdit, OrderLine, OrderState, OrderStep,
};
use crate::domain::outbox::{Aim, Owed, OwedCall, OwedState, Purpose};
use crate::domain::reading::Contact;

use super::support::{account, at};
use super::talk::{comment, loose_end, note, picture, reaction, referral};

pub(super) fn usd(minor: i64) -> Money {
    Money { minor, currency: "USD".parse().unwrap() }
}

/// A customer with everything, told apart from others by `n`.
pub(super) fn turn(n: i64) -> Changes {
    let id = n * 100;
    let (customer, conversation, message, outbox) = (CustomerId(id), ConversationId(id), MessageId(id), OutboxId(id));
    let fact = |value: &str, ms| Some(Fact { value: format!("{value} {n} é"), at: at(ms) });
    Changes {
        customers: vec![Customer {
            id: customer,
            account: account(),
            meta_id: format!("customer {n}"),
            facts: Facts { phone: fact("+1", 1), email: None, address: fact("Main St", 3) },
            shown: Shown { name: Some("Ada é".to_owned()), username: None, phone: Some("15550100001".to_owned()) },
            given_name: Some("Ada Lovelace".to_owned()),
        }],
        conversations: vec![talk(conversation, customer, OrderId(id))],
        messages: vec![said_row(message, conversation, n), reply_row(MessageId(id + 1), conversation, outbox)],
        leads: vec![Lead {
            id: LeadId(id),
            customer,
            conversation,
            stage: LeadStage::Drafted,
            first_words: "hi".to_owned(),
            at: at(4),
            source: Some(LeadSource { referral: referral(), at: at(3) }),
        }],
        orders: vec![draft(OrderId(id), conversation, customer, message)],
        order_changes: vec![step(OrderId(id))],
        outbox: vec![
            owed_send(outbox, MessageId(id + 1), conversation),
            owed_find(OutboxId(id + 2), outbox, conversation),
        ],
        products: vec![product(n)],
        spent: vec![SpentSlot { key: BudgetKey::messages(ConnectionId(n)), slot: at(0).timestamp() / 60, calls: 3 }],
        holds: vec![(
            HoldOn::Conversation(conversation),
            Hold { since: at(1), until: at(60), times: 2, why: "131056".to_owned() },
        )],
        alarms: vec![
            Alarm { key: AlarmKey { kind: AlarmKind::Reply, subject: id }, due: at(50 + n) },
            Alarm { key: AlarmKey { kind: AlarmKind::Settle, subject: id }, due: at(90) },
        ],
        comments: vec![comment(n)],
        loose_ends: vec![loose_end(n)],
        notes: vec![note(n)],
        ..Changes::default()
    }
}

fn talk(conversation: ConversationId, customer: CustomerId, draft: OrderId) -> Conversation {
    Conversation {
        id: conversation,
        customer,
        last_inbound_at: Some(at(5)),
        last_message_at: None,
        preview: "two shirts".to_owned(),
        unread: 2,
        episode: 1,
        closed_through: Some(at(-5)),
        draft: Some(draft),
        asked: Some(Asked { about: Question::Missing("phone".to_owned()), at: at(8) }),
        needs_look: [Look::Unsure, Look::Attachment].into(),
        in_other_hands: true,
        delivered_through: Some(at(7)),
        read_through: None,
        people_only: true,
        staff_at: Some(at(6)),
        labels: vec!["VIP é".to_owned(), "late".to_owned()],
        assignee: Some("Bea".to_owned()),
        archived: true,
    }
}

pub(super) fn said_row(id: MessageId, conversation: ConversationId, n: i64) -> Message {
    Message {
        id,
        conversation,
        episode: 1,
        counts: true,
        author: Author::Customer,
        source_key: Some(format!("m:{n}")),
        text: Some("two shirts 👕".to_owned()),
        payload: Some("BUY".to_owned()),
        wishes: vec![Wish { product: "é:1".to_owned(), quantity: Some(u32::MAX) }],
        meant: Some(Button::Cancel { order: OrderId(n) }),
        attachments: vec!["image".to_owned()],
        at: at(5),
        mid: Some(format!("mid {n}")),
        state: MessageState::Received,
        outbox: None,
        marks: Marks {
            revision: Some(0),
            reactions: vec![reaction()],
            about: Some(About::Story { id: None }),
            referral: Some(referral()),
            ..Marks::default()
        },
    }
}

fn reply_row(id: MessageId, conversation: ConversationId, outbox: OutboxId) -> Message {
    Message {
        counts: false,
        author: Author::Bot,
        source_key: None,
        payload: None,
        wishes: vec![],
        meant: None,
        attachments: vec![],
        at: at(9),
        mid: None,
        state: MessageState::Queued,
        outbox: Some(outbox),
        marks: Marks::default(),
        ..said_row(id, conversation, 0)
    }
}

fn step(order: OrderId) -> OrderChange {
    let (before, after) = (1, 2);
    let lines = LinesEdit { before, after, total_before: Some(usd(2990)), total_after: None };
    let edit = OrderEdit { lines: Some(lines), contact: vec!["phone".to_owned()] };
    OrderChange { order, at: at(6), what: OrderStep::Edited, by: Some("Zoé".to_owned()), edit: Some(edit) }
}

fn draft(id: OrderId, conversation: ConversationId, customer: CustomerId, message: MessageId) -> Order {
    let line = OrderLine {
        product: "shirt".to_owned(),
        variant: Some("shirt-m".to_owned()),
        title: "Linen Shirt".to_owned(),
        options: vec![("Size".to_owned(), "M".to_owned())],
        modifiers: vec!["EXTRA engraving".to_owned()],
        quantity: u32::MAX,
        unit_price: usd(2990),
        evidence: vec![LineEvidence { message, words: "two shirts".to_owned(), of: "product".to_owned() }],
        confidence: 0.7,
        stock_taken: false,
    };
    Order {
        id,
        conversation,
        customer,
        channel: Channel::Instagram,
        source_key: format!("m:{id}"),
        state: OrderState::Draft,
        lines: vec![line.clone(), OrderLine { variant: None, options: vec![], quantity: 2, ..line }],
        confidence: 0.3,
        contact: Contact { phone: Some("+1".to_owned()), email: None, address: None },
        opened_at: at(5),
        confirmed_at: None,
        version: 7,
        by_hand: true,
    }
}

fn owed_send(id: OutboxId, message: MessageId, conversation: ConversationId) -> Owed {
    Owed {
        id,
        purpose: Purpose::new(Aim::Ask, id),
        connection: ConnectionId(1),
        account: account(),
        conversation,
        recipient: "42".to_owned(),
        call: OwedCall::Send {
            message,
            text: "two shirts 👕".to_owned(),
            attachment: Some(picture()),
            quick_replies: vec![QuickReply { title: "M".to_owned(), payload: "hawker:1:{}".to_owned() }],
        },
        state: OwedState::Claimed,
        attempts: 2,
        held: 1,
        claimed_at: Some(at(8)),
        claimed_by: Some(3),
        not_before: at(7),
        mid: None,
        error: Some("no answer".to_owned()),
    }
}

fn owed_find(id: OutboxId, send: OutboxId, conversation: ConversationId) -> Owed {
    let call = OwedCall::Find { send, text: "two shirts".to_owned(), attachment: Some(picture()), since: at(8) };
    Owed { purpose: Purpose::new(Aim::Find, send), call, ..owed_send(id, MessageId(0), conversation) }
}

fn product(n: i64) -> Product {
    let variant = |name: &str, price| Variant {
        retailer_id: format!("shirt-{n}-{name}"),
        options: vec![("Size".to_owned(), name.to_owned())],
        price,
        stock: Some(4),
        item_id: Some(format!("9{n}")),
        keywords: vec![name.to_lowercase()],
        sale_price: (name == "L").then_some(usd(2500)),
        availability: (name == "S").then_some(Availability::Preorder),
        ..Variant::default()
    };
    Product {
        sale_price: Some(usd(2700)),
        availability: Some(Availability::InStock),
        hidden: n % 2 == 0,
        keywords: vec!["camisa".to_owned()],
        version: n,
        variants: vec![variant("S", None), variant("M", Some(usd(3100))), variant("L", None)],
        ..Product::new(&format!("shirt-{n}"), "Linen Shirt", usd(2990))
    }
}
