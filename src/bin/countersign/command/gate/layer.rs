//! Layers on the command line: `NAME=FILE`.

use std::path::PathBuf;
use std::str::FromStr;

use countersign::name::ArtifactName;

/// A layer and its package.
#[derive(Debug, Clone)]
pub struct LayerArg {
    pub name: ArtifactName,
    pub file: PathBuf,
}

impl FromStr for LayerArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = text.split_once('=').ok_or("a layer is given as NAME=FILE")?;
        let name = name.parse().map_err(|error| format!("{error}"))?;
        Ok(Self { name, file: file.into() })
    }
}
