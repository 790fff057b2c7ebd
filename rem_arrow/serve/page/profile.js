// Profiles of columns: how many values there are, from where to where, and a picture of how they lie.

import { quoted, records } from "./api.js";
import { counted, el, errorBlock, fill, oneLine } from "./dom.js";
import { bars } from "./pictures.js";

const BINS = 24;
const TOP = 5;
const AT_A_TIME = 2;
const NUMBER = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DOUBLE|FLOAT\w*|DECIMAL.*)$/;
const TIME = /^(DATE|TIMESTAMP.*)$/;
const PLAIN = /^(VARCHAR|BOOLEAN|UUID|TIME|ENUM.*|INTERVAL)$/;

/** Fill the cells of columns, {column, type, profile, facts}, a few at a time. */
export async function profiles(table, lines, signal) {
  const waiting = [...lines];
  for (const line of lines) fill(line.profile, el("span", { class: "busy" }, "Reading"));
  const work = async () => {
    for (let line = waiting.shift(); line && !signal.aborted; line = waiting.shift()) {
      try {
        await profile(quoted(table), line, signal);
      } catch (error) {
        if (!signal.aborted) fill(line.profile, errorBlock(error));
      }
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
}

async function profile(table, { column, type, profile: picture, facts }, signal) {
  const name = quoted(column);
  const isNumber = NUMBER.test(type);
  const isTime = TIME.test(type);
  const isPlain = isNumber || isTime || PLAIN.test(type);
  const more = isPlain ? `, APPROX_COUNT_DISTINCT(${name}) AS different, MIN(${name})::VARCHAR AS low, MAX(${name})::VARCHAR AS high` : "";
  const [found] = await records(`SELECT COUNT(*) AS n, COUNT(${name}) AS present${more} FROM ${table}`, null, { signal });
  fill(facts, said(found, isNumber));
  if (Number(found.present) === 0) fill(picture, el("span", { class: "note" }, Number(found.n) === 0 ? "no rows" : "all NULL"));
  else if (!isPlain) fill(picture, el("span", { class: "note" }, `${counted(found.present)} values`));
  else if ((isNumber || isTime) && Number(found.different) > 1) await histogram(table, name, isTime, found, picture, signal);
  else await top(table, name, found, picture, signal);
}

/** Fill a place with a histogram of a column of times; both names are quoted. */
export async function timePicture(table, name, picture, signal) {
  const [found] = await records(`SELECT COUNT(${name}) AS present, MIN(${name})::VARCHAR AS low, MAX(${name})::VARCHAR AS high FROM ${table}`, null, { signal });
  if (found.low !== null && found.low !== found.high) await histogram(table, name, true, found, picture, signal);
}

function said({ n, present, different, low, high }, isNumber) {
  const missing = Number(n) - Number(present);
  const share = Number(n) ? (100 * missing) / Number(n) : 0;
  const facts = [];
  if (different !== undefined) facts.push(`about ${counted(different)} different`);
  facts.push(missing ? `${share < 0.1 ? "under 0.1" : counted(Number(share.toFixed(1)))} % NULL` : "no NULL");
  if (low !== undefined && low !== null) facts.push(isNumber ? `${counted(low)} to ${counted(high)}` : `${cut(low)} to ${cut(high)}`);
  return facts.map((fact) => el("div", {}, fact));
}

async function histogram(table, name, isTime, found, picture, signal) {
  const value = isTime ? `EPOCH(${name})` : `${name}::DOUBLE`;
  const [ends] = await records(`SELECT MIN(${value})::DOUBLE AS low, MAX(${value})::DOUBLE AS high FROM ${table} WHERE isfinite(${value})`, null, { signal });
  const low = Number(ends.low);
  const high = Number(ends.high);
  const isWhole = Number.isInteger(low) && Number.isInteger(high) && high - low < BINS && !isTime;
  const bins = isWhole ? high - low + 1 : BINS;
  const width = isWhole ? 1 : (high - low) / BINS;
  if (!(width > 0)) return top(table, name, found, picture, signal);
  const counts = await records(
    `SELECT LEAST(${bins - 1}, FLOOR((${value} - $low) / $width))::INTEGER AS bin, COUNT(*) AS n FROM ${table} WHERE isfinite(${value}) GROUP BY 1`,
    { low: { $float: String(low) }, width: { $float: String(width) } },
    { signal },
  );
  const heights = Array(bins).fill(0);
  for (const { bin, n } of counts) heights[Number(bin)] = Number(n);
  const labels = isTime ? [cut(found.low, 10), cut(found.high, 10)] : [counted(low), counted(high)];
  fill(picture, bars(heights, labels, heights.map((n, place) => `${isTime ? "" : `from ${counted(low + place * width)}: `}${counted(n)}`)));
}

async function top(table, name, found, picture, signal) {
  const values = await records(`SELECT ${name}::VARCHAR AS value, COUNT(*) AS n FROM ${table} WHERE ${name} IS NOT NULL GROUP BY 1 ORDER BY n DESC, 1 LIMIT ${TOP}`, null, { signal });
  const most = Number(found.present);
  if (Number(values[0].n) === 1 && values.length === TOP) {
    fill(picture, el("span", { class: "note" }, "each value once, such as "), el("span", {}, cut(values[0].value, 40)));
    return;
  }
  fill(
    picture,
    el(
      "div",
      { class: "top" },
      values.map(({ value, n }) =>
        el("div", { class: "top-line", title: `${counted(n)} of ${counted(most)}` }, el("span", { class: "top-bar", style: { width: `${(100 * Number(n)) / most}%` } }), el("span", { class: "top-value" }, cut(value, 40) || "(empty)"), el("span", { class: "top-count" }, `${counted(Number(((100 * Number(n)) / most).toFixed(1)))} %`)),
      ),
    ),
  );
}

function cut(text, most = 24) {
  const line = oneLine(text);
  return line.length > most ? `${line.slice(0, most)}${most > 10 ? "…" : ""}` : line;
}
