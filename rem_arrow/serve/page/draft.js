// The text in the field for SQL, kept while the tab is open.

const KEY = "rem-draft";

export const draft = {
  get: () => sessionStorage.getItem(KEY) ?? "",
  set: (text) => sessionStorage.setItem(KEY, text),
};
