// Moments, or rows of another table with times, in the order of time.

import { quoted, records, recordsOf } from "../api.js";
import { button, el, empty, errorBlock, fill, heading, labelled, oneLine, plural, select } from "../dom.js";
import { nameOf, textOf } from "../entities.js";
import { timePicture } from "../profile.js";
import { address } from "../shell.js";

const MOST = 300;
const ANY = "";

export async function show(screen, [about = ""], { signal }) {
  const tables = (await recordsOf("tables", {}, { signal, rows: 1000 })).filter((one) => one.kind === "entity" && (Number(one.rows) > 0 || one.name === "moments")).map((one) => one.name);
  tables.sort((a, b) => (b === "moments") - (a === "moments") || a.localeCompare(b));
  const chosen = { table: tables[0] ?? "moments", from: "", to: "", type: ANY, about, latest: true };
  const kinds = el("span");
  const picture = el("div", { class: "overview" });
  const list = el("div");
  const date = (label, key) => labelled(label, el("input", { type: "date", onchange: (event) => { chosen[key] = event.target.value; read(); } }));
  const of = el("input", { type: "search", value: about, placeholder: "about: an id", "aria-label": "About an entity", onchange: (event) => { chosen.about = event.target.value.trim(); read(); } });
  const order = button("Latest first", () => { chosen.latest = !chosen.latest; fill(order, chosen.latest ? "Latest first" : "Earliest first"); read(); });
  const table = select("Table", tables, chosen.table, (value) => { chosen.table = value; chosen.type = ANY; start(); });
  screen.append(heading("Timeline", "Moments by when they begin; rows of other tables by when they were made."), el("div", { class: "bar" }, table, kinds, date("From", "from"), date("To", "to"), of, order), picture, list);
  await start();

  async function start() {
    fill(picture);
    fill(kinds);
    const isMoments = chosen.table === "moments";
    if (isMoments) {
      const types = await records("SELECT DISTINCT moment_type AS type FROM moments WHERE moment_type IS NOT NULL ORDER BY 1 LIMIT 200", null, { signal });
      if (types.length) fill(kinds, select("Type", [[ANY, "all types"], ...types.map(({ type }) => type)], ANY, (value) => { chosen.type = value; read(); }));
    }
    timePicture(quoted(chosen.table), quoted(isMoments ? "starts_at" : "created_at"), picture, signal).catch(() => fill(picture));
    await read();
  }

  async function read() {
    fill(list, el("p", { class: "busy", role: "status" }, "Reading"));
    const asked = JSON.stringify(chosen);
    const { table: name, from, to, type, about: end, latest } = chosen;
    const given = { table: name, limit: MOST + 1, descending: latest };
    if (from) given.start = from;
    if (to) given.end = dayAfter(to);
    if (type !== ANY) given.moment_type = type;
    if (end) given.about = end;
    if (name !== "moments") given.column = "created_at";
    try {
      const rows = await recordsOf("timeline", given, { signal, rows: MOST + 1 });
      if (JSON.stringify(chosen) !== asked) return;
      fill(list, rows.length ? days(rows, name) : empty("Nothing in this time", "Moments are stored with db.add_moment, or found in documents."));
    } catch (error) {
      if (!signal.aborted) fill(list, errorBlock(error));
    }
  }
}

function dayAfter(day) {
  return new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
}

function days(rows, table) {
  const isCut = rows.length > MOST;
  const byDay = new Map();
  for (const row of rows.slice(0, MOST)) {
    const day = (row.starts_at ?? row.created_at ?? "").slice(0, 10);
    byDay.set(day, [...(byDay.get(day) ?? []), row]);
  }
  const parts = [...byDay].map(([day, items]) => el("section", { class: "day" }, el("h2", {}, el("time", { datetime: day }, dayText(day))), el("ol", {}, items.map((row) => item(row, table)))));
  return [el("div", { class: "days" }, parts), isCut ? el("p", { class: "note" }, `Only ${plural(MOST, "row")} are shown; choose a shorter time.`) : null];
}

function dayText(day) {
  const date = new Date(`${day}T00:00:00Z`);
  return Number.isNaN(date.getTime()) ? day : date.toLocaleDateString("en-GB", { weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
}

function item(row, table) {
  const text = textOf(row);
  const people = (row.participants ?? "[]").replace(/^\[|\]$/g, "");
  return el(
    "li",
    { class: "moment" },
    el("span", { class: "note hours" }, hours(row)),
    el(
      "div",
      {},
      el("a", { href: address("entity", table, row.id) }, oneLine(nameOf(row))),
      row.moment_type ? el("span", { class: "badge" }, oneLine(row.moment_type)) : null,
      text ? el("p", {}, oneLine(text).slice(0, 300)) : null,
      people || row.location ? el("p", { class: "note" }, oneLine([row.location, people ? `with ${people}` : null].filter(Boolean).join(" · "))) : null,
    ),
  );
}

function hours({ starts_at: start, ends_at: end, created_at: made }) {
  const time = (text) => text.slice(11, 16);
  if (!start) return made ? time(made) : "";
  if (!end) return time(start);
  return end.slice(0, 10) === start.slice(0, 10) ? `${time(start)}–${time(end)}` : `${time(start)} to ${end.slice(0, 10)}`;
}
