// The beginning: a token, then the shell, then the screen that the address names.

import { about, onRefused, token } from "./api.js";
import { prepareScreen, showShell } from "./shell.js";
import { applyTheme } from "./theme.js";
import { showToken } from "./screens/token.js";

applyTheme();

async function begin(problem = null) {
  if (token.get() === null) {
    showToken(problem, begin);
    return;
  }
  prepareScreen();
  try {
    showShell(await about());
  } catch (error) {
    if (error.status === 401) return;
    showToken(error, begin);
  }
}

onRefused((error) => {
  token.forget();
  showToken(error, begin);
});
begin();
