//! Import: AWS answers as documents of the policy, by the same rules as `csc create` and `profile create`.
//!
//! A CSC keeps its id, a profile its name and version. Importing the same answers again changes nothing. What
//! cannot be imported is refused before anything is written; what can be omitted, because less is permitted
//! without it, is a note.

pub mod answer;
mod error;
mod profile;

use std::collections::BTreeMap;

use self::answer::{Answer, AwsCsc, AwsPermission, AwsProfile};
pub use self::error::ImportError;
use super::aws::AwsAccount;
use crate::arn::{Owner, ProfileArn, PublisherArn};
use crate::crypto::key::PublicKey;
use crate::csc::{Change, Csc, Publishers};
use crate::name::{AccountName, CscId, Principal, ProfileName};
use crate::policy::diff::Difference;
use crate::policy::edit::{EditError, Editor};
use crate::profile::Profile;
use crate::time::Timestamp;

/// Options of an import.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The AWS account whose profiles become the account's own; others stay AWS profiles.
    pub as_own: Option<AwsAccount>,
    /// The profile that the permissions are for.
    pub permissions_of: Option<ProfileName>,
    /// The keys of principals, which AWS does not have.
    pub keys: BTreeMap<Principal, PublicKey>,
}

/// The documents to write.
#[derive(Debug)]
pub struct Plan {
    cscs: Vec<Csc>,
    profiles: Vec<Planned>,
    /// What was omitted, and the consequences.
    pub notes: Vec<String>,
}

/// A profile to write.
#[derive(Debug)]
struct Planned {
    profile: Profile,
    is_new: bool,
}

/// The content of all answers, without duplicates.
#[derive(Debug, Default)]
struct Told {
    cscs: BTreeMap<CscId, AwsCsc>,
    profiles: BTreeMap<ProfileName, AwsProfile>,
    permissions: Vec<AwsPermission>,
}

impl Told {
    fn by(answers: Vec<Answer>) -> Result<Self, ImportError> {
        let mut told = Self::default();
        for answer in answers {
            match answer {
                Answer::Cscs(cscs) => {
                    for csc in cscs {
                        let id = csc.id.clone();
                        let before = told.cscs.get(&id);
                        if before.is_some_and(|before| *before != csc) {
                            return Err(ImportError::Contradiction(format!("CSC `{id}`")));
                        }
                        told.cscs.insert(id, csc);
                    }
                }
                Answer::Profile(profile) => {
                    let name = profile.name.clone();
                    let before = told.profiles.get(&name);
                    if before.is_some_and(|before| *before != profile) {
                        return Err(ImportError::Contradiction(format!("signing profile `{name}`")));
                    }
                    told.profiles.insert(name, profile);
                }
                Answer::Permissions(permissions) => told.permissions.extend(permissions),
            }
        }
        Ok(told)
    }
}

impl Plan {
    /// The changes that the answers make in a policy directory.
    pub fn new(
        editor: &Editor,
        answers: Vec<Answer>,
        options: &Options,
        now: Timestamp,
    ) -> Result<Self, ImportError> {
        let told = Told::by(answers)?;
        let mut notes = Vec::new();
        let profiles = profile::planned(editor, &told, options, now, &mut notes)?;
        let mut cscs = Vec::new();
        for csc in told.cscs.values() {
            cscs.extend(planned_csc(editor, csc, options, &mut notes)?);
        }
        let plan = Self { cscs, profiles, notes };
        plan.with_notes_of_publishers(editor)
    }

    /// Writes them: profiles first, so that a CSC never refers to a missing one.
    pub fn apply(&self, editor: &Editor) -> Result<Vec<Difference>, EditError> {
        let mut differences = Vec::new();
        for Planned { profile, is_new } in &self.profiles {
            differences.extend(match is_new {
                true => editor.create_profile(profile)?,
                false => editor.save_profile(profile)?,
            });
        }
        for csc in &self.cscs {
            differences.extend(editor.save_csc(csc)?);
        }
        Ok(differences)
    }

    /// Adds a note for each publisher without a profile to sign with.
    fn with_notes_of_publishers(mut self, editor: &Editor) -> Result<Self, ImportError> {
        let account = editor.root().account();
        for csc in &self.cscs {
            for publisher in csc.publishers() {
                if *publisher.owner() != Owner::countersign(account.clone()) {
                    self.notes.push(format!(
                        "`{publisher}` stays an AWS profile, which cannot sign manifests; to make it the account's own, pass `--as-own`"
                    ));
                } else if !self.has(editor, account, publisher)? {
                    self.notes.push(format!("this account has no profile `{publisher}` yet"));
                }
            }
        }
        Ok(self)
    }

    fn has(
        &self,
        editor: &Editor,
        account: &AccountName,
        publisher: &PublisherArn,
    ) -> Result<bool, EditError> {
        let name = publisher.profile();
        let planned = self.profiles.iter().map(|each| &each.profile).find(|each| each.name() == name);
        let found = match planned {
            Some(profile) => Some(profile.clone()),
            None => existing(editor, name)?,
        };
        let arn = |version: &crate::profile::Version| {
            ProfileArn::new(account.clone(), name.clone(), version.version.clone())
        };
        Ok(found.is_some_and(|profile| profile.versions().iter().any(|each| publisher.allows(&arn(each)))))
    }
}

/// A profile, if it exists.
fn existing(editor: &Editor, name: &ProfileName) -> Result<Option<Profile>, EditError> {
    match editor.profile(name) {
        Ok(profile) => Ok(Some(profile)),
        Err(EditError::Absent(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The changed CSC; `None` if it does not change.
fn planned_csc(
    editor: &Editor,
    told: &AwsCsc,
    options: &Options,
    notes: &mut Vec<String>,
) -> Result<Option<Csc>, ImportError> {
    let publishers = publishers(editor.root().account(), told, options)?;
    let description = told.description.clone().unwrap_or_default();
    let before = match editor.csc(&told.id) {
        Ok(before) => before,
        Err(EditError::Absent(_)) => {
            return Ok(Some(Csc::new(told.id.clone(), &description, publishers, told.untrusted())));
        }
        Err(error) => return Err(error.into()),
    };
    let same = before.description() == description
        && before.untrusted() == told.untrusted()
        && *before.allowed_publishers() == publishers;
    if same {
        notes.push(format!("CSC `{}` is the same as in AWS", told.id));
        return Ok(None);
    }
    let change = Change {
        description: Some(description),
        publishers: Some(publishers),
        untrusted: Some(told.untrusted()),
    };
    Ok(Some(before.changed(change)))
}

fn publishers(account: &AccountName, told: &AwsCsc, options: &Options) -> Result<Publishers, ImportError> {
    let is_own = |arn: &PublisherArn| {
        options.as_own.as_ref().is_some_and(|own| own.as_str() == arn.owner().account().as_str())
    };
    let one = |arn: &PublisherArn| match is_own(arn) {
        true => arn.owned_by(account.clone()),
        false => arn.clone(),
    };
    let all: Vec<PublisherArn> = told.publishers().all().iter().map(one).collect();
    all.try_into().map_err(|error| ImportError::Publishers { csc: told.id.clone(), error: Box::new(error) })
}
