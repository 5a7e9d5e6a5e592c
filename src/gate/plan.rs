//! Plans: every function and layer that an infrastructure tool is about to deploy, checked against the
//! policy.
//!
//! An artifact file is read and verified as usual. Everything else is reported as not covered, with a reason.
//! A hash in a plan admits nothing, because no deploy tool compares it with the code.

mod places;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use self::places::Places;
use super::{Labels, best, decide, report, stop, stop_ungoverned};
use crate::digest::Sha256;
use crate::files::artifact::Artifact;
use crate::files::{FileError, Loaded};
use crate::limits::MANIFEST_BYTES_MAX;
use crate::manifest;
use crate::manifest::shelf::Shelf;
use crate::name::ArtifactName;
use crate::parallel::Threads;
use crate::plan::{Code, CodeHash, Deployed, Resource, What, has_scheme, without_keys};
use crate::policy::store::Policy;
use crate::provenance::Kind;
use crate::report::{Check, Finding, Verdict};
use crate::verify::governance::Governance;
use crate::verify::integrity::Digests;
use crate::verify::{Here, Publishers, Question, Reported, VerifyError, verify};

/// What plans are checked against.
pub struct PlanGate<'a> {
    /// The account's policy.
    pub policy: &'a Policy,
    /// Manifests that are not next to their artifacts.
    pub shelf: &'a Shelf,
    /// Names of functions and layers: by address if the plan has no name, or by `name:` and the plan's name.
    pub names: &'a BTreeMap<String, ArtifactName>,
    /// The templates that are checked too, as [`checked_template`] names them.
    pub templates: &'a [PathBuf],
    /// The current folder, from the root.
    pub here: &'a Path,
    /// Signed revocations that the user passed.
    pub revocations: &'a [Loaded],
    /// Number of threads.
    pub threads: Threads,
}

/// A plan's resources, and its location.
pub struct PlanResources<'a> {
    /// The plan's path, as it is shown.
    pub shown: &'a str,
    /// Its path.
    pub path: &'a Path,
    /// Whether it is a template, whose paths are relative to its folder.
    pub is_template: bool,
    /// The folder that its paths are relative to.
    pub folder: &'a Path,
    /// What it deploys.
    pub resources: &'a [Resource],
}

/// The code of one resource, and its manifests.
struct Found {
    artifact: Artifact,
    /// The manifests to try; the best verdict counts.
    manifests: Vec<PathBuf>,
}

impl PlanGate<'_> {
    /// Decides on each resource; none is left out. Appends to the notes.
    pub fn decide(
        &self,
        plan: &PlanResources<'_>,
        notes: &mut Vec<String>,
    ) -> Result<Vec<Verdict>, VerifyError> {
        let functions = self.policy.functions()?;
        let deploys_no_code = functions.deploys_no_code().to_vec();
        let governance = Governance::read(self.policy, functions)?;
        let mut verdicts = Vec::with_capacity(plan.resources.len());
        let mut passed: BTreeMap<&str, usize> = BTreeMap::new();
        for resource in plan.resources {
            match &resource.what {
                What::Type { name, .. } if deploys_no_code.iter().any(|pattern| pattern.matches(name)) => {
                    *passed.entry(name).or_default() += 1;
                }
                _ => verdicts.extend(self.resource(plan, resource, &governance, notes)?),
            }
        }
        layer_notes(plan, notes);
        for (name, count) in passed {
            notes.push(format!(
                "{}: not verified: {count} of type `{name}`, which the policy lists in `deploys_no_code`",
                plan.shown
            ));
        }
        Ok(verdicts)
    }

    fn resource(
        &self,
        plan: &PlanResources<'_>,
        resource: &Resource,
        governance: &Governance<'_>,
        notes: &mut Vec<String>,
    ) -> Result<Option<Verdict>, VerifyError> {
        let mut labels = labels(plan, resource);
        let deployed = match &resource.what {
            What::Code(deployed) => deployed,
            What::Template(place) if self.is_checked(plan, place) => return Ok(None),
            What::Template(place) => {
                return Ok(Some(stop(self.other_template(plan, place), labels).into()));
            }
            What::Type { name, deploys, provider } => {
                let finding = unknown_type(name, *deploys, provider.as_deref());
                return Ok(Some(stop(finding, labels).into()));
            }
            What::Opaque(why) => {
                let message = format!("cannot tell what it deploys: {why}");
                let hint = "pass the plan or template that has its functions and layers as resources";
                return Ok(Some(stop(not_covered("plan-opaque", message, hint), labels).into()));
            }
        };
        let name = match self.name(resource, deployed) {
            Ok(name) => name,
            Err(finding) => return Ok(Some(stop(*finding, labels).into())),
        };
        (labels.kind, labels.name) = (Some(deployed.kind), Some(name.clone()));
        let Some(publishers) = governance.of(&name) else {
            return Ok(Some(stop_ungoverned(self.policy.account(), labels).into()));
        };
        match self.find(plan, deployed)? {
            Ok(found) => self.verified((deployed.kind, name), &found, publishers, &labels, notes).map(Some),
            Err(finding) => {
                let reported = Reported::only(publishers, (deployed.kind, name), finding);
                Ok(Some(report(&reported, labels)))
            }
        }
    }

    /// The name to verify for: the plan's name, or the one mapped to it, or to the address of a resource
    /// without a name.
    fn name(&self, resource: &Resource, deployed: &Deployed) -> Result<ArtifactName, Box<Finding>> {
        let address = &resource.address;
        let kind = deployed.kind.name();
        let by_name = deployed.name.as_ref().and_then(|said| self.names.get(&format!("{BY_NAME}{said}")));
        let by_address = self.names.get(address).or_else(|| self.names.get(&without_keys(address)));
        match (by_name, by_address, &deployed.name) {
            (Some(name), _, _) | (None, Some(name), None) => return Ok(name.clone()),
            (None, Some(name), Some(said)) if name.as_str() != said => {
                let message = format!("the plan deploys it as {kind} `{said}`, but `--map` says `{name}`");
                let hint = format!(
                    "remove the `--map` of `{address}`; if {kind} `{said}` has the code of `{name}`, pass \
                    `--map '{BY_NAME}{said}={name}'`"
                );
                return Err(Box::new(not_covered("plan-name-differs", message, hint)));
            }
            _ => {}
        }
        let hint = format!("name the {kind} with `--map '{address}=NAME'`");
        match &deployed.name {
            None => Err(Box::new(not_covered(
                "plan-name-unknown",
                format!("the plan does not contain the {kind}'s name, which is known only after the deploy"),
                hint,
            ))),
            Some(said) => said.parse().map_err(|error| {
                let hint = format!("name the {kind} with `--map '{BY_NAME}{said}=NAME'`");
                Box::new(not_covered("plan-name-unknown", format!("{error}"), hint))
            }),
        }
    }

    /// Whether the template at this place is checked too. Terraform plans name no template files.
    fn is_checked(&self, plan: &PlanResources<'_>, place: &str) -> bool {
        let is_file = plan.is_template && !has_scheme(place);
        is_file
            && self.templates.contains(&places::lexical(self.here, &plan.folder.join(place)))
            && self.places(plan).differ(place).is_none()
    }

    /// Why a template that a plan names is not checked.
    fn other_template(&self, plan: &PlanResources<'_>, place: &str) -> Finding {
        let message = format!("its functions and layers are in the template `{place}`");
        if !plan.is_template {
            let hint = "add its functions and layers to the plan as resources";
            return not_covered("plan-template", message, hint);
        }
        if has_scheme(place) {
            let hint = "use the path of the template file, pass it with `--plan` too, and let the deploy tool upload it";
            return not_covered("plan-template", message, hint);
        }
        if let Some((why, hint)) = self.places(plan).differ(place) {
            return not_covered("plan-tools-differ", why, hint);
        }
        let shown = places::shown(self.here, &plan.folder.join(place));
        not_covered(
            "plan-template",
            message,
            format!("pass it with `--plan {shown}` too, before it is uploaded"),
        )
    }

    fn places<'a>(&'a self, plan: &'a PlanResources<'_>) -> Places<'a> {
        Places { here: self.here, template: plan.path }
    }

    /// The code, by its bytes, or why it is not covered.
    fn find(
        &self,
        plan: &PlanResources<'_>,
        deployed: &Deployed,
    ) -> Result<Result<Found, Finding>, VerifyError> {
        let sha256 = match &deployed.hash {
            CodeHash::Unsaid => None,
            CodeHash::Sha256(sha256) => Some(*sha256),
            CodeHash::Malformed(text) => {
                let message = format!("its code hash `{text}` is not a SHA-256 in base64");
                let hint = "write it as `filebase64sha256(\"FILE\")`";
                return Ok(Err(not_covered("plan-hash-malformed", message, hint)));
            }
        };
        let (code, message, hint) = match (&deployed.code, sha256) {
            (Code::Local(path), said) => {
                if let Some((why, hint)) = self.places(plan).differ(path).filter(|_| plan.is_template) {
                    return Ok(Err(not_covered("plan-tools-differ", why, hint)));
                }
                return self.local(path, &plan.folder.join(path), said);
            }
            (Code::Differs { why, hint }, _) => ("plan-tools-differ", (*why).into(), *hint),
            (Code::Stored(place), _) => (
                "plan-code-elsewhere",
                format!(
                    "its code is in `{place}`, and no deploy tool compares its SHA-256 with the signed package"
                ),
                "run the gate on the template before the file is uploaded; in Terraform, set `filename`",
            ),
            (Code::Asset(place), _) => {
                let place = place.as_ref().map_or("something else".into(), |place| format!("`{place}`"));
                (
                    "plan-asset-metadata",
                    format!(
                        "its `Metadata` makes SAM deploy {place}, but CloudFormation deploys the code in its properties"
                    ),
                    "remove `aws:asset:path` and `aws:asset:property`, or use the same package in both places",
                )
            }
            (Code::Image, _) => (
                "plan-image",
                "it is a container image, and Lambda code signing covers only ZIP packages".into(),
                "deploy the code as a signed ZIP",
            ),
            (Code::Inline, _) => (
                "plan-inline",
                "its code is inline in the template, where it cannot be signed".into(),
                "move the code to a file, and package and sign it",
            ),
            (Code::Unknown(why), _) => (
                "plan-code-unknown",
                (*why).into(),
                "name a signed package in the template, or create the plan after the package",
            ),
        };
        Ok(Err(not_covered(code, message, hint)))
    }

    /// Code in a local file.
    fn local(
        &self,
        shown: &str,
        path: &Path,
        said: Option<Sha256>,
    ) -> Result<Result<Found, Finding>, VerifyError> {
        if path.is_dir() {
            let message = format!("`{shown}` is a folder, which the tool would deploy as an unsigned ZIP");
            let hint = "create a signed package with `countersign release`, and name its ZIP";
            return Ok(Err(not_covered("plan-folder", message, hint)));
        }
        let message = match Artifact::open(path) {
            Ok(artifact) => return self.by_bytes(path, artifact, said, shown),
            Err(error) if error.is_absent() => {
                format!("`{}` does not exist", places::shown(self.here, path))
            }
            Err(FileError::NotAFile { .. }) => format!("`{shown}` is not a regular file"),
            Err(error) => return Err(error.into()),
        };
        let hint = "create the package first; for a Terraform plan, pass the folder that its paths are relative to with \
            `--assets`";
        Ok(Err(not_covered("plan-file-missing", message, hint)))
    }

    /// A local artifact: its bytes count, and the plan's hash must match them.
    fn by_bytes(
        &self,
        path: &Path,
        artifact: Artifact,
        said: Option<Sha256>,
        shown: &str,
    ) -> Result<Result<Found, Finding>, VerifyError> {
        let sha256 = artifact.quick_digests(self.threads)?.sha256;
        if said.is_some_and(|said| said != sha256) {
            return Ok(Err(Finding::new(
                Check::Integrity,
                "plan-hash-differs",
                format!("`source_code_hash` is not the SHA-256 of `{shown}`"),
                "set it to `filebase64sha256(\"FILE\")` of that file; if it is, the file changed after the plan was created, \
                so create the plan again",
            )));
        }
        let beside = manifest::path_next_to(path);
        // A manifest next to the artifact is its manifest, whatever is on the shelf.
        let manifests = if beside.exists() { vec![beside] } else { self.shelf.about(&sha256).to_vec() };
        Ok(Ok(Found { artifact, manifests }))
    }

    /// The verdict with the best manifest for the code.
    fn verified(
        &self,
        asked: (Kind, ArtifactName),
        found: &Found,
        publishers: &Publishers<'_>,
        labels: &Labels,
        notes: &mut Vec<String>,
    ) -> Result<Verdict, VerifyError> {
        let none = found.manifests.is_empty().then_some(None);
        let each = |path: Option<&PathBuf>| {
            let manifest = path.map(|path| Loaded::read(path, MANIFEST_BYTES_MAX)).transpose()?;
            let question = Question {
                subject: Here::Artifact(&found.artifact),
                manifest: manifest.as_ref(),
                asked: Some(asked.clone()),
                revocations: self.revocations,
                digests: Digests::Quick,
                threads: self.threads,
            };
            let evidence = verify(publishers, &question)?.hinting(
                "manifest-missing",
                "sign it with `countersign sign`, or pass the folder of its manifest with `--manifests`",
            );
            notes.extend_from_slice(evidence.notes());
            let manifest = path.map(|path| places::shown(self.here, path));
            Ok::<_, VerifyError>(decide(&evidence, Labels { manifest, ..labels.clone() }))
        };
        let best = best(none.into_iter().chain(found.manifests.iter().map(Some)).map(each))?;
        Ok(best.expect("there is at least one question").into())
    }
}

/// Adds a note for each layer that functions of the plan use but the plan does not deploy.
fn layer_notes(plan: &PlanResources<'_>, notes: &mut Vec<String>) {
    let mut layers: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
    for resource in plan.resources {
        let What::Code(deployed) = &resource.what else { continue };
        for layer in &deployed.layers {
            layers.entry(layer).or_insert((&resource.address, 0)).1 += 1;
        }
    }
    for (layer, (address, count)) in layers {
        let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
        notes.push(format!(
            "{}: not verified: layer `{layer}` of `{address}`{more}, which the plan does not deploy",
            plan.shown
        ));
    }
}

fn unknown_type(name: &str, deploys: Option<&str>, provider: Option<&str>) -> Finding {
    let message = match (deploys, provider) {
        (Some(what), _) => {
            format!("resources of type `{name}` can deploy code that is not verified: {what}")
        }
        (None, Some(provider)) => {
            format!("`{name}` of the provider `{provider}` is not a known type, so it could deploy code")
        }
        (None, None) => format!("`{name}` is not a known type, so it could deploy code"),
    };
    // The template chooses the type of a custom resource; what that deploys is unknown.
    let hint = if deploys.is_none() || name.starts_with("Custom::") {
        format!(
            "deploy its code as a signed function or layer; if it deploys no code, ask a policy key holder to list the \
            type with `countersign function deploys-no-code '{name}'`"
        )
    } else {
        "deploy its code as a signed function or layer, or move it to another pipeline".into()
    };
    not_covered("plan-type-unknown", message, hint)
}

fn not_covered(code: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Finding {
    Finding::new(Check::Mismatch, code, message, hint)
}

/// The label of a resource: the plan, the address, and the code.
fn labels(plan: &PlanResources<'_>, resource: &Resource) -> Labels {
    let code = match &resource.what {
        What::Code(Deployed { code: Code::Local(place) | Code::Stored(place), .. })
        | What::Template(place) => {
            format!(" ({place})")
        }
        _ => String::new(),
    };
    Labels {
        artifact: format!("{}: {}{code}", plan.shown, resource.address),
        manifest: None,
        kind: None,
        name: None,
    }
}

/// The prefix of a mapping from a name in the plan; no address starts with it.
const BY_NAME: &str = "name:";

/// The path by which other templates name a template that is checked; `None` if deploy tools find another
/// file there.
pub fn checked_template(here: &Path, path: &Path) -> Option<PathBuf> {
    places::template(here, path)
}

/// Whether the text is the resource's address, that of all its instances, or `name:` and its name.
pub fn is_address(resource: &Resource, said: &str) -> bool {
    if let (Some(said), What::Code(deployed)) = (said.strip_prefix(BY_NAME), &resource.what) {
        return deployed.name.as_deref() == Some(said);
    }
    resource.address == said || without_keys(&resource.address) == said
}
