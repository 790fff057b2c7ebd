// One entity: its fields, its edges, and what is like it.

import { cell, end, mayBeCut, objects, recordsOf, sql } from "../api.js";
import { button, counted, el, empty, errorBlock, fill, heading, oneLine, plural } from "../dom.js";
import { edgesOf, nameOf, oneOf, textOf } from "../entities.js";
import { address, go } from "../shell.js";

const EDGES = 200;
const ALIKE = 6;
const BELOW = ["created_at", "modified_at", "deleted_at"];

export async function show(screen, [table, id], { signal }) {
  const frame = await sql(oneOf(table), { id }, { signal, keep: true });
  signal.addEventListener("abort", () => end(frame.result));
  if (frame.height === 0) {
    screen.append(heading(id, table), empty("There is no such entity", `${table} has no row with the id ${id}.`));
    return;
  }
  const fields = objects(frame)[0];
  const edges = el("section", { class: "card" }, el("h2", {}, "Edges"), el("p", { class: "busy" }, "Reading"));
  const alike = el("section", { class: "card" }, el("h2", {}, "Alike"), el("p", { class: "busy" }, "Comparing"));
  const tools = [button("Graph", () => go("graph", table, id)), button("Timeline", () => go("timeline", `${table}:${id}`))];
  screen.append(
    heading(oneLine(nameOf(fields)), el("span", {}, el("a", { href: address("table", table) }, table), ` · ${id}`), tools),
    el("div", { class: "two" }, fieldList(frame, fields), el("div", { class: "stack" }, edges, alike)),
  );
  await Promise.all([showEdges(edges, table, id, signal), showAlike(alike, table, id, signal)]);
}

function fieldList(frame, fields) {
  const columns = frame.columns.map((column, place) => ({ ...column, place })).sort((a, b) => BELOW.includes(a.name) - BELOW.includes(b.name));
  const lines = columns.map(({ name, type, place }) => {
    const text = fields[name];
    const value = el("dd", { class: text === null ? "note" : null }, text ?? "NULL");
    if (text && mayBeCut(text)) {
      const more = button("Show all", async () => {
        fill(value, await cell(frame.result, 0, place));
        more.remove();
      }, { class: "plain" });
      value.append(" … ", more);
    }
    return [el("dt", { title: type }, name), value];
  });
  return el("section", { class: "card" }, el("h2", {}, "Fields"), el("dl", { class: "fields" }, lines));
}

async function showEdges(section, table, id, signal) {
  try {
    const edges = await edgesOf(table, id, EDGES, signal);
    const isCut = edges.length > EDGES;
    edges.length = Math.min(edges.length, EDGES);
    const groups = grouped(edges);
    const lists = [...groups.values()].map((group) => [
      el("h3", {}, el("span", { class: "arrow", "aria-label": group[0].direction === "out" ? "to" : "from" }, group[0].direction === "out" ? "→" : "←"), oneLine(group[0].type), el("span", { class: "note" }, counted(group.length))),
      el("ul", { class: "links" }, group.map((edge) => el("li", {}, link(edge), edge.weight === null ? null : el("span", { class: "note" }, ` ${counted(edge.weight)}`), edge.properties ? el("span", { class: "note" }, ` ${oneLine(edge.properties)}`) : null))),
    ]);
    fill(section, el("h2", {}, "Edges"), lists.length ? lists : el("p", { class: "note" }, "None."), isCut ? el("p", { class: "note" }, `Only ${plural(EDGES, "edge")} are shown.`) : null);
  } catch (error) {
    if (!signal.aborted) fill(section, el("h2", {}, "Edges"), errorBlock(error));
  }
}

function grouped(edges) {
  const groups = new Map();
  for (const edge of edges) {
    const key = `${edge.direction} ${edge.type}`;
    groups.set(key, [...(groups.get(key) ?? []), edge]);
  }
  return groups;
}

function link({ table, id, name }) {
  return table === null ? oneLine(name) : el("a", { href: address("entity", table, id) }, oneLine(name));
}

async function showAlike(section, table, id, signal) {
  try {
    const hits = await recordsOf("similar", { table, id, k: ALIKE }, { signal });
    const lines = hits.map((hit) => el("li", {}, el("a", { href: address("entity", table, hit.id) }, oneLine(nameOf(hit))), el("span", { class: "note" }, ` ${Number(hit._score).toFixed(2)}`), textOf(hit) ? el("div", { class: "note" }, oneLine(textOf(hit)).slice(0, 120)) : null));
    fill(section, el("h2", {}, "Alike"), lines.length ? el("ul", { class: "links" }, lines) : el("p", { class: "note" }, "Nothing to compare with."));
  } catch (error) {
    if (!signal.aborted) fill(section, el("h2", {}, "Alike"), el("p", { class: "note" }, error.message));
  }
}
