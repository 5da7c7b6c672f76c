//! xlsx: written without a formula, read cell by cell within the limits.
//!
//! Invariants:
//! * A text is written as a text, and stays one when a person edits the cell (`quotePrefix`).
//! * Nothing is built from a file whose parts, really unpacked, are larger than the limits; no table is
//!   built that is as large as the corners of a sheet say.
//! * The same sheets give the same bytes.

use std::io::{Cursor, Read as _};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, Reader as _, SheetType, Xlsx};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use crate::cell::{Cell, Day, Merged, Place, Sheet, trimmed};
use crate::delimited::{is_long, too_much};
use crate::guard::guard;
use crate::limits::{
    CELLS_MAX, COLUMNS_MAX, FILE_MAX, PARTS_MAX, ROWS_MAX, SHEETS_MAX, TEXT_MAX, UNPACKED_MAX,
};
use crate::problem::{NotRead, NotWritten};

/// How a file begins that is encrypted, or of the format before 2007.
pub const COMPOUND_FILE: &[u8] = b"\xD0\xCF\x11\xE0";

/// Sheets as a workbook, the first row of each as its headings.
pub fn write(sheets: &[Sheet]) -> Result<Vec<u8>, NotWritten> {
    let mut book = Workbook::new();
    let wrong = |name: &str, cause: &XlsxError| NotWritten::Writer {
        sheet: name.to_owned(),
        cause: cause.to_string(),
    };
    let made =
        ExcelDateTime::from_ymd(2000, 1, 1).map_err(|cause| wrong("the workbook", &cause))?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&made));
    for sheet in sheets {
        let page = book.add_worksheet();
        for (place, cell) in &sheet.cells {
            if let Cell::Text(text) = cell
                && is_long(text)
            {
                let (sheet, place) = (sheet.name.clone(), *place);
                return Err(NotWritten::Long { sheet, place, most: TEXT_MAX });
            }
        }
        fill(page, sheet).map_err(|cause| wrong(&sheet.name, &cause))?;
    }
    book.save_to_buffer().map_err(|cause| wrong("the workbook", &cause))
}

fn fill(page: &mut Worksheet, sheet: &Sheet) -> Result<(), XlsxError> {
    let (head, plain) = (Format::new().set_bold(), Format::new().set_text_wrap());
    let quoted = plain.clone().set_quote_prefix();
    let dated = Format::new().set_num_format("yyyy-mm-dd");
    page.set_name(&sheet.name)?.set_freeze_panes(1, 0)?;
    for (place, cell) in &sheet.cells {
        let (row, column) = (place.row, u16::try_from(place.column).unwrap_or(u16::MAX));
        page.set_column_width(column, 24)?;
        match cell {
            Cell::Empty => {}
            Cell::Text(text) => {
                let format = match row {
                    0 => &head,
                    _ if guard(text) == *text => &plain,
                    _ => &quoted,
                };
                page.write_string_with_format(row, column, text, format)?;
            }
            Cell::Number(number) => {
                page.write_number(row, column, *number)?;
            }
            // The calendar of spreadsheets begins in 1900, and has a 29 February of that year.
            Cell::Day(day) if day.year() > 1900 => {
                let date = ExcelDateTime::from_ymd(day.year(), day.month(), day.of_month())?;
                page.write_datetime_with_format(row, column, &date, &dated)?;
            }
            Cell::Day(_) | Cell::Moment(_) | Cell::Formula(_) | Cell::Error(_) => {
                page.write_string_with_format(row, column, cell.shown(), &quoted)?;
            }
        }
    }
    Ok(())
}

/// Reads the sheets of a workbook.
pub fn read(bytes: &[u8]) -> Result<Vec<Sheet>, NotRead> {
    if bytes.starts_with(COMPOUND_FILE) {
        return Err(NotRead::Old);
    }
    weigh(bytes)?;
    // A file that the reader does not survive is damaged: it ends the reading, and not the program.
    let read = catch_unwind(AssertUnwindSafe(|| sheets(bytes)));
    read.unwrap_or_else(|_| Err(NotRead::Damaged("its parts contradict each other".to_owned())))
}

/// Unpacks all parts and keeps nothing: what they say of their size is not believed.
fn weigh(bytes: &[u8]) -> Result<(), NotRead> {
    if bytes.len() > FILE_MAX {
        return Err(too_much("bytes", FILE_MAX));
    }
    let damaged = |cause: &dyn std::fmt::Display| NotRead::Damaged(cause.to_string());
    let mut parts = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|cause| damaged(&cause))?;
    if parts.len() > PARTS_MAX {
        return Err(too_much("parts", PARTS_MAX));
    }
    let mut left = UNPACKED_MAX;
    for index in 0..parts.len() {
        let part = parts.by_index(index).map_err(|cause| damaged(&cause))?;
        let read = std::io::copy(&mut part.take(left + 1), &mut std::io::sink());
        let size = read.map_err(|cause| damaged(&cause))?;
        left = left.checked_sub(size).ok_or_else(|| too_much("bytes unpacked", UNPACKED_MAX))?;
    }
    Ok(())
}

fn sheets(bytes: &[u8]) -> Result<Vec<Sheet>, NotRead> {
    let damaged = |cause: calamine::XlsxError| NotRead::Damaged(cause.to_string());
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(damaged)?;
    let pages = book.sheets_metadata().iter().filter(|page| page.typ == SheetType::WorkSheet);
    let names: Vec<String> = pages.map(|page| page.name.clone()).collect();
    if names.len() > SHEETS_MAX {
        return Err(too_much("sheets", SHEETS_MAX));
    }
    let (mut sheets, mut count) = (Vec::new(), 0_usize);
    for name in names {
        let merged = book.merge_cells_by_sheet_name(&name).map_err(damaged)?;
        let place = |(row, column): (u32, u32)| Place { row, column };
        let merged = merged
            .into_iter()
            .map(|area| Merged { first: place(area.start), last: place(area.end) })
            .collect();
        let mut sheet = Sheet { name, merged, ..Sheet::default() };
        let mut cells = book.worksheet_cells_reader(&sheet.name).map_err(damaged)?;
        while let Some(found) = cells.next_cell_with_formula_metadata().map_err(damaged)? {
            let value = value(&found.value)?;
            let cell = if found.formula.is_some() { Cell::Formula(value.shown()) } else { value };
            if cell == Cell::Empty {
                continue;
            }
            let place = place(found.pos);
            if place.row >= ROWS_MAX {
                return Err(too_much("rows", ROWS_MAX));
            }
            if place.column >= COLUMNS_MAX {
                return Err(too_much("columns", COLUMNS_MAX));
            }
            count += 1;
            if count > CELLS_MAX {
                return Err(too_much("cells", CELLS_MAX));
            }
            sheet.cells.insert(place, cell);
        }
        sheets.push(sheet);
    }
    Ok(sheets)
}

fn value(found: &DataRef<'_>) -> Result<Cell, NotRead> {
    let text = |text: &str| {
        if is_long(text) {
            return Err(too_much("characters in a cell", TEXT_MAX));
        }
        Ok(if text.is_empty() { Cell::Empty } else { Cell::Text(text.to_owned()) })
    };
    Ok(match found {
        DataRef::Empty => Cell::Empty,
        #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "sheets hold f64")]
        DataRef::Int(number) => Cell::Number(*number as f64),
        DataRef::Float(number) => Cell::Number(*number),
        DataRef::Bool(is_so) => Cell::Text(if *is_so { "TRUE" } else { "FALSE" }.to_owned()),
        DataRef::String(found) => text(found)?,
        DataRef::SharedString(found) => text(found)?,
        DataRef::DateTime(date) if date.is_datetime() => moment(date),
        DataRef::DateTime(span) => Cell::Number(span.as_f64()),
        DataRef::DateTimeIso(iso) => {
            let day = iso.split('T').next().unwrap_or_default();
            match (iso.contains('T') && !iso.ends_with("T00:00:00"), day.parse()) {
                (false, Ok(day)) => Cell::Day(day),
                (_, _) => Cell::Moment(trimmed(iso).replace('T', " ")),
            }
        }
        DataRef::DurationIso(span) => Cell::Moment(span.clone()),
        DataRef::Error(error) => Cell::Error(error.to_string()),
    })
}

/// A date as the sheet shows it.
fn moment(date: &calamine::ExcelDateTime) -> Cell {
    // The last day that spreadsheets have, and the first after the leap day of 1900 that never was.
    if !(61.0..2_958_466.0).contains(&date.as_f64()) {
        return Cell::Number(date.as_f64());
    }
    let (year, month, of_month, hour, minute, second, _) = date.to_ymd_hms_milli();
    match Day::new(year, month, of_month) {
        Some(day) if (hour, minute, second) == (0, 0, 0) => Cell::Day(day),
        Some(day) => Cell::Moment(format!("{day} {hour:02}:{minute:02}:{second:02}")),
        None => Cell::Number(date.as_f64()),
    }
}
