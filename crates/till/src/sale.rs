//! How a sale begins: what the cashier asks for, the rules over several attempts, and the one
//! transaction that keeps order, attempt, number and sent mark before anything leaves (M1).

use std::hash::{DefaultHasher, Hash, Hasher};

use mianfu_core::attempt::{Attempt, Effect, Intent};
use mianfu_core::breaker::Offer;
use mianfu_core::channel::{ChannelId, Flow, Timetable};
use mianfu_core::money::{Charge, Fen, Timestamp};
use mianfu_core::mutant;
use mianfu_core::number::{OrderNo, OutTradeNo};
use mianfu_core::order::{self, ChargeRefusal, Order};
use mianfu_db::{DbError, Tx};
use mianfu_gateway::{AuthCode, Keys, Scanned, recognise};

use crate::cashier::{OPEN_MAX, note};
use crate::till::{Till, UsedCode};
use crate::worker::effect_operation;

/// How long a code that was used is recognised when it is read again.
const USED_CODE_MS: i64 = 180_000;
/// Codes remembered for that.
const USED_CODES_MAX: usize = 64;

/// What the cashier asks for: an amount, confirmed once.
#[derive(Debug)]
pub struct Collect {
    /// Names the confirmed amount; the same intent twice is one attempt.
    pub intent_id: String,
    /// What is asked, in fen, as it was typed.
    pub amount: Fen,
    /// How.
    pub means: Means,
    /// What was answered to 同一位顾客吗？
    pub same_customer: SameCustomer,
}

/// How the customer pays.
#[derive(Debug)]
pub enum Means {
    /// We show a code of this channel.
    Show(ChannelId),
    /// We scanned this text.
    Scan(String),
}

impl Means {
    /// Returns the way that a sale would go; `None` for what is no payment code.
    #[must_use]
    pub fn way(&self) -> Option<(ChannelId, Flow)> {
        match self {
            Means::Show(channel) => Some((*channel, Flow::Show)),
            Means::Scan(text) => match recognise(text) {
                Scanned::Payment { channel, .. } => Some((channel, Flow::Scan)),
                Scanned::UnionPay
                | Scanned::Truncated
                | Scanned::RunTogether
                | Scanned::Product
                | Scanned::Receive
                | Scanned::Address
                | Scanned::Card
                | Scanned::Receipt(_)
                | Scanned::CashReceipt(_)
                | Scanned::FullWidth
                | Scanned::TooLong
                | Scanned::Empty
                | Scanned::Other => None,
            },
        }
    }
}

/// What was answered to 同一位顾客吗？ (M18)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameCustomer {
    /// Not asked yet.
    Ask,
    /// It is another customer.
    Another,
}

/// Why nothing was charged. Each has a sentence at the counter that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Zero, negative or otherwise no amount.
    #[error("the amount must be at least one fen")]
    NoAmount,
    /// More than one attempt may ask for.
    #[error("the amount is above this store's limit of {limit}")]
    AboveLimit {
        /// The store's limit.
        limit: Charge,
    },
    /// Not a payment code.
    #[error("the scanned text is no payment code that is taken here: {}", refused_name(.0))]
    NotACode(Scanned),
    /// The same code was used a moment ago.
    #[error("this code was used a moment ago")]
    CodeUsed,
    /// No such channel at this till.
    #[error("the channel is not set up at this till")]
    NoChannel,
    /// The channel takes no new charges.
    #[error("the channel takes no new charges: {}", offer_name(.0))]
    NotOffered(Offer),
    /// A sale is still in front; it must end or be put aside.
    #[error("attempt `{out_trade_no}` has not ended")]
    AttemptOpen {
        /// The attempt in front.
        out_trade_no: OutTradeNo,
    },
    /// An unresolved attempt of the same amount: is it the same customer? (M18)
    #[error("attempt `{out_trade_no}` of the same amount is unresolved")]
    SameCustomer {
        /// The unresolved attempt.
        out_trade_no: OutTradeNo,
    },
    /// The order has been paid.
    #[error("the order has been paid")]
    PaidAlready,
    /// Too many sales are unresolved, or too much money is at risk.
    #[error("{count} sales with {at_risk} are unresolved")]
    TooManyOpen {
        /// How many.
        count: u32,
        /// How much.
        at_risk: Fen,
    },
    /// As many sales as may wait beside the front one do.
    #[error("{count} sales are aside already")]
    TooManyAside {
        /// How many.
        count: usize,
    },
    /// The intent was used for another amount.
    #[error("the confirmed amount was used for another sale")]
    IntentUsed,
    /// Somebody practises at the counter.
    #[error("the counter is away at practice")]
    Away,
    /// The database would not keep it.
    #[error("the sale could not be kept")]
    Db(#[from] DbError),
}

fn offer_name(offer: &Offer) -> String {
    match offer {
        Offer::Ready => "it is ready".to_owned(),
        Offer::Proving => "it has not answered yet".to_owned(),
        Offer::Silent { .. } => "it does not answer".to_owned(),
        Offer::Misconfigured { reason } => format!("it refuses our calls (`{reason}`)"),
        Offer::Unproven { reason: Some(reason) } => {
            format!("it refuses our reversals (`{reason}`)")
        }
        Offer::Unproven { reason: None } => "its reversal has not been tried yet".to_owned(),
    }
}

fn refused_name(scanned: &Scanned) -> &'static str {
    if matches!(scanned, Scanned::Payment { .. }) {
        "a payment code of a channel that is not set up"
    } else {
        scanned_name(scanned)
    }
}

pub(crate) fn scanned_name(scanned: &Scanned) -> &'static str {
    match scanned {
        Scanned::Payment { .. } => "a payment code",
        Scanned::UnionPay => "a UnionPay code",
        Scanned::Truncated => "the beginning of a payment code",
        Scanned::RunTogether => "two reads run together",
        Scanned::Product => "a product",
        Scanned::Receive => "a code that asks to be paid",
        Scanned::Address => "an address",
        Scanned::Card => "a card",
        Scanned::Receipt(_) | Scanned::CashReceipt(_) => "a receipt of ours",
        Scanned::FullWidth => "full-width digits",
        Scanned::TooLong => "more than any code holds",
        Scanned::Empty => "nothing",
        Scanned::Other => "something else",
    }
}

impl<K: Keys> Till<K> {
    /// Takes a sale: one intent, one order, one attempt, kept with its sent mark before anything
    /// leaves (M1). The same intent again returns the attempt it made.
    ///
    /// # Errors
    ///
    /// Every refusal means that nothing was sent and nothing was charged.
    pub fn collect(&mut self, collect: Collect, now: Timestamp) -> Result<OutTradeNo, Refusal> {
        if let Some(no) = self.kept_intent(&collect)? {
            return Ok(no);
        }
        let amount = self.charge(collect.amount)?;
        let (channel, flow, auth_code) = self.means(&collect.means, now)?;
        self.may_begin(amount, collect.same_customer, now)?;
        let offer = self.lines.get(&channel).ok_or(Refusal::NoChannel)?.offer_of(flow);
        if offer != Offer::Ready && !mutant::planted("m4_offer_not_asked_for") {
            return Err(Refusal::NotOffered(offer));
        }
        let no = self.begin(&collect.intent_id, amount, channel, flow, now)?;
        if let Some(auth_code) = auth_code {
            self.hold_code(&no, auth_code, now);
        }
        self.front = Some(no.clone());
        self.cash_front = None;
        self.revision += 1;
        Ok(no)
    }

    /// Charges an order again after an attempt on it has ended without money.
    ///
    /// # Errors
    ///
    /// Refuses while an attempt on the order could still be paid (law 3, M9, M11), or where it has
    /// been paid.
    pub fn collect_again(
        &mut self,
        order_no: OrderNo,
        means: &Means,
        now: Timestamp,
    ) -> Result<OutTradeNo, Refusal> {
        let order = self.db.read().orders().get(order_no)?.value;
        let attempts: Vec<Attempt> = self
            .db
            .read()
            .attempts()
            .of_order(order_no)?
            .into_iter()
            .map(|kept| kept.value)
            .collect();
        order::may_charge(&order, &attempts).map_err(|refusal| match refusal {
            ChargeRefusal::AttemptLive { out_trade_no } => Refusal::AttemptOpen { out_trade_no },
            ChargeRefusal::PaidAlready => Refusal::PaidAlready,
        })?;
        let amount = self.charge(order.due)?;
        let (channel, flow, auth_code) = self.means(means, now)?;
        self.may_begin(amount, SameCustomer::Another, now)?;
        let line = self.lines.get(&channel).ok_or(Refusal::NoChannel)?;
        let offer = line.offer_of(flow);
        if offer != Offer::Ready {
            return Err(Refusal::NotOffered(offer));
        }
        let timetable = line.channel.timetable();
        let attempt = self.db.write("keep another attempt", |tx| {
            begin_attempt(tx, order_no, amount, channel, flow, now, &timetable)
        })?;
        let no = attempt.out_trade_no.clone();
        if let Some(auth_code) = auth_code {
            self.hold_code(&no, auth_code, now);
        }
        self.calls.hand_out_kept(&attempt, Effect::Submit, now);
        self.front = Some(no.clone());
        self.cash_front = None;
        self.revision += 1;
        Ok(no)
    }

    fn kept_intent(&self, collect: &Collect) -> Result<Option<OutTradeNo>, Refusal> {
        let Some(kept) = self.db.read().orders().by_intent(&collect.intent_id)? else {
            return Ok(None);
        };
        let order = kept.value;
        if mutant::planted("i7_intent_forgotten") {
            return Ok(None);
        }
        if order.due != collect.amount {
            return Err(Refusal::IntentUsed);
        }
        let attempts = self.db.read().attempts().of_order(order.no)?;
        Ok(attempts.into_iter().next_back().map(|kept| kept.value.out_trade_no))
    }

    fn charge(&self, amount: Fen) -> Result<Charge, Refusal> {
        if amount == Fen::ZERO {
            return Err(Refusal::NoAmount);
        }
        let limit = self.settings.limit;
        Charge::new(amount.get())
            .filter(|charge| *charge <= limit)
            .ok_or(Refusal::AboveLimit { limit })
    }

    fn means(
        &mut self,
        means: &Means,
        now: Timestamp,
    ) -> Result<(ChannelId, Flow, Option<AuthCode>), Refusal> {
        let text = match means {
            Means::Show(channel) => return Ok((*channel, Flow::Show, None)),
            Means::Scan(text) => text,
        };
        match recognise(text) {
            Scanned::Payment { channel, auth_code } => {
                if !self.lines.contains_key(&channel) {
                    return Err(Refusal::NotACode(Scanned::Payment { channel, auth_code }));
                }
                self.forget_old_codes(now);
                let mark = fingerprint(&auth_code);
                let used = self.used_codes.iter().any(|used| used.mark == mark);
                if used && !mutant::planted("i7_code_used_twice") {
                    return Err(Refusal::CodeUsed);
                }
                Ok((channel, Flow::Scan, Some(auth_code)))
            }
            scanned @ (Scanned::UnionPay
            | Scanned::Truncated
            | Scanned::RunTogether
            | Scanned::Product
            | Scanned::Receive
            | Scanned::Address
            | Scanned::Card
            | Scanned::Receipt(_)
            | Scanned::CashReceipt(_)
            | Scanned::FullWidth
            | Scanned::TooLong
            | Scanned::Empty
            | Scanned::Other) => Err(Refusal::NotACode(scanned)),
        }
    }

    /// Holds a code until its one submit leaves, and its mark for as long as it lives.
    fn hold_code(&mut self, no: &OutTradeNo, auth_code: AuthCode, now: Timestamp) {
        let mark = fingerprint(&auth_code);
        self.used_codes.push(UsedCode { at: now, mark, no: no.clone() });
        self.auth_codes.insert(no.clone(), auth_code);
    }

    fn forget_old_codes(&mut self, now: Timestamp) {
        self.used_codes.retain(|used| now.since_ms(used.at) <= USED_CODE_MS);
        let extra = self.used_codes.len().saturating_sub(USED_CODES_MAX);
        self.used_codes.drain(..extra);
    }

    /// The rules over several attempts: one in front, few aside, a bound on what is unknown, and
    /// the question whether it is the same customer.
    fn may_begin(
        &self,
        amount: Charge,
        same_customer: SameCustomer,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if self.away && !mutant::planted("practice_charges_the_shop") {
            return Err(Refusal::Away);
        }
        let mut open: Vec<Attempt> =
            self.db.read().attempts().open(OPEN_MAX)?.into_iter().map(|kept| kept.value).collect();
        if let Some(front) = self.front.as_ref().filter(|_| !mutant::planted("m18_front_is_free"))
            && open.iter().any(|attempt| attempt.is_live() && attempt.out_trade_no == *front)
        {
            return Err(Refusal::AttemptOpen { out_trade_no: front.clone() });
        }
        let live = || open.iter().filter(|attempt| attempt.is_live());
        let count = u32::try_from(live().count()).unwrap_or(u32::MAX);
        let at_risk = live()
            .try_fold(Fen::ZERO, |sum, attempt| sum.checked_add(attempt.amount.fen()))
            .unwrap_or(Fen::ZERO);
        let bound = self.settings.open_max <= count || self.settings.at_risk_max <= at_risk;
        if bound && !mutant::planted("law7_no_bound_on_the_unknown") {
            return Err(Refusal::TooManyOpen { count, at_risk });
        }
        // By whatever clock it was kept before this start: asking once too often doubles nothing.
        for attempt in open.iter_mut().filter(|attempt| self.is_earlier(&attempt.out_trade_no)) {
            attempt.kept_at = now;
        }
        if same_customer == SameCustomer::Ask
            && let Some(unresolved) = order::same_customer(&open, amount.fen(), now)
        {
            return Err(Refusal::SameCustomer { out_trade_no: unresolved.out_trade_no.clone() });
        }
        Ok(())
    }

    fn begin(
        &mut self,
        intent_id: &str,
        amount: Charge,
        channel: ChannelId,
        flow: Flow,
        now: Timestamp,
    ) -> Result<OutTradeNo, Refusal> {
        let timetable = self.lines[&channel].channel.timetable();
        let attempt = self.db.write("keep a sale", |tx| {
            let no = tx.orders().next_order_no();
            let order = Order::new(no, intent_id.to_owned(), amount.fen(), now);
            tx.orders().insert(&order, &note(now, "order_kept", amount.to_string()))?;
            begin_attempt(tx, order.no, amount, channel, flow, now, &timetable)
        })?;
        let no = &attempt.out_trade_no;
        tracing::info!(out_trade_no = %no, amount_fen = amount.get(), ?flow, "sale kept");
        self.calls.hand_out_kept(&attempt, Effect::Submit, now);
        Ok(attempt.out_trade_no)
    }
}

/// Mints a number and keeps the attempt with its sent mark and its submit, inside the caller's
/// transaction.
fn begin_attempt(
    tx: &Tx<'_>,
    order_no: OrderNo,
    amount: Charge,
    channel: ChannelId,
    flow: Flow,
    now: Timestamp,
    timetable: &Timetable,
) -> Result<Attempt, DbError> {
    let intent = Intent { out_trade_no: tx.mint()?, order_no, channel, flow, amount };
    let step = Attempt::begin(intent, now, timetable);
    tx.attempts().insert(&step.attempt, &note(now, "attempt_kept", amount.to_string()))?;
    if let Some(effect) = step.effect {
        tx.queue().put(&effect_operation(&step.attempt, effect, now))?;
    }
    Ok(step.attempt)
}

/// A short mark of a code, to recognise it when it is read again. It says nothing about the code.
fn fingerprint(auth_code: &AuthCode) -> u64 {
    let mut hasher = DefaultHasher::new();
    auth_code.hash(&mut hasher);
    hasher.finish()
}
