//! Keeps a child running: starts it, kills it as planned, and starts it again, until told that it is enough.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::ops::Range;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use actors::failpoint::Plan;
use actors::store::StoreSettings;
use anyhow::{Context, bail};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::brief::{self, Brief, LastWords};
use super::look;
use super::points::{self, Deaths, Ended};
use crate::sandbox::{Fault, Sandbox, Silence};

/// How a process ends that gives up on itself.
pub(super) const SIGABRT: i32 = 6;
/// How long a child may take to listen, and to end when asked to.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a point may take to be reached, and how often it is tried.
const POINT_PATIENCE: Duration = Duration::from_secs(8);
const POINT_TRIES: u32 = 3;
/// How often in a row a child may fail to start: PostgreSQL takes a moment to notice that its client is dead.
const STARTS: u32 = 30;
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Something that ends the child.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trouble {
    /// A kill from outside, this long after it began to listen.
    Kill(Duration),
    /// A death of its own.
    Point(Plan),
    /// None: it catches up with what came in, and ends in order.
    Breath,
}

/// What came to pass.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Kills from outside.
    pub(super) kills: u32,
    /// Orderly ends before the last.
    pub(super) clean_ends: u32,
    /// How often a child was started.
    pub(super) starts: u32,
    /// Deaths at fail points.
    pub(super) points: Deaths,
    /// Ends that nobody planned.
    pub(super) surprises: Vec<String>,
}

/// How a child is started.
pub(super) struct Nursery {
    pub(super) meta: Sandbox,
    pub(super) brief: Brief,
    pub(super) database: StoreSettings,
    pub(super) environment: Vec<(String, String)>,
}

/// Keeps a child running in the background.
pub(super) struct Keeper {
    task: JoinHandle<anyhow::Result<Tally>>,
    left: watch::Receiver<usize>,
    enough: CancellationToken,
}

/// Kills from outside at moments that follow from the seed.
pub(super) fn shuffled_kills(seed: u64, count: u32) -> Vec<Trouble> {
    kills_within(seed, count, 30..2500)
}

/// The same, so many milliseconds after the child began to listen.
pub(super) fn kills_within(seed: u64, count: u32, ms: Range<u64>) -> Vec<Trouble> {
    let mut rng = StdRng::seed_from_u64(seed ^ 0x6b69_6c6c);
    (0..count).map(|_| Trouble::Kill(Duration::from_millis(rng.random_range(ms.clone())))).collect()
}

impl Keeper {
    /// Starts a child, and one after the other, until all troubles have come to pass and it is enough.
    pub(super) fn start(nursery: Nursery, troubles: Vec<Trouble>) -> Self {
        let (left_tx, left) = watch::channel(troubles.len());
        let enough = CancellationToken::new();
        let keeping = Keeping {
            nursery,
            queue: troubles.into_iter().map(|trouble| (trouble, 1)).collect(),
            left: left_tx,
            enough: enough.clone(),
            tally: Tally::default(),
        };
        Self { task: tokio::spawn(keeping.keep()), left, enough }
    }

    /// How many troubles are still to come.
    pub(super) fn troubles_left(&self) -> usize {
        *self.left.borrow()
    }

    /// An error when nobody keeps the child any more.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        if self.task.is_finished() {
            bail!("the child could not be kept running");
        }
        Ok(())
    }

    /// Ends the child in order and says what came to pass.
    pub(super) async fn finish(self) -> anyhow::Result<Tally> {
        self.enough.cancel();
        self.task.await.context("the keeper panicked")?
    }
}

struct Keeping {
    nursery: Nursery,
    queue: VecDeque<(Trouble, u32)>,
    left: watch::Sender<usize>,
    enough: CancellationToken,
    tally: Tally,
}

impl Keeping {
    async fn keep(mut self) -> anyhow::Result<Tally> {
        while let Some((trouble, attempt)) = self.queue.pop_front() {
            if self.enough.is_cancelled() {
                break;
            }
            match trouble {
                Trouble::Kill(after) => self.kill_after(after).await?,
                Trouble::Point(plan) => self.die_at(plan, attempt).await?,
                Trouble::Breath => self.breathe().await?,
            }
            self.left.send_replace(self.queue.len());
        }
        self.stay().await?;
        Ok(self.tally)
    }

    async fn kill_after(&mut self, after: Duration) -> anyhow::Result<()> {
        let mut child = self.up().await?;
        if let Some(status) = child.ended_within(after).await? {
            self.surprised(status);
        }
        child.kill()?;
        self.tally.kills += 1;
        Ok(())
    }

    async fn die_at(&mut self, plan: Plan, attempt: u32) -> anyhow::Result<()> {
        let mut child = self.nursery.spawn(Some(plan))?;
        self.tally.starts += 1;
        if plan.label == "graph.find_message" {
            // Meta is asked what became of a send only when that is not known otherwise.
            self.nursery.meta.next_sends(4, Fault::NotDoneNoAnswer { silence: Silence::Cut });
        }
        let until = Instant::now() + POINT_PATIENCE;
        let mut listens = false;
        while Instant::now() < until {
            if let Some(status) = child.ended_within(LOOK_EVERY).await? {
                if status.signal() != Some(SIGABRT) {
                    // It never got as far, for a reason of its own: try again.
                    self.surprised_before(status, listens);
                    break;
                }
                self.tally.points.insert((plan.label, plan.moment), Ended::Died);
                return Ok(());
            }
            listens = listens || self.nursery.hears_of_address()?;
        }
        child.kill()?;
        match attempt < POINT_TRIES {
            true => {
                let again = points::again(plan).into_iter().map(Trouble::Point);
                self.queue.extend(again.map(|trouble| (trouble, attempt + 1)));
            }
            false => {
                self.tally.points.entry((plan.label, plan.moment)).or_insert(Ended::NotReached);
            }
        }
        Ok(())
    }

    async fn breathe(&mut self) -> anyhow::Result<()> {
        let child = self.up().await?;
        let until = Instant::now() + PATIENCE;
        while !look::has_caught_up(&self.nursery.database).await.unwrap_or(false) {
            if Instant::now() > until {
                bail!("the child did not catch up within {PATIENCE:?}");
            }
            sleep(LOOK_EVERY * 10).await;
        }
        self.tally.clean_ends += 1;
        self.end(child).await
    }

    /// Without further troubles, until it is enough.
    async fn stay(&mut self) -> anyhow::Result<()> {
        loop {
            let mut child = self.up().await?;
            while !self.enough.is_cancelled() {
                if let Some(status) = child.ended_within(LOOK_EVERY * 10).await? {
                    self.surprised(status);
                    break;
                }
            }
            if self.enough.is_cancelled() {
                return self.end(child).await;
            }
        }
    }

    async fn end(&mut self, mut child: Running) -> anyhow::Result<()> {
        child.is_to_end();
        match child.ended_within(PATIENCE).await? {
            Some(status) if status.success() => {}
            Some(status) => self.tally.surprises.push(format!("asked to stop, the child ended with {status}")),
            None => self.tally.surprises.push(format!("asked to stop, the child did not within {PATIENCE:?}")),
        }
        let words = std::fs::read_to_string(brief::last_words(&self.nursery.brief.dir)).unwrap_or_default();
        let words: LastWords = serde_json::from_str(&words).unwrap_or_default();
        self.tally.surprises.extend(words.resting.into_iter().map(|who| format!("an actor rests: {who}")));
        Ok(())
    }

    /// A child that listens.
    async fn up(&mut self) -> anyhow::Result<Running> {
        for _ in 0..STARTS {
            let mut child = self.nursery.spawn(None)?;
            self.tally.starts += 1;
            let until = Instant::now() + PATIENCE;
            while Instant::now() < until {
                if self.nursery.hears_of_address()? {
                    return Ok(child);
                }
                if child.ended_within(LOOK_EVERY).await?.is_some() {
                    break;
                }
            }
            child.kill()?;
            sleep(Duration::from_millis(200)).await;
        }
        bail!("the child did not start {STARTS} times in a row: see child.log")
    }

    fn surprised(&mut self, status: ExitStatus) {
        self.tally.surprises.push(format!("the child ended by itself with {status}"));
    }

    fn surprised_before(&mut self, status: ExitStatus, listens: bool) {
        if listens {
            self.surprised(status);
        }
    }
}

impl Nursery {
    /// Starts a child.
    pub(super) fn spawn(&self, point: Option<Plan>) -> anyhow::Result<Running> {
        let dir = &self.brief.dir;
        let _ = std::fs::remove_file(brief::address(dir));
        let log = OpenOptions::new().create(true).append(true).open(brief::log(dir));
        let log: File = log.context("could not open child.log")?;
        let brief = Brief { point: point.map(|plan| plan.to_string()), ..self.brief.clone() };
        let program = std::env::current_exe().context("could not find our own program")?;
        let child = Command::new(program)
            .arg("prove-child")
            // Settings of the environment are not part of the history.
            .env_clear()
            .envs(self.environment.iter().cloned())
            .envs([brief.variable()?])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("could not start the child")?;
        Ok(Running(child))
    }

    /// Tells Meta's stand-in where the child listens, once it says so.
    pub(super) fn hears_of_address(&self) -> anyhow::Result<bool> {
        let Ok(address) = std::fs::read_to_string(brief::address(&self.brief.dir)) else { return Ok(false) };
        self.meta.deliver_to(format!("http://{address}/webhooks/meta").parse().context("no webhook address")?);
        Ok(true)
    }
}

/// A child; dropped, it is killed.
pub(super) struct Running(Child);

impl Running {
    /// How it ended, if it does so in time.
    pub(super) async fn ended_within(&mut self, limit: Duration) -> anyhow::Result<Option<ExitStatus>> {
        let until = Instant::now() + limit;
        loop {
            if let Some(status) = self.0.try_wait().context("could not ask for the child")? {
                return Ok(Some(status));
            }
            let now = Instant::now();
            if now >= until {
                return Ok(None);
            }
            sleep(LOOK_EVERY.min(until - now)).await;
        }
    }

    /// Asks it to end in order.
    pub(super) fn is_to_end(&mut self) {
        drop(self.0.stdin.take());
    }

    fn kill(&mut self) -> anyhow::Result<()> {
        self.0.kill().context("could not kill the child")?;
        self.0.wait().context("could not wait for the child")?;
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // There is nobody left to tell, and a dead child is what is wanted.
        let _ = self.kill();
    }
}
