//! CloudFormation and SAM: the functions and layers of a template.
//!
//! Conditions are not evaluated: what may be deployed is looked at. A macro that is not known, a module and an
//! included text can bring functions that the template does not show, and are named. What a macro inside of a
//! property writes stays in that property, so it changes nothing where the type deploys no code.

mod asset;
mod layers;
mod resource;

use super::node::{Map, Node};
use super::{Code, PlanError, Resource, What};

/// Macros of AWS's own that bring no function, or only those that are read here.
const KNOWN_MACROS: [&str; 4] = [
    "AWS::CodeDeployBlueGreen",
    "AWS::LanguageExtensions",
    "AWS::SecretsManager-2020-07-23",
    "AWS::Serverless-2016-10-31",
];

/// The key of a macro's call, wherever it stands.
const TRANSFORM: &str = "Fn::Transform";

/// The start of the keys of loops (`AWS::LanguageExtensions`).
const LOOP: &str = "Fn::ForEach::";

/// Reads the template, in which an alias or a merge may make one object of several places.
pub fn read(top: &Map, is_shared: bool) -> Result<Vec<Resource>, PlanError> {
    let Some(resources) = top.get("Resources").and_then(Node::map) else {
        return Err(PlanError::Malformed("`Resources` is no object".into()));
    };
    let mut found = Vec::new();
    found.extend(top.get("Transform").and_then(|node| macros("Transform", node)));
    let written = top.keys().filter(|key| is_written(key));
    found.extend(written.map(|key| opaque(key, "it writes the template when it is deployed")));
    let globals = resource::Globals::of(top.get("Globals"), layers::own(resources));
    self::resources(resources, "", &globals, &mut found)?;
    if is_shared && asset::is_used(top) {
        for each in &mut found {
            match &mut each.what {
                What::Code(deployed) => deployed.code = SHARED,
                What::Template(_) => each.what = What::Opaque(SHARED_TEMPLATE.into()),
                What::Opaque(_) | What::Type { .. } => {}
            }
        }
    }
    Ok(found)
}

/// SAM reads by PyYAML, for which an alias and its anchor are one object, and writes the path into that.
const SHARED: Code = Code::Differs {
    why: "SAM writes `aws:asset:path` of one resource into every object that an alias or `<<` of the template shares",
    hint: "write the members out in the place of each alias and `<<`, or remove the `aws:asset:` and `SamResource` metadata",
};

const SHARED_TEMPLATE: &str = "SAM writes `aws:asset:path` of one resource into every object that an alias or `<<` of \
    the template shares: write the members out in the place of each";

fn opaque(address: impl Into<String>, why: impl Into<String>) -> Resource {
    Resource { address: address.into(), what: What::Opaque(why.into()) }
}

/// The macros of a `Transform` that are not known, as one finding.
fn macros(place: &str, node: &Node) -> Option<Resource> {
    let several = if let Node::List(items) = node { items.as_slice() } else { std::slice::from_ref(node) };
    let name = |node: &Node| node.text().or_else(|| node.map()?.get("Name")?.text()).map(str::to_owned);
    let is_known = |node: &&Node| {
        // `AWS::Include` and macros of the account take parameters; the known ones take none.
        let is_empty = |node: &Node| node.map().is_some_and(Map::is_empty);
        let is_plain = node.map().is_none_or(|map| {
            map.iter().all(|(key, value)| key == "Name" || (key == "Parameters" && is_empty(value)))
        });
        is_plain && name(node).is_some_and(|name| KNOWN_MACROS.contains(&name.as_str()))
    };
    let unknown = several.iter().find(|each| !is_known(each))?;
    let name = name(unknown).unwrap_or_else(|| "(without a name)".into());
    let with = if KNOWN_MACROS.contains(&name.as_str()) { " with parameters" } else { "" };
    Some(opaque(place, format!("the macro `{name}`{with} changes the template when it is deployed")))
}

/// Reads the resources of the template, or of a loop in it.
fn resources(
    resources: &Map,
    prefix: &str,
    globals: &resource::Globals<'_>,
    found: &mut Vec<Resource>,
) -> Result<(), PlanError> {
    for (id, node) in resources {
        super::check_count(found)?;
        let address = format!("{prefix}{id}");
        if id.starts_with(LOOP) {
            match node.items() {
                [_, _, Node::Map(body)] => self::resources(body, &format!("{address}."), globals, found)?,
                _ => found.push(opaque(address, "it is a loop whose resources are not in the template")),
            }
        } else if id.starts_with("Fn::") {
            found.push(opaque(address, "a macro writes these resources when the template is deployed"));
        } else {
            let Some(resource) = node.map() else {
                return Err(PlanError::Malformed(format!("resource {id:?} is no object")));
            };
            let what = resource::what(id, resource, globals);
            found.extend(what.map(|what| Resource { address, what }));
        }
    }
    Ok(())
}

/// Whether a key stands for others that are written when the template is deployed: a function's, or a loop's variable.
fn is_written(key: &str) -> bool {
    key.starts_with("Fn::") || is_variable(key)
}

/// Whether a loop would write something else in the place of the text (`AWS::LanguageExtensions`).
fn is_variable(text: &str) -> bool {
    text.contains("${") || text.contains("&{")
}

/// Whether a macro is called anywhere in the value.
fn calls_macro(node: &Node) -> bool {
    match node {
        Node::Map(map) => map.iter().any(|(key, value)| key == TRANSFORM || calls_macro(value)),
        Node::List(items) => items.iter().any(calls_macro),
        Node::Null | Node::Scalar(_) | Node::Ambiguous(_) => false,
    }
}
