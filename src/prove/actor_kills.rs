//! Kills sellers' actors from within, those first that have an event in hand, and writes down each.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use actors::domain::ids::SellerId;
use actors::sellers::Sellers;
use actors::status::{Fault, SellerStatus, Slot};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use tokio::time::sleep;

use super::brief::{self, Brief};

/// After this many falls without anything done a seller is left alone, so that none has to rest for our sake.
const MOST_FALLS: u32 = 3;
/// Looks at all sellers for one with an event in hand, before any seller will do.
const LOOKS: u32 = 200;
const BETWEEN_LOOKS: Duration = Duration::from_millis(3);
/// Longest pause after a kill.
const LONGEST_PAUSE: Duration = Duration::from_millis(40);

/// How many actors were killed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    /// All.
    pub(super) all: u32,
    /// Those with an event in hand.
    pub(super) in_hand: u32,
}

/// How many are written down.
pub(super) fn count(dir: &Path) -> Count {
    let lines = std::fs::read_to_string(brief::actor_kills(dir)).unwrap_or_default();
    let all = u32::try_from(lines.lines().count()).unwrap_or(u32::MAX);
    let in_hand = lines.lines().filter(|line| line.ends_with("in hand")).count();
    Count { all, in_hand: u32::try_from(in_hand).unwrap_or(u32::MAX) }
}

/// Goes on killing where an earlier life stopped, until as many are dead as are wanted.
pub(super) async fn go_on(sellers: Sellers, mut all: Vec<SellerId>, brief: Brief) {
    let done = count(&brief.dir).all;
    let mut rng = StdRng::seed_from_u64(brief.seed ^ u64::from(done).wrapping_mul(0x9e37_79b9));
    let mut left = brief.actor_kills.saturating_sub(done);
    let mut looks = 0;
    while left > 0 && !all.is_empty() {
        all.shuffle(&mut rng);
        // Now and then a fall of its own, which is taken between two turns, so with nothing in hand.
        let how = if rng.random_bool(0.15) { rng.random_range(1..3) } else { 0 };
        let anybody = looks >= LOOKS || how > 0;
        match victim(&sellers, &all, anybody).await {
            None => looks += 1,
            Some(seller) => {
                let Some(line) = end(&sellers, seller, how).await else { continue };
                // Written before the next one, so that no life of the process forgets what it did.
                if note(&brief.dir, &line).is_err() {
                    return;
                }
                (left, looks) = (left - 1, 0);
                sleep(LONGEST_PAUSE.mul_f64(rng.random())).await;
            }
        }
        sleep(BETWEEN_LOOKS).await;
    }
}

async fn victim(sellers: &Sellers, all: &[SellerId], anybody: bool) -> Option<SellerId> {
    let mut spare = None;
    for seller in all {
        let Ok(status) = sellers.status(*seller).await else { continue };
        if status.slot != Slot::Up || status.falls >= MOST_FALLS {
            continue;
        }
        if status.in_hand.is_some() {
            return Some(*seller);
        }
        spare = spare.or(Some(*seller));
    }
    spare.filter(|_| anybody)
}

/// Ends an actor; says how, and whether it had an event in hand just then.
async fn end(sellers: &Sellers, seller: SellerId, how: u32) -> Option<String> {
    let (word, told) = match how {
        0 => ("killed", sellers.kill(seller).await),
        1 => ("panicked", sellers.fault(seller, Fault::Panic).await),
        _ => ("failed", sellers.fault(seller, Fault::Error).await),
    };
    let status: SellerStatus = told.ok()?;
    let hand = match (how, status.in_hand) {
        (0, Some(_)) => "with an event in hand",
        _ => "between turns",
    };
    Some(format!("seller {seller} {word} {hand}"))
}

fn note(dir: &Path, line: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(brief::actor_kills(dir))?;
    file.write_all(format!("{line}\n").as_bytes())
}
