//! Layers: whether an artifact is the layer version that an account published, for us to use.
//!
//! What an ARN names is looked up in its own account's sealed `layers/NAME.toml`, and nowhere else. The record
//! says which bytes a version is and who may use it; that they are trusted is for the four checks to say, which
//! are made all the same.

use super::VerifyError;
use crate::arn::{LayerArn, Owner};
use crate::files::artifact::Artifact;
use crate::layer::{Consumer, Layer, LayerVersion};
use crate::limits::PLAIN_SHA384_BYTES_MAX;
use crate::parallel::Threads;
use crate::policy::error::PolicyError;
use crate::policy::store::Policy;
use crate::report::{Check, Finding};

/// What an account has published under an ARN, or why that is nothing we may use.
pub struct Looked {
    /// The version's record, if there is one, whoever may use it.
    pub version: Option<LayerVersion>,
    /// What is wrong with using it.
    pub findings: Vec<Finding>,
}

/// Looks an ARN up in its account's sealed layers.
pub fn look_up(policy: &Policy, arn: &LayerArn) -> Result<Looked, PolicyError> {
    let nothing = |why: String, hint: &str| Looked {
        version: None,
        findings: vec![mismatch("layer-unpublished", format!("`{arn}` {why}"), hint)],
    };
    let owner = arn.owner().account();
    if *arn.owner() != Owner::countersign(owner.clone()) {
        return Ok(nothing(
            "is a layer of AWS, which no policy here publishes".into(),
            "publish its bytes in an account of ours with `countersign layer publish`, and name that version",
        ));
    }
    let other = if owner == policy.account() { None } else { policy.of_account(owner)? };
    if other.is_none() && owner != policy.account() {
        return Ok(nothing(
            format!("is of account `{owner}`, which this policy does not know"),
            "ask the owner of the policy to pin that account with `countersign account trust`",
        ));
    }
    let layer = match &other {
        Some(other) => other.layer(arn.layer()).map_err(|error| error.of_account(owner))?,
        None => policy.layer(arn.layer())?,
    };
    let version = layer.as_ref().and_then(|layer| Some((layer, layer.published(arn.number())?)));
    let Some((layer, version)) = version else {
        return Ok(nothing(
            format!("is not among what account `{owner}` has published and sealed"),
            "name a version that `countersign layer show` lists, or bring the account up to date",
        ));
    };
    let findings = match &other {
        Some(other) if !may_use(policy, other, layer, arn)? => vec![forbidden(policy, arn)],
        _ => Vec::new(),
    };
    Ok(Looked { version: Some(version.clone()), findings })
}

/// Whether a permission of the layer lets our account use the version now.
fn may_use(policy: &Policy, other: &Policy, layer: &Layer, arn: &LayerArn) -> Result<bool, PolicyError> {
    // A permission names an account; which one its owner means by that is for the pin to say, if there is one.
    let meant = other.known_account(policy.account()).map_err(|error| error.of_account(other.account()))?;
    if meant.is_some_and(|known| known.root() != policy.pin()) {
        return Ok(false);
    }
    let holding = layer
        .permissions()
        .iter()
        .filter(|permission| permission.version == arn.number() && permission.holds(policy.now()));
    for permission in holding {
        let lets = match (&permission.principal, &permission.organization) {
            (Consumer::Account(account), None) => account == policy.account(),
            (Consumer::Everybody, Some(organization)) => policy.is_in_organization(organization, other)?,
            _ => false,
        };
        if lets {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Holds an artifact against what its ARN names; finds everything that does not fit.
pub fn check(
    policy: &Policy,
    arn: &LayerArn,
    artifact: &Artifact,
    threads: Threads,
) -> Result<Vec<Finding>, VerifyError> {
    let Looked { version, mut findings } = look_up(policy, arn)?;
    if let Some(version) = version
        && !is(artifact, &version, threads)?
    {
        findings.push(Finding::new(
            Check::Integrity,
            "layer-differs",
            format!("the layer is not what was published as `{arn}`: SHA-384 {}", version.sha384),
            "get the published artifact with `countersign layer fetch`, or name the version that this is",
        ));
    }
    Ok(findings)
}

/// Whether an artifact is the published one. Over [`PLAIN_SHA384_BYTES_MAX`] its SHA-256 says so, as in a verdict.
pub fn is(artifact: &Artifact, version: &LayerVersion, threads: Threads) -> Result<bool, VerifyError> {
    if artifact.size() != version.size {
        return Ok(false);
    }
    if artifact.size() > PLAIN_SHA384_BYTES_MAX {
        return Ok(artifact.quick_digests(threads)?.sha256 == version.sha256);
    }
    let found = artifact.digests(threads)?;
    Ok((found.sha256, found.sha384) == (version.sha256, version.sha384))
}

fn forbidden(policy: &Policy, arn: &LayerArn) -> Finding {
    let (account, owner) = (policy.account(), arn.owner().account());
    mismatch(
        "layer-forbidden",
        format!("account `{owner}` does not let account `{account}` use `{arn}`"),
        "ask its owner for `countersign layer permit`, and bring the account up to date once that is sealed",
    )
}

fn mismatch(code: &'static str, message: String, hint: &str) -> Finding {
    Finding::new(Check::Mismatch, code, message, hint)
}
