// Charts of results: bars, lines and points, as SVG.

import { el, empty, fill, labelled, oneLine, plural, select, shortened, svg } from "./dom.js";
import { COLOURS, colour, legend } from "./pictures.js";
import { bands, linear } from "./scales.js";

const HEIGHT = 350;
const EDGE = { left: 64, right: 16, top: 32, bottom: 52 };
const SERIES_MAX = COLOURS;
const BARS_MAX = 60;
const POINTS_MAX = 2000;
const NONE = "";

/** Return a panel with a chart of a source of rows, and what is shown in it to choose. */
export function chartPanel(source, signal) {
  const panel = el("div", { class: "fills" }, el("p", { class: "busy" }, "Reading rows"));
  firstRows(source, signal)
    .then((rows) => {
      const chart = chosenAtFirst(source.columns);
      if (chart.y === null) {
        fill(panel, empty("Nothing to draw", "A chart needs a column of numbers."));
        return;
      }
      const drawing = el("div", { class: "chart" });
      const note = el("p", { class: "note" });
      const controls = el("div", { class: "bar" });
      const draw = () => {
        chooseFor(controls, source.columns, chart, draw);
        fill(note, drawChart(drawing, source.columns, rows, chart, source.height));
      };
      fill(panel, controls, drawing, note);
      new ResizeObserver(draw).observe(drawing);
    })
    .catch((error) => !signal.aborted && fill(panel, el("div", { class: "error" }, error.message)));
  return panel;
}

async function firstRows(source, signal) {
  const rows = source.rows.slice(0, POINTS_MAX);
  while (rows.length < Math.min(source.height, POINTS_MAX)) {
    const more = await source.fetch(rows.length, 500, signal);
    if (more.length === 0) break;
    rows.push(...more);
  }
  return rows;
}

function chosenAtFirst(columns) {
  const numbers = columns.flatMap((column, place) => (column.kind === "number" ? [place] : []));
  const named = columns.findIndex((column) => column.kind !== "number" && column.kind !== "nested");
  // Groups stand first in most statements, and what is measured last.
  const y = numbers.at(-1) ?? null;
  const x = named >= 0 ? named : (numbers[0] ?? 0);
  const kind = columns[x]?.kind === "time" ? "line" : named >= 0 ? "bar" : "scatter";
  return { kind, x, y, split: NONE };
}

function chooseFor(controls, columns, chart, draw) {
  const names = columns.map((column, place) => [String(place), oneLine(column.name)]);
  const numbers = names.filter(([place]) => columns[place].kind === "number");
  const choose = (key, take) => (value) => {
    chart[key] = take(value);
    draw();
  };
  fill(
    controls,
    labelled("Chart", select("Kind of chart", [["bar", "Bars"], ["line", "Line"], ["scatter", "Points"]], chart.kind, choose("kind", String))),
    labelled("Across", select("Across", names, String(chart.x), choose("x", Number))),
    labelled("Up", select("Up", numbers, String(chart.y), choose("y", Number))),
    labelled("Colour", select("Colour", [[NONE, "one"], ...names], String(chart.split), choose("split", (value) => (value === NONE ? NONE : Number(value))))),
  );
}

function drawChart(drawing, columns, rows, chart, total) {
  const width = Math.max(260, drawing.clientWidth);
  const x = columns[chart.x];
  const isBand = chart.kind === "bar" || !["number", "time"].includes(x.kind);
  const points = rows
    .map((row) => ({ x: isBand ? (row[chart.x] ?? "NULL") : number(row[chart.x], x.kind), y: number(row[chart.y], "number"), series: chart.split === NONE ? "" : (row[chart.split] ?? "NULL") }))
    .filter((point) => point.y !== null && point.x !== null);
  const notes = rows.length < total ? [`The first ${plural(rows.length, "row")} of ${plural(total, "row")}.`] : [];
  let names = isBand ? [...new Set(points.map((point) => point.x))] : [];
  if (names.length > BARS_MAX) {
    notes.push(`${names.length - BARS_MAX} more values of ${x.name} are left out.`);
    names = names.slice(0, BARS_MAX);
  }
  const series = [...new Set(points.map((point) => point.series))];
  if (series.length > SERIES_MAX) notes.push(`${series.length - SERIES_MAX} more values of ${columns[chart.split].name} are left out.`);
  series.length = Math.min(series.length, SERIES_MAX);
  const shown = points.filter((point) => series.includes(point.series) && (!isBand || names.includes(point.x)));
  const across = isBand ? bands(names, [EDGE.left, width - EDGE.right]) : linear(shown.map((point) => point.x), [EDGE.left + 8, width - EDGE.right - 8], { isTime: x.kind === "time", most: Math.max(2, width / 140) });
  const up = linear(shown.map((point) => point.y), [HEIGHT - EDGE.bottom, EDGE.top], { zero: chart.kind === "bar" });
  const label = `${{ bar: "Bars", line: "Line", scatter: "Points" }[chart.kind]} of ${columns[chart.y].name} by ${x.name}`;
  const picture = svg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", "aria-label": label });
  picture.append(...axes(across, up, width, isBand, columns[chart.y].name, x.name));
  const marks = { bar: barMarks, line: lineMarks, scatter: pointMarks }[chart.kind];
  series.forEach((name, place) => picture.append(...marks(shown.filter((point) => point.series === name), across, up, place, series.length)));
  fill(drawing, picture, chart.split === NONE ? null : legend(series));
  return notes.join(" ");
}

function number(text, kind) {
  if (text === null) return null;
  const value = kind === "time" ? Date.parse(`${text.replace(" ", "T").replace(/\+00$/, "")}${text.length > 10 ? "Z" : ""}`) : Number(text);
  return Number.isFinite(value) ? value : null;
}

function axes(across, up, width, isBand, yName, xName) {
  const parts = [];
  for (const [y, text] of up.ticks) {
    parts.push(svg("line", { x1: EDGE.left, x2: width - EDGE.right, y1: y, y2: y, class: "rule" }));
    parts.push(svg("text", { x: EDGE.left - 8, y: y + 4, class: "tick", "text-anchor": "end" }, text));
  }
  const isTight = isBand && across.ticks.some(([, text]) => Math.min(text.length, 12) * 7 > across.size);
  const every = isBand ? Math.ceil(16 / across.size) : 1;
  across.ticks.forEach(([x, text], place) => {
    if (place % every) return;
    const y = HEIGHT - EDGE.bottom + 16;
    const short = shortened(oneLine(text), isTight ? 8 : Math.max(6, Math.floor(isBand ? across.size / 7 : 20)));
    parts.push(svg("text", { x, y, class: "tick", "text-anchor": isTight ? "end" : "middle", transform: isTight ? `rotate(-35 ${x} ${y})` : null }, short, svg("title", {}, text)));
  });
  parts.push(svg("text", { x: 14, y: 14, class: "axis" }, shortened(oneLine(yName), 40)));
  parts.push(svg("text", { x: width - EDGE.right, y: HEIGHT - 4, class: "axis", "text-anchor": "end" }, shortened(oneLine(xName), 40)));
  return parts;
}

const title = ({ x, y, series }) => svg("title", {}, `${series ? `${series}, ` : ""}${x}: ${y}`);

function barMarks(points, across, up, place, count) {
  const size = Math.max(1, (across.size * 0.78) / count);
  const zero = up.at(0);
  return points.map((point) => {
    const x = across.at(point.x) - (size * count) / 2 + place * size;
    const y = up.at(point.y);
    return svg("rect", { x, y: Math.min(y, zero), width: size, height: Math.max(1, Math.abs(zero - y)), fill: colour(place) }, title(point));
  });
}

function lineMarks(points, across, up, place) {
  const sorted = typeof points[0]?.x === "number" ? [...points].sort((a, b) => a.x - b.x) : points;
  const path = sorted.map((point, at) => `${at ? "L" : "M"}${across.at(point.x).toFixed(1)} ${up.at(point.y).toFixed(1)}`).join("");
  const line = svg("path", { d: path, fill: "none", stroke: colour(place), "stroke-width": 2, "stroke-linejoin": "round" });
  return points.length > 200 ? [line] : [line, ...pointMarks(points, across, up, place)];
}

function pointMarks(points, across, up, place) {
  return points.map((point) => svg("circle", { cx: across.at(point.x), cy: up.at(point.y), r: 3, fill: colour(place), "fill-opacity": 0.75 }, title(point)));
}
