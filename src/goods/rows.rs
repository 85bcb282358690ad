//! Cuts a CSV file into rows as its bytes come in. However long the file or a row is, no more is kept than one row may
//! have; a row that is longer is told of and skipped.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::columns::MOST_COLUMNS;
use super::report::{Place, Wrong};

/// So many bytes a row may have, without quotes and separators.
pub(super) const ROW_BYTES: usize = 128 << 10;
/// So far the separator is looked for.
const HEAD_BYTES: usize = 64 << 10;

/// What is left of a file that is read.
pub(super) struct Rows {
    /// None until the heading has told the separator.
    reader: Option<Box<Reader>>,
    head: Vec<u8>,
    row: Row,
    /// Lines ended so far.
    lines: u64,
    rows: u64,
}

/// The row that is being read.
struct Row {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    length: usize,
    cells: usize,
    line: u64,
    begun: bool,
    is_too_long: bool,
}

/// What is done with each row.
pub(super) trait Sink: FnMut(Place, Result<&[&str], Wrong>) {}
impl<F: FnMut(Place, Result<&[&str], Wrong>)> Sink for F {}

impl Rows {
    pub(super) fn new() -> Self {
        let row = Row {
            bytes: vec![0; ROW_BYTES],
            ends: vec![0; MOST_COLUMNS],
            length: 0,
            cells: 0,
            line: 1,
            begun: false,
            is_too_long: false,
        };
        Self { reader: None, head: Vec::new(), row, lines: 0, rows: 0 }
    }

    /// Takes the next bytes.
    pub(super) fn feed(&mut self, bytes: &[u8], sink: &mut impl Sink) {
        if self.reader.is_some() {
            return self.read(bytes, sink);
        }
        self.head.extend_from_slice(bytes);
        let has_heading = self.head.iter().skip_while(|byte| is_end_of_line(**byte)).any(|byte| is_end_of_line(*byte));
        if has_heading || self.head.len() >= HEAD_BYTES {
            self.begin(sink);
        }
    }

    /// The file is at its end.
    pub(super) fn finish(&mut self, sink: &mut impl Sink) {
        if self.reader.is_none() {
            self.begin(sink);
        }
        // The end of the input ends the last row as well.
        self.step(&[], sink);
    }

    fn begin(&mut self, sink: &mut impl Sink) {
        let head = std::mem::take(&mut self.head);
        let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head);
        self.reader = Some(Box::new(ReaderBuilder::new().delimiter(separator(text)).build()));
        self.read(text, sink);
    }

    fn read(&mut self, mut bytes: &[u8], sink: &mut impl Sink) {
        while !bytes.is_empty() {
            if !self.row.begun {
                let empty = bytes.iter().take_while(|byte| is_end_of_line(**byte)).count();
                self.lines += newlines(&bytes[..empty]);
                bytes = &bytes[empty..];
                if bytes.is_empty() {
                    return;
                }
                (self.row.begun, self.row.line) = (true, self.lines + 1);
            }
            let taken = self.step(bytes, sink);
            self.lines += newlines(&bytes[..taken]);
            bytes = &bytes[taken..];
        }
    }

    /// Reads to the end of a row, or of these bytes; says how many were read.
    fn step(&mut self, bytes: &[u8], sink: &mut impl Sink) -> usize {
        let Some(reader) = &mut self.reader else { return bytes.len() };
        let row = &mut self.row;
        let mut taken = 0;
        loop {
            let (result, read, written, ended) =
                reader.read_record(&bytes[taken..], &mut row.bytes[row.length..], &mut row.ends[row.cells..]);
            taken += read;
            row.length += written;
            row.cells += ended;
            match result {
                ReadRecordResult::InputEmpty | ReadRecordResult::End => return taken,
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    // The rest of it is read over what is there, to find its end.
                    (row.is_too_long, row.length, row.cells) = (true, 0, 0);
                }
                ReadRecordResult::Record => {
                    self.rows += 1;
                    sink(Place { row: self.rows, line: row.line }, row.cells().as_deref().map_err(Clone::clone));
                    (row.begun, row.is_too_long, row.length, row.cells) = (false, false, 0, 0);
                    return taken;
                }
            }
        }
    }
}

impl Row {
    fn cells(&self) -> Result<Vec<&str>, Wrong> {
        if self.is_too_long {
            let detail =
                format!("a row has at most {MOST_COLUMNS} columns and {ROW_BYTES} bytes: look for a missing quote");
            return Err(Wrong::new("row_too_long", detail));
        }
        let mut begin = 0;
        let cell = |end: &usize| {
            let cell = std::str::from_utf8(&self.bytes[begin..*end]);
            begin = *end;
            cell.map_err(|_| Wrong::new("not_utf8", "the text is not UTF-8: save the file as CSV UTF-8"))
        };
        self.ends[..self.cells].iter().map(cell).collect()
    }
}

fn is_end_of_line(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// The one of the usual separators that the heading has most of.
fn separator(text: &[u8]) -> u8 {
    let heading = text.split(|byte| is_end_of_line(*byte)).find(|line| !line.is_empty()).unwrap_or_default();
    let count = |separator: &u8| heading.iter().filter(|byte| **byte == *separator).count();
    // Of equals the last counts: a heading without any has commas.
    [b'\t', b';', b','].into_iter().max_by_key(count).unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Read = (u64, u64, Result<Vec<String>, &'static str>);

    fn read(pieces: &[&[u8]]) -> Vec<Read> {
        let (mut rows, mut found) = (Rows::new(), Vec::new());
        let mut sink = |place: Place, cells: Result<&[&str], Wrong>| {
            let cells = cells.map(|cells| cells.iter().map(|cell| (*cell).to_owned()).collect());
            found.push((place.row, place.line, cells.map_err(|wrong| wrong.code)));
        };
        pieces.iter().for_each(|piece| rows.feed(piece, &mut sink));
        rows.finish(&mut sink);
        found
    }

    fn row(row: u64, line: u64, cells: &[&str]) -> Read {
        (row, line, Ok(cells.iter().map(|cell| (*cell).to_owned()).collect()))
    }

    #[test]
    fn rows_are_found_where_they_stand() {
        let file = "\u{feff}id,title\r\n\r\nA,\"two\nlines, \"\"quoted\"\"\"\r\n\nB,é\nC,";
        let rows = [
            row(1, 1, &["id", "title"]),
            row(2, 3, &["A", "two\nlines, \"quoted\""]),
            row(3, 6, &["B", "é"]),
            row(4, 7, &["C", ""]),
        ];
        assert_eq!(read(&[file.as_bytes()]), rows);
    }

    #[test]
    fn the_heading_tells_the_separator() {
        for file in ["id;title\nA;1,5\n", "id\ttitle\nA\t1,5\n", "id,title\nA,\"1,5\"\n"] {
            assert_eq!(read(&[file.as_bytes()])[1], row(2, 2, &["A", "1,5"]), "{file}");
        }
        assert_eq!(read(&[b"id"]), [row(1, 1, &["id"])]);
        assert_eq!(read(&[b""]), []);
    }

    #[test]
    fn a_row_that_is_too_long_or_no_text_costs_no_other() {
        let long = format!("id,title\nA,{}\nB,1\n", "x".repeat(ROW_BYTES + 9));
        assert_eq!(read(&[long.as_bytes()])[1..], [(2, 2, Err("row_too_long")), row(3, 3, &["B", "1"])]);
        let wide = format!("id\n{}\nB\n", ",".repeat(MOST_COLUMNS + 3));
        assert_eq!(read(&[wide.as_bytes()])[1..], [(2, 2, Err("row_too_long")), row(3, 3, &["B"])]);
        assert_eq!(read(&[b"id\n\xff\nB\n"])[1..], [(2, 2, Err("not_utf8")), row(3, 3, &["B"])]);
        let open = format!("id,title\nA,\"{}\n", "x,y\n".repeat(ROW_BYTES));
        assert_eq!(read(&[open.as_bytes()])[1..], [(2, 2, Err("row_too_long"))]);
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_the_bytes_come(text in "[a\",;\r\né]{0,60}", cuts in proptest::collection::vec(0..90_usize, 0..5)) {
            let (whole, mut pieces, mut begin) = (text.as_bytes(), Vec::new(), 0);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(whole.len())).collect();
            cuts.sort_unstable();
            for cut in cuts.into_iter().chain([whole.len()]) {
                pieces.push(&whole[begin..cut]);
                begin = cut;
            }
            prop_assert_eq!(read(&pieces), read(&[whole]));
        }
    }
}
