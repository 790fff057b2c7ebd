// A grid of any number of rows: those in sight are drawn, and those near them are fetched.
//
// A source is {columns, height, rows, fetch(offset, count, signal), cell(row, column)}; `rows` are the first ones.
// Browsers bound the height of an element, so a long grid has a scale between its scrollbar and its rows; the wheel and
// the keyboard move by rows all the same.

import { mayBeCut } from "./api.js";
import { el, fill, oneLine, showDialog, button } from "./dom.js";

const ROW = 28;
const PAGE = 200;
const PAGES_KEPT = 40;
const HEIGHT_MAX = 8_000_000;
const FETCH_AFTER_MS = 40;

export class Grid {
  /**
   * `onSort(column)` is told of a click on a heading; `link(column, value, row)` gives the address for a cell, or
   * nothing, where `row(column)` is another value of its row.
   */
  constructor({ label, onSort = null, link = null }) {
    this.onSort = onSort;
    this.link = link;
    this.head = el("div", { class: "grid-head", role: "row" });
    this.body = el("div", { class: "grid-rows" });
    this.canvas = el("div", { class: "grid-canvas" }, this.head, this.body);
    this.node = el("div", { class: "grid", role: "grid", tabindex: "0", "aria-label": label, onkeydown: (event) => this.key(event) }, this.canvas);
    this.node.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.node.addEventListener("wheel", (event) => this.wheeled(event), { passive: false });
    this.body.addEventListener("click", (event) => this.clicked(event));
    this.body.addEventListener("dblclick", () => this.open());
    new ResizeObserver(() => this.draw()).observe(this.node);
    this.drawn = [];
    this.waiting = 0;
  }

  /** Show the rows of a source from the first one. */
  show(source, { sorted = null, descending = false } = {}) {
    this.fetching?.abort();
    this.source = source;
    this.pages = new Map();
    for (let from = 0; from < source.rows.length; from += PAGE) {
      const piece = source.rows.slice(from, from + PAGE);
      if (piece.length === PAGE || from + piece.length === source.height) this.pages.set(from / PAGE, piece);
    }
    this.fetching = new AbortController();
    this.asked = new Set();
    this.top = 0;
    this.chosen = { row: 0, column: 0 };
    this.widths = source.columns.map((column, place) => width(column, source.rows, place));
    this.node.setAttribute("aria-rowcount", source.height + 1);
    this.node.setAttribute("aria-colcount", source.columns.length + 1);
    this.gutter = Math.max(44, 20 + 8 * String(source.height).length);
    this.header(sorted, descending);
    this.body.replaceChildren();
    this.drawn = [];
    this.node.scrollTop = 0;
    this.node.scrollLeft = 0;
    this.draw();
  }

  header(sorted, descending) {
    const cells = this.source.columns.map((column, place) => {
      const isSorted = sorted === column.name;
      const name = el("span", { class: "name" }, oneLine(column.name), isSorted ? (descending ? " ↓" : " ↑") : "");
      const cell = el(
        "div",
        { role: "columnheader", class: `cell ${column.kind}`, title: `${column.name} ${column.type}`, "aria-sort": isSorted ? (descending ? "descending" : "ascending") : null },
        this.onSort ? el("button", { type: "button", tabindex: "-1", onclick: () => this.onSort(column.name) }, name) : name,
        el("span", { class: "type" }, column.type),
      );
      cell.append(el("span", { class: "grip", onpointerdown: (event) => this.drag(event, place) }));
      return cell;
    });
    fill(this.head, el("div", { role: "columnheader", class: "cell gutter" }, "#"), cells);
    this.layout();
  }

  layout() {
    const sizes = this.widths.map((size) => `${size}px`);
    // The rest of the width belongs to the last text, or to nothing.
    const isText = this.source.columns.at(-1)?.kind !== "number";
    if (isText && sizes.length) sizes.push(`minmax(${sizes.pop()}, 1fr)`);
    this.node.style.setProperty("--columns", `${this.gutter}px ${sizes.join(" ")}${isText ? "" : " minmax(0, 1fr)"}`);
    this.canvas.style.setProperty("width", `${this.gutter + this.widths.reduce((sum, size) => sum + size, 0)}px`);
  }

  drag(event, place) {
    event.preventDefault();
    const from = event.clientX;
    const before = this.widths[place];
    const move = (moved) => {
      this.widths[place] = Math.max(48, before + moved.clientX - from);
      this.layout();
    };
    const end = () => {
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", end);
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", end);
  }

  // --- where it is scrolled to

  get inSight() {
    return Math.max(0, this.node.clientHeight - this.head.offsetHeight);
  }

  get most() {
    return Math.max(0, this.source.height * ROW - this.inSight);
  }

  get scale() {
    const scrolled = Math.min(this.source.height * ROW, HEIGHT_MAX) - this.inSight;
    return scrolled > 0 ? Math.max(1, this.most / scrolled) : 1;
  }

  scrolled() {
    if (!this.source) return;
    // What `move` has set comes back rounded.
    if (Math.abs(this.node.scrollTop - this.top / this.scale) > 1) this.top = Math.min(this.most, this.node.scrollTop * this.scale);
    this.draw();
  }

  wheeled(event) {
    if (!this.source || this.scale === 1 || event.ctrlKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return;
    event.preventDefault();
    this.move(this.top + event.deltaY * (event.deltaMode === 1 ? ROW : 1));
  }

  move(top) {
    this.top = Math.max(0, Math.min(this.most, top));
    this.node.scrollTop = this.top / this.scale;
    this.draw();
  }

  // --- drawing

  draw() {
    if (!this.source || this.due) return;
    this.due = requestAnimationFrame(() => {
      this.due = 0;
      this.drawNow();
    });
  }

  drawNow() {
    const height = this.inSight;
    this.canvas.style.setProperty("height", `${Math.min(this.source.height * ROW, HEIGHT_MAX) + this.head.offsetHeight}px`);
    this.body.style.setProperty("height", `${Math.min(height, this.source.height * ROW)}px`);
    this.top = Math.min(this.top, this.most);
    const first = Math.floor(this.top / ROW);
    const count = Math.max(0, Math.min(Math.ceil(height / ROW) + 1, this.source.height - first));
    while (this.drawn.length < count) this.drawn.push(this.line());
    this.drawn.forEach((line, place) => {
      line.node.hidden = place >= count;
      if (place < count) this.drawLine(line, first + place, place * ROW - (this.top % ROW));
    });
    this.fetchFor(first, count);
  }

  line() {
    const cells = this.source.columns.map((column, place) => el("div", { role: "gridcell", class: `cell ${column.kind}`, "data-column": place, "aria-colindex": place + 2 }));
    const number = el("div", { class: "cell gutter", role: "rowheader" });
    const node = el("div", { class: "grid-row", role: "row" }, number, cells);
    this.body.append(node);
    return { node, number, cells };
  }

  drawLine({ node, number, cells }, row, y) {
    const values = this.row(row);
    node.style.setProperty("transform", `translateY(${y}px)`);
    node.classList.toggle("waits", values === null);
    node.classList.toggle("odd", row % 2 === 1);
    node.dataset.row = row;
    node.setAttribute("aria-rowindex", row + 2);
    number.textContent = String(row + 1);
    cells.forEach((cell, place) => {
      const value = values === null ? "" : values[place];
      cell.classList.toggle("null", value === null);
      cell.classList.toggle("chosen", row === this.chosen.row && place === this.chosen.column);
      const href = value && this.link?.(this.source.columns[place].name, value, (name) => values[this.source.columns.findIndex((column) => column.name === name)]);
      if (href) fill(cell, el("a", { href, tabindex: "-1" }, oneLine(value)));
      else cell.textContent = value === null ? "NULL" : oneLine(value);
    });
  }

  row(row) {
    const page = this.pages.get(Math.floor(row / PAGE));
    return page?.[row % PAGE] ?? null;
  }

  // --- fetching

  fetchFor(first, count) {
    const last = Math.floor(Math.max(0, first + count - 1) / PAGE);
    const wanted = [];
    for (let page = Math.floor(first / PAGE); page <= last; page++) {
      if (!this.pages.has(page) && !this.asked.has(page)) wanted.push(page);
    }
    clearTimeout(this.waiting);
    // While the scrollbar is dragged only the place where it rests is fetched.
    if (wanted.length) this.waiting = setTimeout(() => wanted.forEach((page) => this.fetchPage(page)), FETCH_AFTER_MS);
  }

  async fetchPage(page) {
    const { source, asked, fetching } = this;
    if (asked.has(page)) return;
    asked.add(page);
    try {
      const rows = await source.fetch(page * PAGE, PAGE, fetching.signal);
      if (source !== this.source) return;
      this.pages.set(page, rows);
      for (const old of this.pages.keys()) {
        if (this.pages.size <= PAGES_KEPT) break;
        this.pages.delete(old);
      }
      this.node.classList.remove("broken");
      this.draw();
    } catch (error) {
      if (error.name !== "AbortError" && source === this.source) this.node.dispatchEvent(new CustomEvent("broken", { detail: error }));
    } finally {
      asked.delete(page);
    }
  }

  // --- one cell

  clicked(event) {
    const cell = event.target.closest("[data-column]");
    if (!cell) return;
    this.chosen = { row: Number(cell.parentElement.dataset.row), column: Number(cell.dataset.column) };
    this.draw();
  }

  key(event) {
    if (!this.source || this.source.height === 0 || event.target !== this.node) return;
    const page = Math.max(1, Math.floor(this.inSight / ROW) - 1);
    const far = event.ctrlKey || event.metaKey;
    const steps = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1], PageDown: [page, 0], PageUp: [-page, 0] };
    const { row, column } = this.chosen;
    if (event.key in steps) this.choose(row + steps[event.key][0], column + steps[event.key][1]);
    else if (event.key === "Home") this.choose(far ? 0 : row, 0);
    else if (event.key === "End") this.choose(far ? this.source.height - 1 : row, this.source.columns.length - 1);
    else if (event.key === "Enter") this.open();
    else if (far && event.key === "c" && getSelection().isCollapsed) navigator.clipboard?.writeText(this.row(row)?.[column] ?? "");
    else return;
    event.preventDefault();
  }

  choose(row, column) {
    this.chosen = { row: Math.max(0, Math.min(this.source.height - 1, row)), column: Math.max(0, Math.min(this.source.columns.length - 1, column)) };
    const y = this.chosen.row * ROW;
    if (y < this.top) this.move(y);
    else if (y + ROW > this.top + this.inSight) this.move(y + ROW - this.inSight);
    const left = this.widths.slice(0, this.chosen.column).reduce((sum, size) => sum + size, 0);
    const right = left + this.widths[this.chosen.column] + this.gutter;
    if (left < this.node.scrollLeft) this.node.scrollLeft = left;
    else if (right > this.node.scrollLeft + this.node.clientWidth) this.node.scrollLeft = right - this.node.clientWidth;
    this.draw();
  }

  /** Show the chosen value whole. */
  async open() {
    const { row, column } = this.chosen;
    const shown = this.row(row)?.[column];
    if (shown === undefined) return;
    const { name, type } = this.source.columns[column];
    const text = el("pre", { class: "value", tabindex: "0" }, shown ?? "NULL");
    const copy = button("Copy", () => navigator.clipboard?.writeText(text.textContent));
    showDialog(`${name}, row ${row + 1}`, el("p", { class: "note" }, type), text, el("p", {}, copy));
    if (shown !== null && mayBeCut(shown) && this.source.cell) text.textContent = await this.source.cell(row, column);
  }
}

function width(column, rows, place) {
  let most = Math.max(column.name.length + 2, Math.min(column.type.length, 18));
  for (const row of rows.slice(0, 100)) most = Math.max(most, (row[place] ?? "NULL").length);
  return Math.round(Math.min(360, 26 + 7.8 * most));
}
