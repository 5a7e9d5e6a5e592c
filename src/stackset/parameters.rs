//! Parameters: the differences between targets; each is typed, and applied to values, never to text.

use std::path::Path;

use serde::Deserialize;

use crate::arn::PublisherArn;
use crate::csc::{Change, Csc, Publishers, PublishersError, Untrusted};
use crate::document::{self, DocumentError};
use crate::name::AccountName;

/// How a target's CSCs differ from the central ones.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// The handling of untrusted artifacts: a team can start with warnings.
    untrusted_artifact_on_deployment: Option<Untrusted>,
    /// The account whose profiles replace the central account's own.
    publisher_account: Option<AccountName>,
    /// Additional publishers.
    #[serde(default)]
    additional_publishers: Vec<PublisherArn>,
}

impl Parameters {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// A central account's CSC, with the parameters applied.
    pub fn apply(&self, csc: Csc, central: &AccountName) -> Result<Csc, PublishersError> {
        let whose = |publisher: &PublisherArn| match &self.publisher_account {
            Some(account) if publisher.is_of(central) => publisher.owned_by(account.clone()),
            _ => publisher.clone(),
        };
        let mut publishers: Vec<PublisherArn> = csc.publishers().iter().map(whose).collect();
        let new = self.additional_publishers.iter().filter(|each| !publishers.contains(each)).cloned();
        publishers.extend(new.collect::<Vec<_>>());
        let change = Change {
            publishers: Some(Publishers::try_from(publishers)?),
            untrusted: self.untrusted_artifact_on_deployment,
            description: None,
        };
        Ok(csc.changed(change))
    }

    /// Like [`Parameters::apply`], for a document.
    pub fn apply_to(
        &self,
        path: &Path,
        bytes: &[u8],
        central: &AccountName,
    ) -> Result<Vec<u8>, DocumentError> {
        if self.is_empty() {
            return Ok(bytes.to_vec());
        }
        let csc = self.apply(Csc::parse(path, bytes)?, central);
        let csc = csc.map_err(|error| DocumentError::new(path, error.to_string()))?;
        Ok(document::update_toml(path, bytes, &csc)?.into_bytes())
    }

    /// The parameters in words.
    pub fn described(&self) -> Vec<String> {
        let untrusted = self.untrusted_artifact_on_deployment.map(|each| each.name().to_owned());
        let account = self.publisher_account.as_ref().map(|account| format!("publishers of `{account}`"));
        let more = self.additional_publishers.iter().map(|each| format!("publisher `{each}`"));
        untrusted.into_iter().chain(account).chain(more).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSC: &str = "# ours\nid = 'csc-00000000000000001'\ndescription = 'all'\nrevision = 4\nallowed_publishers = [\n  \
        'arn:countersign:signer::acme:/signing-profiles/release/*', # CI\n  \
        'arn:countersign:signer::vendor:/signing-profiles/agent/*',\n]\nuntrusted_artifact_on_deployment = 'Enforce'\n";

    fn applied(parameters: &str) -> Result<String, DocumentError> {
        let parameters: Parameters = toml::from_str(parameters).unwrap();
        let path = Path::new("csc/csc-00000000000000001.toml");
        let bytes = parameters.apply_to(path, CSC.as_bytes(), &"acme".parse().unwrap())?;
        Ok(String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn without_parameters_no_byte_differs() {
        assert_eq!(applied("").unwrap(), CSC);
    }

    #[test]
    fn the_central_account_s_publishers_become_the_target_s_and_no_others() {
        let text = applied("publisher_account = 'team'\nuntrusted_artifact_on_deployment = 'Warn'").unwrap();
        assert!(
            text.contains("signer::team:/signing-profiles/release/*") && !text.contains("::acme:"),
            "{text}"
        );
        assert!(text.contains("::vendor:/signing-profiles/agent/*") && text.contains("Warn"), "{text}");
        assert!(text.starts_with("# ours\n"), "{text}");
    }

    #[test]
    fn more_publishers_than_a_csc_takes_are_refused() {
        let arn = |n: usize| format!("'arn:countersign:signer::team:/signing-profiles/p{n}_/*'");
        let many: Vec<String> = (0..19).map(arn).collect();
        assert!(applied(&format!("additional_publishers = [{}]", many[..18].join(","))).is_ok());
        assert!(applied(&format!("additional_publishers = [{}]", many.join(","))).is_err());
    }
}
