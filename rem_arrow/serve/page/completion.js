// What may stand at a place in a text of SQL: columns, tables, functions, keywords.

import { call, objects, records } from "./api.js";
import { keywords, tablesOf, words, written } from "./sql_words.js";

const SHOWN = 12;
let catalog = null;
const columns = new Map();

async function known() {
  catalog ??= Promise.all([
    call("tables", {}, { rows: 1000 }).then(({ frames }) => objects(frames[0]).map((table) => table.name)),
    records("SELECT DISTINCT function_name AS name FROM duckdb_functions() ORDER BY 1").then((rows) => rows.map((row) => row.name)),
  ]).catch(() => {
    catalog = null;
    return [[], []];
  });
  return catalog;
}

function columnsOf(table) {
  if (!columns.has(table)) {
    columns.set(
      table,
      call("schema", { table }, { rows: 1000 })
        .then(({ frames }) => objects(frames[0]))
        .catch(() => []),
    );
  }
  return columns.get(table);
}

/** Forget the catalog, which a statement may have changed. */
export function forgetCatalog() {
  catalog = null;
  columns.clear();
}

/** Return {start, options: [{text, kind, about}]} for a place; `asked` is true where even an empty word is completed. */
export async function complete(text, place, asked) {
  const list = words(text.slice(0, place));
  const last = list.at(-1);
  if (last && ["comment", "string", "number", "parameter"].includes(last.kind)) return null;
  const isWord = last && ["word", "keyword", "function", "name"].includes(last.kind);
  const typed = isWord ? last.text.replace(/^"/, "") : "";
  const start = isWord ? last.start : place;
  const dot = isWord ? list.at(-2) : last;
  const mentioned = tablesOf(text);
  const options = [];
  if (dot?.text === ".") {
    const owner = list.at(isWord ? -3 : -2)?.text.replaceAll('"', "") ?? "";
    const table = mentioned.find(({ alias, table: name }) => alias.toLowerCase() === owner.toLowerCase() || name.toLowerCase() === owner.toLowerCase())?.table ?? owner;
    for (const column of await columnsOf(table)) options.push({ text: written(column.column), kind: "column", about: column.type });
  } else {
    if (typed === "" && !asked) return null;
    const [tables, functions] = await known();
    const before = list.filter(({ kind, start: at }) => kind === "keyword" && at < start).at(-1)?.text.toUpperCase();
    const names = tables.map((name) => ({ text: written(name), kind: "table", about: "table" }));
    if (["FROM", "JOIN", "INTO", "UPDATE", "TABLE", "SUMMARIZE", "DESCRIBE"].includes(before)) options.push(...names);
    else {
      for (const { table, alias } of mentioned) for (const column of await columnsOf(table)) options.push({ text: written(column.column), kind: "column", about: `${alias} ${column.type}` });
      options.push(...functions.map((name) => ({ text: `${name}(`, kind: "function", about: "function" })), ...names);
    }
    options.push(...keywords.map((name) => ({ text: name, kind: "keyword", about: "" })));
  }
  const shown = fitting(options, typed.toLowerCase());
  return shown.length && !(shown.length === 1 && shown[0].text === typed) ? { start, options: shown } : null;
}

function fitting(options, typed) {
  const seen = new Set();
  const ranked = [];
  for (const option of options) {
    const bare = option.text.replace(/^"/, "").toLowerCase();
    const rank = bare.startsWith(typed) ? 0 : typed.length > 1 && bare.includes(typed) ? 1 : 2;
    if (rank === 2 || seen.has(option.text)) continue;
    seen.add(option.text);
    ranked.push([rank, option]);
  }
  return ranked.sort(([a], [b]) => a - b).slice(0, SHOWN).map(([, option]) => option);
}
