//! What another account's documents are good for, and what not.

use countersign::ledger::{self, Line};
use countersign::time::Timestamp;

use crate::accounts::{Pair, deliver, publisher};
use crate::support::{Mode, Scene, read, revocation, text, time, write, year_after};

#[test]
fn another_accounts_signature_counts_if_our_csc_names_its_profile() {
    let pair = Pair::strangers();
    pair.deliver();
    pair.acme.verify().denied("mismatch", "key-unknown");
    // Named, and not known: nobody has said which root the account has.
    pair.allow(&["acme", "vendor"]);
    pair.acme.verify().denied("mismatch", "key-unknown");
    pair.trust().done();
    // Known, and not sealed.
    pair.acme.verify().denied("mismatch", "key-unknown");
    pair.acme.seal();
    let ran = pair.acme.verify();
    ran.allowed();
    let profile = ran.verdict()["signature"]["profile"].to_string();
    assert!(profile.contains("signer::vendor:/signing-profiles/release/"), "{profile}");
    // Known, and not named.
    pair.allow(&["acme"]);
    pair.acme.verify().denied("mismatch", "key-unknown");
}

/// go-tuf CVE-2024-47534: two accounts have a profile of one name, and here even one key.
#[test]
fn profiles_of_one_name_are_told_apart_by_their_accounts() {
    for mode in Mode::BOTH {
        let pair = Pair::new();
        if mode == Mode::Warn {
            pair.acme.warn();
        }
        pair.allow(&["vendor"]);
        // What our own profile of that name signed is not the vendor's.
        pair.acme.verify().untrusted(mode, "mismatch", "key-unknown");
        // A statement that claims the vendor's profile, with our own key.
        pair.allow(&["acme", "vendor"]);
        pair.acme.verify().allowed();
        let version = profile_of(&pair.vendor);
        let job = pair.acme.statement()["predicate"]["job"].as_str().expect("a job").to_owned();
        pair.acme.restate(|statement| {
            statement["predicate"]["profile"] = version.clone().into();
            statement["predicate"]["signedAt"] = pair.vendor.signed_at().to_string().into();
        });
        let ran = pair.acme.verify();
        ran.untrusted(mode, "mismatch", "permission-missing");
        assert!(ran.codes().contains(&"account-mismatch".into()), "the job is still ours: {ran}");
        let theirs = job.replace("::acme:", "::vendor:");
        pair.acme.restate(|statement| statement["predicate"]["job"] = theirs.into());
        pair.acme.verify().untrusted(mode, "mismatch", "permission-missing");
    }
}

fn profile_of(scene: &Scene) -> String {
    scene.statement()["predicate"]["profile"].as_str().expect("a profile").to_owned()
}

/// A vendor that names our functions, attaches its CSC to them, and vouches for a third, changes nothing here.
#[test]
fn another_accounts_documents_grant_nothing() {
    let pair = Pair::new();
    let third = Scene::of_account("third");
    let pin = third.pin().to_string();
    let from = third.policy();
    pair.vendor.run(&["account", "trust", "third", "--root", &pin, "--from", text(&from)]).done();
    pair.vendor.change(&pair.vendor.csc(), |csc| {
        csc.insert("allowed_publishers".into(), vec![toml::Value::from(publisher("third"))].into());
        csc.insert("untrusted_artifact_on_deployment".into(), "Warn".into());
    });
    pair.vendor.seal();
    pair.update().done();
    pair.allow(&["acme", "vendor"]);
    // Its copy of the third account's policy did not come, and its word about it does not count.
    assert!(!pair.brought().join("accounts/third").exists());
    deliver(&third, &pair.acme);
    pair.acme.verify().denied("mismatch", "key-unknown");
    pair.allow(&["acme", "vendor", "third"]);
    pair.acme.verify().denied("mismatch", "key-unknown");
    // Nor does its functions.toml attach a CSC to a name of ours.
    pair.acme.edit("functions.toml", "pattern = \"*\"", "pattern = \"other\"");
    pair.acme.seal();
    pair.deliver();
    pair.acme.verify().denied("mismatch", "function-ungoverned");
}

/// The vendor's ledger can vouch for its own signatures; not against what we revoke.
#[test]
fn a_trusted_time_of_theirs_does_not_outweigh_a_revocation_of_ours() {
    let pair = Pair::strangers();
    let (acme, vendor) = (&pair.acme, &pair.vendor);
    vendor.make_old();
    vendor.restate(|statement| statement["predicate"]["signedAt"] = "2023-06-01T00:00:00Z".into());
    vendor.run(&["job", "record", text(&vendor.manifest())]).done();
    let file = vendor.policy().join(ledger::FILE_NAME);
    let mut line: Line = serde_json::from_slice(read(&file).trim_ascii_end()).expect("a line");
    line.recorded_at = time("2024-01-01T00:00:00Z");
    write(&file, serde_json::to_string(&line).expect("JSON") + "\n");
    let version = vendor.snapshot().version + 1;
    vendor.seal_as(
        version,
        line.recorded_at,
        year_after(Timestamp::from_clock(std::time::SystemTime::now())),
    );
    let key = vendor.key("signing").public().id().to_string();
    let stolen =
        revocation("key", &key).replace("unspecified", "keyCompromise").replace("2024-01-01", "2024-06-01");
    let stolen = format!("{stolen}\neffective = '2024-02-01T00:00:00Z'");
    // The vendor says that its key was stolen after it had recorded this signature.
    vendor.append("revocations.toml", &stolen);
    vendor.seal_over();
    pair.trust().done();
    pair.allow(&["acme", "vendor"]);
    pair.deliver();
    acme.verify().allowed();
    // We say so too, and our ledger knows nothing of it.
    acme.append("revocations.toml", &stolen);
    acme.seal_over();
    acme.verify().denied("revocation", "key-revoked");
}

/// What the vendor revokes is void here with the next update, and not before; what we revoke is void at once.
#[test]
fn a_revocation_of_either_side_counts() {
    let pair = Pair::new();
    pair.deliver();
    pair.acme.verify().allowed();
    let version = profile_of(&pair.vendor).rsplit_once('/').expect("a version").1.to_owned();
    let revoke =
        ["profile", "revoke", "release", "--reason-code", "keyCompromise", "--reason", "a key was stolen"];
    let since = ["--profile-version", &version, "--effective", "2026-01-01T00:00:00Z"];
    pair.vendor.run(&[&revoke[..], &since].concat()).done();
    pair.vendor.seal();
    pair.acme.verify().allowed();
    pair.update().done();
    // What was brought counts once it is sealed.
    pair.acme.verify().undecided("accounts/vendor.toml");
    pair.acme.seal();
    pair.acme.verify().denied("revocation", "profile-revoked");

    let pair = Pair::new();
    pair.deliver();
    pair.acme.append("revocations.toml", &revocation("artifact", &sha384(&pair)));
    pair.acme.seal();
    pair.acme.verify().denied("revocation", "artifact-revoked");
}

fn sha384(pair: &Pair) -> String {
    pair.vendor.statement()["subject"][0]["digest"]["sha384"].as_str().expect("a digest").to_owned()
}

/// A vendor whose seal has ended keeps nobody else waiting, and nothing of its own is decided, in Warn too.
#[test]
fn an_account_that_cannot_be_asked_stops_its_own_signatures_alone() {
    for mode in Mode::BOTH {
        let pair = Pair::new();
        if mode == Mode::Warn {
            pair.acme.warn();
        }
        write(&pair.brought().join("snapshot.json"), "{}");
        let ran = pair.acme.verify();
        ran.allowed();
        assert!(
            ran.out().contains(
                "cannot use the policy of account `vendor`, so its signatures cannot be verified: "
            ),
            "{ran}"
        );
        pair.deliver();
        pair.acme.verify().undecided("cannot use the policy of account `vendor`");
    }
}
