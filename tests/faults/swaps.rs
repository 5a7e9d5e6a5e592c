//! Does a command seal a document that an editor saves while it runs?

use countersign::crypto::envelope::Envelope;
use countersign::digest::Sha384;
use countersign::policy::snapshot::{self, Snapshot};

use crate::faults::commands::{Place, scene};
use crate::faults::injector::{self, Call, Calls, Fault, Faulted};
use crate::support::{Scene, read, write};

/// An unsealed change of the CSC.
const EDIT: &str = r#""$0" csc update "$(ls ../policy/csc | sed 's/\.toml$//')" --description waiting"#;

/// Runs a command once for each file that it opens in the policy directory, and saves `next` at `path` just before the
/// open. Each time it must seal the original document, or nothing.
fn saved_between(name: &str, before: &[&str], line: &str, path: &str, next: impl Fn(&str) -> String) {
    let first = scene(name, before);
    let next = next(&first.document(path));
    write(&first.path().join("next"), &next);
    std::os::unix::fs::symlink(first.policy().join(path), first.path().join("place")).expect("a link");
    let good = Sha384::of(first.document(path).as_bytes());
    assert_ne!(good, Sha384::of(next.as_bytes()), "{name}: nothing changes");
    let place = Place::new(first);
    let Faulted { ran, calls } = injector::run(place.again(), line, Fault::none(Calls::Reads));
    ran.done();
    assert_eq!(sealed(&place.scene, path), Some(good), "{name}");
    let is_open = |call: &Call| call.name.starts_with("open") && call.path.contains("/policy/");
    let opens: Vec<usize> = (1..).zip(&calls).filter(|(_, call)| is_open(call)).map(|(at, _)| at).collect();
    println!("{name}: {} places", opens.len());
    let mut refused = 0;
    for at in opens {
        let fault = Fault { calls: Calls::Reads, at, onwards: false, what: "swap" };
        let Faulted { ran, calls } = injector::run(place.again(), line, fault);
        assert!(!place.scene.path().join("next").exists(), "{name}, {fault}: nothing was saved: {ran}");
        refused += usize::from(ran.code == Some(2));
        let found = sealed(&place.scene, path);
        let call = &calls[at - 1].path;
        assert!(found.is_none() || found == Some(good), "{name}: saved before {call} is opened: {ran}");
    }
    assert!(refused > 0, "{name}: a change before the first read must be refused");
}

/// The digest that the newest seal has for a path; of the restarted policy, if there is one.
fn sealed(scene: &Scene, path: &str) -> Option<Sha384> {
    let again = snapshot::path(&scene.path().join("again"));
    let file = if scene.path().join("again").exists() { again } else { snapshot::path(&scene.policy()) };
    let envelope: Envelope = serde_json::from_slice(&read(&file)).expect("JSON");
    let snapshot: Snapshot = serde_json::from_slice(envelope.unverified_payload()).expect("a snapshot");
    snapshot.document(path).map(|document| document.sha384)
}

/// The profile with a forbidden change: another validity of its only version.
fn other_version(profile: &str) -> String {
    let mut table: toml::Table = profile.parse().expect("TOML");
    table["revision"] = 2.into();
    table["version"][0]["validity"] = "1 day".into();
    table.to_string()
}

#[test]
fn a_change_that_is_saved_during_a_seal_is_not_sealed_unchecked() {
    let line = r#"exec "$0" policy seal"#;
    saved_between("seal", &[EDIT], line, "profiles/release.toml", other_version);
}

#[test]
fn a_ledger_that_is_saved_during_a_seal_is_not_sealed_unchecked() {
    let before = [r#""$0" job record dist/orders.zip.sigstore.json; "$0" policy seal"#, EDIT];
    // Another time of a sealed job: the chain is valid, but a sealed line was changed.
    let other = |ledger: &str| {
        let at = ledger.find("recorded_at\":\"").expect("a time") + "recorded_at\":\"".len();
        format!("{}2020{}", &ledger[..at], &ledger[at + 4..])
    };
    saved_between("seal with a ledger", &before, r#"exec "$0" policy seal"#, "ledger.jsonl", other);
}

#[test]
fn a_change_that_is_saved_during_a_renewal_is_not_sealed() {
    let line = r#"exec "$0" policy renew --within '400 days'"#;
    saved_between("renew", &[], line, "functions.toml", |text| format!("{text}# of somebody\n"));
}

#[test]
fn a_change_that_is_saved_during_a_restart_is_not_sealed() {
    let keys = "../config/countersign/keys/acme";
    let line = format!(
        r#"exec "$0" policy restart --output ../again --root-key {keys}/root.pem --policy-key {keys}/policy.pem"#
    );
    saved_between("restart", &[], &line, "profiles/release.toml", other_version);
}
