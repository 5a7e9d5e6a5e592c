//! Parallel work with results in order and bounded memory.
//!
//! Workers take jobs in order, and the caller's thread takes results in the same order. A job starts only
//! when its weight fits into the window, together with running jobs and results that wait. One job that is
//! larger than half the window can run in addition, so that it does not block the others; memory has the
//! window and at most one such job.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The number of threads. Results never depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threads(NonZero<usize>);

impl Threads {
    /// One thread for each core.
    pub fn per_core() -> Self {
        Self(std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN))
    }

    /// A single thread: for one of many jobs that already run in parallel.
    pub fn one() -> Self {
        Self(NonZero::<usize>::MIN)
    }

    /// Exactly this many threads.
    pub fn exactly(count: NonZero<usize>) -> Self {
        Self(count)
    }
}

/// Runs `work` on every job, on several threads, and passes each result to `take` in job order.
///
/// `weight` is the memory of a job in bytes, and `window` the limit for all of them. The first error, of
/// `work` or of `take`, stops everything and is returned; a panic in a worker continues in the caller.
pub fn in_order<J: Sync, T: Send, E: Send>(
    threads: Threads,
    window: u64,
    jobs: &[J],
    weight: impl Fn(&J) -> u64 + Sync,
    work: impl Fn(&J) -> Result<T, E> + Sync,
    take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    in_order_on(threads.0.get(), threads, window, jobs, (weight, work), take)
}

/// Like [`in_order`], where `take` works as long as a worker does: the caller's thread is one of the threads.
pub fn in_order_beside<J: Sync, T: Send, E: Send>(
    threads: Threads,
    window: u64,
    jobs: &[J],
    weight: impl Fn(&J) -> u64 + Sync,
    work: impl Fn(&J) -> Result<T, E> + Sync,
    take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    in_order_on(threads.0.get() - 1, threads, window, jobs, (weight, work), take)
}

fn in_order_on<J: Sync, T: Send, E: Send>(
    workers: usize,
    threads: Threads,
    window: u64,
    jobs: &[J],
    (weight, work): (impl Fn(&J) -> u64 + Sync, impl Fn(&J) -> Result<T, E> + Sync),
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    // A sequential run needs no thread: with many small jobs, starting and waking threads would dominate.
    if threads == Threads::one() || jobs.len() <= 1 {
        return jobs.iter().try_for_each(|job| take(work(job)?));
    }
    let queue = Queue { window, state: Mutex::new(State::default()), changed: Condvar::new() };
    std::thread::scope(|scope| {
        for _ in 0..workers.min(jobs.len()) {
            scope.spawn(|| {
                let stop = StopOnDrop(&queue);
                while let Some(index) = queue.claim(jobs, &weight) {
                    queue.put(index, work(&jobs[index]));
                }
                std::mem::forget(stop);
            });
        }
        let _stop = StopOnDrop(&queue);
        for (index, job) in jobs.iter().enumerate() {
            let Some(result) = queue.get(index) else {
                break;
            };
            take(result?)?;
            queue.release(weight(job));
        }
        Ok(())
    })
}

struct Queue<R> {
    window: u64,
    state: Mutex<State<R>>,
    changed: Condvar,
}

struct State<R> {
    next: usize,
    under_way: u64,
    large_under_way: bool,
    done: BTreeMap<usize, R>,
    stopped: bool,
}

impl<R> Default for State<R> {
    fn default() -> Self {
        Self { next: 0, under_way: 0, large_under_way: false, done: BTreeMap::new(), stopped: false }
    }
}

impl<R> Queue<R> {
    /// A panic in another thread leaves the state consistent, so a poisoned lock is usable.
    fn lock(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State<R>>) -> MutexGuard<'a, State<R>> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    fn claim<J>(&self, jobs: &[J], weight: impl Fn(&J) -> u64) -> Option<usize> {
        let mut state = self.lock();
        loop {
            let index = state.next;
            if state.stopped || index == jobs.len() {
                return None;
            }
            let weight = weight(&jobs[index]);
            if self.is_large(weight) {
                if !state.large_under_way {
                    state.next += 1;
                    state.large_under_way = true;
                    return Some(index);
                }
            } else if state.under_way + weight <= self.window {
                state.next += 1;
                state.under_way += weight;
                return Some(index);
            }
            state = self.wait(state);
        }
    }

    fn put(&self, index: usize, result: R) {
        self.lock().done.insert(index, result);
        self.changed.notify_all();
    }

    /// The result of a job; `None` if a worker ended before it.
    fn get(&self, index: usize) -> Option<R> {
        let mut state = self.lock();
        loop {
            if let Some(result) = state.done.remove(&index) {
                return Some(result);
            }
            if state.stopped {
                return None;
            }
            state = self.wait(state);
        }
    }

    fn is_large(&self, weight: u64) -> bool {
        weight > self.window / 2
    }

    fn release(&self, weight: u64) {
        let mut state = self.lock();
        if self.is_large(weight) {
            state.large_under_way = false;
        } else {
            state.under_way -= weight;
        }
        drop(state);
        self.changed.notify_all();
    }
}

/// Stops all work when a thread leaves early, by an error or a panic.
struct StopOnDrop<'a, R>(&'a Queue<R>);

impl<R> Drop for StopOnDrop<'_, R> {
    fn drop(&mut self) {
        self.0.lock().stopped = true;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: u64 = 1000;

    fn run(count: usize, jobs: &[u64], fail: Option<u64>) -> (Vec<u64>, Result<(), u64>) {
        let threads = Threads::exactly(NonZero::new(count).unwrap());
        let mut taken = Vec::new();
        let work = |job: &u64| {
            if Some(*job) == fail { Err(*job) } else { Ok(job * 2) }
        };
        let take = |result| {
            taken.push(result);
            Ok(())
        };
        let ended = in_order(threads, WINDOW, jobs, |job| *job, work, take);
        (taken, ended)
    }

    #[test]
    fn results_come_in_order_on_any_number_of_threads() {
        let jobs: Vec<u64> = (0..1000).rev().collect();
        let expected: Vec<u64> = jobs.iter().map(|job| job * 2).collect();
        for count in [1, 2, 7] {
            assert_eq!(run(count, &jobs, None), (expected.clone(), Ok(())));
        }
        assert_eq!(run(3, &[], None), (vec![], Ok(())));
    }

    #[test]
    fn beside_the_workers_the_caller_is_one_of_the_threads() {
        for (count, workers) in [(1, 0), (2, 1), (3, 2)] {
            let threads = Threads::exactly(NonZero::new(count).unwrap());
            let (caller, jobs) = (std::thread::current().id(), [1; 50]);
            let seen = Mutex::new(std::collections::HashSet::new());
            let work = |_: &u64| {
                std::thread::sleep(std::time::Duration::from_micros(50));
                seen.lock().unwrap().insert(std::thread::current().id());
                Ok::<_, ()>(())
            };
            assert_eq!(in_order_beside(threads, WINDOW, &jobs, |_| 1, work, Ok), Ok(()));
            let mut seen = seen.into_inner().unwrap();
            assert_eq!(seen.remove(&caller), workers == 0);
            assert!(seen.len() <= workers, "{count}: {seen:?}");
        }
    }

    #[test]
    fn one_thread_or_one_job_works_in_the_caller() {
        let caller = std::thread::current().id();
        for (count, jobs) in [(1, vec![1, 2, 3]), (4, vec![1])] {
            let threads = Threads::exactly(NonZero::new(count).unwrap());
            let here = |_: &u64| Ok::<_, ()>(std::thread::current().id());
            let take = |thread| if thread == caller { Ok(()) } else { Err(()) };
            assert_eq!(in_order(threads, WINDOW, &jobs, |_| 1, here, take), Ok(()));
        }
    }

    #[test]
    fn jobs_larger_than_the_window_go_one_at_a_time() {
        let jobs = [WINDOW * 3, 1, WINDOW, WINDOW * 2];
        assert_eq!(run(4, &jobs, None).1, Ok(()));
    }

    #[test]
    fn the_first_error_ends_the_work() {
        let jobs: Vec<u64> = (0..100).collect();
        let (taken, ended) = run(4, &jobs, Some(30));
        assert_eq!(ended, Err(30));
        assert_eq!(taken.len(), 30);
    }

    #[test]
    fn a_panic_in_a_worker_is_never_swallowed() {
        let jobs: Vec<u64> = (0..100).collect();
        let panics = |job: &u64| -> Result<u64, ()> {
            assert_ne!(*job, 30, "injected");
            Ok(*job)
        };
        let caught = std::panic::catch_unwind(|| {
            in_order(Threads::per_core(), WINDOW, &jobs, |_| 1, panics, |_| Ok(()))
        });
        assert!(caught.is_err());
    }
}
