//! A resource of a plan: the function, the layer or the stack that it deploys.

use super::by_type;
use crate::limits::TEMPLATE_READ_BYTES_MAX;
use crate::plan::node::{Map, Node};
use crate::plan::types::{self, Known};
use crate::plan::{Code, CodeHash, Deployed, Resource, What, shown_layers};
use crate::provenance::Kind;

/// The planned values of a resource, and which of them are not known yet.
pub struct Values<'a> {
    known: &'a Map,
    unknown: &'a Map,
    /// Whether no value is known.
    all_unknown: bool,
}

static NOTHING: Map = Map::new();

impl<'a> Values<'a> {
    pub fn of(known: Option<&'a Node>, unknown: Option<&'a Node>) -> Self {
        let map = |node: Option<&'a Node>| node.and_then(Node::map).unwrap_or(&NOTHING);
        let all_unknown = matches!(unknown, Some(Node::Scalar(text)) if **text != *"false");
        Self { known: map(known), unknown: map(unknown), all_unknown }
    }

    /// The text, if it is known before the apply.
    fn text(&self, name: &str) -> Option<&'a str> {
        self.known.get(name).and_then(Node::text).filter(|_| !self.is_unknown(name))
    }

    /// Whether the value exists, or will exist.
    fn has(&self, name: &str) -> bool {
        self.known.get(name).is_some_and(|node| !node.is_nothing()) || self.is_unknown(name)
    }

    /// Whether the target of a schedule is a resource, and not a call of an API.
    fn targets_resource(&self) -> bool {
        let part = |values: &'a Map| values.get("target")?.items().first()?.map();
        let target = Values {
            known: part(self.known).unwrap_or(&NOTHING),
            unknown: part(self.unknown).unwrap_or(&NOTHING),
            all_unknown: false,
        };
        let is_unknown = self.all_unknown || matches!(self.unknown.get("target"), Some(Node::Scalar(_)));
        !is_unknown && target.text("arn").is_some_and(|arn| !types::is_call(arn))
    }

    fn is_unknown(&self, name: &str) -> bool {
        let value = self.unknown.get(name);
        self.all_unknown
            || value.is_some_and(|node| !matches!(node, Node::Scalar(text) if **text == *"false"))
    }
}

/// What a resource of this type deploys, if it is of interest.
pub fn deployed(kind: &str, address: &str, values: &Values<'_>) -> Vec<Resource> {
    let what = match kind {
        "aws_lambda_function" => code(Kind::Function, "function_name", values),
        "aws_lambda_layer_version" => code(Kind::Layer, "layer_name", values),
        "aws_cloudformation_stack" | "aws_cloudformation_stack_set" => return stack(address, values),
        _ => match types::known(kind) {
            Known::NoCodeUnless(names, what) => {
                if !names.iter().any(|name| values.has(name)) {
                    return Vec::new();
                }
                What::Type { name: kind.into(), deploys: Some(what), provider: None }
            }
            Known::Target(_) if values.targets_resource() => return Vec::new(),
            _ => match by_type(kind) {
                Some(what) => what,
                None => return Vec::new(),
            },
        },
    };
    vec![Resource { address: address.into(), what }]
}

fn code(kind: Kind, name: &str, values: &Values<'_>) -> What {
    let image = values.has("image_uri") || values.text("package_type") == Some("Image");
    let (file, stored) = (values.has("filename"), values.has("s3_bucket") || values.has("s3_key"));
    let code = match (file, stored, image) {
        _ if values.is_unknown("package_type") => {
            Code::Unknown("its package type is known only after the apply")
        }
        (false, false, true) => Code::Image,
        (true, false, false) => match values.text("filename") {
            // The provider replaces it with a home folder.
            Some(path) if path.starts_with('~') => {
                Code::Unknown("its `filename` starts with `~`: write the path without it")
            }
            Some(path) => Code::Local(path.into()),
            None => Code::Unknown("its file is known only after the apply"),
        },
        (false, true, false) => {
            let part = |name| values.text(name).unwrap_or("(known after apply)");
            Code::Stored(format!("s3://{}/{}", part("s3_bucket"), part("s3_key")))
        }
        (false, false, false) => Code::Unknown("it has no code location"),
        _ => Code::Unknown("it has several locations for its code"),
    };
    let hash = values.text("source_code_hash").map_or(CodeHash::Unsaid, CodeHash::of);
    let layers = shown_layers(values.known.get("layers").map(Node::items).unwrap_or_default().iter());
    What::Code(Deployed { kind, name: values.text(name).map(str::to_owned), code, hash, layers })
}

/// The content of a stack whose template is in the plan.
fn stack(address: &str, values: &Values<'_>) -> Vec<Resource> {
    let what = match (values.text("template_body"), values.has("template_url")) {
        (Some(body), false) if body.len() <= TEMPLATE_READ_BYTES_MAX => {
            match crate::plan::read(body.as_bytes()) {
                // The types are reported one by one, so that the policy can list them.
                Ok(resources) if resources.iter().all(|each| matches!(each.what, What::Type { .. })) => {
                    let inside =
                        |each: Resource| Resource { address: format!("{address}: {}", each.address), ..each };
                    return resources.into_iter().map(inside).collect();
                }
                _ => What::Opaque("its template has functions or layers, or cannot be read".into()),
            }
        }
        (_, true) if values.text("template_url").is_some() => {
            What::Opaque("its template is at a URL, which is not a local file: set `template_body`".into())
        }
        _ => What::Opaque("its template is known only after the apply".into()),
    };
    vec![Resource { address: address.into(), what }]
}
