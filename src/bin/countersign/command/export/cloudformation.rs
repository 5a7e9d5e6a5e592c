//! `export cloudformation`: the sealed policy as a template.

use anyhow::Result;
use countersign::limits::TEMPLATE_BODY_BYTES_MAX;
use countersign::report::json;

use super::MappingArgs;
use crate::context::{Context, TrustArgs};
use crate::output::{Exit, note, print};

/// Arguments of `export cloudformation`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    The template is JSON, which CloudFormation accepts like YAML. It contains every property, because drift \
    detection ignores the others. A setting that AWS does not have is reported as a note, or as an error if \
    AWS would permit more.\n\n\
    Examples:\n  \
    countersign export cloudformation > signing.json\n  \
    countersign export cloudformation \\\n    \
    --principal ci@acme.example=arn:aws:iam::123456789012:role/ci > signing.json\n  \
    aws cloudformation deploy --stack-name signing --template-file signing.json")]
pub struct Args {
    #[command(flatten)]
    mapping: MappingArgs,
    #[command(flatten)]
    trust: TrustArgs,
}

impl Args {
    /// Prints the template.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let (_, template) = self.mapping.template(context, &self.trust)?;
        let text = json::to_text(&template.body);
        if text.len() > TEMPLATE_BODY_BYTES_MAX {
            note(
                "the template is too large for a request: upload it to S3, and pass `--template-url` to the \
                 AWS CLI",
            );
        }
        print(&format!("{text}\n"))?;
        Ok(Exit::Done)
    }
}
