//! Are the functions and layers of SAM's own test templates those that AWS's translator makes of them?
//!
//! The templates are in a folder beside the checkout, with what the translator makes of each.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use countersign::plan::{self, What};
use countersign::provenance::Kind;

use crate::support::read;

/// A function that the template has and the translator replaces by its own API of the same logical id: what the template
/// says is judged all the same.
const REPLACED: (&str, &str) = ("implicit_api_with_serverless_rest_api_resource", "ServerlessRestApi");

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/judges/sam")
}

/// The logical ids of one kind; in a loop, the last part of the address.
fn ids(resources: &[plan::Resource], kind: Kind) -> BTreeSet<&str> {
    let of_kind =
        resources.iter().filter(|each| matches!(&each.what, What::Code(deployed) if deployed.kind == kind));
    of_kind.map(|each| each.address.rsplit('.').next().unwrap_or(&each.address)).collect()
}

#[test]
fn the_gate_judges_what_the_translator_makes() {
    let table = folder().join("expected.tsv");
    if !table.exists() {
        eprintln!("passed over: there is no {}", table.display());
        return;
    }
    let table = String::from_utf8(read(&table)).expect("UTF-8");
    let (mut wrong, mut count) = (Vec::new(), 0);
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        count += 1;
        let mut columns = line.split('\t');
        let mut next = || columns.next().unwrap_or_default();
        let (name, functions, layers) = (next(), next(), next());
        let text = read(&folder().join("templates").join(format!("{name}.yaml")));
        let resources = match plan::read(&text) {
            Ok(resources) => resources,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        for (kind, expected) in [(Kind::Function, functions), (Kind::Layer, layers)] {
            let expected: BTreeSet<&str> = expected.split_whitespace().collect();
            let mut found = ids(&resources, kind);
            if name == REPLACED.0 {
                found.remove(REPLACED.1);
            }
            if found != expected {
                wrong.push(format!("{name}: {found:?}, and the translator makes {expected:?}"));
            }
        }
    }
    assert!(count > 400, "{count}");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}
