//! ARNs: the full names of profiles, jobs, CSCs and layers, ours (`arn:countersign:…`) and AWS's.
//!
//! ```text
//! arn:countersign:signer::ACCOUNT:/signing-profiles/NAME/VERSION
//! arn:countersign:signer::ACCOUNT:/signing-jobs/UUID
//! arn:countersign:lambda::ACCOUNT:code-signing-config:csc-…
//! arn:countersign:lambda::ACCOUNT:layer:NAME:N
//! ```
//! AWS's have the same shape with the partition `aws`, `aws-cn` or `aws-us-gov`, and a region.

use std::fmt;
use std::str::FromStr;

use crate::name::{AccountName, ArtifactName, CscId, JobId, ProfileName, ProfileVersion};

/// Why a text is not the ARN it is meant to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {what}")]
pub struct ArnError {
    what: &'static str,
    text: String,
}

/// The owner of a named thing: partition, region and account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner {
    partition: &'static str,
    region: String,
    account: AccountName,
}

/// The partitions: ours, and AWS's.
const PARTITIONS: [&str; 4] = ["countersign", "aws", "aws-cn", "aws-us-gov"];

impl Owner {
    /// An account in countersign's own partition, which has no regions.
    pub fn countersign(account: AccountName) -> Self {
        Self { partition: "countersign", region: String::new(), account }
    }

    /// The account's name.
    pub fn account(&self) -> &AccountName {
        &self.account
    }

    /// Whether this is an AWS account, by its number, in a partition of AWS.
    pub fn is_aws(&self) -> bool {
        let account = self.account.as_str();
        self.partition != "countersign" && account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit())
    }

    /// Splits `arn:PARTITION:SERVICE:REGION:ACCOUNT:REST` for one service.
    fn split<'a>(text: &'a str, service: &str) -> Option<(Self, &'a str)> {
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next();
        let (arn, partition, found, region) = (next()?, next()?, next()?, next()?);
        let (account, rest) = (next()?.parse::<AccountName>().ok()?, next()?);
        let partition = PARTITIONS.into_iter().find(|known| *known == partition)?;
        let place = match partition {
            "countersign" => region.is_empty(),
            _ => {
                let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
                (1..=32).contains(&region.len()) && region.bytes().all(inner)
            }
        };
        let owner = Self { partition, region: region.into(), account };
        (arn == "arn" && found == service && place).then_some((owner, rest))
    }

    fn prefix(&self, service: &str) -> String {
        format!("arn:{}:{service}:{}:{}", self.partition, self.region, self.account)
    }
}

impl fmt::Display for Owner {
    /// The account, with the partition and region of an AWS account.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.partition {
            "countersign" => write!(f, "account `{}`", self.account),
            partition => {
                write!(
                    f,
                    "AWS account `{}` (partition `{partition}`, region `{}`)",
                    self.account, self.region
                )
            }
        }
    }
}

macro_rules! arn_text {
    ($name:ident is $what:literal) => {
        impl FromStr for $name {
            type Err = ArnError;

            fn from_str(text: &str) -> Result<Self, ArnError> {
                let fail = || ArnError { what: $what, text: crate::shown::shortened(text).into_owned() };
                Self::read(text).ok_or_else(fail)
            }
        }

        crate::text_form!($name);
    };
}

/// One version of a signing profile.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProfileArn {
    owner: Owner,
    profile: ProfileName,
    version: ProfileVersion,
}

impl ProfileArn {
    /// The ARN of a version of one of an account's profiles.
    pub fn new(account: AccountName, profile: ProfileName, version: ProfileVersion) -> Self {
        Self { owner: Owner::countersign(account), profile, version }
    }

    /// The owner of the profile.
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// The profile's name.
    pub fn profile(&self) -> &ProfileName {
        &self.profile
    }

    /// The profile's version.
    pub fn version(&self) -> &ProfileVersion {
        &self.version
    }

    fn read(text: &str) -> Option<Self> {
        let (owner, rest) = Owner::split(text, "signer")?;
        let (profile, version) = rest.strip_prefix("/signing-profiles/")?.split_once('/')?;
        Some(Self { owner, profile: profile.parse().ok()?, version: version.parse().ok()? })
    }
}

impl fmt::Display for ProfileArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = self.owner.prefix("signer");
        write!(f, "{prefix}:/signing-profiles/{}/{}", self.profile, self.version)
    }
}

arn_text!(ProfileArn is "a signing profile version ARN such as `arn:countersign:signer::ACCOUNT:/signing-profiles/NAME/VERSION`");

/// A publisher that a CSC allows: one version of a profile, or with `/*` all versions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublisherArn {
    owner: Owner,
    profile: ProfileName,
    version: Option<ProfileVersion>,
}

impl PublisherArn {
    /// All versions of one of an account's profiles.
    pub fn every_version(account: AccountName, profile: ProfileName) -> Self {
        Self { owner: Owner::countersign(account), profile, version: None }
    }

    /// The owner of the profile.
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// The profile's name.
    pub fn profile(&self) -> &ProfileName {
        &self.profile
    }

    /// The profile's version; `None` stands for all versions.
    pub fn version(&self) -> Option<&ProfileVersion> {
        self.version.as_ref()
    }

    /// The same profile and version, owned by an account.
    pub fn owned_by(&self, account: AccountName) -> Self {
        Self { owner: Owner::countersign(account), ..self.clone() }
    }

    /// Whether the profile is of this account in countersign's partition.
    pub fn is_of(&self, account: &AccountName) -> bool {
        self.owner == Owner::countersign(account.clone())
    }

    /// Whether this publisher is the profile version, or all versions of its profile.
    pub fn allows(&self, arn: &ProfileArn) -> bool {
        self.owner == arn.owner
            && self.profile == arn.profile
            && self.version.as_ref().is_none_or(|version| *version == arn.version)
    }

    fn read(text: &str) -> Option<Self> {
        let (owner, rest) = Owner::split(text, "signer")?;
        let (profile, version) = rest.strip_prefix("/signing-profiles/")?.split_once('/')?;
        let version = if version == "*" { None } else { Some(version.parse().ok()?) };
        Some(Self { owner, profile: profile.parse().ok()?, version })
    }
}

impl fmt::Display for PublisherArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = self.version.as_ref().map_or("*", ProfileVersion::as_str);
        write!(f, "{}:/signing-profiles/{}/{version}", self.owner.prefix("signer"), self.profile)
    }
}

arn_text!(PublisherArn is "an allowed publisher such as `arn:countersign:signer::ACCOUNT:/signing-profiles/NAME/VERSION` or `…/NAME/*`");

/// One signing job.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobArn {
    owner: Owner,
    job: JobId,
}

impl JobArn {
    /// The ARN of one of an account's jobs.
    pub fn new(account: AccountName, job: JobId) -> Self {
        Self { owner: Owner::countersign(account), job }
    }

    /// The owner of the job.
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// The job's id.
    pub fn job(&self) -> &JobId {
        &self.job
    }

    fn read(text: &str) -> Option<Self> {
        let (owner, rest) = Owner::split(text, "signer")?;
        Some(Self { owner, job: rest.strip_prefix("/signing-jobs/")?.parse().ok()? })
    }
}

impl fmt::Display for JobArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:/signing-jobs/{}", self.owner.prefix("signer"), self.job)
    }
}

arn_text!(JobArn is "a signing job ARN such as `arn:countersign:signer::ACCOUNT:/signing-jobs/UUID`");

/// One code signing config.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CscArn {
    owner: Owner,
    id: CscId,
}

impl CscArn {
    /// The ARN of one of an account's CSCs.
    pub fn new(account: AccountName, id: CscId) -> Self {
        Self { owner: Owner::countersign(account), id }
    }

    /// The owner of the CSC.
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// The CSC's id.
    pub fn id(&self) -> &CscId {
        &self.id
    }

    fn read(text: &str) -> Option<Self> {
        let (owner, rest) = Owner::split(text, "lambda")?;
        Some(Self { owner, id: rest.strip_prefix("code-signing-config:")?.parse().ok()? })
    }
}

impl fmt::Display for CscArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:code-signing-config:{}", self.owner.prefix("lambda"), self.id)
    }
}

arn_text!(CscArn is "a code signing config ARN such as `arn:countersign:lambda::ACCOUNT:code-signing-config:csc-…`");

/// One version of a layer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LayerArn {
    owner: Owner,
    layer: ArtifactName,
    number: u64,
}

impl LayerArn {
    /// The ARN of a version of one of an account's layers.
    pub fn new(account: AccountName, layer: ArtifactName, number: u64) -> Self {
        Self { owner: Owner::countersign(account), layer, number }
    }

    /// The owner of the layer.
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// The layer's name.
    pub fn layer(&self) -> &ArtifactName {
        &self.layer
    }

    /// The layer's version number, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    fn read(text: &str) -> Option<Self> {
        let (owner, rest) = Owner::split(text, "lambda")?;
        let (layer, number) = rest.strip_prefix("layer:")?.split_once(':')?;
        let parsed = number.parse().ok().filter(|n: &u64| *n > 0 && n.to_string() == number)?;
        Some(Self { owner, layer: layer.parse().ok()?, number: parsed })
    }
}

impl fmt::Display for LayerArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:layer:{}:{}", self.owner.prefix("lambda"), self.layer, self.number)
    }
}

arn_text!(LayerArn is "a layer version ARN such as `arn:countersign:lambda::ACCOUNT:layer:NAME:1`");

#[cfg(test)]
mod tests {
    use super::*;

    fn same<T: FromStr + ToString>(text: &str) -> bool {
        text.parse::<T>().is_ok_and(|arn| arn.to_string() == text)
    }

    #[test]
    fn ours_and_aws_are_read_and_written_alike() {
        assert!(same::<ProfileArn>("arn:countersign:signer::acme:/signing-profiles/release/a1b2c3d4e5"));
        assert!(same::<ProfileArn>(
            "arn:aws:signer:eu-west-1:123456789012:/signing-profiles/release/a1b2c3d4e5"
        ));
        assert!(same::<PublisherArn>("arn:countersign:signer::acme:/signing-profiles/release/*"));
        assert!(same::<JobArn>(
            "arn:countersign:signer::acme:/signing-jobs/3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b10"
        ));
        assert!(same::<CscArn>("arn:countersign:lambda::acme:code-signing-config:csc-0123456789abcdefg"));
        assert!(same::<LayerArn>("arn:countersign:lambda::acme:layer:base:12"));
    }

    #[test]
    fn what_is_not_quite_one_is_refused() {
        for text in [
            "arn:countersign:signer:eu:acme:/signing-profiles/release/a1b2c3d4e5",
            "arn:countersign:signer::acme:/signing-profiles/release",
            "arn:countersign:signer::acme:/signing-profiles/release/*",
            "arn:countersign:signer::../x:/signing-profiles/release/a1b2c3d4e5",
            "arn:countersign:lambda::acme:/signing-profiles/release/a1b2c3d4e5",
            "arn:other:signer::acme:/signing-profiles/release/a1b2c3d4e5",
            "arn:aws:signer::123456789012:/signing-profiles/release/a1b2c3d4e5",
        ] {
            assert!(text.parse::<ProfileArn>().is_err(), "{text}");
        }
        assert!("arn:countersign:lambda::acme:layer:base:0".parse::<LayerArn>().is_err());
        assert!("arn:countersign:lambda::acme:layer:base:01".parse::<LayerArn>().is_err());
    }

    #[test]
    fn a_star_stands_for_versions_of_its_own_profile_only() {
        let star: PublisherArn = "arn:countersign:signer::acme:/signing-profiles/release/*".parse().unwrap();
        let profile = |text: &str| text.parse::<ProfileArn>().unwrap();
        assert!(star.allows(&profile("arn:countersign:signer::acme:/signing-profiles/release/a1b2c3d4e5")));
        assert!(!star.allows(&profile("arn:countersign:signer::other:/signing-profiles/release/a1b2c3d4e5")));
        assert!(!star.allows(&profile("arn:countersign:signer::acme:/signing-profiles/release2/a1b2c3d4e5")));
        assert!(!star.allows(&profile("arn:aws:signer:eu-west-1:acme:/signing-profiles/release/a1b2c3d4e5")));
    }
}
