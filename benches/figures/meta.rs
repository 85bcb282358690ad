//! The stand-in for Meta in a process of its own, so that its memory is not taken for ours.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

use anyhow::Context;
use hawker::sandbox::{Sandbox, SandboxSettings};
use tokio::net::TcpListener;

use crate::house::now_ms;

/// Its account.
pub(crate) const SHOP: &str = "17841400000000001";
/// The Page of it.
pub(crate) const PAGE: &str = "102030405060708";
/// What opens both.
pub(crate) const TOKEN: &str = "a-token";
/// The catalog of both.
pub(crate) const CATALOG: &str = "800680000000001";

/// What is measured here is nothing: this is the other process.
#[derive(clap::Args)]
pub(crate) struct Args {}

/// Stands in for Meta until nobody asks any more. A line is answered with how many items, batches and calls there were.
pub(crate) async fn stand_in(_: &Args) -> anyhow::Result<()> {
    let settings = SandboxSettings::new("secret", "verify", Arc::new(now_ms));
    let sandbox = Sandbox::start(settings, TcpListener::bind("127.0.0.1:0").await?)?;
    let catalog = sandbox.add_account(SHOP, "linen.shop", PAGE, TOKEN).add_catalog(CATALOG, "Linen", "901");
    // How long Meta takes is no matter here: whoever asks finds it done.
    catalog.rules(|rules| rules.batch_ms = 0);
    println!("{}", sandbox.url());
    let (items, wrong) = (catalog.clone(), sandbox.clone());
    let asked = tokio::task::spawn_blocking(move || {
        for line in std::io::stdin().lines() {
            line?;
            let (items, batches, calls) = (items.len(), items.batches().len(), items.calls().len());
            println!("{items} {batches} {calls} {}", wrong.wrong_calls().len());
        }
        anyhow::Ok(())
    });
    asked.await??;
    sandbox.stop().await;
    Ok(())
}

/// The other process, as it is seen from here; dropped, it ends.
pub(crate) struct Meta {
    child: Child,
    asks: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    /// Where it is.
    pub(crate) url: url::Url,
}

/// What it has seen so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Items in the catalog.
    pub(crate) items: usize,
    /// Batches it took.
    pub(crate) batches: usize,
    /// Calls about the catalog, questions included.
    pub(crate) calls: usize,
    /// Calls that were not as Meta wants them.
    pub(crate) wrong: usize,
}

impl Meta {
    /// Starts it.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let me = std::env::current_exe().context("could not find out who we are")?;
        let mut child =
            Command::new(me).args(["meta", "--bench"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let asks = child.stdin.take().context("it does not listen")?;
        let mut answers = BufReader::new(child.stdout.take().context("it does not speak")?).lines();
        let url = answers.next().context("it did not start")??.parse()?;
        Ok(Self { child, asks, answers, url })
    }

    /// Asks what it has seen.
    pub(crate) fn seen(&mut self) -> anyhow::Result<Seen> {
        writeln!(self.asks)?;
        let line = self.answers.next().context("it is gone")??;
        let numbers: Vec<usize> = line.split(' ').map(str::parse).collect::<Result<_, _>>()?;
        let [items, batches, calls, wrong] = numbers[..] else { anyhow::bail!("it says {line:?}") };
        Ok(Seen { items, batches, calls, wrong })
    }
}

impl Drop for Meta {
    fn drop(&mut self) {
        // It may have ended, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
