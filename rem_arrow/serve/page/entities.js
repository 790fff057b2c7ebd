// Entities and their edges, by SQL.

import { quoted, records } from "./api.js";

const NAMES = ["name", "title", "label", "subject", "code"];
const TEXTS = ["description", "content", "text", "summary", "body", "title"];

/** Return what names an entity on one line, from its fields. */
export function nameOf(fields) {
  for (const key of NAMES) if (fields[key]) return fields[key];
  return fields.id ?? "";
}

/** Return the text of an entity that says most, from its fields; not the one that is its name. */
export function textOf(fields) {
  const name = nameOf(fields);
  for (const key of TEXTS) if (fields[key] && fields[key] !== name) return fields[key];
  return "";
}

/** Return the key of an entity in a set. */
export const keyOf = (table, id) => `${table ?? ""}:${id}`;

/**
 * Return the edges from and to an entity, by type and name of the other end: [{direction, type, weight, properties,
 * table, id, name}], and at most one more than `most`.
 */
export async function edgesOf(table, id, most, signal) {
  const part = (direction, own, other) => `SELECT '${direction}' AS direction, edge_type AS type, weight, properties, ${other}_table AS "table", ${other} AS id
    FROM edges WHERE ${own} = $id AND ${own}_table = $table`;
  const edges = await records(`${part("out", "src", "dst")} UNION ALL ${part("in", "dst", "src")} LIMIT ${most + 1}`, { id, table }, { signal });
  const names = await namesOf(edges.map((edge) => edge.id), signal);
  for (const edge of edges) edge.name = names.get(keyOf(edge.table, edge.id)) ?? edge.id;
  return edges.sort((a, b) => a.direction.localeCompare(b.direction) * -1 || a.type.localeCompare(b.type) || a.name.localeCompare(b.name));
}

/** Return the names of entities by their keys. */
async function namesOf(ids, signal) {
  if (ids.length === 0) return new Map();
  const found = await records(`SELECT "table", id, name FROM all_entities WHERE id IN (SELECT UNNEST($ids))`, { ids: [...new Set(ids)] }, { signal });
  return new Map(found.map(({ table, id, name }) => [keyOf(table, id), name ?? id]));
}

/** Return the entities with the most edges, and how many they have: [{table, id, name, edges}]. */
export async function hubs(most, signal) {
  const found = await records(
    `SELECT "table", id, COUNT(*) AS edges FROM (SELECT src_table AS "table", src AS id FROM edges UNION ALL SELECT dst_table, dst FROM edges)
    WHERE "table" IS NOT NULL GROUP BY 1, 2 ORDER BY edges DESC, id LIMIT ${most}`, null, { signal },
  );
  const names = await namesOf(found.map((one) => one.id), signal);
  return found.map((one) => ({ ...one, name: names.get(keyOf(one.table, one.id)) ?? one.id }));
}

/** Return the query for the fields of an entity of a table, by $id. */
export const oneOf = (table) => `SELECT * FROM ${quoted(table)} WHERE id = $id`;
