//! AWS answers: the output of `aws lambda` and `aws signer` commands, parsed strictly.
//!
//! ```text
//! get-code-signing-config     { "CodeSigningConfig": { … } }
//! list-code-signing-configs   { "CodeSigningConfigs": [ … ] }
//! get-signing-profile         { "profileName": …, "profileVersion": …, "status": …, … }
//! list-profile-permissions    { "permissions": [ { "statementId": …, "action": …, "principal": … } ] }
//! ```
//! Fields that AWS adds later could change the meaning of others, so unknown ones are refused. An incomplete
//! list is refused too, since missing items would look as if they did not exist.

use std::path::Path;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use crate::arn::{CscArn, Owner, ProfileArn, PublisherArn};
use crate::csc::{Publishers, Untrusted};
use crate::document::{self, DocumentError};
use crate::limits::AWS_DESCRIPTION_CHARS_MAX;
use crate::name::{CscId, Principal, ProfileName, ProfileVersion, StatementId};
use crate::profile::Status;
use crate::provenance::Platform;
use crate::time::Period;

/// The content of one file.
#[derive(Debug)]
pub enum Answer {
    /// CSCs.
    Cscs(Vec<AwsCsc>),
    /// A signing profile.
    Profile(AwsProfile),
    /// The permissions of a signing profile that the file does not name.
    Permissions(Vec<AwsPermission>),
}

/// A CSC in AWS.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct AwsCsc {
    /// Its id, which it keeps.
    #[serde(rename = "CodeSigningConfigId")]
    pub id: CscId,
    #[serde(rename = "CodeSigningConfigArn")]
    arn: CscArn,
    /// Its purpose.
    #[serde(default)]
    pub description: Option<String>,
    allowed_publishers: AllowedPublishers,
    code_signing_policies: CodeSigningPolicies,
    #[serde(default)]
    last_modified: Ignored,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct AllowedPublishers {
    signing_profile_version_arns: Publishers,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct CodeSigningPolicies {
    untrusted_artifact_on_deployment: Untrusted,
}

impl AwsCsc {
    /// The allowed publishers.
    pub fn publishers(&self) -> &Publishers {
        &self.allowed_publishers.signing_profile_version_arns
    }

    /// The handling of untrusted artifacts.
    pub fn untrusted(&self) -> Untrusted {
        self.code_signing_policies.untrusted_artifact_on_deployment
    }

    fn check(&self) -> Result<(), String> {
        let id = &self.id;
        if self.arn.id() != id || !self.arn.owner().is_aws() {
            return Err(format!("`{}` is not the AWS ARN of `{id}`", self.arn));
        }
        if self.description.as_ref().is_some_and(|text| text.chars().count() > AWS_DESCRIPTION_CHARS_MAX) {
            return Err(format!(
                "the description of `{id}` has more than {AWS_DESCRIPTION_CHARS_MAX} characters"
            ));
        }
        let of_aws = |arn: &&PublisherArn| arn.owner().is_aws() && arn.version().is_some();
        match self.publishers().all().iter().find(|arn| !of_aws(arn)) {
            Some(arn) => Err(format!("the publisher `{arn}` of `{id}` is not an AWS profile version")),
            None => Ok(()),
        }
    }
}

/// A signing profile in AWS.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AwsProfile {
    /// Its name, which it keeps.
    #[serde(rename = "profileName")]
    pub name: ProfileName,
    /// Its version, which it keeps.
    #[serde(rename = "profileVersion")]
    pub version: ProfileVersion,
    /// Whether it can sign.
    pub status: Status,
    platform_id: Platform,
    signature_validity_period: Validity,
    #[serde(default)]
    arn: Ignored,
    #[serde(default)]
    profile_version_arn: Option<ProfileArn>,
    #[serde(default)]
    platform_display_name: Ignored,
    #[serde(default)]
    revocation_record: Ignored,
    #[serde(default)]
    status_reason: Ignored,
    #[serde(default)]
    signing_parameters: Ignored,
    #[serde(default)]
    tags: Ignored,
    #[serde(default, rename = "ResponseMetadata")]
    response_metadata: Ignored,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Validity {
    value: u16,
    #[serde(rename = "type")]
    unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Unit {
    Days,
    Months,
    Years,
}

impl AwsProfile {
    /// How long its signatures are valid.
    pub fn validity(&self) -> Period {
        let Validity { value, unit } = self.signature_validity_period;
        match unit {
            Unit::Days => Period::days(value),
            Unit::Months => Period::months(value),
            Unit::Years => Period::years(value),
        }
    }

    /// Its owner, if the answer has one.
    pub fn owner(&self) -> Option<&Owner> {
        self.profile_version_arn.as_ref().map(ProfileArn::owner)
    }

    fn check(&self) -> Result<(), String> {
        let same = |arn: &ProfileArn| {
            *arn.profile() == self.name && *arn.version() == self.version && arn.owner().is_aws()
        };
        match &self.profile_version_arn {
            Some(arn) if !same(arn) => Err(format!("`{arn}` is not the AWS ARN of `{}`", self.name)),
            _ if self.signature_validity_period.value == 0 => {
                Err(format!("the validity of `{}` is 0", self.name))
            }
            _ => Ok(()),
        }
    }
}

/// A profile permission in AWS.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AwsPermission {
    /// Its name.
    pub statement_id: StatementId,
    /// The permitted action; AWS has actions that do not exist here.
    pub action: String,
    /// The permitted principal.
    pub principal: Principal,
    /// The version that it is for; all versions if absent.
    #[serde(default)]
    pub profile_version: Option<ProfileVersion>,
}

/// A value that is not used.
#[derive(Debug, Default)]
struct Ignored;

impl PartialEq for Ignored {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<'de> Deserialize<'de> for Ignored {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct GetCsc {
    code_signing_config: AwsCsc,
    #[serde(default, rename = "ResponseMetadata")]
    _response_metadata: Ignored,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct ListCscs {
    code_signing_configs: Vec<AwsCsc>,
    #[serde(default)]
    next_marker: Option<IgnoredAny>,
    #[serde(default)]
    next_token: Option<IgnoredAny>,
    #[serde(default, rename = "ResponseMetadata")]
    _response_metadata: Ignored,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ListPermissions {
    permissions: Vec<AwsPermission>,
    #[serde(default)]
    next_token: Option<IgnoredAny>,
    #[serde(default, rename = "NextToken")]
    cli_next_token: Option<IgnoredAny>,
    #[serde(default, rename = "revisionId")]
    _revision_id: Ignored,
    #[serde(default, rename = "policySizeBytes")]
    _policy_size_bytes: Ignored,
    #[serde(default, rename = "ResponseMetadata")]
    _response_metadata: Ignored,
}

/// The fields that distinguish the answers.
#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "CodeSigningConfig")]
    csc: Option<IgnoredAny>,
    #[serde(rename = "CodeSigningConfigs")]
    cscs: Option<IgnoredAny>,
    #[serde(rename = "profileName")]
    profile: Option<IgnoredAny>,
    permissions: Option<IgnoredAny>,
}

/// Parses a file with these bytes.
pub fn read(path: &Path, bytes: &[u8]) -> Result<Answer, DocumentError> {
    parse(bytes).map_err(|message| DocumentError::new(path, message))
}

fn parse(bytes: &[u8]) -> Result<Answer, String> {
    let kind: Kind =
        if bytes.trim_ascii_start().starts_with(b"{") { json(bytes)? } else { return Err(NONE.into()) };
    let ended = |on: bool| {
        if on { Err("the list is incomplete: further pages are missing".to_owned()) } else { Ok(()) }
    };
    Ok(match (kind.csc, kind.cscs, kind.profile, kind.permissions) {
        (Some(_), None, None, None) => {
            Answer::Cscs(checked(vec![json::<GetCsc>(bytes)?.code_signing_config])?)
        }
        (None, Some(_), None, None) => {
            let list: ListCscs = json(bytes)?;
            ended(list.next_marker.is_some() || list.next_token.is_some())?;
            Answer::Cscs(checked(list.code_signing_configs)?)
        }
        (None, None, Some(_), None) => {
            let profile: AwsProfile = json(bytes)?;
            profile.check()?;
            Answer::Profile(profile)
        }
        (None, None, None, Some(_)) => {
            let list: ListPermissions = json(bytes)?;
            ended(list.next_token.is_some() || list.cli_next_token.is_some())?;
            Answer::Permissions(list.permissions)
        }
        _ => return Err(NONE.into()),
    })
}

const NONE: &str = "expected the output of one of: `get-code-signing-config`, `list-code-signing-configs`, `get-signing-profile`, `list-profile-permissions`";

fn checked(cscs: Vec<AwsCsc>) -> Result<Vec<AwsCsc>, String> {
    cscs.iter().try_for_each(AwsCsc::check)?;
    Ok(cscs)
}

fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    document::parse_foreign_json(bytes).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSC: &str = r#"{"CodeSigningConfig":{"CodeSigningConfigId":"csc-0123456789abcdefg",
        "CodeSigningConfigArn":"arn:aws:lambda:eu-west-1:123456789012:code-signing-config:csc-0123456789abcdefg",
        "Description":"orders","AllowedPublishers":{"SigningProfileVersionArns":
        ["arn:aws:signer:eu-west-1:123456789012:/signing-profiles/release/a1b2c3d4e5"]},
        "CodeSigningPolicies":{"UntrustedArtifactOnDeployment":"Enforce"},"LastModified":"2026-01-31T12:00:00Z"}}"#;

    const PROFILE: &str = r#"{"profileName":"release","profileVersion":"a1b2c3d4e5","status":"Active",
        "platformId":"AWSLambda-SHA384-ECDSA","signatureValidityPeriod":{"value":135,"type":"MONTHS"},
        "arn":"arn:aws:signer:eu-west-1:123456789012:/signing-profiles/release"}"#;

    fn wrong(text: &str, from: &str, to: &str, why: &str) {
        assert!(text.contains(from), "{from}");
        let error = parse(text.replace(from, to).as_bytes()).map(|_| ()).unwrap_err();
        assert!(error.contains(why), "{to}: {error}");
    }

    #[test]
    fn answers_are_told_apart() {
        assert!(matches!(parse(CSC.as_bytes()), Ok(Answer::Cscs(cscs)) if cscs.len() == 1));
        assert!(matches!(parse(PROFILE.as_bytes()), Ok(Answer::Profile(_))));
        assert!(matches!(parse(br#"{"CodeSigningConfigs":[]}"#), Ok(Answer::Cscs(cscs)) if cscs.is_empty()));
        assert!(matches!(parse(br#"{"permissions":[]}"#), Ok(Answer::Permissions(_))));
    }

    #[test]
    fn what_is_not_quite_an_answer_is_refused() {
        for text in ["", "null", "[]", "{}", "0", "{\"CodeSigningConfig\":null}", "[{\"permissions\":[]}]"] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        wrong(CSC, "\"Description\"", "\"Descr\"", "unknown field");
        wrong(CSC, "\"Enforce\"", "\"Ignore\"", "unknown variant");
        wrong(CSC, "\"Enforce\"", "\"Enforce\",\"X\":1", "unknown field");
        wrong(
            CSC,
            "\"Enforce\"",
            "\"Enforce\",\"UntrustedArtifactOnDeployment\":\"Warn\"",
            "duplicate field",
        );
        wrong(CSC, "release/a1b2c3d4e5", "release/*", "not an AWS profile version");
        wrong(
            CSC,
            "arn:aws:signer:eu-west-1:123456789012:",
            "arn:countersign:signer::acme:",
            "not an AWS profile version",
        );
        wrong(CSC, "config:csc-0123456789abcdefg", "config:csc-00000000000000000", "is not the AWS ARN of");
        wrong(
            CSC,
            "[\"arn:aws:signer:eu-west-1:123456789012:/signing-profiles/release/a1b2c3d4e5\"]",
            "[]",
            "0 allowed",
        );
        wrong(PROFILE, "AWSLambda-SHA384-ECDSA", "Notation-OCI-SHA384-ECDSA", "Notation");
        wrong(PROFILE, "135", "0", "is 0");
        wrong(PROFILE, "135", "-1", "-1");
        wrong(PROFILE, "\"release\"", "\"../x\"", "not a signing profile name");
        wrong(PROFILE, "\"arn\"", "\"signingMaterial\"", "unknown field");
    }

    #[test]
    fn a_list_that_goes_on_is_refused() {
        for text in [
            r#"{"CodeSigningConfigs":[],"NextMarker":"x"}"#,
            r#"{"CodeSigningConfigs":[],"NextToken":"x"}"#,
            r#"{"permissions":[],"nextToken":"x"}"#,
            r#"{"permissions":[],"NextToken":"x"}"#,
        ] {
            assert_eq!(
                parse(text.as_bytes()).map(|_| ()),
                Err("the list is incomplete: further pages are missing".into()),
                "{text}"
            );
        }
    }
}
