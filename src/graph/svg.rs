//! SVG: the graph as a self-contained picture, without scripts, fonts and other files.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::layout::{LABEL_CHAR, LINE, Layout, PAD, Place, heading, is_lane, lines, said, with_lanes};
use super::{Edge, Graph, Id, State};
use crate::limits::SVG_PARTS_MAX;
use crate::report::escape::xml;

const MARGIN: f64 = 32.0;
/// Space above the nodes for the title and the column headings.
const HEAD: f64 = 84.0;
/// Height of a row of the legend.
const ROW: f64 = 24.0;

/// Colours for the reader's light or dark theme; every state also has its own stroke.
const STYLE: &str = "\
text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#1f2328}
.ground{fill:#ffffff}.title{font-size:16px;font-weight:600}.column{font-size:13px;font-weight:600;fill:#59636e}
.name{font-weight:600}.more{fill:#59636e}.label{font-size:11px;fill:#59636e;stroke:#ffffff;stroke-width:4px;paint-order:stroke}
.node{fill:#f6f8fa;stroke:#59636e;stroke-width:1px}.edge{fill:none;stroke:#818b98;stroke-width:1.25px}
.head{fill:#818b98}
.unused{stroke-dasharray:2 4}.canceled{stroke:#8250df;stroke-dasharray:8 4}
.expired{stroke:#bc4c00;stroke-dasharray:8 4;stroke-width:2px}.revoked{stroke:#cf222e;stroke-width:3px}
.missing{stroke:#cf222e;stroke-dasharray:2 4;stroke-width:2px}
.state{font-weight:600}.state.of-unused{fill:#59636e}.state.of-canceled{fill:#8250df}.state.of-expired{fill:#bc4c00}
.state.of-revoked,.state.of-missing{fill:#cf222e}
@media (prefers-color-scheme:dark){text{fill:#f0f6fc}.ground{fill:#0d1117}.column,.more,.label{fill:#9198a1}
.label{stroke:#0d1117}.node{fill:#151b23;stroke:#9198a1}.edge{stroke:#656c76}.head{fill:#656c76}
.canceled{stroke:#ab7df8}.expired{stroke:#db6d28}.revoked,.missing{stroke:#f85149}
.state.of-unused{fill:#9198a1}.state.of-canceled{fill:#ab7df8}.state.of-expired{fill:#db6d28}
.state.of-revoked,.state.of-missing{fill:#f85149}}
";

/// Renders a graph, ending in a line feed.
pub fn render(graph: &Graph) -> String {
    let graph = &with_lanes(&graph.cut(SVG_PARTS_MAX, SVG_PARTS_MAX));
    let layout = Layout::of(graph);
    let states: Vec<State> = graph.states().into_iter().collect();
    let foot = legend_height(&states) + if graph.left_out.is_some() { ROW } else { 0.0 };
    let sentence =
        graph.left_out.as_ref().map_or(0, |text| text.chars().count()).max(graph.title.chars().count());
    let width = layout.width.max(sentence as f64 * 10.0).max(420.0) + 2.0 * MARGIN;
    let height = HEAD + layout.height + foot + 2.0 * MARGIN;
    let title = xml(&graph.title);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
        viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
        <defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
        markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"head\" d=\"M0 0L8 4L0 8z\"/></marker></defs>\n\
        <rect class=\"ground\" width=\"100%\" height=\"100%\"/>\n"
    );
    text(&mut out, "title", MARGIN, MARGIN + 14.0, &graph.title);
    let _ = writeln!(out, "<g transform=\"translate({MARGIN} {})\">", MARGIN + HEAD - 20.0);
    for (kind, x) in &layout.columns {
        text(&mut out, "column", *x, -14.0, heading(*kind));
    }
    draw_edges(&mut out, graph, &layout);
    for id in graph.nodes.keys() {
        draw_node(&mut out, graph, id, layout.places[id]);
    }
    out.push_str("</g>\n");
    let below = MARGIN + HEAD + layout.height + 12.0;
    legend(&mut out, &states, below);
    if let Some(sentence) = &graph.left_out {
        text(&mut out, "name", MARGIN, below + legend_height(&states) + 12.0, sentence);
    }
    out.push_str("</svg>\n");
    out
}

fn draw_node(out: &mut String, graph: &Graph, id: &Id, place: Place) {
    let Place { x, y, width, height } = place;
    let node = &graph.nodes[id];
    let class = node.state.class();
    if is_lane(node) {
        let y = y + height / 2.0;
        let _ = writeln!(out, "<path class=\"edge {class}\" d=\"M{x:.1} {y:.1}h{width:.1}\"/>");
        return;
    }
    let whole: Vec<String> = node.lines.iter().cloned().chain(node.state_line()).collect();
    let whose =
        if graph.accounts().len() > 1 { format!("account {}\n", node.account) } else { String::new() };
    let _ = writeln!(
        out,
        "<g><title>{}</title><rect class=\"node {class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" \
        height=\"{height:.1}\" rx=\"6\"/>",
        xml(&format!("{whose}{}", whole.join("\n")))
    );
    let shown = lines(graph, id);
    let has_state = node.state != State::Good;
    for (index, each) in shown.iter().enumerate() {
        let is_state = has_state && index + 1 == shown.len();
        let class = match (index, is_state) {
            (_, true) => format!("state of-{class}"),
            (0, false) => "name".into(),
            _ => "more".into(),
        };
        text(out, &class, x + PAD, y + PAD / 2.0 + LINE * (index as f64 + 0.75), each);
    }
    out.push_str("</g>\n");
}

/// Edges leave and enter a node next to each other, in the order of their other ends.
fn draw_edges(out: &mut String, graph: &Graph, layout: &Layout<'_>) {
    let middle = |id: &Id| layout.places[id].y + layout.places[id].height / 2.0;
    let (mut leaving, mut reaching): (Ports<'_>, Ports<'_>) = Default::default();
    for edge in &graph.edges {
        leaving.entry(&edge.from).or_default().push((middle(&edge.to), edge));
        reaching.entry(&edge.to).or_default().push((middle(&edge.from), edge));
    }
    for ports in leaving.values_mut().chain(reaching.values_mut()) {
        ports.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(b.1)));
    }
    let port = |ports: &Ports<'_>, id: &Id, edge: &Edge| {
        let (place, all) = (layout.places[id], &ports[id]);
        let at = all.iter().position(|(_, each)| *each == edge).unwrap_or(0) as f64;
        place.y + place.height * (at + 1.0) / (all.len() as f64 + 1.0)
    };
    let mut labels = String::new();
    for edge in &graph.edges {
        let (from, to) = (layout.places[&edge.from], layout.places[&edge.to]);
        let (x1, y1) = (from.x + from.width, port(&leaving, &edge.from, edge));
        let (x2, y2) = (to.x, port(&reaching, &edge.to, edge));
        // The line is horizontal under its label.
        let said = said(edge);
        let level = x1 + said.chars().count() as f64 * LABEL_CHAR;
        let bend = (x2 - level) * 0.5;
        let head = if is_lane(&graph.nodes[&edge.to]) { "" } else { " marker-end=\"url(#head)\"" };
        let _ = writeln!(
            out,
            "<path class=\"edge {}\"{head} d=\"M{x1:.1} {y1:.1}H{level:.1}C{:.1} {y1:.1} {:.1} {y2:.1} {x2:.1} {y2:.1}\"/>",
            edge.state.class(),
            level + bend,
            x2 - bend,
        );
        if !said.is_empty() {
            let _ = writeln!(
                labels,
                "<text class=\"label\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                x1 + 8.0,
                y1 - 3.0,
                xml(&said)
            );
        }
    }
    out.push_str(&labels);
}

type Ports<'a> = BTreeMap<&'a Id, Vec<(f64, &'a Edge)>>;

fn legend_height(states: &[State]) -> f64 {
    states.len() as f64 * ROW
}

fn legend(out: &mut String, states: &[State], top: f64) {
    for (index, state) in states.iter().enumerate() {
        let (y, class) = (top + index as f64 * ROW, state.class());
        let _ = writeln!(
            out,
            "<rect class=\"node {class}\" x=\"{MARGIN}\" y=\"{:.1}\" width=\"32\" height=\"16\" rx=\"4\"/>",
            y - 12.0
        );
        text(out, &format!("state of-{class}"), MARGIN + 44.0, y, &state.name().to_uppercase());
        text(out, "more", MARGIN + 44.0 + 84.0, y, state.meaning());
    }
}

fn text(out: &mut String, class: &str, x: f64, y: f64, content: &str) {
    let content = xml(content);
    let _ = writeln!(out, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{content}</text>");
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::Kind;
    use super::super::tests::many;
    use super::*;

    #[test]
    fn nodes_of_a_column_do_not_overlap() {
        let graph = many(40);
        let layout = Layout::of(&graph);
        for (id, place) in &layout.places {
            let below = layout.places.iter().filter(|(other, _)| other.kind == id.kind && *other != id);
            for (_, other) in below {
                assert!(other.y >= place.y + place.height || place.y >= other.y + other.height, "{id:?}");
            }
            assert!(place.y >= 0.0 && place.y + place.height <= layout.height + 0.01);
        }
    }

    #[test]
    fn an_edge_that_passes_a_column_goes_behind_no_node_of_it() {
        let mut graph = many(3);
        let profile = Id::new(Kind::Profile, "release");
        graph.nodes.insert(profile.clone(), graph.nodes[&Id::new(Kind::Csc, "000000")].clone());
        for number in 0..3 {
            let to = Id::new(Kind::Function, format!("{number:06}"));
            graph.edges.insert(Edge { from: profile.clone(), to, label: "past".into(), state: State::Good });
        }
        let laned = with_lanes(&graph);
        let drawn: BTreeSet<Kind> = laned.nodes.keys().map(|id| id.kind).collect();
        for Edge { from, to, .. } in &laned.edges {
            assert!(drawn.iter().all(|kind| *kind <= from.kind || to.kind <= *kind), "{from:?} {to:?}");
        }
        let svg = render(&graph);
        assert_eq!((svg.matches(">past<").count(), svg.matches("marker-end").count()), (3, 6), "{svg}");
    }

    #[test]
    fn a_node_is_as_wide_as_its_text() {
        let mut graph = many(1);
        let id = Id::new(Kind::Csc, "000000");
        graph.nodes.get_mut(&id).unwrap().lines.push("\u{7f72}".repeat(36));
        assert!(Layout::of(&graph).places[&id].width >= 36.0 * 12.0 + 2.0 * PAD);
    }

    #[test]
    fn what_nobody_would_find_anything_on_is_cut() {
        let svg = render(&many(5000));
        assert!(svg.contains("are not shown") && svg.matches("class=\"edge").count() <= SVG_PARTS_MAX);
        assert!(render(&Graph::default()).ends_with("</svg>\n"));
    }
}
