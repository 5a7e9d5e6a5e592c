//! Deploying: runs the four checks on private copies, and a command on the same copies.
//!
//! ```text
//! PrivateCopy --decide(policy)--> Decided --cleared--> Cleared --run(command)--> exit status
//! ```
//! [`Decided`] has each copy with its decision, and returns a [`Cleared`] only if all of them were admitted.
//! Nothing else creates one, so a verdict about other bytes, or about a commit, cannot run a command.

use std::borrow::Cow;
use std::path::PathBuf;
use std::process::ExitStatus;

use super::Gate;
use super::command::{CommandError, CommandLine, Paths};
use super::deployment::{self, Code, Deployment, DeploymentError, Part};
use super::private::PrivateCopy;
use super::watch::Watch;
use crate::files::program;
use crate::hint::Hint;
use crate::policy::store::Policy;
use crate::provenance::Kind;
use crate::verify::VerifyError;

/// Why an allowed command did not run, or did not run on the verified copies.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The command does not match the copies.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// A signal arrived before it started.
    #[error("stopped by signal {0} before the command ran")]
    Interrupted(i32),
    /// The program cannot be started or waited for.
    #[error("cannot run `{program}`")]
    Start {
        /// The program.
        program: String,
        /// The error of the system.
        source: std::io::Error,
    },
    /// The copy was changed by a process of the same user.
    #[error("the verified copy of `{}` was changed while the command ran", .0.display())]
    Changed(PathBuf),
}

impl Hint for RunError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Command(error) => return error.hint(),
            Self::Interrupted(_) => return None,
            Self::Start { .. } => "check that the program is on the PATH and executable",
            Self::Changed(_) => {
                "treat the deployment as unverified: find the process of the same user that wrote to the copy, and deploy again"
            }
        };
        Some(hint.into())
    }
}

/// A function and its layers with the decision on each. Only [`decide_deployment`] creates it.
#[derive(Debug)]
pub struct Decided {
    parts: Vec<Part<PrivateCopy>>,
    gates: Vec<Gate>,
    notes: Vec<String>,
}

/// Copies that can be deployed: the function's first, then its layers'. Only [`Decided::cleared`] creates it.
#[derive(Debug)]
pub struct Cleared(Vec<Part<PrivateCopy>>);

/// Verifies every copy under the CSC of the function.
pub fn decide_deployment(
    policy: &Policy,
    asked: Deployment<PrivateCopy>,
) -> Result<Decided, DeploymentError> {
    let functions = policy.functions().map_err(VerifyError::from)?;
    let csc = functions.csc_of(&asked.function.name);
    let (gates, notes) = deployment::decide_parts(policy, csc, &asked)?.into_parts();
    Ok(Decided { parts: std::iter::once(asked.function).chain(asked.layers).collect(), gates, notes })
}

impl Decided {
    /// The decision on the function, on each layer, and on all of them together if something is wrong.
    pub fn gates(&self) -> &[Gate] {
        &self.gates
    }

    /// Notes for the user that change no verdict.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The copies, if all of them were admitted.
    pub fn cleared(self) -> Option<Cleared> {
        let admitted = |gate: &Gate| matches!(gate, Gate::Admitted(_));
        let all =
            !self.parts.is_empty() && self.parts.len() == self.gates.len() && self.gates.iter().all(admitted);
        all.then_some(Cleared(self.parts))
    }
}

impl Cleared {
    /// Runs the command on the copies; returns its exit status after the copies are removed.
    ///
    /// The command gets their paths in its arguments, and in `COUNTERSIGN_ARTIFACT` and
    /// `COUNTERSIGN_MANIFEST`.
    pub fn run(self, line: &CommandLine, watch: &Watch) -> Result<ExitStatus, RunError> {
        let Self(parts) = self;
        let layers = |part: &&Part<PrivateCopy>| part.kind == Kind::Layer;
        let sealed = &parts[0].code;
        let paths = Paths {
            artifact: sealed.artifact().path(),
            manifest: sealed.manifest_path(),
            layers: parts
                .iter()
                .filter(layers)
                .map(|part| (&part.name, part.code.artifact().path()))
                .collect(),
        };
        if line.needs_manifest() && paths.manifest.is_none() {
            return Err(CommandError::NoManifest(parts[0].labels.artifact.clone().into()).into());
        }
        if let Some(signal) = watch.interrupted() {
            return Err(RunError::Interrupted(signal));
        }
        let mut command = program::command(line.program());
        command.args(line.arguments(&paths)).env("COUNTERSIGN_ARTIFACT", paths.artifact);
        match paths.manifest {
            Some(manifest) => command.env("COUNTERSIGN_MANIFEST", manifest),
            None => command.env_remove("COUNTERSIGN_MANIFEST"),
        };
        let cannot =
            |source| RunError::Start { program: line.program().to_string_lossy().into_owned(), source };
        let child = command.spawn().map_err(cannot)?;
        let ended = watch.wait(child).map_err(cannot)?;
        match parts.iter().find(|part| !part.code.is_unchanged()) {
            Some(part) => Err(RunError::Changed(part.labels.artifact.clone().into())),
            None => Ok(ended),
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::ffi::OsString;
    use std::path::Path;

    use super::*;
    use crate::files::artifact::Artifact;
    use crate::gate::command::Finds;
    use crate::gate::{Labels, admit, stop};
    use crate::manifest;
    use crate::policy::store::Location;
    use crate::report::Finding;

    fn labels() -> Labels {
        Labels { artifact: "orders.zip".into(), manifest: None, kind: None, name: None }
    }

    fn stopped() -> Gate {
        stop(Finding::nothing_verified(), labels())
    }

    /// The answer about the core's example: nothing else than a verified artifact makes one.
    fn admitted() -> Gate {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/verify/tests/example");
        let pin = std::fs::read_to_string(folder.join("pin")).unwrap().trim().parse().unwrap();
        let now = "2026-12-01T00:00:00Z".parse().unwrap();
        let policy = Policy::open(&Location::pinned(folder.join("policy"), pin), now).unwrap();
        let artifact = Artifact::open(&folder.join("orders.zip")).unwrap();
        let manifest = manifest::manifest_of(&artifact).unwrap();
        admit(&policy, &"orders".parse().unwrap(), &artifact, manifest.as_ref()).unwrap()
    }

    /// A copy of a file of this name, with or without a manifest.
    fn part(kind: Kind, name: &str, has_manifest: bool) -> Part<PrivateCopy> {
        let folder = tempfile::tempdir().unwrap();
        let original = folder.path().join(format!("{name}.zip"));
        std::fs::write(&original, name).unwrap();
        if has_manifest {
            std::fs::write(manifest::path_next_to(&original), "{}").unwrap();
        }
        let sealed = PrivateCopy::copy(&Watch::start().unwrap(), &original, None).unwrap();
        Part { kind, name: name.parse().unwrap(), arn: None, labels: labels(), code: sealed }
    }

    fn orders() -> Part<PrivateCopy> {
        part(Kind::Function, "orders", false)
    }

    #[test]
    fn copies_are_cleared_only_if_each_of_them_was_admitted() {
        let cleared = |parts: Vec<Part<PrivateCopy>>, gates: Vec<Gate>| {
            Decided { parts, gates, notes: Vec::new() }.cleared().map(|Cleared(parts)| parts.len())
        };
        let base = || part(Kind::Layer, "base", false);
        assert_eq!(cleared(vec![orders()], vec![admitted()]), Some(1));
        assert_eq!(cleared(vec![orders(), base()], vec![admitted(), admitted()]), Some(2));
        assert_eq!(cleared(vec![orders()], vec![stopped()]), None);
        assert_eq!(cleared(vec![orders(), base()], vec![admitted(), stopped()]), None);
        // Something is wrong with all of them together, or a copy was not verified.
        assert_eq!(cleared(vec![orders()], vec![admitted(), stopped()]), None);
        assert_eq!(cleared(vec![orders(), base()], vec![admitted()]), None);
        assert_eq!(cleared(Vec::new(), Vec::new()), None);
    }

    /// Runs a shell script on these copies; `$1` is the function's.
    fn ran(parts: Vec<Part<PrivateCopy>>, script: &str, more: &[&str]) -> Result<Option<i32>, RunError> {
        let words = [&["-c", script, "sh", "{artifact}"], more].concat();
        let words: Vec<OsString> = words.into_iter().map(OsString::from).collect();
        let layers = ["base".parse().unwrap(), "orders".parse().unwrap()];
        let line = CommandLine::new("sh".as_ref(), &words, &layers, &[], Finds::Placeholder).unwrap();
        Cleared(parts).run(&line, &Watch::start().unwrap()).map(|ended| ended.code())
    }

    #[test]
    fn the_command_gets_the_copies_and_its_status_is_the_answer() {
        let parts = || vec![orders(), part(Kind::Layer, "base", false)];
        let script = "test \"$COUNTERSIGN_ARTIFACT\" = \"$1\" && grep -q orders \"$1\" && grep -q base \"$2\" && exit 7";
        assert_eq!(ran(parts(), script, &["{layer:base}"]).unwrap(), Some(7));
        assert_eq!(ran(parts(), "exit 0", &[]).unwrap(), Some(0));
        // A layer may have the name of the function.
        let parts = vec![part(Kind::Layer, "base", false), orders()];
        assert_eq!(ran(parts, "grep -q base \"$2\"", &["{layer:base}"]).unwrap(), Some(0));
    }

    #[test]
    fn a_command_that_wants_the_manifest_does_not_run_without_one() {
        let without = ran(vec![orders()], "exit 0", &["{manifest}"]);
        assert!(matches!(without, Err(RunError::Command(CommandError::NoManifest(_)))));
        let script = "test \"$COUNTERSIGN_MANIFEST\" = \"$2\" && test -f \"$2\"";
        let with = vec![part(Kind::Function, "orders", true)];
        assert_eq!(ran(with, script, &["{manifest}"]).unwrap(), Some(0));
        assert_eq!(ran(vec![orders()], "test -z \"$COUNTERSIGN_MANIFEST\"", &[]).unwrap(), Some(0));
    }

    #[test]
    fn a_copy_that_was_changed_meanwhile_is_an_error() {
        let script = "chmod u+w \"$1\" && echo more >> \"$1\"";
        assert!(matches!(ran(vec![orders()], script, &[]), Err(RunError::Changed(_))));
    }
}
