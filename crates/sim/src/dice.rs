//! Numbers from a seed.
//!
//! Invariant: the same seed gives the same numbers, on every machine.

/// Numbers from a seed: Steele, Lea and Flood's SplitMix64.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Those of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x1234_5678_9abc_def0)
    }

    /// Those of a seed for one purpose, so that more of one changes nothing of the other.
    pub(crate) fn named(seed: u64, purpose: &str) -> Self {
        let mixed =
            purpose.bytes().fold(seed, |mixed, byte| Self::new(mixed ^ u64::from(byte)).next());
        Self::new(mixed)
    }

    /// Any number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// Whether something happens that does once in so many times.
    pub(crate) fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// A place among so many, or just behind the last.
    pub(crate) fn place(&mut self, count: usize) -> usize {
        let end = u64::try_from(count).unwrap_or(0) + 1;
        usize::try_from(self.below(end)).unwrap_or_default()
    }

    /// One of these.
    pub(crate) fn of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        let at = self.below(u64::try_from(all.len()).unwrap_or(1));
        all.get(usize::try_from(at).unwrap_or_default()).copied()
    }
}
