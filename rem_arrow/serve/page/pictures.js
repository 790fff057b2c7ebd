// Small pictures, as SVG.

import { el, oneLine, svg } from "./dom.js";

const WIDTH = 240;
const HEIGHT = 44;

/** How many colours there are. */
export const COLOURS = 8;

/** Return the colour of the n-th thing. */
export function colour(place) {
  return `var(--c${(place % COLOURS) + 1})`;
}

/** Return what tells the colours of a picture apart. */
export function legend(names) {
  return el("div", { class: "legend" }, names.map((name, place) => el("span", {}, el("i", { style: { background: colour(place) } }), oneLine(name))));
}

/** Return a histogram with what stands at its two ends. */
export function bars(heights, [low, high], titles) {
  const most = Math.max(...heights, 1);
  const step = WIDTH / heights.length;
  const drawn = heights.map((n, place) => {
    const height = n ? Math.max(1.5, (n / most) * HEIGHT) : 0;
    return svg("rect", { x: place * step + 0.5, y: HEIGHT - height, width: Math.max(1, step - 1), height, fill: "var(--c1)" }, svg("title", {}, titles[place]));
  });
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "histogram", role: "img", "aria-label": `Histogram from ${low} to ${high}`, preserveAspectRatio: "none" }, drawn);
  return el("div", { class: "with-ends" }, picture, el("div", { class: "ends" }, el("span", {}, low), el("span", {}, high)));
}
