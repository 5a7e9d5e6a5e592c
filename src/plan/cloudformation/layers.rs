//! Layers that functions use but the template does not deploy; the gate does not verify them.

use std::collections::BTreeSet;

use crate::plan::node::{Map, Node};
use crate::plan::shown_layers;

/// The logical ids of the layers of a template.
pub fn own(resources: &Map) -> BTreeSet<&str> {
    let is_layer = |node: &Node| {
        matches!(
            node.map().and_then(|map| map.get("Type")),
            Some(Node::Scalar(kind))
                if matches!(&**kind, "AWS::Lambda::LayerVersion" | "AWS::Serverless::LayerVersion")
        )
    };
    resources.iter().filter(|(_, node)| is_layer(node)).map(|(id, _)| id).collect()
}

/// The layers in a list that the template does not deploy.
pub fn others(lists: &[Option<&Node>], own: &BTreeSet<&str>) -> Vec<String> {
    let each = |node: &'_ &Node| !matches!(node, Node::List(_));
    let items = lists.iter().flatten().flat_map(|node| {
        // Anything except a list is a CloudFormation function that stands for one.
        node.items().iter().chain(Some(*node).filter(each))
    });
    shown_layers(items.filter(|node| !is_own(node, own)))
}

/// Whether it is `Ref` or `Fn::GetAtt` of a layer of the template.
fn is_own(node: &Node, own: &BTreeSet<&str>) -> bool {
    let Some(map) = node.map().filter(|map| map.len() == 1) else { return false };
    let id = match (map.get("Ref"), map.get("Fn::GetAtt")) {
        (Some(Node::Scalar(id)), _) => &**id,
        (_, Some(Node::Scalar(path))) => path.split('.').next().unwrap_or_default(),
        (_, Some(Node::List(items))) => match items.first() {
            Some(Node::Scalar(id)) => &**id,
            _ => return false,
        },
        _ => return false,
    };
    own.contains(id)
}
