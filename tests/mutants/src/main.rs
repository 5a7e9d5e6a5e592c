//! Mutation testing: does a test fail for every small change of the code that decides?
//!
//! All mutants are compiled into one copy of the repository, and a file chooses the active one when a test runs.
//! For each mutant, the unit tests that reach it run first, and then the integration tests that do.

mod accepted;
mod build;
mod copy;
mod find;
mod run;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::process::{Command, ExitCode};

use crate::copy::Copy;

/// The code that decides, and the modules of integration tests about it. The first that fits a file counts.
const SCOPE: [(&str, &[&str]); 21] = [
    ("src/crypto/", &["attacks", "wycheproof", "governance"]),
    ("src/csc/", &["attacks", "accounts"]),
    ("src/gate.rs", &["gate", "attacks"]),
    ("src/gate/", &["gate", "attacks"]),
    ("src/hook/", &["push"]),
    ("src/manifest/", &["attacks", "push"]),
    ("src/package/read/", &["packages", "attacks"]),
    ("src/plan/", &["gate"]),
    ("src/policy/accounts.rs", &["accounts", "attacks"]),
    ("src/policy/documents.rs", OPENING),
    ("src/policy/fetch/", &["attacks", "governance"]),
    ("src/policy/index.rs", OPENING),
    ("src/policy/objects.rs", OPENING),
    ("src/policy/root.rs", OPENING),
    ("src/policy/sealed.rs", OPENING),
    ("src/policy/snapshot.rs", OPENING),
    ("src/policy/state.rs", OPENING),
    ("src/policy/store.rs", OPENING),
    ("src/revocation/", &["attacks", "governance", "accounts"]),
    ("src/profile/", &["attacks", "governance", "accounts"]),
    ("src/verify/", &["attacks", "accounts", "governance", "layers"]),
];
const OPENING: &[&str] = &["attacks", "governance", "accounts"];

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
        let mut files = lines("git", &["ls-files", "--", "src"])?;
        files
            .retain(|file| file.ends_with(".rs") && SCOPE.iter().any(|(prefix, _)| file.starts_with(prefix)));
        files.retain(|file| chosen.is_empty() || chosen.iter().any(|start| file.starts_with(start)));
        if let Some(revision) = since {
            let changed = lines("git", &["diff", "--name-only", "--merge-base", &revision, "--", "src"])?;
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

fn targets(file: &str) -> &'static [&'static str] {
    SCOPE.iter().find(|(prefix, _)| file.starts_with(prefix)).map_or(&[], |(_, targets)| targets)
}

/// Whether every mutant is killed or accepted, and everything accepted still survives.
fn judge(arguments: &Arguments) -> io::Result<bool> {
    let repository = std::env::current_dir()?;
    let accepted =
        accepted::parse(&fs::read_to_string("tests/mutants/accepted.txt")?).map_err(io::Error::other)?;
    let mut copy = Copy::new(&repository, &arguments.files)?;
    let wanted: BTreeSet<&str> = arguments.files.iter().flat_map(|file| targets(file)).copied().collect();
    let wanted = if arguments.unit { BTreeSet::new() } else { wanted };
    let programs = build::build(&mut copy, &repository, !wanted.is_empty())?;

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
    // The unit tests come first, and the others in the order of the table.
    let mut order = vec!["lib"];
    for target in SCOPE.iter().flat_map(|(_, targets)| *targets) {
        if wanted.contains(target) && !order.contains(target) {
            order.push(target);
        }
    }
    for target in order {
        let concerned =
            |number: &usize| target == "lib" || targets(&copy.mutants[*number].file).contains(&target);
        let todo: Vec<usize> = alive.iter().copied().filter(concerned).collect();
        if todo.is_empty() {
            continue;
        }
        eprintln!("{target}: {} mutants are alive", todo.len());
        let program = &programs[if target == "lib" { target } else { build::INTEGRATION }];
        let tests = run::reach(&copy, target, program)?;
        for (done, number) in todo.into_iter().enumerate() {
            if done % 50 == 49 {
                eprintln!("{target}: {} done", done + 1);
            }
            // An accepted mutant needs no second opinion of slower tests.
            let is_accepted = accepted.contains_key(&copy.mutants[number].name());
            if (target == "lib" || !is_accepted) && run::kills(&copy, program, &tests, number)? {
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
            println!("accepted, but killed or not there: {name}");
        }
    }
    for (file, (all, survived)) in &counts {
        println!("{file}: {} of {all} killed", all - survived);
    }
    let (all, survived) = (counts.values().map(|(all, _)| all).sum::<usize>(), alive.len());
    println!("{} of {all} mutants killed, {survived} survive", all - survived);
    Ok(good)
}
