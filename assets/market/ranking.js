/* Which rows of a list of greatest changes are shown, and in which order. Nothing here touches the page. */

/** Rows whose change points to a list's side, the greatest first; the others are to be hidden, and keep their order.
 * @template Row
 * @param {Row[]} rows
 * @param {(row: Row) => number | null} change null where unknown
 * @param {number} side 1 of rising ones, -1 of falling ones
 * @returns {{shown: Row[], hidden: Row[]}} */
export function inOrder(rows, change, side) {
  const strength = new Map(rows.map((row) => [row, side * (change(row) ?? 0)]));
  const of = (/** @type {Row} */ row) => strength.get(row) ?? 0;
  const shown = rows.filter((row) => of(row) > 0).sort((one, other) => of(other) - of(one));
  return { shown, hidden: rows.filter((row) => !(of(row) > 0)) };
}
