// Small pictures, as SVG.

import { el, svg } from "./dom.js";

const WIDTH = 240;
const HEIGHT = 44;

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
