//! Operations: order, failures that are tolerated and those that are not, what was stopped, and who is faster.

use std::fs;
use std::path::Path;

use countersign::policy::snapshot;
use serde_json::json;

use crate::stackset::fleet::{Fleet, replace, results};
use crate::support::{Ran, reseal, text, write};

#[test]
fn what_was_not_begun_is_cancelled_once_too_many_failed() {
    for (tolerance, told) in [
        ("0", ["t0 CURRENT", "t1 FAILED", "t2 CANCELLED", "t3 CANCELLED"]),
        ("1", ["t0 CURRENT", "t1 FAILED", "t2 CURRENT", "t3 CURRENT"]),
        ("'25%'", ["t0 CURRENT", "t1 FAILED", "t2 CURRENT", "t3 CURRENT"]),
        ("'24%'", ["t0 CURRENT", "t1 FAILED", "t2 CANCELLED", "t3 CANCELLED"]),
    ] {
        let fleet = Fleet::of(4, &format!("failure_tolerance = {tolerance}\nmax_concurrent = 1"));
        fs::remove_dir_all(fleet.bare("t1")).unwrap();
        assert_eq!(fleet.told(&["deploy"]), (Some(1), told.map(str::to_owned).to_vec()), "{tolerance}");
        // Mended, it is run again, and goes on where it stopped.
        fleet.repository("t1");
        let (code, told) = fleet.told(&["deploy"]);
        assert!(code == Some(0) && told.iter().all(|each| each.ends_with(" CURRENT")), "{told:?}");
        assert!((0..4).all(|number| fleet.commits(&format!("t{number}")) == 2));
    }
}

#[test]
fn nothing_to_do_is_no_commit() {
    let fleet = Fleet::deployed(2);
    let tips = || ["t0", "t1"].map(|name| fleet.git(name, &["rev-parse", "main"]));
    let before = tips();
    for verb in ["deploy", "remediate"] {
        let (code, told) = fleet.told(&[verb]);
        assert_eq!((code, told), (Some(0), vec!["t0 CURRENT".into(), "t1 CURRENT".into()]));
    }
    assert_eq!(tips(), before);
}

#[test]
fn a_rehearsal_pushes_nothing() {
    let fleet = Fleet::of(1, "failure_tolerance = 0\nmax_concurrent = 1");
    for arguments in [&["deploy", "--dry-run"][..], &["remediate", "--dry-run"], &["plan"]] {
        assert_eq!(fleet.told(arguments), (Some(0), vec!["t0 OUTDATED".into()]));
    }
    assert_eq!(fleet.commits("t0"), 1);
}

#[test]
fn named_targets_alone_are_changed_and_unknown_ones_refused() {
    let fleet = Fleet::of(3, "failure_tolerance = 0\nmax_concurrent = 1");
    let (_, told) = fleet.told(&["deploy", "--target", "t2", "--target", "t0"]);
    assert_eq!(told, ["t0 CURRENT", "t2 CURRENT"]);
    assert_eq!(fleet.commits("t1"), 1);
    let ran = fleet.run(&["deploy", "--shard", "1/9"]);
    assert!(ran.done().out().ends_with(": 0 targets\n"), "{ran}");
    let ran = fleet.run(&["deploy", "--target", "t9"]);
    assert_eq!(ran.code, Some(2), "{ran}");
    assert!(ran.err().contains("no target `t9`"), "{ran}");
}

#[test]
fn the_commit_is_whose_it_is_said_to_be() {
    let fleet = Fleet::of(1, "failure_tolerance = 0\nmax_concurrent = 1");
    for wrong in ["Grace", "Grace <>", "Grace <a> <b>", "<grace@example.org>"] {
        assert_eq!(fleet.run(&["deploy", "--author", wrong]).code, Some(2), "{wrong}");
    }
    fleet.run(&["deploy", "--author", "Grace <grace@example.org>"]).done();
    assert_eq!(fleet.git("t0", &["log", "-1", "--format=%an <%ae>", "main"]), "Grace <grace@example.org>\n");
}

#[test]
fn an_unsealed_or_unpinned_policy_is_rolled_out_nowhere() {
    let fleet = Fleet::of(1, "failure_tolerance = 0\nmax_concurrent = 1");
    let csc = fleet.scene.csc();
    fleet.scene.edit(&csc, "Enforce", "Warn");
    let ran = fleet.run(&["deploy"]);
    assert!(ran.code == Some(2) && ran.err().contains("unsealed changes"), "{ran}");
    fleet.scene.seal();
    let added = "csc/csc-00000000000000000.toml";
    write(&fleet.scene.policy().join(added), "id = 'csc-00000000000000000'\n");
    let ran = fleet.run(&["deploy"]);
    assert!(ran.code == Some(2) && ran.err().contains(added), "{ran}");
    fs::remove_file(fleet.scene.policy().join(added)).unwrap();
    fleet.scene.git(&["config", "--unset", "countersign.root"]);
    let ran = fleet.run(&["deploy"]);
    assert!(ran.code == Some(2) && ran.err().contains("pinned"), "{ran}");
    assert_eq!(fleet.commits("t0"), 1);
}

/// A `git` that does something else first, whenever it is asked to push; `$1` of the script is git's own path.
fn with_git(fleet: &Fleet, first: &str, arguments: &[&str]) -> Ran {
    let folder = fleet.scene.path().join("shim");
    let path = std::env::var("PATH").unwrap();
    let real =
        std::env::split_paths(&path).map(|folder| folder.join("git")).find(|git| git.is_file()).unwrap();
    let script = format!(
        "#!/bin/sh\ngit='{}'\ncount='{}'\nfor word; do\n  if [ \"$word\" = push ]; then\n    {first}\n  fi\ndone\nexec \"$git\" \"$@\"\n",
        text(&real),
        text(&folder.join("count")),
    );
    write(&folder.join("git"), script);
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder.join("git"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = fleet.scene.countersign();
    command.env("PATH", format!("{}:{path}", text(&folder)));
    Ran::of(command.arg("stackset").args(arguments))
}

#[test]
fn what_was_killed_goes_on_when_it_is_run_again() {
    let fleet = Fleet::of(5, "failure_tolerance = 0\nmax_concurrent = 1");
    let third = "echo . >> \"$count\"; [ \"$(wc -l < \"$count\")\" -lt 3 ] || kill -9 $PPID";
    let ran = with_git(&fleet, third, &["deploy"]);
    assert_eq!(ran.code, None, "{ran}");
    let commits = || (0..5).map(|number| fleet.commits(&format!("t{number}"))).collect::<Vec<_>>();
    assert_eq!(commits()[..2], [2, 2]);
    assert_eq!(commits()[3..], [1, 1]);
    let (code, told) = fleet.told(&["deploy"]);
    assert!(code == Some(0) && told.iter().all(|each| each.ends_with(" CURRENT")), "{told:?}");
    assert_eq!(commits(), [2; 5]);
}

/// Somebody's commit, by way of a work tree that is there.
fn pushes(work: &Path) -> String {
    let git = format!("\"$git\" -C '{}' -c user.name=Bob -c user.email=bob@example.org", text(work));
    format!("{git} commit -q --allow-empty -m 'Faster'; \"$git\" -C '{}' push -q origin main", text(work))
}

#[test]
fn a_push_that_somebody_was_faster_than_is_tried_once_more() {
    let fleet = Fleet::of(1, "failure_tolerance = 0\nmax_concurrent = 1");
    let work = fleet.clone("t0", "main");
    let once = format!("[ -e \"$count\" ] || {{ : > \"$count\"; {}; }}", pushes(&work));
    let ran = with_git(&fleet, &once, &["deploy"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    let subjects = fleet.git("t0", &["log", "--format=%s", "main"]);
    assert!(subjects.starts_with("Roll out seal 2") && subjects.contains("Faster"), "{subjects}");
}

#[test]
fn nothing_of_anybody_s_is_pushed_over() {
    let fleet = Fleet::of(1, "failure_tolerance = 0\nmax_concurrent = 1");
    let work = fleet.clone("t0", "main");
    let ran = with_git(&fleet, &pushes(&work), &["deploy"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(ran.out().contains("another user pushed to `main` at the same time, twice"), "{ran}");
    let subjects = fleet.git("t0", &["log", "--format=%s", "main"]);
    assert_eq!(subjects, "Faster\nFaster\nA service\n");
}

#[test]
fn names_a_lock_that_an_interrupted_push_left_in_the_target() {
    let fleet = Fleet::of(1, "failure_tolerance = 0\nmax_concurrent = 1");
    let lock = fleet.bare("t0").join("refs/heads/main.lock");
    write(&lock, "");
    let ran = fleet.run(&["deploy"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    let out = ran.out();
    let named = out.split_once("if none is running, remove `").and_then(|(_, rest)| rest.split_once('`'));
    let (named, _) = named.unwrap_or_else(|| panic!("{ran}"));
    fs::remove_file(named).expect("the lock that is named");
    assert_eq!(fleet.told(&["deploy"]), (Some(0), vec!["t0 CURRENT".into()]));
}

/// A server that takes no push to the branch is heard, and told what to do instead.
#[test]
fn a_server_s_refusal_is_passed_on() {
    let fleet = Fleet::of(1, "failure_tolerance = 0\nmax_concurrent = 1");
    let hook = fleet.bare("t0").join("hooks/pre-receive");
    write(&hook, "#!/bin/sh\necho 'main is protected' >&2\nexit 1\n");
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    let ran = fleet.run(&["deploy"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(ran.out().contains("main is protected") && ran.out().contains("`pull_request`"), "{ran}");
}

#[test]
fn a_pull_request_waits_on_its_branch_until_it_is_merged() {
    let fleet = Fleet::new();
    fleet.repository("t0");
    let target = format!("{}pull_request = 'countersign'\n", fleet.copy("t0"));
    fleet.seal_set("failure_tolerance = 0\nmax_concurrent = 1", &target);
    for _ in 0..2 {
        let ran = fleet.run(&["deploy"]);
        assert_eq!(ran.code, Some(0), "{ran}");
        assert!(ran.out().contains("OUTDATED   t0") && ran.out().contains("must be merged"), "{ran}");
    }
    assert_eq!(fleet.commits("t0"), 1);
    assert_eq!(fleet.git("t0", &["rev-list", "main..countersign"]).lines().count(), 1);
    // What somebody adds there stays, and the next change is built upon it.
    fleet.change_on("t0", "countersign", |work| write(&work.join("NOTES"), "looked at\n"));
    let csc = fleet.scene.csc();
    fleet.scene.edit(&csc, "Enforce", "Warn");
    fleet.scene.seal();
    fleet.run(&["deploy"]).done();
    assert_eq!(fleet.git("t0", &["show", "countersign:NOTES"]), "looked at\n");
    fleet.git("t0", &["update-ref", "refs/heads/main", "refs/heads/countersign"]);
    assert_eq!(fleet.told(&["deploy"]), (Some(0), vec!["t0 CURRENT".into()]));
}

#[test]
fn a_central_policy_that_is_older_than_a_target_s_copy_rolls_nothing_back() {
    let fleet = Fleet::deployed(1);
    let older = fleet.scene.copy();
    let csc = fleet.scene.csc();
    fleet.scene.edit(&csc, "Enforce", "Warn");
    fleet.scene.seal();
    fleet.run(&["deploy"]).done();
    let before = fleet.git("t0", &["rev-parse", "main"]);
    for verb in ["deploy", "remediate"] {
        let ran = older.run(&["stackset", verb, "--format", "json"]);
        assert_eq!(ran.code, Some(1), "{ran}");
        let error = results(&ran)[0]["error"].as_str().unwrap().to_owned();
        assert!(error.contains("the target has seal 3, newer than the local seal 2"), "{error}");
    }
    // Nor where its documents were tampered with besides.
    fleet.change("t0", |work| replace(&work.join("policy").join(&csc), "Warn", "Enforce"));
    assert_eq!(older.run(&["stackset", "remediate"]).code, Some(1));
    assert_ne!(fleet.git("t0", &["rev-parse", "main"]), before);
    assert_eq!(fleet.told(&["remediate"]), (Some(0), vec!["t0 CURRENT".into()]));
}

/// The target's seal counts even if it cannot be used: it is expired, or newer than this program.
#[test]
fn does_not_roll_back_a_newer_seal_that_is_expired_or_of_a_newer_format() {
    let fleet = Fleet::deployed(1);
    let key = fleet.scene.key("policy");
    let file = |work: &Path| work.join("policy/snapshot.json");
    let reseal = |expires: &str, format: u32| {
        fleet.change("t0", |work| {
            reseal(&file(work), snapshot::PAYLOAD_TYPE, &key, |snapshot| {
                snapshot["version"] = json!(7);
                snapshot["expires"] = json!(expires);
                snapshot["format"] = json!(format);
            });
            // Files that no policy has do not hide the seal.
            write(&work.join("policy/csc/CON.toml"), "");
        });
    };
    let rejected = |says: &str| {
        let before = fleet.git("t0", &["rev-parse", "main"]);
        for verb in ["deploy", "remediate"] {
            let ran = fleet.run(&[verb, "--format", "json"]);
            assert_eq!(ran.code, Some(1), "{ran}");
            let error = results(&ran)[0]["error"].as_str().unwrap().to_owned();
            assert!(error.contains(says), "{error}");
        }
        assert_eq!(fleet.git("t0", &["rev-parse", "main"]), before);
    };
    reseal("2020-01-01T00:00:00Z", 1);
    rejected("the target has seal 7, newer than the local seal 2");
    reseal("2099-01-01T00:00:00Z", 2);
    rejected("format-newer: `snapshot.json` has format 2");
    let drift = fleet.run(&["drift", "--format", "json"]);
    assert_eq!(results(&drift)[0]["status"], "NOT_CHECKED", "{drift}");
    assert!(drift.out().contains("format-newer: `snapshot.json` has format 2"), "{drift}");
}

/// A server keeps the branch of a pull request that was merged, unless it is told to delete it.
#[test]
fn a_branch_that_was_merged_is_not_waited_for() {
    let fleet = Fleet::new();
    fleet.repository("t0");
    let target = format!("{}pull_request = 'countersign'\n", fleet.copy("t0"));
    fleet.seal_set("failure_tolerance = 0\nmax_concurrent = 1", &target);
    fleet.run(&["deploy"]).done();
    fleet.git("t0", &["update-ref", "refs/heads/main", "refs/heads/countersign"]);
    assert_eq!(fleet.told(&["deploy"]), (Some(0), vec!["t0 CURRENT".into()]));
    let csc = format!("policy/{}", fleet.scene.csc());
    fleet.change("t0", |work| replace(&work.join(&csc), "Enforce", "Warn"));
    for _ in 0..2 {
        let ran = fleet.run(&["remediate"]);
        assert!(ran.done().out().contains("must be merged"), "{ran}");
        // That the other branch goes on is no merge.
        fleet.change("t0", |work| write(&work.join("NOTES"), fleet.commits("t0").to_string()));
    }
    let waiting = fleet.git("t0", &["log", "--format=%s", "main..countersign"]);
    assert_eq!(waiting, "Restore seal 2 of account acme\n");
    let work = fleet.clone("t0", "main");
    fleet.scene.git(&["-C", text(&work), "merge", "-q", "-m", "Merge", "origin/countersign"]);
    fleet.scene.git(&["-C", text(&work), "push", "-q", "origin", "main"]);
    assert_eq!(fleet.told(&["drift"]), (Some(0), vec!["t0 IN_SYNC".into()]));
}
