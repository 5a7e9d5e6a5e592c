//! Answers of AWS's commands: those that are imported, and those about deployed code.

use std::path::Path;

use countersign::audit::deployed::Deployed;
use countersign::exchange::import::answer;

pub fn import(bytes: &[u8]) {
    let _ = answer::read(Path::new("answer.json"), bytes);
}

/// An answer given twice says what it says once, except for functions that differ.
pub fn audit(bytes: &[u8]) {
    let path = Path::new("answer.json");
    let once = || {
        let mut deployed = Deployed::default();
        deployed.add(path, bytes).map(|()| deployed)
    };
    let Ok(once) = once() else { return };
    let mut twice = Deployed::default();
    for _ in 0..2 {
        twice.add(path, bytes).expect("what was read is read again");
    }
    match (once.finish(), twice.finish()) {
        (Ok((functions, layers)), Ok((again, layers_again))) => {
            assert_eq!(functions, again);
            assert_eq!(layers, layers_again);
        }
        (Err(_), Err(_)) => {}
        _ => panic!("an answer that is given twice ends otherwise"),
    }
}

pub fn import_seeds() -> Vec<Vec<u8>> {
    super::texts(&[
        r#"{"CodeSigningConfig":{"CodeSigningConfigId":"csc-0123456789abcdefg","CodeSigningConfigArn":"arn:aws:lambda:eu-west-1:123456789012:code-signing-config:csc-0123456789abcdefg","Description":"x","AllowedPublishers":{"SigningProfileVersionArns":["arn:aws:signer:eu-west-1:123456789012:/signing-profiles/release/a1b2c3d4e5"]},"CodeSigningPolicies":{"UntrustedArtifactOnDeployment":"Enforce"},"LastModified":"2026-01-31T12:00:00Z"}}"#,
        r#"{"CodeSigningConfigs":[]}"#,
        r#"{"profileName":"release","profileVersion":"a1b2c3d4e5","profileVersionArn":"arn:aws:signer:eu-west-1:123456789012:/signing-profiles/release/a1b2c3d4e5","platformId":"AWSLambda-SHA384-ECDSA","platformDisplayName":"AWS Lambda","signatureValidityPeriod":{"value":135,"type":"MONTHS"},"status":"Active","arn":"arn:aws:signer:eu-west-1:123456789012:/signing-profiles/release","tags":{}}"#,
        r#"{"revisionId":"x","policySizeBytes":1,"permissions":[{"action":"signer:StartSigningJob","principal":"123456789012","statementId":"ci","profileVersion":"a1b2c3d4e5"}]}"#,
    ])
}

pub fn audit_seeds() -> Vec<Vec<u8>> {
    const HASH: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let one = format!(
        r#"{{"FunctionName":"a","FunctionArn":"arn:aws:lambda:eu-west-1:123456789012:function:a","Version":"$LATEST","PackageType":"Zip","CodeSha256":"{HASH}","Layers":[{{"Arn":"arn:aws:lambda:eu-west-1:123456789012:layer:base:3","CodeSize":1}}]}}"#
    );
    super::texts(&[
        &one,
        &format!(r#"{{"Functions":[{one}],"NextMarker":"x"}}{{"Functions":[]}}"#),
        &format!(r#"{{"Configuration":{one},"Code":{{}}}}"#),
        &format!("[{one},{one}]"),
        &format!(
            r#"{{"LayerVersions":[{{"LayerVersionArn":"arn:aws:lambda:eu-west-1:123456789012:layer:base:3","Version":3,"Content":{{"CodeSha256":"{HASH}"}}}}]}}"#
        ),
        r#"{"Layers":[{"LayerName":"base","LatestMatchingVersion":{"LayerVersionArn":"arn:aws:lambda:eu-west-1:123456789012:layer:base:3"}}]}"#,
    ])
}
