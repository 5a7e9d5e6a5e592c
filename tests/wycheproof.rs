//! Wycheproof: does our own verify function give every P-384/SHA-384 case its answer?

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use countersign::crypto::key::PublicKey;
use wycheproof::TestResult;
use wycheproof::ecdsa::{TestName, TestSet};

#[test]
fn every_case_has_its_answer() {
    let set = TestSet::load(TestName::EcdsaSecp384r1Sha384).unwrap();
    let mut cases = 0;
    for group in &set.test_groups {
        // A key that has verified much works with multiples of its own; a fresh one does not.
        let fresh = || PublicKey::from_sec1(&group.key.key).unwrap();
        let used = fresh();
        let first = group.tests.first().unwrap();
        for _ in 0..8 {
            let _ = used.verifies(&first.msg, &first.sig);
        }
        for case in &group.tests {
            cases += 1;
            let valid = used.verifies(&case.msg, &case.sig);
            assert_eq!(valid, fresh().verifies(&case.msg, &case.sig), "case {}", case.tc_id);
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
