//! A PostgreSQL server for this run of the tests: started when the first test wants it, gone when the tests are.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use ::actors::store::{Store, StoreSettings};
use sea_orm::{ConnectOptions, ConnectionTrait};
use tokio::sync::OnceCell;

const TEMPLATE: &str = "hawker_template";
const SETTINGS: &str = "-c listen_addresses=127.0.0.1 -c max_connections=300 -c shared_buffers=32MB -c autovacuum=off \
                        -c max_wal_size=256MB -c log_min_messages=fatal";

static SERVER: OnceCell<Server> = OnceCell::const_new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

struct Server {
    port: u16,
    /// Stops the server when this process, however it ends, no longer holds the other end of its standard input.
    _guardian: Child,
}

/// The address of a new database with all tables.
pub(crate) async fn new_database() -> String {
    let server = SERVER.get_or_init(Server::start).await;
    let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    server.create_database(&name, TEMPLATE).await;
    server.url(&name)
}

impl Server {
    async fn start() -> Self {
        let binaries = binaries();
        let folder = tempfile::Builder::new().prefix("hawker-postgres-").tempdir().unwrap().keep();
        let guardian = guardian(&binaries, &folder);
        if is_root() {
            done(Command::new("chown").arg("postgres:").arg(&folder));
        }
        let data = folder.join("data");
        let initdb = ["--username=hawker", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"];
        done(as_postgres(&binaries.join("initdb")).args(initdb).arg("-D").arg(&data));
        let port = free_port();
        let options = format!("{SETTINGS} -c port={port} -c unix_socket_directories={}", folder.display());
        let pg_ctl = &mut as_postgres(&binaries.join("pg_ctl"));
        done(pg_ctl.args(["-w", "-o", &options, "start", "-l"]).arg(folder.join("log")).arg("-D").arg(&data));
        let server = Self { port, _guardian: guardian };
        server.create_database(TEMPLATE, "template1").await;
        let url = server.url(TEMPLATE);
        Store::migrate(&StoreSettings { url, read_connections: 1, write_connections: 1 }).await.unwrap();
        server
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://hawker@127.0.0.1:{}/{database}", self.port)
    }

    async fn create_database(&self, name: &str, template: &str) {
        let mut options = ConnectOptions::new(self.url("postgres"));
        options.max_connections(1).sqlx_logging(false);
        let connection = sea_orm::Database::connect(options).await.unwrap();
        connection.execute_unprepared(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await.unwrap();
        connection.close().await.unwrap();
    }
}

/// A shell that waits for the end of the tests, in a process group of its own so that Ctrl-C does not end it first.
fn guardian(binaries: &Path, folder: &Path) -> Child {
    const STOP: &str = r#"read -r _; cd /; "$@" -m immediate -D "$DATA" stop; rm -rf "$FOLDER""#;
    let mut command = Command::new("sh");
    command.args(["-c", STOP, "sh"]);
    let stop = as_postgres(&binaries.join("pg_ctl"));
    command.arg(stop.get_program()).args(stop.get_args());
    command.env("DATA", folder.join("data")).env("FOLDER", folder);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    command.spawn().expect("a shell should be there to stop PostgreSQL at the end")
}

/// Where initdb and pg_ctl are.
fn binaries() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let packaged = versions.map(|version| version.path().join("bin"));
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = packaged.chain(std::env::split_paths(&on_path)).collect();
    places.retain(|place| place.join("initdb").exists() && place.join("pg_ctl").exists());
    places.sort();
    places.pop().expect(
        "PostgreSQL's programs are needed to run these tests and were not found in /usr/lib/postgresql or PATH: \
         install them, on Debian and Ubuntu with: apt-get install postgresql",
    )
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|user| user.stdout.trim_ascii() == b"0")
}

/// PostgreSQL refuses to run as root.
fn as_postgres(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    command.current_dir("/");
    command
}

fn done(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("could not run {command:?}: {error}"));
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    assert!(output.status.success(), "{command:?} failed: {}", String::from_utf8_lossy(&said));
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
