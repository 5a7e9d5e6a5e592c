//! Which commands wait until their files are on the disk?

use crate::faults::commands::{ROWS, Row};
use crate::faults::injector::{self, Calls, Fault};

/// What a command synced.
fn synced(name: &str) -> Vec<String> {
    let row: &Row = ROWS.iter().find(|row| row.name == name).expect("a row");
    let calls = injector::run(&row.scene(), row.line, Fault::none(Calls::Writes)).calls;
    let syncs = calls.into_iter().filter(|call| matches!(call.name.as_str(), "fsync" | "fdatasync"));
    syncs.map(|call| call.path).collect()
}

#[test]
fn packages_and_manifests_can_be_made_again_and_are_not_synced() {
    for name in ["package", "sign", "release"] {
        assert_eq!(synced(name), [""; 0], "{name}");
    }
}

#[test]
fn keys_policies_and_states_are_synced_and_their_folders() {
    for (name, files) in [("key_generate", 2), ("policy_seal", 2), ("first_release", 8)] {
        let synced = synced(name);
        let (temporary, folders): (Vec<&String>, _) = synced.iter().partition(|path| path.ends_with(".tmp"));
        assert!(temporary.len() >= files && folders.len() >= files, "{name}: {synced:?}");
    }
}
