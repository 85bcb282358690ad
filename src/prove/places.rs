//! Where a run keeps what it writes: a directory, and a database of its own.

use std::path::{Path, PathBuf};

use actors::store::StoreSettings;
use anyhow::Context;
use sea_orm::{ConnectionTrait, Database};
use url::Url;

/// The directory of a prover, and the databases it made on a server.
pub(super) struct Places {
    dir: PathBuf,
    server: Option<Url>,
    tag: String,
}

/// Where one run writes.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Files.
    pub(super) dir: PathBuf,
    /// The database's address.
    pub(super) database: String,
}

const RUNS: [&str; 2] = ["kills", "calm"];

impl Places {
    /// An empty directory; with a server, databases are made on it.
    pub(super) async fn make(server: Option<&str>) -> anyhow::Result<Self> {
        let tag = format!("{}_{:08x}", std::process::id(), rand::random::<u32>());
        let dir = std::env::temp_dir().join(format!("hawker-prove-{tag}"));
        std::fs::create_dir_all(&dir).with_context(|| format!("could not make {}", dir.display()))?;
        let server = server.map(Url::parse).transpose().context("--database is no address")?;
        Ok(Self { dir, server, tag })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// A place for the run of this name.
    pub(super) async fn place(&self, run: &str) -> anyhow::Result<Place> {
        let dir = self.dir.join(run);
        std::fs::create_dir_all(&dir).with_context(|| format!("could not make {}", dir.display()))?;
        let database = match &self.server {
            None => format!("sqlite://{}", dir.join("hawker.db").display()),
            Some(server) => {
                let name = self.database(run);
                self.on_server(&format!("CREATE DATABASE {name}")).await?;
                let mut url = server.clone();
                url.set_path(&name);
                url.into()
            }
        };
        Ok(Place { dir, database })
    }

    /// Removes everything.
    pub(super) async fn remove(&self) -> anyhow::Result<()> {
        if self.server.is_some() {
            for run in RUNS {
                self.on_server(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.database(run))).await?;
            }
        }
        std::fs::remove_dir_all(&self.dir).with_context(|| format!("could not remove {}", self.dir.display()))
    }

    fn database(&self, run: &str) -> String {
        format!("hawker_prove_{}_{run}", self.tag)
    }

    async fn on_server(&self, statement: &str) -> anyhow::Result<()> {
        let Some(server) = &self.server else { return Ok(()) };
        // The address may hold a password, so it is not repeated.
        let connection = Database::connect(server.as_str()).await.context("could not connect to the server")?;
        let done = connection.execute_unprepared(statement).await;
        connection.close().await?;
        done.context("the server did not make or drop a database")?;
        Ok(())
    }
}

impl Place {
    /// How to open the database.
    pub(super) fn store(&self) -> StoreSettings {
        StoreSettings { url: self.database.clone(), read_connections: 1, write_connections: 1 }
    }
}
