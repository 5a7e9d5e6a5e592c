//! Choices: what a structured input is made of, read from the fuzzer's bytes one by one.
//!
//! An input that has ended chooses the first of everything, so that short inputs are ordinary ones.

/// The choices that are left.
pub struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    pub fn number(&mut self) -> u32 {
        u32::from_le_bytes([self.byte(), self.byte(), self.byte(), self.byte()])
    }

    /// A number below `count`.
    pub fn below(&mut self, count: usize) -> usize {
        usize::from(self.byte()) % count
    }

    pub fn one_of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    /// Whether to do what only a few inputs do.
    pub fn rarely(&mut self) -> bool {
        self.byte() >= 0xE0
    }

    /// Up to `most` bytes as they are.
    pub fn bytes(&mut self, most: usize) -> &'a [u8] {
        let count = self.below(most + 1).min(self.0.len());
        let (bytes, rest) = self.0.split_at(count);
        self.0 = rest;
        bytes
    }
}

/// Seeds of any structured target.
pub fn seeds() -> Vec<Vec<u8>> {
    let mixed = |step: u8| (0..=255u8).map(|byte| byte.wrapping_mul(step).rotate_left(3)).collect();
    vec![vec![], vec![1; 32], (0..=255).collect(), mixed(7), mixed(31), mixed(101)]
}
