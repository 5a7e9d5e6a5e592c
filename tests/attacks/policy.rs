//! Is there any policy that counts and should not: old, unsigned, half, or somebody else's?

mod chain;
mod edits;
mod names;
mod planted;
mod quorum;
mod roots;

use std::fs;

use countersign::policy::root;
use countersign::policy::snapshot::{self, Snapshot};
use countersign::report::{Check, Decision};
use countersign::time::Period;
use serde_json::Value;

use self::chain::{envelope, other_form};
use crate::support::{
    Mode, NAME, Ran, Scene, contents, copy, read, revocation, said, scratch, text, time, write,
};

/// gittuf CVE-2026-44544: an older, validly signed policy was accepted.
#[test]
fn an_older_policy_is_refused() {
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        scene.verify().allowed();
        let start = scene.snapshot().version;
        let old = scratch();
        for version in start + 1..=start + 4 {
            scene.seal();
            assert_eq!(scene.snapshot().version, version);
            if version == start + 2 {
                copy(&scene.policy(), old.path());
            }
        }
        scene.verify().allowed();
        let state = read(&scene.state());
        copy(old.path(), &scene.policy());
        let words = format!("found snapshot {}, but snapshot {} was seen before", start + 2, start + 4);
        let id = scene.csc_id();
        let (job, why) =
            ("3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b10", ["--reason-code", "superseded", "--reason", "x"]);
        let manifest = scene.manifest();
        for command in [
            &["verify"][..],
            &["release"],
            &["sign", "dist/orders.zip"],
            &["policy", "status"],
            // Nor does anybody build on it, or see what changed since.
            &["policy", "diff"],
            &["policy", "seal"],
            &["policy", "renew"],
            &["profile", "create", "billing"],
            &["profile", "rotate", "release"],
            &["csc", "update", &id, "--untrusted", "Warn"],
            &["function", "attach", "pay", "--csc", &id],
            &[&["job", "revoke", job], &why[..]].concat(),
            &["job", "record", text(&manifest)],
        ] {
            scene.run(command).undecided(&words);
        }
        assert_eq!(contents(&scene.policy()), contents(old.path()));
        // Whoever looks is told.
        for command in
            [&["profile", "list"][..], &["csc", "show", &id], &["function", "list"], &["job", "list"]]
        {
            let ran = scene.run(command);
            assert!(ran.done().err().contains(&words), "{ran}");
        }
        assert_eq!(read(&scene.state()), state);
    }
}

/// gittuf CVE-2026-44544: two policies with one version were both accepted.
#[test]
fn another_policy_with_the_same_version_is_refused() {
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        scene.verify().allowed();
        let before = scene.snapshot();
        let sealed = read(&snapshot::path(&scene.policy()));
        let other = Snapshot { expires: before.expires.plus(Period::days(1)), ..before.clone() };
        scene.put_snapshot(&other);
        scene.verify().undecided(&format!("a different snapshot with version {}", before.version));
        // The same bytes signed once more are the same policy: ECDSA has more than one signature.
        let envelope = envelope(&sealed, |signatures| signatures.iter().map(other_form).collect());
        write(&snapshot::path(&scene.policy()), envelope);
        scene.verify().allowed();
    }
}

/// The pin: the first root is what it names, byte for byte.
#[test]
fn a_root_that_is_not_the_pinned_one_is_refused() {
    let (scene, other) = (Scene::of(Mode::Warn), Scene::fresh());
    scene.verify().allowed();
    let path = root::path(&scene.policy(), 1);
    let good = read(&path);
    for (name, bytes) in [
        ("another account's of the same name", read(&root::path(&other.policy(), 1))),
        ("a space more", [&good[..], b" "].concat()),
        ("signed once more", envelope(&good, |all| all.iter().map(other_form).collect())),
        ("nothing", Vec::new()),
    ] {
        write(&path, bytes);
        let ran = scene.verify();
        assert!(ran.undecided("is not the pinned root").err().contains("roots/1.json"), "{name}");
    }
    write(&path, good);
    // Another account's whole policy, in order in itself, changes nothing.
    copy(&other.policy(), &scene.policy());
    scene.verify().undecided("is not the pinned root");
}

/// tough CVE-2025-2888: a memory that is no memory is an error, and not a fresh start.
#[test]
fn a_broken_memory_is_not_a_fresh_start() {
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        scene.verify().allowed();
        let good: Value = serde_json::from_slice(&read(&scene.state())).expect("JSON");
        for broken in ["", "null", "[]", "{}", "{\"snapshot\":0}", "\0", &"[".repeat(10_000)] {
            write(&scene.state(), broken);
            scene.verify().undecided("cannot read");
            assert_eq!(read(&scene.state()), broken.as_bytes());
        }
        for field in ["root", "sealers", "snapshot", "sha384"] {
            let mut broken = good.clone();
            broken[field] = Value::Null;
            write(&scene.state(), broken.to_string());
            scene.verify().undecided("cannot read");
        }
        write(&scene.state(), good.to_string());
        scene.verify().allowed();
    }
}

/// python-tuf CVE-2020-15163: data that had failed verification was trusted from the disk.
#[test]
fn a_policy_that_held_once_is_verified_every_time() {
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        let csc = scene.csc();
        for path in [
            "roots/1.json",
            "snapshot.json",
            "functions.toml",
            "revocations.toml",
            "profiles/release.toml",
            &csc,
        ] {
            scene.verify().allowed();
            let file = scene.policy().join(path);
            let good = read(&file);
            let mut changed = good.clone();
            let middle = changed.len() / 2;
            changed[middle] ^= 1;
            for bytes in [changed, good[..good.len() - 1].to_vec(), [&good[..], b"\n"].concat()] {
                // A root and a seal are JSON: a line feed after one changes no value, but the pin covers it.
                let blank = path == "snapshot.json" && bytes.ends_with(b"\n");
                write(&file, bytes);
                let ran = scene.verify();
                if blank {
                    ran.allowed()
                } else {
                    ran.undecided(path)
                };
            }
            write(&file, good);
        }
        scene.verify().allowed();
    }
}

/// TUF, mix and match: what is changed, removed or missing without a seal is named.
#[test]
fn unsealed_changes_are_named() {
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        scene.verify().allowed();
        let csc = scene.csc();
        let (from, to) = match mode {
            Mode::Enforce => ("Enforce", "Warn"),
            Mode::Warn => ("Warn", "Enforce"),
        };
        let good = contents(&scene.policy());
        let restore = || good.iter().for_each(|(path, bytes)| write(&scene.policy().join(path), bytes));
        for (path, from, to) in [
            (&csc[..], from, to),
            ("profiles/release.toml", "ci@acme.example", "eve@acme.example"),
            ("functions.toml", "\"*\"", "\"billing\""),
            ("revocations.toml", "revision = 1", "revision = 2"),
        ] {
            scene.edit(path, from, to);
            scene.verify().undecided(&format!("unsealed changes: {path}"));
            assert_eq!(scene.run(&["policy", "status"]).code, Some(1));
            fs::remove_file(scene.policy().join(path)).expect("it was there");
            scene.verify().undecided(path);
            restore();
        }
        // What nobody sealed does not count, and is shown.
        write(&scene.policy().join("profiles/evil.toml"), scene.document("profiles/release.toml"));
        scene.verify().allowed();
        let ran = scene.run(&["policy", "status"]);
        assert!(ran.code == Some(1) && ran.out().contains("unsealed profiles/evil.toml (added)"), "{ran}");
    }
}

/// TUF, mix and match: a new policy with old revocations, and the other way round.
#[test]
fn documents_of_two_seals_do_not_mix() {
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        scene.verify().allowed();
        let old = scratch();
        copy(&scene.policy(), old.path());
        let job = scene.statement()["predicate"]["job"].as_str().expect("an ARN").to_owned();
        scene.append("revocations.toml", &revocation("job", &job));
        scene.change_profile(|_, permission| permission["statement_id"] = "second".into());
        scene.verify().untrusted(mode, "revocation", "job-revoked");
        let new = scratch();
        copy(&scene.policy(), new.path());
        for path in ["revocations.toml", "profiles/release.toml"] {
            write(&scene.policy().join(path), read(&old.path().join(path)));
            scene.verify().undecided(&format!("unsealed changes: {path}"));
            write(&scene.policy().join(path), read(&new.path().join(path)));
        }
        write(&snapshot::path(&scene.policy()), read(&snapshot::path(old.path())));
        scene.verify().undecided("was rolled back");
        fs::remove_file(scene.state()).expect("it was there");
        scene.verify().undecided("unsealed changes: profiles/release.toml, revocations.toml");
    }
}

/// TUF, freeze: an old policy served for ever decides nothing past its end.
#[test]
fn an_expired_policy_decides_nothing() {
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        let at = scene.signed_at();
        let end = at.plus_seconds(1000);
        scene.seal_as(9, at, end);
        let verdict = scene.judge_at(end.plus_seconds(-1)).expect("decided");
        assert_eq!(verdict.decision, Decision::Allowed);
        for after in [0, 1, 86_400] {
            assert!(scene.judge_at(end.plus_seconds(after)).is_err(), "{after}");
        }
        scene.verify().allowed();
        // Sealed in 2025 for a year, as by somebody who only ever serves that.
        let mut sealed = scene.snapshot();
        (sealed.version, sealed.created, sealed.expires) =
            (10, time("2025-01-01T00:00:00Z"), time("2026-01-01T00:00:00Z"));
        let state = read(&scene.state());
        scene.put_snapshot(&sealed);
        for command in [&["verify"][..], &["release"], &["policy", "status"]] {
            scene.run(command).undecided("snapshot.json` expired at 2026-01-01T00:00:00Z");
        }
        assert_eq!(read(&scene.state()), state);
        // Its key holders can seal it anew.
        scene.seal();
        scene.verify().allowed();
    }
}

/// go-tuf CVE-2024-47534: the wrong delegation was looked up.
#[test]
fn a_profile_of_another_account_is_not_ours_of_the_same_name() {
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        scene.verify().allowed();
        let good = scene.statement();
        let theirs = good["predicate"]["profile"].as_str().expect("an ARN").replace("::acme:", "::other:");
        let their_job = good["predicate"]["job"].as_str().expect("an ARN").replace("::acme:", "::other:");
        let restate = |field: &str, value: &str| {
            scene.restate(|statement| {
                *statement = good.clone();
                statement["predicate"][field] = value.into();
            });
            scene.verify()
        };
        // Our key, signing in the name of their profile or job.
        restate("profile", &theirs).untrusted(mode, "mismatch", "publisher-not-allowed");
        restate("profile", &theirs).untrusted(mode, "mismatch", "account-mismatch");
        restate("job", &their_job).untrusted(mode, "mismatch", "account-mismatch");
        // Nor does allowing theirs beside ours make ours theirs.
        let publishers = |names: &[&str]| {
            scene.change(&scene.csc(), |csc| {
                let arn = |name| format!("arn:countersign:signer::{name}:/signing-profiles/release/*").into();
                csc["allowed_publishers"] = toml::Value::Array(names.iter().map(arn).collect());
            });
            scene.seal();
        };
        publishers(&["acme", "other"]);
        restate("profile", &theirs).untrusted(mode, "mismatch", "account-mismatch");
        // Allowing theirs alone lets no key of ours through.
        publishers(&["other"]);
        scene.restate(|statement| *statement = good.clone());
        scene.verify().untrusted(mode, "mismatch", "key-unknown");
    }
}

/// policy-controller#235: no matching policy meant allow.
#[test]
fn a_function_that_no_csc_governs_is_never_allowed() {
    for mode in Mode::BOTH {
        for rules in [
            "",
            "[[function]]\npattern = 'billing'\n",
            "[[function]]\npattern = 'orders-*'\n",
            "[[function]]\npattern = 'ORDERS'\n",
        ] {
            let scene = Scene::of(mode);
            scene.verify().allowed();
            let csc = if rules.is_empty() { String::new() } else { format!("csc = '{}'\n", scene.csc_id()) };
            write(
                &scene.policy().join("functions.toml"),
                format!("revision = 2\nprotected_refs = []\n{rules}{csc}"),
            );
            scene.seal();
            for command in [&["verify"][..], &["verify", "dist/orders.zip", "--function", NAME], &["release"]]
            {
                let ran = scene.run(&[command, &["--format", "json"]].concat());
                ran.denied("mismatch", "function-ungoverned");
                assert!(ran.out().contains("no CSC"), "{rules}: {ran}");
            }
            scene.run(&["verify", "dist/orders.zip", "--csc", "csc-00000000000000000"]).is_no();
        }
        // A CSC that the policy names and nobody sealed.
        let scene = Scene::of(mode);
        let mut sealed = scene.snapshot();
        sealed.version += 1;
        sealed.documents.retain(|document| !document.path.starts_with("csc/"));
        scene.put_snapshot(&sealed);
        scene.verify().undecided("no sealed CSC");
        scene.run(&["verify", "dist/orders.zip", "--csc", text(&scene.policy().join(scene.csc()))]).is_no();
    }
}

/// go-witness CVE-2025-62375: an inner document's signature was present, but not checked.
#[test]
fn the_manifest_of_a_layer_is_verified_and_not_just_found() {
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        let workspace = scene.repository().join("countersign.toml");
        let layer = "\n[[layer]]\nname = 'base'\npath = 'base'\ncompatible_runtimes = ['python3.13']\n";
        let good = fs::read_to_string(&workspace).expect("text");
        write(&workspace, good.replace("path = \".\"", "path = 'services'") + layer);
        write(&scene.repository().join("services/handler.py"), "import base\n");
        write(&scene.repository().join("base/python/base.py"), "pass\n");
        scene.run(&["release"]).done();
        let verify = || {
            let ran = scene.verify();
            let document: Value =
                serde_json::from_str(&ran.out()).unwrap_or_else(|_| panic!("no JSON: {ran}"));
            (ran.code, document["decision"].as_str().expect("a decision").to_owned())
        };
        let denied = (Some(1), "denied".to_owned());
        let untrusted = match mode {
            Mode::Enforce => denied.clone(),
            Mode::Warn => (Some(0), "warned".into()),
        };
        let allowed = (Some(0), "allowed".to_owned());
        assert_eq!(verify(), allowed);
        let dist = scene.repository().join("dist");
        let (artifact, manifest) = (dist.join("base.zip"), dist.join("base.zip.sigstore.json"));
        let (zip, signed) = (read(&artifact), read(&manifest));
        let other = envelope_of(&signed, |envelope| {
            envelope["signatures"][0]["sig"] = other_form(&envelope["signatures"][0])["sig"].clone();
        });
        let broken =
            envelope_of(&signed, |envelope| envelope["signatures"][0]["sig"] = "MAYCAQECAQE=".into());
        for (name, bytes, expected) in [
            ("a signature that does not hold", broken, &denied),
            ("the function's manifest", read(&dist.join("orders.zip.sigstore.json")), &denied),
            ("nothing", Vec::new(), &denied),
            ("the other form of its signature", other, &allowed),
        ] {
            write(&manifest, bytes);
            assert_eq!(verify(), *expected, "{mode:?} {name}");
        }
        fs::remove_file(&manifest).expect("it was there");
        assert_eq!(verify(), untrusted);
        write(&manifest, signed);
        let mut changed = zip.clone();
        changed[0] ^= 1;
        write(&artifact, changed);
        assert_eq!(verify(), denied);
        write(&artifact, zip);
        assert_eq!(verify(), allowed);
    }
}

/// A manifest whose envelope is edited.
fn envelope_of(manifest: &[u8], edit: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut bundle: Value = serde_json::from_slice(manifest).expect("JSON");
    edit(&mut bundle["dsseEnvelope"]);
    bundle.to_string().into_bytes()
}

/// Sealing by somebody who may not: the keys are counted before anything is written.
#[test]
fn a_key_without_the_role_seals_nothing() {
    let scene = Scene::of(Mode::Warn);
    scene.verify().allowed();
    let before = contents(&scene.policy());
    for key in ["root", "signing"] {
        let ran: Ran =
            scene.run(&["policy", "seal", "--validity", "365 days", "--key", text(&scene.key_file(key))]);
        ran.undecided("has the policy role");
    }
    let after: Vec<_> =
        contents(&scene.policy()).into_iter().filter(|(path, _)| !path.ends_with(".lock")).collect();
    assert_eq!(after, before.into_iter().filter(|(path, _)| !path.ends_with(".lock")).collect::<Vec<_>>());
    assert_eq!(said(&scene.judge()), (Decision::Allowed, None::<Check>, vec![]));
}
