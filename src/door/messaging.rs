//! What a messaging item of Instagram or Messenger means.

use actors::domain::event::{
    About, Echo, Edited, Happening, Noted, Reacted, Receipt, ReceiptOf, ReceiptStep, Said, Unsent,
};
use actors::domain::outcome::Reason;

use super::attachments;
use super::decode::Known;
use super::item::{Item, Part, receipt_mids};
use super::json::{Fields, time_of};
use super::notes;
use super::referral::Came;

/// What the item means, or why it is only kept.
pub(super) fn meaning(item: &Item<'_>, known: &Known<'_>) -> Result<Happening, Reason> {
    known.on_a_real_account()?;
    if item.is_dashboard_test() {
        return Err(Reason::DashboardTest);
    }
    let is_sellers = item.is_from(known.account);
    let body = || item.body.as_ref().ok_or(Reason::Unreadable);
    let happening = match item.part(known.account) {
        Part::Message => Happening::Said(said(body()?, known)?),
        Part::Echo => Happening::Echo(echo(body()?)?),
        Part::SelfMessage | Part::SelfPostback => return Err(Reason::SelfMessage),
        Part::Deleted => Happening::Unsent(Unsent { mid: mid_of(body()?)? }),
        Part::Postback => Happening::Said(pressed(body()?, known)?),
        Part::Edit => Happening::Edited(edited(body()?, known)?),
        // What the seller has read or liked says nothing of our messages.
        Part::Reaction | Part::Read | Part::Delivery if is_sellers => return Err(Reason::NotUsed),
        Part::Reaction => Happening::Reacted(reacted(body()?)?),
        Part::Read => receipt(body()?, ReceiptStep::Read, known)?,
        Part::Delivery => receipt(body()?, ReceiptStep::Delivered, known)?,
        Part::OptIn => Happening::Noted(Noted { sentence: notes::optin(body()?) }),
        Part::Handover => Happening::Noted(Noted { sentence: notes::handover(item.member, body()?) }),
        Part::Policy => return Err(Reason::AccountNotice),
        Part::Referral => Happening::Referred(Came::of(body()?).alone()),
        Part::NotUsed => return Err(Reason::NotUsed),
        Part::Unknown => return Err(Reason::UnknownKind),
    };
    known.with_customer(happening)
}

fn mid_of(body: &Fields<'_>) -> Result<String, Reason> {
    body.id("mid").ok_or(Reason::Unreadable)
}

fn said(message: &Fields<'_>, known: &Known<'_>) -> Result<Said, Reason> {
    let attached = attachments::of(message);
    let came = message.object("referral").map(|referral| Came::of(&referral)).unwrap_or_default();
    Ok(Said {
        mid: message.id("mid"),
        text: attachments::with_places(message.words("text")?, &attached),
        payload: message.object("quick_reply").and_then(|reply| reply.text("payload")),
        attachments: words(message, &attached),
        about: answered(message).or_else(|| attachments::about(&attached)),
        wishes: came.wishes.into_iter().chain(attachments::products(&attached)).collect(),
        referral: came.through,
        standby: known.standby,
        ..Said::default()
    })
}

/// The attachments' type words; `unsupported` for what Meta does not hand over at all.
fn words(message: &Fields<'_>, attached: &[attachments::Attachment]) -> Vec<String> {
    let mut words = attachments::words(attached);
    words.extend(message.is("is_unsupported").then(|| "unsupported".to_owned()));
    words
}

/// What the message was written under.
fn answered(message: &Fields<'_>) -> Option<About> {
    let to = message.object("reply_to")?;
    match to.object("story") {
        Some(story) => Some(About::Story { id: story.id("id") }),
        None => to.id("mid").map(|mid| About::Message { mid }),
    }
}

fn pressed(postback: &Fields<'_>, known: &Known<'_>) -> Result<Said, Reason> {
    let came = postback.object("referral").map(|referral| Came::of(&referral)).unwrap_or_default();
    Ok(Said {
        mid: postback.id("mid"),
        text: postback.words("title")?,
        payload: postback.text("payload"),
        wishes: came.wishes,
        referral: came.through,
        standby: known.standby,
        ..Said::default()
    })
}

fn echo(message: &Fields<'_>) -> Result<Echo, Reason> {
    let attached = attachments::of(message);
    let text = attachments::with_places(message.words("text")?, &attached);
    // Without an id it cannot be told from our own send.
    Ok(Echo { mid: mid_of(message)?, text, attachments: words(message, &attached) })
}

fn edited(edit: &Fields<'_>, known: &Known<'_>) -> Result<Edited, Reason> {
    let text = edit.words("text")?.ok_or(Reason::Unreadable)?;
    let number = edit.text("num_edit").and_then(|number| number.parse().ok());
    Ok(Edited { mid: mid_of(edit)?, text, revision: number.unwrap_or_else(|| known.at.timestamp_millis()) })
}

fn reacted(reaction: &Fields<'_>) -> Result<Reacted, Reason> {
    let sign = || reaction.text("emoji").or_else(|| reaction.text("reaction"));
    let emoji = match reaction.text("action").as_deref() {
        Some("unreact") => None,
        Some("react") => Some(sign().unwrap_or_else(|| "other".to_owned())),
        _ => sign(),
    };
    Ok(Reacted { mid: mid_of(reaction)?, emoji })
}

/// A receipt that names messages is about those; another is about all up to its watermark.
fn receipt(body: &Fields<'_>, step: ReceiptStep, known: &Known<'_>) -> Result<Happening, Reason> {
    let mids = receipt_mids(body);
    let of = match mids.is_empty() {
        true => {
            let watermark = body.get("watermark").ok_or(Reason::Unreadable)?;
            ReceiptOf::Through(time_of(Some(watermark), known.at))
        }
        false => ReceiptOf::Mids(mids),
    };
    Ok(Happening::Receipt(Receipt { of, step }))
}
