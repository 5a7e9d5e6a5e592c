//! Text: the answer for people at a terminal.

use std::fmt::Write;

use super::answer::{Answer, Cause, Counts, Function, Malformed};
use super::readiness::Readiness;
use crate::limits::CAUSES_SHOWN;
use crate::metrics::Occasion;
use crate::report::escape::line;
use crate::report::{Check, Decision};

/// Renders the answer, ending in a line feed.
pub fn render(answer: &Answer) -> String {
    let mut out = String::new();
    let functions = answer.functions.len();
    let _ = writeln!(
        out,
        "{} to {}: {}, {}",
        answer.since,
        answer.until,
        many(answer.counts.verdicts, "verdict"),
        many(functions as u64, "function or layer")
    );
    write_malformed(&mut out, answer);
    if answer.unnamed > 0 {
        let _ = writeln!(out, "not counted: {} without a function", many(answer.unnamed, "verdict"));
    }
    answer.functions.iter().for_each(|function| write_function(&mut out, function));
    out.push('\n');
    for csc in &answer.code_signing_configs {
        let _ = writeln!(
            out,
            "{} ({}): {} of {} ready for Enforce or enforced",
            csc.id,
            csc.mode.name(),
            csc.safe_functions,
            many(csc.functions as u64, "function or layer")
        );
    }
    let count = |readiness| answer.readiness.get(&readiness).copied().unwrap_or_default();
    let counts: Vec<String> =
        Readiness::ALL.iter().map(|each| format!("{} {}", count(*each), each.words())).collect();
    let _ = writeln!(out, "{}", counts.join(", "));
    out
}

fn write_malformed(out: &mut String, answer: &Answer) {
    let count = answer.malformed_lines();
    if count == 0 {
        return;
    }
    let _ = writeln!(out, "ignored {}:", many(count, "malformed line"));
    for Malformed { journal, line: number, what } in &answer.malformed {
        let _ = writeln!(out, "  {} line {number}: {}", line(journal), line(what));
    }
    let more = count - answer.malformed.len() as u64;
    if more > 0 {
        let _ = writeln!(out, "  … and {more} more");
    }
}

fn write_function(out: &mut String, function: &Function) {
    let csc = function.csc.as_ref().zip(function.mode);
    let csc = csc.map_or(String::new(), |(csc, mode)| format!(", {csc} ({})", mode.name()));
    let words = function.readiness.words();
    let _ = writeln!(out, "\n{words}: {} `{}`{csc}", function.kind_name(), function.name);
    let _ = writeln!(out, "  why        {}", function.reason);
    let _ = writeln!(out, "  next       {}", function.next);
    let _ = writeln!(out, "  verdicts   {}", verdicts(&function.counts));
    let _ = writeln!(out, "  errors     {}", errors(&function.counts));
    for cause in function.causes.iter().take(CAUSES_SHOWN) {
        write_cause(out, cause);
    }
    let more = function.causes.len().saturating_sub(CAUSES_SHOWN);
    if more > 0 {
        let _ = writeln!(out, "  … and {} more", many(more as u64, "cause"));
    }
}

fn verdicts(counts: &Counts) -> String {
    let by_occasion = Occasion::ALL.map(|each| format!("{} {}", counts.on(each), each.name()));
    let by_decision = Decision::ALL.map(|each| format!("{} {}", counts.decided(each), each.name()));
    format!("{}: {}; {}", counts.verdicts, by_occasion.join(", "), by_decision.join(", "))
}

fn errors(counts: &Counts) -> String {
    let by_check = Check::VERDICT.map(|each| format!("{} {}", counts.errors_of(each), each.name()));
    format!("{}: {}", counts.errors(), by_check.join(", "))
}

fn write_cause(out: &mut String, cause: &Cause) {
    let Cause { check, code, count, first_seen, last_seen, .. } = cause;
    let when = if first_seen == last_seen {
        format!("at {last_seen}")
    } else {
        format!("from {first_seen} to {last_seen}")
    };
    let _ = writeln!(out, "  cause      {code} ({}), {} {when}", check.name(), many(*count, "time"));
    if let Some(profile) = &cause.profile {
        let _ = writeln!(out, "    profile  {profile}");
    }
    for (what, names) in [
        ("signed by", cause.requested_by.iter().map(|each| each.as_str()).collect::<Vec<_>>()),
        ("seen on", cause.hosts.iter().map(|each| each.as_str()).collect()),
    ] {
        if !names.is_empty() {
            let _ =
                writeln!(out, "    {what:<9}{}{}", if what.len() < 9 { "" } else { " " }, names.join(", "));
        }
    }
    let _ = writeln!(out, "    next     {}", cause.next);
}

/// A number with a noun.
pub fn many(count: u64, what: &str) -> String {
    let plural = match what {
        "function or layer" => "functions and layers".into(),
        _ => format!("{what}s"),
    };
    if count == 1 { format!("1 {what}") } else { format!("{count} {plural}") }
}
