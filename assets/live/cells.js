/* The live elements of a page: which items they want, and what a new price does to them. See components/ui/live.py. */
import { clientside, setProps } from "../ui/dash.js";
import { formatAge, formatChange, formatMoney } from "../ui/format.js";
import { now } from "./clock.js";

const SELECTOR = "[data-live-item]";
const WATCHED = ["data-live-item", "data-live-source", "data-live-at", "data-live-price"];
const SCAN_DELAY = 100;
const FLASH = 200;
const states = new WeakMap(); // element -> what it shows
const latest = new Map(); // item -> source -> newest message
const still = window.matchMedia("(prefers-reduced-motion: reduce)");
let byItem = new Map(); // item -> elements
let scanTimer = 0;

const seconds = (text) => {
  const value = Number.parseFloat(text);
  return Number.isFinite(value) ? value : null;
};

/** What the server rendered into an element; after that the state is kept here, so that a new rendering shows. */
function adopt(element) {
  const data = element.dataset;
  const signature = WATCHED.map((name) => element.getAttribute(name)).join("|");
  const known = states.get(element);
  if (known && known.signature === signature) return;
  states.set(element, {
    signature,
    at: Date.parse(data.liveAt) || 0,
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
  document.dispatchEvent(new CustomEvent("tracera:wanted", { detail: [...found.keys()] }));
}

function scanSoon() {
  if (!scanTimer) scanTimer = setTimeout(scan, SCAN_DELAY);
}

function concerns(record) {
  if (record.type === "attributes") return true;
  const isElement = (node) => node.nodeType === Node.ELEMENT_NODE;
  return [...record.addedNodes].some(isElement) || [...record.removedNodes].some(isElement);
}

/** Dash ids may be objects, which the page holds as JSON. */
const dashId = (id) => (id.startsWith("{") ? JSON.parse(id) : id);

function write(element, text) {
  const leaf = element.querySelector("[data-live-text]") || element;
  if (leaf.textContent === text) return;
  if (leaf === element && element.id && clientside.set_props) {
    setProps(dashId(element.id), { children: text });
  } else if (leaf.childNodes.length === 1 && leaf.firstChild.nodeType === Node.TEXT_NODE) {
    leaf.firstChild.nodeValue = text; // React goes on using its own text node
  } else {
    leaf.textContent = text;
  }
}

function flash(element, direction) {
  if (!direction || still.matches) return;
  const name = direction > 0 ? "live-flash-up" : "live-flash-down";
  element.classList.add(name);
  setTimeout(() => element.classList.remove(name), FLASH);
}

function show(element, message, changed) {
  const data = element.dataset;
  const state = states.get(element);
  const at = Date.parse(message.timestamp);
  if ((data.liveSource && data.liveSource !== message.source) || !(at >= state.at)) return;
  const direction = state.price === null ? 0 : Math.sign(message.price - state.price);
  Object.assign(state, { at, price: message.price, source: message.source });
  const field = data.liveField || "price";
  if (field === "price") {
    write(element, formatMoney(message.price, seconds(data.liveScale) || 100, data.liveCurrency || "USD"));
  } else if (field === "change" && seconds(data.liveBase)) {
    const [text, sign] = formatChange(message.price, seconds(data.liveBase));
    write(element, text);
    element.classList.toggle("live-up", sign > 0);
    element.classList.toggle("live-down", sign < 0);
  }
  if (changed && (field === "price" || field === "change")) flash(element, direction);
}

function onPrice(event) {
  const message = event.detail;
  const sources = latest.get(message.item_id) || new Map();
  const known = sources.get(message.source);
  if (known && Date.parse(known.timestamp) > Date.parse(message.timestamp)) return;
  latest.set(message.item_id, sources.set(message.source, message));
  for (const element of byItem.get(message.item_id) || []) {
    show(element, message, true);
    ageOne(element);
  }
}

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
scan();
