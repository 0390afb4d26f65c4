/* The live elements of a page: which items those in view want, and what a new price does to them. See components/ui/live.py. */
import { clientside, setProps } from "../ui/dash.js";
import { formatAge, formatChange, formatMoney } from "../ui/format.js";
import { now } from "./clock.js";
import { inView, watch } from "./view.js";

const SELECTOR = "[data-live-item]";
const WATCHED = ["data-live-item", "data-live-source", "data-live-at", "data-live-price"];
const SCAN_DELAY = 100;
const FLASH = 200;
/** What elements show.
 * @typedef {{signature: string, at: number, price: number | null, source: string}} State
 * @type {WeakMap<HTMLElement, State>} */
const states = new WeakMap();
/** The newest message by item and source.
 * @type {Map<number, Map<string, Api.LivePrice>>} */
const latest = new Map();
const still = window.matchMedia("(prefers-reduced-motion: reduce)");
/** Elements by item.
 * @type {Map<number, HTMLElement[]>} */
let byItem = new Map();
let scanTimer = 0;

/** @param {string | undefined} text */
const seconds = (text) => {
  const value = Number.parseFloat(String(text));
  return Number.isFinite(value) ? value : null;
};

/** What the server rendered into an element; after that the state is kept here, so that a new rendering shows.
 * @param {HTMLElement} element */
function adopt(element) {
  const data = element.dataset;
  const signature = WATCHED.map((name) => element.getAttribute(name)).join("|");
  const known = states.get(element);
  if (known && known.signature === signature) return;
  delete element.dataset.liveMoved;
  states.set(element, {
    signature,
    at: Date.parse(String(data.liveAt)) || 0,
    price: seconds(data.livePrice),
    source: data.liveSource || "",
  });
  for (const message of latest.get(Number(data.liveItem))?.values() || []) show(element, message, false);
}

function scan() {
  scanTimer = 0;
  const found = new Map();
  for (const element of document.querySelectorAll(SELECTOR)) {
    const item = Number(element.dataset.liveItem);
    if (!Number.isInteger(item) || item <= 0) continue;
    if (!found.has(item)) found.set(item, []);
    found.get(item).push(element);
  }
  byItem = found;
  for (const item of latest.keys()) if (!found.has(item)) latest.delete(item);
  for (const elements of found.values()) elements.forEach(adopt);
  age();
  document.dispatchEvent(new CustomEvent("tracera:wanted", { detail: inView(found) }));
}

function scanSoon() {
  if (!scanTimer) scanTimer = setTimeout(scan, SCAN_DELAY);
}

/** @param {MutationRecord} record */
function concerns(record) {
  if (record.type === "attributes") return true;
  const isElement = (/** @type {Node} */ node) => node.nodeType === Node.ELEMENT_NODE;
  return [...record.addedNodes].some(isElement) || [...record.removedNodes].some(isElement);
}

/** Dash ids may be objects, which the page holds as JSON.
 * @param {string} id @returns {DashId} */
const dashId = (id) => (id.startsWith("{") ? JSON.parse(id) : id);

/** @param {HTMLElement} element @param {string} text */
function write(element, text) {
  const leaf = element.querySelector("[data-live-text]") || element;
  if (leaf.textContent === text) return;
  if (leaf === element && element.id && "set_props" in clientside) {
    setProps(dashId(element.id), { children: text });
  } else if (leaf.childNodes.length === 1 && leaf.firstChild?.nodeType === Node.TEXT_NODE) {
    leaf.firstChild.nodeValue = text; // React goes on using its own text node
  } else {
    leaf.textContent = text;
  }
}

/** @param {HTMLElement} element @param {number} direction */
function flash(element, direction) {
  if (!direction || still.matches) return;
  const name = direction > 0 ? "live-flash-up" : "live-flash-down";
  element.classList.add(name);
  setTimeout(() => element.classList.remove(name), FLASH);
}

/** @param {HTMLElement} element @param {Api.LivePrice} message @param {boolean} changed */
function show(element, message, changed) {
  const data = element.dataset;
  const state = states.get(element);
  const { at } = message;
  if ((data.liveSource && data.liveSource !== message.source) || !state || !(at >= state.at)) return;
  const direction = state.price === null ? 0 : Math.sign(message.price - state.price);
  Object.assign(state, { at, price: message.price, source: message.source });
  const [field, base] = [data.liveField || "price", seconds(data.liveBase)];
  if (field === "price") {
    write(element, formatMoney(message.price, seconds(data.liveScale) || 100, data.liveCurrency || "USD"));
  } else if (field === "change" && base) {
    const [text, sign] = formatChange(message.price, base);
    write(element, text);
    data.liveMoved = String(message.price / base - 1); // what a list of changes sorts by
    element.classList.toggle("live-up", sign > 0);
    element.classList.toggle("live-down", sign < 0);
  }
  if (changed && (field === "price" || field === "change")) flash(element, direction);
}

/** @param {CustomEvent<Api.LivePrice>} event */
function onPrice(event) {
  const message = event.detail;
  const sources = latest.get(message.item_id) || new Map();
  const known = sources.get(message.source);
  if (known && known.at > message.at) return;
  latest.set(message.item_id, sources.set(message.source, message));
  for (const element of byItem.get(message.item_id) || []) {
    show(element, message, true);
    ageOne(element);
  }
}

/** @param {HTMLElement} element */
function ageOne(element) {
  const state = states.get(element);
  const data = element.dataset;
  if (!state?.at || data.liveField === "none") return;
  const old = (now() - state.at) / 1000;
  const text = formatAge(old);
  const limit = seconds(data.liveStaleAfter);
  if (limit !== null) element.classList.toggle("stale", old > limit);
  if (data.liveField === "age") write(element, text);
  const title = `${state.source ? `${state.source} \u00b7 ` : ""}${text} ago \u00b7 ${new Date(state.at).toLocaleString()}`;
  if (element.title !== title) element.title = title;
}

function age() {
  if (document.hidden) return;
  for (const elements of byItem.values()) elements.forEach(ageOne);
}

/** Seconds without news after which the page as a whole is stale: that of its quickest item. */
export function staleAfter() {
  const limits = [...document.querySelectorAll(SELECTOR)].map((element) => seconds(element.dataset.liveStaleAfter));
  return Math.max(10, Math.min(...limits.filter((limit) => limit !== null), Infinity));
}

document.addEventListener("tracera:price", onPrice);
document.addEventListener("visibilitychange", age);
const options = { subtree: true, childList: true, attributes: true, attributeFilter: WATCHED };
new MutationObserver((records) => records.some(concerns) && scanSoon()).observe(document.body, options);
setInterval(age, 1000);
watch(scanSoon);
scan();
