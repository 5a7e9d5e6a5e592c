//! A resource of a template: the function, the layer or the template that it deploys.

use std::collections::BTreeSet;

use super::{asset, calls_macro, is_variable, is_written, layers};
use crate::plan::node::{Map, Node};
use crate::plan::types::{self, Known};
use crate::plan::{Code, CodeHash, Deployed, What, has_scheme};
use crate::provenance::Kind;

/// SAM's `Globals.Function`, as far as it concerns code, and the layers of the template.
pub struct Globals<'a> {
    has_code_uri: bool,
    layers: Option<&'a Node>,
    own_layers: BTreeSet<&'a str>,
    /// Whether a macro or a CloudFormation function writes a part of it.
    is_written: bool,
}

impl<'a> Globals<'a> {
    pub fn of(node: Option<&'a Node>, own_layers: BTreeSet<&'a str>) -> Self {
        let map = node.and_then(Node::map);
        let function = map.and_then(|map| map.get("Function"));
        let is_call = |node: Option<&Node>| {
            node.is_some_and(|node| match node.map() {
                Some(map) => map.keys().any(is_written),
                None => !node.is_nothing(),
            })
        };
        let is_written = is_call(node) || is_call(function) || function.is_some_and(calls_macro);
        let function = function.and_then(Node::map);
        let has_code_uri = function.is_some_and(|map| map.contains_key("CodeUri"));
        Self { has_code_uri, layers: function.and_then(|map| map.get("Layers")), own_layers, is_written }
    }
}

/// What a resource deploys, if it is of interest; CloudFormation and SAM must agree on it.
pub fn what(id: &str, resource: &Map, globals: &Globals<'_>) -> Option<What> {
    let Some(kind) = resource.get("Type").and_then(Node::text) else {
        return Some(What::Opaque("its type is not in the template".into()));
    };
    if let Some(key) = resource.keys().find(|key| is_written(key) || *key == "Transform") {
        return Some(What::Opaque(format!("`{key}` writes it at deploy time")));
    }
    let reading = Reading { id, kind, globals };
    let nothing = Map::new();
    let properties = resource.get("Properties");
    let here = match properties {
        None => reading.what(&nothing),
        Some(Node::Map(properties)) => reading.what(properties),
        Some(_) => reading.written(),
    };
    let uploaded = match asset::properties(id, resource) {
        asset::Read::AsWritten => return here,
        asset::Read::Unknown => None,
        asset::Read::As(properties) => Some(reading.what(&properties)),
    };
    match uploaded {
        Some(uploaded) if uploaded == here => here,
        _ => here.map(|here| asset::differs(here, uploaded.flatten())),
    }
}

struct Reading<'a> {
    id: &'a str,
    kind: &'a str,
    globals: &'a Globals<'a>,
}

impl Reading<'_> {
    fn what(&self, properties: &Map) -> Option<What> {
        let is_written = properties.keys().any(is_written) || properties.values().any(calls_macro);
        self.read(properties, is_written)
    }

    /// What it deploys if its properties are not an object.
    fn written(&self) -> Option<What> {
        self.read(&Map::new(), true)
    }

    fn read(&self, properties: &Map, is_written: bool) -> Option<What> {
        match self.kind {
            "AWS::Lambda::Function" | "AWS::Serverless::Function" => {
                Some(self.code(Kind::Function, properties, is_written))
            }
            "AWS::Lambda::LayerVersion" | "AWS::Serverless::LayerVersion" => {
                Some(self.code(Kind::Layer, properties, is_written))
            }
            "AWS::CloudFormation::Stack"
            | "AWS::CloudFormation::StackSet"
            | "AWS::Serverless::Application" => {
                Some(if is_written { What::Opaque(LATER_TEMPLATE.into()) } else { self.template(properties) })
            }
            other if other.ends_with("::MODULE") => Some(What::Opaque(format!(
                "it is the module `{other}`, whose resources are not in the template"
            ))),
            other => {
                let deploys = match types::known(other) {
                    Known::NoCode => return None,
                    Known::NoCodeUnless(names, _)
                        if !is_written && !names.iter().any(|name| properties.contains_key(name)) =>
                    {
                        return None;
                    }
                    Known::Target(_) if !is_written && targets_resource(properties) => return None,
                    Known::NoCodeUnless(_, what) | Known::Code(what) | Known::Target(what) => Some(what),
                    Known::Read | Known::Nothing => None,
                };
                Some(What::Type { name: other.into(), deploys, provider: None })
            }
        }
    }

    fn template(&self, properties: &Map) -> What {
        let own = if self.kind == "AWS::Serverless::Application" { "Location" } else { "TemplateURL" };
        let others = ["Location", "TemplateURL", "TemplateBody"].into_iter().filter(|name| *name != own);
        let place = properties.get(own).and_then(Node::text);
        match place {
            Some(_) if others.into_iter().any(|name| properties.contains_key(name)) => {
                What::Opaque("its template is named in several ways".into())
            }
            Some(place) if !is_variable(place) => What::Template(place.into()),
            _ => What::Opaque("it is a stack whose template location is not a plain text".into()),
        }
    }

    fn code(&self, kind: Kind, properties: &Map, is_written: bool) -> What {
        let is_sam = self.kind.starts_with("AWS::Serverless::");
        let name = properties.get(if kind == Kind::Layer { "LayerName" } else { "FunctionName" });
        // SAM names a layer after its logical id; other unnamed resources get a name at deploy time.
        let by_id = (is_sam && kind == Kind::Layer && name.is_none()).then_some(self.id);
        let code = match (self.kind, properties.get("PackageType").map(Node::text)) {
            _ if is_written => WRITTEN,
            (_, Some(Some("Image"))) => Code::Image,
            (_, Some(other)) if other != Some("Zip") => {
                Code::Unknown("its package type is known only after the deploy")
            }
            ("AWS::Serverless::Function", _) => self.serverless(properties),
            ("AWS::Serverless::LayerVersion", _) => place(properties.get("ContentUri")),
            ("AWS::Lambda::LayerVersion", _) => place(properties.get("Content")),
            _ => place(properties.get("Code")),
        };
        let name = name.and_then(Node::text).or(by_id).map(str::to_owned);
        let layers = if kind == Kind::Function {
            let global = self.globals.layers.filter(|_| is_sam);
            layers::others(&[properties.get("Layers"), global], &self.globals.own_layers)
        } else {
            Vec::new()
        };
        What::Code(Deployed { kind, name, code, hash: CodeHash::Unsaid, layers })
    }

    /// A key without a value counts too: `sam package` creates a ZIP of the folder for it.
    fn serverless(&self, properties: &Map) -> Code {
        let there = |name: &str| properties.contains_key(name);
        match (there("InlineCode"), there("CodeUri"), there("ImageUri")) {
            (true, _, _) => Code::Inline,
            (_, true, true) => SEVERAL,
            (_, true, false) => place(properties.get("CodeUri")),
            _ if self.globals.is_written => WRITTEN,
            (_, _, true) => Code::Image,
            _ if self.globals.has_code_uri => GLOBAL,
            _ => place(None),
        }
    }
}

/// Whether the target of a schedule is a resource, and not a call of an API.
fn targets_resource(properties: &Map) -> bool {
    let target = properties.get("Target").and_then(Node::map);
    let Some(arn) = target.and_then(|target| target.get("Arn")) else { return false };
    let only =
        |map: &Map| (map.len() == 1).then(|| map.iter().next().map(|(key, _)| key.to_owned())).flatten();
    match arn {
        Node::Map(map) => match only(map).as_deref() {
            Some("Fn::Sub") => {
                let text =
                    map.get("Fn::Sub").and_then(|sub| sub.text().or_else(|| sub.items().first()?.text()));
                text.is_some_and(|text| !types::is_call(text))
            }
            Some("Fn::GetAtt") => map.get("Fn::GetAtt").is_some_and(is_own_arn),
            _ => false,
        },
        _ => arn.text().is_some_and(|arn| !types::is_call(arn)),
    }
}

/// Whether `Fn::GetAtt` returns the ARN that AWS assigns to a resource; a stack's `Outputs` can be any text.
fn is_own_arn(attribute: &Node) -> bool {
    match attribute {
        Node::List(items) => matches!(&items[..], [_, name] if name.text() == Some("Arn")),
        _ => attribute.text().and_then(|text| text.split_once('.')).is_some_and(|(_, name)| name == "Arn"),
    }
}

const LATER_TEMPLATE: &str = "its properties are written at deploy time";
const WRITTEN: Code = Code::Unknown("a macro writes it at deploy time");
const LATER: Code = Code::Unknown("its code is known only after the deploy");
const GLOBAL: Code = Code::Differs {
    why: "its `CodeUri` is in `Globals`: SAM reads it, but `aws cloudformation package` creates a ZIP of the folder",
    hint: "move `CodeUri` to the function",
};
const SEVERAL: Code = Code::Unknown("it has several locations for its code");

/// The keys of a `Code` or `CodeUri`, `Content` or `ContentUri`.
const PLACE_KEYS: [&str; 10] = [
    "Bucket",
    "ImageUri",
    "Key",
    "S3Bucket",
    "S3Key",
    "S3ObjectStorageMode",
    "S3ObjectVersion",
    "SourceKMSKeyArn",
    "Version",
    "ZipFile",
];

/// The location of the code in a `Code`, `CodeUri`, `Content` or `ContentUri`.
fn place(node: Option<&Node>) -> Code {
    let Some(node) = node.filter(|node| !node.is_nothing()) else {
        return Code::Unknown("it has no code location");
    };
    if let Some(text) = node.text() {
        return match text {
            _ if is_variable(text) => LATER,
            _ if has_scheme(text) => Code::Stored(text.into()),
            _ => Code::Local(text.into()),
        };
    }
    let Some(map) = node.map() else { return Code::Unknown("its code is neither a text nor an object") };
    if map.keys().any(|key| !PLACE_KEYS.contains(&key)) {
        return LATER;
    }
    let has = |name: &str| map.get(name).is_some_and(|node| !node.is_nothing());
    let inline = has("ZipFile");
    let image = has("ImageUri");
    let stored = ["S3Bucket", "S3Key", "Bucket", "Key"].into_iter().any(has);
    match (inline, image, stored) {
        (true, false, false) => Code::Inline,
        (false, true, false) => Code::Image,
        (false, false, true) => {
            let part = |names: [&str; 2]| {
                names.iter().find_map(|name| map.get(name)?.text()).unwrap_or("(known after the deploy)")
            };
            Code::Stored(format!("s3://{}/{}", part(["S3Bucket", "Bucket"]), part(["S3Key", "Key"])))
        }
        (false, false, false) => LATER,
        _ => SEVERAL,
    }
}
