//! A message as the later steps see it: tokens, the phrases among them, sentences.

use std::ops::Range;

use super::{
    tokens::{Kind, Token, tokenise},
    words::{self, Mark, marks_at},
};

/// A message, cut up.
pub(super) struct Message<'a> {
    pub(super) text: &'a str,
    pub(super) tokens: Vec<Token>,
    pub(super) phrases: Vec<Phrase>,
    /// By token: the sentence it belongs to.
    sentences: Vec<usize>,
}

/// A phrase that tells something.
pub(super) struct Phrase {
    /// Its tokens.
    pub(super) at: Range<usize>,
    pub(super) marks: Vec<Mark>,
}

impl Phrase {
    pub(super) fn is(&self, mark: Mark) -> bool {
        self.marks.contains(&mark)
    }
}

impl<'a> Message<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let tokens = tokenise(text);
        let phrases = phrases(&tokens);
        let sentences = sentences(&tokens);
        Self { text, tokens, phrases, sentences }
    }

    /// The words of these tokens as they stand in the message.
    pub(super) fn words(&self, at: Range<usize>) -> &'a str {
        let first = self.tokens.get(at.start).map(|token| token.span.start);
        let last = at.end.checked_sub(1).and_then(|last| self.tokens.get(last)).map(|token| token.span.end);
        first.zip(last).and_then(|(first, last)| self.text.get(first..last)).unwrap_or("")
    }

    pub(super) fn sentence_of(&self, token: usize) -> usize {
        self.sentences.get(token).copied().unwrap_or(0)
    }

    pub(super) fn sentence_count(&self) -> usize {
        self.sentences.last().map_or(0, |last| last + 1)
    }

    /// True when the sentence ends with a question mark.
    pub(super) fn is_asked(&self, sentence: usize) -> bool {
        (0..self.tokens.len()).any(|at| self.sentences[at] == sentence && self.tokens[at].is_sign('?'))
    }

    /// The phrases that begin in this sentence.
    pub(super) fn phrases_in(&self, sentence: usize) -> impl Iterator<Item = &Phrase> {
        self.phrases.iter().filter(move |phrase| self.sentence_of(phrase.at.start) == sentence)
    }

    pub(super) fn has(&self, mark: Mark) -> bool {
        self.phrases.iter().any(|phrase| phrase.is(mark))
    }

    /// True for words that say nothing of wares: fillers, numbers, parts of phrases.
    pub(super) fn is_common(&self, at: usize) -> bool {
        let Some(token) = self.tokens.get(at) else { return true };
        let small = words::is_filler(&token.word) || words::is_link(&token.word) || words::is_counted(&token.word);
        !token.is_word() || small || words::number(&token.word).is_some() || self.in_phrase(at)
    }

    pub(super) fn in_phrase(&self, at: usize) -> bool {
        self.phrases.iter().any(|phrase| phrase.at.contains(&at))
    }

    /// Drops phrases that turned out to be (part of) the name of something, such as `extra` in a size.
    pub(super) fn forget_phrases(&mut self, named: &[bool]) {
        self.phrases.retain(|phrase| !phrase.at.clone().all(|at| named.get(at).copied().unwrap_or(false)));
    }

    /// True when a phrase with this mark ends at most `within` tokens before this one.
    pub(super) fn follows(&self, at: usize, mark: Mark, within: usize) -> bool {
        self.phrases.iter().any(|phrase| phrase.is(mark) && phrase.at.end <= at && at - phrase.at.end <= within)
    }
}

fn phrases(tokens: &[Token]) -> Vec<Phrase> {
    let words: Vec<&str> = tokens.iter().map(|token| token.word.as_str()).collect();
    let mut phrases = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let found = if tokens[at].is_word() { marks_at(&words[at..]) } else { None };
        let (len, marks) = found.unwrap_or((1, Vec::new()));
        if !marks.is_empty() {
            phrases.push(Phrase { at: at..at + len, marks });
        }
        at += len;
    }
    phrases
}

/// Numbers the sentences: they end with a line, a question mark, an exclamation mark or a full stop.
fn sentences(tokens: &[Token]) -> Vec<usize> {
    let mut sentence = 0;
    let mut ended = false;
    let number = |token: &Token| {
        let ends = match token.kind {
            Kind::Newline => true,
            Kind::Sign(sign) => matches!(sign, '.' | '!' | '?' | ';'),
            Kind::Word | Kind::Number => false,
        };
        if ended && !ends {
            sentence += 1;
        }
        ended = ends;
        sentence
    };
    tokens.iter().map(number).collect()
}
