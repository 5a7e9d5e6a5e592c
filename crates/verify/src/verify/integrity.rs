//! Integrity: the signature is valid, and the artifact matches the signed statement.

use std::collections::BTreeMap;

use crate::crypto::envelope::OpenError;
use crate::crypto::key::{KeyId, Library, PublicKey, SignatureCheck};
use crate::digest::{ArtifactDigests, QuickDigests, Sha256, Sha384};
use crate::document::format::FormatNewer;
use crate::files::artifact::Artifact;
use crate::files::{FileError, Loaded};
use crate::inventory::by_path;
use crate::limits::PLAIN_SHA384_BYTES_MAX;
use crate::manifest::{self, Job, Statement, StatementError};
use crate::package::read::{self, ReadError};
use crate::parallel::Threads;
use crate::report::{Check, FileChanges, Finding, SignatureFacts};

/// A statement with a valid signature by a known key. Only [`open`] creates it.
#[derive(Debug)]
pub struct Opened {
    statement: Statement,
    payload: Sha384,
    signer: KeyId,
}

/// A statement that matches an artifact whose bytes were read. Only [`check`] creates it.
#[derive(Debug)]
pub struct Intact(Opened);

/// A valid signature of a known key on a statement that is newer than this program.
#[derive(Debug)]
pub struct SignedNewer {
    /// Its format, and the known one.
    pub newer: FormatNewer,
    /// SHA-384 of the signed payload.
    pub payload: Sha384,
    /// The fingerprint of the key that signed it.
    pub signer: KeyId,
}

/// The result of opening a manifest.
pub enum Opening {
    /// The signature is valid, and the payload is a statement.
    Opened(Box<Opened>),
    /// The key that it names is not known; a mismatch.
    UnknownKey(Finding),
    /// A known key signed it, and its format is newer than this program.
    FormatNewer(SignedNewer),
    /// It cannot be opened; the finding names the check that fails.
    Failed(Finding),
}

impl Opened {
    /// The signed statement.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// The signing job.
    pub fn job(&self) -> &Job {
        self.statement.job()
    }

    /// SHA-384 of the signed payload.
    pub fn payload(&self) -> Sha384 {
        self.payload
    }

    /// The fingerprint of the key that signed it.
    pub fn signer(&self) -> &KeyId {
        &self.signer
    }

    /// The facts in the signature.
    pub fn facts(&self) -> SignatureFacts {
        let job = self.statement.job();
        SignatureFacts {
            job: job.job.clone(),
            profile: job.profile.clone(),
            requested_by: job.requested_by.clone(),
            signed_at: job.signed_at,
            expires_at: job.signature_expires_at,
            sha384: self.statement.subject().digest.sha384,
            endorsement: job.endorsement,
            commit: job.source.as_ref().map(|source| source.commit.clone()),
        }
    }
}

impl Intact {
    /// The statement, for the checks that need no artifact.
    pub fn into_opened(self) -> Opened {
        self.0
    }
}

/// Opens a manifest with the keys that can have signed it.
///
/// A statement that is newer than this program is not a finding.
/// A missing manifest and an unknown key are mismatches; an invalid signature by a known key and a malformed
/// statement are integrity failures (`docs/formats.md`).
pub fn open(manifest: Option<&Loaded>, keys: &BTreeMap<KeyId, PublicKey>) -> Opening {
    open_with(&Library, manifest, keys)
}

/// Like [`open`], with this check.
pub(super) fn open_with(
    check: &dyn SignatureCheck,
    manifest: Option<&Loaded>,
    keys: &BTreeMap<KeyId, PublicKey>,
) -> Opening {
    let Some(Loaded { path, bytes }) = manifest else {
        return Opening::Failed(no_manifest());
    };
    let malformed = |message: String| Opening::Failed(integrity("manifest-malformed", message));
    let bundle = match manifest::parse(path, bytes) {
        Ok(bundle) => bundle,
        Err(error) => return malformed(format!("the manifest is malformed: {}", error.message())),
    };
    let envelope = match bundle.envelope() {
        Ok(envelope) => envelope,
        Err(error) => return malformed(error.to_string()),
    };
    let payload = match envelope.opened_with(check, manifest::PAYLOAD_TYPE, keys) {
        Ok(payload) => payload,
        Err(error @ OpenError::UnknownKey(_)) => return Opening::UnknownKey(unknown_key(&error)),
        Err(error @ OpenError::Signature(_)) => {
            return Opening::Failed(integrity(
                "signature-invalid",
                format!("the manifest was changed after signing: {error}"),
            ));
        }
        Err(error) => return malformed(error.to_string()),
    };
    match Statement::parse(payload.bytes()) {
        Ok(statement) => Opening::Opened(Box::new(Opened {
            statement,
            payload: Sha384::of(payload.bytes()),
            signer: payload.signer().clone(),
        })),
        Err(StatementError::FormatNewer(newer)) => Opening::FormatNewer(SignedNewer {
            newer: newer.at(path),
            payload: Sha384::of(payload.bytes()),
            signer: payload.signer().clone(),
        }),
        Err(error) => Opening::Failed(integrity("statement-malformed", error.to_string())),
    }
}

/// Which digests of an artifact are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digests {
    /// All of them, except the plain SHA-384 of an artifact over [`PLAIN_SHA384_BYTES_MAX`].
    ///
    /// That digest alone cannot be computed in parallel; the chunk digest is as strong, and SHA-256 is
    /// computed too, so no other artifact passes.
    Quick,
    /// All of them, whatever the size.
    All,
}

/// Checks the size and every digest of the artifact.
///
/// Errors: the artifact cannot be read.
pub fn check(
    opened: Opened,
    artifact: &Artifact,
    digests: Digests,
    threads: Threads,
) -> Result<Result<Intact, Vec<Finding>>, FileError> {
    let (subject, job) = (&opened.statement().subject().digest, opened.job());
    let quick = digests == Digests::Quick && artifact.size() > PLAIN_SHA384_BYTES_MAX;
    let (found, sha384) = if quick {
        (artifact.quick_digests(threads)?, None)
    } else {
        let ArtifactDigests { size, sha256, sha384, chunk } = artifact.digests(threads)?;
        (QuickDigests { size, sha256, chunk }, Some(sha384))
    };
    let differing: Vec<&str> = [
        ("size", found.size == job.size),
        ("SHA-256", found.sha256 == subject.sha256),
        ("SHA-384", sha384.is_none_or(|sha384| sha384 == subject.sha384)),
        ("chunk digest", found.chunk == job.chunk_digest),
    ]
    .into_iter()
    .filter_map(|(name, same)| (!same).then_some(name))
    .collect();
    if differing.is_empty() {
        return Ok(Ok(Intact(opened)));
    }
    explain(opened.statement(), &differing, artifact, threads).map(Err)
}

/// Checks that the signed list of files is the content of the artifact, as the strict reader reads it.
///
/// The digests bind the bytes, and the signer claims which files they contain: a signer could sign one
/// artifact with the list of another.
pub fn check_inventory(
    intact: Intact,
    artifact: &Artifact,
    threads: Threads,
) -> Result<Result<Intact, Vec<Finding>>, FileError> {
    let files = match read::read(artifact, threads) {
        Ok(files) => files,
        Err(ReadError::Malformed(fault)) => return Ok(Err(vec![integrity(fault.code, fault.message)])),
        Err(ReadError::File(error)) => return Err(error),
    };
    // The reader and a statement both have them in the order of their paths' bytes.
    if files == intact.0.job().files {
        return Ok(Ok(intact));
    }
    let finding = Finding::new(
        Check::Integrity,
        "inventory-false",
        "the signed manifest lists different files than the signed artifact contains",
        "do not deploy it; ask the signer for the reason, and revoke the job with `countersign job revoke`",
    );
    let changes = FileChanges::between(&intact.0.statement().inventory(), &by_path(&files));
    Ok(Err(vec![finding.with_files(changes)]))
}

/// Checks that a remote artifact has the SHA-256 that was signed.
///
/// Its bytes are not read, so there is no [`Intact`]: this must not lead to a deploy.
pub fn check_digest(opened: &Opened, sha256: &Sha256) -> Result<(), Vec<Finding>> {
    if opened.statement.subject().digest.sha256 == *sha256 {
        return Ok(());
    }
    Err(vec![integrity("digest-mismatch", "the code is not the signed code: SHA-256 differs")])
}

#[cfg(test)]
pub(super) fn opened(job: Job) -> Opened {
    let digests = ArtifactDigests {
        size: job.size,
        sha256: Sha256::of(b"artifact"),
        sha384: Sha384::of(b"artifact"),
        chunk: job.chunk_digest,
    };
    let statement = Statement::new("orders.zip", &digests, job);
    Opened {
        statement,
        payload: Sha384::of(b"payload"),
        signer: super::sample::profile("Active", "1 month").1,
    }
}

/// Reports which files differ, by reading the artifact as a ZIP.
fn explain(
    statement: &Statement,
    differing: &[&str],
    artifact: &Artifact,
    threads: Threads,
) -> Result<Vec<Finding>, FileError> {
    let differs = integrity(
        "digest-mismatch",
        format!("the artifact differs from the signed one in: {}", differing.join(", ")),
    );
    match read::read(artifact, threads) {
        Ok(files) => {
            let changes = FileChanges::between(&statement.inventory(), &by_path(&files));
            Ok(vec![differs.with_files(changes)])
        }
        Err(ReadError::Malformed(fault)) => Ok(vec![differs, integrity(fault.code, fault.message)]),
        Err(ReadError::File(error)) => Err(error),
    }
}

fn integrity(code: &'static str, message: impl Into<String>) -> Finding {
    let hint = "build it again with `countersign release`, or download the artifact and its manifest again";
    Finding::new(Check::Integrity, code, message, hint)
}

fn no_manifest() -> Finding {
    Finding::new(
        Check::Mismatch,
        "manifest-missing",
        "no manifest next to the artifact",
        "sign it with `countersign sign`, or pass its manifest with `--manifest`",
    )
}

fn unknown_key(error: &OpenError) -> Finding {
    Finding::new(
        Check::Mismatch,
        "key-unknown",
        format!("{error}: no profile that the CSC allows gives it permission `signer:StartSigningJob`"),
        "sign it with a key of an allowed publisher, or ask the policy owner to permit this key",
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::crypto::envelope::Envelope;
    use crate::crypto::sample::SecretKey;
    use crate::document;
    use crate::manifest::bundle::Bundle;
    use crate::verify::sample::{job_with, profile};

    const BYTES: &[u8] = b"not a ZIP";

    /// What was signed of these bytes, except for what `change` changes.
    fn opened(change: impl FnOnce(&mut ArtifactDigests)) -> Opened {
        let (folder, artifact) = artifact(BYTES);
        let mut digests = artifact.digests(Threads::one()).unwrap();
        drop(folder);
        change(&mut digests);
        let fields = [("size", json!(digests.size)), ("chunkDigest", json!(digests.chunk.to_string()))];
        let statement = Statement::new("orders.zip", &digests, job_with(&fields));
        Opened { statement, payload: Sha384::of(b"payload"), signer: profile("Active", "1 month").1 }
    }

    fn artifact(bytes: &[u8]) -> (tempfile::TempDir, Artifact) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("orders.zip"), bytes).unwrap();
        let artifact = Artifact::open(&folder.path().join("orders.zip")).unwrap();
        (folder, artifact)
    }

    fn checked(opened: Opened, bytes: &[u8], digests: Digests) -> Result<Intact, String> {
        let (_folder, artifact) = artifact(bytes);
        let found = check(opened, &artifact, digests, Threads::one()).unwrap();
        found.map_err(|findings| findings[0].message.clone())
    }

    #[test]
    fn every_digest_and_the_size_are_compared() {
        for digests in [Digests::Quick, Digests::All] {
            assert!(checked(opened(|_| {}), BYTES, digests).is_ok());
            let other = Sha384::of(b"other");
            for (opened, differing) in [
                (opened(|found| found.size += 1), " in: size"),
                (opened(|found| found.sha256 = Sha256::of(b"other")), " in: SHA-256"),
                (opened(|found| found.sha384 = other), " in: SHA-384"),
                (opened(|found| found.chunk = other), " in: chunk digest"),
            ] {
                let message = checked(opened, BYTES, digests).unwrap_err();
                assert!(message.ends_with(differing), "{message}");
            }
            let message = checked(opened(|_| {}), b"not a zip", digests).unwrap_err();
            assert!(message.ends_with(" in: SHA-256, SHA-384, chunk digest"), "{message}");
        }
    }

    #[test]
    fn of_an_artifact_elsewhere_the_digest_is_compared() {
        assert!(check_digest(&opened(|_| {}), &Sha256::of(BYTES)).is_ok());
        let findings = check_digest(&opened(|_| {}), &Sha256::of(b"other")).unwrap_err();
        assert_eq!((findings[0].check, findings[0].code), (Check::Integrity, "digest-mismatch"));
    }

    #[test]
    fn a_newer_format_is_neither_opened_nor_a_finding_if_a_known_key_signed_it() {
        let signer = SecretKey::new();
        let known = BTreeMap::from([(signer.public().id(), signer.public())]);
        let sign = |payload: Vec<u8>| {
            let envelope = Envelope::sign(manifest::PAYLOAD_TYPE, payload, &[&signer]);
            let bundle = Bundle::new(envelope, &signer.public().id());
            Loaded { path: "orders.zip.sigstore.json".into(), bytes: document::to_json(&bundle) }
        };
        let mut job = opened(|_| {}).statement.job().clone();
        let file =
            json!({ "path": "a", "mode": "100644", "size": 1, "sha384": Sha384::of(b"a").to_string() });
        job.files = vec![serde_json::from_value(file).unwrap()];
        let (sha256, sha384) = (Sha256::of(BYTES), Sha384::of(BYTES));
        let digests = ArtifactDigests { size: job.size, sha256, sha384, chunk: job.chunk_digest };
        let statement = Statement::new("orders.zip", &digests, job);
        let text = String::from_utf8(statement.to_payload()).unwrap();
        assert!(matches!(open(Some(&sign(text.clone().into_bytes())), &known), Opening::Opened(_)));
        let with = |fields: &str| text.replace(r#""predicate":{"#, &format!(r#""predicate":{{{fields},"#));
        for payload in [
            with(r#""format":3"#),
            with(r#""format":3,"new":[null]"#),
            text.replace("signing-job:v1", "signing-job:v3"),
            text.replace("signing-job:v1", "signing-job:v3").replace(r#""size":1,"#, r#""size":{},"#),
        ] {
            let manifest = sign(payload.clone().into_bytes());
            let SignedNewer { newer, payload: found, signer } = match open(Some(&manifest), &known) {
                Opening::FormatNewer(signed) => signed,
                _ => panic!("{payload}"),
            };
            assert!(found == Sha384::of(payload.as_bytes()) && known.contains_key(&signer));
            assert_eq!((newer.path, newer.format, newer.known), (Some(manifest.path.clone()), 3, 2));
            assert_eq!(newer.needs.as_deref(), Some("0.1.0"));
            assert!(matches!(open(Some(&manifest), &BTreeMap::new()), Opening::UnknownKey(_)));
        }
        for payload in [
            with(r#""format":0"#),
            with(r#""format":"3""#),
            with(r#""format":3,"format":3"#),
            with(r#""new":1"#),
            text.replace("signing-job:v1", "signing-job:v"),
            text.replace("signing-job:v1", "signing-job:v2"),
            text.replace("signing-job:v1", "signing-job:v03"),
            text.replace("in-toto.io/Statement/v1", "in-toto.io/Statement/v2"),
        ] {
            let manifest = sign(payload.clone().into_bytes());
            let opening = open(Some(&manifest), &known);
            let code = |finding: &Finding| finding.code == "statement-malformed";
            assert!(matches!(&opening, Opening::Failed(finding) if code(finding)), "{payload}");
        }
    }

    #[test]
    fn no_manifest_and_an_unknown_key_are_mismatches() {
        let failed = |opening: Opening| match opening {
            Opening::Failed(finding) | Opening::UnknownKey(finding) => (finding.check, finding.code),
            Opening::Opened(_) | Opening::FormatNewer(_) => panic!("it is not what it should be"),
        };
        let keys = BTreeMap::new();
        assert_eq!(failed(open(None, &keys)), (Check::Mismatch, "manifest-missing"));
        let loaded = |bytes: Vec<u8>| Loaded { path: "orders.zip.sigstore.json".into(), bytes };
        let manifest = loaded(b"{}".to_vec());
        assert_eq!(failed(open(Some(&manifest), &keys)), (Check::Integrity, "manifest-malformed"));
        let (signer, statement) = (SecretKey::new(), opened(|_| {}).statement);
        let envelope = Envelope::sign(manifest::PAYLOAD_TYPE, statement.to_payload(), &[&signer]);
        let bundle = Bundle::new(envelope, &signer.public().id());
        let manifest = loaded(document::to_json(&bundle));
        let opening = open(Some(&manifest), &keys);
        assert!(matches!(&opening, Opening::UnknownKey(finding) if finding.code == "key-unknown"));
        assert_eq!(failed(opening), (Check::Mismatch, "key-unknown"));
    }
}
