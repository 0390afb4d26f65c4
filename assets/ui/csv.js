/* CSV made in the browser, by the rule of app/spreadsheet.py: text that a spreadsheet would run is guarded, numbers stay. */

const RUNS = /^['=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/; // OWASP, CSV Injection; and the guard itself
const MARK = "\ufeff"; // says that the file is UTF-8

/** @param {unknown} value @param {string} separator */
function cell(value, separator) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "string") return String(value);
  const text = RUNS.test(value) ? `'${value}` : value;
  return text.includes(separator) || /["\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Rows of cells as lines; the header first.
 * @param {unknown[][]} rows */
export const csvLines = (rows, separator = ",") => rows.map((row) => row.map((value) => cell(value, separator)).join(separator));

/** A file for spreadsheets.
 * @param {unknown[][]} rows */
export const csvFile = (rows) => new Blob([MARK, ...csvLines(rows).map((line) => `${line}\r\n`)], { type: "text/csv" });
