//! The workspace: `countersign.toml`, which lists what a repository packages.
//!
//! ```toml
//! account = "acme"                  # optional: the account whose profiles sign
//! policy = "policy"                 # optional: the policy directory, relative to this file
//! trust = "https://git.acme.example/policy.git#main"   # or: the source of `policy fetch`
//! output = "dist"                   # optional: the folder for packages; default: "dist"
//! allow_secrets = ["tests/key.pem"] # optional: paths from this file that are packaged although they are secrets
//!
//! [[function]]
//! name = "orders"
//! path = "services/orders"
//! profile = "release"               # optional if the account has one profile
//! include = ["src/**"]              # optional, lines of a .gitignore; braces are literal
//! exclude = ["*.md"]                # optional, likewise
//! allow_secrets = ["tests/key.pem"] # optional: paths in the folder, which are packaged although they are secrets
//! layers = ["arn:countersign:lambda::acme:layer:base:3"]   # optional
//!
//! [[layer]]
//! name = "base"
//! path = "layers/base"
//! compatible_runtimes = ["python3.13"]
//! ```
//! It has no influence on trust: it cannot choose a root, a CSC or a key. `policy` and `trust` only name the
//! location of a policy; the pin, which is stored outside the tree, decides whether it is trusted. A tree
//! that names another policy gets an error, and no verdict.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::arn::LayerArn;
use crate::document::{self, DocumentError};
use crate::git::source::Source;
use crate::limits::LAYERS_MAX;
use crate::name::{AccountName, ArtifactName, ProfileName};
use crate::package::select::Outputs;
use crate::provenance::{Kind, SelectionRecord};

/// The file's name.
pub const FILE_NAME: &str = "countersign.toml";

/// The workspace of a folder.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// The folder.
    pub folder: PathBuf,
    /// The account whose profiles sign, if set.
    pub account: Option<AccountName>,
    /// The policy directory, if set.
    pub policy: Option<PathBuf>,
    /// The source of the policy, if set; never together with `policy`.
    pub trust: Option<Source>,
    /// The folder for packages.
    pub output: PathBuf,
    /// The items to package: at least one, with distinct names.
    pub items: Vec<Item>,
}

/// A function or a layer of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Function or layer.
    pub kind: Kind,
    /// Its name.
    pub name: ArtifactName,
    /// The folder with its content.
    pub folder: PathBuf,
    /// The selection of the folder's files; the caller decides about untracked ones.
    pub rules: SelectionRecord,
    /// The paths in the folder that can be secrets.
    pub allow_secrets: BTreeSet<String>,
    /// The signing profile, if set.
    pub profile: Option<ProfileName>,
    /// A function's layers.
    pub layers: Vec<LayerArn>,
    /// A layer's runtimes.
    pub compatible_runtimes: Vec<String>,
}

impl Item {
    /// The item's package in the output folder.
    pub fn artifact(&self, output: &Path) -> PathBuf {
        output.join(format!("{}.zip", self.name))
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WorkspaceFile {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<AccountName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trust: Option<Source>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    allow_secrets: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    function: Vec<FunctionItem>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    layer: Vec<LayerItem>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FunctionItem {
    name: ArtifactName,
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    profile: Option<ProfileName>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    include: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    exclude: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    allow_secrets: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    layers: Vec<LayerArn>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LayerItem {
    name: ArtifactName,
    path: String,
    compatible_runtimes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    profile: Option<ProfileName>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    include: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    exclude: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    allow_secrets: Vec<String>,
}

impl Workspace {
    /// Parses the `countersign.toml` of a folder.
    pub fn parse(folder: &Path, bytes: &[u8]) -> Result<Self, DocumentError> {
        let path = folder.join(FILE_NAME);
        let file: WorkspaceFile = document::from_toml(&path, bytes)?;
        let fail = |message: String| DocumentError::new(&path, message);
        let inside = |text: &str| {
            inside(folder, text).ok_or_else(|| fail(format!("path `{text}` leads out of the folder")))
        };
        if file.policy.is_some() && file.trust.is_some() {
            return Err(fail("expected only one of: `policy`, `trust`".into()));
        }
        let allowed = |item: &Path, own: Vec<String>| {
            let own = own.iter().map(|path| item.join(path));
            let all = own.chain(file.allow_secrets.iter().map(|path| folder.join(path)));
            let below = all
                .filter_map(|path| Some(path.strip_prefix(item).ok()?.to_string_lossy().replace('\\', "/")));
            below.collect::<BTreeSet<String>>()
        };
        let mut items = Vec::new();
        for each in file.function {
            if each.layers.len() > LAYERS_MAX {
                return Err(fail(format!(
                    "function `{}` has {} layers, over the limit of {LAYERS_MAX}",
                    each.name,
                    each.layers.len()
                )));
            }
            let folder = inside(&each.path)?;
            items.push(Item {
                kind: Kind::Function,
                allow_secrets: allowed(&folder, each.allow_secrets),
                folder,
                name: each.name,
                rules: rules(each.include, each.exclude),
                profile: each.profile,
                layers: each.layers,
                compatible_runtimes: Vec::new(),
            });
        }
        for each in file.layer {
            let folder = inside(&each.path)?;
            items.push(Item {
                kind: Kind::Layer,
                allow_secrets: allowed(&folder, each.allow_secrets),
                folder,
                name: each.name,
                rules: rules(each.include, each.exclude),
                profile: each.profile,
                layers: Vec::new(),
                compatible_runtimes: each.compatible_runtimes,
            });
        }
        if items.is_empty() {
            return Err(fail("expected at least one `[[function]]` or `[[layer]]`".into()));
        }
        if let Some((first, second)) = same_name(&items) {
            return Err(fail(format!(
                "expected names that differ in more than case: found `{first}` and `{second}`"
            )));
        }
        Ok(Self {
            folder: folder.into(),
            account: file.account,
            // A policy directory can be next to the repository; its root is pinned elsewhere.
            policy: file.policy.map(|text| folder.join(text)),
            trust: file.trust,
            output: inside(file.output.as_deref().unwrap_or("dist"))?,
            items,
        })
    }

    /// The workspace of a folder without `countersign.toml`: one function named after it.
    pub fn implicit(folder: &Path) -> Self {
        let name = folder.file_name().and_then(|name| ArtifactName::from_folder(&name.to_string_lossy()));
        let item = Item {
            kind: Kind::Function,
            name: name.unwrap_or_else(|| "function".parse().expect("`function` is a name")),
            folder: folder.into(),
            rules: rules(Vec::new(), Vec::new()),
            allow_secrets: BTreeSet::new(),
            profile: None,
            layers: Vec::new(),
            compatible_runtimes: Vec::new(),
        };
        Self {
            folder: folder.into(),
            account: None,
            policy: None,
            trust: None,
            output: folder.join("dist"),
            items: vec![item],
        }
    }

    /// A first `countersign.toml`: the account, its policy, and one function.
    ///
    /// The function is the folder without this file and without the policy directory, if that is inside.
    pub fn first_file(account: &AccountName, policy: &Path, function: &ArtifactName) -> String {
        let shown = policy.to_string_lossy().replace('\\', "/");
        let inside = policy.components().all(|part| matches!(part, Component::Normal(_)));
        let policy_rule = inside.then(|| format!("/{shown}/"));
        let function = FunctionItem {
            name: function.clone(),
            path: ".".into(),
            profile: None,
            include: Vec::new(),
            exclude: policy_rule.into_iter().chain([format!("/{FILE_NAME}")]).collect(),
            allow_secrets: Vec::new(),
            layers: Vec::new(),
        };
        document::to_toml(&WorkspaceFile {
            account: Some(account.clone()),
            policy: Some(shown),
            trust: None,
            output: None,
            allow_secrets: Vec::new(),
            function: vec![function],
            layer: Vec::new(),
        })
    }

    /// The packages that it writes.
    pub fn outputs(&self) -> Outputs {
        Outputs::of(&self.output, self.items.iter().map(|item| &item.name))
    }

    /// The item with this name.
    pub fn item(&self, name: &ArtifactName) -> Option<&Item> {
        self.items.iter().find(|item| item.name == *name)
    }
}

/// Two items whose names differ at most in case, which some file systems do not distinguish.
fn same_name(items: &[Item]) -> Option<(&ArtifactName, &ArtifactName)> {
    let mut names = BTreeMap::new();
    items.iter().find_map(|item| {
        let earlier = names.insert(item.name.as_str().to_ascii_lowercase(), &item.name);
        earlier.map(|earlier| (earlier, &item.name))
    })
}

/// A relative path below a folder; `None` if it leads out of it.
fn inside(folder: &Path, text: &str) -> Option<PathBuf> {
    let mut path = folder.to_path_buf();
    for component in Path::new(text).components() {
        match component {
            Component::CurDir => {}
            Component::Normal(name) => path.push(name),
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}

/// Rules with these patterns, for everything that git does not ignore.
fn rules(include: Vec<String>, exclude: Vec<String>) -> SelectionRecord {
    SelectionRecord { include, exclude, untracked: true, ignored: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_in_the_folder() {
        let folder = Path::new("/repo");
        assert_eq!(inside(folder, "."), Some("/repo".into()));
        assert_eq!(inside(folder, "a/./b"), Some("/repo/a/b".into()));
        for text in ["../x", "/abs", "a/../../x", "a/.."] {
            assert_eq!(inside(folder, text), None, "{text}");
        }
    }

    #[test]
    fn trust_has_no_place_to_be_written() {
        for line in ["root = 'x'", "csc = 'csc-0123456789abcdefg'", "key = 'x'"] {
            let text = format!("{line}\n[[function]]\nname = 'a'\npath = '.'\n");
            let error = Workspace::parse(Path::new("/repo"), text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("line 1: unknown field"), "{error}");
        }
    }

    #[test]
    fn a_policy_is_taken_from_one_place() {
        let parse = |lines: &str| {
            let text = format!("{lines}\n[[function]]\nname = 'a'\npath = '.'\n");
            Workspace::parse(Path::new("/repo"), text.as_bytes())
        };
        let trust = "trust = 'https://example.com/policy.git#main'";
        assert_eq!(parse(trust).unwrap().trust.unwrap().reference().as_str(), "main");
        let error = parse(&format!("{trust}\npolicy = 'policy'")).unwrap_err().to_string();
        assert!(error.contains("one of: `policy`, `trust`"), "{error}");
        for text in ["ext::sh -c x", "--upload-pack=x", "../policy"] {
            let error = parse(&format!("trust = '{text}'")).unwrap_err().to_string();
            assert!(
                error.contains("line 1: ") && error.contains("is not the URL of a git repository"),
                "{error}"
            );
        }
    }

    #[test]
    fn names_differ_in_more_than_case() {
        let parsed =
            |text: &str| Workspace::parse(Path::new("/w"), text.as_bytes()).map_err(|e| e.to_string());
        let two = "[[function]]\nname = \"orders\"\npath = \"a\"\n[[layer]]\nname = \"NAME\"\npath = \"b\"\n\
                   compatible_runtimes = []\n";
        assert!(parsed(&two.replace("NAME", "base")).is_ok());
        for name in ["Orders", "orders"] {
            let message = parsed(&two.replace("NAME", name)).unwrap_err();
            assert!(message.contains(&format!("found `orders` and `{name}`")), "{message}");
        }
        assert!(parsed("output = \"dist\"\n").unwrap_err().contains("at least one `[[function]]`"));
    }

    #[test]
    fn the_first_file_is_read_back() {
        let text =
            Workspace::first_file(&"acme".parse().unwrap(), Path::new("policy"), &"orders".parse().unwrap());
        let workspace = Workspace::parse(Path::new("/repo"), text.as_bytes()).unwrap();
        assert_eq!(workspace.items[0].folder, Path::new("/repo"));
        assert_eq!(workspace.policy, Some("/repo/policy".into()));
    }
}
