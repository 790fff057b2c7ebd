// The tables of the database.

import { recordsOf } from "../api.js";
import { counted, el, empty, fill, heading, plural } from "../dom.js";
import { address } from "../shell.js";

const KINDS = { entity: "entities", plain: "rows", view: "view", system: "system" };

export async function show(screen, parts, { signal }) {
  const body = el("div", { class: "busy" }, "Reading the tables");
  const filter = el("input", { type: "search", placeholder: "Filter by name", "aria-label": "Filter the tables", oninput: () => draw() });
  screen.append(heading("Tables", null, filter), body);
  const tables = await recordsOf("tables", {}, { signal, rows: 1000 });
  // Those of the user come first, those without rows last.
  tables.sort((a, b) => (b.category === "user") - (a.category === "user") || (Number(b.rows) > 0) - (Number(a.rows) > 0) || a.name.localeCompare(b.name));
  body.className = "";

  function draw() {
    const text = filter.value.trim().toLowerCase();
    const shown = tables.filter((table) => table.name.toLowerCase().includes(text));
    fill(body, shown.length ? listed(shown) : empty("No such table", `None of ${plural(tables.length, "table")} has "${filter.value}" in its name.`));
  }
  draw();
}

function listed(tables) {
  const lines = tables.map((table) =>
    el(
      "tr",
      {},
      el("td", {}, el("a", { class: "name", href: address("table", table.name) }, table.name), table.description ? el("div", { class: "note description" }, table.description) : null),
      el("td", { class: "hide-narrow" }, el("span", { class: table.category === "user" ? "badge accent" : "badge" }, table.category === "user" ? (KINDS[table.kind] ?? table.kind) : "built in")),
      el("td", { class: "number" }, table.rows === null ? "" : counted(table.rows)),
      el("td", { class: "number hide-narrow" }, table.columns),
    ),
  );
  return el(
    "div",
    { class: "framed" },
    el("table", {}, el("thead", {}, el("tr", {}, el("th", {}, "Name"), el("th", { class: "hide-narrow" }, "Kind"), el("th", { class: "number" }, "Rows"), el("th", { class: "number hide-narrow" }, "Columns"))), el("tbody", {}, lines)),
  );
}
