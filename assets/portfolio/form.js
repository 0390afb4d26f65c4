/* The form that adds a transaction, or a trade of several items at once, and changes one. */
import * as api from "../ui/api.js";
import { el, find } from "../ui/elements.js";
import { money } from "../ui/format.js";
import { part, route, shown } from "./entries.js";
import { field, itemField, minorUnits, typed, unitOf } from "./fields.js";

const KINDS = [["buy", "Buy"], ["sell", "Sell"], ["drop", "Drop"], ["trade", "Trade"], ["fee", "Fee"]];
/** @type {Record<string, string>} */
const PRICE = { buy: "Price each", sell: "Price each", trade: "Value each", fee: "Amount" };
/** @type {Record<string, string>} */
const HINTS = {
  buy: "What you paid. A fee belongs to the cost.",
  sell: "What the buyer paid. A fee lowers what you got.",
  drop: "Something you got for nothing.",
  trade: "Everything that you gave and received in one trade, each at the value agreed on.",
  fee: "A cost that belongs to no item, such as a subscription.",
};
const MOST_LEGS = 20;
/** @template {import("./fields.js").Control} [Input=HTMLInputElement]
 * @typedef {import("./fields.js").Field<Input>} Field */
/** @typedef {Pick<Field<import("./fields.js").Control>, "input" | "fail">} Failing */
/** One item of the transaction; it has the fields that its kind needs.
 * @typedef {{element: HTMLElement, side: Field<HTMLSelectElement> | null, item: import("./fields.js").ItemField | null, quantity: Field | null, price: Field | null}} Leg */
/** @typedef {{kind: Field<HTMLSelectElement>, date: Field, currency: Field, fee: Field, note: Field, place: HTMLElement, hint: HTMLElement,
 *   sum: HTMLElement, alert: HTMLElement, more: HTMLElement, save: HTMLElement, legs: Leg[], given: Api.Transaction | null, changes: boolean}} Form
 * `given` is the transaction that it began with; what it `changes` takes its place, else it is copied. */
/** What is open.
 * @type {Form | null} */
let form = null;
/** The form, while it is open. */
const opened = () => /** @type {Form} */ (form);

/** @param {string[][]} options */
const select = (options) => el("select", {}, options.map(([value, text]) => el("option", { value, text })));
/** @param {Attributes} attributes */
const entry = (attributes) => el("input", { type: "text", autocomplete: "off", ...attributes });
/** @param {Attributes} attributes */
const number = (attributes) => entry({ inputmode: "decimal", ...attributes });

/** A moment as an input of date and time wants it: in the reader's zone. */
function local(time = new Date()) {
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** @param {Api.Transaction | null} given */
function dateField(given) {
  if (given && !given.timed) return field("Date", el("input", { type: "date", value: given.time.slice(0, 10), max: "2199-12-31" }), "The time of day is not known");
  return field("Date", el("input", { type: "datetime-local", value: local(given ? new Date(given.time) : undefined), max: "2199-12-31T23:59" }), "In your time zone");
}

/** The moment that is entered, null where none is; one that was not touched keeps its seconds. */
function timeOf() {
  const { given, date } = opened();
  const { type, value, defaultValue } = date.input;
  if (given && value === defaultValue) return given.time;
  if (type === "date") return value ? `${value}T00:00:00Z` : null;
  const time = new Date(value);
  return Number.isNaN(time.getTime()) ? null : time.toISOString();
}

/** One item of the transaction.
 * @param {Api.TransactionKind} kind @param {number} at */
function makeLeg(kind, at) {
  const element = el("fieldset", { class: "portfolio-leg" }, el("legend", { class: "portfolio-hidden", text: kind === "trade" ? `Item ${at + 1}` : "What" }));
  const leg = {
    element,
    side: kind === "trade" ? field("Direction", select([["in", "Received"], ["out", "Given"]])) : null,
    item: kind === "fee" ? null : itemField("Item"),
    quantity: kind === "fee" ? null : field("Quantity", number({ inputmode: "numeric", value: "1" })),
    price: kind === "drop" ? null : field(PRICE[kind], number({ placeholder: "0.00" })),
  };
  const fields = [leg.side, leg.item, leg.quantity, leg.price];
  element.append(...fields.flatMap((one) => (one ? [one.element] : [])));
  return leg;
}

/** The kind that is chosen. */
const kindOf = () => /** @type {Api.TransactionKind} */ (opened().kind.input.value);

function draw() {
  const kind = kindOf();
  opened().hint.textContent = HINTS[kind];
  opened().fee.element.hidden = kind === "drop" || kind === "fee";
  opened().legs = [makeLeg(kind, 0)];
  opened().place.replaceChildren(opened().legs[0].element);
  opened().more.hidden = kind !== "trade" || opened().changes;
  if (kind === "trade" && !opened().given) addLeg("out");
  sum();
}

/** @param {"in" | "out"} side */
function addLeg(side) {
  if (opened().legs.length >= MOST_LEGS) return;
  const leg = makeLeg("trade", opened().legs.length);
  if (leg.side) leg.side.input.value = side;
  const remove = el("button", { type: "button", class: "portfolio-quiet", "aria-label": `Remove item ${opened().legs.length + 1}`, text: "Remove" });
  remove.addEventListener("click", () => {
    opened().legs.splice(opened().legs.indexOf(leg), 1);
    leg.element.remove();
    opened().more.focus();
    sum();
  });
  leg.element.append(remove);
  opened().legs.push(leg);
  opened().place.append(leg.element);
}

/** What is entered, or null where a field says what is wrong. */
function read() {
  const kind = kindOf();
  const currency = opened().currency.input.value.trim().toUpperCase();
  /** Fields that are wrong.
   * @type {Failing[]} */
  const wrong = [];
  const fail = (/** @type {Failing} */ one, /** @type {string} */ message) => {
    one.fail(message);
    wrong.push(one);
    return 0;
  };
  if (!/^[A-Z]{3}$/.test(currency)) fail(opened().currency, "A code of three letters, such as USD.");
  const time = timeOf();
  if (!time) fail(opened().date, "Choose a day and a time.");
  const timed = opened().date.input.type !== "date";
  /** @param {Field | null} one @param {boolean} [empty] */
  const amount = (one, empty) => {
    if (!one || (empty && !one.input.value.trim())) return 0;
    const value = minorUnits(one.input.value, currency);
    return value instanceof Error ? fail(one, value.message) : value;
  };
  const fee = kind === "drop" || kind === "fee" ? 0 : amount(opened().fee, true);
  const transactions = opened().legs.map((leg, at) => {
    const name = leg.item ? leg.item.input.value.trim() : null;
    if (leg.item && !name) fail(leg.item, "Which item?");
    const count = leg.quantity ? Number(leg.quantity.input.value.trim()) : 0;
    if (leg.quantity && !(Number.isSafeInteger(count) && count > 0 && leg.quantity.input.value.trim())) fail(leg.quantity, "A whole number from 1 up; fractions of a unit cannot be recorded.");
    const quantity = leg.side?.input.value === "out" ? -count : count;
    const note = opened().note.input.value.trim();
    return { time, timed, kind, market_hash_name: name, quantity, price: amount(leg.price), fee: at ? 0 : fee, currency, note };
  });
  wrong[0]?.input.focus();
  return wrong.length ? null : transactions;
}

/** "transactions.1.price: …" to the field it is about; what has none stands at the opened().
 * @param {string} message */
function blame(message) {
  if (opened().changes) message = message.replace(/^(?=\w+: )/, "transactions.0.");
  const found = /^transactions\.(\d+)(?:\.(\w+))?: ([^]*)$/.exec(message);
  const leg = found && opened().legs[Number(found[1])];
  /** @type {Record<string, Failing | null | undefined>} */
  const by = { time: opened().date, currency: opened().currency, note: opened().note, fee: opened().fee, quantity: leg?.quantity, market_hash_name: leg?.item, price: leg?.price };
  const at = leg && (found[2] ? by[found[2]] : leg.quantity);
  if (!at) {
    say(message);
    return;
  }
  at.fail(found[3][0].toUpperCase() + found[3].slice(1));
  at.input.focus();
}

/** @param {string} message */
function say(message) {
  opened().alert.textContent = message;
  opened().alert.hidden = !message;
}

/** @param {SubmitEvent} event */
async function send(event) {
  event.preventDefault();
  say("");
  const transactions = read();
  if (!transactions || opened().save.getAttribute("aria-busy") === "true") return;
  opened().save.setAttribute("aria-busy", "true");
  const mine = opened();
  const { given, changes } = mine;
  const answer = await (given && changes
    ? api.call("PUT", route(`/portfolio/transactions/${given.id}`), { ...transactions[0], external_id: given.external_id })
    : api.call("POST", route("/portfolio/transactions"), { transactions }));
  mine.save.removeAttribute("aria-busy");
  if (mine !== form) return;
  if (!answer.ok) {
    blame(answer.data.error);
    return;
  }
  if (given) {
    close(true);
    api.say(changes ? "The transaction is changed." : "The copy is added.", true);
    api.changed();
    return;
  }
  api.say(transactions.length > 1 ? `A trade of ${transactions.length} items is added.` : "The transaction is added.", true);
  draw();
  opened().note.input.value = "";
  (opened().legs[0].item || opened().legs[0].price)?.input.focus();
  api.changed();
}

/** "2 × $4.50 + $0.15 fee = $9.15" while one types. */
function sum() {
  const kind = kindOf();
  const currency = opened().currency.input.value.trim().toUpperCase();
  const leg = opened().legs[0];
  const price = leg.price ? minorUnits(leg.price.input.value, currency) : null;
  const count = Number(leg.quantity?.input.value);
  const fee = opened().fee.input.value.trim() ? minorUnits(opened().fee.input.value, currency) : 0;
  opened().sum.textContent = "";
  if (kind !== "buy" && kind !== "sell") return;
  if (typeof price !== "number" || typeof fee !== "number" || !(count > 0) || !/^[A-Z]{3}$/.test(currency)) return;
  const unit = unitOf(currency);
  const sign = kind === "buy" ? 1 : -1;
  const fees = fee ? ` ${sign > 0 ? "+" : "\u2212"} ${money(fee, unit)} fee` : "";
  opened().sum.textContent = `${count} \u00d7 ${money(price, unit)}${fees} = ${money(count * price + sign * fee, unit)}`;
}

/** @param {string} currency @param {Api.Transaction | null} given @param {boolean} changes */
function make(currency, given, changes) {
  form = {
    kind: field("Type", select(KINDS)),
    date: dateField(given),
    currency: field("Currency", entry({ value: given?.currency || currency, maxlength: "3", spellcheck: "false", class: "portfolio-code" })),
    fee: field("Fee", number({ placeholder: "0.00", value: given?.fee ? typed(given.fee, given.currency) : "" })),
    note: field("Note", entry({ maxlength: "2000", value: given?.note || "" })),
    place: el("div", { class: "portfolio-legs" }),
    hint: el("p", { class: "portfolio-note" }),
    sum: el("span", { class: "portfolio-sum", "aria-live": "polite" }),
    alert: el("p", { class: "alert", role: "alert", hidden: true }),
    more: el("button", { type: "button", class: "button", text: "Another item", click: () => addLeg("in") }),
    save: el("button", { type: "submit", class: "button button-filled", text: changes ? "Save the change" : "Save" }),
    legs: [],
    given,
    changes,
  };
  const cancel = el("button", { type: "button", class: "button", text: "Close", click: () => close(true) });
  const common = [opened().kind, opened().date, opened().currency, opened().fee, opened().note].map((one) => one.element);
  const element = el(
    "form",
    { class: "portfolio-entry-form", novalidate: true, "aria-label": changes ? "Change a transaction" : "Add a transaction", submit: send, input: sum, picked: sum },
    opened().hint,
    el("div", { class: "portfolio-common" }, common),
    opened().place,
    opened().alert,
    el("div", { class: "portfolio-form-foot" }, opened().save, cancel, opened().more, opened().sum),
  );
  opened().kind.input.addEventListener("change", draw);
  part("form").replaceChildren(element);
  if (given) opened().kind.input.value = given.kind;
  draw();
  if (given) fill(given);
  (given ? opened().date : opened().kind).input.focus();
  element.scrollIntoView({ block: "nearest" });
}

/** The line of what is given.
 * @param {Api.Transaction} given */
function fill(given) {
  const [leg] = opened().legs;
  if (leg.side) leg.side.input.value = given.quantity < 0 ? "out" : "in";
  if (leg.item) leg.item.input.value = given.market_hash_name || "";
  if (leg.quantity) leg.quantity.input.value = String(Math.abs(given.quantity));
  if (leg.price) leg.price.input.value = typed(given.price, given.currency);
  sum();
}

const opener = () => find(document, "#portfolio-transactions [data-portfolio-add]");

/** The chosen portfolio's own currency. */
async function currencyOf() {
  /** @type {Api.Answer<Api.Portfolio[]>} */
  const answer = await api.call("GET", "/api/v1/portfolios");
  const chosen = shown.portfolio;
  const mine = answer.ok && answer.data.find((one) => (chosen ? one.id === chosen : one.includes_steam));
  return mine ? mine.currency : "USD";
}

export async function open() {
  if (form) return;
  opener().setAttribute("aria-expanded", "true");
  make(await currencyOf(), null, false);
}

/** @param {Api.Transaction} given */
export function change(given) {
  opener().setAttribute("aria-expanded", "true");
  make(given.currency, given, true);
}

/** @param {Api.Transaction} given */
export function copy(given) {
  opener().setAttribute("aria-expanded", "true");
  make(given.currency, given, false);
}

export function close(focus = false) {
  if (!form) return;
  form = null;
  part("form").replaceChildren();
  opener().setAttribute("aria-expanded", "false");
  if (focus) opener().focus();
}

export const toggle = () => (form ? close(true) : open());
