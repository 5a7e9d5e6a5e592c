//! Are keys and credentials refused, in the work tree and in a commit alike, unless they are named?

use std::collections::BTreeSet;

use countersign::hint::Hint;
use countersign::package::select::SelectError;

use super::{Tree, everything, look, look_at, select_allowing};

const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n-----END PRIVATE KEY-----\n";

#[test]
fn a_secret_is_refused_with_its_path_unless_it_is_named() {
    for (path, text) in [
        ("ci.pem", KEY),
        ("config.yaml", &format!("key: |\n{KEY}")),
        (".ssh/id_work", "x"),
        ("lib/.aws/credentials", "[default]"),
        (".npmrc", "//registry.npmjs.org/:_authToken=npm_x\n"),
    ] {
        let tree = Tree::new();
        let folder = tree.path().join("f");
        tree.put(&format!("f/{path}"), text);
        let (none, named) = (BTreeSet::new(), BTreeSet::from([path.to_owned()]));
        let other = BTreeSet::from([format!("x/{path}")]);
        tree.sh("git add -f . && git commit -qm two");
        for look in [look(&tree, &folder), look_at(&tree, "HEAD", &folder)] {
            for allowed in [&none, &other] {
                let error = select_allowing(&look, &folder, &everything(), allowed).err().expect(path);
                assert!(
                    matches!(&error, SelectError::Secret { path: found, .. } if found == path),
                    "{error}"
                );
                assert!(error.hint().expect("a way out").contains(&format!("allow_secrets = [\"{path}\"]")));
            }
            let selected = select_allowing(&look, &folder, &everything(), &named).expect("it is named");
            assert!(selected.names().contains(&path));
        }
        // What stays out cannot be refused.
        let rules =
            countersign::provenance::SelectionRecord { exclude: vec![format!("/{path}")], ..everything() };
        assert!(tree.select_with(&rules).is_ok(), "{path}");
    }
}

#[test]
fn files_that_often_have_secrets_are_reported() {
    let tree = Tree::new();
    tree.sh("echo A=1 > f/.env; echo {} > f/terraform.tfstate; echo A= > f/.env.example");
    let selected = tree.select();
    let [finding] = selected.findings.as_slice() else { panic!("{:?}", selected.findings) };
    assert_eq!(finding.code, "secrets-likely");
    assert!(finding.message.contains("`.env`, `terraform.tfstate`:"), "{}", finding.message);
    let folder = tree.path().join("f");
    let named = BTreeSet::from([".env".to_owned(), "terraform.tfstate".to_owned()]);
    let selected = select_allowing(&look(&tree, &folder), &folder, &everything(), &named).expect("named");
    assert!(selected.findings.is_empty());
}
