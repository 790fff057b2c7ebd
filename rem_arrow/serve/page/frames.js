// Frames of the server as sources of a grid.

import { cell, rows, sql } from "./api.js";

/** Return a source over a frame; one that was kept fetches its other rows. */
export function ofFrame(frame) {
  return {
    columns: frame.columns,
    height: frame.result ? frame.height : frame.rows.length,
    rows: frame.rows,
    fetch: (offset, count, signal) => rows(frame.result, offset, count, signal),
    cell: frame.result ? (row, column) => cell(frame.result, row, column) : null,
  };
}

/** Return a frame of the first rows of a table, whose name is quoted. */
export function firstRows(name, signal) {
  return someRows(name, 0, 200, signal);
}

/** Return a source over a stored table of so many rows, which reads it piece by piece. */
export function ofTable(name, height, first) {
  return {
    columns: first.columns,
    height: Math.max(height, first.rows.length),
    rows: first.rows,
    fetch: async (offset, count, signal) => (await someRows(name, offset, count, signal)).rows,
    cell: null,
  };
}

function someRows(name, offset, count, signal) {
  return sql(`SELECT * FROM ${name} LIMIT ${count} OFFSET ${offset}`, null, { signal, rows: count });
}
