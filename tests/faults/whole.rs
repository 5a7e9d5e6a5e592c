//! Is every file of a scene whole, and is nothing lost?

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use countersign::digest::Sha384;

use crate::support::{Scene, read};

/// The files of a scene by their paths.
pub type Files = BTreeMap<PathBuf, Vec<u8>>;

pub fn files(scene: &Scene) -> Files {
    let entries = walkdir::WalkDir::new(scene.path()).into_iter().map(|entry| entry.expect("an entry"));
    // libgit2 makes a link that leads nowhere to see whether it can.
    let files = entries.filter(|entry| entry.file_type().is_file());
    let path = |path: &Path| path.strip_prefix(scene.path()).expect("below").to_owned();
    files.map(|entry| (path(entry.path()), read(entry.path()))).collect()
}

/// Whether a file has no name of its own yet: what a command that was killed may leave.
pub fn is_temporary(path: &Path) -> bool {
    path.starts_with("tmp")
        || path.components().any(|part| {
            let part = part.as_os_str().to_string_lossy();
            let ours = part.starts_with(".countersign-") || part.starts_with(".draft-");
            ours || part.starts_with("tmp_") || part.starts_with("incoming-") || part.ends_with(".lock")
        })
}

/// What only git reads, and what it writes under a temporary name by itself.
fn is_gits(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "objects") && !path.starts_with("policy")
}

/// The paths of the files, without what is random in a name.
pub fn shape(files: &Files) -> BTreeSet<String> {
    let named = files.keys().filter(|path| !is_temporary(path) && !is_gits(path));
    let objects = |path: &Path| path.starts_with("policy/objects") || path.starts_with("again/objects");
    named.filter(|path| !objects(path)).map(|path| plain(&path.display().to_string())).collect()
}

/// A text without what two runs of one command do not share: ids, digests, times.
pub fn plain(text: &str) -> String {
    let mut plain = String::new();
    for word in text.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || "-:".contains(c))) {
        let end = word.len() - word.chars().next_back().map_or(0, char::len_utf8);
        let (bare, _) = word.split_at(end);
        let digits = bare.bytes().filter(u8::is_ascii_digit).count();
        let random = bare.len() >= 8 && digits >= 2 || bare.starts_with("csc-");
        plain.push_str(if random { "#" } else { bare });
        plain.push_str(&word[end..]);
    }
    plain
}

/// The files that a command leaves in their places, as they were.
pub fn kept(before: &Files, after: &Files) -> Files {
    let kept = before.iter().filter(|(path, _)| after.contains_key(*path));
    kept.map(|(path, bytes)| (path.clone(), bytes.clone())).collect()
}

/// What is wrong with the files after a fault, if anything: `before` and `after` are those without one.
pub fn faults(before: &Files, after: &Files, found: &Files, killed: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    for (path, bytes) in found {
        if is_temporary(path) {
            let is_lock = path.extension().is_some_and(|ending| ending == "lock");
            if !killed && !is_lock && !is_gits(path) && !before.contains_key(path) {
                wrong.push(format!("{} is left behind", path.display()));
            }
            continue;
        }
        let known = [before, after].iter().any(|files| files.get(path) == Some(bytes));
        if !known && let Some(what) = half(path, bytes) {
            wrong.push(format!("{} is not whole: {what}", path.display()));
        }
    }
    for (path, bytes) in before {
        let swept = path.starts_with("policy/objects") || path.starts_with("policy/accounts");
        if after.contains_key(path) && !found.contains_key(path) && !swept && !is_temporary(path) {
            wrong.push(format!("{} is lost", path.display()));
        }
        if path.extension().is_some_and(|ending| ending == "pem") && found.get(path) != Some(bytes) {
            wrong.push(format!("the key {} is not what it was", path.display()));
        }
    }
    wrong
}

/// Why a file with these bytes is not whole, as its kind tells.
fn half(path: &Path, bytes: &[u8]) -> Option<String> {
    let text = || std::str::from_utf8(bytes).map_err(|error| error.to_string());
    let json =
        |text: &str| serde_json::from_str::<serde_json::Value>(text).map_err(|error| error.to_string());
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let result = match ending {
        "json" | "sarif" => text().and_then(json).map(drop),
        "jsonl" => text().and_then(|text| text.lines().try_for_each(|line| json(line).map(drop))),
        "toml" => {
            text().and_then(|text| text.parse::<toml::Table>().map_err(|error| error.to_string())).map(drop)
        }
        "pem" => text().and_then(|text| match text.trim_end().ends_with("-----") {
            true => Ok(()),
            false => Err("no end".into()),
        }),
        "zip" => {
            zip::ZipArchive::new(std::io::Cursor::new(bytes)).map(drop).map_err(|error| error.to_string())
        }
        "html" => text().and_then(|text| match text.trim_end().ends_with("</html>") {
            true => Ok(()),
            false => Err("no end".into()),
        }),
        _ if name.len() == 94 => {
            let folder = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
            let digest = format!("{}{name}", folder.unwrap_or_default());
            if Sha384::of(bytes).to_string() == digest { Ok(()) } else { Err("another digest".into()) }
        }
        _ if is_gits(path) => Ok(()),
        _ if bytes.is_empty() || bytes.ends_with(b"\n") => Ok(()),
        _ => Err("no end of line".into()),
    };
    result.err()
}
