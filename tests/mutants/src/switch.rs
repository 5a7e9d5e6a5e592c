//! Which mutant is active: a number in the file [`SWITCH`], or `reach` to note which mutants a test comes by.
//!
//! A file and no variable, since most tests start programs in an empty environment.

use std::fs;
use std::io::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

static ACTIVE: OnceLock<Option<usize>> = OnceLock::new();
static REACHED: [AtomicBool; MUTANTS + 1] = [const { AtomicBool::new(false) }; MUTANTS + 1];

/// Whether this mutant is the active one.
pub fn is(mutant: usize) -> bool {
    let read = || {
        let text = fs::read_to_string(SWITCH).unwrap_or_default();
        if text == "reach" { None } else { Some(text.parse().unwrap_or(0)) }
    };
    match ACTIVE.get_or_init(read) {
        Some(active) => *active == mutant,
        None => {
            if !REACHED[mutant].swap(true, Ordering::Relaxed)
                && let Ok(mut file) = fs::File::options().append(true).open(format!("{SWITCH}.reached"))
            {
                let _ = file.write_all(format!("{mutant}\n").as_bytes());
            }
            false
        }
    }
}

