//! A clock that jumps: an answer for a wrong time is no yes for the right one, and the right time ends it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::faults::injector::compile;
use crate::support::{Ran, Scene, text};

const DAY: i64 = 24 * 60 * 60;
const YEAR: i64 = 365 * DAY;

fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clock.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults/clock.c");
        compile(&["-O1", "-shared", "-fPIC", "-o", text(&library), source]);
        library
    })
}

/// Runs a command whose clock is so many seconds ahead.
fn ahead(scene: &Scene, seconds: i64, arguments: &[&str]) -> Ran {
    let mut command = scene.countersign();
    command.env("LD_PRELOAD", library()).env("CLOCK_OFFSET", seconds.to_string());
    Ran::of(command.args(arguments))
}

#[test]
fn a_verdict_under_a_wrong_clock_is_no_yes_and_leaves_no_trace() {
    let scene = Scene::new();
    for seconds in [-50 * YEAR, -YEAR, -DAY, 2 * YEAR, 20 * YEAR, 300 * YEAR] {
        let ran = ahead(&scene, seconds, &["verify"]);
        assert!(matches!(ran.code, Some(1 | 2)), "{seconds}: {ran}");
        scene.verify().allowed();
    }
}

#[test]
fn a_release_under_a_clock_that_is_ahead_does_not_count_and_the_next_one_does() {
    let scene = Scene::new();
    for seconds in [DAY, 200 * DAY, -DAY] {
        let signed = ahead(&scene, seconds, &["sign", "--again", text(&scene.artifact())]);
        assert!(matches!(signed.code, Some(0 | 2)), "{seconds}: {signed}");
        let verified = scene.verify();
        assert!(
            seconds < 0 || signed.code == Some(2) || matches!(verified.code, Some(1)),
            "{seconds}: {verified}"
        );
        scene.run(&["sign", "--again", text(&scene.artifact())]).done();
        scene.verify().allowed();
    }
}

#[test]
fn a_seal_under_a_clock_that_is_ahead_is_replaced_when_the_clock_is_right() {
    let scene = Scene::new();
    for seconds in [60 * 60, DAY, 200 * DAY] {
        let scene = scene.copy();
        let sealed = ahead(&scene, seconds, &["policy", "renew", "--within", "3 years"]);
        sealed.done();
        scene.verify().allowed();
        scene.run(&["policy", "renew", "--within", "3 years"]).done();
        scene.verify().allowed();
        assert_eq!(scene.snapshot().version, 3);
    }
}

#[test]
fn a_clock_that_was_set_back_seals_and_records_nothing_wrong() {
    let scene = Scene::new();
    for seconds in [-60, -DAY, -YEAR] {
        for command in
            [&["policy", "renew", "--within", "3 years"][..], &["job", "record", text(&scene.manifest())]]
        {
            let scene = scene.copy();
            let ran = ahead(&scene, seconds, command);
            // A manifest from the future is refused.
            assert!(matches!(ran.code, Some(0..=2)), "{seconds}: {ran}");
            scene.seal();
            scene.verify().allowed();
        }
    }
}
