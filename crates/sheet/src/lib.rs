//! Tables of cells as people keep them: CSV and xlsx, written and read.
//!
//! In scope: sheets of cells out, no cell of which ever becomes a formula; sheets in, with every mistake
//! told by sheet and cell; rows as named columns. Out of scope: what the columns mean (views), files and
//! the command line (`entente-node`). No I/O, no clock.
//!
//! | file | holds |
//! |---|---|
//! | `cell` | cells, their places, days |
//! | `guard` | what keeps a text from being evaluated in CSV, and takes it off again |
//! | `delimited` | CSV: separators and encodings as they are met |
//! | `workbook` | xlsx |
//! | `table` | rows of named columns |
//! | `problem` | what is wrong, by sheet and cell |
//! | `limits` | how large all of it may be |
//!
//! Format, and how a guarded text reads back: docs/formats/sheet.md.

pub mod cell;
pub mod delimited;
pub mod guard;
pub mod limits;
pub mod problem;
pub mod table;
pub mod workbook;

pub use cell::{Cell, Day, Sheet};
pub use problem::{NotRead, Problem, Problems};
pub use table::{Column, Layout, Row};

/// Reads a file of either kind: xlsx by its first bytes, or else CSV, whose one sheet is called `name`.
pub fn read(bytes: &[u8], name: &str) -> Result<Vec<Sheet>, NotRead> {
    if bytes.starts_with(b"PK") || bytes.starts_with(workbook::COMPOUND_FILE) {
        return workbook::read(bytes);
    }
    Ok(vec![delimited::read(bytes, name)?])
}
