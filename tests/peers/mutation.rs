//! What can be wrong with a manifest? Each mutation differs from a good one in a single way.

use base64ct::{Base64, Encoding};
use serde_json::{Value, json};

/// A manifest with one thing wrong.
pub struct Mutation {
    pub name: String,
    pub bytes: Vec<u8>,
    /// What cosign must say, where the test would be empty if it said something else: to what it
    /// must accept we say yes too.
    pub cosign: Option<bool>,
}

/// A name, what cosign must say, and the field that is changed.
pub type Case = (&'static str, Option<bool>, &'static str, Change);

/// One field changed, for every field there is; and one with nothing wrong but the layout.
pub fn fields(bundle: &Value) -> Vec<Mutation> {
    let changed = changes().into_iter().map(|(name, cosign, field, change)| {
        let mut bundle = bundle.clone();
        change.make(&mut bundle, field);
        let bytes = bundle.to_string().into_bytes();
        Mutation { name: format!("{name} ({field})"), bytes, cosign }
    });
    changed.chain(texts(&bundle.to_string())).collect()
}

/// One bit flipped, all over the file.
pub fn bits(manifest: &[u8]) -> Vec<Mutation> {
    const PROBES: usize = 40;
    let flipped = |position: usize| {
        let mut bytes = manifest.to_vec();
        bytes[position] ^= 1;
        let name = format!("bit flipped in byte {position}");
        Mutation { name, bytes, cosign: None }
    };
    (0..PROBES).map(|probe| flipped(probe * manifest.len() / PROBES)).collect()
}

pub const YES: Option<bool> = Some(true);
pub const NO: Option<bool> = Some(false);

const MEDIA_TYPE: &str = "/mediaType";
const MATERIAL: &str = "/verificationMaterial";
const HINT: &str = "/verificationMaterial/publicKey/hint";
const LOG: &str = "/verificationMaterial/tlogEntries";
const PAYLOAD: &str = "/dsseEnvelope/payload";
const PAYLOAD_TYPE: &str = "/dsseEnvelope/payloadType";
const SIGNATURES: &str = "/dsseEnvelope/signatures";
const KEY_ID: &str = "/dsseEnvelope/signatures/0/keyid";
const SIGNATURE: &str = "/dsseEnvelope/signatures/0/sig";

#[rustfmt::skip] // one change a line
fn changes() -> Vec<Case> {
    use Change::{Decoded, Letter, Put, Remove, Twice};
    let next = json!("application/vnd.dev.sigstore.bundle.v0.4+json");
    let last = json!("application/vnd.dev.sigstore.bundle.v0.2+json");
    vec![
        ("only the layout", YES, LOG, Put(json!([]))),
        ("byte", NO, PAYLOAD, Decoded(|payload| payload[0] ^= 1)),
        ("space after it", NO, PAYLOAD, Decoded(|payload| payload.push(b' '))),
        ("subject's sha256", NO, PAYLOAD, Decoded(|payload| other_digest(payload, "sha256"))),
        ("subject's sha384", NO, PAYLOAD, Decoded(|payload| other_digest(payload, "sha384"))),
        ("empty", NO, PAYLOAD, Put(json!(""))),
        ("another", NO, PAYLOAD_TYPE, Letter),
        ("missing", NO, PAYLOAD_TYPE, Remove),
        ("byte", NO, SIGNATURE, Decoded(|signature| *signature.last_mut().expect("a byte") ^= 1)),
        ("byte after it", NO, SIGNATURE, Decoded(|signature| signature.push(0))),
        ("empty", NO, SIGNATURE, Put(json!(""))),
        ("none", NO, SIGNATURES, Put(json!([]))),
        ("two", NO, SIGNATURES, Twice),
        ("another", NO, KEY_ID, Letter),
        ("empty", None, KEY_ID, Put(json!(""))),
        ("missing", None, KEY_ID, Remove),
        ("another", None, HINT, Letter),
        ("empty", None, HINT, Put(json!(""))),
        ("missing", None, HINT, Remove),
        ("missing", NO, "/verificationMaterial/publicKey", Remove),
        ("empty entry", NO, LOG, Put(json!([{}]))),
        ("missing", None, LOG, Remove),
        ("missing", NO, MATERIAL, Remove),
        ("another", NO, MEDIA_TYPE, Letter),
        ("the next version", NO, MEDIA_TYPE, Put(next)),
        ("the last version", None, MEDIA_TYPE, Put(last)),
        ("missing", NO, MEDIA_TYPE, Remove),
        ("missing", NO, "/dsseEnvelope", Remove),
        ("message signature too", NO, "/messageSignature", Put(json!({ "signature": "" }))),
        ("unknown field", NO, "/extra", Put(json!(1))),
        ("unknown field", NO, "/verificationMaterial/extra", Put(json!(1))),
        ("unknown field", NO, "/verificationMaterial/publicKey/extra", Put(json!(1))),
        ("unknown field", NO, "/dsseEnvelope/extra", Put(json!(1))),
        ("unknown field", NO, "/dsseEnvelope/signatures/0/extra", Put(json!(1))),
    ]
}

/// What can happen to a field.
pub enum Change {
    /// Another letter in the middle of its text.
    Letter,
    /// Other bytes behind its Base64.
    Decoded(fn(&mut Vec<u8>)),
    /// Its only element a second time.
    Twice,
    Put(Value),
    Remove,
}

impl Change {
    pub fn make(self, bundle: &mut Value, field: &str) {
        let (parent, name) = field.rsplit_once('/').expect("a JSON pointer");
        let parent = bundle.pointer_mut(parent).expect("its parent is there");
        match self {
            Self::Letter => edit_text(&mut parent[name], other_letter),
            Self::Decoded(edit) => edit_text(&mut parent[name], |text| {
                let mut bytes = Base64::decode_vec(text).expect("Base64");
                edit(&mut bytes);
                Base64::encode_string(&bytes)
            }),
            Self::Twice => {
                let element = parent[name][0].clone();
                parent[name] = json!([element, element]);
            }
            Self::Put(value) => parent[name] = value,
            Self::Remove => {
                let removed = parent.as_object_mut().and_then(|object| object.remove(name));
                assert!(removed.is_some(), "{field} is not there to be removed");
            }
        }
    }
}

/// What only the text can have wrong.
fn texts(good: &str) -> [Mutation; 4] {
    let twice = good.replacen(r#""mediaType""#, r#""mediaType":"","mediaType""#, 1);
    [
        ("media type twice", twice),
        ("last byte missing", good[..good.len() - 1].to_owned()),
        ("a byte after the end", format!("{good}x")),
        ("byte order mark", format!("\u{feff}{good}")),
    ]
    .map(|(name, text)| Mutation { name: name.to_owned(), bytes: text.into_bytes(), cosign: NO })
}

fn edit_text(value: &mut Value, edit: impl FnOnce(&str) -> String) {
    *value = edit(value.as_str().expect("text")).into();
}

fn other_letter(text: &str) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let middle = letters.len() / 2;
    letters[middle] = if letters[middle] == 'a' { 'b' } else { 'a' };
    letters.into_iter().collect()
}

/// Another first digit in one digest of the subject, and nothing else in the payload.
fn other_digest(payload: &mut [u8], algorithm: &str) {
    let statement: Value = serde_json::from_slice(payload).expect("the payload is JSON");
    let digest = statement["subject"][0]["digest"][algorithm].as_str().expect("a digest");
    let position = payload.windows(digest.len()).position(|window| window == digest.as_bytes());
    let digit = &mut payload[position.expect("the digest's text")];
    *digit = if *digit == b'0' { b'1' } else { b'0' };
}
