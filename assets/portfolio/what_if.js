/* The tab that tries a change (components/portfolio/what_if.py): which items come and go, and value and risk before and after. */
import * as api from "../ui/api.js";
import { clientside } from "../ui/dash.js";
import { el, find, icon } from "../ui/elements.js";
import { formatCount, formatCounted, formatPercent, money } from "../ui/format.js";
import { field, itemField, portfolioRoute, unitOf } from "./fields.js";
import { gain, unknown } from "./figures.js";

const ROOT = "portfolio-what-if";
const MODES = [["add", "Add"], ["remove", "Remove"], ["swap", "Swap"]];
const MOST = 200; // what the server takes
/** @typedef {import("./fields.js").Field} Field */
/** One side of a change: which item, and how many.
 * @typedef {{item: import("./fields.js").ItemField, quantity: Field}} Leg */
/** Items held and tried changes by the item's id.
 * @type {{portfolio: number | null, currency: string, held: Map<number, Api.Holding>, changes: Map<number, {name: string, by: number}>, mode: string, asked: number}} */
const state = { portfolio: null, currency: "USD", held: new Map(), changes: new Map(), mode: "add", asked: 0 };
/** @type {{out: Leg | null, in: Leg | null}} */
let form = { out: null, in: null };

/** @param {string} name */
const part = (name) => find(document, `#${ROOT} [data-part="${name}"]`);
/** @param {string} path */
const route = (path) => portfolioRoute(path, state.portfolio);
/** @param {number} id */
const heldOf = (id) => state.held.get(id)?.quantity || 0;
/** @param {number} id */
const leftOf = (id) => heldOf(id) + (state.changes.get(id)?.by || 0);

/** Items held, of whose names all words of a text are part.
 * @param {string} text */
async function owned(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return [...state.held.values()].filter((row) => words.every((word) => row.market_hash_name.toLowerCase().includes(word)));
}

const quantity = () => field("Quantity", el("input", { type: "text", inputmode: "numeric", autocomplete: "off", value: "1" }));

function drawForm() {
  const radio = (/** @type {string[]} */ [value, text]) => {
    const input = el("input", { type: "radio", name: "what-if-mode", value, checked: value === state.mode });
    input.addEventListener("change", () => {
      state.mode = value;
      drawForm();
      find(document, `#${ROOT} [name=what-if-mode]:checked`).focus();
    });
    return el("label", { class: "portfolio-mode" }, input, el("span", { text }));
  };
  const [adds, removes] = [state.mode !== "remove", state.mode !== "add"];
  form = {
    out: removes ? { item: itemField(adds ? "Give away" : "Item you hold", owned), quantity: quantity() } : null,
    in: adds ? { item: itemField(removes ? "Receive" : "Item"), quantity: quantity() } : null,
  };
  const legs = [form.out, form.in].filter((leg) => leg !== null).map((leg) => el("div", { class: "portfolio-try" }, leg.item.element, leg.quantity.element));
  const button = el("button", { type: "submit", class: "button button-filled", text: "Try it" });
  const reset = el("button", { type: "button", class: "button", text: "Reset", disabled: !state.changes.size, "data-reset": true, click: clear });
  const modes = el("fieldset", { class: "portfolio-modes" }, el("legend", { class: "portfolio-hidden", text: "What to try" }), MODES.map(radio));
  part("form").replaceChildren(el("form", { class: "portfolio-entry-form", novalidate: true, "aria-label": "Try a change", submit }, modes, legs, el("div", { class: "portfolio-form-foot" }, button, reset)));
}

/** One side of the change as {row, by}; null where a field says what is wrong.
 * @param {Leg} leg @param {1 | -1} sign */
async function read(leg, sign) {
  const fail = (/** @type {Field} */ one, /** @type {string} */ message) => {
    one.fail(message);
    one.input.focus();
    return null;
  };
  const row = await leg.item.find();
  if (!row) return fail(leg.item, leg.item.input.value.trim() ? "Choose an item from the list." : "Which item?");
  const text = leg.quantity.input.value.trim();
  const count = Number(text);
  if (!text || !Number.isSafeInteger(count) || count < 1 || count > 1e9) return fail(leg.quantity, "A whole number from 1 up.");
  const id = Number(row.item_id ?? row.id);
  if (sign < 0 && count > leftOf(id)) return fail(leg.quantity, leftOf(id) ? `Only ${formatCount(leftOf(id))} left to take away.` : "None of them is left.");
  return { id, name: row.market_hash_name, by: sign * count };
}

/** @param {SubmitEvent} event */
async function submit(event) {
  event.preventDefault();
  const mine = form;
  /** @type {[Leg | null, 1 | -1][]} */
  const sides = [[mine.out, -1], [mine.in, 1]];
  const found = [];
  for (const [leg, sign] of sides) {
    const one = leg && (await read(leg, sign));
    if (leg && !one) return;
    if (one) found.push(one);
  }
  if (mine !== form) return;
  const fresh = found.filter((one) => !state.changes.has(one.id)).length;
  if (state.changes.size + fresh > MOST) {
    api.say(`At most ${MOST} items can change at once.`, false);
    return;
  }
  for (const { id, name, by } of found) set(id, name, (state.changes.get(id)?.by || 0) + by);
  drawForm();
  (form.out || form.in)?.item.input.focus();
  run();
}

/** @param {number} id @param {string} name @param {number} by */
function set(id, name, by) {
  if (by) state.changes.set(id, { name, by });
  else state.changes.delete(id);
}

function clear() {
  state.changes.clear();
  drawForm();
  run();
  find(document, `#${ROOT} [name=what-if-mode]:checked`).focus();
}

/** @param {number} id @param {{name: string, by: number}} one */
function change(id, { name, by }) {
  /** @param {string} text @param {string} label @param {1 | -1} more */
  const step = (text, label, more) => {
    const off = more < 0 && leftOf(id) <= 0;
    return el("button", { type: "button", class: "portfolio-step", "aria-label": `${label} ${name}`, "data-step": `${id} ${more}`, disabled: off, text, click: () => {
      set(id, name, by + more);
      run();
      document.querySelector(`#${ROOT} [data-step="${id} ${more}"]`)?.focus();
    } });
  };
  const remove = el("button", { type: "button", class: "portfolio-quiet", "aria-label": `Leave ${name} as it is`, text: "Undo", click: () => {
    state.changes.delete(id);
    run();
    (form.out || form.in)?.item.input.focus();
  } });
  const sign = by > 0 ? "+" : "\u2212";
  const held = `${formatCount(heldOf(id))} held, ${formatCount(leftOf(id))} after`;
  return el("li", {}, el("span", { class: "portfolio-change-name" }, name, el("span", { class: "muted", text: held })),
    el("span", { class: "portfolio-steps" }, step("\u2212", "One less of", -1), el("b", { class: `figure ${by > 0 ? "up" : "down"}`, text: `${sign}${formatCount(Math.abs(by))}` }), step("+", "One more of", 1)), remove);
}

function drawChanges() {
  const rows = [...state.changes].map(([id, one]) => change(id, one));
  part("changes").replaceChildren(...(rows.length ? [el("ul", { class: "portfolio-changes", "aria-label": "Changes tried" }, rows)] : []));
  find(part("form"), "[data-reset]").toggleAttribute("disabled", !rows.length);
}

// The answer

/** @param {number} value */
const percent = (value) => formatPercent(value, 2);
/** @param {number} value */
const plain = (value) => value.toFixed(2).replace("-", "\u2212");
/** @type {[Exclude<keyof Api.Risk, "unpriced" | "days">, string, (value: number) => string][]} */
const FIGURES = [
  ["volatility", "Volatility a day", percent], ["yearly_volatility", "Volatility a year", percent], ["value_at_risk", "Value at risk, 95 %", percent],
  ["expected_shortfall", "Expected shortfall", percent], ["max_drawdown", "Largest fall", percent], ["beta", "Beta", plain], ["diversification", "Diversification", plain],
];

/** How a figure of risk changes: an arrow and a sign, no colour, for more is neither good nor bad.
 * @param {number | null} before @param {number | null} after @param {(value: number) => string} write */
function moved(before, after, write) {
  if (before === null || after === null) return unknown("unknown before or after");
  const text = write(Math.abs(after - before));
  const arrow = text === write(0) ? "" : after > before ? "\u25b2 +" : "\u25bc \u2212";
  const unit = write === percent ? text.replace("%", "pp") : text;
  return el("span", { class: "figure neutral", text: `${arrow}${unit}` });
}

/** @param {string} name @param {Child[]} cells */
function line(name, cells) {
  // Roles are said, for on phones the rows are no table's rows to the browser.
  return el("tr", { role: "row" }, el("th", { scope: "row", role: "rowheader", text: name }), cells.map((cell) => el("td", { role: "cell" }, cell)));
}

/** @param {Api.WhatIf} answer */
function result({ before, after }) {
  const unit = unitOf(state.currency);
  const why = "needs price histories of at least 20 common days";
  /** @param {number | null} value @param {(value: number) => string} write */
  const figure = (value, write) => (value === null ? unknown(why) : el("span", { class: "figure", text: write(value) }));
  const worth = (/** @type {number | null} */ value) => el("span", { class: "figure", text: money(value, unit) });
  const gained = before.total_value === null || after.total_value === null ? null : after.total_value - before.total_value;
  const more = gain(gained, unit, "nothing has a price before or after");
  const rows = [line("Value", [worth(before.total_value), worth(after.total_value), more])];
  for (const [key, name, write] of FIGURES) rows.push(line(name, [figure(before[key], write), figure(after[key], write), moved(before[key], after[key], write)]));
  const column = (/** @type {string} */ text) => (text ? el("th", { scope: "col", role: "columnheader", text }) : el("td", { role: "cell" }));
  const head = el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ["", "Before", "After", "Change"].map(column)));
  const named = { class: "plain-table portfolio-compare", role: "table", "aria-label": "Value and risk before and after" };
  const parts = [el("table", named, head, el("tbody", { role: "rowgroup" }, rows))];
  const words = [`Risk from ${formatCount(before.days)} daily returns before and ${formatCount(after.days)} after.`];
  if (after.unpriced) words.push(`${formatCounted(after.unpriced, "item without a price is", "items without a price are")} not counted.`);
  return [...parts, el("p", { class: "muted portfolio-basis", text: words.join(" ") })];
}

/** @param {string} title @param {string} text @param {HTMLElement | null} again @param {string | null} role */
function notice(title, text, again = null, role = null) {
  return el("div", { class: "state state-empty", role }, icon(again ? "alert" : "portfolio", 28), el("p", { class: "state-title", text: title }), el("div", { class: "state-text", text }), again && el("div", { class: "state-action" }, again));
}

/** @param {() => void} click */
const retry = (click) => el("button", { type: "button", class: "button", text: "Try again", click });

async function run() {
  drawChanges();
  const mine = (state.asked += 1);
  const place = part("result");
  if (!state.changes.size) {
    place.removeAttribute("aria-busy");
    place.replaceChildren(notice("Nothing tried yet", "Choose an item above, and see value and risk before and after."));
    return;
  }
  place.setAttribute("aria-busy", "true");
  const changes = [...state.changes].map(([item_id, { by }]) => ({ item_id, quantity: by }));
  /** @type {Api.Answer<Api.WhatIf>} */
  const answer = await api.call("POST", route("/portfolio/what-if"), { changes });
  if (mine !== state.asked || !place.isConnected) return;
  place.removeAttribute("aria-busy");
  place.replaceChildren(...(answer.ok ? result(answer.data) : [notice("This cannot be tried right now", answer.data.error, retry(run), "alert")]));
}

async function load() {
  const chosen = state.portfolio;
  /** @type {Api.Answer<Api.Held>} */
  const answer = await api.call("GET", route("/portfolio"));
  if (chosen !== state.portfolio || !part("form")) return;
  if (!answer.ok) {
    part("result").replaceChildren(notice("What you hold cannot be read right now", answer.data.error, retry(load), "alert"));
    return;
  }
  state.currency = answer.data.currency;
  state.held = new Map(answer.data.holdings.filter((row) => row.item_id && row.marketable && row.quantity > 0).map((row) => [Number(row.item_id), row]));
  for (const id of [...state.changes.keys()]) if (leftOf(id) < 0) state.changes.delete(id); // sold meanwhile
  if (!part("form").firstChild) drawForm();
  run();
}

clientside.portfolioWhatIf = {
  /** @param {string} tab @param {number} version @param {number | null} portfolio */
  show(tab, version, portfolio) {
    if (tab !== "what-if" || !part("form")) return clientside.no_update;
    if (portfolio !== state.portfolio || !part("form").firstChild) {
      Object.assign(state, { portfolio, mode: "add", held: new Map() });
      state.changes.clear();
      part("form").replaceChildren();
    }
    load();
    return clientside.no_update;
  },
};
