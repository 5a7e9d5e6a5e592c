//! Does the whole way hold: a developer, a server, an unsigned tag, a change after signing, a roll-out in Warn?

use crate::push::place::Place;
use crate::support::{Mode, read, text, write};

#[test]
fn an_unsigned_tag_is_refused_by_the_client_and_by_the_server() {
    let place = Place::new(Mode::Enforce);
    place.change("version one");
    place.scene.git(&["tag", "v1"]);
    let client = place.push(&["origin", "v1"]);
    client.refused("denied: refs/tags/v1 at commit").told("manifest-missing");
    assert!(!client.err().contains("remote:"), "nothing was sent: {client}");
    let server = place.push(&["--no-verify", "origin", "v1"]);
    server.refused("remote: denied: refs/tags/v1 at commit").told("[remote rejected]");
    assert_eq!(place.there("refs/tags/v1"), None);
}

#[test]
fn a_signed_tag_goes_through_with_what_is_attached() {
    let place = Place::new(Mode::Enforce);
    place.change("version one");
    place.release();
    for tag in [&["tag", "v1"][..], &["tag", "-a", "-m", "two", "v2"]] {
        place.scene.git(tag);
    }
    // The client knows what is attached; the server does not know it yet.
    place
        .push(&["origin", "v1"])
        .refused("remote: ")
        .told("`countersign manifest fetch && countersign manifest push`, and push again");
    let refs = ["origin", "v1", "v2", "main", "refs/notes/countersign"];
    place.push(&refs).pushed("remote: allowed: refs/tags/v1, refs/tags/v2, refs/heads/main at commit");
    assert!(place.there("refs/tags/v2").is_some() && place.there("refs/heads/main").is_some());
    // What came once is there.
    place.scene.git(&["tag", "v3"]);
    place.push(&["origin", "v3"]).pushed("1 allowed");
}

#[test]
fn a_commit_that_changed_after_signing_is_refused_with_its_files() {
    let place = Place::new(Mode::Enforce);
    place.change("as signed");
    place.release();
    place.push(&["origin", "main", "refs/notes/countersign"]).pushed("1 allowed");
    place.change("changed later");
    write(&place.scene.repository().join("added.py"), "");
    place.scene.git(&["add", "."]);
    place.scene.git(&["commit", "-q", "--amend", "--no-edit"]);
    place.scene.git(&["tag", "v1"]);
    place.push(&["origin", "v1"]).refused("manifest-missing");
    // With the earlier signature attached to it, it tells what has changed since.
    let manifest = place.scene.manifest();
    place.scene.run(&["manifest", "attach", "HEAD", text(&manifest)]).done();
    let refs = ["--no-verify", "origin", "v1", "refs/notes/countersign"];
    let refused = place.push(&refs);
    refused
        .refused("remote:     source-differs: commit")
        .told("changed  handler.py")
        .told("added    added.py");
    assert_eq!(place.there("refs/tags/v1"), None);
}

#[test]
fn under_warn_the_push_goes_through_and_the_pusher_is_told() {
    let place = Place::new(Mode::Warn);
    place.change("unsigned");
    let warned = place.push(&["origin", "main"]);
    warned.pushed("remote: warned (mismatch): commit").told("remote: warned: refs/heads/main at commit");
    // Each side counts it, which is what the monitor answers from.
    for git_dir in [place.bare(), place.scene.repository().join(".git")] {
        let journal = String::from_utf8(read(&git_dir.join("countersign/journal.jsonl"))).expect("text");
        let last = journal.lines().last().expect("a line");
        let event: serde_json::Value = serde_json::from_str(last).expect("JSON");
        assert_eq!((&event["event"], &event["decision"]), (&"push".into(), &"warned".into()), "{last}");
        assert_eq!(event["findings"]["mismatch"], serde_json::json!(["manifest-missing"]), "{last}");
    }
    place.release();
    place.change("changed after signing");
    place.scene.run(&["manifest", "attach", "HEAD", text(&place.scene.manifest())]).done();
    let warned = place.push(&["origin", "main", "refs/notes/countersign"]);
    warned.pushed("remote:     source-differs: commit").told("remote:       changed  handler.py");
}

#[test]
fn under_warn_a_forged_manifest_is_refused() {
    let place = Place::new(Mode::Warn);
    place.change("forged");
    place.release();
    let mut bundle = place.scene.bundle();
    let signature = place.scene.signature();
    let other = [&signature[..signature.len() - 1], &[signature[signature.len() - 1] ^ 1]].concat();
    bundle["dsseEnvelope"]["signatures"][0]["sig"] =
        <base64ct::Base64 as base64ct::Encoding>::encode_string(&other).into();
    place.scene.put_bundle(&bundle);
    place.scene.run(&["manifest", "detach", "HEAD"]).done();
    place.scene.run(&["manifest", "attach", "HEAD", text(&place.scene.manifest())]).done();
    place.push(&["origin", "main"]).refused("denied (integrity)").told("signature-invalid");
}

#[test]
fn a_policy_that_is_pushed_decides_nothing() {
    let place = Place::new(Mode::Enforce);
    let repository = place.scene.repository();
    // Another policy in the tree, in which nothing is protected, and a workspace that names it.
    crate::support::copy(&place.scene.policy(), &repository.join("policy"));
    let functions = String::from_utf8(read(&repository.join("policy/functions.toml"))).expect("text");
    write(&repository.join("policy/functions.toml"), functions.replace("refs/heads/main", "refs/heads/x"));
    let workspace = String::from_utf8(read(&repository.join("countersign.toml"))).expect("text");
    write(&repository.join("countersign.toml"), workspace.replace("../policy", "policy"));
    place.scene.commit();
    place.push(&["--no-verify", "origin", "main"]).refused("remote: denied: refs/heads/main");
    // The developer's own hook goes by the pin, and the planted policy is not what was sealed.
    place.push(&["origin", "main"]).refused("error: the policy in").told("unsealed");
}

#[test]
fn a_revoked_or_expired_signature_carries_no_push() {
    let place = Place::new(Mode::Enforce);
    place.change("to be revoked");
    place.release();
    let job = place.scene.statement()["predicate"]["job"].as_str().expect("a job").to_owned();
    let job = job.rsplit('/').next().expect("an id").to_owned();
    let reason = ["--reason-code", "unspecified", "--reason", "a broken build"];
    place.scene.run(&[&["job", "revoke", &job][..], &reason].concat()).done();
    place.scene.seal();
    let refs = ["--no-verify", "origin", "main", "refs/notes/countersign"];
    place.push(&refs).refused("remote:     job-revoked");
    // Another signature over the same commit does, beside the one that is void.
    place.scene.run(&["release", "--attach", "--format", "json"]);
    place.scene.run(&["sign", "--again", "--attach", text(&place.scene.artifact())]).done();
    place.push(&refs).pushed("1 allowed");
}
