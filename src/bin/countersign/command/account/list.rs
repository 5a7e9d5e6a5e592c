//! `account list`: the other accounts as they are now, and what of that is not sealed yet.

use anyhow::Result;
use countersign::account::{KnownAccount, Membership, Organization};
use countersign::policy::accounts;
use countersign::policy::documents::{Kind, MEMBERSHIP, ORGANIZATION};
use countersign::report::escape::line;
use serde::Serialize;

use super::super::edit::{Documents, mark};
use crate::context::{Context, TrustArgs};
use crate::output::{Exit, Format, print, print_json};

/// Arguments of `account list`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    trust: TrustArgs,
    /// Output format
    #[arg(long, value_enum, ignore_case = true, default_value = "text")]
    format: Format,
}

#[derive(Serialize)]
struct List {
    schema_version: u32,
    account: String,
    organization: Option<String>,
    members: Vec<MemberRecord>,
    accounts: Vec<Record>,
}

#[derive(Serialize)]
struct MemberRecord {
    account: String,
    root: String,
}

#[derive(Serialize)]
struct Record {
    account: String,
    root: String,
    root_version: u64,
    snapshot: u64,
    from: String,
    sealed: bool,
    /// When its seal expires; absent if it is not valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    /// Why it is not valid, if it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Args {
    /// Lists the accounts, and opens the documents of each.
    pub fn run(self, context: &Context) -> Result<Exit> {
        let documents = Documents::read(context, &self.trust)?;
        let list = read(context, &documents)?;
        match self.format {
            Format::Json => print_json(&list)?,
            Format::Text => print(&text(&list))?,
        }
        Ok(Exit::Done)
    }
}

fn read(context: &Context, documents: &Documents) -> Result<List> {
    let parse = |(path, bytes): (&String, &Vec<u8>)| KnownAccount::parse(&documents.file(path), bytes);
    let known = documents.of(Kind::Account).map(parse).collect::<Result<Vec<_>, _>>()?;
    let membership = documents.get(MEMBERSHIP);
    let membership =
        membership.map(|bytes| Membership::parse(&documents.file(MEMBERSHIP), bytes)).transpose()?;
    let organization = documents.get(ORGANIZATION);
    let organization =
        organization.map(|bytes| Organization::parse(&documents.file(ORGANIZATION), bytes)).transpose()?;
    let member = |member: &countersign::account::Member| MemberRecord {
        account: member.account.to_string(),
        root: member.root.to_string(),
    };
    Ok(List {
        schema_version: 1,
        account: documents.account().to_string(),
        organization: membership.and_then(|document| document.organization().map(ToString::to_string)),
        members: organization.iter().flat_map(Organization::members).map(member).collect(),
        accounts: known.iter().map(|known| record(context, documents, known)).collect(),
    })
}

fn record(context: &Context, documents: &Documents, known: &KnownAccount) -> Record {
    let opened = accounts::open(documents.directory(), known, context.now);
    let reached = known.reached();
    Record {
        account: known.account().to_string(),
        root: known.root().to_string(),
        root_version: reached.root_version,
        snapshot: reached.snapshot,
        from: known.from().to_owned(),
        sealed: documents.is_sealed(&Kind::path_of(known.account())),
        expires: opened.as_ref().ok().map(|policy| policy.snapshot().expires.to_string()),
        error: opened.err().map(|error| error.to_string()),
    }
}

fn text(list: &List) -> String {
    let mut out = String::new();
    if let Some(organization) = &list.organization {
        out.push_str(&format!("account `{}` is in the organization `{organization}`\n", list.account));
    }
    for member in &list.members {
        out.push_str(&format!("member `{}` of this organization: {}\n", member.account, member.root));
    }
    for each in &list.accounts {
        let state = match (&each.expires, &each.error) {
            (Some(expires), _) => format!("sealed until {expires}"),
            (None, error) => format!("not valid: {}", line(error.as_deref().unwrap_or_default())),
        };
        out.push_str(&format!(
            "{} root {}, snapshot {}, {state}{}\n  pinned {}\n  from   {}\n",
            each.account,
            each.root_version,
            each.snapshot,
            mark(each.sealed),
            each.root,
            line(&each.from)
        ));
    }
    if out.is_empty() { format!("account `{}` trusts no other account\n", list.account) } else { out }
}
