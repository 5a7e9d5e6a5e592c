//! CloudFormation and SAM: the functions and layers of a template.
//!
//! Conditions are not evaluated: everything that could be deployed is read. An unknown macro, a module and an
//! included text can add functions that the template does not show, so they are reported. A macro inside a
//! property only changes that property, so it does not matter where the type deploys no code.

mod asset;
mod layers;
mod resource;

use super::node::{Map, Node};
use super::{Code, PlanError, Resource, What};

/// Macros of AWS that add no functions, or only those that are read here.
const KNOWN_MACROS: [&str; 4] = [
    "AWS::CodeDeployBlueGreen",
    "AWS::LanguageExtensions",
    "AWS::SecretsManager-2020-07-23",
    "AWS::Serverless-2016-10-31",
];

/// The key of a macro call, anywhere in a template.
const TRANSFORM: &str = "Fn::Transform";

/// The prefix of the keys of loops (`AWS::LanguageExtensions`).
const LOOP: &str = "Fn::ForEach::";

/// Reads the template, in which an alias or a merge can make one object of several places.
pub fn read(top: &Map, is_shared: bool) -> Result<Vec<Resource>, PlanError> {
    let Some(resources) = top.get("Resources").and_then(Node::map) else {
        return Err(PlanError::Malformed("`Resources` is not an object".into()));
    };
    let mut found = Vec::new();
    found.extend(top.get("Transform").and_then(|node| macros("Transform", node)));
    let written = top.keys().filter(|key| is_written(key));
    found.extend(written.map(|key| opaque(key, "it writes parts of the template at deploy time")));
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

/// SAM reads with PyYAML, for which an alias and its anchor are one object, and writes the path into that
/// object.
const SHARED: Code = Code::Differs {
    why: "SAM writes `aws:asset:path` of one resource into every object that the template shares with an alias or `<<`",
    hint: "replace each alias and `<<` with the members, or remove the `aws:asset:` and `SamResource` metadata",
};

const SHARED_TEMPLATE: &str = "SAM writes `aws:asset:path` of one resource into every object that the template \
    shares with an alias or `<<`: replace each with the members";

fn opaque(address: impl Into<String>, why: impl Into<String>) -> Resource {
    Resource { address: address.into(), what: What::Opaque(why.into()) }
}

/// The unknown macros of a `Transform`, as one finding.
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
    let name = name(unknown).unwrap_or_else(|| "(no name)".into());
    let with = if KNOWN_MACROS.contains(&name.as_str()) { " with parameters" } else { "" };
    Some(opaque(place, format!("the macro `{name}`{with} changes the template at deploy time")))
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
            found.push(opaque(address, "a macro writes these resources at deploy time"));
        } else {
            let Some(resource) = node.map() else {
                return Err(PlanError::Malformed(format!("resource {id:?} is not an object")));
            };
            let what = resource::what(id, resource, globals);
            found.extend(what.map(|what| Resource { address, what }));
        }
    }
    Ok(())
}

/// Whether a key stands for others that are written at deploy time: a function's, or a loop's variable.
fn is_written(key: &str) -> bool {
    key.starts_with("Fn::") || is_variable(key)
}

/// Whether a loop would replace the text (`AWS::LanguageExtensions`).
fn is_variable(text: &str) -> bool {
    text.contains("${") || text.contains("&{")
}

/// Whether the value contains a macro call.
fn calls_macro(node: &Node) -> bool {
    match node {
        Node::Map(map) => map.iter().any(|(key, value)| key == TRANSFORM || calls_macro(value)),
        Node::List(items) => items.iter().any(calls_macro),
        Node::Null | Node::Scalar(_) | Node::Ambiguous(_) => false,
    }
}
