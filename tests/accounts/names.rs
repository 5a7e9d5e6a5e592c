//! Can a name in a document, or a link in the tree, lead out of the policy directory?

use std::fs;
use std::os::unix::fs::symlink;

use countersign::policy::snapshot::SealedDocument;

use crate::accounts::Pair;
use crate::support::{contents, text};

const NAMES: [&str; 9] = ["../x", "/abs", "a/b", "a\\b", "CON", "con", "..", "-x", "a name that is no name"];

/// tough CVE-2026-6968: names from metadata used as paths.
#[test]
fn no_name_leads_out() {
    let pair = Pair::new();
    let (pin, from) = (pair.vendor.pin().to_string(), pair.vendor.policy());
    let before = contents(pair.acme.path());
    for name in NAMES {
        let ran = pair.acme.run(&["account", "trust", "--root", &pin, "--from", text(&from), "--", name]);
        ran.undecided("account name");
        pair.acme.run(&["account", "forget", "--", name]).undecided("account name");
        pair.acme.run(&["account", "update", "--", name]).undecided("account name");
    }
    assert!(contents(pair.acme.path()) == before);
    for name in NAMES {
        let acme = pair.acme.copy();
        acme.change("accounts/vendor.toml", |document| {
            document.insert("account".into(), name.into());
        });
        acme.run(&["policy", "seal"]).undecided("accounts/vendor.toml");
        let publisher = format!("arn:countersign:signer::{name}:/signing-profiles/release/*");
        acme.run(&["csc", "update", &acme.csc_id(), "--add-publisher", &publisher]).is_no();
    }
    // A name in the document that is not the file's.
    pair.acme.change("accounts/vendor.toml", |document| {
        document.insert("account".into(), "other".into());
    });
    pair.acme.run(&["policy", "seal"]).undecided("which differs from the file name");
}

/// A link in the place of the folder: nothing is written or removed through it.
#[test]
fn no_link_leads_out() {
    for place in ["accounts", "accounts/vendor"] {
        let pair = Pair::strangers();
        let outside = pair.acme.path().join("outside");
        let seal = outside.join("vendor").join("0123456789abcdef0123456789abcdef");
        fs::create_dir_all(&seal).expect("a folder");
        let link = pair.acme.policy().join(place);
        fs::create_dir_all(link.parent().expect("a folder")).expect("a folder");
        let to = if place == "accounts" { outside.clone() } else { outside.join("vendor") };
        symlink(to, &link).expect("a link");
        let before = contents(&outside);
        pair.trust().undecided("is not a folder");
        assert!(contents(&outside) == before && seal.is_dir(), "{place}");
        pair.acme.append("revocations.toml", &crate::support::revocation("artifact", &"ab".repeat(48)));
        pair.acme.run(&["policy", "seal"]);
        assert!(seal.is_dir(), "{place}");
    }
}

/// The same for what a command writes or removes of our own.
#[test]
fn no_document_is_written_through_a_link() {
    let pair = Pair::new();
    let (acme, outside) = (&pair.acme, pair.acme.path().join("outside"));
    let artifact = acme.artifact();
    fs::create_dir_all(&outside).expect("a folder");
    let link = |name: &str| symlink(&outside, acme.policy().join(name)).expect("a link");
    link("layers");
    let publish = ["layer", "publish", "base", "--artifact", text(&artifact)];
    acme.run(&publish).undecided("is not a folder");
    assert!(contents(&outside).is_empty());
    fs::remove_file(acme.policy().join("layers")).expect("no link");
    pair.allow(&["acme"]);
    fs::rename(acme.policy().join("accounts"), outside.join("accounts")).expect("moved");
    symlink(outside.join("accounts"), acme.policy().join("accounts")).expect("a link");
    let before = contents(&outside);
    acme.run(&["account", "forget", "vendor"]).undecided("is not a folder");
    assert!(contents(&outside) == before);
}

/// A malicious vendor: what its seal names is written to our disk under that name.
#[test]
fn no_path_in_a_seal_leads_out() {
    for path in
        ["../../../functions.toml", "/tmp/planted.toml", "csc/../../../x", "csc/a\\b.toml", "csc/con.toml"]
    {
        let pair = Pair::strangers();
        let mut snapshot = pair.vendor.snapshot();
        let planted = SealedDocument { path: path.into(), ..snapshot.documents[0].clone() };
        snapshot.documents.push(planted);
        snapshot.documents.sort_by(|a, b| a.path.cmp(&b.path));
        pair.vendor.put_snapshot(&snapshot);
        let before = contents(pair.acme.path());
        pair.trust().undecided("document path");
        assert!(contents(pair.acme.path()) == before, "{path}");
    }
}

/// A folder that holds no policy is most often the one above it.
#[test]
fn a_folder_without_a_policy_is_said_to_be_none() {
    let pair = Pair::strangers();
    let (pin, from) = (pair.vendor.pin().to_string(), pair.vendor.path());
    let trust = ["account", "trust", "vendor", "--root", &pin, "--from", text(from)];
    let ran = pair.acme.run(&trust);
    ran.undecided("no policy in");
    assert!(ran.err().contains("hint: name the policy directory, or"), "{ran}");
}
