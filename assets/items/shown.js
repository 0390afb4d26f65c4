/* What the grid shows as a table for spreadsheets, by the heads and units of components/items/shown.py. */

const SHARE_DIGITS = 6;

/** @param {Api.ScreenerRow} row @param {ShownPart} part */
function cell(row, { field, kind }) {
  const value = row[field];
  if (value === null || kind === "plain") return value;
  if (kind === "money") return Number(value) / row.scale;
  if (kind === "share") return Number((100 * Number(value)).toFixed(SHARE_DIGITS));
  return new Date(Number(value)).toISOString().replace(/\.\d+Z$/, "Z");
}

/** The head, and a line a row; `columns` in their order, the item's name first.
 * @param {Api.ScreenerRow[]} rows
 * @param {ShownPart[][]} columns what each of them is made of
 * @param {string} window_ of the measures
 * @returns {unknown[][]} */
export function shownTable(rows, columns, window_) {
  const parts = columns.flat().filter((part, at, all) => all.findIndex(({ head }) => head === part.head) === at);
  return [parts.map(({ head }) => head.replace("{window}", window_)), ...rows.map((row) => parts.map((part) => cell(row, part)))];
}
