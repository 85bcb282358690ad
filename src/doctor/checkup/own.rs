//! What can be told without asking Meta: the clock, the secrets that sign, and whether the app is for everybody.

use chrono::{DateTime, TimeDelta, Utc};

use crate::doctor::finding::Finding;
use crate::door::Heard;

/// So far two clocks may be apart and nobody minds.
const CLOSE: TimeDelta = TimeDelta::seconds(30);
/// From here on, windows and tokens are judged wrongly.
const FAR: TimeDelta = TimeDelta::minutes(5);
/// A refusal is news for so long.
const NEWS: TimeDelta = TimeDelta::days(1);

/// So many requests that all came late are no chance.
const SEVERAL: u32 = 5;

/// Whether our clock and Meta's agree: by what its answers say, and by what it sends us, which never comes before it was
/// sent.
pub(super) fn clock(metas: Option<DateTime<Utc>>, heard: Option<Heard>, now: DateTime<Utc>) -> Finding {
    const NAME: &str = "clock";
    let ntp = "Let the machine keep its time by NTP.";
    let judged = |apart: TimeDelta, sentence: String| match apart {
        apart if apart <= CLOSE => None,
        apart if apart <= FAR => Some(Finding::amber(NAME, sentence, ntp)),
        _ => Some(Finding::red(NAME, sentence, ntp)),
    };
    let by_answers = metas.and_then(|metas| {
        let apart = (now - metas).abs();
        judged(apart, format!("Our clock and Meta's are {} s apart.", apart.num_seconds()))
    });
    let early = heard.map_or(TimeDelta::zero(), |heard| -heard.quickest);
    let by_events =
        judged(early, format!("What Meta sends bears times that are {} s ahead of ours.", early.num_seconds()));
    let late = heard.filter(|heard| heard.requests >= SEVERAL && heard.quickest > FAR).map(|heard| heard.quickest);
    if let Some(ill) = by_answers.into_iter().chain(by_events).max_by_key(|finding| finding.light) {
        return ill;
    }
    match (metas, heard, late) {
        (_, _, Some(late)) => Finding::amber(
            NAME,
            format!("What Meta sends comes at least {} s after the time it bears.", late.num_seconds()),
            "Look whether our clock is ahead, or something in front of the service holds webhooks up.",
        ),
        (Some(_), ..) => Finding::green(NAME, "Our clock and Meta's agree."),
        (None, Some(_), None) => Finding::green(NAME, "What Meta sends bears times that agree with our clock."),
        (None, None, None) => Finding::amber(
            NAME,
            "Meta was not asked and nothing came of late, so its clock is not known.",
            "Try again once Meta answers.",
        ),
    }
}

/// Which secrets signed what came, and whether something came that none had signed.
pub(super) fn secrets(
    seen: &[(String, Option<DateTime<Utc>>)],
    refused_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Finding {
    const NAME: &str = "secrets";
    if seen.is_empty() {
        let fix = "Set meta.instagram_app_secret or meta.meta_app_secret.";
        return Finding::red(NAME, "There is no app secret in the settings, so no webhook can be taken.", fix);
    }
    let told: Vec<String> = seen
        .iter()
        .map(|(label, at)| match at {
            Some(at) => format!("{label} signed last on {}", at.format("%Y-%m-%d at %H:%M UTC")),
            None => format!("{label} never signed anything"),
        })
        .collect();
    let last = seen.iter().filter_map(|(_, at)| *at).max();
    let told = format!("{}.", told.join("; "));
    if let Some(refused) = refused_at.filter(|at| now - *at < NEWS && last.is_none_or(|last| *at > last)) {
        let at = refused.format("%Y-%m-%d at %H:%M UTC");
        let sentence = format!("On {at} something came that none of our secrets had signed; {told}");
        return Finding::amber(NAME, sentence, "If it was Meta, put the app's present secret into the settings.");
    }
    match last {
        Some(_) => Finding::green(NAME, told),
        None => Finding::amber(NAME, told, "Write to the account: what comes then shows whether the secret is right."),
    }
}

/// Whether the app is there for everybody. Meta does not say it; who writes, and whom we may answer, does.
pub(super) fn app_mode(errors: &[String], many_write: bool) -> Finding {
    const NAME: &str = "app_mode";
    let is_in_development = errors.iter().any(|error| error.contains("200/2018028"));
    match (is_in_development, many_write) {
        (true, _) => Finding::red(
            NAME,
            "Meta refused a message as the customer has no role on the app: it is in development, or has Standard Access.",
            "Switch the app to Live in the App Dashboard, and ask for Advanced Access in App Review.",
        ),
        (false, true) => Finding::green(NAME, "Several people's messages arrive, so the app is live."),
        (false, false) => Finding::amber(
            NAME,
            "Nobody can tell yet whether the app is live: Meta does not say it, and few people have written.",
            "Look at the top of the App Dashboard: it must say Live, not Development.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::Light;
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn clocks_may_be_a_little_apart_by_answers_and_by_what_comes() {
        let heard = |quickest, requests| Some(Heard { quickest: TimeDelta::seconds(quickest), requests });
        for (metas, heard, light, words) in [
            (None, None, Light::Amber, "not known"),
            (Some(at(-20)), None, Light::Green, "agree"),
            (Some(at(90)), None, Light::Amber, "90 s apart"),
            (Some(at(-900)), None, Light::Red, "900 s apart"),
            (None, heard(3, 1), Light::Green, "agree"),
            (Some(at(0)), heard(-20, 1), Light::Green, "agree"),
            (None, heard(-90, 1), Light::Amber, "90 s ahead"),
            (Some(at(0)), heard(-400, 1), Light::Red, "400 s ahead"),
            (Some(at(400)), heard(-90, 1), Light::Red, "400 s apart"),
            (Some(at(0)), heard(400, 4), Light::Green, "agree"),
            (Some(at(0)), heard(400, 5), Light::Amber, "400 s after"),
        ] {
            let found = clock(metas, heard, at(0));
            assert!(found.light == light && found.sentence.contains(words), "{found:?}");
        }
    }

    #[test]
    fn a_secret_that_nobody_signs_with_is_seen() {
        let of = |time| vec![("meta_app_secret".to_owned(), time)];
        assert_eq!(secrets(&[], None, at(0)).light, Light::Red);
        assert_eq!(secrets(&of(None), None, at(0)).light, Light::Amber);
        assert_eq!(secrets(&of(Some(at(-60))), None, at(0)).light, Light::Green);
        assert_eq!(secrets(&of(Some(at(-60))), Some(at(-90)), at(0)).light, Light::Green, "it was right after that");
        assert_eq!(secrets(&of(Some(at(-60))), Some(at(-30)), at(0)).light, Light::Amber);
    }

    #[test]
    fn whether_the_app_is_live_is_told_by_who_writes() {
        let refused = ["Meta refused it: code 200/2018028, trace x".to_owned()];
        assert_eq!(app_mode(&refused, true).light, Light::Red);
        assert_eq!(app_mode(&[], true).light, Light::Green);
        assert_eq!(app_mode(&[], false).light, Light::Amber);
    }
}
