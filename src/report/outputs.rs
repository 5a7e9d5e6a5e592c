//! Outputs: verdicts as lines for the file that GitHub's runner names in `GITHUB_OUTPUT`.
//!
//! ```text
//! NAME<<ghadelimiter_UUID
//! VALUE
//! ghadelimiter_UUID
//! ```
//! Each delimiter is random, so that no value can end early and start another output.

use uuid::Uuid;

use super::{Check, Decision, SignatureFacts, Verdict};

/// Renders the worst decision and its status; and for each signature profile version, job and expiry, with
/// one line per artifact, empty if the signature is not valid.
pub fn render(verdicts: &[Verdict], _notes: &[String]) -> String {
    let decision = verdicts.iter().map(|verdict| verdict.decision).max().unwrap_or(Decision::Denied);
    let worst = verdicts.iter().find(|verdict| verdict.decision == decision);
    let status = worst.and_then(|verdict| verdict.status).map_or("", Check::name);
    let each = |of: &dyn Fn(&SignatureFacts) -> String| {
        let facts = verdicts.iter().map(|verdict| verdict.signature.as_ref());
        facts.map(|facts| facts.map(of).unwrap_or_default()).collect::<Vec<_>>().join("\n")
    };
    [
        output("verdict", decision.name()),
        output("status", status),
        output("profile", &each(&|facts| facts.profile.to_string())),
        output("job-id", &each(&|facts| facts.job.job().to_string())),
        output("expires-at", &each(&|facts| facts.expires_at.to_string())),
    ]
    .concat()
}

fn output(name: &str, value: &str) -> String {
    let delimiter = format!("ghadelimiter_{}", Uuid::new_v4());
    format!("{name}<<{delimiter}\n{value}\n{delimiter}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The outputs by name, read as the runner reads them.
    fn read(text: &str) -> Vec<(String, String)> {
        let mut outputs = Vec::new();
        let mut lines = text.lines();
        while let Some((name, delimiter)) = lines.next().and_then(|line| line.split_once("<<")) {
            let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
            outputs.push((name.to_owned(), value.join("\n")));
        }
        outputs
    }

    fn verdict(decision: Decision, status: Option<Check>) -> Verdict {
        Verdict {
            decision,
            status,
            artifact: "a\nverdict<<x\nallowed\nx".into(),
            manifest: None,
            kind: None,
            name: None,
            csc: None,
            untrusted_artifact_on_deployment: None,
            signature: None,
            checks: Vec::new(),
            signature_validation_errors: 0,
        }
    }

    #[test]
    fn nothing_to_judge_is_denied() {
        assert_eq!(read(&render(&[], &[]))[0], ("verdict".into(), "denied".into()));
    }

    #[test]
    fn the_worst_verdict_gives_the_status() {
        let verdicts = [
            verdict(Decision::Warned, Some(Check::Expiry)),
            verdict(Decision::Denied, Some(Check::Mismatch)),
            verdict(Decision::Allowed, None),
        ];
        let outputs = read(&render(&verdicts, &[]));
        assert_eq!(outputs[0].1, "denied");
        assert_eq!(outputs[1].1, "mismatch");
        assert_eq!(outputs[3], ("job-id".into(), "\n\n".into()));
        assert_eq!(outputs.len(), 5);
    }

    #[test]
    fn every_delimiter_is_its_own() {
        let text = render(&[verdict(Decision::Allowed, None)], &[]);
        let mut delimiters: Vec<&str> =
            text.lines().filter_map(|line| line.split_once("<<")).map(|p| p.1).collect();
        delimiters.sort_unstable();
        delimiters.dedup();
        assert_eq!(delimiters.len(), 5, "{text}");
    }
}
