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

/** Return a source over a stored table of so many rows, which reads it piece by piece. */
export async function ofTable(name, height, signal) {
  const read = (offset, count, reading) => sql(`SELECT * FROM ${name} LIMIT ${count} OFFSET ${offset}`, null, { signal: reading, rows: count });
  const first = await read(0, 200, signal);
  return {
    columns: first.columns,
    height: Math.max(height, first.rows.length),
    rows: first.rows,
    fetch: async (offset, count, reading) => (await read(offset, count, reading)).rows,
    cell: null,
  };
}
