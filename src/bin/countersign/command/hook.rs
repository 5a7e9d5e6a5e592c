//! `countersign hook`: what git's hooks ask before a push goes on.

use std::io::{IsTerminal, Read};

use anyhow::{Context as _, Result};
use clap::Subcommand;
use countersign::git::hooks::trial::{TEST_DENIED, TEST_REF};
use countersign::hook::Hook;
use countersign::hook::update::{self, Side};
use countersign::limits::HOOK_INPUT_BYTES_MAX;

use crate::context::{Context, GlobalArgs, TrustArgs};
use crate::output::{Exit, note, refuse};
use crate::places::fetched_policy;
use crate::precommit::update_from_environment;
use crate::verdicts::ReportArgs;

/// Hooks of git.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Verify a push in a clone; the pre-push hook calls this
    #[command(after_help = "\
    Each pushed ref that the sealed policy protects must point to a commit with valid manifests attached, \
    for all of its functions and layers. Reads the standard input of a pre-push hook.\n\n\
    Exit status: 0 the push can go on, 1 denied, 2 could not decide.\n\n\
    Example:\n  \
    countersign hook pre-push \"$@\"")]
    PrePush(PrePush),
    /// Verify a push on a server; the pre-receive hook calls this
    #[command(after_help = "\
    Verifies like `pre-push`. The policy comes from `git config countersign.policy` and `countersign.root` \
    of the repository that receives the push; files in the push cannot change it.\n\n\
    Exit status: 0 the push can go on, 1 denied, 2 could not decide.\n\n\
    Example:\n  \
    countersign hook pre-receive")]
    PreReceive(Options),
}

/// Arguments of `hook pre-push`.
#[derive(Debug, clap::Args)]
pub struct PrePush {
    /// Name of the remote, from git
    remote: Option<String>,
    /// URL of the remote, from git
    url: Option<String>,
    #[command(flatten)]
    options: Options,
}

/// Options of every hook.
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    report: ReportArgs,
}

impl Command {
    /// Judges the push.
    pub fn run(self, global: &GlobalArgs) -> Result<Exit> {
        match self {
            Self::PrePush(PrePush { options, .. }) => options.decide(global, Side::Pusher),
            Self::PreReceive(options) => options.decide(global, Side::Receiver),
        }
    }
}

impl Options {
    fn decide(self, global: &GlobalArgs, side: Side) -> Result<Exit> {
        // Git must never write into a closed pipe, so all of it is read, whatever comes of it.
        let said = said()?;
        // pre-commit does not pass git's lines on, and describes the push in variables.
        let announced = match side {
            Side::Pusher => update_from_environment(|name| std::env::var(name).ok())?,
            Side::Receiver => None,
        };
        let said = match (said, announced) {
            (None, None) => return Err(at_a_terminal(side)),
            (Some(said), None) => said,
            (Some(said), Some(_)) if !said.is_empty() => said,
            (_, Some(line)) => line.into_bytes(),
        };
        let updates = update::parse(side, &said)?;
        if updates.is_empty() {
            return no_updates(side);
        }
        if updates.iter().any(|update| update.reference == TEST_REF) {
            return Err(refuse(TEST_DENIED, "run `countersign hooks status` to see the result"));
        }
        let mut context = Context::of_hook(global, side)?;
        // The user who pushes has the remote that promised the objects of a partial clone; a server fetches nothing.
        if let (Side::Pusher, Some(repository)) = (side, &mut context.repository) {
            repository.fetch_promised();
        }
        let repository = context.repository.as_ref().ok_or_else(|| {
            refuse(
                format!("`{}` runs only in a git repository", side.hook()),
                "install the hook with `countersign hooks install`; git runs it in the repository",
            )
        })?;
        if side == Side::Receiver {
            self.check_settings(&context)?;
        }
        let policy = context.policy(&context.location(&self.trust)?)?;
        let (now, threads) = (context.now, context.threads);
        let hook = Hook { policy: &policy, repository, side, now, threads };
        let judged = hook.verify_push(&updates)?;
        judged.iter().flat_map(|judged| &judged.notes).for_each(|text| note(text));
        if judged.is_empty() {
            return Ok(Exit::Done);
        }
        self.report.show_push(&context, &judged, policy.notes())
    }

    /// On a server, only its owner names the policy and its pin.
    fn check_settings(&self, context: &Context) -> Result<()> {
        let unset = |setting: &str, hint: &str| {
            Err(refuse(
                format!("the repository on this server has no `git config {setting}`"),
                hint.to_owned(),
            ))
        };
        let of_source = || context.policy_source()?.as_ref().map(fetched_policy).transpose();
        let Some(directory) =
            context.named_policy(&self.trust)?.map_or_else(of_source, |named| Ok(Some(named)))?
        else {
            return unset(
                "countersign.policy",
                "ask the owner of the server to set it to the policy directory",
            );
        };
        if !directory.join("roots").is_dir() {
            return Err(refuse(
                "`git config countersign.policy` on this server names a folder without a policy",
                "ask the owner of the server to set it to the policy directory, which has `roots/1.json`",
            ));
        }
        if context.pin(&self.trust, &directory)?.is_none() {
            return unset(
                "countersign.root",
                "ask the owner of the server to set it to the digest that the policy owner publishes",
            );
        }
        Ok(())
    }
}

/// The lines of git on standard input; nothing at a terminal.
///
/// A file, in which the line of `hooks install` keeps them, is read from its beginning and left there, for the
/// other commands of the hook.
fn said() -> Result<Option<Vec<u8>>> {
    if std::io::stdin().is_terminal() {
        return Ok(None);
    }
    rewind_file().context("cannot read standard input")?;
    let said = read_said()?;
    rewind_file().context("cannot read standard input")?;
    Ok(Some(said))
}

fn read_said() -> Result<Vec<u8>> {
    let stdin = std::io::stdin();
    let mut said = Vec::new();
    stdin
        .lock()
        .take(HOOK_INPUT_BYTES_MAX + 1)
        .read_to_end(&mut said)
        .context("cannot read standard input")?;
    if said.len() as u64 > HOOK_INPUT_BYTES_MAX {
        // What is left is taken and forgotten.
        std::io::copy(&mut stdin.lock(), &mut std::io::sink()).context("cannot read standard input")?;
        return Err(refuse(
            format!("the list of pushed refs is over {HOOK_INPUT_BYTES_MAX} bytes"),
            "push fewer refs at a time",
        ));
    }
    Ok(said)
}

/// Goes to the beginning of standard input if it is a file.
#[cfg(unix)]
fn rewind_file() -> std::io::Result<()> {
    use std::io::Seek;
    use std::os::fd::AsFd;
    let mut file = std::fs::File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    match file.metadata()?.is_file() {
        true => file.rewind(),
        false => Ok(()),
    }
}

#[cfg(not(unix))]
fn rewind_file() -> std::io::Result<()> {
    Ok(())
}

/// What a hook does if git lists no ref.
///
/// Git runs `pre-push` with an empty pipe where everything is up to date already, and `pre-receive` never. A hook manager
/// that keeps standard input to itself mostly passes `/dev/null`, which git never does.
fn no_updates(side: Side) -> Result<Exit> {
    let hook = side.hook();
    if side == Side::Receiver || stdin_is_device() {
        return Err(refuse(
            format!("standard input of `{hook}` lists no ref, so nothing was verified"),
            "make the hook manager pass standard input (lefthook: `use_stdin: true`), or run \
                 `countersign hooks install`",
        ));
    }
    note(&format!(
        "standard input of `{hook}` lists no ref, so nothing was verified; if this push changes a \
                 ref, the hook manager does not pass standard input"
    ));
    Ok(Exit::Done)
}

#[cfg(unix)]
fn stdin_is_device() -> bool {
    use std::os::fd::AsFd;
    use std::os::unix::fs::FileTypeExt;
    let stdin = std::io::stdin().as_fd().try_clone_to_owned().map(std::fs::File::from);
    stdin.and_then(|file| file.metadata()).is_ok_and(|kind| kind.file_type().is_char_device())
}

#[cfg(not(unix))]
fn stdin_is_device() -> bool {
    false
}

fn at_a_terminal(side: Side) -> anyhow::Error {
    refuse(
        format!("`{}` reads the pushed refs from git on standard input, and this is a terminal", side.hook()),
        "install the hook with `countersign hooks install`; git runs it",
    )
}
