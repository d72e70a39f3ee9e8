//! Whatever core's machines do, the schema keeps: no law in a row stands in the way of a step.

use std::path::Path;

use mianfu_core::attempt::{Attempt, Effect, Event, FollowUp};
use mianfu_core::channel::{
    Closing, Flow, Payment, RefundAnswer, RefundVerdict, Reversal, Timetable, UnscannedEnd, Verdict,
};
use mianfu_core::money::{Fen, Timestamp};
use mianfu_core::refund::{RefundCause, RefundEvent, RefundId};
use mianfu_db::{Db, DbError, Lock, OpenOptions, Versioned};

use crate::disk::Disk;
use crate::fixture::*;

const WALKS: u32 = 800;
const STEPS: u32 = 16;

struct Dice(u64);

impl Dice {
    fn roll<T: Clone>(&mut self, faces: &[T]) -> T {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let face = usize::try_from(self.0 >> 33).unwrap() % faces.len();
        faces[face].clone()
    }
}

fn verdicts() -> Vec<Verdict> {
    let payment = |fen, paid_at| {
        Verdict::Paid(Payment {
            amount: Fen::new(fen).unwrap(),
            transaction_no: "2026112122001".to_owned(),
            paid_at,
            payer: None,
            some_back: false,
        })
    };
    let reason = "余额不足".to_owned();
    vec![
        payment(1_250, None),
        payment(1_250, Some(TEN)),
        payment(125, None),
        payment(1_250, Some(TEN.plus_ms(-600_000))),
        Verdict::Waiting,
        Verdict::Waiting,
        Verdict::NotExist,
        Verdict::NotExist,
        Verdict::Code { content: "https://qr.example/bax0".to_owned() },
        Verdict::Declined { reason: reason.clone() },
        Verdict::DeclinedAlive { reason: reason.clone() },
        Verdict::Closed,
        Verdict::Returned,
        Verdict::AlreadyPaid,
        Verdict::UnsignedNotExist,
        Verdict::UnsignedRefusal { reason },
    ]
}

fn event(dice: &mut Dice) -> Event {
    let verdict = dice.roll(&verdicts());
    let effect = dice.roll(&[Effect::Submit, Effect::Query, Effect::Reverse, Effect::Close]);
    let refused = || "refused".to_owned();
    let reversal = dice.roll(&[
        Reversal::Closed,
        Reversal::Returned,
        Reversal::Done,
        Reversal::FoundNothing,
        Reversal::Again,
        Reversal::NoBalance,
        Reversal::TooLate,
        Reversal::Refused { reason: refused() },
    ]);
    let closing =
        dice.roll(&[Closing::Closed, Closing::NotExist, Closing::Refused { reason: refused() }]);
    dice.roll(&[
        Event::Answered(verdict.clone()),
        Event::Told(verdict.clone()),
        Event::Told(verdict.clone()),
        Event::Notified(verdict),
        Event::ReversalTold(reversal.clone()),
        Event::ReversalTold(reversal),
        Event::ClosingTold(closing),
        Event::Unreached(effect),
        Event::Unreached(Effect::Submit),
        Event::Silent(effect),
        Event::Withheld,
        Event::Cancelled,
        Event::AskedNow,
        Event::CashTaken,
        Event::GoodsGone { by: "店长".to_owned() },
        Event::RefundConfirmed,
        Event::Tick,
        Event::Tick,
        Event::Resumed,
    ])
}

/// Saves a step and begins the refund that it asks for.
fn keep_step(
    db: &mut Db,
    attempt: &Attempt,
    event: Event,
    at: Timestamp,
    timetable: &Timetable,
) -> Result<(Attempt, Option<RefundId>), DbError> {
    db.write("walk", |tx| {
        let Versioned { value, version } = tx.attempts().get(&attempt.out_trade_no)?;
        let step = value.step(event, at, timetable);
        tx.attempts().update(&step.attempt, version, &note("stepped"))?;
        if let Some(finding) = &step.finding {
            tx.findings().insert(finding, &step.attempt, &note("found"))?;
        }
        let Some(FollowUp::Refund { why }) = step.follow_up else {
            return Ok((step.attempt, None));
        };
        let refund = refund_of(tx, &step.attempt, 1_250, RefundCause::Rule(why));
        tx.refunds().insert(&refund, &note("refund_kept"))?;
        Ok((step.attempt, Some(refund.id)))
    })
}

fn walk_refund(db: &mut Db, id: RefundId, dice: &mut Dice, timetable: &Timetable) {
    let reason = || "no".to_owned();
    let amounts = [1_250, 400, 1].map(|fen| Fen::new(fen).unwrap());
    let mut at = TEN.plus_ms(100_000);
    for _ in 0..STEPS {
        let amount = dice.roll(&amounts);
        let answer = dice.roll(&[
            RefundAnswer::Done { amount },
            RefundAnswer::Waiting,
            RefundAnswer::NotExist,
            RefundAnswer::NotExist,
            RefundAnswer::Ended { reason: reason() },
        ]);
        let verdict = dice.roll(&[
            RefundVerdict::Done,
            RefundVerdict::Accepted,
            RefundVerdict::NoBalance,
            RefundVerdict::Clash,
            RefundVerdict::Refused { reason: reason() },
        ]);
        let event = dice.roll(&[
            RefundEvent::Answered(verdict),
            RefundEvent::Told(answer.clone()),
            RefundEvent::Told(answer),
            RefundEvent::Silent,
            RefundEvent::Unreached,
            RefundEvent::NotLeft,
            RefundEvent::TriedAgain,
            RefundEvent::Tick,
            RefundEvent::Resumed,
            RefundEvent::Copied,
        ]);
        at = at.plus_ms(dice.roll(&[10, 3_000, 60_000]));
        let saved = db.write("walk", |tx| {
            let Versioned { value, version } = tx.refunds().get(id)?;
            let stepped = value.step(event.clone(), at, timetable).refund;
            tx.refunds().update(&stepped, version, &note("refund_stepped"))?;
            Ok(stepped)
        });
        let saved = saved.unwrap_or_else(|error| panic!("{event:?}: {error}"));
        assert_eq!(db.read().refunds().get(id).unwrap().value, saved);
    }
}

#[test]
fn every_step_that_core_takes_can_be_kept() {
    let disk = Disk::new("walks");
    let options = OpenOptions {
        path: Path::new("till.db"),
        vfs: Some(&disk.name),
        now: TEN,
        machine: "machine a",
        store: 42,
        till: 7,
        epoch: 12_345_678,
        lock: Lock::None,
    };
    let (mut db, _) = Db::open(&options).unwrap();
    let closes = Timetable {
        unscanned_end: UnscannedEnd::Close,
        reverse_not_before_ms: 15_000,
        ..Timetable::ALIPAY
    };
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut ends = 0;
    for walk in 0..WALKS {
        let timetable = dice.roll(&[Timetable::ALIPAY, closes]);
        let flow = dice.roll(&[Flow::Scan, Flow::Show]);
        let mut attempt = sell(&mut db, &format!("walk {walk}"), 1_250, flow);
        let mut at = TEN;
        let mut trail = Vec::new();
        for _ in 0..STEPS {
            let event = event(&mut dice);
            at = at.plus_ms(dice.roll(&[10, 2_000, 6_000, 30_000, 90_000, 90_000_000]));
            trail.push((event.clone(), at.since_ms(TEN)));
            match keep_step(&mut db, &attempt, event, at, &timetable) {
                Ok((stepped, refund)) => {
                    attempt = stepped;
                    if let Some(id) = refund {
                        walk_refund(&mut db, id, &mut dice, &timetable);
                    }
                }
                Err(error) => panic!("{error}\n{attempt:?}\n{trail:#?}"),
            }
            let kept = db.read().attempts().get(&attempt.out_trade_no).unwrap();
            assert_eq!(kept.value, attempt, "what is written is what is read");
        }
        let paid = matches!(attempt.phase, mianfu_core::attempt::Phase::Paid { .. });
        if paid {
            let id = db.write("refund", |tx| {
                let refund = refund_of(tx, &attempt, 400, by_person());
                tx.refunds().insert(&refund, &note("refund_kept"))?;
                Ok(refund.id)
            });
            walk_refund(&mut db, id.unwrap(), &mut dice, &timetable);
        }
        ends += u32::from(attempt.is_final());
    }
    assert!(WALKS / 2 < ends, "the walks get somewhere: {ends} ended");
    db.check_everything().unwrap();
}
