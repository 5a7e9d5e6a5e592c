//! The signing profile: a publisher identity, its versions, and who can sign with it.
//!
//! ```toml
//! name = "release"
//! platform = "AWSLambda-SHA384-ECDSA"
//! revision = 1
//!
//! [[version]]
//! version = "a1b2c3d4e5"
//! status = "Active"              # or "Canceled", "Revoked"
//! created = "2026-01-31T12:00:00Z"
//! validity = "135 months"        # how long its signatures are valid
//!
//! [[permission]]
//! statement_id = "ci"
//! principal = "ci@example.com"
//! actions = ["signer:StartSigningJob"]
//! key = "-----BEGIN PUBLIC KEY-----\n…"
//! not_before = "2026-01-31T12:00:00Z"
//! not_after = "2027-01-31T12:00:00Z"   # optional
//! ```

pub mod change;

use std::collections::BTreeSet;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::crypto::key::{KeyId, PublicKey};
use crate::document::format::{self, Format};
use crate::document::{self, DocumentError};
use crate::limits::VALIDITY_MONTHS;
use crate::name::{Principal, ProfileName, ProfileVersion, StatementId, UnknownWord};
use crate::provenance::Platform;
use crate::statement::{self, Statement};
use crate::time::{Period, Timestamp};

/// A signing profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    #[serde(default, skip_serializing_if = "Format::is_absent")]
    format: Format<{ format::PROFILE }>,
    name: ProfileName,
    platform: Platform,
    revision: u64,
    version: Vec<Version>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    permission: Vec<Permission>,
}

/// One version of a profile; only its status can change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// The version's name.
    pub version: ProfileVersion,
    /// Whether it can sign.
    pub status: Status,
    /// When it was created.
    pub created: Timestamp,
    /// How long its signatures are valid.
    pub validity: Period,
}

/// Whether a profile version can sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// It can.
    Active,
    /// It can no longer sign; its signatures stay valid.
    Canceled,
    /// It can no longer sign, and a revocation has the time from which its signatures are void.
    Revoked,
}

/// A statement that permits a principal an action on a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permission {
    /// The statement's name.
    pub statement_id: StatementId,
    /// The permitted principal.
    pub principal: Principal,
    /// The permitted actions.
    pub actions: BTreeSet<Action>,
    /// The key that the principal signs with.
    pub key: PublicKey,
    /// When the permission starts.
    pub not_before: Timestamp,
    /// When the permission ends; never if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Timestamp>,
}

/// An action on a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Action {
    /// To sign.
    #[serde(rename = "signer:StartSigningJob")]
    StartSigningJob,
    /// To revoke signatures of the profile.
    #[serde(rename = "signer:RevokeSignature")]
    RevokeSignature,
}

impl Status {
    /// The status in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Canceled => "Canceled",
            Self::Revoked => "Revoked",
        }
    }
}

impl Action {
    /// The action in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::StartSigningJob => "signer:StartSigningJob",
            Self::RevokeSignature => "signer:RevokeSignature",
        }
    }
}

impl FromStr for Action {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let known = [Self::StartSigningJob, Self::RevokeSignature];
        let found = known.into_iter().find(|action| action.name() == text);
        found.ok_or_else(|| UnknownWord::new("valid", text, known.map(Self::name)))
    }
}

impl Statement for Permission {
    fn statement_id(&self) -> &StatementId {
        &self.statement_id
    }

    fn not_after(&self) -> Option<Timestamp> {
        self.not_after
    }

    fn ending(self, end: Option<Timestamp>) -> Self {
        Self { not_after: end, ..self }
    }
}

impl Permission {
    /// Whether the permission permits its principal the action at a time.
    pub fn permits(&self, action: Action, at: Timestamp) -> bool {
        self.actions.contains(&action) && self.not_before <= at && self.not_after.is_none_or(|end| at < end)
    }
}

impl Profile {
    /// A new profile with one version and its first permissions.
    pub fn new(name: ProfileName, version: Version, permission: Vec<Permission>) -> Self {
        Self {
            format: Format::default(),
            name,
            platform: Platform::AwsLambdaSha384Ecdsa,
            revision: 1,
            version: vec![version],
            permission,
        }
    }

    /// Parses the document of the profile with this name.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, DocumentError> {
        let profile: Self = document::from_versioned_toml(format::PROFILE, path, bytes)?;
        let fail = |message: String| Err(DocumentError::new(path, message));
        if path.file_stem().and_then(|stem| stem.to_str()) != Some(profile.name.as_str()) {
            return fail(format!("`name` is `{}`, which differs from the file name", profile.name));
        }
        let versions: BTreeSet<_> = profile.version.iter().map(|version| &version.version).collect();
        if versions.len() != profile.version.len() || versions.is_empty() {
            return fail("expected at least one version, with distinct names".into());
        }
        if !statement::are_distinct(&profile.permission) {
            return fail("two permissions have the same `statement_id`".into());
        }
        let start = Timestamp::from_unix(0).unwrap_or(profile.version[0].created);
        let longest = start.plus(Period::months(VALIDITY_MONTHS));
        match profile.version.iter().find(|version| start.plus(version.validity) > longest) {
            Some(long) => {
                fail(format!("validity is {}, over the limit of {VALIDITY_MONTHS} months", long.validity))
            }
            None => Ok(profile),
        }
    }

    /// The profile's document.
    pub fn to_toml(&self) -> String {
        document::to_toml(self)
    }

    /// The profile's name.
    pub fn name(&self) -> &ProfileName {
        &self.name
    }

    /// The platform that it signs for.
    pub fn platform(&self) -> Platform {
        self.platform
    }

    /// The versions, oldest first.
    pub fn versions(&self) -> &[Version] {
        &self.version
    }

    /// The version that signs: the newest.
    pub fn current(&self) -> &Version {
        &self.version[self.version.len() - 1]
    }

    /// The version with this name.
    pub fn version(&self, version: &ProfileVersion) -> Option<&Version> {
        self.version.iter().find(|each| each.version == *version)
    }

    /// The permissions.
    pub fn permissions(&self) -> &[Permission] {
        &self.permission
    }

    /// The document's revision.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The permission with this statement id.
    pub fn permission(&self, id: &StatementId) -> Option<&Permission> {
        statement::find(&self.permission, id)
    }

    /// Whether a permission permits the principal, with this key, the action at a time.
    pub fn lets(&self, principal: &Principal, key: &KeyId, action: Action, at: Timestamp) -> bool {
        let of_key = |each: &&Permission| each.key.id() == *key && each.principal == *principal;
        self.permission.iter().filter(of_key).any(|each| each.permits(action, at))
    }

    /// The permissions for a key.
    pub fn permissions_of(&self, key: &PublicKey) -> impl Iterator<Item = &Permission> {
        self.permission.iter().filter(move |permission| permission.key == *key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSION: &str = "[[version]]\nversion = 'a1b2c3d4e5'\nstatus = 'Active'\n\
        created = '2026-01-31T12:00:00Z'\nvalidity = '135 months'\n";

    fn parsed(versions: &str) -> Result<Profile, String> {
        let text = format!("name = 'release'\nplatform = 'AWSLambda-SHA384-ECDSA'\nrevision = 1\n{versions}");
        let parsed = Profile::parse(Path::new("profiles/release.toml"), text.as_bytes());
        parsed.map_err(|error| error.to_string())
    }

    #[test]
    fn a_profile_has_versions_and_each_has_its_own_name() {
        assert!(parsed(VERSION).is_ok());
        let other = VERSION.replace("a1b2c3d4e5", "b1b2c3d4e5");
        assert_eq!(parsed(&format!("{VERSION}{other}")).unwrap().versions().len(), 2);
        for versions in [String::new(), "version = []\n".into(), VERSION.repeat(2)] {
            let error = parsed(&versions).unwrap_err();
            assert!(error.contains("version"), "{versions}: {error}");
        }
        assert!(parsed("version = []\n").unwrap_err().contains("at least one version"));
        assert!(parsed(&VERSION.repeat(2)).unwrap_err().contains("with distinct names"));
    }

    #[test]
    fn a_permission_is_for_its_principal_its_key_its_actions_and_its_time() {
        use crate::crypto::sample::SecretKey;
        let (key, other) = (SecretKey::new().public(), SecretKey::new().public());
        let time = |text: &str| -> Timestamp { text.parse().unwrap() };
        let permission = Permission {
            statement_id: "ci".parse().unwrap(),
            principal: "ci@acme.example".parse().unwrap(),
            actions: [Action::StartSigningJob].into(),
            key: key.clone(),
            not_before: time("2026-02-01T00:00:00Z"),
            not_after: Some(time("2026-03-01T00:00:00Z")),
        };
        let version = parsed(VERSION).unwrap().current().clone();
        let profile = Profile::new("release".parse().unwrap(), version, vec![permission]);
        let lets = |principal: &str, key: &PublicKey, action, at: &str| {
            profile.lets(&principal.parse().unwrap(), &key.id(), action, time(at))
        };
        let sign = Action::StartSigningJob;
        assert!(lets("ci@acme.example", &key, sign, "2026-02-01T00:00:00Z"));
        assert!(lets("ci@acme.example", &key, sign, "2026-02-28T23:59:59Z"));
        assert!(!lets("eve@acme.example", &key, sign, "2026-02-10T00:00:00Z"), "another principal");
        assert!(!lets("ci@acme.example", &other, sign, "2026-02-10T00:00:00Z"), "another key");
        let revoke = Action::RevokeSignature;
        assert!(!lets("ci@acme.example", &key, revoke, "2026-02-10T00:00:00Z"), "another action");
        assert!(!lets("ci@acme.example", &key, sign, "2026-01-31T23:59:59Z"), "before it begins");
        assert!(!lets("ci@acme.example", &key, sign, "2026-03-01T00:00:00Z"), "at its end");
    }
}
