//! What is said to a customer in a seller's name: words, a file by its address, and the calls that each channel takes
//! for them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::button::QuickReply;
use super::channel::{Channel, TextLimit};
use super::command::Refused;
use super::named::named;

/// A picture or the like that is sent by its address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outgoing {
    /// What it is.
    pub kind: OutgoingKind,
    /// Where Meta fetches it: https.
    pub url: String,
}

/// What kinds of files are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OutgoingKind {
    /// A picture.
    Image,
    /// A video.
    Video,
    /// Sound.
    Audio,
    /// Any other file.
    File,
}

named!(OutgoingKind { Image = "image", Video = "video", Audio = "audio", File = "file", });

/// No address of a file is longer, in bytes.
const LONGEST_URL: usize = 2000;

/// What one call says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// The words; empty where there is but a file.
    pub text: String,
    /// The file, which has the words for a caption.
    pub attachment: Option<Outgoing>,
    /// The buttons beneath the words.
    pub quick_replies: Vec<QuickReply>,
}

/// The calls that say this on a channel, in order. Where a file takes no words it goes first, so that the words are
/// what the customer sees last, beneath it.
pub fn parts(channel: Channel, text: Option<&str>, attachment: Option<&Outgoing>) -> Result<Vec<Part>, Refused> {
    let text = text.filter(|text| !text.trim().is_empty());
    if text.is_some_and(|text| text.contains('\0')) {
        return Err(Refused::invalid("wrong_text", "a text has no NUL: leave it out"));
    }
    if let Some(text) = text {
        check_length(channel, text)?;
    }
    if let Some(Outgoing { url, .. }) = attachment.filter(|attachment| !is_https(&attachment.url)) {
        let shown: String = url.chars().take(100).collect();
        let detail = format!("{shown:?} is no address that Meta can fetch: https://, and at most {LONGEST_URL} bytes");
        return Err(Refused::invalid("wrong_url", detail));
    }
    let words = |text: &str| Part { text: text.to_owned(), ..Part::default() };
    let file = |caption: &str| Part { text: caption.to_owned(), attachment: attachment.cloned(), ..Part::default() };
    Ok(match (text, attachment) {
        (None, None) => return Err(Refused::invalid("nothing_to_say", "give a text, or an attachment, or both")),
        (Some(text), None) => vec![words(text)],
        (None, Some(_)) => vec![file("")],
        (Some(text), Some(of)) if takes_caption(channel, of.kind, text) => vec![file(text)],
        (Some(text), Some(_)) => vec![file(""), words(text)],
    })
}

fn check_length(channel: Channel, text: &str) -> Result<(), Refused> {
    let limit = channel.text_limit();
    if limit.fitting(text) == text.len() {
        return Ok(());
    }
    let (name, size) = (channel.name(), limit.size(text));
    let detail = format!("the text has {size}, and {name} takes {limit} at most: send it in several");
    Err(Refused::invalid("text_too_long", detail))
}

/// WhatsApp alone writes words beneath a file, and fewer than it takes as a text.
fn takes_caption(channel: Channel, kind: OutgoingKind, text: &str) -> bool {
    const CAPTION: TextLimit = TextLimit::Characters(1024);
    match (channel, kind) {
        (Channel::Whatsapp, OutgoingKind::Image | OutgoingKind::Video | OutgoingKind::File) => {
            CAPTION.fitting(text) == text.len()
        }
        (Channel::Whatsapp, OutgoingKind::Audio) | (Channel::Instagram | Channel::Messenger, _) => false,
    }
}

fn is_https(url: &str) -> bool {
    let has_scheme = url.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"));
    let has_host = url.get(8..).is_some_and(|rest| rest.starts_with(char::is_alphanumeric));
    let is_odd = |letter: char| letter.is_whitespace() || letter.is_control();
    has_scheme && has_host && url.len() <= LONGEST_URL && !url.contains(is_odd)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Outgoing {
        Outgoing { kind: OutgoingKind::Image, url: "https://shop.example/apron.jpg".to_owned() }
    }

    /// What each call says, with the kind of its file.
    fn told(
        channel: Channel,
        text: Option<&str>,
        attachment: Option<&Outgoing>,
    ) -> Vec<(String, Option<OutgoingKind>)> {
        let parts = parts(channel, text, attachment).unwrap();
        parts.into_iter().map(|part| (part.text, part.attachment.map(|attachment| attachment.kind))).collect()
    }

    fn refused(channel: Channel, text: Option<&str>, attachment: Option<&Outgoing>) -> (&'static str, String) {
        let refused = parts(channel, text, attachment).unwrap_err();
        (refused.code, refused.detail)
    }

    #[test]
    fn words_and_a_file_are_two_calls_but_for_whatsapp_where_the_words_are_a_caption() {
        let (words, image) = (("look".to_owned(), None), ("".to_owned(), Some(OutgoingKind::Image)));
        for channel in Channel::ALL {
            assert_eq!(told(channel, Some("look"), None), std::slice::from_ref(&words));
            assert_eq!(told(channel, Some(" \n"), Some(&picture())), std::slice::from_ref(&image));
        }
        for channel in [Channel::Instagram, Channel::Messenger] {
            assert_eq!(told(channel, Some("look"), Some(&picture())), [image.clone(), words.clone()]);
        }
        let captioned = [("look".to_owned(), Some(OutgoingKind::Image))];
        assert_eq!(told(Channel::Whatsapp, Some("look"), Some(&picture())), captioned);
        let long = "é".repeat(1025);
        assert_eq!(told(Channel::Whatsapp, Some(&long), Some(&picture())), [image, (long, None)]);
        let sound = Outgoing { kind: OutgoingKind::Audio, ..picture() };
        assert_eq!(told(Channel::Whatsapp, Some("look"), Some(&sound)).len(), 2);
    }

    #[test]
    fn a_text_is_as_long_as_the_channel_counts() {
        for (channel, fits, limit) in [
            (Channel::Instagram, "é".repeat(500), "1000 bytes"),
            (Channel::Messenger, "é".repeat(2000), "2000 characters"),
            (Channel::Whatsapp, "é".repeat(4096), "4096 characters"),
        ] {
            assert_eq!(told(channel, Some(&fits), None).len(), 1);
            let (code, detail) = refused(channel, Some(&format!("{fits}!")), None);
            assert!(code == "text_too_long" && detail.contains(limit), "{detail}");
        }
    }

    #[test]
    fn what_cannot_be_sent_is_refused_with_what_to_do() {
        assert_eq!(refused(Channel::Instagram, None, None).0, "nothing_to_say");
        assert_eq!(refused(Channel::Instagram, Some("  "), None).0, "nothing_to_say");
        assert_eq!(refused(Channel::Instagram, Some("a\0b"), None).0, "wrong_text");
        let long = format!("https://a.example/{}", "a".repeat(LONGEST_URL));
        for url in ["http://a.example/a.jpg", "ftp://a", "https://", "https:///a", "https://a.example/a b", "é", &long]
        {
            let attachment = Outgoing { url: url.to_owned(), ..picture() };
            assert_eq!(refused(Channel::Messenger, Some("look"), Some(&attachment)).0, "wrong_url", "{url}");
        }
    }
}
