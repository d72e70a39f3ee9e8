//! Chance from a seed: splitmix64, the same on every machine for ever.
//!
//! Not for keys: those come from the operating system.

/// A stream of numbers that a seed decides.
#[derive(Debug, Clone)]
pub struct Chance {
    state: u64,
}

impl Chance {
    /// Starts the stream of a seed.
    pub fn new(seed: u64) -> Chance {
        Chance { state: seed }
    }

    /// Returns the next 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.state)
    }

    /// Returns a number below `end`, or 0 where `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.draw().checked_rem(end).unwrap_or(0)
    }

    /// Says yes `per_mille` times in a thousand.
    pub fn happens(&mut self, per_mille: u32) -> bool {
        self.below(1000) < u64::from(per_mille)
    }
}

/// Returns 64 bits that depend on the seed, on what they are for, and on a count.
pub fn fixed(seed: u64, purpose: u64, count: u64) -> u64 {
    let stream = mix(seed ^ mix(purpose.wrapping_add(0x51_7C_C1_B7_27_22_0A_95)));
    mix(stream.wrapping_add(count.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
}

fn mix(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}
