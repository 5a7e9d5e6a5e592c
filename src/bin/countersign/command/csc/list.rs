//! `csc list` and `csc show`: the CSCs as they are now, and what of them is not sealed yet.

use anyhow::Result;
use countersign::arn::CscArn;
use countersign::csc::Csc;
use countersign::function::{Functions, Pattern};
use countersign::name::CscId;
use countersign::policy::documents::{FUNCTIONS, Kind};
use countersign::report::escape::line;
use serde::Serialize;

use super::super::edit::{Documents, mark};
use super::super::view::ViewArgs;
use crate::complete;
use crate::context::Context;
use crate::output::Exit;

/// Arguments of `csc list`.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    #[command(flatten)]
    view: ViewArgs,
}

#[derive(Serialize)]
struct List {
    code_signing_configs: Vec<Record>,
    /// Deleted, and that is not sealed.
    deleted: Vec<String>,
}

#[derive(Serialize)]
struct Record {
    code_signing_config_id: String,
    code_signing_config_arn: String,
    description: String,
    revision: u64,
    sealed: bool,
    untrusted_artifact_on_deployment: &'static str,
    allowed_publishers: Vec<String>,
    functions: Vec<String>,
    functions_sealed: bool,
}

impl ListArgs {
    /// Lists every CSC, with the patterns that it governs.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let documents = self.view.documents(context)?;
        let functions = documents.functions()?;
        let cscs = documents.parsed(Kind::Csc, Csc::parse)?.into_iter();
        let records = cscs.map(|(_, csc)| record(&documents, &functions, &csc)).collect();
        let list = List { code_signing_configs: records, deleted: documents.deleted(Kind::Csc) };
        self.view.show(&list, |List { code_signing_configs, deleted }| {
            let deleted = deleted.iter().map(|id| format!("{} deleted{}\n", line(id), mark(false)));
            code_signing_configs.iter().map(list_lines).chain(deleted).collect()
        })
    }
}

fn list_lines(record: &Record) -> String {
    let count = record.allowed_publishers.len();
    format!(
        "{} {}, {count} publisher{}, revision {}, \"{}\"{}\n  governs {}\n",
        record.code_signing_config_id,
        record.untrusted_artifact_on_deployment,
        if count == 1 { "" } else { "s" },
        record.revision,
        line(&record.description),
        mark(record.sealed),
        governed(record)
    )
}

fn governed(record: &Record) -> String {
    let patterns: Vec<String> = record.functions.iter().map(|pattern| format!("`{pattern}`")).collect();
    let patterns = if patterns.is_empty() { "nothing".into() } else { patterns.join(", ") };
    format!("{patterns}{}", mark(record.functions_sealed))
}

/// Arguments of `csc show`.
#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    /// Id of the CSC
    #[arg(add = complete::cscs())]
    id: CscId,
    #[command(flatten)]
    view: ViewArgs,
}

#[derive(Serialize)]
struct Shown {
    code_signing_config: Record,
}

impl ShowArgs {
    /// Shows everything that the CSC's document says.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let documents = self.view.documents(context)?;
        let csc = documents.one(&Kind::path_of(&self.id), &format!("CSC `{}`", self.id), Csc::parse)?;
        let shown = Shown { code_signing_config: record(&documents, &documents.functions()?, &csc) };
        self.view.show(&shown, |shown| text(&shown.code_signing_config))
    }
}

fn record(documents: &Documents, functions: &Functions, csc: &Csc) -> Record {
    let id = csc.id();
    Record {
        code_signing_config_id: id.to_string(),
        code_signing_config_arn: CscArn::new(documents.account().clone(), id.clone()).to_string(),
        description: csc.description().into(),
        revision: csc.revision(),
        sealed: documents.is_sealed(&Kind::path_of(id)),
        untrusted_artifact_on_deployment: csc.untrusted().name(),
        allowed_publishers: csc.publishers().iter().map(ToString::to_string).collect(),
        functions: functions.patterns_of(id).map(Pattern::to_string).collect(),
        functions_sealed: documents.is_sealed(FUNCTIONS),
    }
}

fn text(record: &Record) -> String {
    let mut out = format!(
        "csc         {} ({}){}\narn         {}\n",
        record.code_signing_config_id,
        record.untrusted_artifact_on_deployment,
        mark(record.sealed),
        record.code_signing_config_arn,
    );
    if !record.description.is_empty() {
        out.push_str(&format!("description {}\n", line(&record.description)));
    }
    out.push_str(&format!("revision    {}\n", record.revision));
    for publisher in &record.allowed_publishers {
        out.push_str(&format!("publisher   {publisher}\n"));
    }
    out.push_str(&format!("governs     {}\n", governed(record)));
    out
}
