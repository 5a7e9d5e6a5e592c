//! `job revoke`: by the owner of the policy, or signed by somebody who may, without a seal.

use std::path::{Path, PathBuf};

use anyhow::Result;
use countersign::arn::{JobArn, PublisherArn};
use countersign::files::{self, Access};
use countersign::limits::MANIFEST_BYTES_MAX;
use countersign::manifest::{self, Statement};
use countersign::name::{JobId, ProfileName};
use countersign::policy::store::Policy;
use countersign::profile::Action;
use countersign::report::escape::line;
use countersign::revocation::signed::{self, SignedRevocation};
use countersign::revocation::{Revocation, RevokedJob};

use super::super::edit::{self, ReasonArgs};
use crate::context::{Context, TrustArgs};
use crate::keys::KeyArgs;
use crate::output::{Exit, print, refuse, say};

/// Arguments of `job revoke`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Without `--signed` the revocation is written into `revocations.toml`, and counts once it is sealed.\n\
    With it, whoever has `signer:RevokeSignature` on the job's profile signs a revocation that counts\n\
    wherever it is found: in `revocations/` of a policy directory, or given to `verify --revocation`.\n\n\
    Examples:\n  countersign job revoke dist/orders.zip.sigstore.json --reason-code superseded --reason 'broken build'\n  \
    countersign job revoke 3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b10 --signed --profile orders_release \\\n    \
    --reason-code superseded --reason 'broken build'"
)]
pub struct Args {
    /// The job: its id, or its manifest
    #[arg(value_name = "JOB|MANIFEST")]
    job: String,
    #[command(flatten)]
    reason: ReasonArgs,
    /// Sign the revocation with a permitted key; no seal is needed
    #[arg(long)]
    signed: bool,
    /// The job's profile, where only its id is given
    #[arg(long, value_name = "NAME", requires = "signed")]
    profile: Option<ProfileName>,
    /// Where the signed revocation goes; otherwise into the policy directory
    #[arg(long, value_name = "FILE", requires = "signed")]
    out: Option<PathBuf>,
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

    /// The job's id, and its profile if a manifest tells it. Whoever signed that, only a job is revoked.
    fn subject(&self) -> Result<(JobId, Option<ProfileName>)> {
        if let Ok(id) = self.job.parse() {
            return Ok((id, None));
        }
        let path = Path::new(&self.job);
        let unknown = || {
            let message = format!("`{}` is neither a signing job's id nor a manifest", self.job);
            refuse(message, "name a UUID such as `inspect` shows, or a `.sigstore.json` file")
        };
        let bytes = files::read_if_there(path, MANIFEST_BYTES_MAX)?.ok_or_else(unknown)?;
        let bundle = manifest::parse(path, &bytes)?;
        let statement = Statement::parse(bundle.envelope()?.unverified_payload())?;
        let job = statement.job();
        Ok((job.job.job().clone(), Some(job.profile.profile().clone())))
    }

    fn sign(self, context: &Context, job: JobId, profile: Option<ProfileName>) -> Result<Exit> {
        let location = context.location(&self.trust)?;
        let policy = context.policy(&location)?;
        let Some(name) = self.profile.clone().or(profile) else {
            return Err(refuse(
                "the job's profile is not known",
                "name it with `--profile`, or give the manifest",
            ));
        };
        let account = policy.account().clone();
        let revocation = SignedRevocation {
            job: JobArn::new(account.clone(), job.clone()),
            profile: PublisherArn::every_version(account, name.clone()),
            requested_by: self.principal(context, &policy, &name)?,
            revoked_at: context.now,
            reason_code: self.reason.reason_code,
            reason: self.reason.reason.clone(),
        };
        let path = match &self.out {
            Some(path) => path.clone(),
            None => {
                context.check_editable(&location.directory)?;
                signed::path(&location.directory, &job)
            }
        };
        if path.exists() {
            let message = format!("`{}` is there already", context.shown(&path));
            return Err(refuse(message, "the job is revoked, or name another file with `--out`"));
        }
        let key = context.signing_key(&self.key, policy.account())?;
        files::write(&path, &revocation.sign(&key), Access::Public)?;
        print(&format!("revoked: job {job}, in {}\n", line(&context.shown(&path))))?;
        say(
            "it counts wherever it is found: commit it to the policy's repository, or give it to `verify --revocation`",
        );
        Ok(Exit::Done)
    }

    /// Who the key belongs to, among those who may revoke signatures of the profile now.
    fn principal(
        &self,
        context: &Context,
        policy: &Policy,
        name: &ProfileName,
    ) -> Result<countersign::name::Principal> {
        let key = context.signing_key(&self.key, policy.account())?.public();
        let profile = policy.profile(name)?;
        let mut permissions = profile.iter().flat_map(|profile| profile.permissions_of(&key));
        let found = permissions.find(|each| each.permits(Action::RevokeSignature, context.now));
        found.map(|each| each.principal.clone()).ok_or_else(|| {
            refuse(
                format!(
                    "key {} has no permission `signer:RevokeSignature` on signing profile `{name}`",
                    key.id()
                ),
                "use the key that was permitted, or ask the owner of the policy to revoke the job",
            )
        })
    }
}
