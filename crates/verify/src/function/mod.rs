//! Functions: the CSC of each function or layer, by name pattern; the first match wins.
//!
//! ```toml
//! revision = 1
//! protected_refs = ["refs/heads/main", "refs/tags/v*"]   # `*` any characters, `/` too
//! covered_by = "commit"                                   # optional, format 2: manifests of ancestors do not count
//! deploys_no_code = ["datadog_*"]                         # optional: resource types that plans can deploy
//! unverified
//!
//! [[function]]
//! pattern = "orders-*"           # `*` any characters, `?` one
//! csc = "csc-0123456789abcdefg"
//! source = "artifact"            # optional, format 2: a build of a commit is not compared with the commit
//! ```

mod change;
mod fold;
mod pattern;
mod refs;
mod types;

use std::path::Path;

use serde::{Deserialize, Serialize};

pub use self::change::{Place, TooManyTypes};
pub use self::pattern::Pattern;
pub use self::refs::{Protected, Protection, RefPattern, is_alike, replaces_objects};
pub use self::types::TypePattern;
use crate::document::format::{self, Format};
use crate::document::{self, DocumentError};
use crate::limits::TYPE_PATTERNS_MAX;
use crate::name::{ArtifactName, CscId};

/// The governance of an account's functions.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Functions {
    #[serde(default, skip_serializing_if = "Format::is_absent")]
    format: Format<{ format::FUNCTIONS }>,
    revision: u64,
    protected_refs: Vec<RefPattern>,
    #[serde(default, skip_serializing_if = "CoveredBy::is_default")]
    covered_by: CoveredBy,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    deploys_no_code: Vec<TypePattern>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    function: Vec<Rule>,
}

/// Whose manifests cover the functions and layers of a commit, for hooks and `verify --source`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CoveredBy {
    /// The commit's own, or those of one of its ancestors.
    #[default]
    Ancestor,
    /// The commit's own.
    Commit,
}

impl CoveredBy {
    /// Whether it is the default, which is not written.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What covers a function or layer of a commit, for hooks and `verify --source`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CodeFrom {
    /// A manifest of exactly the files that the commit gives.
    #[default]
    Commit,
    /// Also a manifest of a build: one that is attached to that commit and names it, and is not dirty.
    Artifact,
}

impl CodeFrom {
    /// Whether it is the default, which is not written.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A commit whose builds cover a function, although their files are not compared with the commit. Only
/// [`Functions::build_of`] gives it.
#[derive(Debug, Clone, Copy)]
pub struct Build<'a> {
    commit: &'a str,
}

impl<'a> Build<'a> {
    /// The commit's id, in full.
    pub fn commit(self) -> &'a str {
        self.commit
    }
}

/// One rule: names that match the pattern are under the CSC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pattern: Pattern,
    csc: CscId,
    #[serde(default, skip_serializing_if = "CodeFrom::is_default")]
    source: CodeFrom,
}

impl Rule {
    /// The names that it governs.
    pub fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// The CSC that governs them.
    pub fn csc(&self) -> &CscId {
        &self.csc
    }

    /// What covers them in a commit.
    pub fn source(&self) -> CodeFrom {
        self.source
    }
}

impl Functions {
    /// Creates governance with one rule.
    pub fn new(pattern: Pattern, csc: CscId) -> Self {
        let function = vec![Rule { pattern, csc, source: CodeFrom::default() }];
        Self {
            format: Format::default(),
            revision: 1,
            protected_refs: Vec::new(),
            covered_by: CoveredBy::default(),
            deploys_no_code: Vec::new(),
            function,
        }
    }

    /// Parses `functions.toml`.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, DocumentError> {
        let functions: Self = document::from_versioned_toml(format::FUNCTIONS, path, bytes)?;
        if functions.deploys_no_code.len() > TYPE_PATTERNS_MAX {
            let message = format!("`deploys_no_code` has more than {TYPE_PATTERNS_MAX} patterns");
            return Err(DocumentError::new(path, message));
        }
        // An older program would not know what the field means, and reads the number first.
        if let Some(field) = functions.newest_field().filter(|_| functions.format != Format::NEWEST) {
            let message = format!("`{field}` needs the line `format = {}` at the top", format::FUNCTIONS);
            return Err(DocumentError::new(path, message));
        }
        Ok(functions)
    }

    /// A field that only the newest format has.
    fn newest_field(&self) -> Option<&'static str> {
        if !self.covered_by.is_default() {
            return Some("covered_by");
        }
        self.function.iter().any(|rule| !rule.source.is_default()).then_some("source")
    }

    /// The document.
    pub fn to_toml(&self) -> String {
        document::to_toml(self)
    }

    /// The CSC that governs a function: that of the first matching rule, or `None`.
    pub fn csc_of(&self, name: &ArtifactName) -> Option<&CscId> {
        self.rule_of(name).map(|index| &self.function[index].csc)
    }

    /// The commit, if the rule that governs a function says `source = "artifact"`.
    pub fn build_of<'a>(&self, name: &ArtifactName, commit: &'a str) -> Option<Build<'a>> {
        let rule = &self.function[self.rule_of(name)?];
        (rule.source == CodeFrom::Artifact).then_some(Build { commit })
    }

    /// The index of the rule that governs a function: the first that matches.
    pub fn rule_of(&self, name: &ArtifactName) -> Option<usize> {
        self.function.iter().position(|rule| rule.pattern.matches(name))
    }

    /// The document's revision.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The rules in matching order.
    pub fn rules(&self) -> &[Rule] {
        &self.function
    }

    /// The refs whose pushes are verified, as patterns.
    pub fn protected_refs(&self) -> &[RefPattern] {
        &self.protected_refs
    }

    /// The protected refs, prepared for comparison with many names.
    pub fn protection(&self) -> Protection<'_> {
        Protection::of(&self.protected_refs)
    }

    /// Whose manifests cover the functions and layers of a commit.
    pub fn covered_by(&self) -> CoveredBy {
        self.covered_by
    }

    /// The resource types that plans can deploy unverified, as patterns.
    pub fn deploys_no_code(&self) -> &[TypePattern] {
        &self.deploys_no_code
    }

    /// Every CSC that a rule names.
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
    fn the_types_that_deploy_no_code_are_limited() {
        let functions = |patterns: &str| {
            let text = format!("revision = 1\nprotected_refs = []\ndeploys_no_code = [{patterns}]\n");
            Functions::parse(Path::new("functions.toml"), text.as_bytes())
        };
        let two = functions("'datadog_*', 'Custom::Thing'").unwrap();
        assert_eq!(two.deploys_no_code().len(), 2);
        assert!(
            functions("'*'")
                .unwrap_err()
                .to_string()
                .contains("line 3: \"*\" is not a pattern of resource types")
        );
        assert!(functions(&"'a',".repeat(TYPE_PATTERNS_MAX)).is_ok());
        assert!(functions(&"'a',".repeat(TYPE_PATTERNS_MAX + 1)).is_err());
    }

    #[test]
    fn the_strict_form_raises_the_format_and_the_default_does_not() {
        let parse = |text: &str| Functions::parse(Path::new("functions.toml"), text.as_bytes());
        let plain = "revision = 1\nprotected_refs = []\n";
        let functions = parse(plain).unwrap();
        assert_eq!(functions.covered_by(), CoveredBy::Ancestor);
        let strict = functions.covering_by(CoveredBy::Commit);
        assert_eq!(
            strict.to_toml(),
            "format = 2\nrevision = 2\nprotected_refs = []\ncovered_by = \"commit\"\n"
        );
        assert_eq!(parse(&strict.to_toml()).unwrap().covered_by(), CoveredBy::Commit);
        let again = strict.covering_by(CoveredBy::Ancestor).to_toml();
        assert_eq!(again, plain.replace('1', "3"));
        let error = parse(&format!("{plain}covered_by = 'commit'\n")).unwrap_err().to_string();
        assert!(error.contains("`format = 2`"), "{error}");
        assert!(parse(&format!("format = 2\n{plain}covered_by = 'branch'\n")).is_err());
    }

    #[test]
    fn only_the_first_rule_that_matches_gives_a_build() {
        let parse = |text: &str| Functions::parse(Path::new("functions.toml"), text.as_bytes());
        let rule = |pattern: &str, more: &str| {
            format!("[[function]]\npattern = '{pattern}'\ncsc = 'csc-00000000000000001'\n{more}")
        };
        let artifact = "source = \"artifact\"\n";
        let plain = "revision = 1\nprotected_refs = []\n";
        let rules =
            format!("{plain}\n{}\n{}", rule("orders-*", ""), rule("o*", artifact)).replace('\'', "\"");
        let error = parse(&rules).unwrap_err().to_string();
        assert!(error.contains("`source` needs the line `format = 2`"), "{error}");
        let text = format!("format = 2\n{rules}");
        let functions = parse(&text).unwrap();
        let build = |name: &str| functions.build_of(&name.parse().unwrap(), "c0").map(Build::commit);
        assert_eq!([build("orders"), build("orders-eu"), build("pay")], [Some("c0"), None, None]);
        assert_eq!(functions.to_toml(), text);
        assert!(parse(&text.replace("artifact", "any")).is_err());
    }

    #[test]
    fn any_pattern_protects_and_none_protects_nothing() {
        let functions = |refs: &str| {
            let text = format!("revision = 1\nprotected_refs = {refs}\n");
            Functions::parse(Path::new("functions.toml"), text.as_bytes())
        };
        let two = functions("['refs/heads/main', 'refs/tags/v*']").unwrap();
        let protects = |reference| two.protection().of_ref(reference) == Protected::Named;
        assert!(protects("refs/heads/main") && protects("refs/tags/v1") && protects("refs/heads/../main"));
        assert!(!protects("refs/heads/topic"));
        assert!(functions("[]").unwrap().protection().is_empty());
        assert!(
            functions("['main']").unwrap_err().to_string().contains("line 2: \"main\" is not a ref pattern")
        );
    }
}
