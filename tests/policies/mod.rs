//! Other people's rules in our bad days: the same seeds, cashiers, customers, network and channel,
//! and one count from the channel's own ledger.
//!
//! Each policy is written here after what its project publishes, and nothing of it is copied. They
//! run without our disk faults and never stand still, they are believed to verify what they read,
//! and what only our till offers (cash in a wallet's place, refunds, a manager's word) is left out
//! of the days of all, ours included.
//!
//! Reading order: [`Policy`] (whose rules), `rules` (what each does), `day` and `post` (how a
//! day happens to them), [`count`] (what is counted, ours beside theirs).

pub mod count;
mod day;
mod post;
mod rules;

/// Whose rules a till follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Policy {
    /// Alipay's own demo of face-to-face payment: pay, query in a loop, cancel on timeout. Five
    /// queries five seconds apart, a cancel that got no answer three more times from memory; what
    /// was not answered is *unknown*, nothing is kept on a disk.
    Demo,
    /// jeepay: the order's row comes first; then its state follows the answer, a notice or the
    /// ten-minute job. Anything but paid or in progress is a failure, no answer leaves the order
    /// new and unasked, and a timer closes what is open after two hours without asking.
    Jeepay,
    /// Odoo's terminal payment with forced confirmation: a line that waits is asked every five
    /// seconds, a minute without a result offers *force done* to the cashier, a shown code is
    /// confirmed by hand, and the order is written once it is paid.
    Forced,
    /// A plain store-and-forward till: what gets no answer is taken as sold, queued and sent again
    /// under a fresh number until it is paid or refused.
    Forward,
}

impl Policy {
    /// All of them, in the order of the table.
    pub const ALL: [Policy; 4] = [Policy::Demo, Policy::Jeepay, Policy::Forced, Policy::Forward];

    /// Returns its name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Policy::Demo => "official_demo",
            Policy::Jeepay => "jeepay",
            Policy::Forced => "odoo_force_done",
            Policy::Forward => "store_and_forward",
        }
    }

    /// Says whether what is under way survives a power cut.
    fn keeps(self) -> bool {
        match self {
            Policy::Jeepay | Policy::Forward => true,
            Policy::Demo | Policy::Forced => false,
        }
    }
}
