//! `countersign profile`: signing profiles, their versions, and who may sign with them.

mod list;
mod permit;
mod status;

use anyhow::Result;
use countersign::limits::VALIDITY_MONTHS;
use countersign::name::ProfileName;
use countersign::profile::change::CancelOld;
use countersign::profile::{Profile, Status, Version};
use countersign::time::{Period, Timestamp};

use super::edit::{self, EditArgs, editor};
use crate::complete;
use crate::context::{Context, GlobalArgs, TrustArgs};
use crate::output::{Exit, refuse};

/// What can be done with signing profiles.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Create a signing profile; its name can never be reused
    Create(CreateArgs),
    /// List the signing profiles of the account
    List(list::ListArgs),
    /// Show the versions and permissions of a profile
    Show(list::ShowArgs),
    /// Create a new version, which signs from now on
    Rotate(RotateArgs),
    /// Cancel a version: it cannot sign any more; its signatures stay valid
    Cancel(status::CancelArgs),
    /// Revoke a version: its signatures from a given time on are invalid
    Revoke(status::RevokeArgs),
    /// Permit a principal to sign, or to revoke signatures
    Permit(permit::PermitArgs),
    /// End a permission; earlier signatures stay valid
    Forbid(permit::ForbidArgs),
}

impl Command {
    /// Runs the command.
    pub fn run(self, global: &GlobalArgs) -> Result<Exit> {
        let context = Context::read(global)?;
        match self {
            Self::Create(args) => args.run(&context),
            Self::List(args) => args.run(&context),
            Self::Show(args) => args.run(&context),
            Self::Rotate(args) => args.run(&context),
            Self::Cancel(args) => args.run(&context),
            Self::Revoke(args) => args.run(&context),
            Self::Permit(args) => args.run(&context),
            Self::Forbid(args) => args.run(&context),
        }
    }
}

/// Arguments of `profile create`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Examples:\n  \
    countersign profile create orders_release\n  \
    countersign profile create orders_release --validity '1 year'")]
pub struct CreateArgs {
    /// Name: 2 to 64 of A-Z, a-z, 0-9 and _
    name: ProfileName,
    /// Validity of the profile's signatures, in days, months or years, up to 135 months
    #[arg(long, value_name = "PERIOD", default_value = "135 months")]
    validity: Period,
    #[command(flatten)]
    trust: TrustArgs,
}

impl CreateArgs {
    fn run(self, context: &Context) -> Result<Exit> {
        let editor = editor(context, &self.trust)?;
        let profile = Profile::new(self.name, new_version(self.validity, context.now)?, Vec::new());
        edit::show(&editor.create_profile(&profile)?)
    }
}

/// Arguments of `profile rotate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Example:\n  \
    countersign profile rotate orders_release --cancel-old")]
pub struct RotateArgs {
    /// Name of the profile
    #[arg(add = complete::profiles())]
    name: ProfileName,
    /// Validity of the new version's signatures [default: that of the old version]
    #[arg(long, value_name = "PERIOD")]
    validity: Option<Period>,
    /// Cancel the current version
    #[arg(long)]
    cancel_old: bool,
    #[command(flatten)]
    edit: EditArgs,
}

impl RotateArgs {
    fn run(self, context: &Context) -> Result<Exit> {
        let (editor, profile) = self.edit.profile(context, &self.name)?;
        let cancel_old = if self.cancel_old { CancelOld::Yes } else { CancelOld::No };
        if self.cancel_old && profile.current().status != Status::Active {
            let message = format!("version {} of `{}` is not active", profile.current().version, self.name);
            return Err(refuse(message, "remove `--cancel-old`"));
        }
        let version = new_version(self.validity.unwrap_or(profile.current().validity), context.now)?;
        edit::show(&editor.save_profile(&profile.rotated(version, cancel_old))?)
    }
}

fn new_version(validity: Period, now: Timestamp) -> Result<Version> {
    if now.plus(validity) > now.plus(Period::months(VALIDITY_MONTHS)) {
        let message = format!("a validity of {validity} is over {VALIDITY_MONTHS} months");
        return Err(refuse(message, "choose a shorter `--validity`"));
    }
    Ok(Version {
        version: countersign::random::profile_version(),
        status: Status::Active,
        created: now,
        validity,
    })
}
