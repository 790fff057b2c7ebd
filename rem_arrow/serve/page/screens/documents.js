// Documents: a list of them, and the text of one, chunk by chunk.

import { cell, end, mayBeCut, objects, records, sql } from "../api.js";
import { button, counted, el, empty, fill, heading, oneLine, plural } from "../dom.js";
import { address, go } from "../shell.js";

const MOST = 1000;
const CHUNKS_MAX = 1000;

export async function show(screen, [id], context) {
  if (id) await showOne(screen, id, context);
  else await showList(screen, context);
}

async function showList(screen, { signal }) {
  const list = el("div", {}, el("p", { class: "busy" }, "Reading"));
  const filter = el("input", { type: "search", placeholder: "Filter by name", "aria-label": "Filter the documents", oninput: () => draw() });
  screen.append(heading("Documents", null, filter), list);
  const found = await records(
    `SELECT id, name, description, category, status, metadata, modified_at::DATE AS day FROM resources WHERE id = uri ORDER BY modified_at DESC, id LIMIT ${MOST}`, null, { signal },
  );

  function draw() {
    const text = filter.value.trim().toLowerCase();
    const shown = found.filter((one) => `${one.name ?? ""} ${one.id}`.toLowerCase().includes(text));
    if (found.length === 0) fill(list, empty("No documents", "db.add_document and rem-arrow add store texts and files, cut into chunks that can be searched."));
    else if (shown.length === 0) fill(list, empty("No such document", `None of ${plural(found.length, "document")} has "${filter.value}" in its name.`));
    else fill(list, el("div", { class: "framed" }, el("table", {}, el("thead", {}, el("tr", {}, el("th", {}, "Name"), el("th", { class: "hide-narrow" }, "Kind"), el("th", { class: "number" }, "Characters"), el("th", { class: "number hide-narrow" }, "Changed"))), el("tbody", {}, shown.map(line)))));
  }
  draw();
}

function line({ id, name, description, category, status, metadata, day }) {
  const { characters } = parsed(metadata);
  return el(
    "tr",
    {},
    el("td", {}, el("a", { class: "name", href: address("documents", id) }, oneLine(name ?? id)), description ? el("div", { class: "note description" }, oneLine(description)) : null),
    el("td", { class: "hide-narrow" }, [category, status].filter(Boolean).map((mark) => el("span", { class: "badge" }, oneLine(mark)))),
    el("td", { class: "number" }, characters === undefined ? "" : counted(characters)),
    el("td", { class: "number hide-narrow" }, day),
  );
}

async function showOne(screen, id, { signal }) {
  const frame = await sql(`SELECT id, name, content, metadata FROM resources WHERE uri = $id ORDER BY id <> uri, ordinal LIMIT ${CHUNKS_MAX + 1}`, { id }, { signal, keep: true, rows: 1000 });
  signal.addEventListener("abort", () => end(frame.result));
  const [document, ...chunks] = objects(frame);
  if (!document) {
    screen.append(heading(id), empty("There is no such document", "It may have been deleted."));
    return;
  }
  const about = parsed(document.metadata);
  const note = [plural(chunks.length, "chunk"), about.characters === undefined ? null : plural(about.characters, "character"), document.id].filter(Boolean).join(" · ");
  const sections = readSections(frame, chunks);
  const outline = el("nav", { class: "outline card", "aria-label": "Outline" }, el("h2", {}, "Outline"), sections.map(({ title, depth, node }) => button(oneLine(title), () => node.scrollIntoView({ block: "start" }), { class: "plain", style: { "padding-left": `${12 * depth}px` } })));
  screen.append(
    heading(oneLine(document.name ?? document.id), oneLine(note), button("Fields", () => go("entity", "resources", id)), button("Graph", () => go("graph", "resources", id))),
    chunks.length ? el("div", { class: "reading" }, outline, el("article", { class: "card" }, sections.map(({ node }) => node))) : empty("No text", "This document has no chunks."),
  );
}

// A chunk may repeat the end of the one before it; what it repeats is left out.
function readSections(frame, chunks) {
  let reached = 0;
  const whole = new IntersectionObserver((entries) => entries.filter((entry) => entry.isIntersecting).forEach(({ target }) => { whole.unobserve(target); target.read(); }), { rootMargin: "400px" });
  return chunks.map((chunk, place) => {
    const { start = reached, end: until = reached, heading: path = [] } = parsed(chunk.metadata);
    const repeated = Math.max(0, reached - start);
    reached = Math.max(reached, until);
    const text = el("pre", { class: "chunk" });
    const showText = (content) => fill(text, [...(content ?? "")].slice(repeated).join("").trimEnd());
    showText(chunk.content);
    if (chunk.content && mayBeCut(chunk.content)) {
      text.read = async () => showText(await cell(frame.result, place + 1, 2));
      whole.observe(text);
    }
    const title = path.at(-1) ?? chunk.name ?? `Chunk ${place + 1}`;
    return { title, depth: Math.max(0, path.length - 1), node: el("section", { id: `chunk-${place}`, class: "chunk-section" }, text) };
  });
}

function parsed(metadata) {
  try {
    return JSON.parse(metadata) ?? {};
  } catch {
    return {};
  }
}
