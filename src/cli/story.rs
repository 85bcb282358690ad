//! Tells what happens in the demo's shop, as it can be read from the database: no line is printed that is not stored.

use std::collections::HashMap;
use std::time::Duration;

use actors::domain::conversation::{Author, Message, MessageState};
use actors::domain::ids::{ConversationId, CustomerId, MessageId, OrderId, SellerId};
use actors::domain::order::{Order, OrderState};
use actors::store::views::{self, Page};
use actors::store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::config::demo;
use crate::sandbox::Sandbox;

const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The demo's shop is small; what is beyond so many rows is not told.
const ROWS: u64 = 500;

pub(super) struct Story {
    store: Store,
    seller: SellerId,
    meta: Sandbox,
    /// The customer in the example of a signed webhook.
    writer: String,
    messages: HashMap<MessageId, MessageState>,
    orders: HashMap<OrderId, Order>,
    last_said: HashMap<ConversationId, Option<chrono::DateTime<chrono::Utc>>>,
    unfinished: Vec<ConversationId>,
    told: Told,
}

/// How far the story is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    pub(super) answers_confirmed: u32,
    pub(super) orders_confirmed: u32,
}

impl Story {
    pub(super) fn new(store: Store, seller: SellerId, meta: Sandbox, writer: String) -> Self {
        Self {
            store,
            seller,
            meta,
            writer,
            messages: HashMap::new(),
            orders: HashMap::new(),
            last_said: HashMap::new(),
            unfinished: Vec::new(),
            told: Told::default(),
        }
    }

    pub(super) fn sandbox(&self) -> &Sandbox {
        &self.meta
    }

    /// Takes what happened in earlier runs as told.
    pub(super) async fn catch_up(&mut self) -> Result<(), StoreError> {
        self.look(&mut |_| {}).await?;
        self.told = Told::default();
        Ok(())
    }

    /// Tells what happens until the story is so far, or stopped: then false.
    pub(super) async fn until(
        &mut self,
        stop: &CancellationToken,
        enough: impl Fn(Told) -> bool,
    ) -> Result<bool, StoreError> {
        loop {
            self.look(&mut |line| println!("{line}")).await?;
            if enough(self.told) {
                return Ok(true);
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(false),
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    async fn look(&mut self, tell: &mut (dyn FnMut(String) + Send)) -> Result<(), StoreError> {
        let page = Page { after: 0, limit: ROWS };
        let conversations = views::conversations(self.store.reads(), self.seller, page).await?;
        let names: HashMap<CustomerId, String> =
            conversations.iter().map(|(_, customer)| (customer.id, self.name_of(&customer.meta_id))).collect();
        let mut news: Vec<(Message, String)> = Vec::new();
        for (conversation, customer) in &conversations {
            let said = self.last_said.insert(conversation.id, conversation.last_message_at);
            if said == Some(conversation.last_message_at) && !self.unfinished.contains(&conversation.id) {
                continue;
            }
            let messages = views::messages(self.store.reads(), self.seller, conversation.id).await?;
            self.unfinished.retain(|known| *known != conversation.id);
            if messages.iter().any(|message| !is_finished(message)) {
                self.unfinished.push(conversation.id);
            }
            news.extend(messages.into_iter().map(|message| (message, names[&customer.id].clone())));
        }
        // What was said, what came of it, and what was answered: in this order, whatever was stored together.
        let (answers, said): (Vec<_>, Vec<_>) = news.iter().partition(|(message, _)| message.author == Author::Bot);
        said.iter().for_each(|(message, name)| self.tell_message(message, name, tell));
        for order in views::orders(self.store.reads(), self.seller, page).await? {
            self.tell_order(order, tell);
        }
        answers.iter().for_each(|(message, name)| self.tell_message(message, name, tell));
        Ok(())
    }

    /// The sandbox knows its customers by name; Hawker does not.
    fn name_of(&self, meta_id: &str) -> String {
        self.meta.name_of(meta_id).unwrap_or_else(|| format!("…{}", &meta_id[meta_id.len().saturating_sub(4)..]))
    }

    fn tell_message(&mut self, message: &Message, name: &str, tell: &mut (dyn FnMut(String) + Send)) {
        let before = self.messages.insert(message.id, message.state);
        if before == Some(message.state) {
            return;
        }
        let words = message.text.clone().unwrap_or_else(|| format!("[{}]", message.attachments.join(", ")));
        match (message.author, before) {
            (Author::Customer, _) => tell(format!("{name:>9} > {words}")),
            (Author::Elsewhere | Author::Staff, _) => tell(format!("{:>9} < {words}", "the shop")),
            (Author::Bot, None) => tell(format!("{:>9} < {}", "Hawker", words.replace('\n', "\n            "))),
            (Author::Meta, _) => tell(format!("{:>9} . {words}", "")),
            (Author::Bot, Some(_)) => {}
        }
        if message.author == Author::Bot {
            let mark = match message.state {
                MessageState::Queued | MessageState::Received => return,
                MessageState::Sent => "reply sent: Meta took it",
                MessageState::Confirmed => "reply confirmed: its echo came back",
                MessageState::Delivered => "reply delivered",
                MessageState::Read => "reply seen by the customer",
                MessageState::Unconfirmed => "reply uncertain: waiting for its echo",
                MessageState::Failed => "reply not sent: a person should look",
            };
            tell(format!("{:>9}   {mark}", ""));
            self.tell_buttons(message, tell);
            self.told.answers_confirmed += u32::from(message.state == MessageState::Confirmed);
        }
    }

    /// The buttons beneath an answer, as the customer sees them once it is there.
    fn tell_buttons(&self, message: &Message, tell: &mut (dyn FnMut(String) + Send)) {
        let sent = self.meta.sent().into_iter().find(|sent| Some(&sent.mid) == message.mid.as_ref());
        let buttons = sent.filter(|_| message.state == MessageState::Confirmed).map(|sent| sent.quick_replies);
        let titles: Vec<String> =
            buttons.into_iter().flatten().map(|button| format!("--tap {:?}", button.title)).collect();
        if !titles.is_empty() {
            tell(format!("{:>9}   with buttons: {}", "", titles.join(", ")));
        }
    }

    fn tell_order(&mut self, order: Order, tell: &mut (dyn FnMut(String) + Send)) {
        let before = self.orders.insert(order.id, order.clone());
        if before.as_ref() == Some(&order) {
            return;
        }
        let total = order.total().map(|total| format!(", {total}")).unwrap_or_default();
        let state = match order.state {
            OrderState::Draft => "draft order",
            OrderState::Confirmed => "CONFIRMED order",
            OrderState::Cancelled => "cancelled order",
            OrderState::Fulfilled => "fulfilled order",
        };
        tell(format!("{:>9} = {state} {}{total}", "", order.id));
        self.told.orders_confirmed += u32::from(order.state == OrderState::Confirmed);
        for line in &order.lines {
            tell(format!("{:>9}     {} x {}", "", line.quantity, line.label()));
            if order.state == OrderState::Draft {
                let words: Vec<String> =
                    line.evidence.iter().map(|word| format!("\"{}\" says {}", word.words, word.of)).collect();
                tell(format!("{:>9}       {}", "", words.join(", ")));
            }
        }
    }

    /// What a newcomer may try next.
    pub(super) fn say_how_to_go_on(&self) {
        let webhook = self.meta.webhook().map(|url| url.to_string()).unwrap_or_default();
        println!(
            "\nNow you. In another terminal:\n\n  cargo run -q -- dm \"one apron and a white linen dress in L\"\n\n\
             take what it sells up to its catalog at Meta:\n\n\
             \x20 HAWKER_API_KEY={} cargo run -q -- sync start {} --follow\n\n\
             or sign a webhook as Meta does:\n\n\
             \x20 body='{{\"object\":\"instagram\",\"entry\":[{{\"id\":\"17841400000000001\",\"time\":1,\"messaging\":[{{\"sender\":{{\"id\":\"{}\"}},\"recipient\":{{\"id\":\"17841400000000001\"}},\"message\":{{\"mid\":\"curl-1\",\"text\":\"two aprons\"}}}}]}}]}}'\n\
             \x20 curl -d \"$body\" -H \"X-Hub-Signature-256: sha256=$(printf %s \"$body\" | openssl dgst -sha256 -hmac {} | sed 's/.* //')\" {webhook}\n\n\
             Everything is in hawker-demo.db. Ctrl-C ends it.\n",
            demo::OPERATOR_API_KEY,
            self.seller,
            self.writer,
            demo::APP_SECRET
        );
    }
}

fn is_finished(message: &Message) -> bool {
    match message.state {
        MessageState::Queued | MessageState::Sent | MessageState::Unconfirmed => false,
        MessageState::Received
        | MessageState::Confirmed
        | MessageState::Delivered
        | MessageState::Read
        | MessageState::Failed => true,
    }
}
