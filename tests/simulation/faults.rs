//! The kinds of faults, and which of them a history lets happen.
//!
//! The network and the channel name their faults one by one; a kind is what they have in common.

/// What goes wrong, by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A request or an answer is lost.
    Drop,
    /// A request arrives late, or an answer comes late.
    Delay,
    /// A request arrives twice.
    Duplicate,
    /// An answer is overtaken by a later one.
    Reorder,
    /// A connection breaks under a request or an answer.
    Break,
    /// An answer's end is missing, or all of it, or it is something else's.
    Truncate,
    /// An error page with a status of a server.
    ServerError,
    /// The channel says that it does not know.
    Unknown,
    /// The channel takes its time.
    Slow,
    /// An answer is not what was signed, or about something else.
    Signature,
    /// No connection.
    Unreachable,
    /// The network is down for a while.
    NetworkDown,
    /// The network is down when the till starts.
    DownAtBoot,
    /// The merchant's account is empty.
    SellerEmpty,
    /// The till is closed and started again.
    Restart,
    /// The power goes.
    PowerCut,
    /// The machine stands still.
    Stall,
    /// The disk is full.
    DiskFull,
    /// The disk fails a call.
    DiskFails,
    /// The machine's clock jumps.
    ClockJump,
    /// A backup takes the database's place.
    Restored,
    /// A second machine starts from a copy of the database.
    Cloned,
    /// A notice is lost before it reaches the relay.
    NoticeLost,
    /// A notice comes again, at once, 221 ms later or long after, or only once money has gone back.
    NoticeAgain,
    /// Beside a notice comes one that is forged, altered, another shop's or at another address.
    NoticeFalse,
    /// The relay goes down and comes back, as it was or as an older copy of itself.
    RelayDown,
    /// The relay says that it is well and hands on nothing.
    RelayWithholds,
    /// The relay invents, alters, repeats, or hands on what is another's.
    RelayLies,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 28] = [
        Kind::Drop,
        Kind::Delay,
        Kind::Duplicate,
        Kind::Reorder,
        Kind::Break,
        Kind::Truncate,
        Kind::ServerError,
        Kind::Unknown,
        Kind::Slow,
        Kind::Signature,
        Kind::Unreachable,
        Kind::NetworkDown,
        Kind::DownAtBoot,
        Kind::SellerEmpty,
        Kind::Restart,
        Kind::PowerCut,
        Kind::Stall,
        Kind::DiskFull,
        Kind::DiskFails,
        Kind::ClockJump,
        Kind::Restored,
        Kind::Cloned,
        Kind::NoticeLost,
        Kind::NoticeAgain,
        Kind::NoticeFalse,
        Kind::RelayDown,
        Kind::RelayWithholds,
        Kind::RelayLies,
    ];

    /// What befalls notices and who hands them on.
    pub const OF_NOTICES: [Kind; 6] = [
        Kind::NoticeLost,
        Kind::NoticeAgain,
        Kind::NoticeFalse,
        Kind::RelayDown,
        Kind::RelayWithholds,
        Kind::RelayLies,
    ];

    /// Returns its name, on command lines and in counts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Drop => "drop",
            Kind::Delay => "delay",
            Kind::Duplicate => "duplicate",
            Kind::Reorder => "reorder",
            Kind::Break => "break",
            Kind::Truncate => "truncate",
            Kind::ServerError => "server_error",
            Kind::Unknown => "unknown",
            Kind::Slow => "slow",
            Kind::Signature => "signature",
            Kind::Unreachable => "unreachable",
            Kind::NetworkDown => "network_down",
            Kind::DownAtBoot => "down_at_boot",
            Kind::SellerEmpty => "seller_empty",
            Kind::Restart => "restart",
            Kind::PowerCut => "power_cut",
            Kind::Stall => "stall",
            Kind::DiskFull => "disk_full",
            Kind::DiskFails => "disk_fails",
            Kind::ClockJump => "clock_jump",
            Kind::Restored => "restored",
            Kind::Cloned => "cloned",
            Kind::NoticeLost => "notice_lost",
            Kind::NoticeAgain => "notice_again",
            Kind::NoticeFalse => "notice_false",
            Kind::RelayDown => "relay_down",
            Kind::RelayWithholds => "relay_withholds",
            Kind::RelayLies => "relay_lies",
        }
    }

    /// Returns the kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Returns the kind of a fault of the network, the channel or the machine; `None` for a word
    /// that names none.
    #[must_use]
    pub fn of(fault: &str) -> Option<Kind> {
        Some(match fault {
            "request_lost" | "answer_lost" => Kind::Drop,
            "request_late" | "answer_late" => Kind::Delay,
            "doubled" => Kind::Duplicate,
            "answer_overtaken" => Kind::Reorder,
            "answer_broken" | "request_broken" => Kind::Break,
            "answer_truncated" => Kind::Truncate,
            "intercepted" => Kind::ServerError,
            "answer_tampered" => Kind::Signature,
            _ => {
                let told = || Kind::of_a_notice(fault).or_else(|| Kind::named(fault));
                return Kind::of_the_channel(fault).or_else(told);
            }
        })
    }

    fn of_a_notice(fault: &str) -> Option<Kind> {
        Some(match fault.strip_prefix("notice_")? {
            "Lost" => Kind::NoticeLost,
            "Twice" | "TwiceApart" | "AfterRefund" | "Stale" => Kind::NoticeAgain,
            "BeforeReply" => Kind::Slow,
            "Forged" | "AnotherAmount" | "AnotherShop" | "AnotherChannel" => Kind::NoticeFalse,
            _ => return None,
        })
    }

    fn of_the_channel(fault: &str) -> Option<Kind> {
        Some(match fault.strip_prefix("channel_")? {
            "RequestLost" | "AnswerLost" => Kind::Drop,
            "RequestLate" => Kind::Delay,
            "Twice" => Kind::Duplicate,
            "Truncated" | "Garbage" | "Empty" | "Huge" => Kind::Truncate,
            "ServerError" => Kind::ServerError,
            "Busy" | "SystemError" | "RetryLater" => Kind::Unknown,
            "Slow" => Kind::Slow,
            "WrongSignature" | "Unsigned" | "AnotherOrder" | "AnotherAmount" => Kind::Signature,
            "Refused" => Kind::Unreachable,
            "SellerEmpty" => Kind::SellerEmpty,
            _ => return None,
        })
    }

    fn bit(self) -> u32 {
        Kind::ALL
            .into_iter()
            .zip(0..)
            .find(|(kind, _)| *kind == self)
            .map_or(0, |(_, place)| 1 << place)
    }
}

/// Which kinds of faults a history lets happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Faults(u32);

impl Faults {
    /// Every kind.
    pub const ALL: Faults = Faults(u32::MAX);
    /// None.
    pub const NONE: Faults = Faults(0);

    /// Returns these without a kind.
    #[must_use]
    pub fn without(self, kind: Kind) -> Faults {
        Faults(self.0 & !kind.bit())
    }

    /// Returns these and a kind.
    #[must_use]
    pub fn with(self, kind: Kind) -> Faults {
        Faults(self.0 | kind.bit())
    }

    /// Says whether a kind may happen.
    #[must_use]
    pub fn lets(self, kind: Kind) -> bool {
        self.0 & kind.bit() != 0
    }

    /// Says whether nothing can go wrong but with notices.
    #[must_use]
    pub fn are_of_notices(self) -> bool {
        Kind::ALL.into_iter().all(|kind| Kind::OF_NOTICES.contains(&kind) || !self.lets(kind))
    }

    /// Says whether they are a handful at most.
    #[must_use]
    pub fn are_few(self) -> bool {
        Kind::ALL.into_iter().filter(|kind| self.lets(*kind)).count() <= 4
    }

    /// Says whether a fault of this name may happen.
    #[must_use]
    pub fn let_fire(self, fault: &str) -> bool {
        Kind::of(fault).is_none_or(|kind| self.lets(kind))
    }
}
