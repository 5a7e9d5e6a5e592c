//! What may become of a signing profile: of its versions, and of its permissions?

use countersign::crypto::secret::SecretKey;

use super::{Change, May, with};
use crate::support::{Scene, next_revision, text, write};

const PATH: &str = "profiles/orders.toml";
const NAMES: [&str; 3] = ["aaaaaaaaaa", "bbbbbbbbbb", "cccccccccc"];

/// A profile whose versions have these statuses, and one permission.
fn profile(statuses: &[&str], end: Option<&str>) -> String {
    let mut document = "name = 'orders'\nplatform = 'AWSLambda-SHA384-ECDSA'\nrevision = 7\n".to_owned();
    for (name, status) in NAMES.iter().zip(statuses) {
        document.push_str(&version(name, status));
    }
    document + &permission("ci", end)
}

fn version(name: &str, status: &str) -> String {
    format!(
        "\n[[version]]\nversion = '{name}'\nstatus = '{status}'\ncreated = '2024-01-01T00:00:00Z'\n\
        validity = '12 months'\n"
    )
}

fn permission(statement: &str, end: Option<&str>) -> String {
    let end = end.map_or(String::new(), |end| format!("not_after = '{end}'\n"));
    format!(
        "\n[[permission]]\nstatement_id = '{statement}'\nprincipal = '{statement}@acme.example'\n\
        actions = ['signer:StartSigningJob']\nkey = '''{}'''\nnot_before = '2024-01-01T00:00:00Z'\n{end}",
        key().trim()
    )
}

/// One key for every permission of the table.
fn key() -> &'static str {
    static KEY: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    KEY.get_or_init(|| SecretKey::generate().expect("a key").public().to_pem())
}

fn change(what: &str, before: &str, after: Option<String>, command: &str, may: May) -> Change {
    let (path, before) = (PATH.to_owned(), Some(before.to_owned()));
    Change { what: what.into(), path, before, after, command: command.into(), may }
}

/// The state machine of a version: Active to Canceled or Revoked, Canceled to Revoked, nothing back.
#[test]
fn a_version_only_ends() {
    const CANCEL: &str = "profile|cancel|orders";
    const REVOKE: &str = "profile|revoke|orders|--effective|2024-06-01T00:00:00Z|\
        --reason-code|superseded|--reason|a newer one";
    let back = May::Not("a canceled or revoked version cannot become active again");
    for (from, to, command, may) in [
        ("Active", "Active", "", May::Nothing),
        ("Active", "Canceled", CANCEL, May::Be("changes from Active to Canceled")),
        ("Active", "Revoked", REVOKE, May::Be("changes from Active to Revoked")),
        ("Canceled", "Active", "", back),
        ("Canceled", "Canceled", CANCEL, May::Nothing),
        ("Canceled", "Revoked", REVOKE, May::Be("changes from Canceled to Revoked")),
        ("Revoked", "Active", "", back),
        ("Revoked", "Canceled", CANCEL, May::Not("a revoked version cannot be canceled")),
        ("Revoked", "Revoked", "", May::Nothing),
    ] {
        let after = Some(next_revision(&profile(&[to], None)));
        change(&format!("{from} to {to}"), &profile(&[from], None), after, command, may).check();
    }
}

/// A new version follows one that is active or revoked, and none that is canceled.
#[test]
fn a_canceled_profile_gets_no_new_version() {
    const ROTATE: &str = "profile|rotate|orders";
    let canceled = May::Not("a canceled profile stays canceled");
    for (statuses, may) in [
        (&["Active"][..], May::Be("of `orders` added")),
        (&["Revoked"], May::Be("of `orders` added")),
        (&["Canceled"], canceled),
        (&["Canceled", "Active"], May::Be("of `orders` added")),
        (&["Active", "Canceled"], canceled),
    ] {
        let after = [statuses, &["Active"]].concat();
        let after = Some(next_revision(&profile(&after, None)));
        change(&format!("{statuses:?} and one more"), &profile(statuses, None), after, ROTATE, may).check();
    }
    let both = Some(next_revision(&profile(&["Canceled", "Active"], None)));
    let command = format!("{ROTATE}|--cancel-old");
    change("rotated", &profile(&["Active"], None), both, &command, May::Be("to Canceled")).check();
}

/// A version is what it was, but for its status.
#[test]
fn a_version_never_changes() {
    let may = May::Not("only the status of a version can change");
    let two = profile(&["Active", "Active"], None);
    let one = profile(&["Active"], None);
    let swapped =
        two.replace(NAMES[0], "-").replace(NAMES[1], NAMES[0]).replace("'-'", &format!("'{}'", NAMES[1]));
    for (what, before, after) in [
        ("validity", &one, with(&one, "12 months", "13 months")),
        ("creation", &one, with(&one, "created = '2024", "created = '2023")),
        ("name", &one, with(&one, NAMES[0], NAMES[2])),
        ("the first removed", &two, with(&two, &version(NAMES[0], "Active"), "")),
        ("the last removed", &two, with(&two, &version(NAMES[1], "Active"), "")),
        (
            "one put before",
            &one,
            with(&one, "\n[[version]]", &(version(NAMES[2], "Active") + "\n[[version]]")),
        ),
        ("order", &two, Some(next_revision(&swapped))),
    ] {
        change(what, before, after, "", may).check();
    }
    change("no versions", &one, with(&one, &version(NAMES[0], "Active"), ""), "", May::Not("missing field"))
        .is_malformed();
}

/// Whoever seals a version answers for all of it: a hand may have written an older time, or an end, into it.
#[test]
fn a_new_version_is_told_with_its_time_and_status() {
    let one = profile(&["Active"], None);
    for (status, tail) in
        [("Active", ""), ("Canceled", ", Canceled already"), ("Revoked", ", Revoked already")]
    {
        let old = version(NAMES[2], status).replace("2024-", "2020-");
        let after = Some(next_revision(&(one.clone() + &old)));
        let words = format!(
            "cccccccccc of `orders` added: created 2020-01-01T00:00:00Z, signatures valid for 12 months{tail}\n"
        );
        change("a version more", &one, after, "", May::Be(words.leak())).check();
        let after = Some(profile(&[status], None));
        let words = format!(
            "version aaaaaaaaaa created 2024-01-01T00:00:00Z, signatures valid for 12 months{tail}\n"
        );
        Change { before: None, ..change("a profile more", "", after, "", May::Be(words.leak())) }.check();
    }
}

/// A permission is given and ended, and keeps its record.
#[test]
fn a_permission_begins_and_ends_and_stays() {
    let stays = May::Not("the permission is needed to verify earlier signatures");
    let (open, ended) = (profile(&["Active"], None), profile(&["Active"], Some("2025-01-01T00:00:00Z")));
    let forbid = |at: &str| format!("profile|forbid|orders|--statement-id|ci|--at|{at}");
    let other = SecretKey::generate().expect("a key").public().to_pem();
    for (what, before, after, command, may) in [
        (
            "added",
            &open,
            Some(next_revision(&(open.clone() + &permission("ops", None)))),
            "",
            May::Be("`ops` added"),
        ),
        (
            "ended",
            &open,
            Some(next_revision(&ended)),
            &forbid("2025-01-01T00:00:00Z")[..],
            May::Be("ends at 2025-01-01T00:00:00Z"),
        ),
        (
            "ended earlier",
            &ended,
            with(&ended, "2025-01-01T00:00:00Z", "2024-12-31T23:59:59Z"),
            &forbid("2024-12-31T23:59:59Z"),
            May::Be("ends at 2024-12-31T23:59:59Z"),
        ),
        (
            "ended as before",
            &ended,
            Some(next_revision(&ended)),
            &forbid("2025-01-01T00:00:00Z"),
            May::Nothing,
        ),
        (
            "ended later",
            &ended,
            with(&ended, "2025-01-01T00:00:00Z", "2025-01-01T00:00:01Z"),
            &forbid("2025-01-01T00:00:01Z"),
            May::Not("an end can only move to an earlier time"),
        ),
        ("not ended any more", &ended, Some(next_revision(&open)), "", stays),
        ("removed", &open, with(&open, &permission("ci", None), ""), "", stays),
        ("under another name", &open, with(&open, "statement_id = 'ci'", "statement_id = 'cd'"), "", stays),
        ("another key", &open, with(&open, key().trim(), other.trim()), "", stays),
        ("another principal", &open, with(&open, "'ci@acme", "'eve@acme"), "", stays),
        (
            "one action more",
            &open,
            with(&open, "StartSigningJob'", "StartSigningJob', 'signer:RevokeSignature'"),
            "",
            stays,
        ),
        ("another action", &open, with(&open, "StartSigningJob'", "RevokeSignature'"), "", stays),
        ("no action", &open, with(&open, "'signer:StartSigningJob'", ""), "", stays),
        ("an earlier start", &open, with(&open, "not_before = '2024", "not_before = '2023"), "", stays),
        ("a later start", &open, with(&open, "not_before = '2024", "not_before = '2025"), "", stays),
    ] {
        change(what, before, after, command, may).check();
    }
}

/// A profile's name is used once: its document stays, and no other has that name in other capitals.
#[test]
fn a_name_is_never_used_again() {
    let one = profile(&["Canceled"], None);
    change("removed", &one, None, "", May::Not("name is never reused")).check();
    let scene = Scene::new();
    write(&scene.policy().join(PATH), &one);
    scene.seal();
    for name in ["orders", "Orders", "ORDERS", "Release"] {
        let ran = scene.run(&["profile", "create", name]);
        ran.undecided("already exists");
        write(
            &scene.policy().join(format!("profiles/{name}.toml")),
            one.replace("'orders'", &format!("'{name}'")),
        );
        if name != "orders" {
            scene.run(&["policy", "seal"]).undecided("has the same name except for case");
            std::fs::remove_file(scene.policy().join(format!("profiles/{name}.toml"))).expect("it was there");
        }
    }
    scene.run(&["profile", "create", "billing"]).done();
    scene.seal();
    // Not even after its file is gone: then it is the removal that is refused.
    std::fs::remove_file(scene.policy().join("profiles/billing.toml")).expect("it was there");
    scene.run(&["policy", "seal"]).undecided("never reused");
}

/// A statement id is used once, whatever its permission became.
#[test]
fn a_statement_id_is_never_used_again() {
    let scene = Scene::new();
    write(&scene.policy().join(PATH), profile(&["Active"], Some("2025-01-01T00:00:00Z")));
    scene.seal();
    let key = scene.key_file("signing");
    let permit = |id: &str| {
        let who = ["--principal", "ci@acme.example", "--action", "signer:StartSigningJob"];
        scene.run(
            &[&["profile", "permit", "orders", "--key", text(&key), "--statement-id", id], &who[..]].concat(),
        )
    };
    permit("ci").undecided("already has a permission `ci`");
    permit("ci-2").done();
    scene.append(PATH, &permission("ci", None));
    scene.run(&["policy", "seal"]).undecided("the same `statement_id`");
}
