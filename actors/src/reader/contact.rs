//! Finds how to reach the customer: phone number and e-mail address.

use std::ops::Range;

use super::{
    message::Message,
    words::{Mark, marks_at},
};

/// A detail, and its tokens.
#[derive(Debug, PartialEq)]
pub(super) struct Found {
    pub(super) value: String,
    pub(super) at: Range<usize>,
}

/// The first e-mail address, in lower case.
pub(super) fn email(message: &Message<'_>) -> Option<Found> {
    let at_signs = message.tokens.iter().filter(|token| token.is_sign('@'));
    let mut spans = at_signs.filter_map(|token| email_around(message.text, token.span.start));
    let span = spans.next()?;
    let inside = |at: &usize| span.start <= message.tokens[*at].span.start && message.tokens[*at].span.end <= span.end;
    let first = (0..message.tokens.len()).find(inside)?;
    let last = (first..message.tokens.len()).take_while(inside).last()?;
    Some(Found { value: message.text[span].to_lowercase(), at: first..last + 1 })
}

/// The address around an `@`, as far as its characters go.
fn email_around(text: &str, at: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let local = |byte: &&u8| byte.is_ascii_alphanumeric() || b"._%+-".contains(byte);
    let domain = |byte: &&u8| byte.is_ascii_alphanumeric() || b".-".contains(byte);
    let start = at - bytes[..at].iter().rev().take_while(local).count();
    let mut end = at + 1 + bytes[at + 1..].iter().take_while(domain).count();
    while end > at && matches!(bytes[end - 1], b'.' | b'-') {
        end -= 1;
    }
    let dotted = text.get(at + 1..end)?.split('.').filter(|label| !label.is_empty()).count() >= 2;
    (start < at && dotted).then_some(start..end)
}

/// The phone number, the one that is called so before any other: its digits, with a leading `+` where it was said.
pub(super) fn phone(message: &Message<'_>) -> Option<Found> {
    let mut found = phones(message);
    let called = found.iter().position(|found| message.follows(found.at.start, Mark::Phone, 2)).unwrap_or(0);
    (called < found.len()).then(|| found.swap_remove(called))
}

fn phones(message: &Message<'_>) -> Vec<Found> {
    let mut phones = Vec::new();
    let mut at = 0;
    while at < message.tokens.len() {
        let Some(run) = digits_run(message, at) else {
            at += 1;
            continue;
        };
        at = run.at.end;
        if is_phone(message, &run) {
            let plus = run.at.start.checked_sub(1).is_some_and(|before| is_plus(message, before, run.at.start));
            let value = if plus { format!("+{}", run.value) } else { run.value };
            phones.push(Found { value, at: run.at });
        }
    }
    phones
}

fn is_plus(message: &Message<'_>, before: usize, number: usize) -> bool {
    let (plus, first) = (&message.tokens[before], &message.tokens[number]);
    plus.is_sign('+')
        && message.text.get(plus.span.end..first.span.start).is_some_and(|gap| gap.trim_matches(['(', ' ']).is_empty())
}

/// Groups of digits that stand together as the groups of a phone number do.
fn digits_run(message: &Message<'_>, start: usize) -> Option<Found> {
    let is_digits = |at: usize| {
        let token = message.tokens.get(at)?;
        (token.is_number() && token.word.bytes().all(|byte| byte.is_ascii_digit())).then_some(token)
    };
    let mut last = is_digits(start)?;
    let mut value = last.word.clone();
    let mut end = start + 1;
    while let Some(next) = is_digits(end) {
        let gap = message.text.get(last.span.end..next.span.start).unwrap_or("\n");
        let near = gap.chars().count() <= 3 && gap.chars().all(|char| matches!(char, ' ' | '-' | '\u{a0}' | '(' | ')'));
        // Ten digits in one piece are a number of their own: what follows may be a quantity.
        let whole = last.word.len() >= 9 || next.word.len() >= 9 || value.len() + next.word.len() > 15;
        if !near || whole || next.word.len() < 2 {
            break;
        }
        value.push_str(&next.word);
        last = next;
        end += 1;
    }
    Some(Found { value, at: start..end })
}

fn is_phone(message: &Message<'_>, run: &Found) -> bool {
    let digits = run.value.len();
    let start = run.at.start;
    let glued_word = message
        .tokens
        .get(run.at.end)
        .is_some_and(|next| next.is_word() && message.tokens[run.at.end - 1].span.end == next.span.start);
    let before = start.checked_sub(1).map(|before| &message.tokens[before]);
    let coded = before.is_some_and(|before| before.is_sign('#') || before.is_sign('$') || before.is_sign('='));
    if glued_word || coded || !(6..=15).contains(&digits) {
        return false;
    }
    let plus = before.is_some_and(|before| before.is_sign('+'));
    if plus || message.follows(start, Mark::Phone, 2) && digits >= 7 {
        return true;
    }
    let code = (start.saturating_sub(2)..start)
        .any(|at| marks_at(&[message.tokens[at].word.as_str()]).is_some_and(|(_, marks)| marks.contains(&Mark::Code)));
    !code && (9..=13).contains(&digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phone_numbers_are_found_in_many_spellings() {
        for (text, expected) in [
            ("call me on 024 555 0199", "0245550199"),
            ("mi número es +34 612-345-678 gracias", "+34612345678"),
            ("06 12 34 56 78", "0612345678"),
            ("two caps 0245550199", "0245550199"),
            ("tel: (212) 555 0142", "2125550142"),
        ] {
            assert_eq!(phone(&Message::new(text)).map(|found| found.value).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_numbers_are_no_phone_numbers() {
        for text in ["order 204417735", "2 caps for 1500", "jeans 30 32 34", "2024-05-12", "#5512345678", "code 771204"]
        {
            assert_eq!(phone(&Message::new(text)), None, "{text}");
        }
    }

    #[test]
    fn email_addresses_are_lower_cased_and_end_before_the_full_stop() {
        let found = email(&Message::new("write to Ada.L@Example.Co.UK. thanks")).unwrap();
        assert_eq!(found.value, "ada.l@example.co.uk");
        for text in ["@shop", "me@home", "a @ b.c", "🙂@🙂.com"] {
            assert_eq!(email(&Message::new(text)), None, "{text}");
        }
    }
}
