//! The copy of the repository that holds every mutant at once, each behind its number.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::find::{self, Change, Mutant};
use crate::scope::{CORE, PACKAGES, Package};

/// The copy, and the mutants in it; their numbers count from 1.
pub struct Copy {
    pub folder: PathBuf,
    /// The file whose content chooses the active mutant.
    pub switch: PathBuf,
    pub mutants: Vec<Placed>,
}

/// A mutant, and where its own code is in the copy.
pub struct Placed {
    pub file: String,
    pub mutant: Mutant,
    pub code: Vec<Range<usize>>,
    pub compiles: bool,
}

impl Placed {
    /// How the list of accepted mutants names it.
    pub fn name(&self) -> String {
        format!("{} {}", self.file, self.mutant.name)
    }
}

impl Copy {
    /// Finds the mutants of these files.
    pub fn new(repository: &Path, files: &[String]) -> io::Result<Self> {
        let mut mutants = Vec::new();
        for file in files {
            let source = fs::read_to_string(repository.join(file))?;
            let found =
                find::mutants(&source).map_err(|error| io::Error::other(format!("{file}: {error}")))?;
            let placed = |mutant| Placed { file: file.clone(), mutant, code: vec![], compiles: true };
            mutants.extend(found.into_iter().map(placed));
        }
        let folder = repository.join("target/mutants/copy");
        let switch = repository.join("target/mutants/switch");
        Ok(Self { folder, switch, mutants })
    }

    /// Differs where the mutants differ.
    pub fn fingerprint(&self) -> String {
        let mut hasher = DefaultHasher::new();
        for placed in self.mutants.iter() {
            placed.name().hash(&mut hasher);
        }
        format!("{:x} {}", hasher.finish(), self.mutants.len())
    }

    /// Writes the copy, with the mutants that compile as far as is known.
    pub fn write(&mut self, repository: &Path) -> io::Result<()> {
        let mut by_file: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (number, placed) in self.mutants.iter().enumerate() {
            by_file.entry(placed.file.clone()).or_default().push(number);
        }
        let listed = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
        let listed = Command::new("git").args(listed).current_dir(repository).output()?;
        let listed = String::from_utf8_lossy(&listed.stdout);
        let listed: BTreeSet<&str> = listed.split_terminator('\0').collect();
        let module_path = format!("{}/mutant.rs", CORE.source);
        for package in PACKAGES {
            remove_others(&self.folder, Path::new(package.source), &|path| {
                path == module_path || (listed.contains(path) && repository.join(path).is_file())
            })?;
        }
        for path in listed {
            let (from, to) = (repository.join(path), self.folder.join(path));
            if !from.is_file() || from.is_symlink() || path.starts_with("tests/mutants/") {
                continue;
            }
            let mut bytes = fs::read(&from)?;
            if let Some(numbers) = by_file.get(path) {
                bytes = self.with_mutants(&String::from_utf8_lossy(&bytes), numbers).into_bytes();
            }
            let is_top = |package: &&&Package| path == format!("{}/lib.rs", package.source);
            if let Some(package) = PACKAGES.iter().find(is_top) {
                // The core has the module; the package that depends on it re-exports it.
                let item = if **package == CORE { "mod mutant" } else { "use countersign_verify::mutant" };
                bytes.extend(format!("\n#[doc(hidden)]\npub {item};\n").into_bytes());
            }
            if fs::read(&to).ok().as_ref() != Some(&bytes) {
                fs::create_dir_all(to.parent().expect("a file is in a folder"))?;
                fs::write(&to, &bytes)?;
                fs::set_permissions(&to, fs::metadata(&from)?.permissions())?;
            }
        }
        let constants = format!(
            "const SWITCH: &str = {:?};\nconst MUTANTS: usize = {};\n",
            self.switch,
            self.mutants.len()
        );
        let module = [include_str!("switch.rs"), constants.as_str()].concat();
        let path = self.folder.join(module_path);
        if fs::read_to_string(&path).ok().as_ref() != Some(&module) {
            fs::write(&path, module)?;
        }
        Ok(())
    }

    /// The file with the code of its mutants inserted.
    fn with_mutants(&mut self, source: &str, numbers: &[usize]) -> String {
        let mut inserted = Vec::new();
        for &number in numbers.iter().filter(|number| self.mutants[**number].compiles) {
            let Mutant { range: Range { start, end }, change, .. } = &self.mutants[number].mutant;
            let (start, end, is) = (*start, *end, format!("crate::mutant::is({})", number + 1));
            let (before, after) = match change {
                Change::Expression(by) => (format!("(if {is} {{ {by}\n}} else {{ "), " })"),
                Change::Delete => (format!("if {is} {{}} else {{ "), " }"),
                Change::Return(value) => (format!(" if {is} {{ return {value}; }}"), ""),
                Change::Unmatched { keyword } => (format!(" {keyword} !{is}"), ""),
            };
            // What ends at a place comes before what begins there; the outer begins first and ends last.
            inserted.push(((start, 1, usize::MAX - end, number), number, before));
            if !after.is_empty() {
                inserted.push(((end, 0, usize::MAX - start, usize::MAX - number), number, after.to_owned()));
            }
        }
        inserted.sort();
        let (mut text, mut at) = (String::new(), 0);
        for &number in numbers {
            self.mutants[number].code.clear();
        }
        for ((place, ..), number, code) in inserted {
            text.push_str(&source[at..place]);
            at = place;
            self.mutants[number].code.push(text.len()..text.len() + code.len());
            text.push_str(&code);
        }
        text + &source[at..]
    }
}

/// Removes the files of a folder that are not to be there: another module of the same name would not compile.
fn remove_others(top: &Path, folder: &Path, keep: &dyn Fn(&str) -> bool) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(top.join(folder)) else { return Ok(()) };
    for entry in entries {
        let path = folder.join(entry?.file_name());
        if top.join(&path).is_dir() {
            remove_others(top, &path, keep)?;
        } else if !path.to_str().is_some_and(keep) {
            fs::remove_file(top.join(&path))?;
        }
    }
    Ok(())
}
