//! `export iam`: what developers may do in AWS, so that no function goes around its CSC.

use anyhow::Result;
use countersign::arn::CscArn;
use countersign::exchange::aws::{AwsAccount, AwsPrincipalPattern, AwsRegion};
use countersign::exchange::iam::{Approved, Form, policy};
use countersign::name::CscId;

use super::{pair, sealed};
use crate::context::{Context, TrustArgs};
use crate::output::{Exit, note, print_json};

/// Arguments of `export iam`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Denied: another CSC or none, detaching, making and changing CSCs and profiles, giving permissions, \
    revoking.\n\n\
    Examples:\n  countersign export iam --csc csc-0123456789abcdefg=arn:aws:lambda:eu-west-1:123456789012:code-signing-config:csc-0abcdef0123456789\n  \
    countersign export iam --as scp --aws-account 123456789012 --region eu-west-1 \\\n    \
    --except 'arn:aws:iam::*:role/security-*'"
)]
pub struct Args {
    /// What the policy is attached to
    #[arg(long = "as", value_enum, value_name = "FORM", default_value = "identity")]
    form: FormArg,
    /// What a sealed CSC is in AWS, once for each; only these are approved
    #[arg(long = "csc", value_name = "ID=ARN", value_parser = pair::<CscId, CscArn>)]
    cscs: Vec<(CscId, CscArn)>,
    /// The account in which every other CSC has the same id as here, as after `import`
    #[arg(long, value_name = "ACCOUNT", requires = "region")]
    aws_account: Option<AwsAccount>,
    /// The region of that account
    #[arg(long, value_name = "REGION", requires = "aws_account")]
    region: Option<AwsRegion>,
    /// Who administers signing, once for each: roles or users that a service control policy leaves out
    #[arg(long = "except", value_name = "ARN")]
    except: Vec<AwsPrincipalPattern>,
    #[command(flatten)]
    trust: TrustArgs,
}

/// What a policy is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum FormArg {
    /// Developers: grants and denies
    Identity,
    /// An account or unit of an organization: denies
    Scp,
    /// Developers, as the most that other policies can grant
    Boundary,
}

impl From<FormArg> for Form {
    fn from(form: FormArg) -> Self {
        match form {
            FormArg::Identity => Self::Identity,
            FormArg::Scp => Self::Scp,
            FormArg::Boundary => Self::Boundary,
        }
    }
}

impl Args {
    /// Prints the policy.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let sealed = sealed(context, &self.trust)?;
        let place = self.aws_account.as_ref().zip(self.region.as_ref());
        let approved = Approved::of(&sealed, &self.cscs, place)?;
        let policy = policy(self.form.into(), &approved, &self.except)?;
        approved.notes().iter().for_each(|text| note(text));
        if self.form == FormArg::Scp && self.except.is_empty() {
            note("nobody in the accounts can administer signing: leave out who does with `--except`");
        }
        print_json(&policy)?;
        Ok(Exit::Done)
    }
}
