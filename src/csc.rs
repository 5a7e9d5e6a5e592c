//! The code signing config: whose signatures a deploy needs, and what happens without one.
//!
//! ```toml
//! id = "csc-0123456789abcdefg"
//! description = "production"
//! revision = 1
//! allowed_publishers = ["arn:countersign:signer::acme:/signing-profiles/release/*"]
//! untrusted_artifact_on_deployment = "Enforce"   # or "Warn"
//! ```
//! There is no field for integrity: an artifact that is not what its manifest describes is denied.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::arn::{ProfileArn, PublisherArn};
use crate::document::{self, DocumentError};
use crate::limits::PUBLISHERS_MAX;
use crate::name::CscId;

/// A code signing config.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Csc {
    id: CscId,
    description: String,
    revision: u64,
    allowed_publishers: Vec<PublisherArn>,
    untrusted_artifact_on_deployment: Untrusted,
}

/// What happens to an artifact that fails a check other than integrity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Untrusted {
    /// It is denied.
    Enforce,
    /// It passes, with warnings.
    Warn,
}

impl Untrusted {
    /// The value as it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Enforce => "Enforce",
            Self::Warn => "Warn",
        }
    }
}

impl Csc {
    /// A new CSC with its first publishers.
    pub fn new(id: CscId, description: &str, publishers: Vec<PublisherArn>, untrusted: Untrusted) -> Self {
        Self {
            id,
            description: description.into(),
            revision: 1,
            allowed_publishers: publishers,
            untrusted_artifact_on_deployment: untrusted,
        }
    }

    /// Reads the document of the CSC with this id.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, DocumentError> {
        let csc: Self = document::from_toml(path, bytes)?;
        if path.file_stem().and_then(|stem| stem.to_str()) != Some(csc.id.as_str()) {
            let message = format!("the id is `{}`, which is not the file's name", csc.id);
            return Err(DocumentError::new(path, message));
        }
        let count = csc.allowed_publishers.len();
        if !(1..=PUBLISHERS_MAX).contains(&count) {
            let message = format!("{count} allowed publishers where 1 to {PUBLISHERS_MAX} are allowed");
            return Err(DocumentError::new(path, message));
        }
        Ok(csc)
    }

    /// The CSC's document.
    pub fn to_toml(&self) -> String {
        document::to_toml(self)
    }

    /// The CSC's id.
    pub fn id(&self) -> &CscId {
        &self.id
    }

    /// What the CSC is for.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Whose signatures count.
    pub fn publishers(&self) -> &[PublisherArn] {
        &self.allowed_publishers
    }

    /// What happens to an untrusted artifact.
    pub fn untrusted(&self) -> Untrusted {
        self.untrusted_artifact_on_deployment
    }

    /// Whether the profile version is an allowed publisher.
    pub fn allows(&self, profile: &ProfileArn) -> bool {
        self.allowed_publishers.iter().any(|publisher| publisher.allows(profile))
    }
}
