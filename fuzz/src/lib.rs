//! Fuzzing with libFuzzer: starts a target of [`targets`], and stops it when it takes too much memory.

pub mod targets;

use std::alloc::System;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::Path;

use cap::Cap;
pub use libfuzzer_sys::fuzz_target;

use self::targets::{TARGETS, Target};

/// Counts every allocation of Rust code. An allocation over the limit fails, which aborts the process.
#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// Memory that any input may take, in bytes.
const MEMORY_BASE: usize = 64 << 20;

/// Memory that each byte of an input may take in addition, in bytes.
const MEMORY_PER_BYTE: usize = 4;

/// Writes the target's seeds to the folder that `COUNTERSIGN_FUZZ_SEEDS` names, if it is set.
pub fn start(name: &str) {
    let Some(folder) = std::env::var_os("COUNTERSIGN_FUZZ_SEEDS") else { return };
    for seed in (find(name).seeds)() {
        let mut hasher = DefaultHasher::new();
        seed.hash(&mut hasher);
        let path = Path::new(&folder).join(format!("seed-{:016x}", hasher.finish()));
        std::fs::write(path, seed).expect("the folder for seeds can be written");
    }
}

/// Runs a target with one input, under the memory limit.
pub fn run(name: &str, bytes: &[u8]) {
    let limit = MEMORY.allocated() + MEMORY_BASE + MEMORY_PER_BYTE * bytes.len();
    MEMORY.set_limit(limit).expect("the limit is over what is allocated");
    (find(name).run)(bytes);
    MEMORY.set_limit(usize::MAX).expect("the limit is over what is allocated");
}

fn find(name: &str) -> &'static Target {
    TARGETS.iter().find(|target| target.name == name).expect("every binary is named after a target")
}

/// The binary of one target.
#[macro_export]
macro_rules! target {
    ($name:literal) => {
        $crate::fuzz_target!(init: $crate::start($name), |bytes: &[u8]| $crate::run($name, bytes));
    };
}
