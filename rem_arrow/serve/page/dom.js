// Elements are made here and nowhere else. What a row holds becomes a text node: no text is ever read as markup.

const SVG = "http://www.w3.org/2000/svg";

function filled(node, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value") node.value = value;
    else if (name === "style") for (const [key, text] of Object.entries(value)) node.style.setProperty(key, text);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  add(node, ...children);
  return node;
}

/** Return an element; a property that begins with "on" is a listener, `style` an object. */
export function el(tag, properties = {}, ...children) {
  return filled(document.createElement(tag), properties, children);
}

/** Return an element of SVG. */
export function svg(tag, properties = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), properties, children);
}

/** Add children: elements, texts, lists of these; nothing for null. */
export function add(node, ...children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

/** Replace what an element holds. */
export function fill(node, ...children) {
  node.replaceChildren();
  return add(node, ...children);
}

/** Return a button. */
export function button(label, onclick, properties = {}) {
  return el("button", { type: "button", class: "button", onclick, ...properties }, label);
}

/** Return a select of texts, or of [value, label]. */
export function select(label, options, value, onchange) {
  const node = el("select", { "aria-label": label, onchange: (event) => onchange?.(event.target.value) });
  for (const option of options) {
    const [of, text] = Array.isArray(option) ? option : [option, option];
    add(node, el("option", { value: of, selected: of === value }, text));
  }
  return node;
}

/** Return a control with a text before it. */
export function labelled(text, control) {
  return el("label", { class: "labelled" }, el("span", { class: "note" }, text), control);
}

const whole = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });

/** Return a number with separators; a fraction to four figures. */
export function counted(number) {
  const value = Number(number);
  return Number.isInteger(value) ? whole.format(value) : short.format(value);
}

/** Return a noun with its number. */
export function plural(number, noun, several = `${noun}s`) {
  return `${counted(number)} ${Number(number) === 1 ? noun : several}`;
}

/** Return a time in the unit that fits it. */
export function duration(ms) {
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  return `${(ms / 1000).toFixed(ms < 10000 ? 2 : 1)} s`;
}

/** Return a text on one line: what a terminal or a browser would obey is shown as a sign. */
export function oneLine(text) {
  return text.replace(/\r\n|[\n\r]/g, " ↵ ").replace(/\t/g, " ⇥ ").replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, "�");
}

/** Return a text that has no more than so many characters. */
export function shortened(text, most) {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

/** Return what to do with an error: a block that says it. */
export function errorBlock(error) {
  if (error.name === "AbortError") return el("p", { class: "note" }, "Stopped.");
  const block = el("div", { class: "error", role: "alert" }, el("strong", {}, error.kind ?? "Error"), " ", el("span", {}, error.message));
  if (error.place) add(block, el("pre", {}, error.place));
  if (error.hint) add(block, el("p", {}, error.hint));
  return block;
}

/** Return what is shown where there is nothing. */
export function empty(title, text, ...more) {
  return el("div", { class: "empty" }, el("h2", {}, title), text ? el("p", {}, text) : null, more);
}

/** Return a heading of a screen, with what belongs to it at its right. */
export function heading(title, about, ...tools) {
  return el("header", { class: "heading" }, el("div", { class: "titles" }, el("h1", {}, title), about ? el("p", { class: "note" }, about) : null), el("div", { class: "tools" }, tools));
}

/** Show a dialog with a text, and what belongs to it. */
export function showDialog(title, ...content) {
  const close = button("Close", () => dialog.close());
  const dialog = el("dialog", { "aria-label": title, onclose: () => dialog.remove() }, el("header", {}, el("h2", {}, title), close), content);
  document.body.append(dialog);
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.showModal();
  return dialog;
}
