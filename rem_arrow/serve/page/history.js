// What was run before, in this browser.

const KEY = "rem-history";
const MOST = 200;

/** Return the statements that were run, the latest first: [{text, at, note}]. */
export function history() {
  try {
    const list = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(list) ? list.filter((one) => typeof one?.text === "string") : [];
  } catch {
    return [];
  }
}

/** Note a statement. */
export function noteRun(text, note) {
  const list = [{ text, at: Date.now(), note }, ...history().filter((one) => one.text !== text)].slice(0, MOST);
  try {
    localStorage.setItem(KEY, JSON.stringify(list));
  } catch {
    // The browser gives no room: there is no history then.
  }
}

/** Forget all. */
export function clearHistory() {
  localStorage.removeItem(KEY);
}
