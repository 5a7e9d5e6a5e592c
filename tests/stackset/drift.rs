//! Drift: every status there is, of targets, documents and properties.

use std::fs;

use serde_json::{Value, json};

use crate::stackset::fleet::{Fleet, replace, results};
use crate::support::write;

/// The one target's drift, after a change of its work tree.
fn drift_after(change: impl FnOnce(&std::path::Path)) -> Value {
    let fleet = Fleet::deployed(1);
    fleet.change("t0", |work| change(&work.join("policy")));
    let ran = fleet.run(&["drift", "--format", "json"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    let drift = results(&ran).remove(0);
    // Whatever it is, it can be restored.
    assert_eq!(fleet.told(&["remediate"]), (Some(0), vec!["t0 CURRENT".into()]));
    assert_eq!(fleet.told(&["drift"]), (Some(0), vec!["t0 IN_SYNC".into()]));
    drift
}

#[test]
fn each_property_that_differs_is_named_with_both_values() {
    let more = "\n[[permission]]\nstatement_id = 'mallory'\n";
    let drift = drift_after(|policy| {
        let path = policy.join("profiles/release.toml");
        replace(&path, "AWSLambda-SHA384-ECDSA", "None");
        replace(&path, "validity = ", "# validity = ");
        write(&path, format!("{}{more}", fs::read_to_string(&path).unwrap()));
    });
    assert_eq!(drift["status"], "MODIFIED");
    let document = &drift["documents"][0];
    assert_eq!(
        (&document["path"], &document["status"]),
        (&json!("profiles/release.toml"), &json!("MODIFIED"))
    );
    let told: Vec<String> = document["properties"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| {
            format!(
                "{} {} {} {}",
                each["difference"].as_str().unwrap(),
                each["path"],
                each["expected"],
                each["actual"]
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            r#"ADD "/permission/1" null {"statement_id":"mallory"}"#,
            r#"NOT_EQUAL "/platform" "AWSLambda-SHA384-ECDSA" "None""#,
            r#"REMOVE "/version/0/validity" "135 months" null"#,
        ]
    );
}

#[test]
fn a_document_that_is_gone_or_nobody_s_is_named() {
    let drift = drift_after(|policy| fs::remove_file(policy.join("revocations.toml")).unwrap());
    assert_eq!(
        drift["documents"],
        json!([{ "path": "revocations.toml", "status": "DELETED", "properties": [] }])
    );
    let drift = drift_after(|policy| {
        fs::copy(policy.join("profiles/release.toml"), policy.join("profiles/other.toml")).unwrap();
    });
    assert_eq!(
        drift["documents"],
        json!([{ "path": "profiles/other.toml", "status": "UNMANAGED", "properties": [] }])
    );
}

#[test]
fn bytes_that_say_the_same_are_a_difference_of_a_copy() {
    let drift = drift_after(|policy| replace(&policy.join("functions.toml"), "revision", "# ours\nrevision"));
    let property = &drift["documents"][0]["properties"][0];
    assert_eq!((&property["path"], &property["difference"]), (&json!(""), &json!("NOT_EQUAL")));
    assert!(property["actual"].as_str().unwrap().starts_with("SHA384:"), "{drift}");
}

#[test]
fn a_broken_seal_is_told_with_its_reason() {
    for (path, why) in [("snapshot.json", "snapshot.json"), ("roots/1.json", "not the pinned root")] {
        let drift = drift_after(|policy| replace(&policy.join(path), "payload", "paylaod"));
        assert_eq!(drift["seal"]["holds"], false, "{drift}");
        assert!(drift["seal"]["why"].as_str().unwrap().contains(why), "{drift}");
    }
    let drift = drift_after(|policy| fs::remove_dir_all(policy.join("objects")).unwrap());
    assert_eq!(drift["status"], "MODIFIED");
}

#[test]
fn nothing_left_is_deleted() {
    assert_eq!(drift_after(|policy| fs::remove_dir_all(policy).unwrap())["status"], "DELETED");
}

#[test]
fn an_earlier_seal_that_holds_is_outdated_and_not_tampered_with() {
    let fleet = Fleet::deployed(1);
    let csc = fleet.scene.csc();
    fleet.scene.edit(&csc, "Enforce", "Warn");
    fleet.scene.seal();
    let ran = fleet.run(&["drift", "--format", "json"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    let seal = results(&ran)[0]["seal"].clone();
    assert_eq!(seal, json!({ "holds": true, "version": 2, "outdated": true }));
}

/// Whoever may revoke adds a signed revocation: that is no drift, and nothing takes it away.
#[test]
fn a_signed_revocation_of_the_target_s_stays() {
    let fleet = Fleet::deployed(1);
    fleet.change("t0", |work| write(&work.join("policy/revocations/6b1f.json"), "{}"));
    assert_eq!(fleet.told(&["drift"]), (Some(0), vec!["t0 IN_SYNC".into()]));
    fleet.change("t0", |work| fs::remove_file(work.join("policy/functions.toml")).unwrap());
    fleet.run(&["remediate"]).done();
    assert_eq!(fleet.file("t0", "policy/revocations/6b1f.json"), "{}");
}

#[test]
fn what_cannot_be_looked_at_is_not_checked_and_nothing_is_decided() {
    let fleet = Fleet::deployed(2);
    fs::remove_dir_all(fleet.bare("t1")).unwrap();
    let ran = fleet.run(&["drift"]);
    assert_eq!(ran.code, Some(2), "{ran}");
    assert!(ran.out().contains("NOT_CHECKED  t1\n  git cannot fetch"), "{ran}");
    assert!(ran.err().contains("1 of 2 targets could not be checked"), "{ran}");
    // What is seen to have drifted is said all the same.
    fleet.change("t0", |work| fs::remove_dir_all(work.join("policy")).unwrap());
    assert_eq!(fleet.told(&["drift"]), (Some(1), vec!["t0 DELETED".into(), "t1 NOT_CHECKED".into()]));
}
