//! A short number for texts, the same in every version of the program: to see whether something is as it was.

/// A print of texts in the making: FNV-1a.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Print(u64);

impl Default for Print {
    /// Of no text.
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Print {
    /// Adds a text.
    pub fn add(&mut self, text: &str) {
        // A byte that no UTF-8 has parts the texts.
        for byte in text.bytes().chain([0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// The number.
    pub fn number(self) -> u64 {
        self.0
    }

    /// The number as databases keep it.
    pub fn stored(self) -> i64 {
        i64::from_ne_bytes(self.0.to_ne_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_text_ends_matters_and_what_was_printed_once_stays() {
        let of = |texts: &[&str]| {
            let mut print = Print::default();
            texts.iter().for_each(|text| print.add(text));
            print.number()
        };
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_eq!(of(&["a"]), 0x089b_c907_b544_c769);
        assert_eq!(of(&[]), 0xcbf2_9ce4_8422_2325);
    }
}
