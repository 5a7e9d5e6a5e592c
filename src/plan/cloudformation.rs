//! CloudFormation and SAM: the functions and layers of a template.
//!
//! Conditions are not evaluated: what may be deployed is looked at. A macro that is not known, a module
//! and an included text can bring functions that the template does not show, and are named.

use std::collections::BTreeMap;

use super::node::{Map, Node};
use super::{Code, CodeHash, Deployed, PlanError, Resource, What};
use crate::limits::TEMPLATE_READ_BYTES_MAX;
use crate::provenance::Kind;

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

/// Reads the template.
pub fn read(top: &Map) -> Result<Vec<Resource>, PlanError> {
    let Some(resources) = top.get("Resources").and_then(Node::map) else {
        return Err(PlanError::Malformed("`Resources` is no object".into()));
    };
    let globals = top.get("Globals").and_then(Node::map);
    let globals = globals.and_then(|globals| globals.get("Function")).and_then(Node::map);
    let mut found = Vec::new();
    for (place, node) in [("Transform", top.get("Transform")), (TRANSFORM, top.get(TRANSFORM))] {
        found.extend(node.and_then(|node| macros(place, node)));
    }
    let reader = Reader {
        hashes: version_hashes(resources),
        code_uri: globals.and_then(|globals| globals.get("CodeUri")),
    };
    reader.read(resources, "", &mut found)?;
    Ok(found)
}

/// Whether a template holds, or may hold, functions or layers.
pub fn holds_code(body: &str) -> bool {
    body.len() > TEMPLATE_READ_BYTES_MAX
        || super::read(body.as_bytes()).map_or(true, |resources| !resources.is_empty())
}

fn opaque(address: impl Into<String>, why: impl Into<String>) -> Resource {
    Resource { address: address.into(), what: What::Opaque(why.into()) }
}

/// The macros of a `Transform` that are not known, as one finding.
fn macros(place: &str, node: &Node) -> Option<Resource> {
    let several = if let Node::List(items) = node { items.as_slice() } else { std::slice::from_ref(node) };
    let unknown =
        several.iter().find(|each| !each.text().is_some_and(|name| KNOWN_MACROS.contains(&name)))?;
    let name = unknown.text().or_else(|| unknown.map()?.get("Name")?.text());
    let name = name.unwrap_or("(without a name)");
    Some(opaque(place, format!("the macro `{name}` changes the template when it is deployed")))
}

struct Reader<'a> {
    hashes: BTreeMap<&'a str, CodeHash>,
    /// SAM's `Globals.Function.CodeUri`.
    code_uri: Option<&'a Node>,
}

impl Reader<'_> {
    /// Reads the resources of the template, or of a loop in it.
    fn read(&self, resources: &Map, prefix: &str, found: &mut Vec<Resource>) -> Result<(), PlanError> {
        for (id, node) in resources {
            super::check_count(found)?;
            let address = format!("{prefix}{id}");
            if id == TRANSFORM {
                found.push(opaque(address, "a macro writes these resources when the template is deployed"));
            } else if id.starts_with(LOOP) {
                match node.items() {
                    [_, _, Node::Map(body)] => self.read(body, &format!("{address}."), found)?,
                    _ => found.push(opaque(address, "it is a loop whose resources are not in the template")),
                }
            } else {
                let Some(resource) = node.map() else {
                    return Err(PlanError::Malformed(format!("resource {id:?} is no object")));
                };
                found.extend(self.resource(id, resource).map(|what| Resource { address, what }));
            }
        }
        Ok(())
    }

    fn resource(&self, id: &str, resource: &Map) -> Option<What> {
        let Some(kind) = resource.get("Type").and_then(Node::text) else {
            return Some(What::Opaque("it has no type that the template says".into()));
        };
        let nothing = Map::new();
        let properties = resource.get("Properties");
        let is_call = properties.is_some_and(|node| !node.is_nothing() && node.map().is_none());
        let properties = properties.and_then(Node::map).unwrap_or(&nothing);
        let is_macro = resource.contains_key(TRANSFORM) || properties.contains_key(TRANSFORM) || is_call;
        let code = |name: &str| properties.get(name).filter(|node| !node.is_nothing());
        let (kind, name, code) = match kind {
            "AWS::Lambda::Function" => (Kind::Function, "FunctionName", code("Code")),
            "AWS::Serverless::Function" => {
                (Kind::Function, "FunctionName", code("CodeUri").or(code("ImageUri")).or(self.code_uri))
            }
            "AWS::Lambda::LayerVersion" => (Kind::Layer, "LayerName", code("Content")),
            "AWS::Serverless::LayerVersion" => (Kind::Layer, "LayerName", code("ContentUri")),
            "AWS::CloudFormation::Stack"
            | "AWS::Serverless::Application"
            | "AWS::CloudFormation::StackSet" => {
                let place = ["TemplateURL", "Location"].iter().find_map(|name| properties.get(name)?.text());
                return Some(match place {
                    Some(place) => What::Template(place.into()),
                    None => What::Opaque("it is a stack whose template is not named by a plain text".into()),
                });
            }
            other if other.ends_with("::MODULE") => {
                return Some(What::Opaque(format!(
                    "it is the module `{other}`, whose resources are not here"
                )));
            }
            _ if resource.contains_key(TRANSFORM) => {
                return Some(What::Opaque("a macro writes it when the template is deployed".into()));
            }
            _ => return None,
        };
        let is_sam =
            resource.get("Type").and_then(Node::text).is_some_and(|kind| kind.contains("Serverless"));
        let said = properties.get(name);
        // SAM names a layer after its logical id; whatever else is not named gets a name when it is made.
        let by_id = (is_sam && kind == Kind::Layer && said.is_none()).then_some(id);
        let is_image = properties.get("PackageType").and_then(Node::text) == Some("Image");
        let is_inline = is_sam && properties.contains_key("InlineCode");
        let code = match code {
            _ if is_macro => Code::Unknown("a macro writes it when the template is deployed"),
            _ if is_image => Code::Image,
            _ if is_inline => Code::Inline,
            Some(node) => place(node),
            None => Code::Unknown("it names no code"),
        };
        Some(What::Code(Deployed {
            kind,
            name: said.and_then(Node::text).or(by_id).map(str::to_owned),
            code,
            hash: self.hashes.get(id).cloned().unwrap_or(CodeHash::Unsaid),
        }))
    }
}

/// The hash that an `AWS::Lambda::Version` of each function insists on: another one fails the deploy.
fn version_hashes(resources: &Map) -> BTreeMap<&str, CodeHash> {
    let hash = |resource| {
        let resource = Node::map(resource)?;
        let properties = resource.get("Properties")?.map()?;
        let is_version = resource.get("Type")?.text()? == "AWS::Lambda::Version";
        // A version that may not be made insists on nothing.
        if !is_version || resource.contains_key("Condition") {
            return None;
        }
        let function = properties.get("FunctionName")?.map()?;
        let attribute = function.get("Fn::GetAtt");
        let by_attribute = || {
            attribute?
                .text()
                .map_or_else(|| attribute?.items().first()?.text(), |text| text.split('.').next())
        };
        let id = function.get("Ref").and_then(Node::text).or_else(by_attribute)?;
        Some((id, CodeHash::of(properties.get("CodeSha256")?.text()?)))
    };
    resources.values().filter_map(hash).collect()
}

/// Where a `Code`, `CodeUri`, `Content` or `ContentUri` says that the code is.
fn place(node: &Node) -> Code {
    if let Some(text) = node.text() {
        return if text.contains("://") { Code::Stored(text.into()) } else { Code::Local(text.into()) };
    }
    let Some(map) = node.map() else { return Code::Unknown("its code is no text and no object") };
    let has = |name: &str| map.get(name).is_some_and(|node| !node.is_nothing());
    let inline = has("ZipFile");
    let image = has("ImageUri");
    let stored = ["S3Bucket", "S3Key", "Bucket", "Key"].into_iter().any(has);
    match (inline, image, stored) {
        (true, false, false) => Code::Inline,
        (false, true, false) => Code::Image,
        (false, false, true) => {
            let part = |names: [&str; 2]| {
                names.iter().find_map(|name| map.get(name)?.text()).unwrap_or("(known when it is deployed)")
            };
            Code::Stored(format!("s3://{}/{}", part(["S3Bucket", "Bucket"]), part(["S3Key", "Key"])))
        }
        (false, false, false) => Code::Unknown("its code is known only when it is deployed"),
        _ => Code::Unknown("it names several places that its code comes from"),
    }
}
