//! Sharing in the graph: known accounts, layers, and the accounts that can use them.

use super::{Edge, Graph, Id, Kind, Node, State};
use crate::account::KnownAccount;
use crate::layer::{Consumer, Layer, LayerPermission, LayerVersion};
use crate::name::AccountName;
use crate::policy::error::PolicyError;
use crate::policy::store::Policy;
use crate::time::Timestamp;

/// Adds the known accounts with their profiles, our layers, and their layers that we have permission for.
pub fn add(graph: &mut Graph, policy: &Policy, now: Timestamp) -> Result<(), PolicyError> {
    let mut sharing = Sharing { graph, own: policy.account(), now };
    for name in policy.layer_names() {
        if let Some(layer) = policy.layer(&name)? {
            sharing.layer(policy.account(), &layer, |_| true);
        }
    }
    for name in policy.account_names() {
        let Some(known) = policy.known_account(&name)? else { continue };
        let other = match policy.of_account(&name) {
            Err(PolicyError::Account { .. }) => None,
            result => result?,
        };
        sharing.account(&known, other.as_deref());
        for layer in other.as_deref().map_or(Ok(Vec::new()), layers)? {
            let is_ours = |permission: &LayerPermission| match &permission.principal {
                Consumer::Account(account) => account == policy.account(),
                Consumer::Everyone => true,
            };
            sharing.layer(&name, &layer, is_ours);
        }
    }
    Ok(())
}

fn layers(policy: &Policy) -> Result<Vec<Layer>, PolicyError> {
    let read = |name| policy.layer(&name).transpose();
    policy.layer_names().into_iter().filter_map(read).collect()
}

struct Sharing<'a> {
    graph: &'a mut Graph,
    own: &'a AccountName,
    now: Timestamp,
}

impl Sharing<'_> {
    /// A known account, with edges to its profiles that our CSCs allow.
    fn account(&mut self, known: &KnownAccount, other: Option<&Policy>) {
        let name = known.account();
        let id = Id::new(Kind::Account, name.as_str());
        let profiles = self.graph.nodes.iter();
        let profiles = profiles.filter(|(id, node)| id.kind == Kind::Profile && node.account == *name);
        let profiles: Vec<(Id, State)> = profiles.map(|(id, node)| (id.clone(), node.state)).collect();
        let reached = known.reached();
        let mut lines =
            vec![name.to_string(), format!("root {}, snapshot {}", reached.root_version, reached.snapshot)];
        let (state, why) = match other {
            None => (State::Missing, "its policy cannot be used"),
            Some(_) if profiles.is_empty() => (State::Unused, "no CSC allows its profiles"),
            Some(_) => (State::Good, ""),
        };
        lines.extend(other.map(|other| format!("until {}", other.snapshot().expires.date())));
        self.node(name, id.clone(), lines, state, why);
        for (profile, state) in profiles {
            self.edge(id.clone(), profile, String::new(), state);
        }
    }

    /// The versions of a layer that these permissions are for, or all versions of our own.
    fn layer(&mut self, owner: &AccountName, layer: &Layer, is_drawn: impl Fn(&LayerPermission) -> bool) {
        for version in layer.versions() {
            let permissions = layer.permissions().iter();
            let permissions: Vec<&LayerPermission> = permissions
                .filter(|permission| permission.version == version.version && is_drawn(permission))
                .collect();
            if permissions.is_empty() && owner != self.own {
                continue;
            }
            let id = Id::new(Kind::Layer, format!("{owner}:{}:{:09}", layer.name(), version.version));
            self.node(owner, id.clone(), version_lines(layer, version), State::Good, "");
            permissions.iter().for_each(|permission| self.permission(&id, permission));
        }
    }

    fn permission(&mut self, layer: &Id, permission: &LayerPermission) {
        let state = if permission.holds(self.now) { State::Good } else { State::Expired };
        let (key, name, account) = match (&permission.principal, &permission.organization) {
            (Consumer::Account(account), _) => (account.to_string(), account.to_string(), account),
            (Consumer::Everyone, Some(organization)) => {
                (format!("* {organization}"), format!("every account in {organization}"), organization)
            }
            // Parsing refuses such a document.
            (Consumer::Everyone, None) => return,
        };
        let id = Id::new(Kind::Consumer, key);
        self.node(account, id.clone(), vec![name], State::Good, "");
        let until = permission.not_after.map_or(String::new(), |end| format!(" until {}", end.date()));
        self.edge(layer.clone(), id, format!("can use{until}"), state);
    }

    fn node(&mut self, account: &AccountName, id: Id, lines: Vec<String>, state: State, why: &str) {
        let node = Node { account: account.clone(), lines, state, why: why.into() };
        self.graph.nodes.entry(id).or_insert(node);
    }

    fn edge(&mut self, from: Id, to: Id, label: String, state: State) {
        self.graph.edges.insert(Edge { from, to, label, state });
    }
}

fn version_lines(layer: &Layer, version: &LayerVersion) -> Vec<String> {
    let signed = if version.signed { "signed" } else { "published unsigned" };
    vec![
        format!("{}:{}", layer.name(), version.version),
        format!("published {}, {signed}", version.created.date()),
    ]
}
