//! The filter: include and exclude patterns, and the output folder.

use std::path::PathBuf;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::{Request, SelectError};
use crate::limits::{
    PATTERN_BYTES_MAX, PATTERN_DEPTH_MAX, PATTERN_WEIGHT_EACH, PATTERN_WEIGHT_LITERAL, PATTERNS_MAX,
    PATTERNS_WEIGHT_MAX,
};
use crate::shown;

/// Include and exclude patterns, and the output folder.
pub struct Filter {
    include: Option<Gitignore>,
    exclude: Gitignore,
    outputs: Vec<String>,
}

/// The reason for leaving out an output folder.
pub const IN_OUTPUT: &str = "the output folder";

impl Filter {
    /// Reads the patterns.
    pub fn new(request: &Request<'_>) -> Result<Self, SelectError> {
        let inside = |output: &PathBuf| {
            let path = output.strip_prefix(request.folder).ok()?.to_string_lossy().into_owned();
            (!path.is_empty()).then_some(path)
        };
        let outputs = request.outputs.iter().filter_map(inside).collect();
        let mut weight = Weight::new(PATTERNS_WEIGHT_MAX);
        let include = match request.rules.include.as_slice() {
            [] => None,
            lines => Some(patterns(lines, &mut weight)?),
        };
        Ok(Self { include, exclude: patterns(&request.rules.exclude, &mut weight)?, outputs })
    }

    /// The output folder that contains a path, if any.
    pub fn output_of(&self, path: &str) -> Option<&str> {
        let holds =
            |folder: &&String| path.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'));
        self.outputs.iter().find(holds).map(String::as_str)
    }

    /// Why a path is left out, if it is.
    pub fn leaves_out(&self, path: &str) -> Option<&'static str> {
        if self.output_of(path).is_some() {
            return Some(IN_OUTPUT);
        }
        let matched = |patterns: &Gitignore| patterns.matched_path_or_any_parents(path, false).is_ignore();
        if matched(&self.exclude) {
            return Some("excluded by `exclude`");
        }
        if self.include.as_ref().is_some_and(|include| !matched(include)) {
            return Some("not matched by `include`");
        }
        None
    }
}

fn patterns(lines: &[String], weight: &mut Weight) -> Result<Gitignore, SelectError> {
    if lines.len() > PATTERNS_MAX {
        return Err(SelectError::Patterns(format!(
            "{} patterns, over the limit of {PATTERNS_MAX}",
            lines.len()
        )));
    }
    let mut builder = GitignoreBuilder::new("");
    for line in lines {
        let fail = |message: String| SelectError::Pattern { pattern: shown::name(line), message };
        check(line).map_err(|error| fail(error.to_string()))?;
        weight.add(line).map_err(|error| {
            SelectError::Patterns(format!("`include` and `exclude`, at `{}`: {error}", shown::name(line)))
        })?;
        builder.add_line(None, line).map_err(|error| fail(reason(&error)))?;
    }
    builder.build().map_err(|error| SelectError::Patterns(reason(&error)))
}

/// Why a pattern is refused before it is compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It is too long.
    #[error("it is longer than {PATTERN_BYTES_MAX} bytes")]
    Length,
    /// Its braces are nested too deeply.
    #[error("it has nested braces, deeper than {PATTERN_DEPTH_MAX}")]
    Depth,
    /// With it, all patterns need more memory than this limit.
    #[error(
        "the patterns up to here weigh more than {0} bytes, with {PATTERN_WEIGHT_EACH} for each pattern and an eighth \
        for one without wildcards; list folders instead of using wildcards"
    )]
    Weight(usize),
}

/// The total memory of patterns in the matcher.
///
/// An automaton takes hundreds of bytes for each byte of a pattern with wildcards, so limits for single
/// patterns are not enough.
pub struct Weight {
    sum: usize,
    limit: usize,
}

impl Weight {
    /// No patterns, and the limit of the total.
    pub const fn new(limit: usize) -> Self {
        Self { sum: 0, limit }
    }

    /// The total so far.
    pub const fn sum(&self) -> usize {
        self.sum
    }

    /// Resets to an earlier total.
    pub const fn back_to(&mut self, sum: usize) {
        self.sum = sum;
    }

    /// Adds a pattern, or reports that the total exceeds the limit.
    pub fn add(&mut self, pattern: &str) -> Result<(), PatternError> {
        let weight = pattern.len() + PATTERN_WEIGHT_EACH;
        let extension = pattern.strip_prefix("*.").map(|rest| rest.strip_suffix('/').unwrap_or(rest));
        let extension = extension.filter(|rest| !rest.contains(['.', '/']));
        let simple = !extension.unwrap_or(pattern).contains(['*', '?', '[', '{', '\\']);
        self.sum += if simple { weight.div_ceil(PATTERN_WEIGHT_LITERAL) } else { weight };
        if self.sum <= self.limit {
            return Ok(());
        }
        Err(PatternError::Weight(self.limit))
    }
}

/// Refuses a pattern that would make the matcher recurse too deeply or use too much memory.
pub fn check(pattern: &str) -> Result<(), PatternError> {
    if pattern.len() > PATTERN_BYTES_MAX {
        return Err(PatternError::Length);
    }
    let open = |depth: &mut usize, c: char| {
        *depth = if c == '{' { *depth + 1 } else { depth.saturating_sub(usize::from(c == '}')) };
        Some(*depth)
    };
    match pattern.chars().scan(0, open).max() {
        Some(depth) if depth > PATTERN_DEPTH_MAX => Err(PatternError::Depth),
        _ => Ok(()),
    }
}

/// The error without the pattern, which the message already shows.
fn reason(error: &ignore::Error) -> String {
    match error {
        ignore::Error::Glob { err, .. } => shown::name(err),
        ignore::Error::WithLineNumber { err, .. }
        | ignore::Error::WithPath { err, .. }
        | ignore::Error::WithDepth { err, .. } => reason(err),
        other => shown::name(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(lines: &[String]) -> Result<Gitignore, SelectError> {
        patterns(lines, &mut Weight::new(PATTERNS_WEIGHT_MAX))
    }

    fn refused(lines: &[&str]) -> String {
        built(&lines.iter().map(|line| line.to_string()).collect::<Vec<_>>()).unwrap_err().to_string()
    }

    #[test]
    fn a_malformed_pattern_is_named_and_shortened() {
        assert_eq!(refused(&["*.py", "[z-a]"]), "the pattern `[z-a]` is malformed: invalid range; 'z' > 'a'");
        let long = refused(&[&"{".repeat(4000)]);
        assert!(long.len() < 500 && long.contains("(4000 characters)"), "{long}");
        assert_eq!(
            refused(&["a\n{"]),
            "the pattern `a\\u{a}{` is malformed: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)"
        );
    }

    #[test]
    fn a_pattern_is_bounded_before_it_is_compiled() {
        let braces = format!("{}{}", "{".repeat(1000), "}".repeat(1000));
        assert!(refused(&[&braces]).ends_with("it has nested braces, deeper than 10"));
        assert!(refused(&[&"a".repeat(5000)]).ends_with("it is longer than 4095 bytes"));
        assert!(refused(&vec!["a"; 1001]).contains("1001 patterns, over the limit of 1000"));
        assert!(built(&["src/{a,b{c,d}}/*.{js,ts}".into(), "{a,b}".repeat(500)]).is_ok());
    }
    #[test]
    fn patterns_with_wildcards_are_bounded_in_sum() {
        let lines = |pattern: &str, count| vec![pattern.to_owned(); count];
        // Sixteen bytes each, with the eight that each pattern counts.
        assert!(built(&lines("lib/a*/b", 1000)).is_ok());
        let long = lines(&"*a".repeat(500), 17);
        let message = built(&long).unwrap_err().to_string();
        assert!(message.contains("weigh more than 16384 bytes") && message.contains("at `*a*a"), "{message}");
        assert!(built(&long[..16]).is_ok());
        assert!(built(&lines(&format!("*.{}.js", "a".repeat(1000)), 17)).is_err());
        for simple in [&format!("{}/", "a".repeat(100)), &format!("*.{}", "a".repeat(100)), "!/dist/index.js"]
        {
            assert!(built(&lines(simple, 1000)).is_ok(), "{simple}");
        }
    }
}
