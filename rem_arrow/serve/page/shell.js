// What is around every screen: where one can go, and what is served.

import { token } from "./api.js";
import { button, el, errorBlock, fill } from "./dom.js";
import { nextTheme, theme } from "./theme.js";

const SCREENS = {
  tables: ["Tables", () => import("./screens/tables.js")],
  table: [null, () => import("./screens/table.js")],
  query: ["Query", () => import("./screens/query.js")],
  search: ["Search", () => import("./screens/search.js")],
  entity: [null, () => import("./screens/entity.js")],
  graph: ["Graph", () => import("./screens/graph.js")],
  ask: ["Ask", () => import("./screens/ask.js")],
  documents: ["Documents", () => import("./screens/documents.js")],
  timeline: ["Timeline", () => import("./screens/timeline.js")],
};

// Screens that belong to another one.
const WITHIN = { table: "tables", entity: "search" };

let leaving = new AbortController();

/** Begin to fetch the files of the screen that the address names. */
export function prepareScreen() {
  SCREENS[place().screen][1]().catch(() => {});
}

function place() {
  const [screen, ...parts] = location.hash.replace(/^#\/?/, "").split("/").map(unescaped);
  return { screen: Object.hasOwn(SCREENS, screen) ? screen : "tables", parts };
}

/** Return the address of a screen. */
export function address(screen, ...parts) {
  return `#/${[screen, ...parts].map(encodeURIComponent).join("/")}`;
}

/** Go to a screen. */
export function go(screen, ...parts) {
  location.hash = address(screen, ...parts);
}

/** Show the shell, and the screen that the address names, from now on. */
export function showShell(served) {
  const main = el("main", { id: "main", tabindex: "-1" });
  const links = Object.entries(SCREENS)
    .filter(([, [label]]) => label)
    .map(([screen, [label]]) => el("a", { href: address(screen), "data-screen": screen }, label));
  const look = button(`Theme: ${theme()}`, () => fill(look, `Theme: ${nextTheme()}`), { class: "plain" });
  const leave = button("Sign out", () => {
    token.forget();
    location.reload();
  }, { class: "plain" });
  const mode = served.read_only ? "read only" : served.scope;
  fill(
    document.body,
    el("a", { class: "skip", href: "#main", onclick: (event) => { event.preventDefault(); main.focus(); } }, "To the content"),
    el(
      "div",
      { class: "shell" },
      el(
        "aside",
        {},
        el("a", { class: "brand", href: address("tables") }, el("img", { src: "icon.svg", alt: "", width: 24, height: 24 }), el("span", {}, served.name)),
        el("nav", { "aria-label": "Screens" }, links),
        el("div", { class: "foot" }, el("span", { class: served.read_only ? "badge strong" : "badge", title: `token ${served.token}` }, mode), look, leave),
      ),
      main,
    ),
  );
  const show = () => showScreen(main, links, served);
  window.onhashchange = show;
  show();
}

async function showScreen(main, links, served) {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const { screen: known, parts } = place();
  for (const link of links) {
    const isHere = link.dataset.screen === (WITHIN[known] ?? known);
    if (isHere) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    if (isHere) link.scrollIntoView({ block: "nearest", inline: "center" });
  }
  const content = el("div", { class: "screen", "data-screen": known });
  fill(main, content);
  main.scrollTop = 0;
  try {
    const { show } = await SCREENS[known][1]();
    if (!signal.aborted) await show(content, parts, { signal, served });
  } catch (error) {
    if (!signal.aborted && error.status !== 401) content.append(errorBlock(error));
  }
}

function unescaped(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
