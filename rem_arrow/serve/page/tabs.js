// Tabs over panels.

import { el, fill } from "./dom.js";

/** Return tabs and the panel under them; a panel is made when it is first shown. `panels` is {label: make()}. */
export function tabs(panels, { label }) {
  const panel = el("div", { class: "panel", role: "tabpanel" });
  const made = new Map();
  const labels = Object.keys(panels);
  const buttons = labels.map((name) => el("button", { type: "button", role: "tab", "aria-selected": "false", tabindex: "-1", onclick: () => choose(name) }, name));
  const list = el("div", { class: "tabs", role: "tablist", "aria-label": label, onkeydown: keyed }, buttons);

  function choose(name) {
    if (!made.has(name)) made.set(name, panels[name]());
    buttons.forEach((button, place) => {
      const isChosen = labels[place] === name;
      button.setAttribute("aria-selected", isChosen);
      button.tabIndex = isChosen ? 0 : -1;
    });
    fill(panel, made.get(name));
  }

  function keyed(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = (buttons.indexOf(document.activeElement) + step + labels.length) % labels.length;
    choose(labels[next]);
    buttons[next].focus();
  }

  choose(labels[0]);
  return { list, panel, choose };
}
