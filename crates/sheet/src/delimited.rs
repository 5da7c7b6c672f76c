//! CSV: written so that no reader evaluates a cell, read in the separators and encodings that are met.
//!
//! Invariants:
//! * Every field that is written stands in quotes; a text is guarded (`guard`). Only numbers may begin with
//!   a sign.
//! * A sheet that was written reads back with the same texts. Numbers and days come back as texts, which
//!   `table` reads the same.

use encoding_rs::{EUC_KR, Encoding, UTF_8};

use crate::cell::{Cell, Place, Sheet};
use crate::guard::{guard, unguard};
use crate::limits::{CELLS_MAX, COLUMNS_MAX, FILE_MAX, ROWS_MAX, TEXT_MAX};
use crate::problem::{NotRead, NotWritten};

/// Marks UTF-8, without which spreadsheets take it for the encoding of their machine.
const MARK: &[u8] = b"\xEF\xBB\xBF";

/// A sheet as CSV: UTF-8 with its mark, commas, every field in quotes.
pub fn write(sheet: &Sheet) -> Result<Vec<u8>, NotWritten> {
    let wrong = |cause: &dyn std::fmt::Display| NotWritten::Writer {
        sheet: sheet.name.clone(),
        cause: cause.to_string(),
    };
    let mut out = csv::WriterBuilder::new()
        .quote_style(csv::QuoteStyle::Always)
        .terminator(csv::Terminator::CRLF)
        .from_writer(MARK.to_vec());
    let (rows, columns) = sheet.size();
    for row in 0..rows {
        let fields = (0..columns).map(|column| match sheet.cells.get(&Place { row, column }) {
            None | Some(Cell::Empty) => String::new(),
            Some(Cell::Number(number)) if number.is_finite() => number.to_string(),
            Some(Cell::Text(text)) => guard(text),
            Some(other) => guard(&other.shown()),
        });
        out.write_record(fields).map_err(|cause| wrong(&cause))?;
    }
    out.into_inner().map_err(|cause| wrong(&cause))
}

/// Reads CSV as one sheet: UTF-8, UTF-16 with its mark, or EUC-KR (CP949); with commas, semicolons or tabs.
pub fn read(bytes: &[u8], name: &str) -> Result<Sheet, NotRead> {
    if bytes.len() > FILE_MAX {
        return Err(too_much("bytes", FILE_MAX));
    }
    let text = decode(bytes)?;
    let separator = separator(&text);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(text.as_bytes());
    let mut sheet = Sheet { name: name.to_owned(), ..Sheet::default() };
    let (mut record, mut row) = (csv::StringRecord::new(), 0_u32);
    loop {
        let at = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
        let more = reader.read_record(&mut record);
        if !more.map_err(|cause| NotRead::Delimited(cause.to_string()))? {
            return Ok(sheet);
        }
        row = row.saturating_add(blank_lines(&text, at));
        if row >= ROWS_MAX {
            return Err(too_much("rows", ROWS_MAX));
        }
        for (column, field) in (0..).zip(&record) {
            let cell = cell(field)?;
            if cell == Cell::Empty {
                continue;
            }
            if column >= COLUMNS_MAX {
                return Err(too_much("columns", COLUMNS_MAX));
            }
            sheet.cells.insert(Place { row, column }, cell);
            if sheet.cells.len() > CELLS_MAX {
                return Err(too_much("cells", CELLS_MAX));
            }
        }
        row = row.saturating_add(1);
    }
}

/// A limit that was passed.
pub(crate) fn too_much(what: &'static str, most: impl TryInto<u64>) -> NotRead {
    NotRead::TooMuch { what, most: most.try_into().unwrap_or(u64::MAX) }
}

/// A text is as long as spreadsheets count it.
pub(crate) fn is_long(text: &str) -> bool {
    text.len() > TEXT_MAX && text.encode_utf16().count() > TEXT_MAX
}

fn cell(field: &str) -> Result<Cell, NotRead> {
    if is_long(field) {
        return Err(too_much("characters in a cell", TEXT_MAX));
    }
    // What is not guarded and begins so, a spreadsheet would have evaluated.
    if field.trim_start().starts_with('=') {
        return Ok(Cell::Formula(field.trim().to_owned()));
    }
    Ok(if field.is_empty() { Cell::Empty } else { Cell::Text(unguard(field)) })
}

/// How many empty lines stand before the record from the byte `at` on: rows in a spreadsheet, nothing to
/// the reader.
fn blank_lines(text: &str, at: usize) -> u32 {
    let (before, rest) = text.as_bytes().split_at_checked(at).unwrap_or_default();
    // The reader ends a record at a carriage return, and leaves the line feed that belongs to it.
    let rest =
        if before.ends_with(b"\r") { rest.strip_prefix(b"\n").unwrap_or(rest) } else { rest };
    let mut ends = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).peekable();
    let mut lines = 0_u32;
    while let Some(end) = ends.next() {
        if *end == b'\r' {
            ends.next_if(|next| **next == b'\n');
        }
        lines = lines.saturating_add(1);
    }
    lines
}

fn decode(bytes: &[u8]) -> Result<String, NotRead> {
    let (encoding, mark) = Encoding::for_bom(bytes).unwrap_or((UTF_8, 0));
    let body = bytes.get(mark..).unwrap_or_default();
    let decoded = encoding.decode_without_bom_handling_and_without_replacement(body);
    let decoded = decoded.or_else(|| {
        // EUC-KR of the WHATWG is CP949, in which Korean spreadsheets write CSV.
        let is_marked = mark > 0;
        if is_marked {
            None
        } else {
            EUC_KR.decode_without_bom_handling_and_without_replacement(body)
        }
    });
    decoded.map(std::borrow::Cow::into_owned).ok_or_else(|| {
        let good = std::str::from_utf8(body).map_or_else(|bad| bad.valid_up_to(), str::len);
        let before = body.get(..good).unwrap_or_default();
        NotRead::Encoding { line: before.split(|byte| *byte == b'\n').count() }
    })
}

/// The separator that stands most often outside quotes in the first lines.
fn separator(text: &str) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0_u32), (b';', 0), (b'\t', 0)];
    for byte in text.lines().take(20).flat_map(str::bytes) {
        quoted ^= byte == b'"';
        if let Some((_, count)) = counts.iter_mut().find(|(sign, _)| *sign == byte && !quoted) {
            *count += 1;
        }
    }
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(sign, _)| *sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(sheet: &Sheet) -> Vec<(String, String)> {
        sheet.cells.iter().map(|(place, cell)| (place.to_string(), cell.shown())).collect()
    }

    #[test]
    fn separators_and_encodings_are_those_that_are_met() {
        let expected = [("A1", "이름"), ("B1", "기한"), ("A2", "훈련, 참가"), ("B2", "2024-02-28")]
            .map(|(place, text)| (place.to_owned(), text.to_owned()));
        for sign in [",", ";", "\t"] {
            let text = format!("이름{sign}기한\r\n\"훈련, 참가\"{sign}2024-02-28\r\n");
            let (korean, _, failed) = EUC_KR.encode(&text);
            assert!(!failed);
            let wide: Vec<u8> = std::iter::once(0xFEFF)
                .chain(text.encode_utf16())
                .flat_map(u16::to_le_bytes)
                .collect();
            let marked = [MARK, text.as_bytes()].concat();
            for bytes in [text.as_bytes(), &korean, &wide, &marked] {
                assert_eq!(texts(&read(bytes, "x").unwrap()), expected, "{sign}");
            }
        }
        assert_eq!(read(b"ab\n\xFF\xFF\n", "x"), Err(NotRead::Encoding { line: 2 }));
        assert_eq!(read(b"\xEF\xBB\xBFa\xFF", "x"), Err(NotRead::Encoding { line: 1 }));
    }

    #[test]
    fn rows_are_counted_as_a_spreadsheet_counts_them() {
        let sheet = read(b"\n\na\r\n\r\n\"b\nc\"\nd", "x").unwrap();
        assert_eq!(
            texts(&sheet),
            [("A3", "a"), ("A5", "b\nc"), ("A6", "d")].map(|(p, t)| (p.to_owned(), t.to_owned()))
        );
    }

    #[test]
    fn a_field_that_is_evaluated_is_a_formula() {
        let sheet = read(b"=1+1,'=1+1, =A1,-5,'tis", "x").unwrap();
        let cells: Vec<Cell> = sheet.cells.into_values().collect();
        let text = |text: &str| Cell::Text(text.to_owned());
        let formula = |text: &str| Cell::Formula(text.to_owned());
        assert_eq!(
            cells,
            [formula("=1+1"), text("=1+1"), formula("=A1"), text("-5"), text("'tis")]
        );
    }

    #[test]
    fn one_more_than_the_limit_is_refused() {
        let columns = usize::try_from(COLUMNS_MAX).unwrap();
        assert!(read(&[",".repeat(columns - 1).as_bytes(), b"x"].concat(), "x").is_ok());
        let wide = [",".repeat(columns).as_bytes(), b"x"].concat();
        assert_eq!(read(&wide, "x"), Err(too_much("columns", COLUMNS_MAX)));
        // A million empty columns are nothing.
        assert_eq!(read(",".repeat(1_000_000).as_bytes(), "x").unwrap().cells.len(), 0);
        let long = "x\n".repeat(usize::try_from(ROWS_MAX).unwrap() + 1);
        assert_eq!(read(long.as_bytes(), "x"), Err(too_much("rows", ROWS_MAX)));
        let text = "가".repeat(TEXT_MAX);
        assert!(read(text.as_bytes(), "x").is_ok());
        let text = "가".repeat(TEXT_MAX + 1);
        assert_eq!(read(text.as_bytes(), "x"), Err(too_much("characters in a cell", TEXT_MAX)));
        assert_eq!(read(&vec![b'\n'; FILE_MAX + 1], "x"), Err(too_much("bytes", FILE_MAX)));
    }
}
