//! Layers: whether runtimes would find the files of a layer.
//!
//! A layer is unpacked to `/opt`; each runtime reads its own folders, and all of them read `bin` (on `PATH`)
//! and `lib` (on `LD_LIBRARY_PATH`). From AWS Lambda's "Layer paths for each runtime".

use crate::inventory::FileRecord;
use crate::name::ArtifactName;
use crate::report::{Check, Finding};

/// Runtime families and the folders that each reads, in addition to the common ones.
const FAMILIES: [(&str, &[&str]); 5] = [
    ("python", &["python/"]),
    ("nodejs", &["nodejs/node_modules/", "nodejs/node"]),
    ("java", &["java/lib/"]),
    ("ruby", &["ruby/gems/", "ruby/lib/"]),
    ("provided", &[]),
];
const EVERY_RUNTIME: [&str; 3] = ["bin/", "lib/", "extensions/"];

/// Warns about each compatible runtime that would find no files in the layer.
pub fn check(runtimes: &[String], files: &[FileRecord]) -> Vec<Finding> {
    let holds = |folder: &&str| files.iter().any(|file| file.path.starts_with(*folder));
    if EVERY_RUNTIME.iter().any(&holds) {
        return Vec::new();
    }
    let blind = |runtime: &&String| !folders_of(runtime).iter().any(&holds);
    runtimes.iter().filter(blind).map(|runtime| nothing_found(runtime)).collect()
}

/// The finding for a layer that is published without a signature.
pub fn not_signed(layer: &ArtifactName) -> Finding {
    Finding::new(
        Check::Package,
        "layer-not-signed",
        format!(
            "layer `{layer}` is published without a signature, so a function under a CSC cannot use it as it is"
        ),
        "sign it with `countersign sign` and publish it again, or ask its users to endorse it",
    )
}

fn folders_of(runtime: &str) -> &'static [&'static str] {
    FAMILIES.iter().find(|(family, _)| runtime.starts_with(family)).map_or(&[], |(_, folders)| folders)
}

fn nothing_found(runtime: &str) -> Finding {
    let places: Vec<String> =
        folders_of(runtime).iter().chain(&EVERY_RUNTIME).map(|folder| format!("`{folder}`")).collect();
    Finding::new(
        Check::Package,
        "layer-layout",
        format!("the runtime `{runtime}` would find no files in this layer"),
        format!("move its files to one of: {}", places.join(", ")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Sha384;
    use crate::inventory::FileMode;

    fn warned(runtime: &str, path: &str) -> bool {
        let record =
            FileRecord { path: path.into(), mode: FileMode::Regular, size: 0, sha384: Sha384::of(b"") };
        !check(&[runtime.into()], &[record]).is_empty()
    }

    #[test]
    fn each_runtime_finds_its_own_folders_only() {
        for (runtime, path) in [
            ("python3.13", "python/requests/__init__.py"),
            ("python3.13", "python/lib/python3.13/site-packages/requests/__init__.py"),
            ("nodejs22.x", "nodejs/node_modules/express/index.js"),
            ("nodejs22.x", "nodejs/node22/node_modules/express/index.js"),
            ("java21", "java/lib/jackson.jar"),
            ("ruby3.4", "ruby/gems/3.4.0/gems/aws/aws.rb"),
            ("ruby3.4", "ruby/lib/aws.rb"),
            ("provided.al2023", "bin/tool"),
            ("python3.13", "lib/libpq.so"),
        ] {
            assert!(!warned(runtime, path), "{runtime} {path}");
        }
        for (runtime, path) in [
            ("python3.13", "requests/__init__.py"),
            ("nodejs22.x", "node_modules/express/index.js"),
            ("java21", "jackson.jar"),
            ("ruby3.4", "gems/aws.rb"),
            ("provided.al2023", "tool"),
            ("nodejs22.x", "python/requests/__init__.py"),
        ] {
            assert!(warned(runtime, path), "{runtime} {path}");
        }
    }
}
