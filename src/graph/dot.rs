//! DOT: the complete graph for Graphviz, however large it is.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Edge, Graph, Id, Kind, State};
use crate::report::escape::line;

/// Renders a graph, ending in a line feed.
pub fn render(graph: &Graph) -> String {
    let mut out = format!(
        "digraph countersign {{\n  graph [rankdir=LR, label={}, labelloc=t, fontname=\"sans-serif\"]\n  \
        node [fontname=\"sans-serif\", fontsize=11]\n  edge [fontname=\"sans-serif\", fontsize=9]\n",
        quoted(std::slice::from_ref(&graph.title))
    );
    let names: BTreeMap<&Id, String> =
        graph.nodes.keys().enumerate().map(|(number, id)| (id, format!("n{number}"))).collect();
    for (number, account) in graph.accounts().into_iter().enumerate() {
        let title = quoted(&[format!("account {account}")]);
        let _ = writeln!(out, "  subgraph cluster_{number} {{\n    label={title}");
        for (id, node) in graph.nodes.iter().filter(|(_, node)| node.account == *account) {
            let kind = [id.kind.name().to_owned()];
            let lines: Vec<String> =
                kind.into_iter().chain(node.lines.iter().cloned()).chain(node.state_line()).collect();
            let (name, label, shape) = (&names[id], quoted(&lines), shape(id.kind));
            let _ = writeln!(out, "    {name} [label={label}, shape={shape}{}]", style(node.state));
        }
        out.push_str("  }\n");
    }
    for edge in &graph.edges {
        if let (Some(from), Some(to)) = (names.get(&edge.from), names.get(&edge.to)) {
            let label = quoted(&[said(edge)]);
            let _ = writeln!(out, "  {from} -> {to} [label={label}{}]", style(edge.state));
        }
    }
    let states: Vec<State> = graph.states().into_iter().filter(|state| *state != State::Good).collect();
    if !states.is_empty() {
        out.push_str("  subgraph cluster_legend {\n    label=\"legend\"\n");
        for state in states {
            let label = quoted(&[state.name().to_uppercase(), state.meaning().to_owned()]);
            let _ = writeln!(out, "    legend_{} [label={label}, shape=box{}]", state.class(), style(state));
        }
        out.push_str("  }\n");
    }
    out.push_str("}\n");
    out
}

fn said(edge: &Edge) -> String {
    match edge.state {
        State::Good => edge.label.clone(),
        state if edge.label.is_empty() => state.name().to_uppercase(),
        state => format!("{}: {}", edge.label, state.name().to_uppercase()),
    }
}

fn shape(kind: Kind) -> &'static str {
    match kind {
        Kind::Account => "tab",
        Kind::Principal => "oval",
        Kind::Profile => "box",
        Kind::Version => "note",
        Kind::Csc => "hexagon",
        Kind::Function => "component",
        Kind::Layer => "folder",
        Kind::Consumer => "house",
    }
}

fn style(state: State) -> &'static str {
    match state {
        State::Good => "",
        State::Unused => ", style=dotted",
        State::Canceled => ", style=dashed, color=\"#8250df\"",
        State::Expired => ", style=dashed, color=\"#bc4c00\", penwidth=2",
        State::Revoked => ", color=\"#cf222e\", penwidth=3",
        State::Missing => ", style=dotted, color=\"#cf222e\", penwidth=2",
    }
}

/// A quoted string of several lines. A backslash starts an escape in it, such as `\N` for the node's name.
fn quoted(lines: &[String]) -> String {
    let escaped = |text: &String| line(text).replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", lines.iter().map(escaped).collect::<Vec<_>>().join("\\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_ends_where_it_ends() {
        assert_eq!(quoted(&["a\"]".into(), "\\N\n".into()]), "\"a\\\"]\\n\\\\N\\\\u{a}\"");
    }
}
