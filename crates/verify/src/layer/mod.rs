//! Layers: the published versions of a layer, and who can use them.
//!
//! ```toml
//! name = "base"
//! revision = 3
//!
//! [[version]]
//! version = 1                        # 1, 2, 3 …; a version never changes
//! created = "2026-01-31T12:00:00Z"
//! description = "money and prices"
//! license = "MIT"                    # optional, as SPDX writes it
//! compatible_runtimes = ["python3.13"]
//! location = "s3://acme-layers/base-1.zip"   # optional: see [`location`]
//! size = 1234                        # in bytes, as packed and unpacked
//! unpacked_size = 5678
//! sha256 = "…"
//! sha384 = "…"
//! signed = true                      # whether it had a manifest when it was published
//!
//! [[permission]]
//! version = 1
//! statement_id = "shop"
//! principal = "shop"                 # an account, or "*" with an organization
//! not_before = "2026-01-31T12:00:00Z"
//! not_after = "2027-01-31T12:00:00Z" # optional
//! ```
//! Publishing records the bytes of a version; the consumer's CSC decides whether they are trusted.

mod change;
pub mod location;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use self::location::LayerLocation;
use crate::arn::LayerArn;
use crate::digest::{Sha256, Sha384};
use crate::document::format::{self, Format};
use crate::document::{self, DocumentError};
use crate::limits::{LAYER_TEXT_BYTES_MAX, LAYER_VERSIONS_MAX, RUNTIMES_MAX};
use crate::name::{AccountName, ArtifactName, NameError, StatementId};
use crate::statement::{self, Statement};
use crate::time::Timestamp;

/// A layer: the document `layers/NAME.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    #[serde(default, skip_serializing_if = "Format::is_absent")]
    format: Format<{ format::LAYER }>,
    name: ArtifactName,
    revision: u64,
    version: Vec<LayerVersion>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    permission: Vec<LayerPermission>,
}

/// One published version; it never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerVersion {
    /// Its number, from 1.
    pub version: u64,
    /// When it was published.
    pub created: Timestamp,
    /// Its purpose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its license.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// The runtimes that it supports.
    pub compatible_runtimes: Vec<String>,
    /// The location of its artifact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<LayerLocation>,
    /// The artifact's size in bytes.
    pub size: u64,
    /// The unpacked size of its files in bytes.
    pub unpacked_size: u64,
    /// SHA-256 of the artifact.
    pub sha256: Sha256,
    /// SHA-384 of the artifact.
    pub sha384: Sha384,
    /// Whether it had a manifest when it was published; says nothing about trust.
    pub signed: bool,
}

/// A statement that permits the use of one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerPermission {
    /// The version.
    pub version: u64,
    /// The statement's name.
    pub statement_id: StatementId,
    /// The permitted principal.
    pub principal: Consumer,
    /// The organization whose members are permitted, if the principal is `*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<AccountName>,
    /// When the permission starts.
    pub not_before: Timestamp,
    /// When the permission ends; never if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Timestamp>,
}

/// Who can use a layer version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Consumer {
    /// One account.
    Account(AccountName),
    /// `*`: every account in an organization.
    Everyone,
}

impl FromStr for Consumer {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text == "*" {
            return Ok(Self::Everyone);
        }
        text.parse().map(Self::Account)
    }
}

crate::text_form!(Consumer);

impl fmt::Display for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(account) => account.fmt(f),
            Self::Everyone => f.write_str("*"),
        }
    }
}

impl LayerVersion {
    /// Its ARN, as a version of a layer of an account.
    pub fn arn(&self, account: &AccountName, layer: &ArtifactName) -> LayerArn {
        LayerArn::new(account.clone(), layer.clone(), self.version)
    }
}

/// The path of a fetched layer version in an output folder: `NAME-N.zip`, with its manifest next to it.
pub fn path_in(output: &Path, arn: &LayerArn) -> PathBuf {
    output.join(format!("{}-{}.zip", arn.layer(), arn.number()))
}

impl Statement for LayerPermission {
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

impl LayerPermission {
    /// Whether the permission is valid at a time.
    pub fn holds(&self, at: Timestamp) -> bool {
        self.not_before <= at && self.not_after.is_none_or(|end| at < end)
    }
}

impl Layer {
    /// Parses the document of the layer with this name.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, DocumentError> {
        let layer: Self = document::from_versioned_toml(format::LAYER, path, bytes)?;
        layer.fault(path).map_or(Ok(layer), |message| Err(DocumentError::new(path, message)))
    }

    fn fault(&self, path: &Path) -> Option<String> {
        if path.file_stem().and_then(|stem| stem.to_str()) != Some(self.name.as_str()) {
            return Some(format!("`name` is `{}`, which differs from the file name", self.name));
        }
        let numbered = (1..).zip(&self.version).all(|(number, version)| version.version == number);
        if !numbered || self.version.is_empty() || self.version.len() > LAYER_VERSIONS_MAX {
            return Some(format!("versions must be numbered 1, 2, 3 … in order, up to {LAYER_VERSIONS_MAX}"));
        }
        let texts = |version: &LayerVersion| {
            let all = [&version.description, &version.license].into_iter().flatten();
            let longest = all.chain(&version.compatible_runtimes).map(String::len).max().unwrap_or(0);
            longest <= LAYER_TEXT_BYTES_MAX && version.compatible_runtimes.len() <= RUNTIMES_MAX
        };
        if let Some(long) = self.version.iter().find(|version| !texts(version)) {
            return Some(format!(
                "version {}: a text has more than {LAYER_TEXT_BYTES_MAX} bytes, or there are more than {RUNTIMES_MAX} runtimes",
                long.version
            ));
        }
        if !statement::are_distinct(&self.permission) {
            return Some("two permissions have the same `statement_id`".into());
        }
        let odd = |each: &&LayerPermission| {
            let everybody = each.principal == Consumer::Everyone;
            everybody != each.organization.is_some() || self.published(each.version).is_none()
        };
        self.permission.iter().find(odd).map(|odd| {
            format!(
                "permission `{}` must be for an account, or for `*` with an organization, and for an existing version",
                odd.statement_id
            )
        })
    }

    /// The layer's name.
    pub fn name(&self) -> &ArtifactName {
        &self.name
    }

    /// The document's revision.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The versions, oldest first.
    pub fn versions(&self) -> &[LayerVersion] {
        &self.version
    }

    /// The permissions.
    pub fn permissions(&self) -> &[LayerPermission] {
        &self.permission
    }

    /// The version with this number.
    pub fn published(&self, number: u64) -> Option<&LayerVersion> {
        self.version.iter().find(|version| version.version == number)
    }

    /// The permission with this statement id.
    pub fn permission(&self, id: &StatementId) -> Option<&LayerPermission> {
        statement::find(&self.permission, id)
    }
}
