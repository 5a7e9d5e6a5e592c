//! Does a signature count that was revoked, or whose profile was canceled?

use countersign::crypto::secret::SecretKey;
use countersign::report::{Check, Decision};

use super::ALLOWED;
use crate::support::{Mode, Scene, malleated, revocation, said, write, year_after};

/// ECDSA: `(r, n - s)` is another valid signature, so no revocation may hang on the signature's bytes.
#[test]
fn a_revoked_job_stays_revoked_when_its_signature_is_malleated() {
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        scene.verify().allowed();
        let (good, other) = (scene.signature(), malleated(&scene.signature()));
        scene.put_signature(&other);
        scene.verify().allowed();
        let job = scene.statement()["predicate"]["job"].as_str().expect("an ARN").to_owned();
        scene.append("revocations.toml", &revocation("job", &job));
        scene.seal();
        for signature in [&good, &other, &malleated(&other)] {
            scene.put_signature(signature);
            scene.verify().untrusted(mode, "revocation", "job-revoked");
        }
    }
}

/// Revocation by job, artifact, profile version and key; by effective time, but after a key compromise.
#[test]
fn what_is_revoked_is_told_by_its_effective_time() {
    let day = 86_400;
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        let at = scene.signed_at();
        let clean = scene.document("revocations.toml");
        let statement = scene.statement();
        let value = |kind: &str| match kind {
            "job" | "profile" => statement["predicate"][kind].as_str().expect("an ARN").to_owned(),
            "artifact" => statement["subject"][0]["digest"]["sha384"].as_str().expect("a digest").to_owned(),
            _ => scene.key("signing").public().id().to_string(),
        };
        let mut cases = Vec::new();
        for kind in ["job", "artifact"] {
            cases.extend(["superseded", "keyCompromise"].map(|reason| (kind, reason, None, true)));
        }
        for kind in ["profile", "key"] {
            // From its effective time on, as the signature claims to be from then on.
            cases.extend([-1, day].map(|after| (kind, "superseded", Some(after), after < 0)));
            for reason in ["superseded", "cessationOfOperation", "affiliationChanged", "unspecified"] {
                cases.extend([0, 1].map(|after| (kind, reason, Some(after), after == 0)));
            }
            // A thief claims what he likes.
            cases.extend([-1, 0, 1, day].map(|after| (kind, "keyCompromise", Some(after), true)));
        }
        for (version, (kind, reason, effective, revoked)) in (10..).zip(cases) {
            let entry = revocation(kind, &value(kind)).replace("unspecified", reason);
            let entry = entry.replace("2024-01-01T00:00:00Z", &at.plus_seconds(2 * day).to_string());
            let effective = effective.map(|after| format!("effective = '{}'", at.plus_seconds(after)));
            write(
                &scene.policy().join("revocations.toml"),
                format!("{clean}\n{entry}\n{}\n", effective.unwrap_or_default()),
            );
            scene.seal_as(version, at.plus_seconds(2 * day), year_after(at));
            let code = format!("{kind}-revoked");
            let (decision, status, codes) = said(&scene.judge_at(at).expect("decided"));
            let expected =
                if revoked { (mode.untrusted(), Some(Check::Revocation)) } else { (Decision::Allowed, None) };
            assert_eq!((decision, status), expected, "{entry}");
            assert!(
                codes.iter().all(|found| *found == code) && codes.len() == usize::from(revoked),
                "{codes:?}"
            );
        }
    }
}

/// Revocation of anything else touches nothing.
#[test]
fn a_revocation_of_something_else_changes_nothing() {
    let scene = Scene::new();
    let at = scene.signed_at();
    let job = "arn:countersign:signer::acme:/signing-jobs/3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b10";
    let profile = scene.statement()["predicate"]["profile"].as_str().expect("an ARN").to_owned();
    let effective = "\neffective = '2020-01-01T00:00:00Z'";
    let stranger = SecretKey::generate().expect("a key").public().id();
    for entry in [
        revocation("job", job),
        revocation("artifact", &"0".repeat(96)),
        revocation("profile", &format!("{}zzzzzzzzzz", &profile[..profile.len() - 10])) + effective,
        revocation("profile", &profile.replace(":acme:", ":other:")) + effective,
        revocation("key", stranger.as_str()) + effective,
    ] {
        scene.append("revocations.toml", &entry);
    }
    scene.seal_as(2, at, year_after(at));
    assert_eq!(said(&scene.judge_at(at).expect("decided")), ALLOWED);
}

/// Cancel and revoke: a canceled profile signs nothing more, and what it signed stays valid.
#[test]
fn a_canceled_profile_signs_nothing_and_keeps_what_it_signed() {
    let scene = Scene::new();
    scene.verify().allowed();
    scene.change_profile(|version, _| version["status"] = "Canceled".into());
    scene.verify().allowed();
    let before = scene.bundle();
    scene.run(&["sign", "dist/orders.zip", "--again"]).undecided("canceled");
    write(&scene.repository().join("handler.py"), "print('two orders')\n");
    scene.run(&["release"]).undecided("canceled");
    assert_eq!(scene.bundle(), before);
    scene.verify().allowed();
}

/// Cancel and revoke: a version that its profile calls revoked is not valid for want of a second entry.
#[test]
fn a_version_with_status_revoked_is_never_valid() {
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        scene.verify().allowed();
        scene.change("profiles/release.toml", |profile| profile["version"][0]["status"] = "Revoked".into());
        // Either it cannot be sealed without saying from when on, or it counts.
        if scene.run(&["policy", "seal"]).code == Some(0) {
            let ran = scene.verify();
            assert_eq!(ran.verdict()["status"], "revocation", "{ran}");
        }
    }
}

/// TUF, key compromise: a thief writes any date he likes.
#[test]
fn a_back_dated_signature_by_a_stolen_key_does_not_count() {
    for mode in Mode::BOTH {
        for (reason, counts) in [("keyCompromise", false), ("superseded", true)] {
            for kind in ["key", "profile"] {
                let scene = Scene::of(mode);
                scene.make_old();
                scene.restate(|statement| statement["predicate"]["signedAt"] = "2020-06-01T00:00:00Z".into());
                scene.verify().allowed();
                let value = match kind {
                    "key" => scene.key("signing").public().id().to_string(),
                    _ => scene.statement()["predicate"]["profile"].as_str().expect("an ARN").to_owned(),
                };
                let entry = revocation(kind, &value).replace("unspecified", reason);
                scene.append("revocations.toml", &format!("{entry}\neffective = '2024-01-01T00:00:00Z'"));
                scene.seal();
                let ran = scene.verify();
                if counts {
                    ran.allowed()
                } else {
                    ran.untrusted(mode, "revocation", &format!("{kind}-revoked"))
                };
                // Nobody signs with it any more, whatever the reason.
                scene.run(&["sign", "dist/orders.zip", "--again"]).undecided("revoked");
            }
        }
    }
}
