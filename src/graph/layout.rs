//! The layout: kinds as columns, with connected nodes close to each other.
//!
//! The order in a column is by the mean position of a node's neighbours, in several sweeps in both directions
//! (Sugiyama's barycentre method); heights follow the neighbours if there is space. An edge that passes a
//! column has its own lane there, so that it is not hidden by nodes. The layout depends only on the graph, so
//! a graph is always drawn the same way.

use std::collections::{BTreeMap, BTreeSet};

use super::{Edge, Graph, Id, Kind, Node, State};

/// Width of a character in a node, in pixels: a monospaced font of 12 px, with some margin.
pub const CHAR: f64 = 7.3;
/// Height of a line of text.
pub const LINE: f64 = 16.0;
/// Space between a node's edge and its text.
pub const PAD: f64 = 12.0;
/// Most characters shown of a line.
pub const CHARS_MAX: usize = 48;
/// Width of a character of an edge's label: 11 px, with some margin.
pub const LABEL_CHAR: f64 = 6.8;
/// Height of an edge at a node's side: this much with a label, less without.
const LABELLED: f64 = 15.0;
const UNLABELLED: f64 = 5.0;
const GAP: f64 = 16.0;
const COLUMN_GAP: f64 = 80.0;
const SWEEPS: usize = 6;

/// The position of a node.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

/// The positions of everything.
pub struct Layout<'a> {
    /// The columns, each with its left edge.
    pub columns: Vec<(Kind, f64)>,
    /// The nodes.
    pub places: BTreeMap<&'a Id, Place>,
    /// Total width.
    pub width: f64,
    /// Total height.
    pub height: f64,
}

/// The lines of a node. Those of other accounts name the account, since names are not unique.
pub fn lines(graph: &Graph, id: &Id) -> Vec<String> {
    let node = &graph.nodes[id];
    if is_lane(node) {
        return Vec::new();
    }
    let named = matches!(id.kind, Kind::Account | Kind::Consumer) || graph.is_of_own(&node.account);
    let whose = (!named).then(|| format!("of account {}", node.account));
    let all = node.lines.iter().cloned().chain(whose).chain(node.state_line());
    all.map(|text| super::shortened(&crate::report::escape::line(&text), CHARS_MAX)).collect()
}

/// Whether the node is a lane of an edge through a column.
pub fn is_lane(node: &Node) -> bool {
    node.lines.is_empty()
}

/// Adds a lane for each column that an edge passes.
pub fn with_lanes(graph: &Graph) -> Graph {
    let mut laned = Graph { edges: BTreeSet::new(), ..graph.clone() };
    let kinds: BTreeSet<Kind> = graph.nodes.keys().map(|id| id.kind).collect();
    for edge in &graph.edges {
        let Edge { from, to, label, state } = edge.clone();
        let account = graph.nodes[&from].account.clone();
        let (mut at, mut label) = (from, label);
        for kind in kinds.iter().filter(|kind| edge.from.kind < **kind && **kind < edge.to.kind) {
            let lane = Id::new(*kind, format!("{} -> {}", edge.from.key, edge.to.key));
            let node = Node { account: account.clone(), lines: Vec::new(), state, why: String::new() };
            laned.nodes.insert(lane.clone(), node);
            laned.edges.insert(Edge { from: at, to: lane.clone(), label: std::mem::take(&mut label), state });
            at = lane;
        }
        laned.edges.insert(Edge { from: at, to, label, state });
    }
    laned
}

/// The cells of a monospaced font that a text needs: two for a wide character above U+1100.
fn cells(text: &str) -> usize {
    text.chars().map(|c| if c < '\u{1100}' { 1 } else { 2 }).sum()
}

impl<'a> Layout<'a> {
    /// Computes the position of every node.
    pub fn of(graph: &'a Graph) -> Self {
        let neighbours = neighbours(graph);
        let mut columns: Vec<(Kind, Vec<&Id>)> = Kind::ALL
            .into_iter()
            .map(|kind| (kind, graph.nodes.keys().filter(|id| id.kind == kind).collect::<Vec<_>>()))
            .filter(|(_, ids)| !ids.is_empty())
            .collect();
        sort_columns(&mut columns, &neighbours);
        let mut places = BTreeMap::new();
        let sides = Sides::of(graph);
        let (mut x, mut right, mut lefts) = (0.0, 0.0, Vec::new());
        for (kind, ids) in &columns {
            let shown = |id: &Id| lines(graph, id);
            let chars = |id: &Id| shown(id).iter().map(|text| cells(text)).max().unwrap_or(0);
            let most = ids.iter().map(|id| chars(id)).max().unwrap_or(0);
            let width = (most as f64 * CHAR + 2.0 * PAD).max(heading(*kind).chars().count() as f64 * 8.0);
            let mut y = 0.0;
            for id in ids {
                let height = (shown(id).len() as f64 * LINE + PAD).max(sides.height(id));
                places.insert(*id, Place { x, y, width, height });
                y += height + GAP;
            }
            lefts.push((*kind, x));
            x += width + COLUMN_GAP + sides.widest.get(kind).copied().unwrap_or(0.0);
            right = lefts.last().map_or(0.0, |(_, x)| x + width);
        }
        for sweep in 0..SWEEPS {
            // The last sweep goes to the right, so that nodes with a single connection are aligned.
            let backward = sweep % 2 == 0;
            let count = columns.len();
            for index in 0..count {
                let (_, ids) = &columns[if backward { count - 1 - index } else { index }];
                settle(ids, &mut places, &neighbours);
            }
        }
        let top = places.values().map(|place| place.y).fold(f64::INFINITY, f64::min);
        places.values_mut().for_each(|place| place.y -= top);
        let bottom = places.values().map(|place| place.y + place.height).fold(0.0, f64::max);
        Self { columns: lefts, places, width: right, height: bottom }
    }
}

/// The heading of a column.
pub fn heading(kind: Kind) -> &'static str {
    match kind {
        Kind::Account => "other accounts",
        Kind::Principal => "principals and their keys",
        Kind::Profile => "signing profiles",
        Kind::Version => "profile versions",
        Kind::Csc => "code signing configs",
        Kind::Function => "functions and layers",
        Kind::Layer => "published layer versions",
        Kind::Consumer => "permitted accounts",
    }
}

/// The label of an edge, with its state if it is expired, which its ends do not show.
pub fn said(edge: &Edge) -> String {
    match edge.state {
        State::Expired => format!("{}: expired", edge.label),
        _ => edge.label.clone(),
    }
}

/// The space that edges need: along the sides of nodes, and after a column.
#[derive(Default)]
struct Sides<'a> {
    leaving: BTreeMap<&'a Id, f64>,
    reaching: BTreeMap<&'a Id, f64>,
    widest: BTreeMap<Kind, f64>,
}

impl<'a> Sides<'a> {
    fn of(graph: &'a Graph) -> Self {
        let mut sides = Self::default();
        for edge in &graph.edges {
            let chars = said(edge).chars().count();
            *sides.leaving.entry(&edge.from).or_default() += if chars > 0 { LABELLED } else { UNLABELLED };
            *sides.reaching.entry(&edge.to).or_default() += UNLABELLED;
            let widest = sides.widest.entry(edge.from.kind).or_default();
            *widest = widest.max(chars as f64 * LABEL_CHAR);
        }
        sides
    }

    fn height(&self, id: &Id) -> f64 {
        let side = |edges: &BTreeMap<&Id, f64>| edges.get(id).copied().unwrap_or(0.0);
        side(&self.leaving).max(side(&self.reaching)) + PAD
    }
}

type Neighbours<'a> = BTreeMap<&'a Id, Vec<&'a Id>>;

fn neighbours(graph: &Graph) -> Neighbours<'_> {
    let mut found: Neighbours<'_> = BTreeMap::new();
    for edge in &graph.edges {
        found.entry(&edge.from).or_default().push(&edge.to);
        found.entry(&edge.to).or_default().push(&edge.from);
    }
    found
}

/// Sorts each column by the mean rank of its nodes' neighbours in other columns.
fn sort_columns(columns: &mut [(Kind, Vec<&Id>)], neighbours: &Neighbours<'_>) {
    let mut rank: BTreeMap<&Id, f64> = BTreeMap::new();
    for (_, ids) in columns.iter() {
        rank.extend(ids.iter().enumerate().map(|(at, id)| (*id, at as f64 / ids.len() as f64)));
    }
    for sweep in 0..SWEEPS {
        let count = columns.len();
        for index in 0..count {
            let (_, ids) = &mut columns[if sweep % 2 == 0 { index } else { count - 1 - index }];
            let mean = |id: &&Id| {
                let ranks = neighbours.get(id).into_iter().flatten().filter_map(|id| rank.get(id));
                mean(ranks.copied()).unwrap_or(rank[*id])
            };
            let mut keyed: Vec<(f64, &Id)> = ids.iter().map(|id| (mean(id), *id)).collect();
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(b.1)));
            *ids = keyed.into_iter().map(|(_, id)| id).collect();
            let length = ids.len() as f64;
            rank.extend(ids.iter().enumerate().map(|(at, id)| (*id, at as f64 / length)));
        }
    }
}

/// Moves a column's nodes towards the middle of their neighbours, in order and without overlap.
fn settle<'a>(ids: &[&'a Id], places: &mut BTreeMap<&'a Id, Place>, neighbours: &Neighbours<'_>) {
    let wish = |id: &Id, places: &BTreeMap<&Id, Place>| {
        let centres = neighbours.get(id).into_iter().flatten().filter_map(|id| places.get(id));
        let place = places[id];
        mean(centres.map(|place| place.y + place.height / 2.0))
            .map_or(place.y, |centre| centre - place.height / 2.0)
    };
    let wishes: Vec<f64> = ids.iter().map(|id| wish(id, places)).collect();
    // Nodes that would overlap are pushed down; then the whole column moves to its mean wanted position.
    let mut bottom = f64::NEG_INFINITY;
    let mut put = Vec::with_capacity(ids.len());
    for (id, wish) in ids.iter().zip(&wishes) {
        let y = wish.max(bottom);
        bottom = y + places[*id].height + GAP;
        put.push(y);
    }
    let shift = mean(put.iter().zip(&wishes).map(|(y, wish)| wish - y)).unwrap_or(0.0);
    for (id, y) in ids.iter().zip(put) {
        if let Some(place) = places.get_mut(*id) {
            place.y = y + shift;
        }
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    (count > 0.0).then(|| sum / count)
}
