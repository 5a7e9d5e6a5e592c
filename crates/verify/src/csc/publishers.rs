//! Allowed publishers of a CSC: 1 to [`PUBLISHERS_MAX`], without duplicates.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::arn::{ProfileArn, PublisherArn};
use crate::limits::PUBLISHERS_MAX;

/// The allowed publishers of a CSC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<PublisherArn>", into = "Vec<PublisherArn>")]
pub struct Publishers(Vec<PublisherArn>);

/// Why a list of publishers is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishersError {
    /// There are none, or too many.
    #[error("{0} allowed publishers, expected 1 to {PUBLISHERS_MAX}")]
    Count(usize),
    /// A duplicate.
    #[error("publisher `{0}` is listed twice")]
    Twice(PublisherArn),
    /// A publisher to remove that is not in the list.
    #[error("`{0}` is not an allowed publisher")]
    Absent(PublisherArn),
}

impl Publishers {
    /// The publishers, in order.
    pub fn all(&self) -> &[PublisherArn] {
        &self.0
    }

    /// Whether one of them matches the profile version.
    pub fn allow(&self, profile: &ProfileArn) -> bool {
        self.0.iter().any(|publisher| publisher.allows(profile))
    }

    /// Adds and removes publishers.
    pub fn changed(&self, added: &[PublisherArn], removed: &[PublisherArn]) -> Result<Self, PublishersError> {
        if let Some(absent) = removed.iter().find(|each| !self.0.contains(each)) {
            return Err(PublishersError::Absent(absent.clone()));
        }
        let kept = self.0.iter().filter(|each| !removed.contains(each));
        kept.chain(added).cloned().collect::<Vec<_>>().try_into()
    }
}

impl TryFrom<Vec<PublisherArn>> for Publishers {
    type Error = PublishersError;

    fn try_from(all: Vec<PublisherArn>) -> Result<Self, PublishersError> {
        if !(1..=PUBLISHERS_MAX).contains(&all.len()) {
            return Err(PublishersError::Count(all.len()));
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = all.iter().find(|each| !seen.insert(*each)) {
            return Err(PublishersError::Twice(twice.clone()));
        }
        Ok(Self(all))
    }
}

impl From<PublisherArn> for Publishers {
    fn from(one: PublisherArn) -> Self {
        Self(vec![one])
    }
}

impl From<Publishers> for Vec<PublisherArn> {
    fn from(publishers: Publishers) -> Self {
        publishers.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arn(number: usize) -> PublisherArn {
        format!("arn:countersign:signer::acme:/signing-profiles/release{number}/*").parse().unwrap()
    }

    fn publishers(count: usize) -> Result<Publishers, PublishersError> {
        (0..count).map(arn).collect::<Vec<_>>().try_into()
    }

    #[test]
    fn there_are_1_to_20() {
        assert_eq!(publishers(0), Err(PublishersError::Count(0)));
        assert!(publishers(1).is_ok() && publishers(20).is_ok());
        assert_eq!(publishers(21), Err(PublishersError::Count(21)));
        assert_eq!(publishers(20).unwrap().changed(&[arn(20)], &[]), Err(PublishersError::Count(21)));
        assert_eq!(publishers(1).unwrap().changed(&[], &[arn(0)]), Err(PublishersError::Count(0)));
    }

    #[test]
    fn each_is_there_once() {
        let two = publishers(2).unwrap();
        assert_eq!(two.changed(&[arn(1)], &[]), Err(PublishersError::Twice(arn(1))));
        assert_eq!(two.changed(&[], &[arn(2)]), Err(PublishersError::Absent(arn(2))));
        assert_eq!(two.changed(&[arn(2)], &[arn(0)]).unwrap().all(), [arn(1), arn(2)]);
    }
}
