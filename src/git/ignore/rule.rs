//! Rules: one line of an ignore file, as git's `dir.c` reads it (gitignore(5), "Pattern format").
//!
//! - `!` in front makes the rule bring back what an earlier rule ignores.
//! - `/` at the end makes it match folders only; a symbolic link to a folder is not a folder.
//! - Without another `/`, it matches names at any depth; otherwise paths relative to the file's folder.
//! - Up to its first `*`, `?`, `[` or `\`, a path is compared byte by byte, and only the rest is a
//!   [glob](super::glob). So `lib**/x` reads `**/` as if it were at the start.
//! - `**/` before a name means the same as the name alone.
//! - Braces have no meaning.

use super::Case;
use super::glob::Glob;
use super::work::{Steps, TooMuchWork};

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// Whether it brings back what it matches.
    pub is_negative: bool,
    folders_only: bool,
    form: Form,
}

#[derive(Debug)]
enum Form {
    /// A name without wildcards.
    Name(Box<[u8]>),
    /// The end of a name, after a `*`.
    Ending(Box<[u8]>),
    /// A name with wildcards.
    NameGlob(Glob),
    /// A path: its start without wildcards, and the rest.
    Path(Box<[u8]>, Glob),
}

/// A path that rules are matched with, relative to the folder of their file.
#[derive(Debug, Clone, Copy)]
pub struct Place<'p> {
    /// Its bytes, `/`-separated.
    pub path: &'p [u8],
    /// Whether it is a folder.
    pub is_folder: bool,
}

impl<'p> Place<'p> {
    fn name(&self) -> &'p [u8] {
        let start = self.path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
        &self.path[start..]
    }
}

impl Rule {
    /// Reads a pattern without spaces at its end.
    pub fn new(pattern: &[u8], case: Case) -> Self {
        let (is_negative, pattern) = strip(pattern, |pattern| pattern.strip_prefix(b"!"));
        let (folders_only, pattern) = strip(pattern, |pattern| pattern.strip_suffix(b"/"));
        let rooted = pattern.strip_prefix(b"/").unwrap_or(pattern);
        let anywhere = rooted.strip_prefix(b"**/").filter(|name| !name.contains(&b'/'));
        let name = if pattern.contains(&b'/') { anywhere } else { Some(pattern) };
        let form = match name {
            None => {
                let (start, rest) = rooted.split_at(literal_length(rooted));
                Form::Path(start.into(), Glob::new(rest, case))
            }
            Some(name) if is_literal(name) => Form::Name(name.into()),
            Some(name) => match name.strip_prefix(b"*").filter(|end| is_literal(end)) {
                Some(end) => Form::Ending(end.into()),
                None => Form::NameGlob(Glob::new(name, case)),
            },
        };
        Self { is_negative, folders_only, form }
    }

    /// Why the pattern, or a part of it, cannot match anything.
    pub fn fault(&self) -> Option<&'static str> {
        match &self.form {
            Form::Name(_) | Form::Ending(_) => None,
            Form::NameGlob(glob) | Form::Path(_, glob) => glob.fault(),
        }
    }

    /// Whether the rule matches a path itself; paths below a matched folder are the caller's concern.
    pub fn matches(&self, place: Place<'_>, case: Case, steps: &mut Steps) -> Result<bool, TooMuchWork> {
        steps.take(1)?;
        if self.folders_only && !place.is_folder {
            return Ok(false);
        }
        let same = |a: &[u8], b: &[u8]| match case {
            Case::Exact => a == b,
            Case::Folded => a.eq_ignore_ascii_case(b),
        };
        match &self.form {
            Form::Name(name) => Ok(same(name, place.name())),
            Form::Ending(end) => {
                let name = place.name();
                Ok(name.len().checked_sub(end.len()).is_some_and(|start| same(end, &name[start..])))
            }
            Form::NameGlob(glob) => glob.matches(place.name(), case, steps),
            Form::Path(start, glob) => {
                let Some((front, rest)) = place.path.split_at_checked(start.len()) else { return Ok(false) };
                if !same(start, front) || glob.is_empty() && !rest.is_empty() {
                    return Ok(false);
                }
                glob.matches(rest, case, steps)
            }
        }
    }
}

fn strip<'p>(pattern: &'p [u8], by: impl Fn(&'p [u8]) -> Option<&'p [u8]>) -> (bool, &'p [u8]) {
    by(pattern).map_or((false, pattern), |rest| (true, rest))
}

fn is_literal(pattern: &[u8]) -> bool {
    literal_length(pattern) == pattern.len()
}

/// How many bytes of a pattern come before its first special byte.
fn literal_length(pattern: &[u8]) -> usize {
    let is_special = |byte: &u8| matches!(byte, b'*' | b'?' | b'[' | b'\\');
    pattern.iter().position(is_special).unwrap_or(pattern.len())
}
