//! Deploys a function: copies its package to a folder, if the verdict allows it.
//!
//! ```text
//! deploy POLICY PIN FUNCTION ARTIFACT FOLDER
//! ```
//! `PIN` is the `SHA384:` digest of the policy's first root; take it from the settings of this machine. Replace
//! [`deploy`] with your own: it takes an [`Admitted`], so it can only be called for an artifact that was allowed. Exit
//! status: 1 denied, 2 no verdict.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use countersign_verify::{
    Admitted, Artifact, Gate, Location, Policy, Timestamp, Verdict, admit, manifest_of,
};

fn main() -> ExitCode {
    match run() {
        Ok(status) => status,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [policy, pin, function, path, folder] = arguments.as_slice() else {
        return Err("usage: deploy POLICY PIN FUNCTION ARTIFACT FOLDER".into());
    };
    let location = Location::pinned(PathBuf::from(policy), pin.parse()?);
    let policy = Policy::open(&location, Timestamp::from_clock(SystemTime::now()))?;
    let artifact = Artifact::open(Path::new(path))?;
    let manifest = manifest_of(&artifact)?;
    match admit(&policy, &function.parse()?, &artifact, manifest.as_ref())? {
        Gate::Admitted(admitted) => {
            deploy(&admitted, &artifact, &Path::new(folder).join(format!("{function}.zip")))?;
            Ok(ExitCode::SUCCESS)
        }
        Gate::Stopped(verdict) => {
            explain(&verdict);
            Ok(ExitCode::from(1))
        }
    }
}

/// Copies the artifact from the file that was verified and is still open: the path may now name another file.
fn deploy(admitted: &Admitted, artifact: &Artifact, to: &Path) -> Result<(), Box<dyn Error>> {
    let mut bytes = vec![0; usize::try_from(artifact.size())?];
    artifact.read_at(&mut bytes, 0)?;
    std::fs::write(to, bytes)?;
    println!("deployed {} to {}", admitted.verdict().artifact, to.display());
    Ok(())
}

fn explain(verdict: &Verdict) {
    eprintln!("denied: {}", verdict.artifact);
    for finding in verdict.checks.iter().flat_map(|result| &result.findings) {
        eprintln!("  {}: {}\n    hint: {}", finding.code, finding.message, finding.hint);
    }
}
