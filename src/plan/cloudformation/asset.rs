//! Asset metadata: what SAM uploads in place of a property.
//!
//! CDK writes `aws:asset:path` and `aws:asset:property` into a resource's `Metadata`. `sam build`, `sam
//! package` and `sam deploy` set that property to the path before they read anything else
//! (`ResourceMetadataNormalizer`); CloudFormation, the AWS CLI and `cdk deploy` do not. So there are two
//! readings of such a resource.

use super::is_written;
use crate::plan::node::{Map, Node};
use crate::plan::{Code, Deployed, What};

/// The property whose value is an image: SAM names it after the resource, whatever the path is.
const IMAGE: &str = "Code.ImageUri";

/// Whether SAM could find asset metadata in the template, or metadata that is written at deploy time.
pub fn is_used(top: &Map) -> bool {
    top.iter().any(|(key, value)| {
        key.starts_with("aws:asset:")
            || key.starts_with("SamResource")
            || is_used_in(value)
            || (key == "Metadata" && value.map().is_some_and(|map| map.keys().any(is_written)))
    })
}

fn is_used_in(node: &Node) -> bool {
    match node {
        Node::Map(map) => is_used(map),
        Node::List(items) => items.iter().any(is_used_in),
        Node::Null | Node::Scalar(_) | Node::Ambiguous(_) => false,
    }
}

/// How SAM reads a resource's properties.
pub enum Read {
    /// As the template has them.
    AsWritten,
    /// As other properties.
    As(Map),
    /// As properties that the template does not contain.
    Unknown,
}

/// The properties of a resource as SAM reads them.
pub fn properties(id: &str, resource: &Map) -> Read {
    let metadata = match resource.get("Metadata") {
        None | Some(Node::Null) => return Read::AsWritten,
        Some(Node::Map(metadata)) => metadata,
        Some(_) => return Read::Unknown,
    };
    if metadata.keys().any(is_written) {
        return Read::Unknown;
    }
    let said = |name: &str| metadata.get(name).filter(|node| !node.is_nothing());
    let (path, property) = match (said("aws:asset:path"), said("aws:asset:property")) {
        (_, Some(property)) if property.text() == Some(IMAGE) => {
            (Node::Scalar(id.to_lowercase().into()), IMAGE)
        }
        (Some(path), Some(property)) => match property.text() {
            Some(property) => (path.clone(), property),
            None => return Read::Unknown,
        },
        _ => return Read::AsWritten,
    };
    let mut properties = resource.get("Properties").and_then(Node::map).cloned().unwrap_or_default();
    let mut keys = property.rsplit('.');
    let last = keys.next().unwrap_or_default();
    // Each object on the path is copied.
    let value = |value, key: &str| {
        let mut map = Map::new();
        map.insert(key, value);
        Node::Map(map)
    };
    let mut keys: Vec<&str> = keys.collect();
    match keys.pop() {
        None => properties.insert(last, path),
        Some(first) => properties.insert(first, keys.into_iter().fold(value(path, last), value)),
    };
    Read::As(properties)
}

/// What to report for a resource that SAM and CloudFormation read differently.
pub fn differs(here: What, uploaded: Option<What>) -> What {
    match (here, uploaded) {
        (What::Code(deployed), uploaded) => {
            let place = match &uploaded {
                Some(What::Code(Deployed { code: Code::Local(place) | Code::Stored(place), .. })) => {
                    Some(place.clone())
                }
                _ => None,
            };
            What::Code(Deployed { code: Code::Asset(place), ..deployed })
        }
        (what @ What::Type { .. }, _) => what,
        (What::Template(_) | What::Opaque(_), _) => {
            What::Opaque("its `Metadata` makes SAM deploy a different template than CloudFormation".into())
        }
    }
}
