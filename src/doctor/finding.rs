//! What was found when one thing was looked at: a light, a sentence, and what to do.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How well something is. The worse, the larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Light {
    /// It works.
    Green,
    /// It works, and may not for long; or nobody can tell.
    Amber,
    /// It does not work.
    Red,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// What was looked at, as a word.
    pub name: String,
    /// How it is.
    pub light: Light,
    /// The same as a sentence.
    pub sentence: String,
    /// What to do about it; none where nothing is to be done.
    pub fix: Option<String>,
    /// How long it took, where that says something.
    pub milliseconds: Option<u64>,
}

impl Finding {
    /// All is well with it.
    pub fn green(name: &str, sentence: impl Into<String>) -> Self {
        let sentence = sentence.into();
        Self { name: name.to_owned(), light: Light::Green, sentence, fix: None, milliseconds: None }
    }

    /// Somebody should look at it.
    pub fn amber(name: &str, sentence: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { light: Light::Amber, fix: Some(fix.into()), ..Self::green(name, sentence) }
    }

    /// It does not work.
    pub fn red(name: &str, sentence: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { light: Light::Red, ..Self::amber(name, sentence, fix) }
    }

    /// The same, and how long it took.
    pub fn in_time(self, took: Duration) -> Self {
        Self { milliseconds: u64::try_from(took.as_millis()).ok(), ..self }
    }
}

/// The light of all of them together: the worst.
pub(super) fn worst(findings: &[Finding]) -> Light {
    findings.iter().map(|finding| finding.light).max().unwrap_or(Light::Green)
}
