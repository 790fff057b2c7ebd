// Scales of axes: where a value stands, and which ticks are shown.

import { counted } from "./dom.js";

/** Return a scale from values to a range of pixels, with round ticks. */
export function linear(values, [from, to], { zero = false, most = 6, isTime = false } = {}) {
  let low = zero ? 0 : Infinity;
  let high = zero ? 0 : -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (!(low <= high)) [low, high] = [0, 1];
  if (low === high) [low, high] = isTime ? [low - 43_200_000, high + 43_200_000] : [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
  const step = isTime ? timeStep((high - low) / most) : roundStep((high - low) / most);
  if (!isTime) [low, high] = [Math.floor(low / step) * step, Math.ceil(high / step) * step];
  const ticks = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step / 1e6; tick += step) ticks.push(tick);
  const at = (value) => from + ((value - low) / (high - low)) * (to - from);
  return { at, ticks: ticks.map((tick) => [at(tick), isTime ? timeText(tick, step) : numberText(tick, step)]) };
}

/** Return a scale from texts to bands of a range of pixels. */
export function bands(names, [from, to]) {
  const size = (to - from) / Math.max(1, names.length);
  const places = new Map(names.map((name, place) => [name, from + (place + 0.5) * size]));
  return { at: (name) => places.get(name), size, ticks: names.map((name) => [places.get(name), name]) };
}

function roundStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999);
}

const SECOND = 1000;
const STEPS = [1, 5, 15, 30, 60, 300, 900, 3600, 10800, 43200, 86400, 172800, 604800, 1209600, 2592000, 7776000, 15552000, 31557600].map((s) => s * SECOND);

function timeStep(rough) {
  return STEPS.find((step) => step >= rough) ?? Math.ceil(rough / STEPS.at(-1)) * STEPS.at(-1);
}

function timeText(tick, step) {
  const text = new Date(tick).toISOString();
  if (step < 60 * SECOND) return text.slice(11, 19);
  if (step < 86400 * SECOND) return text.slice(5, 16).replace("T", " ");
  return step < 27 * 86400 * SECOND ? text.slice(0, 10) : text.slice(0, 7);
}

function numberText(tick, step) {
  const size = Math.abs(tick);
  if (size >= 1e15 || (size > 0 && size < 1e-4)) return tick.toExponential(1);
  if (size >= 1e9) return `${counted(tick / 1e9)} bn`;
  if (size >= 1e6) return `${counted(tick / 1e6)} M`;
  return step < 1 ? tick.toFixed(Math.min(6, Math.ceil(-Math.log10(step)))) : counted(Math.round(tick));
}
