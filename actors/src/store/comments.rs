//! Comments and mentions: which are known, and all of them for people to look at.

use std::collections::{BTreeMap, BTreeSet};

use entity::comment;
use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter};

use crate::domain::comment::{CommentKind, CommentName, PublicComment};
use crate::domain::ids::SellerId;

use super::StoreError;
use super::rows::{self, OfSeller};
use super::views::Page;

/// Those of these that are stored, in one query however many there are.
pub async fn known(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    names: &BTreeSet<CommentName>,
) -> Result<BTreeSet<CommentName>, StoreError> {
    if names.is_empty() {
        return Ok(BTreeSet::new());
    }
    let mut of_kind: BTreeMap<(&str, CommentKind), Vec<&str>> = BTreeMap::new();
    for name in names {
        of_kind.entry((name.account.as_str(), name.kind)).or_default().push(&name.meta_id);
    }
    let any = of_kind.into_iter().fold(Condition::any(), |any, ((account, kind), meta_ids)| {
        let these = Condition::all()
            .add(comment::Column::Account.eq(account))
            .add(comment::Column::Kind.eq(kind.name()))
            .add(comment::Column::MetaId.is_in(meta_ids));
        any.add(these)
    });
    let found = comment::Entity::of_seller(seller).filter(any).all(reads).await?;
    found.into_iter().map(|row| Ok(rows::comment(row)?.name)).collect()
}

/// Comments and mentions, oldest first.
pub async fn page(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    page: Page,
) -> Result<Vec<PublicComment>, StoreError> {
    let rows = page.of::<comment::Entity>(seller, comment::Column::Id).all(reads).await?;
    rows.into_iter().map(rows::comment).collect()
}
