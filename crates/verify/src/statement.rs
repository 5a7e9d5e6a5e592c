//! Statements: the permissions of a document, which stay on record; only their end can change.

use std::collections::BTreeSet;

use crate::name::StatementId;
use crate::time::Timestamp;

/// A permission of a profile or a layer.
pub trait Statement: Clone + PartialEq {
    /// Its id, which is unique in the document.
    fn statement_id(&self) -> &StatementId;

    /// When it ends; never if absent.
    fn not_after(&self) -> Option<Timestamp>;

    /// The same permission with another end.
    fn ending(self, end: Option<Timestamp>) -> Self;
}

/// The statement with this id.
pub fn find<'a, S: Statement>(all: &'a [S], id: &StatementId) -> Option<&'a S> {
    all.iter().find(|each| each.statement_id() == id)
}

/// The statements, with an end for the one with this id.
pub fn ended<S: Statement>(all: Vec<S>, id: &StatementId, end: Timestamp) -> Vec<S> {
    let each = |each: S| if each.statement_id() == id { each.ending(Some(end)) } else { each };
    all.into_iter().map(each).collect()
}

/// Whether every id is different.
pub fn are_distinct<S: Statement>(all: &[S]) -> bool {
    all.iter().map(S::statement_id).collect::<BTreeSet<_>>().len() == all.len()
}
