//! Compiles the copy, without the mutants that are not Rust.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::copy::Copy;
use crate::run::{INTEGRATION, Suite};

/// The test programs by the name of their target.
pub type Programs = BTreeMap<String, PathBuf>;

/// Compiles the programs of these tests until every mutant that is left compiles; what does not is marked.
pub fn build(copy: &mut Copy, repository: &Path, suites: &[Suite]) -> io::Result<Programs> {
    loop {
        copy.write(repository)?;
        let mut cargo = Command::new("cargo");
        cargo
            .args(["test", "--locked", "--no-run", "--message-format=json", "--lib"])
            .current_dir(&copy.folder);
        for suite in suites {
            match suite {
                Suite::Unit(package) => cargo.args(["--package", package.name]),
                Suite::Integration(_) => cargo.args(["--test", INTEGRATION]),
            };
        }
        cargo.env("CARGO_TARGET_DIR", repository.join("target/mutants/build"));
        let output = cargo.stderr(Stdio::inherit()).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let messages: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        if output.status.success() {
            return Ok(messages.iter().filter_map(program).collect());
        }
        let errors: Vec<&Value> = messages
            .iter()
            .filter(|message| message["message"]["level"] == "error")
            .map(|message| &message["message"])
            .collect();
        let bad: BTreeSet<usize> = errors.iter().flat_map(|error| culprits(copy, error)).collect();
        if bad.is_empty() {
            let rendered: Vec<&str> = errors.iter().filter_map(|error| error["rendered"].as_str()).collect();
            return Err(io::Error::other(format!("the copy does not compile:\n{}", rendered.join("\n"))));
        }
        eprintln!("{} mutants do not compile", bad.len());
        for number in bad {
            copy.mutants[number].compiles = false;
        }
    }
}

fn program(message: &Value) -> Option<(String, PathBuf)> {
    let path = message["executable"].as_str().filter(|_| message["profile"]["test"] == true)?;
    Some((message["target"]["name"].as_str()?.to_owned(), path.into()))
}

/// The mutants whose code an error names; if it names none, those around the place that it names.
fn culprits(copy: &Copy, error: &Value) -> BTreeSet<usize> {
    let none = vec![];
    let spans: Vec<(&str, usize, usize, bool)> = error["spans"]
        .as_array()
        .unwrap_or(&none)
        .iter()
        .filter_map(|span| {
            let number = |name: &str| Some(span[name].as_u64()? as usize);
            let is_primary = span["is_primary"] == true;
            Some((span["file_name"].as_str()?, number("byte_start")?, number("byte_end")?, is_primary))
        })
        .collect();
    let of = |file: &str| {
        let all = copy.mutants.iter().enumerate();
        let file = file.to_owned();
        all.filter(move |(_, placed)| placed.compiles && placed.file == file)
    };
    for wanted in [true, false] {
        let named: BTreeSet<usize> = spans
            .iter()
            .filter(|(.., is_primary)| *is_primary == wanted)
            .flat_map(|(file, start, end, _)| {
                let inside = |code: &std::ops::Range<usize>| code.start <= *start && *end <= code.end;
                of(file).filter(move |(_, placed)| placed.code.iter().any(inside)).map(|(number, _)| number)
            })
            .collect();
        if !named.is_empty() {
            return named;
        }
    }
    let around = spans.iter().filter(|(.., is_primary)| *is_primary).flat_map(|(file, start, end, _)| {
        let whole = move |code: &[std::ops::Range<usize>]| {
            code.len() == 2 && code[0].start <= *start && *end <= code[1].end
        };
        let smallest = of(file)
            .filter(|(_, placed)| whole(&placed.code))
            .min_by_key(|(_, placed)| placed.code[1].end - placed.code[0].start);
        smallest.map(|(number, _)| number)
    });
    around.collect()
}
