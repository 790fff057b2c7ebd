// A graph that grows: it begins with one entity, and a second click on a node brings those it has edges to and from.

import { recordsOf } from "../api.js";
import { button, counted, el, empty, errorBlock, fill, heading, oneLine, plural } from "../dom.js";
import { edgesOf, hubs, keyOf } from "../entities.js";
import { placeBeside } from "../forces.js";
import { GraphView } from "../graph_view.js";
import { colour, legend } from "../pictures.js";
import { address, go } from "../shell.js";

const OF_ONE = 30;
const NODES_MAX = 300;

export async function show(screen, [table, id], { signal }) {
  if (!table || !id) {
    await chooseStart(screen, signal);
    return;
  }
  const side = el("div", { class: "card side" });
  const problem = el("div", { class: "problem" });
  const tables = [];
  const key = el("div");
  const view = new GraphView({ onChoose: choose, onOpen: expand });
  const tools = [button("+", () => view.scale(1.25), { "aria-label": "Nearer" }), button("−", () => view.scale(0.8), { "aria-label": "Farther" }), button("Fit", () => view.fit())];
  screen.append(heading("Graph", null, tools), problem, el("div", { class: "graph-and-side" }, el("div", { class: "graph-frame" }, view.node, key), side));
  const found = (await recordsOf("lookup_entity", { names: [id] }, { signal })).find((one) => one.table === table && one.id === id);
  if (!found) {
    fill(problem, errorBlock({ kind: "Not found", message: `${table} has no entity with the id ${id}` }));
    return;
  }
  const start = nodeOf(table, id, found.name ?? id);
  Object.assign(start, { x: 0, y: 0, dx: 0, dy: 0 });
  view.addNode(start);
  await expand(start);

  function nodeOf(of, itsId, name) {
    const place = tables.includes(of) ? tables.indexOf(of) : tables.push(of) - 1;
    return { key: keyOf(of, itsId), table: of, id: itsId, label: name, about: `${of ?? "no table"} ${itsId}`, colour: colour(place), isOpen: false };
  }

  async function expand(node) {
    choose(node);
    if (node.isOpen) return;
    try {
      const edges = await edgesOf(node.table, node.id, OF_ONE, signal);
      node.isOpen = true;
      node.hasMore = edges.length > OF_ONE;
      const fresh = [];
      for (const edge of edges.slice(0, OF_ONE)) {
        const other = keyOf(edge.table, edge.id);
        if (!view.nodes.has(other)) {
          if (view.nodes.size >= NODES_MAX) {
            fill(problem, errorBlock({ kind: "Full", message: `the drawing holds ${plural(NODES_MAX, "node")}; take some away, or begin at another one` }));
            break;
          }
          const made = nodeOf(edge.table, edge.id, edge.name);
          placeBeside(made, node, fresh.length, Math.min(edges.length, OF_ONE));
          fresh.push(made);
          view.addNode(made);
        }
        const [from, to] = edge.direction === "out" ? [node, view.nodes.get(other)] : [view.nodes.get(other), node];
        view.addEdge({ key: `${from.key} ${edge.type} ${to.key}`, from, to, type: edge.type });
      }
      fill(key, legend(tables.map((name) => name ?? "no table")));
      view.settle({ fit: true });
      choose(node);
    } catch (error) {
      if (!signal.aborted) fill(problem, errorBlock(error));
    }
  }

  function choose(node) {
    view.choose(node);
    const edges = view.edgesAt(node);
    const lines = edges.map((edge) => {
      const other = edge.from === node ? edge.to : edge.from;
      return el("li", {}, el("span", { class: "arrow" }, edge.from === node ? "→" : "←"), el("span", { class: "note" }, oneLine(edge.type)), " ", button(oneLine(other.label), () => choose(other), { class: "plain link" }));
    });
    const away = button("Take away", () => { view.removeNode(node); fill(side, el("p", { class: "note" }, "Choose a node.")); }, { disabled: view.nodes.size < 2 });
    fill(
      side,
      el("h2", {}, node.table === null ? oneLine(node.label) : el("a", { href: address("entity", node.table, node.id) }, oneLine(node.label))),
      el("p", { class: "note" }, oneLine(node.about)),
      el("div", { class: "bar" }, button(node.isOpen ? "Grown" : "Grow", () => expand(node), { disabled: node.isOpen, class: "button primary" }), away),
      node.hasMore ? el("p", { class: "note" }, `It has more than ${OF_ONE} edges; the others are not drawn.`) : null,
      el("h3", {}, plural(edges.length, "edge")),
      el("ul", { class: "links" }, lines),
    );
  }
}

async function chooseStart(screen, signal) {
  const field = el("input", { type: "search", class: "wide", placeholder: "A name or an id", "aria-label": "Begin with" });
  const results = el("div", { class: "hits" });
  const form = el("form", { class: "bar search", role: "search", onsubmit: (event) => { event.preventDefault(); find(); } }, field, el("button", { class: "button primary", type: "submit" }, "Find"));
  screen.append(heading("Graph", "It begins with one entity, and grows where you click."), form, results);
  field.focus();
  const begun = (hit) => el("li", {}, button(oneLine(hit.name ?? hit.id), () => go("graph", hit.table, hit.id), { class: "plain link" }), el("span", { class: "note" }, ` ${oneLine(`${hit.table} · ${hit.id}`)}${hit.edges ? ` · ${counted(hit.edges)} edges` : ""}`));

  async function find() {
    try {
      const asked = field.value.trim();
      if (!asked) return;
      let found = await recordsOf("lookup_entity", { names: [asked] }, { signal });
      if (found.length === 0) found = await recordsOf("fuzzy", { text: asked, k: 10 }, { signal });
      fill(results, found.length ? el("ul", { class: "card links" }, found.map(begun)) : empty("Nothing found", `Nothing is called "${asked}".`));
    } catch (error) {
      if (!signal.aborted) fill(results, errorBlock(error));
    }
  }

  const most = await hubs(12, signal);
  fill(results, most.length ? el("div", { class: "card" }, el("h2", {}, "With the most edges"), el("ul", { class: "links" }, most.map(begun))) : empty("No edges yet", "Edges are added with db.add_edge, or INSERT INTO edges."));
}
