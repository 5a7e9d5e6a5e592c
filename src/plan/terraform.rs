//! Terraform: what a plan of `terraform show -json` (OpenTofu's is the same) creates or updates.
//!
//! From "JSON Output Format", format 1: `resource_changes` says what happens to each resource, and
//! `planned_values` what there is afterwards. A resource that only the latter names is taken as new, so
//! that leaving out a change hides nothing.

use std::collections::BTreeSet;

use super::node::{Map, Node};
use super::{Code, CodeHash, Deployed, PlanError, Resource, What, cloudformation};
use crate::provenance::Kind;

/// Reads the plan.
pub fn read(top: &Map) -> Result<Vec<Resource>, PlanError> {
    let unknown = |why: &str| Err(PlanError::Unknown(why.into()));
    match top.get("format_version").and_then(Node::text) {
        Some(version) if version.starts_with("1.") => {}
        Some(version) => return unknown(&format!("its format version is {version:?}, not 1.x")),
        None => return unknown("it has no `format_version`"),
    }
    let (changes, planned) = (top.get("resource_changes"), top.get("planned_values"));
    if changes.is_none() && planned.is_none() {
        return unknown("it has neither `resource_changes` nor `planned_values`; a state is no plan");
    }
    let (mut resources, mut seen) = (Vec::new(), BTreeSet::new());
    for each in list(changes, "resource_changes")? {
        let Some(change) = each.map() else {
            return malformed("`resource_changes` has a change that is no object");
        };
        let address = address(change)?;
        resources.extend(changed(change, &address)?);
        super::check_count(&resources)?;
        seen.insert(address);
    }
    if let Some(planned) = planned.filter(|planned| !planned.is_nothing()) {
        let Some(planned) = planned.map() else { return malformed("`planned_values` is no object") };
        if let Some(root) = planned.get("root_module").filter(|root| !root.is_nothing()) {
            module(root, &seen, &mut resources)?;
        }
    }
    Ok(resources)
}

fn malformed<T>(message: &str) -> Result<T, PlanError> {
    Err(PlanError::Malformed(message.into()))
}

/// A member that is a list, or is not there.
fn list<'a>(node: Option<&'a Node>, name: &str) -> Result<&'a [Node], PlanError> {
    match node {
        None | Some(Node::Null) => Ok(&[]),
        Some(Node::List(items)) => Ok(items),
        Some(_) => malformed(&format!("`{name}` is no list")),
    }
}

fn address(resource: &Map) -> Result<String, PlanError> {
    match resource.get("address").and_then(Node::text) {
        Some(address) => Ok(address.into()),
        None => malformed("a resource has no address"),
    }
}

/// What a change deploys, if it creates or updates something that does.
fn changed(resource: &Map, address: &str) -> Result<Option<Resource>, PlanError> {
    let Some(change) = resource.get("change").and_then(Node::map) else {
        return malformed(&format!("the change of `{address}` is no object"));
    };
    let actions = change.get("actions").map(Node::items).unwrap_or_default();
    let (mut deploys, mut known) = (false, !actions.is_empty());
    for action in actions {
        match action.text() {
            Some("create" | "update") => deploys = true,
            Some("no-op" | "read" | "delete" | "forget") => {}
            _ => known = false,
        }
    }
    if !known {
        return malformed(&format!("the actions of `{address}` are not known"));
    }
    if !deploys {
        return Ok(None);
    }
    let nothing = Map::new();
    let object = |name: &str| change.get(name).and_then(Node::map).unwrap_or(&nothing);
    let values = Values { known: object("after"), unknown: object("after_unknown") };
    deployed(resource, address, &values)
}

/// The resources of a module and of its children that no change has named.
fn module(module: &Node, seen: &BTreeSet<String>, resources: &mut Vec<Resource>) -> Result<(), PlanError> {
    let Some(module) = module.map() else { return malformed("a module is no object") };
    for each in list(module.get("resources"), "resources")? {
        let Some(resource) = each.map() else { return malformed("a resource is no object") };
        let address = address(resource)?;
        if !seen.contains(&address) {
            let nothing = Map::new();
            let known = resource.get("values").and_then(Node::map).unwrap_or(&nothing);
            resources.extend(deployed(resource, &address, &Values { known, unknown: &nothing })?);
            super::check_count(resources)?;
        }
    }
    for child in list(module.get("child_modules"), "child_modules")? {
        self::module(child, seen, resources)?;
    }
    Ok(())
}

/// What a resource will be: values that are known, and which ones will be known later.
struct Values<'a> {
    known: &'a Map,
    unknown: &'a Map,
}

impl Values<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.known.get(name).and_then(Node::text)
    }

    /// Whether the value is there, or will be.
    fn has(&self, name: &str) -> bool {
        self.known.get(name).is_some_and(|node| !node.is_nothing()) || self.is_unknown(name)
    }

    fn is_unknown(&self, name: &str) -> bool {
        self.unknown.get(name).is_some_and(|node| node.text() != Some("false"))
    }
}

/// What a resource of this type deploys, if it deploys anything that is looked at.
fn deployed(resource: &Map, address: &str, values: &Values<'_>) -> Result<Option<Resource>, PlanError> {
    // A data source reads, and deploys nothing.
    if resource.get("mode").and_then(Node::text) == Some("data") {
        return Ok(None);
    }
    let Some(kind) = resource.get("type").and_then(Node::text) else {
        return malformed(&format!("`{address}` has no type"));
    };
    let what = match kind {
        "aws_lambda_function" => code(Kind::Function, "function_name", values),
        "aws_lambda_layer_version" => code(Kind::Layer, "layer_name", values),
        "aws_cloudformation_stack" | "aws_cloudformation_stack_set" => return stack(address, values),
        "aws_serverlessapplicationrepository_cloudformation_stack"
        | "awscc_lambda_function"
        | "awscc_lambda_layer_version"
        | "awscc_cloudformation_stack"
        | "awscc_cloudformation_stack_set" => {
            What::Opaque(format!("resources of type `{kind}` are not read"))
        }
        _ => return Ok(None),
    };
    Ok(Some(Resource { address: address.into(), what }))
}

fn code(kind: Kind, name: &str, values: &Values<'_>) -> What {
    let image = values.has("image_uri") || values.text("package_type") == Some("Image");
    let (file, stored) = (values.has("filename"), values.has("s3_bucket") || values.has("s3_key"));
    let code = match (file, stored, image) {
        (false, false, true) => Code::Image,
        (true, false, false) => values.text("filename").map_or(LATER, |path| Code::Local(path.into())),
        (false, true, false) => {
            let part = |name| values.text(name).unwrap_or("(known after apply)");
            Code::Stored(format!("s3://{}/{}", part("s3_bucket"), part("s3_key")))
        }
        (false, false, false) => Code::Unknown("it names no code"),
        _ => Code::Unknown("it names several places that its code comes from"),
    };
    let hash = values.text("source_code_hash").map_or(CodeHash::Unsaid, CodeHash::of);
    What::Code(Deployed { kind, name: values.text(name).map(str::to_owned), code, hash })
}

const LATER: Code = Code::Unknown("its file is known after apply only");

/// The resources of a stack whose template is in the plan.
fn stack(address: &str, values: &Values<'_>) -> Result<Option<Resource>, PlanError> {
    let what = match (values.text("template_body"), values.has("template_url")) {
        (Some(body), false) if !cloudformation::holds_code(body) => return Ok(None),
        (_, false) => {
            What::Opaque("its template holds functions or layers, or is known after apply only".into())
        }
        _ => What::Template(values.text("template_url").unwrap_or("(known after apply)").into()),
    };
    Ok(Some(Resource { address: address.into(), what }))
}
