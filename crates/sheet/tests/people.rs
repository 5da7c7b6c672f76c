//! Spreadsheets as people really write them: every mistake is told by sheet and cell.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::io::{Cursor, Write as _};

use entente_sheet::limits::{COLUMNS_MAX, ROWS_MAX};
use entente_sheet::{Cell, Column, Day, Layout, NotRead, Problems, Row, Sheet, read, workbook};
use proptest::prelude::ProptestConfig;
use proptest::{collection, prop_assert, prop_assert_eq, proptest};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

const LAYOUT: Layout = Layout {
    sheet: "Tasks",
    columns: &[
        Column { also: &["Title", "이름"], ..Column::needed("Name") },
        Column::needed("Due by"),
        Column::new("Count"),
    ],
};

fn rows(sheets: &[Sheet]) -> (Vec<Row>, Problems) {
    let mut problems = Problems::default();
    let rows = LAYOUT.rows(LAYOUT.find(sheets).unwrap(), &mut problems);
    (rows, problems)
}

/// The problems of a CSV, each row's day and count read.
fn told(text: &str) -> Vec<String> {
    let (rows, mut problems) = rows(&read(text.as_bytes(), "tasks.csv").unwrap());
    for row in &rows {
        row.day("Due by", &mut problems);
        row.parse::<u32>("Count", "write a whole number", &mut problems);
    }
    problems.lines()
}

#[test]
fn what_is_wrong_is_told_by_cell() {
    let head = "Name,Due by,Count\n";
    for (text, expected) in [
        (format!("{head}a,31.2.2024,"), "tasks.csv!B2: \"31.2.2024\" is no day: write 2024-02-28"),
        (
            format!("{head}a,2023-02-29,"),
            "tasks.csv!B2: \"2023-02-29\" is no day: write 2024-02-28",
        ),
        (format!("{head}a,2024-01-01,x"), "tasks.csv!C2: \"x\" is none: write a whole number"),
        (
            format!("{head}a,=TODAY(),"),
            "tasks.csv!B2: is a formula: copy the cell and paste it as a value: what a formula comes to is not taken over",
        ),
        (format!("{head}a,,"), "tasks.csv!B2: is empty: fill it in, or empty the row"),
        (
            format!("{head}a,2024-01-01,1,note"),
            "tasks.csv!D2: has no heading: name its column, or empty it",
        ),
        (
            "Name,Due by,Cuont\na,2024-01-01,".to_owned(),
            "tasks.csv!C1: unknown column \"Cuont\": use one of: Name, Due by, Count",
        ),
        (
            "Name,Due by,Title\na,2024-01-01,".to_owned(),
            "tasks.csv!C1: a second column \"Name\": remove one",
        ),
        (
            "Name,Count\na,1".to_owned(),
            "tasks.csv!A1: the column \"Due by\" is missing: add it to this row of headings",
        ),
        (
            "a,b\n1,2".to_owned(),
            "tasks.csv!A1: no row of headings was found: put these headings in a row: Name, Due by, Count",
        ),
        (
            String::new(),
            "tasks.csv!A1: no row of headings was found: put these headings in a row: Name, Due by, Count",
        ),
    ] {
        assert_eq!(told(&text), [expected], "{text}");
    }
}

#[test]
fn what_is_only_untidy_is_read() {
    let text = "Plan of 2024,,\n\n DUE_BY , 이름*,count\n\n 2024. 2. 28. ,\u{A0}Train\u{200B} ,7\n,,\n   ,,\n2024/3/1,b,\n";
    let (rows, mut problems) = rows(&read(text.as_bytes(), "x").unwrap());
    let found: Vec<_> = rows
        .iter()
        .map(|row| {
            let day = row.day("Due by", &mut problems).unwrap().to_string();
            (row.text("Name").unwrap(), day, row.text("Count"))
        })
        .collect();
    assert_eq!(problems.lines(), Vec::<String>::new());
    assert_eq!(
        found,
        [
            ("Train".to_owned(), "2024-02-28".to_owned(), Some("7".to_owned())),
            ("b".to_owned(), "2024-03-01".to_owned(), None),
        ]
    );
}

#[test]
fn a_workbook_of_other_hands_is_told_by_cell() {
    let mut book = Workbook::new();
    book.add_worksheet().set_name("Notes").unwrap().write(0, 0, "nothing here").unwrap();
    let page = book.add_worksheet().set_name("tasks").unwrap();
    let (plain, dated) = (Format::new(), Format::new().set_num_format("dd.mm.yy"));
    page.merge_range(0, 0, 0, 2, "Title over all", &plain).unwrap();
    for (column, name) in (0..).zip(["Name", "Due by", "Count"]) {
        page.write(1, column, name).unwrap();
    }
    page.write(2, 0, " a ").unwrap();
    let day = ExcelDateTime::from_ymd(2024, 2, 29).unwrap();
    page.write_with_format(2, 1, &day, &dated).unwrap();
    page.write(2, 2, 3).unwrap();
    page.write(3, 0, "b").unwrap();
    page.write_formula(3, 1, "=B3+7").unwrap();
    page.merge_range(4, 0, 5, 0, "c", &plain).unwrap();
    page.write(4, 1, 45_350).unwrap();
    page.write(5, 1, "2024-05-01").unwrap();
    page.write(6, 0, "d").unwrap();
    let time = ExcelDateTime::from_ymd(2024, 2, 29).unwrap().and_hms(9, 30, 0).unwrap();
    page.write_with_format(6, 1, &time, &Format::new().set_num_format("yyyy-mm-dd hh:mm")).unwrap();
    // A format far out is no cell.
    page.write_blank(900_000, 16_000, &dated).unwrap();
    let (rows, mut problems) = rows(&read(&book.save_to_buffer().unwrap(), "x").unwrap());
    let days: Vec<_> = rows.iter().map(|row| row.day("Due by", &mut problems)).collect();
    assert_eq!(days, [Day::new(2024, 2, 29), None, None, Day::new(2024, 5, 1), None]);
    assert_eq!((rows[0].text("Name"), rows[0].text("Count")), (Some("a".into()), Some("3".into())));
    assert_eq!(
        problems.lines(),
        [
            "tasks!B4: is a formula: copy the cell and paste it as a value: what a formula comes to is not taken over",
            "tasks!A5: is merged with the cells to A6: unmerge them and fill in each",
            "tasks!A6: is empty: fill it in, or empty the row",
            "tasks!B5: 45350 is a number and no day: write 2024-02-28",
            "tasks!B7: 2024-02-29 09:30:00 is a day with a time of day: write 2024-02-28",
        ]
    );
}

/// An xlsx of one sheet with this XML.
fn raw(sheet: &str) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let rels = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let parts = [
        ("[Content_Types].xml", "<Types/>".to_owned()),
        (
            "_rels/.rels",
            format!(
                "<Relationships><Relationship Id=\"a\" Type=\"{rels}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{main}\" xmlns:r=\"{rels}\"><sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"s\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "<Relationships><Relationship Id=\"s\" Type=\"{rels}/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>"
            ),
        ),
        ("xl/worksheets/sheet1.xml", format!("<worksheet xmlns=\"{main}\">{sheet}</worksheet>")),
    ];
    for (name, text) in parts {
        let how = zip::write::SimpleFileOptions::default();
        out.start_file(name, how).unwrap();
        out.write_all(text.as_bytes()).unwrap();
    }
    out.finish().unwrap().into_inner()
}

#[test]
fn a_hostile_workbook_takes_no_memory() {
    let cell = |at: &str| {
        let row: String = at.chars().filter(char::is_ascii_digit).collect();
        raw(&format!("<sheetData><row r=\"{row}\"><c r=\"{at}\"><v>1</v></c></row></sheetData>"))
    };
    assert_eq!(read(&cell("IV100000"), "x").unwrap()[0].cells.len(), 1);
    // The far corner: 17 thousand million cells, for who builds the rectangle.
    let far = raw(
        "<dimension ref=\"A1:XFD1048576\"/><sheetData><row r=\"1\"><c r=\"A1\"><v>1</v></c></row></sheetData>",
    );
    assert_eq!(read(&far, "x").unwrap()[0].cells.len(), 1);
    let (rows, columns) = (u64::from(ROWS_MAX), u64::from(COLUMNS_MAX));
    assert_eq!(read(&cell("A100001"), "x"), Err(NotRead::TooMuch { what: "rows", most: rows }));
    assert_eq!(read(&cell("IW1"), "x"), Err(NotRead::TooMuch { what: "columns", most: columns }));
    // 200 MiB of spaces pack to some 200 KiB.
    let bomb = raw(&" ".repeat(200 << 20));
    assert!(bomb.len() < 1 << 20);
    let most = 128 << 20;
    assert_eq!(read(&bomb, "x"), Err(NotRead::TooMuch { what: "bytes unpacked", most }));
    assert_eq!(read(b"\xD0\xCF\x11\xE0 and more", "x"), Err(NotRead::Old));
    assert!(matches!(read(b"PK\x03\x04 and no more", "x"), Err(NotRead::Damaged(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_workbook_reads_back_as_it_was_written(
        texts in collection::vec(r"[ -~가-힣\n\t_]{1,20}|_x000D_|=1", 1..20),
        number in -1e12_f64..1e12,
    ) {
        let rows = texts.iter().map(|text| {
            let day = Cell::Day(Day::new(2024, 2, 29).unwrap());
            vec![Cell::Text(text.clone()), Cell::Number(number), day]
        });
        let sheet = Sheet::of("Out", &["a", "b", "c"], rows);
        let bytes = workbook::write(std::slice::from_ref(&sheet)).unwrap();
        prop_assert_eq!(workbook::read(&bytes).unwrap(), vec![sheet]);
    }

    #[test]
    fn a_broken_workbook_ends_in_an_answer(at in 0_usize..6000, bit in 0_u8..8) {
        let sheet = Sheet::of("Out", &["a"], [vec![Cell::Text("x".to_owned())]]);
        let mut bytes = workbook::write(&[sheet]).unwrap();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        let read = workbook::read(&bytes);
        let is_answer = matches!(read, Ok(_) | Err(NotRead::Damaged(_) | NotRead::TooMuch { .. }));
        prop_assert!(is_answer, "{read:?}");
    }
}
