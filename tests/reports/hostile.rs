//! What do verdicts look like whose every text came from somebody who means harm?

use countersign::provenance::{Endorsement, Kind};
use countersign::report::{
    Check, CheckOutcome, CheckResult, Decision, FileChanges, Finding, SignatureFacts, Verdict,
};

/// Texts that some format, terminal or CI log obeys.
pub const TEXTS: [&str; 40] = [
    "",
    " ",
    "a.zip",
    "::error::x",
    " ::set-output name=x::y",
    "\n::add-mask::x",
    "\r\n::stop-commands::token",
    "\r::warning::x",
    "x%0A::error::y",
    "##[set-env name=PATH]x",
    "##vso[task.setvariable variable=x]y",
    "a,title=b::c",
    "a:b,c=d",
    "\u{1b}]0;x\u{7}\u{1b}[31m",
    "\u{202e}piz.a",
    "\u{2028}::error::x",
    "\u{85}::error::x",
    "\0",
    "\u{fffe}\u{ffff}",
    "\u{feff}x",
    "\u{e0041}",
    "<script>alert(1)</script>",
    "</failure></testcase>",
    "]]><!--",
    "&lt;&#0;&amp;",
    "\" onload=\"x' y='",
    "| a | b |",
    "\\| a \\\\| b \\",
    "`",
    "``x`",
    " `a` ",
    "[x](javascript:alert(1))",
    "![x](https://example.com/x.png)",
    "<https://example.com>",
    "https://example.com www.example.com",
    "@octocat #1 a@example.com",
    "**x** ~~y~~ _z_",
    "# x\n---\n- y\n1. z\n> q\n```",
    "{0} {x} [y](1)",
    "../../etc/passwd /x//y C:\\x",
];

/// Verdicts of each decision, each outside text of which is asked for.
pub fn verdicts(mut text: impl FnMut() -> String) -> Vec<Verdict> {
    vec![
        verdict(Decision::Allowed, None, &mut text),
        verdict(Decision::Warned, Some(Check::Expiry), &mut text),
        verdict(Decision::Denied, Some(Check::Integrity), &mut text),
    ]
}

fn verdict(decision: Decision, failed: Option<Check>, text: &mut impl FnMut() -> String) -> Verdict {
    let mut finding = |check, code| {
        let files = FileChanges {
            changed: vec![text(), text()],
            added: (0..12).map(|_| text()).collect(),
            removed: Vec::new(),
        };
        Finding::new(check, code, text(), text()).with_files(files)
    };
    let result = |check: Check| {
        let findings = match (failed == Some(check), check) {
            (false, _) => Vec::new(),
            (true, Check::Integrity) => {
                vec![finding(check, "digest-mismatch"), finding(check, "bytes-after")]
            }
            (true, _) => vec![finding(check, "signature-expired")],
        };
        let outcome = match failed {
            Some(failed) if failed == check => CheckOutcome::Failed,
            Some(Check::Integrity) => CheckOutcome::NotEvaluated,
            _ => CheckOutcome::Passed,
        };
        CheckResult { check, outcome, findings }
    };
    let checks: Vec<CheckResult> = Check::VERDICT.map(result).into();
    let id = "3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b10";
    let facts = SignatureFacts {
        job: format!("arn:countersign:signer::acme:/signing-jobs/{id}").parse().expect("an ARN"),
        profile: "arn:countersign:signer::acme:/signing-profiles/release/a1b2c3d4e5".parse().expect("an ARN"),
        requested_by: "ci@acme.example".parse().expect("a principal"),
        signed_at: "2026-01-31T12:00:00Z".parse().expect("a time"),
        expires_at: "2027-01-31T12:00:00Z".parse().expect("a time"),
        sha384: "0".repeat(96).parse().expect("a digest"),
        endorsement: Endorsement::Yes,
        commit: Some(text()),
    };
    Verdict {
        decision,
        status: failed,
        artifact: text(),
        manifest: (decision != Decision::Denied).then(&mut *text),
        kind: Some(Kind::Function),
        name: Some("orders".parse().expect("a name")),
        csc: Some("csc-0123456789abcdefg".parse().expect("an id")),
        untrusted_artifact_on_deployment: Some("Warn"),
        signature: Some(facts),
        signature_validation_errors: checks.iter().map(|result| result.findings.len()).sum(),
        checks,
    }
}
