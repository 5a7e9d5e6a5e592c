//! Mutation testing: does a test fail for every small change of the code that decides?
//!
//! All mutants are compiled into one copy of the repository, and a file chooses the active one when a test runs.
//! For each mutant, the unit tests that reach it run first, and then the integration tests that do.

mod accepted;
mod build;
mod copy;
mod find;
mod run;
mod scope;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::process::{Command, ExitCode};

use crate::copy::Copy;
use crate::run::Suite;
use crate::scope::{PACKAGES, Package, ROOT};

/// The source folders of both packages.
const SOURCES: [&str; 2] = [PACKAGES[0].source, PACKAGES[1].source];

/// Mutants that are not killed and not in `accepted.txt`, of the last run; for `--again`.
const SURVIVORS: &str = "target/mutants/survivors";

fn main() -> ExitCode {
    match Arguments::read().and_then(|arguments| judge(&arguments)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// What to mutate, and which tests to run.
struct Arguments {
    files: Vec<String>,
    /// Only the survivors of the last run.
    again: bool,
    /// Only the unit tests; a survivor may be killed by another.
    unit: bool,
}

impl Arguments {
    fn read() -> io::Result<Self> {
        let (mut chosen, mut again, mut unit, mut since) = (Vec::new(), false, false, None);
        let mut words = std::env::args().skip(1);
        while let Some(word) = words.next() {
            match word.as_str() {
                "--again" => again = true,
                "--unit" => unit = true,
                "--changed-since" => since = words.next(),
                option if option.starts_with('-') => {
                    return Err(io::Error::other(format!("unknown option `{option}`")));
                }
                _ => chosen.push(word),
            }
        }
        let mut files = lines("git", &[&["ls-files", "--"], &SOURCES[..]].concat())?;
        files.retain(|file| scope::includes(file));
        if let Some(none) = chosen.iter().find(|start| !files.iter().any(|file| file.starts_with(*start))) {
            return Err(io::Error::other(format!("no file that is mutated begins with `{none}`")));
        }
        files.retain(|file| chosen.is_empty() || chosen.iter().any(|start| file.starts_with(start)));
        if let Some(revision) = since {
            let diff = ["diff", "--name-only", "--merge-base", &revision, "--"];
            let changed = lines("git", &[&diff[..], &SOURCES].concat())?;
            files.retain(|file| changed.contains(file));
        }
        Ok(Self { files, again, unit })
    }
}

fn lines(program: &str, arguments: &[&str]) -> io::Result<Vec<String>> {
    let output = Command::new(program).args(arguments).output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

/// The tests to run, in order: unit tests are the fastest.
fn suites(arguments: &Arguments) -> Vec<Suite> {
    let has = |package: &Package| arguments.files.iter().any(|file| scope::package(file) == package);
    let modules: BTreeSet<&str> =
        arguments.files.iter().flat_map(|file| scope::modules(file)).copied().collect();
    let with_integration = !arguments.unit && !modules.is_empty();
    // A build of the integration tests builds the unit tests of their package too.
    let unit = PACKAGES.into_iter().filter(|package| has(package) || with_integration && **package == ROOT);
    let integration = scope::all_modules().into_iter().filter(|module| modules.contains(module));
    let integration = integration.filter(|_| with_integration);
    unit.map(Suite::Unit).chain(integration.map(Suite::Integration)).collect()
}

/// Whether these tests run for the mutants of a file.
///
/// With `--unit` that is only the package's own: code that decides has its unit tests next to it.
fn concerns(suite: &Suite, file: &str, unit: bool) -> bool {
    match suite {
        Suite::Unit(package) => scope::package(file) == *package || !unit && **package == ROOT,
        Suite::Integration(module) => scope::modules(file).contains(module),
    }
}

/// Whether every mutant is killed or accepted, and everything accepted still survives.
fn judge(arguments: &Arguments) -> io::Result<bool> {
    if arguments.files.is_empty() {
        println!("no file that is mutated has changed");
        return Ok(true);
    }
    let repository = std::env::current_dir()?;
    let accepted =
        accepted::parse(&fs::read_to_string("tests/mutants/accepted.txt")?).map_err(io::Error::other)?;
    let mut copy = Copy::new(&repository, &arguments.files)?;
    let suites = suites(arguments);
    let programs = build::build(&mut copy, &repository, &suites)?;

    let last = if arguments.again { Some(fs::read_to_string(SURVIVORS)?) } else { None };
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for (number, placed) in copy.mutants.iter().enumerate().filter(|(_, placed)| placed.compiles) {
        if last.as_ref().is_none_or(|last| last.lines().any(|line| line == placed.name())) {
            names.insert(placed.name(), number);
        }
    }
    let mut alive: BTreeSet<usize> = names.values().copied().collect();
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for &number in &alive {
        counts.entry(&copy.mutants[number].file).or_default().0 += 1;
    }
    for suite in &suites {
        let concerned = |number: &usize| concerns(suite, &copy.mutants[*number].file, arguments.unit);
        let todo: Vec<usize> = alive.iter().copied().filter(concerned).collect();
        if todo.is_empty() {
            continue;
        }
        eprintln!("{suite}: {} mutants are alive", todo.len());
        let program = &programs[&suite.target()];
        let tests = run::reach(&copy, suite, program)?;
        for (done, number) in todo.into_iter().enumerate() {
            if done % 50 == 49 {
                eprintln!("{suite}: {} done", done + 1);
            }
            // An accepted mutant needs no second opinion of slower tests.
            let is_accepted = accepted.contains_key(&copy.mutants[number].name());
            let runs = matches!(suite, Suite::Unit(_)) || !is_accepted;
            if runs && run::kills(&copy, suite, program, &tests, number)? {
                alive.remove(&number);
            }
        }
        let names: Vec<String> = alive.iter().map(|number| copy.mutants[*number].name() + "\n").collect();
        fs::write(SURVIVORS, names.concat())?;
    }
    fs::write(&copy.switch, "")?;

    let mut good = true;
    for &number in &alive {
        let placed = &copy.mutants[number];
        counts.entry(&placed.file).or_default().1 += 1;
        if !accepted.contains_key(&placed.name()) {
            good = false;
            println!("survived: {}:{} {}", placed.file, placed.mutant.line, placed.mutant.name);
        }
    }
    for name in accepted.keys().filter(|_| last.is_none()) {
        let is_mutated = arguments.files.iter().any(|file| name.starts_with(&format!("{file} ")));
        if is_mutated && !names.get(name).is_some_and(|number| alive.contains(number)) {
            good = false;
            println!("accepted, but killed or does not exist: {name}");
        }
    }
    for (file, (all, survived)) in &counts {
        println!("{file}: {} of {all} killed", all - survived);
    }
    let (all, survived) = (counts.values().map(|(all, _)| all).sum::<usize>(), alive.len());
    println!("{} of {all} mutants killed, {survived} survive", all - survived);
    Ok(good)
}
