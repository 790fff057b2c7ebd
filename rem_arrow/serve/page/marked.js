// Texts in which the words of a question are marked.

import { el, oneLine } from "./dom.js";

const AROUND = 90;

/** Return the words of a question by which a text may be marked. */
export function wordsOf(question) {
  return [...new Set(question.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu) ?? [])];
}

/** Return a text as nodes, its part around the first word that is marked where it is long. */
export function marked(text, words, most = 260) {
  let line = oneLine(text.replace(/\s+/g, " ").trim());
  const first = words.length ? line.toLowerCase().search(pattern(words)) : -1;
  if (line.length > most) {
    const from = first > most - AROUND ? Math.max(0, first - AROUND) : 0;
    line = `${from ? "… " : ""}${line.slice(from, from + most)}${from + most < line.length ? " …" : ""}`;
  }
  if (words.length === 0) return [line];
  // Each odd piece is what the pattern holds.
  return line.split(new RegExp(pattern(words).source, "giu")).map((piece, place) => (place % 2 ? el("mark", {}, piece) : piece));
}

// A word is marked with what follows it, so that "travel" marks "travelling".
function pattern(words) {
  return new RegExp(`((?<![\\p{L}\\p{N}])(?:${words.join("|")})[\\p{L}\\p{N}]*)`, "iu");
}
