// Plans of queries: a tree of steps, and for one that was run the time and the rows of each.

import { call } from "./api.js";
import { button, counted, duration, el, errorBlock, fill, plural } from "./dom.js";

/** Return a panel with the plan of a query. It is run only when that is asked for. */
export function planPanel(text, signal) {
  const panel = el("div", { class: "fills" });
  const drawing = el("div", { class: "framed grow" });
  const time = button("Run and time it", () => read(true));
  const note = el("span", { class: "note", role: "status" });
  fill(panel, el("div", { class: "bar" }, time, note), drawing);

  async function read(analyze) {
    time.disabled = true;
    fill(note, el("span", { class: "busy" }, analyze ? "Running" : "Planning"));
    try {
      const { value: steps } = await call("explain", { text, analyze }, { signal });
      fill(note, analyze ? `${duration(Math.max(...steps.map((step) => whole(step))))} in all` : "Estimates only: it was not run.");
      fill(drawing, drawPlan(steps));
    } catch (error) {
      if (!signal.aborted) fill(drawing, errorBlock(error));
      fill(note);
    } finally {
      time.disabled = false;
    }
  }

  read(false);
  return panel;
}

// The first step says how long all took.
function whole({ note, ms }) {
  const hit = note.match(/([\d.,]+) ms in all/);
  return hit ? Number(hit[1].replaceAll(",", "")) : (ms ?? 0);
}

/** Return a drawing of the steps of a plan, [{depth, text, note, rows, ms, estimate}]. */
export function drawPlan(steps) {
  const longest = Math.max(...steps.map((step) => step.ms ?? 0), 1e-9);
  const ran = steps.some((step) => step.ms !== null);
  const lines = steps.map((step, place) => {
    const [kind, ...rest] = step.text.split(" ");
    const share = (step.ms ?? 0) / longest;
    return el(
      "tr",
      { class: ran && share > 0.5 && longest > 1 ? "slow" : null },
      el(
        "td",
        { class: "step", style: { "--depth": Math.min(step.depth, 24) } },
        branches(steps, place),
        el("div", { class: "step-text" }, el("strong", {}, kind), " ", el("span", {}, rest.join(" ")), ran ? null : el("div", { class: "note" }, step.note)),
      ),
      ran ? el("td", { class: "time" }, el("div", { class: "time-bar" }, el("i", { style: { width: `${100 * share}%` } })), el("span", {}, duration(step.ms ?? 0))) : null,
      ran ? el("td", { class: "number" }, step.rows === null ? "" : counted(step.rows)) : null,
      el("td", { class: "number hide-narrow" }, step.estimate === null ? "" : counted(step.estimate)),
    );
  });
  const head = el("tr", {}, el("th", {}, plural(steps.length, "step")), ran ? [el("th", {}, "Own time"), el("th", { class: "number" }, "Rows")] : null, el("th", { class: "number hide-narrow" }, "Estimate"));
  return el("table", { class: "plan" }, el("thead", {}, head), el("tbody", {}, lines));
}

// For each depth above a step: whether a line goes on below it to a later step of that depth.
function branches(steps, place) {
  const { depth } = steps[place];
  const marks = [];
  for (let level = 1; level <= Math.min(depth, 24); level++) {
    const goesOn = nextAt(steps, place, level);
    marks.push(el("i", { class: level === depth ? (goesOn ? "tee" : "corner") : goesOn ? "line" : "" }));
  }
  return marks;
}

function nextAt(steps, place, level) {
  for (let later = place + 1; later < steps.length; later++) {
    if (steps[later].depth < level) return false;
    if (steps[later].depth === level) return true;
  }
  return false;
}
