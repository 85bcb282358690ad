//! The pause of the whole app: one row, stored with the result of the call that told of it.

use entity::app_hold;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel, QueryTrait};

use crate::domain::budget::hold::Hold;

use super::StoreError;
use super::pen::Writing;
use super::rows;

/// As it is stored; none when there never was one.
pub async fn read(reads: &impl ConnectionTrait) -> Result<Option<Hold>, StoreError> {
    app_hold::Entity::find().one(reads).await?.map(rows::app_hold).transpose()
}

pub(super) async fn put(tx: &Writing, hold: &Hold) -> Result<(), StoreError> {
    use app_hold::Column::{Id, Since, Times, Until, Why};
    let mut statement = app_hold::Entity::insert(rows::app_hold_row(hold).into_active_model()).into_query();
    statement.on_conflict(OnConflict::column(Id).update_columns([Since, Until, Times, Why]).to_owned());
    tx.execute(&statement).await?;
    Ok(())
}
