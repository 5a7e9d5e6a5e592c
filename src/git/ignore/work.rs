//! Work: how many steps the matcher can take, so that no pattern makes a command hang.

use std::sync::atomic::{AtomicU64, Ordering};

/// The patterns take more steps than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("matching the patterns takes too long: they have too many wildcards for so many paths")]
pub struct TooMuchWork;

/// The steps that are left: some to start with, and more for each path.
#[derive(Debug)]
pub struct Work {
    left: AtomicU64,
    each: u64,
    taken: AtomicU64,
}

/// The steps that are left for one path.
#[derive(Debug)]
pub struct Steps(u64);

impl Work {
    /// The steps for any number of paths, and those added for each path.
    pub const fn new(free: u64, each: u64) -> Self {
        Self { left: AtomicU64::new(free), each, taken: AtomicU64::new(0) }
    }

    /// The steps that were taken for all paths.
    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Matches one path.
    pub fn on_a_path<T>(
        &self,
        work: impl FnOnce(&mut Steps) -> Result<T, TooMuchWork>,
    ) -> Result<T, TooMuchWork> {
        let given = self.left.load(Ordering::Relaxed).saturating_add(self.each);
        let mut steps = Steps(given);
        let result = work(&mut steps);
        // Threads that match at the same time can each take what is left, and no more.
        let taken = given - steps.0;
        self.taken.fetch_add(taken, Ordering::Relaxed);
        let left = |left: u64| Some(left.saturating_add(self.each).saturating_sub(taken));
        let _ = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left);
        result
    }
}

impl Steps {
    /// Takes steps, or reports that fewer are left.
    pub fn take(&mut self, steps: u64) -> Result<(), TooMuchWork> {
        self.0 = self.0.checked_sub(steps).ok_or(TooMuchWork).inspect_err(|_| self.0 = 0)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_adds_steps_and_takes_its_own() {
        let work = Work::new(10, 5);
        let take = |count| work.on_a_path(|steps| steps.take(count));
        assert_eq!(take(15), Ok(()));
        assert_eq!(take(5), Ok(()));
        assert_eq!(take(6), Err(TooMuchWork));
        assert_eq!((take(3), take(7), take(6)), (Ok(()), Ok(()), Err(TooMuchWork)));
    }
}
