//! Found: the documents and the ledger of a policy directory, each read once.
//!
//! The differences from the last seal, the checks and the next snapshot are all computed from this value. A file that an
//! editor saves in between is not part of it, and therefore not sealed.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::SealError;
use crate::digest::Sha384;
use crate::ledger::{self, LedgerError, Line, Tail};
use crate::name::AccountName;
use crate::policy::documents;
use crate::policy::entries;
use crate::policy::error::PolicyError;
use crate::policy::index::Entry;
use crate::policy::snapshot::{SealedDocument, Snapshot};

/// The contents of a policy directory.
#[derive(Debug)]
pub struct Found {
    documents: BTreeMap<String, Vec<u8>>,
    ledger: Option<Ledger>,
}

/// A ledger that begins with the sealed lines.
#[derive(Debug)]
pub struct Ledger {
    /// Where it ends.
    pub tail: Tail,
    /// The index entry of each line.
    pub entries: Vec<Entry>,
    /// The lines after the sealed ones.
    pub unsealed: Vec<Line>,
}

impl Found {
    /// Reads a policy directory; `base` is its last seal.
    pub fn read(directory: &Path, account: &AccountName, base: Option<&Snapshot>) -> Result<Self, SealError> {
        let documents = documents::read(directory)?;
        Ok(Self { documents, ledger: read_ledger(directory, account, base)? })
    }

    /// The documents by path, except the ledger.
    pub fn documents(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.documents
    }

    /// The ledger; nothing if sealed lines were changed or removed.
    pub fn ledger(&self) -> Option<&Ledger> {
        self.ledger.as_ref()
    }

    /// The documents and the ledger.
    pub fn into_parts(self) -> (BTreeMap<String, Vec<u8>>, Option<Ledger>) {
        (self.documents, self.ledger)
    }

    /// Refuses documents whose line endings git converted: they are not edits, and the objects to compare them with are
    /// converted too.
    pub fn check_line_endings(&self, directory: &Path, base: Option<&Snapshot>) -> Result<(), PolicyError> {
        let sealed = base.into_iter().flat_map(|base| &base.documents);
        let is_converted = |sealed: &&SealedDocument| {
            let here = self.documents.get(&sealed.path);
            here.and_then(|bytes| documents::difference(bytes, sealed)) == Some(documents::LINE_ENDINGS)
        };
        let paths: Vec<String> = sealed.filter(is_converted).map(|each| each.path.clone()).collect();
        if paths.is_empty() {
            return Ok(());
        }
        Err(PolicyError::LineEndings { directory: directory.into(), paths })
    }

    /// The paths whose bytes differ from those that a snapshot sealed, sorted.
    pub fn unsealed(&self, base: Option<&Snapshot>) -> Vec<String> {
        let is_ledger = |path: &str| path == ledger::FILE_NAME;
        let digest = |path: &str| self.documents.get(path).map(|bytes| Sha384::of(bytes));
        let is_sealed = |sealed: &&SealedDocument| digest(&sealed.path) == Some(sealed.sha384);
        let sealed = base.iter().flat_map(|base| &base.documents);
        let documents = sealed.filter(|each| !is_ledger(&each.path) && !is_sealed(each));
        let mut paths: Vec<String> = documents.map(|each| each.path.clone()).collect();
        let is_new = |path: &&String| base.is_none_or(|base| base.document(path).is_none());
        paths.extend(self.documents.keys().filter(is_new).cloned());
        if self.ledger.as_ref().is_none_or(|ledger| !ledger.unsealed.is_empty()) {
            paths.push(ledger::FILE_NAME.into());
        }
        paths.sort();
        paths
    }
}

fn read_ledger(
    directory: &Path,
    account: &AccountName,
    base: Option<&Snapshot>,
) -> Result<Option<Ledger>, SealError> {
    let path = directory.join(ledger::FILE_NAME);
    let sealed = base.and_then(|base| base.document(ledger::FILE_NAME));
    let sealed_size = sealed.map_or(0, |sealed| sealed.size);
    let (mut entries, mut unsealed) = (Vec::new(), Vec::new());
    let read = ledger::read_with_start(&path, account, sealed_size, |end, line| {
        entries.push(entries::of_line(&line));
        if end > sealed_size {
            unsealed.push(line);
        }
    });
    match read {
        Ok((tail, start)) => {
            let goes_on = sealed.is_none_or(|sealed| start == Some(sealed.sha384));
            Ok(goes_on.then_some(Ledger { tail, entries, unsealed }))
        }
        // A changed line usually breaks the chain too; that it was sealed matters more.
        Err(error @ LedgerError::Document(_)) => {
            match base.map(|base| documents::check_ledger(directory, base)) {
                Some(Err(PolicyError::LedgerLost(_))) => Ok(None),
                _ => Err(error.into()),
            }
        }
        Err(error) => Err(error.into()),
    }
}
