//! Do the readers of reports see what we say, and nothing that a name from outside wants seen?

use std::collections::BTreeSet;
use std::path::Path;

use countersign::report::escape::line;
use countersign::report::{Verdict, junit, markdown, sarif};
use serde_json::Value;
use tempfile::TempDir;

use crate::peers::peer::{Peer, printed, script, told};
use crate::peers::release::{read, scratch, text, write};
use crate::reports::hostile::{self, TEXTS};

/// A report on the same verdicts for each hostile text; the first is of harmless ones.
fn reports(render: fn(&[Verdict], &[String]) -> String, ending: &str) -> TempDir {
    let folder = scratch();
    for (index, outside) in ["x"].iter().chain(&TEXTS).enumerate() {
        let verdicts = hostile::verdicts(|| (*outside).to_owned());
        let report = render(&verdicts, &[(*outside).to_owned()]);
        write(&folder.path().join(format!("{index}.{ending}")), report);
    }
    folder
}

/// What the Python libraries see in each report.
fn judged(folder: &Path, ending: &str) -> Option<Vec<Value>> {
    let python = Peer::python("cmarkgfm")?;
    let mut seen: Value =
        serde_json::from_str(&printed(&python.ask([&script("reports_judge.py"), text(folder)])))
            .expect("JSON");
    Some((0..=TEXTS.len()).map(|index| seen[format!("{index}.{ending}")].take()).collect())
}

#[test]
fn junitparser_and_expat_read_every_report_alike() {
    let folder = reports(junit::render, "xml");
    let Some(seen) = judged(folder.path(), "xml") else { return };
    let harmless = &seen[0];
    assert_eq!(harmless["counts"], serde_json::json!([12, 1, 0, 4]));
    let results = harmless["results"].as_array().expect("cases");
    let case = |index: usize| (&results[index][0], &results[index][1]);
    assert_eq!(case(0), (&"integrity".into(), &serde_json::json!([])));
    assert_eq!(case(6), (&"expiry".into(), &serde_json::json!(["Skipped"])));
    assert!(results[6][2].as_str().expect("output").starts_with("warned\nsignature-expired: x\n"));
    assert_eq!(case(8), (&"integrity".into(), &serde_json::json!(["Failure"])));
    for (seen, outside) in seen[1..].iter().zip(TEXTS) {
        assert_eq!(seen["elements"], harmless["elements"], "{outside:?}");
        assert_eq!(seen["counts"], harmless["counts"], "{outside:?}");
    }
}

#[test]
fn githubs_markdown_shows_every_name_as_it_is_and_makes_nothing_of_it() {
    let folder = reports(markdown::render, "md");
    let Some(seen) = judged(folder.path(), "md") else { return };
    let harmless = &seen[0];
    let words = |value: &Value| value.as_array().expect("a list").clone();
    let elements: BTreeSet<String> =
        words(&harmless["elements"]).iter().map(|element| element.as_str().expect("text").into()).collect();
    let ours = ["code", "h2", "h3", "li", "p", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"];
    assert_eq!(elements, ours.map(String::from).into());
    for (seen, outside) in seen[1..].iter().zip(TEXTS) {
        assert_eq!(seen["elements"], harmless["elements"], "{outside:?}");
        let shown = match line(outside).replace('|', "\\u{7c}") {
            text if text.is_empty() => "(nothing)".into(),
            text => text,
        };
        let code = words(&seen["code"]);
        assert!(code.iter().all(|code| *code == shown || *code == "orders"), "{outside:?}: {code:?}");
    }
}

#[test]
fn sarif_holds_by_its_schema_and_by_githubs_rules() {
    let Some(multitool) = Peer::find("Sarif.Multitool") else { return };
    let folder = reports(sarif::render, "sarif");
    // The tool takes its time over each.
    let few = scratch();
    let mut texts = TEXTS.iter().cycle();
    let mixed = hostile::verdicts(|| texts.next().map_or(String::new(), |text| (*text).to_owned()));
    let notes = TEXTS.map(str::to_owned);
    for (name, verdicts) in [("mixed", &mixed[..]), ("allowed", &mixed[..1]), ("none", &[])] {
        let log = sarif::render(verdicts, if verdicts.is_empty() { &[] } else { &notes });
        for folder in [&folder, &few] {
            write(&folder.path().join(format!("{name}.sarif")), &log);
        }
    }
    let schema: Value = serde_json::from_slice(&read(&multitool.beside("sarif-2.1.0.json"))).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    for entry in folder.path().read_dir().expect("a folder") {
        let log = serde_json::from_slice(&read(&entry.expect("a file").path())).expect("JSON");
        let faults: Vec<String> = schema.iter_errors(&log).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{faults:#?}");
    }
    let (all, log) = (few.path().join("*.sarif"), few.path().join("log"));
    let ran = multitool.ask([
        "validate",
        text(&all),
        "--rule-kind",
        "Sarif;Ghas",
        "--output",
        text(&log),
        "--log",
        "ForceOverwrite",
    ]);
    let said = printed(&ran);
    assert!(said.contains("Done. 3 files scanned."), "{}", told(&ran));
    // The tool has no page of its own to point at.
    let faults: Vec<&str> = said
        .lines()
        .filter(|line| [": error ", ": warning "].iter().any(|level| line.contains(level)))
        .filter(|line| !line.contains("does not provide 'informationUri'"))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
}
