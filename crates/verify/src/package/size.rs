//! Size: AWS Lambda's limits, and what makes a package large.

use std::collections::BTreeMap;

use crate::inventory::FileRecord;
use crate::limits::{AWS_UNZIPPED_BYTES, AWS_ZIPPED_BYTES, RATIO_MAX};
use crate::report::{Check, Finding};

/// How many of the largest folders a finding lists.
const FOLDERS_NAMED: usize = 5;

/// Reports which of AWS's limits a package exceeds, with its size and its largest folders.
pub fn check(zipped: u64, files: &[FileRecord]) -> Vec<Finding> {
    let unzipped: u64 = files.iter().map(|file| file.size).sum();
    let limits = [
        (
            "package-zipped-size",
            "zipped",
            zipped,
            AWS_ZIPPED_BYTES,
            "upload it with S3, or exclude files from it",
        ),
        (
            "package-unzipped-size",
            "unzipped",
            unzipped,
            AWS_UNZIPPED_BYTES,
            "exclude files that the function does not need, or move them to a layer or an image",
        ),
    ];
    let passed = limits.into_iter().filter(|(_, _, size, limit, _)| size > limit);
    passed
        .map(|(code, what, size, limit, hint)| {
            let folders = largest_folders(files);
            let message = format!(
                "{size} bytes {what}, over AWS Lambda's limit of {limit}; largest folders: {folders}"
            );
            Finding::new(Check::Package, code, message, hint)
        })
        .collect()
}

/// The error if so much content is in so small an archive.
pub fn over_ratio(total: u64, archive: u64) -> Option<String> {
    let over = total > AWS_UNZIPPED_BYTES && total / RATIO_MAX > archive;
    over.then(|| format!("{archive} bytes unpack to {total}, more than {RATIO_MAX} times as many"))
}

/// The largest folders and their unzipped bytes; every file counts in one folder only.
///
/// A file counts in the folder two levels down, as `node_modules/typescript`.
fn largest_folders(files: &[FileRecord]) -> String {
    let mut sizes: BTreeMap<&str, u64> = BTreeMap::new();
    for file in files {
        let end = file.path.match_indices('/').take(2).last().map_or(0, |(at, _)| at);
        *sizes.entry(&file.path[..end]).or_default() += file.size;
    }
    let mut sizes: Vec<(&str, u64)> = sizes.into_iter().collect();
    sizes.sort_by_key(|(folder, size)| (std::cmp::Reverse(*size), *folder));
    let name = |folder: &str| {
        if folder.is_empty() { "the top".to_owned() } else { format!("`{folder}`") }
    };
    let shown = sizes.iter().take(FOLDERS_NAMED).map(|(folder, size)| format!("{} {size}", name(folder)));
    shown.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Sha384;
    use crate::inventory::FileMode;

    fn file(path: &str, size: u64) -> FileRecord {
        FileRecord { path: path.into(), mode: FileMode::Regular, size, sha384: Sha384::of(b"") }
    }

    #[test]
    fn the_limit_itself_is_allowed() {
        assert!(check(AWS_ZIPPED_BYTES, &[file("a", AWS_UNZIPPED_BYTES)]).is_empty());
        let codes = |zipped, unzipped| {
            check(zipped, &[file("a", unzipped)]).iter().map(|f| f.code).collect::<Vec<_>>()
        };
        assert_eq!(codes(AWS_ZIPPED_BYTES + 1, 1), ["package-zipped-size"]);
        assert_eq!(codes(1, AWS_UNZIPPED_BYTES + 1), ["package-unzipped-size"]);
    }

    #[test]
    fn the_largest_folders_are_named_largest_first() {
        let files = [file("a/b/c", 5), file("a/b/d", 5), file("e/f", 20), file("g", 1)];
        assert_eq!(largest_folders(&files), "`e` 20, `a/b` 10, the top 1");
    }
}
