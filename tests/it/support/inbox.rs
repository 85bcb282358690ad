//! The inbox as it is stored, for tests about what became of each event.

use sea_orm::{ConnectionTrait, DatabaseConnection, QueryResult, Statement, TryGetable};

use super::TestApp;

/// A look into the inbox, past the service.
pub(crate) struct Inbox(DatabaseConnection);

/// An event that Meta told of.
pub(crate) struct Event {
    /// Its place in the order of arrival.
    pub(crate) place: i64,
    pub(crate) kind: String,
    /// How it ended, or the reason why it was ledgered.
    pub(crate) end: String,
}

impl TestApp {
    pub(crate) async fn inbox(&self) -> Inbox {
        Inbox(self.database.look().await)
    }
}

impl Inbox {
    /// The place of the last event, and how many were known when they came.
    pub(crate) async fn count(&self) -> (i64, i64) {
        let last = "SELECT COALESCE(MAX(seq), 0) AS last FROM inbox_event WHERE source = 'meta'";
        let known = "SELECT CAST(COALESCE(SUM(duplicate), 0) AS BIGINT) AS known FROM intake";
        (get(&self.rows(last).await[0], "last"), get(&self.rows(known).await[0], "known"))
    }

    /// All that Meta told, in the order of arrival.
    pub(crate) async fn events(self) -> Vec<Event> {
        let sql = "SELECT seq, kind, COALESCE(reason, state) AS ending FROM inbox_event
                   WHERE source = 'meta' ORDER BY seq";
        let event =
            |row: &QueryResult| Event { place: get(row, "seq"), kind: get(row, "kind"), end: get(row, "ending") };
        let events = self.rows(sql).await.iter().map(event).collect();
        self.0.close().await.unwrap();
        events
    }

    /// True once a command with this key is stored.
    pub(crate) async fn has_command(&self, key: &str) -> bool {
        let sql = format!("SELECT seq FROM inbox_event WHERE source = 'command' AND key = 'command:{key}'");
        !self.rows(&sql).await.is_empty()
    }

    async fn rows(&self, sql: &str) -> Vec<QueryResult> {
        self.0.query_all_raw(Statement::from_string(self.0.get_database_backend(), sql)).await.unwrap()
    }
}

fn get<T: TryGetable>(row: &QueryResult, name: &str) -> T {
    row.try_get("", name).unwrap()
}
