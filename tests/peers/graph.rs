//! Do Graphviz and Mermaid read the graph as we drew it, hostile names and all?

use std::path::Path;

use crate::graph::troubled::Troubled;
use crate::peers::peer::{Peer, beside_peers, printed, script};
use crate::support::{Scene, text, write};

fn drawn(scene: &Scene, format: &str) -> String {
    let path = scene.path().join(format);
    let graph = scene.run(&["graph", "--format", format]);
    write(&path, graph.done().out());
    text(&path).to_owned()
}

#[test]
fn graphviz_draws_it() {
    let Some(dot) = Peer::find("dot") else { return };
    let Troubled { scene: troubled, csc } = Troubled::new();
    for scene in [Scene::new(), troubled] {
        let svg = printed(&dot.ask(["-Tsvg", &drawn(&scene, "dot")])).replace("&#45;", "-");
        assert!(svg.contains("ci@acme.example") && svg.contains("</svg>"), "{svg}");
        assert!(svg.contains(&csc) || svg.contains(&scene.csc_id()), "{svg}");
        assert_eq!(svg.contains("REVOKED"), svg.contains("&lt;/text&gt;&quot;]; end"), "{svg}");
    }
}

#[test]
fn mermaid_reads_the_flowchart() {
    let Some(node) = Peer::find("node") else { return };
    let Some(folder) = beside_peers("mermaid") else { return };
    let judge = script("graph/mermaid_parse.mjs");
    for (scene, nodes, edges) in [(Scene::new(), 5, 4), (Troubled::new().scene, 17, 9)] {
        let asked = [judge.as_str(), text(&folder), &drawn(&scene, "mermaid")];
        assert_eq!(printed(&node.ask_in(Path::new("/"), asked)), format!("{nodes} nodes, {edges} edges\n"));
    }
}
