//! Do signed revocations of another account, which are in no seal, come and stay?

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::PathBuf;

use base64ct::{Base64, Encoding};
use countersign::digest::Sha256;

use crate::accounts::Pair;
use crate::support::{NAME, contents, read, text, write};

/// A pair whose vendor has revoked what it delivered, by a signed revocation and no seal; and that file.
fn revoked() -> (Pair, PathBuf) {
    let pair = Pair::new();
    pair.deliver();
    pair.acme.verify().allowed();
    let manifest = pair.vendor.manifest();
    let why = ["--reason-code", "superseded", "--reason", "a lost laptop"];
    pair.vendor.run(&[&["job", "revoke", text(&manifest), "--signed"], &why[..]].concat()).done();
    let file = fs::read_dir(pair.vendor.policy().join("revocations")).expect("a folder").next();
    let file = file.expect("a file").expect("a file").path();
    (pair, file)
}

/// What runs already is asked of the account that signed it, too.
#[test]
fn an_audit_asks_the_other_account() {
    let (pair, _) = revoked();
    let code_sha256 = Base64::encode_string(Sha256::of(&read(&pair.acme.artifact())).as_bytes());
    let deployed = pair.acme.path().join("functions.json");
    let function = serde_json::json!({ "FunctionName": NAME, "CodeSha256": code_sha256 });
    write(&deployed, serde_json::json!({ "Functions": [function] }).to_string());
    let audit = || pair.acme.run(&["audit", "--deployed", text(&deployed)]);
    let ran = audit();
    assert!(ran.code == Some(0) && ran.out().contains("allowed"), "{ran}");
    pair.update().done();
    let ran = audit();
    assert!(ran.code == Some(1) && ran.out().contains("denied   revocation"), "{ran}");
    fs::remove_dir_all(pair.brought()).expect("it was there");
    audit().undecided("cannot use the policy of account `vendor`");
}

/// Under one seal they only become more: whoever serves an older copy of it, or another file, takes none away.
#[test]
fn what_was_brought_under_a_seal_stays() {
    let (pair, file) = revoked();
    let folder = || fs::metadata(pair.brought()).expect("a folder").ino();
    let before = folder();
    pair.update().done();
    pair.acme.verify().denied("revocation", "job-revoked");
    fs::remove_file(&file).expect("it was there");
    pair.update().done();
    pair.acme.verify().denied("revocation", "job-revoked");
    write(&file, "{}");
    pair.update().done();
    pair.update().done();
    pair.acme.verify().denied("revocation", "job-revoked");
    assert_eq!(fs::read_dir(pair.brought().join("revocations")).expect("a folder").count(), 2);
    // A verdict may be reading the folder all the while.
    assert_eq!(before, folder());
}

/// What was tampered with here is brought again, and its revocations with it.
#[test]
fn what_is_mended_keeps_them() {
    let (pair, file) = revoked();
    pair.update().done();
    fs::remove_file(&file).expect("it was there");
    write(&pair.brought().join("profiles/release.toml"), "");
    pair.acme.verify().undecided("cannot use the policy of account `vendor`");
    pair.update().done();
    pair.acme.verify().denied("revocation", "job-revoked");
    let brought = pair.brought();
    for spoil in [|path| write(path, ""), |path| symlink("/", path).expect("a link")] {
        fs::remove_dir_all(&brought).expect("it was there");
        spoil(&brought);
        pair.acme.verify().undecided("cannot use the policy of account `vendor`");
        pair.update().done();
        pair.acme.verify().allowed();
    }
}

/// A link among them is somebody's wish for a file of ours; nor is a file brought that no verdict looks for.
#[test]
fn a_link_among_them_brings_nothing() {
    let (pair, file) = revoked();
    let secret = pair.acme.path().join("secret");
    write(&secret, "a secret of ours");
    fs::remove_file(&file).expect("it was there");
    symlink(&secret, &file).expect("a link");
    write(&file.with_file_name("more.json"), "a secret of ours");
    pair.update().done();
    let theirs = file.parent().expect("a folder");
    fs::remove_dir_all(theirs).expect("it was there");
    let outside = pair.acme.path().join("outside");
    write(&outside.join(file.file_name().expect("a name")), "a secret of ours");
    symlink(&outside, theirs).expect("a link");
    pair.update().done();
    assert!(contents(&pair.acme.policy()).iter().all(|(_, bytes)| bytes != b"a secret of ours"));
}
