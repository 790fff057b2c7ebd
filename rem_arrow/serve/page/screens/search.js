// Search by names, by meaning and by words, with the scores of each hit.

import { recordsOf } from "../api.js";
import { counted, el, empty, errorBlock, fill, heading, oneLine, select } from "../dom.js";
import { nameOf, textOf } from "../entities.js";
import { marked, wordsOf } from "../marked.js";
import { address, go } from "../shell.js";

const ALL = "";
const OF_ONE = 20;
const OF_EACH = 5;
const RANKED = 50;
const NAMES_MAX = 8;
const NEAR = 0.15;

export async function show(screen, [asked = "", table = ALL], { signal }) {
  const field = el("input", { type: "search", class: "wide", value: asked, placeholder: "Words, a name, or an id", "aria-label": "Search for" });
  const tables = (await recordsOf("tables", {}, { signal, rows: 1000 })).filter((one) => one.kind === "entity" && Number(one.rows) > 0).map((one) => one.name);
  const within = select("Search in", [[ALL, "All tables"], ...tables], table, () => field.value.trim() && submit());
  const results = el("div", { class: "hits" });
  const form = el("form", { class: "bar search", role: "search", onsubmit: (event) => { event.preventDefault(); submit(); } }, field, within, el("button", { class: "button primary", type: "submit" }, "Search"));
  screen.append(heading("Search"), form, results);

  function submit() {
    if (field.value.trim()) go("search", field.value.trim(), within.value);
  }

  if (!asked) {
    field.focus();
    const about = tables.length ? "By names and spellings, by meaning and by words, in tables of entities." : "No table of entities has rows yet.";
    fill(results, empty("Search the database", about));
    return;
  }
  fill(results, el("p", { class: "busy" }, "Searching"));
  const searched = table === ALL ? tables : [table];
  const [named, ...of] = await Promise.all([names(asked, table, signal), ...searched.map((one) => hits(one, asked, table === ALL, signal))]);
  // What has the name comes first, what is only spelt like it last, and tables by their best hits.
  const shown = [...of, named].filter(Boolean).sort((a, b) => b.best - a.best).map((part) => part.section);
  fill(results, shown.length ? shown : empty("Nothing found", `Nothing is like "${asked}".`));
}

// --- names

async function names(asked, table, signal) {
  const within = (found) => found.filter((hit) => table === ALL || hit.table === table);
  const exact = within(await recordsOf("lookup_entity", { names: [asked] }, { signal, rows: NAMES_MAX }));
  const found = exact.length ? exact : within(await recordsOf("fuzzy", { text: asked, k: NAMES_MAX }, { signal, rows: NAMES_MAX }));
  if (found.length === 0) return null;
  const why = (hit) => (exact.length ? `its ${hit.matched_on} is this` : `its ${hit.matched_on} is spelt alike, ${Number(hit.score).toFixed(2)} of 1`);
  const lines = found.map((hit) => el("li", {}, el("a", { href: address("entity", hit.table, hit.id) }, oneLine(hit.name ?? hit.id)), el("span", { class: "note" }, ` ${oneLine(`${hit.table} · ${hit.id}`)} · ${why(hit)}`)));
  return { best: exact.length ? 9 : -9, section: el("section", {}, el("h2", {}, exact.length ? "By name" : "Spelt alike"), el("ul", { class: "card links" }, lines)) };
}

// --- meaning and words

async function hits(table, asked, isOneOfAll, signal) {
  const most = isOneOfAll ? OF_EACH : OF_ONE;
  const search = (mode, k) => recordsOf("search", { table, query: asked, k, mode }, { signal, rows: k });
  const quietly = (found) => found.catch((error) => (error.name === "AbortError" || error.status === 401 ? Promise.reject(error) : error));
  const [fused, meaning, words] = await Promise.all([quietly(search(null, most)), quietly(search("vector", RANKED)), quietly(search("text", RANKED))]);
  if (!Array.isArray(fused)) return isOneOfAll ? null : { best: 0, section: errorBlock(fused) };
  const ranks = [["meaning", ranked(meaning)], ["words", ranked(words)]];
  const [[, near], [, worded]] = ranks;
  // A small table has nearest rows that are not near.
  const shown = isOneOfAll ? fused.filter((hit) => worded.has(hit.id) || Number(near.get(hit.id)?.score ?? 1) >= NEAR) : fused;
  if (shown.length === 0) return null;
  const sought = wordsOf(asked);
  const cards = shown.map((hit, place) => card(table, hit.id, nameOf(hit), sought, hit, [el("span", { class: "rank" }, `${place + 1}.`), ...ranks.map(([label, found]) => part(label, found.get(hit.id))), el("span", { class: "why" }, `score ${score(hit._score)}`)]));
  const note = Array.isArray(words) ? null : el("p", { class: "note" }, `Words are not ranked: ${words.message}`);
  const best = Math.max(...shown.map((hit) => Number(near.get(hit.id)?.score ?? 0) + (worded.has(hit.id) ? 1 : 0)));
  return { best, section: el("section", {}, el("h2", {}, el("a", { href: address("table", table) }, table)), note, el("ul", { class: "cards" }, cards)) };
}

function ranked(found) {
  if (!Array.isArray(found) || found.length === 0) return new Map();
  const most = Math.max(...found.map((hit) => Number(hit._score)), 1e-9);
  return new Map(found.map((hit, place) => [hit.id, { score: hit._score, rank: place + 1, share: Math.max(0, Number(hit._score) / most) }]));
}

// How a hit stands in one of the two rankings.
function part(label, found) {
  const share = found ? found.share : 0;
  const said = found ? `${score(found.score)}, number ${found.rank}` : `not among ${RANKED}`;
  return el("span", { class: "score", title: `by ${label}: ${said}` }, el("span", {}, label), el("span", { class: "score-bar" }, el("i", { style: { width: `${100 * share}%` } })), el("span", { class: "number" }, found ? score(found.score) : "–"));
}

function score(text) {
  return counted(Number(Number(text).toPrecision(3)));
}

function card(table, id, name, words, fields, why) {
  const text = fields ? textOf(fields) : "";
  return el(
    "li",
    { class: "card hit" },
    el("div", { class: "hit-head" }, el("a", { class: "name", href: address("entity", table, id) }, marked(name, words, 160)), el("span", { class: "note" }, oneLine(`${table} · ${id}`))),
    text ? el("p", {}, marked(text, words)) : null,
    el("div", { class: "scores" }, why),
  );
}
