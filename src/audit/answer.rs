//! Answers: what the `aws lambda` commands print about what is deployed, as far as an audit reads it.
//!
//! ```text
//! list-functions              { "Functions": [CONFIGURATION], "NextMarker"? }
//! list-versions-by-function   { "Versions": [CONFIGURATION], "NextMarker"? }
//! get-function                { "Configuration": CONFIGURATION }
//! get-function-configuration  CONFIGURATION
//! list-layers                 { "Layers": [{ "LatestMatchingVersion": { "LayerVersionArn" } }], "NextMarker"? }
//! list-layer-versions         { "LayerVersions": [{ "LayerVersionArn" }], "NextMarker"? }
//! get-layer-version           { "LayerVersionArn", "Content": { "CodeSha256" } }
//! CONFIGURATION               { "FunctionName", "FunctionArn"?, "Version"?, "LastModified"?, "PackageType"?,
//!                               "CodeSha256"?, "Layers"?: [{ "Arn" }] }
//! ```
//! From the AWS Lambda API of 2015-03-31; `NextToken` is the CLI's own form of `NextMarker`. One input may
//! hold several answers, one after another or in an array, and an array may hold configurations. Other
//! fields are left unread: environment variables among them, which may be secrets.

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, SeqAccess, Visitor};

/// A function, or one version of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Configuration {
    /// Its name.
    pub function_name: String,
    /// Its ARN.
    pub function_arn: Option<String>,
    /// Its version: `$LATEST` or a number.
    pub version: Option<String>,
    /// When its code or its settings were last changed.
    pub last_modified: Option<String>,
    /// `Zip`, which is meant where nothing is said, or `Image`.
    pub package_type: Option<String>,
    /// SHA-256 of its package in Base64.
    pub code_sha256: Option<String>,
    /// Its layers.
    pub layers: Option<Vec<UsedLayer>>,
}

/// A layer version that a function uses.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UsedLayer {
    /// The layer version's ARN.
    pub arn: String,
}

/// A layer version.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LayerVersion {
    /// Its ARN.
    pub layer_version_arn: String,
    /// What it holds; only `get-layer-version` tells.
    pub content: Option<Content>,
}

/// What a layer version holds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Content {
    /// SHA-256 of its package in Base64.
    pub code_sha256: Option<String>,
}

/// A layer, as `list-layers` tells of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListedLayer {
    latest_matching_version: LayerVersion,
}

/// One answer.
#[derive(Debug, Default)]
pub struct Answer {
    /// The functions that it tells of.
    pub functions: Vec<Configuration>,
    /// The layer versions that it tells of.
    pub layers: Vec<LayerVersion>,
    /// Which list it is a page of, if it is one.
    pub list: Option<List>,
    /// Whether the list goes on after this page.
    pub goes_on: bool,
}

/// A list that comes in pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum List {
    /// `list-functions`, one an account and region.
    Functions,
    /// `list-versions-by-function`, one a function.
    Versions,
    /// `list-layers`, one an account and region.
    Layers,
    /// `list-layer-versions`, one a layer.
    LayerVersions,
}

impl List {
    /// The command that prints it.
    pub fn command(self) -> &'static str {
        match self {
            Self::Functions => "list-functions",
            Self::Versions => "list-versions-by-function",
            Self::Layers => "list-layers",
            Self::LayerVersions => "list-layer-versions",
        }
    }

    /// The part of its items' ARNs that tells one such list from another.
    pub fn place(self, arn: &str) -> String {
        let parts = match self {
            Self::Functions | Self::Layers => 5,
            Self::Versions | Self::LayerVersions => 7,
        };
        arn.split(':').take(parts).collect::<Vec<_>>().join(":")
    }
}

/// Everything that tells the answers apart.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Fields {
    functions: Option<Vec<Configuration>>,
    versions: Option<Vec<Configuration>>,
    configuration: Option<Configuration>,
    layer_versions: Option<Vec<LayerVersion>>,
    layers: Option<Vec<LayerField>>,
    next_marker: Option<String>,
    next_token: Option<String>,
    layer_version_arn: Option<String>,
    content: Option<Content>,
    function_name: Option<String>,
    function_arn: Option<String>,
    version: Option<Version>,
    last_modified: Option<String>,
    package_type: Option<String>,
    code_sha256: Option<String>,
}

/// `Layers` are a function's, or those that are listed.
#[derive(Deserialize)]
#[serde(untagged)]
enum LayerField {
    Used(UsedLayer),
    Listed(ListedLayer),
}

/// A function's version is a text, a layer's a number, which its ARN tells too.
#[derive(Deserialize)]
#[serde(untagged)]
enum Version {
    Text(String),
    Number(#[allow(dead_code, reason = "the ARN tells it")] u64),
}

/// Reads every answer of an input.
pub fn read(bytes: &[u8]) -> Result<Vec<Answer>, String> {
    let mut answers = Vec::new();
    for page in serde_json::Deserializer::from_slice(bytes).into_iter::<Page>() {
        let Page(fields) = page.map_err(|error| error.to_string())?;
        for each in fields {
            answers.push(each.answer()?);
        }
    }
    Ok(answers)
}

/// One answer, or an array of them.
struct Page(Vec<Fields>);

impl<'de> Deserialize<'de> for Page {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PageVisitor)
    }
}

struct PageVisitor;

impl<'de> Visitor<'de> for PageVisitor {
    type Value = Page;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an answer of `aws lambda`")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Page, A::Error> {
        Fields::deserialize(MapAccessDeserializer::new(map)).map(|fields| Page(vec![fields]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Page, A::Error> {
        let mut all = Vec::new();
        while let Some(Object(fields)) = sequence.next_element()? {
            all.push(fields);
        }
        Ok(Page(all))
    }
}

/// One answer and no array, however deep the input goes.
struct Object(Fields);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor;
        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an answer of `aws lambda`")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object, A::Error> {
                Fields::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_any(ObjectVisitor)
    }
}

impl Fields {
    fn answer(self) -> Result<Answer, String> {
        let goes_on = self.next_marker.or(self.next_token).is_some_and(|token| !token.is_empty());
        let page = |list| Answer { list: Some(list), goes_on, ..Answer::default() };
        let mut used = Vec::new();
        let mut listed = Vec::new();
        let has_layers = self.layers.is_some();
        for layer in self.layers.into_iter().flatten() {
            match layer {
                LayerField::Used(layer) => used.push(layer),
                LayerField::Listed(layer) => listed.push(layer.latest_matching_version),
            }
        }
        if let Some(functions) = self.functions {
            return Ok(Answer { functions, ..page(List::Functions) });
        }
        if let Some(functions) = self.versions {
            return Ok(Answer { functions, ..page(List::Versions) });
        }
        if let Some(function) = self.configuration {
            return Ok(Answer { functions: vec![function], ..Answer::default() });
        }
        if let Some(layers) = self.layer_versions {
            return Ok(Answer { layers, ..page(List::LayerVersions) });
        }
        if let Some(layer_version_arn) = self.layer_version_arn {
            let layer = LayerVersion { layer_version_arn, content: self.content };
            return Ok(Answer { layers: vec![layer], ..Answer::default() });
        }
        if let Some(function_name) = self.function_name {
            if !listed.is_empty() {
                return Err("a function's `Layers` are not those that it uses".into());
            }
            let version = match self.version {
                Some(Version::Text(text)) => Some(text),
                Some(Version::Number(_)) => return Err("a function's `Version` is a number".into()),
                None => None,
            };
            let function = Configuration {
                function_name,
                function_arn: self.function_arn,
                version,
                last_modified: self.last_modified,
                package_type: self.package_type,
                code_sha256: self.code_sha256,
                layers: Some(used),
            };
            return Ok(Answer { functions: vec![function], ..Answer::default() });
        }
        if has_layers && used.is_empty() {
            return Ok(Answer { layers: listed, ..page(List::Layers) });
        }
        Err("it is no answer of `aws lambda` about functions or layer versions".into())
    }
}
