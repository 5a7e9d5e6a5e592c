//! Layers on the command line, `ARN`, `ARN=PLACE` or `NAME=FILE`, and where their packages are.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::Result;
use countersign::arn::LayerArn;
use countersign::files::artifact::Artifact;
use countersign::name::ArtifactName;
use countersign::policy::store::Policy;
use countersign::provenance::Kind;
use countersign::verify::layer::{is, look_up};

use crate::context::Context;
use crate::output::refuse;

/// A layer that a function is deployed with.
#[derive(Debug, Clone)]
pub struct LayerArg {
    pub name: ArtifactName,
    /// The published version, if it was named so.
    pub arn: Option<LayerArn>,
    /// Its package, or the folder that holds it.
    pub place: Option<PathBuf>,
}

/// A layer and its package.
pub struct Located {
    pub name: ArtifactName,
    pub arn: Option<LayerArn>,
    pub file: PathBuf,
}

impl FromStr for LayerArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (named, place) = text.split_once('=').map_or((text, None), |(named, place)| (named, Some(place)));
        if place == Some("") {
            return Err("name a file after the `=`".into());
        }
        let place = place.map(PathBuf::from);
        if named.starts_with("arn:") {
            let arn: LayerArn = named.parse().map_err(|error| format!("{error}"))?;
            return Ok(Self { name: arn.layer().clone(), arn: Some(arn), place });
        }
        if place.is_none() {
            return Err("a layer is given as ARN, ARN=FILE or NAME=FILE".into());
        }
        let name = named.parse().map_err(|error| format!("{error}"))?;
        Ok(Self { name, arn: None, place })
    }
}

/// The layers of a function: those that the workspace says it has, and those that were given.
///
/// What was given for one that the workspace names says where its package is.
pub fn layers_of(context: &Context, function: &ArtifactName, given: &[LayerArg]) -> Vec<LayerArg> {
    let item = context.workspace.item(function).filter(|item| item.kind == Kind::Function);
    let named = item.into_iter().flat_map(|item| &item.layers);
    let is_it = |arn: &LayerArn, given: &LayerArg| match &given.arn {
        Some(other) => other == arn,
        None => given.name == *arn.layer(),
    };
    let mut rest = given.to_vec();
    let mut all = Vec::new();
    for arn in named {
        let place = rest.iter().position(|given| is_it(arn, given)).and_then(|at| rest.remove(at).place);
        all.push(LayerArg { name: arn.layer().clone(), arn: Some(arn.clone()), place });
    }
    all.extend(rest);
    all
}

/// Finds a layer's package: where it was said to be, else in the workspace's output.
///
/// Of several it is the one that was published under the ARN; the first of them, if none is.
pub fn locate(context: &Context, policy: &Policy, layer: LayerArg) -> Result<Located> {
    let LayerArg { name, arn, place } = layer;
    let candidates = match (&arn, &place) {
        (Some(arn), Some(place)) if place.is_dir() => in_folder(arn, place),
        (_, Some(place)) => vec![place.clone()],
        (Some(arn), None) => in_folder(arn, &context.workspace.output),
        (None, None) => Vec::new(),
    };
    let there: Vec<&PathBuf> = candidates.iter().filter(|path| path.exists()).collect();
    let published = match &arn {
        Some(arn) if there.len() > 1 => look_up(policy, arn)?.version,
        _ => None,
    };
    for path in there.iter().filter(|_| published.is_some()) {
        if let Some(version) = &published
            && is(&Artifact::open(path)?, version, context.threads)?
        {
            return Ok(Located { name, arn, file: path.to_path_buf() });
        }
    }
    let file = there
        .first()
        .or(candidates.first().filter(|_| place.is_some()).as_ref())
        .map(|path| path.to_path_buf());
    let file = file.ok_or_else(|| absent(context, &name, arn.as_ref(), &candidates))?;
    Ok(Located { name, arn, file })
}

/// The names that a version's package may have in a folder.
fn in_folder(arn: &LayerArn, folder: &Path) -> Vec<PathBuf> {
    let (name, number) = (arn.layer(), arn.number());
    vec![folder.join(format!("{name}-{number}.zip")), folder.join(format!("{name}.zip"))]
}

fn absent(
    context: &Context,
    name: &ArtifactName,
    arn: Option<&LayerArn>,
    candidates: &[PathBuf],
) -> anyhow::Error {
    let shown: Vec<String> = candidates.iter().map(|path| format!("`{}`", context.shown(path))).collect();
    match arn {
        Some(arn) => refuse(
            format!("there is no package of `{arn}`: neither {}", shown.join(" nor ")),
            format!(
                "bring it with `countersign layer fetch {arn}`, or say where it is with `--layer {arn}=FILE`"
            ),
        ),
        None => refuse(format!("there is no package of layer `{name}`"), "say where it is: `NAME=FILE`"),
    }
}
