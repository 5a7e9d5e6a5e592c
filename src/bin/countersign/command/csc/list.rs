//! `csc list` and `csc show`: the CSCs as they are now, and what of them is not sealed yet.

use anyhow::Result;
use countersign::arn::CscArn;
use countersign::csc::Csc;
use countersign::function::{Functions, Pattern};
use countersign::name::CscId;
use countersign::policy::documents::Kind;
use countersign::policy::edit::{EditError, path_of_csc};
use countersign::report::escape::line;
use serde::Serialize;

use super::super::edit::{Documents, FUNCTIONS, mark};
use crate::context::{Context, TrustArgs};
use crate::output::{Exit, Format, print, print_json};

/// Arguments of `csc list`.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    #[command(flatten)]
    trust: TrustArgs,
    /// Output format
    #[arg(long, value_enum, ignore_case = true, default_value = "text")]
    format: Format,
}

#[derive(Serialize)]
struct List {
    schema_version: u32,
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
        let documents = Documents::read(context, &self.trust)?;
        let functions = documents.functions()?;
        let mut records = Vec::new();
        for (path, bytes) in documents.of(Kind::Csc) {
            let csc = Csc::parse(&documents.file(path), bytes)?;
            records.push(record(&documents, &functions, &csc));
        }
        let id = |path: &str| Some(path.strip_prefix("csc/")?.strip_suffix(".toml")?.to_owned());
        let deleted: Vec<String> = documents.removed(Kind::Csc).filter_map(id).collect();
        match self.format {
            Format::Json => print_json(&List { schema_version: 1, code_signing_configs: records, deleted })?,
            Format::Text => {
                let deleted = deleted.iter().map(|id| format!("{} deleted{}\n", line(id), mark(false)));
                print(&records.iter().map(list_lines).chain(deleted).collect::<String>())?;
            }
        }
        Ok(Exit::Done)
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
    id: CscId,
    #[command(flatten)]
    trust: TrustArgs,
    /// Output format
    #[arg(long, value_enum, ignore_case = true, default_value = "text")]
    format: Format,
}

#[derive(Serialize)]
struct Shown {
    schema_version: u32,
    code_signing_config: Record,
}

impl ShowArgs {
    /// Shows everything that the CSC's document says.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let documents = Documents::read(context, &self.trust)?;
        let path = path_of_csc(&self.id);
        let bytes = documents.get(&path).ok_or_else(|| EditError::Absent(format!("CSC `{}`", self.id)))?;
        let csc = Csc::parse(&documents.file(&path), bytes)?;
        let record = record(&documents, &documents.functions()?, &csc);
        match self.format {
            Format::Json => print_json(&Shown { schema_version: 1, code_signing_config: record })?,
            Format::Text => print(&text(&record))?,
        }
        Ok(Exit::Done)
    }
}

fn record(documents: &Documents, functions: &Functions, csc: &Csc) -> Record {
    let id = csc.id();
    Record {
        code_signing_config_id: id.to_string(),
        code_signing_config_arn: CscArn::new(documents.account().clone(), id.clone()).to_string(),
        description: csc.description().into(),
        revision: csc.revision(),
        sealed: documents.is_sealed(&path_of_csc(id)),
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
