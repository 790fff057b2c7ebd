// One table: its rows, and its columns with their profiles.

import { end, quoted, recordsOf, sql } from "../api.js";
import { add, button, el, empty, errorBlock, fill, heading, plural } from "../dom.js";
import { draft } from "../draft.js";
import { firstRows, ofFrame, ofTable } from "../frames.js";
import { Grid } from "../grid.js";
import { profiles } from "../profile.js";
import { address, go } from "../shell.js";
import { tabs } from "../tabs.js";

export async function show(screen, [name], { signal }) {
  // Both are asked for at once, and an error of the second is told where its rows would stand.
  const first = firstRows(quoted(name), signal);
  first.catch(() => {});
  const tables = await recordsOf("tables", {}, { signal, rows: 1000 });
  const table = tables.find((one) => one.name === name);
  const rows = table?.rows ?? null;
  const query = button("Query", () => {
    draft.set(`SELECT *\nFROM ${quoted(name)}\nLIMIT 1000`);
    go("query");
  });
  const about = [table?.kind, rows === null ? null : plural(rows, "row"), table?.description].filter(Boolean).join(" · ");
  const message = el("div", { role: "status" });
  const shown = tabs({ Rows: () => rowsPanel(name, table, first, message, signal), Columns: () => columnsPanel(name, signal) }, { label: "Parts of the table" });
  shown.panel.classList.add("grow", "fills");
  screen.append(heading(name, about, query), shown.list, message, shown.panel);
}

function rowsPanel(name, table, first, message, signal) {
  const panel = el("div", { class: "fills" }, el("p", { class: "busy" }, "Reading rows"));
  let sorted = null;
  let descending = false;
  let kept = null;
  const grid = new Grid({ label: `Rows of ${name}`, onSort: sort, link: linkOf(name, table) });
  grid.node.addEventListener("broken", (event) => fill(message, errorBlock(event.detail)));

  async function sort(column) {
    descending = sorted === column && !descending;
    sorted = column;
    fill(message, el("p", { class: "busy" }, `Sorting by ${column}`));
    try {
      const frame = await sql(`SELECT * FROM ${quoted(name)} ORDER BY ${quoted(column)}${descending ? " DESC" : ""}`, null, { signal, keep: true });
      end(kept);
      kept = frame.result;
      grid.show(ofFrame(frame), { sorted, descending });
      fill(message);
    } catch (error) {
      fill(message, errorBlock(error));
    }
  }

  signal.addEventListener("abort", () => end(kept));
  first
    .then((frame) => {
      const source = ofTable(quoted(name), Number(table?.rows ?? 0), frame);
      if (source.height === 0) fill(panel, empty("No rows", "This table is empty."));
      else {
        fill(panel, grid.node);
        grid.show(source);
      }
    })
    .catch((error) => fill(panel, errorBlock(error)));
  return panel;
}

// Ids lead to their entities: of a table of entities its own, of the edges both ends.
function linkOf(name, table) {
  const ends = { src: "src_table", dst: "dst_table" };
  return (column, value, row) => {
    if (table?.kind === "entity" && column === "id") return address("entity", name, value);
    const of = name === "edges" && Object.hasOwn(ends, column) ? row(ends[column]) : null;
    return of ? address("entity", of, value) : null;
  };
}

function columnsPanel(name, signal) {
  const panel = el("div", { class: "framed grow" }, el("p", { class: "busy padded" }, "Reading the columns"));
  recordsOf("schema", { table: name }, { signal, rows: 1000 })
    .then((columns) => {
      const lines = columns.map((column) => ({ ...column, profile: el("td", { class: "profile" }), facts: el("td", { class: "hide-narrow facts note" }) }));
      const body = lines.map((line) =>
        el("tr", {}, el("td", {}, el("div", { class: "name" }, line.column), el("div", { class: "type" }, line.type), badges(line), line.description ? el("div", { class: "note description" }, line.description) : null), line.profile, line.facts),
      );
      fill(panel, el("table", { class: "columns" }, el("thead", {}, el("tr", {}, el("th", {}, "Column"), el("th", {}, "Values"), el("th", { class: "hide-narrow" }, "Facts"))), el("tbody", {}, body)));
      profiles(name, lines, signal);
    })
    .catch((error) => fill(panel, errorBlock(error)));
  return panel;
}

function badges({ key, nullable, indexed }) {
  const marks = [key === "true" ? "key" : null, nullable === "false" ? "not null" : null, indexed === "true" ? "indexed" : null].filter(Boolean);
  return marks.length ? add(el("div", { class: "badges" }), marks.map((mark) => el("span", { class: "badge" }, mark))) : null;
}
