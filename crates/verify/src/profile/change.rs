//! Changes of a profile: each gives the profile as it would be; the policy's table says whether it may.

use super::{Permission, Profile, Status, Version};
use crate::document;
use crate::name::{ProfileVersion, StatementId};
use crate::time::Timestamp;

impl Profile {
    /// With a new version, which signs from now on; the one before may end with it.
    pub fn rotated(mut self, version: Version, cancel_old: CancelOld) -> Self {
        if let (Some(old), CancelOld::Yes) = (self.version.last_mut(), cancel_old) {
            old.status = Status::Canceled;
        }
        self.version.push(version);
        self.next_revision()
    }

    /// With another status of a version.
    pub fn with_status(mut self, version: &ProfileVersion, status: Status) -> Self {
        for each in self.version.iter_mut().filter(|each| each.version == *version) {
            each.status = status;
        }
        self.next_revision()
    }

    /// With one permission more.
    pub fn permitting(mut self, permission: Permission) -> Self {
        self.permission.push(permission);
        self.next_revision()
    }

    /// With an end to a permission, whose record stays.
    pub fn forbidding(mut self, statement: &StatementId, end: Timestamp) -> Self {
        for each in self.permission.iter_mut().filter(|each| each.statement_id == *statement) {
            each.not_after = Some(end);
        }
        self.next_revision()
    }

    fn next_revision(self) -> Self {
        Self { revision: document::next_revision(self.revision), ..self }
    }
}

/// Whether the version before ends with a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelOld {
    /// It signs nothing any more.
    Yes,
    /// It is left as it is; a profile signs with its newest version all the same.
    No,
}
