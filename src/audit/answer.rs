//! Answers: the parts of the output of `aws lambda` commands that an audit reads.
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
//! From the AWS Lambda API of 2015-03-31; `NextToken` is the CLI's own form of `NextMarker`. One input can
//! contain several answers, one after another or in an array, and an array can contain configurations. Other
//! fields are ignored, among them environment variables, which can be secrets.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Unexpected, Visitor};

use crate::limits::{DEPLOYED_MAX, PARSER_MESSAGE_CHARS_MAX, USED_LAYERS_MAX};
use crate::shown::within;

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
    /// `Zip`, the default, or `Image`.
    pub package_type: Option<String>,
    /// SHA-256 of its package in Base64.
    pub code_sha256: Option<String>,
    /// Its layers.
    #[serde(default, deserialize_with = "used_layers")]
    pub layers: Option<Vec<UsedLayer>>,
}

/// A layer version of a function.
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
    /// Its content; only `get-layer-version` prints it.
    pub content: Option<Content>,
}

/// The content of a layer version.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Content {
    /// SHA-256 of its package in Base64.
    pub code_sha256: Option<String>,
}

/// The layers of one function; at most a few.
fn used_layers<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<UsedLayer>>, D::Error> {
    let layers: Option<AtMost<UsedLayer, USED_LAYERS_MAX>> = Option::deserialize(deserializer)?;
    Ok(layers.map(|layers| layers.0))
}

/// One answer.
#[derive(Debug, Default)]
pub struct Answer {
    /// Its functions.
    pub functions: Vec<Configuration>,
    /// Its layer versions.
    pub layers: Vec<LayerVersion>,
    /// The list that it is a page of, if any.
    pub list: Option<List>,
    /// Whether the list continues after this page.
    pub goes_on: bool,
}

/// A list that comes in pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum List {
    /// `list-functions`, one per account and region.
    Functions,
    /// `list-versions-by-function`, one per function.
    Versions,
    /// `list-layers`, one per account and region.
    Layers,
    /// `list-layer-versions`, one per layer.
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

    /// The part of its items' ARNs that identifies the list.
    pub fn place(self, arn: &str) -> String {
        let parts = match self {
            Self::Functions | Self::Layers => 5,
            Self::Versions | Self::LayerVersions => 7,
        };
        arn.split(':').take(parts).collect::<Vec<_>>().join(":")
    }
}

/// All fields that distinguish the answers.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Fields {
    functions: Listed<Configuration>,
    versions: Listed<Configuration>,
    configuration: Option<Configuration>,
    layer_versions: Listed<LayerVersion>,
    layers: Listed<LayerField>,
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

/// `Layers` are those of a function, with an `Arn`, or listed ones.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LayerField {
    arn: Option<String>,
    latest_matching_version: Option<LayerVersion>,
}

/// A function's version is a text, a layer's is a number, which is also in its ARN.
enum Version {
    Text(String),
    Number,
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct VersionVisitor;
        impl Visitor<'_> for VersionVisitor {
            type Value = Version;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a version, as a text or a number")
            }

            fn visit_str<E>(self, text: &str) -> Result<Version, E> {
                Ok(Version::Text(text.into()))
            }

            fn visit_u64<E>(self, _: u64) -> Result<Version, E> {
                Ok(Version::Number)
            }
        }
        deserializer.deserialize_any(VersionVisitor)
    }
}

/// A list of at most this many items: more are refused while reading, before they use memory.
struct AtMost<T, const MAX: usize>(Vec<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for AtMost<T, MAX> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items<T, const MAX: usize>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Items<T, MAX> {
            type Value = AtMost<T, MAX>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of at most {MAX} items")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while let Some(item) = sequence.next_element()? {
                    if all.len() == MAX {
                        return Err(serde::de::Error::invalid_length(MAX + 1, &self));
                    }
                    all.push(item);
                }
                Ok(AtMost(all))
            }
        }
        deserializer.deserialize_seq(Items(PhantomData))
    }
}

/// A list that can have all items of an account.
type Listed<T> = Option<AtMost<T, DEPLOYED_MAX>>;

/// Parses every answer of an input, one at a time: `each` gets them in order, and its error stops parsing.
pub fn read<E>(
    bytes: &[u8],
    fail: impl Fn(String) -> E,
    mut each: impl FnMut(Answer) -> Result<(), E>,
) -> Result<(), E> {
    let mut refused = None;
    let mut take = |answer: Result<Answer, String>| {
        let taken = answer.map_err(&fail).and_then(&mut each);
        taken.map_err(|error| refused = Some(error))
    };
    let mut input = serde_json::Deserializer::from_slice(bytes);
    let read = loop {
        if input.end().is_ok() {
            break Ok(());
        }
        if let Err(error) = (Page { take: &mut take, is_array: false }).deserialize(&mut input) {
            break Err(error);
        }
    };
    match (read, refused) {
        (_, Some(error)) => Err(error),
        // A message can quote the input, which can be long.
        (Err(error), None) => Err(fail(within(&error.to_string(), PARSER_MESSAGE_CHARS_MAX).into_owned())),
        (Ok(()), None) => Ok(()),
    }
}

/// One answer, or an array of them; nested arrays are refused.
struct Page<'a> {
    take: &'a mut dyn FnMut(Result<Answer, String>) -> Result<(), ()>,
    is_array: bool,
}

impl<'de> DeserializeSeed<'de> for Page<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Page<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("output of `aws lambda`")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let answer = Fields::deserialize(MapAccessDeserializer::new(map))?.answer();
        (self.take)(answer).map_err(|()| A::Error::custom("refused"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        if self.is_array {
            return Err(A::Error::invalid_type(Unexpected::Seq, &self));
        }
        let take = self.take;
        while sequence.next_element_seed(Page { take: &mut *take, is_array: true })?.is_some() {}
        Ok(())
    }
}

impl Fields {
    fn answer(self) -> Result<Answer, String> {
        let goes_on = self.next_marker.or(self.next_token).is_some_and(|token| !token.is_empty());
        let page = |list| Answer { list: Some(list), goes_on, ..Answer::default() };
        let mut used = Vec::new();
        let mut listed = Vec::new();
        let has_layers = self.layers.is_some();
        for layer in self.layers.into_iter().flat_map(|layers| layers.0) {
            match layer {
                LayerField { arn: Some(arn), .. } => used.push(UsedLayer { arn }),
                LayerField { latest_matching_version: Some(layer), .. } => listed.push(layer),
                _ => return Err("a layer has neither `Arn` nor `LatestMatchingVersion`".into()),
            }
        }
        if let Some(AtMost(functions)) = self.functions {
            return Ok(Answer { functions, ..page(List::Functions) });
        }
        if let Some(AtMost(functions)) = self.versions {
            return Ok(Answer { functions, ..page(List::Versions) });
        }
        if let Some(function) = self.configuration {
            return Ok(Answer { functions: vec![function], ..Answer::default() });
        }
        if let Some(AtMost(layers)) = self.layer_versions {
            return Ok(Answer { layers, ..page(List::LayerVersions) });
        }
        if let Some(layer_version_arn) = self.layer_version_arn {
            let layer = LayerVersion { layer_version_arn, content: self.content };
            return Ok(Answer { layers: vec![layer], ..Answer::default() });
        }
        if let Some(function_name) = self.function_name {
            if !listed.is_empty() {
                return Err("a function's `Layers` have no `Arn`".into());
            }
            let version = match self.version {
                Some(Version::Text(text)) => Some(text),
                Some(Version::Number) => return Err("a function's `Version` is a number".into()),
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
        Err("expected functions or layer versions".into())
    }
}
