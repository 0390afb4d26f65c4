/* The form that adds a transaction, or a trade of several items at once. */
import * as api from "../ui/api.js";
import { el } from "../ui/elements.js";
import { money } from "../ui/format.js";
import { part, route, shown } from "./entries.js";
import { field, itemField, minorUnits, unitOf } from "./fields.js";

const KINDS = [["buy", "Buy"], ["sell", "Sell"], ["drop", "Drop"], ["trade", "Trade"], ["fee", "Fee"]];
const PRICE = { buy: "Price each", sell: "Price each", trade: "Value each", fee: "Amount" };
const HINTS = {
  buy: "What you paid. A fee belongs to the cost.",
  sell: "What the buyer paid. A fee lowers what you got.",
  drop: "Something you got for nothing.",
  trade: "Everything that you gave and received in one trade, each at the value agreed on.",
  fee: "A cost that belongs to no item, such as a subscription.",
};
const MOST_LEGS = 20;
let form = null; // what is open

const select = (options) => el("select", {}, options.map(([value, text]) => el("option", { value, text })));
const entry = (attributes) => el("input", { type: "text", autocomplete: "off", ...attributes });
const number = (attributes) => entry({ inputmode: "decimal", ...attributes });

/** Now, as an input of date and time wants it: in the reader's zone. */
function now() {
  const time = new Date();
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** One item of the transaction. */
function makeLeg(kind, at) {
  const leg = {
    side: kind === "trade" ? field("Direction", select([["in", "Received"], ["out", "Given"]])) : null,
    item: kind === "fee" ? null : itemField("Item"),
    quantity: kind === "fee" ? null : field("Quantity", number({ inputmode: "numeric", value: "1" })),
    price: kind === "drop" ? null : field(PRICE[kind], number({ placeholder: "0.00" })),
  };
  const parts = Object.values(leg).filter(Boolean).map((one) => one.element);
  leg.element = el("fieldset", { class: "portfolio-leg" }, el("legend", { class: "portfolio-hidden", text: kind === "trade" ? `Item ${at + 1}` : "What" }), parts);
  return leg;
}

function draw() {
  const kind = form.kind.input.value;
  form.hint.textContent = HINTS[kind];
  form.fee.element.hidden = kind === "drop" || kind === "fee";
  form.legs = [makeLeg(kind, 0)];
  form.place.replaceChildren(form.legs[0].element);
  form.more.hidden = kind !== "trade";
  if (kind === "trade") addLeg("out");
  sum();
}

function addLeg(side) {
  if (form.legs.length >= MOST_LEGS) return;
  const leg = makeLeg("trade", form.legs.length);
  leg.side.input.value = side;
  const remove = el("button", { type: "button", class: "portfolio-quiet", "aria-label": `Remove item ${form.legs.length + 1}`, text: "Remove" });
  remove.addEventListener("click", () => {
    form.legs.splice(form.legs.indexOf(leg), 1);
    leg.element.remove();
    form.more.focus();
    sum();
  });
  leg.element.append(remove);
  form.legs.push(leg);
  form.place.append(leg.element);
}

/** What is entered, or null where a field says what is wrong. */
function read() {
  const kind = form.kind.input.value;
  const currency = form.currency.input.value.trim().toUpperCase();
  /** @type {any} */
  let first = null; // the first field that is wrong
  const fail = (one, message) => {
    one.fail(message);
    first = first || one;
    return 0;
  };
  if (!/^[A-Z]{3}$/.test(currency)) fail(form.currency, "A code of three letters, such as USD.");
  const time = new Date(form.date.input.value);
  if (Number.isNaN(time.getTime())) fail(form.date, "Choose a day and a time.");
  const amount = (one, empty) => {
    if (!one || (empty && !one.input.value.trim())) return 0;
    const value = minorUnits(one.input.value, currency);
    return value instanceof Error ? fail(one, value.message) : value;
  };
  const fee = kind === "drop" || kind === "fee" ? 0 : amount(form.fee, true);
  const transactions = form.legs.map((leg, at) => {
    const name = leg.item ? leg.item.input.value.trim() : null;
    if (leg.item && !name) fail(leg.item, "Which item?");
    const count = leg.quantity ? Number(leg.quantity.input.value.trim()) : 0;
    if (leg.quantity && !(Number.isSafeInteger(count) && count > 0 && leg.quantity.input.value.trim())) fail(leg.quantity, "A whole number from 1 up.");
    const quantity = leg.side?.input.value === "out" ? -count : count;
    const note = form.note.input.value.trim();
    return { time: first ? "" : time.toISOString(), kind, market_hash_name: name, quantity, price: amount(leg.price), fee: at ? 0 : fee, currency, note };
  });
  first?.input.focus();
  return first ? null : transactions;
}

/** "transactions.1.price: …" to the field it is about; what has none stands at the form. */
function blame(message) {
  const found = /^transactions\.(\d+)(?:\.(\w+))?: ([^]*)$/.exec(message);
  const leg = found && form.legs[Number(found[1])];
  const by = { time: form.date, currency: form.currency, note: form.note, fee: form.fee, market_hash_name: leg?.item, price: leg?.price };
  const at = leg && (found[2] ? by[found[2]] : leg.quantity);
  if (!at) {
    say(message);
    return;
  }
  at.fail(found[3][0].toUpperCase() + found[3].slice(1));
  at.input.focus();
}

function say(message) {
  form.alert.textContent = message;
  form.alert.hidden = !message;
}

async function send(event) {
  event.preventDefault();
  say("");
  const transactions = read();
  if (!transactions || form.save.getAttribute("aria-busy") === "true") return;
  form.save.setAttribute("aria-busy", "true");
  const mine = form;
  const answer = await api.call("POST", route("/portfolio/transactions"), { transactions });
  mine.save.removeAttribute("aria-busy");
  if (mine !== form) return;
  if (!answer.ok) {
    blame(answer.data.error);
    return;
  }
  api.say(transactions.length > 1 ? `A trade of ${transactions.length} items is added.` : "The transaction is added.", true);
  draw();
  form.note.input.value = "";
  (form.legs[0].item || form.legs[0].price).input.focus();
  api.changed();
}

/** "2 × $4.50 + $0.15 fee = $9.15" while one types. */
function sum() {
  const kind = form.kind.input.value;
  const currency = form.currency.input.value.trim().toUpperCase();
  const leg = form.legs[0];
  const price = leg.price ? minorUnits(leg.price.input.value, currency) : null;
  const count = Number(leg.quantity?.input.value);
  const fee = form.fee.input.value.trim() ? minorUnits(form.fee.input.value, currency) : 0;
  form.sum.textContent = "";
  if (kind !== "buy" && kind !== "sell") return;
  if (typeof price !== "number" || typeof fee !== "number" || !(count > 0) || !/^[A-Z]{3}$/.test(currency)) return;
  const unit = unitOf(currency);
  const sign = kind === "buy" ? 1 : -1;
  const fees = fee ? ` ${sign > 0 ? "+" : "\u2212"} ${money(fee, unit)} fee` : "";
  form.sum.textContent = `${count} \u00d7 ${money(price, unit)}${fees} = ${money(count * price + sign * fee, unit)}`;
}

function make(currency) {
  form = {
    kind: field("Type", select(KINDS)),
    date: field("Date", el("input", { type: "datetime-local", value: now(), max: "2199-12-31T23:59" }), "In your time zone"),
    currency: field("Currency", entry({ value: currency, maxlength: "3", spellcheck: "false", class: "portfolio-code" })),
    fee: field("Fee", number({ placeholder: "0.00" })),
    note: field("Note", entry({ maxlength: "2000" })),
    place: el("div", { class: "portfolio-legs" }),
    hint: el("p", { class: "portfolio-note" }),
    sum: el("span", { class: "portfolio-sum", "aria-live": "polite" }),
    alert: el("p", { class: "alert", role: "alert", hidden: true }),
    more: el("button", { type: "button", class: "button", text: "Another item", click: () => addLeg("in") }),
    save: el("button", { type: "submit", class: "button button-filled", text: "Save" }),
  };
  const cancel = el("button", { type: "button", class: "button", text: "Close", click: () => close(true) });
  const common = [form.kind, form.date, form.currency, form.fee, form.note].map((one) => one.element);
  const element = el(
    "form",
    { class: "portfolio-entry-form", novalidate: true, "aria-label": "Add a transaction", submit: send, input: sum, picked: sum },
    form.hint,
    el("div", { class: "portfolio-common" }, common),
    form.place,
    form.alert,
    el("div", { class: "portfolio-form-foot" }, form.save, cancel, form.more, form.sum),
  );
  form.kind.input.addEventListener("change", draw);
  part("form").replaceChildren(element);
  draw();
  form.kind.input.focus();
}

const opener = () => document.querySelector("#portfolio-transactions [data-portfolio-add]");

/** The chosen portfolio's own currency. */
async function currencyOf() {
  const answer = await api.call("GET", "/api/v1/portfolios");
  const chosen = shown.portfolio;
  const mine = answer.ok && answer.data.find((one) => (chosen ? one.id === chosen : one.includes_steam));
  return mine ? mine.currency : "USD";
}

export async function open() {
  if (form) return;
  opener().setAttribute("aria-expanded", "true");
  make(await currencyOf());
}

export function close(focus = false) {
  if (!form) return;
  form = null;
  part("form").replaceChildren();
  opener().setAttribute("aria-expanded", "false");
  if (focus) opener().focus();
}

export const toggle = () => (form ? close(true) : open());
