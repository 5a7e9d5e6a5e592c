//! The watch: signals that end this process end the command first, so that no copy stays behind.
//!
//! A key on the terminal reaches the command directly, since it is in the same process group; a signal that
//! another process sent to this one is passed on.

use std::io;
use std::process::{Child, ExitStatus};

/// Holds signals off once started; start it before anything is copied.
#[derive(Debug)]
pub struct Watch {
    #[cfg(unix)]
    held: unix::Held,
}

#[cfg(unix)]
impl Watch {
    /// Starts watching.
    pub fn start() -> io::Result<Self> {
        unix::Held::start().map(|held| Self { held })
    }

    /// The signal that arrived while no command was running, if any.
    pub fn interrupted(&self) -> Option<i32> {
        self.held.first()
    }

    /// Waits for the command, and passes signals on to it.
    pub(super) fn wait(&self, child: Child) -> io::Result<ExitStatus> {
        self.held.wait(child)
    }
}

#[cfg(not(unix))]
impl Watch {
    /// Starts watching.
    pub fn start() -> io::Result<Self> {
        Ok(Self {})
    }

    /// The signal that arrived while no command was running: none on this system.
    pub fn interrupted(&self) -> Option<i32> {
        None
    }

    /// Waits for the command.
    pub(super) fn wait(&self, mut child: Child) -> io::Result<ExitStatus> {
        child.wait()
    }
}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::process::{Child, ExitStatus};
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
    use std::thread::JoinHandle;

    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    use signal_hook::flag::register_conditional_default;
    use signal_hook::iterator::exfiltrator::WithOrigin;
    use signal_hook::iterator::{Handle, SignalsInfo};
    use signal_hook::low_level::siginfo::{Cause, Origin};

    const SIGNALS: [i32; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

    /// All watches of this process. A handler stays for good, so after the last watch it does what would happen
    /// without one: a signal ends the process.
    static WATCHES: Mutex<Watches> = Mutex::new(Watches { count: 0, none: None });

    struct Watches {
        count: usize,
        none: Option<Arc<AtomicBool>>,
    }

    impl Watches {
        /// Puts the handlers in place, once.
        fn prepare(&mut self) -> io::Result<()> {
            if self.none.is_none() {
                let none = Arc::new(AtomicBool::new(true));
                for signal in SIGNALS {
                    register_conditional_default(signal, Arc::clone(&none))?;
                }
                self.none = Some(none);
            }
            Ok(())
        }

        fn change(&mut self, count: usize) {
            self.count = count;
            if let Some(none) = &self.none {
                none.store(count == 0, Ordering::SeqCst);
            }
        }
    }

    #[derive(Debug)]
    pub struct Held {
        state: Arc<Mutex<State>>,
        handle: Handle,
        thread: Option<JoinHandle<()>>,
    }

    #[derive(Debug, Default)]
    struct State {
        child: Option<Pid>,
        first: Option<i32>,
    }

    fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
        state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    impl Held {
        pub fn start() -> io::Result<Self> {
            lock(&WATCHES).prepare()?;
            let mut signals = SignalsInfo::<WithOrigin>::new(SIGNALS)?;
            let (handle, state) = (signals.handle(), Arc::new(Mutex::new(State::default())));
            let shared = Arc::clone(&state);
            let each = move || signals.forever().for_each(|origin| on_signal(&shared, &origin));
            let thread = std::thread::Builder::new().name("signals".into()).spawn(each)?;
            let mut watches = lock(&WATCHES);
            let count = watches.count + 1;
            watches.change(count);
            Ok(Self { state, handle, thread: Some(thread) })
        }

        pub fn first(&self) -> Option<i32> {
            lock(&self.state).first
        }

        pub fn wait(&self, mut child: Child) -> io::Result<ExitStatus> {
            let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
            let Some(id) = id else { return child.wait() };
            lock(&self.state).child = Some(id);
            // Also passes on a signal that arrived since the last check.
            if let Some(signal) = self.first() {
                pass_on(id, signal);
            }
            // The command is not reaped yet, so that its id cannot be reused while signals are sent to it.
            // signals go to it.
            let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while waitid(WaitId::Pid(id), ended).is_err_and(|error| error == rustix::io::Errno::INTR) {}
            lock(&self.state).child = None;
            child.wait()
        }
    }

    impl Drop for Held {
        fn drop(&mut self) {
            self.handle.close();
            if let Some(thread) = self.thread.take() {
                let _ = thread.join();
            }
            let mut watches = lock(&WATCHES);
            let count = watches.count - 1;
            watches.change(count);
        }
    }

    fn on_signal(state: &Mutex<State>, origin: &Origin) {
        let mut state = lock(state);
        match state.child {
            // The terminal has sent it to the command too, and some programs treat a second one as
            // impatience.
            Some(_) if !matches!(origin.cause, Cause::Sent(_)) => {}
            Some(child) => pass_on(child, origin.signal),
            None => drop(state.first.get_or_insert(origin.signal)),
        }
    }

    fn pass_on(child: Pid, signal: i32) {
        let signal = match signal {
            SIGHUP => Signal::HUP,
            SIGINT => Signal::INT,
            SIGQUIT => Signal::QUIT,
            _ => Signal::TERM,
        };
        // A command that has ended needs no signal.
        let _ = kill_process(child, signal);
    }
}
