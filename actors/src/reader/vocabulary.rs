//! The words of a catalog, and which of them a word of a message may be.

use super::stems::{letters, root, slips};

/// A word of the catalog, by its place in the vocabulary.
pub(super) type WordId = u32;

/// The distinct roots of a catalog's words, in order.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    roots: Box<[Box<str>]>,
    masks: Box<[u32]>,
}

/// A word of the catalog that a word of a message may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Likeness {
    pub(super) word: WordId,
    /// 1 when it is that word, less with every typing slip.
    pub(super) quality: f32,
}

impl Vocabulary {
    pub(super) fn new(mut roots: Vec<String>) -> Self {
        roots.sort_unstable();
        roots.dedup();
        let masks = roots.iter().map(|root| letters(root)).collect();
        Self { roots: roots.into_iter().map(String::into_boxed_str).collect(), masks }
    }

    /// The word with this root.
    pub(super) fn find(&self, root: &str) -> Option<WordId> {
        let found = self.roots.binary_search_by(|known| known.as_ref().cmp(root)).ok()?;
        WordId::try_from(found).ok()
    }

    pub(super) fn root(&self, word: WordId) -> &str {
        self.roots.get(word as usize).map_or("", |root| root.as_ref())
    }

    pub(super) fn len(&self) -> usize {
        self.roots.len()
    }

    /// The word of the catalog that this folded word is exactly.
    pub(super) fn exact(&self, word: &str) -> Option<Likeness> {
        self.find(&root(word)).map(|word| Likeness { word, quality: 1.0 })
    }

    /// The words that this folded word may be, typed with slips; only the nearest ones.
    pub(super) fn near(&self, word: &str) -> Vec<Likeness> {
        let allowed = slips(word.chars().count());
        if allowed == 0 {
            return Vec::new();
        }
        let typed = root(word);
        let mask = letters(&typed);
        let mut nearest = allowed;
        let mut found = Vec::new();
        for (id, known) in self.roots.iter().enumerate() {
            let far = (self.masks[id] ^ mask).count_ones() as usize > 2 * nearest;
            if far || known.len().abs_diff(typed.len()) > nearest || !comparable(&typed, known, allowed) {
                continue;
            }
            let distance = strsim::osa_distance(&typed, known);
            if distance < nearest {
                nearest = distance;
                found.clear();
            }
            if distance <= nearest {
                let quality = if distance <= 1 { 0.88 } else { 0.78 };
                found.extend(WordId::try_from(id).map(|word| Likeness { word, quality }));
            }
        }
        found
    }
}

/// A first letter is seldom mistyped; only a long word may differ in it. Numbers are never near one another.
fn comparable(typed: &str, known: &str, allowed: usize) -> bool {
    let numeric = known.starts_with(|char: char| char.is_ascii_digit());
    let same_start = typed.chars().next() == known.chars().next();
    known.chars().count() >= 4 && !numeric && (same_start || allowed > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary(words: &[&str]) -> Vocabulary {
        Vocabulary::new(words.iter().map(|word| root(word)).collect())
    }

    #[test]
    fn a_slip_is_forgiven_by_length() {
        let words = vocabulary(&["teapot", "linen", "hat", "shirt", "shorts", "cardigan"]);
        for (typed, meant) in [("cardgian", "cardigan"), ("teepot", "teapot"), ("linnen", "linen"), ("shrit", "shirt")]
        {
            let near: Vec<&str> = words.near(typed).iter().map(|like| words.root(like.word)).collect();
            assert_eq!(near, [root(meant)], "{typed}");
        }
        assert!(words.near("hut").is_empty(), "three letters");
        assert!(words.near("linear").is_empty(), "two slips in a short word");
    }
}
