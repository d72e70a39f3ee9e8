//! Cash at the counter, and the copies that a person makes of the books.
//!
//! The cashier counts by hand: what a customer owes less what is let go, and the change. What went
//! into the drawer is written down beside the till's word for it.

use mianfu_core::money::Fen;
use mianfu_core::order::{Counted, Order};
use mianfu_db::BackupTo;
use mianfu_till::cash::{CashRefundRefusal, CashRefundWish, CashRefusal, TakeCash};
use mianfu_till::worker::chain;

use super::desk::BackedUp;
use super::record::{CashMove, Heap};
use super::world::World;

/// The smallest note of which a customer hands over as many as it takes, in fen.
const NOTE_FEN: i64 = 1_000;

/// What a customer and a cashier do about a sum: the rest below a coin is let go, notes come in.
fn counted(due_fen: i64, coin_fen: i64) -> (i64, i64) {
    let rest_fen = due_fen % coin_fen;
    let rounded_fen = if rest_fen < due_fen { rest_fen } else { 0 };
    let owed_fen = due_fen - rounded_fen;
    let notes = (owed_fen + NOTE_FEN - 1) / NOTE_FEN;
    (rounded_fen, notes * NOTE_FEN)
}

fn fen(fen: i64) -> Fen {
    Fen::new(fen).unwrap_or(Fen::ZERO)
}

impl World<'_> {
    pub(super) fn cash_instead(&mut self, coin_fen: i64) {
        let now = self.till_now();
        let Some(front) = self.desk.counter.own_front() else { return };
        let Some(till) = &mut self.desk.till else { return };
        let due_fen = i64::from(front.amount.get());
        let (rounded_fen, received_fen) = counted(due_fen, coin_fen);
        let hand = Counted { received: fen(received_fen), rounded: fen(rounded_fen) };
        let done = till.take_cash_instead(&front.out_trade_no, hand, now);
        let result = done.as_ref().err().map_or("done".to_owned(), |error| chain(error));
        self.say(format_args!("cashier: cash instead {}: {result}", front.out_trade_no));
        let pressed_again = done.as_ref().is_ok_and(|order| self.is_in_drawer(order));
        // Of what the till refuses nothing lies in the drawer; what it could not keep may lie there.
        let may_lie_there = matches!(done, Ok(_) | Err(CashRefusal::Db(_)));
        if may_lie_there && !pressed_again {
            let of = Heap::Order(front.order_no.0.to_string());
            self.changes_hands(of, (due_fen, rounded_fen, received_fen), done.is_ok());
        }
        if let Err(CashRefusal::Db(error)) = done {
            self.not_kept("cash instead", &error);
        }
    }

    pub(super) fn cash_sale(&mut self, amount_fen: i64, coin_fen: i64) {
        let now = self.till_now();
        let Some(till) = &mut self.desk.till else { return };
        let (rounded_fen, received_fen) = counted(amount_fen, coin_fen);
        let hand = Counted { received: fen(received_fen), rounded: fen(rounded_fen) };
        let intent_id = format!("cash at {} of {}", self.now_ms, self.desk.number);
        let take =
            TakeCash { intent_id: intent_id.clone(), amount: fen(amount_fen), counted: hand };
        let done = till.take_cash(take, now);
        let result = done.as_ref().err().map_or("done".to_owned(), |error| chain(error));
        self.say(format_args!("cashier: {amount_fen} fen in cash: {result}"));
        let said = done.is_ok();
        self.changes_hands(Heap::Intent(intent_id), (amount_fen, rounded_fen, received_fen), said);
        if let Ok(order) = &done {
            self.desk.counter.in_cash = Some((order.no, order.cash.get()));
        }
        if let Err(CashRefusal::Db(error)) = done {
            self.not_kept("a sale in cash", &error);
        }
    }

    /// Says whether an order's cash is in the drawer already: the key was pressed twice, or the power
    /// went before the till could say that it had kept it.
    fn is_in_drawer(&mut self, order: &Order) -> bool {
        let number = order.no.0.to_string();
        // What a database that was put back lost is another order's, or is counted anew.
        let in_drawer = |cash: &CashMove| {
            cash.said && !cash.forgotten && cash.of == Heap::Order(number.clone())
        };
        if self.desk.record.cash.iter().any(in_drawer) {
            return true;
        }
        let unsaid = self.desk.record.cash.iter_mut().find(|cash| {
            !cash.said
                && !cash.forgotten
                && cash.of == Heap::Order(number.clone())
                && cash.rounded_fen == order.rounded.get()
                && cash.received_fen == order.received.get()
                && cash.due_fen == order.due.get()
        });
        let Some(cash) = unsaid else { return false };
        cash.said = true;
        true
    }

    /// Cash of the last sale in cash goes back, with the manager's word.
    pub(super) fn cash_back(&mut self, percent: i64) {
        let now = self.till_now();
        let Some((order_no, cash_fen)) = self.desk.counter.in_cash else { return };
        let Some(till) = &mut self.desk.till else { return };
        let back_fen = cash_fen * percent / 100;
        let intent_id = format!("cash back at {} of {}", self.now_ms, self.desk.number);
        let wish = CashRefundWish { order_no, amount: fen(back_fen), intent_id: intent_id.clone() };
        let done = till.give_cash_back(&wish, "manager", now);
        let result = done.as_ref().err().map_or("done".to_owned(), |error| chain(error));
        self.say(format_args!("manager: {back_fen} fen of cash back: {result}"));
        self.changes_hands(Heap::Back(intent_id), (-back_fen, 0, 0), done.is_ok());
        if let Err(CashRefundRefusal::Db(error)) = done {
            self.not_kept("cash that goes back", &error);
        }
    }

    /// Writes down what the cashier did with coins and notes; the drawer is shut on it only where
    /// the till said that it is kept.
    fn changes_hands(&mut self, of: Heap, fen: (i64, i64, i64), said: bool) {
        let (due_fen, rounded_fen, received_fen) = fen;
        let at_ms = self.now_ms;
        let cash =
            CashMove { at_ms, of, due_fen, rounded_fen, received_fen, said, forgotten: false };
        self.desk.record.cash.push(cash);
    }

    pub(super) fn back_up(&mut self) {
        let now = self.till_now();
        self.look();
        let Some(till) = &self.desk.till else { return };
        let to = BackupTo { folder: self.backups.folder(), now, keep: 3 };
        let done = till.db().backup_to(&to);
        let result = done.as_ref().err().map_or("done".to_owned(), |error| chain(error));
        self.say(format_args!("backup: {result}"));
        match done {
            Ok(path) => {
                let copy = BackedUp {
                    bytes: std::fs::read(path).unwrap_or_default(),
                    log_len: self.desk.record.log.len(),
                    kept: self.desk.kept.clone(),
                    cash_len: self.desk.record.cash.len(),
                };
                self.desk.backed_up = Some(copy);
            }
            Err(error) => self.not_kept("a backup", &error),
        }
    }
}
