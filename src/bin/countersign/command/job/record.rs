//! `job record`: manifests are checked, and their jobs written into the ledger.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Result;
use countersign::files::Loaded;
use countersign::ledger::{self, RecordedJob};
use countersign::limits::{LEDGER_BYTES_MAX, MANIFEST_BYTES_MAX};
use countersign::policy::documents;
use countersign::policy::edit;
use countersign::record::{self, Recorder};
use countersign::report::escape::line;
use countersign::report::text::finding_lines;

use crate::context::{Context, TrustArgs};
use crate::output::{Exit, print, say};

/// Arguments of `job record`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    A job that is recorded and sealed before its key is stolen stays valid afterwards. Record released \
    artifacts on a machine that the policy owner controls, and seal.\n\n\
    Exit status: 0 all are recorded, 1 a manifest is rejected and nothing is recorded, 2 could not \
    decide.\n\n\
    Example:\n  \
    countersign job record dist/*.sigstore.json")]
pub struct Args {
    /// Manifest files
    #[arg(required = true, value_name = "MANIFEST")]
    manifests: Vec<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
}

impl Args {
    /// Records every job, or none if any manifest is refused.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let location = context.editable(&self.trust)?;
        let _lock = edit::lock(&location.directory)?;
        let policy = context.policy(&location)?;
        let recorder = Recorder::new(&policy, context.now)?;
        let (mut jobs, mut refused) = (Vec::new(), false);
        for path in &self.manifests {
            match recorder.check(&Loaded::read(path, MANIFEST_BYTES_MAX)?)? {
                Ok(job) => jobs.push((path, job)),
                Err(findings) => {
                    refused = true;
                    print(&format!("rejected: {}\n", line(&path.display().to_string())))?;
                    print(&findings.iter().map(|finding| finding_lines(finding, "  ")).collect::<String>())?;
                }
            }
        }
        if refused {
            say("nothing was recorded");
            return Ok(Exit::Denied);
        }
        documents::check_ledger(&location.directory, policy.snapshot())?;
        let file = location.directory.join(ledger::FILE_NAME);
        let mut known = BTreeSet::new();
        let tail = ledger::read(&file, policy.account(), LEDGER_BYTES_MAX, |_, line| {
            known.insert((line.recorded.payload, line.recorded.key));
        })?;
        let mut new: Vec<RecordedJob> = Vec::new();
        for (path, job) in jobs {
            let verb =
                if known.insert((job.payload, job.key.clone())) { "recorded" } else { "already recorded" };
            print(&format!("{verb}: {} (job {})\n", line(&path.display().to_string()), job.job.job()))?;
            if verb == "recorded" {
                new.push(job);
            }
        }
        if !new.is_empty() {
            record::append(&file, &tail, new, context.now)?;
            say("not sealed yet: recorded times apply after `countersign policy seal`");
        }
        Ok(Exit::Done)
    }
}
