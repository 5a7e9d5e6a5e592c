//! IAM: developers can create and update functions only with the approved CSCs.
//!
//! | statement | what it does |
//! |---|---|
//! | `AllowFunctionsUnderApprovedCsc` | allows creating functions, and attaching a CSC, if that is an approved one |
//! | `AllowFunctionUpdates` | allows updating functions, and reading functions and CSCs |
//! | `DenyOtherCsc` | denies other CSCs |
//! | `DenyNoCsc` | denies having none: IAM treats a condition on an absent key as not met, so this one tests for its absence |
//! | `DenyDetaching` | denies detaching a function from its CSC |
//! | `DenyOwnCscs` | denies creating, changing and deleting CSCs |
//! | `DenyOwnProfiles` | denies creating, canceling and revoking profiles, adding permissions, revoking signatures |
//!
//! An identity policy has all of them. A service control policy grants nothing, so it has only the denials,
//! and can exempt the administrators of signing. A permissions boundary allows everything except the denials.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::aws::{AwsAccount, AwsPrincipalPattern, AwsRegion};
use super::sealed::SealedPolicy;
use crate::arn::CscArn;
use crate::csc::{Csc, Untrusted};
use crate::hint::Hint;
use crate::limits::{IAM_POLICY_CHARS_MAX, SCP_CHARS_MAX};
use crate::name::CscId;

/// The condition key with the ARN of the requested CSC.
const KEY: &str = "lambda:CodeSigningConfigArn";

/// The actions that set the CSC of a function.
const NAMING: [&str; 2] = ["lambda:CreateFunction", "lambda:PutFunctionCodeSigningConfig"];

const UPDATING: [&str; 8] = [
    "lambda:GetCodeSigningConfig",
    "lambda:GetFunction",
    "lambda:GetFunctionCodeSigningConfig",
    "lambda:ListCodeSigningConfigs",
    "lambda:ListFunctionsByCodeSigningConfig",
    "lambda:PublishVersion",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
];

const DETACHING: [&str; 1] = ["lambda:DeleteFunctionCodeSigningConfig"];

const CSCS: [&str; 3] =
    ["lambda:CreateCodeSigningConfig", "lambda:DeleteCodeSigningConfig", "lambda:UpdateCodeSigningConfig"];

const PROFILES: [&str; 6] = [
    "signer:AddProfilePermission",
    "signer:CancelSigningProfile",
    "signer:PutSigningProfile",
    "signer:RemoveProfilePermission",
    "signer:RevokeSignature",
    "signer:RevokeSigningProfile",
];

/// The kind of policy, by what it is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A user, group or role: it grants and denies.
    Identity,
    /// An account or unit of an organization: it denies.
    Scp,
    /// A user or role, as the most that other policies can grant.
    Boundary,
}

/// Why there is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IamError {
    /// The account has no such CSC.
    #[error("CSC `{0}` does not exist or is not sealed")]
    UnknownCsc(CscId),
    /// The ARN is not of a CSC in an AWS account.
    #[error("`{0}` is not the ARN of a CSC in an AWS account")]
    NotAws(CscArn),
    /// No CSC is approved: no function could be created.
    #[error("no CSC is approved")]
    NoCsc,
    /// Exemptions are only possible in a service control policy.
    #[error("only a service control policy can exempt principals")]
    NoExceptions,
    /// The policy is too large for AWS.
    #[error("the policy has {size} characters, over the limit of {limit}")]
    Size {
        /// Its characters.
        size: usize,
        /// The limit.
        limit: usize,
    },
}

impl Hint for IamError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        let hint = match self {
            Self::UnknownCsc(_) => "list the CSCs with `countersign csc list`",
            Self::NotAws(_) => {
                "pass an ARN such as `arn:aws:lambda:eu-west-1:123456789012:code-signing-config:csc-…`"
            }
            Self::NoCsc => {
                "pass the AWS ARN of each with `--csc ID=ARN`, or `--aws-account` and `--region` if the ids are the same in AWS"
            }
            Self::NoExceptions => "remove `--except`; attach the policy only to developers",
            Self::Size { .. } => "export one policy per account, with its own CSCs",
        };
        Some(hint.into())
    }
}

/// The approved CSCs by their AWS ARNs.
#[derive(Debug, Clone)]
pub struct Approved {
    arns: BTreeSet<String>,
    notes: Vec<String>,
}

impl Approved {
    /// The sealed CSCs that are named, and those of an account and region that have the same ids there.
    pub fn of(
        sealed: &SealedPolicy,
        named: &[(CscId, CscArn)],
        place: Option<(&AwsAccount, &AwsRegion)>,
    ) -> Result<Self, IamError> {
        let mut found: BTreeMap<&CscId, BTreeSet<String>> = BTreeMap::new();
        for (id, arn) in named {
            if sealed.csc(id).is_none() {
                return Err(IamError::UnknownCsc(id.clone()));
            }
            if !arn.owner().is_aws() {
                return Err(IamError::NotAws(arn.clone()));
            }
            found.entry(id).or_default().insert(arn.to_string());
        }
        if let Some((account, region)) = place {
            for id in
                sealed.cscs().iter().map(Csc::id).filter(|id| named.iter().all(|(named, _)| named != *id))
            {
                let partition = region.partition();
                let arn = format!("arn:{partition}:lambda:{region}:{account}:code-signing-config:{id}");
                found.entry(id).or_default().insert(arn);
            }
        }
        if found.is_empty() {
            return Err(IamError::NoCsc);
        }
        let notes = notes(sealed, &found.keys().copied().collect());
        Ok(Self { arns: found.into_values().flatten().collect(), notes })
    }

    /// Notes on what the policy does not cover.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

fn notes(sealed: &SealedPolicy, approved: &BTreeSet<&CscId>) -> Vec<String> {
    let mut notes = Vec::new();
    let left: Vec<&Csc> = sealed.cscs().iter().filter(|csc| !approved.contains(csc.id())).collect();
    notes.extend(left.iter().map(|csc| {
        format!("CSC `{}` is not approved: pass its AWS ARN with `--csc {}=ARN`", csc.id(), csc.id())
    }));
    let warns: Vec<&Csc> = sealed
        .cscs()
        .iter()
        .filter(|csc| approved.contains(csc.id()) && csc.untrusted() == Untrusted::Warn)
        .collect();
    if warns.len() < approved.len() {
        notes.extend(warns.iter().map(|csc| {
            format!("CSC `{}` only warns: anyone who can choose it can deploy untrusted code", csc.id())
        }));
    }
    notes.push(
        "functions without a CSC can still be updated: attach each to its CSC before you rely on this policy"
            .into(),
    );
    notes
}

/// The policy in the given form.
pub fn policy(form: Form, approved: &Approved, except: &[AwsPrincipalPattern]) -> Result<Value, IamError> {
    if form != Form::Scp && !except.is_empty() {
        return Err(IamError::NoExceptions);
    }
    let mut statements = match form {
        Form::Identity => allowing(approved),
        Form::Scp => Vec::new(),
        Form::Boundary => vec![statement("AllowTheRest", "Allow", &["*"], json!({}))],
    };
    statements.extend(denying(approved, except));
    let policy = json!({ "Version": "2012-10-17", "Statement": statements });
    // AWS does not count white space in a managed policy, but does in an SCP that is not created in the
    // console.
    let (size, limit) = match form {
        Form::Scp => (format!("{policy:#}").chars().count(), SCP_CHARS_MAX),
        _ => (policy.to_string().chars().count(), IAM_POLICY_CHARS_MAX),
    };
    if size > limit { Err(IamError::Size { size, limit }) } else { Ok(policy) }
}

fn allowing(approved: &Approved) -> Vec<Value> {
    let approved = json!({ "StringEquals": { KEY: approved.arns } });
    vec![
        statement("AllowFunctionsUnderApprovedCsc", "Allow", &NAMING, approved),
        statement("AllowFunctionUpdates", "Allow", &UPDATING, json!({})),
    ]
}

fn denying(approved: &Approved, except: &[AwsPrincipalPattern]) -> Vec<Value> {
    let other = json!({ "StringNotEquals": { KEY: approved.arns }, "Null": { KEY: "false" } });
    let none = json!({ "Null": { KEY: "true" } });
    let deny = |sid: &str, actions: &[&str], mut condition: Value| {
        if !except.is_empty() {
            let except: Vec<&str> = except.iter().map(AwsPrincipalPattern::as_str).collect();
            condition["ArnNotLike"] = json!({ "aws:PrincipalArn": except });
        }
        statement(sid, "Deny", actions, condition)
    };
    vec![
        deny("DenyOtherCsc", &NAMING, other),
        deny("DenyNoCsc", &NAMING, none),
        deny("DenyDetaching", &DETACHING, json!({})),
        deny("DenyOwnCscs", &CSCS, json!({})),
        deny("DenyOwnProfiles", &PROFILES, json!({})),
    ]
}

fn statement(sid: &str, effect: &str, actions: &[&str], condition: Value) -> Value {
    let mut statement = json!({ "Sid": sid, "Effect": effect, "Action": actions, "Resource": "*" });
    if condition.as_object().is_some_and(|condition| !condition.is_empty()) {
        statement["Condition"] = condition;
    }
    statement
}
