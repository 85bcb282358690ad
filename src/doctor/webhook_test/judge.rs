//! What each answer means: plain functions from what came of requests to findings.

use std::time::Duration;

use http::StatusCode;
use url::Url;

use super::fix_of;
use super::wire::{Answer, Failure, Tried};
use crate::doctor::finding::Finding;
use crate::webhooks_out::NotAllowed;

/// Whoever answers slower than this part of the limit will be late one day.
const SLOW_PART: u32 = 5;

/// Nothing may be sent there.
pub(super) fn not_allowed(refused: NotAllowed) -> Finding {
    Finding::red("address", format!("The address cannot be tried: {refused}."), fix_of(refused))
}

/// What Meta thinks of the address itself.
pub(super) fn address(url: &Url) -> Finding {
    match url.scheme() {
        "https" => Finding::green("address", "It is https, as Meta demands."),
        // Only where the settings allow it, so whoever asks knows.
        _ => Finding::green("address", "It is this very machine, by plain http: good to try. Meta takes only https."),
    }
}

/// Whether anybody is there.
pub(super) fn connection(first: &Tried, limit: Duration) -> Finding {
    match first {
        Ok(answer) => Finding::green("connection", "A connection was made, and answered.").in_time(answer.took),
        Err(failure) => failed("connection", *failure, limit),
    }
}

/// Whether it is the address itself that answers.
pub(super) fn redirects<'a>(all: impl IntoIterator<Item = Option<&'a Tried>>) -> Finding {
    match answers(all).find(|answer| answer.status.is_redirection()) {
        None => Finding::green("redirects", "It redirects nobody."),
        Some(answer) => {
            let sentence =
                format!("It answered {} and sends elsewhere, where Meta does not follow.", answer.status.as_u16());
            Finding::red("redirects", sentence, "Give Meta the address in which the redirect ends.")
        }
    }
}

/// Whether the challenge comes back, exactly.
pub(super) fn handshake(tried: Option<&Tried>, challenge: &str, limit: Duration) -> Finding {
    const NAME: &str = "handshake";
    let Some(tried) = tried else {
        let fix = "Say it with --verify-token, or set meta.verify_token.";
        return Finding::red(NAME, "Not tried: the verify token is not known here.", fix);
    };
    let answer = match tried {
        Ok(answer) => answer,
        Err(failure) => return failed(NAME, *failure, limit),
    };
    let is_echoed = answer.body == challenge.as_bytes();
    let holds_it = String::from_utf8_lossy(&answer.body).contains(challenge);
    let exact = "Answer with the bytes of hub.challenge alone: no quotes, no newline, no JSON.";
    let found = match answer.status {
        StatusCode::OK if is_echoed && answer.content_type.starts_with("text/plain") => {
            Finding::green(NAME, "The challenge came back as it was sent.")
        }
        StatusCode::OK if is_echoed => {
            let sentence = format!("The challenge came back, as {} and not as text/plain.", kind_of(answer));
            Finding::amber(NAME, sentence, "Answer it as text/plain, so that no browser takes it for a page.")
        }
        StatusCode::OK if holds_it => Finding::red(NAME, "The challenge came back with something around it.", exact),
        StatusCode::OK => Finding::red(NAME, "It answered 200 without the challenge, or with another number.", exact),
        status => {
            let fix = "Look whether both sides have the same verify token, and the address is the webhook's.";
            Finding::red(NAME, format!("It answered {} to the right token.", status.as_u16()), fix)
        }
    };
    found.in_time(answer.took)
}

/// Whether a stranger is sent away.
pub(super) fn wrong_token(tried: &Tried, challenge: &str, limit: Duration) -> Finding {
    const NAME: &str = "wrong_token";
    let answer = match tried {
        Ok(answer) => answer,
        Err(failure) => return failed(NAME, *failure, limit),
    };
    let compare = "Compare hub.verify_token, and answer 403 where it is another.";
    let found = if String::from_utf8_lossy(&answer.body).contains(challenge) {
        Finding::red(NAME, "It gave back the challenge for a wrong token.", compare)
    } else if answer.status.is_success() {
        Finding::red(NAME, format!("It answered {} to a wrong token.", answer.status.as_u16()), compare)
    } else {
        sent_away(NAME, answer.status, "a wrong token")
    };
    found.in_time(answer.took)
}

/// Whether something signed is taken.
pub(super) fn taken(name: &str, tried: Option<&Tried>, limit: Duration) -> Finding {
    let Some(tried) = tried else {
        let fix = "Say it with --app-secret, or set meta.meta_app_secret or meta.instagram_app_secret.";
        return Finding::red(name, "Not tried: the app's secret is not known here.", fix);
    };
    let answer = match tried {
        Ok(answer) => answer,
        Err(failure) => return failed(name, *failure, limit),
    };
    let status = answer.status;
    let found = match status.as_u16() {
        200 => Finding::green(name, "It was taken."),
        201..=299 => {
            let sentence = format!("It was taken with {}, where Meta asks for 200.", status.as_u16());
            Finding::amber(name, sentence, "Answer 200.")
        }
        401 | 403 => {
            let sentence = format!("What the app's secret signed was refused with {}.", status.as_u16());
            let fix =
                "Look whether both sides have the same app secret, and the signature is checked over the raw bytes.";
            Finding::red(name, sentence, fix)
        }
        404 | 405 => {
            let sentence = format!("It answered {}: no webhook is at this address.", status.as_u16());
            Finding::red(name, sentence, "Look at the path, and at what the proxy before it lets through.")
        }
        _ => {
            let fix = "Look into the log of the service: after an hour of this Meta sends nothing any more.";
            Finding::red(name, format!("It was not taken: the answer is {}.", status.as_u16()), fix)
        }
    };
    found.in_time(answer.took)
}

/// Whether something that nobody of ours signed is turned away.
pub(super) fn refusal(name: &str, tried: &Tried, limit: Duration) -> Finding {
    let answer = match tried {
        Ok(answer) => answer,
        Err(failure) => return failed(name, *failure, limit),
    };
    let (what, whose) = match name {
        "missing_signature" => ("a message without a signature", "that is not signed"),
        _ => ("a message with a wrong signature", "that somebody else signed"),
    };
    let found = if answer.status.is_success() {
        let sentence = format!("It answered {} to {what}: anybody can make up orders.", answer.status.as_u16());
        Finding::red(name, sentence, format!("Answer 403 to what comes {whose}, before anything is done with it."))
    } else {
        sent_away(name, answer.status, what)
    };
    found.in_time(answer.took)
}

/// Whether the same message twice is taken twice, and counted once where that can be seen.
pub(super) fn duplicate(
    (first, again): (Option<&Tried>, Option<&Tried>),
    counted: Option<usize>,
    limit: Duration,
) -> Finding {
    const NAME: &str = "duplicate";
    let found = taken(NAME, again, limit);
    let both_taken = [first, again].into_iter().flatten().flatten().filter(|answer| answer.status == StatusCode::OK);
    if both_taken.count() < 2 {
        return found;
    }
    let sentence = match counted {
        Some(1) => "The same message was taken again, and is in the ledger once.",
        Some(2..) => {
            let fix = "Report it with the output of `hawker ledger list --reason dashboard_test`.";
            return Finding {
                milliseconds: found.milliseconds,
                ..Finding::red(NAME, "It is in the ledger twice.", fix)
            };
        }
        Some(0) | None => "The same message was taken again; how often it counts, only the service there knows.",
    };
    Finding { sentence: sentence.to_owned(), ..found }
}

/// Whether all of it was in time.
pub(super) fn time<'a>(all: impl IntoIterator<Item = Option<&'a Tried>>, limit: Duration) -> Finding {
    const NAME: &str = "time";
    let all: Vec<_> = all.into_iter().flatten().collect();
    let late = all.iter().filter(|tried| matches!(tried, Err(Failure::Late))).count();
    let longest = all.iter().filter_map(|tried| tried.as_ref().ok()).map(|answer| answer.took).max();
    let fix = "Store what came, answer, and do the work after that.";
    match longest {
        _ if late > 0 => {
            let sentence = format!("{late} of {} requests had no answer within {}.", all.len(), shown(limit));
            Finding::red(NAME, sentence, fix)
        }
        None => Finding::amber(NAME, "No answer came, so nothing was measured.", "See the other checks."),
        Some(took) if took * SLOW_PART > limit => {
            let sentence = format!("The slowest answer took more than a fifth of the {} it may take.", shown(limit));
            Finding::amber(NAME, sentence, fix).in_time(took)
        }
        Some(took) => Finding::green(NAME, format!("Every answer came well within {}.", shown(limit))).in_time(took),
    }
}

fn answers<'a>(all: impl IntoIterator<Item = Option<&'a Tried>>) -> impl Iterator<Item = &'a Answer> {
    all.into_iter().flatten().filter_map(|tried| tried.as_ref().ok())
}

/// It was no success: what kind of none.
fn sent_away(name: &str, status: StatusCode, what: &str) -> Finding {
    match status.as_u16() {
        400 | 401 | 403 => Finding::green(name, format!("It refused {what}, with {}.", status.as_u16())),
        _ => {
            let sentence =
                format!("It answered {} to {what}, which is no refusal that one can rely on.", status.as_u16());
            Finding::amber(name, sentence, "Answer 403.")
        }
    }
}

fn failed(name: &str, failure: Failure, limit: Duration) -> Finding {
    let red = |sentence: &str, fix: &str| Finding::red(name, sentence, fix);
    match failure {
        Failure::Late => {
            let fix = "Store what came, answer, and do the work after that.";
            Finding::red(name, format!("No answer came within {}.", shown(limit)), fix)
        }
        Failure::Inside => {
            red("The name leads into a private network, or to this machine.", fix_of(NotAllowed::Inside))
        }
        Failure::NoName => red("Nobody knows an address for the name.", "Look at the name, and at its DNS records."),
        Failure::Certificate => red(
            "The certificate that is shown there cannot be trusted.",
            "Install one for this name from an authority that browsers trust, with the chain it needs.",
        ),
        Failure::NoConnection => red(
            "No connection could be made.",
            "Look whether the service runs there, and the firewall lets its port through.",
        ),
        Failure::Broken => red(
            "The connection ended without an answer that can be read.",
            "Look into the log of the service and of the proxy before it.",
        ),
    }
}

fn kind_of(answer: &Answer) -> &str {
    // Somebody else wrote it: only what such names are made of is said again.
    let kind = answer.content_type.split(';').next().unwrap_or_default().trim();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/+-.".contains(letter);
    match kind {
        "" => "nothing in particular",
        kind if kind.len() <= 60 && kind.chars().all(is_plain) => kind,
        _ => "something else",
    }
}

fn shown(time: Duration) -> String {
    match time.as_millis() {
        millis if millis % 1000 == 0 => format!("{} s", millis / 1000),
        millis => format!("{millis} ms"),
    }
}
