/* Fields of the portfolio's forms.

   field(label, input, hint): {element, input, fail(message), clear()}: a labelled input with room for what is wrong with it.
   itemField(label, suggest): the same for an item's name, with suggestions by keyboard and pointer; `suggest(text)` promises
   rows {id, market_hash_name, …}; chosen() is the row whose name stands in the input, or null.
   minorUnits(text, currency): an amount in minor units, or an Error that says what is wrong; typed(amount, currency): the text of one. */
import * as api from "../ui/api.js";
import { closest, el, find } from "../ui/elements.js";
import { parseAmount, writeAmount } from "./amounts.js";

const WAIT_MS = 150;
const SHOWN = 8;
let made = 0;

/** @typedef {HTMLInputElement | HTMLSelectElement} Control */
/** A row of an item, as it is found or held.
 * @typedef {{id?: number, item_id?: number | null, market_hash_name: string}} Found */
/** A labelled input.
 * @template {Control} [Input=HTMLInputElement]
 * @typedef {{element: HTMLElement, input: Input, fail(message: string): void, clear(): void}} Field */
/** @typedef {Field & {chosen(): Found | null, find(): Promise<Found | null>}} ItemField */

/** @param {string} name */
const unique = (name) => `portfolio-field-${name}-${(made += 1)}`;

/** @template {HTMLInputElement | HTMLSelectElement} Input
 * @param {string} label
 * @param {Input} input
 * @param {string | null} hint
 * @returns {Field<Input>} */
export function field(label, input, hint = null) {
  const id = input.id || (input.id = unique("input"));
  const wrong = el("span", { class: "portfolio-wrong", id: `${id}-wrong`, hidden: true });
  const help = hint && el("span", { class: "portfolio-hint", id: `${id}-hint`, text: hint });
  const describe = (/** @type {boolean} */ more) => [hint && `${id}-hint`, more && `${id}-wrong`].filter(Boolean).join(" ");
  input.classList.add("portfolio-input");
  if (hint) input.setAttribute("aria-describedby", describe(false));
  const element = el("div", { class: "portfolio-entry-field" }, el("label", { for: id, text: label }), input, help, wrong);
  const self = {
    element,
    input,
    fail(/** @type {string} */ message) {
      wrong.textContent = message;
      wrong.hidden = false;
      input.setAttribute("aria-invalid", "true");
      input.setAttribute("aria-describedby", describe(true));
    },
    clear() {
      wrong.hidden = true;
      input.removeAttribute("aria-invalid");
      if (hint) input.setAttribute("aria-describedby", describe(false));
      else input.removeAttribute("aria-describedby");
    },
  };
  input.addEventListener("input", self.clear);
  return self;
}

/** @param {string} text @returns {Promise<Found[]>} */
async function items(text) {
  const query = new URLSearchParams({ search: text, sort: "-price", limit: String(SHOWN) });
  const answer = await api.call("GET", `/api/v1/items?${query}`);
  return answer.ok ? answer.data : [];
}

/** The list under an item's input: what is in it, and which entry is chosen. */
class Suggestions {
  /** @type {Found[]} */
  rows = [];
  at = -1;
  asked = 0;

  /** @param {HTMLInputElement} input @param {(text: string) => Promise<Found[]>} suggest @param {(row: Found) => void} pick */
  constructor(input, suggest, pick) {
    this.list = el("ul", { class: "portfolio-options", id: `${input.id}-list`, role: "listbox", "aria-label": "Items found", hidden: true });
    this.input = input;
    this.suggest = suggest;
    this.pick = pick;
    input.setAttribute("aria-controls", this.list.id);
    this.list.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // the input keeps the focus
      const option = closest(event, "[role=option]");
      if (option) this.take(Number(option.dataset.at));
    });
  }

  close() {
    this.asked += 1;
    this.list.hidden = true;
    this.at = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  async look() {
    const text = this.input.value.trim();
    const mine = (this.asked += 1);
    const rows = await this.suggest(text);
    if (mine !== this.asked || document.activeElement !== this.input) return;
    this.rows = rows.slice(0, SHOWN);
    this.at = -1;
    const option = (/** @type {Found} */ row, /** @type {number} */ at) =>
      el("li", { role: "option", id: `${this.list.id}-${at}`, "data-at": at, "aria-selected": "false", class: "portfolio-option", text: row.market_hash_name });
    this.list.replaceChildren(...this.rows.map(option));
    this.list.hidden = !this.rows.length;
    this.input.setAttribute("aria-expanded", String(!this.list.hidden));
    this.input.removeAttribute("aria-activedescendant");
  }

  /** @param {number} by */
  step(by) {
    if (this.list.hidden) return;
    this.at = (this.at + by + this.rows.length + (this.at < 0 && by < 0 ? 1 : 0)) % this.rows.length;
    [...this.list.children].forEach((option, at) => option.setAttribute("aria-selected", String(at === this.at)));
    this.list.children[this.at].scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", this.list.children[this.at].id);
  }

  /** @param {number} at */
  take(at) {
    const row = this.rows[at];
    this.input.value = row.market_hash_name;
    this.close();
    this.pick(row);
  }
}

const COMBOBOX = { type: "text", role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", autocomplete: "off", spellcheck: "false", maxlength: "300" };

/** @param {string} label @returns {ItemField} */
export function itemField(label, suggest = items) {
  const input = el("input", { ...COMBOBOX, id: unique("item"), placeholder: "Name, finish, wear or pair" });
  /** @type {Found | null} */
  let row = null;
  let timer = 0;
  const self = field(label, input);
  const pick = (/** @type {Found} */ found) => {
    row = found;
    self.clear();
    input.dispatchEvent(new CustomEvent("picked", { bubbles: true }));
  };
  const list = new Suggestions(input, suggest, pick);
  input.after(list.list);
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => list.look(), WAIT_MS);
  };
  input.addEventListener("input", () => {
    row = null;
    if (input.value.trim()) soon();
    else list.close();
  });
  input.addEventListener("blur", () => list.close());
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.list.hidden) list.look();
      else list.step(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && !list.list.hidden && list.at >= 0) {
      event.preventDefault();
      list.take(list.at);
    } else if (event.key === "Escape" && !list.list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      list.close();
    }
  });
  const chosen = () => (row && row.market_hash_name === input.value ? row : null);
  /** The row of exactly the name in the input, asked for where none was picked. */
  const found = async () => {
    const name = input.value.trim();
    return chosen() || (name && (await suggest(name)).find((one) => one.market_hash_name === name)) || null;
  };
  return Object.assign(self, { chosen, find: found });
}

/** @param {string} currency @returns {number} */
const decimalsOf = (currency) => JSON.parse(String(find(document, "#portfolio-transactions").dataset.decimals))[currency] ?? 2;

/** An amount in minor units, or an Error that says what is wrong with it.
 * @param {string} text
 * @param {string} currency
 * @returns {number | Error} */
export function minorUnits(text, currency) {
  return parseAmount(text, currency, decimalsOf(currency));
}

/** An amount of minor units as it is typed.
 * @param {number} amount @param {string} currency */
export const typed = (amount, currency) => writeAmount(amount, decimalsOf(currency));

/** @param {string} currency */
export const unitOf = (currency) => ({ scale: 10 ** decimalsOf(currency), currency });

/** A route of the chosen portfolio's.
 * @param {string} path @param {number | null | undefined} chosen @param {Record<string, string>} query */
export function portfolioRoute(path, chosen, query = {}) {
  const all = new URLSearchParams(query);
  if (chosen !== null && chosen !== undefined) all.set("portfolio_id", String(chosen));
  const text = all.toString();
  return `/api/v1${path}${text ? `?${text}` : ""}`;
}

