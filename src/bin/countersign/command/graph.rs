//! `countersign graph`: who trusts whom, as a picture.

use anyhow::Result;
use countersign::graph::{dot, mermaid, policy};
use countersign::name::{AccountName, ArtifactName};

use crate::complete;
use crate::context::{Context, GlobalArgs, TrustArgs};
use crate::output::{Exit, print, refuse};
use crate::suggest;

/// Arguments of `graph`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
    Draws the sealed policy: principals, signing profiles and their versions, CSCs and the functions that \
    they govern, and the profiles of other accounts that a CSC allows. Revoked, expired, canceled, unused \
    and missing items are marked and labeled.\n\n\
    Examples:\n  \
    countersign graph --format dot | dot -Tsvg > trust.svg\n  \
    countersign graph --function orders --format dot | dot -Tpdf > orders.pdf\n  \
    (echo '```mermaid'; countersign graph; echo '```') >> \"$GITHUB_STEP_SUMMARY\"")]
pub struct Args {
    /// Draw only this function or layer and what leads to it
    #[arg(long, value_name = "NAME", add = complete::functions())]
    function: Option<ArtifactName>,
    /// Draw only this account and what is connected to it
    #[arg(long, value_name = "NAME", conflicts_with = "function", add = complete::accounts())]
    account: Option<AccountName>,
    #[command(flatten)]
    trust: TrustArgs,
    /// Output format
    #[arg(long, value_enum, ignore_case = true, default_value = "mermaid")]
    format: GraphFormat,
}

/// How a graph is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum GraphFormat {
    Mermaid,
    Dot,
}

impl Args {
    /// Draws the policy.
    pub fn run(self, global: &GlobalArgs) -> Result<Exit> {
        let context = Context::read(global)?;
        let sealed = context.policy(&context.location(&self.trust)?)?;
        let mut graph = policy::graph(&sealed, context.now)?;
        if let Some(name) = &self.function {
            let rule = policy::rule_of(&sealed, name)?.ok_or_else(|| {
                refuse(
                    format!("no CSC of account `{}` is assigned to `{name}`", sealed.account()),
                    "name a function that `countersign function list` shows, or put it under a CSC with \
                 `countersign function attach`",
                )
            })?;
            graph = graph.leading_to(&rule);
        }
        if let Some(account) = &self.account {
            if !graph.accounts().contains(account) {
                let known = graph.accounts().into_iter().map(AccountName::as_str);
                return Err(refuse(
                    format!("the policy has nothing of account `{account}`"),
                    suggest::known(account.as_str(), known),
                ));
            }
            graph = graph.around(account);
        }
        print(&match self.format {
            GraphFormat::Mermaid => mermaid::render(&graph),
            GraphFormat::Dot => dot::render(&graph),
        })?;
        Ok(Exit::Done)
    }
}
