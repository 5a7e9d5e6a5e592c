//! `function list`: the rules and protected refs as they are now, and which rule governs a name.

use anyhow::Result;
use countersign::function::{CodeFrom, CoveredBy, Functions, RefPattern, TypePattern};
use countersign::name::ArtifactName;
use countersign::policy::documents::FUNCTIONS;
use countersign::report::escape::line;
use serde::Serialize;

use super::super::edit::mark;
use super::super::view::ViewArgs;
use crate::complete;
use crate::context::Context;
use crate::output::Exit;

/// Arguments of `function list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Examples:\n  \
    countersign function list\n  \
    countersign function list orders")]
pub struct Args {
    /// Show only the rule and the CSC of this function or layer
    #[arg(add = complete::packages())]
    name: Option<ArtifactName>,
    #[command(flatten)]
    view: ViewArgs,
}

#[derive(Serialize)]
struct List {
    revision: u64,
    sealed: bool,
    rules: Vec<Record>,
    protected_refs: Vec<String>,
    /// Absent: manifests of ancestors cover a commit too.
    #[serde(skip_serializing_if = "CoveredBy::is_default")]
    covered_by: CoveredBy,
    deploys_no_code: Vec<String>,
}

#[derive(Serialize)]
struct Governed {
    function_name: String,
    sealed: bool,
    /// Absent: nothing governs it, and every artifact is denied.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<Record>,
}

#[derive(Serialize)]
struct Record {
    /// From 1; the first that matches governs.
    number: usize,
    pattern: String,
    code_signing_config_id: String,
    /// Absent: only manifests of a commit's files cover it.
    #[serde(skip_serializing_if = "CodeFrom::is_default")]
    source: CodeFrom,
    /// The earlier rule that leaves nothing to this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden_by: Option<usize>,
}

impl Args {
    /// Lists the rules, or the one that governs a name.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let documents = self.view.documents(context)?;
        let (functions, sealed) = (documents.functions()?, documents.is_sealed(FUNCTIONS));
        match self.name {
            Some(name) => self.view.show(&governed(&functions, &name, sealed), governed_text),
            None => self.view.show(&list(&functions, sealed), list_text),
        }
    }
}

fn list(functions: &Functions, sealed: bool) -> List {
    List {
        revision: functions.revision(),
        sealed,
        rules: (0..functions.rules().len()).map(|index| record(functions, index)).collect(),
        protected_refs: functions.protected_refs().iter().map(RefPattern::to_string).collect(),
        covered_by: functions.covered_by(),
        deploys_no_code: functions.deploys_no_code().iter().map(TypePattern::to_string).collect(),
    }
}

fn list_text(list: &List) -> String {
    let mut out = format!("revision {}{}\n", list.revision, mark(list.sealed));
    out.extend(list.rules.iter().map(rule_line));
    if !list.rules.iter().any(|rule| rule.pattern == "*") {
        out.push_str("     other names have no CSC: every artifact is denied\n");
    }
    out.extend(list.protected_refs.iter().map(|pattern| format!("protected ref {}\n", line(pattern))));
    if list.covered_by == CoveredBy::Commit {
        out.push_str("covered by the manifests of the commit itself, not by those of its ancestors\n");
    }
    out.extend(list.deploys_no_code.iter().map(|pattern| format!("deploys no code {}\n", line(pattern))));
    out
}

fn governed(functions: &Functions, name: &ArtifactName, sealed: bool) -> Governed {
    let rule = functions.rule_of(name).map(|index| record(functions, index));
    Governed { function_name: name.to_string(), sealed, rule }
}

fn governed_text(governed: &Governed) -> String {
    let Governed { function_name, sealed, rule } = governed;
    let mark = mark(*sealed);
    match rule {
        Some(rule) => format!(
            "`{function_name}` is governed by {}: rule {}, `{}`{}{mark}\n",
            rule.code_signing_config_id,
            rule.number,
            rule.pattern,
            builds(rule)
        ),
        None => format!("`{function_name}` has no CSC: every artifact is denied{mark}\n"),
    }
}

fn record(functions: &Functions, index: usize) -> Record {
    let rule = &functions.rules()[index];
    Record {
        number: index + 1,
        pattern: rule.pattern().to_string(),
        code_signing_config_id: rule.csc().to_string(),
        source: rule.source(),
        hidden_by: functions.hidden_by(index).map(|earlier| earlier + 1),
    }
}

fn rule_line(rule: &Record) -> String {
    let hidden = rule.hidden_by.map_or(String::new(), |by| format!(" (never: rule {by} comes first)"));
    let builds = builds(rule);
    format!("{:>4} {:<24} {}{builds}{hidden}\n", rule.number, rule.pattern, rule.code_signing_config_id)
}

fn builds(rule: &Record) -> &'static str {
    match rule.source {
        CodeFrom::Commit => "",
        CodeFrom::Artifact => ", source artifact",
    }
}
