//! The graph: who trusts whom, from signing keys to the functions that accept their signatures.
//!
//! Nodes and edges are sorted data; each format ([`mermaid`], [`dot`]) draws the same ones. Edges
//! lead from a kind to a later one. States are always shown in words too, not only as colours.

pub mod dot;
pub mod mermaid;
pub mod policy;
mod sharing;

use std::collections::{BTreeMap, BTreeSet};

use crate::name::AccountName;

/// The kind of a node, in the order in which trust is passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Another account that the policy knows.
    Account,
    /// The owner of a key.
    Principal,
    /// A signing profile.
    Profile,
    /// A version of a profile.
    Version,
    /// A code signing config.
    Csc,
    /// A rule that attaches functions and layers to a CSC.
    Function,
    /// A published version of a layer.
    Layer,
    /// An account that can use a layer version.
    Consumer,
}

impl Kind {
    /// The name of the kind.
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Principal => "principal",
            Self::Profile => "signing profile",
            Self::Version => "profile version",
            Self::Csc => "CSC",
            Self::Function => "functions",
            Self::Layer => "layer version",
            Self::Consumer => "consumer of layers",
        }
    }
}

/// The state of a node or an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It is in force.
    Good,
    /// It leads nowhere, or an earlier rule matches everything.
    Unused,
    /// It no longer signs; its signatures are valid.
    Canceled,
    /// It has expired, or has not started.
    Expired,
    /// It was revoked.
    Revoked,
    /// It is referred to, but does not exist.
    Missing,
}

impl State {
    /// The state in a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Good => "in force",
            Self::Unused => "unused",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Missing => "missing",
        }
    }

    /// What the state means, for a legend.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Good => "in force today",
            Self::Unused => "has no effect",
            Self::Canceled => "no longer signs; its signatures are valid",
            Self::Expired => "expired or not started",
            Self::Revoked => "all its signatures are void, or those from some time on",
            Self::Missing => "referred to, but does not exist",
        }
    }

    /// The state's name as an identifier.
    fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            other => other.name(),
        }
    }
}

/// The id of a node: its kind, and a key that is unique in the kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id {
    /// Its kind.
    pub kind: Kind,
    /// The key, which also gives the order.
    pub key: String,
}

impl Id {
    /// The node of a kind with this key.
    pub fn new(kind: Kind, key: impl Into<String>) -> Self {
        Self { kind, key: key.into() }
    }
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its account.
    pub account: AccountName,
    /// Its name and details; at least one line.
    pub lines: Vec<String>,
    /// Its state.
    pub state: State,
    /// The reason for its state, if there is one.
    pub why: String,
}

impl Node {
    /// The line with its state; `None` if it is in force.
    pub fn state_line(&self) -> Option<String> {
        let name = self.state.name().to_uppercase();
        let line = if self.why.is_empty() { name } else { format!("{name}: {}", self.why) };
        (self.state != State::Good).then_some(line)
    }
}

/// An edge: permission for something of a later kind, or trust in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// Where it begins.
    pub from: Id,
    /// Where it ends.
    pub to: Id,
    /// Its label; can be empty.
    pub label: String,
    /// Its state.
    pub state: State,
}

/// A graph to draw.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// The title.
    pub title: String,
    /// The nodes, kind by kind.
    pub nodes: BTreeMap<Id, Node>,
    /// The edges.
    pub edges: BTreeSet<Edge>,
    /// A sentence about what was left out.
    pub left_out: Option<String>,
}

impl Graph {
    /// The accounts of the nodes, sorted.
    pub fn accounts(&self) -> BTreeSet<&AccountName> {
        self.nodes.values().map(|node| &node.account).collect()
    }

    /// Whether the account is the one of the drawn policy, whose name starts the title.
    fn is_of_own(&self, account: &AccountName) -> bool {
        self.title.starts_with(&format!("account {account}:"))
    }

    /// The states that occur.
    pub fn states(&self) -> BTreeSet<State> {
        self.nodes.values().map(|node| node.state).chain(self.edges.iter().map(|edge| edge.state)).collect()
    }

    /// The part of the graph that leads to a node.
    pub fn leading_to(self, target: &Id) -> Self {
        let mut kept = BTreeSet::from([target.clone()]);
        let mut next = vec![target.clone()];
        while let Some(id) = next.pop() {
            let before = self.edges.iter().filter(|edge| edge.to == id).map(|edge| &edge.from);
            next.extend(before.filter(|from| kept.insert((*from).clone())).cloned());
        }
        self.keeping(&kept)
    }

    /// The nodes of an account, and their neighbours.
    pub fn around(self, account: &AccountName) -> Self {
        let own = |id: &Id| self.nodes.get(id).is_some_and(|node| node.account == *account);
        let joined = self.edges.iter().filter(|edge| own(&edge.from) || own(&edge.to));
        let joined = joined.flat_map(|edge| [edge.from.clone(), edge.to.clone()]);
        let kept = self.nodes.keys().filter(|id| own(id)).cloned().chain(joined).collect();
        self.keeping(&kept)
    }

    fn keeping(self, kept: &BTreeSet<Id>) -> Self {
        let nodes = self.nodes.into_iter().filter(|(id, _)| kept.contains(id)).collect();
        let edges = self.edges.into_iter();
        let edges = edges.filter(|edge| kept.contains(&edge.from) && kept.contains(&edge.to)).collect();
        Self { nodes, edges, ..self }
    }

    /// At most this many nodes and edges, unusual states first; and a sentence about what was left out.
    pub fn cut(&self, nodes: usize, edges: usize) -> Self {
        if self.nodes.len() <= nodes && self.edges.len() <= edges {
            return self.clone();
        }
        let mut by_edge: Vec<&Edge> = self.edges.iter().collect();
        by_edge.sort_by_key(|edge| (edge.state == State::Good, *edge));
        let mut kept = BTreeSet::new();
        let mut kept_edges = BTreeSet::new();
        for edge in by_edge {
            let new = [&edge.from, &edge.to].into_iter().filter(|id| !kept.contains(*id)).count();
            if kept_edges.len() < edges && kept.len() + new <= nodes {
                kept.extend([edge.from.clone(), edge.to.clone()]);
                kept_edges.insert(edge.clone());
            }
        }
        let mut alone: Vec<(&Id, &Node)> = self.nodes.iter().collect();
        alone.sort_by_key(|(id, node)| (node.state == State::Good, *id));
        for (id, _) in alone {
            if kept.len() < nodes {
                kept.insert(id.clone());
            }
        }
        let (gone, gone_edges) = (self.nodes.len() - kept.len(), self.edges.len() - kept_edges.len());
        let left_out = format!(
            "{gone} of {} nodes and {gone_edges} of {} edges are not shown; to draw one function, run \
            `countersign graph --function NAME`",
            self.nodes.len(),
            self.edges.len()
        );
        Self { edges: kept_edges, left_out: Some(left_out), ..self.clone() }.keeping(&kept)
    }
}

/// The start of a text of any length.
fn shortened(text: &str, chars: usize) -> String {
    if text.chars().count() <= chars {
        return text.into();
    }
    text.chars().take(chars - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A chain of this many functions, each under its own CSC, with one revoked.
    pub(super) fn many(count: usize) -> Graph {
        let account: AccountName = "acme".parse().unwrap();
        let mut graph = Graph { title: "account acme".into(), ..Graph::default() };
        for number in 0..count {
            let state = if number == count / 2 { State::Revoked } else { State::Good };
            let ids = [Kind::Csc, Kind::Function].map(|kind| Id::new(kind, format!("{number:06}")));
            for id in &ids {
                let lines = vec![format!("{} {number}", id.kind.name())];
                let node = Node { account: account.clone(), lines, state, why: String::new() };
                graph.nodes.insert(id.clone(), node);
            }
            let [from, to] = ids;
            graph.edges.insert(Edge { from, to, label: String::new(), state });
        }
        graph
    }

    #[test]
    fn what_stands_out_is_cut_last_and_what_is_gone_is_counted() {
        let cut = many(100).cut(10, 4);
        assert_eq!((cut.nodes.len(), cut.edges.len()), (10, 4));
        assert!(cut.nodes.contains_key(&Id::new(Kind::Csc, "000050")));
        assert!(cut.left_out.unwrap().starts_with("190 of 200 nodes and 96 of 100 edges are not shown"));
        assert_eq!(many(5).cut(10, 5).left_out, None);
    }

    #[test]
    fn only_what_leads_to_a_node_is_left() {
        let graph = many(10).leading_to(&Id::new(Kind::Function, "000003"));
        assert_eq!((graph.nodes.len(), graph.edges.len()), (2, 1));
    }
}
