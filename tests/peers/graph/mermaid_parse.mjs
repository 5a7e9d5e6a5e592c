// Does Mermaid read a flowchart? MERMAID_PARSE FOLDER FILE prints how many nodes and edges it has.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, file] = process.argv.slice(2);
const { JSDOM } = createRequire(join(folder, "package.json"))("jsdom");
const { window } = new JSDOM("<body></body>");
Object.assign(globalThis, { window, document: window.document });

const core = pathToFileURL(join(folder, "node_modules/mermaid/dist/mermaid.core.mjs"));
const { default: mermaid } = await import(core);
mermaid.initialize({ startOnLoad: false });
const { db } = await mermaid.mermaidAPI.getDiagramFromText(readFileSync(file, "utf8"));
console.log(`${db.getVertices().size} nodes, ${db.getEdges().length} edges`);
