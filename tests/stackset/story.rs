//! A central rollout to 20 targets, one tampered, one deleted, one with an extra CSC; and one to 200.

use std::fs;

use crate::stackset::fleet::{Fleet, replace, results};
use crate::support::{Scene, revocation, text};

#[test]
fn a_central_rollout_is_seen_and_repaired() {
    let fleet = Fleet::of(20, "failure_tolerance = '10%'\nmax_concurrent = '20%'");
    let (code, told) = fleet.told(&["deploy"]);
    assert_eq!(code, Some(0), "{told:?}");
    assert!(told.iter().all(|each| each.ends_with(" CURRENT")), "{told:?}");
    let (code, told) = fleet.told(&["drift"]);
    assert!(code == Some(0) && told.iter().all(|each| each.ends_with(" IN_SYNC")), "{told:?}");

    let csc = fleet.scene.csc();
    fleet.change("t3", |work| replace(&work.join("policy").join(&csc), "Enforce", "Warn"));
    fleet.change("t7", |work| fs::remove_dir_all(work.join("policy")).unwrap());
    let extra = "csc/csc-00000000000000000.toml";
    fleet.change("t12", |work| {
        let policy = work.join("policy");
        fs::copy(policy.join(&csc), policy.join(extra)).unwrap();
        replace(&policy.join(extra), &fleet.scene.csc_id(), "csc-00000000000000000");
    });

    let ran = fleet.run(&["drift", "--format", "json"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    let drifted: Vec<_> = results(&ran).into_iter().filter(|each| each["status"] != "IN_SYNC").collect();
    let names: Vec<&str> = drifted.iter().map(|each| each["target"].as_str().unwrap()).collect();
    assert_eq!(names, ["t3", "t7", "t12"]);
    let softened = &drifted[0]["documents"][0];
    assert_eq!((&softened["path"], &softened["status"]), (&csc.clone().into(), &"MODIFIED".into()));
    assert_eq!(
        softened["properties"],
        serde_json::json!([{
            "path": "/untrusted_artifact_on_deployment",
            "difference": "NOT_EQUAL", "expected": "Enforce", "actual": "Warn",
        }])
    );
    assert_eq!(drifted[1]["status"], "DELETED");
    let added = &drifted[2]["documents"];
    assert_eq!(added, &serde_json::json!([{ "path": extra, "status": "UNMANAGED", "properties": [] }]));
    assert!(drifted.iter().all(|each| each["seal"]["holds"] == false), "{ran}");

    let (code, told) = fleet.told(&["remediate"]);
    assert_eq!(code, Some(0), "{told:?}");
    let (code, told) = fleet.told(&["drift"]);
    assert!(code == Some(0) && told.iter().all(|each| each.ends_with(" IN_SYNC")), "{told:?}");
    // One commit for each that had drifted, and none for the others.
    let commits = |name| fleet.commits(name);
    assert_eq!((commits("t3"), commits("t7"), commits("t12"), commits("t4")), (4, 4, 4, 2));
    let message = fleet.git("t3", &["log", "-1", "--format=%B", "main"]);
    assert!(message.contains("Restore") && message.contains("changes from Warn to Enforce"), "{message}");
    assert_eq!(fleet.file("t7", "README.md"), "# a service\n");
}

/// A copy is the policy: the central pin and seal hold there, and a package is verified by it.
#[test]
fn a_copy_is_valid_under_the_central_pin() {
    let fleet = Fleet::deployed(1);
    let work = fleet.clone("t0", "main");
    fleet.scene.run(&["verify", "--policy", text(&work.join("policy")), "--format", "json"]).allowed();
}

/// What was brought of another account goes along: without it nothing that it signed can be decided there.
#[test]
fn a_copy_has_the_accounts_that_the_policy_knows() {
    let (fleet, vendor) = (Fleet::new(), Scene::of_account("vendor"));
    let (pin, from) = (vendor.pin().to_string(), vendor.policy());
    fleet.scene.run(&["account", "trust", "vendor", "--root", &pin, "--from", text(&from)]).done();
    let publisher = "arn:countersign:signer::vendor:/signing-profiles/release/*";
    fleet.scene.run(&["csc", "update", &fleet.scene.csc_id(), "--publisher", publisher]).done();
    // Something is revoked there, so that the copy needs its index too.
    vendor.append("revocations.toml", &revocation("artifact", &"ab".repeat(48)));
    vendor.seal();
    fleet.scene.run(&["account", "update"]).done();
    fleet.repository("t0");
    fleet.seal_set("failure_tolerance = 0\nmax_concurrent = 1", &fleet.copy("t0"));
    fleet.run(&["deploy"]).done();
    assert_eq!(fleet.told(&["drift"]), (Some(0), vec!["t0 IN_SYNC".into()]));
    for (from, to) in
        [(vendor.artifact(), fleet.scene.artifact()), (vendor.manifest(), fleet.scene.manifest())]
    {
        fs::copy(from, to).unwrap();
    }
    let verify = |work: &std::path::Path| {
        fleet.scene.run(&["verify", "--policy", text(&work.join("policy")), "--format", "json"])
    };
    verify(&fleet.clone("t0", "main")).allowed();
    fleet.change("t0", |work| fs::remove_dir_all(work.join("policy/accounts/vendor")).unwrap());
    verify(&fleet.clone("t0", "main")).undecided("cannot use the policy of account `vendor`");
    assert_eq!(fleet.told(&["drift"]), (Some(1), vec!["t0 MODIFIED".into()]));
    fleet.run(&["remediate"]).done();
    verify(&fleet.clone("t0", "main")).allowed();
}

#[test]
fn two_hundred_targets_on_one_machine() {
    let fleet = Fleet::of(200, "failure_tolerance = '10%'\nmax_concurrent = 8");
    let (code, told) = fleet.told(&["deploy"]);
    assert_eq!((code, told.len()), (Some(0), 200), "{told:?}");
    fleet.change("t150", |work| fs::remove_file(work.join("policy/functions.toml")).unwrap());
    let (code, told) = fleet.told(&["drift"]);
    let drifted: Vec<&String> = told.iter().filter(|each| !each.ends_with(" IN_SYNC")).collect();
    assert_eq!((code, drifted), (Some(1), vec![&"t150 MODIFIED".to_owned()]));
    // The jobs of a matrix share them out, and each job sees its own.
    let matrix = fleet.run(&["plan", "--format", "github-matrix", "--shards", "16"]);
    let matrix: serde_json::Value = serde_json::from_str(&matrix.done().out()).unwrap();
    let jobs = matrix["include"].as_array().unwrap();
    let of = |job: &serde_json::Value| job["targets"].as_str().unwrap().split(' ').count();
    assert_eq!(jobs.len(), 16);
    assert!(jobs.iter().all(|job| [12, 13].contains(&of(job))), "{matrix}");
    let (code, told) = fleet.told(&["drift", "--target", jobs[12]["targets"].as_str().unwrap()]);
    assert_eq!((code, told.len()), (Some(1), of(&jobs[12])), "{told:?}");
    let (code, _) = fleet.told(&["drift", "--shard", "1/16"]);
    assert_eq!(code, Some(0));
}
