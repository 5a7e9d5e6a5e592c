//! The message of a commit: what changes, and why.

use std::path::Path;

use super::Intent;
use super::central::Central;
use super::clone::{Clone, Tip};
use crate::git::GitError;
use crate::git::commit::Changes;
use crate::limits::MESSAGE_LINES_MAX;
use crate::policy::diff::{self, Difference};
use crate::policy::documents::Kind;
use crate::report::escape::line;
use crate::stackset::Target;

/// The differences of documents, as in `policy diff`.
pub(super) fn differences(
    clone: &Clone<'_>,
    tip: &Tip,
    changes: &Changes,
) -> Result<Vec<Difference>, GitError> {
    let documents: Vec<(&String, Kind)> =
        changes.keys().filter_map(|path| Some((path, Kind::of(path)?))).collect();
    let said = |path: &str, text: String| Difference { path: path.into(), text, forbidden: None };
    let became = |path: &String, after: Option<&[u8]>| match (tip.files.contains_key(path), after) {
        (false, _) => "written",
        (true, Some(_)) => "restored byte for byte",
        (true, None) => "removed",
    };
    if tip.files.is_empty() {
        let names: Vec<&str> = documents.iter().map(|(path, _)| path.as_str()).collect();
        return Ok(vec![said("snapshot.json", format!("all of the policy: {}", names.join(", ")))]);
    }
    let mut found = Vec::new();
    for (path, kind) in documents {
        let before = clone.read(tip, path, kind.limit())?;
        let after = changes.get(path).and_then(Option::as_deref);
        // Restoring an exact copy cannot be a forbidden change.
        let told = diff::between(Path::new(""), path, before.as_deref(), after).unwrap_or_default();
        let before_those = found.len();
        found.extend(
            told.into_iter()
                .map(|each| said(path, each.text))
                .filter(|each| !each.text.starts_with("`revision`")),
        );
        if found.len() == before_those {
            found.push(said(path, became(path, after).into()));
        }
    }
    // The files of a seal show no more than its documents.
    if found.is_empty() || !changes.contains_key("snapshot.json") {
        let others = changes.iter().filter(|(path, _)| Kind::of(path).is_none());
        found.extend(others.map(|(path, after)| said(path, became(path, after.as_deref()).into())));
    }
    Ok(found)
}

/// The whole message.
pub(super) fn text(
    central: &Central,
    target: &Target,
    intent: Intent,
    differences: &[Difference],
    is_sealed: bool,
) -> String {
    let (account, seal) = (central.account(), central.snapshot().version);
    let subject = match intent {
        Intent::Deploy => format!("Roll out seal {seal} of account {account}"),
        Intent::Remediate => format!("Restore seal {seal} of account {account}"),
    };
    let made = central.snapshot().created;
    let mut text = format!(
        "{subject}\n\nTarget `{}` of the stack set of account `{account}`, seal {seal} created {made}.\n",
        target.name()
    );
    if !is_sealed {
        text.push_str(
            "\nNot sealed, so it has no effect yet: ask the policy key holders of this account to review\n\
            `countersign policy diff`, run `countersign policy seal`, and commit the seal on this branch.\n",
        );
    }
    let mut path = "";
    for (index, each) in differences.iter().enumerate() {
        if index == MESSAGE_LINES_MAX {
            text.push_str(&format!("\nand {} more differences\n", differences.len() - index));
            break;
        }
        if each.path != path {
            path = &each.path;
            text.push_str(&format!("\n{}\n", line(path)));
        }
        text.push_str(&format!("  {}\n", line(&each.text)));
    }
    text
}
