//! What does a visitor see? Roots and a seal, to be written as our documents and as TUF's.

use base64ct::{Base64, Encoding};
use countersign::crypto::secret::SecretKey;
use p384::ecdsa::Signature;
use serde_json::{Value, json};

/// The keys that a case names: by number.
pub const KEYS: usize = 8;

/// A key id that is no key's.
pub const NOBODY: usize = KEYS;

/// What a visitor sees.
#[derive(Debug, Clone)]
pub struct Visit {
    pub roots: Vec<Root>,
    pub seal: Seal,
}

/// A root document.
#[derive(Debug, Clone, Copy)]
pub struct Root {
    /// The number in its file's name.
    pub file: u64,
    /// The number that it says.
    pub version: u64,
    pub root: Role,
    pub policy: Role,
    /// Days from now to its end.
    pub days: i64,
    pub signed: Signed,
}

/// Keys, and how many of them must sign.
#[derive(Debug, Clone, Copy)]
pub struct Role(pub &'static [usize], pub usize);

/// A snapshot; to TUF it is timestamp, snapshot and targets of one version, by one role.
#[derive(Debug, Clone, Copy)]
pub struct Seal {
    pub version: u64,
    /// Days from now to its end.
    pub days: i64,
    pub signed: Signed,
}

/// The signatures of a document.
#[derive(Debug, Clone, Copy)]
pub enum Signed {
    By(&'static [usize]),
    /// Signatures in other than the plain way.
    As(&'static [Mark]),
    /// Signed, and then the payload was changed: it ends a century later.
    Tampered(&'static [usize]),
}

/// A signature: by which key, under whose id, and in which form.
#[derive(Debug, Clone, Copy)]
pub struct Mark(pub usize, pub usize, pub Form);

/// The form of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Plain,
    /// `(r, n - s)`, which holds as well.
    Malleated,
    /// One byte of it is another.
    Broken,
}

/// The envelope of a payload, signed so.
pub fn envelope(payload_type: &str, payload: &Value, keys: &[SecretKey], signed: Signed) -> Vec<u8> {
    let plain = |key: &usize| Mark(*key, *key, Form::Plain);
    let marks: Vec<Mark> = match signed {
        Signed::By(signers) | Signed::Tampered(signers) => signers.iter().map(plain).collect(),
        Signed::As(marks) => marks.to_vec(),
    };
    let signers: Vec<&SecretKey> = marks.iter().map(|Mark(key, ..)| &keys[*key]).collect();
    let text = payload.to_string();
    let envelope = countersign::crypto::signing::sign(payload_type, text.clone().into_bytes(), &signers);
    let mut envelope = serde_json::to_value(envelope).expect("JSON");
    for (Mark(_, id, form), signature) in marks.iter().zip(signatures(&mut envelope)) {
        *signature = json!({ "keyid": key_id(keys, *id), "sig": formed(&signature["sig"], *form) });
    }
    if matches!(signed, Signed::Tampered(_)) {
        let later = text.replacen(r#""expires":"20"#, r#""expires":"21"#, 1);
        assert_ne!(text, later);
        envelope["payload"] = Base64::encode_string(later.as_bytes()).into();
    }
    envelope.to_string().into_bytes()
}

fn signatures(envelope: &mut Value) -> &mut Vec<Value> {
    envelope["signatures"].as_array_mut().expect("a list")
}

fn key_id(keys: &[SecretKey], number: usize) -> String {
    keys.get(number).map_or(format!("SHA256:{}", "A".repeat(43)), |key| key.public().id().to_string())
}

fn formed(signature: &Value, form: Form) -> String {
    let mut der = Base64::decode_vec(signature.as_str().expect("text")).expect("Base64");
    match form {
        Form::Plain => {}
        Form::Malleated => {
            let (r, s) = Signature::from_der(&der).expect("a signature").split_scalars();
            let other = Signature::from_scalars(*r, -*s).expect("a signature");
            der = other.to_der().as_bytes().to_vec();
        }
        Form::Broken => *der.last_mut().expect("a byte") ^= 1,
    }
    Base64::encode_string(&der)
}
