//! How does TUF write the same roots and seals? In DSSE, with the same keys.

use base64ct::{Base64, Encoding};
use countersign::crypto::secret::SecretKey;
use serde_json::{Map, Value, json};

use super::in_days;
use super::shown::{Role, Root, Seal, Visit, envelope};

/// The payload type of everything in TUF.
const PAYLOAD_TYPE: &str = "application/vnd.tuf+json";

/// A visit, as the script reads it.
pub fn shown(visit: &Visit, keys: &[SecretKey]) -> Value {
    let mut files = Map::new();
    for each in &visit.roots {
        let bytes = envelope(PAYLOAD_TYPE, &root(each, keys), keys, each.signed);
        files.insert(format!("{}.root.json", each.file), Base64::encode_string(&bytes).into());
    }
    let version = visit.seal.version;
    let names = [
        ("timestamp", "timestamp.json".to_owned(), json!({ "snapshot.json": { "version": version } })),
        ("snapshot", format!("{version}.snapshot.json"), json!({ "targets.json": { "version": version } })),
        ("targets", format!("{version}.targets.json"), Value::Null),
    ];
    for (kind, name, meta) in names {
        let bytes = envelope(PAYLOAD_TYPE, &sealed(&visit.seal, kind, meta), keys, visit.seal.signed);
        files.insert(name, Base64::encode_string(&bytes).into());
    }
    json!({ "trusted": files["1.root.json"], "files": files })
}

fn root(shown: &Root, keys: &[SecretKey]) -> Value {
    let key = |key: &SecretKey| {
        let value = json!({
            "keytype": "ecdsa",
            "scheme": "ecdsa-sha2-nistp384",
            "keyval": { "public": key.public().to_pem() },
        });
        (key.public().id().to_string(), value)
    };
    let role = |Role(numbers, threshold): Role| {
        let ids: Vec<String> = numbers.iter().map(|number| keys[*number].public().id().to_string()).collect();
        json!({ "keyids": ids, "threshold": threshold })
    };
    let policy = role(shown.policy);
    json!({
        "_type": "root",
        "spec_version": "1.0.31",
        "consistent_snapshot": true,
        "version": shown.version,
        "expires": in_days(shown.days),
        "keys": keys.iter().map(key).collect::<Map<String, Value>>(),
        "roles": { "root": role(shown.root), "timestamp": policy, "snapshot": policy, "targets": policy },
    })
}

fn sealed(shown: &Seal, kind: &str, meta: Value) -> Value {
    let (of, value) = if meta.is_null() { ("targets", json!({})) } else { ("meta", meta) };
    json!({
        "_type": kind,
        "spec_version": "1.0.31",
        "version": shown.version,
        "expires": in_days(shown.days),
        of: value,
    })
}
