//! Terraform: what a plan of `terraform show -json` creates or updates; the same for OpenTofu.
//!
//! From "JSON Output Format", formats 1.x, and 0.1 and 0.2 of Terraform 0.12 to 1.0: `resource_changes` lists what happens to each resource, and
//! `planned_values` the result. A resource that is only in the latter counts as new, so that a missing change
//! hides nothing. `configuration` lists the commands that run as well.

mod configuration;
mod resource;

use std::collections::BTreeSet;

use self::configuration::Configuration;
use self::resource::Values;
use super::node::{Map, Node};
use super::{PlanError, Resource, What, types};

/// Reads the plan.
pub fn read(top: &Map) -> Result<Vec<Resource>, PlanError> {
    let unknown = |why: &str| Err(PlanError::Unknown(why.into()));
    match top.get("format_version").and_then(Node::text) {
        Some("0.1" | "0.2") => {}
        Some(version) if version.starts_with("1.") => {}
        Some(version) => {
            return unknown(&format!("its `format_version` is {version:?}, expected 0.1, 0.2 or 1.x"));
        }
        None if top.contains_key("resources") => return unknown("it is a state, not a plan"),
        None => return unknown("it has no `format_version`"),
    }
    let (changes, planned) = (top.get("resource_changes"), top.get("planned_values"));
    if changes.is_none() && planned.is_none() {
        return unknown("it has no `resource_changes` and no `planned_values`; a state is not a plan");
    }
    let (mut resources, mut seen) = (Vec::new(), BTreeSet::new());
    let changes = list(changes, "resource_changes")?;
    let configuration = Configuration::read(top.get("configuration"))?;
    let reading = Reading { configuration: &configuration };
    for each in changes {
        let Some(change) = each.map() else {
            return malformed("`resource_changes` has a change that is not an object");
        };
        let address = address(change)?;
        reading.changed(change, &address, &mut resources)?;
        seen.insert(address);
    }
    if let Some(planned) = planned.filter(|planned| !planned.is_nothing()) {
        let Some(planned) = planned.map() else { return malformed("`planned_values` is not an object") };
        if let Some(root) = planned.get("root_module").filter(|root| !root.is_nothing()) {
            reading.module(root, &seen, &mut resources)?;
        }
    }
    for each in list(top.get("action_invocations"), "action_invocations")? {
        let Some(invocation) = each.map() else { return malformed("an action is not an object") };
        let Some(kind) = invocation.get("type").and_then(Node::text) else {
            return malformed("an action has no type");
        };
        let address = address(invocation)?;
        let provider = invocation.get("provider_name").and_then(Node::text);
        let what = provided(&format!("action.{kind}"), kind, provider);
        resources.extend(what.map(|what| Resource { address, what }));
    }
    resources.extend(configuration.others);
    Ok(resources)
}

fn malformed<T>(message: &str) -> Result<T, PlanError> {
    Err(PlanError::Malformed(message.into()))
}

/// A member that is a list; empty if it does not exist.
fn list<'a>(node: Option<&'a Node>, name: &str) -> Result<&'a [Node], PlanError> {
    match node {
        None | Some(Node::Null) => Ok(&[]),
        Some(Node::List(items)) => Ok(items),
        Some(_) => malformed(&format!("`{name}` is not a list")),
    }
}

fn address(resource: &Map) -> Result<String, PlanError> {
    match resource.get("address").and_then(Node::text) {
        Some(address) => Ok(address.into()),
        None => malformed("a resource has no address"),
    }
}

/// What a type, or a block and its type, deploys; `None` if no code.
fn by_type(name: &str) -> Option<What> {
    let deploys = match types::known(name) {
        types::Known::NoCode => return None,
        types::Known::Code(what) | types::Known::NoCodeUnless(_, what) | types::Known::Target(what) => {
            Some(what)
        }
        types::Known::Read => {
            let why =
                format!("`{name}` deploys a function, a layer or a stack: use the provider `aws` for it");
            return Some(What::Opaque(why));
        }
        types::Known::Nothing => None,
    };
    Some(What::Type { name: name.into(), deploys, provider: None })
}

/// The same for a block of a provider; `kind` is its type.
fn provided(name: &str, kind: &str, provider: Option<&str>) -> Option<What> {
    let Some(provider) = provider.filter(|provider| !is_provider_of(kind, provider)) else {
        return by_type(name);
    };
    if types::known(name) == types::Known::Read {
        return Some(What::Opaque(format!("`{name}` is of the provider `{provider}`, not of HashiCorp's")));
    }
    Some(What::Type { name: name.into(), deploys: None, provider: Some(provider.into()) })
}

struct Reading<'a> {
    configuration: &'a Configuration,
}

impl Reading<'_> {
    /// Adds what a change deploys, if it creates or updates code.
    fn changed(&self, resource: &Map, address: &str, found: &mut Vec<Resource>) -> Result<(), PlanError> {
        let Some(change) = resource.get("change").and_then(Node::map) else {
            return malformed(&format!("the change of `{address}` is not an object"));
        };
        let actions = change.get("actions").map(Node::items).unwrap_or_default();
        let actions: BTreeSet<&str> =
            actions.iter().map(|action| action.text().unwrap_or_default()).collect();
        let known = ["create", "delete", "forget", "no-op", "read", "update"];
        if actions.is_empty() || actions.iter().any(|action| !known.contains(action)) {
            let why = "it has unknown `actions`";
            found.push(Resource { address: address.into(), what: What::Opaque(why.into()) });
            return Ok(());
        }
        if actions.contains("create") || actions.contains("delete") {
            for kind in self.configuration.provisioners(address) {
                let name = format!("provisioner.{kind}");
                let what = by_type(&name);
                found.extend(what.map(|what| Resource { address: format!("{address}: {name}"), what }));
            }
        }
        let is_read = actions.contains("read");
        if !is_read && !actions.contains("create") && !actions.contains("update") {
            return Ok(());
        }
        let values = Values::of(change.get("after"), change.get("after_unknown"));
        self.deployed(resource, address, &values, is_read, found)
    }

    /// Adds the resources of a module and its children that no change names.
    fn module(
        &self,
        module: &Node,
        seen: &BTreeSet<String>,
        found: &mut Vec<Resource>,
    ) -> Result<(), PlanError> {
        let Some(module) = module.map() else { return malformed("a module is not an object") };
        for each in list(module.get("resources"), "resources")? {
            let Some(resource) = each.map() else { return malformed("a resource is not an object") };
            let address = address(resource)?;
            if !seen.contains(&address) {
                let is_read = resource.get("mode").and_then(Node::text) == Some("data");
                self.deployed(resource, &address, &Values::of(resource.get("values"), None), is_read, found)?;
            }
        }
        for child in list(module.get("child_modules"), "child_modules")? {
            self.module(child, seen, found)?;
        }
        Ok(())
    }

    fn deployed(
        &self,
        resource: &Map,
        address: &str,
        values: &Values<'_>,
        is_read: bool,
        found: &mut Vec<Resource>,
    ) -> Result<(), PlanError> {
        let text = |name: &str| resource.get(name).and_then(Node::text);
        let Some(kind) = text("type") else { return malformed(&format!("`{address}` has no type")) };
        let provider = text("provider_name");
        let mut add = |what: Option<What>| {
            found.extend(what.map(|what| Resource { address: address.into(), what }));
        };
        match text("mode") {
            // A data source that is read during the apply.
            Some("data") if is_read => add(provided(&format!("data.{kind}"), kind, provider)),
            Some("managed") | Some("data") | None => {
                let has_provisioners = matches!(kind, "null_resource" | "terraform_data");
                if provider.is_some_and(|provider| !is_provider_of(kind, provider)) {
                    add(provided(kind, kind, provider));
                } else if has_provisioners && !self.configuration.is_there {
                    let deploys =
                        Some("its provisioners, which a plan without `configuration` does not show");
                    add(Some(What::Type { name: kind.into(), deploys, provider: None }));
                } else {
                    found.extend(resource::deployed(kind, address, values));
                }
            }
            Some(mode) => add(provided(&format!("{mode}.{kind}"), kind, provider)),
        }
        super::check_count(found)
    }
}

/// Whether the provider is the one whose types are known by their first word: HashiCorp's, by its full name, or by its
/// short one in plans of Terraform 0.12.
fn is_provider_of(kind: &str, provider: &str) -> bool {
    let first = kind.split('_').next().unwrap_or_default();
    if first == "terraform" {
        return provider == "terraform.io/builtin/terraform";
    }
    if provider == first {
        return true;
    }
    let hosts = ["registry.terraform.io/hashicorp/", "registry.opentofu.org/hashicorp/"];
    hosts.into_iter().any(|host| provider.strip_prefix(host) == Some(first))
}
