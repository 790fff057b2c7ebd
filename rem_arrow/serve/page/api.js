// Calls of the server. The token lives in this tab alone, and goes into a header, never into an address.

const TOKEN = "rem-token";
// The server cuts a value of a row there; see rem_arrow/serve/page_results.py.
const CELL_CHARACTERS = 500;

/** What the server says is wrong. */
export class ApiError extends Error {
  constructor(status, { kind, message, text, start, end, hint }) {
    super(message);
    Object.assign(this, { status, kind, hint, start: null, end: null });
    if (typeof start === "number" && typeof text === "string") {
      // Places are counted in characters there, and in units of UTF-16 here.
      const characters = [...text];
      this.start = characters.slice(0, start).join("").length;
      this.end = characters.slice(0, end ?? start + 1).join("").length;
      this.place = caret(text, this.start, this.end);
    }
  }
}

function caret(text, start, end) {
  const from = text.lastIndexOf("\n", start - 1) + 1;
  const until = text.indexOf("\n", start);
  const line = text.slice(from, until < 0 ? undefined : until);
  const prefix = `line ${text.slice(0, start).split("\n").length}: `;
  const width = Math.max(1, Math.min(end - start, line.length - (start - from)));
  return `${prefix}${line}\n${" ".repeat(prefix.length)}${line.slice(0, start - from).replace(/[^\t]/g, " ")}${"^".repeat(width)}`;
}

export const token = {
  get: () => sessionStorage.getItem(TOKEN),
  set: (text) => sessionStorage.setItem(TOKEN, text),
  forget: () => sessionStorage.removeItem(TOKEN),
};

let session = null;
let refused = () => {};

/** Say what is done when the server refuses the token. */
export function onRefused(then) {
  refused = then;
}

async function request(path, options = {}) {
  const headers = { Authorization: `Bearer ${token.get() ?? ""}` };
  let response;
  try {
    response = await fetch(path, { ...options, headers, cache: "no-store", credentials: "omit", redirect: "error" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, { kind: "No answer", message: "The server cannot be reached. Is it still running?" });
  }
  if (response.ok) return response;
  let content = null;
  try {
    content = (await response.json()).error;
  } catch {
    content = { kind: "Error", message: `the server answered ${response.status}` };
  }
  const error = new ApiError(response.status, content);
  if (response.status === 401) refused(error);
  throw error;
}

/** Return what is served, and what the token allows. */
export async function about() {
  return (await request("/api/about")).json();
}

/**
 * Run a verb; return {value, frames}. A frame is {columns, height, rows, result}; in the value stands the frame itself.
 * With `keep` frames are kept at the server, for `rows`, `cell` and `file`.
 */
export async function call(verb, given = {}, { signal, keep = false, rows = 200 } = {}) {
  const body = JSON.stringify({ verb, arguments: given, session, keep, rows });
  const answer = await (await request("/api/call", { method: "POST", body, signal })).json();
  session = answer.session ?? session;
  return { value: plain(answer.value, answer.frames), frames: answer.frames };
}

/** Return the frame of a statement. */
export async function sql(text, parameters = null, options = {}) {
  const { frames, value } = await call("sql", { text, parameters }, options);
  return frames[0] ?? { columns: [], height: 0, rows: [], value };
}

/** Return the rows of a statement as objects of texts. */
export async function records(text, parameters = null, options = {}) {
  return objects(await sql(text, parameters, { rows: 1000, ...options }));
}

/** Return the rows of the frame that a verb answers as objects of texts. */
export async function recordsOf(verb, given, options) {
  return objects((await call(verb, given, options)).frames[0]);
}

/** Return the rows of a frame as objects. */
export function objects(frame) {
  const names = frame.columns.map((column) => column.name);
  return frame.rows.map((row) => Object.fromEntries(row.map((value, place) => [names[place], value])));
}

export async function rows(result, offset, count, signal) {
  return (await (await request(`/api/results/${result}?offset=${offset}&rows=${count}`, { signal })).json()).rows;
}

export async function cell(result, row, column) {
  return (await (await request(`/api/results/${result}/cell?row=${row}&column=${column}`)).json()).text;
}

export function end(result) {
  if (result) request(`/api/results/${result}`, { method: "DELETE" }).catch(() => {});
}

/** Say whether a value of a row may be cut, so that `cell` gives more of it. */
export function mayBeCut(text) {
  return [...text].length >= CELL_CHARACTERS;
}

/** Save a result as a file. */
export async function save(result, format, name) {
  const content = await (await request(`/api/results/${result}/file?format=${format}`)).blob();
  const address = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = address;
  link.download = `${name.replace(/[^\p{L}\p{N}_-]+/gu, "_").slice(0, 60) || "result"}.${format}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

// What the server writes in place of what JSON lacks, as plain values; see rem_arrow/face/wire_values.py.
function plain(value, frames) {
  if (Array.isArray(value)) return value.map((item) => plain(item, frames));
  if (value === null || typeof value !== "object") return value;
  const [key] = Object.keys(value);
  if (key === undefined || !key.startsWith("$")) return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item, frames)]));
  const content = value[key];
  switch (key) {
    case "$frame":
      return frames[content];
    case "$record":
      return plain(content[1], frames);
    case "$tuple":
      return plain(content, frames);
    case "$datetime":
      return content[0];
    case "$dict":
      return Object.fromEntries(content.map(([name, item]) => [String(plain(name, frames)), plain(item, frames)]));
    default:
      return typeof content === "string" ? content : JSON.stringify(content);
  }
}

/** Return a name as SQL writes it. */
export function quoted(name) {
  return `"${name.replaceAll('"', '""')}"`;
}
