//! Changes of a profile: each returns the changed profile; the table of differences decides whether it is
//! allowed.

use super::{Permission, Profile, Status, Version};
use crate::document;
use crate::name::{ProfileVersion, StatementId};
use crate::statement;
use crate::time::Timestamp;

impl Profile {
    /// Adds a new version, which signs from now on; can cancel the one before.
    pub fn rotated(mut self, version: Version, cancel_old: CancelOld) -> Self {
        if let (Some(old), CancelOld::Yes) = (self.version.last_mut(), cancel_old) {
            old.status = Status::Canceled;
        }
        self.version.push(version);
        self.next_revision()
    }

    /// Changes the status of a version.
    pub fn with_status(mut self, version: &ProfileVersion, status: Status) -> Self {
        for each in self.version.iter_mut().filter(|each| each.version == *version) {
            each.status = status;
        }
        self.next_revision()
    }

    /// Adds a permission.
    pub fn permitting(mut self, permission: Permission) -> Self {
        self.permission.push(permission);
        self.next_revision()
    }

    /// Sets the end of a permission, whose record stays.
    pub fn forbidding(mut self, id: &StatementId, end: Timestamp) -> Self {
        self.permission = statement::ended(self.permission, id, end);
        self.next_revision()
    }

    fn next_revision(self) -> Self {
        Self { revision: document::next_revision(self.revision), ..self }
    }
}

/// Whether a rotation cancels the version before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelOld {
    /// It is canceled.
    Yes,
    /// It keeps its status; a profile signs only with its newest version.
    No,
}
