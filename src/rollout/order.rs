//! The order: when each target starts, and when no more do.
//!
//! As in CloudFormation's strict mode (`STRICT_FAILURE_TOLERANCE`): at most `tolerance + 1` targets run at
//! once, one less for each that failed, so that no more than those can fail. Once more have failed than are
//! tolerated, none starts; running ones finish.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};

/// How many targets are changed at once, and how many can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preferences {
    /// How many targets can fail before those that have not started are cancelled.
    pub tolerance: usize,
    /// How many run at once, at least 1; in effect at most one more than can fail.
    pub concurrent: usize,
}

/// The result for one of the targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End<T> {
    /// It ran.
    Done(T),
    /// Too many had failed before it started.
    Cancelled,
}

#[derive(Default)]
struct State {
    next: usize,
    running: usize,
    failed: usize,
}

struct Queue {
    total: usize,
    preferences: Preferences,
    state: Mutex<State>,
    changed: Condvar,
}

/// Runs targets in order, and passes each result to `take` in that order.
pub fn run<J: Sync, T: Send>(
    jobs: &[J],
    preferences: Preferences,
    work: impl Fn(&J) -> T + Sync,
    has_failed: impl Fn(&T) -> bool + Sync,
    mut take: impl FnMut(&J, End<T>),
) {
    let state = Mutex::new(State::default());
    let queue = Queue { total: jobs.len(), preferences, state, changed: Condvar::new() };
    let (send, receive) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..preferences.most_at_once().min(jobs.len()) {
            let (send, queue, work, has_failed) = (send.clone(), &queue, &work, &has_failed);
            scope.spawn(move || {
                while let Some(index) = queue.claim() {
                    let ended = Ended { queue, failed: true };
                    let result = work(&jobs[index]);
                    ended.with(has_failed(&result));
                    // The receiver exists until all senders are gone.
                    let _ = send.send((index, result));
                }
            });
        }
        drop(send);
        let mut waiting = std::collections::BTreeMap::new();
        let mut next = 0;
        for (index, result) in receive {
            waiting.insert(index, result);
            while let Some(result) = waiting.remove(&next) {
                take(&jobs[next], End::Done(result));
                next += 1;
            }
        }
        // All that started have finished, so the rest never started.
        jobs[next..].iter().for_each(|job| take(job, End::Cancelled));
    });
}

impl Preferences {
    fn most_at_once(self) -> usize {
        self.concurrent.max(1).min(self.tolerance.saturating_add(1))
    }
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next target, as soon as it can start; `None` if none can anymore.
    fn claim(&self) -> Option<usize> {
        let mut state = self.state();
        loop {
            if state.next == self.total || state.failed > self.preferences.tolerance {
                return None;
            }
            let left = self.preferences.tolerance.saturating_add(1).saturating_sub(state.failed);
            if state.running < left.min(self.preferences.concurrent.max(1)) {
                state.running += 1;
                state.next += 1;
                return Some(state.next - 1);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Reports that a target has finished, even if its work panicked.
struct Ended<'q> {
    queue: &'q Queue,
    failed: bool,
}

impl Ended<'_> {
    fn with(mut self, failed: bool) {
        self.failed = failed;
    }
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        let mut state = self.queue.state();
        state.running -= 1;
        state.failed += usize::from(self.failed);
        drop(state);
        self.queue.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Runs this many targets, some of which fail; returns the results and the most that ran at once.
    fn ends(total: usize, fails: &[usize], tolerance: usize, concurrent: usize) -> (String, usize) {
        let jobs: Vec<usize> = (0..total).collect();
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let mut ends = String::new();
        let work = |job: &usize| {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::yield_now();
            running.fetch_sub(1, Ordering::SeqCst);
            fails.contains(job)
        };
        run(
            &jobs,
            Preferences { tolerance, concurrent },
            work,
            |failed| *failed,
            |_, end| {
                ends.push(match end {
                    End::Done(false) => '.',
                    End::Done(true) => 'F',
                    End::Cancelled => '-',
                });
            },
        );
        (ends, most.into_inner())
    }

    #[test]
    fn what_has_not_begun_is_cancelled_once_too_many_failed() {
        assert_eq!(ends(6, &[1], 0, 1).0, ".F----");
        assert_eq!(ends(6, &[1], 1, 1).0, ".F....");
        assert_eq!(ends(6, &[1, 3], 1, 1).0, ".F.F--");
        assert_eq!(ends(3, &[0, 1, 2], 3, 3).0, "FFF");
        assert_eq!(ends(0, &[], 0, 1).0, "");
    }

    #[test]
    fn never_more_fail_than_are_tolerated_and_one() {
        for _ in 0..100 {
            let all: Vec<usize> = (0..20).collect();
            let (ends, _) = ends(20, &all, 2, 10);
            assert_eq!(ends.matches('F').count(), 3, "{ends}");
        }
    }

    #[test]
    fn at_most_one_more_than_may_fail_is_under_way() {
        for _ in 0..50 {
            assert_eq!(ends(8, &[], 0, 5).1, 1);
            assert!(ends(8, &[], 2, 8).1 <= 3);
            assert!(ends(8, &[], 8, 2).1 <= 2);
        }
    }
}
