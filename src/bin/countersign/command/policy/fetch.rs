//! `countersign policy fetch`: fetches a policy over git, verifies it, and caches it for offline use.

use anyhow::Result;
use countersign::git::source::Source;
use countersign::pin::Pin;
use countersign::policy::fetch::cache::Cache;
use countersign::policy::fetch::{self, FetchOutcome, Fetched};
use countersign::report::escape::line;
use countersign::workspace::FILE_NAME;
use serde::Serialize;

use crate::context::{Context, TrustArgs};
use crate::output::{Exit, Format, note, print, print_json, refuse};
use crate::places::fetched_policies;

/// Arguments of `policy fetch`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    A fetched policy works offline until it expires, and is verified again at each use. If the new policy \
    is not valid, the cached one stays.\n\n\
    Examples:\n  \
    countersign policy fetch\n  \
    countersign policy fetch https://git.acme.example/policy.git main\n  \
    countersign policy fetch 'git@git.acme.example:security.git#v7:policy' \\\n    \
    --root SHA384:5f1c…")]
pub struct Args {
    /// Repository, as `URL`, `URL#REF` or `URL#REF:FOLDER` [default: the one that
    /// `countersign join` remembered, then `trust` in countersign.toml]
    url: Option<String>,
    /// Branch, tag or commit, or `REF:FOLDER` [default: the repository's HEAD]
    #[arg(value_name = "REF")]
    reference: Option<String>,
    /// Pin of the policy's first root, `SHA384:…` [default: the one that `policy pin` stored]
    #[arg(long, value_name = "PIN", env = "COUNTERSIGN_ROOT", hide_env_values = true)]
    root: Option<Pin>,
    /// Output format
    #[arg(long, value_enum, ignore_case = true, default_value = "text")]
    format: Format,
}

#[derive(Serialize)]
struct Summary {
    schema_version: u32,
    outcome: &'static str,
    account: String,
    root: u64,
    snapshot: u64,
    expires: String,
    url: String,
    #[serde(rename = "ref")]
    reference: String,
    folder: String,
    commit: String,
    directory: String,
}

impl Args {
    /// Fetches the policy, and prints which one.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let source = self.source(context)?;
        let cache = Cache::of(&fetched_policies()?, &source);
        // The pin of a folder is found by its path without links, which only a folder that is there has.
        cache.make()?;
        let trust = TrustArgs { policy: None, root: self.root };
        let location = context.located(cache.folder().into(), &trust)?;
        let fetched = fetch::fetch(&source, &cache, location.pin, location.state, context.now)?;
        fetched.policy.notes().iter().for_each(|text| note(text));
        match self.format {
            Format::Json => print_json(&result(context, &fetched))?,
            Format::Text => print(&text(&fetched))?,
        }
        self.say_what_is_left(context, &source, &fetched)?;
        Ok(Exit::Done)
    }

    fn source(&self, context: &Context) -> Result<Source> {
        match (&self.url, &self.reference) {
            (Some(url), None) => Ok(url.parse()?),
            (Some(url), Some(_)) if url.contains('#') => Err(refuse(
                format!("`{}` already names a ref", line(url)),
                "name the ref once: `URL REF` or `URL#REF`",
            )),
            (Some(url), Some(reference)) => Ok(format!("{url}#{reference}").parse()?),
            (None, _) => context.policy_source()?.ok_or_else(|| {
                refuse(
                    format!("no policy URL: `{FILE_NAME}` has no `trust`"),
                    "run `countersign policy fetch URL`, or set `trust` in `countersign.toml`",
                )
            }),
        }
    }

    /// What the next command still needs, to use what was fetched.
    fn say_what_is_left(&self, context: &Context, source: &Source, fetched: &Fetched) -> Result<()> {
        let directory = fetched.policy.directory();
        let named = context.policy_source()?.as_ref() == Some(source);
        if !named {
            note(&format!("to use it, add this to `{FILE_NAME}`: trust = \"{}\"", shown(source)));
        }
        let unpinned = context.pin(&TrustArgs { policy: None, root: None }, directory)?.is_none();
        if let Some(pin) = self.root.filter(|_| unpinned) {
            let place = if named { String::new() } else { format!(" --policy {}", directory.display()) };
            note(&format!("not pinned here: pin it with `countersign policy pin {pin}{place}`"));
        }
        Ok(())
    }
}

fn text(fetched: &Fetched) -> String {
    let Fetched { policy, origin, outcome } = fetched;
    let outcome = match outcome {
        FetchOutcome::Fetched => "fetched",
        FetchOutcome::UpToDate => "already up to date",
    };
    format!(
        "{outcome}: account `{}`, root {}, snapshot {}, from {}\n",
        policy.account(),
        policy.root().version(),
        policy.snapshot().version,
        line(&origin.to_string())
    )
}

fn result(context: &Context, fetched: &Fetched) -> Summary {
    let Fetched { policy, origin, outcome } = fetched;
    Summary {
        schema_version: 1,
        outcome: match outcome {
            FetchOutcome::Fetched => "fetched",
            FetchOutcome::UpToDate => "up-to-date",
        },
        account: policy.account().to_string(),
        root: policy.root().version(),
        snapshot: policy.snapshot().version,
        expires: policy.snapshot().expires.to_string(),
        url: origin.source.url().to_string(),
        reference: origin.source.reference().to_string(),
        folder: origin.source.folder().to_owned(),
        commit: origin.commit.clone(),
        directory: context.shown(policy.directory()),
    }
}

/// A source without credentials: every user can read a tracked file.
fn shown(source: &Source) -> String {
    source.url().redact(&source.to_string())
}
