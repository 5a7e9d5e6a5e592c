//! Verdicts: how the commands that judge report what the gates said, and with which exit status they end.

use anyhow::Result;
use countersign::gate::Gate;
use countersign::hook::Judged;
use countersign::report::escape::line;
use countersign::report::{Decision, Verdict, json, text};

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
        self.write(gates.iter(), notes)?;
        Ok(Exit::from_gates(gates.iter()))
    }

    fn write<'a>(&self, gates: impl Iterator<Item = &'a Gate>, notes: &[String]) -> Result<()> {
        let verdicts: Vec<Verdict> = gates.map(|gate| gate.verdict().clone()).collect();
        match self.format {
            Format::Text => print(&verdicts.iter().map(text::render).collect::<String>()),
            Format::Json => print(&format!("{}\n", json::render(&verdicts, notes))),
        }
    }

    /// Reports what was judged of a push: to people in full only what is not simply allowed.
    pub fn show_push(&self, judged: &[Judged], notes: &[String]) -> Result<Exit> {
        let gates = || judged.iter().flat_map(|judged| &judged.gates);
        if self.format == Format::Text {
            print(&judged.iter().map(push_text).collect::<String>())?;
        } else {
            self.write(gates(), notes)?;
        }
        Ok(Exit::from_gates(gates()))
    }
}

/// What a pusher reads about one commit.
fn push_text(judged: &Judged) -> String {
    let verdicts = || judged.gates.iter().map(Gate::verdict);
    let worst = verdicts().map(|verdict| verdict.decision).max().unwrap_or(Decision::Denied);
    let shown = verdicts().filter(|verdict| verdict.decision != Decision::Allowed).map(text::render);
    let count = |decision| verdicts().filter(|verdict| verdict.decision == decision).count();
    let counts =
        [Decision::Allowed, Decision::Warned, Decision::Denied].map(|decision| (count(decision), decision));
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> =
        counts.map(|(count, decision)| format!("{count} {}", decision.name())).collect();
    let refs: Vec<String> = judged.references.iter().map(|reference| line(reference)).collect();
    let (refs, commit) = (refs.join(", "), judged.commit.short());
    shown.chain([format!("{}: {refs} at commit {commit}: {}\n", worst.name(), counts.join(", "))]).collect()
}
