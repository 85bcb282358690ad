//! Finds how many: digits and number words, and tells them from sizes, prices, times and codes.

use std::ops::Range;

use super::{
    index::hyphened,
    message::Message,
    tokens::{Kind, glued},
    words::{
        is_article, is_counted, is_couple, is_doubtful_number, is_dozen, is_filler, is_half, is_label, is_link,
        is_look, is_money, is_pair, is_unit, number,
    },
};

/// Nobody orders more in a message; larger numbers are prices, years and codes.
const MOST: u32 = 999;

/// A number that may say how many.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Quantity {
    /// Its tokens.
    pub(super) at: Range<usize>,
    pub(super) count: u32,
    pub(super) sort: Sort,
    /// It counts pairs: one of what is sold by the pair, two of anything else.
    pub(super) pairs: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// An article: one, if what it stands before is counted at all.
    Article,
    /// A bare number.
    Plain,
    /// A number that can only be a count (`x2`, `2 pcs`, `a dozen`).
    Marked,
    /// As `Marked`, and said after what it counts (`x2`).
    After,
}

/// The quantities of a message. What is `named` or `taken` is no quantity.
pub(super) fn quantities(message: &Message<'_>, named: &[bool], taken: &[bool]) -> Vec<Quantity> {
    let search = Search { message, named, taken };
    let mut quantities = Vec::new();
    let mut at = 0;
    while at < message.tokens.len() {
        match search.at(at) {
            Some(quantity) => {
                at = quantity.at.end;
                quantities.push(quantity);
            }
            None => at += 1,
        }
    }
    quantities
}

struct Search<'a> {
    message: &'a Message<'a>,
    named: &'a [bool],
    taken: &'a [bool],
}

impl Search<'_> {
    fn word(&self, at: usize) -> &str {
        self.message.tokens.get(at).map_or("", |token| token.word.as_str())
    }

    fn is_free(&self, at: usize) -> bool {
        at < self.message.tokens.len() && !self.named[at] && !self.taken[at]
    }

    fn at(&self, at: usize) -> Option<Quantity> {
        if !self.is_free(at) {
            return None;
        }
        self.times(at).or_else(|| self.dozens(at)).or_else(|| self.digits(at)).or_else(|| self.number_word(at))
    }

    /// `x2`, `x 2`, `* 2`
    fn times(&self, at: usize) -> Option<Quantity> {
        let sign = self.is_times(at);
        let count = self.message.tokens.get(at + 1)?.number().filter(|count| (1..=MOST).contains(count));
        let count = count.filter(|_| sign && self.is_free(at + 1) && !self.is_measure(at + 1))?;
        Some(Quantity { at: at..at + 2, count, sort: Sort::After, pairs: false })
    }

    fn is_times(&self, at: usize) -> bool {
        let Some(token) = self.message.tokens.get(at) else { return false };
        token.word == "x" || token.is_sign('×') || token.is_sign('*')
    }

    /// `a dozen`, `half a dozen`, `two dozen`, `a couple of`, `a pair of`, `2 pairs of`
    fn dozens(&self, at: usize) -> Option<Quantity> {
        let half = is_half(self.word(at));
        let start = if half { at + 1 } else { at };
        let counted = self.count(start).map(|count| (count, start + 1));
        let counted = counted.or_else(|| is_article(self.word(start)).then_some((1, start + 1)));
        let (times, end) = counted.unwrap_or((1, start));
        let unit = self.word(end);
        let (count, pairs) = match unit {
            unit if is_dozen(unit) && half => (times * 6, false),
            unit if is_dozen(unit) => (times * 12, false),
            unit if is_couple(unit) => (times * 2, false),
            unit if is_pair(unit) && !half => (times, true),
            _ => return None,
        };
        let in_range = (1..=MOST).contains(&count) && self.is_free(end);
        in_range.then_some(Quantity { at: at..end + 1, count, sort: Sort::Marked, pairs })
    }

    /// A number at this token, in digits or in words.
    fn count(&self, at: usize) -> Option<u32> {
        let token = self.message.tokens.get(at)?;
        token.number().or_else(|| number(&token.word)).filter(|count| (1..=MOST).contains(count))
    }

    fn digits(&self, at: usize) -> Option<Quantity> {
        let count = self.message.tokens[at].number().filter(|count| (1..=MOST).contains(count))?;
        if self.is_measure(at) || self.is_labelled(at) || self.is_tied(at) {
            return None;
        }
        let marked = is_counted(self.word(at + 1)) || self.is_times(at + 1);
        let end = if marked && self.is_free(at + 1) { at + 2 } else { at + 1 };
        // A large number counts only what it stands right before.
        if count > 99 && !marked && !self.counts_something(at + 1) {
            return None;
        }
        let sort = if marked { Sort::Marked } else { Sort::Plain };
        Some(Quantity { at: at..end, count, sort, pairs: false })
    }

    fn number_word(&self, at: usize) -> Option<Quantity> {
        let word = self.word(at);
        if is_article(word) {
            let sort = Sort::Article;
            return self.counts_something(at + 1).then_some(Quantity { at: at..at + 1, count: 1, sort, pairs: false });
        }
        let mut count = number(word).filter(|count| *count > 0)?;
        if self.is_pronoun(at) || self.is_labelled(at) || is_unit(self.word(at + 1)) {
            return None;
        }
        let mut end = at + 1;
        let unit = number(self.word(end)).filter(|unit| count >= 20 && count % 10 == 0 && (1..10).contains(unit));
        if let Some(unit) = unit.filter(|_| self.is_free(end)) {
            count += unit;
            end += 1;
        }
        if is_doubtful_number(word) && !self.counts_something(end) {
            return None;
        }
        let marked = is_counted(self.word(end)) && self.is_free(end);
        let end = if marked { end + 1 } else { end };
        let sort = if marked { Sort::Marked } else { Sort::Plain };
        Some(Quantity { at: at..end, count, sort, pairs: false })
    }

    /// True when something named follows, with at most a few small words before it.
    fn counts_something(&self, from: usize) -> bool {
        let ahead = (from..from + 4).take_while(|at| *at < self.named.len());
        let mut words = ahead.skip_while(|at| !self.named[*at] && self.is_small(*at));
        words.next().is_some_and(|at| self.named[at])
    }

    fn is_small(&self, at: usize) -> bool {
        let word = self.word(at);
        !word.is_empty() && (is_filler(word) || is_link(word) || is_counted(word) || is_look(word))
    }

    /// `the red one`, `that one`: stands for a thing and counts nothing.
    fn is_pronoun(&self, at: usize) -> bool {
        let one = matches!(self.word(at), "one" | "uno" | "una" | "un" | "une" | "um" | "uma");
        let before = at.checked_sub(1);
        let pointed = before.is_some_and(|before| {
            let word = self.word(before);
            let pointing =
                matches!(word, "the" | "this" | "that" | "which" | "any" | "no" | "other" | "every" | "each");
            pointing || self.word(at) == "one" && self.named[before] && self.message.tokens[before].is_word()
        });
        one && pointed && !self.counts_something(at + 1)
    }

    /// Belongs to a measure, a price, a time, a date or a share of a hundred.
    fn is_measure(&self, at: usize) -> bool {
        let tokens = &self.message.tokens;
        let money = |sign: char| matches!(sign, '$' | '€' | '£' | '¥' | '₹' | '₦' | '₵' | '₱' | '₩');
        let sign_at = |at: usize| match tokens.get(at).map(|token| token.kind) {
            Some(Kind::Sign(sign)) => Some(sign),
            _ => None,
        };
        let after = sign_at(at + 1).is_some_and(|sign| money(sign) || sign == '%');
        let before = at.checked_sub(1).and_then(sign_at).is_some_and(|sign| money(sign) || sign == '#');
        let clock = |left: usize, right: usize| {
            let joined = tokens.get(left).zip(tokens.get(right)).is_some_and(|(left, right)| glued(left, right));
            joined && sign_at(right).or_else(|| sign_at(left)).is_some_and(|sign| matches!(sign, ':' | '/' | '='))
        };
        let timed = clock(at, at + 1)
            && tokens.get(at + 2).is_some_and(|next| next.is_number() && glued(&tokens[at + 1], next))
            || at
                .checked_sub(2)
                .is_some_and(|first| tokens[first].is_number() && glued(&tokens[first], &tokens[at - 1]))
                && clock(at - 1, at);
        let unit = self.word(at + 1);
        let measured = is_unit(unit) && !self.is_free_word_that_counts(unit);
        after || before || timed || measured || is_money(unit)
    }

    /// Some measures are also small words (`2 in blue`, `2 o`): only glued they measure.
    fn is_free_word_that_counts(&self, unit: &str) -> bool {
        matches!(unit, "in" | "l" | "m" | "an" | "o" | "e" | "a" | "day" | "old" | "st" | "mes")
    }

    /// Stands after a word that says what the number is.
    fn is_labelled(&self, at: usize) -> bool {
        let mut before = at;
        while before > 0 && (self.message.tokens[before - 1].is_sign(':') || self.word(before - 1) == "is") {
            before -= 1;
        }
        let label = before.checked_sub(1).map_or("", |label| self.word(label));
        (is_label(label) || is_money(label)) && !self.named.get(at + 1).copied().unwrap_or(false)
    }

    /// Grown together with letters or other numbers: a code, a range (`AB12`, `3-4`), unless it is `2x` or `3pcs`.
    fn is_tied(&self, at: usize) -> bool {
        let tokens = &self.message.tokens;
        let token = &tokens[at];
        let left = at.checked_sub(1).map(|left| &tokens[left]);
        let tied_left =
            left.is_some_and(|left| left.is_word() && glued(left, token) || hyphened(self.message.text, left, token));
        let tied_right = tokens.get(at + 1).is_some_and(|right| {
            let letters = right.is_word() && glued(token, right) && !is_counted(&right.word) && !self.named[at + 1];
            letters || hyphened(self.message.text, token, right) && !self.named[at + 1]
        });
        let list_bullet = left.is_some_and(|left| left.kind == Kind::Newline || left.is_sign(','));
        tied_left && !list_bullet && left.is_none_or(|left| left.word != "x") || tied_right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The counts read from a text in which `shirt` and `shoes` are named.
    fn counts(text: &str) -> Vec<u32> {
        let message = Message::new(text);
        let named: Vec<bool> =
            message.tokens.iter().map(|token| token.word.starts_with("shirt") || token.word == "shoes").collect();
        let taken = vec![false; named.len()];
        quantities(&message, &named, &taken).into_iter().map(|quantity| quantity.count).collect()
    }

    #[test]
    fn numbers_count_in_digits_and_words() {
        for (text, expected) in [
            ("2 shirts", 2),
            ("two shirts", 2),
            ("twenty five shirts", 25),
            ("x3 shirts", 3),
            ("3x shirts", 3),
            ("shirts x 4", 4),
            ("a shirt", 1),
            ("a couple of shirts", 2),
            ("a dozen shirts", 12),
            ("half a dozen shirts", 6),
            ("media docena de shirts", 6),
            ("une douzaine de shirts", 12),
            ("duas shirts", 2),
            ("5 pcs shirt", 5),
        ] {
            assert_eq!(counts(text), [expected], "{text}");
        }
    }

    #[test]
    fn sizes_prices_times_years_and_codes_do_not_count() {
        for text in [
            "shirt size 42",
            "talla 38",
            "the shirt for $20",
            "20 euros",
            "at 5pm",
            "12:30",
            "12/05",
            "in 2019",
            "shirt 30 cm",
            "10%",
            "code AB12",
            "3-4 days",
            "for 2 people",
            "#15",
            "0.5",
            "the shirt, that one",
        ] {
            assert!(counts(text).is_empty(), "{text}: {:?}", counts(text));
        }
    }
}
