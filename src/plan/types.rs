//! Types: which resource types deploy no code.
//!
//! `types/update` writes two lists from schemas: types without a property that could name code. Reviewed
//! decisions about other types are in `types/decided.txt`; its header defines what counts as code. Any other
//! type is [`Known::Nothing`]: new types appear every month, and some of them run code.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// What is known about a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It deploys no function and no layer.
    NoCode,
    /// The same, unless one of the properties is set; then it deploys what the text says.
    NoCodeUnless(&'static [&'static str], &'static str),
    /// It deploys what the text says.
    Code(&'static str),
    /// The same, unless [`is_call`] reports that its target is an ordinary one.
    Target(&'static str),
    /// The gate reads resources of this type, in the tool's own format.
    Read,
    /// Nothing.
    Nothing,
}

/// What is known about a type of CloudFormation or Terraform, or a Terraform block such as `data.external`.
pub fn known(kind: &str) -> Known {
    if let Some(decision) = DECIDED.exact.get(kind) {
        return *decision;
    }
    if CLOUDFORMATION.contains(kind) || TERRAFORM.contains(kind) {
        return Known::NoCode;
    }
    if let Some((_, decision)) = DECIDED.prefixes.iter().find(|(prefix, _)| kind.starts_with(prefix)) {
        return *decision;
    }
    match kind.strip_prefix("awscc_").and_then(|rest| CONTROLLED.get(&rest.replace('_', ""))) {
        // The properties have different names there.
        Some(Known::NoCodeUnless(_, what) | Known::Target(what)) => Known::Code(what),
        Some(known) => *known,
        None => Known::Nothing,
    }
}

/// Whether the ARN could be that of an API call by EventBridge Scheduler:
/// `arn:aws:scheduler:::aws-sdk:lambda:updateFunctionCode`.
pub fn is_call(arn: &str) -> bool {
    let arn = arn.replace("${AWS::Partition}", "aws");
    let is_word = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    match arn.split(':').collect::<Vec<_>>()[..] {
        ["arn", partition, service, _, ..] => {
            !is_word(partition) || !is_word(service) || service.eq_ignore_ascii_case("scheduler")
        }
        _ => true,
    }
}

static CLOUDFORMATION: LazyLock<BTreeSet<&str>> =
    LazyLock::new(|| lines(include_str!("types/cloudformation.txt")).collect());

static TERRAFORM: LazyLock<BTreeSet<&str>> =
    LazyLock::new(|| lines(include_str!("types/terraform.txt")).collect());

static DECIDED: LazyLock<Decided> = LazyLock::new(|| Decided::read(include_str!("types/decided.txt")));

/// What is known about CloudFormation's types, by their names in the provider `awscc` without its `_`.
static CONTROLLED: LazyLock<BTreeMap<String, Known>> = LazyLock::new(|| {
    let name = |kind: &str| Some(kind.strip_prefix("AWS::")?.replace("::", "").to_ascii_lowercase());
    let listed = CLOUDFORMATION.iter().map(|kind| (*kind, Known::NoCode));
    let decided = DECIDED.exact.iter().map(|(kind, known)| (*kind, *known));
    listed.chain(decided).filter_map(|(kind, known)| Some((name(kind)?, known))).collect()
});

#[derive(Default)]
struct Decided {
    exact: BTreeMap<&'static str, Known>,
    prefixes: Vec<(&'static str, Known)>,
}

impl Decided {
    fn read(text: &'static str) -> Self {
        let mut all = Self::default();
        for line in lines(text) {
            let Some((head, what)) = line.split_once(": ") else { continue };
            let Some((verb, rest)) = head.split_once(' ') else { continue };
            let (kinds, unless) = match rest.split_once(" unless ") {
                Some((kinds, unless)) => (kinds, Vec::leak(unless.split(' ').collect()) as &[_]),
                None => (rest, &[][..]),
            };
            let known = match (verb, unless) {
                ("pass", []) => Known::NoCode,
                ("pass", _) => Known::NoCodeUnless(unless, what),
                ("read", _) => Known::Read,
                ("target", _) => Known::Target(what),
                _ => Known::Code(what),
            };
            for kind in kinds.split(' ') {
                match kind.strip_suffix('*') {
                    Some(prefix) => all.prefixes.push((prefix, known)),
                    None => _ = all.exact.insert(kind, known),
                }
            }
        }
        all
    }
}

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_types_deploy_no_code() {
        for kind in [
            "AWS::IAM::Role",
            "AWS::S3::Bucket",
            "AWS::S3::BucketPolicy",
            "AWS::DynamoDB::Table",
            "AWS::SQS::Queue",
            "AWS::SNS::Topic",
            "AWS::CloudWatch::Alarm",
            "AWS::ApiGateway::RestApi",
            "AWS::ApiGateway::Method",
            "AWS::ApiGatewayV2::Api",
            "AWS::StepFunctions::StateMachine",
            "AWS::Events::Rule",
            "AWS::Logs::LogGroup",
            "AWS::KMS::Key",
            "AWS::Lambda::Version",
            "AWS::Lambda::Alias",
            "AWS::Lambda::Permission",
            "AWS::Lambda::EventSourceMapping",
            "AWS::EC2::SecurityGroup",
            "AWS::Cognito::UserPool",
            "AWS::Serverless::Api",
            "AWS::Serverless::SimpleTable",
            "AWS::CDK::Metadata",
            "aws_iam_role",
            "aws_s3_bucket",
            "aws_s3_bucket_policy",
            "aws_dynamodb_table",
            "aws_sqs_queue",
            "aws_sns_topic",
            "aws_cloudwatch_metric_alarm",
            "aws_cloudwatch_log_group",
            "aws_cloudwatch_event_rule",
            "aws_api_gateway_rest_api",
            "aws_apigatewayv2_api",
            "aws_sfn_state_machine",
            "aws_lambda_alias",
            "aws_lambda_permission",
            "aws_lambda_provisioned_concurrency_config",
            "aws_security_group",
            "aws_lb",
            "awscc_s3_bucket",
            "awscc_apigatewayv2_api",
            "awscc_stepfunctions_state_machine",
            "random_id",
            "null_resource",
            "data.aws_caller_identity",
            "ephemeral.aws_secretsmanager_secret_version",
        ] {
            assert_eq!(known(kind), Known::NoCode, "{kind}");
        }
    }

    #[test]
    fn types_that_deploy_code_or_are_not_known_are_not_passed_over() {
        for kind in [
            "AWS::Synthetics::Canary",
            "AWS::CloudFront::Function",
            "AWS::CloudFormation::CustomResource",
            "Custom::Thing",
            "AWS::CloudFormation::Macro",
            "AWS::ServiceCatalog::CloudFormationProvisionedProduct",
            "AWS::Lambda::WebFunction",
            "aws_synthetics_canary",
            "aws_cloudcontrolapi_resource",
            "aws_lambda_invocation",
            "aws_servicecatalog_provisioned_product",
            "local_file",
            "data.external",
            "data.archive_file",
            "data.aws_lambda_invocation",
            "ephemeral.aws_lambda_invocation",
            "provisioner.local-exec",
            "action.aws_lambda_invoke",
            "awscc_synthetics_canary",
            "awscc_appsync_resolver",
            "awscc_scheduler_schedule",
            "AWS::Config::RemediationConfiguration",
            "AWS::ServiceCatalog::ServiceAction",
            "AWS::SSMIncidents::ResponsePlan",
            "aws_config_remediation_configuration",
            "aws_servicecatalog_service_action",
            "aws_ssmincidents_response_plan",
            "provisioner.file",
            "AWS::GameLift::Script",
            "aws_gamelift_script",
            "AWS::DataPipeline::Pipeline",
        ] {
            assert!(matches!(known(kind), Known::Code(_)), "{kind}");
        }
        for kind in [
            "AWS::Lambda::Function",
            "awscc_lambda_function",
            "aws_lambda_function",
            "AWS::CloudFormation::Stack",
        ] {
            assert_eq!(known(kind), Known::Read, "{kind}");
        }
        for kind in [
            "",
            "AWS::New::Type",
            "aws_new_type",
            "azurerm_linux_function_app",
            "data.thing",
            "provisioner.chef",
            "Acme::S3::Bucket",
            "AWS::S3::Bucket ",
            "aws::s3::bucket",
            "awscc_",
        ] {
            assert_eq!(known(kind), Known::Nothing, "{kind}");
        }
        assert!(matches!(known("AWS::AppSync::Resolver"), Known::NoCodeUnless(["Code", ..], _)));
    }

    #[test]
    fn an_arn_of_an_api_call_is_recognized() {
        for arn in [
            "arn:aws:lambda:eu-west-1:111122223333:function:orders",
            "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:${Machine}",
        ] {
            assert!(!is_call(arn), "{arn}");
        }
        for arn in [
            "arn:aws:scheduler:::aws-sdk:lambda:updateFunctionCode",
            "arn:aws-cn:Scheduler:::aws-sdk:lambda:updateFunctionCode",
            "arn:${AWS::Partition}:scheduler:::aws-sdk:lambda:updateFunctionCode",
            "arn:${Partition}:lambda:x",
            "arn:aws:${Service}:::aws-sdk:lambda:updateFunctionCode",
            "${Arn}",
            "arn:aws:lambda",
            "",
        ] {
            assert!(is_call(arn), "{arn}");
        }
    }

    /// A malformed line would decide nothing, and of two decisions about one type only the last would count.
    #[test]
    fn every_decision_is_read_and_stands_once() {
        let text = include_str!("types/decided.txt");
        let mut seen = BTreeSet::new();
        for line in lines(text) {
            let (head, what) = line.split_once(": ").expect(line);
            assert!(
                !what.is_empty()
                    && ["pass", "deny", "read", "target"].contains(&head.split(' ').next().unwrap()),
                "{line}"
            );
            for kind in head.split(" unless ").next().unwrap().split(' ').skip(1) {
                assert!(seen.insert(kind), "{kind} is decided twice");
                assert!(!CLOUDFORMATION.contains(kind) && !TERRAFORM.contains(kind), "{kind} is listed too");
            }
        }
        assert!(CLOUDFORMATION.len() > 1400 && TERRAFORM.len() > 1300);
        for text in [include_str!("types/cloudformation.txt"), include_str!("types/terraform.txt")] {
            assert!(lines(text).is_sorted());
        }
    }

    /// The names in `awscc` are those of CloudFormation, so no two of its types may become one.
    #[test]
    fn no_two_types_have_one_name_in_awscc() {
        let types =
            CLOUDFORMATION.iter().chain(DECIDED.exact.keys()).filter(|kind| kind.starts_with("AWS::"));
        assert_eq!(types.count(), CONTROLLED.len());
    }
}
