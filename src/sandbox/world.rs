//! What the sandbox knows: accounts, customers, what was said between them, and who called how often.
//! Plain state; the time is passed in, and nothing here waits.

use std::collections::{BTreeMap, HashMap, VecDeque};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::catalog::Catalogs;
use super::channel::Channel;
use super::faults::Faults;
use super::oauth::Logins;
use super::refusal::Refusal;
use super::wire::{Address, Attachment, Envelope, MessageBody, WebhookEvent, json_text, member};

const HOUR_MS: i64 = 3_600_000;
const CONVERSATION_PREFIX: &str = "aWdfZAG06MTpJR01lc3NhZA2VUaHJlYWQ6";
/// The app that Hawker is at Meta.
const APP_ID: u64 = 990_011_223_344_556;

/// A message that was really sent to a customer through the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SentMessage {
    /// Its id.
    pub mid: String,
    /// The account that sent it.
    pub account: String,
    /// The customer's id at Meta.
    pub to: String,
    /// The customer's name.
    pub name: String,
    /// Its words; empty where only a picture or the like was sent.
    pub text: String,
    /// A picture or the like.
    pub attachment: Option<SentAttachment>,
    /// The buttons beneath it.
    pub quick_replies: Vec<QuickReply>,
    /// When, in Unix milliseconds.
    pub at: i64,
}

/// A picture or the like of a message that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SentAttachment {
    /// Meta's type word.
    pub kind: String,
    /// Where Meta would fetch it.
    pub url: String,
}

/// A button beneath a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QuickReply {
    /// What it says.
    pub title: String,
    /// What comes back when it is tapped.
    pub payload: String,
}

/// A call that a correct client never makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WrongCall {
    /// Method and path.
    pub call: String,
    /// What is wrong with it.
    pub why: String,
}

pub(super) struct World {
    seed: u64,
    serial: u64,
    accounts: HashMap<String, AccountState>,
    /// In the order they were added.
    pub(super) account_ids: Vec<String>,
    by_any_id: HashMap<String, String>,
    /// A Page's token is also that of the Instagram account linked to it.
    by_token: HashMap<String, Vec<String>>,
    pub(super) faults: Faults,
    pub(super) logins: Logins,
    pub(super) calls: u64,
    pub(super) wrong_calls: Vec<WrongCall>,
    pub(super) sent: Vec<SentMessage>,
    pub(super) catalogs: Catalogs,
}

pub(super) struct AccountState {
    pub(super) id: String,
    pub(super) channel: Channel,
    /// On WhatsApp the number as people see it.
    pub(super) username: String,
    /// What Meta knows it by elsewhere: an Instagram account's Page, a number's business.
    pub(super) parent: String,
    token: String,
    /// How the token is refused, if it is.
    dead: Option<Refusal>,
    pub(super) threads: BTreeMap<String, Thread>,
    /// Every try to send, for whoever wants to know whether a cap was kept.
    pub(super) send_calls: Vec<i64>,
    /// The tries of the last hour that were let through to be judged.
    spent: VecDeque<i64>,
}

/// All that passed between an account and one customer.
pub(super) struct Thread {
    pub(super) customer: String,
    pub(super) name: String,
    /// On WhatsApp.
    pub(super) phone: Option<String>,
    pub(super) messages: Vec<Message>,
    /// When the customer last wrote, which keeps the window open.
    pub(super) heard_at: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) mid: String,
    pub(super) at: i64,
    pub(super) from_customer: bool,
    pub(super) text: String,
    pub(super) attachment: Option<SentAttachment>,
}

impl Thread {
    /// The handle the customer has on Instagram.
    pub(super) fn username(&self) -> String {
        let dotted = self.name.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '.' });
        dotted.flat_map(char::to_lowercase).collect()
    }
}

impl AccountState {
    /// The conversation's id.
    pub(super) fn conversation_id(&self, customer: &str) -> String {
        let inner = URL_SAFE_NO_PAD.encode(format!("{}:{customer}", self.id));
        format!("{CONVERSATION_PREFIX}{inner}")
    }

    /// The conversation an id stands for, if it is one of this account.
    pub(super) fn thread_of(&self, conversation_id: &str) -> Option<&Thread> {
        let inner = URL_SAFE_NO_PAD.decode(conversation_id.strip_prefix(CONVERSATION_PREFIX)?).ok()?;
        let inner = String::from_utf8(inner).ok()?;
        let (account, customer) = inner.split_once(':')?;
        self.threads.get(customer).filter(|_| account == self.id)
    }

    /// Whether an id in a path means this account.
    pub(super) fn goes_by(&self, id: &str) -> bool {
        id == "me" || id == self.id || (self.channel == Channel::Instagram && id == self.parent)
    }

    /// Notes a try to send at the cap's counter, or says in how many minutes there is room again.
    pub(super) fn spend(&mut self, now_ms: i64, cap: Option<u32>) -> Result<(), u32> {
        while self.spent.front().is_some_and(|at| at + HOUR_MS <= now_ms) {
            self.spent.pop_front();
        }
        match (cap, self.spent.front()) {
            (Some(cap), Some(oldest)) if self.spent.len() >= cap as usize => {
                let minutes = (oldest + HOUR_MS - now_ms + 59_999) / 60_000;
                Err(u32::try_from(minutes).unwrap_or(60))
            }
            (Some(0), None) => Err(60),
            _ => {
                self.spent.push_back(now_ms);
                Ok(())
            }
        }
    }

    /// How much of the cap is used, in percent.
    pub(super) fn usage_percent(&self, cap: u32) -> u32 {
        let spent = u32::try_from(self.spent.len()).unwrap_or(u32::MAX);
        spent.saturating_mul(100) / cap.max(1)
    }
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            serial: 0,
            accounts: HashMap::new(),
            account_ids: Vec::new(),
            by_any_id: HashMap::new(),
            by_token: HashMap::new(),
            faults: Faults::default(),
            logins: Logins::default(),
            calls: 0,
            wrong_calls: Vec::new(),
            sent: Vec::new(),
            catalogs: Catalogs::default(),
        }
    }

    pub(super) fn add_account(&mut self, id: &str, username: &str, page_id: &str, token: &str) {
        self.add(Channel::Instagram, id, (username, page_id), token);
        self.by_any_id.entry(page_id.to_owned()).or_insert_with(|| id.to_owned());
    }

    pub(super) fn add_page(&mut self, id: &str, name: &str, token: &str) {
        self.add(Channel::Messenger, id, (name, id), token);
    }

    pub(super) fn add_number(&mut self, id: &str, display_number: &str, business_id: &str, token: &str) {
        self.add(Channel::Whatsapp, id, (display_number, business_id), token);
    }

    fn add(&mut self, channel: Channel, id: &str, (username, parent): (&str, &str), token: &str) {
        let account = AccountState {
            id: id.to_owned(),
            channel,
            username: username.to_owned(),
            parent: parent.to_owned(),
            token: token.to_owned(),
            dead: None,
            threads: BTreeMap::new(),
            send_calls: Vec::new(),
            spent: VecDeque::new(),
        };
        self.account_ids.push(id.to_owned());
        self.by_any_id.insert(id.to_owned(), id.to_owned());
        self.by_token.entry(token.to_owned()).or_default().push(id.to_owned());
        self.accounts.insert(id.to_owned(), account);
    }

    /// The account an id belongs to.
    pub(super) fn find_account(&self, any_id: &str) -> Option<&str> {
        self.by_any_id.get(any_id).map(String::as_str)
    }

    pub(super) fn account(&self, id: &str) -> Option<&AccountState> {
        self.accounts.get(id)
    }

    pub(super) fn account_mut(&mut self, id: &str) -> Option<&mut AccountState> {
        self.accounts.get_mut(id)
    }

    /// From here on the account's token is refused so.
    pub(super) fn kill_token(&mut self, account: &str, refusal: Refusal) {
        if let Some(account) = self.accounts.get_mut(account) {
            account.dead = Some(refusal);
        }
    }

    /// Gives the account another token; the old one is none any more.
    pub(super) fn renew_token(&mut self, account: &str, token: &str) {
        if let Some(account) = self.accounts.get_mut(account) {
            if let Some(owners) = self.by_token.get_mut(&account.token) {
                owners.retain(|owner| *owner != account.id);
            }
            self.by_token.entry(token.to_owned()).or_default().push(account.id.clone());
            account.token = token.to_owned();
            account.dead = None;
        }
    }

    /// Whose token this is: one account's, or a Page's and its Instagram account's.
    pub(super) fn owners_of(&self, token: &str, now_ms: i64) -> Result<Vec<String>, Refusal> {
        if let Some(owners) = self.logins.owners_of(token, now_ms) {
            return owners;
        }
        let owners = self.by_token.get(token).filter(|owners| !owners.is_empty()).ok_or(Refusal::BadToken)?;
        let dead = owners.iter().filter_map(|id| self.accounts.get(id)).find_map(|account| account.dead);
        dead.map_or_else(|| Ok(owners.clone()), Err)
    }

    /// The first account on a channel.
    pub(super) fn first_on(&self, channel: Channel) -> Option<&str> {
        let is_there = |id: &&String| self.accounts.get(*id).is_some_and(|account| account.channel == channel);
        self.account_ids.iter().find(is_there).map(String::as_str)
    }

    /// Makes a customer known to an account, who has written nothing yet. Gives the customer's id,
    /// which is the same for the same name and account, in any sandbox.
    pub(super) fn add_customer(&mut self, account: &str, name: &str) -> String {
        let hash = Sha256::digest(format!("{account}\n{name}"));
        let number = hash.iter().take(8).fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        let Some(account) = self.accounts.get_mut(account) else { return String::new() };
        let id = account.channel.customer_id(number);
        let fresh = || Thread {
            customer: id.clone(),
            name: name.to_owned(),
            phone: (account.channel == Channel::Whatsapp).then(|| format!("1555{:07}", number % 10_000_000)),
            messages: Vec::new(),
            heard_at: None,
        };
        account.threads.entry(id.clone()).or_insert_with(fresh);
        id
    }

    /// The name of a customer, by id.
    pub(super) fn name_of(&self, customer: &str) -> Option<String> {
        self.accounts.values().find_map(|account| account.threads.get(customer)).map(|thread| thread.name.clone())
    }

    /// An id no message had before. The time is in it, so that a sandbox started anew repeats none.
    pub(super) fn next_mid(&mut self, account: &str, now_ms: i64) -> String {
        self.serial += 1;
        let channel = self.accounts.get(account).map_or(Channel::Instagram, |account| account.channel);
        let (before, after) = channel.around_mids();
        let hash = Sha256::digest(format!("{}:{}:{now_ms}", self.seed, self.serial));
        format!("{before}{}{after}", URL_SAFE_NO_PAD.encode(&hash[..24]))
    }

    /// Meta's id of a call, as answers carry it.
    pub(super) fn trace(&self) -> String {
        let hash = Sha256::digest(format!("call {}:{}", self.seed, self.calls));
        format!("A{}", URL_SAFE_NO_PAD.encode(&hash[..16]))
    }

    /// Keeps what a customer said or pressed; it opens the window.
    pub(super) fn hear(&mut self, account: &str, customer: &str, message: Message) {
        let thread = self.accounts.get_mut(account).and_then(|account| account.threads.get_mut(customer));
        if let Some(thread) = thread {
            thread.heard_at = thread.heard_at.max(Some(message.at));
            thread.messages.push(message);
        }
    }

    /// Keeps what the account said to a customer, and gives the message's id.
    pub(super) fn say(&mut self, account: &str, customer: &str, said: &Said<'_>, now_ms: i64) -> String {
        let mid = self.next_mid(account, now_ms);
        let thread = self.accounts.get_mut(account).and_then(|account| account.threads.get_mut(customer));
        if let Some(thread) = thread {
            let (text, attachment) = (said.text.unwrap_or_default().to_owned(), said.attachment.cloned());
            thread.messages.push(Message { mid: mid.clone(), at: now_ms, from_customer: false, text, attachment });
        }
        mid
    }
}

impl AccountState {
    /// The echo of a message on Instagram or Messenger.
    pub(super) fn echo(&self, customer: &str, mid: &str, said: &Said<'_>, now_ms: i64) -> WebhookEvent {
        let body = MessageBody {
            mid,
            text: said.text,
            attachments: said.attachment.map(|sent| {
                let payload = Address { url: &sent.url };
                [Attachment { r#type: &sent.kind, payload }]
            }),
            quick_reply: None,
            is_echo: Some(true),
            app_id: (self.channel == Channel::Messenger).then_some(APP_ID),
        };
        self.envelope(&self.id, customer, now_ms).around(Some(mid), &member("message", &body))
    }

    /// Tells that the customer's device has a message; on Messenger only.
    pub(super) fn delivery(&self, customer: &str, mid: &str, now_ms: i64) -> WebhookEvent {
        let members = format!(r#""delivery":{{"mids":[{}],"watermark":{now_ms}}}"#, json_text(mid));
        self.envelope(customer, &self.id, now_ms).around(None, &members)
    }

    pub(super) fn envelope<'a>(&'a self, sender: &'a str, recipient: &'a str, timestamp_ms: i64) -> Envelope<'a> {
        Envelope { channel: self.channel, account: &self.id, sender, recipient, timestamp_ms }
    }
}

/// What an account says to a customer.
#[derive(Default)]
pub(super) struct Said<'a> {
    pub(super) text: Option<&'a str>,
    pub(super) attachment: Option<&'a SentAttachment>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world() -> (World, String) {
        let mut world = World::new(1);
        world.add_account("17841400000000001", "linen.shop", "1020", "token");
        let ada = world.add_customer("17841400000000001", "Ada");
        (world, ada)
    }

    #[test]
    fn a_customer_has_one_id_per_account() {
        let (mut world, ada) = world();
        world.add_account("2", "other", "3", "t2");
        assert_eq!(world.add_customer("17841400000000001", "Ada"), ada);
        assert_ne!(world.add_customer("2", "Ada"), ada);
        assert_eq!(ada.len(), 16);
    }

    #[test]
    fn the_cap_is_a_rolling_hour() {
        let (mut world, _) = world();
        let account = world.account_mut("17841400000000001").unwrap();
        assert_eq!(account.spend(0, Some(2)), Ok(()));
        assert_eq!(account.spend(10 * 60_000, Some(2)), Ok(()));
        assert_eq!(account.spend(20 * 60_000, Some(2)), Err(40));
        assert_eq!(account.spend(HOUR_MS - 1, Some(2)), Err(1));
        assert_eq!(account.spend(HOUR_MS, Some(2)), Ok(()));
        assert_eq!(account.spend(HOUR_MS, Some(2)), Err(10));
    }

    #[test]
    fn a_conversation_is_found_by_its_id_and_only_by_its_owner() {
        let (mut world, ada) = world();
        world.add_account("2", "other", "3", "t2");
        let id = world.account("17841400000000001").unwrap().conversation_id(&ada);
        assert_eq!(world.account("17841400000000001").unwrap().thread_of(&id).unwrap().name, "Ada");
        assert!(world.account("2").unwrap().thread_of(&id).is_none());
        assert!(world.account("17841400000000001").unwrap().thread_of("nonsense").is_none());
    }

    #[test]
    fn a_renewed_token_replaces_an_expired_one() {
        let (mut world, _) = world();
        world.kill_token("17841400000000001", Refusal::TokenExpired);
        assert_eq!(world.owners_of("token", 0).err(), Some(Refusal::TokenExpired));
        world.renew_token("17841400000000001", "fresh");
        assert_eq!(world.owners_of("token", 0).err(), Some(Refusal::BadToken));
        assert!(world.owners_of("fresh", 0).is_ok());
    }
}
