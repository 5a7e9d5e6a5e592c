//! `profile cancel` and `profile revoke`: the ends of a version.

use anyhow::Result;
use countersign::arn::ProfileArn;
use countersign::name::{ProfileName, ProfileVersion};
use countersign::policy::edit::EditError;
use countersign::profile::{Profile, Status};
use countersign::revocation::{Revocation, RevokedProfile};
use countersign::time::Timestamp;

use super::super::edit::{self, EditArgs, ReasonArgs, in_the_past};
use crate::complete;
use crate::context::Context;
use crate::output::{Exit, refuse};

/// Arguments of `profile cancel`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Example:\n  \
    countersign profile cancel orders_release")]
pub struct CancelArgs {
    /// Name of the profile
    #[arg(add = complete::profiles())]
    name: ProfileName,
    /// Version to cancel [default: every active version, which ends the profile]
    #[arg(long, value_name = "VERSION")]
    profile_version: Option<ProfileVersion>,
    #[command(flatten)]
    edit: EditArgs,
}

impl CancelArgs {
    /// Cancels the versions.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let (editor, profile) = self.edit.profile(context, &self.name)?;
        let versions = match &self.profile_version {
            Some(version) => vec![known(&profile, version)?],
            None => {
                let current = &profile.current().version;
                let active = profile.versions().iter().filter(|each| each.status == Status::Active);
                let mut versions: Vec<_> = active.map(|each| each.version.clone()).collect();
                if versions.is_empty() {
                    versions.push(current.clone());
                }
                versions
            }
        };
        let cancel = |profile: Profile, version| profile.with_status(version, Status::Canceled);
        let canceled = versions.iter().fold(profile, cancel);
        edit::show(&editor.save_profile(&canceled)?)
    }
}

/// Arguments of `profile revoke`.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "countersign profile revoke [OPTIONS] --effective <TIME>\n       --reason-code <CODE> --reason <TEXT> <NAME>",
    after_help = "\
    After `keyCompromise`, only signatures that the sealed ledger recorded before the effective time stay \
    valid. The other reasons accept the time that a signature claims.\n\n\
    Example:\n  \
    countersign profile revoke orders_release --effective 2026-01-31T12:00:00Z \\\n    \
    --reason-code keyCompromise --reason 'laptop stolen'"
)]
pub struct RevokeArgs {
    /// Name of the profile
    #[arg(add = complete::profiles())]
    name: ProfileName,
    /// Version to revoke [default: the current one]
    #[arg(long, value_name = "VERSION")]
    profile_version: Option<ProfileVersion>,
    /// Time from which signatures are void; a later revocation can only move it earlier
    #[arg(long, value_name = "TIME")]
    effective: Timestamp,
    #[command(flatten)]
    reason: ReasonArgs,
    #[command(flatten)]
    edit: EditArgs,
}

impl RevokeArgs {
    /// Writes the revocation, then the status: what is killed in between denies already.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let (editor, profile) = self.edit.profile(context, &self.name)?;
        let version = match &self.profile_version {
            Some(version) => known(&profile, version)?,
            None => profile.current().version.clone(),
        };
        let account = editor.root().account().clone();
        let is_revoked = profile.version(&version).is_some_and(|each| each.status == Status::Revoked);
        let revocation = Revocation::Profile(RevokedProfile {
            profile: ProfileArn::new(account, self.name, version.clone()),
            effective: in_the_past(self.effective, context.now)?,
            revoked_at: context.now,
            reason_code: self.reason.reason_code,
            reason: self.reason.reason,
        });
        let mut differences = match editor.revoke(&revocation) {
            Err(EditError::Same(_)) if !is_revoked => Vec::new(),
            other => other?,
        };
        if !is_revoked {
            differences.extend(editor.save_profile(&profile.with_status(&version, Status::Revoked))?);
        }
        edit::show(&differences)
    }
}

fn known(profile: &Profile, version: &ProfileVersion) -> Result<ProfileVersion> {
    if profile.version(version).is_some() {
        return Ok(version.clone());
    }
    let versions: Vec<&str> = profile.versions().iter().map(|each| each.version.as_str()).collect();
    let hint = format!("expected one of: {}", versions.join(", "));
    Err(refuse(format!("profile `{}` has no version `{version}`", profile.name()), hint))
}
