//! Changes of a layer: adding a version, adding a permission, and ending one.

use super::{Layer, LayerPermission, LayerVersion};
use crate::document;
use crate::document::format::Format;
use crate::name::{ArtifactName, StatementId};
use crate::statement;
use crate::time::Timestamp;

impl Layer {
    /// Adds a version with the next number; creates the layer if there is none.
    pub fn publishing(before: Option<Self>, name: ArtifactName, version: LayerVersion) -> Self {
        let mut layer = before.unwrap_or(Self {
            format: Format::default(),
            name,
            revision: 0,
            version: vec![],
            permission: vec![],
        });
        let number = layer.version.len() as u64 + 1;
        layer.version.push(LayerVersion { version: number, ..version });
        layer.next_revision()
    }

    /// Adds a permission.
    pub fn permitting(mut self, permission: LayerPermission) -> Self {
        self.permission.push(permission);
        self.next_revision()
    }

    /// Sets the end of a permission.
    pub fn forbidding(mut self, id: &StatementId, end: Timestamp) -> Self {
        self.permission = statement::ended(self.permission, id, end);
        self.next_revision()
    }

    fn next_revision(self) -> Self {
        Self { revision: document::next_revision(self.revision), ..self }
    }
}
