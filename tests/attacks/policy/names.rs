//! Is there any name that is used as a path?

use std::fs;
use std::path::Path;

use countersign::digest::Sha384;
use countersign::name::{AccountName, ArtifactName, ProfileName};
use countersign::policy::snapshot::SealedDocument;
use serde_json::Value;

use crate::support::{Mode, Scene, read, write};

/// The texts that are names in documents and must never be paths.
pub const PATHS: [&str; 8] = ["../x", "/abs", "a\0b", "..", "a/b", "a\\b", "x\n", ""];

/// tough CVE-2026-6968: names from metadata were used as paths.
#[test]
fn a_name_in_a_policy_document_is_never_a_path() {
    type Put<'a> = &'a dyn Fn(&mut toml::Table, &str);
    let scene = Scene::new();
    scene.verify().allowed();
    let csc = scene.csc();
    let at = scene.signed_at().to_string();
    let revoke = |table: &mut toml::Table, kind: &str, field: &str, value: String| {
        let mut entry = toml::Table::new();
        for (name, value) in [(field, &value), ("revoked_at", &at), ("reason", &at)] {
            entry.insert(name.into(), value.clone().into());
        }
        entry.insert("reason_code".into(), "unspecified".into());
        if kind == "profile" {
            entry.insert("effective".into(), at.clone().into());
        }
        table.insert(kind.into(), vec![toml::Value::Table(entry)].into());
    };
    let cases: &[(&str, Put)] = &[
        ("profiles/release.toml", &|t, name| t["name"] = name.into()),
        ("profiles/release.toml", &|t, name| t["version"][0]["version"] = name.into()),
        ("profiles/release.toml", &|t, name| t["permission"][0]["statement_id"] = name.into()),
        (&csc, &|t, name| t["id"] = name.into()),
        (&csc, &|t, name| t["allowed_publishers"] = vec![arn(name, "release", "*")].into()),
        (&csc, &|t, name| t["allowed_publishers"] = vec![arn("acme", name, "*")].into()),
        (&csc, &|t, name| t["allowed_publishers"] = vec![arn("acme", "release", name)].into()),
        ("functions.toml", &|t, name| t["function"][0]["csc"] = name.into()),
        ("functions.toml", &|t, name| t["function"][0]["pattern"] = name.into()),
        ("revocations.toml", &|t, name| {
            revoke(t, "job", "job", format!("arn:countersign:signer::acme:/signing-jobs/{name}"));
        }),
        ("revocations.toml", &|t, name| revoke(t, "profile", "profile", arn("acme", name, "a1b2c3d4e5"))),
    ];
    for (path, put) in cases {
        let good = scene.document(path);
        for name in PATHS {
            scene.change(path, |table| put(table, name));
            scene.run(&["policy", "seal"]).undecided(path);
        }
        write(&scene.policy().join(path), good);
    }
    scene.verify().allowed();
    scene.seal();
}

fn arn(account: &str, profile: &str, version: &str) -> String {
    format!("arn:countersign:signer::{account}:/signing-profiles/{profile}/{version}")
}

/// tough CVE-2026-6968: nor in the workspace, on the command line or in a signed statement.
#[test]
fn a_name_from_anywhere_else_is_never_a_path_either() {
    let scene = Scene::of(Mode::Warn);
    scene.verify().allowed();
    let workspace = scene.repository().join("countersign.toml");
    let good = fs::read_to_string(&workspace).expect("text");
    let layer = "\n[[layer]]\nname = 'base'\npath = 'base'\ncompatible_runtimes = []\n";
    for name in PATHS {
        let quoted = Value::from(name).to_string();
        for (from, to) in [
            (r#"account = "acme""#, format!("account = {quoted}")),
            (r#"name = "orders""#, format!("name = {quoted}")),
            (r#"path = ".""#, format!("path = \".\"\nprofile = {quoted}")),
            (r#"path = ".""#, format!("path = \".\"\nlayers = [{quoted}]")),
            (layer, layer.replace("'base'\npath", &format!("{quoted}\npath"))),
        ] {
            write(&workspace, format!("{good}{layer}").replace(from, &to));
            scene.run(&["verify"]).undecided("countersign.toml");
        }
        write(&workspace, &good);
        if !name.contains('\0') {
            for option in ["--function", "--csc"] {
                scene.run(&["verify", "dist/orders.zip", option, name]).is_no();
            }
            scene.run(&["sign", "dist/orders.zip", "--again", "--profile", name]).is_no();
            scene.run(&["sign", "dist/orders.zip", "--again", "--layer", name]).is_no();
            scene.run(&["init", "--account", name, "--plaintext", "--no-pin"]).is_no();
        }
    }
    for path in ["../x", "/abs", "a/../../x", "..", "a/.."] {
        for (from, to) in [
            (r#"path = ".""#, format!("path = '{path}'")),
            (r#"account = "acme""#, format!("account = 'acme'\noutput = '{path}'")),
        ] {
            write(&workspace, good.replace(from, &to));
            scene.run(&["package"]).undecided("leads out of the folder");
        }
    }
    write(&workspace, &good);
    let statement = scene.statement();
    for name in PATHS {
        for (field, value) in [
            ("name", name.to_owned()),
            ("profile", arn("acme", name, "a1b2c3d4e5")),
            ("profile", arn(name, "release", "a1b2c3d4e5")),
            ("job", format!("arn:countersign:signer::acme:/signing-jobs/{name}")),
        ] {
            scene.restate(|changed| {
                *changed = statement.clone();
                changed["predicate"][field] = value.into();
            });
            scene.verify().denied("integrity", "statement-malformed");
        }
    }
}

/// tough CVE-2026-6968: names that are devices on Windows are no names of documents and folders.
#[test]
fn a_device_is_no_name() {
    for name in ["CON", "con", "NUL", "nul", "AUX", "prn", "COM1", "com9", "LPT1"] {
        assert!(name.parse::<ProfileName>().is_err(), "profile {name}");
        assert!(name.parse::<ArtifactName>().is_err(), "function {name}");
        assert!(name.parse::<AccountName>().is_err(), "account {name}");
    }
    for name in ["console", "com10", "nul-l", "aux1"] {
        assert!(name.parse::<ArtifactName>().is_ok(), "function {name}");
    }
}

/// tough CVE-2026-6968: a seal that names a path outside is no seal, since whoever copies a policy writes to it.
#[test]
fn a_path_in_a_snapshot_leads_nowhere() {
    let scene = Scene::new();
    scene.verify().allowed();
    let outside = b"id = 'csc-00000000000000000'";
    write(&scene.path().join("outside.toml"), outside);
    let good = scene.snapshot();
    for path in ["../outside.toml", "/etc/passwd", "csc/../../outside.toml", "profiles/\0.toml"] {
        let mut sealed = good.clone();
        sealed.version += 1;
        let document =
            SealedDocument { path: path.into(), size: outside.len() as u64, sha384: Sha384::of(outside) };
        sealed.documents.push(document);
        sealed.documents.sort_by(|a, b| a.path.cmp(&b.path));
        scene.put_snapshot(&sealed);
        scene.verify().undecided("document path");
    }
    scene.put_snapshot(&good);
    let question = ["verify", "dist/orders.zip", "--csc", "../outside"];
    scene.run(&question).undecided("neither a CSC id nor a CSC file");
}

/// tough CVE-2026-6968: a link in place of a document is read for what it holds, or refused.
#[test]
fn a_link_in_place_of_a_document_holds_what_was_sealed_or_nothing() {
    let scene = Scene::of(Mode::Warn);
    scene.verify().allowed();
    let path = scene.policy().join("profiles/release.toml");
    let good = read(&path);
    let elsewhere = scene.path().join("elsewhere.toml");
    for (target, bytes) in [
        (elsewhere.as_path(), &b"name = 'release'"[..]),
        (Path::new("/dev/zero"), b""),
        (Path::new("release.toml"), b""),
        (Path::new("."), b""),
        (Path::new("none"), b""),
    ] {
        write(&elsewhere, bytes);
        fs::remove_file(&path).expect("it was there");
        std::os::unix::fs::symlink(target, &path).expect("a link");
        scene.verify().undecided("profiles/release.toml");
        fs::remove_file(&path).expect("it was there");
        write(&path, &good);
    }
    // A memory that is a link is replaced: what it leads to is never written.
    write(&elsewhere, "precious");
    fs::remove_file(scene.state()).expect("it was there");
    std::os::unix::fs::symlink(&elsewhere, scene.state()).expect("a link");
    scene.verify().undecided("cannot read");
    assert_eq!(read(&elsewhere), b"precious");
}
