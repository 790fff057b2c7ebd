// Asks for the token.

import { token } from "../api.js";
import { el, fill } from "../dom.js";

/** Show where a token is given; `then` goes on with it. */
export function showToken(problem, then) {
  const field = el("input", { type: "password", id: "token", autocomplete: "off", spellcheck: "false", required: true, "aria-describedby": "token-help" });
  const form = el(
    "form",
    {
      class: "sign-in",
      onsubmit: (event) => {
        event.preventDefault();
        token.set(field.value.trim());
        then();
      },
    },
    el("div", { class: "brand" }, el("img", { src: "icon.svg", alt: "", width: 32, height: 32 }), el("span", {}, "rem_arrow")),
    el("label", { for: "token" }, "Token"),
    field,
    el("button", { type: "submit", class: "button primary" }, "Open"),
    problem ? el("div", { class: "error", role: "alert" }, said(problem)) : null,
    el("p", { class: "note", id: "token-help" }, "It was printed when the server started, or stands in its file of tokens. It stays in this tab."),
  );
  fill(document.body, el("main", { class: "sign-in-page" }, form));
  field.focus();
}

function said(problem) {
  return problem.status === 401 ? "The server does not know this token." : problem.message;
}
