//! What may become of a document that is sealed? One table, asked by command and by hand.
//!
//! A case starts from documents that are sealed, changes one thing, and says whether that may be. The
//! same change is made twice where a command makes it: by the command, and by hand before a seal.

mod documents;
mod layers;
mod ledger;
mod profiles;
mod revocations;

use std::fs;

use crate::support::{Ran, Scene, next_revision, write};

/// Whether a change may be.
#[derive(Debug, Clone, Copy, PartialEq)]
enum May {
    /// It may, and `policy diff` says so in these words.
    Be(&'static str),
    /// It may not, and these words say why.
    Not(&'static str),
    /// It is none.
    Nothing,
}

/// One change of one document.
struct Change {
    /// What changes, for whoever reads a failure.
    what: String,
    /// The document.
    path: String,
    /// What is sealed before; nothing if the document is not there.
    before: Option<String>,
    /// What it becomes by hand, its revision raised; nothing if it is removed.
    after: Option<String>,
    /// The command that does the same, its arguments separated by `|`; empty if none does.
    command: String,
    /// What both say.
    may: May,
}

impl Change {
    /// The same change by hand and by command.
    fn check(&self) {
        self.by_hand();
        if !self.command.is_empty() {
            self.by_command();
        }
    }

    /// Puts what is sealed before under a seal, whatever was sealed until then.
    fn start(&self) -> Scene {
        let scene = Scene::new();
        let file = scene.policy().join(&self.path);
        match &self.before {
            Some(before) => write(&file, before),
            None => {
                let _ = fs::remove_file(&file);
            }
        }
        scene.seal_over();
        assert_eq!(scene.run(&["policy", "status"]).code, Some(0), "{}", self.what);
        scene
    }

    /// What is no document at all is never sealed.
    fn is_malformed(&self) {
        let scene = self.start();
        write(&scene.policy().join(&self.path), self.after.as_ref().expect("a document"));
        for command in ["diff", "seal"] {
            self.says(&scene.run(&["policy", command]), Some(2));
        }
    }

    fn by_hand(&self) {
        let scene = self.start();
        let file = scene.policy().join(&self.path);
        match &self.after {
            Some(after) => write(&file, after),
            None => fs::remove_file(&file).expect("it was there"),
        }
        let version = scene.snapshot().version;
        let differences = scene.run(&["policy", "diff"]);
        let sealed = scene.run(&["policy", "seal", "--validity", "365 days"]);
        self.says(&differences, Some(i32::from(matches!(self.may, May::Not(_)))));
        let (code, next) = if let May::Not(_) = self.may { (2, version) } else { (0, version + 1) };
        if code == 2 {
            self.says(&sealed, Some(2));
            assert!(sealed.err().contains(&self.path), "{}: {sealed}", self.what);
        }
        assert_eq!(sealed.code, Some(code), "{}: {sealed}", self.what);
        assert_eq!(scene.snapshot().version, next, "{}", self.what);
    }

    fn by_command(&self) {
        let scene = self.start();
        let file = scene.policy().join(&self.path);
        let before = fs::read(&file).ok();
        let ran = scene.run(&self.command.split('|').collect::<Vec<_>>());
        let changed = fs::read(&file).ok() != before;
        match self.may {
            May::Be(_) => {
                self.says(&ran, Some(0));
                assert!(changed, "{}: {ran}", self.what);
                assert_eq!(scene.run(&["policy", "seal"]).code, Some(0), "{}", self.what);
            }
            May::Not(_) => {
                self.says(&ran, Some(2));
                assert!(!changed, "{}: {ran}", self.what);
            }
            May::Nothing => {
                assert!(ran.err().contains("would not change"), "{}: {ran}", self.what);
                assert!(ran.code == Some(2) && !changed, "{}: {ran}", self.what);
            }
        }
    }

    #[track_caller]
    fn says(&self, ran: &Ran, code: Option<i32>) {
        let words = match self.may {
            May::Be(words) | May::Not(words) => words,
            May::Nothing => "no changes since",
        };
        let said = format!("{}{}", ran.out(), ran.err());
        assert_eq!(ran.code, code, "{}: {ran}", self.what);
        assert!(said.contains(words), "{}: no {words:?}: {ran}", self.what);
    }
}

/// The document with another text in place of one that it has once, and the next revision.
fn with(document: &str, from: &str, to: &str) -> Option<String> {
    assert_eq!(document.matches(from).count(), 1, "{from:?} in {document}");
    Some(next_revision(&document.replace(from, to)))
}
