//! Outputs: the packages that the workspace itself writes, which are never packaged.
//!
//! - `NAME.zip` and `NAME.zip.sigstore.json` of the workspace's functions and layers are left out of its output
//!   folder, tracked or not: a second run has the same bytes as the first.
//! - Of an output folder below the packaged folder, other untracked files are left out too. What git tracks in
//!   it is packaged, as from the commit.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::files::is_pending;
use crate::name::ArtifactName;

/// The reason for leaving out a package of the workspace.
pub const OWN: &str = "a package of this workspace";

/// The reason for leaving out an output folder.
pub const IN_OUTPUT: &str = "the output folder";

/// The folders for packages, and the names of the packages.
#[derive(Debug, Clone, Default)]
pub struct Outputs {
    folder: PathBuf,
    other: Option<PathBuf>,
    names: BTreeSet<String>,
}

impl Outputs {
    /// The output folder of a workspace that has these functions and layers.
    pub fn of<'n>(folder: &Path, names: impl Iterator<Item = &'n ArtifactName>) -> Self {
        let files = |name: &ArtifactName| [format!("{name}.zip"), format!("{name}.zip.sigstore.json")];
        Self { folder: folder.into(), other: None, names: names.flat_map(files).collect() }
    }

    /// The same, and a folder that packages are written to this time.
    pub fn and(self, other: &Path) -> Self {
        Self { other: (self.folder != other).then(|| other.into()), ..self }
    }

    /// What they mean for the files of a folder.
    pub(super) fn seen_from(&self, folder: &Path) -> Seen<'_> {
        let prefix = |output: &Path| {
            let below = output.strip_prefix(folder).ok()?.to_string_lossy().replace('\\', "/");
            Some(if below.is_empty() { below } else { below + "/" })
        };
        Seen { own: prefix(&self.folder), other: self.other.as_deref().and_then(prefix), names: &self.names }
    }
}

/// The outputs, as seen from the packaged folder: each folder as a prefix of paths.
pub struct Seen<'o> {
    own: Option<String>,
    other: Option<String>,
    names: &'o BTreeSet<String>,
}

impl Seen<'_> {
    /// Why a path is left out, if it is.
    pub fn leaves_out(&self, path: &str, is_tracked: bool) -> Option<&'static str> {
        let is_package = |prefix: &String| {
            let name = path.strip_prefix(prefix.as_str());
            name.is_some_and(|name| self.names.contains(name) || !is_tracked && is_pending(name))
        };
        if self.own.as_ref().is_some_and(is_package)
            || !is_tracked && self.other.as_ref().is_some_and(is_package)
        {
            return Some(OWN);
        }
        (!is_tracked && self.folder_of(path).is_some()).then_some(IN_OUTPUT)
    }

    /// The output folder below the packaged folder that has a path, with a `/` at its end.
    pub fn folder_of(&self, path: &str) -> Option<&str> {
        let folders = [&self.own, &self.other].into_iter().flatten();
        folders.map(String::as_str).find(|prefix| !prefix.is_empty() && path.starts_with(prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_left_out_and_tracked_files_are_not() {
        let name: ArtifactName = "orders".parse().unwrap();
        let outputs = Outputs::of(Path::new("/r/dist"), [&name].into_iter()).and(Path::new("/r/out"));
        let top = outputs.seen_from(Path::new("/r"));
        let inside = outputs.seen_from(Path::new("/r/dist"));
        let below = outputs.seen_from(Path::new("/r/dist/orders"));
        for (seen, path, tracked, untracked) in [
            (&top, "dist/orders.zip", Some(OWN), Some(OWN)),
            (&top, "dist/orders.zip.sigstore.json", Some(OWN), Some(OWN)),
            (&top, "out/orders.zip", None, Some(OWN)),
            (&top, "dist/index.js", None, Some(IN_OUTPUT)),
            (&top, "dist/a/orders.zip", None, Some(IN_OUTPUT)),
            (&top, "distant/orders.zip", None, None),
            (&top, "orders.zip", None, None),
            (&inside, "orders.zip", Some(OWN), Some(OWN)),
            (&inside, "index.js", None, None),
            (&inside, "billing.zip", None, None),
            (&below, "orders.zip", None, None),
        ] {
            assert_eq!(seen.leaves_out(path, true), tracked, "{path}");
            assert_eq!(seen.leaves_out(path, false), untracked, "{path}");
        }
    }
}
