//! The plan: what an infrastructure tool is about to deploy, from `terraform show -json`, or from a
//! CloudFormation or SAM template.
//!
//! A plan is not trusted, and nothing is resolved: a value that the tool computes later is unknown. Anything
//! that could deploy functions in a way that is not read here is [`What::Opaque`], and never ignored.

mod cloudformation;
mod heap;
mod json;
mod node;
mod terraform;
mod text;
mod types;
mod yaml;

use std::borrow::Cow;

use self::json::JsonError;
use self::node::Node;
use self::text::Text;
use crate::digest::Sha256;
use crate::hint::Hint;
use crate::limits::{LAYERS_MAX, PLAN_RESOURCES_MAX};
use crate::provenance::Kind;

/// Why a text is not a plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// It contradicts itself, or is too large or too deep, or readers read it differently.
    #[error("{0}")]
    Malformed(String),
    /// It starts like JSON, and is neither JSON nor YAML.
    #[error("it is not JSON ({json}), and not YAML ({yaml})")]
    Neither {
        /// What is wrong with it as JSON.
        json: String,
        /// What is wrong with it as YAML.
        yaml: String,
    },
    /// It is the file that `terraform plan -out` writes.
    #[error("it is Terraform's binary plan")]
    Binary,
    /// It is what `terraform plan -json` prints.
    #[error("it is the log of `terraform plan -json`, which does not contain the plan")]
    Log,
    /// It is well formed, but not a known format.
    #[error("neither a Terraform plan (`terraform show -json`) nor a CloudFormation or SAM template: {0}")]
    Unknown(String),
}

impl Hint for PlanError {
    fn hint(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Malformed(_) => None,
            Self::Neither { .. } => Some(AGAIN.into()),
            Self::Binary | Self::Log => {
                Some("pass its JSON: `terraform show -json PLANFILE > plan.json`".into())
            }
            Self::Unknown(_) => Some("pass a plan of `terraform show -json`, or a template".into()),
        }
    }
}

/// A wrapper prints more than one line, or something after the plan.
const AGAIN: &str = "for a Terraform plan, write only the JSON to the file: `terraform show -json PLANFILE > plan.json` \
    (setup-terraform: `terraform_wrapper: false`; terragrunt: `--log-disable`); in a template, fix the line";

/// A resource that is about to be deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// Its address: `module.shop.aws_lambda_function.orders["eu"]`, or the logical id in a template.
    pub address: String,
    /// What it is.
    pub what: What,
}

/// What a resource deploys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A function's code or a layer's content.
    Code(Deployed),
    /// Another template at this location.
    Template(String),
    /// Something that could contain functions and is not read; the text says why.
    Opaque(String),
    /// A resource of a type that is not known to deploy no code.
    Type {
        /// The type, or a block of Terraform and its type: `provisioner.local-exec`.
        name: String,
        /// What resources of the type deploy, if known.
        deploys: Option<&'static str>,
        /// Its provider, if it is not the one whose types are known by this name.
        provider: Option<String>,
    },
}

/// A function or a layer that a plan deploys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// Which of the two.
    pub kind: Kind,
    /// Its name, if the plan has it.
    pub name: Option<String>,
    /// Where its code comes from.
    pub code: Code,
    /// The SHA-256 in the plan.
    pub hash: CodeHash,
    /// Layers that the function uses but the plan does not deploy, as the plan names them; at most six.
    pub layers: Vec<String>,
}

/// The location of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// A local file or folder, relative to the plan's folder.
    Local(String),
    /// A stored object, such as in S3.
    Stored(String),
    /// A container image.
    Image,
    /// Text in the plan itself.
    Inline,
    /// Different code for SAM, which reads asset metadata, than for CloudFormation: this, if it is a file or
    /// an object.
    Asset(Option<String>),
    /// The plan does not say; the text says why.
    Unknown(&'static str),
    /// Different code for different deploy tools.
    Differs {
        /// Why it differs.
        why: &'static str,
        /// How to write it, so that it does not.
        hint: &'static str,
    },
}

/// The digest of code in a plan, as base64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeHash {
    /// None, or not known yet.
    Unsaid,
    /// Its SHA-256.
    Sha256(Sha256),
    /// Something else.
    Malformed(String),
}

/// A parsed plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Whether it is a CloudFormation or SAM template, whose paths are relative to its folder.
    pub is_template: bool,
    /// Everything in it that deploys code, sorted by address.
    pub resources: Vec<Resource>,
    /// The line before the plan, which was skipped.
    pub prefix: Option<String>,
}

/// Parses a plan, JSON or YAML; returns everything in it that deploys code, sorted by address.
pub fn read(bytes: &[u8]) -> Result<Vec<Resource>, PlanError> {
    read_whole(&Text::of(bytes)?).map(|plan| plan.resources)
}

/// Parses the file of a plan, in which a line can be before a Terraform plan.
pub fn read_plan(bytes: &[u8]) -> Result<Plan, PlanError> {
    let text = Text::of(bytes)?;
    read_whole(&text).or_else(|error| {
        let Some((prefix, object)) = text::after_prefix(&text.bytes) else {
            return Err(text::other(&text.bytes).unwrap_or(error));
        };
        let object = Text { bytes: object.into(), is_marked: false };
        match json::read(&object.bytes) {
            Ok(_) => {
                let plan = read_whole(&object)?;
                if plan.is_template { Err(error) } else { Ok(Plan { prefix: Some(prefix), ..plan }) }
            }
            Err(_) => Err(error),
        }
    })
}

/// Parses a text that is a plan from its beginning to its end.
fn read_whole(text: &Text<'_>) -> Result<Plan, PlanError> {
    let (document, is_shared) = document(text)?;
    let Node::Map(top) = &document else {
        return Err(PlanError::Unknown("its top level is not an object".into()));
    };
    let is_terraform = top.contains_key("format_version") || top.contains_key("terraform_version");
    let mut resources = if is_terraform && top.contains_key("Resources") {
        return Err(PlanError::Unknown("it has both `format_version` and `Resources`".into()));
    } else if is_terraform {
        terraform::read(top)?
    } else if top.contains_key("Resources") || top.contains_key("AWSTemplateFormatVersion") {
        cloudformation::read(top, is_shared)?
    } else {
        return Err(PlanError::Unknown("it has no `format_version` and no `Resources`".into()));
    };
    if let Some(value) = document.ambiguity_read() {
        let place = if value.line == 0 { String::new() } else { format!("line {}: ", value.line) };
        let message = format!("{place}deploy tools read {:?} as different values: quote it", &*value.text);
        return Err(PlanError::Malformed(message));
    }
    check_count(&resources)?;
    resources.sort_by(|a, b| a.address.cmp(&b.address));
    Ok(Plan { is_template: !is_terraform, resources, prefix: None })
}

/// Checks, while resources are collected, that there are not more than a report has room for.
fn check_count(resources: &[Resource]) -> Result<(), PlanError> {
    if resources.len() > PLAN_RESOURCES_MAX {
        let message =
            format!("it deploys more than {PLAN_RESOURCES_MAX} functions, layers and stacks: split it");
        return Err(PlanError::Malformed(message));
    }
    Ok(())
}

/// Parses a plan as JSON, and returns the tree that decisions use: texts, numbers and booleans as texts, and
/// a value that readers disagree on as `{"!ambiguous": TEXT}`.
pub fn to_json(bytes: &[u8]) -> Result<serde_json::Value, PlanError> {
    document(&Text::of(bytes)?).map(|(document, _)| document.to_json())
}

/// The document, read as JSON or YAML, and whether objects in it are shared. What starts like JSON but is not
/// JSON is YAML.
fn document(text: &Text<'_>) -> Result<(Node, bool), PlanError> {
    let bytes = &*text.bytes;
    if !json::is_json(bytes) {
        return yaml::read(bytes);
    }
    match json::read(bytes) {
        // Python's JSON reader rejects the mark, and the AWS CLI and SAM fall back to YAML.
        Ok(Node::Map(top)) if text.is_marked && top.contains_key("Resources") => yaml::read(bytes),
        Ok(node) => Ok((node, false)),
        Err(JsonError::Syntax(json)) => {
            yaml::read(bytes).map_err(|yaml| PlanError::Neither { json, yaml: yaml.to_string() })
        }
        Err(JsonError::Refused(error)) => Err(PlanError::Malformed(error)),
    }
}

/// An address without the keys of `count` and `for_each`, which can contain anything in quotes.
pub fn without_keys(address: &str) -> String {
    let (mut out, mut depth, mut quoted, mut escaped) = (String::new(), 0usize, false, false);
    for c in address.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if depth > 0 => quoted = !quoted,
            '[' if !quoted => depth += 1,
            ']' if !quoted && depth > 0 => depth -= 1,
            _ if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

/// Whether the text is not a local file: an address with a scheme, such as `s3://BUCKET/KEY`.
pub fn has_scheme(text: &str) -> bool {
    let is_word = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    };
    let first = text.split('/').next().unwrap_or_default();
    text.contains("://") || first.split_once(':').is_some_and(|(scheme, _)| is_word(scheme))
}

/// The layers that a plan uses and does not deploy, as a report shows them: at most six, one more than a
/// function can have.
fn shown_layers<'a>(layers: impl Iterator<Item = &'a Node>) -> Vec<String> {
    let shown = |node: &Node| {
        let words = match node {
            Node::Scalar(text) => [&**text, ""],
            Node::Ambiguous(value) => [&*value.text, ""],
            Node::Map(map) => match map.iter().next() {
                Some((key, Node::Scalar(text))) => [key, &**text],
                Some((key, _)) => [key, "…"],
                None => ["{}", ""],
            },
            Node::Null | Node::List(_) => ["a list", ""],
        };
        // A text of the plan can be as large as the plan.
        let mut all = words.into_iter().flat_map(|word| word.chars().chain([' ']));
        all.by_ref().take(200).collect::<String>().trim_end().to_owned()
    };
    layers.filter(|node| !node.is_nothing()).take(LAYERS_MAX + 1).map(shown).collect()
}

impl CodeHash {
    /// Parses base64 of a SHA-256, as `filebase64sha256` and AWS Lambda's `CodeSha256` write it.
    fn of(text: &str) -> Self {
        let malformed = || Self::Malformed(text.chars().take(100).collect());
        Sha256::from_base64(text).map_or_else(malformed, Self::Sha256)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_like_json_and_is_not_json_is_yaml() {
        let tree = to_json(b"{Resources: {A: [1, 'x',],},} # note\n").unwrap();
        assert_eq!(tree, serde_json::json!({"Resources": {"A": ["1", "x"]}}));
        let error = to_json(b"{\"a\": 1}\n{\"b\": 2}").unwrap_err().to_string();
        assert!(error.contains("line 2: text after the end") && error.contains("not YAML"), "{error}");
    }

    #[test]
    fn a_json_template_after_a_byte_order_mark_is_yaml() {
        let marked = |text: &str| to_json(format!("\u{feff}{text}").as_bytes());
        assert!(marked(r#"{"Resources": {"A": "\ud83d\ude00"}}"#).is_err());
        assert!(marked(r#"{"format_version": "1.2", "a": "\ud83d\ude00"}"#).is_ok());
        assert!(to_json(br#"{"Resources": {"A": "\ud83d\ude00"}}"#).is_ok());
        let wide = |text: &str| -> Vec<u8> {
            format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
        };
        assert!(to_json(&wide(r#"{"Resources": {"A": "\ud83d\ude00"}}"#)).is_err());
        assert!(to_json(&wide(r#"{"format_version": "1.2"}"#)).is_ok());
    }

    #[test]
    fn one_line_can_be_before_a_terraform_plan_alone() {
        let plan = r#"{"format_version": "1.2", "resource_changes": []}"#;
        let prefix = |text: String| read_plan(text.as_bytes()).map(|plan| plan.prefix);
        assert_eq!(prefix(plan.into()), Ok(None));
        for line in ["[command]/x/terraform-bin show -json p\n", "[/live/app] ", "12:00 STDOUT terraform: "] {
            assert_eq!(prefix(format!("{line}{plan}\n")), Ok(Some(line.trim().into())), "{line}");
            assert!(read(format!("{line}{plan}").as_bytes()).is_err(), "in a plan's own text: {line}");
        }
        for text in [
            format!("[command]x\n{plan}\n{plan}"),
            format!("[command]x\n{plan}\n::debug::Terraform exited with code 0."),
            format!("one\ntwo\n{plan}"),
            r#"[command]x\n{"Resources": {}}"#.into(),
            r#"[command]x\n{"format_version": "1.2", "Resources": {}}"#.into(),
        ] {
            assert!(prefix(text.clone()).is_err(), "{text}");
        }
    }

    #[test]
    fn files_that_are_taken_for_a_plan_are_named() {
        assert_eq!(read_plan(b"PK\x03\x04\x14\0").unwrap_err(), PlanError::Binary);
        let log = "{\"@level\":\"info\",\"@message\":\"x\"}\n{\"@level\":\"info\",\"@message\":\"y\"}\n";
        assert_eq!(read_plan(log.as_bytes()).unwrap_err(), PlanError::Log);
    }

    #[test]
    fn a_value_that_decides_is_refused_where_readers_read_it_differently() {
        let plan = |name: &str, mode: &str| {
            let properties = format!("{{FunctionName: {name}, Code: x.zip, Mode: {mode}}}");
            read(
                format!("Resources:\n  F:\n    Type: AWS::Lambda::Function\n    Properties: {properties}\n")
                    .as_bytes(),
            )
        };
        assert!(plan("orders", "0644").is_ok());
        for name in ["0644", "on", "1:30", "2012-10-17", "1e3"] {
            let error = plan(name, "0644").unwrap_err().to_string();
            assert!(error.contains("line 4") && error.contains(name), "{error}");
        }
    }

    #[test]
    fn addresses_with_a_scheme_are_not_files() {
        for text in
            ["s3://b/k", "https://x/y.yaml", "https:/x/y.yaml", "file:x.zip", "C:x.zip", "dist/x://y", "s3:"]
        {
            assert!(has_scheme(text), "{text}");
        }
        for text in ["dist/x.zip", "../x.zip", "/x.zip", "dist/a:b.zip", ":x", "1:x", "a b:c", ""] {
            assert!(!has_scheme(text), "{text}");
        }
    }

    #[test]
    fn keys_of_instances_are_left_out() {
        for (address, without) in [
            ("aws_lambda_function.a", "aws_lambda_function.a"),
            ("module.m[\"x]\\\"y\"].aws_lambda_function.a[0]", "module.m.aws_lambda_function.a"),
            ("a[\"", "a"),
        ] {
            assert_eq!(without_keys(address), without);
        }
    }
}
