//! Provenance: the kind of an artifact, and the origin of its files.

use serde::{Deserialize, Deserializer, Serialize};

/// The only signing platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Platform {
    /// ECDSA over P-384 with SHA-384, for AWS Lambda.
    #[serde(rename = "AWSLambda-SHA384-ECDSA")]
    AwsLambdaSha384Ecdsa,
}

impl Platform {
    /// The platform's name, as in AWS Signer.
    pub fn name(self) -> &'static str {
        match self {
            Self::AwsLambdaSha384Ecdsa => "AWSLambda-SHA384-ECDSA",
        }
    }
}

/// The kind of an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A function's code.
    Function,
    /// A layer's content.
    Layer,
}

impl Kind {
    /// The kind's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Layer => "layer",
        }
    }
}

/// Whether a signature vouches for a package that another tool built; written as `true`, or absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "bool", into = "bool")]
pub enum Endorsement {
    /// The signer packaged it, and records its origin.
    #[default]
    No,
    /// Another tool packaged it; the signer vouches for its content.
    Yes,
}

impl Endorsement {
    /// Whether it is none.
    pub fn is_none(&self) -> bool {
        *self == Self::No
    }
}

impl From<Endorsement> for bool {
    fn from(endorsement: Endorsement) -> Self {
        !endorsement.is_none()
    }
}

impl TryFrom<bool> for Endorsement {
    type Error = &'static str;

    fn try_from(written: bool) -> Result<Self, Self::Error> {
        if written { Ok(Self::Yes) } else { Err("`endorsement` must be `true` or absent") }
    }
}

/// The selection of files of a package.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SelectionRecord {
    /// Patterns that a path must match; empty for all.
    pub include: Vec<String>,
    /// Patterns that exclude a path.
    pub exclude: Vec<String>,
    /// Whether files that git does not track are included.
    pub untracked: bool,
    /// Whether files that git ignores are included, so that no commit gives the package; written as `true`, or absent.
    #[serde(default, deserialize_with = "only_true", skip_serializing_if = "is_false")]
    pub ignored: bool,
}

fn only_true<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match bool::deserialize(deserializer)? {
        true => Ok(true),
        false => Err(serde::de::Error::custom("`ignored` must be `true` or absent")),
    }
}

fn is_false(written: &bool) -> bool {
    !*written
}

/// The origin of a package's files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The repository's URL, without credentials; absent if it has no remote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The commit.
    pub commit: String,
    /// The commit's tree.
    pub tree: String,
    /// The packaged folder, relative to the repository's top; empty for the top.
    pub path: String,
    /// Whether the packaged files differ from the commit's. Files that git ignores and the commit lacks are no
    /// difference: [`SelectionRecord::ignored`] says that there are any.
    pub dirty: bool,
}

/// A CI run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Builder {
    /// The CI system.
    pub name: String,
    /// The run's URL.
    pub run: String,
}

/// The fields that only a layer has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LayerRecord {
    /// The runtimes that the layer supports.
    pub compatible_runtimes: Vec<String>,
}
