//! Layers: whether an artifact is the layer version that an account published, and our account can use it.
//!
//! An ARN is looked up only in its own account's sealed `layers/NAME.toml`. The record says which bytes a
//! version has and who can use it; whether they are trusted is decided by the four checks as usual.

use super::VerifyError;
use crate::arn::{LayerArn, Owner};
use crate::files::artifact::Artifact;
use crate::layer::{Consumer, Layer, LayerVersion};
use crate::limits::PLAIN_SHA384_BYTES_MAX;
use crate::parallel::Threads;
use crate::policy::error::PolicyError;
use crate::policy::store::Policy;
use crate::report::{Check, Finding};

/// The result of looking up an ARN.
pub struct Looked {
    /// The version's record, if there is one, even without permission.
    pub version: Option<LayerVersion>,
    /// Why it cannot be used.
    pub findings: Vec<Finding>,
}

/// Looks up an ARN in its account's sealed layers.
pub fn look_up(policy: &Policy, arn: &LayerArn) -> Result<Looked, PolicyError> {
    let nothing = |why: String, hint: &str| Looked {
        version: None,
        findings: vec![mismatch("layer-unpublished", format!("`{arn}` {why}"), hint)],
    };
    let owner = arn.owner().account();
    if *arn.owner() != Owner::countersign(owner.clone()) {
        return Ok(nothing(
            "is published by AWS, not by an account of this policy".into(),
            "publish its content in your own account with `countersign layer publish`, and use that version",
        ));
    }
    let other = if owner == policy.account() { None } else { policy.of_account(owner)? };
    if other.is_none() && owner != policy.account() {
        return Ok(nothing(
            format!("is of account `{owner}`, which this policy does not know"),
            "ask the policy owner to trust that account with `countersign account trust`",
        ));
    }
    let layer = match &other {
        Some(other) => other.layer(arn.layer()).map_err(|error| error.of_account(owner))?,
        None => policy.layer(arn.layer())?,
    };
    let version = layer.as_ref().and_then(|layer| Some((layer, layer.published(arn.number())?)));
    let Some((layer, version)) = version else {
        return Ok(nothing(
            format!("is not a published and sealed version of account `{owner}`"),
            "use a version that `countersign layer show` lists, or update the account: countersign account update",
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
    // A permission names an account; its pin, if there is one, says which account its owner means.
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
            (Consumer::Everyone, Some(organization)) => policy.is_in_organization(organization, other)?,
            _ => false,
        };
        if lets {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Checks an artifact against its ARN; returns every mismatch.
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
            format!("the layer is not the one published as `{arn}`: SHA-384 {}", version.sha384),
            "download the published artifact with `countersign layer fetch`, or use the ARN of this version",
        ));
    }
    Ok(findings)
}

/// Whether an artifact is the published one. Over [`PLAIN_SHA384_BYTES_MAX`] its SHA-256 is compared, as in a
/// verdict.
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
        format!("account `{owner}` does not permit account `{account}` to use `{arn}`"),
        "ask its owner to run `countersign layer permit` and seal, and then run `countersign account update`",
    )
}

fn mismatch(code: &'static str, message: String, hint: &str) -> Finding {
    Finding::new(Check::Mismatch, code, message, hint)
}

#[cfg(test)]
mod checks {
    use std::fs::File;

    use super::*;
    use crate::digest::{Sha256, Sha384};
    use crate::policy::sample::Sample;

    const NOW: &str = "2026-03-01T00:00:00Z";
    const BYTES: &[u8] = b"layer";

    /// The document of layer `base` with versions 1 and 2, and these permissions.
    fn layer(permissions: &str) -> String {
        let version = |number: u64| {
            format!(
                "[[version]]\nversion = {number}\ncreated = '2026-01-01T00:00:00Z'\ncompatible_runtimes = []\n\
                size = {}\nunpacked_size = 5\nsha256 = '{}'\nsha384 = '{}'\nsigned = true\n",
                BYTES.len(),
                Sha256::of(BYTES),
                Sha384::of(BYTES)
            )
        };
        format!("name = 'base'\nrevision = 1\n{}{}{permissions}", version(1), version(2))
    }

    fn permission(principal: &str, more: &str) -> String {
        format!("[[permission]]\nversion = 1\nstatement_id = 'a'\nprincipal = '{principal}'\n{more}")
    }

    fn codes(policy: &Policy, arn: &str) -> (bool, Vec<&'static str>) {
        let Looked { version, findings } = look_up(policy, &arn.parse().unwrap()).unwrap();
        (version.is_some(), findings.iter().map(|finding| finding.code).collect())
    }

    #[test]
    fn a_layer_of_ours_is_one_that_we_have_published() {
        let sample = Sample::new(&[("layers/base.toml", &layer(""))]);
        let policy = sample.open(NOW).unwrap();
        assert_eq!(codes(&policy, "arn:countersign:lambda::acme:layer:base:1"), (true, vec![]));
        for arn in [
            "arn:countersign:lambda::acme:layer:base:3",
            "arn:countersign:lambda::acme:layer:other:1",
            "arn:countersign:lambda::unknown:layer:base:1",
            "arn:aws:lambda:eu-west-1:123456789012:layer:base:1",
        ] {
            assert_eq!(codes(&policy, arn), (false, vec!["layer-unpublished"]), "{arn}");
        }
    }

    const THEIRS: &str = "arn:countersign:lambda::vendor:layer:base:1";

    /// What is found of the vendor's layer with these permissions.
    fn of_vendor(permissions: &str) -> (bool, Vec<&'static str>) {
        let (ours, vendor) =
            (Sample::new(&[]), Sample::of("vendor", &[("layers/base.toml", &layer(permissions))]));
        ours.bring(&vendor, 2);
        codes(&ours.open(NOW).unwrap(), THEIRS)
    }

    #[test]
    fn another_account_s_layer_needs_a_permission_for_the_version_and_the_time() {
        let since = "not_before = '2026-01-01T00:00:00Z'\n";
        let until = |end: &str| format!("{since}not_after = '{end}'\n");
        let ours = permission("acme", since);
        assert_eq!(of_vendor(&ours), (true, vec![]));
        assert_eq!(of_vendor(&permission("acme", &until("2026-03-01T00:00:01Z"))), (true, vec![]));
        // One that lets us is enough, whatever others there are.
        let other = permission("other", since).replace("'a'", "'b'");
        assert_eq!(of_vendor(&format!("{other}{ours}")), (true, vec![]));
        for permissions in [
            String::new(),
            other,
            ours.replace("version = 1", "version = 2"),
            permission("acme", &until(NOW)),
            permission("acme", "not_before = '2026-03-01T00:00:01Z'\n"),
            permission("*", &format!("organization = 'group'\n{since}")),
        ] {
            assert_eq!(of_vendor(&permissions), (true, vec!["layer-forbidden"]), "{permissions}");
        }
    }

    #[test]
    fn a_permission_is_for_the_account_that_its_owner_means_by_the_name() {
        let permissions = permission("acme", "not_before = '2026-01-01T00:00:00Z'\n");
        let (ours, namesake) = (Sample::new(&[]), Sample::new(&[]));
        for (version, meant, codes_found) in [(2, &ours, vec![]), (3, &namesake, vec!["layer-forbidden"])] {
            let vendor = Sample::of("vendor", &[("layers/base.toml", &layer(&permissions))]);
            vendor.bring(meant, 2);
            ours.bring(&vendor, version);
            assert_eq!(codes(&ours.open(NOW).unwrap(), THEIRS), (true, codes_found));
        }
    }

    #[test]
    fn our_own_name_means_our_own_layers() {
        let ours = Sample::new(&[("layers/base.toml", &layer(""))]);
        ours.bring(&Sample::new(&[]), 2);
        let arn = "arn:countersign:lambda::acme:layer:base:1";
        assert_eq!(codes(&ours.open(NOW).unwrap(), arn), (true, vec![]));
        // An account of AWS can have the same name.
        let ours = Sample::of("123456789012", &[("layers/base.toml", &layer(""))]);
        let policy = ours.open(NOW).unwrap();
        assert!(codes(&policy, "arn:countersign:lambda::123456789012:layer:base:1").0);
        assert!(!codes(&policy, "arn:aws:lambda:eu-west-1:123456789012:layer:base:1").0);
    }

    #[test]
    fn a_permission_for_an_organization_is_for_its_members() {
        let organization = "organization = 'group'\nnot_before = '2026-01-01T00:00:00Z'\n";
        let membership = ("account.toml", "revision = 1\norganization = 'group'\n");
        for (ours, is_listed, expected) in [
            (Sample::new(&[membership]), true, vec![]),
            (Sample::new(&[membership]), false, vec!["layer-forbidden"]),
            (Sample::new(&[]), true, vec!["layer-forbidden"]),
        ] {
            let pin = ours.open(NOW).unwrap().pin();
            let member = format!("[[member]]\naccount = 'acme'\nroot = '{pin}'\n");
            let members = format!("revision = 1\n{}", if is_listed { &member } else { "" });
            let group = Sample::of("group", &[("organization.toml", &members)]);
            let layer = layer(&permission("*", organization));
            let vendor = Sample::of("vendor", &[("layers/base.toml", &layer)]);
            vendor.bring(&group, 2);
            ours.bring(&group, 2);
            ours.bring(&vendor, 3);
            assert_eq!(codes(&ours.open(NOW).unwrap(), THEIRS), (true, expected));
        }
    }

    #[test]
    fn an_artifact_is_the_published_one_by_its_size_and_digests() {
        let sample = Sample::new(&[("layers/base.toml", &layer(""))]);
        let policy = sample.open(NOW).unwrap();
        let arn: LayerArn = "arn:countersign:lambda::acme:layer:base:1".parse().unwrap();
        let published = look_up(&policy, &arn).unwrap().version.unwrap();
        let file = sample.state().with_file_name("base.zip");
        std::fs::write(&file, BYTES).unwrap();
        let artifact = Artifact::open(&file).unwrap();
        let is = |version: &LayerVersion| is(&artifact, version, Threads::one()).unwrap();
        assert!(is(&published));
        assert!(!is(&LayerVersion { size: 4, ..published.clone() }));
        assert!(!is(&LayerVersion { sha256: Sha256::of(b""), ..published.clone() }));
        assert!(!is(&LayerVersion { sha384: Sha384::of(b""), ..published }));
        assert!(check(&policy, &arn, &artifact, Threads::one()).unwrap().is_empty());
        std::fs::write(&file, b"LAYER").unwrap();
        let found = check(&policy, &arn, &Artifact::open(&file).unwrap(), Threads::one()).unwrap();
        assert_eq!(found[0].code, "layer-differs");
    }

    #[test]
    fn a_large_artifact_is_the_published_one_by_its_sha256() {
        let document = Layer::parse("layers/base.toml".as_ref(), layer("").as_bytes()).unwrap();
        let published = document.published(1).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("base.zip");
        let is = |over: u64, sha256: &str| {
            // Zeros, which take no space on the disk.
            File::create(&path).unwrap().set_len(PLAIN_SHA384_BYTES_MAX + over).unwrap();
            let artifact = Artifact::open(&path).unwrap();
            let (size, sha256) = (artifact.size(), sha256.parse().unwrap());
            // Its SHA-384 is that of another layer.
            let version = LayerVersion { size, sha256, ..published.clone() };
            is(&artifact, &version, Threads::per_core()).unwrap()
        };
        let of_larger = "91990977345985aaf03af1358f4f989d7eaf985b58529efb72f613c588f6599a";
        assert!(is(1, of_larger));
        assert!(!is(1, &Sha256::of(b"").to_string()));
        // Up to the limit both digests are compared.
        assert!(!is(0, "3b6a07d0d404fab4e23b6d34bc6696a6a312dd92821332385e5af7c01c421351"));
    }
}
