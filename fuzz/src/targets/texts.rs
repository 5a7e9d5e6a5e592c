//! Texts: names and ARNs, times, places of policies and layers, paths, and the lines that git gives a hook.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use countersign::arn::{CscArn, JobArn, LayerArn, ProfileArn, PublisherArn};
use countersign::git::source::{RefName, RemoteUrl, Source};
use countersign::hook::update::{self, Side};
use countersign::inventory::FileMode;
use countersign::layer::location::LayerLocation;
use countersign::name;
use countersign::package::name::{check_link, check_path, first_collision};
use countersign::time::{Moment, Period, Timestamp};

/// A text has one value, and a value one text.
fn one_text<T: FromStr + Display + PartialEq + Debug>(text: &str) -> Option<T> {
    let value = text.parse::<T>().ok()?;
    assert_eq!(value.to_string(), text);
    Some(value)
}

/// What is displayed is read as the same value.
fn same_value<T: FromStr + Display + PartialEq + Debug>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        assert_eq!(value.to_string().parse::<T>().ok(), Some(value));
    }
}

pub fn arn(bytes: &[u8]) {
    let text = &String::from_utf8_lossy(bytes);
    let (profile, publisher) = (one_text::<ProfileArn>(text), one_text::<PublisherArn>(text));
    if let (Some(profile), Some(publisher)) = (profile, publisher) {
        assert!(publisher.allows(&profile), "a publisher that is one version allows it");
    }
    one_text::<JobArn>(text);
    one_text::<CscArn>(text);
    one_text::<LayerArn>(text);
    one_text::<name::AccountName>(text);
    one_text::<name::ArtifactName>(text);
    one_text::<name::CscId>(text);
    one_text::<name::EventId>(text);
    one_text::<name::FindingCode>(text);
    one_text::<name::HostLabel>(text);
    one_text::<name::JobId>(text);
    one_text::<name::Principal>(text);
    one_text::<name::ProfileName>(text);
    one_text::<name::ProfileVersion>(text);
    one_text::<name::StatementId>(text);
    one_text::<name::TargetName>(text);
}

pub fn arn_seeds() -> Vec<Vec<u8>> {
    super::texts(&[
        "arn:countersign:signer::acme:/signing-profiles/release/a1b2c3d4e5",
        "arn:countersign:signer::acme:/signing-profiles/release/*",
        "arn:aws:signer:eu-west-1:123456789012:/signing-profiles/release/a1b2c3d4e5",
        "arn:aws-us-gov:signer:us-gov-west-1:123456789012:/signing-jobs/3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b10",
        "arn:countersign:lambda::acme:code-signing-config:csc-0123456789abcdefg",
        "arn:countersign:lambda::acme:layer:base:3",
        "3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b10",
        "csc-0123456789abcdefg",
        "ci@acme.example",
    ])
}

pub fn time(bytes: &[u8]) {
    let text = &String::from_utf8_lossy(bytes);
    let now: Timestamp = "2026-01-31T12:00:00Z".parse().expect("it is a time");
    if let Some(instant) = one_text::<Timestamp>(text) {
        assert_eq!(Timestamp::from_unix(instant.unix()), Some(instant));
        assert!(Timestamp::of_day(instant.day()) <= instant);
    }
    same_value::<Period>(text);
    if let Ok(period) = text.parse::<Period>() {
        assert!(now.plus(period) > now, "a period is not empty");
    }
    if let Ok(moment) = text.parse::<Moment>() {
        let before = moment.before(now);
        assert!(matches!(moment, Moment::At(_)) || before <= now, "a span lies in the past");
    }
}

pub fn time_seeds() -> Vec<Vec<u8>> {
    super::texts(&[
        "2026-01-31T12:00:00Z",
        "1970-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "90 days",
        "135 months",
        "5y",
        "P30D",
        "2 weeks",
        "1 day 12h",
    ])
}

pub fn source(bytes: &[u8]) {
    let text = &String::from_utf8_lossy(bytes);
    if let Ok(source) = text.parse::<Source>() {
        assert_eq!(source.to_string().parse().ok().as_ref(), Some(&source));
        let url = source.url().with_credentials();
        assert!(!url.starts_with('-') && !url.chars().any(char::is_whitespace), "git could misread it");
        assert!(!source.reference().as_str().starts_with(['-', '+']), "git could misread it");
        assert!(!source.folder().split('/').any(|name| name == ".."), "a folder leads out");
    }
    if let Ok(url) = text.parse::<RemoteUrl>() {
        let shown = url.to_string();
        assert!(shown.parse::<RemoteUrl>().is_ok_and(|shown| !shown.has_secret()), "a secret is shown");
        assert!(!url.redact(url.with_credentials()).is_empty());
    }
    let _ = text.parse::<RefName>();
}

pub fn source_seeds() -> Vec<Vec<u8>> {
    super::texts(&[
        "https://ci:token@example.com/policy.git#main",
        "git@example.com:acme/policy.git#refs/tags/v1",
        "example.com:policy#feature/#7:a/b",
        "ssh://git@example.com:22/policy",
        "file:///srv/policy.git#HEAD:policy",
        "ext::sh -c x",
    ])
}

pub fn location(bytes: &[u8]) {
    let text = &String::from_utf8_lossy(bytes);
    if let Some(location) = one_text::<LayerLocation>(text) {
        let folder = std::path::Path::new("folder");
        for location in [location.of_manifest(), location] {
            if let Some(path) = location.path_in(folder) {
                assert!(path.starts_with(folder) && path.components().all(|part| part.as_os_str() != ".."));
            }
        }
    }
}

pub fn location_seeds() -> Vec<Vec<u8>> {
    super::texts(&[
        "artifacts/base-1.zip",
        "https://layers.acme.example/base-1.zip",
        "s3://acme-layers/base-1.zip",
        "../x",
    ])
}

/// Lines are paths in one package; a line `a -> b` is a link.
pub fn path(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut accepted: Vec<(&str, FileMode)> = Vec::new();
    for line in text.split('\n').take(100) {
        let (path, target) =
            line.split_once(" -> ").map_or((line, None), |(path, target)| (path, Some(target)));
        if check_path(path).is_err() {
            continue;
        }
        assert!(!path.starts_with('/') && !path.contains('\\') && !path.contains('\0'));
        assert!(path.split('/').all(|name| !matches!(name, "" | "." | "..")));
        if let Some(target) = target
            && check_link(path, target).is_ok()
        {
            let inside = target.split('/').filter(|part| !matches!(*part, "" | "."));
            let depth = path.matches('/').count() as i64;
            let lowest = inside.scan(depth, |depth, part| {
                *depth += if part == ".." { -1 } else { 1 };
                Some(*depth)
            });
            assert!(lowest.min().unwrap_or(0) >= 0, "a link leaves the package");
        }
        let mode = if target.is_some() { FileMode::Link } else { FileMode::Regular };
        accepted.push((path, mode));
        if first_collision(&accepted, |entry| *entry).is_some() {
            accepted.pop();
            continue;
        }
        let (_, others) = accepted.split_last().expect("a path was added");
        for (other, _) in others {
            assert!(!other.eq_ignore_ascii_case(path), "two names are one on some systems");
            let below = other.starts_with(&format!("{path}/")) || path.starts_with(&format!("{other}/"));
            assert!(!below, "a name is a file and a folder");
        }
    }
}

pub fn path_seeds() -> Vec<Vec<u8>> {
    super::texts(&[
        "a\na/b\nA\nb/c\nb/C\n",
        "d/l -> ../a\nl -> ..\nd/e/f\nk -> d/../a\n",
        "é\ne\u{301}\nß\nss\ncon\na.\n",
    ])
}

pub fn hook_input(bytes: &[u8]) {
    for side in [Side::Pusher, Side::Receiver] {
        let Ok(updates) = update::parse(side, bytes) else { continue };
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        assert_eq!(updates.len(), lines.count(), "every line is an update");
        for update in updates {
            let is_id = |id: &str| matches!(id.len(), 40 | 64) && id.bytes().all(|b| b.is_ascii_hexdigit());
            assert!(!update.reference.is_empty() && update.to.is_none_or(|to| is_id(&to)));
        }
    }
}

pub fn hook_input_seeds() -> Vec<Vec<u8>> {
    let (zero, one, long) = ("0".repeat(40), "1".repeat(40), "2".repeat(64));
    super::texts(&[
        &format!("HEAD {one} refs/heads/main {zero}\n(delete) {zero} refs/heads/old {one}\n"),
        &format!(":/fix the bug {long} refs/tags/v1 {long}\n"),
        &format!("{zero} {one} refs/heads/main\n{one} {zero} refs/heads/old\n"),
    ])
}
