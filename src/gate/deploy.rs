//! Deploying: the four checks on sealed copies, and a command that runs on those very copies.
//!
//! ```text
//! Sealed --judge(policy)--> Judged --cleared--> Cleared --run(command)--> exit status
//! ```
//! [`Judged`] holds each copy beside what the gate said of it, and gives a [`Cleared`] only if all of them
//! were admitted. Nothing else makes one, so a verdict about other bytes, or about a commit, runs nothing.

use std::path::PathBuf;
use std::process::ExitStatus;

use super::command::{CommandError, CommandLine, Paths};
use super::deployment::{self, Deployment, DeploymentError, Piece};
use super::sealed::Sealed;
use super::watch::Watch;
use super::{Gate, Labels};
use crate::arn::LayerArn;
use crate::files::program;
use crate::name::ArtifactName;
use crate::parallel::Threads;
use crate::policy::store::Policy;
use crate::provenance::Kind;
use crate::time::Timestamp;
use crate::verify::VerifyError;
use crate::verify::integrity::Digests;

/// Why a command that may run did not, or did not run on what was verified.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The command does not fit the copies.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// A signal came before it began.
    #[error("stopped by signal {0} before anything ran")]
    Interrupted(i32),
    /// The program could not be started or waited for.
    #[error("cannot run `{program}`")]
    Start {
        /// The program.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The copy is not what it was: something of the same user wrote into it.
    #[error("the verified copy of `{}` was changed while the command ran", .0.display())]
    Changed(PathBuf),
}

impl RunError {
    /// What to do about it, if there is something to do.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Command(error) => Some(error.hint()),
            Self::Interrupted(_) => None,
            Self::Start { .. } => Some("check that the program is on the PATH and may be executed"),
            Self::Changed(_) => Some(
                "take what was deployed as unverified: find what writes there as the same user, and deploy again",
            ),
        }
    }
}

/// A copy, and what it would be deployed as.
#[derive(Debug)]
pub struct Part {
    /// A function's package, or a layer's.
    pub kind: Kind,
    /// The name of the function or layer.
    pub name: ArtifactName,
    /// The published layer version that it is to be, if it was named so.
    pub arn: Option<LayerArn>,
    /// Where the copy was taken from.
    pub original: PathBuf,
    /// How the original and its manifest are named in the report.
    pub labels: Labels,
    /// The copy.
    pub sealed: Sealed,
}

/// What is asked of a function and its layers.
pub struct Request {
    /// The function's package.
    pub function: Part,
    /// Its layers' packages, each under its own name.
    pub layers: Vec<Part>,
    /// Signed revocations that were given.
    pub revocations: Vec<(PathBuf, Vec<u8>)>,
    /// The verifier's clock.
    pub now: Timestamp,
    /// How many threads may work.
    pub threads: Threads,
}

/// A function and its layers with what the gate said of each. Only [`judge`] makes it.
#[derive(Debug)]
pub struct Judged {
    parts: Vec<Part>,
    gates: Vec<Gate>,
    notes: Vec<String>,
}

/// Copies that may be deployed: the function's first, then its layers'. Only [`Judged::cleared`] makes it.
#[derive(Debug)]
pub struct Cleared(Vec<Part>);

/// Verifies every copy under the CSC of the function.
pub fn judge(policy: &Policy, request: Request) -> Result<Judged, DeploymentError> {
    let Request { function, layers, revocations, now, threads } = request;
    let functions = policy.functions().map_err(VerifyError::from)?;
    let csc = functions.csc_of(&function.name).map_or(Ok(None), |id| policy.csc(id));
    let csc = csc.map_err(VerifyError::from)?;
    let asked = Deployment {
        function: function.piece(),
        layers: layers.iter().map(Part::piece).collect(),
        csc: csc.as_ref(),
        revocations: &revocations,
        now,
        digests: Digests::Quick,
        threads,
    };
    let (gates, notes) = deployment::judge(policy, asked)?.into_parts();
    Ok(Judged { parts: std::iter::once(function).chain(layers).collect(), gates, notes })
}

impl Part {
    fn piece(&self) -> Piece<'_> {
        Piece {
            kind: self.kind,
            name: self.name.clone(),
            arn: self.arn.clone(),
            artifact: self.sealed.artifact(),
            manifest: self.sealed.manifest().map(|(path, bytes)| (path.into(), bytes.into())),
            labels: self.labels.clone(),
        }
    }
}

impl Judged {
    /// What the gate said of the function, then of each layer, and of all together if something is wrong.
    pub fn gates(&self) -> &[Gate] {
        &self.gates
    }

    /// Things worth saying that change no verdict.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The copies, if the gate admitted every one of them.
    pub fn cleared(self) -> Option<Cleared> {
        let admitted = |gate: &Gate| matches!(gate, Gate::Admitted(_));
        let all =
            !self.parts.is_empty() && self.parts.len() == self.gates.len() && self.gates.iter().all(admitted);
        all.then_some(Cleared(self.parts))
    }
}

impl Cleared {
    /// Runs the command on the copies, and tells how it ended once the copies are gone.
    ///
    /// It finds them in its arguments, and in `COUNTERSIGN_ARTIFACT` and `COUNTERSIGN_MANIFEST`.
    pub fn run(self, line: &CommandLine, watch: &Watch) -> Result<ExitStatus, RunError> {
        let Self(parts) = self;
        let layers = |part: &&Part| part.kind == Kind::Layer;
        let sealed = &parts[0].sealed;
        let paths = Paths {
            artifact: sealed.artifact().path(),
            manifest: sealed.manifest_path(),
            layers: parts
                .iter()
                .filter(layers)
                .map(|part| (&part.name, part.sealed.artifact().path()))
                .collect(),
        };
        if line.needs_manifest() && paths.manifest.is_none() {
            return Err(CommandError::NoManifest(parts[0].original.clone()).into());
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
        match parts.iter().find(|part| !part.sealed.is_unchanged()) {
            Some(part) => Err(RunError::Changed(part.original.clone())),
            None => Ok(ended),
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::arn::PublisherArn;
    use crate::csc::{Csc, Untrusted};
    use crate::gate::command::Finds;
    use crate::gate::{decide, stop};
    use crate::report::Finding;
    use crate::verify::Evidence;
    use crate::{manifest, random};

    fn labels() -> Labels {
        Labels { artifact: "orders.zip".into(), manifest: None, kind: None, name: None }
    }

    fn stopped() -> Gate {
        stop(Finding::nothing_verified(), labels())
    }

    fn admitted() -> Gate {
        let publisher = PublisherArn::every_version("acme".parse().unwrap(), "release".parse().unwrap());
        let csc = Csc::new(random::csc(), "", publisher.into(), Untrusted::Warn);
        decide(&Evidence::only(Finding::nothing_verified()), &csc, labels())
    }

    /// A copy of a file of this name, with a manifest beside it or without.
    fn part(kind: Kind, name: &str, has_manifest: bool) -> Part {
        let folder = tempfile::tempdir().unwrap();
        let original = folder.path().join(format!("{name}.zip"));
        std::fs::write(&original, name).unwrap();
        if has_manifest {
            std::fs::write(manifest::path_beside(&original), "{}").unwrap();
        }
        let sealed = Sealed::copy(&Watch::start().unwrap(), &original, None).unwrap();
        Part { kind, name: name.parse().unwrap(), arn: None, original, labels: labels(), sealed }
    }

    fn orders() -> Part {
        part(Kind::Function, "orders", false)
    }

    #[test]
    fn copies_are_cleared_only_if_each_of_them_was_admitted() {
        let cleared = |parts: Vec<Part>, gates: Vec<Gate>| {
            Judged { parts, gates, notes: Vec::new() }.cleared().map(|Cleared(parts)| parts.len())
        };
        let base = || part(Kind::Layer, "base", false);
        assert_eq!(cleared(vec![orders()], vec![admitted()]), Some(1));
        assert_eq!(cleared(vec![orders(), base()], vec![admitted(), admitted()]), Some(2));
        assert_eq!(cleared(vec![orders()], vec![stopped()]), None);
        assert_eq!(cleared(vec![orders(), base()], vec![admitted(), stopped()]), None);
        // Something is wrong with all of them together, or a copy was not judged.
        assert_eq!(cleared(vec![orders()], vec![admitted(), stopped()]), None);
        assert_eq!(cleared(vec![orders(), base()], vec![admitted()]), None);
        assert_eq!(cleared(Vec::new(), Vec::new()), None);
    }

    /// Runs a shell script on these copies; `$1` is the function's.
    fn ran(parts: Vec<Part>, script: &str, more: &[&str]) -> Result<Option<i32>, RunError> {
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
