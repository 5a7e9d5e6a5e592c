//! What did a program leave behind, and is it what it should be?

use std::fmt;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use serde_json::Value;

use super::Mode;

/// What a program left behind.
pub struct Ran {
    pub code: Option<i32>,
    pub output: Output,
}

impl Ran {
    pub fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        Self { code: output.status.code(), output }
    }

    /// As [`Ran::of`], for what could wait for ever; then it is ended, and the test fails.
    pub fn within_a_minute(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let child = child.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let id = child.id().to_string();
        let (send, receive) = channel();
        std::thread::spawn(move || send.send(child.wait_with_output()));
        let Ok(output) = receive.recv_timeout(Duration::from_secs(60)) else {
            let _ = Command::new("kill").arg(id).status();
            panic!("{command:?} waits for something");
        };
        let output = output.expect("it ends");
        Self { code: output.status.code(), output }
    }

    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// The only verdict of the JSON on stdout.
    pub fn verdict(&self) -> Value {
        let mut document: Value =
            serde_json::from_str(&self.out()).unwrap_or_else(|_| panic!("no JSON: {self}"));
        let results = document["results"].as_array_mut().unwrap_or_else(|| panic!("no results: {self}"));
        assert_eq!(results.len(), 1, "{self}");
        results.remove(0)
    }

    /// The codes of the verdict's findings, in order.
    pub fn codes(&self) -> Vec<String> {
        let verdict = self.verdict();
        let checks = verdict["checks"].as_array().into_iter().flatten();
        let findings = checks.flat_map(|check| check["findings"].as_array().into_iter().flatten());
        findings.filter_map(|finding| finding["code"].as_str().map(str::to_owned)).collect()
    }

    /// Asserts that a command without a verdict succeeded.
    #[track_caller]
    pub fn done(&self) -> &Self {
        assert_eq!(self.code, Some(0), "{self}");
        self
    }

    /// Asserts a verdict to which no check objects.
    #[track_caller]
    pub fn allowed(&self) -> &Self {
        self.says(Some(0), "allowed", None)
    }

    /// Asserts a verdict that lets the artifact pass with a warning of this check and code.
    #[track_caller]
    pub fn warned(&self, status: &str, code: &str) -> &Self {
        self.says(Some(0), "warned", Some(status)).has(code)
    }

    /// Asserts a verdict that stops the artifact, by this check and code.
    #[track_caller]
    pub fn denied(&self, status: &str, code: &str) -> &Self {
        self.says(Some(1), "denied", Some(status)).has(code)
    }

    /// Asserts the verdict that a failed check other than integrity leads to.
    #[track_caller]
    pub fn untrusted(&self, mode: Mode, status: &str, code: &str) -> &Self {
        match mode {
            Mode::Enforce => self.denied(status, code),
            Mode::Warn => self.warned(status, code),
        }
    }

    /// Asserts that nothing was decided, and that the reason holds these words.
    #[track_caller]
    pub fn undecided(&self, words: &str) -> &Self {
        assert_eq!(self.code, Some(2), "{self}");
        assert_eq!(self.out(), "", "{self}");
        assert!(self.err().contains("error: ") && self.err().contains(words), "no {words:?}: {self}");
        self
    }

    /// Asserts that this is no yes: neither in the exit status nor in words.
    #[track_caller]
    pub fn is_no(&self) -> &Self {
        assert!(matches!(self.code, Some(1 | 2)), "{self}");
        for yes in ["allowed", "warned"] {
            let said = self.out().starts_with(yes) || self.out().contains(&format!(r#""decision": "{yes}""#));
            assert!(!said, "{self}");
        }
        self
    }

    #[track_caller]
    fn says(&self, code: Option<i32>, decision: &str, status: Option<&str>) -> &Self {
        assert_eq!(self.code, code, "{self}");
        let document: Value = serde_json::from_str(&self.out()).unwrap_or_else(|_| panic!("no JSON: {self}"));
        let verdict = self.verdict();
        assert_eq!(document["decision"], decision, "{self}");
        assert_eq!(verdict["decision"], decision, "{self}");
        assert_eq!(verdict["status"].as_str(), status, "{self}");
        assert_eq!(verdict["signature_validation_errors"], self.codes().len(), "{self}");
        self
    }

    #[track_caller]
    fn has(&self, code: &str) -> &Self {
        assert!(self.codes().iter().any(|found| found == code), "no {code}: {self}");
        self
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}{}", self.output.status, self.out(), self.err())
    }
}
