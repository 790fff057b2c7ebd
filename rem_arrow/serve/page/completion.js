// What may stand at a place in a text of SQL, as the server says.

import { recordsOf } from "./api.js";

const SHOWN = 50;
let asking = new AbortController();

/** Return {start, options: [{text, kind, about}]} for a place; `asked` is true where even an empty word is completed. */
export async function complete(text, place, asked) {
  if (!asked && !/(^|[^\p{L}\p{N}_])[\p{L}_"][\p{L}\p{N}_]*$|[\p{L}_"]\.$/u.test(text.slice(0, place))) return null;
  asking.abort();
  asking = new AbortController();
  try {
    // Places are counted in characters there, and in units of UTF-16 here.
    const before = [...text.slice(0, place)];
    const found = await recordsOf("complete_sql", { text, caret: before.length }, { signal: asking.signal, rows: SHOWN });
    if (found.length === 0) return null;
    const start = before.slice(0, Number(found[0].start)).join("").length;
    const typed = text.slice(start, place);
    const options = found.map(({ completion, kind, detail }) => ({ text: completion, kind, about: detail || kind }));
    return options.length === 1 && options[0].text.toLowerCase() === typed.toLowerCase() ? null : { start, options };
  } catch {
    // A field without completion is a field still.
    return null;
  }
}
