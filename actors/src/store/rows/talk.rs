//! Loose ends, comments and notes as rows.

use entity::{comment as comments, loose_end as loose_ends, note as notes};

use crate::domain::channel::Account;
use crate::domain::command::NoteOn;
use crate::domain::comment::{CommentKind, CommentName, PublicComment};
use crate::domain::desk::Note;
use crate::domain::ids::{CommentId, NoteId, SellerId};
use crate::domain::told::LooseEnd;
use crate::store::StoreError;

use super::{from_json, json, ms, named, time};

pub(in crate::store) fn loose_end_row(seller: SellerId, end: &LooseEnd) -> loose_ends::Model {
    loose_ends::Model {
        seller_id: seller.0,
        account: end.account.to_string(),
        mid: end.mid.clone(),
        customer: end.customer.clone(),
        told: json(&end.told),
        kept_at: ms(end.kept_at),
    }
}

pub(in crate::store) fn loose_end(row: loose_ends::Model) -> Result<LooseEnd, StoreError> {
    Ok(LooseEnd {
        account: Account::stored(row.account),
        mid: row.mid,
        customer: row.customer,
        told: from_json("loose end", &row.told)?,
        kept_at: time(row.kept_at)?,
    })
}

pub(in crate::store) fn comment_row(seller: SellerId, comment: &PublicComment) -> comments::Model {
    comments::Model {
        seller_id: seller.0,
        id: comment.id.0,
        account: comment.name.account.to_string(),
        kind: comment.name.kind.name().to_owned(),
        meta_id: comment.name.meta_id.clone(),
        parent: comment.parent.clone(),
        media: comment.media.clone(),
        ad: comment.ad.clone(),
        customer: comment.customer.clone(),
        username: comment.username.clone(),
        text: comment.text.clone(),
        is_own: comment.is_own,
        is_live: comment.is_live,
        at: ms(comment.at),
    }
}

pub(in crate::store) fn comment(row: comments::Model) -> Result<PublicComment, StoreError> {
    Ok(PublicComment {
        id: CommentId(row.id),
        name: CommentName {
            account: Account::stored(row.account),
            kind: named("comment kind", &row.kind, CommentKind::named)?,
            meta_id: row.meta_id,
        },
        parent: row.parent,
        media: row.media,
        ad: row.ad,
        customer: row.customer,
        username: row.username,
        text: row.text,
        is_own: row.is_own,
        is_live: row.is_live,
        at: time(row.at)?,
    })
}

pub(in crate::store) fn note_row(seller: SellerId, note: &Note) -> notes::Model {
    let (kind, id) = note.on.parts();
    notes::Model {
        seller_id: seller.0,
        id: note.id.0,
        on_kind: kind.to_owned(),
        on_id: id,
        text: note.text.clone(),
        written_by: note.by.clone(),
        at: ms(note.at),
    }
}

pub(in crate::store) fn note(row: notes::Model) -> Result<Note, StoreError> {
    Ok(Note {
        id: NoteId(row.id),
        on: named("kind of a note", &row.on_kind, |kind| NoteOn::stored(kind, row.on_id))?,
        text: row.text,
        by: row.written_by,
        at: time(row.at)?,
    })
}
