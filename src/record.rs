//! Recording: checks signing jobs and appends them to the ledger, which gives them a trusted time.
//!
//! A job is recorded only if its signature passes every check that needs no artifact. A record counts once it
//! is sealed: the signature existed at the time on its line.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use crate::arn::Owner;
use crate::crypto::key::{KeyId, PublicKey};
use crate::digest::Sha384;
use crate::document;
use crate::document::format::Format;
use crate::files::{self, FileError, Loaded, writing};
use crate::ledger::{LedgerError, Line, RecordedJob, Tail};
use crate::policy::error::PolicyError;
use crate::policy::store::Policy;
use crate::profile::Profile;
use crate::report::{Check, Finding};
use crate::time::Timestamp;
use crate::verify::VerifyError;
use crate::verify::integrity::{self, Opening};
use crate::verify::revocation::Known;
use crate::verify::{expiry, mismatch, revocation};

/// Checks manifests against one policy at one time.
#[derive(Debug)]
pub struct Recorder<'a> {
    policy: &'a Policy,
    keys: BTreeMap<KeyId, PublicKey>,
    now: Timestamp,
}

impl<'a> Recorder<'a> {
    /// Reads the keys of every profile.
    pub fn new(policy: &'a Policy, now: Timestamp) -> Result<Self, PolicyError> {
        let mut keys = BTreeMap::new();
        for name in policy.profile_names() {
            let profile = policy.profile(&name)?;
            let permissions = profile.iter().flat_map(Profile::permissions);
            keys.extend(permissions.map(|permission| (permission.key.id(), permission.key.clone())));
        }
        Ok(Self { policy, keys, now })
    }

    /// The record of a manifest, or everything that is wrong with it.
    pub fn check(&self, manifest: &Loaded) -> Result<Result<RecordedJob, Vec<Finding>>, VerifyError> {
        let opened = match integrity::open(Some(manifest), &self.keys) {
            Opening::Opened(opened) => opened,
            Opening::FormatNewer(signed) => return Err(signed.newer.into()),
            Opening::UnknownKey(finding) | Opening::Failed(finding) => return Ok(Err(vec![finding])),
        };
        let (statement, signer) = (opened.statement(), opened.signer());
        let (job, artifact) = (statement.job(), statement.subject().digest.sha384);
        let own = Owner::countersign(self.policy.account().clone());
        if *job.profile.owner() != own || *job.job.owner() != own {
            return Ok(Err(vec![foreign(job.profile.owner().account().as_str())]));
        }
        let Some(profile) = self.policy.profile(job.profile.profile())? else {
            return Ok(Err(vec![no_profile(job.profile.profile().as_str())]));
        };
        let mut known = Known::of(self.policy, job, &artifact, signer)?;
        // Recording gives it this trusted time, which is too late for a compromised key.
        known.recorded_at = Some(self.now);
        known.add_signed(self.policy, job, &profile, &[], self.now)?;
        let mut findings: Vec<Finding> = mismatch::permission(job, signer, &profile).into_iter().collect();
        findings.extend(expiry::check(job, Some(&profile), self.now));
        findings.extend(revocation::check(job, &known, Some(&profile)));
        if !findings.is_empty() {
            return Ok(Err(findings));
        }
        Ok(Ok(RecordedJob {
            job: job.job.clone(),
            payload: opened.payload(),
            key: signer.clone(),
            profile: job.profile.clone(),
            requested_by: job.requested_by.clone(),
            signed_at: job.signed_at,
            expires_at: job.signature_expires_at,
            kind: job.kind,
            name: job.name.clone(),
            artifact,
        }))
    }
}

/// Appends jobs after the tail of a ledger, durably. The caller holds the policy directory's lock.
pub fn append(path: &Path, tail: &Tail, jobs: Vec<RecordedJob>, now: Timestamp) -> Result<(), LedgerError> {
    let mut previous = tail.last;
    let mut bytes = Vec::new();
    // A clock that was set back must not make the ledger invalid.
    let recorded_at = tail.recorded_at.map_or(now, |before| before.max(now));
    for recorded in jobs {
        let mut line =
            document::to_json(&Line { format: Format::default(), previous, recorded_at, recorded });
        line.push(b'\n');
        previous = Sha384::of(&line);
        bytes.extend_from_slice(&line);
    }
    // A link in place of a ledger would lead to another file.
    if path.symlink_metadata().is_ok_and(|metadata| !metadata.is_file()) {
        return Err(FileError::NotAFile { path: path.into() }.into());
    }
    let mut options = OpenOptions::new();
    files::at_once(options.create(true).truncate(false).write(true).read(true));
    let mut file = options.open(path).map_err(writing(path))?;
    // Bytes after the last complete line were not recorded.
    file.set_len(tail.size).map_err(writing(path))?;
    std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(tail.size)).map_err(writing(path))?;
    file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(writing(path))?;
    Ok(())
}

fn foreign(account: &str) -> Finding {
    Finding::new(
        Check::Mismatch,
        "account-mismatch",
        format!("it was signed for account `{account}`"),
        "record it in the policy of that account",
    )
}

fn no_profile(name: &str) -> Finding {
    Finding::new(
        Check::Mismatch,
        "publisher-not-allowed",
        format!("the account has no signing profile `{name}`"),
        "sign it with one of the account's profiles",
    )
}
