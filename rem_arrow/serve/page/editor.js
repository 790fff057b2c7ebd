// A field for SQL: a text area, with the coloured text beneath it, and what may stand at the caret in a list.

import { complete } from "./completion.js";
import { add, el, fill } from "./dom.js";
import { words } from "./sql_words.js";

const COLOURED_MAX = 60_000;

export class Editor {
  /** `onRun(text, from)` is told of Ctrl+Enter, with the place where the text begins, `onChange(text)` of each change. */
  constructor({ text, onRun, onChange }) {
    this.onRun = onRun;
    this.onChange = onChange;
    this.wrong = null;
    this.colours = el("pre", { class: "editor-colours", "aria-hidden": "true" });
    this.list = el("ul", { class: "editor-options", role: "listbox", id: "options", hidden: true });
    this.area = el("textarea", {
      class: "editor-text", spellcheck: "false", autocapitalize: "off", autocomplete: "off", wrap: "off", value: text, "aria-label": "SQL",
      "aria-controls": "options", "aria-autocomplete": "list", role: "combobox", "aria-expanded": "false", placeholder: "SELECT ...",
      oninput: () => this.changed(), onkeydown: (event) => this.key(event), onblur: () => this.close(), onclick: () => this.close(),
    });
    this.area.addEventListener("scroll", () => this.follow());
    this.node = el("div", { class: "editor" }, this.colours, this.area, this.list);
    this.draw();
  }

  get text() {
    return this.area.value;
  }

  set text(text) {
    this.area.value = text;
    this.wrong = null;
    this.draw();
    this.onChange(text);
  }

  /** Return what is run: the selected part, or all; and where it begins. */
  get chosen() {
    const { selectionStart: from, selectionEnd: until, value } = this.area;
    return from < until && value.slice(from, until).trim() ? [value.slice(from, until), from] : [value, 0];
  }

  /** Mark a part as wrong, and put the caret there; nothing for null. */
  mark(start, end) {
    this.wrong = start === null ? null : { start, end: Math.max(end, start + 1) };
    this.draw();
    if (this.wrong === null) return;
    this.area.focus();
    this.area.setSelectionRange(start, start);
    const line = this.text.slice(0, start).split("\n").length - 1;
    this.area.scrollTop = Math.max(0, line * this.lineHeight - this.area.clientHeight / 2);
  }

  changed() {
    this.wrong = null;
    this.draw();
    this.onChange(this.text);
    this.offer(false);
  }

  // --- colours

  draw() {
    const { text } = this;
    this.colours.replaceChildren();
    if (text.length > COLOURED_MAX) add(this.colours, text);
    else for (const word of words(text)) this.drawWord(word);
    if (this.wrong && this.wrong.start >= text.length) add(this.colours, el("span", { class: "wrong" }, " "));
    // The last line has a height only if something stands behind it.
    add(this.colours, "\n");
    this.node.style.setProperty("height", `${Math.max(5, Math.min(14, text.split("\n").length + 1)) * 21 + 24}px`);
    this.follow();
  }

  drawWord({ kind, text, start }) {
    const wrong = this.wrong;
    const cuts = [0, text.length];
    if (wrong) for (const cut of [wrong.start - start, wrong.end - start]) if (cut > 0 && cut < text.length) cuts.push(cut);
    cuts.sort((a, b) => a - b);
    for (let place = 1; place < cuts.length; place++) {
      const from = start + cuts[place - 1];
      const isWrong = wrong && from >= wrong.start && from < wrong.end;
      add(this.colours, el("span", { class: `${kind}${isWrong ? " wrong" : ""}` }, text.slice(cuts[place - 1], cuts[place])));
    }
  }

  follow() {
    this.colours.scrollTop = this.area.scrollTop;
    this.colours.scrollLeft = this.area.scrollLeft;
  }

  get lineHeight() {
    return parseFloat(getComputedStyle(this.area).lineHeight);
  }

  // --- keys

  key(event) {
    if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
      event.preventDefault();
      this.close();
      this.onRun(...this.chosen);
    } else if (event.ctrlKey && event.key === " ") {
      event.preventDefault();
      this.offer(true);
    } else if (!this.list.hidden) this.listKey(event);
    else if (event.key === "Tab" && !event.shiftKey && this.area.selectionStart === this.area.selectionEnd && this.text && !this.leaves) {
      event.preventDefault();
      this.insert(this.area.selectionStart, this.area.selectionEnd, "  ");
    }
    // Escape, then Tab, leaves the field, for those who have only a keyboard.
    this.leaves = event.key === "Escape";
  }

  listKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      this.at = (this.at + step + this.options.length) % this.options.length;
      this.drawOptions();
    } else if (event.key === "Enter" || event.key === "Tab") this.take(this.options[this.at]);
    else if (event.key === "Escape") this.close();
    else {
      if (!event.ctrlKey && !event.metaKey && ["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) this.close();
      return;
    }
    event.preventDefault();
  }

  insert(from, until, text) {
    this.area.focus();
    this.area.setSelectionRange(from, until);
    // It keeps the field's own undo.
    if (!document.execCommand("insertText", false, text)) this.area.setRangeText(text, from, until, "end");
    this.draw();
    this.onChange(this.text);
  }

  // --- completion

  async offer(asked) {
    const place = this.area.selectionStart;
    const { text } = this;
    const offer = (this.offered = {});
    const found = await complete(text, place, asked);
    // Something else was done meanwhile.
    if (offer !== this.offered || text !== this.text || place !== this.area.selectionStart || document.activeElement !== this.area) return;
    if (found === null) {
      this.close();
      return;
    }
    [this.start, this.options, this.at] = [found.start, found.options, 0];
    const lines = text.slice(0, found.start).split("\n");
    const style = getComputedStyle(this.area);
    const left = parseFloat(style.paddingLeft) + lines.at(-1).length * this.characterWidth() - this.area.scrollLeft;
    this.list.hidden = false;
    this.drawOptions();
    this.list.style.setProperty("left", `${Math.max(4, Math.min(left, this.node.clientWidth - this.list.offsetWidth - 4))}px`);
    this.list.style.setProperty("top", `${parseFloat(style.paddingTop) + lines.length * this.lineHeight - this.area.scrollTop + 2}px`);
    this.area.setAttribute("aria-expanded", "true");
  }

  drawOptions() {
    fill(
      this.list,
      this.options.map((option, place) =>
        el(
          "li",
          { role: "option", id: `option-${place}`, "aria-selected": place === this.at, class: option.kind, onpointerdown: (event) => { event.preventDefault(); this.take(option); } },
          el("span", {}, option.text),
          el("span", { class: "about" }, option.about),
        ),
      ),
    );
    this.list.children[this.at]?.scrollIntoView({ block: "nearest" });
    this.area.setAttribute("aria-activedescendant", `option-${this.at}`);
  }

  take(option) {
    this.close();
    this.insert(this.start, this.area.selectionStart, option.text);
    this.close();
  }

  close() {
    this.offered = null;
    this.list.hidden = true;
    this.area.setAttribute("aria-expanded", "false");
    this.area.removeAttribute("aria-activedescendant");
  }

  characterWidth() {
    if (!this.width) {
      const canvas = document.createElement("canvas").getContext("2d");
      canvas.font = getComputedStyle(this.area).font;
      this.width = canvas.measureText("0".repeat(50)).width / 50;
    }
    return this.width;
  }
}
