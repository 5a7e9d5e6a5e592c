//! What does countersign say to somebody who comes by again and remembers?

use std::path::Path;

use countersign::crypto::key::KeyId;
use countersign::crypto::secret::SecretKey;
use countersign::document::format::Format;
use countersign::pin::Pin;
use countersign::policy::error::PolicyError;
use countersign::policy::memory;
use countersign::policy::root::{self, RoleFile, RootFile};
use countersign::policy::snapshot::{self, Snapshot};
use countersign::policy::store::Location;
use countersign::time::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::cases::Answer;
use super::shown::{Role, Root, Seal, Visit, envelope};
use super::{in_days, now};
use crate::peers::release::{read, scratch, write};

/// The answer at the last visit, and the refusal's text; every visit before it is accepted.
pub fn answer(visits: &[Visit], keys: &[SecretKey]) -> (Answer, String) {
    let memory = scratch();
    let state = memory.path().join("state.json");
    let (last, before) = visits.split_last().expect("a visit");
    for visit in before {
        judge(visit, keys, &state).unwrap_or_else(|error| panic!("before the last visit: {error}"));
    }
    match judge(last, keys, &state) {
        Ok(answer) => (answer, String::new()),
        Err(error) => (Answer::Refused, error.to_string()),
    }
}

fn judge(visit: &Visit, keys: &[SecretKey], state: &Path) -> Result<Answer, PolicyError> {
    let folder = scratch();
    std::fs::create_dir(folder.path().join("roots")).expect("a folder");
    for shown in &visit.roots {
        let bytes = envelope(root::PAYLOAD_TYPE, &root_file(shown, keys), keys, shown.signed);
        write(&root::path(folder.path(), shown.file), bytes);
    }
    let sealed = envelope(snapshot::PAYLOAD_TYPE, &snapshot_file(&visit.seal), keys, visit.seal.signed);
    write(&snapshot::path(folder.path()), sealed);
    let pin = Some(Pin::of(&read(&root::path(folder.path(), 1))));
    let location = Location { directory: folder.path().into(), pin, state: Some(state.into()) };
    let policy = memory::open(&location, now())?;
    Ok(Answer::Accepted(policy.root().version(), policy.snapshot().version))
}

fn root_file(shown: &Root, keys: &[SecretKey]) -> Value {
    json(&RootFile {
        format: Format::default(),
        account: "acme".parse().expect("a name"),
        version: shown.version,
        created: long_ago(),
        expires: in_days(shown.days),
        keys: keys.iter().map(SecretKey::public).collect(),
        root: role_file(shown.root, keys),
        policy: role_file(shown.policy, keys),
    })
}

fn role_file(Role(numbers, threshold): Role, keys: &[SecretKey]) -> RoleFile {
    let id = |number: &usize| -> KeyId { keys[*number].public().id() };
    RoleFile { keys: numbers.iter().map(id).collect(), threshold }
}

fn snapshot_file(shown: &Seal) -> Value {
    json(&Snapshot {
        format: Format::default(),
        account: "acme".parse().expect("a name"),
        version: shown.version,
        created: long_ago(),
        expires: in_days(shown.days),
        documents: Vec::new(),
        index: None,
    })
}

fn long_ago() -> Timestamp {
    in_days(-365)
}

fn json(document: &impl Serialize) -> Value {
    serde_json::to_value(document).expect("JSON")
}
