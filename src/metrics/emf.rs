//! CloudWatch Embedded Metric Format: the event as one line of JSON, from which CloudWatch extracts metrics.
//!
//! The event's own fields are next to the metrics, so that a point in a graph leads to its verdict in the
//! log. `SignatureValidationErrors` counts all findings, `SignatureValidationErrors.CHECK` those of one
//! check; a search for the first name finds them all. Zero is reported too, so that a graph has a baseline.
//! The dimensions are name and CSC, CSC, and none; each combination is a billed metric, so there are no finer
//! ones.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Event;
use crate::provenance::Kind;
use crate::report::{Check, Decision, escape};

/// The namespace of every metric.
pub const NAMESPACE: &str = "countersign";

const ERRORS: &str = "SignatureValidationErrors";

#[derive(Serialize)]
struct Line<'a> {
    #[serde(rename = "_aws")]
    aws: Value,
    #[serde(flatten)]
    event: &'a Event,
    #[serde(flatten)]
    targets: Map<String, Value>,
}

/// Renders one event, ending in a line feed.
pub fn render(event: &Event) -> String {
    let decided = |decision: Decision| u64::from(event.decision == decision);
    let mut counts = vec![(ERRORS.to_owned(), event.errors())];
    counts.extend(Check::VERDICT.map(|check| (format!("{ERRORS}.{}", check.name()), event.errors_of(check))));
    counts.extend([
        ("Verdicts".into(), 1),
        ("Warned".into(), decided(Decision::Warned)),
        ("Denied".into(), decided(Decision::Denied)),
    ]);
    let metrics: Vec<Value> =
        counts.iter().map(|(name, _)| json!({ "Name": name, "Unit": "Count" })).collect();

    let mut targets: Map<String, Value> =
        counts.into_iter().map(|(name, count)| (name, count.into())).collect();
    let name = event.name.as_ref().map(|name| {
        let kind = event.kind.unwrap_or(Kind::Function).name();
        targets.insert(kind.into(), name.as_str().into());
        kind
    });
    let csc = event.csc.as_ref().map(|_| "csc");
    let finest: Vec<&str> = name.into_iter().chain(csc).collect();
    let mut dimensions = vec![finest, csc.into_iter().collect(), vec![]];
    dimensions.dedup();

    let directive = json!({ "Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": metrics });
    let aws = json!({ "Timestamp": event.time.unix() * 1000, "CloudWatchMetrics": [directive] });
    let line = serde_json::to_string(&Line { aws, event, targets }).expect("names and numbers");
    escape::json(&line) + "\n"
}

#[cfg(test)]
mod tests {
    use super::super::tests::event;
    use super::*;

    fn line(event: &Event) -> Value {
        serde_json::from_str(&render(event)).unwrap()
    }

    #[test]
    fn nothing_found_counts_as_zero() {
        let line = line(&event("1970-01-01T00:00:10Z", &[]));
        assert_eq!(line["_aws"]["Timestamp"], 10_000);
        assert_eq!((&line[ERRORS], &line["Verdicts"], &line["Warned"]), (&json!(0), &json!(1), &json!(0)));
        for check in Check::VERDICT {
            assert_eq!(line[format!("{ERRORS}.{}", check.name())], 0);
        }
    }

    #[test]
    fn an_error_counts_by_name_csc_and_check() {
        let line = line(&event("1970-01-01T00:00:10Z", &[(Check::Mismatch, "manifest-missing")]));
        assert_eq!((&line[ERRORS], &line["SignatureValidationErrors.mismatch"]), (&json!(1), &json!(1)));
        assert_eq!((&line["SignatureValidationErrors.expiry"], &line["Warned"]), (&json!(0), &json!(1)));
        assert_eq!((&line["function"], &line["csc"]), (&json!("orders"), &json!("csc-0123456789abcdefg")));
        let dimensions = &line["_aws"]["CloudWatchMetrics"][0]["Dimensions"];
        assert_eq!(*dimensions, json!([["function", "csc"], ["csc"], []]));
        assert_eq!(line["findings"], json!({ "mismatch": ["manifest-missing"] }));
    }

    #[test]
    fn a_dimension_without_a_value_is_left_out() {
        let event = Event { name: None, kind: None, ..event("1970-01-01T00:00:10Z", &[]) };
        assert_eq!(line(&event)["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["csc"], []]));
    }
}
