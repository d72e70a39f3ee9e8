//! The onlooker's own way into the till's database: a connection and statements of its own.

use std::path::{Path, PathBuf};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::disk::VFS;
use super::record::{Line, Row, Tables};

const LOG: &str = "SELECT seq, hash, kind, subject, row FROM event WHERE seq > ?1 ORDER BY seq";
const ONE: &str = "SELECT hash FROM event WHERE seq = ?1";

/// Why the onlooker could not read.
pub(super) type Unreadable = rusqlite::Error;

/// Looks into the database from the side.
pub(super) struct Onlooker {
    conn: Connection,
}

impl Onlooker {
    /// Opens the database for reading only.
    ///
    /// # Errors
    ///
    /// SQLite's word, where it cannot be read.
    pub(super) fn open(database: &Path) -> Result<Onlooker, Unreadable> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let path: PathBuf = database.to_owned();
        let conn = Connection::open_with_flags_and_vfs(path, flags, VFS)?;
        Ok(Onlooker { conn })
    }

    /// Returns the lines of the log after `seq`.
    ///
    /// # Errors
    ///
    /// SQLite's word, where it cannot be read.
    pub(super) fn lines_after(&self, seq: i64, seen_ms: i64) -> Result<Vec<Line>, Unreadable> {
        let mut statement = self.conn.prepare_cached(LOG)?;
        let mut rows = statement.query([seq])?;
        let mut lines = Vec::new();
        while let Some(row) = rows.next()? {
            let subject: String = row.get(3)?;
            let (table, key) = subject.split_once(' ').unwrap_or((&subject, ""));
            let text: Option<String> = row.get(4)?;
            lines.push(Line {
                seen_ms,
                seq: row.get(0)?,
                hash: hexadecimal(row.get_ref(1)?.as_blob().unwrap_or_default()),
                kind: row.get(2)?,
                table: table.to_owned(),
                key: key.to_owned(),
                row: text.as_deref().map(canonical).unwrap_or_default(),
            });
        }
        Ok(lines)
    }

    /// Returns the hash of a line of the log; empty where there is none.
    ///
    /// # Errors
    ///
    /// SQLite's word, where it cannot be read.
    pub(super) fn hash_of(&self, seq: i64) -> Result<String, Unreadable> {
        let mut statement = self.conn.prepare_cached(ONE)?;
        let mut rows = statement.query([seq])?;
        match rows.next()? {
            Some(row) => Ok(hexadecimal(row.get_ref(0)?.as_blob().unwrap_or_default())),
            None => Ok(String::new()),
        }
    }

    /// Returns what the tables hold.
    ///
    /// # Errors
    ///
    /// SQLite's word, where it cannot be read.
    pub(super) fn tables(&self) -> Result<Tables, Unreadable> {
        Ok(Tables {
            orders: self.rows("SELECT * FROM sale_order ORDER BY order_no")?,
            attempts: self.rows("SELECT * FROM attempt ORDER BY out_trade_no")?,
            refunds: self.rows("SELECT * FROM refund ORDER BY refund_id")?,
            cash_refunds: self.rows("SELECT * FROM cash_refund ORDER BY cash_refund_id")?,
            findings: self.rows("SELECT * FROM finding ORDER BY finding_id")?,
            operations: self.rows("SELECT * FROM operation ORDER BY operation_id")?,
        })
    }

    fn rows(&self, sql: &str) -> Result<Vec<Row>, Unreadable> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let names: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
        let mut rows = statement.query([])?;
        let mut read = Vec::new();
        while let Some(row) = rows.next()? {
            let mut fields = Row::default();
            for (place, name) in names.iter().enumerate() {
                let text = match row.get_ref(place)? {
                    ValueRef::Integer(number) => number.to_string(),
                    ValueRef::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                    ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => continue,
                };
                fields.0.insert(name.clone(), text);
            }
            read.push(fields);
        }
        Ok(read)
    }
}

/// Reads the log's text of a row: a line for each column, a text with its length in bytes.
fn canonical(mut text: &str) -> Row {
    let mut row = Row::default();
    while let Some((name, rest)) = text.split_once('=') {
        let line_end = rest.find('\n').unwrap_or(rest.len());
        let line = &rest[..line_end];
        let told = line.split_once(':').and_then(|(length, _)| {
            let start = length.len() + 1;
            Some((start, start + length.parse::<usize>().ok()?))
        });
        let (value, end) = match told {
            Some((start, end)) if !line.starts_with('-') => {
                (rest.get(start..end).unwrap_or_default(), end)
            }
            Some(_) | None => (line, line_end),
        };
        if end != 0 {
            row.0.insert(name.to_owned(), value.to_owned());
        }
        text = rest.get(end + 1..).unwrap_or_default();
    }
    row
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('?');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logs_text_of_a_row_is_read_back() {
        let row = canonical("no=3:90=\nphase=4:paid\nat=-5\nnone=\nsaid=3:a\nb\nlast=1\n");
        assert_eq!(row.text("no"), "90=");
        assert_eq!(row.text("phase"), "paid");
        assert_eq!(row.int("at"), Some(-5));
        assert_eq!(row.int("none"), None);
        assert_eq!(row.text("said"), "a\nb");
        assert!(row.is("last"));
    }
}
