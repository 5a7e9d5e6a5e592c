//! Statements: what permissions of profiles and of layers have in common, their names and their times.

use anyhow::Result;
use countersign::name::StatementId;
use countersign::time::Timestamp;

use crate::output::refuse;

/// What a new permission is called, and when it holds.
#[derive(Debug, clap::Args)]
pub struct StatementArgs {
    /// Id of the permission [default: generated from the principal]
    #[arg(long, value_name = "ID")]
    statement_id: Option<StatementId>,
    /// Start of the permission [default: now]
    #[arg(long, value_name = "TIME")]
    not_before: Option<Timestamp>,
    /// End of the permission [default: none]
    #[arg(long, value_name = "TIME")]
    not_after: Option<Timestamp>,
}

impl StatementArgs {
    /// The permission's name: the one that was given, or this one, with a number if it is taken.
    pub fn id(&self, of: &str, base: &str, is_taken: impl Fn(&StatementId) -> bool) -> Result<StatementId> {
        if let Some(id) = &self.statement_id {
            if is_taken(id) {
                let message = format!("{of} already has a permission `{id}`");
                return Err(refuse(message, "choose another `--statement-id`; a permission never changes"));
            }
            return Ok(id.clone());
        }
        let mut id: StatementId = base.parse()?;
        for number in 2.. {
            if !is_taken(&id) {
                break;
            }
            id = format!("{base}-{number}").parse()?;
        }
        Ok(id)
    }

    /// The first instant of the permission, and the first one after it, if that was given.
    pub fn times(&self, now: Timestamp) -> Result<(Timestamp, Option<Timestamp>)> {
        let not_before = self.not_before.unwrap_or(now);
        if self.not_after.is_some_and(|end| end <= not_before) {
            return Err(refuse("the permission would end before it begins", "give a later `--not-after`"));
        }
        Ok((not_before, self.not_after))
    }
}

/// Says that there is no such permission, and which there are.
pub fn absent<'a>(what: String, known: impl Iterator<Item = &'a StatementId>) -> anyhow::Error {
    let known: Vec<&str> = known.map(StatementId::as_str).collect();
    let hint = match known.as_slice() {
        [] => "it has no permissions".to_owned(),
        known => format!("expected one of: {}", known.join(", ")),
    };
    refuse(what, hint)
}
