//! Inserting many rows with one statement. Its text is made by hand and depends on nothing but the number of rows, so
//! that the database knows it already: building and planning it anew each time costs more than the insert.

use sea_orm::{
    ActiveModelTrait, ActiveValue, DbBackend, EntityTrait, IdenStatic, Iterable, PrimaryKeyToColumn, QueryResult, Value,
};

use super::StoreError;
use super::pen::Writing;

/// What happens to a row whose key is there already.
#[derive(Clone, Copy, Debug)]
pub(super) enum Known<'a> {
    /// It may not be.
    Refused,
    /// It is replaced.
    Replaced,
    /// It stays, and the new one is left out. These columns are the key.
    Kept(&'a str),
    /// Its numbers are added to those there.
    AddedUp,
}

/// Inserts all of them, with one statement unless the values are more than one can have.
pub(super) async fn rows<E: EntityTrait>(
    tx: &Writing,
    rows: Vec<E::ActiveModel>,
    known: Known<'_>,
) -> Result<(), StoreError> {
    let Some(columns) = rows.first().map(set_columns::<E>) else { return Ok(()) };
    for chunk in rows.chunks(tx.rows_at_once(columns.len())) {
        let sql = text::<E>(tx.backend(), &columns, chunk.len(), known);
        tx.execute_sql(&sql, values::<E>(chunk, &columns)).await?;
    }
    Ok(())
}

/// Inserts all of them, and answers with a column of each that was inserted. Any number of rows is taken in a few steps
/// of a power of two, so that there are few texts to know.
pub(super) async fn rows_returning<E: EntityTrait>(
    tx: &Writing,
    rows: &[E::ActiveModel],
    known: Known<'_>,
    column: E::Column,
) -> Result<Vec<QueryResult>, StoreError> {
    const MOST: usize = 256;
    let Some(columns) = rows.first().map(set_columns::<E>) else { return Ok(Vec::new()) };
    let (mut left, mut inserted) = (rows, Vec::with_capacity(rows.len()));
    while !left.is_empty() {
        let step = (1 << left.len().ilog2()).min(MOST);
        let (chunk, rest) = left.split_at(step);
        let sql = text::<E>(tx.backend(), &columns, step, known) + " RETURNING " + column.as_str();
        inserted.extend(tx.query_sql(&sql, values::<E>(chunk, &columns)).await?);
        left = rest;
    }
    Ok(inserted)
}

/// The columns that the rows have a value for: the same in all.
fn set_columns<E: EntityTrait>(row: &E::ActiveModel) -> Vec<E::Column> {
    E::Column::iter().filter(|column| !row.get(*column).is_not_set()).collect()
}

fn values<E: EntityTrait>(rows: &[E::ActiveModel], columns: &[E::Column]) -> Vec<Value> {
    let mut values = Vec::with_capacity(rows.len() * columns.len());
    for row in rows {
        let of_row = columns.iter().map(|column| match row.get(*column) {
            ActiveValue::Set(value) | ActiveValue::Unchanged(value) => value,
            ActiveValue::NotSet => unreachable!("every row has the columns of the first"),
        });
        values.extend(of_row);
    }
    values
}

/// `INSERT INTO "t" ("a", "b") VALUES (?, ?), (?, ?) ON CONFLICT ...`
fn text<E: EntityTrait>(backend: DbBackend, columns: &[E::Column], rows: usize, known: Known<'_>) -> String {
    let quoted: Vec<String> = columns.iter().map(|column| quote(column.as_str())).collect();
    let mut sql = format!("INSERT INTO {} ({}) VALUES ", quote(E::default().table_name()), quoted.join(", "));
    sql.reserve(rows * columns.len() * 7);
    let mut place = 0;
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { "), (" });
        for column in 0..columns.len() {
            sql.push_str(if column == 0 { "" } else { ", " });
            place += 1;
            match backend {
                // SQLite looks a numbered place up in a list of all of them.
                DbBackend::Sqlite => sql.push('?'),
                _ => sql.push_str(&format!("${place}")),
            }
        }
    }
    sql.push(')');
    match known {
        Known::Refused => {}
        Known::Replaced => sql.push_str(&known_row::<E>(|_, column| format!("excluded.{column}"))),
        Known::AddedUp => {
            sql.push_str(&known_row::<E>(|table, column| format!("{table}.{column} + excluded.{column}")))
        }
        Known::Kept(key) => sql.push_str(&format!(" ON CONFLICT ({key}) DO NOTHING")),
    }
    sql
}

/// What each column of a known row becomes, but for its key.
fn known_row<E: EntityTrait>(becomes: impl Fn(&str, &str) -> String) -> String {
    let table = quote(E::default().table_name());
    let key: Vec<&'static str> = E::PrimaryKey::iter().map(|column| column.into_column().as_str()).collect();
    let rest = E::Column::iter().map(|column| column.as_str()).filter(|column| !key.contains(column)).map(quote);
    let set: Vec<String> = rest.map(|column| format!("{column} = {}", becomes(&table, &column))).collect();
    let key: Vec<String> = key.into_iter().map(quote).collect();
    format!(" ON CONFLICT ({}) DO UPDATE SET {}", key.join(", "), set.join(", "))
}

fn quote(name: &str) -> String {
    format!("\"{name}\"")
}

#[cfg(test)]
mod tests {
    use entity::{intake, lead};
    use sea_orm::IntoActiveModel;

    use super::*;

    #[test]
    fn the_text_depends_on_the_number_of_rows_alone() {
        let row = intake::Model {
            account: "instagram:1".into(),
            hour: 1,
            received: 1,
            duplicate: 0,
            pruned_handled: 0,
            pruned_ledgered: 0,
            not_kept: 0,
        };
        let columns = set_columns::<intake::Entity>(&row.into_active_model());
        let sql = |backend, rows| text::<intake::Entity>(backend, &columns[..2], rows, Known::Refused);
        assert_eq!(sql(DbBackend::Sqlite, 2), r#"INSERT INTO "intake" ("account", "hour") VALUES (?, ?), (?, ?)"#);
        assert_eq!(
            sql(DbBackend::Postgres, 2),
            r#"INSERT INTO "intake" ("account", "hour") VALUES ($1, $2), ($3, $4)"#
        );
        let kept = text::<intake::Entity>(DbBackend::Sqlite, &columns[..1], 1, Known::Kept("account, hour"));
        assert!(kept.ends_with("ON CONFLICT (account, hour) DO NOTHING"), "{kept}");
    }

    #[test]
    fn a_replaced_row_keeps_its_key_alone() {
        let clause = known_row::<lead::Entity>(|_, column| format!("excluded.{column}"));
        assert!(clause.starts_with(r#" ON CONFLICT ("seller_id", "id") DO UPDATE SET "customer_id" = excluded."#));
        assert!(!clause.contains(r#""id" = "#), "{clause}");
    }
}
