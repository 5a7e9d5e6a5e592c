//! Provenance: what an artifact is for, and where its files came from.

use serde::{Deserialize, Serialize};

/// The one signing platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Platform {
    /// ECDSA over P-384 with SHA-384, for AWS Lambda.
    #[serde(rename = "AWSLambda-SHA384-ECDSA")]
    AwsLambdaSha384Ecdsa,
}

impl Platform {
    /// The platform's name, as AWS Signer's.
    pub fn name(self) -> &'static str {
        match self {
            Self::AwsLambdaSha384Ecdsa => "AWSLambda-SHA384-ECDSA",
        }
    }
}

/// What an artifact is for.
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

/// Whether a signature vouches for a package that its signer did not make; written `true`, or left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "bool", into = "bool")]
pub enum Endorsement {
    /// The signer packaged it, and says from what.
    #[default]
    No,
    /// Somebody else did, as far as the signer can say; it vouches for these bytes.
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
        if written { Ok(Self::Yes) } else { Err("`endorsement` is true, or left out") }
    }
}

/// What was chosen to go into a package.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SelectionRecord {
    /// Patterns that a path had to match; empty for all.
    pub include: Vec<String>,
    /// Patterns that kept a path out.
    pub exclude: Vec<String>,
    /// Whether files that git does not track went in too.
    pub untracked: bool,
}

/// Where a package's files came from.
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
    /// Whether the packaged files differ from the commit's.
    pub dirty: bool,
}

/// A CI run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Builder {
    /// The CI system.
    pub name: String,
    /// The run's address.
    pub run: String,
}

/// What only a layer has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LayerRecord {
    /// The runtimes that the layer was made for.
    pub compatible_runtimes: Vec<String>,
}
