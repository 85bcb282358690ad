//! What the child is told, in one environment variable, and the files in which it answers.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use super::clock::ScaledClock;

/// Holds the brief; only the prover sets it.
const VARIABLE: &str = "HAWKER_PROVE_BRIEF";

/// What the child is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Brief {
    /// Where the child writes its answers.
    pub(super) dir: PathBuf,
    /// How many sellers there are.
    pub(super) sellers: u32,
    /// The time.
    pub(super) clock: ScaledClock,
    /// Where to die.
    pub(super) point: Option<String>,
    /// How often to kill actors, over all lives of the child.
    pub(super) actor_kills: u32,
    /// Whether a second tree of actors works on the same shops.
    pub(super) rival: bool,
    /// Whether readings of the inbox lag behind now and then.
    pub(super) stale: bool,
    /// Whether it is catalogs that go up, and nobody writes.
    pub(super) catalog: bool,
    /// Decides which actors.
    pub(super) seed: u64,
}

/// What the child says before a clean end.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct LastWords {
    /// Sellers whose actor rests, with the number of their falls.
    pub(super) resting: Vec<String>,
}

impl Brief {
    /// What the prover that started this process wants.
    pub(super) fn received() -> anyhow::Result<Self> {
        let Ok(text) = std::env::var(VARIABLE) else {
            bail!("only `hawker prove` starts this, and it says what is to be proved");
        };
        serde_json::from_str(&text).context("the prover's brief cannot be read")
    }

    /// As a variable of the environment.
    pub(super) fn variable(&self) -> anyhow::Result<(&'static str, String)> {
        Ok((VARIABLE, serde_json::to_string(self)?))
    }
}

/// Where the child says that it listens.
pub(super) fn address(dir: &Path) -> PathBuf {
    dir.join("address")
}

/// Where it counts the actors it killed, a line each.
pub(super) fn actor_kills(dir: &Path) -> PathBuf {
    dir.join("actor-kills")
}

/// Where all its lives log.
pub(super) fn log(dir: &Path) -> PathBuf {
    dir.join("child.log")
}

/// Where it says its last words.
pub(super) fn last_words(dir: &Path) -> PathBuf {
    dir.join("last-words.json")
}

/// Writes a file that is there with all of its text, or not at all.
pub(super) fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let part = path.with_extension("part");
    std::fs::write(&part, text)?;
    std::fs::rename(part, path)
}
