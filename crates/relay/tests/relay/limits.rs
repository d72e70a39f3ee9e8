//! How often anybody may knock.

use mianfu_relay::Timestamp;
use mianfu_relay::limits::{Limiter, Rate};

fn at(ms: i64) -> Timestamp {
    Timestamp(1_800_000_000_000 + ms)
}

#[test]
pub(crate) fn a_burst_is_let_through_and_then_an_even_pace() {
    let mut limiter = Limiter::new(Rate { burst: 3, each_ms: 100 }, 10);
    let let_through =
        |limiter: &mut Limiter<u32>, ms| (0..10).filter(|_| limiter.lets(&7, at(ms))).count();
    assert_eq!(let_through(&mut limiter, 0), 3);
    assert_eq!(let_through(&mut limiter, 99), 0);
    assert_eq!(let_through(&mut limiter, 100), 1);
    assert_eq!(let_through(&mut limiter, 350), 2);
    assert_eq!(let_through(&mut limiter, 10_000), 3);
    assert!(limiter.lets(&8, at(10_000)), "another has a row of its own");
}

#[test]
pub(crate) fn a_flood_of_names_takes_no_more_rows_and_no_more_than_its_share() {
    let mut limiter = Limiter::new(Rate { burst: 2, each_ms: 100 }, 10);
    let through = (0..1_000).filter(|name| limiter.lets(name, at(0))).count();
    assert_eq!((limiter.rows(), through), (10, 12));
    assert!(limiter.lets(&5_000, at(1_000)), "the quiet ones make room");
    assert!(limiter.rows() <= 10);
}

#[test]
pub(crate) fn a_clock_that_was_set_back_stops_nobody_for_longer_than_the_burst() {
    let mut limiter = Limiter::new(Rate { burst: 2, each_ms: 100 }, 10);
    assert!(limiter.lets(&1, at(0)));
    assert!(limiter.lets(&1, at(-3_600_000)));
    assert!(limiter.lets(&1, at(-3_600_000)));
    assert!(!limiter.lets(&1, at(-3_600_000)));
}
