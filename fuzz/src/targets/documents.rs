//! Policy documents and `countersign.toml`: what is written of a document is read as the same, also over its comments.

use std::path::Path;

use countersign::account::{KnownAccount, Membership, Organization};
use countersign::csc::Csc;
use countersign::document::{self, DocumentError};
use countersign::function::Functions;
use countersign::layer::Layer;
use countersign::profile::Profile;
use countersign::revocation::Revocations;
use countersign::stackset::StackSet;
use countersign::workspace::Workspace;
use serde::Serialize;

use super::keys;

fn check<T: Serialize>(bytes: &[u8], parse: fn(&Path, &[u8]) -> Result<T, DocumentError>) {
    let path = Path::new("document.toml");
    let Ok(document) = parse(path, bytes) else { return };
    let written = document::to_toml(&document);
    let over = document::update_toml(path, bytes, &document).expect("what was read is TOML");
    for text in [&written, &over] {
        let again = parse(path, text.as_bytes()).expect("what is written is read");
        assert_eq!(document::to_toml(&again), written);
    }
}

pub fn profile(bytes: &[u8]) {
    check(bytes, Profile::parse);
}

pub fn csc(bytes: &[u8]) {
    check(bytes, Csc::parse);
}

pub fn functions(bytes: &[u8]) {
    check(bytes, Functions::parse);
}

pub fn layer(bytes: &[u8]) {
    check(bytes, Layer::parse);
}

pub fn revocations(bytes: &[u8]) {
    check(bytes, Revocations::parse);
}

/// The documents about accounts: another one, one's own organization, and the organization's members.
pub fn account(bytes: &[u8]) {
    check(bytes, KnownAccount::parse);
    check(bytes, Membership::parse);
    check(bytes, Organization::parse);
}

pub fn stackset(bytes: &[u8]) {
    let Ok(stackset) = StackSet::parse(Path::new("stackset.toml"), bytes) else { return };
    for target in stackset.targets() {
        assert!(stackset.named(std::slice::from_ref(target.name())).is_ok());
        assert!(target.url().to_string().parse::<countersign::git::source::RemoteUrl>().is_ok());
    }
}

pub fn workspace(bytes: &[u8]) {
    let folder = Path::new("folder");
    let Ok(workspace) = Workspace::parse(folder, bytes) else { return };
    for item in &workspace.items {
        let artifact = item.artifact(&workspace.output);
        for path in [item.folder.as_path(), &artifact] {
            assert!(path.starts_with(folder), "a path leaves the repository");
            assert!(path.components().all(|part| part.as_os_str() != ".."), "a path leaves the repository");
        }
        assert!(workspace.item(&item.name).is_some());
    }
}

pub fn profile_seeds() -> Vec<Vec<u8>> {
    let key = keys::public().to_pem();
    super::texts(&[&format!(
        "# ours\nname = \"release\"\nplatform = \"AWSLambda-SHA384-ECDSA\"\nrevision = 1\n\n[[version]]\nversion = \"a1b2c3d4e5\"\nstatus = \"Active\" # signs\ncreated = \"2026-01-31T12:00:00Z\"\nvalidity = \"135 months\"\n\n[[permission]]\nstatement_id = \"ci\"\nprincipal = \"ci@example.com\"\nactions = [\"signer:StartSigningJob\", \"signer:RevokeSignature\"]\nkey = \"\"\"\n{key}\"\"\"\nnot_before = \"2026-01-31T12:00:00Z\"\nnot_after = \"2027-01-31T12:00:00Z\"\n"
    )])
}

pub fn csc_seeds() -> Vec<Vec<u8>> {
    super::texts(&[
        "id = \"csc-0123456789abcdefg\"\ndescription = \"production\"\nrevision = 1\nallowed_publishers = [\n  # ours\n  \"arn:countersign:signer::acme:/signing-profiles/release/*\", # all\n  'arn:aws:signer:eu-west-1:123456789012:/signing-profiles/r1/a1b2c3d4e5',\n]\nuntrusted_artifact_on_deployment = \"Enforce\"\n",
    ])
}

pub fn functions_seeds() -> Vec<Vec<u8>> {
    super::texts(&[
        "revision = 1\nprotected_refs = [\"refs/heads/main\", \"refs/tags/v*\"]\n\n# first\n[[function]]\npattern = \"orders-*\"\ncsc = \"csc-0123456789abcdefg\"\n\n[[function]]\npattern = \"?*\" # rest\ncsc = \"csc-0123456789abcdefh\"\n",
    ])
}

pub fn layer_seeds() -> Vec<Vec<u8>> {
    let (sha256, sha384) = ("00".repeat(32), "00".repeat(48));
    super::texts(&[&format!(
        "name = \"base\"\nrevision = 3\n\n[[version]]\nversion = 1\ncreated = \"2026-01-31T12:00:00Z\"\ndescription = \"money\"\nlicense = \"MIT\"\ncompatible_runtimes = [\"python3.13\"]\nlocation = \"s3://acme-layers/base-1.zip\"\nsize = 1234\nunpacked_size = 5678\nsha256 = \"{sha256}\"\nsha384 = \"{sha384}\"\nsigned = true\n\n[[permission]]\nversion = 1\nstatement_id = \"shop\"\nprincipal = \"*\"\norganization = \"acme-group\"\nnot_before = \"2026-01-31T12:00:00Z\"\nnot_after = \"2027-01-31T12:00:00Z\"\n"
    )])
}

pub fn revocations_seeds() -> Vec<Vec<u8>> {
    let (key, sha384) = (keys::public().id(), "00".repeat(48));
    let rest =
        "revoked_at = \"2026-02-01T09:00:00Z\"\nreason_code = \"keyCompromise\"\nreason = \"stolen\"\n";
    super::texts(&[&format!(
        "revision = 1\n\n[[profile]]\nprofile = \"arn:countersign:signer::acme:/signing-profiles/release/a1b2c3d4e5\"\neffective = \"2026-01-31T12:00:00Z\"\n{rest}\n[[key]]\nkey = \"{key}\"\neffective = \"2026-01-31T12:00:00Z\"\n{rest}\n[[job]]\njob = \"arn:countersign:signer::acme:/signing-jobs/3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b10\"\n{rest}\n[[artifact]]\nsha384 = \"{sha384}\"\n{rest}"
    )])
}

pub fn account_seeds() -> Vec<Vec<u8>> {
    let digest = "00".repeat(48);
    super::texts(&[
        &format!(
            "account = \"vendor\"\nrevision = 3\nroot = \"SHA384:{digest}\"\nfrom = \"https://git.vendor.example/policy.git#main\"\nroot_version = 2\nsnapshot = 7\nsnapshot_sha384 = \"{digest}\"\n"
        ),
        "revision = 1\norganization = \"acme-group\"\n",
        &format!("revision = 2\n\n[[member]]\naccount = \"shop\"\nroot = \"SHA384:{digest}\"\n"),
    ])
}

pub fn stackset_seeds() -> Vec<Vec<u8>> {
    let digest = "00".repeat(48);
    super::texts(&[&format!(
        "revision = 1\ndeploy = \"policy\"\nfailure_tolerance = 1\nmax_concurrent = \"25%\"\n\n[[target]]\nname = \"payments\"\nurl = \"https://git.acme.example/payments.git\"\nbranch = \"main\"\npath = \"policy\"\npull_request = \"countersign\"\n\n[[target]]\nname = \"b\"\nurl = \"git@git.acme.example:b.git\"\nbranch = \"main\"\npath = \".\"\ndeploy = [\"csc\", \"profiles\", \"functions\"]\nroot = \"SHA384:{digest}\"\nown = [\"profiles/NAME.toml\", \"csc/csc-0123456789abcdefg.toml\"]\nparameters = {{ untrusted_artifact_on_deployment = \"Warn\", publisher_account = \"payments\", additional_publishers = [] }}\n"
    )])
}

pub fn workspace_seeds() -> Vec<Vec<u8>> {
    super::texts(&[
        "account = \"acme\"\npolicy = \"policy\"\noutput = \"dist\"\n\n[[function]]\nname = \"orders\"\npath = \"services/orders\"\nprofile = \"release\"\ninclude = [\"src/**\"]\nexclude = [\"*.md\"]\nlayers = [\"arn:countersign:lambda::acme:layer:base:3\"]\n\n[[layer]]\nname = \"base\"\npath = \"layers/base\"\ncompatible_runtimes = [\"python3.13\"]\n",
        "trust = \"https://git.acme.example/policy.git#main:folder\"\n\n[[function]]\nname = \"a\"\npath = \".\"\n",
    ])
}
