//! Changes of the governance: where a rule is inserted, which rules it hides, which it leaves without effect,
//! and protected refs.

use super::{CodeFrom, CoveredBy, Functions, Pattern, RefPattern, Rule, TypePattern};
use crate::document;
use crate::document::format::Format;
use crate::limits::TYPE_PATTERNS_MAX;
use crate::name::CscId;

/// Where a new rule is inserted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Before the first rule that matches all of its names; otherwise last.
    Fitting,
    /// Before every other rule.
    First,
}

/// More type patterns than a list can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`deploys_no_code` would have more than {TYPE_PATTERNS_MAX} patterns")]
pub struct TooManyTypes;

impl Functions {
    /// Attaches the names to the CSC; also returns the index of the rule.
    ///
    /// A rule with the same pattern keeps its position, unless the new one must be first, and its source, unless
    /// there is a new one.
    pub fn attaching(
        mut self,
        (pattern, csc): (Pattern, CscId),
        source: Option<CodeFrom>,
        place: Place,
    ) -> (Self, usize) {
        let rules = &mut self.function;
        let same = rules.iter().position(|rule| rule.pattern == pattern);
        let index = match (place, same) {
            (Place::First, _) => 0,
            (Place::Fitting, Some(index)) => index,
            (Place::Fitting, None) => {
                rules.iter().position(|rule| rule.pattern.covers(&pattern)).unwrap_or(rules.len())
            }
        };
        let before = same.map(|same| rules.remove(same).source);
        let source = source.or(before).unwrap_or_default();
        rules.insert(index, Rule { pattern, csc, source });
        (self.next_revision(), index)
    }

    /// Removes the rules with exactly this pattern; `None` if there are none.
    pub fn detaching(mut self, pattern: &Pattern) -> Option<Self> {
        let count = self.function.len();
        self.function.retain(|rule| rule.pattern != *pattern);
        (self.function.len() < count).then(|| self.next_revision())
    }

    /// Also protects these refs.
    pub fn protecting(mut self, patterns: Vec<RefPattern>) -> Self {
        for pattern in patterns {
            if !self.protected_refs.contains(&pattern) {
                self.protected_refs.push(pattern);
            }
        }
        self.next_revision()
    }

    /// Removes exactly these patterns of protected refs.
    ///
    /// Errors: the pattern that does not exist.
    pub fn unprotecting(mut self, patterns: &[RefPattern]) -> Result<Self, &RefPattern> {
        if let Some(absent) = patterns.iter().find(|pattern| !self.protected_refs.contains(pattern)) {
            return Err(absent);
        }
        self.protected_refs.retain(|pattern| !patterns.contains(pattern));
        Ok(self.next_revision())
    }

    /// Changes whose manifests cover a commit.
    pub fn covering_by(self, covered_by: CoveredBy) -> Self {
        Self { covered_by, ..self }.next_revision()
    }

    /// Also lists these types as deploying no code.
    pub fn with_types(mut self, patterns: Vec<TypePattern>) -> Result<Self, TooManyTypes> {
        for pattern in patterns {
            if !self.deploys_no_code.contains(&pattern) {
                self.deploys_no_code.push(pattern);
            }
        }
        if self.deploys_no_code.len() > TYPE_PATTERNS_MAX {
            return Err(TooManyTypes);
        }
        Ok(self.next_revision())
    }

    /// Removes exactly these type patterns.
    ///
    /// Errors: the pattern that does not exist.
    pub fn without_types(mut self, patterns: &[TypePattern]) -> Result<Self, &TypePattern> {
        if let Some(absent) = patterns.iter().find(|pattern| !self.deploys_no_code.contains(pattern)) {
            return Err(absent);
        }
        self.deploys_no_code.retain(|pattern| !patterns.contains(pattern));
        Ok(self.next_revision())
    }

    /// The index of the first rule that matches every name of the pattern.
    pub fn covering(&self, pattern: &Pattern) -> Option<usize> {
        self.function.iter().position(|rule| rule.pattern.covers(pattern))
    }

    /// The index of the earlier rule that hides this one, if any.
    pub fn hidden_by(&self, index: usize) -> Option<usize> {
        let rule = self.function.get(index)?;
        self.covering(&rule.pattern).filter(|earlier| *earlier < index)
    }

    /// The later rules that this one hides.
    pub fn hides(&self, index: usize) -> impl Iterator<Item = &Rule> {
        let hider = self.function.get(index).map(|rule| &rule.pattern);
        let later = self.function.iter().skip(index + 1);
        later.filter(move |rule| hider.is_some_and(|hider| hider.covers(&rule.pattern)))
    }

    /// The patterns attached to a CSC.
    pub fn patterns_of(&self, csc: &CscId) -> impl Iterator<Item = &Pattern> {
        self.function.iter().filter(move |rule| rule.csc == *csc).map(|rule| &rule.pattern)
    }

    /// The next revision, in the newest format only if a field needs it.
    fn next_revision(self) -> Self {
        let format = match self.newest_field() {
            Some(_) => Format::NEWEST,
            None if self.format == Format::NEWEST => Format::default(),
            None => self.format,
        };
        Self { revision: document::next_revision(self.revision), format, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "csc-00000000000000001";
    const TWO: &str = "csc-00000000000000002";

    fn attach(functions: Functions, pattern: &str, csc: &str, place: Place) -> (Functions, usize) {
        functions.attaching((pattern.parse().unwrap(), csc.parse().unwrap()), None, place)
    }

    fn functions(patterns: &[&str]) -> Functions {
        let mut all = Functions::new("x".parse().unwrap(), ONE.parse().unwrap());
        all.function.clear();
        let rule = |text: &&str| Rule {
            pattern: text.parse().unwrap(),
            csc: ONE.parse().unwrap(),
            source: CodeFrom::Commit,
        };
        all.function.extend(patterns.iter().map(rule));
        all
    }

    fn order(functions: &Functions) -> Vec<&str> {
        functions.rules().iter().map(|rule| rule.pattern().as_str()).collect()
    }

    #[test]
    fn a_rule_goes_before_the_first_that_would_match_all_its_names() {
        let (all, index) = attach(functions(&["pay-*", "orders-*", "*"]), "orders-eu", TWO, Place::Fitting);
        assert_eq!((order(&all), index), (vec!["pay-*", "orders-eu", "orders-*", "*"], 1));
    }

    #[test]
    fn a_rule_that_none_covers_goes_last() {
        let (all, index) = attach(functions(&["pay-*", "orders-?"]), "orders-*", TWO, Place::Fitting);
        assert_eq!((order(&all), index), (vec!["pay-*", "orders-?", "orders-*"], 2));
    }

    #[test]
    fn a_rule_of_the_same_pattern_changes_in_its_place() {
        let (all, index) = attach(functions(&["*", "orders", "pay"]), "orders", TWO, Place::Fitting);
        assert_eq!((order(&all), index), (vec!["*", "orders", "pay"], 1));
        assert_eq!((all.rules()[1].csc().as_str(), all.revision()), (TWO, 2));
    }

    #[test]
    fn a_source_stays_until_it_is_changed_and_alone_needs_the_newest_format() {
        let attach = |all: Functions, source| {
            all.attaching(("orders".parse().unwrap(), TWO.parse().unwrap()), source, Place::Fitting).0
        };
        let has_format = |all: &Functions| all.to_toml().starts_with("format = 2\n");
        let plain = functions(&["orders", "pay"]);
        assert!(!has_format(&attach(plain.clone(), None)));
        let artifact = attach(plain, Some(CodeFrom::Artifact));
        let kept = attach(artifact, None);
        assert_eq!(kept.rules()[0].source(), CodeFrom::Artifact);
        assert!(has_format(&kept));
        // Each of both fields keeps the format, and the last one drops it.
        let both = kept.clone().covering_by(CoveredBy::Commit);
        assert!(has_format(&both.clone().covering_by(CoveredBy::Ancestor)));
        assert!(has_format(&attach(both, Some(CodeFrom::Commit))));
        assert!(!has_format(&attach(kept.clone(), Some(CodeFrom::Commit))));
        assert!(!has_format(&kept.detaching(&"orders".parse().unwrap()).unwrap()));
    }

    #[test]
    fn the_first_moves() {
        let (all, index) = attach(functions(&["*", "orders", "pay"]), "orders", TWO, Place::First);
        assert_eq!((order(&all), index), (vec!["orders", "*", "pay"], 0));
    }

    #[test]
    fn a_rule_hides_the_later_ones_that_it_covers() {
        let all = functions(&["orders", "orders-*", "orders-eu", "pay", "orders-*"]);
        let hidden = |index| all.hides(index).map(|rule| rule.pattern().as_str()).collect::<Vec<_>>();
        assert_eq!(hidden(1), ["orders-eu", "orders-*"]);
        assert_eq!(hidden(0), [""; 0]);
        assert_eq!([all.hidden_by(1), all.hidden_by(2), all.hidden_by(4)], [None, Some(1), Some(1)]);
    }

    #[test]
    fn refs_are_protected_once_and_all_or_none_go() {
        let refs =
            |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<RefPattern>>();
        let all = functions(&[]).protecting(refs(&["refs/heads/main", "refs/tags/*", "refs/heads/main"]));
        assert_eq!(
            (all.protected_refs(), all.revision()),
            (&refs(&["refs/heads/main", "refs/tags/*"])[..], 2)
        );
        let gone = refs(&["refs/tags/*", "refs/tags/v1"]);
        assert_eq!(all.clone().unprotecting(&gone).unwrap_err().as_str(), "refs/tags/v1");
        assert_eq!(all.unprotecting(&gone[..1]).unwrap().protected_refs(), refs(&["refs/heads/main"]));
    }

    #[test]
    fn types_are_listed_once_and_all_or_none_go() {
        let types =
            |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<TypePattern>>();
        let all = functions(&[]).with_types(types(&["datadog_*", "Custom::A", "datadog_*"])).unwrap();
        assert_eq!((all.deploys_no_code(), all.revision()), (&types(&["datadog_*", "Custom::A"])[..], 2));
        assert_eq!(all.clone().without_types(&types(&["Custom::A", "x"])).unwrap_err().as_str(), "x");
        assert_eq!(
            all.clone().without_types(&types(&["Custom::A"])).unwrap().deploys_no_code(),
            types(&["datadog_*"])
        );
        let many = (0..TYPE_PATTERNS_MAX).map(|n| format!("a{n}").parse().unwrap()).collect();
        assert!(all.with_types(many).is_err());
    }

    #[test]
    fn detaching_takes_every_rule_of_the_very_pattern() {
        let all = functions(&["orders-*", "orders-eu", "orders-*"]);
        let left = all.clone().detaching(&"orders-*".parse().unwrap()).unwrap();
        assert_eq!((order(&left), left.revision()), (vec!["orders-eu"], 2));
        assert!(all.detaching(&"*".parse().unwrap()).is_none());
    }
}
