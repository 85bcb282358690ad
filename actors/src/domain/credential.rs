//! What is held to act for an account at Meta: what a token is for, where it is from, and how long it is good.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ids::ConnectionId;
use super::named::named;

/// What a token is for. A seller may hold one of Instagram's own login for messages, and one of Facebook's for the
/// catalog, as Instagram's gives no right to that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Use {
    /// Messages, comments and whatever else customers see.
    Messages,
    /// The catalog.
    Catalog,
}

named!(Use { Messages = "messages", Catalog = "catalog", });

/// Where a token is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// Somebody gave it by hand. It is good for whatever Meta takes it for.
    Given,
    /// Facebook Login: the Page's own. It has no end, and dies with the person's rights.
    Page,
    /// Facebook Login: the person's, which has the right to catalogs.
    FacebookUser,
    /// Instagram Login.
    Instagram,
}

named!(CredentialKind {
    Given = "given",
    Page = "page",
    FacebookUser = "facebook_user",
    Instagram = "instagram",
});

/// A token that Meta took no more, as a call was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRefused {
    /// Of which connection.
    pub connection: ConnectionId,
    /// What it was for.
    pub purpose: Use,
    /// Which token it was: one put in later has a higher generation.
    pub generation: i64,
    /// Meta's code, with the subcode behind a slash, or a word of ours.
    pub code: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Days before its end at which people are warned that a token runs out.
pub const WARNINGS: [i32; 3] = [14, 7, 2];
/// So long before its end a token is made a new one of.
const REFRESH_BEFORE: TimeDelta = TimeDelta::days(30);
/// Instagram makes no new token of one that is younger.
const YOUNGEST: TimeDelta = TimeDelta::hours(24);

/// How long a token is good, and what was done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// Where it is from.
    pub kind: CredentialKind,
    /// Since when it is this token.
    pub got_at: DateTime<Utc>,
    /// When it ends by itself; none: it does not.
    pub expires_at: Option<DateTime<Utc>>,
    /// At how many days before its end it was warned of last.
    pub warned_days: Option<i32>,
}

/// What is to be done for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// It has ended.
    Over,
    /// A new one is to be made of it, and people are to be warned if it says of how many days.
    Refresh {
        /// The warning that is due.
        warn: Option<i32>,
    },
    /// Nothing.
    Nothing,
}

impl Lifetime {
    /// What is to be done now.
    pub fn due(&self, now: DateTime<Utc>) -> Due {
        let Some(end) = self.expires_at else { return Due::Nothing };
        if now >= end {
            return Due::Over;
        }
        match now >= self.refresh_from(end) {
            true => Due::Refresh { warn: self.warning(end, now) },
            false => Due::Nothing,
        }
    }

    /// When to look again, if all that was due is done: a day after a try, or whatever comes first.
    pub fn next_look(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let end = self.expires_at?;
        if now >= end {
            return Some(end);
        }
        let from = self.refresh_from(end);
        let next_try = if now < from { from } else { (now + TimeDelta::days(1)).min(end) };
        let warnings = WARNINGS.map(|days| end - TimeDelta::days(days.into()));
        let ahead = warnings.into_iter().chain([next_try, end]).filter(|at| *at > now);
        Some(ahead.min().unwrap_or(end))
    }

    fn refresh_from(&self, end: DateTime<Utc>) -> DateTime<Utc> {
        (end - REFRESH_BEFORE).max(self.got_at + YOUNGEST).min(end)
    }

    /// The nearest warning that was not given yet.
    fn warning(&self, end: DateTime<Utc>, now: DateTime<Utc>) -> Option<i32> {
        let reached = WARNINGS.into_iter().filter(|days| end - now <= TimeDelta::days((*days).into())).min()?;
        self.warned_days.is_none_or(|warned| reached < warned).then_some(reached)
    }
}

/// What a code means for people: why the token is taken no more, and what to do.
pub fn cause_in_words(code: &str) -> &'static str {
    match code {
        "disconnected" => "the account was disconnected: connect it again",
        "no_token" => "there is no token: connect the account again",
        "expired" | "190/463" => "the token has run out: connect the account again",
        "revoked" | "190/458" => "the app was removed from the account's settings at Meta: connect the account again",
        "190/459" | "190/464" => "Meta wants the person to confirm something: log in at Meta, then connect again",
        "190/460" => "the password was changed, or Meta ended the session: connect the account again",
        "190/452" | "190/465" | "190/467" | "190/492" | "102" => {
            "the session at Meta is over, or the person has no role on the Page any more: connect the account again"
        }
        "10/2534077" | "100/2534013" => {
            "Meta cannot verify that Page, account and person belong together: link the account to its Page, then \
             connect again"
        }
        "200/2534041" => {
            "access to messages is switched off: allow it in Instagram's settings under message controls, then connect \
             again"
        }
        "36103" => "the account may not use Meta's interface: make it a professional account, then connect again",
        "sealed" => "the token cannot be opened with the encryption keys there are: connect the account again",
        "token_moved" => {
            "what is kept as its token was sealed for another account: see who writes to the database by hand, and \
             connect the account again"
        }
        "token_changed" | "token_not_sealed" => {
            "what is kept as its token was changed since it was sealed: see who writes to the database by hand, and \
             connect the account again"
        }
        "data_deleted" => "the person who had connected it wants to be forgotten: somebody must connect it again",
        "permission_revoked" => {
            "the person who had connected it took a permission back: connect it again and grant all that is asked for"
        }
        _ if is_permission(code) => {
            "a permission is missing: connect the account again and grant all that is asked for"
        }
        _ => "Meta takes the token no more: connect the account again",
    }
}

fn is_permission(code: &str) -> bool {
    let number = code.split('/').next().and_then(|number| number.parse::<u32>().ok());
    matches!(number, Some(10 | 200..=299 | 131_005))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(days: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).unwrap() + TimeDelta::days(days)
    }

    fn life(got: i64, end: Option<i64>, warned_days: Option<i32>) -> Lifetime {
        Lifetime { kind: CredentialKind::Instagram, got_at: day(got), expires_at: end.map(day), warned_days }
    }

    #[test]
    fn a_token_is_made_anew_of_from_day_thirty_on_and_warned_of_at_fourteen_seven_and_two_days() {
        let due = |at, warned| life(0, Some(60), warned).due(day(at));
        assert_eq!(due(29, None), Due::Nothing);
        assert_eq!(due(30, None), Due::Refresh { warn: None });
        assert_eq!(due(45, None), Due::Refresh { warn: None });
        assert_eq!(due(46, None), Due::Refresh { warn: Some(14) });
        assert_eq!(due(47, Some(14)), Due::Refresh { warn: None });
        assert_eq!(due(53, Some(14)), Due::Refresh { warn: Some(7) });
        assert_eq!(due(58, Some(7)), Due::Refresh { warn: Some(2) });
        // Who looks for the first time in a long while is warned once.
        assert_eq!(due(59, None), Due::Refresh { warn: Some(2) });
        assert_eq!(due(60, None), Due::Over);
        assert_eq!(life(0, None, None).due(day(900)), Due::Nothing);
    }

    #[test]
    fn a_token_younger_than_a_day_is_left_alone() {
        let short = life(0, Some(2), None);
        assert_eq!(short.due(day(0)), Due::Nothing);
        assert_eq!(short.due(day(1)), Due::Refresh { warn: Some(2) });
        assert_eq!(short.next_look(day(0)), Some(day(1)));
    }

    #[test]
    fn it_is_looked_at_daily_from_day_thirty_on() {
        let life = life(0, Some(60), None);
        assert_eq!(life.next_look(day(0)), Some(day(30)));
        assert_eq!(life.next_look(day(30)), Some(day(31)));
        assert_eq!(life.next_look(day(59)), Some(day(60)));
        assert_eq!(life.next_look(day(61)), Some(day(60)));
        assert_eq!(super::Lifetime { expires_at: None, ..life }.next_look(day(0)), None);
    }

    #[test]
    fn every_cause_says_what_to_do() {
        for code in ["190", "190/458", "190/460", "190/463", "10", "10/2534077", "200", "200/2534041", "no_token", "x"]
            .into_iter()
            .chain(["revoked", "data_deleted", "permission_revoked", "token_moved", "token_changed"])
        {
            assert!(cause_in_words(code).contains("onnect"), "{code}");
        }
        assert_ne!(cause_in_words("190/460"), cause_in_words("190"));
    }

    proptest! {
        /// Whoever looks whenever told to misses no warning and no end, and never looks twice at one time.
        #[test]
        fn nothing_is_missed(got in -5i64..5, length_h in 1i64..2000) {
            let start = day(got);
            let end = start + TimeDelta::hours(length_h);
            let kind = CredentialKind::Instagram;
            let mut life = Lifetime { kind, got_at: start, expires_at: Some(end), warned_days: None };
            let (mut now, mut warned) = (start, Vec::new());
            loop {
                match life.due(now) {
                    Due::Over => break,
                    Due::Refresh { warn: Some(days) } => {
                        warned.push(days);
                        life.warned_days = Some(days);
                    }
                    Due::Refresh { warn: None } | Due::Nothing => {}
                }
                let next = life.next_look(now).unwrap();
                prop_assert!(next > now);
                now = next;
            }
            prop_assert_eq!(now, end);
            prop_assert!(warned.is_sorted_by(|one, next| one > next));
            prop_assert!(length_h < 49 || warned.last() == Some(&2), "{:?}", warned);
        }
    }
}
