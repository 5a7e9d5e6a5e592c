//! Allowed publishers as they are given on the command line: an ARN, or a profile of the account by its name.

use std::str::FromStr;

use anyhow::Result;
use countersign::arn::{Owner, ProfileArn, PublisherArn};
use countersign::csc::PublishersError;
use countersign::limits::PUBLISHERS_MAX;
use countersign::name::ProfileName;
use countersign::policy::edit::{EditError, Editor};

use crate::output::{note, refuse};

/// An allowed publisher, as given.
#[derive(Debug, Clone)]
pub enum Publisher {
    /// A profile version, or with `/*` every version, of any account.
    Arn(PublisherArn),
    /// Every version of one of the account's own profiles.
    Own(ProfileName),
}

impl FromStr for Publisher {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("arn:") {
            return text
                .parse()
                .map(Self::Arn)
                .map_err(|error: countersign::arn::ArnError| error.to_string());
        }
        text.parse().map(Self::Own).map_err(|error: countersign::name::NameError| error.to_string())
    }
}

impl Publisher {
    /// The publisher's ARN. Its profile need not be there.
    pub fn arn(&self, editor: &Editor) -> PublisherArn {
        match self {
            Self::Arn(arn) => arn.clone(),
            Self::Own(name) => PublisherArn::every_version(editor.root().account().clone(), name.clone()),
        }
    }

    /// The ARN of a publisher that is to be allowed: what is named by its name alone has to be there.
    fn known(&self, editor: &Editor) -> Result<PublisherArn> {
        let (arn, account) = (self.arn(editor), editor.root().account());
        if *arn.owner() != Owner::countersign(account.clone()) {
            return Ok(arn);
        }
        let profile = match (editor.profile(arn.profile()), self) {
            (Err(EditError::Absent(_)), Self::Arn(_)) => None,
            (profile, _) => Some(profile?),
        };
        let is_one = |version| {
            let found = ProfileArn::new(account.clone(), arn.profile().clone(), version);
            arn.allows(&found)
        };
        let versions = profile.iter().flat_map(|profile| profile.versions());
        if !versions.map(|each| each.version.clone()).any(is_one) {
            note(&format!("this account has no `{arn}` yet, so it allows no signature"));
        }
        Ok(arn)
    }
}

/// The ARNs of publishers that are to be allowed.
pub fn known(publishers: &[Publisher], editor: &Editor) -> Result<Vec<PublisherArn>> {
    publishers.iter().map(|each| each.known(editor)).collect()
}

/// Says what to do about publishers that cannot be.
pub fn refused(error: &PublishersError) -> anyhow::Error {
    let hint = match error {
        PublishersError::Count(_) => format!("allow 1 to {PUBLISHERS_MAX}; `/*` stands for every version"),
        PublishersError::Twice(_) => "name each publisher once".into(),
        PublishersError::Absent(_) => "list them with `countersign csc show`".into(),
    };
    refuse(error.to_string(), hint)
}
