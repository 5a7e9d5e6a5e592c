//! The stack set: the repositories that an account's policy is rolled out to, and the limits of a rollout.
//!
//! ```toml
//! revision = 1
//! deploy = "policy"              # everything that is sealed; or a list of "csc", "profiles", "functions"
//! failure_tolerance = 1          # how many targets can fail before the others are cancelled; or "10%"
//! max_concurrent = 2             # how many are changed at once; or "25%"
//!
//! [[target]]
//! name = "payments"
//! url = "https://git.acme.example/payments.git"
//! branch = "main"
//! path = "policy"                # its policy directory
//! ```
//! A target has a copy of the policy, or its own account, whose policy gets documents ([`Target`]).

mod amount;
mod parameters;
mod target;

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

pub use self::amount::Amount;
pub use self::parameters::Parameters;
pub use self::target::{Deploy, OwnPath, Part, Target};
use crate::document::format::{self, Format};
use crate::document::{self, DocumentError};
use crate::limits::TARGETS_MAX;
use crate::name::TargetName;

/// A stack set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackSet {
    revision: u64,
    failure_tolerance: Amount,
    max_concurrent: Amount,
    targets: Vec<Target>,
}

/// The raw document.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    format: Format<{ format::STACKSET }>,
    revision: u64,
    deploy: Deploy,
    failure_tolerance: Amount,
    max_concurrent: Amount,
    #[serde(default)]
    target: Vec<target::File>,
}

impl StackSet {
    /// Parses `stackset.toml`.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, DocumentError> {
        let File { format: _known, revision, deploy, failure_tolerance, max_concurrent, target } =
            document::from_versioned_toml(format::STACKSET, path, bytes)?;
        let fail = |message: String| DocumentError::new(path, message);
        if target.len() > TARGETS_MAX {
            return Err(fail(format!("{} targets, over the limit of {TARGETS_MAX}", target.len())));
        }
        if max_concurrent == Amount::Count(0) || max_concurrent == Amount::Percent(0) {
            return Err(fail("`max_concurrent` must be at least 1".into()));
        }
        let targets = target.into_iter().map(|target| target.under(&deploy)).collect::<Result<_, _>>();
        let all = Self { revision, failure_tolerance, max_concurrent, targets: targets.map_err(fail)? };
        all.check_distinct().map_err(fail)?;
        Ok(all)
    }

    /// Checks that targets have distinct names and locations, so that none overwrites another.
    fn check_distinct(&self) -> Result<(), String> {
        let mut names = BTreeSet::new();
        let mut places: Vec<&Target> = self.targets.iter().collect();
        if let Some(twice) = places.iter().find(|each| !names.insert(each.name().as_str().to_lowercase())) {
            return Err(format!("two targets have the name `{}`", twice.name()));
        }
        places.sort_by_key(|each| (each.url(), each.branch(), each.path()));
        for (index, target) in places.iter().enumerate() {
            let beside = places[index + 1..]
                .iter()
                .take_while(|other| (other.url(), other.branch()) == (target.url(), target.branch()));
            if let Some(other) = beside.into_iter().find(|other| other.path().overlaps(target.path())) {
                return Err(format!(
                    "the targets `{}` and `{}` have the same location",
                    target.name(),
                    other.name()
                ));
            }
        }
        Ok(())
    }

    /// The document's revision.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// How many targets of an operation can fail before those that have not started are cancelled.
    pub fn failure_tolerance(&self) -> Amount {
        self.failure_tolerance
    }

    /// How many targets of an operation are changed at once.
    pub fn max_concurrent(&self) -> Amount {
        self.max_concurrent
    }

    /// The targets, in the order of the rollout.
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// The targets with these names, in the order of the rollout; all of them if there are no names.
    pub fn named(&self, names: &[TargetName]) -> Result<Vec<&Target>, TargetName> {
        let known = |name: &&TargetName| self.targets.iter().any(|target| target.name() == *name);
        if let Some(unknown) = names.iter().find(|name| !known(name)) {
            return Err(unknown.clone());
        }
        let is_named = |target: &&Target| names.is_empty() || names.contains(target.name());
        Ok(self.targets.iter().filter(is_named).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: &str =
        "[[target]]\nname = 'a'\nurl = 'https://git.example/a.git'\nbranch = 'main'\npath = 'policy'\n";

    fn parse(head: &str, targets: &str) -> Result<StackSet, String> {
        let text = format!("revision = 1\n{head}\n{targets}");
        StackSet::parse(Path::new("stackset.toml"), text.as_bytes()).map_err(|error| error.to_string())
    }

    const HEAD: &str = "deploy = 'policy'\nfailure_tolerance = 0\nmax_concurrent = '50%'";
    const ROOT: &str = "root = 'SHA384:000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000'";

    #[test]
    fn a_copy_has_no_root_and_an_account_has_one() {
        assert!(parse(HEAD, TARGET).is_ok());
        let documents = HEAD.replace("'policy'", "['csc']");
        assert!(parse(&documents, &format!("{TARGET}{ROOT}\n")).is_ok());
        for (head, more, why) in [
            (HEAD, ROOT, "`root`"),
            (HEAD, "parameters = { publisher_account = 'team' }", "`parameters`"),
            (HEAD, "own = ['profiles/x_y.toml']", "`own`"),
            (documents.as_str(), "", "no `root`"),
        ] {
            let error = parse(head, &format!("{TARGET}{more}\n")).unwrap_err();
            assert!(error.contains(why), "{why}: {error}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused_with_its_line() {
        let documents = HEAD.replace("'policy'", "['csc']");
        for (more, why) in [
            ("parameters = { integrity = 'off' }", "line 10: unknown field `integrity`"),
            ("parameters = { untrusted_artifact_on_deployment = 'Off' }", "line 10: unknown variant `Off`"),
            ("parameters = { publisher_account = 'a\"\\nx' }", "line 10: "),
            ("own = ['../x']", "line 10: "),
            ("own = ['functions.toml']", "line 10: "),
            ("colour = 'red'", "line 10: unknown field `colour`"),
        ] {
            let error = parse(&documents, &format!("{TARGET}{more}\n{ROOT}\n")).unwrap_err();
            assert!(error.contains(why), "{why}: {error}");
        }
    }

    #[test]
    fn nothing_that_git_could_misread_is_a_target() {
        for (from, to) in [
            ("'main'", "'--upload-pack=x'"),
            ("'policy'", "'../x'"),
            ("'policy'", "'/etc'"),
            ("'policy'", "'a/.git'"),
            ("https://git.example/a.git", "ext::sh -c touch% x"),
            ("https://git.example/a.git", "--upload-pack=x"),
            ("https://git.example/a.git", "https://token@git.example/a.git"),
            ("'a'", "'../a'"),
            ("'a'", "'a b'"),
        ] {
            assert!(parse(HEAD, &TARGET.replace(from, to)).is_err(), "{to}");
        }
    }

    #[test]
    fn targets_have_names_and_places_of_their_own() {
        let other = TARGET.replace("'a'", "'b'");
        assert!(parse(HEAD, &format!("{TARGET}{other}")).unwrap_err().contains("the same location"));
        let inside = other.replace("'policy'", "'policy/b'");
        assert!(parse(HEAD, &format!("{TARGET}{inside}")).unwrap_err().contains("the same location"));
        let same = TARGET.replace("'a'", "'A'").replace("'main'", "'next'");
        assert!(parse(HEAD, &format!("{TARGET}{same}")).unwrap_err().contains("two targets"));
        assert!(parse(HEAD, &format!("{TARGET}{}", other.replace("'main'", "'next'"))).is_ok());
    }

    #[test]
    fn a_rollout_in_which_nothing_runs_is_none() {
        for none in ["0", "'0%'", "'101%'", "-1", "'many'"] {
            assert!(parse(&HEAD.replace("'50%'", none), TARGET).is_err(), "{none}");
        }
    }
}
