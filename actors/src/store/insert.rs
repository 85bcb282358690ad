//! Inserting many rows with one statement. Its text is made by hand and depends on nothing but the number of rows, so
//! that the database knows it already: building and planning it anew each time costs more than the insert.

use sea_orm::{
    ActiveModelTrait, ActiveValue, DbBackend, EntityTrait, IdenStatic, Iterable, PrimaryKeyToColumn, Statement, Value,
};

use super::StoreError;
use super::pen::{Writing, rows_at_once};

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
    for statement in statements::<E>(tx.backend(), rows, known) {
        tx.make(statement).await?;
    }
    Ok(())
}

/// The statements with which all of them are inserted: one, unless the values are more than one can have.
pub(super) fn statements<E: EntityTrait>(
    backend: DbBackend,
    rows: Vec<E::ActiveModel>,
    known: Known<'_>,
) -> impl Iterator<Item = Statement> {
    let mut ready = Ready::<E>::new(rows);
    let most = rows_at_once(backend, ready.columns.len());
    std::iter::from_fn(move || {
        let count = Some(ready.rows().min(most)).filter(|count| *count > 0)?;
        let sql = text::<E>(backend, &ready.columns, count, known);
        Some(Statement::from_sql_and_values(backend, sql, ready.next(count)))
    })
}

/// Inserts rows of a table that numbers its rows; answers with the numbers of those that were inserted, in their order.
pub(super) async fn numbered<E: EntityTrait>(
    tx: &Writing,
    mut ready: Ready<E>,
    known: Known<'_>,
    number: E::Column,
) -> Result<Vec<i64>, StoreError> {
    let asked = ready.rows();
    let mut numbers = Vec::with_capacity(asked);
    while ready.rows() > 0 {
        let count = step(ready.rows());
        let (sql, values) = (text::<E>(tx.backend(), &ready.columns, count, known), ready.next(count));
        if tx.backend() == DbBackend::Sqlite {
            // Rows to be answered with would pass from thread to thread one by one.
            let (new, last) = tx.insert_sql(&sql, values).await?;
            numbers.extend(last + 1 - new..=last);
        } else {
            for row in tx.query_sql(&(sql + " RETURNING " + number.as_str()), values).await? {
                numbers.push(row.try_get_by_index(0)?);
            }
        }
    }
    if tx.backend() == DbBackend::Sqlite && numbers.len() < asked {
        // A row that was left out may have taken a number with it.
        numbers = newest::<E>(tx, number, numbers.len() as i64).await?;
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// The numbers of the rows that came last.
async fn newest<E: EntityTrait>(tx: &Writing, number: E::Column, count: i64) -> Result<Vec<i64>, StoreError> {
    let (table, number) = (quote(E::default().table_name()), quote(number.as_str()));
    let sql = format!("SELECT {number} FROM {table} ORDER BY {number} DESC LIMIT $1");
    let rows = tx.query_sql(&sql, vec![count.into()]).await?;
    rows.iter().map(|row| Ok(row.try_get_by_index(0)?)).collect()
}

/// So many of these rows are taken next: few different numbers, so that there are few texts to know.
fn step(rows: usize) -> usize {
    const FEW: usize = 16;
    const MOST: usize = 512;
    if rows < FEW { rows } else { (rows - rows % FEW).min(MOST) }
}

/// Rows as the database is told them, which can be made before the pen is taken.
pub(super) struct Ready<E: EntityTrait> {
    columns: Vec<E::Column>,
    values: Vec<Value>,
}

impl<E: EntityTrait> Ready<E> {
    /// These rows, which all have values for the same columns.
    pub(super) fn new(mut rows: Vec<E::ActiveModel>) -> Self {
        let set = |row: &E::ActiveModel| E::Column::iter().filter(|column| !row.get(*column).is_not_set()).collect();
        let columns: Vec<E::Column> = rows.first().map(set).unwrap_or_default();
        let mut values = Vec::with_capacity(rows.len() * columns.len());
        for row in &mut rows {
            let of_row = columns.iter().map(|column| match row.take(*column) {
                ActiveValue::Set(value) | ActiveValue::Unchanged(value) => value,
                ActiveValue::NotSet => unreachable!("every row has the columns of the first"),
            });
            values.extend(of_row);
        }
        Self { columns, values }
    }

    /// How many are left.
    fn rows(&self) -> usize {
        self.values.len().checked_div(self.columns.len()).unwrap_or(0)
    }

    /// The values of the next so many.
    fn next(&mut self, rows: usize) -> Vec<Value> {
        let rest = self.values.split_off(rows * self.columns.len());
        std::mem::replace(&mut self.values, rest)
    }
}

/// `INSERT INTO "t" ("a", "b") VALUES (?, ?), (?, ?) ON CONFLICT ...`
fn text<E: EntityTrait>(backend: DbBackend, columns: &[E::Column], rows: usize, known: Known<'_>) -> String {
    let quoted: Vec<String> = columns.iter().map(|column| quote(column.as_str())).collect();
    let insert = format!("INSERT{} INTO", or_fail(backend));
    let mut sql = format!("{insert} {} ({}) VALUES ", quote(E::default().table_name()), quoted.join(", "));
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
        Known::Replaced => sql.push_str(&known_row::<E>(columns, |_, column| format!("excluded.{column}"))),
        Known::AddedUp => {
            sql.push_str(&known_row::<E>(columns, |table, column| format!("{table}.{column} + excluded.{column}")))
        }
        Known::Kept(key) => sql.push_str(&format!(" ON CONFLICT ({key}) DO NOTHING")),
    }
    sql
}

/// Words that save SQLite from keeping what a statement of several rows changes, in case that only some of it can be
/// done: no transaction goes on after a statement that failed.
pub(super) fn or_fail(backend: DbBackend) -> &'static str {
    if backend == DbBackend::Sqlite { " OR FAIL" } else { "" }
}

/// What each of these columns of a known row becomes, but for its key.
fn known_row<E: EntityTrait>(columns: &[E::Column], becomes: impl Fn(&str, &str) -> String) -> String {
    let table = quote(E::default().table_name());
    let key: Vec<&'static str> = E::PrimaryKey::iter().map(|column| column.into_column().as_str()).collect();
    let rest = columns.iter().map(|column| column.as_str()).filter(|column| !key.contains(column)).map(quote);
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
        let columns = Ready::<intake::Entity>::new(vec![row.into_active_model()]).columns;
        let sql = |backend, rows| text::<intake::Entity>(backend, &columns[..2], rows, Known::Refused);
        assert_eq!(
            sql(DbBackend::Sqlite, 2),
            r#"INSERT OR FAIL INTO "intake" ("account", "hour") VALUES (?, ?), (?, ?)"#
        );
        assert_eq!(
            sql(DbBackend::Postgres, 2),
            r#"INSERT INTO "intake" ("account", "hour") VALUES ($1, $2), ($3, $4)"#
        );
        let kept = text::<intake::Entity>(DbBackend::Sqlite, &columns[..1], 1, Known::Kept("account, hour"));
        assert!(kept.ends_with("ON CONFLICT (account, hour) DO NOTHING"), "{kept}");
    }

    #[test]
    fn any_number_of_rows_is_taken_in_few_steps_of_few_sizes() {
        let steps = |mut rows: usize| {
            let mut steps = Vec::new();
            while rows > 0 {
                steps.push(step(rows));
                rows -= step(rows);
            }
            steps
        };
        assert_eq!((steps(1), steps(15), steps(16), steps(47)), (vec![1], vec![15], vec![16], vec![32, 15]));
        assert_eq!(steps(1_100), [512, 512, 64, 12]);
    }

    #[test]
    fn a_replaced_row_keeps_its_key_alone() {
        let columns: Vec<_> = lead::Column::iter().collect();
        let clause = known_row::<lead::Entity>(&columns, |_, column| format!("excluded.{column}"));
        assert!(clause.starts_with(r#" ON CONFLICT ("seller_id", "id") DO UPDATE SET "customer_id" = excluded."#));
        assert!(!clause.contains(r#""id" = "#), "{clause}");
    }
}
