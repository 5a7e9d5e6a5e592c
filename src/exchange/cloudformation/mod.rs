//! CloudFormation: the sealed policy as a template, with every property written out.
//!
//! Drift detection compares only the properties that a template has. A template is JSON, which is YAML too.
//! AWS assigns each profile its own version, so publishers of the account's profiles refer to the profiles in
//! the template.
//!
//! ```text
//! Profile…     AWS::Signer::SigningProfile        each profile whose newest version is active
//! Permission…  AWS::Signer::ProfilePermission     each action of each permission of an AWS principal
//! Csc…         AWS::Lambda::CodeSigningConfig     each CSC, and its ARN as an output
//! ```

mod error;
mod logical;
mod permissions;
mod publishers;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

pub use self::error::ExportError;
use super::aws::AwsPrincipal;
use super::sealed::SealedPolicy;
use crate::arn::{ProfileArn, PublisherArn};
use crate::csc::Csc;
use crate::limits::{AWS_DESCRIPTION_CHARS_MAX, TEMPLATE_BYTES_MAX, TEMPLATE_RESOURCES_MAX};
use crate::name::{Principal, ProfileName};
use crate::profile::{Profile, Status};
use crate::time::Timestamp;

/// The AWS equivalents of names in the policy.
#[derive(Debug, Clone, Default)]
pub struct Mapping {
    /// The AWS principal of each principal in the policy.
    pub principals: BTreeMap<Principal, AwsPrincipal>,
    /// The AWS profile version of a publisher; the template does not create that profile.
    pub publishers: BTreeMap<PublisherArn, ProfileArn>,
}

/// A template, and notes on what it omits.
#[derive(Debug)]
pub struct Template {
    /// The template.
    pub body: Value,
    /// What AWS cannot express, and the consequences.
    pub notes: Vec<String>,
}

/// The template of a sealed policy, with the permissions at a time.
pub fn template(sealed: &SealedPolicy, mapping: &Mapping, now: Timestamp) -> Result<Template, ExportError> {
    mapping.check(sealed)?;
    let mut notes = Vec::new();
    let made = made(sealed, mapping, &mut notes);
    let mut resources = Map::new();
    let mut outputs = Map::new();
    for profile in made.values() {
        resources.insert(logical::profile(profile.name()), signing_profile(sealed, profile));
    }
    resources.extend(permissions::resources(sealed, mapping, &made, now, &mut notes)?);
    for csc in sealed.cscs() {
        let publishers = publishers::of(sealed, mapping, &made, csc, &mut notes)?;
        let name = logical::csc(csc.id());
        outputs.insert(format!("{name}Arn"), output(sealed, csc, &name));
        resources.insert(name, code_signing_config(sealed, csc, publishers)?);
    }
    if resources.len() > TEMPLATE_RESOURCES_MAX {
        return Err(ExportError::Resources(resources.len()));
    }
    say_what_is_left(sealed, &mut notes);
    let body = json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": format!("Code signing of account {}, as sealed in snapshot {}", sealed.account(), sealed.version()),
        "Metadata": { "countersign": metadata(sealed) },
        "Resources": resources,
        "Outputs": outputs,
    });
    match body.to_string().len() {
        size if size > TEMPLATE_BYTES_MAX => Err(ExportError::Size { size, limit: TEMPLATE_BYTES_MAX }),
        _ => Ok(Template { body, notes }),
    }
}

impl Mapping {
    /// Refuses to map names that are not in the policy, which would hide a typo.
    fn check(&self, sealed: &SealedPolicy) -> Result<(), ExportError> {
        let permissions = || sealed.profiles().iter().flat_map(Profile::permissions);
        let unknown = |name: &&Principal| permissions().all(|each| each.principal != **name);
        if let Some(name) = self.principals.keys().find(unknown) {
            return Err(ExportError::UnknownPrincipal(name.clone()));
        }
        let unknown = |arn: &&PublisherArn| sealed.cscs().iter().all(|csc| !csc.publishers().contains(arn));
        match self.publishers.keys().find(unknown) {
            Some(arn) => Err(ExportError::UnknownPublisher(arn.clone())),
            None => Ok(()),
        }
    }

    /// Whether the profile exists in AWS already, by a mapping of one of its versions.
    fn places(&self, sealed: &SealedPolicy, name: &ProfileName) -> bool {
        self.publishers.keys().any(|arn| publishers::is_own(sealed, arn) && arn.profile() == name)
    }
}

/// The profiles that the template creates.
fn made<'a>(
    sealed: &'a SealedPolicy,
    mapping: &Mapping,
    notes: &mut Vec<String>,
) -> BTreeMap<&'a ProfileName, &'a Profile> {
    let mut made = BTreeMap::new();
    for profile in sealed.profiles() {
        let name = profile.name();
        match sealed.status(profile) {
            _ if mapping.places(sealed, name) => {
                notes.push(format!("profile `{name}` is not in the template: `--publisher` names it in AWS"));
            }
            Status::Active => drop(made.insert(name, profile)),
            // In AWS a new profile is active, and could sign although nothing is signed with it here.
            status => notes.push(format!("profile `{name}` is {}: not exported", status.name())),
        }
    }
    made
}

fn signing_profile(sealed: &SealedPolicy, profile: &Profile) -> Value {
    let validity = profile.current().validity;
    json!({
        "Type": "AWS::Signer::SigningProfile",
        "Properties": {
            "ProfileName": profile.name().as_str(),
            "PlatformId": profile.platform().name(),
            "SignatureValidityPeriod": { "Type": validity.unit().to_uppercase(), "Value": validity.count() },
            "Tags": tags(sealed, "profile", profile.name().as_str()),
        },
    })
}

fn code_signing_config(
    sealed: &SealedPolicy,
    csc: &Csc,
    publishers: Vec<Value>,
) -> Result<Value, ExportError> {
    let description = csc.description();
    if description.chars().count() > AWS_DESCRIPTION_CHARS_MAX {
        return Err(ExportError::LongDescription(csc.id().clone()));
    }
    // CloudFormation would replace the first with a secret, and linters treat the second as a mistake.
    if ["{{", "${"].iter().any(|mark| description.contains(mark)) {
        return Err(ExportError::DynamicDescription(csc.id().clone()));
    }
    Ok(json!({
        "Type": "AWS::Lambda::CodeSigningConfig",
        "Properties": {
            "Description": description,
            "AllowedPublishers": { "SigningProfileVersionArns": publishers },
            "CodeSigningPolicies": { "UntrustedArtifactOnDeployment": csc.untrusted().name() },
            "Tags": tags(sealed, "csc", csc.id().as_str()),
        },
    }))
}

/// The origin of a resource.
fn tags(sealed: &SealedPolicy, kind: &str, name: &str) -> Value {
    json!([
        { "Key": "countersign:account", "Value": sealed.account().as_str() },
        { "Key": "countersign:snapshot", "Value": sealed.version().to_string() },
        { "Key": format!("countersign:{kind}"), "Value": name },
    ])
}

fn output(sealed: &SealedPolicy, csc: &Csc, name: &str) -> Value {
    json!({
        "Description": format!("The ARN of {} in AWS", csc.id()),
        "Value": { "Fn::GetAtt": [name, "CodeSigningConfigArn"] },
        "Export": { "Name": format!("countersign-{}-{}", sealed.account(), csc.id()) },
    })
}

/// The CSC of each function pattern, for the person who attaches them.
fn metadata(sealed: &SealedPolicy) -> Value {
    let rule = |rule: &crate::function::Rule| json!({ "Pattern": rule.pattern().as_str(), "CodeSigningConfig": logical::csc(rule.csc()) });
    json!({
        "Account": sealed.account().as_str(),
        "Snapshot": sealed.version(),
        "Functions": sealed.functions().rules().iter().map(rule).collect::<Vec<_>>(),
    })
}

fn say_what_is_left(sealed: &SealedPolicy, notes: &mut Vec<String>) {
    match sealed.revocations() {
        0 => {}
        count => notes.push(format!(
            "revocations ({count}) are not exported: in AWS, revoke AWS signatures with `aws signer revoke-signature`"
        )),
    }
    let patterns: BTreeSet<&str> =
        sealed.functions().rules().iter().map(|rule| rule.pattern().as_str()).collect();
    let patterns: Vec<String> = patterns.iter().map(|pattern| format!("`{pattern}`")).collect();
    if !patterns.is_empty() {
        notes.push(format!(
            "the template attaches no functions ({}): set each `CodeSigningConfigArn` to the output of its CSC",
            patterns.join(", ")
        ));
    }
    notes.push(
        "AWS allows functions without a CSC, which countersign denies: deny them with `countersign export iam`"
            .into(),
    );
}
