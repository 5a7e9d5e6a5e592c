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
#[command(after_help = "\
    The policy denies functions with another CSC or none, detaching a CSC, changing CSCs and profiles, \
    granting permissions, and revoking.\n\n\
    Examples:\n  \
    countersign export iam --csc csc-0123456789abcdefg=\"$CSC_ARN\"\n  \
    countersign export iam --as scp --aws-account 123456789012 \\\n    \
    --region eu-west-1 --except 'arn:aws:iam::*:role/security-*'")]
pub struct Args {
    /// Kind of IAM policy: `identity` or `boundary` for developers, `scp` for accounts or units
    #[arg(long = "as", value_enum, ignore_case = true, value_name = "FORM", default_value = "identity")]
    form: FormArg,
    /// ARN in AWS of a sealed CSC; can be repeated, and only these are approved
    #[arg(long = "csc", value_name = "ID=ARN", value_parser = pair::<CscId, CscArn>)]
    cscs: Vec<(CscId, CscArn)>,
    /// AWS account in which all other CSCs have the same ids as here, as after `import`
    #[arg(long, value_name = "ACCOUNT", requires = "region")]
    aws_account: Option<AwsAccount>,
    /// Region of those CSCs
    #[arg(long, value_name = "REGION", requires = "aws_account")]
    region: Option<AwsRegion>,
    /// Role or user that administers signing, exempt from a service control policy; can be repeated
    #[arg(long = "except", value_name = "ARN")]
    except: Vec<AwsPrincipalPattern>,
    #[command(flatten)]
    trust: TrustArgs,
}

/// What a policy is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum FormArg {
    Identity,
    Scp,
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
            note("no one in the accounts can administer signing: exempt the administrators with `--except`");
        }
        print_json(&policy)?;
        Ok(Exit::Done)
    }
}
