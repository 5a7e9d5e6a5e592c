//! Prometheus: counters in a text file, as node_exporter's textfile collector reads it.
//!
//! The file belongs to countersign: it is read under a lock, updated, and written as a whole. A file with any
//! other content is not changed, and is an error; counters never restart silently.
//!
//! ```text
//! # HELP countersign_verdicts_total …
//! # TYPE countersign_verdicts_total counter
//! countersign_verdicts_total{event="deploy",kind="function",name="orders",csc="csc-…",mode="Warn",decision="warned"} 3
//! countersign_signature_validation_errors_total{kind="function",name="orders",csc="csc-…",check="mismatch"} 3
//! ```
//! Every verdict creates the series of all four checks, with 0 if there are no findings, so that a graph has
//! a baseline. Labels of unknown values are empty.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::Event;
use crate::files::{self, Access, FileError, Lock};
use crate::limits::{SERIES_BYTES_MAX, SERIES_MAX};
use crate::report::Check;

/// The counters, in file order, each with its help.
const COUNTERS: [(&str, &str); 2] = [
    (
        "countersign_signature_validation_errors_total",
        "Findings of the four checks, under Warn and under Enforce.",
    ),
    ("countersign_verdicts_total", "Verdicts."),
];
const ERRORS: &str = COUNTERS[0].0;
const VERDICTS: &str = COUNTERS[1].0;

/// Why events cannot be counted in a file.
#[derive(Debug, thiserror::Error)]
pub enum PrometheusError {
    /// The file cannot be read or written.
    #[error("{error}{}", std::error::Error::source(error).map_or(String::new(), |source| format!(": {source}")))]
    File {
        /// The error.
        error: FileError,
    },
    /// The file has other content.
    #[error("line {line} of `{}` was not written by countersign; move the file away", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line number, from 1.
        line: usize,
    },
}

impl From<FileError> for PrometheusError {
    fn from(error: FileError) -> Self {
        Self::File { error }
    }
}

/// Adds events to the counters in a file; returns how many series were dropped because the file is full.
pub fn add(path: &Path, events: &[Event]) -> Result<usize, PrometheusError> {
    let _lock = Lock::next_to(path)?;
    let before = files::read_if_exists(path, SERIES_BYTES_MAX)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&before);
    let mut counters =
        Counters::parse(&text).map_err(|line| PrometheusError::Malformed { path: path.into(), line })?;
    events.iter().for_each(|event| counters.count(event));
    files::write(path, counters.render().as_bytes(), Access::Public)?;
    Ok(counters.left_out)
}

/// The counters by series: `NAME{LABEL="VALUE",…}`, as written.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counters {
    series: BTreeMap<String, u64>,
    left_out: usize,
}

impl Counters {
    /// Parses a file that [`render`](Self::render) wrote.
    ///
    /// Errors: the number of the first other line.
    fn parse(text: &str) -> Result<Self, usize> {
        let mut series = BTreeMap::new();
        for (index, line) in text.lines().enumerate() {
            if COUNTERS.iter().any(|(name, _)| header(name).lines().any(|each| each == line)) {
                continue;
            }
            let known = |name: &str| COUNTERS.iter().any(|(counter, _)| *counter == name);
            let counted = line.rsplit_once("} ").and_then(|(labels, count)| {
                let (name, inside) = labels.split_once('{')?;
                let count: u64 = count.parse().ok()?;
                (known(name) && are_labels(inside)).then(|| (format!("{labels}}}"), count))
            });
            let new = counted.map(|(labels, count)| series.insert(labels, count));
            if new != Some(None) {
                return Err(index + 1);
            }
        }
        if text.is_empty() || text.ends_with('\n') {
            Ok(Self { series, left_out: 0 })
        } else {
            Err(text.lines().count())
        }
    }

    fn count(&mut self, event: &Event) {
        let kind = event.kind.map_or("", |kind| kind.name());
        let name = event.name.as_ref().map_or("", |name| name.as_str());
        let csc = event.csc.as_ref().map_or("", |csc| csc.as_str());
        let mode = event.mode.map_or("", |mode| mode.name());
        let what = [("kind", kind), ("name", name), ("csc", csc)];
        for check in Check::VERDICT {
            let labels = [&what[..], &[("check", check.name())]].concat();
            self.add(&series(ERRORS, &labels), event.errors_of(check));
        }
        let decided = [("mode", mode), ("decision", event.decision.name())];
        let labels = [&[("event", event.event.name())][..], &what, &decided].concat();
        self.add(&series(VERDICTS, &labels), 1);
    }

    fn add(&mut self, series: &str, count: u64) {
        if let Some(counted) = self.series.get_mut(series) {
            *counted = counted.saturating_add(count);
        } else if self.series.len() < SERIES_MAX {
            self.series.insert(series.into(), count);
        } else {
            self.left_out += 1;
        }
    }

    fn render(&self) -> String {
        let mut out = String::new();
        for (name, _) in COUNTERS {
            out.push_str(&header(name));
            for (series, count) in self.series.iter().filter(|(series, _)| is_of(series, name)) {
                let _ = writeln!(out, "{series} {count}");
            }
        }
        out
    }
}

fn is_of(series: &str, name: &str) -> bool {
    series.strip_prefix(name).is_some_and(|rest| rest.starts_with('{'))
}

/// The two header lines of a counter.
fn header(name: &str) -> String {
    let help = COUNTERS.iter().find(|(counter, _)| *counter == name).map_or("", |(_, help)| help);
    format!("# HELP {name} {help}\n# TYPE {name} counter\n")
}

fn series(name: &str, labels: &[(&str, &str)]) -> String {
    let label = |(label, value): &(&str, &str)| format!("{label}=\"{}\"", escape(value));
    format!("{name}{{{}}}", labels.iter().map(label).collect::<Vec<_>>().join(","))
}

/// A label's value in the text format: `\`, `"` and line feed are escaped.
fn escape(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

/// Whether the text is `label="value",…` with every value escaped.
fn are_labels(text: &str) -> bool {
    let mut rest = text;
    loop {
        let Some((label, after)) = rest.split_once("=\"") else { return false };
        let is_label = !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        let Some(end) = end_of_value(after).filter(|_| is_label) else { return false };
        match after[end + 1..].strip_prefix(',') {
            Some(next) => rest = next,
            None => return after.len() == end + 1,
        }
    }
}

/// The offset of the quote that ends a value.
fn end_of_value(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::event;
    use super::*;

    fn warned() -> Event {
        event("2026-01-31T12:00:00Z", &[(Check::Mismatch, "manifest-missing")])
    }

    const MISMATCH: &str = "countersign_signature_validation_errors_total{kind=\"function\",name=\"orders\",\
        csc=\"csc-0123456789abcdefg\",check=\"mismatch\"}";

    #[test]
    fn counters_add_up_over_runs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("countersign.prom");
        for _ in 0..3 {
            assert_eq!(add(&path, &[warned()]).unwrap(), 0);
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(&format!("{MISMATCH} 3\n")), "{text}");
        assert!(
            text.contains("check=\"expiry\"} 0\n") && text.contains("decision=\"warned\"} 3\n"),
            "{text}"
        );
        assert_eq!(Counters::parse(&text).unwrap().render(), text);
    }

    #[test]
    fn what_is_not_ours_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("countersign.prom");
        add(&path, &[warned()]).unwrap();
        let ours = std::fs::read_to_string(&path).unwrap();
        let last = ours.lines().count();
        for (theirs, line) in [
            (format!("{ours}node_load1 0.5\n"), last + 1),
            (ours.replace("} 1\n", "} 1.5\n"), 5),
            (ours.replace("} 1\n", "} -1\n"), 5),
            (ours.replace("check=\"mismatch\"", "check=\"mismatch"), 5),
            (format!("{ours}{MISMATCH} 1\n"), last + 1),
            (ours[..ours.len() - 3].into(), last),
            (ours.trim_end().into(), last),
            ("\u{0}".into(), 1),
        ] {
            std::fs::write(&path, &theirs).unwrap();
            match add(&path, &[warned()]) {
                Err(PrometheusError::Malformed { line: found, .. }) => assert_eq!(found, line, "{theirs}"),
                other => panic!("{other:?}: {theirs}"),
            }
            assert_eq!(std::fs::read_to_string(&path).unwrap(), theirs);
        }
    }

    #[test]
    fn series_have_a_limit_and_known_ones_still_count() {
        let mut counters = Counters::default();
        counters.count(&warned());
        for number in 0..SERIES_MAX {
            counters.count(&Event { name: Some(format!("f{number}").parse().unwrap()), ..warned() });
        }
        assert_eq!(counters.series.len(), SERIES_MAX);
        assert_eq!(counters.left_out, 5 * (SERIES_MAX + 1) - SERIES_MAX);
        counters.count(&warned());
        assert_eq!(counters.series[MISMATCH], 2);
    }

    #[test]
    fn values_are_escaped_and_read_back() {
        let hostile = "a\\\"b\n} 1\nnode_load1{x=\"";
        let name = series(VERDICTS, &[("name", hostile), ("csc", "")]);
        let counters = Counters { series: [(name, 7)].into(), left_out: 0 };
        let text = counters.render();
        assert_eq!(text.lines().count(), 5, "{text}");
        assert_eq!(Counters::parse(&text), Ok(counters));
    }
}
