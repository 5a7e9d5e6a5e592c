//! What an artifact is deployed as, if no option names it: the item of the workspace whose package it is.
//!
//! Only the place counts, `dist/orders.zip` for `orders`: neither the artifact nor its manifest can choose the function,
//! and so the CSC, that it is verified under.

use std::path::{Path, PathBuf};

use anyhow::Error;
use countersign::name::ArtifactName;
use countersign::provenance::Kind;
use countersign::shown;
use countersign::workspace::Item;

use crate::context::Context;
use crate::output::refuse;
use crate::suggest;

/// The item whose package is at this path.
///
/// The last component is compared as it is written: through a link, one file would be the package of two items.
pub fn item_at<'a>(context: &'a Context, artifact: &Path) -> Option<&'a Item> {
    let output = context.workspace.output.canonicalize().ok()?;
    let place = parent(artifact).canonicalize().ok()?.join(artifact.file_name()?);
    context.workspace.items.iter().find(|item| item.artifact(&output) == place)
}

/// The error for an artifact that no option and no place names, with the command that does.
pub fn unnamed(context: &Context, artifact: &Path) -> Error {
    let shown = shown::shortened(&context.shown(artifact)).into_owned();
    let items = &context.workspace.items;
    let stem = artifact.file_name().and_then(|name| name.to_str()?.strip_suffix(".zip")).unwrap_or_default();
    let like = items.iter().find(|item| item.kind == Kind::Function && item.name.as_str() == stem);
    let hint = match (like, artifact.exists()) {
        (None, false) if items.iter().any(|item| item.name.as_str() == shown) => {
            format!("to verify the package of `{shown}`, run `countersign verify --function {shown}`")
        }
        (Some(item), _) => {
            format!("if it is that function, run `countersign verify {shown} --function {}`", item.name)
        }
        (None, _) => {
            let functions = items.iter().filter(|item| item.kind == Kind::Function);
            let known = suggest::known(stem, functions.map(|item| item.name.as_str()));
            format!(
                "pass the function that it is deployed as: `countersign verify {shown} --function NAME`; {known}"
            )
        }
    };
    refuse(
        format!("cannot select a CSC for `{shown}`: it is not the package of a function in this workspace"),
        hint,
    )
}

/// The folder that a path is in.
fn parent(path: &Path) -> PathBuf {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")).into()
}

/// A layer is verified by itself; only a function has layers.
pub fn check_has_layers(asked: Option<&(Kind, ArtifactName)>) -> Result<(), Error> {
    match asked {
        Some((Kind::Function, _)) => Ok(()),
        _ => Err(refuse(
            "`--layer` needs the function that the layer is deployed with",
            "pass the function with `--function NAME`",
        )),
    }
}
