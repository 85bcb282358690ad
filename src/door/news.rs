//! News of a field that are no message: comments, mentions, and what is only kept.

use actors::domain::channel::Account;
use actors::domain::event::{Comment, Happening, Mention};
use actors::domain::outcome::Reason;
use serde_json::value::RawValue;

use super::change::Change;
use super::decode::Known;
use super::json::{Fields, sha256_of, time_of};
use super::keep::{Cutter, Found, Place};
use super::kinds;

/// What news are about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Topic {
    Comment,
    Mention,
    Other,
}

fn topic(change: &Change<'_>) -> Topic {
    let says = |name: &str, word: &str| change.value.text(name).as_deref() == Some(word);
    match change.field.as_str() {
        "comments" | "live_comments" => Topic::Comment,
        // A Page tells of comments among all else that happens to its posts.
        "feed" if says("item", "comment") && says("verb", "add") => Topic::Comment,
        "mentions" | "mention" => Topic::Mention,
        _ => Topic::Other,
    }
}

/// Keeps news in one piece.
pub(super) fn keep<'a>(cutter: &mut Cutter<'a>, place: &Place<'a>, change: &Change<'a>, raw: &'a RawValue) {
    let (kind, key) = kind_and_key(change, place);
    let account = place.account(None);
    let customer = change.from().filter(|_| !is_own(change, &account));
    let told = ["timestamp", "created_time"].into_iter().find_map(|name| change.value.get(name));
    let happened_at = time_of(told.or(place.time), cutter.received_at);
    let known = Known { account: &account, customer: customer.as_deref(), at: happened_at, standby: false };
    let ledgered = meaning(change, &known).err();
    cutter.keep(Found { account, kind, key, customer, happened_at, ledgered }, raw.get());
}

fn kind_and_key(change: &Change<'_>, place: &Place<'_>) -> (String, String) {
    let by_id = match topic(change) {
        // Live or not, nested or flat, of an ad or of the post behind it: the comment is the same.
        Topic::Comment => comment_id(change).map(|id| ("comment".to_owned(), format!("comment:{id}"))),
        Topic::Mention => mention(change).map(|mention| {
            let comment = mention.comment.unwrap_or_default();
            ("mention".to_owned(), format!("mention:{}:{comment}", mention.media))
        }),
        Topic::Other => None,
    };
    by_id.unwrap_or_else(|| {
        let kind = format!("change:{}", change.field);
        let hash = sha256_of(&[place.time.map_or("", |time| time.get()), change.text]);
        (kind.clone(), format!("{kind}:{hash}"))
    })
}

fn comment_id(change: &Change<'_>) -> Option<String> {
    change.value.id("id").or_else(|| change.value.id("comment_id"))
}

fn is_own(change: &Change<'_>, account: &Account) -> bool {
    let from = change.value.object("from");
    let scoped = from.as_ref().is_some_and(|from| from.get("self_ig_scoped_id").is_some());
    scoped || from.and_then(|from| from.id("id")).is_some_and(|id| id == account.id())
}

/// What the news mean, or why they are only kept.
pub(super) fn meaning(change: &Change<'_>, known: &Known<'_>) -> Result<Happening, Reason> {
    known.on_a_real_account()?;
    match topic(change) {
        Topic::Comment => Ok(Happening::Commented(comment(change, known)?)),
        Topic::Mention => mention(change).map(Happening::Mentioned).ok_or(Reason::Unreadable),
        Topic::Other => Err(kinds::reason_of_field(&change.field)),
    }
}

fn comment(change: &Change<'_>, known: &Known<'_>) -> Result<Comment, Reason> {
    let value = &change.value;
    let media = value.object("media").unwrap_or(Fields(Vec::new()));
    let post = value.id("post_id");
    Ok(Comment {
        id: comment_id(change).ok_or(Reason::Unreadable)?,
        // On a Page, the post is the parent of a comment that answers no other.
        parent: value.id("parent_id").filter(|parent| Some(parent) != post.as_ref()),
        // The ad's own media is a copy of the post that the seller made.
        media: media.id("original_media_id").or_else(|| media.id("id")).or(post),
        ad: media.id("ad_id"),
        username: value.object("from").and_then(|from| from.text("username")),
        text: value.words("text")?.or(value.words("message")?),
        is_own: is_own(change, known.account),
        is_live: change.field == "live_comments" || media.text("media_product_type").as_deref() == Some("LIVE"),
    })
}

fn mention(change: &Change<'_>) -> Option<Mention> {
    let media = change.value.id("media_id").or_else(|| change.value.id("post_id"))?;
    Some(Mention { media, comment: change.value.id("comment_id") })
}
