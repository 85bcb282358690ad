//! The demo as a newcomer runs it: the program itself, in an empty folder.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::until;

const OPERATOR_KEY: &str = "hawker-demo-operator-key";
const PATIENCE: Duration = Duration::from_secs(60);

/// The running demo, and what it tells; dropped, it is killed.
struct Demo {
    child: Child,
    told: Receiver<String>,
}

fn hawker(folder: &tempfile::TempDir) -> Command {
    let mut hawker = Command::new(env!("CARGO_BIN_EXE_hawker"));
    hawker.current_dir(folder.path()).env_clear().stdin(Stdio::null()).stdout(Stdio::piped());
    hawker
}

impl Demo {
    /// Starts it on ports that are free.
    fn start(folder: &tempfile::TempDir) -> Self {
        let mut child =
            hawker(folder).args(["--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0"]).spawn().unwrap();
        let (tell, told) = channel();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        std::thread::spawn(move || lines.map_while(Result::ok).all(|line| tell.send(line).is_ok()));
        Self { child, told }
    }

    /// All lines up to the one that holds these words.
    fn until_told(&self, words: &str) -> Vec<String> {
        let (begun, mut lines) = (Instant::now(), Vec::<String>::new());
        while !lines.last().is_some_and(|line| line.contains(words)) {
            match self.told.recv_timeout(PATIENCE.saturating_sub(begun.elapsed())) {
                Ok(line) => lines.push(line),
                Err(error) => panic!("the demo never told \"{words}\" ({error}): {lines:#?}"),
            }
        }
        lines
    }

    /// Ends it as a person does.
    fn interrupt(mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let ended = self.child.wait().unwrap();
        assert!(ended.success(), "{ended}");
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It may have ended, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn the_demos_history_leaves_nothing_in_the_ledger_and_its_products_go_up() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(&folder);
    let first = demo.until_told("Hawker listens on").pop().unwrap();
    let words: Vec<&str> = first.split(' ').collect();
    let (address, sandbox) = (words[3].trim_end_matches(','), words[words.len() - 1].trim_end_matches('.'));
    let story = demo.until_told("Now you.");
    assert!(story.iter().any(|line| line.contains("CONFIRMED order")), "{story:#?}");
    for (channel, wish) in [("instagram", "2 aprons"), ("messenger", "3 aprons"), ("whatsapp", "4 aprons")] {
        let dm = ["dm", "--channel", channel, "--from", "Zoe", "--sandbox", sandbox, wish];
        assert!(hawker(&folder).args(dm).status().unwrap().success());
        demo.until_told("   reply ");
    }
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let read = async |path: &str| -> Value {
        let asked = http.get(format!("{address}{path}")).bearer_auth(OPERATOR_KEY).send().await;
        asked.unwrap().json().await.unwrap()
    };
    // Each of five messages is answered, and each answer comes back as an echo or a status.
    let all_came = async || {
        let ledger = read("/api/v1/ledger").await;
        let equation = &ledger["equation"];
        (equation["pending"] == 0 && equation["received"].as_u64() >= Some(10)).then_some(ledger)
    };
    let ledger = until("all messages and what came of their answers is in", all_came).await;
    assert_eq!((&ledger["holds"], &ledger["equation"]["ledgered"]), (&json!(true), &json!(0)), "{ledger}");
    let sync = hawker(&folder)
        .env("HAWKER_API_KEY", OPERATOR_KEY)
        .args(["sync", "--server", address, "start", "1", "--follow"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&sync.stdout);
    assert!(sync.status.success() && told.contains("completed") && told.contains("accepted 17"), "{sync:?}");
    for what in ["events", "accounts"] {
        assert_eq!(read(&format!("/api/v1/ledger/{what}")).await["data"], json!([]));
    }
    demo.interrupt();
}
