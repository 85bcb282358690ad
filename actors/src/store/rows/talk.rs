//! Loose ends and comments as rows.

use entity::{comment as comments, loose_end as loose_ends};

use crate::domain::channel::Account;
use crate::domain::comment::{CommentKind, CommentName, PublicComment};
use crate::domain::ids::{CommentId, SellerId};
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
