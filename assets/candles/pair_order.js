/* The order of the table of pairs: by which column, and which end first. Nothing here touches the page. */

/** @typedef {{column: string, ascending: boolean}} Order */

export const COLUMNS = ["item", "price", "change", "volume", "spread", "range"];
/** @type {Order} */
export const USUAL = { column: "volume", ascending: false };

/** The order that an address names, else the usual one.
 * @param {URLSearchParams} query
 * @returns {Order} */
export function readOrder(query) {
  const column = query.get("sort") ?? "";
  return COLUMNS.includes(column) ? { column, ascending: query.get("order") === "asc" } : USUAL;
}

/** Write an order into an address' query; the usual one is not named.
 * @param {URLSearchParams} query
 * @param {Order} order */
export function writeOrder(query, { column, ascending }) {
  query.delete("sort");
  query.delete("order");
  if (column === USUAL.column && ascending === USUAL.ascending) return;
  query.set("sort", column);
  if (ascending) query.set("order", "asc");
}

/** The order after a click on a column: names begin with A, figures with the greatest; once more is the other end.
 * @param {Order} order
 * @param {string} column
 * @returns {Order} */
export const clicked = (order, column) => ({ column, ascending: order.column === column ? !order.ascending : column === "item" });

/** Rows in order; unknown values come last at either end, and what is equal stays as it was.
 * @template Row
 * @param {Row[]} rows
 * @param {(row: Row) => string | undefined} value as text, empty where unknown
 * @param {Order} order
 * @returns {Row[]} */
export function ordered(rows, value, { column, ascending }) {
  const known = rows.flatMap((row) => {
    const text = value(row);
    return text ? [{ row, text }] : [];
  });
  known.sort((one, other) => (ascending ? 1 : -1) * (column === "item" ? one.text.localeCompare(other.text, "en") : Number(one.text) - Number(other.text)));
  return [...known.map(({ row }) => row), ...rows.filter((row) => !value(row))];
}
