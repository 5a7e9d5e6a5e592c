//! `countersign graph`: who trusts whom, as a picture.

use anyhow::Result;
use countersign::graph::{dot, mermaid, policy, svg};
use countersign::name::{AccountName, ArtifactName};

use crate::context::{Context, GlobalArgs, TrustArgs};
use crate::output::{Exit, print, refuse};

/// Arguments of `graph`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Draws the sealed policy: principals, signing profiles and their versions, CSCs, and the functions\n\
    that they govern; of other accounts, the profiles that a CSC allows. What is revoked, expired,\n\
    canceled, unused or missing stands out, and says so in words.\n\n\
    Examples:\n  countersign graph --format svg > trust.svg\n  countersign graph --function orders --format dot | dot -Tpdf > orders.pdf\n  \
    (echo '```mermaid'; countersign graph; echo '```') >> \"$GITHUB_STEP_SUMMARY\""
)]
pub struct Args {
    /// Draw only what leads to this function or layer
    #[arg(long, value_name = "NAME")]
    function: Option<ArtifactName>,
    /// Draw only what belongs to this account, and what is joined to it
    #[arg(long, value_name = "NAME", conflicts_with = "function")]
    account: Option<AccountName>,
    #[command(flatten)]
    trust: TrustArgs,
    /// How to draw it
    #[arg(long, value_enum, default_value = "mermaid")]
    format: GraphFormat,
}

/// How a graph is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum GraphFormat {
    /// For Markdown on GitHub, GitLab and others; what is over Mermaid's limits is left out, with a sentence.
    Mermaid,
    /// For Graphviz.
    Dot,
    /// A picture.
    Svg,
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
                    format!("no CSC of account `{}` governs `{name}`", sealed.account()),
                    "name a function that `countersign function list` shows, or attach a CSC to it",
                )
            })?;
            graph = graph.leading_to(&rule);
        }
        if let Some(account) = &self.account {
            if !graph.accounts().contains(account) {
                let known: Vec<&str> = graph.accounts().into_iter().map(AccountName::as_str).collect();
                return Err(refuse(
                    format!("nothing in the policy belongs to account `{account}`"),
                    format!("name one of {}", known.join(", ")),
                ));
            }
            graph = graph.around(account);
        }
        print(&match self.format {
            GraphFormat::Mermaid => mermaid::render(&graph),
            GraphFormat::Dot => dot::render(&graph),
            GraphFormat::Svg => svg::render(&graph),
        })?;
        Ok(Exit::Done)
    }
}
