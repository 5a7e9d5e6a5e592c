//! Does a signature count outside its time?

use countersign::report::{Check, Decision};
use countersign::time::Timestamp;
use serde_json::{Value, json};

use super::ALLOWED;
use crate::support::{Mode, Scene, said, time};

/// sigstore-go CVE-2026-54787: the time was not compared with the key's own validity.
#[test]
fn a_signature_from_outside_its_permission_is_a_mismatch() {
    type Change<'a> = &'a dyn Fn(&mut toml::Value, &mut toml::Value, Timestamp);
    let cases: &[(&str, Change, Option<&str>)] = &[
        ("from the first instant", &|_, p, at| p["not_before"] = at.to_string().into(), None),
        (
            "before it",
            &|_, p, at| p["not_before"] = at.plus_seconds(1).to_string().into(),
            Some("permission-missing"),
        ),
        ("until the last instant", &|_, p, at| insert(p, "not_after", at.plus_seconds(1)), None),
        ("at its end", &|_, p, at| insert(p, "not_after", at), Some("permission-missing")),
        ("after it", &|_, p, at| insert(p, "not_after", at.plus_seconds(-1)), Some("permission-missing")),
        (
            "never",
            &|_, p, at| {
                insert(p, "not_after", at.plus_seconds(-9));
                p["not_before"] = at.plus_seconds(9).to_string().into();
            },
            Some("permission-missing"),
        ),
        (
            "only to revoke",
            &|_, p, _| p["actions"] = vec!["signer:RevokeSignature"].into(),
            Some("permission-missing"),
        ),
        ("somebody else", &|_, p, _| p["principal"] = "eve".into(), Some("permission-missing")),
        ("from the version's first instant", &|v, _, at| v["created"] = at.to_string().into(), None),
        (
            "before its version",
            &|v, _, at| v["created"] = at.plus_seconds(1).to_string().into(),
            Some("signed-before-version"),
        ),
        ("another version", &|v, _, _| v["version"] = "aaaaaaaaaa".into(), Some("version-unknown")),
    ];
    for mode in Mode::BOTH {
        for (name, change, code) in cases {
            let scene = Scene::of(mode);
            scene.verify().allowed();
            let at = scene.signed_at();
            scene.change_profile(|version, permission| change(version, permission, at));
            let expected = code.map_or(ALLOWED, |code| (mode.untrusted(), Some(Check::Mismatch), vec![code]));
            assert_eq!(said(&scene.judge()), expected, "{mode:?} {name}");
        }
    }
}

fn insert(permission: &mut toml::Value, field: &str, at: Timestamp) {
    permission.as_table_mut().expect("a table").insert(field.into(), at.to_string().into());
}

/// The clock: a signature ends at the instant named, and at the end of the profile's validity.
#[test]
fn a_signature_ends_at_the_earlier_of_two_instants() {
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        let at = scene.signed_at();
        let judged = |after: i64| said(&scene.judge_at(at.plus_seconds(after)).expect("decided"));
        let expired = (mode.untrusted(), Some(Check::Expiry), vec!["signature-expired"]);
        assert_eq!(judged(0), ALLOWED);
        // The signature says 1000 seconds, the profile 135 months.
        scene.restate(|statement| {
            statement["predicate"]["signatureExpiresAt"] = at.plus_seconds(1000).to_string().into();
        });
        for (after, ended) in [(999, false), (1000, true), (1001, true), (86_400, true)] {
            assert_eq!(judged(after), if ended { expired.clone() } else { ALLOWED }, "{after}");
        }
        // The signature says the year 9999, the profile one day.
        scene.restate(|statement| {
            statement["predicate"]["signatureExpiresAt"] = "9999-12-31T23:59:59Z".into();
        });
        assert_eq!(judged(86_400), ALLOWED);
        scene.change_profile(|version, _| version["validity"] = "1 day".into());
        for (after, ended) in [(86_399, false), (86_400, true), (86_401, true)] {
            assert_eq!(judged(after), if ended { expired.clone() } else { ALLOWED }, "{after}");
        }
        // A signature that ended before it began never counts.
        scene.restate(|statement| {
            statement["predicate"]["signatureExpiresAt"] = at.plus_seconds(-1).to_string().into();
        });
        assert_eq!(judged(0), expired);
    }
}

/// The clock: a signer's may be five minutes ahead of the verifier's, and not a second more.
#[test]
fn a_signature_from_the_future_is_not_believed() {
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        let at = scene.signed_at();
        let future = (mode.untrusted(), Some(Check::Expiry), vec!["signed-in-future"]);
        for (ahead, believed) in [(0, true), (299, true), (300, true), (301, false), (86_400, false)] {
            let verdict = scene.judge_at(at.plus_seconds(-ahead)).expect("decided");
            assert_eq!(said(&verdict), if believed { ALLOWED } else { future.clone() }, "{ahead}");
        }
        scene.restate(|statement| {
            statement["predicate"]["signedAt"] = "9999-12-31T23:59:59Z".into();
            statement["predicate"]["signatureExpiresAt"] = "9999-12-31T23:59:59Z".into();
        });
        assert_eq!(said(&scene.judge_at(at).expect("decided")), future);
    }
}

/// The clock: years before 1970 and after 9999, and other spellings, are no times at all.
#[test]
fn a_time_that_is_none_is_an_integrity_failure() {
    let scene = Scene::of(Mode::Warn);
    assert_eq!(said(&scene.judge()), ALLOWED);
    let good = scene.statement();
    for field in ["signedAt", "signatureExpiresAt"] {
        for value in [
            json!("10000-01-01T00:00:00Z"),
            json!("+010000-01-01T00:00:00Z"),
            json!("-000001-01-01T00:00:00Z"),
            json!("1969-12-31T23:59:59Z"),
            json!("2024-02-30T00:00:00Z"),
            json!("2024-02-29T24:00:00Z"),
            json!("2024-02-29T23:59:60Z"),
            json!("2024-02-29T00:00:00.5Z"),
            json!("2024-02-29T00:00:00+00:00"),
            json!("2024-02-29 00:00:00Z"),
            json!("2024-02-29"),
            json!(""),
            json!(0),
            json!(-1),
            json!(1e300),
            Value::Null,
        ] {
            scene.restate(|statement| {
                *statement = good.clone();
                statement["predicate"][field] = value.clone();
            });
            let denied = (Decision::Denied, Some(Check::Integrity), vec!["statement-malformed"]);
            assert_eq!(said(&scene.judge()), denied, "{field} {value}");
        }
    }
}

/// The clock: at the end of all time nothing counts, and nothing overflows.
#[test]
fn the_last_and_the_first_second_decide_nothing() {
    let scene = Scene::new();
    let (last, at) = (time("9999-12-31T23:59:59Z"), scene.signed_at());
    scene.seal_as(2, at, last);
    assert_eq!(said(&scene.judge_at(at).expect("decided")), ALLOWED);
    assert!(scene.judge_at(last).is_err());
    let first = scene.judge_at(Timestamp::from_unix(0).expect("1970")).expect("decided");
    assert_eq!(said(&first), (Decision::Denied, Some(Check::Expiry), vec!["signed-in-future"]));
}
