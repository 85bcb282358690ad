//! What the customer is after, from the phrases and from what was named.

use super::{message::Message, tones::Tone, words::Mark};
use crate::domain::reading::{Intent, LineChange, ReadLine};

/// What the intent is decided from.
pub(super) struct Signs<'a> {
    pub(super) message: &'a Message<'a>,
    pub(super) tones: &'a [Tone],
    pub(super) lines: &'a [ReadLine],
    /// An option or a quantity stands without a product.
    pub(super) loose: bool,
    /// A quantity is said aloud.
    pub(super) counted: bool,
    /// Words we made something of, and words we made nothing of.
    pub(super) known: usize,
    pub(super) unknown: usize,
}

impl Signs<'_> {
    fn has(&self, mark: Mark) -> bool {
        self.message.has(mark)
    }

    fn is_told(&self, tone: Tone) -> bool {
        self.tones.contains(&tone)
    }

    fn orders(&self) -> bool {
        self.has(Mark::Order) || self.has(Mark::Buy) || self.has(Mark::Add)
    }

    fn adds(&self) -> bool {
        self.lines.iter().any(|line| line.change == LineChange::Add)
    }

    /// The intent.
    pub(super) fn intent(&self) -> Intent {
        if self.has(Mark::Complain) && !(self.is_told(Tone::Orders) && self.adds()) {
            return Intent::Complaint;
        }
        if let Some(intent) = self.withdrawal() {
            return intent;
        }
        if self.has(Mark::Again) && self.orders() || self.adds() && self.is_order() {
            return Intent::Order;
        }
        if self.is_told(Tone::Asks) {
            return Intent::Question;
        }
        self.without_lines()
    }

    /// To have less, or otherwise, or nothing at all.
    fn withdrawal(&self) -> Option<Intent> {
        let asks = self.message.phrases.iter().any(|phrase| phrase.is(Mark::Ask));
        let named = !self.lines.is_empty();
        let new_order = self.is_told(Tone::Orders) && self.adds();
        if self.has(Mark::Cancel) && !new_order {
            let whole =
                self.message.tokens.iter().any(|token| matches!(token.word.as_str(), "order" | "pedido" | "commande"));
            return Some(if named && !whole { Intent::Change } else { Intent::Cancel });
        }
        let only_against = named && !self.adds();
        let changes = self.has(Mark::Change) || self.has(Mark::Remove);
        if only_against || changes && !new_order && !asks {
            return Some(Intent::Change);
        }
        (self.has(Mark::MakeIt) && !new_order && (self.loose || named)).then_some(Intent::Change)
    }

    /// True when the products named are wanted: words say so, or the message says little else.
    fn is_order(&self) -> bool {
        let surest = self.lines.iter().map(|line| line.confidence).fold(0.0, f32::max);
        if self.orders() {
            return self.unknown <= self.known + 2;
        }
        let soft = self.has(Mark::Please) || self.counted;
        let bound = if soft { self.known } else { (self.known / 2).max(1) };
        surest > 0.4 && self.unknown <= bound
    }

    fn without_lines(&self) -> Intent {
        let buys = self.has(Mark::Buy) || self.has(Mark::Order) && (self.counted || self.loose);
        if buys && self.unknown <= 2 {
            return Intent::Order;
        }
        // A greeting may name the one it greets.
        let greets = self.has(Mark::Greet)
            && self.unknown <= 1
            && self.message.tokens.len() <= 5 + 5 * usize::from(self.unknown == 0);
        if greets && !self.orders() { Intent::Greeting } else { Intent::Other }
    }
}
