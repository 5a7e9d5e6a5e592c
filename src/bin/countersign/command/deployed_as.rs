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
    let functions = context.workspace.items.iter().filter(|item| item.kind == Kind::Function);
    let names: Vec<&str> = functions.map(|item| item.name.as_str()).collect();
    if !artifact.exists() {
        let hint = match names.contains(&shown.as_str()) {
            true => {
                format!("to verify the package of `{shown}`, run `countersign verify --function {shown}`")
            }
            false => "create it with `countersign release`, or name another".into(),
        };
        return refuse(format!("`{shown}` does not exist"), hint);
    }
    if artifact.is_dir() {
        let hint = "name a file in it, or run `countersign verify` for every package of the workspace";
        return refuse(format!("`{shown}` is a folder, not an artifact"), hint);
    }
    let stem = artifact.file_name().and_then(|name| name.to_str()?.strip_suffix(".zip")).unwrap_or_default();
    let hint = match names.as_slice() {
        [only] => format!("if it is that function, run `countersign verify {shown} --function {only}`"),
        names if names.contains(&stem) => {
            format!("if it is that function, run `countersign verify {shown} --function {stem}`")
        }
        names => format!(
            "pass the function that it is deployed as: `countersign verify {shown} --function NAME`; {}",
            suggest::known(stem, names.iter().copied())
        ),
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
