//! How long does a whole process take, and how much memory?

use std::fmt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::Scene;

/// Wall time and peak resident memory.
pub struct Measured {
    time: Duration,
    peak: u64,
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.time.as_secs_f64();
        let megabytes = self.peak as f64 / 1e6;
        match seconds {
            1.0.. => write!(f, "{seconds:.1} s, {megabytes:.0} MB"),
            _ => write!(f, "{:.1} ms, {megabytes:.0} MB", seconds * 1e3),
        }
    }
}

/// The medians of each question, which are asked in turn.
pub fn several(scene: &Scene, questions: &[Vec<&str>; 3], runs: usize) -> [Measured; 3] {
    let mut times: [Vec<Duration>; 3] = Default::default();
    for run in 0..=runs {
        for (question, times) in questions.iter().zip(&mut times) {
            let time = timed(scene, question);
            // The first is the warm-up.
            times.extend((run > 0).then_some(time));
        }
    }
    let mut questions = questions.iter();
    times.map(|mut times| {
        times.sort();
        let peak = once(scene, questions.next().expect("a question for each")).peak;
        Measured { time: times[times.len() / 2], peak }
    })
}

fn timed(scene: &Scene, arguments: &[&str]) -> Duration {
    let mut command = scene.countersign();
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let start = Instant::now();
    let output = command.output().expect("it starts");
    let time = start.elapsed();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    time
}

/// One run under GNU time, whose own memory is small: a process inherits its parent's peak.
pub fn once(scene: &Scene, arguments: &[&str]) -> Measured {
    let report = scene.path().join("peak");
    let mut command = scene.command("time");
    command.args(["-f", "%M", "-o"]).arg(&report).arg(env!("CARGO_BIN_EXE_countersign")).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let start = Instant::now();
    let output = command.output().expect("GNU time");
    let time = start.elapsed();
    let said = std::fs::read_to_string(report).expect("a report");
    let peak = said.lines().last().and_then(|line| line.parse::<u64>().ok());
    let failed = || format!("{arguments:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
    // `policy diff` says with its exit status that there are differences.
    assert!(output.status.code().is_some_and(|code| code < 2), "{}", failed());
    Measured { time, peak: peak.unwrap_or_else(|| panic!("{}", failed())) * 1024 }
}
