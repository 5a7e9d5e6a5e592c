//! A kill, an error or a short write at each call that changes a file.

use std::collections::BTreeMap;

use crate::faults::commands::{Place, ROWS, Row, run};
use crate::faults::injector::{self, Call, Calls, Fault, Faulted, KILLED};
use crate::faults::whole::{self, Files, files, shape};
use crate::support::{Ran, Scene};

/// How many calls of a long command are taken for each kind of fault in a plain run.
const SAMPLE: usize = 8;

/// A command, and what it does when nothing fails.
struct Trial {
    row: &'static Row,
    place: Place,
    before: Files,
    after: Files,
    calls: Vec<Call>,
    code: Option<i32>,
    probe: (Option<i32>, Option<i32>),
}

pub fn everything() -> bool {
    std::env::var("COUNTERSIGN_FAULTS").is_ok_and(|value| value == "all")
}

/// All of them, or of more than twice as many so many, evenly, the first and the last among them.
pub fn sample<T: Clone>(all: &[T], most: usize) -> Vec<T> {
    if everything() || all.len() <= 2 * most {
        return all.to_vec();
    }
    (0..most).map(|n| all[n * (all.len() - 1) / (most - 1)].clone()).collect()
}

/// Whether the policy opens and the release verifies, with the edits sealed.
fn probe(scene: &Scene) -> (Option<i32>, Option<i32>) {
    if scene.run(&["policy", "status"]).code == Some(1) {
        scene.run(&["policy", "seal"]);
    }
    (scene.run(&["policy", "status"]).code, scene.verify().code)
}

impl Trial {
    fn new(row: &'static Row) -> Self {
        let place = Place::new(row.scene());
        let before = files(&place.scene);
        let Faulted { ran, calls } = injector::run(&place.scene, row.line, Fault::none(Calls::Writes));
        assert_eq!(ran.code, Some(0), "{}: {ran}", row.name);
        assert!(!calls.is_empty(), "{} writes nothing", row.name);
        let after = files(&place.scene);
        let kept = whole::kept(&before, &after);
        let wrong = whole::faults(&kept, &kept, &after, false);
        assert!(wrong.is_empty(), "{}: {wrong:?}", row.name);
        let probe = probe(&place.scene);
        Self { row, place, before, after, calls, code: ran.code, probe }
    }

    /// Runs the command with a fault, and tells what is wrong with what it left.
    fn run(&self, fault: Fault) -> Result<(), String> {
        let scene = self.place.again();
        let Faulted { ran, calls } = injector::run(scene, self.row.line, fault);
        let hit = calls.get(fault.at.saturating_sub(1)).cloned();
        let result = self
            .check_end(fault, &ran, &files(scene))
            .and_then(|()| self.check_files(fault, hit.as_ref(), &files(scene)))
            .and_then(|()| self.settle(scene))
            .and_then(|()| self.go_on(scene));
        let hit = hit.map(|call| format!("{} {}", call.name, call.path)).unwrap_or_default();
        result.map_err(|what| format!("{}, {fault} ({hit}): {what}\n{ran}", self.row.name))
    }

    /// It was killed, or ended with 2 and a reason, or did what it is for.
    fn check_end(&self, fault: Fault, ran: &Ran, found: &Files) -> Result<(), String> {
        let is_kill = fault.what == "kill";
        // A verdict counts although it could not be remembered or counted, and says so.
        let missing: Vec<_> = shape(&self.after).difference(&shape(found)).cloned().collect();
        let noted = |path: &String| path.contains(".git/countersign/") || path.contains("metrics");
        let finished =
            ran.code == self.code && missing.iter().all(|path| noted(path) && ran.err().contains("note: "));
        // A target of a rollout that failed is status 1, and the reason is with the target.
        let is_rollout = self.row.name.starts_with("stackset") && ran.out().contains("FAILED");
        let fine = match ran.code {
            Some(KILLED) => is_kill,
            Some(2) => !is_kill && fault.what != "short" && ran.err().contains("error: "),
            Some(1) => !is_kill && is_rollout,
            _ => finished,
        };
        if fine { Ok(()) } else { Err("neither done nor status 2 with a reason".into()) }
    }

    /// Every file is whole, and nothing is lost or left behind.
    fn check_files(&self, fault: Fault, hit: Option<&Call>, found: &Files) -> Result<(), String> {
        // What could not be removed is left.
        let removal = hit.is_some_and(|hit| hit.name.starts_with("unlink") || hit.name.starts_with("rmdir"));
        let leaves = fault.what == "kill" || fault.onwards || removal;
        let wrong = whole::faults(&self.before, &self.after, found, leaves);
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
    }

    /// The policy opens, or an error says how, and a seal is all that an interrupted command needs.
    fn settle(&self, scene: &Scene) -> Result<(), String> {
        let status = scene.run(&["policy", "status"]);
        let opens = matches!(status.code, Some(0 | 1)) || ["init", "first_release"].contains(&self.row.name);
        if !opens && !["policy seal", "policy pin"].iter().any(|way| status.err().contains(way)) {
            return Err(format!("the policy does not open, and nothing says how:\n{status}"));
        }
        let verified = scene.verify();
        if !verified.err().contains("has unsealed changes") {
            return Ok(());
        }
        if !verified.err().contains("which also completes an interrupted command") {
            return Err(format!("nothing says what is needed:\n{verified}"));
        }
        let sealed = scene.run(&["policy", "seal"]);
        let verified = scene.verify();
        if sealed.code != Some(0) || !matches!(verified.code, Some(0 | 1)) {
            return Err(format!("a seal is not all:\n{sealed}\n{verified}"));
        }
        Ok(())
    }

    /// The same command does the rest, or what its hints say, and then everything is as without the fault.
    fn go_on(&self, scene: &Scene) -> Result<(), String> {
        let mut again = unlocked(scene, self.row.line);
        if let Some(options) = added(&again) {
            again = run(scene, &format!("{} {options}", self.row.line));
        }
        let said = !self.row.again.is_empty() && again.err().contains(self.row.again);
        if again.code != self.code && !said {
            return Err(format!("it does not go on:\n{again}"));
        }
        if said && !self.row.then.is_empty() {
            unlocked(scene, self.row.then).done();
        }
        let last = files(scene);
        let (have, need) = (shape(&last), shape(&self.after));
        let missing: Vec<&String> = need.difference(&have).collect();
        let wrong = whole::faults(&self.before, &self.after, &last, true);
        let probe = probe(scene);
        if !missing.is_empty() || !wrong.is_empty() || probe != self.probe {
            let probes = format!("{probe:?} for {:?}", self.probe);
            return Err(format!("missing after all: {missing:?}; {wrong:?}; {probes}\n{again}"));
        }
        Ok(())
    }

    /// The calls at which a kill leaves something that no other kill leaves.
    fn kills(&self) -> Vec<Fault> {
        let changes = |call: &Call| !matches!(call.name.as_str(), "fsync" | "fdatasync" | "flock" | "fchmod");
        let at = self.calls.iter().enumerate().filter(|(_, call)| changes(call)).map(|(n, _)| n + 1);
        let fault = |at| Fault { calls: Calls::Writes, at, onwards: false, what: "kill" };
        sample(&at.map(fault).collect::<Vec<_>>(), SAMPLE)
    }

    /// An error at each call, of those that the call can meet in turn.
    fn errors(&self) -> Vec<Fault> {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        let mut faults = Vec::new();
        for (n, call) in self.calls.iter().enumerate() {
            let errors = errors_of(&call.name);
            let turn = seen.entry(call.name.as_str()).or_default();
            let chosen =
                if everything() { errors } else { std::slice::from_ref(&errors[*turn % errors.len()]) };
            *turn += 1;
            let fault = |what: &&'static str| Fault { calls: Calls::Writes, at: n + 1, onwards: false, what };
            faults.extend(chosen.iter().map(fault));
        }
        sample(&faults, SAMPLE)
    }

    /// A disk that is full, or becomes read-only, from a call on.
    fn endings(&self) -> Vec<Fault> {
        let fault = |at: usize| {
            let what = if at % 2 == 1 { "ENOSPC" } else { "EROFS" };
            Fault { calls: Calls::Writes, at, onwards: true, what }
        };
        sample(&(1..=self.calls.len()).map(fault).collect::<Vec<_>>(), SAMPLE / 2)
    }
}

/// Runs lines of `sh`, once more if an error names a lock of git's to remove.
fn unlocked(scene: &Scene, line: &str) -> Ran {
    let ran = run(scene, line);
    let Some(lock) = locked(&ran) else { return ran };
    std::fs::remove_file(scene.repository().join(lock)).expect("the lock that is named");
    run(scene, line)
}

/// The lock of git's that an error says how to remove.
fn locked(ran: &Ran) -> Option<String> {
    let err = ran.err();
    let (_, rest) = err.split_once("remove `")?;
    let (path, _) = rest.split_once('`')?;
    path.ends_with(".lock").then(|| path.to_owned())
}

/// The options that an error says to add.
fn added(ran: &Ran) -> Option<String> {
    let err = ran.err();
    let (_, rest) = err.split_once("add `--")?;
    Some(format!("--{}", rest.split_once('`')?.0))
}

/// The errors that a call can meet.
fn errors_of(call: &str) -> &'static [&'static str] {
    match call {
        "open" | "openat" => &["EMFILE", "EACCES", "ENOSPC", "EROFS", "EIO"],
        "write" | "pwrite64" | "writev" => &["ENOSPC", "EIO"],
        "mkdir" | "mkdirat" => &["ENOSPC", "EACCES", "EROFS"],
        "flock" => &["ENOLCK", "EIO"],
        "rename" | "renameat" | "renameat2" | "link" | "linkat" => &["EIO", "EACCES", "ENOSPC"],
        "unlink" | "unlinkat" | "rmdir" => &["EACCES", "EIO"],
        _ => &["EIO"],
    }
}

fn try_all(name: &str, faults: impl Fn(&Trial) -> Vec<Fault>) {
    let row = ROWS.iter().find(|row| row.name == name).expect("a row");
    let trial = Trial::new(row);
    let faults = faults(&trial);
    println!("{name}: {} calls, {} faults", trial.calls.len(), faults.len());
    if std::env::var("COUNTERSIGN_FAULTS").is_ok_and(|value| value == "count") {
        return;
    }
    let wrong: Vec<String> = faults.iter().filter_map(|fault| trial.run(*fault).err()).collect();
    assert!(wrong.is_empty(), "{} of {} faults:\n{}", wrong.len(), faults.len(), wrong.join("\n\n"));
}

/// A test for each command: kills; errors; a full disk; short writes.
macro_rules! rows {
    ($($name:ident)*) => {
        $(mod $name {
            use super::*;

            #[test]
            fn goes_on_after_a_kill() {
                try_all(stringify!($name), Trial::kills);
            }

            #[test]
            fn reports_an_error_and_goes_on() {
                try_all(stringify!($name), Trial::errors);
            }

            #[test]
            fn meets_a_disk_that_takes_no_more() {
                let short = Fault { calls: Calls::Writes, at: 1, onwards: true, what: "short" };
                try_all(stringify!($name), |trial| [trial.endings(), vec![short]].concat());
            }
        })*

        #[test]
        fn every_row_is_tried() {
            let tried = [$(stringify!($name)),*];
            assert_eq!(ROWS.iter().map(|row| row.name).collect::<Vec<_>>(), tried);
        }
    };
}

rows! {
    init first_release package sign release attach detach manifests_output manifests_push policy_seal policy_renew
    policy_rotate_root policy_restart policy_pin policy_fetch profile_create profile_rotate
    profile_cancel profile_revoke profile_permit profile_forbid csc_create csc_update csc_delete
    function_attach function_detach function_protect job_record job_revoke job_revoke_signed
    key_generate key_revoke artifact_revoke layer_publish layer_permit account_trust account_update
    account_forget hooks_install hooks_uninstall hooks_setting_install stackset_deploy
    stackset_remediate monitor_output man_output gate_report verify_report import export_stackset
    function_unprotect layer_forbid layer_fetch account_join account_leave account_admit account_expel
    hook_pre_push
}
