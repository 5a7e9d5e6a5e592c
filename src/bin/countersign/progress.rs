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
    bytes: Arc<AtomicU64>,
    shown: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Starts; `total` is the work in bytes, 0 if that is not known.
    pub fn start(what: &str, total: u64) -> Self {
        let bytes = Arc::new(AtomicU64::new(0));
        if !std::io::stderr().is_terminal() || color::detail() == Detail::Quiet {
            return Self { bytes, shown: None };
        }
        let (stop, stopped) = channel::<()>();
        let (what, count) = (line(what), Arc::clone(&bytes));
        let thread = std::thread::spawn(move || {
            if stopped.recv_timeout(QUIET) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
            let template = if total > 0 { "{msg} {bytes}/{total_bytes} {bar:30}" } else { "{msg} {elapsed}" };
            bar.set_style(
                ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            bar.set_message(what);
            while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                bar.set_position(count.load(Ordering::Relaxed));
                bar.tick();
            }
            bar.finish_and_clear();
        });
        Self { bytes, shown: Some((stop, thread)) }
    }

    /// Counts work that was done.
    pub fn add(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.shown.take() {
            drop(stop);
            let _ = thread.join();
        }
    }
}
