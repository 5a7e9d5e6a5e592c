//! Do the answers follow from the lines, whoever wrote them and in whatever order?

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::lines::{CSC, daily, found, journal, passed, with};
use crate::support::{Ran, Scene, read, scratch, text, write};

/// January 2026, in which all hand-made lines lie.
const JANUARY: [&str; 4] = ["--since", "2026-01-01T00:00:00Z", "--until", "2026-02-01T00:00:00Z"];

/// Asks about journals, in a folder without a repository.
pub fn ask(journals: &[&Path], arguments: &[&str]) -> Ran {
    let folder = scratch();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.current_dir(folder.path()).env_clear().args(["monitor"]).args(journals).args(arguments);
    Ran::of(&mut command)
}

/// The answer about lines in January.
fn answer(lines: &[Value], arguments: &[&str]) -> Value {
    let folder = scratch();
    let path = folder.path().join("journal.jsonl");
    write(&path, journal(lines));
    let ran = ask(&[&path], &[&JANUARY[..], &["--format", "json"], arguments].concat());
    serde_json::from_str(&ran.done().out()).unwrap_or_else(|_| panic!("no JSON: {ran}"))
}

fn readiness(lines: &[Value], arguments: &[&str]) -> Vec<(String, String)> {
    let answer = answer(lines, arguments);
    let functions = answer["functions"].as_array().expect("an array").iter();
    let each = |function: &Value| {
        (
            function["name"].as_str().expect("a name").into(),
            function["readiness"].as_str().expect("text").into(),
        )
    };
    functions.map(each).collect()
}

/// The readiness of the only function.
fn only(lines: &[Value], arguments: &[&str]) -> String {
    let mut all = readiness(lines, arguments);
    assert_eq!(all.len(), 1);
    all.remove(0).1
}

fn warned(time: &str) -> Value {
    found(900, time, "mismatch", "publisher-not-allowed")
}

#[test]
fn ten_verdicts_over_seven_days_are_safe() {
    let good = passed(0, "2026-01-01T00:00:00Z");
    assert_eq!(only(&daily(&good, 1, 10), &[]), "safe");
    assert_eq!(only(&daily(&good, 1, 9), &[]), "unproven");
    assert_eq!(only(&daily(&good, 1, 9), &["--min-verdicts", "9"]), "safe");
    // Ten of them, all in the last days.
    let late: Vec<Value> = (0..10).map(|number| passed(number, "2026-01-26T00:00:00Z")).collect();
    assert_eq!(only(&late, &[]), "unproven");
    assert_eq!(only(&late, &["--min-days", "6"]), "safe");
}

#[test]
fn a_warning_begins_the_count_anew() {
    let good = passed(0, "2026-01-01T00:00:00Z");
    let with_warning = |time: &str| [daily(&good, 10, 12), vec![warned(time)]].concat();
    // After the warning there are 12, 10 and 9 that passed.
    assert_eq!(only(&with_warning("2026-01-09T00:00:00Z"), &[]), "safe");
    assert_eq!(only(&with_warning("2026-01-11T23:00:00Z"), &[]), "safe");
    assert_eq!(only(&with_warning("2026-01-12T23:00:00Z"), &[]), "unsafe");
    // Ten passed, and the last week was not clean.
    let recent = [daily(&good, 10, 12), vec![warned("2026-01-25T00:00:01Z")]].concat();
    assert_eq!(only(&recent, &["--min-verdicts", "0"]), "unsafe");
}

/// What passes right after signing says nothing about what gets deployed; what fails then does.
#[test]
fn releases_are_no_evidence_but_their_warnings_count() {
    let release = with(passed(0, "2026-01-01T00:00:00Z"), &[("event", json!("release"))]);
    assert_eq!(only(&daily(&release, 1, 20), &[]), "unproven");
    let good = daily(&passed(0, "2026-01-01T00:00:00Z"), 1, 20);
    let bad = with(warned("2026-01-30T00:00:00Z"), &[("event", json!("release"))]);
    assert_eq!(only(&[good, vec![bad]].concat(), &[]), "unsafe");
}

/// Warn denies what integrity finds: Enforce would change nothing.
#[test]
fn integrity_does_not_speak_against_enforce() {
    let good = daily(&passed(0, "2026-01-01T00:00:00Z"), 1, 20);
    let corrupt = found(900, "2026-01-30T00:00:00Z", "integrity", "digest-mismatch");
    let answer = answer(&[good, vec![corrupt]].concat(), &[]);
    assert_eq!(answer["functions"][0]["readiness"], "safe");
    assert_eq!(answer["functions"][0]["signature_validation_errors"]["integrity"], 1);
    assert_eq!(answer["functions"][0]["decisions"]["denied"], 1);
}

#[test]
fn only_what_happened_under_the_csc_of_now_counts() {
    let before = json!("csc-aaaaaaaaaaaaaaaaa");
    let good = passed(0, "2026-01-01T00:00:00Z");
    let old = daily(&with(good.clone(), &[("csc", before.clone())]), 1, 20);
    assert_eq!(only(&[old.clone(), daily(&good, 21, 3)].concat(), &[]), "unproven");
    let old_warning = with(warned("2026-01-20T00:00:00Z"), &[("csc", before)]);
    assert_eq!(only(&[vec![old_warning], daily(&good, 10, 20)].concat(), &[]), "safe");
    let enforced = with(passed(901, "2026-01-31T00:00:00Z"), &[("mode", json!("Enforce"))]);
    assert_eq!(only(&[old, vec![enforced]].concat(), &[]), "enforced");
    let ungoverned = with(
        found(902, "2026-01-31T00:00:00Z", "mismatch", "function-ungoverned"),
        &[("csc", Value::Null), ("mode", Value::Null), ("decision", json!("denied"))],
    );
    assert_eq!(only(&[daily(&good, 1, 20), vec![ungoverned]].concat(), &[]), "ungoverned");
}

/// What needs a fix is first, and each has its next step.
#[test]
fn lists_what_needs_a_fix_first() {
    let good = passed(0, "2026-01-01T00:00:00Z");
    let of = |name: &str, line: Value| with(line, &[("name", json!(name))]);
    let enforced = |name: &str, line: Value| with(of(name, line), &[("mode", json!("Enforce"))]);
    let finding = |id: u64, code: &str| {
        with(found(id, "2026-01-30T00:00:00Z", "mismatch", code), &[("decision", json!("denied"))])
    };
    let no_csc = [("csc", Value::Null), ("mode", Value::Null)];
    let lines = [
        daily(&of("ready", good.clone()), 1, 20),
        daily(&of("new", good.clone()), 1, 2),
        vec![
            enforced("quiet", passed(701, "2026-01-30T00:00:00Z")),
            enforced("stopped", finding(702, "publisher-not-allowed")),
            of("warns", warned("2026-01-30T00:00:00Z")),
            with(of("ungoverned", finding(703, "function-ungoverned")), &no_csc),
        ],
    ]
    .concat();
    let names: Vec<String> = readiness(&lines, &[]).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["ungoverned", "warns", "ready", "new", "stopped", "quiet"]);
    let answer = answer(&lines, &[]);
    let next = |at: usize| answer["functions"][at]["next"].as_str().expect("text").to_owned();
    assert!(next(0).contains("function attach ungoverned"), "{}", next(0));
    assert!(next(3).contains("those of `release` do not"), "{}", next(3));
    assert_eq!(next(4), "fix the causes below, and deploy again: 1 verdict denied `stopped`");
    assert_eq!(next(5), "nothing: no deployment was denied");
}

/// A CSC enforces for all of its functions: one that is asked about alone is not answered alone.
#[test]
fn a_csc_is_as_safe_as_its_functions() {
    let good = passed(0, "2026-01-01T00:00:00Z");
    let other = with(good.clone(), &[("name", json!("other"))]);
    let one_bad = [daily(&good, 1, 20), daily(&other, 1, 3)].concat();
    for arguments in [&[][..], &["--function", "orders"]] {
        let answer = answer(&one_bad, arguments);
        let csc = &answer["code_signing_configs"][0];
        assert_eq!(
            (&csc["functions"], &csc["safe_functions"], &csc["safe"]),
            (&json!(2), &json!(1), &json!(false))
        );
        let next = answer["functions"][0]["next"].as_str().expect("text");
        assert!(next.contains("function attach orders") && !next.contains("Enforce"), "{next}");
    }
    let all_good = [daily(&good, 1, 20), daily(&other, 1, 20)].concat();
    let next = answer(&all_good, &[])["functions"][0]["next"].to_string();
    assert!(next.contains(&format!("csc update {CSC} --untrusted Enforce")), "{next}");
    assert_eq!(readiness(&all_good, &["--function", "other"]), [("other".into(), "safe".into())]);
}

#[test]
fn each_cause_says_who_and_when_and_what_to_do() {
    let lines = [
        with(
            warned("2026-01-10T00:00:00Z"),
            &[("id", json!("00000000-0000-4000-8000-000000000001")), ("host", json!("b"))],
        ),
        with(
            warned("2026-01-12T00:00:00Z"),
            &[("id", json!("00000000-0000-4000-8000-000000000002")), ("host", json!("a"))],
        ),
        with(
            warned("2026-01-11T00:00:00Z"),
            &[
                ("id", json!("00000000-0000-4000-8000-000000000003")),
                ("profile", json!("arn:countersign:signer::acme:/signing-profiles/legacy/a1b2c3d4e5")),
            ],
        ),
    ];
    let answer = answer(&lines, &[]);
    let causes = answer["functions"][0]["causes"].as_array().expect("an array");
    assert_eq!(causes.len(), 2);
    assert_eq!((&causes[0]["count"], &causes[0]["hosts"]), (&json!(2), &json!(["a", "b"])));
    assert_eq!(causes[0]["first_seen"], "2026-01-10T00:00:00Z");
    assert_eq!(causes[0]["last_seen"], "2026-01-12T00:00:00Z");
    assert_eq!(causes[0]["requested_by"], json!(["ci@acme.example"]));
    assert!(causes[1]["next"].as_str().expect("text").contains("`legacy`"), "{}", causes[1]);
}

/// Every code that a check has is answered with a step of its own, and none with a weaker policy.
#[test]
fn every_code_has_a_next_step() {
    let codes = [
        ("mismatch", "manifest-missing"),
        ("mismatch", "key-unknown"),
        ("mismatch", "publisher-not-allowed"),
        ("mismatch", "account-mismatch"),
        ("mismatch", "version-unknown"),
        ("mismatch", "signed-before-version"),
        ("mismatch", "permission-missing"),
        ("mismatch", "name-mismatch"),
        ("mismatch", "source-differs"),
        ("mismatch", "source-ignored"),
        ("mismatch", "source-unconfirmed"),
        ("mismatch", "function-ungoverned"),
        ("expiry", "signature-expired"),
        ("expiry", "signed-in-future"),
        ("revocation", "job-revoked"),
        ("revocation", "artifact-revoked"),
        ("revocation", "profile-revoked"),
        ("revocation", "key-revoked"),
        ("integrity", "digest-mismatch"),
        ("integrity", "signature-invalid"),
    ];
    for (check, code) in codes {
        let answer = answer(&[found(1, "2026-01-10T00:00:00Z", check, code)], &[]);
        let next = answer["functions"][0]["causes"][0]["next"].as_str().expect("text");
        assert!(next.len() > 20 && !next.contains("for details"), "{code}: {next}");
        assert!(!next.contains("untrusted Warn") && !next.contains("forbid"), "{code}: {next}");
    }
}

/// Many machines' journals, in any order, with lines that were copied twice.
#[test]
fn a_verdict_counts_once_in_any_order() {
    let folder = scratch();
    let mut lines =
        [daily(&passed(0, "2026-01-01T00:00:00Z"), 1, 20), vec![warned("2026-01-05T00:00:00Z")]].concat();
    let write_to = |name: &str, lines: &[Value]| -> PathBuf {
        let path = folder.path().join(name);
        write(&path, journal(lines));
        path
    };
    let (all, early, late) =
        (write_to("all", &lines), write_to("early", &lines[..12]), write_to("late", &lines[8..]));
    lines.reverse();
    let backwards = write_to("backwards", &lines);
    let ask = |journals: &[&Path]| {
        let ran = ask(journals, &[&JANUARY[..], &["--format", "json"]].concat());
        let mut answer: Value = serde_json::from_str(&ran.done().out()).expect("JSON");
        let repeated =
            answer["journals"].as_array().expect("an array").iter().map(|each| each["repeated"].as_u64());
        let repeated: u64 = repeated.flatten().sum();
        answer.as_object_mut().expect("an object").remove("journals");
        (answer, repeated)
    };
    let (expected, repeated) = ask(&[&all]);
    assert_eq!((&expected["verdicts"], repeated), (&json!(21), 0));
    assert_eq!(ask(&[&backwards]), (expected.clone(), 0));
    assert_eq!(ask(&[&early, &late]), (expected.clone(), 4));
    assert_eq!(ask(&[&late, &backwards, &early]), (expected, 25));
}

#[test]
fn the_full_journal_before_is_read_too() {
    let folder = scratch();
    let path = folder.path().join("journal.jsonl");
    let lines = daily(&passed(0, "2026-01-01T00:00:00Z"), 1, 20);
    write(&folder.path().join("journal.jsonl.1"), journal(&lines[..15]));
    write(&path, journal(&lines[15..]));
    let out = ask(&[&path], &[&JANUARY[..], &["--format", "json"]].concat()).done().out();
    let answer: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!((&answer["verdicts"], answer["journals"].as_array().map(Vec::len)), (&json!(20), Some(2)));
}

/// Whoever can write a journal can write any line, but none that no verdict says.
#[test]
fn lines_that_no_verdict_says_are_named_and_do_not_count() {
    let folder = scratch();
    let path = folder.path().join("journal.jsonl");
    let good = passed(1, "2026-01-10T00:00:00Z");
    let wrong = [
        with(good.clone(), &[("name", json!("<script>alert(1)</script>"))]),
        with(good.clone(), &[("host", json!("\u{1b}]0;pwned\u{7}\u{202e}"))]),
        with(good.clone(), &[("csc", Value::Null)]),
        with(good.clone(), &[("decision", json!("warned"))]),
        with(good.clone(), &[("findings", json!({ "mismatch": ["manifest-missing"] }))]),
        with(good.clone(), &[("findings", json!({ "package": ["x"] }))]),
        with(good.clone(), &[("time", json!("yesterday"))]),
        with(good.clone(), &[("id", json!("1"))]),
        with(good.clone(), &[("schema_version", json!(2))]),
        json!([good]),
        json!(null),
        json!("::error::pwned"),
    ];
    let text = journal(&wrong) + &journal(&[good]) + "::set-output name=a::b\n\u{0}\n";
    write(&path, text);
    let ran = ask(&[&path], &JANUARY);
    let out = ran.done().out();
    assert!(
        out.contains("1 verdict, 1 function or layer") && out.contains("ignored 14 malformed lines"),
        "{out}"
    );
    assert!(out.contains("journal.jsonl line 1: ") && out.contains("… and 4 more"), "{out}");
    let obeyed = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
    assert!(
        !out.chars().any(obeyed) && !out.lines().any(|line| line.trim_start().starts_with("::")),
        "{out:?}"
    );
}

/// Fields that a later version may add do not make a line malformed.
#[test]
fn fields_that_are_not_known_are_let_be() {
    let line = with(passed(1, "2026-01-10T00:00:00Z"), &[("region", json!("eu-west-1"))]);
    assert_eq!(answer(&[line], &[])["verdicts"], 1);
}

#[test]
fn the_window_is_what_was_asked_for() {
    let lines = daily(&passed(0, "2026-01-01T00:00:00Z"), 1, 20);
    let folder = scratch();
    let path = folder.path().join("journal.jsonl");
    write(&path, journal(&lines));
    let count = |arguments: &[&str]| {
        let out = ask(&[&path], &[&["--format", "json"][..], arguments].concat()).done().out();
        serde_json::from_str::<Value>(&out).expect("JSON")["verdicts"].as_u64()
    };
    assert_eq!(count(&["--since", "2026-01-05T12:00:00Z", "--until", "2026-01-10T12:00:00Z"]), Some(5));
    assert_eq!(count(&["--since", "9000y"]), Some(20));
    assert_eq!(count(&["--since", "1h", "--until", "30m"]), Some(0));
    for wrong in ["30", "-3d", "soon"] {
        ask(&[&path], &[&format!("--since={wrong}")]).undecided("30d");
    }
}

#[test]
fn the_exit_status_says_it_too() {
    let folder = scratch();
    let status = |lines: &[Value]| {
        let path = folder.path().join("journal.jsonl");
        write(&path, journal(lines));
        assert_eq!(ask(&[&path], &JANUARY).code, Some(0));
        ask(&[&path], &[&JANUARY[..], &["--exit-status"]].concat()).code
    };
    let good = passed(0, "2026-01-01T00:00:00Z");
    assert_eq!(status(&daily(&good, 1, 20)), Some(0));
    assert_eq!(status(&daily(&good, 1, 5)), Some(1));
    assert_eq!(status(&[daily(&good, 1, 20), vec![warned("2026-01-30T00:00:00Z")]].concat()), Some(1));
    // Nothing was seen, so nothing is safe.
    assert_eq!(status(&[]), Some(1));
}

#[test]
fn a_journal_that_is_not_there_is_no_answer() {
    let scene = Scene::new();
    scene.run(&["monitor", "nowhere.jsonl"]).undecided("cannot read `nowhere.jsonl`");
    scene.run(&["monitor", "."]).undecided("is not a regular file");
    scene.git(&["config", "countersign.journal", "off"]);
    scene.run(&["monitor"]).undecided("disabled");
    scene.git(&["config", "countersign.journal", "none.jsonl"]);
    scene.run(&["monitor"]).undecided("no journal at");
}

/// The form of the answer is a promise.
#[test]
fn every_answer_fits_its_schema() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/monitor.schema.json");
    let schema: Value = serde_json::from_slice(&read(&path)).expect("JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let good = passed(0, "2026-01-01T00:00:00Z");
    let full = [
        daily(&good, 1, 20),
        vec![
            with(warned("2026-01-30T00:00:00Z"), &[("host", json!("a")), ("name", json!("other"))]),
            with(
                good.clone(),
                &[("name", json!("base")), ("kind", json!("layer")), ("mode", json!("Enforce"))],
            ),
            with(passed(2, "2026-01-30T00:00:00Z"), &[("name", Value::Null), ("kind", Value::Null)]),
            json!("malformed"),
        ],
    ];
    for lines in [full.concat(), vec![]] {
        let answer = answer(&lines, &[]);
        let wrong: Vec<String> = validator.iter_errors(&answer).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{wrong:#?}\n{answer:#}");
    }
    // The schema is no rubber stamp.
    let good = answer(&full.concat(), &[]);
    for (place, value) in [
        ("/schema_version", json!(2)),
        ("/functions/0/readiness", json!("perhaps")),
        ("/functions/0/verdicts", json!(-1)),
        ("/functions/0/days/0/day", json!("2026-01-01T00:00:00Z")),
        ("/journals/0/malformed", json!("1")),
        ("/functions", json!({})),
    ] {
        let mut wrong = good.clone();
        *wrong.pointer_mut(place).unwrap_or_else(|| panic!("no {place}")) = value;
        assert!(!validator.is_valid(&wrong), "{place}");
    }
}

/// From a real Warn to an answer: what `verify` counted is what `monitor` says.
#[test]
fn what_was_verified_is_what_is_said() {
    let scene = Scene::of(crate::support::Mode::Warn);
    scene.verify().allowed();
    let manifest = read(&scene.manifest());
    fs::remove_file(scene.manifest()).expect("removed");
    scene.verify().warned("mismatch", "manifest-missing");
    write(&scene.manifest(), manifest);
    write(&scene.artifact(), "another artifact");
    scene.verify().denied("integrity", "digest-mismatch");
    let answer: Value =
        serde_json::from_str(&scene.run(&["monitor", "--format", "json"]).done().out()).expect("JSON");
    let function = &answer["functions"][0];
    assert_eq!(answer["journals"][0]["malformed"], 0, "{answer:#}");
    assert_eq!(function["occasions"], json!({ "verify": 3, "release": 1, "deploy": 0, "push": 0 }));
    assert_eq!(function["decisions"], json!({ "allowed": 2, "warned": 1, "denied": 1 }));
    assert_eq!((&function["readiness"], &function["csc"]), (&json!("unsafe"), &json!(scene.csc_id())));
    let page = scene.path().join("page.html");
    scene.run(&["monitor", "--format", "html", "--output", text(&page)]).done();
    assert!(String::from_utf8(read(&page)).expect("UTF-8").ends_with("</html>\n"));
}
