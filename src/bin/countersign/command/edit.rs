//! What commands that change a document have in common: the lock, the reason, and their output.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use countersign::csc::Csc;
use countersign::digest::Sha384;
use countersign::files::artifact::Artifact;
use countersign::function::Functions;
use countersign::layer::Layer;
use countersign::name::{AccountName, ArtifactName, CscId, ProfileName};
use countersign::policy::diff::Difference;
use countersign::policy::documents::{self, FUNCTIONS, Kind};
use countersign::policy::edit::{EditError, Editor, check_revision};
use countersign::policy::error::PolicyError;
use countersign::policy::root;
use countersign::policy::snapshot::{self, SealedDocument, Snapshot};
use countersign::policy::state::State;
use countersign::policy::store::Location;
use countersign::profile::Profile;
use countersign::report::escape::line;
use countersign::revocation::{Reason, ReasonCode};
use countersign::time::Timestamp;

use crate::context::{Context, TrustArgs};
use crate::output::{Exit, note, print, refuse, say};
use crate::values;

/// Which document is changed, and which revision of it its maker has seen.
#[derive(Debug, clap::Args)]
pub struct EditArgs {
    #[command(flatten)]
    pub trust: TrustArgs,
    /// Fail unless the document is at this revision
    #[arg(long, value_name = "NUMBER")]
    pub revision: Option<u64>,
}

impl EditArgs {
    /// Opens the policy directory to change a profile, which is at the revision that was passed, if one was.
    pub fn profile(&self, context: &Context, name: &ProfileName) -> Result<(Editor, Profile)> {
        let editor = editor(context, &self.trust)?;
        let profile = editor.profile(name)?;
        check_revision(&Kind::path_of(name), profile.revision(), self.revision)?;
        Ok((editor, profile))
    }

    /// As [`Self::profile`], for a CSC.
    pub fn csc(&self, context: &Context, id: &CscId) -> Result<(Editor, Csc)> {
        let editor = editor(context, &self.trust)?;
        let csc = editor.csc(id)?;
        check_revision(&Kind::path_of(id), csc.revision(), self.revision)?;
        Ok((editor, csc))
    }

    /// As [`Self::profile`], for a layer, which is absent before its first version; its revision is 0 then.
    pub fn layer(&self, context: &Context, name: &ArtifactName) -> Result<(Editor, Option<Layer>)> {
        let editor = editor(context, &self.trust)?;
        let layer = editor.layer(name)?;
        let revision = layer.as_ref().map_or(0, Layer::revision);
        check_revision(&Kind::path_of(name), revision, self.revision)?;
        Ok((editor, layer))
    }
}

/// Why something is revoked.
#[derive(Debug, clap::Args)]
pub struct ReasonArgs {
    /// Reason code
    #[arg(long, value_name = "CODE", value_parser = values::reason_code(), ignore_case = true)]
    pub reason_code: ReasonCode,
    /// Reason, 1 to 500 characters
    #[arg(long, value_name = "TEXT")]
    pub reason: Reason,
}

/// Opens the policy directory for one change.
pub fn editor(context: &Context, trust: &TrustArgs) -> Result<Editor> {
    Ok(Editor::open(&context.editable(trust)?, context.now)?)
}

/// Refuses an effective time that has not come yet.
pub fn in_the_past(effective: Timestamp, now: Timestamp) -> Result<Timestamp> {
    if effective <= now {
        return Ok(effective);
    }
    let message = format!("effective time {effective} is in the future: it is {now}");
    Err(refuse(message, "set it to the time from which signatures are void, in the past"))
}

/// The SHA-384 that a text is, or that the file of this name has.
pub fn artifact_digest(context: &Context, named: &str) -> Result<Sha384> {
    match named.parse() {
        Ok(digest) => Ok(digest),
        Err(_) => Ok(Artifact::open(Path::new(named))?.digests(context.threads)?.sha384),
    }
}

/// Prints what changed, and how to seal it.
pub fn show(differences: &[Difference]) -> Result<Exit> {
    show_with(differences, "")
}

/// Prints what changed and these lines, and how to seal it.
pub fn show_with(differences: &[Difference], lines: &str) -> Result<Exit> {
    let changes: String = differences.iter().map(|each| format!("{}\n", line(&each.text))).collect();
    print(&format!("{changes}{lines}"))?;
    say("not sealed yet: review it with `countersign policy diff`, then run `countersign policy seal`");
    Ok(Exit::Done)
}

/// The documents of a policy directory as they are now, and what of them is sealed.
pub struct Documents {
    directory: PathBuf,
    account: AccountName,
    found: BTreeMap<String, Vec<u8>>,
    sealed: Option<Snapshot>,
}

impl Documents {
    /// Reads the documents of a pinned policy directory; they need not be sealed, nor the seal be current.
    pub fn read(context: &Context, trust: &TrustArgs) -> Result<Self> {
        let Location { directory, pin, state } = context.location(trust)?;
        let pin = pin.ok_or_else(|| PolicyError::Unpinned(directory.clone()))?;
        let root = root::walk(&directory, &pin)?;
        let sealed = match snapshot::read(&directory, &root) {
            Ok(sealed) => {
                // Looking at an old state decides nothing, and is what people do after a theft.
                let check = |state| State::check(state, &root, &sealed, context.now);
                if let Some(Err(error)) = state.as_deref().map(check) {
                    note(&error.to_string());
                }
                Some(sealed.snapshot)
            }
            Err(PolicyError::File(error)) if error.is_absent() => None,
            Err(error) => return Err(error.into()),
        };
        let found = documents::read(&directory)?;
        Ok(Self { directory, account: root.account().clone(), found, sealed })
    }

    /// The policy directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The account.
    pub fn account(&self) -> &AccountName {
        &self.account
    }

    /// Where a document is.
    pub fn file(&self, path: &str) -> PathBuf {
        self.directory.join(path)
    }

    /// The documents of one kind.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = (&String, &Vec<u8>)> {
        self.found.iter().filter(move |(path, _)| Kind::of(path) == Some(kind))
    }

    /// The documents of one kind, parsed, each with its path.
    pub fn parsed<T, E>(
        &self,
        kind: Kind,
        parse: impl Fn(&Path, &[u8]) -> Result<T, E>,
    ) -> Result<Vec<(&str, T)>, E> {
        self.of(kind).map(|(path, bytes)| Ok((path.as_str(), parse(&self.file(path), bytes)?))).collect()
    }

    /// One document, parsed; `what` names it in the error if it does not exist.
    pub fn one<T, E>(&self, path: &str, what: &str, parse: impl Fn(&Path, &[u8]) -> Result<T, E>) -> Result<T>
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        let bytes = self.get(path).ok_or_else(|| EditError::Absent(what.into()))?;
        Ok(parse(&self.file(path), bytes)?)
    }

    /// The names of the documents of one kind whose removal is not sealed.
    pub fn deleted(&self, kind: Kind) -> Vec<String> {
        let name = |path: &str| Path::new(path).file_stem()?.to_str().map(str::to_owned);
        self.removed(kind).filter_map(name).collect()
    }

    /// One document.
    pub fn get(&self, path: &str) -> Option<&Vec<u8>> {
        self.found.get(path)
    }

    /// Which CSC governs which functions.
    pub fn functions(&self) -> Result<Functions> {
        let bytes = self.get(FUNCTIONS).ok_or(PolicyError::Missing(FUNCTIONS))?;
        Ok(Functions::parse(&self.file(FUNCTIONS), bytes)?)
    }

    /// The documents of one kind that were sealed and are not there any more.
    pub fn removed(&self, kind: Kind) -> impl Iterator<Item = &str> {
        let sealed = self.sealed.iter().flat_map(|sealed| &sealed.documents).map(|each| each.path.as_str());
        sealed.filter(move |path| Kind::of(path) == Some(kind) && !self.found.contains_key(*path))
    }

    /// Refuses a ledger that lacks what was sealed of it.
    pub fn check_ledger(&self) -> Result<()> {
        let check = |sealed: &Snapshot| documents::check_ledger(&self.directory, sealed);
        Ok(self.sealed.as_ref().map_or(Ok(()), check)?)
    }

    /// The document as it was sealed, if it was.
    pub fn sealed(&self, path: &str) -> Option<&SealedDocument> {
        self.sealed.as_ref().and_then(|sealed| sealed.document(path))
    }

    /// Whether the document is as it was sealed.
    pub fn is_sealed(&self, path: &str) -> bool {
        self.sealed(path).map(|sealed| sealed.sha384) == self.found.get(path).map(|bytes| Sha384::of(bytes))
    }
}

/// The mark after a document that is not sealed.
pub fn mark(sealed: bool) -> &'static str {
    if sealed { "" } else { " (not sealed)" }
}
