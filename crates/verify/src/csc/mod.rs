//! The code signing config: the allowed publishers, and what happens to other artifacts.
//!
//! ```toml
//! id = "csc-0123456789abcdefg"
//! description = "production"
//! revision = 1
//! allowed_publishers = ["arn:countersign:signer::acme:/signing-profiles/release/*"]
//! untrusted_artifact_on_deployment = "Enforce"   # or "Warn"
//! ```
//! There is no field for integrity: an artifact that does not match its manifest is always denied.

mod publishers;

use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use self::publishers::{Publishers, PublishersError};
use crate::arn::{ProfileArn, PublisherArn};
use crate::document::format::{self, Format};
use crate::document::{self, DocumentError};
use crate::name::{CscId, UnknownWord};

/// A code signing config.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Csc {
    #[serde(default, skip_serializing_if = "Format::is_absent")]
    format: Format<{ format::CSC }>,
    id: CscId,
    description: String,
    revision: u64,
    allowed_publishers: Publishers,
    untrusted_artifact_on_deployment: Untrusted,
}

/// Changes of a CSC; unset fields stay as they are.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// The new description.
    pub description: Option<String>,
    /// The new publishers.
    pub publishers: Option<Publishers>,
    /// The new handling of untrusted artifacts.
    pub untrusted: Option<Untrusted>,
}

/// The handling of an artifact that fails a check other than integrity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Untrusted {
    /// It is denied.
    Enforce,
    /// It passes, with warnings.
    Warn,
}

impl Untrusted {
    /// The value in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Enforce => "Enforce",
            Self::Warn => "Warn",
        }
    }
}

impl FromStr for Untrusted {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let known = [Self::Enforce, Self::Warn];
        let found = known.into_iter().find(|each| each.name() == text);
        found.ok_or_else(|| UnknownWord::new("valid", text, known.map(Self::name)))
    }
}

impl Csc {
    /// A new CSC with its first publishers.
    pub fn new(id: CscId, description: &str, publishers: Publishers, untrusted: Untrusted) -> Self {
        Self {
            format: Format::default(),
            id,
            description: description.into(),
            revision: 1,
            allowed_publishers: publishers,
            untrusted_artifact_on_deployment: untrusted,
        }
    }

    /// Parses the document of the CSC with this id.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, DocumentError> {
        let csc: Self = document::from_versioned_toml(format::CSC, path, bytes)?;
        if path.file_stem().and_then(|stem| stem.to_str()) != Some(csc.id.as_str()) {
            let message = format!("`id` is `{}`, which differs from the file name", csc.id);
            return Err(DocumentError::new(path, message));
        }
        Ok(csc)
    }

    /// The next revision, with the changes.
    pub fn changed(self, change: Change) -> Self {
        Self {
            format: self.format,
            id: self.id,
            description: change.description.unwrap_or(self.description),
            revision: document::next_revision(self.revision),
            allowed_publishers: change.publishers.unwrap_or(self.allowed_publishers),
            untrusted_artifact_on_deployment: change
                .untrusted
                .unwrap_or(self.untrusted_artifact_on_deployment),
        }
    }

    /// The CSC as TOML.
    pub fn to_toml(&self) -> String {
        document::to_toml(self)
    }

    /// The CSC's id.
    pub fn id(&self) -> &CscId {
        &self.id
    }

    /// The document's revision.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The purpose of the CSC.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The allowed publishers.
    pub fn allowed_publishers(&self) -> &Publishers {
        &self.allowed_publishers
    }

    /// The allowed publishers as a list.
    pub fn publishers(&self) -> &[PublisherArn] {
        self.allowed_publishers.all()
    }

    /// The handling of untrusted artifacts.
    pub fn untrusted(&self) -> Untrusted {
        self.untrusted_artifact_on_deployment
    }

    /// Whether the profile version is an allowed publisher.
    pub fn allows(&self, profile: &ProfileArn) -> bool {
        self.allowed_publishers.allow(profile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csc(publishers: &str) -> Result<Csc, DocumentError> {
        let text = format!(
            "id = 'csc-00000000000000001'\ndescription = ''\nrevision = 1\nallowed_publishers = {publishers}\n\
            untrusted_artifact_on_deployment = 'Warn'\n"
        );
        Csc::parse(Path::new("csc/csc-00000000000000001.toml"), text.as_bytes())
    }

    const ONE: &str = "'arn:countersign:signer::acme:/signing-profiles/release/*'";

    #[test]
    fn a_document_has_publishers_and_each_once() {
        assert!(csc(&format!("[{ONE}]")).is_ok());
        for (text, why) in [("[]".to_owned(), "0 allowed"), (format!("[{ONE}, {ONE}]"), "twice")] {
            let error = csc(&text).unwrap_err().to_string();
            assert!(error.contains("line 4: ") && error.contains(why), "{error}");
        }
    }

    #[test]
    fn a_document_has_the_name_of_its_csc() {
        let text = csc(&format!("[{ONE}]")).unwrap().to_toml();
        let error = Csc::parse(Path::new("csc/csc-00000000000000002.toml"), text.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("`csc-00000000000000001`"), "{error}");
    }

    #[test]
    fn what_happens_to_untrusted_artifacts_is_one_of_two_words() {
        assert_eq!("Enforce".parse(), Ok(Untrusted::Enforce));
        assert_eq!("Warn".parse(), Ok(Untrusted::Warn));
        assert!("warn".parse::<Untrusted>().is_err());
    }

    #[test]
    fn what_is_not_given_stays() {
        let before = csc(&format!("[{ONE}]")).unwrap();
        let change = Change { description: Some("orders".into()), ..Change::default() };
        let after = before.clone().changed(change);
        assert_eq!(
            (after.description(), after.revision(), after.untrusted()),
            ("orders", 2, Untrusted::Warn)
        );
        assert_eq!(after.publishers(), before.publishers());
    }

    #[test]
    fn allows_its_publishers_and_no_others() {
        let profile = |arn: &str| -> ProfileArn { arn.parse().unwrap() };
        let every = csc(&format!("[{ONE}]")).unwrap();
        let one = csc("['arn:countersign:signer::acme:/signing-profiles/release/a1b2c3d4e5']").unwrap();
        let signed = "arn:countersign:signer::acme:/signing-profiles/release/a1b2c3d4e5";
        assert!(every.allows(&profile(signed)) && one.allows(&profile(signed)));
        let later = profile("arn:countersign:signer::acme:/signing-profiles/release/zzzzzzzzzz");
        assert!(every.allows(&later) && !one.allows(&later));
        for other in [
            "arn:countersign:signer::other:/signing-profiles/release/a1b2c3d4e5",
            "arn:countersign:signer::acme:/signing-profiles/other/a1b2c3d4e5",
            "arn:aws:signer:eu-west-1:acme:/signing-profiles/release/a1b2c3d4e5",
        ] {
            assert!(!every.allows(&profile(other)) && !one.allows(&profile(other)), "{other}");
        }
    }
}
