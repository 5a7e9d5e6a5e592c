//! The target: one policy directory in one repository, and what is rolled out to it.
//!
//! With `deploy = "policy"` it is a copy of the central one, byte for byte: the central seal holds there
//! too, under the central pin. Otherwise it belongs to an account of its own, with a root and a seal of
//! its own; `root` pins it, and documents are put into it.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::parameters::Parameters;
use crate::git::branch::{Branch, Folder};
use crate::git::source::RemoteUrl;
use crate::name::{CscId, ProfileName, TargetName};
use crate::pin::Pin;

/// A target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    file: File,
    deploy: Deploy,
}

/// A target as it is written.
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

/// What is rolled out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub enum Deploy {
    /// The whole sealed policy directory.
    Policy,
    /// Documents, into the policy directory of another account.
    Documents(BTreeSet<Part>),
}

/// The two ways to write it.
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
    /// Which CSC governs which functions, and the protected refs.
    Functions,
}

/// A profile or a CSC that a target's account has besides, and may.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct OwnPath(String);

impl File {
    /// The target, where a stack set rolls this out by default.
    pub(super) fn under(self, default: &Deploy) -> Result<Target, String> {
        let deploy = self.deploy.clone().unwrap_or_else(|| default.clone());
        let name = &self.name;
        let refuse = |what: &str| {
            Err(format!("target `{name}` holds a copy of the policy, and has no {what} of its own"))
        };
        match deploy {
            Deploy::Policy if self.root.is_some() => return refuse("`root`"),
            Deploy::Policy if !self.own.is_empty() => return refuse("`own`"),
            Deploy::Policy if !self.parameters.is_empty() => return refuse("`parameters`"),
            Deploy::Documents(_) if self.root.is_none() => {
                let why = "the pin of the first root of its account, `SHA384:…`";
                return Err(format!("target `{name}` has no `root`: {why}"));
            }
            Deploy::Policy | Deploy::Documents(_) => {}
        }
        if self.url.has_secret() {
            return Err(format!(
                "the URL of target `{name}` holds a password or a token, which everybody who has the policy \
                could read; let git's credential helper give it"
            ));
        }
        if self.pull_request.as_ref() == Some(&self.branch) {
            return Err(format!("target `{name}` has one branch for `branch` and `pull_request`"));
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

    /// The branch whose commits count there.
    pub fn branch(&self) -> &Branch {
        &self.file.branch
    }

    /// The policy directory in the repository.
    pub fn path(&self) -> &Folder {
        &self.file.path
    }

    /// The branch that changes go to, for somebody to merge, if they do not go to the target's.
    pub fn pull_request(&self) -> Option<&Branch> {
        self.file.pull_request.as_ref()
    }

    /// What is rolled out to it.
    pub fn deploy(&self) -> &Deploy {
        &self.deploy
    }

    /// The pin of its own account's first root; none if it holds a copy.
    pub fn root(&self) -> Option<&Pin> {
        self.file.root.as_ref()
    }

    /// Whether its account has this document besides, and may.
    pub fn owns(&self, path: &str) -> bool {
        self.file.own.iter().any(|own| own.0 == path)
    }

    /// What differs there.
    pub fn parameters(&self) -> &Parameters {
        &self.file.parameters
    }

    /// Everything but the name in words, for whoever seals it.
    pub fn described(&self) -> String {
        let File { url, branch, path, pull_request, root, own, .. } = &self.file;
        let place = format!("{} to `{path}` in {url}, branch `{branch}`", self.deploy.described());
        let request = pull_request.as_ref().map(|branch| format!("by pull request from `{branch}`"));
        let root = root.as_ref().map(|root| format!("root {root}"));
        let own = own.iter().map(|own| format!("has `{}` besides", own.0));
        let all = [Some(place), request, root].into_iter().flatten().chain(own);
        all.chain(self.parameters().described()).collect::<Vec<_>>().join(", ")
    }
}

impl Deploy {
    /// Whether these documents are rolled out by themselves.
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

    /// The name as it is written.
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
        let fail = "it is \"policy\", or a list of \"csc\", \"profiles\" and \"functions\", each once";
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

impl TryFrom<String> for OwnPath {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let name = |folder: &str| text.strip_prefix(folder)?.strip_suffix(".toml");
        let is_profile = name("profiles/").is_some_and(|name| name.parse::<ProfileName>().is_ok());
        let is_csc = name("csc/").is_some_and(|name| name.parse::<CscId>().is_ok());
        if is_profile || is_csc {
            return Ok(Self(text));
        }
        let shown = crate::shown::shortened(&text);
        Err(format!("{shown:?} is neither `profiles/NAME.toml` nor `csc/csc-….toml`"))
    }
}
