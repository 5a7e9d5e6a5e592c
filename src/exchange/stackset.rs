//! Stack sets: a template for many accounts, as the inputs of `aws cloudformation --cli-input-json`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::aws::{AwsAccount, AwsRegion, OrganizationalUnit, StackSetName, TemplateUrl};
use super::cloudformation::ExportError;
use crate::limits::TEMPLATE_BODY_BYTES_MAX;

/// The targets of a template, and the limits of the rollout.
#[derive(Debug, Clone)]
pub struct Rollout {
    /// The stack set's name.
    pub name: StackSetName,
    /// The purpose of the stack set.
    pub description: String,
    /// The target accounts; if there are units, only the accounts in one of them.
    pub accounts: BTreeSet<AwsAccount>,
    /// The target units; if there are any, AWS Organizations manages the permissions.
    pub units: BTreeSet<OrganizationalUnit>,
    /// The regions, in rollout order.
    pub regions: Vec<AwsRegion>,
    /// How many accounts of a region can fail before the rollout stops.
    pub failure_tolerance: u32,
    /// How many accounts are rolled out at once, at least 1.
    pub max_concurrent: u32,
    /// The caller.
    pub caller: Caller,
    /// Where the template is, if not in the request.
    pub template_url: Option<TemplateUrl>,
}

/// The account that calls CloudFormation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// The account that owns the stack set.
    Own,
    /// A delegated administrator of the organization.
    Delegated,
}

/// The inputs of the three commands, by the command's name.
pub fn inputs(rollout: &Rollout, template: &Value) -> Result<Vec<(&'static str, Value)>, ExportError> {
    let create = rollout.create(template)?;
    let mut update = create.clone();
    update.extend(rollout.instances());
    // An update of an existing stack set has the same targets and does not change whether new accounts join.
    Ok(vec![
        ("create-stack-set", Value::Object(create)),
        ("create-stack-instances", Value::Object(rollout.instances())),
        ("update-stack-set", Value::Object(update)),
    ])
}

impl Rollout {
    fn create(&self, template: &Value) -> Result<Map<String, Value>, ExportError> {
        let mut input = self.named();
        input.insert("Description".into(), json!(self.description));
        match &self.template_url {
            Some(url) => input.insert("TemplateURL".into(), json!(url.as_str())),
            None => {
                let body = template.to_string();
                if body.len() > TEMPLATE_BODY_BYTES_MAX {
                    return Err(ExportError::Size { size: body.len(), limit: TEMPLATE_BODY_BYTES_MAX });
                }
                input.insert("TemplateBody".into(), json!(body))
            }
        };
        if self.units.is_empty() {
            input.insert("PermissionModel".into(), json!("SELF_MANAGED"));
        } else {
            input.insert("PermissionModel".into(), json!("SERVICE_MANAGED"));
            // Chosen accounts stay chosen. Accounts that leave a unit keep their CSCs, so nothing becomes
            // ungoverned by leaving.
            // ungoverned by leaving.
            let auto = match self.accounts.is_empty() {
                true => json!({ "Enabled": true, "RetainStacksOnAccountRemoval": true }),
                false => json!({ "Enabled": false }),
            };
            input.insert("AutoDeployment".into(), auto);
        }
        Ok(input)
    }

    fn instances(&self) -> Map<String, Value> {
        let mut input = self.named();
        input.insert("DeploymentTargets".into(), self.targets());
        input.insert("Regions".into(), json!(self.regions()));
        let preferences = json!({
            "RegionConcurrencyType": "SEQUENTIAL",
            "RegionOrder": self.regions(),
            "FailureToleranceCount": self.failure_tolerance,
            "MaxConcurrentCount": self.max_concurrent,
            "ConcurrencyMode": "STRICT_FAILURE_TOLERANCE",
        });
        input.insert("OperationPreferences".into(), preferences);
        input
    }

    fn named(&self) -> Map<String, Value> {
        let call_as = match self.caller {
            Caller::Own => "SELF",
            Caller::Delegated => "DELEGATED_ADMIN",
        };
        let pairs = [("StackSetName", self.name.as_str()), ("CallAs", call_as)];
        pairs.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect()
    }

    fn targets(&self) -> Value {
        let accounts: Vec<&str> = self.accounts.iter().map(AwsAccount::as_str).collect();
        let units: Vec<&str> = self.units.iter().map(OrganizationalUnit::as_str).collect();
        match (accounts.is_empty(), units.is_empty()) {
            (false, true) => json!({ "Accounts": accounts }),
            (true, _) => json!({ "OrganizationalUnitIds": units, "AccountFilterType": "NONE" }),
            (false, false) => json!({
                "Accounts": accounts, "OrganizationalUnitIds": units, "AccountFilterType": "INTERSECTION",
            }),
        }
    }

    fn regions(&self) -> Vec<&str> {
        self.regions.iter().map(AwsRegion::as_str).collect()
    }
}
