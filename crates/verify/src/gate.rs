//! The gate: decides whether an artifact with this evidence passes under a CSC.
//!
//! A passed artifact is [`Admitted`]: a deploy accepts nothing else.

use std::borrow::Borrow;

use crate::csc::Untrusted;
use crate::files::Loaded;
use crate::files::artifact::Artifact;
use crate::name::{AccountName, ArtifactName};
use crate::parallel::Threads;
use crate::policy::store::Policy;
use crate::provenance::Kind;
use crate::report::{Check, CheckOutcome, Decision, Finding, Verdict};
use crate::verify::integrity::Digests;
use crate::verify::{self, Evidence, Here, Publishers, Question, Reported, VerifyError};

/// An artifact that passed the gate. Only [`decide`] creates it.
#[derive(Debug)]
pub struct Admitted {
    verdict: Verdict,
}

impl Admitted {
    /// The verdict that admitted it.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }
}

/// The gate's decision.
#[derive(Debug)]
pub enum Gate {
    /// The artifact passes, perhaps with warnings.
    Admitted(Admitted),
    /// The artifact does not pass.
    Stopped(Verdict),
}

impl Gate {
    /// The verdict, either way.
    pub fn verdict(&self) -> &Verdict {
        match self {
            Self::Admitted(admitted) => &admitted.verdict,
            Self::Stopped(verdict) => verdict,
        }
    }
}

impl From<Gate> for Verdict {
    fn from(gate: Gate) -> Self {
        match gate {
            Gate::Admitted(Admitted { verdict }) | Gate::Stopped(verdict) => verdict,
        }
    }
}

impl Borrow<Verdict> for Gate {
    fn borrow(&self) -> &Verdict {
        self.verdict()
    }
}

/// What a verdict is about, for its readers.
#[derive(Debug, Clone)]
pub struct Labels {
    /// The artifact's path, as the user passed it.
    pub artifact: String,
    /// The manifest's path, if there is one.
    pub manifest: Option<String>,
    /// Whether [`stop`] denies a function or a layer, if one: what was verified has its kind and name in the evidence.
    pub kind: Option<Kind>,
    /// Its name.
    pub name: Option<ArtifactName>,
}

/// Decides whether an artifact with this manifest can be deployed as a function, at the time of the policy.
///
/// The CSC is the one that the sealed policy attaches to the name; without one the result is [`Gate::Stopped`].
/// Errors: there is no decision, because the policy is not trusted or a file cannot be read.
pub fn admit(
    policy: &Policy,
    name: &ArtifactName,
    artifact: &Artifact,
    manifest: Option<&Loaded>,
) -> Result<Gate, VerifyError> {
    let labels = Labels {
        artifact: artifact.path().display().to_string(),
        manifest: manifest.map(|manifest| manifest.path.display().to_string()),
        kind: Some(Kind::Function),
        name: Some(name.clone()),
    };
    let functions = policy.functions()?;
    let Some(publishers) = functions.csc_of(name).map_or(Ok(None), |id| Publishers::read(policy, id))? else {
        return Ok(stop_ungoverned(policy.account(), labels));
    };
    let question = Question {
        subject: Here::Artifact(artifact),
        manifest,
        asked: Some((Kind::Function, name.clone())),
        revocations: &[],
        digests: Digests::Quick,
        threads: Threads::per_core(),
    };
    Ok(decide(&verify::verify(&publishers, &question)?, labels))
}

/// Decides: an integrity failure denies in every mode, any other failure does what the CSC says.
///
/// An artifact is admitted only if integrity passed, or if integrity could not be checked and the CSC warns.
pub fn decide(evidence: &Evidence, labels: Labels) -> Gate {
    let verdict = verdict(evidence, labels);
    match verdict.decision {
        Decision::Allowed | Decision::Warned => Gate::Admitted(Admitted { verdict }),
        Decision::Denied => Gate::Stopped(verdict),
    }
}

/// The decision of [`decide`] on an artifact whose bytes are elsewhere. Admits nothing.
pub fn report(reported: &Reported, labels: Labels) -> Verdict {
    verdict(reported.found(), labels)
}

fn verdict(evidence: &Evidence, labels: Labels) -> Verdict {
    let failed = |check: &Check| evidence.outcome(*check) == CheckOutcome::Failed;
    let status = Check::VERDICT.into_iter().find(failed);
    let every_passed = Check::VERDICT.iter().all(|check| evidence.outcome(*check) == CheckOutcome::Passed);
    let decision = match (status, evidence.untrusted()) {
        (None, _) if every_passed => Decision::Allowed,
        (None | Some(Check::Integrity), _) | (Some(_), Untrusted::Enforce) => Decision::Denied,
        (Some(_), Untrusted::Warn) => Decision::Warned,
    };
    Verdict {
        decision,
        status,
        artifact: labels.artifact,
        manifest: labels.manifest,
        kind: evidence.asked().map(|(kind, _)| *kind),
        name: evidence.asked().map(|(_, name)| name.clone()),
        csc: Some(evidence.csc().clone()),
        untrusted_artifact_on_deployment: Some(evidence.untrusted().name()),
        signature: evidence.facts().cloned(),
        checks: evidence.checks().to_vec(),
        signature_validation_errors: evidence.checks().iter().map(|result| result.findings.len()).sum(),
    }
}

/// The best gate or verdict of several manifests of one artifact, the first of equals; `None` if there is
/// none.
///
/// If no manifest allows the artifact, one that fails integrity denies it, even if another one warns.
pub fn best<G: Borrow<Verdict>, E>(gates: impl Iterator<Item = Result<G, E>>) -> Result<Option<G>, E> {
    let decision = |gate: &G| gate.borrow().decision;
    let (mut best, mut broken): (Option<G>, Option<G>) = (None, None);
    for gate in gates {
        let gate = gate?;
        if gate.borrow().status == Some(Check::Integrity) {
            broken.get_or_insert(gate);
            continue;
        }
        if decision(&gate) == Decision::Allowed {
            return Ok(Some(gate));
        }
        if best.as_ref().is_none_or(|best| decision(&gate) < decision(best)) {
            best = Some(gate);
        }
    }
    Ok(broken.or(best))
}

/// Denies an artifact that no CSC governs.
pub fn stop_ungoverned(account: &AccountName, labels: Labels) -> Gate {
    let name = labels.name.as_ref().map_or(" it".into(), |name| format!(" `{name}`"));
    let pattern = labels.name.as_ref().map_or("PATTERN".into(), ToString::to_string);
    let finding = Finding::new(
        Check::Mismatch,
        "function-ungoverned",
        format!("no CSC of account `{account}` is assigned to{name}"),
        format!(
            "ask the policy owner to run `countersign function attach {pattern} --csc ID`, then `countersign policy seal`"
        ),
    );
    stop(finding, labels)
}

/// Denies an artifact that cannot be checked under a CSC.
pub fn stop(finding: Finding, labels: Labels) -> Gate {
    let status = Some(finding.check);
    let checks = verify::only(finding.check, vec![finding]);
    Gate::Stopped(Verdict {
        decision: Decision::Denied,
        status,
        artifact: labels.artifact,
        manifest: labels.manifest,
        kind: labels.kind,
        name: labels.name,
        csc: None,
        untrusted_artifact_on_deployment: None,
        signature: None,
        checks,
        signature_validation_errors: 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::path::Path;

    use crate::csc::Csc;

    fn decided(outcomes: [CheckOutcome; 4], mode: &str) -> Decision {
        let text = format!(
            "id = 'csc-00000000000000001'\ndescription = ''\nrevision = 1\nallowed_publishers = \
            ['arn:countersign:signer::acme:/signing-profiles/release/*']\nuntrusted_artifact_on_deployment = '{mode}'\n"
        );
        let csc = Csc::parse(Path::new("csc/csc-00000000000000001.toml"), text.as_bytes()).unwrap();
        let labels = Labels { artifact: "a.zip".into(), manifest: None, kind: None, name: None };
        decide(&Evidence::of_outcomes(&csc, outcomes), labels).verdict().decision
    }

    #[test]
    fn allows_only_if_every_check_passed() {
        use CheckOutcome::{Failed, NotEvaluated, Passed};
        assert_eq!(decided([Passed; 4], "Enforce"), Decision::Allowed);
        for at in 0..4 {
            for mode in ["Enforce", "Warn"] {
                let mut outcomes = [Passed; 4];
                // No check failed, but one was not evaluated: not admitted, even if the CSC warns.
                outcomes[at] = NotEvaluated;
                assert_eq!(decided(outcomes, mode), Decision::Denied, "{outcomes:?} {mode}");
                outcomes[at] = Failed;
                let warned = mode == "Warn" && at > 0;
                let expected = if warned { Decision::Warned } else { Decision::Denied };
                assert_eq!(decided(outcomes, mode), expected, "{outcomes:?} {mode}");
            }
        }
        assert_eq!(decided([NotEvaluated; 4], "Warn"), Decision::Denied);
    }
}

#[cfg(test)]
mod best {
    use super::*;

    /// One that fails integrity has `!` in front of its name.
    fn verdict(decision: Decision, artifact: &str) -> Verdict {
        let labels = Labels { artifact: artifact.into(), manifest: None, kind: None, name: None };
        let status = Some(if artifact.starts_with('!') { Check::Integrity } else { Check::Mismatch });
        Verdict { decision, status, ..stop(Finding::nothing_verified(), labels).into() }
    }

    fn best_of(gates: &[Result<(Decision, &str), &str>]) -> Result<Option<String>, String> {
        let gates = gates.iter().map(|gate| match gate {
            Ok((decision, artifact)) => Ok(verdict(*decision, artifact)),
            Err(error) => Err((*error).to_owned()),
        });
        Ok(best(gates)?.map(|best| best.artifact))
    }

    #[test]
    fn the_best_verdict_speaks_and_the_first_of_equals() {
        use Decision::{Allowed, Denied, Warned};
        for (gates, artifact) in [
            (&[][..], None),
            (&[Ok((Denied, "a"))], Some("a")),
            (&[Ok((Denied, "a")), Ok((Warned, "b")), Ok((Denied, "c"))], Some("b")),
            (&[Ok((Warned, "a")), Ok((Warned, "b")), Ok((Allowed, "c"))], Some("c")),
            (&[Ok((Denied, "a")), Ok((Denied, "b"))], Some("a")),
            (&[Ok((Denied, "a")), Ok((Allowed, "b")), Ok((Allowed, "c"))], Some("b")),
        ] {
            assert_eq!(best_of(gates), Ok(artifact.map(str::to_owned)), "{gates:?}");
        }
    }

    #[test]
    fn one_that_fails_integrity_denies_unless_another_allows() {
        use Decision::{Allowed, Denied, Warned};
        for (gates, artifact) in [
            (&[Ok((Denied, "!a")), Ok((Warned, "b"))][..], "!a"),
            (&[Ok((Warned, "a")), Ok((Denied, "!b"))], "!b"),
            (&[Ok((Denied, "a")), Ok((Denied, "!b")), Ok((Warned, "c")), Ok((Denied, "!d"))], "!b"),
            (&[Ok((Denied, "!a")), Ok((Warned, "b")), Ok((Allowed, "c"))], "c"),
        ] {
            assert_eq!(best_of(gates), Ok(Some(artifact.to_owned())), "{gates:?}");
        }
    }

    #[test]
    fn nothing_is_asked_after_the_first_that_allows() {
        use Decision::{Allowed, Warned};
        assert_eq!(best_of(&[Ok((Allowed, "a")), Err("asked")]), Ok(Some("a".into())));
        assert_eq!(best_of(&[Ok((Warned, "a")), Err("asked")]), Err("asked".into()));
    }
}
