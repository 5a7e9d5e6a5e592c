//! What may become of a layer: versions are published, permissions come and end, and nothing else changes.

use super::{Change, May, with};
use crate::support::next_revision;

const PATH: &str = "layers/base.toml";

fn version(number: u64, digit: &str) -> String {
    format!(
        "\n[[version]]\nversion = {number}\ncreated = '2026-01-31T12:00:00Z'\n\
        compatible_runtimes = ['python3.13']\nsize = 10\nunpacked_size = 20\nsha256 = '{}'\nsha384 = '{}'\n\
        signed = true\n",
        digit.repeat(64),
        digit.repeat(96)
    )
}

fn permission(id: &str, who: &str, more: &str) -> String {
    format!(
        "\n[[permission]]\nversion = 1\nstatement_id = '{id}'\nprincipal = '{who}'\n\
        not_before = '2026-01-31T12:00:00Z'\n{more}\n"
    )
}

fn layer(parts: &[String]) -> String {
    format!("name = 'base'\nrevision = 7\n{}", parts.concat())
}

fn change(what: &str, before: Option<String>, after: Option<String>, command: &str, may: May) -> Change {
    Change { what: what.into(), path: PATH.into(), before, after, command: command.into(), may }
}

#[test]
fn a_version_never_changes_and_a_permission_only_ends() {
    let one = layer(&[version(1, "1")]);
    let open = layer(&[version(1, "1"), permission("shop", "shop", "")]);
    let ending = layer(&[version(1, "1"), permission("shop", "shop", "not_after = '2098-01-01T00:00:00Z'")]);
    let two = layer(&[version(1, "1"), version(2, "2")]);
    let some = |text: &str| Some(text.to_owned());
    let next = |text: &str| Some(next_revision(text));
    let never = May::Not("a published version cannot change");
    let record = May::Not("a permission stays on record");
    for (what, before, after, command, may) in [
        (
            "published",
            None,
            some(&one),
            "layer|publish|base|--artifact|dist/orders.zip",
            May::Be("layer `base` version 1 published"),
        ),
        (
            "published again",
            some(&one),
            next(&two),
            "layer|publish|base|--artifact|dist/orders.zip",
            May::Be("layer `base` version 2 published"),
        ),
        ("removed", some(&one), None, "", May::Not("stay on record")),
        (
            "a version removed",
            some(&two),
            next(&one),
            "",
            May::Not("version 2 of layer `base` changed or removed"),
        ),
        ("other bytes", some(&one), next(&layer(&[version(1, "3")])), "", never),
        ("signed after all", some(&one), with(&one, "signed = true", "signed = false"), "", never),
        ("a location", some(&one), with(&one, "size = 10", "location = 'a.zip'\nsize = 10"), "", never),
        ("another runtime", some(&one), with(&one, "python3.13", "python3.12"), "", never),
        ("in another order", some(&two), next(&layer(&[version(1, "2"), version(2, "1")])), "", never),
        (
            "permitted",
            some(&one),
            next(&open),
            "layer|permit|base|--layer-version|1|--principal|shop|--statement-id|shop",
            May::Be("permission `shop` added to layer `base`: `shop` can use version 1"),
        ),
        (
            "forbidden",
            some(&open),
            next(&ending),
            "layer|forbid|base|--statement-id|shop|--at|2098-01-01T00:00:00Z",
            May::Be("permission `shop` of layer `base` now ends at 2098-01-01T00:00:00Z"),
        ),
        (
            "ends earlier",
            some(&ending),
            with(&ending, "2098", "2097"),
            "layer|forbid|base|--principal|shop|--layer-version|1|--at|2097-01-01T00:00:00Z",
            May::Be("ends at 2097-"),
        ),
        (
            "ends later",
            some(&ending),
            with(&ending, "2098", "2099"),
            "layer|forbid|base|--statement-id|shop|--at|2099-01-01T00:00:00Z",
            May::Not("an end can only move to an earlier time"),
        ),
        ("ends never", some(&ending), next(&open), "", May::Not("has no end anymore")),
        (
            "permission removed",
            some(&open),
            next(&one),
            "",
            May::Not("permission `shop` of layer `base` removed"),
        ),
        ("for another", some(&open), with(&open, "principal = 'shop'", "principal = 'else'"), "", record),
        (
            "of another name",
            some(&open),
            with(&open, "statement_id = 'shop'", "statement_id = 'else'"),
            "",
            May::Not("removed"),
        ),
        (
            "for everybody of us",
            some(&open),
            with(&open, "principal = 'shop'", "principal = '*'\norganization = 'acme'"),
            "",
            record,
        ),
        (
            "from earlier on",
            some(&open),
            with(&open, "\nnot_before = '2026", "\nnot_before = '2025"),
            "",
            record,
        ),
        (
            "the same end",
            some(&ending),
            some(&ending),
            "layer|forbid|base|--statement-id|shop|--at|2098-01-01T00:00:00Z",
            May::Nothing,
        ),
    ] {
        change(what, before, after, command, may).check();
    }
}

#[test]
fn a_changed_layer_has_a_higher_revision() {
    let one = layer(&[version(1, "1")]);
    let two = layer(&[version(1, "1"), version(2, "2")]);
    change("same", Some(one.clone()), Some(two.clone()), "", May::Not("`revision` is 7, and was 7")).check();
    let lower = two.replace("revision = 7", "revision = 6");
    change("lower", Some(one), Some(lower), "", May::Not("`revision` is 6, and was 7")).check();
}

#[test]
fn what_is_no_layer_is_never_sealed() {
    let one = layer(&[version(1, "1")]);
    let with_permission = |text: String| layer(&[version(1, "1"), text]);
    for (what, after, words) in [
        ("another name", one.replace("'base'", "'other'"), "which differs from the file name"),
        ("a path", one.replace("'base'", "'../x'"), "is not a function or layer name"),
        ("a device", one.replace("'base'", "'CON'"), "is not a function or layer name"),
        ("a folder", one.replace("'base'", "'a/b'"), "is not a function or layer name"),
        ("a NUL", one.replace("'base'", "\"a\\u0000b\""), "is not a function or layer name"),
        ("no version", "name = 'base'\nrevision = 7\nversion = []\n".into(), "versions must be numbered"),
        ("from 2 on", layer(&[version(2, "1")]), "versions must be numbered"),
        ("a gap", layer(&[version(1, "1"), version(3, "1")]), "versions must be numbered"),
        ("more than there is", format!("{one}trusted = true\n"), "unknown field `trusted`"),
        ("a short digest", one.replace(&"1".repeat(96), "11"), "line "),
        (
            "a long text",
            one.replace("size = 10", &format!("license = '{}'\nsize = 10", "x".repeat(513))),
            "more than 512 bytes",
        ),
        ("too many runtimes", one.replace("'python3.13'", &["'p'"; 16].join(", ")), "more than 15 runtimes"),
        (
            "a way out",
            one.replace("size = 10", "location = '../../etc/passwd'\nsize = 10"),
            "is not a layer location",
        ),
        (
            "a command",
            one.replace("size = 10", "location = 'ext::sh -c x'\nsize = 10"),
            "is not a layer location",
        ),
        ("everybody", with_permission(permission("all", "*", "")), "with an organization"),
        (
            "an organisation's one",
            with_permission(permission("a", "shop", "organization = 'acme'")),
            "with an organization",
        ),
        ("a hostile account", with_permission(permission("a", "../x", "")), "is not an account name"),
        (
            "no such version",
            with_permission(permission("a", "shop", "").replace("version = 1", "version = 2")),
            "an existing version",
        ),
        ("a name twice", with_permission(permission("a", "shop", "").repeat(2)), "the same `statement_id`"),
    ] {
        change(what, None, Some(after), "", May::Not(words)).is_malformed();
    }
}
