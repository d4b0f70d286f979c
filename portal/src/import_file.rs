//! Files of customers: CSV in UTF-8, with commas, semicolons or tabs.
//!
//! An upload goes into a file that has no name and vanishes with the process; then it is read once,
//! record by record, whatever its size.

use std::{
    cell::Cell,
    collections::HashSet,
    io::{BufReader, Read, Seek, SeekFrom, Write},
    rc::Rc,
    sync::{Arc, Mutex, PoisonError},
};

use model::{
    id::AccountId,
    job::{LARGEST_FILE, MOST_ROWS},
    refusal::Problem,
};
use serde::{Deserialize, Serialize};

use crate::jobs::ROWS_AT_ONCE;

/// The longest row, in bytes.
const LONGEST_ROW: usize = 16 * 1024;
/// So much is read for one row at most, before what follows is given up.
const READ_AHEAD: usize = 1024 * 1024;
/// Files that arrive at once.
const MOST_UPLOADS: usize = 8;
/// Most columns.
const MOST_COLUMNS: usize = 100;
/// From so many bytes it is told by what columns are parted.
const LOOKED_AT: usize = 64 * 1024;

/// A file on its way here.
#[derive(Debug)]
pub struct Upload {
    file: std::fs::File,
    size: u64,
    _place: Place,
}

/// One row of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileRow {
    /// The line on which it begins.
    pub line: u32,
    /// Its cells; none when something is wrong with it as a whole.
    pub cells: Vec<String>,
    /// What is wrong with it as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// A piece of a file.
#[derive(Debug)]
pub(crate) enum Piece {
    /// The first line.
    Headings(Vec<String>),
    /// As many rows as make a batch, or those that are left.
    Rows(Vec<FileRow>),
}

/// Those whose files are arriving on this node.
pub(crate) type Uploads = Arc<Mutex<HashSet<AccountId>>>;

/// The room that a file has while it arrives; somebody else's when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    uploads: Uploads,
    by: AccountId,
}

impl Place {
    /// A place for somebody who has none yet, as long as there are any.
    pub fn taken(uploads: &Uploads, by: AccountId) -> Option<Self> {
        let mut taken = uploads.lock().unwrap_or_else(PoisonError::into_inner);
        (taken.len() < MOST_UPLOADS && taken.insert(by))
            .then(|| Self { uploads: Arc::clone(uploads), by })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.by);
    }
}

impl Upload {
    /// An empty file in this folder.
    pub(crate) fn new(folder: &std::path::Path, place: Place) -> std::io::Result<Self> {
        Ok(Self { file: tempfile::tempfile_in(folder)?, size: 0, _place: place })
    }

    /// Appends what arrived. The disk is quick enough for a page's few KiB at a time; what is too
    /// large is not written.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), UploadError> {
        self.size += bytes.len() as u64;
        if self.size > LARGEST_FILE {
            return Err(UploadError::Problem(Problem::FileTooLarge));
        }
        self.file.write_all(bytes).map_err(UploadError::Io)
    }

    /// Reads it from the beginning and hands over one piece after the other, until `take` wants no
    /// more. To be called where waiting is allowed.
    pub(crate) fn read(mut self, mut take: impl FnMut(Piece) -> bool) -> Result<u32, UploadError> {
        self.file.seek(SeekFrom::Start(0)).map_err(UploadError::Io)?;
        let mut start = Vec::new();
        (&mut self.file).take(LOOKED_AT as u64).read_to_end(&mut start).map_err(UploadError::Io)?;
        if start.starts_with(&[0xff, 0xfe]) || start.starts_with(&[0xfe, 0xff]) {
            return Err(UploadError::Problem(Problem::NotUtf8));
        }
        let begin: usize = if start.starts_with("\u{feff}".as_bytes()) { 3 } else { 0 };
        self.file.seek(SeekFrom::Start(begin as u64)).map_err(UploadError::Io)?;
        let read = Rc::new(Cell::new(0));
        let lines = LineEnds::of(BufReader::new(self.file), Rc::clone(&read));
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter(&start[begin..]))
            .flexible(true)
            .has_headers(false)
            .from_reader(lines.chain(&b"\n"[..]));
        let mut record = csv::ByteRecord::new();
        let mut headings: Option<usize> = None;
        let (mut rows, mut total) = (Vec::with_capacity(ROWS_AT_ONCE), 0_u32);
        while reader.read_byte_record(&mut record).map_err(read_error)? {
            read.set(0);
            let Some(columns) = headings else {
                let names = headings_of(&record)?;
                headings = Some(names.len());
                if !take(Piece::Headings(names)) {
                    return Ok(0);
                }
                continue;
            };
            if record.iter().all(|cell| cell.trim_ascii().is_empty()) {
                continue;
            }
            total += 1;
            if total > MOST_ROWS {
                return Err(UploadError::Problem(Problem::TooManyRows { max: MOST_ROWS }));
            }
            // The line on which it began: the one that is next, less those it fills. Where the reader
            // says that it begins are the empty lines before it.
            let fills = record.as_slice().split(|byte| *byte == b'\n').count() as u64;
            let line = reader.position().line().saturating_sub(fills);
            rows.push(row(&record, columns, u32::try_from(line).unwrap_or(u32::MAX)));
            if rows.len() == ROWS_AT_ONCE && !take(Piece::Rows(std::mem::take(&mut rows))) {
                return Ok(total);
            }
        }
        if total == 0 {
            return Err(UploadError::Problem(Problem::NoRows));
        }
        if !rows.is_empty() {
            take(Piece::Rows(rows));
        }
        Ok(total)
    }
}

/// Reads with one kind of line end, whichever a file has: lines can then be counted.
struct LineEnds<R> {
    inner: R,
    after_return: bool,
    /// Bytes that were read since a row was complete.
    read: Rc<Cell<usize>>,
}

impl<R: Read> LineEnds<R> {
    fn of(inner: R, read: Rc<Cell<usize>>) -> Self {
        Self { inner, after_return: false, read }
    }
}

impl<R: Read> Read for LineEnds<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            // A quote that nobody closes would make one row of all that is left.
            if self.read.get() > READ_AHEAD {
                return Err(std::io::ErrorKind::InvalidData.into());
            }
            let read = self.inner.read(buffer)?;
            self.read.set(self.read.get() + read);
            let mut kept = 0;
            for at in 0..read {
                let byte = buffer[at];
                let second_half = byte == b'\n' && self.after_return;
                self.after_return = byte == b'\r';
                if !second_half {
                    buffer[kept] = if byte == b'\r' { b'\n' } else { byte };
                    kept += 1;
                }
            }
            // Nothing is the end, and this is not.
            if kept > 0 || read == 0 {
                return Ok(kept);
            }
        }
    }
}

/// Why an upload is not taken.
#[derive(Debug)]
pub enum UploadError {
    /// Something is wrong with the file.
    Problem(Problem),
    /// It could not be kept here.
    Io(std::io::Error),
}

fn read_error(error: csv::Error) -> UploadError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            UploadError::Problem(Problem::NotACsv)
        }
        csv::ErrorKind::Io(error) => UploadError::Io(error),
        _ => UploadError::Problem(Problem::NotACsv),
    }
}

fn headings_of(record: &csv::ByteRecord) -> Result<Vec<String>, UploadError> {
    let text = |cell: &[u8]| String::from_utf8(cell.to_vec()).map(|text| text.trim().to_owned());
    let names: Result<Vec<String>, _> = record.iter().map(text).collect();
    let names = names.map_err(|_| UploadError::Problem(Problem::NotUtf8))?;
    let odd = |name: &String| name.chars().count() > 200 || name.chars().any(char::is_control);
    if names.len() > MOST_COLUMNS || names.iter().any(odd) {
        return Err(UploadError::Problem(Problem::NotACsv));
    }
    Ok(names)
}

fn row(record: &csv::ByteRecord, columns: usize, line: u32) -> FileRow {
    let wrong = |problem| FileRow { line, cells: Vec::new(), problem: Some(problem) };
    if record.as_slice().len() > LONGEST_ROW {
        let max = u32::try_from(LONGEST_ROW).unwrap_or(u32::MAX);
        return wrong(Problem::TooLong { max });
    }
    let more = record.iter().skip(columns).any(|cell| !cell.trim_ascii().is_empty());
    if more {
        return wrong(Problem::MoreCellsThanHeadings);
    }
    let text = |cell: &[u8]| String::from_utf8(cell.to_vec());
    match record.iter().take(columns).map(text).collect() {
        Ok(cells) => FileRow { line, cells, problem: None },
        Err(_) => wrong(Problem::NotUtf8),
    }
}

/// By what the columns of the first line are parted: the one there is most of, outside quotes.
fn delimiter(start: &[u8]) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    for byte in start {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            byte if !quoted => {
                for (delimiter, count) in &mut counts {
                    *count += u32::from(delimiter == byte);
                }
            }
            _ => {}
        }
    }
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map_or(b',', |(byte, _)| byte)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn read(bytes: &[u8]) -> (Vec<String>, Vec<FileRow>) {
        let place = Place::taken(&Uploads::default(), AccountId(Uuid::nil())).expect("a place");
        let mut upload = Upload::new(&std::env::temp_dir(), place).expect("a file");
        upload.write(bytes).expect("room");
        let (mut headings, mut rows) = (Vec::new(), Vec::new());
        upload
            .read(|piece| {
                match piece {
                    Piece::Headings(names) => headings = names,
                    Piece::Rows(more) => rows.extend(more),
                }
                true
            })
            .expect("a file of customers");
        (headings, rows)
    }

    fn refused(bytes: &[u8]) -> Problem {
        let place = Place::taken(&Uploads::default(), AccountId(Uuid::nil())).expect("a place");
        let mut upload = Upload::new(&std::env::temp_dir(), place).expect("a file");
        upload.write(bytes).expect("room");
        match upload.read(|_| true) {
            Err(UploadError::Problem(problem)) => problem,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn commas_semicolons_and_tabs_part_columns() {
        for text in [
            "Name,Email\nA,b\n",
            "Name;Email\r\nA;b",
            "Name\tEmail\nA\tb",
            "\u{feff}Name;Email\nA;b\n",
        ] {
            let (headings, rows) = read(text.as_bytes());
            assert_eq!(headings, ["Name", "Email"], "{text:?}");
            assert_eq!(
                rows,
                [FileRow { line: 2, cells: vec!["A".into(), "b".into()], problem: None }]
            );
        }
        let (headings, _) = read(b"\"Name, all of it\";Email\nA;b\n");
        assert_eq!(headings, ["Name, all of it", "Email"]);
    }

    #[test]
    fn what_is_wrong_with_a_row_is_told_by_its_line() {
        let (_, rows) = read(b"a,b\n1,2\n\n\"two\nlines\",4\n,\n\xff,6\n7,8,9\n10\n");
        let told: Vec<(u32, Option<Problem>)> =
            rows.iter().map(|row| (row.line, row.problem)).collect();
        assert_eq!(
            told,
            [
                (2, None),
                (4, None),
                (7, Some(Problem::NotUtf8)),
                (8, Some(Problem::MoreCellsThanHeadings)),
                (9, None),
            ]
        );
        assert_eq!(rows[4].cells, ["10"]);
    }

    #[test]
    fn what_is_no_file_of_customers_is_refused() {
        assert_eq!(refused(b""), Problem::NoRows);
        assert_eq!(refused(b"name,email\n\n"), Problem::NoRows);
        assert_eq!(refused(b"\xff\xfen\0a\0m\0e\0"), Problem::NotUtf8);
        assert_eq!(refused(b"n\xff,email\na,b"), Problem::NotUtf8);
        assert_eq!(refused(b"PK\x03\x04,b\na,b"), Problem::NotACsv);
        let endless = [b"a,b\n\"".to_vec(), vec![b'x'; 4 * READ_AHEAD]].concat();
        assert_eq!(refused(&endless), Problem::NotACsv);
        assert_eq!(refused(&b"a\n".repeat(100_002)), Problem::TooManyRows { max: 100_000 });
    }
}
