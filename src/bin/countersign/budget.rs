//! The budget: bytes of memory that jobs on several threads share.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A number of bytes, of which each job takes what it needs while it runs.
pub struct Budget {
    all: u64,
    taken: Mutex<u64>,
    changed: Condvar,
}

/// Bytes that a job took; they are given back on drop.
pub struct Taken<'a> {
    budget: &'a Budget,
    bytes: u64,
}

impl Budget {
    /// A budget of which nothing is taken.
    pub fn new(all: u64) -> Self {
        Self { all, taken: Mutex::new(0), changed: Condvar::new() }
    }

    /// Waits until so many bytes are left, and takes them. A job that needs more than there are takes all, and
    /// so runs by itself.
    pub fn take(&self, bytes: u64) -> Taken<'_> {
        let bytes = bytes.min(self.all);
        let mut taken = self.lock();
        while *taken + bytes > self.all {
            taken = self.changed.wait(taken).unwrap_or_else(PoisonError::into_inner);
        }
        *taken += bytes;
        Taken { budget: self, bytes }
    }

    /// A panic in another thread leaves the number consistent, so a poisoned lock is usable.
    fn lock(&self) -> MutexGuard<'_, u64> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        *self.budget.lock() -= self.bytes;
        self.budget.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn jobs_never_have_more_than_the_budget_and_a_large_one_runs_by_itself() {
        let (budget, in_use) = (Budget::new(10), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (budget, in_use) = (&budget, &in_use);
                scope.spawn(move || {
                    for bytes in (0..200).map(|turn| (turn * 7 + thread) % 15) {
                        let taken = budget.take(bytes);
                        let counted = bytes.min(10);
                        let before = in_use.fetch_add(counted, Ordering::SeqCst);
                        assert!(before + counted <= 10);
                        in_use.fetch_sub(counted, Ordering::SeqCst);
                        drop(taken);
                    }
                });
            }
        });
        assert_eq!(*budget.lock(), 0);
    }
}
