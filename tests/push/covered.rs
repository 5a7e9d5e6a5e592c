//! Is a commit covered by the manifests of its ancestors, function by function, and by no others?

use crate::push::hostile::id;
use crate::push::place::Place;
use crate::support::{Mode, Ran, read, text, write};

const ALL: [&str; 3] = ["origin", "main", "refs/notes/countersign"];

/// A place whose artifacts are not committed.
fn place() -> Place {
    let place = Place::new(Mode::Enforce);
    write(&place.scene.repository().join(".git/info/exclude"), "dist/\n");
    place
}

/// A place whose function is released, and pushed.
fn released() -> Place {
    let place = place();
    place.change("as signed");
    place.release();
    place.push(&ALL).pushed("1 allowed");
    place
}

/// Commits a file that no function packages.
fn docs(place: &Place, words: &str) {
    let toml = place.scene.repository().join("countersign.toml");
    let before = String::from_utf8(read(&toml)).expect("text");
    if !before.contains("/docs/") {
        write(&toml, before.replace("exclude = [", "exclude = [\"/docs/\", \"/countersign.toml\", "));
    }
    write(&place.scene.repository().join("docs/README"), words);
    place.scene.commit();
}

/// `verify --source`, for the first function.
fn source(place: &Place, revision: &str) -> Ran {
    place.scene.run(&["verify", "--source", revision, "--format", "json"])
}

/// A released place whose later commits can change `docs` alone.
fn documented() -> Place {
    let place = place();
    docs(&place, "first");
    place.release();
    place.push(&ALL).pushed("1 allowed");
    place
}

fn revoke(place: &Place, job: &str) {
    let reason = ["--reason-code", "unspecified", "--reason", "a broken build"];
    place.scene.run(&[&["job", "revoke", job][..], &reason].concat()).done();
    place.scene.seal();
}

fn job(place: &Place) -> String {
    let job = place.scene.statement()["predicate"]["job"].as_str().expect("a job").to_owned();
    job.rsplit('/').next().expect("an id").to_owned()
}

#[test]
fn a_commit_that_changes_no_function_needs_no_signature() {
    let place = documented();
    let signed = id(&place, "HEAD");
    docs(&place, "second");
    let verified = source(&place, "HEAD");
    verified.allowed();
    assert!(verified.out().contains(&format!("refs/notes/countersign of {}", &signed[..12])), "{verified}");
    // Both hooks agree, and neither which refs the server has nor what git remembers of them matters.
    place.push(&["origin", "main"]).pushed("remote: allowed: refs/heads/main");
    docs(&place, "third");
    place.scene.git(&["update-ref", "-d", "refs/remotes/origin/main"]);
    place.push(&["origin", "main"]).pushed("remote: allowed: refs/heads/main");
    place.scene.git(&["tag", "v1"]);
    place.push(&["origin", "v1"]).pushed("1 allowed");
    place.change("unsigned");
    source(&place, "HEAD").denied("mismatch", "manifest-missing");
    place.push(&["--no-verify", "origin", "main"]).refused("manifest-missing");
}

#[test]
fn a_revert_is_covered_while_the_older_manifest_is_valid() {
    let place = released();
    let old = job(&place);
    place.change("a second version");
    place.release();
    place.push(&ALL).pushed("1 allowed");
    place.scene.git(&["revert", "--no-edit", "HEAD"]);
    source(&place, "HEAD").allowed();
    revoke(&place, &old);
    source(&place, "HEAD").denied("revocation", "job-revoked");
    place.push(&["--no-verify", "origin", "main"]).refused("job-revoked");
}

#[test]
fn manifests_of_other_branches_cover_nothing() {
    let place = released();
    place.scene.git(&["checkout", "-q", "-b", "topic"]);
    place.change("on a branch");
    place.release();
    place.push(&["origin", "topic", "refs/notes/countersign"]).pushed("");
    place.scene.git(&["checkout", "-q", "main"]);
    place.scene.git(&["commit", "-q", "--allow-empty", "-m", "on main"]);
    place.change("on a branch");
    source(&place, "HEAD").denied("mismatch", "manifest-missing");
    place.push(&["--no-verify", "origin", "main"]).refused("manifest-missing");
    // A merge makes it an ancestor.
    place.scene.git(&["merge", "-q", "-m", "merged", "topic"]);
    source(&place, "HEAD").allowed();
    place.push(&["origin", "main"]).pushed("remote: allowed: refs/heads/main");
}

#[test]
fn a_manifest_that_is_void_hides_no_valid_one_further_back() {
    let place = documented();
    let first = job(&place);
    docs(&place, "second");
    place.scene.run(&["sign", "--again", "--attach", text(&place.scene.artifact())]).done();
    revoke(&place, &job(&place));
    source(&place, "HEAD").allowed();
    // Nor does a forged one.
    docs(&place, "third");
    let mut bundle = place.scene.bundle();
    let signature = place.scene.signature();
    let other = [&signature[..signature.len() - 1], &[signature[signature.len() - 1] ^ 1]].concat();
    bundle["dsseEnvelope"]["signatures"][0]["sig"] =
        <base64ct::Base64 as base64ct::Encoding>::encode_string(&other).into();
    place.scene.put_bundle(&bundle);
    place.scene.run(&["manifest", "attach", "HEAD", text(&place.scene.manifest())]).done();
    source(&place, "HEAD").allowed();
    place.push(&ALL).pushed("remote: allowed: refs/heads/main");
    revoke(&place, &first);
    source(&place, "HEAD").is_no();
}

#[test]
fn each_function_is_covered_by_itself() {
    let place = documented();
    let toml = place.scene.repository().join("countersign.toml");
    let before = String::from_utf8(read(&toml)).expect("text");
    let before = before.replace("exclude = [", "exclude = [\"/invoices/\", ");
    write(&toml, &before);
    place.scene.commit();
    place.release();
    write(&toml, format!("{before}\n[[function]]\nname = 'invoices'\npath = 'invoices'\n"));
    write(&place.scene.repository().join("invoices/app.py"), "print('an invoice')\n");
    place.scene.commit();
    let decisions = || {
        let ran = source(&place, "HEAD");
        let document: serde_json::Value = serde_json::from_str(&ran.out()).expect("JSON");
        let results = document["results"].as_array().expect("results").clone();
        results.iter().map(|result| result["decision"].as_str().expect("text").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(decisions(), ["allowed", "denied"]);
    place.scene.run(&["package"]).done();
    let dist = place.scene.repository().join("dist/invoices.zip");
    place.scene.run(&["sign", "--attach", text(&dist)]).done();
    assert_eq!(decisions(), ["allowed", "allowed"]);
    place.change("the orders change");
    assert_eq!(decisions(), ["denied", "allowed"]);
}

/// The files are those of a signed ancestor only because an unsigned commit selects them in another way.
#[test]
fn a_commit_cannot_hide_code_from_an_earlier_manifest() {
    let place = documented();
    let (toml, top) = (place.scene.repository().join("countersign.toml"), place.scene.repository());
    source(&place, "HEAD").allowed();
    let before = String::from_utf8(read(&toml)).expect("text");
    write(&top.join("evil.py"), "print('evil')\n");
    write(&toml, before.replace("exclude = [", "exclude = [\"/evil.py\", "));
    place.scene.commit();
    source(&place, "HEAD").denied("mismatch", "manifest-missing");
    // Nor with a copy of the note, which needs no key.
    place.scene.git(&["notes", "--ref", "countersign", "copy", "HEAD~1", "HEAD"]);
    let ran = source(&place, "HEAD");
    ran.denied("mismatch", "manifest-missing").told("the commit could hide code");
    place.release();
    source(&place, "HEAD").allowed();
}

/// The policy has the strict form, and the last commit changes no function.
fn strict() -> Place {
    let place = documented();
    place.scene.change("functions.toml", |functions| {
        functions.insert("format".into(), 2.into());
        functions.insert("covered_by".into(), "commit".into());
    });
    place.scene.seal();
    source(&place, "HEAD").allowed();
    docs(&place, "second");
    place
}

/// `covered_by = "commit"` is about what was signed, not about the note, which anyone can copy.
#[test]
fn a_copied_note_is_no_manifest_of_the_commit() {
    let place = strict();
    place.scene.git(&["notes", "--ref", "countersign", "copy", "HEAD~1", "HEAD"]);
    source(&place, "HEAD").denied("mismatch", "manifest-missing");
}

#[test]
fn the_policy_can_ask_for_manifests_of_each_commit() {
    let place = strict();
    source(&place, "HEAD").denied("mismatch", "manifest-missing");
    for client in [&[][..], &["--no-verify"]] {
        let push = place.push(&[client, &["origin", "main", "refs/notes/countersign"]].concat());
        push.refused("the policy accepts no manifest of its ancestors");
    }
    place.release();
    place.push(&ALL).pushed("1 allowed");
}
