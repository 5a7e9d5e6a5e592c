//! Does python-tuf accept the roots and seals that we accept, and refuse those that we refuse?
//!
//! Each case is written twice, as our documents and as TUF's metadata, with the same keys and signatures
//! of the same kind. A seal is to TUF a timestamp, a snapshot and targets of one version.

mod cases;
mod ours;
mod shown;
mod theirs;

use std::sync::OnceLock;
use std::time::SystemTime;

use countersign::crypto::secret::SecretKey;
use countersign::time::Timestamp;
use serde_json::Value;

use self::cases::{Answer, Case, cases};
use crate::peers::peer::{Peer, printed, script};
use crate::peers::release::{scratch, text, write};

#[test]
fn python_tuf_answers_as_we_do() {
    let Some(python) = Peer::python("tuf") else {
        return;
    };
    let keys: Vec<SecretKey> = (0..shown::KEYS).map(|_| SecretKey::generate().expect("a key")).collect();
    let cases = cases();
    let theirs = ask(&python, &cases, &keys);
    assert_eq!(theirs.len(), cases.len());
    let mut wrong = Vec::new();
    for (case, theirs) in cases.iter().zip(&theirs) {
        let (answer, why) = ours::answer(&case.visits, &keys);
        let expected = case.tuf.map_or(case.answer, |(differs, _)| differs);
        if case.tuf.is_some_and(|(differs, _)| differs == case.answer) {
            wrong.push(format!("{}: it is listed as a difference and is none", case.name));
        }
        if answer != case.answer {
            wrong.push(format!("{}: {answer:?} here, expected {:?}: {why}", case.name, case.answer));
        }
        if read(theirs) != expected {
            wrong.push(format!("{}: python-tuf says {theirs}, expected {expected:?}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// python-tuf's answers at the last visits; it accepts every visit before.
fn ask(python: &Peer, cases: &[Case], keys: &[SecretKey]) -> Vec<Value> {
    let visits = |case: &Case| case.visits.iter().map(|visit| theirs::shown(visit, keys)).collect();
    let question: Vec<Value> = cases.iter().map(visits).collect();
    let folder = scratch();
    let file = folder.path().join("cases.json");
    write(&file, Value::Array(question).to_string());
    let said = printed(&python.ask([&script("tuf_updater.py"), text(&file)]));
    let answers: Vec<Vec<Value>> = serde_json::from_str(&said).expect("a list of lists");
    let last = |(case, mut answers): (&Case, Vec<Value>)| {
        assert_eq!(answers.len(), case.visits.len(), "{}", case.name);
        let last = answers.pop().expect("a visit");
        assert!(answers.iter().all(Value::is_array), "{}: {answers:?}", case.name);
        last
    };
    cases.iter().zip(answers).map(last).collect()
}

fn read(answer: &Value) -> Answer {
    let number = |at: usize| answer[at].as_u64().expect("a version");
    if answer.is_array() { Answer::Accepted(number(0), number(1)) } else { Answer::Refused }
}

/// The clock when the tests began; python-tuf asks the clock itself.
fn now() -> Timestamp {
    static NOW: OnceLock<Timestamp> = OnceLock::new();
    *NOW.get_or_init(|| Timestamp::from_clock(SystemTime::now()))
}

fn in_days(days: i64) -> Timestamp {
    now().plus_seconds(days * 24 * 60 * 60)
}
