//! `job revoke`: by the policy owner, or signed by a permitted principal, without a seal.

use std::path::{Path, PathBuf};

use anyhow::Result;
use countersign::arn::{JobArn, ProfileArn, PublisherArn};
use countersign::crypto::secret::SecretKey;
use countersign::document::format::Format;
use countersign::files::{self, Access, Loaded};
use countersign::limits::MANIFEST_BYTES_MAX;
use countersign::manifest::{self, Statement};
use countersign::name::{JobId, ProfileName};
use countersign::policy::edit::lock;
use countersign::policy::root;
use countersign::policy::signing;
use countersign::policy::store::Policy;
use countersign::profile::Action;
use countersign::report::escape::line;
use countersign::revocation::signed::{self, SignedRevocation};
use countersign::revocation::{Revocation, RevokedJob};
use countersign::verify::revocation;

use super::super::edit::{self, ReasonArgs};
use crate::complete;
use crate::context::{Context, TrustArgs};
use crate::keys::KeyArgs;
use crate::output::{Exit, print, refuse, say};

/// Arguments of `job revoke`.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "countersign job revoke [OPTIONS] --reason-code <CODE>\n       --reason <TEXT> <JOB|MANIFEST>",
    after_help = "\
    Without `--signed`, the revocation is written to `revocations.toml` and applies once it is sealed.\n\n\
    With `--signed`, a principal with the permission `RevokeSignature` on the job's profile signs a \
    revocation that applies immediately. It is written to `revocations/JOB.json` in the policy directory (a \
    second one to `JOB.2.json`, up to 16), or can be passed to `verify --revocation`.\n\n\
    Examples:\n  \
    countersign job revoke dist/orders.zip.sigstore.json \\\n    \
    --reason-code superseded --reason 'broken build'\n  \
    countersign job revoke 3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b10 --signed \\\n    \
    --profile orders_release --reason-code superseded --reason 'broken build'"
)]
pub struct Args {
    /// Job to revoke: its id, or its manifest
    #[arg(value_name = "JOB|MANIFEST")]
    job: String,
    #[command(flatten)]
    reason: ReasonArgs,
    /// Sign the revocation with a permitted key, without a seal
    #[arg(long)]
    signed: bool,
    /// Profile of the job, if JOB is an id
    #[arg(long, value_name = "NAME", requires = "signed", add = complete::profiles())]
    profile: Option<ProfileName>,
    /// Write the signed revocation to this file [default: a file in the policy directory]
    #[arg(long, value_name = "FILE", requires = "signed")]
    output: Option<PathBuf>,
    #[command(flatten)]
    key: KeyArgs,
    #[command(flatten)]
    trust: TrustArgs,
}

impl Args {
    /// Revokes the job.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let (job, profile) = self.subject()?;
        if self.signed {
            return self.sign(context, job, profile);
        }
        let editor = edit::editor(context, &self.trust)?;
        let job = JobArn::new(editor.root().account().clone(), job);
        let (reason_code, reason) = (self.reason.reason_code, self.reason.reason);
        let revocation = Revocation::Job(RevokedJob { job, revoked_at: context.now, reason_code, reason });
        edit::show(&editor.revoke(&revocation)?)
    }

    /// The job's id, and its profile if a manifest has it. The manifest is not verified: only a job is revoked.
    fn subject(&self) -> Result<(JobId, Option<ProfileName>)> {
        if let Ok(id) = self.job.parse() {
            return Ok((id, None));
        }
        let path = Path::new(&self.job);
        let unknown = || {
            let message = format!("`{}` is neither a job id nor a manifest file", self.job);
            refuse(message, "name the id that `countersign inspect` shows, or a `.sigstore.json` file")
        };
        let bytes = files::read_if_exists(path, MANIFEST_BYTES_MAX)?.ok_or_else(unknown)?;
        let bundle = manifest::parse(path, &bytes)?;
        let statement =
            Statement::parse(bundle.envelope()?.unverified_payload()).map_err(|error| error.at(path))?;
        let job = statement.job();
        Ok((job.job.job().clone(), Some(job.profile.profile().clone())))
    }

    fn sign(self, context: &Context, job: JobId, profile: Option<ProfileName>) -> Result<Exit> {
        let location = context.location(&self.trust)?;
        let policy = context.policy(&location)?;
        let Some(name) = self.profile.clone().or(profile) else {
            return Err(refuse(
                "the profile of the job is not known",
                "pass it with `--profile`, or name the manifest instead of the id",
            ));
        };
        let account = policy.account().clone();
        let revocation = SignedRevocation {
            format: Format::default(),
            job: JobArn::new(account.clone(), job.clone()),
            profile: PublisherArn::every_version(account, name.clone()),
            requested_by: self.principal(context, &policy, &name)?,
            revoked_at: context.now,
            reason_code: self.reason.reason_code,
            reason: self.reason.reason.clone(),
        };
        let key = context.signing_key(&self.key, &policy)?;
        // Two holders at once must not take one place.
        let _lock = self.output.is_none().then(|| lock(&location.directory)).transpose()?;
        let (path, next) = match &self.output {
            Some(path) => (path.clone(), self.check_out(context, path, &job)?),
            None => {
                context.check_editable(&location.directory)?;
                check_new(context, &policy, &revocation, &key)?;
                (free_place(&location.directory, &job)?, COMMIT)
            }
        };
        files::write(&path, &signing::revocation(&revocation, &key), Access::Public)?;
        print(&format!("revoked: job {job}, in {}\n", line(&context.shown(&path))))?;
        say(next);
        Ok(Exit::Done)
    }

    /// Refuses an existing file, and a name in a policy directory that `verify` ignores; returns the next step.
    fn check_out(&self, context: &Context, path: &Path, job: &JobId) -> Result<&'static str> {
        if path.symlink_metadata().is_ok() {
            let message = format!("`{}` already exists", context.shown(path));
            return Err(refuse(message, "name another file with `--output`"));
        }
        let absolute = std::path::absolute(path)?;
        let folder = absolute.parent().unwrap_or(&absolute);
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
        let is_kept = |folder: &&Path| {
            let policy =
                folder.parent().filter(|_| folder.file_name().is_some_and(|name| name == signed::FOLDER));
            policy.is_some_and(|policy| root::path(policy, 1).is_file())
        };
        let Some(kept) = folder.ancestors().find(is_kept) else { return Ok(GIVE) };
        context.check_editable(kept)?;
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if kept == folder && signed::job_of(name).as_ref() == Some(job) {
            return Ok(COMMIT);
        }
        Err(refuse(
            format!("`{}` is not where `verify` looks for a revocation of job {job}", context.shown(path)),
            format!("remove `--output`, or set it to `{}`", context.shown(&kept.join(format!("{job}.json")))),
        ))
    }

    /// Who the key belongs to, among those who may revoke signatures of the profile now.
    fn principal(
        &self,
        context: &Context,
        policy: &Policy,
        name: &ProfileName,
    ) -> Result<countersign::name::Principal> {
        let key = context.signing_key(&self.key, policy)?.public();
        let profile = policy.profile(name)?;
        let mut permissions = profile.iter().flat_map(|profile| profile.permissions_of(&key));
        let found = permissions.find(|each| each.permits(Action::RevokeSignature, context.now));
        found.map(|each| each.principal.clone()).ok_or_else(|| {
            refuse(
                format!(
                    "key {} has no permission `signer:RevokeSignature` on signing profile `{name}`",
                    key.id()
                ),
                "use a permitted key, or ask the policy owner to revoke the job",
            )
        })
    }
}

const COMMIT: &str = "it applies to this policy directory: commit and push it, so that it applies elsewhere";
const GIVE: &str = "to apply it, pass it to `verify --revocation`, or store it as `revocations/JOB.json` in the \
                 policy directory";

/// Refuses a revocation that repeats one by the same key.
fn check_new(context: &Context, policy: &Policy, new: &SignedRevocation, key: &SecretKey) -> Result<()> {
    let Some(profile) = policy.profile(new.profile.profile())? else { return Ok(()) };
    for Loaded { path, bytes } in policy.signed_revocations(new.job.job())? {
        let version = ProfileArn::new(
            policy.account().clone(),
            profile.name().clone(),
            profile.current().version.clone(),
        );
        let found = revocation::counted(&new.job, &version, &profile, &bytes, context.now);
        // One that is not valid, or is only for other versions, is no duplicate.
        if let Ok(Some(found)) = found
            && (found.signer(), &found.revocation().profile) == (&key.public().id(), &new.profile)
        {
            return Err(refuse(
                format!("this key already revoked the job, in `{}`", context.shown(&path)),
                "ask the policy owner to revoke it without `--signed`: that revocation does not depend on \
                 the file",
            ));
        }
    }
    Ok(())
}

/// The first place for a revocation of the job where nothing is.
fn free_place(directory: &Path, job: &JobId) -> Result<PathBuf> {
    let found = signed::places(directory, job).find(|place| place.symlink_metadata().is_err());
    found.ok_or_else(|| {
        refuse(
            format!("job {job} already has the maximum number of revocations"),
            "remove those that `verify` reports as not applied, or name another file with `--output`",
        )
    })
}
