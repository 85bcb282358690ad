//! Brings the forms of a word together: plurals, a few words that mean the same in several languages, typing slips.

use super::words::concept;

/// The form under which a folded word is looked up.
pub(super) fn root(word: &str) -> String {
    if let Some(concept) = concept(word) {
        return concept.to_owned();
    }
    let stem = singular(word);
    concept(&stem).map_or(stem, str::to_owned)
}

/// The word without its plural ending. It need not be a real word: `shoe` and `shoes` only have to meet.
pub(super) fn singular(word: &str) -> String {
    let mut stem = word;
    if !word.is_ascii() || word.len() < 4 {
        return stem.to_owned();
    }
    if (stem.ends_with("eux") || stem.ends_with("eaux") || stem.ends_with("oux")) && stem.len() > 4 {
        stem = &stem[..stem.len() - 1];
    }
    if stem.ends_with('s') && !stem.ends_with("ss") {
        stem = &stem[..stem.len() - 1];
    }
    if stem.len() >= 4 && stem.ends_with("ie") && word.len() >= 5 {
        return format!("{}y", &stem[..stem.len() - 2]);
    }
    if stem.len() >= 4 && stem.ends_with('e') {
        stem = &stem[..stem.len() - 1];
    }
    stem.to_owned()
}

/// How many typing slips a word of this length may hold.
pub(super) fn slips(letters: usize) -> usize {
    match letters {
        0..=3 => 0,
        4..=7 => 1,
        _ => 2,
    }
}

/// Which letters a word has; two words few slips apart differ in few letters.
pub(super) fn letters(word: &str) -> u32 {
    word.bytes().filter(u8::is_ascii_lowercase).fold(0, |mask, byte| mask | 1 << (byte - b'a'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn singular_and_plural_meet() {
        let pairs = [
            ("shirt", "shirts"),
            ("dress", "dresses"),
            ("shoe", "shoes"),
            ("cookie", "cookies"),
            ("pastry", "pastries"),
            ("pie", "pies"),
            ("flor", "flores"),
            ("pantalon", "pantalones"),
            ("gateau", "gateaux"),
            ("vela", "velas"),
            ("box", "boxes"),
            ("blouse", "blouses"),
        ];
        for (one, many) in pairs {
            assert_eq!(root(one), root(many), "{one} and {many}");
        }
    }

    #[test]
    fn a_colour_meets_its_name_in_other_languages() {
        for word in ["blue", "bleue", "bleus", "azul", "azules", "azuis"] {
            assert_eq!(root(word), root("blue"), "{word}");
        }
        assert_ne!(root("blue"), root("red"));
    }

    #[test]
    fn short_words_may_hold_no_slip() {
        assert_eq!([3, 4, 7, 8].map(slips), [0, 1, 1, 2]);
    }
}
