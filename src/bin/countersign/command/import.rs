//! `countersign import`: AWS's answers as documents of the policy.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use countersign::exchange::aws::AwsAccount;
use countersign::exchange::import::{Options, Plan, answer};
use countersign::files;
use countersign::limits::AWS_ANSWER_BYTES_MAX;
use countersign::name::{Principal, ProfileName};
use countersign::policy::edit::Mode;
use countersign::report::escape::line;

use super::edit::{self, editor};
use crate::complete;
use crate::context::{Context, GlobalArgs, TrustArgs};
use crate::keys::{PassphraseArgs, load_public_key};
use crate::output::{Exit, note, print, refuse, say};

/// Arguments of `import`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    CSCs keep their ids, and profiles their names and versions. Importing again changes only what changed \
    in AWS.\n\n\
    Examples:\n  \
    aws lambda get-code-signing-config --code-signing-config-arn ARN > csc.json\n  \
    aws signer get-signing-profile --profile-name release > profile.json\n  \
    countersign import csc.json profile.json --as-own 123456789012 --dry-run")]
pub struct Args {
    /// JSON output of `aws lambda get-code-signing-config` or `list-code-signing-configs`, or of `aws signer
    /// get-signing-profile` or `list-profile-permissions`
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// AWS account whose profiles become this account's own; other publishers keep their AWS ARNs
    #[arg(long, value_name = "ACCOUNT")]
    as_own: Option<AwsAccount>,
    /// Profile of the imported permissions: AWS's output does not name it
    #[arg(long = "profile", value_name = "NAME", add = complete::profiles())]
    permissions_of: Option<ProfileName>,
    /// PEM file with the public key of a principal; can be repeated. Permissions without a key are not imported
    #[arg(long = "key", value_name = "PRINCIPAL=FILE", value_parser = key)]
    keys: Vec<(Principal, String)>,
    /// Show what would change without writing it
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    trust: TrustArgs,
}

fn key(text: &str) -> Result<(Principal, String), String> {
    // The first `=`: a file name may contain one, a principal does not.
    let (name, file) = text.split_once('=').ok_or("expected a `=`")?;
    Ok((name.parse().map_err(|error: countersign::name::NameError| error.to_string())?, file.into()))
}

impl Args {
    /// Writes what differs.
    pub fn run(self, global: &GlobalArgs) -> Result<Exit> {
        let context = Context::read(global)?;
        let mut answers = Vec::new();
        for path in &self.files {
            answers.push(read(path)?);
        }
        let mut keys = BTreeMap::new();
        for (principal, file) in &self.keys {
            let key = load_public_key(file, &PassphraseArgs::default())?;
            if keys.insert(principal.clone(), key).is_some() {
                return Err(refuse(format!("`{principal}` has two keys"), "specify one key per principal"));
            }
        }
        let options = Options { as_own: self.as_own, permissions_of: self.permissions_of, keys };
        // Everything is checked before anything is written.
        let editor = editor(&context, &self.trust)?.with_mode(Mode::Rehearse);
        let plan = Plan::new(&editor, answers, &options, context.now)?;
        let differences = plan.apply(&editor)?;
        plan.notes.iter().for_each(|text| note(text));
        if differences.is_empty() {
            say("nothing changed");
            return Ok(Exit::Done);
        }
        if self.dry_run {
            print(&differences.iter().map(|each| format!("{}\n", line(&each.text))).collect::<String>())?;
            say("nothing was written: this was a dry run");
            return Ok(Exit::Done);
        }
        edit::show(&plan.apply(&editor.with_mode(Mode::Write))?)
    }
}

fn read(path: &Path) -> Result<answer::Answer> {
    let bytes = files::read(path, AWS_ANSWER_BYTES_MAX)?;
    Ok(answer::read(path, &bytes).map_err(countersign::exchange::import::ImportError::from)?)
}
