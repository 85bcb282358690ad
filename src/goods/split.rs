//! Cuts a JSON file into products as its bytes come in: an array, an object with an array `products`, or a product a
//! line. No more is kept than one product may have.

use super::report::{Place, Wrong};

/// So many bytes a product may have.
pub(super) const ELEMENT_BYTES: usize = 2 << 20;

/// What is left of a file that is read.
pub(super) struct Splitter {
    element: Vec<u8>,
    /// What is open in the element, as far as it was read; 0 between elements.
    depth: usize,
    in_string: bool,
    after_backslash: bool,
    /// It is no object: it ends where a separator stands.
    is_scrap: bool,
    is_too_long: bool,
    lines: u64,
    elements: u64,
    begun_at: u64,
    list: List,
    /// The list stands in an object: whatever follows it there is none of our business.
    is_within: bool,
    /// What follows the list was told of.
    has_more: bool,
}

/// Whether the products stand in a list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    /// Nothing was read yet.
    NotBegun,
    /// They do not: one stands after the other.
    None,
    Open,
    Closed,
}

impl Splitter {
    pub(super) fn new() -> Self {
        Self {
            element: Vec::new(),
            depth: 0,
            in_string: false,
            after_backslash: false,
            is_scrap: false,
            is_too_long: false,
            lines: 0,
            elements: 0,
            begun_at: 1,
            list: List::NotBegun,
            is_within: false,
            has_more: false,
        }
    }

    /// Takes the next bytes.
    pub(super) fn feed(&mut self, bytes: &[u8], sink: &mut impl FnMut(Place, Result<&[u8], Wrong>)) {
        for byte in bytes {
            if self.depth == 0 && !self.is_scrap {
                self.between(*byte, sink);
            } else {
                self.within(*byte, sink);
            }
            self.lines += u64::from(*byte == b'\n');
        }
    }

    /// The file is at its end.
    pub(super) fn finish(&mut self, sink: &mut impl FnMut(Place, Result<&[u8], Wrong>)) {
        if self.is_scrap {
            self.end(sink);
        } else if self.depth > 0 {
            self.elements += 1;
            sink(
                self.place(),
                Err(Wrong::new("cut_off", "the file ends in the midst of this product: is all of it here?")),
            );
        } else if self.list == List::Open {
            self.begun_at = self.lines + 1;
            self.elements += 1;
            let wrong = Wrong::new("cut_off", "the file ends before its list does: is all of it here?");
            sink(self.place(), Err(wrong));
        }
    }

    fn between(&mut self, byte: u8, sink: &mut impl FnMut(Place, Result<&[u8], Wrong>)) {
        match byte {
            _ if self.list == List::Closed => self.after_the_list(byte, sink),
            b' ' | b'\t' | b'\r' | b'\n' | b',' | 0xef | 0xbb | 0xbf => {}
            b'[' if self.list == List::NotBegun => self.list = List::Open,
            b']' if self.list == List::Open => self.list = List::Closed,
            _ => self.begin(byte),
        }
    }

    /// Whoever puts two lists into one file means both of them.
    fn after_the_list(&mut self, byte: u8, sink: &mut impl FnMut(Place, Result<&[u8], Wrong>)) {
        if self.is_within || self.has_more || byte.is_ascii_whitespace() {
            return;
        }
        self.has_more = true;
        self.begun_at = self.lines + 1;
        self.elements += 1;
        let detail = "a file is one list: nothing of what follows its end was read";
        sink(self.place(), Err(Wrong::new("after_the_list", detail)));
    }

    fn begin(&mut self, byte: u8) {
        self.element.clear();
        self.element.push(byte);
        self.begun_at = self.lines + 1;
        (self.is_too_long, self.after_backslash) = (false, false);
        self.is_scrap = byte != b'{';
        self.in_string = byte == b'"';
        self.depth = usize::from(byte == b'{');
    }

    fn within(&mut self, byte: u8, sink: &mut impl FnMut(Place, Result<&[u8], Wrong>)) {
        let ends_scrap = matches!(byte, b',' | b']' | b'\n') && !self.in_string;
        if self.is_scrap && ends_scrap {
            self.end(sink);
            return self.between(byte, sink);
        }
        if byte == b'[' && self.is_around_the_list() {
            (self.depth, self.list, self.is_within) = (0, List::Open, true);
            return;
        }
        match self.element.len() < ELEMENT_BYTES {
            true => self.element.push(byte),
            false => self.is_too_long = true,
        }
        if self.after_backslash {
            self.after_backslash = false;
        } else if self.in_string {
            (self.in_string, self.after_backslash) = (byte != b'"', byte == b'\\');
        } else {
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += usize::from(!self.is_scrap),
                b'}' | b']' if !self.is_scrap => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        self.end(sink);
                    }
                }
                _ => {}
            }
        }
    }

    /// True where the list of an object `{"products": [` begins.
    fn is_around_the_list(&self) -> bool {
        let is_first = self.list == List::NotBegun && self.depth == 1 && !self.in_string && !self.is_scrap;
        let name = || self.element.trim_ascii_end().strip_suffix(b":").map(<[u8]>::trim_ascii_end);
        is_first && name().is_some_and(|before| before.ends_with(b"\"products\""))
    }

    fn end(&mut self, sink: &mut impl FnMut(Place, Result<&[u8], Wrong>)) {
        (self.depth, self.is_scrap, self.in_string) = (0, false, false);
        if self.list == List::NotBegun {
            self.list = List::None;
        }
        self.elements += 1;
        let too_long = || Wrong::new("row_too_long", format!("a product has at most {ELEMENT_BYTES} bytes"));
        sink(self.place(), if self.is_too_long { Err(too_long()) } else { Ok(&self.element) });
    }

    fn place(&self) -> Place {
        Place { row: self.elements, line: self.begun_at }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(pieces: &[&[u8]]) -> Vec<(u64, Result<String, &'static str>)> {
        let (mut splitter, mut found) = (Splitter::new(), Vec::new());
        let mut sink = |place: Place, element: Result<&[u8], Wrong>| {
            let element = element.map(|element| String::from_utf8_lossy(element).into_owned());
            found.push((place.line, element.map_err(|wrong| wrong.code)));
        };
        pieces.iter().for_each(|piece| splitter.feed(piece, &mut sink));
        splitter.finish(&mut sink);
        found
    }

    fn elements(file: &str) -> Vec<String> {
        split(&[file.as_bytes()]).into_iter().map(|(_, element)| element.unwrap_or_else(str::to_owned)).collect()
    }

    #[test]
    fn products_are_found_in_a_list_in_an_object_and_line_by_line() {
        let (one, other) = (r#"{"a":"}]\"{","b":[{}]}"#, r#"{"a":2}"#);
        for file in [
            format!("[{one},\n {other}]"),
            format!("{{\"products\": [{one},{other}], \"more\": [{{}}]}}"),
            format!("{{\"count\":[2],\"products\" :[{one} , {other}]}}"),
            format!("{one}\n{other}\n"),
            format!("\u{feff}{one}{other}"),
        ] {
            assert_eq!(elements(&file), [one, other], "{file}");
        }
        assert_eq!(elements("[]"), [""; 0]);
        assert_eq!(elements(r#"{"products":[]}"#), [""; 0]);
    }

    #[test]
    fn what_is_no_product_costs_no_other() {
        assert_eq!(elements(r#"[1, "a,]{", {"a":1}, null]"#), ["1", r#""a,]{""#, r#"{"a":1}"#, "null"]);
        assert_eq!(elements("nonsense\n{\"a\":1}\n"), ["nonsense", r#"{"a":1}"#]);
        assert_eq!(elements(r#"[{"a":1},{"a":"#), [r#"{"a":1}"#, "cut_off"]);
        assert_eq!(elements(r#"[{"a":1},"#), [r#"{"a":1}"#, "cut_off"]);
        assert_eq!(elements(r#"{"products":[{"a":1}"#), [r#"{"a":1}"#, "cut_off"]);
        assert_eq!(elements("["), ["cut_off"]);
        assert_eq!(elements("[{\"a\":1}]\n[{\"a\":2},{}]"), [r#"{"a":1}"#, "after_the_list"]);
        let long = format!("[{{\"a\":\"{}\"}},{{}}]", "x".repeat(ELEMENT_BYTES));
        assert_eq!(elements(&long), ["row_too_long", "{}"]);
    }

    #[test]
    fn lines_are_counted() {
        let lines: Vec<u64> = split(&[b"[\n{\"a\":\n1},\n\n{}]"]).into_iter().map(|(line, _)| line).collect();
        assert_eq!(lines, [2, 5]);
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_the_bytes_come(text in "[\\[\\]{}\",:\\\\a\n]{0,60}", cut in 0..60_usize) {
            let (left, right) = text.as_bytes().split_at(cut.min(text.len()));
            prop_assert_eq!(split(&[left, right]), split(&[text.as_bytes()]));
        }
    }
}
