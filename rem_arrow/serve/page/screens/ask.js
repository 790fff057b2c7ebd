// A question in plain language: its answer, how it was understood, and the stages that gave it.

import { call, end, objects } from "../api.js";
import { sqlBlock } from "../coloured.js";
import { button, counted, duration, el, empty, errorBlock, fill, heading, oneLine, plural } from "../dom.js";
import { draft } from "../draft.js";
import { nameOf } from "../entities.js";
import { ofFrame } from "../frames.js";
import { Grid } from "../grid.js";
import { address, go } from "../shell.js";

// A question may go on from the one before: "only the open ones".
const conversation = crypto.randomUUID?.() ?? String(Math.random());

export async function show(screen, [asked = ""], { signal }) {
  let asking = null;
  let kept = [];
  const field = el("input", { type: "search", class: "wide", value: asked, placeholder: "open issues with the highest priority", "aria-label": "Question" });
  const stop = button("Stop", () => asking?.abort(), { class: "button stop", hidden: true });
  const answer = el("div", { class: "answer" });
  const form = el("form", { class: "bar search", onsubmit: (event) => { event.preventDefault(); submit(); } }, field, el("button", { class: "button primary", type: "submit" }, "Ask"), stop);
  screen.append(heading("Ask", "In plain English. Rules turn a question into SQL, and say how sure they are."), form, answer);
  const giveUp = () => kept.forEach(end);
  signal.addEventListener("abort", () => { asking?.abort(); giveUp(); });

  function submit() {
    const question = field.value.trim();
    if (question && question !== asked) go("ask", question);
    else if (question) ask(question);
  }

  async function ask(question) {
    asking?.abort();
    const mine = (asking = new AbortController());
    stop.hidden = false;
    fill(answer, el("p", { class: "busy", role: "status" }, "Reading the question, and running what it asks for"));
    try {
      const { value, frames } = await call("ask", { question, session: conversation }, { signal: mine.signal, keep: true });
      giveUp();
      kept = frames.map((frame) => frame.result);
      fill(answer, ...(value.declined ? declined(value) : answered(value)));
    } catch (error) {
      if (!signal.aborted && mine === asking) fill(answer, errorBlock(error));
    } finally {
      if (mine === asking) stop.hidden = true;
    }
  }

  if (asked) await ask(asked);
  else {
    field.focus();
    fill(answer, empty("Ask the database", "Name what it holds: tables, columns, values, people, times."));
  }
}

function answered(answer) {
  const { results } = answer;
  const grid = new Grid({ label: "Answer" });
  const rows = results.height === 1 && results.columns.length === 1 ? el("p", { class: "figure" }, figure(results)) : results.height ? grid.node : empty("No rows", "The question was understood, and nothing fits it.");
  if (rows === grid.node) grid.show(ofFrame(results));
  const facts = [answer.query_type, plural(results.height, "row"), duration(1000 * answer.seconds), answer.planner === "rules" ? "by rules" : `by ${answer.planner}`];
  return [
    el("section", { class: "card" }, el("p", {}, answer.explanation), sureness(answer.confidence), el("p", { class: "note" }, facts.join(" · ")), answer.notes.map((note) => el("p", { class: "note" }, note))),
    rows,
    stages("Stages", answer.stages),
    answer.fallbacks.length ? stages("Tried because nothing was found", answer.fallbacks) : null,
    statement(answer.query),
  ];
}

function figure(results) {
  const [[value]] = results.rows;
  return value === null ? "NULL" : results.columns[0].kind === "number" ? counted(value) : value;
}

function sureness(confidence) {
  const share = `${Math.round(100 * confidence)} %`;
  return el("p", { class: "sure" }, el("span", {}, `${share} sure`), el("span", { class: "score-bar" }, el("i", { style: { width: share } })));
}

function stages(title, list) {
  const lines = list.map((stage, place) =>
    el(
      "li",
      {},
      el("div", { class: "stage-head" }, el("strong", {}, `${place + 1}. ${stage.name}`), el("span", {}, stage.purpose), el("span", { class: "note" }, stage.error ? "failed" : `${plural(stage.rows, "row")}, ${duration(1000 * stage.seconds)}`)),
      stage.error ? el("p", { class: "problem-text" }, stage.error) : null,
      el("details", {}, el("summary", {}, "SQL"), sqlBlock(stage.sql)),
    ),
  );
  return el("section", { class: "card" }, el("h2", {}, title), el("ol", { class: "stages" }, lines));
}

function statement(text) {
  if (!text) return null;
  const open = button("Open in Query", () => {
    draft.set(text);
    go("query");
  });
  return el("section", { class: "card" }, el("h2", {}, "As one statement"), sqlBlock(text), el("div", { class: "bar after" }, open));
}

function declined(answer) {
  const near = answer.related ? objects(answer.related) : [];
  return [
    el(
      "section",
      { class: "card" },
      el("h2", {}, "Not answered"),
      el("p", {}, answer.explanation),
      answer.not_understood.length ? el("p", {}, "Not understood: ", answer.not_understood.map((word) => el("span", { class: "badge strong" }, word))) : null,
      answer.understood.length ? el("p", {}, "Understood: ", answer.understood.map((word) => el("span", { class: "badge" }, word))) : null,
    ),
    answer.suggestions.length ? el("section", { class: "card" }, el("h2", {}, "What could be asked"), el("ul", { class: "links" }, answer.suggestions.map((one) => el("li", {}, el("a", { href: address("ask", one) }, one))))) : null,
    near.length ? el("section", { class: "card" }, el("h2", {}, "Near to it in meaning"), el("ul", { class: "links" }, near.map((one) => el("li", {}, el("a", { href: address("entity", one.table, one.id) }, oneLine(nameOf(one))), el("span", { class: "note" }, ` ${one.table} · ${Number(one._score).toFixed(2)}`))))) : null,
    statement(answer.query),
  ];
}
