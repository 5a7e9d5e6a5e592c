//! What can be wrong with a statement that the right key signed? A signer gone astray makes such
//! manifests; each differs from a good one in a single way.

use base64ct::{Base64, Encoding};
use serde_json::Value;

use crate::peers::mutation::{Case, Change, Mutation, NO, YES};

const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// Signs a payload of a type: the signature over their PAE, DER.
pub type Sign<'a> = dyn Fn(&str, &[u8]) -> Vec<u8> + 'a;

/// Manifests like `bundle` with other statements, under signatures that hold.
pub fn forgeries(bundle: &Value, statement: &Value, sign: &Sign) -> Vec<Mutation> {
    let signed = |name: String, cosign, payload_type: &str, payload: &str| {
        let mut bundle = bundle.clone();
        let envelope = &mut bundle["dsseEnvelope"];
        envelope["payloadType"] = payload_type.into();
        envelope["payload"] = Base64::encode_string(payload.as_bytes()).into();
        let signature = sign(payload_type, payload.as_bytes());
        envelope["signatures"][0]["sig"] = Base64::encode_string(&signature).into();
        Mutation { name: format!("signed: {name}"), bytes: bundle.to_string().into_bytes(), cosign }
    };
    let good = statement.to_string();
    let twice = good.replacen(r#""predicateType""#, r#""predicateType":"","predicateType""#, 1);
    let mut forgeries = vec![
        signed("another payload type".into(), NO, "application/vnd.in-toto+jsom", &good),
        signed("predicate type twice".into(), NO, PAYLOAD_TYPE, &twice),
        signed("a byte after the end".into(), NO, PAYLOAD_TYPE, &format!("{good}x")),
        signed("not JSON".into(), NO, PAYLOAD_TYPE, "sha384"),
    ];
    for (name, cosign, field, change) in claims() {
        let mut statement = statement.clone();
        change.make(&mut statement, field);
        forgeries.push(signed(format!("{name} ({field})"), cosign, PAYLOAD_TYPE, &statement.to_string()));
    }
    forgeries
}

const SHA256: &str = "/subject/0/digest/sha256";
const SHA384: &str = "/subject/0/digest/sha384";

#[rustfmt::skip] // one claim a line
fn claims() -> Vec<Case> {
    use Change::{Letter, Put, Remove, Twice};
    let last = "https://in-toto.io/Statement/v0.1";
    vec![
        ("only the layout", YES, "/predicate/platform", Put("AWSLambda-SHA384-ECDSA".into())),
        ("another", None, SHA256, Letter),
        ("missing", None, SHA256, Remove),
        ("another", NO, SHA384, Letter),
        ("missing", None, SHA384, Remove),
        ("unknown digest", None, "/subject/0/digest/sha512", Put("00".into())),
        ("two", None, "/subject", Twice),
        ("none", None, "/subject", Put(Value::Array(Vec::new()))),
        ("another", None, "/subject/0/name", Letter),
        ("the last version", None, "/_type", Put(last.into())),
        ("missing", None, "/_type", Remove),
        ("another", NO, "/predicateType", Letter),
        ("missing", NO, "/predicateType", Remove),
        ("missing", None, "/predicate", Remove),
        ("unknown field", NO, "/extra", Put(1.into())),
        ("unknown field", None, "/predicate/extra", Put(1.into())),
    ]
}
