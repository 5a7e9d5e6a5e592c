//! Do journals stay whole when many processes write, and when they are full?

use std::fs::OpenOptions;
use std::thread;

use super::counting::{journal, lines};
use crate::support::{Scene, read, text, write};

/// Longer than one is allowed to become.
const FULL: u64 = countersign::limits::JOURNAL_BYTES_MAX;

#[test]
fn processes_that_write_at_once_lose_no_line() {
    let scene = Scene::new();
    let (before, prometheus) = (lines(&journal(&scene)).len(), scene.path().join("c.prom"));
    let metrics = format!("prometheus:{}", text(&prometheus));
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for _ in 0..3 {
                    scene.run(&["verify", "--format", "json", "--metrics", &metrics]).allowed();
                }
            });
        }
    });
    assert_eq!(lines(&journal(&scene)).len(), before + 18);
    let text = String::from_utf8(read(&prometheus)).expect("UTF-8");
    assert!(text.contains("decision=\"allowed\"} 18\n"), "{text}");
}

#[test]
fn a_full_journal_is_begun_anew_once() {
    let scene = Scene::new();
    let path = journal(&scene);
    let filler = "{\"schema_version\":1}\n";
    write(&path, filler.repeat(1 + usize::try_from(FULL).expect("a size") / filler.len()));
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| scene.verify().allowed().verdict());
        }
    });
    assert_eq!(lines(&path).len(), 6);
    let previous = path.with_extension("jsonl.1");
    assert!(previous.metadata().expect("it is there").len() >= FULL);

    // The one before that goes: twice the limit is all that stays.
    OpenOptions::new().write(true).open(&path).expect("open").set_len(FULL).expect("longer");
    scene.verify().allowed();
    assert_eq!(previous.metadata().expect("it is there").len(), FULL);
    assert_eq!(lines(&path).len(), 1);
}

/// The lines before a line that was never finished, and those after it, are read.
#[test]
fn a_torn_line_is_passed_over() {
    let scene = Scene::new();
    let path = journal(&scene);
    let size = path.metadata().expect("it is there").len();
    scene.verify().allowed();
    OpenOptions::new().write(true).open(&path).expect("open").set_len(size + 40).expect("shorter");
    scene.verify().allowed();
    let ran = scene.run(&["monitor", "--format", "json"]);
    let answer: serde_json::Value = serde_json::from_str(&ran.done().out()).expect("JSON");
    assert_eq!(answer["verdicts"], 2, "{answer:#}");
    assert_eq!(answer["malformed"][0]["line"], 2, "{answer:#}");
    assert_eq!(answer["journals"][0]["malformed"], 1, "{answer:#}");
}
