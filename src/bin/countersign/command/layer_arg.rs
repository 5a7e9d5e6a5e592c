//! Layers on the command line, `ARN`, `ARN=PLACE` or `NAME=FILE`, and where their packages are.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::Result;
use countersign::arn::LayerArn;
use countersign::files::artifact::Artifact;
use countersign::layer::path_in;
use countersign::name::ArtifactName;
use countersign::policy::store::Policy;
use countersign::provenance::Kind;
use countersign::verify::layer::{is, look_up};

use crate::context::Context;
use crate::output::refuse;

/// A layer that a function is deployed with.
#[derive(Debug, Clone)]
pub enum LayerArg {
    /// A published version; its package, or the folder of it, if one is named.
    Published { arn: LayerArn, place: Option<PathBuf> },
    /// A name and a package.
    Named { name: ArtifactName, file: PathBuf },
}

/// How a command gets the packages of layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// With `--layer`, or else from the workspace's output.
    TakesLayers,
    /// Only from the workspace's output: it has no `--layer`.
    FindsLayers,
}

/// A layer and its package.
pub struct Located {
    pub name: ArtifactName,
    /// The published version that it is to be, if it was named so.
    pub arn: Option<LayerArn>,
    pub file: PathBuf,
}

impl FromStr for LayerArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (named, place) = text.split_once('=').map_or((text, None), |(named, place)| (named, Some(place)));
        if place == Some("") {
            return Err("expected a file name after the `=`".into());
        }
        if named.starts_with("arn:") {
            let arn = named.parse().map_err(|error| format!("{error}"))?;
            return Ok(Self::Published { arn, place: place.map(PathBuf::from) });
        }
        let file = place.ok_or("expected `ARN`, `ARN=FILE` or `NAME=FILE`")?.into();
        let name = named.parse().map_err(|error| format!("{error}"))?;
        Ok(Self::Named { name, file })
    }
}

impl LayerArg {
    /// Whether it is the layer version that a workspace names.
    fn is(&self, arn: &LayerArn) -> bool {
        match self {
            Self::Published { arn: other, .. } => other == arn,
            Self::Named { name, .. } => name == arn.layer(),
        }
    }

    fn into_place(self) -> Option<PathBuf> {
        match self {
            Self::Published { place, .. } => place,
            Self::Named { file, .. } => Some(file),
        }
    }
}

/// The layers of a function: those in countersign.toml, and those that were passed.
///
/// For a layer in countersign.toml, what was passed names its package.
pub fn layers_of(context: &Context, function: &ArtifactName, given: &[LayerArg]) -> Vec<LayerArg> {
    let item = context.workspace.item(function).filter(|item| item.kind == Kind::Function);
    let (mut all, mut rest) = (Vec::new(), given.to_vec());
    for arn in item.into_iter().flat_map(|item| &item.layers) {
        let at = rest.iter().position(|given| given.is(arn));
        all.push(LayerArg::Published {
            arn: arn.clone(),
            place: at.and_then(|at| rest.remove(at).into_place()),
        });
    }
    all.extend(rest);
    all
}

/// Finds a layer's package: at the path that is named, else in the workspace's output.
///
/// Of several it is the one that was published under the ARN; the first of them, if none is.
pub fn locate(context: &Context, policy: &Policy, layer: LayerArg) -> Result<Located> {
    locate_for(context, policy, layer, Command::TakesLayers)
}

/// Like [`locate`], for a command with or without `--layer`.
pub fn locate_for(context: &Context, policy: &Policy, layer: LayerArg, command: Command) -> Result<Located> {
    let (arn, place) = match layer {
        LayerArg::Named { name, file } => return Ok(Located { name, arn: None, file }),
        LayerArg::Published { arn, place } => (arn, place),
    };
    let file = match place {
        Some(file) if !file.is_dir() => file,
        folder => {
            let folder = folder.as_deref().unwrap_or(&context.workspace.output);
            find(context, policy, &arn, folder, command)?
        }
    };
    Ok(Located { name: arn.layer().clone(), arn: Some(arn), file })
}

fn find(
    context: &Context,
    policy: &Policy,
    arn: &LayerArn,
    folder: &Path,
    command: Command,
) -> Result<PathBuf> {
    let names = [path_in(folder, arn), folder.join(format!("{}.zip", arn.layer()))];
    let there: Vec<&PathBuf> = names.iter().filter(|path| path.exists()).collect();
    let Some(first) = there.first() else {
        let shown = names.each_ref().map(|path| format!("`{}`", context.shown(path)));
        return Err(refuse(
            format!("no package of `{arn}`: neither {}", shown.join(" nor ")),
            match command {
                Command::TakesLayers => format!(
                    "fetch it with `countersign layer fetch {arn}`, or name the file with `--layer {arn}=FILE`"
                ),
                Command::FindsLayers => {
                    format!("fetch it with `countersign layer fetch {arn}`, and run the command again")
                }
            },
        ));
    };
    if there.len() > 1
        && let Some(version) = look_up(policy, arn)?.version
    {
        for path in &there {
            if is(&Artifact::open(path)?, &version, context.threads)? {
                return Ok(path.to_path_buf());
            }
        }
    }
    Ok(first.to_path_buf())
}
