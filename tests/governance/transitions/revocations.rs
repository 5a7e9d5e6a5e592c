//! What may become of a revocation, of each of the four kinds?

use super::{Change, May, with};
use crate::support::{next_revision, revocation};

/// Each kind with a value, and with another.
const KINDS: [(&str, &str, &str); 4] = [
    (
        "job",
        "arn:countersign:signer::acme:/signing-jobs/3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b10",
        "arn:countersign:signer::acme:/signing-jobs/3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b11",
    ),
    ("artifact", "5", "6"),
    (
        "profile",
        "arn:countersign:signer::acme:/signing-profiles/release/a1b2c3d4e5",
        "arn:countersign:signer::acme:/signing-profiles/release/a1b2c3d4e6",
    ),
    (
        "key",
        "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
        "SHA256:47DEQpj8HBSa+/TImW+6JCeuQeRkm5NMpJWZG3hSuFU",
    ),
];
const EMPTY: &str = "revision = 7\n";

fn change(what: &str, before: &str, after: Option<String>, command: &str, may: May) -> Change {
    let (path, before) = ("revocations.toml".into(), Some(before.to_owned()));
    Change { what: what.into(), path, before, after, command: command.into(), may }
}

/// A revocation of the kind, from an instant on if the kind has one.
fn entry(kind: &str, value: &str, effective: &str) -> String {
    let value = if kind == "artifact" { value.repeat(96) } else { value.to_owned() };
    let entry = revocation(kind, &value);
    match kind {
        "profile" | "key" => format!("{entry}\neffective = '{effective}'\n"),
        _ => format!("{entry}\n"),
    }
}

/// Revocations are added and never taken back or rewritten.
#[test]
fn a_revocation_is_never_taken_back() {
    let never = May::Not("a revocation cannot be undone");
    for (kind, value, other) in KINDS {
        let one = format!("{EMPTY}{}", entry(kind, value, "2023-06-01T00:00:00Z"));
        let two = format!("{one}{}", entry(kind, other, "2023-06-01T00:00:00Z"));
        let swapped = format!(
            "{EMPTY}{}{}",
            two.strip_prefix(&one).expect("a second"),
            one.strip_prefix(EMPTY).expect("a first")
        );
        let again = one.replace("a lost laptop", "another lost laptop");
        let again = format!("{one}{}", again.strip_prefix(EMPTY).expect("an entry"));
        let command = if kind == "job" {
            "job|revoke|3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b10|--reason-code|unspecified|--reason|a lost laptop"
        } else {
            ""
        };
        for (what, before, after, command, may) in [
            ("added", EMPTY, Some(next_revision(&one)), command, May::Be(" revoked")),
            ("another added", &one, Some(next_revision(&two)), "", May::Be(" revoked")),
            ("once more, for another reason", &one, Some(next_revision(&again)), "", May::Be(" revoked")),
            ("in another order", &two, Some(next_revision(&swapped)), "", May::Nothing),
            ("given again", &one, Some(next_revision(&one)), command, May::Nothing),
            ("removed", &one, Some(next_revision(EMPTY)), "", never),
            ("removed beside another", &two, Some(next_revision(&one)), "", never),
            ("another reason", &one, with(&one, "a lost laptop", "a lost phone"), "", never),
            ("another reason code", &one, with(&one, "unspecified", "superseded"), "", never),
            (
                "written earlier",
                &one,
                with(&one, "revoked_at = '2024-01-01", "revoked_at = '2023-12-31"),
                "",
                never,
            ),
            (
                "written later",
                &one,
                with(&one, "revoked_at = '2024-01-01", "revoked_at = '2024-01-02"),
                "",
                never,
            ),
            ("the document removed", &one, None, "", never),
        ] {
            change(&format!("{kind} {what}"), before, after, command, may).check();
        }
    }
}

/// An effective time moves earlier only, and says when signatures stop counting.
#[test]
fn an_effective_time_only_moves_earlier() {
    for (kind, value, _) in &KINDS[2..] {
        let at = |effective: &str| format!("{EMPTY}{}", entry(kind, value, effective));
        let one = at("2023-06-01T00:00:00Z");
        let earlier = May::Be("revoked from an earlier time, 2023-05-31T23:59:59Z");
        let later = May::Not("an effective time can only move to an earlier time");
        for (to, may) in [
            ("2023-05-31T23:59:59Z", earlier),
            ("2023-06-01T00:00:01Z", later),
            ("2024-01-01T00:00:00Z", later),
        ] {
            change(&format!("{kind} from {to}"), &one, Some(next_revision(&at(to))), "", may).check();
        }
        let ends = May::Not("which is after `revoked_at`");
        change(kind, &one, Some(next_revision(&at("2024-01-01T00:00:01Z"))), "", ends).is_malformed();
        // A second entry that begins later takes nothing back; the earliest one counts.
        let both = format!("{one}{}", entry(kind, value, "2023-12-01T00:00:00Z"));
        change(kind, &one, Some(next_revision(&both)), "", May::Nothing).check();
        change(kind, &both, Some(next_revision(&at("2023-12-01T00:00:00Z"))), "", later).check();
    }
}

/// What is said of a revocation that is there already leads to a command that there is.
#[test]
fn a_revocation_given_twice_is_told_as_it_stands() {
    let scene = crate::support::Scene::new();
    let (digest, key) = ("5".repeat(96), scene.key_file("signing"));
    let why = |reason: &'static str| ["--reason-code", "superseded", "--reason", reason];
    let artifact = [&["artifact", "revoke", &digest][..], &why("a password")].concat();
    scene.run(&artifact).done();
    let ran = scene.run(&artifact);
    assert!(ran.undecided("would not change").err().contains("it is already revoked"), "{ran}");
    let from = |at: &str, reason: &'static str| {
        let key = ["key", "revoke", key.to_str().expect("UTF-8"), "--effective", at];
        scene.run(&[&key[..], &why(reason)].concat())
    };
    from("2025-06-01T00:00:00Z", "lost").done();
    let later = from("2025-06-02T00:00:00Z", "lost");
    assert!(
        later.undecided("can only move to an earlier time").err().contains("pass an earlier time"),
        "{later}"
    );
    let earlier = from("2025-05-01T00:00:00Z", "found in a bin");
    assert!(earlier.done().out().contains("2025-05-01T00:00:00Z; reason unchanged: \"lost\""), "{earlier}");
}

/// By command the same: earlier, but never later, and never in the future.
#[test]
fn a_profile_is_revoked_earlier_and_never_later() {
    let scene = crate::support::Scene::new();
    let revoke = |at: &str, code: &str| {
        let reason = ["--reason-code", code, "--reason", "a lost laptop"];
        scene.run(&[&["profile", "revoke", "release", "--effective", at], &reason[..]].concat())
    };
    let document = || scene.document("revocations.toml");
    revoke("2999-01-01T00:00:00Z", "superseded").undecided("is in the future");
    assert!(!document().contains("[[profile]]"));
    revoke("2025-06-01T00:00:00Z", "superseded").done();
    for sealed in [false, true] {
        if sealed {
            scene.seal();
        }
        let before = document();
        revoke("2025-06-01T00:00:00Z", "superseded").undecided("would not change");
        revoke("2025-06-01T00:00:01Z", "superseded").undecided("can only move to an earlier time");
        assert_eq!(document(), before);
    }
    revoke("2025-05-01T00:00:00Z", "superseded").done();
    assert_eq!(document().matches("[[profile]]").count(), 1);
    // For another reason it is another revocation.
    revoke("2025-06-01T00:00:00Z", "keyCompromise").done();
    assert_eq!(document().matches("[[profile]]").count(), 2);
    scene.seal();
}

/// A revocation from the future is somebody's mistake, and cannot be sealed.
#[test]
fn a_revocation_that_is_written_in_the_future_is_refused() {
    let scene = crate::support::Scene::new();
    for (kind, value, _) in KINDS {
        let before = scene.document("revocations.toml");
        let future = entry(kind, value, "2023-06-01T00:00:00Z").replace("2024-01-01", "2999-01-01");
        scene.append("revocations.toml", &future);
        scene.run(&["policy", "seal"]).undecided("is in the future: `revoked_at` is 2999-01-01T00:00:00Z");
        crate::support::write(&scene.policy().join("revocations.toml"), before);
    }
}
