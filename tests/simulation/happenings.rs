//! What happens, one thing after another, and how a till is woken after each.

use mianfu_practice::FaultKind;
use mianfu_till::Till;

use super::faults::Kind;
use super::plan::{Operation, Seller};
use super::theme::Theme;
use super::world::{Happening, World};

/// Requests in a thousand that each fault of the channel spoils in a storm of few kinds.
const FEW_PER_MILLE: u32 = 120;

impl World<'_> {
    pub(super) fn happen(&mut self, happening: Happening) {
        if self.is_stalled() && happening.needs_the_till() {
            self.put(self.desk.stalled_until_ms, happening);
            return;
        }
        match happening {
            Happening::Operation(index) => self.operate(index),
            Happening::Press { sale } => self.press(sale),
            Happening::Arrives { call, answered } => self.arrives(call, answered),
            Happening::Returns { call, id, start, comes } => self.returns(call, id, start, comes),
            Happening::Scans { qr, no, from } => self.scans(&qr, &no, from),
            Happening::Decides { no, decision } => self.decides(&no, decision),
            Happening::HandsOver { no } => self.hands_over(no),
            Happening::Wakes => (),
            Happening::PowerBack { fuse } => self.boot(fuse),
            Happening::NetworkBack => {
                self.network.set_up();
                self.say(format_args!("the network is back"));
            }
            Happening::RoomAgain => {
                self.desk.disk.set_full(false);
                self.say(format_args!("the disk has room again"));
            }
            Happening::StormOver => {
                self.network.calm();
                self.set_weather();
                self.say(format_args!("the storm is over"));
            }
            Happening::Heals => self.heals(),
            Happening::Manages => self.manages(),
            Happening::Notice(what) => self.on_the_way(what),
        }
    }

    /// The channel's weather as it is on such a day.
    pub(super) fn set_weather(&mut self) {
        let weather = self.practice.weather_mut();
        weather.clear();
        if self.healed_ms.is_none() {
            for (kind, per_mille) in self.plan.theme.weather() {
                weather.set(*kind, *per_mille);
            }
        }
        self.spare_the_channel();
        self.set_notice_weather();
    }

    /// Takes those faults out of the weather that this history does without.
    fn spare_the_channel(&mut self) {
        let faults = self.plan.faults;
        for kind in FaultKind::ALL {
            if !faults.let_fire(&format!("channel_{kind:?}")) {
                self.practice.weather_mut().set(kind, 0);
            }
        }
    }

    fn operate(&mut self, index: usize) {
        let planned = self.operations[index].clone();
        if self.desk.number != planned.till {
            // Planned before the second till was there.
            self.at(planned.till);
            if self.desk.number != planned.till {
                return;
            }
        }
        let operation = planned.operation;
        let kind = operation.kind();
        if kind.is_some_and(|kind| !self.plan.faults.lets(kind)) {
            return;
        }
        match operation {
            Operation::NetworkDown { for_ms } => {
                self.network.set_down("network_down");
                self.say(format_args!("the network goes down"));
                self.put(self.now_ms + for_ms, Happening::NetworkBack);
            }
            Operation::Storm { for_ms, seller } => self.storms(for_ms, seller),
            Operation::Close { down_ms } => self.close(down_ms),
            Operation::PowerCut { fate, down_ms } => {
                self.desk.cut = (fate, down_ms);
                self.desk.disk.cut();
            }
            Operation::Fuse { changes, fate, down_ms } => {
                self.desk.cut = (fate, down_ms);
                self.desk.disk.set_fuse(changes);
            }
            Operation::DiskFull { for_ms } => {
                self.desk.disk.set_full(true);
                self.fires(Kind::DiskFull);
                self.desk.full_until_ms = self.now_ms + for_ms;
                self.say(format_args!("the disk is full"));
                self.put(self.desk.full_until_ms, Happening::RoomAgain);
            }
            Operation::DiskFails { after_calls } => self.desk.disk.fail_after(after_calls),
            Operation::Stall { for_ms } => self.stall(for_ms),
            Operation::ClockJump { by_ms } => self.clock_jumps(by_ms),
            Operation::PutBack { down_ms } => self.put_back(down_ms),
            Operation::Clone { renumbered } => self.clone_disk(renumbered, index),
            Operation::Sell(_)
            | Operation::PressAgain
            | Operation::Rescan
            | Operation::Cancel
            | Operation::AskNow
            | Operation::PutAside
            | Operation::BringBack
            | Operation::Clear
            | Operation::Cash { .. }
            | Operation::GoodsGone
            | Operation::SettleFinding
            | Operation::ChargeAgain(_)
            | Operation::CashSale { .. }
            | Operation::CashBack { .. }
            | Operation::BackUp
            | Operation::Refund { .. } => self.cashier(operation),
        }
    }

    fn storms(&mut self, for_ms: i64, seller: Seller) {
        self.network.storm();
        self.practice.weather_mut().storm();
        if seller == Seller::Empty {
            self.practice.weather_mut().set(FaultKind::SellerEmpty, 400);
        }
        // A storm of few kinds is as much of a storm.
        if self.plan.faults.are_few() {
            // A channel that lies about an amount needs a person, ten megabytes more memory.
            let not_these = [FaultKind::Huge, FaultKind::AnotherAmount];
            for kind in FaultKind::ALL.into_iter().filter(|kind| !not_these.contains(kind)) {
                self.practice.weather_mut().set(kind, FEW_PER_MILLE);
            }
        }
        self.spare_the_channel();
        self.say(format_args!("a storm begins"));
        self.put(self.now_ms + for_ms, Happening::StormOver);
    }

    /// Counts a fault that befell this till.
    pub(super) fn fires(&mut self, kind: Kind) {
        let phase = self.desk.phase();
        self.fired.count(kind.name(), &phase);
    }

    /// All faults end, unless the day was too short to say anything: then it goes on for a while.
    fn heals(&mut self) {
        if self.is_too_short() && self.goes_on() {
            return;
        }
        self.say(format_args!("all faults end"));
        self.healed_ms = Some(self.now_ms);
        self.network.heal();
        if let Some(relay) = &mut self.relay {
            relay.heals();
        }
        self.set_weather();
        let first = self.desk.number;
        let beside = self.beside.as_ref().map(|desk| desk.number);
        for number in [Some(first), beside].into_iter().flatten() {
            self.at(number);
            self.desk.disk.end_fuse();
            self.desk.disk.set_full(false);
            self.desk.disk.calm();
            self.put(self.now_ms + 1_000, Happening::Manages);
            self.hears_again();
        }
        self.at(first);
    }

    /// Wakes the till and lets its calls leave. What it kept is read first.
    pub(super) fn work(&mut self) {
        if self.desk.disk.is_dead() {
            self.power_goes();
            return;
        }
        if self.is_stalled() || self.desk.till.is_none() {
            return;
        }
        let now = self.till_now();
        if let Some(till) = &mut self.desk.till {
            till.tick(now);
        }
        if self.pace.happens(self.plan.slow_per_mille) && self.plan.faults.lets(Kind::Stall) {
            let long_per_mille = if self.plan.theme == Theme::Sluggish { 600 } else { 200 };
            let for_ms = if self.pace.happens(long_per_mille) { 9_000 } else { 400 };
            let for_ms = i64::try_from(self.pace.below(for_ms)).unwrap_or(0);
            self.stall(for_ms);
        }
        if self.desk.disk.is_dead() {
            self.power_goes();
            return;
        }
        if self.is_stalled() {
            self.look();
            return;
        }
        let calls = match &mut self.desk.till {
            Some(till) => till.take_calls(now),
            None => Vec::new(),
        };
        if self.desk.disk.is_dead() {
            self.power_goes();
            return;
        }
        self.look();
        for call in calls {
            self.leaves(call);
        }
    }

    /// The onlooker reads what was kept and what stands on the screen.
    pub(super) fn look(&mut self) {
        if self.desk.disk.syncs() != self.desk.syncs_seen {
            self.desk.syncs_seen = self.desk.disk.syncs();
            self.read_log();
        }
        let revision = self.desk.till.as_ref().map_or(0, Till::revision);
        if self.desk.till.is_some() && revision != self.desk.revision_seen {
            self.desk.revision_seen = revision;
            self.read_screen();
        }
    }

    fn read_log(&mut self) {
        let last = self.desk.kept.0;
        let Some(onlooker) = &self.desk.onlooker else { return };
        self.desk.disk.looked_at(true);
        let lines = onlooker.lines_after(last, self.now_ms);
        self.desk.disk.looked_at(false);
        let lines = match lines {
            Ok(lines) => lines,
            Err(error) => {
                self.broken("I19", format!("the log cannot be read: {error}"));
                return;
            }
        };
        for line in lines {
            let phase = line.row.text("phase").to_owned();
            self.say(format_args!("kept {} {} {} {phase}", line.kind, line.table, line.key));
            if line.table == "attempt" {
                if !line.row.text("goods_gone_by").is_empty() {
                    self.desk.goods_gone.insert(line.key.clone());
                }
                self.desk.phases.insert(line.key.clone(), phase);
            }
            self.desk.kept = (line.seq, line.hash.clone());
            self.desk.record.log.push(line);
        }
    }

    fn stall(&mut self, for_ms: i64) {
        self.fires(Kind::Stall);
        self.desk.stalled_until_ms = self.now_ms + for_ms;
        self.say(format_args!("the machine stands still for {for_ms} ms"));
        self.put(self.desk.stalled_until_ms, Happening::Wakes);
    }

    /// Says whether everything can be kept. A till that could not looks again within half a minute.
    pub(super) fn disk_is_sound(&self) -> bool {
        let troubled = self.desk.disk.is_dead() || self.desk.disk.has_failed();
        !troubled && self.desk.full_until_ms.saturating_add(40_000) < self.now_ms
    }

    fn is_stalled(&self) -> bool {
        self.now_ms < self.desk.stalled_until_ms
    }
}

impl Happening {
    /// Says whether it waits while the machine stands still.
    fn needs_the_till(&self) -> bool {
        match self {
            Happening::Press { .. }
            | Happening::Returns { .. }
            | Happening::HandsOver { .. }
            | Happening::Operation(_)
            | Happening::Manages => true,
            Happening::Arrives { .. }
            | Happening::Scans { .. }
            | Happening::Decides { .. }
            | Happening::Wakes
            | Happening::PowerBack { .. }
            | Happening::NetworkBack
            | Happening::RoomAgain
            | Happening::StormOver
            | Happening::Heals => false,
            Happening::Notice(what) => what.needs_the_till(),
        }
    }
}
