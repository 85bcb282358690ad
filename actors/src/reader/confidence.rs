//! How sure the reader is: fully only of a product named exactly, counted clearly, in a message with nothing left over.

/// What a line's confidence rests on.
#[derive(Clone, Copy, Debug)]
pub(super) struct LineFacts {
    /// 1 when the words are spelled as in the catalog.
    pub(super) quality: f32,
    /// How much of the product's name was said.
    pub(super) coverage: f32,
    /// Other products fit as well.
    pub(super) ambiguous: bool,
    /// Quantities and options go together.
    pub(super) clear: bool,
    /// A quantity was said.
    pub(super) counted: bool,
}

/// What a whole reading's confidence rests on.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadingFacts {
    /// Words say that this is an order.
    pub(super) ordered: bool,
    /// Something is asked, told, corrected or refused besides.
    pub(super) mixed: bool,
    /// Words that mean something to somebody, but not to us.
    pub(super) unknown: usize,
    /// Words that we made something of.
    pub(super) known: usize,
}

/// From 0 to 1.
pub(super) fn line_confidence(facts: &LineFacts) -> f32 {
    let named = 0.8 + 0.2 * facts.coverage.min(1.0);
    let unique = if facts.ambiguous { 0.45 } else { 1.0 };
    let clear = if facts.clear { 1.0 } else { 0.6 };
    let counted = if facts.counted { 1.0 } else { 0.98 };
    (facts.quality * named * unique * clear * counted).clamp(0.0, 1.0)
}

/// From 0 to 1: no surer than the least sure line.
pub(super) fn order_confidence(lines: impl Iterator<Item = f32>, facts: &ReadingFacts) -> f32 {
    let weakest = lines.fold(1.0, f32::min);
    let ordered = if facts.ordered { 1.0 } else { 0.96 };
    let mixed = if facts.mixed { 0.7 } else { 1.0 };
    (weakest * ordered * mixed * left_over(facts)).clamp(0.0, 1.0)
}

/// From 0 to 1, for a reading without lines: how much of the message its intent rests on.
pub(super) fn bare_confidence(marked: bool, facts: &ReadingFacts) -> f32 {
    let base = if marked { 0.9 } else { 0.5 };
    base * left_over(facts)
}

#[expect(clippy::cast_precision_loss, reason = "at most a few hundred words")]
fn left_over(facts: &ReadingFacts) -> f32 {
    let all = (facts.unknown + facts.known).max(1);
    1.0 - 0.6 * facts.unknown as f32 / all as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    const SURE: LineFacts = LineFacts { quality: 1.0, coverage: 1.0, ambiguous: false, clear: true, counted: true };

    #[test]
    fn only_the_exact_and_clear_is_sure() {
        assert!(line_confidence(&SURE) > 0.99);
        assert!(line_confidence(&LineFacts { quality: 0.88, ..SURE }) < 0.9);
        assert!(line_confidence(&LineFacts { ambiguous: true, ..SURE }) < 0.5);
        assert!(line_confidence(&LineFacts { clear: false, ..SURE }) < 0.7);
    }

    #[test]
    fn unknown_words_make_a_reading_less_sure() {
        let facts = ReadingFacts { ordered: true, mixed: false, unknown: 0, known: 4 };
        let sure = order_confidence([1.0, 1.0].into_iter(), &facts);
        let less = order_confidence([1.0, 1.0].into_iter(), &ReadingFacts { unknown: 2, ..facts });
        assert!(sure > 0.99 && less < 0.85);
    }
}
