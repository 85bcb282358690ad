//! Everything that is kept sealed, as one list: found batch by batch, and replaced where it is still as it was read. What
//! is sealed in it, and with what, is not known here.

use sea_orm::{ConnectionTrait, Statement, Value};

use super::{OfficeTx, StoreError};

/// A column of sealed texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedColumn {
    /// Its table.
    pub table: &'static str,
    /// Its name.
    pub column: &'static str,
    /// The table's key.
    key: &'static [Key],
    /// What else of the row its texts are bound to.
    bound: &'static [&'static str],
}

/// A column of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Number(&'static str),
    Text(&'static str),
}

/// Every column of sealed texts. One that is not in here is not sealed anew when the encryption key changes, and is lost
/// with the old key: the tests look for such.
pub const ALL: [SealedColumn; 6] = [
    SealedColumn { table: "root_secret", column: "sealed", key: &[Key::Number("id")], bound: &[] },
    SealedColumn {
        table: "credential",
        column: "sealed_token",
        key: &[Key::Number("seller_id"), Key::Number("connection_id"), Key::Text("purpose")],
        bound: &[],
    },
    SealedColumn { table: "connecting", column: "sealed", key: &[Key::Number("id")], bound: &["seller_id"] },
    SealedColumn {
        table: "webhook_endpoint",
        column: "sealed_secret",
        key: &[Key::Number("id")],
        bound: &["seller_id"],
    },
    SealedColumn { table: "webhook_endpoint", column: "old_secret", key: &[Key::Number("id")], bound: &["seller_id"] },
    SealedColumn {
        table: "office_request",
        column: "answer",
        key: &[Key::Text("caller"), Key::Text("key")],
        bound: &["print"],
    },
];

/// One sealed text, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedRow {
    /// The values of the table's key.
    pub key: Vec<String>,
    /// The other values it is bound to.
    pub bound: Vec<String>,
    /// The text.
    pub sealed: String,
}

/// How many texts of a column are sealed with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedCount {
    /// Of which column.
    pub of: SealedColumn,
    /// The texts' first part, with the key's name.
    pub head: String,
    /// How many.
    pub count: i64,
}

impl Key {
    fn name(self) -> &'static str {
        match self {
            Key::Number(name) | Key::Text(name) => name,
        }
    }

    /// A value of this column that is given as text.
    fn place(self, n: usize) -> String {
        match self {
            Key::Number(_) => format!("CAST(${n} AS BIGINT)"),
            Key::Text(_) => format!("${n}"),
        }
    }
}

impl SealedColumn {
    fn names(&self) -> String {
        self.key.iter().map(|key| key.name()).collect::<Vec<_>>().join(", ")
    }

    fn places(&self, first: usize) -> String {
        self.key.iter().zip(first..).map(|(key, n)| key.place(n)).collect::<Vec<_>>().join(", ")
    }
}

/// The length of a text's first part, with the dot behind it: `v1.01234567.`.
const HEAD: usize = 12;

/// Texts of a column that do not begin like this, after a key; none: from the first.
pub async fn outdated(
    reads: &impl ConnectionTrait,
    of: SealedColumn,
    (current, after): (&str, Option<&[String]>),
    limit: u64,
) -> Result<Vec<SealedRow>, StoreError> {
    let texts: Vec<String> = of.key.iter().map(|key| key.name()).chain(of.bound.iter().copied()).map(as_text).collect();
    let behind = match after {
        Some(_) => format!("AND ({}) > ({})", of.names(), of.places(2)),
        None => String::new(),
    };
    let SealedColumn { table, column, .. } = of;
    let (names, columns) = (of.names(), [texts.join(", "), column.to_owned()].join(", "));
    let sql = format!(
        "SELECT {columns} FROM {table} WHERE {column} <> '' AND substr({column}, 1, {HEAD}) <> $1 {behind} \
         ORDER BY {names} LIMIT {limit}"
    );
    let values = [current.to_owned()].into_iter().chain(after.unwrap_or_default().iter().cloned()).map(Value::from);
    let rows = reads.query_all_raw(Statement::from_sql_and_values(reads.get_database_backend(), sql, values)).await?;
    let (keys, all) = (of.key.len(), of.key.len() + of.bound.len());
    let read = |row: &sea_orm::QueryResult| {
        let mut parts = (0..all).map(|n| row.try_get_by_index(n)).collect::<Result<Vec<String>, _>>()?;
        let bound = parts.split_off(keys);
        Ok(SealedRow { key: parts, bound, sealed: row.try_get_by_index(all)? })
    };
    rows.iter().map(read).collect()
}

/// PostgreSQL's word for it, which SQLite takes as well.
fn as_text(column: &str) -> String {
    format!("CAST({column} AS TEXT)")
}

/// Puts a text in the place of one that is still as it was read. False: somebody has changed it since.
pub async fn replace(tx: &OfficeTx, of: SealedColumn, row: &SealedRow, sealed: &str) -> Result<bool, StoreError> {
    let SealedColumn { table, column, .. } = of;
    let sql = format!("UPDATE {table} SET {column} = $1 WHERE {column} = $2 AND ({}) = ({})", of.names(), of.places(3));
    let values = [sealed.to_owned(), row.sealed.clone()].into_iter().chain(row.key.iter().cloned()).map(Value::from);
    Ok(tx.writing().execute_sql(&sql, values.collect()).await? > 0)
}

/// How many texts are sealed with which key, by column: one statement, so one moment.
pub async fn counts(reads: &impl ConnectionTrait) -> Result<Vec<SealedCount>, StoreError> {
    let part = |(n, of): (usize, &SealedColumn)| {
        let SealedColumn { table, column, .. } = of;
        format!(
            "SELECT {n} AS n, substr({column}, 1, {HEAD}) AS head, COUNT(*) AS texts FROM {table} \
             WHERE {column} <> '' GROUP BY substr({column}, 1, {HEAD})"
        )
    };
    let parts: Vec<String> = ALL.iter().enumerate().map(part).collect();
    let sql = parts.join(" UNION ALL ") + " ORDER BY 1, 2";
    let rows = reads.query_all_raw(Statement::from_string(reads.get_database_backend(), sql)).await?;
    let read = |row: &sea_orm::QueryResult| {
        let of = ALL[usize::try_from(row.try_get_by_index::<i32>(0)?).unwrap_or_default()];
        Ok(SealedCount { of, head: row.try_get_by_index(1)?, count: row.try_get_by_index(2)? })
    };
    rows.iter().map(read).collect()
}

/// The root secret as it is kept, if there is one.
pub async fn root(reads: &impl ConnectionTrait) -> Result<Option<String>, StoreError> {
    let sql = "SELECT sealed FROM root_secret WHERE id = 1";
    let row = reads.query_one_raw(Statement::from_string(reads.get_database_backend(), sql)).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}

/// Keeps a root secret in the place of any other.
pub async fn put_root(tx: &OfficeTx, sealed: &str) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO root_secret (id, sealed) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET sealed = excluded.sealed";
    tx.writing().execute_sql(sql, vec![sealed.into()]).await?;
    Ok(())
}
