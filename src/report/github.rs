//! GitHub: verdicts as annotations of a workflow run, followed by text for its log.
//!
//! A command is a line `::LEVEL PROPERTIES::MESSAGE`. GitHub shows ten of each level per step, so the first
//! line is a summary. Untrusted text is only inside a line, and contains nothing that ends or starts a
//! command.

use super::escape::{line, shortened};
use super::{Decision, Finding, Verdict, summary, text};
use crate::limits::{ANNOTATIONS_MAX, SHOWN_CHARS_MAX};

/// Renders verdicts as workflow commands and as text.
pub fn render(verdicts: &[Verdict], notes: &[String]) -> String {
    let mut commands = Vec::new();
    for verdict in verdicts {
        commands.extend(verdict.findings().map(|finding| of_finding(verdict, finding)));
    }
    commands.extend(notes.iter().map(|note| Command::new("notice", "note", &[note])));
    let decision = Decision::of(verdicts);
    let sum_level = level(decision);
    let room = |level| if level == sum_level { ANNOTATIONS_MAX - 1 } else { ANNOTATIONS_MAX };
    let mut shown = Vec::new();
    for level in ["error", "warning", "notice"] {
        shown.extend(commands.iter().filter(|command| command.level == level).take(room(level)));
    }
    let mut sum = summary(verdicts);
    if shown.len() < commands.len() {
        let more = commands.len() - shown.len();
        sum.push_str(&format!("; {more} more annotations are only in the log"));
    }
    let title = format!("countersign: {}", decision.name());
    let first = Command::new(sum_level, &title, &[&sum]);
    let commands = std::iter::once(&first).chain(shown).map(|command| command.to_line());
    commands.chain(verdicts.iter().map(text::render)).collect()
}

fn level(decision: Decision) -> &'static str {
    match decision {
        Decision::Denied => "error",
        Decision::Warned => "warning",
        Decision::Allowed => "notice",
    }
}

fn of_finding(verdict: &Verdict, finding: &Finding) -> Command {
    let files = finding.files.kinds().map(|(what, paths)| paths.iter().map(move |path| (what, path)));
    let files: Vec<String> =
        files.into_iter().flatten().map(|(what, path)| format!("{what} {path}")).collect();
    let mut says = vec![format!("{}: {}", verdict.subject(), finding.message)];
    says.extend(files.iter().take(text::FILES_SHOWN).cloned());
    if files.len() > text::FILES_SHOWN {
        says.push(format!("… and {} more files", files.len() - text::FILES_SHOWN));
    }
    says.push(format!("hint: {}", finding.hint));
    let says: Vec<&str> = says.iter().map(String::as_str).collect();
    let file = verdict.manifest.as_ref().unwrap_or(&verdict.artifact);
    Command { file: Some(file.clone()), ..Command::new(level(verdict.decision), finding.code, &says) }
}

/// One workflow command.
struct Command {
    level: &'static str,
    file: Option<String>,
    title: String,
    lines: Vec<String>,
}

impl Command {
    fn new(level: &'static str, title: &str, lines: &[&str]) -> Self {
        let lines = lines.iter().map(|&text| text.to_owned()).collect();
        Self { level, file: None, title: title.to_owned(), lines }
    }

    fn to_line(&self) -> String {
        let file = self.file.as_ref().map_or(String::new(), |file| format!("file={},", property(file)));
        let lines: Vec<String> = self.lines.iter().map(|text| data(text)).collect();
        format!("::{} {file}title={}::{}\n", self.level, property(&self.title), lines.join("%0A"))
    }
}

/// A text as a command's message, or a part of it: encodes what the runner would decode.
fn data(text: &str) -> String {
    line(&shortened(text, SHOWN_CHARS_MAX)).replace('%', "%25")
}

/// A text as a command's property, which a comma or a colon would end.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
