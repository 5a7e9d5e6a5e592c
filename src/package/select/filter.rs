//! The filter: include and exclude patterns.
//!
//! A pattern has the form of a line of `.gitignore`, and is matched by the same code ([`crate::git::ignore`]); case
//! always counts. Unlike in a `.gitignore`, a pattern for a path decides before one for a folder above it, so
//! `["tests/", "!tests/keep.py"]` excludes the folder without that file. Of the patterns for one path, the last one
//! that matches decides.
//!
//! A pattern that can match nothing, because it is malformed, is refused.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::{Request, SelectError};
use crate::git::ignore::{self, Case, Place, Rule, Steps, TooMuchWork, Work};
use crate::limits::{
    FILTER_STEPS_EACH, FILTER_STEPS_FREE, PATTERN_BYTES_MAX, PATTERNS_BYTES_MAX, PATTERNS_MAX,
};
use crate::shown;

/// The reason for leaving out a file that `include` does not match.
pub const NOT_INCLUDED: &str = "not matched by `include`";

/// Include and exclude patterns.
pub struct Filter {
    include: Option<Patterns>,
    exclude: Patterns,
    work: Work,
}

impl Filter {
    /// Reads the patterns.
    pub fn new(request: &Request<'_>) -> Result<Self, SelectError> {
        let (include, exclude) = (&request.rules.include, &request.rules.exclude);
        check_sum(include.iter().chain(exclude))?;
        let include = if include.is_empty() { None } else { Some(Patterns::read(include)?) };
        let work = Work::new(FILTER_STEPS_FREE, FILTER_STEPS_EACH);
        Ok(Self { include, exclude: Patterns::read(exclude)?, work })
    }

    /// Why a file is left out, if it is. Its path can be any bytes.
    ///
    /// Errors: the patterns take too long to match.
    pub fn leaves_out(&self, path: impl AsRef<[u8]>) -> Result<Option<&'static str>, SelectError> {
        let path = path.as_ref();
        let reason = self.work.on_a_path(|steps| {
            if self.exclude.matches(path, steps)? {
                return Ok(Some("excluded by `exclude`"));
            }
            Ok(match &self.include {
                Some(include) if !include.matches(path, steps)? => Some(NOT_INCLUDED),
                _ => None,
            })
        });
        reason.map_err(too_much)
    }

    /// The steps that were taken to match them.
    pub fn steps(&self) -> u64 {
        self.work.taken()
    }

    /// The patterns of `include`, and those of `exclude`, that match none of these files and no folder above one.
    pub fn unmatched(&self, paths: &[impl AsRef<[u8]>]) -> Result<[Vec<&str>; 2], SelectError> {
        let unmatched = |patterns: &'_ Patterns| patterns.match_all(paths, &self.work).map_err(too_much);
        for patterns in self.include.iter().chain([&self.exclude]) {
            unmatched(patterns)?;
        }
        Ok([self.include.as_ref().map_or_else(Vec::new, Patterns::unmatched), self.exclude.unmatched()])
    }
}

fn too_much(error: TooMuchWork) -> SelectError {
    SelectError::Patterns(format!(
        "`include` and `exclude`: {error}; list folders instead of using wildcards"
    ))
}

/// A list of patterns.
struct Patterns {
    all: Vec<Pattern>,
    /// The folder of the last path, and the pattern that decides for what is in it.
    last: Mutex<(Vec<u8>, Option<usize>)>,
}

struct Pattern {
    text: String,
    rule: Rule,
    has_matched: AtomicBool,
}

impl Patterns {
    fn read(lines: &[String]) -> Result<Self, SelectError> {
        if lines.len() > PATTERNS_MAX {
            return Err(SelectError::Patterns(format!(
                "{} patterns, over the limit of {PATTERNS_MAX}",
                lines.len()
            )));
        }
        let mut all = Vec::new();
        // As in a `.gitignore`.
        for line in lines.iter().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let rule = Rule::new(ignore::pattern(line.as_bytes()), Case::Exact);
            let fault = match rule.fault() {
                _ if line.len() > PATTERN_BYTES_MAX => {
                    Some(format!("it is longer than {PATTERN_BYTES_MAX} bytes"))
                }
                _ if line.contains('\0') => Some("it contains a NUL character".into()),
                fault => fault.map(|fault| format!("it {fault}")),
            };
            if let Some(message) = fault {
                return Err(SelectError::Pattern { pattern: shown::name(line), message });
            }
            all.push(Pattern { text: line.clone(), rule, has_matched: AtomicBool::new(false) });
        }
        Ok(Self { all, last: Mutex::default() })
    }

    /// Whether the pattern that decides for a file is not negated.
    fn matches(&self, path: &[u8], steps: &mut Steps) -> Result<bool, TooMuchWork> {
        if self.all.is_empty() {
            return Ok(false);
        }
        let decides = match self.find(path, false, steps)? {
            Some(pattern) => Some(pattern),
            None => match above(path) {
                Some(folder) => self.find_for(folder, steps)?,
                None => None,
            },
        };
        let Some(pattern) = decides.and_then(|index| self.all.get(index)) else { return Ok(false) };
        pattern.has_matched.store(true, Ordering::Relaxed);
        Ok(!pattern.rule.is_negative)
    }

    /// The pattern that decides for what is in a folder.
    fn find_for(&self, folder: &[u8], steps: &mut Steps) -> Result<Option<usize>, TooMuchWork> {
        let last = || self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = Some(last()).filter(|last| last.0 == folder) {
            return Ok(known.1);
        }
        let (mut at, mut found) = (Some(folder), None);
        while let Some(here) = at.filter(|_| found.is_none()) {
            found = self.find(here, true, steps)?;
            at = above(here);
        }
        *last() = (folder.to_vec(), found);
        Ok(found)
    }

    /// The last pattern that matches a path itself.
    fn find(&self, path: &[u8], is_folder: bool, steps: &mut Steps) -> Result<Option<usize>, TooMuchWork> {
        let place = Place { path, is_folder };
        for (index, pattern) in self.all.iter().enumerate().rev() {
            if pattern.rule.matches(place, Case::Exact, steps)? {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    /// Notes each pattern that matches a path, or a folder above one, although another one decides.
    fn match_all(&self, paths: &[impl AsRef<[u8]>], work: &Work) -> Result<(), TooMuchWork> {
        let open = || self.all.iter().filter(|pattern| !pattern.has_matched.load(Ordering::Relaxed));
        let mut before: &[u8] = b"";
        for path in paths.iter().map(AsRef::as_ref) {
            if open().next().is_none() {
                break;
            }
            work.on_a_path(|steps| {
                let (mut at, mut is_folder) = (Some(path), false);
                // A folder above the path before was matched then.
                while let Some(here) = at.filter(|here| !is_folder || !is_below(before, here)) {
                    for pattern in open() {
                        let place = Place { path: here, is_folder };
                        if pattern.rule.matches(place, Case::Exact, steps)? {
                            pattern.has_matched.store(true, Ordering::Relaxed);
                        }
                    }
                    (at, is_folder) = (above(here), true);
                }
                Ok(())
            })?;
            before = path;
        }
        Ok(())
    }

    fn unmatched(&self) -> Vec<&str> {
        let open = self.all.iter().filter(|pattern| !pattern.has_matched.load(Ordering::Relaxed));
        open.map(|pattern| pattern.text.as_str()).collect()
    }
}

/// The folder of a path, if it is not the top.
fn above(path: &[u8]) -> Option<&[u8]> {
    path.iter().rposition(|byte| *byte == b'/').map(|slash| &path[..slash])
}

fn is_below(path: &[u8], folder: &[u8]) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with(b"/"))
}

/// Refuses patterns that together are too long.
fn check_sum<'l>(lines: impl Iterator<Item = &'l String>) -> Result<(), SelectError> {
    let mut sum = 0;
    for line in lines {
        sum += line.len();
        if sum > PATTERNS_BYTES_MAX {
            return Err(SelectError::Patterns(format!(
                "`include` and `exclude` up to `{}` have more than {PATTERNS_BYTES_MAX} bytes; list folders instead \
                of files",
                shown::name(line)
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(lines: &[&str]) -> Result<Patterns, SelectError> {
        Patterns::read(&lines.iter().map(|line| line.to_string()).collect::<Vec<_>>())
    }

    fn refused(lines: &[&str]) -> String {
        built(lines).err().unwrap().to_string()
    }

    fn matched<'p>(lines: &[&str], paths: &[&'p str]) -> Vec<&'p str> {
        let (patterns, work) = (built(lines).unwrap(), Work::new(1000, 1000));
        let matches =
            |path: &&&str| work.on_a_path(|steps| patterns.matches(path.as_bytes(), steps)).unwrap();
        paths.iter().filter(matches).copied().collect()
    }

    #[test]
    fn a_malformed_pattern_is_named_and_shortened() {
        let message = "the pattern `[z-a]` is malformed: it has a range that ends before it starts";
        assert_eq!(refused(&["*.py", "[z-a]"]), message);
        let long = refused(&[&"[".repeat(4000)]);
        assert!(long.len() < 500 && long.contains("(4000 characters)"), "{long}");
        assert_eq!(refused(&["a\n["]), "the pattern `a\\u{a}[` is malformed: it has a `[` without a `]`");
        assert!(refused(&["a\0b"]).ends_with("it contains a NUL character"));
        assert!(refused(&["a\\"]).ends_with("it ends in a single `\\`"));
    }

    #[test]
    fn patterns_are_bounded() {
        assert!(refused(&[&"a".repeat(5000)]).ends_with("it is longer than 4095 bytes"));
        assert!(refused(&vec!["a"; 1001]).contains("1001 patterns, over the limit of 1000"));
        let lines = vec!["a".repeat(1000); 132];
        let message = check_sum(lines.iter()).unwrap_err().to_string();
        assert!(message.contains("have more than 131072 bytes"), "{message}");
        assert!(check_sum(lines[1..].iter()).is_ok());
    }

    #[test]
    fn the_nearest_pattern_decides_and_then_the_last() {
        let paths = ["a.py", "tests/a.py", "tests/keep.py", "tests/sub/keep.py", "tests/sub/b.md"];
        assert_eq!(matched(&["tests/", "!tests/keep.py"], &paths), [paths[1], paths[3], paths[4]]);
        assert_eq!(matched(&["*.py", "!tests/**"], &paths), [paths[0]]);
        assert_eq!(matched(&["!tests/**", "*.py"], &paths), paths[..4]);
        assert_eq!(matched(&["tests/*"], &paths), paths[1..]);
        assert_eq!(matched(&["tests"], &paths), paths[1..]);
        assert_eq!(matched(&["a.py/", "# *", ""], &paths), [""; 0]);
    }

    #[test]
    fn braces_are_literal() {
        assert_eq!(matched(&["*.{js,ts}"], &["a.js", "a.{js,ts}"]), ["a.{js,ts}"]);
    }

    #[test]
    fn names_that_are_not_utf8_are_matched() {
        let (patterns, work) = (built(&["caf?"]).unwrap(), Work::new(1000, 1000));
        assert_eq!(work.on_a_path(|steps| patterns.matches(b"a/caf\xe9", steps)), Ok(true));
    }

    #[test]
    fn a_pattern_that_another_one_covers_has_matched() {
        let patterns = built(&["docs/", "*.md", "!none", "*.txt"]).unwrap();
        let work = Work::new(1000, 1000);
        let paths = ["docs/a.md", "docs/b.md", "x.py"];
        for path in paths {
            work.on_a_path(|steps| patterns.matches(path.as_bytes(), steps)).unwrap();
        }
        assert_eq!(patterns.unmatched(), ["docs/", "!none", "*.txt"]);
        patterns.match_all(&paths, &work).unwrap();
        assert_eq!(patterns.unmatched(), ["!none", "*.txt"]);
    }

    #[test]
    fn patterns_that_take_too_long_are_an_error() {
        let patterns = built(&[&"*a".repeat(200)]).unwrap();
        let work = Work::new(0, 10_000);
        let path = "a".repeat(1000) + "b";
        assert_eq!(work.on_a_path(|steps| patterns.matches(path.as_bytes(), steps)), Err(TooMuchWork));
    }
}
