//! Whether an account is more silent than it ever was: plain arithmetic over the hours in which something came.

use chrono::{DateTime, TimeDelta, Utc};

use super::finding::Finding;

const NAME: &str = "last_event";
/// So far back an account's own rhythm is looked for.
pub(super) const KNOWN: TimeDelta = TimeDelta::days(28);
/// A silence of less than this is no news for anybody.
const NO_NEWS: TimeDelta = TimeDelta::hours(12);
/// From fewer hours than this no rhythm can be told.
const LEAST_HOURS: usize = 5;

/// How it is, by the beginnings of the hours in which something came, the first first.
pub(super) fn judge(hours: &[DateTime<Utc>], connected_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Finding {
    let subscribed = "Look at the lines of the subscription and of message access, and write to the account yourself.";
    let Some(last) = hours.last() else {
        return match connected_at.is_some_and(|since| now - since < TimeDelta::days(1)) {
            true => Finding::green(NAME, "Nothing came yet; it has been connected for less than a day."),
            false => Finding::amber(NAME, format!("Nothing came in the last {} days.", KNOWN.num_days()), subscribed),
        };
    };
    let silence = (now - *last - TimeDelta::hours(1)).max(TimeDelta::zero());
    let usual = hours.windows(2).map(|pair| pair[1] - pair[0]).max().filter(|_| hours.len() >= LEAST_HOURS);
    let ago = in_words(silence);
    match usual {
        _ if silence < NO_NEWS => Finding::green(NAME, format!("Something came {ago}.")),
        None if silence < TimeDelta::days(7) => {
            Finding::green(NAME, format!("Something came {ago}; too little came to know what is usual here."))
        }
        None => Finding::amber(NAME, format!("Nothing came for {}.", length(silence)), subscribed),
        Some(usual) if silence <= usual => Finding::green(NAME, format!("Something came {ago}, which is usual here.")),
        Some(usual) if silence <= usual * 2 => {
            let sentence = format!("Nothing came for {}, where {} was the longest.", length(silence), length(usual));
            Finding::amber(NAME, sentence, subscribed)
        }
        Some(usual) => {
            let sentence = format!(
                "Nothing came for {}, more than twice the longest silence of {}.",
                length(silence),
                length(usual)
            );
            Finding::red(NAME, sentence, subscribed)
        }
    }
}

fn in_words(silence: TimeDelta) -> String {
    match silence.num_hours() {
        0 => "within the last hours".to_owned(),
        _ => format!("{} ago", length(silence)),
    }
}

fn length(time: TimeDelta) -> String {
    match time.num_hours() {
        hours if hours < 48 => format!("{hours} h"),
        hours => format!("{} days", hours / 24),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Light;
    use super::*;

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 / 3600 * 3600 + hour * 3600, 0).unwrap()
    }

    #[test]
    fn an_account_is_measured_by_itself() {
        let daily: Vec<_> = (0..10).map(|day| at(day * 24)).collect();
        let hourly: Vec<_> = (0..200).map(at).collect();
        let few = [at(0), at(3)];
        for (hours, now, light) in [
            (&daily[..], at(9 * 24 + 20), Light::Green),
            (&daily, at(9 * 24 + 30), Light::Amber),
            (&daily, at(9 * 24 + 72), Light::Red),
            (&hourly, at(205), Light::Green),
            (&hourly, at(214), Light::Red),
            (&few, at(40), Light::Green),
            (&few, at(300), Light::Amber),
            (&[], at(0), Light::Amber),
        ] {
            let found = judge(hours, None, now);
            assert_eq!(found.light, light, "{}", found.sentence);
        }
        assert_eq!(judge(&[], Some(at(-3)), at(0)).light, Light::Green);
    }
}
