//! Is a policy remembered once it was opened, and is an older one rejected from then on?

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use countersign::policy::error::PolicyError;
use countersign::policy::memory;
use countersign::policy::store::{Location, Policy};
use countersign::time::{Period, Timestamp};

use crate::support::{Ran, Scene, text};

fn now() -> Timestamp {
    Timestamp::from_clock(SystemTime::now())
}

/// The scene's policy, remembered in a file beside it.
fn location(scene: &Scene) -> (Location, PathBuf) {
    let state = scene.path().join("remembered/state.json");
    (Location { state: Some(state.clone()), ..scene.location() }, state)
}

fn seal(scene: &Scene, version: u64) {
    let expires = now().plus(Period::days(30));
    scene.seal_as(version, now(), expires);
}

#[test]
fn remembers_what_it_opened_and_rejects_what_is_older() {
    let scene = Scene::new();
    let (location, state) = location(&scene);
    let (compare, remember) = (|| Policy::open(&location, now()), || memory::open(&location, now()));
    seal(&scene, 5);
    assert!(compare().is_ok() && !state.exists());
    assert!(remember().expect("opens").notes().is_empty());
    assert!(state.exists());
    seal(&scene, 4);
    for opened in [compare(), remember()] {
        assert!(matches!(opened, Err(PolicyError::RolledBack { what: "snapshot", .. })));
    }
    seal(&scene, 6);
    assert!(compare().is_ok() && remember().is_ok());
    seal(&scene, 5);
    assert!(remember().is_err());
    // Where nothing is remembered, nothing is compared.
    let forgetful = Location { state: None, ..location.clone() };
    assert!(memory::open(&forgetful, now()).is_ok());
}

#[test]
fn does_not_write_the_same_state_again() {
    let scene = Scene::new();
    let (location, state) = location(&scene);
    let modified = || state.metadata().expect("a state").modified().expect("a time");
    memory::open(&location, now()).expect("opens");
    let file = std::fs::File::options().write(true).open(&state).expect("a state");
    file.set_modified(UNIX_EPOCH).expect("a time");
    memory::open(&location, now()).expect("opens");
    assert_eq!(modified(), UNIX_EPOCH);
    scene.edit(&scene.csc(), r#""Enforce""#, r#""Warn""#);
    scene.seal();
    memory::open(&location, now()).expect("opens");
    assert_ne!(modified(), UNIX_EPOCH);
}

#[test]
fn notes_a_state_that_cannot_be_written() {
    let scene = Scene::new();
    // A link that leads nowhere: nothing exists there, and no folder can be created there.
    let broken = scene.path().join("nowhere");
    std::os::unix::fs::symlink("/proc/self/nowhere", &broken).expect("a link");
    let location = Location { state: Some(broken.join("state.json")), ..scene.location() };
    let policy = memory::open(&location, now()).expect("opens");
    assert!(
        policy.notes()[0].contains("cannot detect a rollback of the policy next time"),
        "{:?}",
        policy.notes()
    );
}

#[test]
fn quiet_does_not_hide_that_a_policy_is_not_remembered() {
    let scene = Scene::new();
    let (policy, artifact) = (scene.policy(), scene.artifact());
    let (policy, artifact, pin) = (text(&policy), text(&artifact), scene.pin().to_string());
    let verify = ["verify", artifact, "--function", "orders", "--policy", policy, "--root", &pin, "--quiet"];
    assert_eq!(scene.run(&verify).done().err(), "");
    // A state that cannot be written.
    std::fs::remove_dir_all(scene.repository().join(".git/countersign")).expect("removed");
    let broken = scene.repository().join(".git/countersign");
    std::os::unix::fs::symlink("/proc/self/nowhere", &broken).expect("a link");
    let ran = scene.run(&verify);
    assert!(ran.done().err().contains("cannot detect a rollback of the policy next time"), "{ran}");
    // No folder for it.
    let mut command = scene.countersign();
    command.env_remove("HOME").env_remove("XDG_STATE_HOME").env("COUNTERSIGN_JOURNAL", "off");
    let ran = Ran::of(command.current_dir(scene.path()).args(verify));
    assert!(ran.done().err().contains("no folder to remember the policy version in"), "{ran}");
}
