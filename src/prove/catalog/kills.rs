//! Kills from within while a catalog goes up: the catalog sync's actor, its seller's, and the supervisor of all.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use actors::domain::ids::SellerId;
use actors::sellers::Sellers;
use actors::status::{Fault, Slot};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use tokio::time::{Instant, sleep};

use super::super::brief::{self, Brief};

/// One more within a minute would rightly end the process.
const SUPERVISORS_A_MINUTE: usize = 2;
const OVER_A_MINUTE: Duration = Duration::from_secs(61);
/// After so many falls without anything done a seller is left alone.
const MOST_FALLS: u32 = 3;
const BETWEEN_LOOKS: Duration = Duration::from_millis(3);
const LONGEST_PAUSE: Duration = Duration::from_millis(60);
/// What the seller's actor says when its catalog sync has ended without being asked to.
const SYNC_FELL: &str = "the catalog sync fell";

/// How many were killed of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Kills {
    pub(super) syncs: u32,
    pub(super) sellers: u32,
    pub(super) supervisors: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    Sync,
    Seller,
    Supervisor,
}

impl Kills {
    fn of(&self, victim: Victim) -> u32 {
        match victim {
            Victim::Sync => self.syncs,
            Victim::Seller => self.sellers,
            Victim::Supervisor => self.supervisors,
        }
    }

    /// Whether a third of all is dead of each.
    pub(super) fn is_enough(&self, all: u32) -> bool {
        [self.syncs, self.sellers, self.supervisors].iter().all(|dead| *dead >= all / 3)
    }
}

/// How many are written down. Of syncs those count that really fell: there may have been none to kill.
pub(super) fn count(dir: &Path) -> Kills {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let (lines, log) = (read(brief::actor_kills(dir)), read(brief::log(dir)));
    let with = |text: &str, word: &str| {
        u32::try_from(text.lines().filter(|line| line.contains(word)).count()).unwrap_or(u32::MAX)
    };
    Kills { syncs: with(&log, SYNC_FELL), sellers: with(&lines, "seller"), supervisors: with(&lines, "supervisor") }
}

/// Goes on killing where an earlier life stopped, until as many are dead as are wanted.
pub(in crate::prove) async fn go_on(ways: Sellers, all: Vec<SellerId>, brief: Brief) {
    let (third, mut supervisors) = (brief.actor_kills / 3, Vec::new());
    let mut rng = StdRng::seed_from_u64(brief.seed ^ u64::from(std::process::id()));
    loop {
        sleep(BETWEEN_LOOKS).await;
        let dead = count(&brief.dir);
        let mut victims = vec![Victim::Sync, Victim::Seller];
        supervisors.retain(|killed: &Instant| killed.elapsed() < OVER_A_MINUTE);
        if supervisors.len() < SUPERVISORS_A_MINUTE {
            victims.insert(0, Victim::Supervisor);
        }
        victims.retain(|victim| dead.of(*victim) < third);
        // The rarest first: supervisors can be killed the least often.
        let Some(victim) = victims.into_iter().min_by_key(|victim| dead.of(*victim)) else {
            if dead.is_enough(brief.actor_kills) {
                return;
            }
            continue;
        };
        let Some(seller) = moving(&ways, &all, &mut rng).await else { continue };
        if !kill(&ways, (victim, seller), &brief.dir).await {
            return;
        }
        if victim == Victim::Supervisor {
            supervisors.push(Instant::now());
        }
        sleep(LONGEST_PAUSE.mul_f64(rng.random())).await;
    }
}

/// Somebody whose catalog moves just now: a call is on the wire.
async fn moving(ways: &Sellers, all: &[SellerId], rng: &mut StdRng) -> Option<SellerId> {
    let mut moving = Vec::new();
    for seller in all {
        let Ok(status) = ways.status(*seller).await else { continue };
        if status.slot == Slot::Up && status.falls < MOST_FALLS && status.in_flight > 0 {
            moving.push(*seller);
        }
    }
    moving.choose(rng).copied()
}

/// Written before the next one, so that no life of the process forgets what it did. False when that cannot be.
async fn kill(ways: &Sellers, (victim, seller): (Victim, SellerId), dir: &Path) -> bool {
    let line = match victim {
        // Whether there was one to kill is told by the log.
        Victim::Sync => {
            let _ = ways.fault(seller, Fault::Sync).await;
            return true;
        }
        Victim::Seller if ways.kill(seller).await.is_err() => return true,
        Victim::Seller => format!("seller {seller} killed\n"),
        Victim::Supervisor => {
            ways.kill_supervisor();
            "supervisor killed\n".to_owned()
        }
    };
    let file = OpenOptions::new().create(true).append(true).open(brief::actor_kills(dir));
    file.and_then(|mut file| file.write_all(line.as_bytes())).is_ok()
}
