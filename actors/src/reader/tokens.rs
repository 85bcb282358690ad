//! Cuts a message into words, numbers and the punctuation that matters, each with its place in the text.

use std::ops::Range;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// How much of a message is read; what follows is not looked at, so that no message can hold a seller up.
const MOST_CHARS: usize = 4_000;
const MOST_TOKENS: usize = 400;

/// Punctuation that separates or says something about its neighbours; all other signs only end words.
const TELLING: &str = ",.!?;:/+&#@%$€£¥₹₦₵₱₩×*=";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Number,
    Sign(char),
    Newline,
}

/// A word, a number or a sign.
#[derive(Clone, Debug)]
pub(super) struct Token {
    /// Where it stands in the message, in bytes.
    pub(super) span: Range<usize>,
    /// Without case, accents and apostrophes.
    pub(super) word: String,
    pub(super) kind: Kind,
    /// A shortened word before an apostrophe (`l'`, `d'`): never an option value.
    pub(super) elided: bool,
}

impl Token {
    pub(super) fn is_word(&self) -> bool {
        self.kind == Kind::Word
    }

    pub(super) fn is_number(&self) -> bool {
        self.kind == Kind::Number
    }

    pub(super) fn is_sign(&self, sign: char) -> bool {
        self.kind == Kind::Sign(sign)
    }

    /// The number, if it is a plain whole one.
    pub(super) fn number(&self) -> Option<u32> {
        if self.is_number() { self.word.parse().ok() } else { None }
    }
}

/// True when nothing stands between two neighbours.
pub(super) fn glued(left: &Token, right: &Token) -> bool {
    left.span.end == right.span.start
}

/// The tokens of a text, as far as it is read.
pub(super) fn tokenise(text: &str) -> Vec<Token> {
    let end = text.char_indices().nth(MOST_CHARS).map_or(text.len(), |(at, _)| at);
    let text = &text[..end];
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < text.len() && tokens.len() < MOST_TOKENS {
        let rest = &text[at..];
        let Some(first) = rest.chars().next() else { break };
        let len = if first.is_alphabetic() {
            push_word(&mut tokens, at, &rest[..run(rest, in_word)])
        } else if digit(first).is_some() {
            push_number(&mut tokens, at, &rest[..number_run(rest)])
        } else {
            push_sign(&mut tokens, at, first)
        };
        at += len;
    }
    tokens
}

/// A text without case and accents.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for char in text.nfkd().filter(|char| !is_combining_mark(*char)).flat_map(char::to_lowercase) {
        match char {
            'ß' => folded.push_str("ss"),
            'œ' => folded.push_str("oe"),
            'æ' => folded.push_str("ae"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'ı' => folded.push('i'),
            char if is_combining_mark(char) => {}
            char => folded.push(char),
        }
    }
    folded
}

fn in_word(char: char) -> bool {
    char.is_alphabetic() || is_combining_mark(char) || is_apostrophe(char)
}

fn is_apostrophe(char: char) -> bool {
    matches!(char, '\'' | '’' | '‘' | '`' | 'ʼ')
}

/// The bytes at the front of `text` whose characters all pass.
fn run(text: &str, passes: impl Fn(char) -> bool) -> usize {
    text.find(|char| !passes(char)).unwrap_or(text.len())
}

/// Digits of the scripts our customers write in, as a value.
fn digit(char: char) -> Option<char> {
    const ZEROS: [char; 6] = ['0', '\u{660}', '\u{6f0}', '\u{966}', '\u{9e6}', '\u{ff10}'];
    let value = ZEROS.iter().map(|zero| (char as u32).wrapping_sub(*zero as u32)).find(|value| *value < 10)?;
    char::from_digit(value, 10)
}

/// Digits, with the points and commas between them (`0.3`, `1,500`).
fn number_run(text: &str) -> usize {
    let mut end = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, char)) = chars.next() {
        let joins = matches!(char, '.' | ',') && chars.peek().is_some_and(|(_, next)| digit(*next).is_some());
        if digit(char).is_none() && !joins {
            break;
        }
        end = at + char.len_utf8();
    }
    end
}

fn push_number(tokens: &mut Vec<Token>, at: usize, text: &str) -> usize {
    let word = text.chars().map(|char| digit(char).unwrap_or(char)).collect();
    tokens.push(Token { span: at..at + text.len(), word, kind: Kind::Number, elided: false });
    text.len()
}

fn push_sign(tokens: &mut Vec<Token>, at: usize, sign: char) -> usize {
    let kind = match sign {
        '\n' | '\r' | '\u{2028}' => Some(Kind::Newline),
        '؟' | '？' => Some(Kind::Sign('?')),
        '،' | '，' | '、' => Some(Kind::Sign(',')),
        '。' => Some(Kind::Sign('.')),
        sign if TELLING.contains(sign) => Some(Kind::Sign(sign)),
        _ => None,
    };
    if let Some(kind) = kind {
        tokens.push(Token { span: at..at + sign.len_utf8(), word: String::new(), kind, elided: false });
    }
    sign.len_utf8()
}

/// A word, or two when a Romance apostrophe splits it (`d'olive`); English ones do not (`don't`, `i'd`).
fn push_word(tokens: &mut Vec<Token>, at: usize, text: &str) -> usize {
    let trimmed = text.trim_end_matches(is_apostrophe);
    let split = trimmed.char_indices().find(|(_, char)| is_apostrophe(*char)).filter(|(apostrophe, char)| {
        let before = trimmed[..*apostrophe].chars().count();
        let after = trimmed[apostrophe + char.len_utf8()..].chars().count();
        before <= 2 && after >= 3
    });
    if let Some((apostrophe, char)) = split {
        let elided = Token { elided: true, ..word(at, &trimmed[..apostrophe]) };
        tokens.push(elided);
        let rest = apostrophe + char.len_utf8();
        tokens.push(word(at + rest, &trimmed[rest..]));
    } else {
        tokens.push(word(at, trimmed));
    }
    text.len()
}

fn word(at: usize, text: &str) -> Token {
    let folded = fold(text).chars().filter(|char| !is_apostrophe(*char)).collect();
    Token { span: at..at + text.len(), word: folded, kind: Kind::Word, elided: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        tokenise(text).into_iter().map(|token| token.word).collect()
    }

    #[test]
    fn case_and_accents_are_folded_but_the_spans_are_those_of_the_text() {
        let text = "2 ÉCLAIRS 😍 s'il te plaît";
        let tokens = tokenise(text);
        assert_eq!(words(text), ["2", "eclairs", "sil", "te", "plait"]);
        assert_eq!(&text[tokens[1].span.clone()], "ÉCLAIRS");
        assert_eq!(&text[tokens[4].span.clone()], "plaît");
    }

    #[test]
    fn romance_elisions_split_and_english_ones_do_not() {
        assert_eq!(words("j'aimerais l'huile"), ["j", "aimerais", "l", "huile"]);
        assert_eq!(words("I'd don't what's"), ["id", "dont", "whats"]);
    }

    #[test]
    fn numbers_stand_apart_from_letters_and_keep_their_decimals() {
        assert_eq!(words("x2 3kg 0.3 1,500"), ["x", "2", "3", "kg", "0.3", "1,500"]);
        assert_eq!(words("٣"), ["3"]);
    }

    #[test]
    fn a_very_long_text_is_read_in_part_only() {
        assert!(tokenise(&"a ".repeat(500_000)).len() <= MOST_TOKENS);
        assert_eq!(tokenise(&"é".repeat(500_000)).len(), 1);
    }
}
