//! A resource of a plan: the function, the layer or the stack that it deploys.

use std::collections::{BTreeMap, BTreeSet};

use super::by_type;
use crate::limits::TEMPLATE_READ_BYTES_MAX;
use crate::plan::node::{Map, Node};
use crate::plan::types::{self, Known};
use crate::plan::{Code, CodeHash, Deployed, Resource, What, shown_layers, without_keys};
use crate::provenance::Kind;

/// What a resource will be: values that are known, and which ones will be known later.
pub struct Values<'a> {
    known: &'a Map,
    unknown: &'a Map,
    /// Whether nothing is known.
    all_unknown: bool,
}

static NOTHING: Map = Map::new();

impl<'a> Values<'a> {
    pub fn of(known: Option<&'a Node>, unknown: Option<&'a Node>) -> Self {
        let map = |node: Option<&'a Node>| node.and_then(Node::map).unwrap_or(&NOTHING);
        let all_unknown = matches!(unknown, Some(Node::Scalar(text)) if **text != *"false");
        Self { known: map(known), unknown: map(unknown), all_unknown }
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        self.known.get(name).and_then(Node::text)
    }

    /// Whether the value is there, or will be.
    fn has(&self, name: &str) -> bool {
        self.known.get(name).is_some_and(|node| !node.is_nothing()) || self.is_unknown(name)
    }

    fn is_unknown(&self, name: &str) -> bool {
        let value = self.unknown.get(name);
        self.all_unknown
            || value.is_some_and(|node| !matches!(node, Node::Scalar(text) if **text == *"false"))
    }
}

/// The files that the plan itself uploads into S3, by the address of the object without the keys of instances.
///
/// An update counts if it makes a new version: others change tags and leave the object as it is.
pub struct Uploads<'a>(BTreeMap<String, Vec<Upload<'a>>>);

struct Upload<'a> {
    place: Option<(&'a str, &'a str)>,
    file: Option<&'a str>,
}

impl<'a> Uploads<'a> {
    pub fn of(changes: &'a [Node]) -> Self {
        let mut all: BTreeMap<String, Vec<Upload<'a>>> = BTreeMap::new();
        for resource in changes.iter().filter_map(Node::map) {
            let text = |name: &str| resource.get(name).and_then(Node::text);
            let (Some("aws_s3_object" | "aws_s3_bucket_object"), Some(address)) =
                (text("type"), text("address"))
            else {
                continue;
            };
            let upload = Upload::of(resource).unwrap_or(Upload { place: None, file: None });
            all.entry(without_keys(address)).or_default().push(upload);
        }
        Self(all)
    }

    /// Returns the file that a function or layer takes from S3, if the plan uploads it first: Terraform updates a
    /// function after the object that its key refers to.
    pub fn file(&self, values: &Values<'_>, references: &BTreeSet<String>) -> Option<&'a str> {
        let place = (values.text("s3_bucket")?, values.text("s3_key")?);
        if values.text("s3_object_version").is_some() {
            return None;
        }
        let referred = references.iter().filter_map(|address| self.0.get(address)).flatten();
        let mut at_place = referred.filter(|upload| upload.place == Some(place));
        let file = at_place.next()?.file;
        // The order of two uploads to one place is not known.
        file.filter(|_| self.0.values().flatten().filter(|upload| upload.place == Some(place)).count() == 1)
    }
}

impl<'a> Upload<'a> {
    fn of(resource: &'a Map) -> Option<Self> {
        let change = resource.get("change")?.map()?;
        let actions = change.get("actions").map(Node::items).unwrap_or_default();
        let has = |action: &str| actions.iter().any(|each| each.text() == Some(action));
        let values = Values::of(change.get("after"), change.get("after_unknown"));
        let is_new = has("create") || (has("update") && values.is_unknown("version_id"));
        let is_text = values.has("content") || values.has("content_base64") || values.is_unknown("source");
        let file = values.text("source").filter(|_| is_new && !is_text);
        Some(Self { place: Some((values.text("bucket")?, values.text("key")?)), file })
    }
}

/// What a resource of this type deploys, if it deploys anything that is looked at.
///
/// `uploaded` finds the file that the plan uploads to where the code is.
pub fn deployed(
    kind: &str,
    address: &str,
    values: &Values<'_>,
    uploaded: impl Fn(&Values<'_>) -> Option<String>,
) -> Vec<Resource> {
    let what = match kind {
        "aws_lambda_function" => code(Kind::Function, "function_name", values, uploaded),
        "aws_lambda_layer_version" => code(Kind::Layer, "layer_name", values, uploaded),
        "aws_cloudformation_stack" | "aws_cloudformation_stack_set" => return stack(address, values),
        _ => match types::known(kind) {
            Known::NoCodeUnless(names, what) => {
                if !names.iter().any(|name| values.has(name)) {
                    return Vec::new();
                }
                What::Type { name: kind.into(), deploys: Some(what) }
            }
            _ => match by_type(kind) {
                Some(what) => what,
                None => return Vec::new(),
            },
        },
    };
    vec![Resource { address: address.into(), what }]
}

fn code(
    kind: Kind,
    name: &str,
    values: &Values<'_>,
    uploaded: impl Fn(&Values<'_>) -> Option<String>,
) -> What {
    let image = values.has("image_uri") || values.text("package_type") == Some("Image");
    let (file, stored) = (values.has("filename"), values.has("s3_bucket") || values.has("s3_key"));
    let code = match (file, stored, image) {
        _ if values.is_unknown("package_type") => Code::Unknown("its package type is known after apply only"),
        (false, false, true) => Code::Image,
        (true, false, false) => values.text("filename").map_or(LATER, |path| Code::Local(path.into())),
        (false, true, false) => match uploaded(values) {
            Some(file) => Code::Local(file),
            None => {
                let part = |name| values.text(name).unwrap_or("(known after apply)");
                Code::Stored(format!("s3://{}/{}", part("s3_bucket"), part("s3_key")))
            }
        },
        (false, false, false) => Code::Unknown("it names no code"),
        _ => Code::Unknown("it names several places that its code comes from"),
    };
    let hash = values.text("source_code_hash").map_or(CodeHash::Unsaid, CodeHash::of);
    let layers = shown_layers(values.known.get("layers").map(Node::items).unwrap_or_default().iter());
    What::Code(Deployed { kind, name: values.text(name).map(str::to_owned), code, hash, layers })
}

const LATER: Code = Code::Unknown("its file is known after apply only");

/// What a stack holds whose template is in the plan.
fn stack(address: &str, values: &Values<'_>) -> Vec<Resource> {
    let what = match (values.text("template_body"), values.has("template_url")) {
        (Some(body), false)
            if !values.is_unknown("template_body") && body.len() <= TEMPLATE_READ_BYTES_MAX =>
        {
            match crate::plan::read(body.as_bytes()) {
                // The types are named one by one, so that the policy can list them.
                Ok(resources) if resources.iter().all(|each| matches!(each.what, What::Type { .. })) => {
                    let inside =
                        |each: Resource| Resource { address: format!("{address}: {}", each.address), ..each };
                    return resources.into_iter().map(inside).collect();
                }
                _ => What::Opaque("its template holds functions or layers, or cannot be read".into()),
            }
        }
        (_, false) => What::Opaque("its template is known after apply only".into()),
        _ => What::Template(values.text("template_url").unwrap_or("(known after apply)").into()),
    };
    vec![Resource { address: address.into(), what }]
}
