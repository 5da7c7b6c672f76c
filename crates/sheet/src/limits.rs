//! How large a spreadsheet may be. Invariant: memory is bounded before anything is built from a file.

/// Bytes of a file: 100,000 rows of 300 bytes, compressed or not.
pub const FILE_MAX: usize = 32 << 20;
/// Bytes of all parts of an xlsx, unpacked: XML is some ten times larger than what it packs to, and
/// a zip bomb a thousand times.
pub const UNPACKED_MAX: u64 = 128 << 20;
/// Parts of an xlsx: a workbook of all sheets has a few dozen.
pub const PARTS_MAX: usize = 1000;
/// Sheets of a workbook.
pub const SHEETS_MAX: usize = 64;
/// Rows of a sheet: ten times the commitments of 35 nations.
pub const ROWS_MAX: u32 = 100_000;
/// Columns of a sheet: up to IV, as many as spreadsheets had before 2007.
pub const COLUMNS_MAX: u32 = 256;
/// Cells of a file that hold something.
pub const CELLS_MAX: usize = 1_000_000;
/// UTF-16 units of a cell: what Excel holds.
pub const TEXT_MAX: usize = 32_767;
/// Rows above the headings: a title, a classification, a note.
pub const ABOVE_MAX: u32 = 20;
/// Nobody repairs more than a hundred things before asking again.
pub const PROBLEMS_MAX: usize = 100;
