//! What hangs on a message of Instagram or Messenger: pictures, shared posts, product cards, places.

use std::collections::HashSet;

use actors::domain::event::{About, Wish};
use serde_json::value::RawValue;

use super::json::{Fields, bounded};

/// Meta's words for what is shared from elsewhere; `fallback` is what it shows of any other link.
const SHARED: [&str; 7] = ["ig_post", "ig_reel", "reel", "ig_story", "story", "share", "fallback"];

/// The longest type word that is kept.
const WORD_LIMIT: usize = 100;

/// One attachment.
pub(super) struct Attachment {
    /// Meta's type word.
    pub(super) word: String,
    /// Meta's id of the post, reel, story or sticker.
    id: Option<String>,
    title: Option<String>,
    wishes: Vec<Wish>,
    place: Option<String>,
}

/// A message's attachments, each thing once.
pub(super) fn of(message: &Fields<'_>) -> Vec<Attachment> {
    once(message.list("attachments").into_iter().map(Attachment::read).collect())
}

/// While Meta changed how posts are shared, a post came as `share` and as `ig_post` both, a sticker as itself and as a
/// picture.
fn once(mut attachments: Vec<Attachment>) -> Vec<Attachment> {
    let named = attachments.iter().filter(|attachment| attachment.word != "share");
    let named: HashSet<String> = named.filter_map(|attachment| attachment.id.clone()).collect();
    let has_post = attachments.iter().any(|attachment| attachment.word == "ig_post");
    let mut seen = HashSet::new();
    attachments.retain(|attachment| match &attachment.id {
        None => attachment.word != "share" || !has_post,
        Some(id) if attachment.word == "share" && named.contains(id) => false,
        Some(id) => seen.insert((attachment.word.clone(), id.clone())),
    });
    attachments
}

impl Attachment {
    fn read(raw: &RawValue) -> Self {
        let fields = Fields::read(raw.get()).unwrap_or(Fields(Vec::new()));
        let payload = fields.object("payload").unwrap_or(Fields(Vec::new()));
        let word = fields.text("type").map_or_else(|| "unknown".to_owned(), |word| bounded(word, WORD_LIMIT));
        let sticker = payload.id("sticker_id");
        // A sticker was a picture until it got a word of its own.
        let word = if word == "image" && sticker.is_some() { "sticker".to_owned() } else { word };
        let media = ["ig_post_media_id", "reel_video_id", "story_media_id", "id"];
        Self {
            id: sticker.or_else(|| media.into_iter().find_map(|name| payload.id(name))),
            title: payload.text("title").or_else(|| fields.text("title")),
            wishes: wishes(&payload),
            place: payload
                .object("coordinates")
                .and_then(|place| Some(place_words(&place.text("lat")?, &place.text("long")?))),
            word,
        }
    }

    fn about(&self) -> Option<About> {
        match self.word.as_str() {
            "story_mention" => Some(About::StoryMention),
            what if SHARED.contains(&what) => {
                Some(About::Shared { what: what.to_owned(), id: self.id.clone(), title: self.title.clone() })
            }
            _ => None,
        }
    }
}

/// The products on a card.
fn wishes(payload: &Fields<'_>) -> Vec<Wish> {
    let cards = payload.object("product").map(|product| product.objects("elements")).unwrap_or_default();
    // The seller's own word for a product needs no looking up.
    let products = cards.iter().filter_map(|card| card.id("retailer_id").or_else(|| card.id("id")));
    products.map(|product| Wish { product, quantity: None }).collect()
}

/// A place as a person reads it.
pub(super) fn place_words(latitude: &str, longitude: &str) -> String {
    format!("Location: {latitude}, {longitude}")
}

/// Meta's type words.
pub(super) fn words(attachments: &[Attachment]) -> Vec<String> {
    attachments.iter().map(|attachment| attachment.word.clone()).collect()
}

/// What the message is about by what hangs on it.
pub(super) fn about(attachments: &[Attachment]) -> Option<About> {
    attachments.iter().find_map(Attachment::about)
}

/// All products on its cards.
pub(super) fn products(attachments: &[Attachment]) -> impl Iterator<Item = Wish> {
    attachments.iter().flat_map(|attachment| attachment.wishes.clone())
}

/// A message's own words, and those for places that hang on it.
pub(super) fn with_places(text: Option<String>, attachments: &[Attachment]) -> Option<String> {
    let places = attachments.iter().filter_map(|attachment| attachment.place.clone());
    let lines: Vec<String> = text.into_iter().chain(places).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}
