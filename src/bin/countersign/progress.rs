//! Progress: one line on the terminal for work over half a second; nothing in a log.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use countersign::report::escape::line;
use countersign::report::text::Detail;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::color;

/// How long work may take before it shows.
const QUIET: Duration = Duration::from_millis(500);
const TICK: Duration = Duration::from_millis(100);

/// Shows that work is under way until it is dropped.
pub struct Progress {
    count: Arc<Count>,
    shown: Option<(Sender<()>, JoinHandle<()>)>,
}

/// How much is done, and of how much.
struct Count {
    unit: Unit,
    done: AtomicU64,
    total: AtomicU64,
}

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Bytes,
    Items,
}

impl Progress {
    /// Starts; `total` is the work in bytes, 0 if that is not known, or not yet.
    pub fn start(what: &str, total: u64) -> Self {
        Self::of(what, Unit::Bytes, total)
    }

    /// Starts work on so many items.
    pub fn of_items(what: &str, total: u64) -> Self {
        Self::of(what, Unit::Items, total)
    }

    fn of(what: &str, unit: Unit, total: u64) -> Self {
        let count = Arc::new(Count { unit, done: AtomicU64::new(0), total: AtomicU64::new(total) });
        if !std::io::stderr().is_terminal() || color::detail() == Detail::Quiet {
            return Self { count, shown: None };
        }
        let (stop, stopped) = channel::<()>();
        let (what, counted) = (line(what), Arc::clone(&count));
        let thread = std::thread::spawn(move || {
            if stopped.recv_timeout(QUIET) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
            bar.set_message(what);
            let mut drawn = None;
            while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                let total = counted.total.load(Ordering::Relaxed);
                if drawn != Some(total) {
                    bar.set_style(style(counted.unit, total));
                    bar.set_length(total);
                    drawn = Some(total);
                }
                bar.set_position(counted.done.load(Ordering::Relaxed).min(total));
                bar.tick();
            }
            bar.finish_and_clear();
        });
        Self { count, shown: Some((stop, thread)) }
    }

    /// The bytes that are to be done, if bytes are counted.
    pub fn expect_bytes(&self, total: u64) {
        if self.count.unit == Unit::Bytes {
            self.count.total.store(total, Ordering::Relaxed);
        }
    }

    /// Counts bytes that are done, if bytes are counted.
    pub fn add(&self, bytes: u64) {
        if self.count.unit == Unit::Bytes {
            self.count.done.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    /// Counts an item that is done, if items are counted.
    pub fn count_item(&self) {
        if self.count.unit == Unit::Items {
            self.count.done.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn style(unit: Unit, total: u64) -> ProgressStyle {
    let template = match unit {
        _ if total == 0 => "{msg} {elapsed}",
        Unit::Bytes => "{msg} {bytes}/{total_bytes} {bar:30}",
        Unit::Items => "{msg} {pos}/{len} {bar:30}",
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.shown.take() {
            drop(stop);
            let _ = thread.join();
        }
    }
}
