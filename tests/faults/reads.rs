//! An error or a short read at each call that reads: an answer is the answer, or there is none.

use crate::faults::commands::{Place, ROWS, run, scene};
use crate::faults::injector::{self, Calls, Fault, Faulted};
use crate::faults::whole::{self, files, plain, shape};
use crate::faults::writes::sample;
use crate::support::Scene;

/// How many reads of a command fail in a plain run.
const SAMPLE: usize = 24;

/// Commands that answer, and what they need beforehand.
const ANSWERS: [(&str, &str, &str); 8] = [
    ("verify", "", r#"exec "$0" verify"#),
    ("a verify that denies", "echo more >> dist/orders.zip", r#"exec "$0" verify"#),
    (
        "a verify of a revoked job",
        r#""$0" job revoke dist/orders.zip.sigstore.json --reason-code superseded --reason broken --signed"#,
        r#"exec "$0" verify"#,
    ),
    ("gate", "", r#"exec "$0" gate --function orders --dry-run"#),
    ("policy status", "", r#"exec "$0" policy status"#),
    ("policy diff", r#""$0" profile rotate release"#, r#"exec "$0" policy diff"#),
    ("inspect", "", r#"exec "$0" inspect dist/orders.zip"#),
    (
        "job list",
        r#""$0" job record dist/orders.zip.sigstore.json; "$0" policy seal"#,
        r#"exec "$0" job list"#,
    ),
];

/// Runs a command with each fault, and tells where it reports something else than without, or leaves less.
fn wrong(place: &Place, line: &str, faults: &[Fault], answer: impl Fn(String) -> String) -> Vec<String> {
    let good = run(place.again(), line);
    let after = files(&place.scene);
    let mut wrong = Vec::new();
    for fault in faults {
        let scene = place.again();
        let before = files(scene);
        let Faulted { ran, calls } = injector::run(scene, line, *fault);
        let hit = calls.get(fault.at.wrapping_sub(1)).map(|call| format!("{} {}", call.name, call.path));
        let hit = hit.unwrap_or_default();
        let (kept, found) = (whole::kept(&before, &after), files(scene));
        let whole = whole::faults(&kept, &kept, &found, fault.onwards || fault.what == "EIO");
        let same = ran.code == good.code && answer(ran.out()) == answer(good.out());
        let fine = match ran.code {
            // libgit2 does not read on after a short read of an index: no answer, but no wrong one.
            Some(2) if good.code != Some(2) => ran.err().contains("error: "),
            Some(1) if line.contains("stackset") => ran.out().contains("FAILED"),
            _ => same && (shape(&found).is_superset(&shape(&after)) || ran.err().contains("note: ")),
        };
        if !fine || !whole.is_empty() {
            wrong.push(format!("{fault} ({hit}): {whole:?}\n{ran}"));
        }
    }
    wrong
}

fn faults(scene: &Scene, line: &str) -> Vec<Fault> {
    let count = injector::run(scene, line, Fault::none(Calls::Reads)).calls.len();
    let fault = |at: usize| {
        let what = ["EIO", "EACCES", "EMFILE", "ENOMEM"][at % 4];
        Fault { calls: Calls::Reads, at, onwards: false, what }
    };
    let short = Fault { calls: Calls::Reads, at: 1, onwards: true, what: "short" };
    [sample(&(1..=count).map(fault).collect::<Vec<_>>(), SAMPLE), vec![short]].concat()
}

#[test]
fn an_answer_without_all_of_its_files_is_no_answer() {
    let mut all = Vec::new();
    for (name, before, line) in ANSWERS {
        let scene = scene(name, &[before]);
        let place = Place::new(scene);
        let faults = faults(&place.scene, line);
        println!("{name}: {} faults", faults.len());
        all.extend(
            wrong(&place, line, &faults, |out| plain(&out)).into_iter().map(|each| format!("{name}, {each}")),
        );
    }
    assert!(all.is_empty(), "{}", all.join("\n\n"));
}

#[test]
fn short_reads_change_nothing() {
    let short = [Fault { calls: Calls::Reads, at: 1, onwards: true, what: "short" }];
    let wrong: Vec<String> = ROWS
        .iter()
        .flat_map(|row| wrong(&Place::new(row.scene()), row.line, &short, |_| String::new()))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
