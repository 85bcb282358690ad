//! The edges that read: an account's conversations, their messages, one message; newest first, in pages.

use std::cmp::Reverse;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use serde_json::{Map, Value, json};

use super::channel::Channel;
use super::fields::{self, Field};
use super::refusal::Refusal;
use super::sends::No;
use super::world::{AccountState, Message, SentAttachment, Thread};

const DEFAULT_LIMIT: usize = 25;

/// What the query asks for.
#[derive(Debug, Default)]
pub(super) struct Question {
    platform: Option<String>,
    user_id: Option<String>,
    fields: Option<Vec<Field>>,
    limit: Option<usize>,
    after: Option<String>,
}

impl Question {
    /// Reads the query; the token in it, and the proof, have been looked at already.
    pub(super) fn of(query: &[(String, String)]) -> Result<Self, No> {
        let mut question = Self::default();
        for (key, value) in query {
            let wrong = || No::wrong(Refusal::InvalidParameter, format!("cannot use {key}={value}"));
            match key.as_str() {
                "platform" => question.platform = Some(value.clone()),
                "user_id" => question.user_id = Some(value.clone()),
                "fields" => question.fields = Some(fields::parse(value).ok_or_else(wrong)?),
                "limit" => question.limit = Some(value.parse().map_err(|_| wrong())?),
                "after" => question.after = Some(read_cursor(value).ok_or_else(wrong)?),
                // Both have been looked at.
                "access_token" | "appsecret_proof" => {}
                _ => return Err(wrong()),
            }
        }
        Ok(question)
    }
}

/// `GET /{account}/conversations`.
pub(super) fn conversations(account: &AccountState, question: &Question) -> Result<Value, No> {
    if account.channel == Channel::Whatsapp {
        return Err(No::wrong(Refusal::ObjectNotFound, "WhatsApp keeps no conversations"));
    }
    let platform = account.channel.name();
    if question.platform.as_deref().is_some_and(|asked| asked != platform) {
        return Err(No::wrong(Refusal::InvalidParameter, format!("only platform={platform} is served")));
    }
    let is_asked = |thread: &&Thread| {
        !thread.messages.is_empty() && question.user_id.as_ref().is_none_or(|id| *id == thread.customer)
    };
    let mut threads: Vec<&Thread> = account.threads.values().filter(is_asked).collect();
    threads.sort_by_key(|thread| Reverse(updated_at(thread)));
    let key = |thread: &&Thread| thread.customer.clone();
    let (page, next) = page(threads, key, question.limit, question.after.as_deref())?;
    let items = page.iter().map(|thread| conversation(account, thread, question.fields.as_deref()));
    Ok(envelope(items.collect::<Result<_, _>>()?, page.last().map(key), next))
}

/// `GET /{conversation}/messages`.
pub(super) fn messages(account: &AccountState, thread: &Thread, question: &Question) -> Result<Value, No> {
    let asked = question.fields.as_deref();
    message_page(account, thread, asked, question.limit, question.after.as_deref())
}

/// `GET /{conversation}` or `GET /{message}`.
pub(super) fn node(account: &AccountState, id: &str, question: &Question) -> Result<Value, No> {
    let asked = question.fields.as_deref();
    if let Some(thread) = account.thread_of(id) {
        return conversation(account, thread, asked);
    }
    let said = |thread: &'_ Thread| thread.messages.iter().position(|message| message.mid == id);
    let found = account.threads.values().find_map(|thread| said(thread).map(|place| (thread, place)));
    let (thread, place) = found.ok_or(Refusal::ObjectNotFound)?;
    one_message(account, thread, &thread.messages[place], asked)
}

fn updated_at(thread: &Thread) -> i64 {
    thread.messages.iter().map(|message| message.at).max().unwrap_or(0)
}

fn conversation(account: &AccountState, thread: &Thread, asked: Option<&[Field]>) -> Result<Value, No> {
    let id = account.conversation_id(&thread.customer);
    let mut members = Map::from_iter([("id".to_owned(), id.into())]);
    let usual = ["updated_time", "participants"].map(plain);
    for field in asked.unwrap_or(&usual) {
        let value = match field.name.as_str() {
            "id" => continue,
            "updated_time" => time(updated_at(thread)).into(),
            "participants" => json!({"data": [person(account), customer(thread)]}),
            "messages" => message_page(account, thread, Some(&field.inner), field.limit, None)?,
            name => return Err(no_such_field(name)),
        };
        members.insert(field.name.clone(), value);
    }
    Ok(members.into())
}

fn message_page(
    account: &AccountState,
    thread: &Thread,
    asked: Option<&[Field]>,
    limit: Option<usize>,
    after: Option<&str>,
) -> Result<Value, No> {
    // Of two messages in one millisecond the one said later is the newer.
    let mut newest_first: Vec<&Message> = thread.messages.iter().rev().collect();
    newest_first.sort_by_key(|message| Reverse(message.at));
    let key = |message: &&Message| message.mid.clone();
    let (page, next) = page(newest_first, key, limit, after)?;
    let items = page.iter().map(|message| one_message(account, thread, message, asked));
    Ok(envelope(items.collect::<Result<_, _>>()?, page.last().map(key), next))
}

/// A message with the fields asked for; without any, Meta gives but id and time.
fn one_message(
    account: &AccountState,
    thread: &Thread,
    message: &Message,
    asked: Option<&[Field]>,
) -> Result<Value, No> {
    let mut members = Map::from_iter([("id".to_owned(), message.mid.clone().into())]);
    let usual = [plain("created_time")];
    let asked = asked.filter(|asked| !asked.is_empty()).unwrap_or(&usual);
    let (from, to) = match message.from_customer {
        true => (customer(thread), person(account)),
        false => (person(account), customer(thread)),
    };
    for field in asked {
        let value = match field.name.as_str() {
            "id" => continue,
            "created_time" => time(message.at).into(),
            "from" => from.clone(),
            "to" => json!({"data": [to.clone()]}),
            "message" => message.text.clone().into(),
            "attachments" => match &message.attachment {
                Some(attachment) => json!({"data": [file(attachment)]}),
                // Meta leaves out what there is none of.
                None => continue,
            },
            name => return Err(no_such_field(name)),
        };
        members.insert(field.name.clone(), value);
    }
    Ok(members.into())
}

/// A file as Meta shows it: from a copy of its own.
fn file(attachment: &SentAttachment) -> Value {
    let copy = json!({"url": "https://scontent.example/copy"});
    match attachment.kind.as_str() {
        "image" => json!({"mime_type": "image/jpeg", "image_data": copy}),
        "video" => json!({"mime_type": "video/mp4", "video_data": copy}),
        "audio" => json!({"mime_type": "audio/mp4", "file_url": copy["url"]}),
        _ => json!({"mime_type": "application/pdf", "file_url": copy["url"]}),
    }
}

fn plain(name: &str) -> Field {
    Field { name: name.to_owned(), limit: None, inner: Vec::new() }
}

fn no_such_field(name: &str) -> No {
    No::wrong(Refusal::InvalidParameter, format!("there is no field {name}"))
}

fn person(account: &AccountState) -> Value {
    json!({"id": account.id, "username": account.username})
}

fn customer(thread: &Thread) -> Value {
    json!({"id": thread.customer, "username": thread.username()})
}

/// Meta writes times in whole seconds.
fn time(at_ms: i64) -> String {
    let at = DateTime::from_timestamp_millis(at_ms).unwrap_or_default();
    at.format("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

fn cursor(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(key)
}

fn read_cursor(text: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

/// The items after a key, and whether there are more.
fn page<T>(
    items: Vec<T>,
    key: impl Fn(&T) -> String,
    limit: Option<usize>,
    after: Option<&str>,
) -> Result<(Vec<T>, bool), No> {
    let start = match after {
        None => 0,
        Some(after) => {
            let place = items.iter().position(|item| key(item) == after);
            place.ok_or_else(|| No::wrong(Refusal::InvalidParameter, "this cursor leads nowhere"))? + 1
        }
    };
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    let has_more = items.len() > start + limit;
    Ok((items.into_iter().skip(start).take(limit).collect(), has_more))
}

/// A page as Meta wraps it: a cursor wherever there are items, `next` only where more follow.
fn envelope(items: Vec<Value>, last_key: Option<String>, has_more: bool) -> Value {
    let mut answer = json!({ "data": items });
    if let Some(key) = last_key {
        let after = cursor(&key);
        answer["paging"] = json!({"cursors": {"after": after}});
        if has_more {
            answer["paging"]["next"] = format!("https://graph.facebook.com/?after={after}").into();
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::samples::{key_paths, sample};
    use crate::sandbox::world::World;

    const SHOP: &str = "17841400000000001";

    fn world(messages: usize) -> World {
        let mut world = World::new(1);
        world.add_account(SHOP, "linen.shop", "1020", "token");
        let ana = world.add_customer(SHOP, "Ana buys");
        world.add_customer(SHOP, "Silent");
        for number in 0..messages {
            let at = 1_790_856_000_000 + number as i64 * 1000;
            let text = format!("number {number}");
            world.hear(
                SHOP,
                &ana,
                Message { mid: format!("m{number}"), at, from_customer: true, text, attachment: None },
            );
        }
        world
    }

    fn asking(pairs: &[(&str, &str)]) -> Question {
        let owned: Vec<_> = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Question::of(&owned).unwrap()
    }

    #[test]
    fn conversations_have_the_shape_of_their_samples() {
        let world = world(1);
        let account = world.account(SHOP).unwrap();
        let answer = conversations(account, &asking(&[("platform", "instagram")])).unwrap();
        assert_eq!(key_paths(&answer), key_paths(&sample("graph/conversations_page.json")));
        assert_eq!(answer["data"][0]["participants"]["data"][1]["username"], "ana.buys");
        assert_eq!(answer["data"].as_array().unwrap().len(), 1, "who never wrote has no conversation");
        let none = conversations(account, &asking(&[("user_id", "1")])).unwrap();
        assert_eq!(none, sample("graph/conversations_empty.json"));
    }

    #[test]
    fn a_message_has_the_shape_of_its_sample() {
        let world = world(1);
        let account = world.account(SHOP).unwrap();
        let answer = node(account, "m0", &asking(&[("fields", "id,created_time,from,to,message")])).unwrap();
        let sample = sample("graph/message_lookup.json");
        assert_eq!(key_paths(&answer), key_paths(&sample));
        assert_eq!(answer["created_time"], sample["created_time"]);
    }

    #[test]
    fn messages_come_newest_first_in_pages_that_join() {
        let world = world(5);
        let account = world.account(SHOP).unwrap();
        let thread = account.threads.values().find(|thread| !thread.messages.is_empty()).unwrap();
        let mut seen = Vec::new();
        let mut question = asking(&[("limit", "2"), ("fields", "message")]);
        loop {
            let answer = messages(account, thread, &question).unwrap();
            let items = answer["data"].as_array().unwrap();
            seen.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            assert_eq!(answer["paging"]["next"].is_string(), seen.len() < 5);
            let Some(after) = answer["paging"]["cursors"]["after"].as_str() else { break };
            question.after = read_cursor(after);
        }
        assert_eq!(seen, ["m4", "m3", "m2", "m1", "m0"]);
    }

    #[test]
    fn messages_can_be_asked_for_within_their_conversation() {
        let world = world(3);
        let account = world.account(SHOP).unwrap();
        let question = asking(&[("fields", "messages.limit(2){message}")]);
        let answer = conversations(account, &question).unwrap();
        let inner = &answer["data"][0]["messages"]["data"];
        assert_eq!(inner[0]["message"], "number 2");
        assert_eq!(inner.as_array().unwrap().len(), 2);
    }

    #[test]
    fn a_field_that_does_not_exist_is_the_clients_mistake() {
        let world = world(1);
        let no = conversations(world.account(SHOP).unwrap(), &asking(&[("fields", "colour")])).unwrap_err();
        assert!(no.is_wrong_call);
    }
}
