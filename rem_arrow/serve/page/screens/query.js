// Statements in SQL: a field, and what they gave.

import { end, save, sql } from "../api.js";
import { chartPanel } from "../charts.js";
import { button, duration, el, empty, errorBlock, fill, heading, plural, showDialog } from "../dom.js";
import { draft } from "../draft.js";
import { Editor } from "../editor.js";
import { ofFrame } from "../frames.js";
import { Grid } from "../grid.js";
import { clearHistory, history, noteRun } from "../history.js";
import { planPanel } from "../plans.js";
import { tabs } from "../tabs.js";

export async function show(screen, parts, { signal, served }) {
  let running = null;
  let kept = null;
  const run = button("Run", () => start(...editor.chosen), { class: "button primary", title: "Ctrl+Enter" });
  const stop = button("Stop", () => running?.abort(), { class: "button stop", disabled: true, title: "Escape" });
  const status = el("span", { class: "note", role: "status" });
  const past = button("History", () => showHistory((text) => (editor.text = text)));
  const result = el("div", { class: "result grow fills" }, empty("Nothing was run yet", "Write a statement, and press Ctrl+Enter. A selected part is run alone."));
  const editor = new Editor({ text: draft.get(), onRun: start, onChange: (text) => draft.set(text) });
  editor.node.addEventListener("keydown", (event) => event.key === "Escape" && running?.abort());
  screen.append(heading("Query", served.read_only ? "This connection only reads." : null), editor.node, el("div", { class: "bar" }, run, stop, status, el("span", { class: "end" }), past), result);
  signal.addEventListener("abort", () => {
    running?.abort();
    end(kept);
  });
  editor.area.focus();

  async function start(text, from) {
    if (!text.trim() || running) return;
    running = new AbortController();
    run.disabled = true;
    stop.disabled = false;
    editor.mark(null);
    const begun = performance.now();
    fill(status, el("span", { class: "busy" }, "Running"));
    try {
      const frame = await sql(text, null, { signal: running.signal, keep: true });
      const took = duration(performance.now() - begun);
      end(kept);
      kept = frame.result;
      fill(status, `${plural(frame.height, "row")}, ${took}`);
      noteRun(text, `${plural(frame.height, "row")}, ${took}`);
      if (!signal.aborted) showResult(result, frame, text, signal);
    } catch (error) {
      fill(status, error.name === "AbortError" ? `Stopped after ${duration(performance.now() - begun)}` : "");
      if (error.name !== "AbortError") {
        noteRun(text, error.message);
        fill(result, errorBlock(error));
        if (error.start !== null && error.start !== undefined) editor.mark(error.start + from, error.end + from);
      }
    } finally {
      running = null;
      run.disabled = false;
      stop.disabled = true;
    }
  }
}

function showResult(result, frame, text, signal) {
  if (frame.columns.length === 0) {
    fill(result, empty("Done", "The statement gave no rows."));
    return;
  }
  const source = ofFrame(frame);
  const shown = tabs({ Rows: () => rowsPanel(frame, source), Chart: () => chartPanel(source, signal), Plan: () => planPanel(text, signal) }, { label: "Views of the result" });
  shown.panel.classList.add("grow", "fills");
  fill(result, shown.list, shown.panel);
}

function rowsPanel(frame, source) {
  const problem = el("div", { class: "problem" });
  const files = Object.entries({ csv: "CSV", parquet: "Parquet", json: "JSON" }).map(([format, label]) =>
    button(`Save ${label}`, async (event) => {
      event.target.disabled = true;
      try {
        await save(frame.result, format, "result");
        fill(problem);
      } catch (error) {
        fill(problem, errorBlock(error));
      } finally {
        event.target.disabled = false;
      }
    }),
  );
  const grid = new Grid({ label: "Result" });
  grid.node.addEventListener("broken", (event) => fill(problem, errorBlock(event.detail)));
  if (frame.height) grid.show(source);
  const rows = frame.height ? grid.node : empty("No rows", `The columns are ${frame.columns.map((column) => column.name).join(", ")}.`);
  return el("div", { class: "fills" }, problem, rows, el("div", { class: "bar" }, files));
}

function showHistory(take) {
  const list = el("div", { class: "history" });
  const dialog = showDialog("History", list);
  const runs = history();
  const clear = button("Clear the history", () => {
    clearHistory();
    dialog.close();
  });
  fill(
    list,
    runs.length
      ? runs.map((one) => el("button", { type: "button", class: "past", onclick: () => { take(one.text); dialog.close(); } }, el("pre", {}, one.text.slice(0, 2000)), el("span", { class: "note" }, `${new Date(one.at).toLocaleString()} · ${one.note}`)))
      : empty("No history", "Statements that were run stand here."),
    runs.length ? el("p", {}, clear) : null,
  );
}
