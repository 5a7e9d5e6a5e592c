//! `countersign audit`: what is deployed, against what is signed.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use countersign::audit::candidates::Candidates;
use countersign::audit::deployed::Deployed;
use countersign::audit::error::AuditError;
use countersign::audit::{Auditor, Undecided, json, text, wanted};
use countersign::files::{self, FileError};
use countersign::limits::DEPLOYED_BYTES_MAX;
use countersign::report::sarif;

use crate::context::{Context, GlobalArgs, TrustArgs};
use crate::output::{Exit, note, print, refuse};
use crate::progress::Progress;

/// Arguments of `audit`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    AWS checks a signature only when code is deployed. An audit compares the hashes of deployed code with \
    manifests, and checks that each has a manifest that an allowed publisher signed for this function, and \
    that is neither expired nor revoked.\n\n\
    Exit status: 0 every function and layer is covered; 1 some are not, or the input has none; 2 no verdict.\n\n\
    Examples:\n  \
    aws lambda list-functions --output json |\n    \
    countersign audit --deployed - --all-notes\n  \
    aws lambda get-layer-version-by-arn --arn ARN > base.json\n  \
    countersign audit --deployed functions.json base.json --manifests released")]
pub struct Args {
    /// JSON output of `aws lambda list-functions`, `list-versions-by-function`, `get-function`,
    /// `get-function-configuration`, `list-layers`, `list-layer-versions` or `get-layer-version`; `-` for standard input
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    deployed: Vec<PathBuf>,
    /// Folder to search for manifests [default: the workspace's output folder]
    #[arg(long, value_name = "DIR", num_args = 1..)]
    manifests: Vec<PathBuf>,
    /// Use the manifests that are attached to this commit
    #[arg(long, value_name = "REV", num_args = 1..)]
    notes: Vec<String>,
    /// Use the manifests that are attached to any commit
    #[arg(long, conflicts_with = "notes")]
    all_notes: bool,
    #[command(flatten)]
    trust: TrustArgs,
    /// Output format
    #[arg(long, value_enum, ignore_case = true, default_value = "text")]
    format: AuditFormat,
}

/// How an audit is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum AuditFormat {
    Text,
    Json,
    Sarif,
}

impl Args {
    /// Judges what is deployed.
    pub fn run(self, global: &GlobalArgs) -> Result<Exit> {
        let context = Context::read(global)?;
        let policy = context.policy(&context.location(&self.trust)?)?;
        let mut deployed = Deployed::default();
        for path in &self.deployed {
            deployed.add(path, &input(path)?)?;
        }
        let (functions, layers) = deployed.finish()?;
        let progress = Progress::start("auditing", 0);
        let mut candidates = wanted(&functions, &layers);
        self.collect(&context, &mut candidates)?;
        let auditor =
            Auditor { policy: &policy, candidates: &candidates, now: context.now, threads: context.threads };
        let audit = auditor.audit(functions, &layers)?;
        drop(progress);
        audit.notes.iter().for_each(|text| note(text));
        let exit = if audit.is_covered() { Exit::Allowed } else { Exit::Denied };
        let undecided = |each: &Undecided| format!("could not decide on `{}`: {}", each.name, each.error);
        let undecided: Vec<String> = audit.undecided.iter().map(undecided).collect();
        let notes = [policy.notes(), &audit.notes, &undecided].concat();
        let status = if undecided.is_empty() { u8::from(exit == Exit::Denied) } else { 2 };
        print(&match self.format {
            AuditFormat::Text => text::render(&audit),
            AuditFormat::Json => json::render(&audit, &notes),
            AuditFormat::Sarif => sarif::render_ending(&audit.verdicts(), &notes, status),
        })?;
        match audit.undecided.into_iter().next() {
            Some(first) => Err(AuditError::Undecidable(first.error).into()),
            None => Ok(exit),
        }
    }

    /// Reads the manifests from folders and notes.
    fn collect(&self, context: &Context, candidates: &mut Candidates) -> Result<()> {
        for folder in &self.manifests {
            if !folder.is_dir() {
                let message = format!("folder `{}` does not exist", context.shown(folder));
                return Err(refuse(message, "name a folder with manifests"));
            }
            candidates.add_folder(folder, context.threads)?;
        }
        let output = &context.workspace.output;
        if self.manifests.is_empty() && self.notes.is_empty() && !self.all_notes {
            if output.is_dir() {
                candidates.add_folder(output, context.threads)?;
            } else {
                note(&format!("no manifests: folder `{}` does not exist", context.shown(output)));
            }
        }
        if self.all_notes || !self.notes.is_empty() {
            let repository = context.in_repository()?;
            let notes = repository.notes()?;
            let commits = match self.all_notes {
                true => notes.commits()?,
                false => {
                    let id = |revision: &String| Ok(repository.commit(revision)?.id);
                    self.notes.iter().map(id).collect::<Result<Vec<_>>>()?
                }
            };
            for commit in commits {
                candidates.add_note(&notes, &commit)?;
            }
        }
        Ok(())
    }
}

/// Reads one input to its end, within its limit.
fn input(path: &Path) -> Result<Vec<u8>> {
    let too_large = || AuditError::TooLarge(path.into());
    if path != Path::new("-") {
        return files::read(path, DEPLOYED_BYTES_MAX).map_err(|error| match error {
            FileError::TooLarge { .. } => too_large().into(),
            FileError::NotAFile { .. } => {
                let message = format!("`{}` is not a regular file", path.display());
                refuse(message, "pass standard input with `--deployed -`")
            }
            error => error.into(),
        });
    }
    let mut bytes = Vec::new();
    let stdin = std::io::stdin().lock();
    stdin.take(DEPLOYED_BYTES_MAX + 1).read_to_end(&mut bytes).context("cannot read standard input")?;
    if bytes.len() as u64 > DEPLOYED_BYTES_MAX { Err(too_large().into()) } else { Ok(bytes) }
}
