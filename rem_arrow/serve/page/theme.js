// Light, dark, or as the system has it.

const KEY = "rem-theme";
const THEMES = ["system", "light", "dark"];

/** Return the theme that was chosen. */
export function theme() {
  const chosen = localStorage.getItem(KEY);
  return THEMES.includes(chosen) ? chosen : "system";
}

/** Show the theme that was chosen. */
export function applyTheme() {
  const chosen = theme();
  if (chosen === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
}

/** Choose the next theme, and return it. */
export function nextTheme() {
  const chosen = THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length];
  localStorage.setItem(KEY, chosen);
  applyTheme();
  return chosen;
}
