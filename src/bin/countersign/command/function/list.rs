//! `function list`: the rules and protected refs as they are now, and which rule governs a name.

use anyhow::Result;
use countersign::function::{Functions, RefPattern, TypePattern};
use countersign::name::ArtifactName;
use countersign::report::escape::line;
use serde::Serialize;

use super::super::edit::{Documents, FUNCTIONS, mark};
use crate::context::{Context, TrustArgs};
use crate::output::{Exit, Format, print, print_json};

/// Arguments of `function list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Examples:\n  \
    countersign function list\n  \
    countersign function list orders")]
pub struct Args {
    /// Show only the rule and the CSC of this function or layer
    name: Option<ArtifactName>,
    #[command(flatten)]
    trust: TrustArgs,
    /// Output format
    #[arg(long, value_enum, ignore_case = true, default_value = "text")]
    format: Format,
}

#[derive(Serialize)]
struct List {
    schema_version: u32,
    revision: u64,
    sealed: bool,
    rules: Vec<Record>,
    protected_refs: Vec<String>,
    deploys_no_code: Vec<String>,
}

#[derive(Serialize)]
struct Governed {
    schema_version: u32,
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
    /// The earlier rule that leaves nothing to this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden_by: Option<usize>,
}

impl Args {
    /// Lists the rules, or tells the one that governs a name.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let documents = Documents::read(context, &self.trust)?;
        let (functions, sealed) = (documents.functions()?, documents.is_sealed(FUNCTIONS));
        match self.name {
            Some(name) => govern(&functions, &name, sealed, self.format)?,
            None => list(&functions, sealed, self.format)?,
        }
        Ok(Exit::Done)
    }
}

fn list(functions: &Functions, sealed: bool, format: Format) -> Result<()> {
    let rules: Vec<Record> = (0..functions.rules().len()).map(|index| record(functions, index)).collect();
    let (revision, refs, types) =
        (functions.revision(), functions.protected_refs(), functions.deploys_no_code());
    match format {
        Format::Json => {
            let protected_refs = refs.iter().map(RefPattern::to_string).collect();
            let deploys_no_code = types.iter().map(TypePattern::to_string).collect();
            print_json(&List { schema_version: 1, revision, sealed, rules, protected_refs, deploys_no_code })
        }
        Format::Text => {
            let rules: String = rules.iter().map(rule_line).collect();
            let everything = functions.rules().iter().any(|rule| rule.pattern().as_str() == "*");
            let rest = "     other names have no CSC: every artifact is denied\n";
            let rest = if everything { "" } else { rest };
            let refs: String =
                refs.iter().map(|pattern| format!("protected ref {}\n", line(pattern.as_str()))).collect();
            let types: String =
                types.iter().map(|pattern| format!("deploys no code {}\n", line(pattern.as_str()))).collect();
            print(&format!("revision {revision}{}\n{rules}{rest}{refs}{types}", mark(sealed)))
        }
    }
}

fn govern(functions: &Functions, name: &ArtifactName, sealed: bool, format: Format) -> Result<()> {
    let rule = functions.rule_of(name).map(|index| record(functions, index));
    if format == Format::Json {
        return print_json(&Governed { schema_version: 1, function_name: name.to_string(), sealed, rule });
    }
    let mark = mark(sealed);
    print(&match rule {
        Some(rule) => format!(
            "`{name}` is governed by {}: rule {}, `{}`{mark}\n",
            rule.code_signing_config_id, rule.number, rule.pattern
        ),
        None => format!("`{name}` has no CSC: every artifact is denied{mark}\n"),
    })
}

fn record(functions: &Functions, index: usize) -> Record {
    let rule = &functions.rules()[index];
    Record {
        number: index + 1,
        pattern: rule.pattern().to_string(),
        code_signing_config_id: rule.csc().to_string(),
        hidden_by: functions.hidden_by(index).map(|earlier| earlier + 1),
    }
}

fn rule_line(rule: &Record) -> String {
    let hidden = rule.hidden_by.map_or(String::new(), |by| format!(" (never: rule {by} comes first)"));
    format!("{:>4} {:<24} {}{hidden}\n", rule.number, rule.pattern, rule.code_signing_config_id)
}
