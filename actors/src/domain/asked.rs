//! What a customer was asked last, so that nothing is asked twice and an answer in words can be told from other words.

use std::fmt;

use chrono::{DateTime, Utc};

/// A question of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What it was about.
    pub about: Question,
    /// When it was decided to ask, by our clock.
    pub at: DateTime<Utc>,
}

/// What a question was about. Two questions that are equal ask for the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// What is missing: [`super::draft::Missing::fingerprint`].
    Missing(String),
    /// Whether the order is right as it is: [`super::draft::print`] of its lines.
    Right(String),
}

impl Asked {
    /// As it was stored. What has no time is from before times were kept, and was about something missing.
    pub fn stored(text: &str) -> Self {
        let parts = || {
            let (ms, rest) = text.split_once(' ')?;
            let at = DateTime::from_timestamp_millis(ms.parse().ok()?)?;
            let about = match rest.split_once(' ')? {
                ("missing", what) => Question::Missing(what.to_owned()),
                ("right", print) => Question::Right(print.to_owned()),
                _ => return None,
            };
            Some(Self { about, at })
        };
        parts().unwrap_or_else(|| Self { about: Question::Missing(text.to_owned()), at: DateTime::UNIX_EPOCH })
    }
}

/// As stored: `1790856004000 missing phone`.
impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, what) = match &self.about {
            Question::Missing(what) => ("missing", what),
            Question::Right(print) => ("right", print),
        };
        write!(f, "{} {word} {what}", self.at.timestamp_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_comes_back_as_it_was_stored_and_an_old_one_is_about_something_missing() {
        let at = DateTime::from_timestamp_millis(1_790_856_004_001).unwrap();
        for about in [Question::Missing("option Shirt Size; phone".into()), Question::Right("00ff".into())] {
            let asked = Asked { about, at };
            assert_eq!(Asked::stored(&asked.to_string()), asked);
        }
        for text in ["phone; address", "option Shirt Size", "12 o'clock", ""] {
            assert_eq!(Asked::stored(text).about, Question::Missing(text.to_owned()));
        }
    }
}
