//! Notes of the staff, for people to look at.

use entity::note;
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::domain::command::NoteOn;
use crate::domain::desk::Note;
use crate::domain::ids::{NoteId, SellerId};

use super::rows::{self, OfSeller};
use super::{StoreError, at_most};

/// A page of notes: those before this one, at most so many.
#[derive(Clone, Copy, Debug)]
pub struct NotesPage {
    /// The last note of the page before; none: the newest.
    pub before: Option<NoteId>,
    /// At most so many.
    pub limit: u64,
}

/// The notes about something, newest first.
pub async fn page(
    reads: &impl ConnectionTrait,
    seller: SellerId,
    on: NoteOn,
    page: NotesPage,
) -> Result<Vec<Note>, StoreError> {
    let (kind, id) = on.parts();
    let mut notes =
        note::Entity::of_seller(seller).filter(note::Column::OnKind.eq(kind)).filter(note::Column::OnId.eq(id));
    if let Some(before) = page.before {
        notes = notes.filter(note::Column::Id.lt(before.0));
    }
    let rows = notes.order_by_desc(note::Column::Id).limit(at_most(page.limit)).all(reads).await?;
    rows.into_iter().map(rows::note).collect()
}
