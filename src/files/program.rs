//! Programs: the one place that makes a child process, which gets no secret of ours.
//!
//! | variable | why a program must not have it |
//! |---|---|
//! | `COUNTERSIGN_PASSPHRASE` | opens the keys on this machine |
//! | `COUNTERSIGN_KEY` | names the signing key, or is meant to hold it |
//! | those that hold a key, as `env:NAME` | are the keys |
//!
//! A deploy command runs what a build brought along, and git runs what its settings name.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// Variables that are secret whatever else is set.
pub const SECRET_VARIABLES: [&str; 2] = ["COUNTERSIGN_KEY", "COUNTERSIGN_PASSPHRASE"];

/// Further variables that hold secrets, by the settings of this process.
static NAMED: Mutex<BTreeSet<OsString>> = Mutex::new(BTreeSet::new());

/// Keeps a variable from every program that is started from now on.
pub fn withhold(variable: &str) {
    NAMED.lock().unwrap_or_else(PoisonError::into_inner).insert(variable.into());
}

/// A program to start, with the variables of this process except its secrets.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for name in SECRET_VARIABLES {
        command.env_remove(name);
    }
    for name in NAMED.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        command.env_remove(name);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_gets_no_secret_variable() {
        withhold("RELEASE_KEY");
        let command = command("env");
        let removed: BTreeSet<_> =
            command.get_envs().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect();
        for name in ["COUNTERSIGN_KEY", "COUNTERSIGN_PASSPHRASE", "RELEASE_KEY"] {
            assert!(removed.contains(OsStr::new(name)), "{name}");
        }
    }
}
