//! The filter: include and exclude patterns, and the output folder.

use std::path::PathBuf;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::{Request, SelectError};

/// Include and exclude patterns, and the output folder.
pub struct Filter {
    include: Option<Gitignore>,
    exclude: Gitignore,
    outputs: Vec<String>,
}

/// Why what lies in an output folder stays out.
pub const IN_OUTPUT: &str = "the output folder";

impl Filter {
    /// Reads the patterns.
    pub fn new(request: &Request<'_>) -> Result<Self, SelectError> {
        let inside = |output: &PathBuf| {
            let path = output.strip_prefix(request.folder).ok()?.to_string_lossy().into_owned();
            (!path.is_empty()).then_some(path)
        };
        let outputs = request.outputs.iter().filter_map(inside).collect();
        Ok(Self {
            include: if request.rules.include.is_empty() {
                None
            } else {
                Some(patterns(&request.rules.include)?)
            },
            exclude: patterns(&request.rules.exclude)?,
            outputs,
        })
    }

    /// The output folder that a path lies in, if it lies in one.
    pub fn output_of(&self, path: &str) -> Option<&str> {
        let holds =
            |folder: &&String| path.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'));
        self.outputs.iter().find(holds).map(String::as_str)
    }

    /// Why a path stays out, if it does.
    pub fn leaves_out(&self, path: &str) -> Option<&'static str> {
        if self.output_of(path).is_some() {
            return Some(IN_OUTPUT);
        }
        let matched = |patterns: &Gitignore| patterns.matched_path_or_any_parents(path, false).is_ignore();
        if matched(&self.exclude) {
            return Some("excluded by `exclude`");
        }
        if self.include.as_ref().is_some_and(|include| !matched(include)) {
            return Some("not named by `include`");
        }
        None
    }
}

fn patterns(lines: &[String]) -> Result<Gitignore, SelectError> {
    let mut builder = GitignoreBuilder::new("");
    let fail = |pattern: &str, error: ignore::Error| SelectError::Pattern {
        pattern: pattern.into(),
        message: error.to_string(),
    };
    for line in lines {
        builder.add_line(None, line).map_err(|error| fail(line, error))?;
    }
    builder.build().map_err(|error| fail("", error))
}
