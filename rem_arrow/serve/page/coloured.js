// A text of SQL in colours, to be read.

import { el } from "./dom.js";
import { words } from "./sql_words.js";

/** Return a block with a text of SQL. */
export function sqlBlock(text) {
  return el("pre", { class: "sql", tabindex: "0" }, words(text).map(({ kind, text: word }) => (kind === "space" ? word : el("span", { class: kind }, word))));
}
