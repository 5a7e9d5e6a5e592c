//! The items of a commit: what it packages, and which candidates can cover it.

use super::candidates::{Candidate, Candidates, Named, Selected};
use super::finding::Sought;
use crate::digest::Sha384;
use crate::function::Build;
use crate::package::select::SelectError;
use crate::verify::CommitFiles;
use crate::workspace::Item;

/// A function or a layer of the commit, and its package if there is one.
pub struct PackagedItem<'a> {
    /// Its kind and name.
    pub named: Named,
    /// What the workspace says about it.
    pub item: &'a Item,
    /// Its folder in the repository.
    pub folder: String,
    /// Its package, or why there is none.
    pub package: Result<Packaged, SelectError>,
}

/// A package, kept in full or as its digest.
pub struct Packaged {
    /// The digest of its files.
    pub inventory: Sha384,
    /// Its files, unless there are too many to keep.
    pub held: Option<CommitFiles>,
}

impl PackagedItem<'_> {
    /// The candidates that can cover the item: by its files, or as a build of the commit that they are attached to.
    pub fn fitting<'c, 'b>(
        &self,
        named: &'c [Candidate],
        build: Option<Build<'b>>,
    ) -> Vec<(&'c Candidate, Option<Build<'b>>)> {
        let selected = self.selected();
        let by = |candidate: &'c Candidate| match build {
            _ if selected.as_ref().is_some_and(|selected| selected.is_of(candidate)) => {
                Some((candidate, None))
            }
            Some(build) if candidate.is_own => Some((candidate, Some(build))),
            _ => None,
        };
        named.iter().filter_map(by).collect()
    }

    /// What a manifest must describe, if the commit gives a package.
    pub fn selected(&self) -> Option<Selected> {
        let files = self.package.as_ref().ok()?.inventory;
        let (include, exclude) = (self.item.rules.include.clone(), self.item.rules.exclude.clone());
        Some(Selected { files, include, exclude, folder: self.folder.clone() })
    }

    /// Of the manifests of the commit, the first one of other files: it shows best what has changed.
    pub fn nearest<'c>(&self, named: &'c [Candidate]) -> Option<&'c Candidate> {
        let inventory = self.package.as_ref().ok()?.inventory;
        named.iter().find(|candidate| candidate.inventory != inventory)
    }

    /// What no candidate describes.
    pub fn sought(&self, candidates: &Candidates) -> Sought {
        let inventory = self.package.as_ref().ok().map(|package| package.inventory);
        let has_files = |candidate: &Candidate| Some(candidate.inventory) == inventory;
        if candidates.named(&self.named).iter().any(has_files) {
            return Sought::Selection;
        }
        match (&self.package, candidates.are_of_ancestors()) {
            (Err(_), _) => Sought::Build,
            (Ok(_), true) => Sought::Files,
            (Ok(_), false) => Sought::OwnFiles,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::crypto::secret::SecretKey;
    use crate::crypto::signing;
    use crate::document;
    use crate::function::Functions;
    use crate::manifest::attached::Attached;
    use crate::manifest::{PAYLOAD_TYPE, bundle::Bundle};
    use crate::provenance::Kind;
    use crate::workspace::Workspace;

    fn candidate(is_own: bool, inventory: &[u8]) -> Candidate {
        let (short, long) = ("00".repeat(32), "00".repeat(48));
        let text = format!(
            r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"name":"orders.zip","digest":{{"sha256":"{short}","sha384":"{long}"}}}}],
            "predicateType":"urn:countersign:signing-job:v1","predicate":{{
            "job":"arn:countersign:signer::acme:/signing-jobs/3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b10",
            "profile":"arn:countersign:signer::acme:/signing-profiles/release/a1b2c3d4e5",
            "platform":"AWSLambda-SHA384-ECDSA","kind":"function","name":"orders","requestedBy":"ci@acme.example",
            "signedAt":"2026-01-31T12:00:00Z","signatureExpiresAt":"2027-01-31T12:00:00Z","size":1,
            "chunkDigest":"{long}","files":[{{"path":"a","mode":"100644","size":1,"sha384":"{long}"}}],
            "selection":{{"include":[],"exclude":[],"untracked":true}},
            "source":{{"commit":"1111","tree":"2222","path":"","dirty":false}},"tool":"countersign 0.1.0"}}}}"#
        );
        let key = SecretKey::generate().unwrap();
        let bundle = Bundle::new(signing::sign(PAYLOAD_TYPE, text.into_bytes(), &[&key]), &key.public().id());
        let manifest = Attached::parse(&document::to_json(&bundle)).unwrap();
        Candidate { manifest, commit: "111111111111".into(), is_own, inventory: Sha384::of(inventory) }
    }

    #[test]
    fn only_manifests_of_the_commit_itself_are_of_its_builds() {
        let workspace = Workspace::implicit(Path::new("/orders"));
        let item = &workspace.items[0];
        let package = Ok(Packaged { inventory: Sha384::of(b"files"), held: None });
        let (named, folder) = ((Kind::Function, item.name.clone()), String::new());
        let item = PackagedItem { named, item, folder, package };
        let functions = "format = 2\nrevision = 1\nprotected_refs = []\n[[function]]\npattern = '*'\n\
            csc = 'csc-00000000000000001'\nsource = 'artifact'\n";
        let functions = Functions::parse(Path::new("functions.toml"), functions.as_bytes()).unwrap();
        let build = functions.build_of(&item.item.name, "1111");
        for (is_own, files, by_build, by_files) in [
            (true, "files", Some(false), Some(false)),
            (false, "files", Some(false), Some(false)),
            (true, "build", Some(true), None),
            (false, "build", None, None),
        ] {
            let named = [candidate(is_own, files.as_bytes())];
            let fitting = |build| item.fitting(&named, build).first().map(|(_, build)| build.is_some());
            assert_eq!((fitting(build), fitting(None)), (by_build, by_files), "{is_own} {files}");
        }
    }
}
