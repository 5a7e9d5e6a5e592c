//! Journals and the counters of a Prometheus file.

use std::fs;

use countersign::files::FileError;
use countersign::metrics::journal::{self, Line};
use countersign::metrics::{Event, prometheus as counters};

pub fn journal(bytes: &[u8]) {
    let read = super::in_file(bytes, |path| {
        journal::read::<FileError>(path, |_, line| {
            if let Line::Event(event) = line {
                let text = serde_json::to_vec(&event).expect("an event can be written");
                let again = serde_json::from_slice::<Event>(&text).expect("what is written is read");
                assert_eq!(again, *event);
            }
            Ok(())
        })
    });
    read.expect("lines that are no events are passed over");
}

/// A file that is read and written without a new event says the same afterwards.
pub fn prometheus(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let path = folder.path().join("countersign.prom");
    fs::write(&path, bytes).expect("a file can be written");
    let read = || fs::read(&path).expect("the file is there");
    if counters::add(&path, &[]).is_err() {
        assert_eq!(read(), bytes, "what is malformed stays as it is");
        return;
    }
    let first = read();
    counters::add(&path, &[]).expect("what was written is read");
    assert_eq!(read(), first);
}

pub fn journal_seeds() -> Vec<Vec<u8>> {
    let line = r#"{"schema_version":1,"id":"3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b10","time":"2026-01-31T12:00:00Z","event":"deploy","host":"ci","kind":"function","name":"orders","csc":"csc-0123456789abcdefg","mode":"Warn","decision":"warned","status":"mismatch","findings":{"mismatch":["manifest-missing"]}}"#;
    super::texts(&[&format!("{line}\n"), &format!("{line}\n\nx\n{line}\n"), line])
}

pub fn prometheus_seeds() -> Vec<Vec<u8>> {
    let errors = "countersign_signature_validation_errors_total";
    super::texts(&[
        "",
        &format!(
            "# HELP {errors} Findings of the four checks, under Warn and under Enforce.\n# TYPE {errors} counter\n{errors}{{kind=\"function\",name=\"orders\",csc=\"\",check=\"mismatch\"}} 3\n# HELP countersign_verdicts_total Verdicts that were given.\n# TYPE countersign_verdicts_total counter\ncountersign_verdicts_total{{event=\"deploy\",kind=\"function\",name=\"a\\\\\\\"b\",csc=\"\",mode=\"Warn\",decision=\"warned\"}} 1\n"
        ),
    ])
}
