//! A row in its canonical text: what its hash covers, what the log keeps, what is compared.
//!
//! Each money row carries a SHA-256 over its columns, checked at every read, because a page check
//! by SQLite misses most flipped bits inside a value. A payer's hash stands in the text as a digest
//! bound to the row, so that it can be dropped from the row without living on in the log.

use mianfu_core::money::{Fen, Timestamp};
use mianfu_core::mutant;
use mianfu_core::number::{OrderNo, OutTradeNo};
use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Params};
use sha2::{Digest, Sha256};

use crate::error::{DbError, Doing};

/// A SHA-256.
pub(crate) type Hash = [u8; 32];

/// Columns of a table in the order of its canonical text. The first is the key.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [&'static str],
    /// The column whose value the text replaces by a digest bound to the row.
    pub(crate) veiled: Option<&'static str>,
}

/// One value of a row. There is no float.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Cell {
    #[default]
    Null,
    Int(i64),
    Text(String),
}

/// A row of a table.
#[derive(Clone)]
pub(crate) struct Row {
    table: &'static Table,
    cells: Vec<Cell>,
    /// Where the next column is looked for first: most are asked for in the table's order.
    near: std::cell::Cell<usize>,
}

impl Row {
    /// Composes a row of values in the order of the table's columns.
    pub(crate) fn new(table: &'static Table, cells: Vec<Cell>) -> Row {
        assert_eq!(table.columns.len(), cells.len(), "a row has a value for each column");
        Row { table, cells, near: std::cell::Cell::new(0) }
    }

    /// Reads a row and checks it against its `row_hash`.
    pub(crate) fn read(table: &'static Table, row: &rusqlite::Row<'_>) -> Result<Row, DbError> {
        let read = Row::read_unchecked(table, row)?;
        let stored = hash_column(table, row, table.columns.len())?;
        if stored != read.hash() && !mutant::planted("db_row_hash_unchecked") {
            return Err(read.corrupt());
        }
        Ok(read)
    }

    /// Reads a row whose hash is checked by other means. The statement selects the columns in the
    /// order of the table's.
    pub(crate) fn read_unchecked(
        table: &'static Table,
        row: &rusqlite::Row<'_>,
    ) -> Result<Row, DbError> {
        let mut cells = Vec::with_capacity(table.columns.len());
        for (place, column) in table.columns.iter().enumerate() {
            let cell = match row.get_ref(place).doing("read a column")? {
                ValueRef::Null => Cell::Null,
                ValueRef::Integer(int) => Cell::Int(int),
                ValueRef::Text(text) => match std::str::from_utf8(text) {
                    Ok(text) => Cell::Text(text.to_owned()),
                    Err(_) => return Err(DbError::corrupt(table.name, *column)),
                },
                ValueRef::Real(_) | ValueRef::Blob(_) => {
                    return Err(DbError::corrupt(table.name, *column));
                }
            };
            cells.push(cell);
        }
        Ok(Row::new(table, cells))
    }

    /// Returns the canonical text: a line for each column, text with its length in bytes.
    pub(crate) fn text(&self) -> String {
        let mut text = String::with_capacity(self.text_bytes_max());
        for (column, cell) in self.table.columns.iter().zip(&self.cells) {
            text.push_str(column);
            text.push('=');
            match cell {
                Cell::Null => (),
                Cell::Int(int) => push_int(&mut text, *int),
                Cell::Text(_) if self.table.veiled == Some(column) => {
                    text.push('#');
                    push_hex(&mut text, &self.veil(cell));
                }
                Cell::Text(value) => {
                    push_int(&mut text, i64::try_from(value.len()).unwrap_or(i64::MAX));
                    text.push(':');
                    text.push_str(value);
                }
            }
            text.push('\n');
        }
        text
    }

    /// Returns what the canonical text takes at most.
    fn text_bytes_max(&self) -> usize {
        // A number with its sign, or a text's length; a digest in hexadecimal.
        const NUMBER: usize = 20;
        const DIGEST: usize = 66;
        let names: usize = self.table.columns.iter().map(|column| column.len() + 3).sum();
        let values = self.cells.iter().map(|cell| match cell {
            Cell::Null => 0,
            Cell::Int(_) => NUMBER,
            Cell::Text(value) => (NUMBER + value.len()).max(DIGEST),
        });
        names + values.sum::<usize>()
    }

    /// Returns the hash of the table's name and the canonical text.
    pub(crate) fn hash(&self) -> Hash {
        hash_of(self.table.name, &self.text())
    }

    /// Returns table and key, as events name what changed.
    pub(crate) fn subject(&self) -> String {
        format!("{} {}", self.table.name, self.key())
    }

    /// Returns the key as text.
    pub(crate) fn key(&self) -> String {
        match &self.cells[0] {
            Cell::Null => String::new(),
            Cell::Int(int) => int.to_string(),
            Cell::Text(text) => text.clone(),
        }
    }

    /// Returns the table's name.
    pub(crate) fn table_name(&self) -> &'static str {
        self.table.name
    }

    /// Returns the error for a row that this program never wrote.
    pub(crate) fn corrupt(&self) -> DbError {
        DbError::corrupt(self.table.name, self.key())
    }

    pub(crate) fn opt_int(&self, column: &str) -> Result<Option<i64>, DbError> {
        match self.cell(column) {
            Some(Cell::Null) => Ok(None),
            Some(Cell::Int(int)) => Ok(Some(*int)),
            Some(Cell::Text(_)) | None => Err(self.corrupt()),
        }
    }

    pub(crate) fn int(&self, column: &str) -> Result<i64, DbError> {
        self.opt_int(column)?.ok_or_else(|| self.corrupt())
    }

    pub(crate) fn number<T: TryFrom<i64>>(&self, column: &str) -> Result<T, DbError> {
        T::try_from(self.int(column)?).map_err(|_| self.corrupt())
    }

    pub(crate) fn flag(&self, column: &str) -> Result<bool, DbError> {
        match self.int(column)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.corrupt()),
        }
    }

    pub(crate) fn opt_text(&self, column: &str) -> Result<Option<String>, DbError> {
        match self.cell(column) {
            Some(Cell::Null) => Ok(None),
            Some(Cell::Text(text)) => Ok(Some(text.clone())),
            Some(Cell::Int(_)) | None => Err(self.corrupt()),
        }
    }

    pub(crate) fn text_of(&self, column: &str) -> Result<String, DbError> {
        self.opt_text(column)?.ok_or_else(|| self.corrupt())
    }

    /// Reads a word with the function that knows the words.
    pub(crate) fn word<T>(
        &self,
        column: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, DbError> {
        parse(&self.text_of(column)?).ok_or_else(|| self.corrupt())
    }

    pub(crate) fn opt_at(&self, column: &str) -> Result<Option<Timestamp>, DbError> {
        Ok(self.opt_int(column)?.map(Timestamp))
    }

    pub(crate) fn at(&self, column: &str) -> Result<Timestamp, DbError> {
        self.int(column).map(Timestamp)
    }

    pub(crate) fn fen(&self, column: &str) -> Result<Fen, DbError> {
        Fen::new(self.int(column)?).ok_or_else(|| self.corrupt())
    }

    pub(crate) fn out_trade_no(&self, column: &str) -> Result<OutTradeNo, DbError> {
        self.word(column, OutTradeNo::new)
    }

    pub(crate) fn order_no(&self, column: &str) -> Result<OrderNo, DbError> {
        self.int(column).map(OrderNo)
    }

    fn cell(&self, column: &str) -> Option<&Cell> {
        let columns = self.table.columns;
        let near = self.near.get();
        let mut places = (near..columns.len()).chain(0..near);
        let place = places.find(|place| columns[*place] == column)?;
        self.near.set(place + 1);
        self.cells.get(place)
    }

    /// Digest of a veiled value, bound to the row so that rows of one payer look unlike.
    fn veil(&self, cell: &Cell) -> Hash {
        let mut digest = Sha256::new();
        digest.update(self.key().as_bytes());
        digest.update([0]);
        if let Cell::Text(text) = cell {
            digest.update(text.as_bytes());
        }
        digest.finalize().into()
    }
}

/// Writes a row whose canonical text is `text`: every parameter of the statement is a column of
/// the row, or `:row_hash`.
pub(crate) fn execute(
    conn: &Connection,
    sql: &'static str,
    row: &Row,
    text: &str,
) -> Result<usize, rusqlite::Error> {
    let mut statement = conn.prepare_cached(sql)?;
    let columns = row.table.columns;
    for index in 1..=statement.parameter_count() {
        let name = statement.parameter_name(index).unwrap_or_default().trim_start_matches(':');
        // An insert names the columns in the table's order; an update does so but for the key.
        let near = (index - 1..=index).find(|place| columns.get(*place) == Some(&name));
        let place = near.or_else(|| columns.iter().position(|column| *column == name));
        if let Some(cell) = place.and_then(|place| row.cells.get(place)) {
            statement.raw_bind_parameter(index, cell)?;
        } else if name == "row_hash" {
            let hash = hash_of(row.table.name, text);
            statement.raw_bind_parameter(index, hash.as_slice())?;
        } else {
            return Err(rusqlite::Error::InvalidParameterName(name.to_owned()));
        }
    }
    statement.raw_execute()
}

/// Reads rows, each checked against its hash.
pub(crate) fn list<P: Params>(
    conn: &Connection,
    table: &'static Table,
    sql: &'static str,
    params: P,
    doing: &'static str,
) -> Result<Vec<Row>, DbError> {
    let mut statement = conn.prepare_cached(sql).doing(doing)?;
    let mut rows = statement.query(params).doing(doing)?;
    let mut kept = Vec::new();
    while let Some(row) = rows.next().doing(doing)? {
        kept.push(Row::read(table, row)?);
    }
    Ok(kept)
}

/// Reads at most one row, checked against its hash.
pub(crate) fn one<P: Params>(
    conn: &Connection,
    table: &'static Table,
    sql: &'static str,
    params: P,
    doing: &'static str,
) -> Result<Option<Row>, DbError> {
    let mut statement = conn.prepare_cached(sql).doing(doing)?;
    let mut rows = statement.query(params).doing(doing)?;
    rows.next().doing(doing)?.map(|row| Row::read(table, row)).transpose()
}

/// Reads a hash that stands at a place in the selected row.
pub(crate) fn hash_column(
    table: &'static Table,
    row: &rusqlite::Row<'_>,
    place: usize,
) -> Result<Hash, DbError> {
    match row.get_ref(place).doing("read a hash")? {
        ValueRef::Blob(bytes) => bytes.try_into().map_err(|_| DbError::corrupt(table.name, "hash")),
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Text(_) => {
            Err(DbError::corrupt(table.name, "hash"))
        }
    }
}

/// Returns the hash of a row of `table` with this canonical text.
pub(crate) fn hash_of(table: &str, text: &str) -> Hash {
    let mut digest = Sha256::new();
    digest.update(table.as_bytes());
    digest.update(b"\n");
    digest.update(text.as_bytes());
    digest.finalize().into()
}

/// Finds a column in a canonical text; empty where it is NULL.
pub(crate) fn column_of<'t>(mut text: &'t str, name: &str) -> Option<&'t str> {
    while let Some((column, rest)) = text.split_once('=') {
        let end = rest.find(['\n', ':'])?;
        let (from, to) = match rest.as_bytes()[end] {
            b':' => (end + 1, end + 1 + rest[..end].parse::<usize>().ok()?),
            _ => (0, end),
        };
        if column == name {
            return rest.get(from..to);
        }
        text = rest.get(to + 1..)?;
    }
    None
}

/// Returns the bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    push_hex(&mut text, bytes);
    text
}

/// Writes a whole number as `to_string` does, without a text of its own.
fn push_int(text: &mut String, int: i64) {
    let mut digits = [b'0'; 20];
    let mut left = int.unsigned_abs();
    let mut from = digits.len();
    loop {
        from -= 1;
        digits[from] = b'0' + u8::try_from(left % 10).unwrap_or(0);
        left /= 10;
        if left == 0 {
            break;
        }
    }
    if int < 0 {
        text.push('-');
    }
    text.extend(digits[from..].iter().map(|digit| char::from(*digit)));
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

impl ToSql for Cell {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>, rusqlite::Error> {
        Ok(match self {
            Cell::Null => ToSqlOutput::Owned(Value::Null),
            Cell::Int(int) => ToSqlOutput::Owned(Value::Integer(*int)),
            Cell::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

impl From<i64> for Cell {
    fn from(int: i64) -> Cell {
        Cell::Int(int)
    }
}

impl From<u32> for Cell {
    fn from(int: u32) -> Cell {
        Cell::Int(i64::from(int))
    }
}

impl From<bool> for Cell {
    fn from(flag: bool) -> Cell {
        Cell::Int(i64::from(flag))
    }
}

impl From<Timestamp> for Cell {
    fn from(at: Timestamp) -> Cell {
        Cell::Int(at.0)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Cell {
        Cell::Text(text.clone())
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Cell {
        value.map_or(Cell::Null, T::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_as_everywhere() {
        for int in [0, 7, -7, 10, 99, 1_795_226_400_000, i64::MAX, i64::MIN] {
            let mut text = String::new();
            push_int(&mut text, int);
            assert_eq!(text, int.to_string());
        }
    }

    #[test]
    fn a_column_is_found_in_any_order() {
        const TABLE: Table = Table { name: "t", columns: &["a", "b", "c"], veiled: None };
        let row = Row::new(&TABLE, vec![1_i64.into(), 2_i64.into(), Cell::Null]);
        for _ in 0..2 {
            assert_eq!(row.int("b").unwrap(), 2);
            assert_eq!(row.int("a").unwrap(), 1);
            assert_eq!(row.opt_int("c").unwrap(), None);
            assert!(row.int("d").is_err(), "there is none");
        }
        assert_eq!(row.text(), "a=1\nb=2\nc=\n");
        assert!(row.text().len() <= row.text_bytes_max());
    }
}
