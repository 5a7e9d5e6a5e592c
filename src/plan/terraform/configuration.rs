//! The configuration of a plan: which commands run in addition to the changes.

use std::collections::{BTreeMap, BTreeSet};

use super::{list, malformed, provided};
use crate::plan::node::{Map, Node};
use crate::plan::{PlanError, Resource, without_keys};

/// What a plan's `configuration` contains that its changes do not.
#[derive(Default)]
pub struct Configuration {
    /// Whether the plan has one.
    pub is_there: bool,
    /// The types of provisioners, by address without instance keys.
    provisioners: BTreeMap<String, BTreeSet<String>>,
    /// The full names of providers, by the keys that resources use.
    providers: BTreeMap<String, String>,
    /// What runs at every apply without being a change: ephemeral resources.
    pub others: Vec<Resource>,
}

impl Configuration {
    pub fn read(node: Option<&Node>) -> Result<Self, PlanError> {
        let Some(node) = node.filter(|node| !node.is_nothing()) else { return Ok(Self::default()) };
        let Some(map) = node.map() else { return malformed("`configuration` is not an object") };
        let mut all = Self { is_there: true, ..Self::default() };
        for (key, provider) in map.get("provider_config").and_then(Node::map).into_iter().flatten() {
            let name = provider.map().and_then(|provider| provider.get("full_name")?.text());
            all.providers.extend(name.map(|name| (key.to_owned(), name.to_owned())));
        }
        if let Some(root) = map.get("root_module").filter(|root| !root.is_nothing()) {
            all.module(root, "")?;
        }
        Ok(all)
    }

    /// The types of the provisioners that a resource has.
    pub fn provisioners(&self, address: &str) -> impl Iterator<Item = &str> {
        self.provisioners.get(&without_keys(address)).into_iter().flatten().map(String::as_str)
    }

    fn module(&mut self, node: &Node, prefix: &str) -> Result<(), PlanError> {
        let Some(module) = node.map() else {
            return malformed("a module of `configuration` is not an object");
        };
        for each in list(module.get("resources"), "resources")? {
            let Some(resource) = each.map() else { return malformed("a resource is not an object") };
            self.resource(resource, prefix)?;
        }
        let calls = match module.get("module_calls") {
            None | Some(Node::Null) => return Ok(()),
            Some(calls) => calls.map(),
        };
        let Some(calls) = calls else { return malformed("`module_calls` is not an object") };
        for (name, call) in calls {
            if let Some(called) = call.map().and_then(|call| call.get("module")) {
                self.module(called, &format!("{prefix}module.{name}."))?;
            }
        }
        Ok(())
    }

    fn resource(&mut self, resource: &Map, prefix: &str) -> Result<(), PlanError> {
        let address = format!("{prefix}{}", super::address(resource)?);
        for each in list(resource.get("provisioners"), "provisioners")? {
            let kind = each.map().and_then(|each| each.get("type")?.text()).unwrap_or("(no type)");
            self.provisioners.entry(address.clone()).or_default().insert(kind.into());
        }
        let text = |name: &str| resource.get(name).and_then(Node::text);
        if let Some(mode) = text("mode").filter(|mode| !matches!(*mode, "managed" | "data")) {
            let kind = text("type").unwrap_or("(no type)");
            // A key without a provider stands for an unknown one.
            let provider = text("provider_config_key")
                .map(|key| self.providers.get(key).map_or("(unknown)", String::as_str));
            let what = provided(&format!("{mode}.{kind}"), kind, provider);
            self.others.extend(what.map(|what| Resource { address, what }));
        }
        Ok(())
    }
}
