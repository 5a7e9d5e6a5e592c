//! IAM: developers may create and update functions only with the approved CSCs.
//!
//! | statement | what it does |
//! |---|---|
//! | `AllowFunctionsUnderApprovedCsc` | lets functions be created, and put under a CSC, if that is an approved one |
//! | `AllowFunctionUpdates` | lets functions be updated, and functions and CSCs be read |
//! | `DenyOtherCsc` | denies another CSC |
//! | `DenyNoCsc` | denies none: IAM takes a condition on an absent key for unmet, so this one asks for its absence |
//! | `DenyDetaching` | denies taking a function from its CSC |
//! | `DenyOwnCscs` | denies making, changing and deleting CSCs |
//! | `DenyOwnProfiles` | denies making, canceling and revoking profiles, giving permissions, revoking signatures |
//!
//! An identity policy has them all. A service control policy grants nothing, so it has the denials, and may leave
//! out who administers signing. A permissions boundary allows everything but the denials.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::aws::{AwsAccount, AwsPrincipalPattern, AwsRegion};
use super::sealed::Sealed;
use crate::arn::CscArn;
use crate::csc::{Csc, Untrusted};
use crate::limits::{IAM_POLICY_CHARS_MAX, SCP_CHARS_MAX};
use crate::name::CscId;

/// The condition key that holds the ARN of the CSC that is asked for.
const KEY: &str = "lambda:CodeSigningConfigArn";

/// What names the CSC of a function.
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

/// What a policy is attached to.
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
    #[error("there is no sealed CSC `{0}`")]
    UnknownCsc(CscId),
    /// The ARN is no CSC of an AWS account.
    #[error("`{0}` is no CSC of an AWS account")]
    NotAws(CscArn),
    /// No CSC is approved: nobody could create a function.
    #[error("no CSC is approved")]
    NoCsc,
    /// Somebody is left out of a policy that has nobody to leave out.
    #[error("only a service control policy leaves anybody out")]
    NoExceptions,
    /// The policy is larger than AWS takes.
    #[error("the policy has {size} characters where {limit} are allowed")]
    Size {
        /// Its characters.
        size: usize,
        /// The most there may be.
        limit: usize,
    },
}

impl IamError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::UnknownCsc(_) => "look at what there is with `countersign csc list`",
            Self::NotAws(_) => {
                "give an ARN such as `arn:aws:lambda:eu-west-1:123456789012:code-signing-config:csc-…`"
            }
            Self::NoCsc => {
                "name the ARN of each in AWS with `--csc ID=ARN`, or `--aws-account` and `--region` if the ids are the same there"
            }
            Self::NoExceptions => "leave out `--except`; attach the policy to developers alone",
            Self::Size { .. } => "export a policy for each account, with its own CSCs",
        }
    }
}

/// The approved CSCs by their ARNs in AWS.
#[derive(Debug, Clone)]
pub struct Approved {
    arns: BTreeSet<String>,
    notes: Vec<String>,
}

impl Approved {
    /// The sealed CSCs that are named, and those of an account and region that have the same ids there.
    pub fn of(
        sealed: &Sealed,
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

    /// What the policy does not reach.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

fn notes(sealed: &Sealed, approved: &BTreeSet<&CscId>) -> Vec<String> {
    let mut notes = Vec::new();
    let left: Vec<&Csc> = sealed.cscs().iter().filter(|csc| !approved.contains(csc.id())).collect();
    notes.extend(left.iter().map(|csc| {
        format!("CSC `{}` is not approved: name its ARN in AWS with `--csc {}=ARN`", csc.id(), csc.id())
    }));
    let warns: Vec<&Csc> = sealed
        .cscs()
        .iter()
        .filter(|csc| approved.contains(csc.id()) && csc.untrusted() == Untrusted::Warn)
        .collect();
    if warns.len() < approved.len() {
        notes.extend(
            warns.iter().map(|csc| {
                format!("CSC `{}` warns: whoever may choose it deploys what others deny", csc.id())
            }),
        );
    }
    notes.push(
        "a function that has no CSC yet can be updated: put each under its CSC before this policy is relied on".into(),
    );
    notes
}

/// The policy in one of its forms.
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
    // AWS counts no white space of a managed policy, and all of an SCP that does not come by its console.
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
