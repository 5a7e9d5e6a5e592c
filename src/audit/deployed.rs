//! Deployed code: the functions and layer versions of all answers, each once.
//!
//! An invalid value, such as a malformed hash, does not hide the rest: it is kept, and the audit lists it. An
//! input that is not an answer is an error.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::answer::{self, Answer, Configuration, LayerVersion, List};
use super::error::AuditError;
use crate::arn::LayerArn;
use crate::digest::Sha256;
use crate::limits::DEPLOYED_MAX;
use crate::name::ArtifactName;
use crate::shown::shortened;

/// The code of a deployed function or layer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// A ZIP of this SHA-256.
    Zip(Sha256),
    /// A container image.
    Image,
    /// Its digest is unknown.
    Untold,
    /// Its digest or name is invalid; the text says why.
    Malformed(String),
}

/// A function, or one version of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Function {
    /// Its name, as AWS printed it.
    pub told_name: String,
    /// Its ARN.
    pub arn: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Its code.
    pub code: Code,
    /// The ARNs of its layers.
    pub layers: Vec<String>,
    /// When its code or its settings were last changed, as AWS printed it.
    pub last_modified: Option<String>,
}

impl Function {
    /// Its name, if it can be signed for.
    pub fn name(&self) -> Option<ArtifactName> {
        self.told_name.parse().ok()
    }
}

/// The name of a layer from its version's ARN, if it can be signed for.
pub fn layer_name(arn: &str) -> Option<ArtifactName> {
    arn.parse::<LayerArn>().ok().map(|arn| arn.layer().clone())
}

/// Everything that is deployed.
#[derive(Debug, Default)]
pub struct Deployed {
    functions: BTreeSet<Function>,
    layers: BTreeMap<String, Code>,
    listings: BTreeMap<(List, String), Listing>,
    /// Lists with an empty last page, which does not identify the list.
    ended: BTreeSet<List>,
}

/// A list that comes in pages: where a page was read, and whether the last one was.
#[derive(Debug)]
struct Listing {
    path: PathBuf,
    ended: bool,
}

impl Deployed {
    /// Adds every answer of an input; the path is for messages.
    pub fn add(&mut self, path: &Path, bytes: &[u8]) -> Result<(), AuditError> {
        let fail = |message: String| AuditError::Answer { path: path.into(), message };
        if bytes.trim_ascii().is_empty() {
            return Err(fail("it is empty".into()));
        }
        answer::read(bytes, fail, |answer| {
            self.note_page(path, &answer);
            self.functions.extend(answer.functions.into_iter().map(function));
            answer.layers.into_iter().for_each(|each| self.add_layer(each));
            if self.functions.len() + self.layers.len() > DEPLOYED_MAX {
                return Err(AuditError::TooMuch);
            }
            Ok(())
        })
    }

    /// Every function, and the code of every layer version.
    ///
    /// Errors: a list has no last page.
    pub fn finish(self) -> Result<(Vec<Function>, BTreeMap<String, Code>), AuditError> {
        for ((list, _), Listing { path, ended }) in self.listings {
            if !ended && !self.ended.contains(&list) {
                return Err(AuditError::GoesOn { path, command: list.command() });
            }
        }
        Ok((self.functions.into_iter().collect(), self.layers))
    }

    fn note_page(&mut self, path: &Path, answer: &Answer) {
        let Some(list) = answer.list else { return };
        let function = answer.functions.first().map(|each| each.function_arn.as_deref().unwrap_or_default());
        let first = function.or(answer.layers.first().map(|each| each.layer_version_arn.as_str()));
        match first {
            Some(arn) => {
                let unseen = Listing { path: path.into(), ended: false };
                self.listings.entry((list, list.place(arn))).or_insert(unseen).ended |= !answer.goes_on;
            }
            None if answer.goes_on => {}
            None => {
                self.ended.insert(list);
            }
        }
    }

    fn add_layer(&mut self, layer: LayerVersion) {
        let code = match layer.content {
            None => Code::Untold,
            Some(content) => zip(content.code_sha256.as_deref()),
        };
        let held = self.layers.entry(layer.layer_version_arn).or_insert(Code::Untold);
        if *held == Code::Untold {
            *held = code;
        } else if code != Code::Untold && code != *held {
            // A layer version never changes, so one of the two is wrong.
            *held = Code::Malformed("the layer version has two different hashes".into());
        }
    }
}

fn function(told: Configuration) -> Function {
    let code = match told.package_type.as_deref() {
        None | Some("Zip") => zip(told.code_sha256.as_deref()),
        Some("Image") => Code::Image,
        Some(other) => Code::Malformed(format!("{:?} is not a package type", shortened(other))),
    };
    let layers = told.layers.into_iter().flatten().map(|layer| layer.arn).collect();
    Function {
        told_name: told.function_name,
        arn: told.function_arn,
        version: told.version,
        code,
        layers,
        last_modified: told.last_modified,
    }
}

fn zip(sha256: Option<&str>) -> Code {
    let Some(text) = sha256 else { return Code::Untold };
    match Sha256::from_base64(text) {
        Some(sha256) => Code::Zip(sha256),
        None => Code::Malformed(format!("{:?} is not a SHA-256 in Base64", shortened(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

    fn deployed(inputs: &[&str]) -> Result<(Vec<Function>, BTreeMap<String, Code>), AuditError> {
        let mut deployed = Deployed::default();
        for (number, input) in inputs.iter().enumerate() {
            deployed.add(Path::new(&format!("{number}.json")), input.as_bytes())?;
        }
        deployed.finish()
    }

    fn names(inputs: &[&str]) -> Vec<String> {
        let (functions, _) = deployed(inputs).unwrap();
        functions.into_iter().map(|function| function.told_name).collect()
    }

    #[test]
    fn every_answer_about_functions_is_read() {
        let one = format!(
            r#"{{"FunctionName":"a","CodeSha256":"{HASH}","CodeSize":0,"Layers":[],"Environment":{{"Variables":{{}}}}}}"#
        );
        let other = one.replace(r#""a""#, r#""b""#);
        for input in [
            format!(r#"{{"Functions":[{one},{other}]}}"#),
            format!(r#"{{"Versions":[{one},{other}]}}"#),
            format!(r#"{{"Configuration":{one},"Code":{{}}}}{other}"#),
            format!("[{one},{other}]"),
            format!("{one}\n{other}\n"),
            format!(r#"[{{"Functions":[{one}],"NextMarker":"x"}},{{"Functions":[{other}]}}]"#),
        ] {
            assert_eq!(names(&[&input]), ["a", "b"], "{input}");
        }
        assert_eq!(deployed(&[&one]).unwrap().0[0].code, Code::Zip(Sha256::of(b"")));
    }

    #[test]
    fn what_is_told_twice_is_there_once_and_what_differs_twice() {
        let one = format!(r#"{{"FunctionName":"a","CodeSha256":"{HASH}"}}"#);
        assert_eq!(names(&[&one, &one]), ["a"]);
        assert_eq!(names(&[&one, r#"{"FunctionName":"a"}"#]), ["a", "a"]);
    }

    #[test]
    fn a_list_without_its_last_page_is_an_error() {
        let page = |region: &str, rest: &str| {
            format!(
                r#"{{"Functions":[{{"FunctionName":"a","FunctionArn":"arn:aws:lambda:{region}:1:function:a"}}]{rest}}}"#
            )
        };
        let more = r#","NextMarker":"x""#;
        let (first, last) = (page("eu", more), page("eu", ""));
        assert!(deployed(&[&first, &last]).is_ok() && deployed(&[&last]).is_ok());
        assert!(deployed(&[&first, r#"{"Functions":[]}"#]).is_ok());
        for inputs in
            [vec![first.as_str()], vec![&first, &page("us", "")], vec![&first, r#"{"LayerVersions":[]}"#]]
        {
            let error = deployed(&inputs).unwrap_err();
            assert!(matches!(error, AuditError::GoesOn { command: "list-functions", .. }), "{error}");
        }
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let nested = format!(r#"{{"Functions":{deep}}}"#);
        for input in [
            "",
            " ",
            "null",
            "1",
            r#""x""#,
            "{}",
            "[[]]",
            "[null]",
            "{",
            r#"{"Functions":null}"#,
            r#"{"Functions":{}}"#,
            r#"{"Functions":[{}]}"#,
            r#"{"Functions":[],"Functions":[]}"#,
            r#"{"FunctionName":"a","Version":1}"#,
            r#"{"FunctionName":7}"#,
            &deep,
            &nested,
            r#"{"FunctionName":"a","Layers":[{"LatestMatchingVersion":{"LayerVersionArn":"x"}}]}"#,
        ] {
            let error = deployed(&[input]).unwrap_err();
            assert!(matches!(error, AuditError::Answer { .. }), "{}: {error}", &input[..input.len().min(80)]);
        }
        assert!(deployed(&["[]"]).unwrap().0.is_empty());
    }

    #[test]
    fn a_value_that_is_none_hides_nothing() {
        for text in
            ["", "x", "47DEQpj8HBSa", &HASH.replace('=', ""), &format!("{HASH} "), &HASH.replace('+', "-")]
        {
            let input = format!(r#"{{"FunctionName":"a","CodeSha256":"{text}"}}"#);
            let code = deployed(&[&input]).unwrap().0.remove(0).code;
            assert!(matches!(code, Code::Malformed(_)), "{text:?}: {code:?}");
        }
    }

    #[test]
    fn a_layer_has_one_hash() {
        let (arn, other) = ("arn:aws:lambda:eu-west-1:123456789012:layer:base:3", HASH.replace("47", "57"));
        let version = |hash: &str| {
            format!(
                r#"{{"LayerVersionArn":"{arn}","Version":3,"Content":{{"CodeSha256":"{hash}","CodeSize":1}}}}"#
            )
        };
        let listed = format!(r#"{{"LayerVersions":[{{"LayerVersionArn":"{arn}","Version":3}}]}}"#);
        let layers = format!(
            r#"{{"Layers":[{{"LayerName":"base","LatestMatchingVersion":{{"LayerVersionArn":"{arn}"}}}}]}}"#
        );
        let code = |inputs: &[&str]| deployed(inputs).unwrap().1.remove(arn).unwrap();
        assert_eq!(code(&[&listed, &layers]), Code::Untold);
        assert!(matches!(code(&[&listed, &version(HASH), &version(HASH), &layers]), Code::Zip(_)));
        assert!(matches!(code(&[&version(HASH), &version(&other)]), Code::Malformed(_)));
        assert_eq!(layer_name(arn).unwrap().as_str(), "base");
    }
}
