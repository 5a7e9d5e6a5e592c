//! Statements: what permissions of profiles and of layers have in common: their ids, their times and their ends.

use anyhow::Result;
use countersign::layer::Layer;
use countersign::name::StatementId;
use countersign::policy::diff::Difference;
use countersign::policy::edit::Editor;
use countersign::profile::Profile;
use countersign::time::Timestamp;

use super::edit;
use crate::context::Context;
use crate::output::{Exit, refuse};
use crate::suggest;

/// The id and the times of a new permission.
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
    pub fn id(&self, document: &impl Permitting, base: &str) -> Result<StatementId> {
        let ids = document.statement_ids();
        let is_taken = |id: &StatementId| ids.contains(&id);
        if let Some(id) = &self.statement_id {
            if is_taken(id) {
                let message = format!("{} already has a permission `{id}`", document.title());
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

/// When a permission ends.
#[derive(Debug, clap::Args)]
pub struct EndArgs {
    /// End of the permission [default: now]; it can only move earlier
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
}

impl EndArgs {
    /// The end.
    pub fn end(&self, now: Timestamp) -> Timestamp {
        self.at.unwrap_or(now)
    }

    /// Ends the permissions of a document and saves it; `what` describes them if there is none.
    pub fn forbid<D: Permitting>(
        &self,
        context: &Context,
        editor: &Editor,
        document: D,
        meant: &[StatementId],
        what: &str,
    ) -> Result<Exit> {
        if meant.is_empty() {
            let known: Vec<&str> = document.statement_ids().into_iter().map(StatementId::as_str).collect();
            let hint = if known.is_empty() { "it has no permissions".into() } else { suggest::list(&known) };
            return Err(refuse(format!("{} has no {what}", document.title()), hint));
        }
        let end = self.end(context.now);
        let ended = meant.iter().fold(document, |document, id| document.forbidding(id, end));
        edit::show(&ended.save(editor)?)
    }
}

/// A document with permissions: a profile or a layer.
pub trait Permitting: Sized {
    /// What it is and its name.
    fn title(&self) -> String;

    /// The ids of its permissions.
    fn statement_ids(&self) -> Vec<&StatementId>;

    /// The document with an earlier end of one permission.
    fn forbidding(self, id: &StatementId, end: Timestamp) -> Self;

    /// Writes the document; returns what changed.
    fn save(&self, editor: &Editor) -> Result<Vec<Difference>>;
}

impl Permitting for Profile {
    fn title(&self) -> String {
        format!("profile `{}`", self.name())
    }

    fn statement_ids(&self) -> Vec<&StatementId> {
        self.permissions().iter().map(|each| &each.statement_id).collect()
    }

    fn forbidding(self, id: &StatementId, end: Timestamp) -> Self {
        Profile::forbidding(self, id, end)
    }

    fn save(&self, editor: &Editor) -> Result<Vec<Difference>> {
        Ok(editor.save_profile(self)?)
    }
}

impl Permitting for Layer {
    fn title(&self) -> String {
        format!("layer `{}`", self.name())
    }

    fn statement_ids(&self) -> Vec<&StatementId> {
        self.permissions().iter().map(|each| &each.statement_id).collect()
    }

    fn forbidding(self, id: &StatementId, end: Timestamp) -> Self {
        Layer::forbidding(self, id, end)
    }

    fn save(&self, editor: &Editor) -> Result<Vec<Difference>> {
        Ok(editor.save_layer(self)?)
    }
}
