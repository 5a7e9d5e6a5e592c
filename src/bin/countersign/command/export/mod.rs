//! `countersign export`: the sealed policy in AWS's words.

mod cloudformation;
mod iam;
mod stackset;

use std::fmt::Display;
use std::str::FromStr;

use anyhow::Result;
use countersign::arn::{ProfileArn, PublisherArn};
use countersign::exchange::aws::AwsPrincipal;
use countersign::exchange::cloudformation::{Mapping, Template, template};
use countersign::exchange::sealed::SealedPolicy;
use countersign::name::Principal;

use crate::context::{Context, GlobalArgs, TrustArgs};
use crate::output::{Exit, note, refuse};

/// What the sealed policy can be exported as.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Print a CloudFormation template of profiles, permissions and CSCs
    Cloudformation(cloudformation::Args),
    /// Write a stack set for many accounts: the template and the AWS CLI inputs
    Stackset(stackset::Args),
    /// Print an IAM policy that denies functions without an approved CSC
    Iam(iam::Args),
}

impl Command {
    /// Runs the command.
    pub fn run(self, global: &GlobalArgs) -> Result<Exit> {
        let context = Context::read(global)?;
        match self {
            Self::Cloudformation(args) => args.run(&context),
            Self::Stackset(args) => args.run(&context),
            Self::Iam(args) => args.run(&context),
        }
    }
}

/// What is what in AWS.
#[derive(Debug, clap::Args)]
struct MappingArgs {
    /// AWS account, role or user of a principal; can be repeated. Other principals get no permission in AWS
    #[arg(long = "principal", value_name = "NAME=PRINCIPAL", value_parser = pair::<Principal, AwsPrincipal>)]
    principals: Vec<(Principal, AwsPrincipal)>,
    /// AWS profile version of a publisher; can be repeated. An existing profile of the account is not created
    #[arg(long = "publisher", value_name = "PUBLISHER=ARN", value_parser = publisher)]
    publishers: Vec<(PublisherArn, ProfileArn)>,
}

impl MappingArgs {
    /// Creates the template of the sealed policy, and prints notes about what AWS cannot express.
    fn template(self, context: &Context, trust: &TrustArgs) -> Result<(SealedPolicy, Template)> {
        let sealed = sealed(context, trust)?;
        let mapping =
            Mapping { principals: each_once(self.principals)?, publishers: each_once(self.publishers)? };
        let made = template(&sealed, &mapping, context.now)?;
        made.notes.iter().for_each(|text| note(text));
        Ok((sealed, made))
    }
}

/// The sealed policy.
fn sealed(context: &Context, trust: &TrustArgs) -> Result<SealedPolicy> {
    Ok(SealedPolicy::read(&context.policy(&context.location(trust)?)?)?)
}

/// A map in which nothing was given twice.
fn each_once<K: Ord + Display, V>(pairs: Vec<(K, V)>) -> Result<std::collections::BTreeMap<K, V>> {
    let mut map = std::collections::BTreeMap::new();
    for (name, value) in pairs {
        if map.contains_key(&name) {
            return Err(refuse(format!("`{name}` is specified twice"), "specify it once"));
        }
        map.insert(name, value);
    }
    Ok(map)
}

/// Reads `NAME=VALUE`.
fn pair<A, B>(text: &str) -> Result<(A, B), String>
where
    A: FromStr<Err: Display>,
    B: FromStr<Err: Display>,
{
    let (name, value) = text.split_once('=').ok_or("expected a `=`")?;
    Ok((
        name.parse().map_err(|error: A::Err| error.to_string())?,
        value.parse().map_err(|error: B::Err| error.to_string())?,
    ))
}

fn publisher(text: &str) -> Result<(PublisherArn, ProfileArn), String> {
    let (publisher, arn) = pair::<PublisherArn, ProfileArn>(text)?;
    if arn.owner().is_aws() { Ok((publisher, arn)) } else { Err(format!("`{arn}` is not an AWS ARN")) }
}
