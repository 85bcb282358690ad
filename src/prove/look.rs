//! Looks at the database beside the child that holds it: has everything come to rest, and how did it end.

use std::collections::{BTreeMap, HashMap};

use actors::domain::command::NoteOn;
use actors::domain::conversation::{Author, Conversation, Customer, Message, MessageState};
use actors::domain::ids::{ConversationId, OrderId, SellerId};
use actors::domain::order::{Order, OrderState};
use actors::domain::outbox::{OwedCall, OwedState};
use actors::store::notes::{self, NotesPage};
use actors::store::views::{self, Page};
use actors::store::{Store, StoreError, StoreSettings, alarms, inbox, ledger, office};
use sea_orm::DatabaseConnection;

use super::end::{self, CONFIRMED, CustomerEnd, End};
use super::history::Script;
use super::shops::{ShopPlan, TOTE, TOTES};
use crate::sandbox::{Account, Sandbox};

const PAGE: u64 = 1000;

/// What is not at rest yet, a text each. Nothing is kept open after the look: whoever comes after a dead child must
/// mend the database alone.
pub(super) async fn still_open(settings: &StoreSettings, meta: &Sandbox) -> Result<Vec<String>, StoreError> {
    let waiting = |meta: &Sandbox| match meta.pending_deliveries() {
        0 => Vec::new(),
        echoes => vec![format!("{echoes} echoes are on their way")],
    };
    let mut open = waiting(meta);
    if open.is_empty() {
        let reads = Store::look(settings).await?;
        let looked = open_rows(&reads).await;
        reads.close().await?;
        open.extend(looked?);
        open.extend(waiting(meta));
    }
    Ok(open)
}

/// Whether everything that came in has been decided.
pub(super) async fn has_caught_up(settings: &StoreSettings) -> Result<bool, StoreError> {
    let reads = Store::look(settings).await?;
    let sum = ledger::equation(&reads).await;
    reads.close().await?;
    Ok(sum?.pending == 0)
}

async fn open_rows(reads: &DatabaseConnection) -> Result<Vec<String>, StoreError> {
    let mut open = Vec::new();
    let busy = inbox::sellers_with_work(reads).await?;
    if let Some(first) = busy.first() {
        open.push(format!("{} sellers have pending events or owed calls, the first is {first}", busy.len()));
    }
    if let Some(due) = alarms::next_due(reads, chrono::DateTime::UNIX_EPOCH).await? {
        open.push(format!("an alarm is set for {due}"));
    }
    if open.is_empty() {
        open.extend(without_note(reads).await?);
    }
    Ok(open)
}

/// The first conversation that the staff has not written about.
async fn without_note(reads: &DatabaseConnection) -> Result<Option<String>, StoreError> {
    for (_, seller) in office::directory(reads).await? {
        for (id, notes) in noted(reads, seller, &conversations(reads, seller).await?).await? {
            if notes == 0 {
                return Ok(Some(format!("nobody has written a note on conversation {id} of seller {seller}")));
            }
        }
    }
    Ok(None)
}

async fn conversations(
    reads: &DatabaseConnection,
    seller: SellerId,
) -> Result<Vec<(Conversation, Customer)>, StoreError> {
    pages(|page| views::conversations(reads, seller, page), |(conversation, _)| conversation.id.0).await
}

/// How many notes there are on each.
async fn noted(
    reads: &DatabaseConnection,
    seller: SellerId,
    conversations: &[(Conversation, Customer)],
) -> Result<BTreeMap<ConversationId, usize>, StoreError> {
    let mut noted = BTreeMap::new();
    for (conversation, _) in conversations {
        let page = NotesPage { before: None, limit: PAGE };
        let notes = notes::page(reads, seller, NoteOn::Conversation(conversation.id), page).await?;
        noted.insert(conversation.id, notes.len());
    }
    Ok(noted)
}

/// How everything ended, and what is wrong in itself.
pub(super) struct Ended {
    pub(super) end: End,
    pub(super) wrong: Vec<String>,
    /// `received = ...`
    pub(super) equation: String,
}

/// Reads it all.
pub(super) struct Reader<'a> {
    pub(super) settings: &'a StoreSettings,
    pub(super) meta: &'a Sandbox,
    pub(super) shops: &'a [(ShopPlan, Account)],
    pub(super) scripts: &'a [Script],
}

/// The rows of one shop.
struct ShopRows {
    conversations: Vec<(Conversation, Customer)>,
    messages: HashMap<String, Vec<Message>>,
    notes: BTreeMap<ConversationId, usize>,
    orders: Vec<Order>,
    leads: HashMap<i64, Vec<String>>,
}

impl Reader<'_> {
    pub(super) async fn read(&self) -> Result<Ended, StoreError> {
        let reads = Store::look(self.settings).await?;
        let ended = self.read_all(&reads).await;
        reads.close().await?;
        ended
    }

    async fn read_all(&self, reads: &DatabaseConnection) -> Result<Ended, StoreError> {
        let mut ended = Ended { end: End::new(), wrong: Vec::new(), equation: String::new() };
        self.check_equation(reads, &mut ended).await?;
        let directory: BTreeMap<_, _> = office::directory(reads).await?.into_iter().collect();
        for (shop, account) in self.shops {
            let Some(seller) = directory.get(&shop.account()) else {
                ended.wrong.push(format!("shop {} is not there", shop.n));
                continue;
            };
            let rows = shop_rows(reads, *seller).await?;
            self.check_outbox(reads, *seller, &mut ended.wrong).await?;
            for script in self.scripts.iter().filter(|script| script.shop == shop.n) {
                let customer = self.customer_end(&rows, account, script, &mut ended.wrong);
                ended.end.insert((shop.n, script.name.clone()), customer);
            }
            check_stock(reads, *seller, &rows.orders, &mut ended.wrong).await?;
        }
        let calls = self.meta.wrong_calls();
        ended.wrong.extend(calls.into_iter().map(|call| format!("a wrong call to Meta: {} {}", call.call, call.why)));
        Ok(ended)
    }

    async fn check_equation(&self, reads: &DatabaseConnection, ended: &mut Ended) -> Result<(), StoreError> {
        let sum = ledger::equation(reads).await?;
        let ledger::Equation { received, handled, duplicate, ledgered, pending } = sum;
        ended.equation = format!(
            "received {received} = handled {handled} + duplicate {duplicate} + ledgered {ledgered} + pending {pending}"
        );
        if !sum.holds() || pending != 0 {
            ended.wrong.push(format!("the equation does not hold: {}", ended.equation));
        }
        for (reason, count) in ledger::by_reason(reads).await? {
            ended.wrong.push(format!("{count} events are ledgered as {reason}"));
        }
        Ok(())
    }

    /// Nothing owed, claimed, unknown or given up.
    async fn check_outbox(
        &self,
        reads: &DatabaseConnection,
        seller: SellerId,
        wrong: &mut Vec<String>,
    ) -> Result<(), StoreError> {
        let owed = pages(|page| views::outbox(reads, seller, page), |owed| owed.id.0).await?;
        for owed in owed.iter().filter(|owed| owed.state != OwedState::Accepted) {
            // A look that Meta did not answer is made again; what counts is what became of the send.
            let is_send = matches!(owed.call, OwedCall::Send { .. });
            if is_send || owed.state.is_open() {
                let (state, why) = (owed.state.name(), owed.error.as_deref().unwrap_or("no error"));
                wrong.push(format!("seller {seller}: the owed call {} ({}) is {state}: {why}", owed.id, owed.purpose));
            }
        }
        Ok(())
    }

    fn customer_end(
        &self,
        rows: &ShopRows,
        account: &Account,
        script: &Script,
        wrong: &mut Vec<String>,
    ) -> CustomerEnd {
        let who = format!("{} of shop {}", script.name, script.shop);
        let customer = account.customer(&script.name);
        let theirs: Vec<_> = rows.conversations.iter().filter(|(_, known)| known.meta_id == customer.id()).collect();
        let [(conversation, known)] = theirs[..] else {
            wrong.push(format!("{who} has {} conversations", theirs.len()));
            return CustomerEnd::default();
        };
        let messages = rows.messages.get(&known.meta_id).map_or(&[][..], Vec::as_slice);
        let heard: Vec<String> = messages.iter().filter(|said| said.author != Author::Bot).map(as_told).collect();
        if heard != script.said() {
            wrong.push(format!("{who} said {:?}, and {heard:?} is kept", script.said()));
        }
        for message in messages.iter().filter(|said| is_unfinished(said)) {
            wrong.push(format!("{who}: a message of ours is {}", message.state.name()));
        }
        let notes = rows.notes.get(&conversation.id).copied().unwrap_or_default();
        if notes != 1 {
            wrong.push(format!("{who}: the staff has written one note, and {notes} are there"));
        }
        let orders: Vec<&Order> = rows.orders.iter().filter(|order| order.customer == known.id).collect();
        let counts = |state| orders.iter().filter(|order| order.state == state).count();
        let (confirmed, cancelled) = (counts(OrderState::Confirmed), counts(OrderState::Cancelled));
        if (confirmed, cancelled) != script.orders {
            wrong.push(format!(
                "{who} has {confirmed} confirmed and {cancelled} cancelled orders, not {:?}",
                script.orders
            ));
        }
        let texts: Vec<String> = customer.received().into_iter().map(|sent| sent.text).collect();
        for order in &orders {
            check_confirmation(&who, order, &texts, wrong);
        }
        let ids: Vec<i64> = orders.iter().map(|order| order.id.0).collect();
        let mut received: Vec<String> = texts.iter().map(|text| end::without_number(text, &ids)).collect();
        received.sort();
        CustomerEnd {
            heard,
            leads: rows.leads.get(&known.id.0).cloned().unwrap_or_default(),
            orders: orders.iter().map(|order| order_told(order)).collect(),
            received,
            look: conversation.needs_look.iter().map(|look| look.name()).collect::<Vec<_>>().join(" "),
        }
    }
}

/// Exactly one confirmation of a confirmed order has reached the customer, as Meta's stand-in knows it.
fn check_confirmation(who: &str, order: &Order, texts: &[String], wrong: &mut Vec<String>) {
    let OrderId(id) = order.id;
    let words = format!("order {id} {CONFIRMED}");
    let confirmations = texts.iter().filter(|text| text.contains(&words)).count();
    if confirmations != usize::from(order.state == OrderState::Confirmed) {
        let state = order.state.name();
        wrong.push(format!("{who} received {confirmations} confirmations of order {id}, which is {state}"));
    }
}

/// What is left of the counted product is what confirmed orders did not take.
async fn check_stock(
    reads: &DatabaseConnection,
    seller: SellerId,
    orders: &[Order],
    wrong: &mut Vec<String>,
) -> Result<(), StoreError> {
    let confirmed = orders.iter().filter(|order| order.state == OrderState::Confirmed);
    let lines = confirmed.flat_map(|order| &order.lines).filter(|line| line.product == TOTE);
    let taken: i64 = lines.map(|line| i64::from(line.quantity)).sum();
    let left = views::stock(reads, seller, TOTE).await?;
    if left != Some(TOTES - taken) {
        wrong.push(format!("seller {seller} sold {taken} of {TOTES} {TOTE} and has {left:?} left"));
    }
    Ok(())
}

async fn shop_rows(reads: &DatabaseConnection, seller: SellerId) -> Result<ShopRows, StoreError> {
    let conversations = conversations(reads, seller).await?;
    let notes = noted(reads, seller, &conversations).await?;
    let mut messages = HashMap::new();
    for (conversation, customer) in &conversations {
        messages.insert(customer.meta_id.clone(), views::messages(reads, seller, conversation.id).await?);
    }
    let mut orders = pages(|page| views::orders(reads, seller, page), |order| order.id.0).await?;
    orders.sort_by_key(|order| order.opened_at);
    let mut leads: HashMap<i64, Vec<String>> = HashMap::new();
    for lead in pages(|page| views::leads(reads, seller, page), |lead| lead.id.0).await? {
        leads.entry(lead.customer.0).or_default().push(format!("{}: {}", lead.stage.name(), lead.first_words));
    }
    Ok(ShopRows { conversations, messages, notes, orders, leads })
}

/// All rows, a page at a time.
async fn pages<T, F>(read: impl Fn(Page) -> F, id: impl Fn(&T) -> i64) -> Result<Vec<T>, StoreError>
where
    F: Future<Output = Result<Vec<T>, StoreError>>,
{
    let mut all: Vec<T> = Vec::new();
    loop {
        let page = read(Page { after: all.last().map_or(0, &id), limit: PAGE }).await?;
        let last = (page.len() as u64) < PAGE;
        all.extend(page);
        if last {
            return Ok(all);
        }
    }
}

fn as_told(message: &Message) -> String {
    let words = message.text.clone().unwrap_or_else(|| format!("[{}]", message.attachments.join(", ")));
    match message.author {
        Author::Elsewhere => format!("shop: {words}"),
        Author::Customer | Author::Bot | Author::Staff | Author::Meta => words,
    }
}

fn is_unfinished(message: &Message) -> bool {
    match message.state {
        MessageState::Received
        | MessageState::Sent
        | MessageState::Confirmed
        | MessageState::Delivered
        | MessageState::Read => false,
        MessageState::Queued | MessageState::Unconfirmed | MessageState::Failed => true,
    }
}

fn order_told(order: &Order) -> String {
    let lines: Vec<String> = order
        .lines
        .iter()
        .map(|line| {
            let variant = line.variant.as_deref().unwrap_or("-");
            format!("{} x {}/{variant} at {}", line.quantity, line.product, line.unit_price)
        })
        .collect();
    let total = order.total().map(|total| total.to_string()).unwrap_or_default();
    let contact = [&order.contact.phone, &order.contact.email, &order.contact.address];
    let contact: Vec<&str> = contact.into_iter().filter_map(Option::as_deref).collect();
    format!("{} {total}: {} to {}", order.state.name(), lines.join(", "), contact.join(", "))
}
