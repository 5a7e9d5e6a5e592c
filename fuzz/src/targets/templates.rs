//! Plans and templates: what a second reader makes of an accepted one deploys the same.

use countersign::plan::{self, Code, Resource, What};
use serde_json::Value;

use super::yaml::{self, Refusal};

pub fn run(bytes: &[u8]) {
    // What is JSON is read as JSON; of two equal keys this reader takes the last. Everything else is YAML.
    let json = serde_json::from_slice::<Value>(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    let is_json = json.is_ok();
    if let Ok(tree) = plan::to_json(bytes)
        && !is_json
    {
        match yaml::read(bytes) {
            Ok(value) => assert!(agree(&tree, &value), "two readers see different trees: {tree} {value}"),
            // What a tool refuses it does not deploy. The C and the Python reader of PyYAML differ in that.
            Err(Refusal::Unknown | Refusal::Refused(_)) => {}
        }
    }
    let Ok(resources) = plan::read(bytes) else { return };
    assert!(resources.is_sorted_by(|a, b| a.address <= b.address), "resources are sorted");
    // With asset metadata an alias denies what deploys code, and JSON has no aliases.
    if !is_json && resources.iter().any(is_denied) {
        return;
    }
    if let Ok(value) = json.or_else(|_| yaml::read(bytes)) {
        let again = plan::read(value.to_string().as_bytes());
        assert_eq!(again.as_ref(), Ok(&resources), "two readers see different resources");
    }
}

/// Whether deploy tools take other code than the template says, or the resource cannot be told.
fn is_denied(resource: &Resource) -> bool {
    match &resource.what {
        What::Code(deployed) => matches!(deployed.code, Code::Differs { .. }),
        What::Opaque(_) => true,
        _ => false,
    }
}

/// Whether two readers see one tree. A value that is known to be ambiguous may be any text, or nothing.
fn agree(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::Object(map), Value::String(_) | Value::Null) => {
            map.len() == 1 && map.contains_key("!ambiguous")
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            let same =
                |(key, value): (&String, &Value)| ours.get(key).is_some_and(|other| agree(other, value));
            ours.len() == theirs.len() && theirs.iter().all(same)
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| agree(ours, theirs))
        }
        _ => ours == theirs,
    }
}

const TEMPLATES: [&str; 3] = [
    include_str!("../../../tests/vectors/plans/cloudformation.json"),
    include_str!("../../../tests/vectors/plans/cloudformation.yaml"),
    include_str!("../../../tests/vectors/plans/sam.yaml"),
];

const TERRAFORM: &str = include_str!("../../../tests/vectors/plans/terraform.json");

pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = changed(|from| TEMPLATES.into_iter().find(|_| from != "terraform.json"));
    seeds.extend(super::texts(&TEMPLATES));
    seeds.extend(super::texts(&[
        "Resources:\n  A: &a\n    Type: AWS::Lambda::Function\n    Properties: {Code: x.zip}\n  B:\n    <<: *a\n",
        "Resources: {A: {Type: AWS::Serverless::Function, Properties: {CodeUri: \"./x.zip\"}}}\n",
        "---\nTransform: [AWS::LanguageExtensions]\nResources:\n  'Fn::ForEach::L': [N, [a, b], {'F${N}': {Type: AWS::Lambda::Function}}]\n...\n",
    ]));
    seeds
}

pub fn terraform_seeds() -> Vec<Vec<u8>> {
    let mut seeds = changed(|from| (from == "terraform.json").then_some(TERRAFORM));
    seeds.extend(super::texts(&[TERRAFORM]));
    seeds
}

/// The vectors made from a plan or template: each is one with a text replaced.
fn changed(good: impl Fn(&str) -> Option<&'static str>) -> Vec<Vec<u8>> {
    let vectors = include_str!("../../../tests/vectors/plans/vectors.json");
    let vectors: Value = serde_json::from_str(vectors).expect("the vectors are JSON");
    let mut seeds = Vec::new();
    for vector in vectors.as_array().into_iter().flatten() {
        let text = |name: &str| vector[name].as_str().unwrap_or_default();
        let (replace, with) = (text("replace"), text("with"));
        let file = TEMPLATES.into_iter().chain([TERRAFORM]).find(|file| file.contains(replace));
        let wanted = good(text("from")).and(file).filter(|_| !replace.is_empty());
        seeds.extend(wanted.map(|file| file.replacen(replace, with, 1).into_bytes()));
    }
    seeds
}
