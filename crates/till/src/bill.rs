//! The barcode of a customer's bill (账单): which of our sales it belongs to, and what became of it.
//!
//! It carries our number, or the channel's own where the customer's app shows that one. Looking is
//! asking: an open sale is asked at once, and one that ended without money is asked once more,
//! because a customer who holds a bill may have paid after the end (M14). A sale that ended and has
//! left the counter does not come back to the front: a green plate there says that the goods of the
//! moment may go. A sale in cash is looked up and asked of nobody: the till itself took the money.

use mianfu_core::attempt::{Attempt, Event, FollowUp, Phase, Step};
use mianfu_core::money::Timestamp;
use mianfu_core::number::{CashNo, OutTradeNo};
use mianfu_core::order::Order;
use mianfu_db::DbError;
use mianfu_gateway::{Keys, Scanned, recognise};

use crate::cashier::keep_rest;
use crate::sale::Refusal;
use crate::till::Till;

/// How many digits the channels' own numbers have.
const TRANSACTION_DIGITS: usize = 28;
/// How long after its payment a sale is found by the channel's own number, in ms: 92 days, longer
/// than a customer may ask for the money back.
const FOUND_MS: i64 = 92 * 86_400_000;

/// The sale of a bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bill {
    /// Through a channel; it has come to the front.
    Attempt(Attempt),
    /// Through a channel, over, and no longer at the counter; the front stays as it is.
    Ended(Attempt),
    /// In cash; the front stays as it is.
    Cash(Order),
}

/// Why a scanned text led to no sale. Nothing was asked.
#[derive(Debug, thiserror::Error)]
pub enum BillRefusal {
    /// Something else than a bill.
    #[error("the scanned text is no bill: {}", crate::sale::scanned_name(scanned))]
    NotABill {
        /// What it is.
        scanned: Scanned,
        /// Whether a sale without a result is in front, so that no other can begin.
        front_open: bool,
    },
    /// The sale in front has no result and there is no room beside it.
    #[error("the sale in front cannot be put aside")]
    NoRoom(#[source] Box<Refusal>),
    /// The database.
    #[error("the sale could not be looked up")]
    Db(#[from] DbError),
}

impl<K: Keys> Till<K> {
    /// Finds the sale of a bill, asks the channel about it where an answer can still change
    /// something, and brings a sale of the moment to the front; `None` where this till has no such
    /// sale.
    ///
    /// # Errors
    ///
    /// Says what else the text is, and where the sale in front has to stay.
    pub fn ask_bill(&mut self, text: &str, now: Timestamp) -> Result<Option<Bill>, BillRefusal> {
        let text = plain(text);
        if let Some(no) = CashNo::new(&text) {
            return Ok(self.in_cash(no)?.map(Bill::Cash));
        }
        let Some(found) = self.of_bill(&text, now)? else {
            let unknown = matches!(recognise(&text), Scanned::Receipt(_));
            if unknown || is_transaction_no(&text) {
                return Ok(None);
            }
            let front_open = self.front_is_open()?;
            return Err(BillRefusal::NotABill { scanned: recognise(&text), front_open });
        };
        let no = found.out_trade_no.clone();
        let is_here = self.front.as_ref() == Some(&no) || self.aside.contains(&no);
        let is_over = found.is_final() && !is_here;
        if matches!(found.phase, Phase::Closed { .. } | Phase::Declined { .. }) {
            self.ask_once_more(found, now)?;
        } else {
            self.step(&no, Event::AskedNow, now, None)?;
        }
        if is_over {
            return Ok(Some(Bill::Ended(self.attempt(&no)?)));
        }
        self.bring_to_front(&no)?;
        Ok(Some(Bill::Attempt(self.attempt(&no)?)))
    }

    /// Returns the order of a number on a receipt; a till's own, and only once it took cash.
    fn in_cash(&self, no: CashNo) -> Result<Option<Order>, DbError> {
        let read = self.db.read();
        let Some(no) = no.order_of(read.series()?) else { return Ok(None) };
        let order = read.orders().find(no)?.map(|kept| kept.value);
        Ok(order.filter(|order| order.cash_at.is_some()))
    }

    fn of_bill(&self, text: &str, now: Timestamp) -> Result<Option<Attempt>, DbError> {
        let attempts = self.db.read().attempts();
        let kept = match OutTradeNo::new(text) {
            Some(no) => attempts.find(&no)?,
            None if is_transaction_no(text) => {
                attempts.by_transaction(text, now.plus_ms(-FOUND_MS))?
            }
            None => None,
        };
        Ok(kept.map(|kept| kept.value))
    }

    fn ask_once_more(&mut self, ended: Attempt, now: Timestamp) -> Result<(), DbError> {
        let follow_up = Some(FollowUp::AskAt(now));
        let step = Step { attempt: ended, effect: None, finding: None, follow_up };
        self.db.write("ask about a bill", |tx| keep_rest(tx, &step, now).map(|_| ()))
    }

    fn bring_to_front(&mut self, no: &OutTradeNo) -> Result<(), BillRefusal> {
        if self.front.as_ref() == Some(no) {
            return Ok(());
        }
        if self.aside.contains(no) {
            return Ok(self.bring_back(no)?);
        }
        if let Some(front) = self.front.clone()
            && self.front_is_open()?
        {
            self.put_aside(&front).map_err(|refusal| BillRefusal::NoRoom(Box::new(refusal)))?;
        }
        self.front = Some(no.clone());
        self.cash_front = None;
        self.revision += 1;
        Ok(())
    }

    fn front_is_open(&self) -> Result<bool, DbError> {
        let Some(front) = &self.front else { return Ok(false) };
        Ok(self.db.read().attempts().find(front)?.is_some_and(|kept| !kept.value.is_final()))
    }
}

/// Returns the text as a reader meant it: an input method makes digits wide, and a bill is printed
/// in groups.
fn plain(text: &str) -> String {
    let narrow = |mark: char| match mark {
        '０'..='９' => char::from_digit(mark as u32 - '０' as u32, 10).unwrap_or(mark),
        _ => mark,
    };
    text.chars().filter(|mark| !mark.is_whitespace()).map(narrow).collect()
}

/// Whether a text has the shape of a channel's own number and is no code of another kind.
fn is_transaction_no(text: &str) -> bool {
    let digits = text.len() == TRANSACTION_DIGITS && text.bytes().all(|b| b.is_ascii_digit());
    digits && matches!(recognise(text), Scanned::Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(plain(text), expected, "{text:?}");
    }

    #[test]
    fn a_bill_is_read_however_it_was_typed() {
        check("9000001001000000070000000001\r\n", "9000001001000000070000000001");
        check("９０0000 1001 000000 07 0000 0000 01", "9000001001000000070000000001");
        check("　９\u{a0}０\t", "90");
        check("付款", "付款");
    }

    #[test]
    fn a_channels_number_is_told_from_codes_that_customers_show() {
        assert!(is_transaction_no("2026112122001400000000000001"));
        assert!(is_transaction_no("4200002026112100000000000001"));
        assert!(!is_transaction_no("2812345678901234562812345678"), "two codes run together");
        assert!(!is_transaction_no("281234567890123456"), "a payment code");
        assert!(!is_transaction_no("9000001001000000070000000001"), "ours");
    }
}
