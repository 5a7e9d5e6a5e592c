//! The target: one policy directory in one repository, and what is rolled out to it.
//!
//! With `deploy = "policy"` it is a copy of the central one, byte for byte: the central seal is valid there
//! too, under the central pin. Otherwise it belongs to a separate account with its own root and seal; `root`
//! pins that account, and its policy gets documents.

use std::collections::BTreeSet;
use std::str::FromStr;

use countersign_verify::policy::documents::Kind;
use serde::Deserialize;

use super::parameters::Parameters;
use crate::git::branch::{Branch, Folder};
use crate::git::source::RemoteUrl;
use crate::name::{CscId, ProfileName, TargetName};
use crate::pin::Pin;
use crate::shown::shortened;

/// A target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    file: File,
    deploy: Deploy,
}

/// A raw target.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    name: TargetName,
    url: RemoteUrl,
    branch: Branch,
    path: Folder,
    pull_request: Option<Branch>,
    deploy: Option<Deploy>,
    root: Option<Pin>,
    #[serde(default)]
    own: Vec<OwnPath>,
    #[serde(default)]
    parameters: Parameters,
}

/// What is rolled out to a target.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub enum Deploy {
    /// The whole sealed policy directory.
    Policy,
    /// Documents, to the policy directory of another account.
    Documents(BTreeSet<Part>),
}

/// The two forms in a document.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Whole(String),
    Parts(Vec<String>),
}

/// Which documents are rolled out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Every CSC.
    Csc,
    /// Every signing profile.
    Profiles,
    /// The CSC of each function, and the protected refs.
    Functions,
}

/// A profile or a CSC that a target's account can have in addition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OwnPath(String);

impl File {
    /// The target, in a stack set with this default.
    pub(super) fn under(self, default: &Deploy) -> Result<Target, String> {
        let deploy = self.deploy.clone().unwrap_or_else(|| default.clone());
        let name = &self.name;
        let refuse = |what: &str| {
            Err(format!("target `{name}` has a copy of the policy, so it cannot have its own {what}"))
        };
        match deploy {
            Deploy::Policy if self.root.is_some() => return refuse("`root`"),
            Deploy::Policy if !self.own.is_empty() => return refuse("`own`"),
            Deploy::Policy if !self.parameters.is_empty() => return refuse("`parameters`"),
            Deploy::Documents(_) if self.root.is_none() => {
                let why = "set it to the digest of its account's first root, `SHA384:…`";
                return Err(format!("target `{name}` has no `root`: {why}"));
            }
            Deploy::Policy | Deploy::Documents(_) => {}
        }
        if self.url.has_secret() {
            return Err(format!(
                "the URL of target `{name}` contains a password or a token, which everyone with the policy \
                could read; store it in git's credential helper"
            ));
        }
        if self.pull_request.as_ref() == Some(&self.branch) {
            return Err(format!("target `{name}` has the same branch for `branch` and `pull_request`"));
        }
        Ok(Target { file: self, deploy })
    }
}

impl Target {
    /// Its name.
    pub fn name(&self) -> &TargetName {
        &self.file.name
    }

    /// Its repository.
    pub fn url(&self) -> &RemoteUrl {
        &self.file.url
    }

    /// The branch whose commits are in force.
    pub fn branch(&self) -> &Branch {
        &self.file.branch
    }

    /// The policy directory in the repository.
    pub fn path(&self) -> &Folder {
        &self.file.path
    }

    /// The branch that changes are pushed to for a pull request, if they are not pushed directly.
    pub fn pull_request(&self) -> Option<&Branch> {
        self.file.pull_request.as_ref()
    }

    /// What is rolled out to it.
    pub fn deploy(&self) -> &Deploy {
        &self.deploy
    }

    /// The pin of its own account's first root; `None` if it has a copy.
    pub fn root(&self) -> Option<&Pin> {
        self.file.root.as_ref()
    }

    /// Whether its account can have this document in addition.
    pub fn owns(&self, path: &str) -> bool {
        self.file.own.iter().any(|own| own.0 == path)
    }

    /// The differences from the central documents.
    pub fn parameters(&self) -> &Parameters {
        &self.file.parameters
    }

    /// Everything except the name in words, for the person who seals it.
    pub fn described(&self) -> String {
        let File { url, branch, path, pull_request, root, own, .. } = &self.file;
        let place = format!("{} to `{path}` in {url}, branch `{branch}`", self.deploy.described());
        let request = pull_request.as_ref().map(|branch| format!("by pull request from `{branch}`"));
        let root = root.as_ref().map(|root| format!("root {root}"));
        let own = own.iter().map(|own| format!("also has `{}`", own.0));
        let all = [Some(place), request, root].into_iter().flatten().chain(own);
        all.chain(self.parameters().described()).collect::<Vec<_>>().join(", ")
    }
}

impl Deploy {
    /// Whether these documents are rolled out separately.
    pub fn has(&self, part: Part) -> bool {
        matches!(self, Self::Documents(parts) if parts.contains(&part))
    }

    fn described(&self) -> String {
        match self {
            Self::Policy => "policy".into(),
            Self::Documents(parts) => parts.iter().map(|part| part.name()).collect::<Vec<_>>().join(", "),
        }
    }
}

impl Part {
    const ALL: [Self; 3] = [Self::Csc, Self::Profiles, Self::Functions];

    /// The name as written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Csc => "csc",
            Self::Profiles => "profiles",
            Self::Functions => "functions",
        }
    }
}

impl TryFrom<Written> for Deploy {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let part = |text: &String| Part::ALL.into_iter().find(|part| part.name() == text);
        let fail =
            "expected \"policy\", or a list of \"csc\", \"profiles\", \"functions\" without duplicates";
        match written {
            Written::Whole(text) if text == "policy" => Ok(Self::Policy),
            Written::Whole(_) => Err(fail.into()),
            Written::Parts(parts) => {
                let found: BTreeSet<Part> = parts.iter().filter_map(part).collect();
                let whole = !found.is_empty() && found.len() == parts.len();
                if whole { Ok(Self::Documents(found)) } else { Err(fail.into()) }
            }
        }
    }
}

/// Why a text is not the path of a profile or a CSC.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not valid; expected `profiles/NAME.toml` or `csc/csc-….toml`")]
pub struct OwnPathError(String);

impl FromStr for OwnPath {
    type Err = OwnPathError;

    fn from_str(text: &str) -> Result<Self, OwnPathError> {
        let profile = Kind::Profile.name_in(text).map(str::parse::<ProfileName>);
        let csc = Kind::Csc.name_in(text).map(str::parse::<CscId>);
        if matches!(profile, Some(Ok(_))) || matches!(csc, Some(Ok(_))) {
            return Ok(Self(text.into()));
        }
        Err(OwnPathError(shortened(text).into_owned()))
    }
}

countersign_verify::text_form!(read OwnPath);
