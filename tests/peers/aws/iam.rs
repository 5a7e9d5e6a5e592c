//! What may developers do under each exported IAM policy, as iam-simulate evaluates it?

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{scene, simulator};
use crate::peers::peer::{printed, script};
use crate::support::{Scene, text, write};

const APPROVED: &str = "arn:aws:lambda:eu-west-1:123456789012:code-signing-config:csc-aaaaaaaaaaaaaaaaa";
const OTHER: &str = "arn:aws:lambda:eu-west-1:123456789012:code-signing-config:csc-bbbbbbbbbbbbbbbbb";
const FUNCTION: &str = "arn:aws:lambda:eu-west-1:123456789012:function:orders";
const PROFILE: &str = "arn:aws:signer:eu-west-1:123456789012:/signing-profiles/release";
const JOB: &str = "arn:aws:signer:eu-west-1:123456789012:/signing-jobs/3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b10";
const DEVELOPER: &str = "arn:aws:iam::123456789012:user/dev";
const SECURITY: &str = "arn:aws:iam::123456789012:role/security-admin";

/// A call: action, resource, the CSC that is asked for, and whether a developer may.
type Call = (&'static str, &'static str, Option<&'static str>, bool);

const CALLS: [Call; 19] = [
    ("lambda:CreateFunction", FUNCTION, Some(APPROVED), true),
    ("lambda:CreateFunction", FUNCTION, Some(OTHER), false),
    ("lambda:CreateFunction", FUNCTION, None, false),
    ("lambda:PutFunctionCodeSigningConfig", FUNCTION, Some(APPROVED), true),
    ("lambda:PutFunctionCodeSigningConfig", FUNCTION, Some(OTHER), false),
    ("lambda:PutFunctionCodeSigningConfig", FUNCTION, None, false),
    ("lambda:UpdateFunctionCode", FUNCTION, None, true),
    ("lambda:GetCodeSigningConfig", APPROVED, None, true),
    ("lambda:DeleteFunctionCodeSigningConfig", FUNCTION, None, false),
    ("lambda:CreateCodeSigningConfig", "*", None, false),
    ("lambda:UpdateCodeSigningConfig", APPROVED, None, false),
    ("lambda:DeleteCodeSigningConfig", APPROVED, None, false),
    ("signer:PutSigningProfile", "*", None, false),
    ("signer:CancelSigningProfile", PROFILE, None, false),
    ("signer:RevokeSigningProfile", PROFILE, None, false),
    ("signer:RevokeSignature", JOB, None, false),
    ("signer:AddProfilePermission", PROFILE, None, false),
    ("signer:RemoveProfilePermission", PROFILE, None, false),
    ("signer:GetSigningProfile", PROFILE, None, false),
];

/// How a policy stands among others.
#[derive(Debug, Clone, Copy)]
enum Setting {
    /// A developer has this identity policy alone.
    Alone,
    /// A developer has it beside one that allows everything.
    BesideEverything,
    /// A developer may do everything in an account under this service control policy.
    Scp,
    /// A developer may do everything within this boundary.
    Boundary,
}

impl Setting {
    fn form(self) -> &'static str {
        match self {
            Self::Alone | Self::BesideEverything => "identity",
            Self::Scp => "scp",
            Self::Boundary => "boundary",
        }
    }

    fn request(self, policy: &Value, principal: &str, call: &Call) -> Value {
        let everything = json!({
            "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }],
        });
        let identity = match self {
            Self::Alone => vec![policy],
            Self::BesideEverything => vec![policy, &everything],
            Self::Scp | Self::Boundary => vec![&everything],
        };
        let (action, resource, csc, _) = call;
        let mut request = json!({
            "identity": identity, "principal": principal, "action": action, "resource": resource, "context": {},
        });
        match self {
            Self::Scp => request["scp"] = policy.clone(),
            Self::Boundary => request["boundary"] = policy.clone(),
            Self::Alone | Self::BesideEverything => {}
        }
        if let Some(csc) = csc {
            request["context"]["lambda:CodeSigningConfigArn"] = json!(csc);
        }
        request
    }

    /// What is nobody's business here: whatever other policies say.
    fn decides(self, call: &Call) -> bool {
        matches!(self, Self::Alone) || call.0 != "signer:GetSigningProfile"
    }
}

fn exported(scene: &Scene, form: &str) -> Value {
    let csc = format!("{}={APPROVED}", scene.csc_id());
    let except = ["--except", "arn:aws:iam::*:role/security-*"];
    let except = if form == "scp" { &except[..] } else { &[] };
    let ran = scene.run(&[&["export", "iam", "--as", form, "--csc", &csc], except].concat());
    serde_json::from_str(&ran.done().out()).expect("JSON")
}

/// For each request, whether it is allowed.
fn evaluate(scene: &Scene, requests: &[Value]) -> Option<Vec<bool>> {
    let (node, folder) = simulator()?;
    let file = scene.path().join("requests.json");
    write(&file, json!(requests).to_string());
    let said = printed(&node.ask([&script("iam_simulate.mjs"), &folder, text(&file)]));
    let answers: Vec<String> = serde_json::from_str(&said).expect("a list");
    assert_eq!(answers.len(), requests.len());
    Some(answers.iter().map(|answer| answer == "Allowed").collect())
}

const SETTINGS: [Setting; 4] = [Setting::Alone, Setting::BesideEverything, Setting::Scp, Setting::Boundary];

#[test]
fn developers_may_do_what_the_table_says() {
    let scene = scene();
    let asked: Vec<(Setting, &Call)> =
        SETTINGS.iter().flat_map(|setting| CALLS.iter().map(|call| (*setting, call))).collect();
    let policies = ["identity", "scp", "boundary"].map(|form| (form, exported(&scene, form)));
    let policies = BTreeMap::from(policies);
    let request =
        |(setting, call): &(Setting, &Call)| setting.request(&policies[setting.form()], DEVELOPER, call);
    let Some(allowed) = evaluate(&scene, &asked.iter().map(request).collect::<Vec<_>>()) else { return };
    for ((setting, call), allowed) in asked.iter().zip(allowed) {
        if setting.decides(call) {
            assert_eq!(allowed, call.3, "{setting:?} {call:?}");
        }
    }
}

#[test]
fn who_administers_signing_is_left_out_of_a_service_control_policy() {
    let scene = scene();
    let policy = exported(&scene, "scp");
    let requests: Vec<Value> =
        CALLS.iter().map(|call| Setting::Scp.request(&policy, SECURITY, call)).collect();
    let Some(allowed) = evaluate(&scene, &requests) else { return };
    assert!(allowed.iter().all(|allowed| *allowed), "{allowed:?}");
}

/// Each statement has its work: without it, some call of the table is answered otherwise.
#[test]
fn no_statement_can_be_spared() {
    let scene = scene();
    for form in ["identity", "scp", "boundary"] {
        let policy = exported(&scene, form);
        let settings: Vec<&Setting> = SETTINGS.iter().filter(|setting| setting.form() == form).collect();
        let requests = |policy: &Value| -> Vec<Value> {
            let of = |setting: &&Setting| {
                let setting = **setting;
                CALLS.iter().map(move |call| (setting, call)).collect::<Vec<_>>()
            };
            let asked = settings.iter().flat_map(of);
            asked.map(|(setting, call)| setting.request(policy, DEVELOPER, call)).collect()
        };
        let statements = policy["Statement"].as_array().expect("statements").clone();
        let mut all = requests(&policy);
        let each = all.len();
        for spared in 0..statements.len() {
            let mut less = policy.clone();
            less["Statement"].as_array_mut().expect("statements").remove(spared);
            all.extend(requests(&less));
        }
        let Some(allowed) = evaluate(&scene, &all) else { return };
        let whole = &allowed[..each];
        for (statement, without) in statements.iter().zip(allowed[each..].chunks(each)) {
            assert_ne!(whole, without, "{form}: {} does nothing", statement["Sid"]);
        }
    }
}
