//! Packages: what the writer makes of a folder, the strict reader reads as the same files.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use countersign::files::artifact::Artifact;
use countersign::files::{Access, Durability, Pending};
use countersign::package::read;
use countersign::package::select::{self, Look, Outputs, Request};
use countersign::package::write::{self, EntryTime};
use countersign::parallel::Threads;
use countersign::provenance::SelectionRecord;

use super::choices::Choices;

const PARTS: [&str; 10] = ["a", "b", "A", "x.py", "lib", "é", "e\u{301}", ".hidden", "a b", "con"];

pub fn run(bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let content = folder.path().join("content");
    fs::create_dir(&content).expect("a folder can be made");
    let mut choices = Choices::new(bytes);
    for _ in 0..=choices.below(5) {
        // Where a file stands in the way of a folder, or the reverse, the first one stays.
        let _ = file(&mut choices, &content);
    }
    let rules = SelectionRecord { untracked: true, ..SelectionRecord::default() };
    let request = Request {
        folder: &content,
        rules: &rules,
        outputs: &Outputs::default(),
        allow_secrets: &BTreeSet::new(),
    };
    let Ok(selection) = select::select(&Look::outside(), &request) else { return };
    let path = folder.path().join("package.zip");
    let mut out = Pending::new(&path, Access::Public, Durability::Remade).expect("a package can be made");
    let time = EntryTime::FIXED;
    let threads = Threads::one();
    let written =
        write::write(&mut out, &selection.candidates, &selection.contents, None, time, threads, &|_| {});
    let Ok(written) = written else { return };
    out.keep().expect("a package can be written");
    let artifact = Artifact::open(&path).expect("the package was just written");
    if written.files.is_empty() {
        return;
    }
    let read = read::read(&artifact, threads).expect("the strict reader reads what the writer wrote");
    assert_eq!(read, written.files);
    let digests = artifact.digests(threads).expect("the package was just written");
    assert_eq!(digests, written.digests);
    super::zip::agree(&fs::read(&path).expect("the package was just written"), &read);
}

fn file(choices: &mut Choices<'_>, folder: &Path) -> std::io::Result<()> {
    let mut path = folder.to_path_buf();
    for _ in 0..=choices.below(3) {
        path.push(choices.one_of(&PARTS));
    }
    fs::create_dir_all(path.parent().unwrap_or(folder))?;
    let mut content = choices.bytes(16).to_vec();
    if choices.rarely() {
        content = content.repeat(choices.below(250));
    }
    #[cfg(unix)]
    if choices.rarely() {
        let target = String::from_utf8_lossy(&content).into_owned();
        return std::os::unix::fs::symlink(target, path);
    }
    fs::write(path, content)
}
