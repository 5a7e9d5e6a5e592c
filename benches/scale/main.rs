//! Scale: how do `verify` and the owner's commands grow with profiles, revocations and recorded jobs?
//!
//!   cargo bench --bench scale                 every size; needs 10 GB of temporary space and some minutes
//!   cargo bench --bench scale -- --runs 40    more runs of each
//!   cargo bench --bench scale -- --largest    only the last line and the owner's commands
//!
//! Whole processes are timed, in turn (A B C A B C …), after a warm-up; what is printed are medians, as
//! Markdown. Peak memory comes from GNU time.
#![allow(clippy::print_stdout, reason = "a benchmark says what it measured")]

mod measure;
mod policies;
#[path = "../../tests/support/mod.rs"]
mod support;

use self::measure::{Measured, once, several};
use self::policies::{Scale, Size};

/// Policies from small to large, in one dimension at a time and then in all.
const SIZES: [Size; 8] = [
    Size { profiles: 10, revocations: 10, jobs: 10 },
    Size { profiles: 1_000, revocations: 10, jobs: 10 },
    Size { profiles: 10_000, revocations: 10, jobs: 10 },
    Size { profiles: 10, revocations: 1_000, jobs: 10 },
    Size { profiles: 10, revocations: 100_000, jobs: 10 },
    Size { profiles: 10, revocations: 10, jobs: 10_000 },
    Size { profiles: 10, revocations: 10, jobs: 1_000_000 },
    Size { profiles: 10_000, revocations: 100_000, jobs: 1_000_000 },
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // `cargo test --benches` runs this too, without `--bench`.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let after = |name: &str| arguments.iter().skip_while(|argument| *argument != name).nth(1);
    let runs = after("--runs").map_or(21, |text| text.parse().expect("a number of runs"));
    let largest = arguments.iter().any(|argument| argument == "--largest");
    let sizes = if largest { &SIZES[SIZES.len() - 1..] } else { &SIZES[..] };
    println!(
        "| profiles | revocations | jobs | nothing revoked | key revoked, recorded before | 1 of 20 publishers |"
    );
    println!("|---:|---:|---:|---:|---:|---:|");
    for size in sizes {
        let scale = Scale::of(*size);
        let Size { profiles, revocations, jobs } = size;
        let [nothing, key, publishers] = several(&scale.scene, &scale.questions(), runs);
        println!("| {profiles} | {revocations} | {jobs} | {nothing} | {key} | {publishers} |");
        if size.jobs == SIZES[SIZES.len() - 1].jobs && size.profiles > 10 {
            owner(&scale);
        }
    }
}

/// What the owner of the largest policy waits for.
fn owner(scale: &Scale) {
    println!("\n| the owner's command | once |\n|---|---:|");
    println!("| `policy seal`, everything new | {} |", scale.sealed);
    let row = |name: &str, arguments: &[&str]| {
        let measured: Measured = once(&scale.scene, arguments);
        println!("| {name} | {measured} |");
    };
    let manifest = scale.clean.to_str().expect("UTF-8");
    row("`job record` of one", &["job", "record", manifest]);
    row("`policy diff`, one job", &["policy", "diff"]);
    row("`policy seal`, one job", &["policy", "seal"]);
    row("`policy status`", &["policy", "status"]);
    row("`job list` of all", &["job", "list"]);
    row("`job list --revoked`", &["job", "list", "--revoked"]);
}
