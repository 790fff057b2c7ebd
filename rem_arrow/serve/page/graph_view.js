// A drawing of nodes and edges that can be moved: drag a node or the ground, turn the wheel, or use the keyboard.

import { el, oneLine, shortened, svg } from "./dom.js";
import { step } from "./forces.js";

const STEPS = 320;
const RADIUS = 9;
const SHOWN = 24;
const TYPES_SHOWN = 10;

export class GraphView {
  /** `onChoose(node)` is told of a click, `onOpen(node)` of a second one, or of Enter. */
  constructor({ onChoose, onOpen }) {
    this.onChoose = onChoose;
    this.onOpen = onOpen;
    this.nodes = new Map();
    this.edges = new Map();
    this.zoom = 1;
    this.centre = { x: 0, y: 0 };
    const arrow = svg("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 8, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" }, svg("path", { d: "M0 0L8 4L0 8z", class: "arrow-head" }));
    this.lines = svg("g");
    this.points = svg("g");
    this.picture = svg("svg", { class: "graph-picture", role: "group", "aria-label": "Graph" }, svg("defs", {}, arrow), this.lines, this.points);
    this.node = el("div", { class: "graph" }, this.picture);
    this.picture.addEventListener("pointerdown", (event) => this.grab(event));
    this.picture.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    new ResizeObserver(() => this.look()).observe(this.node);
  }

  /** Add a node, {key, label, colour, x, y}. */
  addNode(node) {
    this.nodes.set(node.key, node);
    const text = oneLine(node.label);
    node.drawn = svg(
      "g",
      { class: "node", tabindex: 0, role: "button", "aria-label": `${text}, ${node.about}`, onkeydown: (event) => this.key(event, node) },
      svg("circle", { r: RADIUS, fill: node.colour }),
      svg("text", { y: RADIUS + 14, "text-anchor": "middle" }, shortened(text, SHOWN)),
      svg("title", {}, `${text}\n${node.about}`),
    );
    node.drawn.node = node;
    this.points.append(node.drawn);
  }

  /** Add an edge, {key, from, to, type}, between nodes that are there. */
  addEdge(edge) {
    if (this.edges.has(edge.key)) return;
    this.edges.set(edge.key, edge);
    edge.line = svg("line", { class: "edge", "marker-end": "url(#arrow)" }, svg("title", {}, `${edge.from.label} ${edge.type} ${edge.to.label}`));
    edge.text = svg("text", { class: "edge-type", "text-anchor": "middle" }, oneLine(edge.type).slice(0, SHOWN));
    this.lines.append(edge.line, edge.text);
  }

  /** Take a node away, with its edges. */
  removeNode(node) {
    for (const edge of this.edgesAt(node)) {
      edge.line.remove();
      edge.text.remove();
      this.edges.delete(edge.key);
    }
    node.drawn.remove();
    this.nodes.delete(node.key);
    this.settle();
  }

  /** Return the edges from and to a node. */
  edgesAt(node) {
    return [...this.edges.values()].filter((edge) => edge.from === node || edge.to === node);
  }

  /** Mark a node as the chosen one. */
  choose(node) {
    for (const other of this.nodes.values()) other.drawn.classList.toggle("chosen", other === node);
    const near = this.edgesAt(node);
    for (const edge of this.edges.values()) {
      const isNear = near.includes(edge);
      edge.line.classList.toggle("near", isNear);
      // Of many the list beside the drawing says the types.
      edge.text.classList.toggle("near", isNear && near.length <= TYPES_SHOWN);
    }
    node?.drawn.parentNode.append(node.drawn);
  }

  /** Let the forces work until they rest; `fit` shows all at the end. */
  settle({ fit = false } = {}) {
    cancelAnimationFrame(this.moving);
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    let left = STEPS;
    const work = () => {
      const nodes = [...this.nodes.values()];
      const edges = [...this.edges.values()];
      // Several steps a frame: a graph should come to rest within two seconds.
      for (let times = still ? left : 4; times > 0 && left > 0; times--) {
        left--;
        if (step(nodes, edges, Math.min(1, 0.15 + left / STEPS)) < 0.05) left = 0;
      }
      if (fit) this.fit();
      this.draw();
      this.node.dataset.rests = left === 0;
      if (left > 0) this.moving = requestAnimationFrame(work);
    };
    work();
  }

  draw() {
    for (const node of this.nodes.values()) node.drawn.setAttribute("transform", `translate(${node.x.toFixed(1)} ${node.y.toFixed(1)})`);
    for (const { from, to, line, text } of this.edges.values()) {
      const dx = to.x - from.x;
      const dy = to.y - from.y;
      const size = Math.hypot(dx, dy) || 1;
      const cut = (RADIUS + 3) / size;
      line.setAttribute("x1", from.x + dx * cut);
      line.setAttribute("y1", from.y + dy * cut);
      line.setAttribute("x2", to.x - dx * cut);
      line.setAttribute("y2", to.y - dy * cut);
      text.setAttribute("x", (from.x + to.x) / 2);
      text.setAttribute("y", (from.y + to.y) / 2 - 4);
    }
  }

  // --- what is seen

  look() {
    const { clientWidth: width, clientHeight: height } = this.node;
    if (width === 0) return;
    this.picture.setAttribute("viewBox", `${this.centre.x - width / 2 / this.zoom} ${this.centre.y - height / 2 / this.zoom} ${width / this.zoom} ${height / this.zoom}`);
  }

  /** Show all nodes. */
  fit() {
    const nodes = [...this.nodes.values()];
    if (nodes.length === 0) return;
    const [left, right] = [Math.min(...nodes.map((n) => n.x)) - 80, Math.max(...nodes.map((n) => n.x)) + 80];
    const [top, bottom] = [Math.min(...nodes.map((n) => n.y)) - 40, Math.max(...nodes.map((n) => n.y)) + 50];
    this.centre = { x: (left + right) / 2, y: (top + bottom) / 2 };
    this.zoom = Math.min(1.15, this.node.clientWidth / (right - left), this.node.clientHeight / (bottom - top)) || 1;
    this.look();
  }

  /** Come nearer, or go away. */
  scale(factor) {
    this.zoom = Math.max(0.1, Math.min(4, this.zoom * factor));
    this.look();
  }

  wheel(event) {
    event.preventDefault();
    this.scale(event.deltaY < 0 ? 1.12 : 1 / 1.12);
  }

  grab(event) {
    const node = event.target.closest(".node")?.node;
    const from = { x: event.clientX, y: event.clientY };
    const before = node ? { x: node.x, y: node.y } : { ...this.centre };
    let isDrag = false;
    this.picture.setPointerCapture(event.pointerId);
    const move = (moved) => {
      const dx = (moved.clientX - from.x) / this.zoom;
      const dy = (moved.clientY - from.y) / this.zoom;
      isDrag ||= Math.hypot(dx, dy) * this.zoom > 4;
      if (!isDrag) return;
      if (node) Object.assign(node, { x: before.x + dx, y: before.y + dy, isHeld: true });
      else this.centre = { x: before.x - dx, y: before.y - dy };
      if (node) this.draw();
      else this.look();
    };
    const end = (ended) => {
      this.picture.removeEventListener("pointermove", move);
      this.picture.removeEventListener("pointerup", end);
      this.picture.removeEventListener("pointercancel", end);
      if (!node || isDrag || ended.type !== "pointerup") return;
      if (ended.timeStamp - (this.clicked?.at ?? -1000) < 350 && this.clicked.node === node) this.onOpen(node);
      else this.onChoose(node);
      this.clicked = { node, at: ended.timeStamp };
    };
    this.picture.addEventListener("pointermove", move);
    this.picture.addEventListener("pointerup", end);
    this.picture.addEventListener("pointercancel", end);
  }

  key(event, node) {
    if (event.key === "Enter") this.onOpen(node);
    else if (event.key === " ") this.onChoose(node);
    else return;
    event.preventDefault();
  }
}
