//! Mermaid: the graph as a flowchart, for a step summary, an issue or a README.
//!
//! Labels are quoted, and every character that Mermaid, Markdown or HTML could interpret is written as an
//! entity (`#35;` for `#`, in Mermaid's own form). What exceeds Mermaid's limits is left out, with a sentence
//! about it, since Mermaid would draw nothing otherwise.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Edge, Graph, Id, Kind, Node, State};
use crate::limits::{MERMAID_CHARS_MAX, MERMAID_EDGES_MAX};
use crate::report::escape::line;

/// Renders a graph, ending in a line feed.
pub fn render(graph: &Graph) -> String {
    let mut edges = MERMAID_EDGES_MAX;
    loop {
        let text = flowchart(&graph.cut(edges, edges));
        // Labels have a limited length, so a few nodes always fit.
        if text.chars().count() < MERMAID_CHARS_MAX || edges <= 1 {
            return text;
        }
        edges = edges * 3 / 4;
    }
}

fn flowchart(graph: &Graph) -> String {
    let mut out = "flowchart LR\n".to_owned();
    let names: BTreeMap<&Id, String> =
        graph.nodes.keys().enumerate().map(|(number, id)| (id, format!("n{number}"))).collect();
    for (number, account) in graph.accounts().into_iter().enumerate() {
        let title = if graph.is_of_own(account) { graph.title.clone() } else { format!("account {account}") };
        let _ = writeln!(out, "  subgraph a{number}[{}]", quoted(&[title]));
        for (id, node) in graph.nodes.iter().filter(|(_, node)| node.account == *account) {
            let _ = writeln!(out, "    {}{}", names[id], shape(id.kind, &label(id.kind, node)));
        }
        out.push_str("  end\n");
    }
    for edge in &graph.edges {
        if let (Some(from), Some(to)) = (names.get(&edge.from), names.get(&edge.to)) {
            let _ = writeln!(out, "  {from} {} {to}", arrow(edge));
        }
    }
    legend(graph, &mut out);
    if let Some(sentence) = &graph.left_out {
        let _ = writeln!(out, "  rest[{}]", quoted(std::slice::from_ref(sentence)));
    }
    for state in graph.states().into_iter().filter(|state| *state != State::Good) {
        let _ = writeln!(out, "  classDef {} {}", state.class(), style(state));
        let members =
            graph.nodes.iter().filter(|(_, node)| node.state == state).map(|(id, _)| names[id].clone());
        let legend = [format!("legend_{}", state.class())];
        let members: Vec<String> = members.chain(legend).collect();
        let _ = writeln!(out, "  class {} {}", members.join(","), state.class());
    }
    out
}

/// The legend: the states that occur.
fn legend(graph: &Graph, out: &mut String) {
    let states: Vec<State> = graph.states().into_iter().filter(|state| *state != State::Good).collect();
    if states.is_empty() {
        return;
    }
    out.push_str("  subgraph legend[\"legend\"]\n");
    for state in states {
        let lines = [state.name().to_uppercase(), state.meaning().to_owned()];
        let _ = writeln!(out, "    legend_{}[{}]", state.class(), quoted(&lines));
    }
    out.push_str("  end\n");
}

fn label(kind: Kind, node: &Node) -> String {
    let lines =
        [kind.name().to_owned()].into_iter().chain(node.lines.iter().cloned()).chain(node.state_line());
    quoted(&lines.collect::<Vec<_>>())
}

/// The shape of each kind.
fn shape(kind: Kind, label: &str) -> String {
    match kind {
        Kind::Account | Kind::Consumer => format!("[/{label}/]"),
        Kind::Principal => format!("([{label}])"),
        Kind::Profile => format!("[{label}]"),
        Kind::Version => format!("({label})"),
        Kind::Csc => format!("{{{{{label}}}}}"),
        Kind::Function => format!("[[{label}]]"),
        Kind::Layer => format!("[({label})]"),
    }
}

fn arrow(edge: &Edge) -> String {
    let counts = matches!(edge.state, State::Good | State::Canceled);
    let state = if counts { None } else { Some(edge.state.name().to_uppercase()) };
    let said = [Some(edge.label.clone()).filter(|label| !label.is_empty()), state];
    let said: Vec<String> = said.into_iter().flatten().collect();
    let arrow = if counts { "-->" } else { "-.->" };
    if said.is_empty() { arrow.into() } else { format!("{arrow}|{}|", quoted(&[said.join(": ")])) }
}

/// Only strokes: background and text follow the reader's theme.
fn style(state: State) -> &'static str {
    match state {
        State::Good => "",
        State::Unused => "stroke-dasharray:2 4",
        State::Canceled => "stroke:#8250df,stroke-dasharray:8 4",
        State::Expired => "stroke:#bc4c00,stroke-width:2px,stroke-dasharray:8 4",
        State::Revoked => "stroke:#cf222e,stroke-width:4px",
        State::Missing => "stroke:#cf222e,stroke-width:2px,stroke-dasharray:2 4",
    }
}

/// A quoted label of several lines.
fn quoted(lines: &[String]) -> String {
    format!("\"{}\"", lines.iter().map(|text| escaped(text)).collect::<Vec<_>>().join("<br/>"))
}

/// Letters, digits and a few harmless characters; every other character as an entity.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in line(text).chars() {
        let is_plain =
            c.is_alphanumeric() || matches!(c, ' ' | '.' | ',' | ':' | '/' | '-' | '_' | '@' | '…');
        // A list or a heading in Markdown starts with such a character.
        let begins = out.is_empty() && !c.is_alphanumeric();
        if is_plain && !begins {
            out.push(c);
        } else {
            let _ = write!(out, "#{};", u32::from(c));
        }
    }
    // Markdown treats `1. ` as a list.
    let digits = out.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 0 && out[digits..].starts_with('.') {
        out.replace_range(digits..=digits, "#46;");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::tests::many;
    use super::*;

    #[test]
    fn nothing_that_means_something_is_left_in_a_label() {
        for (text, label) in [
            (
                "a\"]; click n0 \"javascript:alert(1)\"",
                "a#34;#93;#59; click n0 #34;javascript:alert#40;1#41;#34;",
            ),
            ("end", "end"),
            ("#35;", "#35;35#59;"),
            ("<b>`x`</b>", "#60;b#62;#96;x#96;#60;/b#62;"),
            ("orders-*", "orders-#42;"),
            ("1. x", "1#46; x"),
            ("- x", "#45; x"),
            ("a\nb", "a#92;u#123;a#125;b"),
        ] {
            assert_eq!(escaped(text), label, "{text}");
        }
    }

    #[test]
    fn what_mermaid_would_not_draw_is_left_out() {
        for count in [200, 400, 5000] {
            let text = render(&many(count));
            assert!(
                text.chars().count() < MERMAID_CHARS_MAX && text.matches("-->").count() <= MERMAID_EDGES_MAX
            );
            assert!(text.contains("REVOKED"));
            assert_eq!(text.contains("are not shown"), count > 250, "{count}");
        }
    }
}
