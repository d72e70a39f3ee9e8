//! What happens in a history, drawn from its seed before it begins.
//!
//! The operations are a list in time, so that a failing history can be cut short: the shorter list
//! makes the same history up to its cut, because the network and the disk draw from streams of
//! their own.

use mianfu_practice::chance::{Chance, fixed};
use mianfu_practice::wechat::ReverseUnknown;
use mianfu_practice::{CancelUnscanned, Manner};

use super::disk::Fate;
use super::faults::{Faults, Kind};
use super::relay::{Day, RelayPlan};
use super::theme::Theme;

/// A history before it happens.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The seed it was drawn from.
    pub seed: u64,
    /// When it begins, in the channel's time.
    pub begins_ms: i64,
    /// The till's clock less the channel's, in ms.
    pub skew_ms: i64,
    /// How many tills of the merchant there are from the beginning: one or two.
    pub tills: u32,
    /// The second till's clock less the channel's, in ms.
    pub second_skew_ms: i64,
    /// Which faults may happen.
    pub faults: Faults,
    /// Which channels the tills have.
    pub channels: Channels,
    /// What cancelling an unscanned code does at Alipay.
    pub cancel_unscanned: CancelUnscanned,
    /// What reversing a number that nobody paid with is told at WeChat Pay.
    pub reverse_unknown: ReverseUnknown,
    /// What the day is like.
    pub theme: Theme,
    /// Requests in a thousand that the network spoils on a calm day.
    pub spoilt_per_mille: u32,
    /// Turns in a thousand in which the machine is slow.
    pub slow_per_mille: u32,
    /// How long the network is down from the beginning, in ms.
    pub down_at_boot_ms: i64,
    /// The relay, and what befalls it.
    pub relay: RelayPlan,
    /// What people and powers do, in time.
    pub operations: Vec<Planned>,
}

/// Which channels the tills of a history have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channels {
    /// Alipay alone; every customer pays with it.
    Alipay,
    /// Both, and customers of both.
    Both,
}

/// What a customer pays with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wallet {
    /// Alipay (支付宝).
    Alipay,
    /// WeChat (微信).
    Wechat,
}

impl Wallet {
    /// Returns its channel's name in the till's tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Wallet::Alipay => "alipay",
            Wallet::Wechat => "wechat",
        }
    }
}

/// One operation and its time after the beginning, in ms.
#[derive(Debug, Clone)]
pub struct Planned {
    /// When.
    pub at_ms: i64,
    /// At which till.
    pub till: u32,
    /// What.
    pub operation: Operation,
}

/// What people and powers do.
#[derive(Debug, Clone)]
pub enum Operation {
    /// The cashier begins a sale.
    Sell(Sale),
    /// The cashier presses the key of the last sale again.
    PressAgain,
    /// The cashier reads the last customer's code again for another sale.
    Rescan,
    /// The cashier cancels the sale in front.
    Cancel,
    /// The cashier asks: did the customer pay?
    AskNow,
    /// The cashier puts the sale in front aside.
    PutAside,
    /// The cashier brings the last sale back to the front.
    BringBack,
    /// The cashier clears an ended sale from the front.
    Clear,
    /// The order takes cash instead, in coins and notes of at least so many fen: the rest is let go.
    Cash { coin_fen: i64 },
    /// The cashier takes a sale in cash.
    CashSale { amount_fen: i64, coin_fen: i64 },
    /// The manager gives cash of the last sale in cash back: so many in a hundred of what is left.
    CashBack { percent: i64 },
    /// The database is copied to a second place.
    BackUp,
    /// A manager says that the goods are gone.
    GoodsGone,
    /// The manager settles the oldest finding with the PIN.
    SettleFinding,
    /// The cashier charges the order in front again.
    ChargeAgain(Sale),
    /// The cashier refunds the last sale that was paid: so many in a hundred of it.
    Refund { percent: i64 },
    /// The network goes down.
    NetworkDown { for_ms: i64 },
    /// The channel and the network have a bad time.
    Storm { for_ms: i64, seller: Seller },
    /// The till is closed and started again.
    Close { down_ms: i64 },
    /// The power goes.
    PowerCut { fate: Fate, down_ms: i64 },
    /// The power goes inside the database, so many changes from then on.
    Fuse { changes: u64, fate: Fate, down_ms: i64 },
    /// The disk is full.
    DiskFull { for_ms: i64 },
    /// The disk fails a call, so many calls from then on.
    DiskFails { after_calls: u64 },
    /// The machine stands still.
    Stall { for_ms: i64 },
    /// The machine's clock jumps; the till reads it at its next start.
    ClockJump { by_ms: i64 },
    /// The till is switched off and its newest backup takes the database's place.
    PutBack { down_ms: i64 },
    /// A second machine starts from a copy of the disk, under the same till's number or the next.
    Clone { renumbered: bool },
}

impl Operation {
    /// Returns the kind of fault that it is; `None` for what people do, and for a storm, whose
    /// faults have kinds of their own.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Operation::NetworkDown { .. } => Some(Kind::NetworkDown),
            Operation::Close { .. } => Some(Kind::Restart),
            Operation::PowerCut { .. } | Operation::Fuse { .. } => Some(Kind::PowerCut),
            Operation::DiskFull { .. } => Some(Kind::DiskFull),
            Operation::DiskFails { .. } => Some(Kind::DiskFails),
            Operation::Stall { .. } => Some(Kind::Stall),
            Operation::ClockJump { .. } => Some(Kind::ClockJump),
            Operation::PutBack { .. } => Some(Kind::Restored),
            Operation::Clone { .. } => Some(Kind::Cloned),
            Operation::Storm { .. }
            | Operation::Sell(_)
            | Operation::PressAgain
            | Operation::Rescan
            | Operation::Cancel
            | Operation::AskNow
            | Operation::PutAside
            | Operation::BringBack
            | Operation::Clear
            | Operation::Cash { .. }
            | Operation::CashSale { .. }
            | Operation::CashBack { .. }
            | Operation::BackUp
            | Operation::GoodsGone
            | Operation::SettleFinding
            | Operation::ChargeAgain(_)
            | Operation::Refund { .. } => None,
        }
    }
}

/// Whether the merchant's account covers what goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seller {
    /// It does.
    Solvent,
    /// It is empty now and then.
    Empty,
}

/// A sale as the cashier means it, and its customer.
#[derive(Debug, Clone)]
pub struct Sale {
    /// What is asked, in fen.
    pub amount_fen: i64,
    /// Who scans.
    pub way: Way,
    /// What the customer pays with, or is to scan with.
    pub wallet: Wallet,
    /// The customer.
    pub customer: Customer,
    /// From the customer's readiness to the cashier's key, in ms.
    pub lag_ms: i64,
    /// What the cashier does when the till refuses.
    pub cashier: Cashier,
}

/// Who scans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The customer scans our code.
    Show,
    /// We scan the customer's code.
    Scan,
}

/// How a cashier takes a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cashier {
    /// Puts the open sale aside, says that it is another customer, and goes on.
    Pushes,
    /// Leaves it.
    GivesUp,
}

/// What a customer does.
#[derive(Debug, Clone)]
pub struct Customer {
    /// How they behave once they are asked to pay.
    pub manner: Manner,
    /// For a shown code: how long after it appeared they scan it, if it is still there.
    pub scans_after_ms: Option<i64>,
    /// For a shown code: they scan a photograph of it, so long after it appeared.
    pub photograph_after_ms: Option<i64>,
    /// For one who decides by hand: when and what.
    pub decides: Option<(i64, Decision)>,
}

/// What a customer decides by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Pays.
    Confirm,
    /// Presses cancel.
    Refuse,
    /// Leaves.
    WalkAway,
}

const DAY_MS: i64 = 86_400_000;

/// Returns a stream of chance for one purpose of a seed.
#[must_use]
pub fn stream(seed: u64, purpose: u64) -> Chance {
    Chance::new(fixed(seed, 1_000 + purpose, 0))
}

impl Plan {
    /// Draws the history of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Plan {
        let mut chance = stream(seed, 1);
        let chance = &mut chance;
        let theme = Theme::draw(chance);
        let spoilt_per_mille = [0, 20, 60, 150][index(chance, 4)];
        let slow_per_mille = match theme {
            Theme::Sluggish => 150,
            Theme::Plain
            | Theme::Photographs
            | Theme::Slow
            | Theme::LostReversals
            | Theme::Refunds
            | Theme::Gone
            | Theme::Night => [0, 0, 15][index(chance, 3)],
        };
        let cancel_unscanned = match chance.happens(500) && theme != Theme::Photographs {
            true => CancelUnscanned::KillsTheCode,
            false => CancelUnscanned::FindsNothing,
        };
        let mut plan = Plan {
            seed,
            begins_ms: 1_795_257_801_000 + between(chance, 0, 86_400_000),
            skew_ms: skew_ms(chance),
            channels: Channels::Both,
            cancel_unscanned,
            reverse_unknown: ReverseUnknown::NotFound,
            // Two tills that ask each other's channel through a night say nothing that one does not.
            tills: if chance.happens(250) && theme != Theme::Night { 2 } else { 1 },
            second_skew_ms: skew_ms(chance),
            faults: Faults::ALL,
            theme,
            spoilt_per_mille,
            slow_per_mille,
            down_at_boot_ms: maybe(chance, 150, 5_000, 120_000).unwrap_or(0),
            relay: RelayPlan::absent(),
            operations: Vec::new(),
        };
        let mut at_ms = between(chance, 2_000, 8_000);
        let mut sales = Vec::new();
        for _ in 0..between(chance, 2, 4) {
            let till = plan.some_till(chance);
            plan.sale(chance, at_ms, till);
            sales.push(at_ms);
            at_ms += between(chance, 8_000, 110_000);
        }
        plan.troubles(chance, &sales, at_ms);
        plan.put_back_or_copied(chance, &sales, at_ms);
        plan.operations.sort_by_key(|planned| planned.at_ms);
        plan.relay = RelayPlan::draw(seed, &sales);
        // Drawn apart, so that a day of Alipay alone is the same day.
        let mut apart = stream(seed, 5);
        if apart.happens(300) {
            plan.reverse_unknown = ReverseUnknown::Succeeds;
        }
        plan.hand_out_wallets(&mut apart);
        plan
    }

    /// Returns the same day with a relay of this kind.
    #[must_use]
    pub fn with_relay(mut self, day: Day) -> Plan {
        let sells = |planned: &&Planned| matches!(planned.operation, Operation::Sell(_));
        let sales = self.operations.iter().filter(sells);
        let sales: Vec<i64> = sales.map(|planned| planned.at_ms).collect();
        self.relay = RelayPlan::on(day, self.seed, &sales);
        self
    }

    /// Draws what each customer pays with.
    fn hand_out_wallets(&mut self, chance: &mut Chance) {
        for planned in &mut self.operations {
            if let Operation::Sell(sale) | Operation::ChargeAgain(sale) = &mut planned.operation
                && chance.happens(500)
            {
                sale.wallet = Wallet::Wechat;
            }
        }
    }

    /// Draws what a day that was too short goes on with: a sale with trouble, after `at_ms`.
    #[must_use]
    pub fn goes_on(&self, chance: &mut Chance, at_ms: i64) -> Vec<Planned> {
        let mut more = Plan { operations: Vec::new(), ..self.clone() };
        let till = more.some_till(chance);
        more.sale(chance, at_ms, till);
        let for_ms = between(chance, 20_000, 60_000);
        more.put(at_ms, 1, Operation::Storm { for_ms, seller: Seller::Solvent });
        let for_ms = between(chance, 1_000, 15_000);
        more.put(at_ms + between(chance, 1_000, 30_000), 1, Operation::NetworkDown { for_ms });
        more.put(at_ms + between(chance, 500, 20_000), till, restart(chance, Theme::Plain));
        more.operations.sort_by_key(|planned| planned.at_ms);
        more.hand_out_wallets(&mut stream(
            self.seed,
            1_000_000 + u64::try_from(at_ms).unwrap_or(0),
        ));
        more.operations
    }

    fn some_till(&self, chance: &mut Chance) -> u32 {
        let second = chance.happens(400);
        if second && self.tills == 2 { 2 } else { 1 }
    }

    /// Returns when the last operation happens, in ms after the beginning.
    #[must_use]
    pub fn ends_ms(&self) -> i64 {
        self.operations.last().map_or(0, |planned| planned.at_ms)
    }

    fn put(&mut self, at_ms: i64, till: u32, operation: Operation) {
        self.operations.push(Planned { at_ms, till, operation });
    }

    /// A sale at a till and what may come of it.
    fn sale(&mut self, chance: &mut Chance, at_ms: i64, till: u32) {
        let theme = self.theme;
        self.put(at_ms, till, Operation::Sell(Sale::draw(chance, theme)));
        let much = |themes: &[Theme], usual: u32, then: u32| {
            if themes.contains(&theme) { then } else { usual }
        };
        let cancels = [Theme::Photographs, Theme::Slow, Theme::LostReversals, Theme::Sluggish];
        let refunds = [Theme::Refunds];
        let gone = [Theme::Gone];
        let coin_fen = [1, 10, 100][index(chance, 3)];
        let amount_fen = between(chance, 1, 20_000);
        let rows: [(u32, i64, i64, Operation); 18] = [
            (250, 10, 900, Operation::PressAgain),
            (100, 200, 5_000, Operation::PressAgain),
            (100, 1_000, 20_000, Operation::Rescan),
            (much(&cancels, 280, 800), 300, 25_000, Operation::Cancel),
            (much(&gone, 100, 500), 5_000, 75_000, Operation::Cancel),
            (250, 1_000, 60_000, Operation::AskNow),
            (much(&[Theme::Photographs], 50, 500), 40_000, 240_000, Operation::AskNow),
            (much(&[Theme::Photographs], 50, 500), 40_000, 240_000, Operation::AskNow),
            (200, 1_000, 40_000, Operation::PutAside),
            (100, 20_000, 60_000, Operation::BringBack),
            (150, 5_000, 60_000, Operation::Clear),
            (much(&gone, 130, 400), 2_000, 90_000, Operation::Cash { coin_fen }),
            (250, 5_000, 100_000, Operation::CashSale { amount_fen, coin_fen }),
            (150, 10_000, 120_000, Operation::CashBack { percent: between(chance, 1, 120) }),
            (much(&gone, 40, 700), 2_000, 60_000, Operation::GoodsGone),
            (much(&refunds, 150, 700), 3_000, 40_000, Operation::Refund { percent: 40 }),
            (much(&refunds, 100, 700), 3_000, 90_000, Operation::Refund { percent: 60 }),
            (much(&refunds, 80, 300), 3_000, 90_000, Operation::Refund { percent: 100 }),
        ];
        for (per_mille, least_ms, most_ms, operation) in rows {
            if let Some(after_ms) = maybe(chance, per_mille, least_ms, most_ms) {
                self.put(at_ms + after_ms, till, operation);
            }
        }
        if let Some(after_ms) = maybe(chance, 300, 10_000, 150_000) {
            let again = Operation::ChargeAgain(Sale::draw(chance, theme));
            self.put(at_ms + after_ms, till, again);
        }
    }

    /// What powers do during a history of this length, most of it near its sales.
    fn troubles(&mut self, chance: &mut Chance, sales: &[i64], length_ms: i64) {
        let moment = |chance: &mut Chance, per_mille: u32, after_ms: i64| {
            let anywhere = maybe(chance, per_mille, 0, length_ms)?;
            let near = sales[index(chance, 64) % sales.len()] + between(chance, 0, after_ms);
            Some(if chance.happens(700) { near } else { anywhere })
        };
        let mut troubles = Vec::new();
        for per_mille in [400, 150] {
            if let Some(at_ms) = moment(chance, per_mille, 30_000) {
                let for_ms = between(chance, 3_000, 240_000);
                troubles.push((at_ms, Operation::NetworkDown { for_ms }));
            }
        }
        if let Some(at_ms) = moment(chance, 500, 5_000) {
            let seller = match chance.happens(300) {
                true => Seller::Empty,
                false => Seller::Solvent,
            };
            let for_ms = between(chance, 20_000, 400_000);
            troubles.push((at_ms, Operation::Storm { for_ms, seller }));
        }
        for per_mille in [700, 400, 200] {
            if let Some(at_ms) = moment(chance, per_mille, 90_000) {
                troubles.push((at_ms, restart(chance, self.theme)));
            }
        }
        if let Some(at_ms) = moment(chance, 200, 70_000) {
            let for_ms = between(chance, 500, 30_000);
            troubles.push((at_ms, Operation::Stall { for_ms }));
        }
        if let Some(at_ms) = moment(chance, 120, 40_000) {
            let for_ms = between(chance, 500, 90_000);
            troubles.push((at_ms, Operation::DiskFull { for_ms }));
        }
        if let Some(at_ms) = moment(chance, 200, 60_000) {
            let after_calls = 1 + chance.below(400);
            troubles.push((at_ms, Operation::DiskFails { after_calls }));
        }
        for per_mille in [350, 150] {
            if let Some(at_ms) = moment(chance, per_mille, 60_000) {
                let by_ms = between(chance, -DAY_MS, DAY_MS);
                troubles.push((at_ms, Operation::ClockJump { by_ms }));
                // The till reads the clock at a start; a jump without one changes nothing.
                if chance.happens(700) {
                    let after_ms = between(chance, 0, 30_000);
                    troubles.push((at_ms + after_ms, restart(chance, self.theme)));
                }
            }
        }
        for (at_ms, operation) in troubles {
            let till = self.some_till(chance);
            self.put(at_ms, till, operation);
        }
    }

    /// A backup takes the database's place, or a second machine starts from a copy of the disk.
    fn put_back_or_copied(&mut self, chance: &mut Chance, sales: &[i64], length_ms: i64) {
        let backed_up_ms = sales[index(chance, 64) % sales.len()] + between(chance, 0, 40_000);
        let after_ms = between(chance, 1_000, length_ms.max(2_000));
        let down_ms = between(chance, 2_000, 60_000);
        if chance.happens(60) {
            self.put(backed_up_ms, 1, Operation::BackUp);
            self.put(backed_up_ms + after_ms, 1, Operation::PutBack { down_ms });
        }
        let renumbered = chance.happens(500);
        if chance.happens(150) && self.tills == 1 && self.theme != Theme::Night {
            self.put(backed_up_ms, 1, Operation::Clone { renumbered });
            let mut at_ms = backed_up_ms + between(chance, 5_000, 20_000);
            for percent in [40, 60, 100] {
                if chance.happens(500) {
                    self.put(at_ms, 2, Operation::Refund { percent });
                    self.put(at_ms + between(chance, 0, 2_000), 1, Operation::Refund { percent });
                }
                at_ms += between(chance, 1_000, 30_000);
            }
            self.sale(chance, at_ms, 2);
        }
    }
}

impl Sale {
    fn draw(chance: &mut Chance, theme: Theme) -> Sale {
        let way = match chance.happens(500) || theme == Theme::Photographs {
            true => Way::Show,
            false => Way::Scan,
        };
        let amount_fen = match chance.below(4) {
            0 => 1_250,
            1 => between(chance, 1, 100),
            _ => between(chance, 100, 30_000),
        };
        Sale {
            amount_fen,
            way,
            wallet: Wallet::Alipay,
            customer: Customer::draw(chance, theme),
            lag_ms: maybe(chance, 50, 40_000, 65_000).unwrap_or_else(|| between(chance, 0, 3_000)),
            cashier: match chance.happens(600) {
                true => Cashier::Pushes,
                false => Cashier::GivesUp,
            },
        }
    }
}

impl Customer {
    fn draw(chance: &mut Chance, theme: Theme) -> Customer {
        let (scans, photographs) = match theme == Theme::Photographs {
            true => (300, 800),
            false => (850, 150),
        };
        let after_ms = u32::try_from(between(chance, 500, 70_000)).unwrap_or(0);
        let manner = match chance.below(12) {
            0..=4 if theme == Theme::LostReversals => Manner::TypesPassword { after_ms },
            0..=4 => Manner::Pays,
            5..=7 => Manner::TypesPassword { after_ms },
            8 => [Manner::Refuses, Manner::WalksAway][index(chance, 2)],
            9 => Manner::TooLittleMoney,
            10 => Manner::TopsUp { after_ms },
            _ => Manner::ByHand,
        };
        let decision = [Decision::Confirm, Decision::Refuse, Decision::WalkAway];
        Customer {
            manner,
            scans_after_ms: maybe(chance, scans, 800, 60_000),
            photograph_after_ms: maybe(chance, photographs, 5_000, 178_000),
            decides: maybe(chance, 800, 500, 90_000)
                .map(|after_ms| (after_ms, decision[index(chance, 3)])),
        }
    }
}

fn restart(chance: &mut Chance, theme: Theme) -> Operation {
    let down_ms = match chance.below(4) {
        _ if theme == Theme::Night => between(chance, 80_000_000, 100_000_000),
        0 => between(chance, 500, 3_000),
        1 => between(chance, 60_000, 300_000),
        _ => between(chance, 2_000, 40_000),
    };
    let fate = match chance.below(3) {
        0 => Fate::Kept,
        1 => Fate::Lost,
        _ => Fate::Torn(chance.draw()),
    };
    match chance.below(4) {
        0 => Operation::Close { down_ms },
        1 => Operation::PowerCut { fate, down_ms },
        _ => Operation::Fuse { changes: 1 + chance.below(60), fate, down_ms },
    }
}

fn skew_ms(chance: &mut Chance) -> i64 {
    match chance.below(10) {
        0 => between(chance, -600_000, 600_000),
        1 => -between(chance, 300_000_000_000, 340_000_000_000),
        2..=4 => between(chance, -2_500, 2_500),
        _ => 0,
    }
}

pub(super) fn between(chance: &mut Chance, least: i64, most: i64) -> i64 {
    let span = u64::try_from(most - least).unwrap_or(0);
    least + i64::try_from(chance.below(span + 1)).unwrap_or(0)
}

pub(super) fn maybe(chance: &mut Chance, per_mille: u32, least: i64, most: i64) -> Option<i64> {
    let happens = chance.happens(per_mille);
    let at = between(chance, least, most);
    happens.then_some(at)
}

pub(super) fn index(chance: &mut Chance, count: u64) -> usize {
    usize::try_from(chance.below(count)).unwrap_or(0)
}
