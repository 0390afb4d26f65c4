/* What an import would do, in parts of the dialog of files.

   counts(found): how many are new, there already, of an unknown name, refused. names(names, accept): names that were taken for
   an item's, and those that nobody quotes, near ones to accept by a click. known(found, again, repeat): lines that are there. */
import { el } from "../ui/elements.js";
import { formatCount, formatCounted } from "../ui/format.js";

const SHOWN = 12;

/** @param {number[]} lines */
const at = (lines) => `${lines.length === 1 ? "line" : "lines"} ${lines.slice(0, SHOWN).join(", ")}${lines.length > SHOWN ? ` and ${lines.length - SHOWN} more` : ""}`;

/** @param {Api.FilePreview} found */
export function counts(found) {
  const unknown = found.names?.unknown || [];
  const near = unknown.filter((one) => one.near.length).length;
  /** @type {[string, number][]} */
  const figures = [
    ["new", found.new],
    ["there already", found.known],
    ["a name spelled nearly like an item\u2019s", near],
    ["a name that nobody quotes", unknown.length - near],
    ["refused", (found.bad_lines || []).length],
  ];
  const shown = figures.filter(([name, value]) => value || name === "new");
  return el("ul", { class: "portfolio-counts", "aria-label": "What the import would do" }, shown.map(([name, value]) => el("li", {}, el("strong", { text: formatCount(value) }), ` ${name}`)));
}

/** @param {Api.UnknownName} one @param {(name: string, own: string) => void} accept */
function unknown(one, accept) {
  const offer = (/** @type {string} */ own) => el("button", { type: "button", class: "button", text: own, click: () => accept(one.name, own) });
  const words = one.near.length ? "did you mean" : "nobody quotes an item of this name, so that it will have no price";
  return el("li", {}, el("strong", { text: one.name }), ` (${at(one.lines)}): ${words}`, one.near.length ? el("span", { class: "portfolio-offers" }, one.near.map(offer)) : null);
}

/** @param {Api.Names} found @param {(name: string, own: string) => void} accept */
export function names(found, accept) {
  const parts = [];
  if (found.unknown.length) parts.push(el("p", { class: "portfolio-note", text: "Names that no item has; they are imported as they stand unless you choose another:" }), el("ul", { class: "portfolio-names" }, found.unknown.slice(0, SHOWN).map((one) => unknown(one, accept))));
  if (found.unknown.length > SHOWN) parts.push(el("p", { class: "muted", text: `${formatCounted(found.unknown.length - SHOWN, "other name", "other names")} not shown.` }));
  const renamed = found.renamed.slice(0, SHOWN).map((one) => el("li", {}, one.from, " \u2192 ", el("strong", { text: one.to }), ` (${at(one.lines)})`));
  if (renamed.length) parts.push(el("details", { class: "behind" }, el("summary", { text: `${formatCounted(found.renamed.length, "name is", "names are")} taken for an item\u2019s` }), el("ul", { class: "portfolio-names" }, renamed)));
  return parts;
}

/** @param {Api.CsvPreview} found @param {boolean} again @param {(again: boolean) => void} repeat */
export function known(found, again, repeat) {
  if (!found.known && !again) return [];
  /** @type {HTMLInputElement} */
  const box = el("input", { type: "checkbox", id: "portfolio-again", checked: again, change: () => repeat(box.checked) });
  const words = found.known ? [el("p", { class: "portfolio-note", text: `There already, and left out: ${at(found.known_lines)}.` })] : [];
  return [...words, el("label", { class: "portfolio-again", for: "portfolio-again" }, box, " Import them once more all the same")];
}

