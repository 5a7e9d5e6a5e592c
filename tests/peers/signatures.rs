//! Do other verifiers accept our manifests, and do we refuse what they refuse?

use std::path::Path;
use std::process::Output;

use crate::peers::forgery;
use crate::peers::mutation::{self, Mutation, YES};
use crate::peers::peer::{Peer, printed, script, succeeded, told};
use crate::peers::release::{NAME, Release, read, scratch, text, write};

/// Written out here, as the keys of the JSON are: the library's own is what is being judged.
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

#[test]
fn openssl_verifies_the_signature_over_the_pae() {
    let (Some(openssl), release) = (Peer::find("openssl"), Release::shared()) else {
        return;
    };
    let (key, folder) = (release.public_key(), scratch());
    let [pae, signature] = ["pae", "signature"].map(|name| folder.path().join(name));
    write(&pae, pre_authentication_encoding(PAYLOAD_TYPE, &release.payload()));
    write(&signature, release.signature());
    let (flags, verify) = (["dgst", "-sha384"], ["-verify", text(&key)]);
    let question = ["-signature", text(&signature), text(&pae)];
    let verdict = openssl.ask(flags.iter().chain(&verify).chain(&question));
    assert_eq!(printed(&verdict).trim(), "Verified OK");
}

#[test]
fn openssl_computes_the_digests_of_the_subject() {
    let (Some(openssl), release) = (Peer::find("openssl"), Release::shared()) else {
        return;
    };
    let subject = &release.statement()["subject"][0];
    assert_eq!(subject["name"], format!("{NAME}.zip"));
    for algorithm in ["sha256", "sha384"] {
        let flag = format!("-{algorithm}");
        let said = printed(&openssl.ask(["dgst", "-r", &flag, text(&release.artifact())]));
        let digest = said.split_whitespace().next();
        assert_eq!(subject["digest"][algorithm].as_str(), digest, "{algorithm}");
    }
}

#[test]
fn ssh_keygen_shows_the_key_id() {
    let (Some(ssh_keygen), release) = (Peer::find("ssh-keygen"), Release::shared()) else {
        return;
    };
    let (pem, folder) = (release.public_key(), scratch());
    let public = folder.path().join("key.pub");
    let converted = ssh_keygen.ask(["-i", "-m", "PKCS8", "-f", text(&pem)]);
    write(&public, printed(&converted));
    let shown = printed(&ssh_keygen.ask(["-l", "-f", text(&public)]));
    let words: Vec<_> = shown.split_whitespace().collect();
    let [bits, fingerprint, ..] = words[..] else { panic!("unexpected: {shown}") };
    assert_eq!(bits, "384");
    let bundle = release.bundle();
    assert_eq!(bundle["dsseEnvelope"]["signatures"][0]["keyid"], fingerprint);
    assert_eq!(bundle["verificationMaterial"]["publicKey"]["hint"], fingerprint);
}

#[test]
fn cosign_accepts_the_manifest() {
    let (Some(cosign), release) = (Cosign::find(), Release::shared()) else {
        return;
    };
    let verdict = cosign.verify(&release, &release.artifact(), &release.manifest());
    assert!(succeeded(&verdict), "{}", told(&verdict));
}

/// An endorsement is one field more, inside of what is signed.
#[test]
fn cosign_accepts_an_endorsement() {
    let (Some(cosign), release) = (Cosign::find(), Release::shared()) else {
        return;
    };
    let folder = scratch();
    let artifact = folder.path().join("vendor.zip");
    write(&artifact, read(&release.artifact()));
    let signed = release.countersign(&["sign", text(&artifact), "--layer", "vendor-base", "--endorse"]);
    assert!(printed(&signed).starts_with("endorsed: "), "{}", told(&signed));
    let verdict = cosign.verify(&release, &artifact, &folder.path().join("vendor.zip.sigstore.json"));
    assert!(succeeded(&verdict), "{}", told(&verdict));
}

#[test]
fn a_changed_artifact_is_refused_by_cosign_and_here() {
    let (Some(cosign), release) = (Cosign::find(), Release::shared()) else {
        return;
    };
    let folder = scratch();
    let artifact = folder.path().join(format!("{NAME}.zip"));
    let mut bytes = read(&release.artifact());
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    write(&artifact, bytes);
    let manifest = release.manifest();
    assert!(!succeeded(&cosign.verify(&release, &artifact, &manifest)));
    let verdict = release.verify(&artifact, &manifest);
    assert_eq!(verdict.status.code(), Some(1), "{}", told(&verdict));
}

#[test]
fn a_field_that_cosign_refuses_is_refused_here() {
    let release = Release::shared();
    refused_by_cosign_is_refused_here(&release, &mutation::fields(&release.bundle()));
}

#[test]
fn a_flipped_bit_that_cosign_refuses_is_refused_here() {
    let release = Release::shared();
    refused_by_cosign_is_refused_here(&release, &mutation::bits(&read(&release.manifest())));
}

#[test]
fn a_signed_statement_that_cosign_refuses_is_refused_here() {
    let (Some(openssl), release) = (Peer::find("openssl"), Release::shared()) else {
        return;
    };
    let (key, folder) = (release.private_key(), scratch());
    let [pae, signature] = ["pae", "signature"].map(|name| folder.path().join(name));
    let sign = |payload_type: &str, payload: &[u8]| {
        write(&pae, pre_authentication_encoding(payload_type, payload));
        let request = ["dgst", "-sha384", "-sign", text(&key), "-out", text(&signature), text(&pae)];
        printed(&openssl.ask(request));
        read(&signature)
    };
    let forgeries = forgery::forgeries(&release.bundle(), &release.statement(), &sign);
    refused_by_cosign_is_refused_here(&release, &forgeries);
}

#[test]
fn securesystemslib_verifies_the_envelope() {
    verifies_with_the_key("securesystemslib", "dsse_securesystemslib.py");
}

#[test]
fn in_toto_verifies_the_envelope() {
    verifies_with_the_key("in_toto", "envelope_in_toto.py");
}

#[test]
fn in_toto_attestation_reads_the_statement() {
    let Some(python) = Peer::python("in_toto_attestation") else {
        return;
    };
    let (script, release) = (script("statement_in_toto_attestation.py"), Release::shared());
    let (manifest, artifact) = (release.manifest(), release.artifact());
    printed(&python.ask([&script, text(&manifest), text(&artifact)]));
}

fn verifies_with_the_key(module: &str, script_name: &str) {
    let (Some(python), release) = (Peer::python(module), Release::shared()) else {
        return;
    };
    let (script, manifest, key) = (script(script_name), release.manifest(), release.public_key());
    printed(&python.ask([&script, text(&manifest), text(&key)]));
}

/// Asks cosign and countersign about every mutation. Only a yes here to a no there is wrong: we
/// may be stricter.
fn refused_by_cosign_is_refused_here(release: &Release, mutations: &[Mutation]) {
    let Some(cosign) = Cosign::find() else { return };
    let (artifact, folder) = (release.artifact(), scratch());
    let path = folder.path().join("mutated.sigstore.json");
    let mut wrong = Vec::new();
    for mutation in mutations {
        let name = &mutation.name;
        write(&path, &mutation.bytes);
        let there = succeeded(&cosign.verify(release, &artifact, &path));
        let here = release.verify(&artifact, &path);
        println!("{name}: cosign {}, countersign {}", yes_or_no(there), here.status);
        if mutation.cosign.is_some_and(|expected| expected != there) {
            wrong.push(format!("{name}: cosign says {}", yes_or_no(there)));
        }
        let agreed = match here.status.code() {
            Some(0) => there,
            Some(1 | 2) => mutation.cosign != YES,
            _ => false,
        };
        if !agreed {
            wrong.push(format!("{name}: {}", told(&here)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn yes_or_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

/// cosign, which trusts the release's key and no transparency log.
struct Cosign(Peer);

impl Cosign {
    fn find() -> Option<Self> {
        Peer::find("cosign").map(Self)
    }

    fn verify(&self, release: &Release, artifact: &Path, manifest: &Path) -> Output {
        self.0.ask([
            "verify-blob-attestation",
            "--insecure-ignore-tlog",
            "--signature-digest-algorithm=sha384",
            "--type=urn:countersign:signing-job:v1",
            &format!("--key={}", text(&release.public_key())),
            &format!("--bundle={}", text(manifest)),
            text(artifact),
        ])
    }
}

/// `PAE(type, body) = "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body`, from the DSSE v1.0
/// protocol.
fn pre_authentication_encoding(payload_type: &str, body: &[u8]) -> Vec<u8> {
    let [type_length, body_length] = [payload_type.len(), body.len()];
    let head = format!("DSSEv1 {type_length} {payload_type} {body_length} ");
    [head.as_bytes(), body].concat()
}
