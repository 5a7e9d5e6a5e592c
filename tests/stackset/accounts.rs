//! Accounts of the targets' own: their roots, seals and tables hold; ours puts documents there and no more.

use std::fs;
use std::path::{Path, PathBuf};

use countersign::csc::{Csc, Untrusted};

use crate::stackset::fleet::{Account, Fleet, replace, results};
use crate::support::{Ran, read, text, write};

const ONE: &str = "failure_tolerance = 0\nmax_concurrent = 1";

/// A target with an account of its own.
struct Team {
    fleet: Fleet,
    account: Account,
}

impl Team {
    /// What is rolled out to it, and more lines of the target.
    fn new(deploy: &str, more: &str) -> Self {
        let fleet = Fleet::new();
        let account = fleet.account("team");
        fleet.seal_set(ONE, &fleet.own("team", &account, deploy, more));
        Self { fleet, account }
    }

    fn deploy(&self) -> Ran {
        self.run("deploy")
    }

    fn run(&self, verb: &str) -> Ran {
        self.fleet.run(&[verb, "--key", text(&self.account.key), "--format", "json"])
    }

    /// A clone's policy directory.
    fn policy(&self) -> PathBuf {
        self.fleet.clone("team", "main").join("policy")
    }

    /// The central account's CSC, as it is in the target.
    fn csc(&self) -> Csc {
        let path = self.policy().join(self.fleet.scene.csc());
        Csc::parse(&path, &read(&path)).unwrap()
    }

    /// Changes the policy there and seals it with the team's own key, as its owners may.
    fn own_change(&self, change: impl FnOnce(&Path)) {
        self.fleet.change("team", |work| {
            let policy = work.join("policy");
            change(&policy);
            self.own(&policy, &["policy", "seal", "--key", text(&self.account.key)]).done();
        });
    }

    /// Runs a command as the team does, in its policy directory.
    fn own(&self, policy: &Path, arguments: &[&str]) -> Ran {
        let root = self.account.pin.to_string();
        let trust = ["-C", text(policy), "--policy", ".", "--root", &root];
        self.fleet.scene.run(&[arguments, &trust].concat())
    }

    /// The path of the team's own CSC.
    fn own_csc(&self) -> String {
        let csc = fs::read_dir(self.account.policy.join("csc")).unwrap().next().unwrap().unwrap();
        format!("csc/{}", csc.file_name().into_string().unwrap())
    }

    fn status(&self) -> Vec<String> {
        self.fleet.told(&["drift"]).1
    }

    #[track_caller]
    fn failed(&self, ran: &Ran, why: &str) {
        assert_eq!(ran.code, Some(1), "{ran}");
        let told = results(ran).remove(0);
        assert_eq!(told["status"], "FAILED", "{ran}");
        let all = format!("{} {} {}", told["error"], told["hint"], told["left"]);
        assert!(all.contains(why), "{why}: {all}");
    }
}

#[test]
fn a_key_that_the_target_s_root_names_seals_there() {
    let team = Team::new("['csc', 'profiles', 'functions']", "");
    team.deploy().done();
    assert_eq!(team.status(), ["team IN_SYNC"]);
    let policy = team.policy();
    let status = team.own(&policy, &["policy", "status"]);
    assert!(status.done().out().contains("seal     version 2, 1 of 1 keys"), "{status}");
    assert_eq!(
        read(&policy.join("profiles/release.toml")),
        read(&team.fleet.scene.policy().join("profiles/release.toml"))
    );
    // The team's own documents are as they were.
    assert!(policy.join("profiles/team_release.toml").exists());
    let before = team.fleet.git("team", &["rev-parse", "main"]);
    team.deploy().done();
    assert_eq!(team.fleet.git("team", &["rev-parse", "main"]), before);
}

#[test]
fn without_such_a_key_nothing_is_pushed() {
    let team = Team::new("['csc']", "");
    team.failed(&team.fleet.run(&["deploy", "--format", "json"]), "0 of 1");
    let central = team.fleet.scene.key_file("policy");
    let ran = team.fleet.run(&["deploy", "--key", text(&central), "--format", "json"]);
    team.failed(&ran, "pass the keys with `--key`");
    assert_eq!(team.fleet.commits("team"), 2);
    // What would change is told all the same.
    let plan = team.fleet.run(&["plan"]);
    assert!(plan.done().out().contains("CSC `csc-"), "{plan}");
}

#[test]
fn without_a_key_a_pull_request_waits_for_the_owners_seal() {
    let team = Team::new("['csc']", "pull_request = 'rollout'");
    for _ in 0..2 {
        let ran = team.fleet.run(&["deploy"]);
        assert!(ran.done().out().contains("its account's owners must seal it first"), "{ran}");
    }
    assert_eq!(team.fleet.git("team", &["rev-list", "main..rollout"]).lines().count(), 1);
    let message = team.fleet.git("team", &["log", "-1", "--format=%B", "rollout"]);
    assert!(message.contains("Not sealed"), "{message}");
    // The owners look at it, seal it on the branch, and merge.
    team.fleet.change_on("team", "rollout", |work| {
        team.own(&work.join("policy"), &["policy", "seal", "--key", text(&team.account.key)]).done();
    });
    let ran = team.fleet.run(&["deploy"]);
    assert!(ran.done().out().contains("must be merged\n"), "{ran}");
    team.fleet.git("team", &["update-ref", "refs/heads/main", "refs/heads/rollout"]);
    assert_eq!(team.fleet.told(&["deploy"]), (Some(0), vec!["team CURRENT".into()]));
    assert_eq!(team.status(), ["team IN_SYNC"]);
}

/// The account goes on while a pull request waits; nobody has rolled it back.
#[test]
fn a_branch_that_waits_on_an_older_seal_is_named_with_the_way_out() {
    let team = Team::new("['csc']", "pull_request = 'rollout'");
    team.fleet.run(&["deploy"]).done();
    team.own_change(|policy| {
        let file = policy.join(team.own_csc());
        replace(&file, "revision = 1", "revision = 2");
        replace(&file, "Enforce", "Warn");
    });
    assert_eq!(team.status(), ["team MODIFIED"]);
    let ran = team.fleet.run(&["deploy", "--format", "json"]);
    team.failed(&ran, "branch `rollout` of the pull request: ");
    team.failed(&ran, "merge the target's branch into it, or to delete it");
    team.fleet.git("team", &["branch", "-D", "rollout"]);
    let ran = team.fleet.run(&["deploy"]);
    assert!(ran.done().out().contains("must be merged"), "{ran}");
}

#[test]
fn a_team_warns_first_and_enforces_later() {
    let warn = "parameters = { untrusted_artifact_on_deployment = 'Warn', publisher_account = 'team' }";
    let team = Team::new("['csc']", warn);
    team.deploy().done();
    let csc = team.csc();
    assert_eq!(csc.untrusted(), Untrusted::Warn);
    assert!(csc.publishers().iter().all(|each| each.owner().account().as_str() == "team"));
    assert_eq!(team.status(), ["team IN_SYNC"]);
    let target =
        team.fleet.own("team", &team.account, "['csc']", "parameters = { publisher_account = 'team' }");
    team.fleet.seal_set(ONE, &target);
    team.deploy().done();
    assert_eq!((team.csc().untrusted(), team.csc().revision()), (Untrusted::Enforce, csc.revision() + 1));
}

#[test]
fn parameters_that_nobody_knows_are_never_sealed() {
    let fleet = Fleet::new();
    let account = fleet.account("team");
    for (more, line) in [
        ("parameters = { integrity = 'off' }", "unknown field `integrity`"),
        ("parameters = { untrusted_artifact_on_deployment = 'Ignore' }", "unknown variant `Ignore`"),
        ("parameters = { publisher_account = \"a'\\nx = 1\" }", "is not an account name"),
        ("parameters = { description = '${account}' }", "unknown field `description`"),
    ] {
        fleet.write_set(ONE, &fleet.own("team", &account, "['csc']", more));
        let ran = fleet.scene.run(&["policy", "seal"]);
        assert!(
            ran.code == Some(2) && ran.err().contains(line) && ran.err().contains("line 14: "),
            "{more}: {ran}"
        );
    }
}

#[test]
fn another_root_than_the_pinned_one_is_refused() {
    let team = Team::new("['csc']", "");
    team.deploy().done();
    let elsewhere = Fleet::new();
    let other = elsewhere.account("team");
    team.fleet.change("team", |work| {
        fs::remove_dir_all(work.join("policy")).unwrap();
        crate::support::copy(&other.policy, &work.join("policy"));
    });
    team.failed(&team.deploy(), "not the pinned root");
    let ran = team.fleet.run(&["drift", "--format", "json"]);
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(results(&ran)[0]["seal"]["why"].as_str().unwrap().contains("not the pinned root"), "{ran}");
}

#[test]
fn an_account_that_was_rolled_back_is_seen() {
    let team = Team::new("['csc']", "");
    let before = team.fleet.git("team", &["rev-parse", "main"]);
    team.deploy().done();
    team.fleet.git("team", &["update-ref", "refs/heads/main", before.trim()]);
    team.failed(&team.deploy(), "rolled back");
    let ran = team.fleet.run(&["drift", "--format", "json"]);
    assert!(results(&ran)[0]["seal"]["why"].as_str().unwrap().contains("rolled back"), "{ran}");
}

/// Whoever may push there must not get our seal over something else of theirs.
#[test]
fn what_the_owners_have_not_sealed_is_not_sealed_along() {
    let team = Team::new("['csc']", "");
    team.deploy().done();
    let csc = team.fleet.scene.csc();
    for path in ["functions.toml", "profiles/team_release.toml", "revocations.toml"] {
        let before = team.fleet.git("team", &["rev-parse", "main"]);
        team.fleet.change("team", |work| {
            let file = work.join("policy").join(path);
            write(&file, format!("# mine\n{}", fs::read_to_string(&file).unwrap()));
        });
        for verb in ["deploy", "remediate"] {
            team.failed(&team.run(verb), path);
        }
        team.fleet.git("team", &["update-ref", "refs/heads/main", before.trim()]);
    }
    // A CSC that nobody rolled out would be sealed along by a deployment, and is removed by a remediation.
    team.fleet.change("team", |work| {
        let policy = work.join("policy");
        fs::copy(policy.join(&csc), policy.join("csc/csc-00000000000000000.toml")).unwrap();
        replace(
            &policy.join("csc/csc-00000000000000000.toml"),
            &team.fleet.scene.csc_id(),
            "csc-00000000000000000",
        );
    });
    team.failed(&team.deploy(), "csc/csc-00000000000000000.toml");
    assert_eq!(team.status(), ["team MODIFIED"]);
    team.run("remediate").done();
    assert_eq!(team.status(), ["team IN_SYNC"]);
}

#[test]
fn a_tampered_document_gets_its_sealed_bytes_back_and_needs_no_key() {
    let team = Team::new("['csc']", "");
    team.deploy().done();
    let csc = team.fleet.scene.csc();
    team.fleet.change("team", |work| replace(&work.join("policy").join(&csc), "Enforce", "Warn"));
    let ran = team.fleet.run(&["drift"]);
    assert!(ran.code == Some(1) && ran.out().contains("expected \"Enforce\", actual \"Warn\""), "{ran}");
    team.fleet.run(&["remediate"]).done();
    assert_eq!(team.status(), ["team IN_SYNC"]);
}

#[test]
fn what_the_owners_changed_and_sealed_is_changed_back_under_a_new_seal() {
    let team = Team::new("['csc', 'functions']", "");
    team.deploy().done();
    let csc = team.fleet.scene.csc();
    team.own_change(|policy| {
        replace(&policy.join(&csc), "Enforce", "Warn");
        replace(&policy.join(&csc), "revision = 1", "revision = 41");
    });
    team.run("remediate").done();
    assert_eq!((team.csc().untrusted(), team.csc().revision()), (Untrusted::Enforce, 42));
}

#[test]
fn what_the_table_forbids_fails_with_the_way_out() {
    let team = Team::new("['profiles']", "");
    // Another profile has the name there, and it is sealed.
    team.own_change(|policy| {
        let text = fs::read_to_string(policy.join("profiles/team_release.toml")).unwrap();
        write(&policy.join("profiles/release.toml"), text.replace("\"team_release\"", "\"release\""));
    });
    team.failed(&team.deploy(), "version");
    let before = team.fleet.commits("team");
    team.failed(&team.run("remediate"), "only the status of a version can change");
    assert_eq!(team.fleet.commits("team"), before);
}

#[test]
fn a_sealed_profile_that_nobody_rolled_out_stays_and_is_named() {
    let team = Team::new("['profiles', 'csc']", "");
    team.deploy().done();
    team.own_change(|policy| {
        let text = fs::read_to_string(policy.join("profiles/team_release.toml")).unwrap();
        write(&policy.join("profiles/rogue.toml"), text.replace("\"team_release\"", "\"rogue\""));
        let csc = team.fleet.scene.csc();
        replace(&policy.join(&csc), "Enforce", "Warn");
        replace(&policy.join(&csc), "revision = 1", "revision = 2");
    });
    let ran = team.fleet.run(&["drift", "--format", "json"]);
    assert!(ran.out().contains("\"UNMANAGED\"") && ran.out().contains("profiles/rogue.toml"), "{ran}");
    // What may be restored is restored; what is left is said, as often as it is asked.
    for _ in 0..2 {
        team.failed(&team.run("remediate"), "countersign profile cancel");
        assert_eq!(team.csc().untrusted(), Untrusted::Enforce);
    }
}

#[test]
fn a_target_without_its_account_is_told_to_restore_it() {
    let team = Team::new("['csc']", "");
    team.fleet.change("team", |work| fs::remove_dir_all(work.join("policy")).unwrap());
    assert_eq!(team.status(), ["team DELETED"]);
    team.failed(&team.run("remediate"), "restore it from the history of that repository");
}

/// Whoever may push there chooses no revision for us: after the last one, nothing could be changed any more.
#[test]
fn a_revision_of_somebody_else_s_is_not_sealed() {
    let team = Team::new("['csc']", "");
    team.deploy().done();
    let csc = team.fleet.scene.csc();
    team.fleet.scene.edit(&csc, "Enforce", "Warn");
    team.fleet.scene.seal();
    team.fleet.change("team", |work| {
        let file = work.join("policy").join(&csc);
        replace(&file, "Enforce", "Warn");
        replace(&file, "revision = 1", "revision = 9223372036854775807");
    });
    team.deploy().done();
    assert_eq!((team.csc().untrusted(), team.csc().revision()), (Untrusted::Warn, 2));
    assert_eq!(team.status(), ["team IN_SYNC"]);
}

#[test]
fn a_name_adds_no_line_to_what_is_said() {
    let team = Team::new("['csc']", "");
    team.fleet.change("team", |work| write(&work.join("policy/csc/x\nCURRENT  team.toml"), "id = 'x'\n"));
    let ran = team.run("deploy");
    team.failed(&ran, "csc/x\\\\u{a}CURRENT  team.toml");
    assert!(!results(&ran)[0]["error"].as_str().unwrap().contains('\n'), "{ran}");
}
