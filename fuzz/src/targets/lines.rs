//! Templates from parts: a function, what the input makes of the tokens of YAML, and another function.

use super::choices::Choices;

const BEGINNINGS: [&str; 4] = [
    "Resources:\n  A:\n    Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: a.zip\n",
    "Resources:\n  A: &a\n    Type: AWS::Lambda::Function\n    Properties: &b\n      Code: a.zip\n",
    "Resources:\n",
    "",
];

const ENDS: [&str; 3] =
    ["\n", "\n  Z:\n    Type: AWS::Lambda::Function\n    Properties: {Code: z.zip}\n", "\n...\n"];

/// What a template is made of, and what YAML 1.1 and 1.2 read differently.
#[rustfmt::skip]
const TOKENS: &[&str] = &[
    "\n", "\n  ", "\n    ", "\n      ", "\n        ", " ", "  ", ": ", ":", "- ", ", ", "[", "]", "{", "}", "? ",
    "Resources", "Type", "Properties", "Metadata", "Globals", "Function", "Transform", "Code", "CodeUri", "ZipFile",
    "S3Bucket", "S3Key", "ImageUri", "FunctionName", "Content", "ContentUri", "InlineCode", "TemplateURL", "Location",
    "CodeSha256", "Condition", "DeletionPolicy", "Conditions", "Parameters", "aws:asset:path", "aws:asset:property",
    "AWS::Lambda::Function", "AWS::Serverless::Function", "AWS::Lambda::Version", "AWS::Lambda::LayerVersion",
    "AWS::CloudFormation::Stack", "AWS::SNS::Topic", "AWS::Serverless::Application", "AWS::LanguageExtensions",
    "AWS::Serverless-2016-10-31", "A", "B", "Z", "a.zip", "z.zip", "./d", "s3://b/k", "Fn::Transform", "Fn::If",
    "Fn::ForEach::L", "Fn::GetAtt", "Ref", "AWS::Include",
    "<<: ", "<<", "&a ", "&b ", "*a", "*b", "*a ", "!Ref ", "!Sub ", "!GetAtt ", "!If ", "!!str ", "!!int ",
    "!!null ", "!!map ", "!!seq ", "!!bool ", "! ", "!<!Ref> ", "!<tag:yaml.org,2002:str> ", "!!merge ", "!!binary ",
    "|", "|-\n", ">", ">+2\n", "'", "\"", "''", "\\", "\\\n", "\\x41", "#", " # c", "\t", "\r", "\r\n", "\u{85}",
    "\u{2028}", "\u{2029}", "\u{feff}", "\u{a0}", "\u{0}", "\u{7f}", "\u{10ffff}", "é",
    "---\n", "--- ", "...\n", "\n---\n", "\n...\n", "%YAML 1.1\n---\n", "%YAML 1.2\n---\n",
    "%TAG ! tag:yaml.org,2002:\n---\n", "~", "null", "yes", "no", "on", "y", "true", "0644", "0o14", "0x1F", "0b1",
    "1:30", "1_000", "1e3", ".5", "-", "=", ".inf", "2001-01-01", "12", "`", "@", "%", "a b", ":a", "a:", "a#b",
];

pub fn run(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let (beginning, end) = (choices.one_of(&BEGINNINGS), choices.one_of(&ENDS));
    let mut text = beginning.as_bytes().to_vec();
    while !choices.is_empty() {
        match usize::from(choices.byte()) {
            token if token < TOKENS.len() => text.extend(TOKENS[token].as_bytes()),
            255 => text.push(choices.byte()),
            other => text.extend(TOKENS[other % 16].as_bytes()),
        }
    }
    text.extend(end.as_bytes());
    super::templates::run(&text);
}
