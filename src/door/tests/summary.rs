//! An event in one line: what it is, whose, and what it means.

use actors::domain::event::{
    About, Comment, Happening, Profile, Receipt, ReceiptOf, ReceiptStep, Referral, Said, StoredEvent, Wish,
};

use super::decode;

/// `kind customer: what it means`, or the reason why it is only kept behind an exclamation mark.
pub(super) fn summary(event: &StoredEvent) -> String {
    let (kind, customer) = (&event.kind, event.customer.as_deref().unwrap_or("nobody"));
    let meaning = decode(event).map_or_else(|reason| format!("! {}", reason.code()), |happening| told(&happening));
    short(&format!("{} {kind} {customer}: {meaning}", event.account))
}

/// Meta's long ids by their telling part.
fn short(text: &str) -> String {
    let long = [
        ("aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3ODQxNDAwMDAwMDAwMDAx0", "ig"),
        ("ZDZD", ""),
        ("m_Qk9PS1NIT1BfZGVtbw", "m"),
        ("-x7uiO5jm0L_PM", ""),
        ("wamid.HBgLMTU1NTAxMDAwMDEVAgASGBQzQUFERjg0NDEzNDdFODU3", "wa"),
        ("AA==", ""),
        ("17841400000000001", "SHOP"),
        ("17841400000000002", "SHOP2"),
        ("5614879000000001", "ANA"),
        ("102030405060708", "SHOP"),
        ("6789012345678901", "ANA"),
        ("106540350000001", "SHOP"),
        ("106540350000002", "SHOP2"),
        ("US.13490000000000000001", "US.ANA"),
        (r#"name="Ana Buyer" phone="15550100001" also="15550100001""#, "Ana"),
    ];
    long.into_iter().fold(text.to_owned(), |text, (long, short)| text.replace(long, short))
}

fn told(happening: &Happening) -> String {
    match happening {
        Happening::Said(said) => format!("said{}", words_of(said)),
        Happening::Echo(echo) => {
            format!("echo {}{}{}", echo.mid, words("", &echo.text), list("with", &echo.attachments))
        }
        Happening::Edited(edited) => format!("edit {} of {}: {:?}", edited.revision, edited.mid, edited.text),
        Happening::Unsent(unsent) => format!("unsent {}", unsent.mid),
        Happening::Reacted(reacted) => format!("reacted {} to {}", said_or_none(&reacted.emoji), reacted.mid),
        Happening::Receipt(receipt) => told_receipt(receipt),
        Happening::Referred(referral) => format!("referred{}", came(referral)),
        Happening::Noted(noted) => format!("noted {:?}", noted.sentence),
        Happening::Renamed(renamed) => format!("renamed to {}{}", renamed.to, words("phone", &renamed.phone)),
        Happening::Commented(comment) => format!("comment {}", told_comment(comment)),
        Happening::Mentioned(mention) => {
            format!("mentioned in {}{}", mention.media, words("comment", &mention.comment))
        }
        Happening::BatchTold { handle } => format!("batch {handle} is over"),
        Happening::Command(_) | Happening::Announced(_) | Happening::CallEnded(_) => {
            "nothing that Meta says".to_owned()
        }
    }
}

fn words_of(said: &Said) -> String {
    let about = said.about.as_ref().map(about).unwrap_or_default();
    let wishes: Vec<String> = said.wishes.iter().map(wish).collect();
    let referral = said.referral.as_ref().map(came).unwrap_or_default();
    let (text, payload) = (words("", &said.text), words("payload", &said.payload));
    let (attachments, wishes) = (list("with", &said.attachments), list("wants", &wishes));
    let (mid, standby) = (words("", &said.mid), if said.standby { " standby" } else { "" });
    format!("{mid}{text}{payload}{attachments}{about}{wishes}{referral}{}{standby}", profile(&said.profile))
}

fn words(what: &str, text: &Option<String>) -> String {
    let gap = if what.is_empty() { "" } else { "=" };
    text.as_ref().map(|text| format!(" {what}{gap}{text:?}")).unwrap_or_default()
}

fn said_or_none(text: &Option<String>) -> String {
    text.as_ref().map_or_else(|| "nothing".to_owned(), |text| format!("{text:?}"))
}

fn list(what: &str, words: &[String]) -> String {
    if words.is_empty() { String::new() } else { format!(" {what} {}", words.join("+")) }
}

fn wish(wish: &Wish) -> String {
    let quantity = wish.quantity.map(|quantity| format!("*{quantity}")).unwrap_or_default();
    format!("{}{quantity}", wish.product)
}

fn about(about: &About) -> String {
    match about {
        About::Story { id } => format!(" under story {}", said_or_none(id)),
        About::StoryMention => " in a story of theirs".to_owned(),
        About::Shared { what, id, title } => format!(" sharing {what} {}{}", said_or_none(id), words("title", title)),
        About::Message { mid } => format!(" under {mid}"),
    }
}

fn came(referral: &Referral) -> String {
    let Referral { source, reference, ad, title } = referral;
    format!(" through{}{}{}{}", words("", source), words("ref", reference), words("ad", ad), words("title", title))
}

fn profile(profile: &Profile) -> String {
    let Profile { name, username, phone, other_id } = profile;
    if *profile == Profile::default() {
        return String::new();
    }
    let told = [words("name", name), words("username", username), words("phone", phone), words("also", other_id)];
    format!(" by{}", told.concat())
}

fn told_receipt(receipt: &Receipt) -> String {
    let of = match &receipt.of {
        ReceiptOf::Mids(mids) => mids.join("+"),
        ReceiptOf::Through(time) => format!("all through {}", time.timestamp_millis()),
    };
    match &receipt.step {
        ReceiptStep::Sent => format!("sent {of}"),
        ReceiptStep::Delivered => format!("delivered {of}"),
        ReceiptStep::Read => format!("read {of}"),
        ReceiptStep::Failed { code, error } => format!("failed {of}: {code} {error:?}"),
    }
}

fn told_comment(comment: &Comment) -> String {
    let Comment { id, parent, media, ad, username, text, is_own, is_live } = comment;
    let told = [words("", text), words("by", username), words("under", parent), words("on", media), words("ad", ad)];
    format!("{id}{}{}{}", told.concat(), if *is_own { " own" } else { "" }, if *is_live { " live" } else { "" })
}
