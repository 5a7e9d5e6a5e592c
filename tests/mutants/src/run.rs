//! Runs tests: which mutants does a test reach, and does it fail with one of them active?

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter};
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::copy::Copy;
use crate::scope::Package;

/// Tests that run together.
pub enum Suite {
    /// The unit tests of a package.
    Unit(&'static Package),
    /// The integration tests of a module.
    Integration(&'static str),
}

impl Suite {
    /// The target whose program has the tests, as cargo names it.
    pub fn target(&self) -> String {
        match self {
            Self::Unit(package) => package.name.replace('-', "_"),
            Self::Integration(_) => INTEGRATION.to_owned(),
        }
    }

    /// The package's folder: cargo starts tests there.
    fn folder(&self, copy: &Copy) -> PathBuf {
        match self {
            Self::Unit(package) => copy.folder.join(package.folder),
            Self::Integration(_) => copy.folder.clone(),
        }
    }

    fn has(&self, test: &str) -> bool {
        match self {
            Self::Unit(_) => true,
            Self::Integration(module) => test.strip_prefix(module).is_some_and(|rest| rest.starts_with("::")),
        }
    }
}

impl Display for Suite {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unit(package) => package.name,
            Self::Integration(module) => module,
        })
    }
}

/// The target of the integration tests.
pub const INTEGRATION: &str = "integration";

/// What a test reaches, and how long it takes.
pub struct Test {
    pub name: String,
    pub reaches: BTreeSet<usize>,
    pub takes: Duration,
}

/// Tests that are started as one program.
const AT_ONCE: usize = 12;
/// A mutant may take so many times as long as the code itself, and so many seconds more.
const SLOWER: u32 = 8;
const WAIT: Duration = Duration::from_secs(20);

/// Runs each test alone; notes what it reaches.
///
/// The answers are kept for as long as the mutants are the same; then only new tests run.
pub fn reach(copy: &Copy, suite: &Suite, program: &Path) -> io::Result<Vec<Test>> {
    let kept = copy.switch.with_file_name(format!("reach-{suite}"));
    let head = copy.fingerprint();
    let text = fs::read_to_string(&kept).unwrap_or_default();
    let known = text.strip_prefix(&format!("{head}\n")).unwrap_or_default();
    let mut known: BTreeMap<String, Test> =
        known.lines().filter_map(parse).map(|test| (test.name.clone(), test)).collect();
    let folder = suite.folder(copy);
    let list = Command::new(program).args(["--list", "--format=terse"]).current_dir(&folder).output()?;
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    let mut tests = Vec::new();
    let noted = copy.switch.with_extension("reached");
    fs::write(&copy.switch, "reach")?;
    let belongs = |name: &&str| suite.has(name);
    for name in list.lines().filter_map(|line| line.strip_suffix(": test")).filter(belongs) {
        if let Some(test) = known.remove(name) {
            tests.push(test);
            continue;
        }
        fs::write(&noted, "")?;
        let start = Instant::now();
        if !passes(&folder, program, &[name], Duration::from_secs(600))? {
            eprintln!("`{name}` fails without a mutant, or alone; it is left out");
            continue;
        }
        let reaches = fs::read_to_string(&noted)?.lines().filter_map(|line| line.parse().ok()).collect();
        tests.push(Test { name: name.to_owned(), reaches, takes: start.elapsed() });
        fs::write(
            &kept,
            format!("{head}\n{}", tests.iter().chain(known.values()).map(line).collect::<String>()),
        )?;
    }
    fs::write(&copy.switch, "")?;
    Ok(tests)
}

fn line(test: &Test) -> String {
    let reaches: Vec<String> = test.reaches.iter().map(ToString::to_string).collect();
    format!("{} {} {}\n", test.name, test.takes.as_millis(), reaches.join(" "))
}

fn parse(line: &str) -> Option<Test> {
    let mut words = line.split(' ');
    let (name, takes) = (words.next()?.to_owned(), Duration::from_millis(words.next()?.parse().ok()?));
    Some(Test { name, takes, reaches: words.filter_map(|word| word.parse().ok()).collect() })
}

/// Whether a test of this program fails with the mutant active; the number is that of the list.
pub fn kills(copy: &Copy, suite: &Suite, program: &Path, tests: &[Test], mutant: usize) -> io::Result<bool> {
    let folder = suite.folder(copy);
    let mut reaching: Vec<&Test> = tests.iter().filter(|test| test.reaches.contains(&(mutant + 1))).collect();
    reaching.sort_by_key(|test| test.takes);
    fs::write(&copy.switch, (mutant + 1).to_string())?;
    for some in reaching.chunks(AT_ONCE) {
        let limit = some.iter().map(|test| test.takes).sum::<Duration>() * SLOWER + WAIT;
        let names: Vec<&str> = some.iter().map(|test| test.name.as_str()).collect();
        if !passes(&folder, program, &names, limit)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether these tests pass in time; the first that fails ends them.
fn passes(folder: &Path, program: &Path, tests: &[&str], limit: Duration) -> io::Result<bool> {
    let mut command = Command::new("timeout");
    command
        .args(["--signal=KILL", &limit.as_secs().max(1).to_string()])
        .arg(program)
        .arg("--exact")
        .args(tests);
    command.args(["--test-threads=2"]).current_dir(folder).stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    for line in lines {
        let line = line.unwrap_or_default();
        if line.starts_with("test ") && line.ends_with("FAILED") && !line.starts_with("test result") {
            // `timeout` leads the group of all that the tests started.
            Command::new("kill").args(["-KILL", "--", &format!("-{}", child.id())]).status()?;
            child.wait()?;
            return Ok(false);
        }
    }
    Ok(child.wait()?.success())
}
