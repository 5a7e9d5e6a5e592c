//! Transcripts: does the command line say what `tests/cmd`, the README and the docs show?
//!
//! Each file runs by itself, in a copy of `tests/cmd/orders` (`[CWD]`) beside a copy of
//! `tests/cmd/shop`, AWS's answers in `tests/cmd/aws` and a home folder (`[HOME]`), in an environment
//! with nothing else in it. `TRYCMD=overwrite` writes what was seen into the files. After `--`,
//! `every trycmd=seal` runs those whose name has `seal` in it.

#![cfg(unix)]

use std::ffi::OsString;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, thread};

const COUNTERSIGN: &str = env!("CARGO_BIN_EXE_countersign");

/// Other programs that a transcript may call; what trycmd does not know, it would pass over in silence.
const PROGRAMS: [&str; 6] = ["cp", "git", "ln", "rm", "sed", "sh"];

/// Set in the clean environment.
const CLEAN: &str = "COUNTERSIGN_TRANSCRIPTS_CLEAN";

#[test]
fn every_transcript_holds() {
    if env::var_os(CLEAN).is_none() {
        return in_a_clean_environment();
    }
    let cases = cases();
    assert!(cases.len() > 10, "where are the transcripts?");
    let failed: Vec<&PathBuf> = thread::scope(|scope| {
        let running: Vec<_> = cases.iter().map(|case| (case, scope.spawn(|| holds(case)))).collect();
        running.into_iter().filter_map(|(case, run)| (!run.join().unwrap_or(false)).then_some(case)).collect()
    });
    assert!(failed.is_empty(), "{failed:#?}");
}

/// Runs this test again with `PATH` and what steers trycmd, and no variable besides.
fn in_a_clean_environment() {
    let kept = ["TMPDIR", "TRYCMD"].into_iter().filter_map(|name| Some((name, env::var_os(name)?)));
    let status = Command::new(env::current_exe().expect("a path"))
        .args(env::args_os().skip(1))
        .env_clear()
        .envs(kept)
        .envs([(CLEAN, "1"), ("LC_ALL", "C.UTF-8"), ("TZ", "UTC"), ("USER", "dev")])
        .env("PATH", path())
        .status();
    assert!(status.expect("it starts").success(), "see above");
}

/// The `PATH`, with countersign's folder first, so that `sh -c` finds it too.
fn path() -> OsString {
    let others = env::var_os("PATH").unwrap_or_default();
    let ours = Path::new(COUNTERSIGN).parent().map(Path::to_path_buf);
    env::join_paths(ours.into_iter().chain(env::split_paths(&others))).expect("a PATH")
}

fn cases() -> Vec<PathBuf> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = fs::read_dir(top.join("tests/cmd")).expect("a folder");
    let mut cases: Vec<PathBuf> = folder.map(|entry| entry.expect("an entry").path()).collect();
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "trycmd"));
    cases.extend(
        ["README.md", "docs/monitor.md", "docs/policy.md", "docs/runbook.md"].map(|page| top.join(page)),
    );
    cases.sort();
    cases
}

/// Runs one file; trycmd says what differs.
fn holds(case: &Path) -> bool {
    let scratch = tempfile::tempdir().expect("a folder");
    let top = scratch.path().canonicalize().expect("a path");
    for fixture in ["aws", "orders", "shop"] {
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd").join(fixture), &top.join(fixture));
    }
    let home = top.join("home");
    fs::create_dir(&home).expect("a folder");
    // trycmd runs NAME in the folder NAME.in, and where that is a file, in the folder it names.
    let copied = top.join(case.file_name().expect("a name"));
    fs::copy(case, &copied).expect("a copy");
    fs::write(copied.with_extension("in"), "orders").expect("written");
    check_programs(case);

    let run = catch_unwind(AssertUnwindSafe(|| {
        let cases = trycmd::TestCases::new();
        cases.register_bin("countersign", Path::new(COUNTERSIGN));
        cases.register_bins(PROGRAMS.map(|name| (name, program(name))));
        cases.env("HOME", home.to_string_lossy());
        cases.env("GIT_CONFIG_NOSYSTEM", "1");
        for who in ["AUTHOR", "COMMITTER"] {
            cases.env(format!("GIT_{who}_NAME"), "Dev").env(format!("GIT_{who}_EMAIL"), "dev@acme.example");
        }
        cases.insert_var("[HOME]", home.to_string_lossy().into_owned()).expect("a variable");
        cases.insert_var("[TOP]", top.to_string_lossy().into_owned()).expect("a variable");
        cases.case(&copied).run();
    }));
    if env::var_os("TRYCMD").is_some_and(|mode| mode == "overwrite") {
        fs::copy(&copied, case).expect("a copy");
    }
    run.is_ok()
}

/// A command that is not there would be passed over.
fn check_programs(case: &Path) {
    let text = fs::read_to_string(case).expect("UTF-8");
    for line in text.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let program = line.split(' ').find(|word| !word.contains('=')).unwrap_or_default();
        assert!(program == "countersign" || PROGRAMS.contains(&program), "{}: {line}", case.display());
    }
}

fn program(name: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut places = env::split_paths(&path).map(|folder| folder.join(name));
    places.find(|place| place.is_file()).unwrap_or_else(|| panic!("`{name}` is not on the PATH"))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let place = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &place);
        } else {
            fs::copy(&path, &place).expect("a copy");
        }
    }
}
