//! Do reports say what was decided, and nothing that a name from outside wants said?
//!
//! Each format is held against what it looks like with harmless texts: hostile ones change no line, no
//! element, no cell and no command.

pub mod hostile;

use countersign::report::Verdict;
use countersign::report::{github, json, junit, markdown, sarif, text};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::{self, Scene, write};

/// The same verdicts and notes, with every outside text harmless.
fn harmless() -> (Vec<Verdict>, Vec<String>) {
    (hostile::verdicts(|| "x".into()), vec!["x".into()])
}

/// Whatever texts, the known hostile ones most of all.
fn texts() -> impl Strategy<Value = Vec<String>> {
    let known = prop::sample::select(hostile::TEXTS.to_vec()).prop_map(str::to_owned);
    let joined = prop::collection::vec(known, 1..4).prop_map(|parts| parts.concat());
    let any = prop::collection::vec(any::<char>(), 0..20).prop_map(String::from_iter);
    prop::collection::vec(prop_oneof![3 => joined, 1 => any], 40)
}

fn hostile(texts: &[String]) -> (Vec<Verdict>, Vec<String>) {
    let mut next = texts.iter().cycle().cloned();
    let mut text = || next.next().expect("there are some");
    let notes = vec![text()];
    (hostile::verdicts(text), notes)
}

/// Whether nothing is left that a terminal or a log obeys.
fn is_tame(report: &str) -> bool {
    let wild = |c: char| {
        c != '\n' && (c.is_control() || matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}'))
    };
    !report.contains(wild) && !report.contains("##[") && !report.contains("##vso")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..Default::default() })]

    #[test]
    fn json_and_sarif_stay_documents(texts in texts()) {
        let (verdicts, notes) = hostile(&texts);
        for report in [json::render(&verdicts, &notes, None), sarif::render(&verdicts, &notes)] {
            prop_assert!(is_tame(&report), "{report}");
            let read: Value = serde_json::from_str(&report).expect("JSON");
            let (verdicts, notes) = harmless();
            let plain = if read.get("runs").is_some() {
                sarif::render(&verdicts, &notes)
            } else {
                json::render(&verdicts, &notes, None)
            };
            prop_assert_eq!(shape(&read), shape(&serde_json::from_str(&plain).expect("JSON")));
        }
    }

    #[test]
    fn sarif_messages_hold_no_link_and_no_placeholder(texts in texts()) {
        let (verdicts, notes) = hostile(&texts);
        let log: Value = serde_json::from_str(&sarif::render(&verdicts, &notes)).expect("JSON");
        for result in log["runs"][0]["results"].as_array().expect("results") {
            let said = result["message"]["text"].as_str().expect("text");
            let unescaped = said.replace("\\\\", "").replace("\\[", "").replace("\\]", "");
            let unescaped = unescaped.replace("{{", "").replace("}}", "");
            prop_assert!(!unescaped.contains(['[', ']', '{', '}']), "{said}");
            let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
            let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~/%:".contains(c);
            prop_assert!(uri.as_str().is_some_and(|uri| uri.chars().all(allowed)), "{uri}");
        }
    }

    #[test]
    fn junit_keeps_its_elements(texts in texts()) {
        let (verdicts, notes) = hostile(&texts);
        let report = junit::render(&verdicts, &notes);
        prop_assert!(is_tame(&report) && !report.contains(['\u{fffe}', '\u{ffff}']), "{report}");
        let (verdicts, notes) = harmless();
        prop_assert_eq!(elements(&report), elements(&junit::render(&verdicts, &notes)));
    }

    #[test]
    fn github_gets_our_commands_only(texts in texts()) {
        let (verdicts, notes) = hostile(&texts);
        let report = github::render(&verdicts, &notes);
        prop_assert!(is_tame(&report), "{report}");
        let (verdicts, notes) = harmless();
        prop_assert_eq!(commands(&report), commands(&github::render(&verdicts, &notes)));
        prop_assert_eq!(report.lines().count(), github::render(&verdicts, &notes).lines().count());
    }

    #[test]
    fn markdown_keeps_its_lines_and_cells(texts in texts()) {
        let (verdicts, notes) = hostile(&texts);
        let report = markdown::render(&verdicts, &notes);
        prop_assert!(is_tame(&report), "{report}");
        let (verdicts, notes) = harmless();
        prop_assert_eq!(without_code(&report), without_code(&markdown::render(&verdicts, &notes)));
        let rows: Vec<&str> = report.lines().filter(|line| line.starts_with('|')).collect();
        prop_assert_eq!(rows.len(), 5);
        prop_assert!(rows.iter().all(|row| row.matches('|').count() == 7), "{report}");
    }

    #[test]
    fn text_keeps_its_lines(texts in texts()) {
        let render = |verdicts: &[Verdict]| verdicts.iter().map(text::render).collect::<String>();
        let report = render(&hostile(&texts).0);
        prop_assert!(is_tame(&report) && commands(&report).is_empty(), "{report}");
        prop_assert_eq!(report.lines().count(), render(&harmless().0).lines().count());
    }
}

/// A document with its texts blanked, but for those that are words of ours.
fn shape(value: &Value) -> Value {
    match value {
        Value::String(_) => Value::Null,
        Value::Array(all) => all.iter().map(shape).collect(),
        Value::Object(all) => all.iter().map(|(key, value)| (key.clone(), shape(value))).collect(),
        other => other.clone(),
    }
}

/// XML without the values of attributes and the text between elements.
fn elements(xml: &str) -> Vec<String> {
    let tag = |piece: &str| {
        let (tag, _) = piece.split_once('>').expect("each element ends");
        tag.split('"').step_by(2).collect::<Vec<_>>().join("\"")
    };
    xml.split('<').skip(1).map(tag).collect()
}

/// The commands that a runner finds, with the names of their properties and the lines of their message.
fn commands(report: &str) -> Vec<(String, Vec<String>, usize)> {
    let command = |line: &str| {
        let (head, message) = line.trim_start().strip_prefix("::")?.split_once("::")?;
        let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
        let names = properties.split(',').filter_map(|each| each.split_once('='));
        Some((
            name.to_owned(),
            names.map(|(name, _)| name.to_owned()).collect(),
            message.split("%0A").count(),
        ))
    };
    report.lines().filter_map(command).collect()
}

/// Markdown without its code spans, by CommonMark's rule: one ends at a run of as many backticks.
fn without_code(page: &str) -> String {
    let mut out = String::new();
    let mut rest = page;
    while let Some(at) = rest.find('`') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let run = rest.len() - rest.trim_start_matches('`').len();
        rest = &rest[run..];
        loop {
            let end = rest.find('`').expect("each code span ends");
            rest = &rest[end..];
            let found = rest.len() - rest.trim_start_matches('`').len();
            rest = &rest[found..];
            if found == run {
                break;
            }
        }
    }
    out + rest
}

#[test]
fn nothing_verified_is_denied_in_every_format() {
    let log: Value = serde_json::from_str(&sarif::render(&[], &[])).unwrap();
    let run = &log["runs"][0];
    assert_eq!(
        (&run["invocations"][0]["exitCode"], &run["results"][0]["level"]),
        (&1.into(), &"error".into())
    );
    assert!(junit::render(&[], &[]).contains("<failure type=\"nothing-verified\""));
    assert_eq!(github::render(&[], &[]), "::error title=countersign%3A denied::nothing was verified\n");
    assert!(markdown::render(&[], &[]).starts_with("## countersign: denied\n\nnothing was verified\n"));
}

/// Twenty artifacts with two findings each, and as many notes: what does not fit is counted.
#[test]
fn github_is_given_ten_annotations_of_a_level() {
    let (verdicts, _) = harmless();
    let verdicts: Vec<Verdict> = (0..20).flat_map(|_| verdicts.clone()).collect();
    let notes = vec!["note".to_owned(); 20];
    let report = github::render(&verdicts, &notes);
    let count = |level: &str| commands(&report).iter().filter(|(name, ..)| name == level).count();
    assert_eq!([count("error"), count("warning"), count("notice")], [10; 3]);
    let first = report.lines().next().unwrap();
    assert_eq!(
        first,
        "::error title=countersign%3A denied::60 artifacts: 20 denied, 20 warned, 20 allowed; \
        51 more annotations are only in the log"
    );
}

#[test]
fn a_page_of_any_length_fits_a_step_summary() {
    let (verdicts, _) = harmless();
    let mut many: Vec<Verdict> = (0..20_000).map(|_| verdicts[0].clone()).collect();
    many.extend((0..5_000).map(|_| verdicts[2].clone()));
    let page = markdown::render(&many, &[]);
    assert!(page.len() <= 1 << 20, "{}", page.len());
    let rows = page.lines().filter(|line| line.starts_with("| `")).count();
    assert!(page.contains(&format!("\n… and {} more artifacts\n", 25_000 - rows)), "{rows}");
    let findings = page.lines().filter(|line| line.starts_with("- **")).count();
    assert!(
        page.contains(&format!("\n… and {} more; pass `--format json`", 10_000 - findings)),
        "{findings}"
    );
    // The worst is never what is cut.
    let first = page.lines().find(|line| line.starts_with("| `")).unwrap();
    assert!(first.contains("**denied**"), "{first}");
}

/// Each name alone is larger than a summary.
#[test]
fn a_name_of_any_length_fits_too() {
    let page = markdown::render(&hostile::verdicts(|| "\u{e0041}".repeat(1 << 18)), &["`".repeat(1 << 20)]);
    assert!(page.len() <= 1 << 20, "{}", page.len());
    assert_eq!(page.matches("- **digest-mismatch**").count(), 1, "nor is it left out");
    let log = github::render(&hostile::verdicts(|| "%".repeat(1 << 16)), &[]);
    let longest = log.lines().filter(|line| line.starts_with("::")).map(str::len).max().unwrap();
    assert!(longest < 64 << 10, "{longest}");
}

#[test]
fn an_alert_keeps_its_fingerprint_when_it_is_signed_anew() {
    let prints = |verdicts: &[Verdict]| -> Vec<String> {
        let log: Value = serde_json::from_str(&sarif::render(verdicts, &[])).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap().clone();
        let print = |each: &Value| each["partialFingerprints"]["primaryLocationLineHash"].to_string();
        results.iter().map(print).collect()
    };
    let (verdicts, _) = harmless();
    let mut again = verdicts.clone();
    for verdict in &mut again {
        verdict.signature = None;
        verdict.manifest = None;
        verdict.checks.iter_mut().flat_map(|each| &mut each.findings).for_each(|each| each.message += "!");
    }
    assert_eq!(prints(&verdicts), prints(&again));
    let mut unique = prints(&[verdicts.clone(), verdicts].concat());
    assert_eq!(unique.len(), 6);
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), 6, "each has one of its own");
}

#[test]
fn paths_are_uris() {
    let place = |artifact: &str| {
        let mut verdict = hostile::verdicts(|| "x".into()).remove(2);
        verdict.artifact = artifact.into();
        let log: Value = serde_json::from_str(&sarif::render(&[verdict], &[])).unwrap();
        let result = &log["runs"][0]["results"][0];
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap().to_owned()
    };
    assert_eq!(place("dist/orders.zip"), "dist/orders.zip");
    assert_eq!(place("a b/%41:#?é.zip"), "a%20b/%2541%3A%23%3F%C3%A9.zip");
    assert_eq!(place("/tmp/a.zip"), "file:///tmp/a.zip");
}

/// The same three states by command: exit status and what each format says of them.
#[test]
fn every_format_says_what_the_exit_status_says() {
    let scene = Scene::new();
    let report = |format: &str, code: i32| {
        let ran = scene.run(&[
            "verify",
            support::text(&scene.artifact()),
            "--function",
            "orders",
            "--format",
            format,
        ]);
        assert_eq!(ran.code, Some(code), "{ran}");
        ran.out()
    };
    let sarif = |code| -> Value { serde_json::from_str(&report("sarif", code)).unwrap() };
    let allowed = sarif(0);
    assert_eq!(allowed["runs"][0]["results"], Value::Array(Vec::new()));
    assert!(report("junit", 0).contains("tests=\"4\" failures=\"0\" errors=\"0\" skipped=\"0\""));
    assert!(
        report("github", 0).starts_with("::notice title=countersign%3A allowed::1 artifact: 1 allowed\n")
    );
    assert!(report("markdown", 0).contains("| allowed | ok | ok | ok | ok |\n"));

    write(&scene.artifact(), "something else");
    let denied = sarif(1);
    assert_eq!(denied["runs"][0]["results"][0]["level"], "error");
    assert_eq!(denied["runs"][0]["results"][0]["ruleId"], "digest-mismatch");
    assert_eq!(denied["runs"][0]["invocations"][0]["exitCode"], 1);
    assert!(report("junit", 1).contains("failures=\"1\" errors=\"0\" skipped=\"3\""));
    assert!(
        report("github", 1)
            .starts_with("::error title=countersign%3A denied::1 artifact: 1 denied\n::error file=")
    );
    assert!(report("markdown", 1).contains("| **denied** | **failed** | not evaluated |"));
}
