//! Repeatable chance: the same numbers for the same key, on every platform and in every version.
//!
//! Made people and seeded records must not change from one run to the next, so they do not draw from a tenant's
//! random source but from a number worked out of a key (the SplitMix64 generator by Steele, Lea and Flood, 2014).

/// A stream of numbers fixed by its key. Not for secrets.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The stream of a key: the parts in their order.
    pub fn of(key: &[u64]) -> Chance {
        let mut chance = Chance(0x4B41_4E54_4153_4249);
        for part in key {
            chance.0 ^= part.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            chance.0 = chance.number();
        }
        chance
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`; 0 when `limit` is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        // The bias is below 2⁻³² for the short lists this picks from.
        ((u128::from(self.number()) * limit as u128) >> 64) as usize
    }

    /// A number from 0 up to, but not including, 1.
    pub fn share(&mut self) -> f64 {
        (self.number() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A bell-shaped number around 0 with standard deviation 1, never beyond ±6: the sum of twelve evenly spread ones,
    /// since logarithms and sines may differ in their last bit between platforms.
    pub fn bell(&mut self) -> f64 {
        (0..12).map(|_| self.share()).sum::<f64>() - 6.0
    }

    /// One of `choices`.
    ///
    /// # Panics
    /// When there is nothing to choose from: the lists are constants.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_never_change() {
        // Files of personas and people's tests rely on these staying as they are.
        let mut chance = Chance::of(&[1, 2, 3]);
        let numbers = [chance.number(), chance.number()];
        let mut again = Chance::of(&[1, 2, 3]);
        assert_eq!(numbers, [again.number(), again.number()]);
        assert_ne!(Chance::of(&[3, 2, 1]).number(), numbers[0]);
    }

    #[test]
    fn the_bell_is_centred_and_one_wide() {
        let mut chance = Chance::of(&[7]);
        let drawn: Vec<f64> = (0..10_000).map(|_| chance.bell()).collect();
        let mean = drawn.iter().sum::<f64>() / 10_000.0;
        let variance = drawn.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 10_000.0;
        assert!(mean.abs() < 0.05 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
    }
}
