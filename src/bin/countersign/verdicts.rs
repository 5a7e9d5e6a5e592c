//! Verdicts: how the commands that judge report what the gates said, and with which exit status they end.

use anyhow::Result;
use countersign::gate::Gate;
use countersign::report::{Verdict, json, text};

use crate::output::{Exit, Format, print};

/// How verdicts are reported.
#[derive(Debug, clap::Args)]
pub struct ReportArgs {
    /// How to write the verdict
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl ReportArgs {
    /// Reports what each gate said. Allowed only if there is one, and all of them are open.
    pub fn show(&self, gates: &[Gate], notes: &[String]) -> Result<Exit> {
        let verdicts: Vec<Verdict> = gates.iter().map(|gate| gate.verdict().clone()).collect();
        match self.format {
            Format::Text => print(&verdicts.iter().map(text::render).collect::<String>())?,
            Format::Json => print(&format!("{}\n", json::render(&verdicts, notes)))?,
        }
        Ok(Exit::from_gates(gates))
    }
}
