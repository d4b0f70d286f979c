//! Tables that people open in a spreadsheet (RFC 4180).

use csv::{Terminator, WriterBuilder};

/// A line of a table. What a spreadsheet would take for a formula begins with an apostrophe, so
/// that it is text: somebody else may have chosen that name (OWASP, "CSV injection").
#[expect(clippy::missing_panics_doc, reason = "a Vec takes all that is written")]
pub fn csv_line<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    for cell in cells {
        let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
        let text = if is_formula { &format!("'{cell}") } else { cell };
        writer.write_field(text).expect("a Vec takes all that is written");
    }
    writer.write_record(None::<&[u8]>).expect("a Vec takes all that is written");
    let line = writer.into_inner().expect("a Vec takes all that is written");
    String::from_utf8(line).expect("made of text")
}

#[cfg(test)]
mod tests {
    use super::csv_line;

    #[test]
    fn no_cell_is_a_formula_nor_two_cells() {
        for (text, written) in [
            ("plain", "plain"),
            ("1-1", "1-1"),
            ("a@b.example", "a@b.example"),
            ("=1+1", "'=1+1"),
            ("+49 30 1", "'+49 30 1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("\rx", "\"'\rx\""),
            (
                "=HYPERLINK(\"https://a.example\",\"b\")",
                "\"'=HYPERLINK(\"\"https://a.example\"\",\"\"b\"\")\"",
            ),
            ("two, \"three\"", "\"two, \"\"three\"\"\""),
            ("a\nb", "\"a\nb\""),
        ] {
            assert_eq!(csv_line([text, ""]), format!("{written},\r\n"), "{text:?}");
        }
    }
}
