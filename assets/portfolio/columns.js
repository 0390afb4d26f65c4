/* Which column of a file means what: chosen by the server where it can tell, by the reader where not. */
import { el } from "../ui/elements.js";

/** Our columns, as the reader knows them. @type {[string, string][]} */
const OURS = [["date", "Date"], ["type", "Type"], ["item", "Item"], ["quantity", "Quantity"], ["price", "Price each"], ["fee", "Fee"], ["currency", "Currency"], ["note", "Note"], ["reference", "Reference"]];
const KINDS = [["", "Not said"], ["buy", "Purchases"], ["sell", "Sales"], ["drop", "Drops"]];

let made = 0;

/** @param {string} label @param {HTMLElement} control */
function labelled(label, control) {
  control.id = `portfolio-column-${(made += 1)}`;
  return el("div", { class: "portfolio-column" }, el("label", { for: control.id, text: label }), control);
}

/** Selects for each of our columns, what all lines are where none says it, and the currency of those that name none.
 * @param {Api.Columns} found @param {Api.Layout} layout what the reader said so far
 * @param {(layout: Api.Layout) => void} changed */
export function columns(found, layout, changed) {
  /** @param {[string, string]} column */
  const choice = ([name, text]) => {
    const value = layout.columns[name] ?? found.chosen[name] ?? "";
    const options = ["", ...found.headers].map((header) => el("option", { value: header, selected: header === value, text: header || "\u2013" }));
    /** @type {HTMLSelectElement} */
    const select = el("select", { class: "portfolio-input", "aria-invalid": found.missing.includes(name) ? "true" : null, change: () => changed({ ...layout, columns: { ...layout.columns, [name]: select.value } }) }, options);
    return labelled(text, select);
  };
  /** @type {HTMLSelectElement} */
  const kind = el("select", { class: "portfolio-input", change: () => changed({ ...layout, kind: kind.value }) }, KINDS.map(([value, text]) => el("option", { value, text, selected: value === (layout.kind || found.kind || "") })));
  /** @type {HTMLInputElement} */
  const currency = el("input", { class: "portfolio-input portfolio-code", maxlength: "3", spellcheck: "false", autocomplete: "off", placeholder: "USD", value: layout.currency, change: () => /^([A-Za-z]{3})?$/.test(currency.value) && changed({ ...layout, currency: currency.value.toUpperCase() }) });
  const missing = found.missing.map((name) => OURS.find(([ours]) => ours === name)?.[1]).join(", ");
  const words = missing ? `Choose the columns of: ${missing}.` : found.program ? `The columns of ${found.program} are known.` : "What each column of the file means";
  const grid = el("div", { class: "portfolio-columns-of-file" }, OURS.map(choice), labelled("Lines without a type are", kind), labelled("Currency where none is named", currency));
  return el("details", { class: "behind", open: Boolean(missing) }, el("summary", { text: words }), grid);
}
