// A text of SQL as words, for its colours. It only has to be near: the server reads the text itself.

const KEYWORDS = new Set(
  `ADD ALL ALTER ANALYZE AND ANTI ANY ARRAY AS ASC ASOF AT ATTACH BEGIN BETWEEN BY CASE CAST CHECK COLUMN COMMIT CONFLICT
CONSTRAINT COPY CREATE CROSS CUBE CURRENT CYCLES DEFAULT DELETE DEPTH DESC DESCRIBE DIRECTION DISTINCT DO DROP ELSE END ENUM EXCEPT
EXCLUDE EXISTS EXPLAIN FALSE FETCH FILTER FIRST FOLLOWING FOR FOREIGN FROM FULL FUZZY GROUP GROUPING HAVING IF ILIKE IN INDEX
INNER INSERT INTERSECT INTERVAL INTO IS JOIN KEY LAST LATERAL LEFT LIKE LIMIT LOOKUP MACRO MATERIALIZED MERGE NATURAL NOT NOTHING
NULL NULLS OFFSET ON OR ORDER ORDINALITY OUTER OVER PARTITION PIVOT PRECEDING PRIMARY QUALIFY RANGE RECURSIVE REFERENCES
RENAME REPLACE RETURNING RIGHT ROLLBACK ROLLUP ROW ROWS SAMPLE SCHEMA SEARCH SELECT SEMI SEQUENCE SET SETS SHOW SIMILAR
SOME SUMMARIZE TABLE TABLESAMPLE TEMP TEMPORARY THEN TO TRANSACTION TRAVERSE TRUE TRUNCATE TYPE UNBOUNDED UNION UNIQUE UNNEST
UNPIVOT UPDATE USE USING VALUES VERSION VIEW WHEN WHERE WINDOW WITH WITHIN`.split(/\s+/),
);

const WORD = /(--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|('(?:[^']|'')*(?:'|$)|\$\$[\s\S]*?(?:\$\$|$))|("(?:[^"]|"")*(?:"|$))|(\$\w+|\?)|(\d[\d_]*\.?\d*(?:[eE][+-]?\d+)?)|([\p{L}_][\p{L}\p{N}_]*)|(\s+)|([^\s\p{L}\p{N}_])/gu;

/** Return a text as [{kind, text, start}]; together they are the text. */
export function words(text) {
  const found = [];
  for (const hit of text.matchAll(WORD)) {
    const [all, comment, string, name, parameter, number, word, space] = hit;
    let kind = "sign";
    if (comment) kind = "comment";
    else if (string) kind = "string";
    else if (name) kind = "name";
    else if (parameter) kind = "parameter";
    else if (number) kind = "number";
    else if (word) kind = KEYWORDS.has(word.toUpperCase()) ? "keyword" : text[hit.index + all.length] === "(" ? "function" : "word";
    else if (space) kind = "space";
    found.push({ kind, text: all, start: hit.index });
  }
  return found;
}
