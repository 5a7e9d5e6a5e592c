//! Deployments: a function's package and its layers, decided together under the function's CSC.
//!
//! A layer is as much the function's code as its own package. So every layer must be signed by a publisher
//! that the function's CSC allows, and a layer that is named by its ARN must be the version published under
//! it, with permission for our account. AWS's limits on layers apply to all of them together.

use std::borrow::Cow;

use super::{Gate, Labels, decide, stop, stop_ungoverned};
use crate::arn::LayerArn;
use crate::files::Loaded;
use crate::files::artifact::Artifact;
use crate::hint::Hint;
use crate::limits::{AWS_UNZIPPED_BYTES, LAYERS_MAX};
use crate::name::{ArtifactName, CscId};
use crate::parallel::Threads;
use crate::policy::store::Policy;
use crate::provenance::Kind;
use crate::report::{Check, Finding};
use crate::verify::integrity::Digests;
use crate::verify::{Evidence, Here, Publishers, Question, VerifyError, layer, verify};

/// Why there is no decision.
#[derive(Debug, thiserror::Error)]
pub enum DeploymentError {
    /// The question could not be decided.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// More layers than a function can have.
    #[error("{0} layers, over AWS Lambda's limit of {LAYERS_MAX}")]
    Layers(usize),
    /// A layer was passed twice, in any version.
    #[error("layer `{0}` is passed twice")]
    Twice(ArtifactName),
}

impl Hint for DeploymentError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::Verify(error) => return error.hint(),
            Self::Layers(_) => "merge the function's layers",
            Self::Twice(_) => {
                "pass one version of each layer; name layers of different accounts by their ARNs"
            }
        };
        Some(hint.into())
    }
}

/// Bytes that are verified, with their manifest.
pub trait Code {
    /// The artifact.
    fn artifact(&self) -> &Artifact;
    /// Its manifest, if it has one.
    fn manifest(&self) -> Option<&Loaded>;
}

/// An artifact and its manifest, where they are.
#[derive(Debug)]
pub struct InPlace {
    /// The artifact.
    pub artifact: Artifact,
    /// Its manifest, if it has one.
    pub manifest: Option<Loaded>,
}

impl Code for InPlace {
    fn artifact(&self) -> &Artifact {
        &self.artifact
    }

    fn manifest(&self) -> Option<&Loaded> {
        self.manifest.as_ref()
    }
}

/// A function's package or a layer's, and what it is deployed as.
#[derive(Debug)]
pub struct Part<C> {
    /// A function's package, or a layer's.
    pub kind: Kind,
    /// The name of the function or layer.
    pub name: ArtifactName,
    /// The published layer version that it must be, if named.
    pub arn: Option<LayerArn>,
    /// How it is named in the report.
    pub labels: Labels,
    /// Its bytes.
    pub code: C,
}

/// A function and its layers.
#[derive(Debug)]
pub struct Deployment<C> {
    /// The function's package.
    pub function: Part<C>,
    /// Its layers.
    pub layers: Vec<Part<C>>,
    /// Signed revocations that the user passed.
    pub revocations: Vec<Loaded>,
    /// Which digests are computed.
    pub digests: Digests,
    /// Number of threads.
    pub threads: Threads,
}

/// The decisions on a function, on each of its layers, and on all of them together if something is wrong.
#[derive(Debug)]
pub struct Answer {
    pub(super) gates: Vec<Gate>,
    pub(super) notes: Vec<String>,
}

impl Answer {
    /// The decisions: on the function, on its layers, and a denial for all of them together if needed; and
    /// the notes.
    pub fn into_parts(self) -> (Vec<Gate>, Vec<String>) {
        (self.gates, self.notes)
    }
}

/// Decides on every part, and on all of them together.
///
/// Without a CSC they are denied.
pub fn decide_parts<C: Code>(
    policy: &Policy,
    csc: Option<&CscId>,
    asked: &Deployment<C>,
) -> Result<Answer, DeploymentError> {
    check_layers(&asked.layers)?;
    let parts = || std::iter::once(&asked.function).chain(&asked.layers);
    let publishers = csc.map_or(Ok(None), |id| Publishers::read(policy, id)).map_err(VerifyError::from)?;
    let Some(publishers) = publishers else {
        // The ungoverned name is the function's, also for a layer.
        let of_function = asked.labels();
        let labels = |part: &Part<C>| Labels {
            kind: of_function.kind,
            name: of_function.name.clone(),
            ..part.labels.clone()
        };
        let gates = parts().map(|part| stop_ungoverned(policy.account(), labels(part))).collect();
        return Ok(Answer { gates, notes: Vec::new() });
    };
    let (mut gates, mut notes, mut unzipped) = (Vec::new(), Vec::new(), 0u64);
    for part in parts() {
        let evidence = asked.evidence(&publishers, part)?;
        unzipped = unzipped.saturating_add(evidence.unzipped().unwrap_or_default());
        for note in evidence.notes() {
            if !notes.contains(note) {
                notes.push(note.clone());
            }
        }
        gates.push(decide(&evidence, part.labels.clone()));
    }
    if unzipped > AWS_UNZIPPED_BYTES {
        match asked.layers.is_empty() {
            true => notes.push(too_large(unzipped).message),
            false => gates.push(stop(too_large(unzipped), asked.labels())),
        }
    }
    Ok(Answer { gates, notes })
}

impl<C: Code> Deployment<C> {
    /// The label for the function and its layers together.
    fn labels(&self) -> Labels {
        let name = &self.function.name;
        Labels {
            artifact: format!("{name} and its layers"),
            manifest: None,
            kind: Some(Kind::Function),
            name: Some(name.clone()),
        }
    }

    /// The results of the four checks of a part, and whether it is the layer version that it was named as.
    fn evidence(&self, publishers: &Publishers<'_>, part: &Part<C>) -> Result<Evidence, VerifyError> {
        let question = Question {
            subject: Here::Artifact(part.code.artifact()),
            manifest: part.code.manifest(),
            asked: Some((part.kind, part.name.clone())),
            revocations: &self.revocations,
            digests: self.digests,
            threads: self.threads,
        };
        let evidence = verify(publishers, &question)?;
        match &part.arn {
            Some(arn) => {
                Ok(evidence.with(layer::check(publishers.policy(), arn, part.code.artifact(), self.threads)?))
            }
            None => Ok(evidence),
        }
    }
}

/// Checks the number of layers, and that no layer is passed twice; same names in two accounts are two layers.
///
/// A layer that is not named by its ARN could be of any account.
fn check_layers<C>(layers: &[Part<C>]) -> Result<(), DeploymentError> {
    if layers.len() > LAYERS_MAX {
        return Err(DeploymentError::Layers(layers.len()));
    }
    let of_two_accounts = |one: &Part<C>, other: &Part<C>| {
        let owners = one.arn.as_ref().zip(other.arn.as_ref());
        owners.is_some_and(|(one, other)| one.owner() != other.owner())
    };
    for (index, layer) in layers.iter().enumerate() {
        let is_same = |other: &Part<C>| other.name == layer.name && !of_two_accounts(other, layer);
        if layers[..index].iter().any(is_same) {
            return Err(DeploymentError::Twice(layer.name.clone()));
        }
    }
    Ok(())
}

fn too_large(unzipped: u64) -> Finding {
    Finding::new(
        Check::Mismatch,
        "layers-unzipped-size",
        format!("{unzipped} bytes unzipped with its layers, over AWS Lambda's limit of {AWS_UNZIPPED_BYTES}"),
        "remove a layer, or exclude files that the function does not need",
    )
}
