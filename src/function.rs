//! Functions: which CSC governs which function or layer, by name pattern; the first match wins.
//!
//! ```toml
//! revision = 1
//! protected_refs = ["refs/heads/main", "refs/tags/v*"]
//!
//! [[function]]
//! pattern = "orders-*"           # `*` any characters, `?` one
//! csc = "csc-0123456789abcdefg"
//! ```

use std::path::Path;

use globset::{Glob, GlobMatcher};
use serde::{Deserialize, Serialize};

use crate::document::{self, DocumentError};
use crate::name::{ArtifactName, CscId};

/// The governance of an account's functions.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Functions {
    revision: u64,
    protected_refs: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    function: Vec<Rule>,
}

/// One line of governance: names that match the pattern are under the CSC.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pattern: Pattern,
    csc: CscId,
}

/// A pattern of function names.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern {
    text: String,
    matcher: GlobMatcher,
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_*?".contains(&b);
        if text.is_empty() || text.len() > 64 || !text.bytes().all(allowed) {
            return Err(format!(
                "{text:?} is not a name pattern: 1 to 64 of `A-Z`, `a-z`, `0-9`, `-`, `_`, `*` and `?`"
            ));
        }
        let matcher = Glob::new(&text).map_err(|error| error.to_string())?.compile_matcher();
        Ok(Self { text, matcher })
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.text
    }
}

impl Functions {
    /// Governance with one rule.
    pub fn new(pattern: Pattern, csc: CscId) -> Self {
        Self { revision: 1, protected_refs: Vec::new(), function: vec![Rule { pattern, csc }] }
    }

    /// Reads `functions.toml`.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, DocumentError> {
        document::from_toml(path, bytes)
    }

    /// The document.
    pub fn to_toml(&self) -> String {
        document::to_toml(self)
    }

    /// The CSC that governs a function: the first match, or none.
    pub fn csc_of(&self, name: &ArtifactName) -> Option<&CscId> {
        let governs = |rule: &&Rule| rule.pattern.matcher.is_match(name.as_str());
        self.function.iter().find(governs).map(|rule| &rule.csc)
    }

    /// Every CSC that some rule names.
    pub fn cscs(&self) -> impl Iterator<Item = &CscId> {
        self.function.iter().map(|rule| &rule.csc)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_match_wins_and_no_match_is_none() {
        let text = "revision = 1\nprotected_refs = []\n\
            [[function]]\npattern = 'orders-*'\ncsc = 'csc-00000000000000001'\n\
            [[function]]\npattern = 'o*'\ncsc = 'csc-00000000000000002'\n";
        let functions = Functions::parse(Path::new("functions.toml"), text.as_bytes()).unwrap();
        let csc = |name: &str| functions.csc_of(&name.parse().unwrap()).map(|id| id.to_string());
        assert_eq!(csc("orders-eu"), Some("csc-00000000000000001".into()));
        assert_eq!(csc("orders"), Some("csc-00000000000000002".into()));
        assert_eq!(csc("Orders"), None);
    }

    #[test]
    fn a_pattern_holds_no_path() {
        for text in ["", "a/b", "[a]", "{a,b}", "a b", "..", "\\*"] {
            assert!(Pattern::try_from(text.to_owned()).is_err(), "{text:?}");
        }
    }
}
