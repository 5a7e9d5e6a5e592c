//! Programs: the only place that starts child processes, which get no secrets.
//!
//! | variable | why a program must not have it |
//! |---|---|
//! | `COUNTERSIGN_PASSPHRASE` | decrypts keys on this machine |
//! | `COUNTERSIGN_KEY` | names the signing key, or contains it by mistake |
//! | those of keys, as in `env:NAME` | contain keys |
//!
//! A deploy command can run code from the build, and git runs programs that its settings name.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// Variables that are always secret.
pub const SECRET_VARIABLES: [&str; 2] = ["COUNTERSIGN_KEY", "COUNTERSIGN_PASSPHRASE"];

/// Further variables with secrets, by the settings of this process.
static NAMED: Mutex<BTreeSet<OsString>> = Mutex::new(BTreeSet::new());

/// Withholds a variable from all programs that are started from now on.
pub fn withhold(variable: &str) {
    NAMED.lock().unwrap_or_else(PoisonError::into_inner).insert(variable.into());
}

/// A program to start, with this process's variables except its secrets.
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
