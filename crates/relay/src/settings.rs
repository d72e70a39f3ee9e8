//! Every bound of a relay, with what it is where nobody says otherwise.

use std::net::IpAddr;
use std::time::Duration;

use crate::limits::Rate;

/// Bounds. What happens at each is said beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Notices that wait for a till. Beyond, the oldest are dropped and its stream says so.
    pub backlog_max: i64,
    /// How long notices are kept, taken or not.
    pub keep_ms: i64,
    /// Wishes that wait for the disk. Beyond, the channel is told to come again.
    pub queue_max: usize,
    /// Wishes that one sync makes durable.
    pub batch_max: usize,
    /// Bytes of a notice. Beyond, it is refused unread.
    pub body_max_bytes: usize,
    /// Connections that have not proven to be a till's. Beyond, they are closed at once.
    pub connections_max: usize,
    /// Of those, how many from one address.
    pub connections_per_address_max: u32,
    /// How long a request's head may take, and a connection may idle.
    pub head_limit: Duration,
    /// How long a request's body may take.
    pub body_limit: Duration,
    /// How long a till may leave its stream unread.
    pub write_limit: Duration,
    /// How long requests may take to end once the relay is told to.
    pub grace: Duration,
    /// How often a quiet stream says that it lives.
    pub beat: Duration,
    /// Requests from one address.
    pub address_rate: Rate,
    /// Notices to one merchant's addresses, so that a flood at one slows no other.
    pub merchant_rate: Rate,
    /// Hints to one till.
    pub hint_rate: Rate,
    /// Rows in each table of rates.
    pub rate_rows_max: usize,
    /// Where notices may come from; anywhere if empty.
    pub allowed: Vec<Network>,
    /// Whose `X-Forwarded-For` is believed.
    pub proxies: Vec<Network>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            backlog_max: 10_000,
            keep_ms: 7 * 86_400_000,
            queue_max: 1_024,
            batch_max: 256,
            body_max_bytes: 64 * 1024,
            connections_max: 1_024,
            connections_per_address_max: 128,
            head_limit: Duration::from_secs(10),
            body_limit: Duration::from_secs(10),
            write_limit: Duration::from_secs(15),
            grace: Duration::from_secs(10),
            beat: Duration::from_secs(20),
            address_rate: Rate { burst: 400, each_ms: 5 },
            merchant_rate: Rate { burst: 2_000, each_ms: 1 },
            hint_rate: Rate { burst: 16, each_ms: 1_000 },
            rate_rows_max: 16_384,
            allowed: Vec::new(),
            proxies: Vec::new(),
        }
    }
}

/// A range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// Reads an address, or one with the length of its prefix. Anything else is `None`.
    #[must_use]
    pub fn read(text: &str) -> Option<Network> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let whole = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().ok().filter(|bits| *bits <= whole)?,
            None => whole,
        };
        Some(Network { address, bits })
    }

    /// Says whether an address lies in the range.
    #[must_use]
    pub fn has(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differing = own.to_bits() ^ other.to_bits();
                differing.leading_zeros() >= self.bits
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differing = own.to_bits() ^ other.to_bits();
                differing.leading_zeros() >= self.bits
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// Returns the address that stands for everybody who has this one's network: a household is given
/// a /64 of IPv6, so one of its addresses says nothing.
#[must_use]
pub fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_what_lies_in_it() {
        let has = |range: &str, address: &str| {
            Network::read(range).unwrap().has(address.parse().unwrap())
        };
        assert!(has("10.1.0.0/16", "10.1.2.3"));
        assert!(has("10.1.0.0/16", "::ffff:10.1.2.3"));
        assert!(!has("10.1.0.0/16", "10.2.2.3"));
        assert!(has("127.0.0.1", "127.0.0.1"));
        assert!(!has("127.0.0.1", "127.0.0.2"));
        assert!(has("0.0.0.0/0", "9.9.9.9"));
        assert!(!has("0.0.0.0/0", "::1"));
        assert!(has("2001:db8::/32", "2001:db8:1::1"));
        for text in ["", "10.1.0.0/33", "10.1/16", "a", "10.1.0.0/-1", "10.1.0.0/16/8"] {
            assert_eq!(Network::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_household_is_one_whatever_its_addresses() {
        let of = |text: &str| household(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:0:1:aaaa::1"), of("2001:db8:0:1:bbbb::2"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
        assert_eq!(of("::ffff:10.1.2.3"), "10.1.2.3");
    }
}
