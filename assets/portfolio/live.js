/* The portfolio that is on the screen, moved by live prices.

   It is adopted from `tracera:portfolio-data` (see for_browser in components/portfolio/data.py), which a poll of the server
   renews once a minute. Fires `tracera:portfolio-adopted`, and `tracera:portfolio-moved` (detail: the rows that changed). */
import { el } from "../ui/elements.js";
import { money } from "../ui/format.js";
import { change, gain } from "./figures.js";
import { convert, netProceeds } from "./money.js";

/** `data` as the server sent it, `rows` and `totals` as live prices moved them; see above.
 * @typedef {{total_value: number | null, change_24h: number | null, percent_change_24h: number | null, unrealized_pnl: number | null,
 *   profit: number | null, net_if_sold: number | null}} Totals
 * @type {{data: Api.PortfolioData | null, rows: PortfolioRow[], totals: Totals | null}} */
export const portfolio = { data: null, rows: [], totals: null };
/** What the server sent, once it has. */
export const sent = () => /** @type {Api.PortfolioData} */ (portfolio.data);
/** The newest message by item and source.
 * @type {Map<number, Map<string, Api.Price>>} */
const latest = new Map();
/** @type {Map<number, PortfolioRow[]>} */
let byItem = new Map();
/** @type {Set<PortfolioRow>} */
let moved = new Set();
let frame = 0;

/** @param {keyof DocumentEventMap} name @param {unknown} [detail] */
const fire = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));

/** @param {number | null} after @param {number | null} before */
const difference = (after, before) => (after === null || before === null ? null : after - before);

/** @param {number | null} change @param {number | null} before */
const fractionOf = (change, before) => (before && change !== null ? change / before : null);

/** A row as the server sent it, and what stood in it a day ago.
 * @param {Api.PortfolioDataRow} sent @returns {PortfolioRow} */
function rowOf(sent) {
  const before = difference(sent.total_value, sent.change_24h);
  return { ...sent, before, fraction: fractionOf(sent.change_24h, before) };
}

/** @param {PortfolioRow} row @param {Api.Price} message */
function move(row, message) {
  const at = Date.parse(message.timestamp) / 1000;
  if (row.source !== message.source || row.current_price === null || row.at === null || !(at >= row.at)) return false;
  row.at = at;
  row.current_price = convert(message.price, 1, row.by);
  if (row.quantity === null) return true; // a share link that hides quantities
  row.total_value = convert(message.price, row.quantity, row.by);
  if (row.cost_quantity) row.unrealized_pnl = difference(convert(message.price, row.cost_quantity, row.by), row.cost_basis);
  row.change_24h = difference(row.total_value, row.before);
  row.fraction = fractionOf(row.change_24h, row.before);
  const left = netProceeds(message.source, message.price, sent().fees);
  row.net_if_sold = left === null ? null : convert(left, row.quantity, row.by);
  return true;
}

/** Sums of the rows, as `_totals` of app/portfolio/overview.py. */
function sum() {
  /** @typedef {"total_value" | "change_24h" | "unrealized_pnl" | "net_if_sold"} Summed */
  /** @param {Summed} name @param {PortfolioRow[]} rows */
  const add = (name, rows) => (rows.length ? rows.reduce((all, row) => all + (row[name] || 0), 0) : null);
  /** @param {Summed} name */
  const known = (name) => portfolio.rows.filter((row) => row[name] !== null && row[name] !== undefined);
  const changes = known("change_24h");
  const start = changes.reduce((all, row) => all + (row.total_value || 0) - (row.change_24h || 0), 0);
  const change = add("change_24h", changes);
  const unrealized = add("unrealized_pnl", known("unrealized_pnl"));
  const realized = sent().realized;
  return {
    total_value: add("total_value", known("total_value")),
    change_24h: change,
    percent_change_24h: change === null || !start ? null : change / start,
    unrealized_pnl: unrealized,
    profit: unrealized === null && realized === null ? null : (unrealized || 0) + (realized || 0),
    net_if_sold: add("net_if_sold", known("net_if_sold")),
  };
}

/** @type {Partial<Record<keyof Totals, (value: number) => HTMLElement | string>>} */
const WRITE = {
  total_value: (value) => money(value, sent()),
  change_24h: (value) => gain(value, sent(), "no prices from 24 hours ago to compare with"),
  percent_change_24h: (value) => change(value, "no prices from 24 hours ago to compare with", 2),
  unrealized_pnl: (value) => gain(value, sent(), "nothing held has a recorded cost"),
  profit: (value) => gain(value, sent(), "no purchase of what is held is recorded"),
};

/** The totals into their places; the server's own words stay where a total is unknown. */
function write() {
  for (const place of document.querySelectorAll("[data-portfolio-figure]")) {
    const name = /** @type {keyof Totals} */ (place.dataset.portfolioFigure);
    const value = portfolio.totals?.[name] ?? null;
    const text = value === null ? null : WRITE[name]?.(value);
    if (!text) continue;
    if (place.textContent !== (typeof text === "string" ? text : text.textContent)) place.replaceChildren(text);
  }
}

/** Many prices come at once: they are shown together, with the next frame. */
function show() {
  frame = 0;
  const rows = [...moved];
  moved = new Set();
  if (!portfolio.data || !rows.length) return;
  portfolio.totals = sum();
  write();
  fire("tracera:portfolio-moved", rows);
}

/** @param {Api.Price} message */
function take(message) {
  for (const row of byItem.get(message.item_id) || []) if (move(row, message)) moved.add(row);
  if (moved.size && !frame) frame = requestAnimationFrame(show);
}

document.addEventListener("tracera:portfolio-data", ({ detail }) => {
  portfolio.data = detail;
  portfolio.rows = detail.rows.map(rowOf);
  moved = new Set();
  byItem = new Map();
  for (const row of portfolio.rows) if (row.id !== null) byItem.set(row.id, [...(byItem.get(row.id) || []), row]);
  for (const item of latest.keys()) if (!byItem.has(item)) latest.delete(item);
  for (const messages of latest.values()) for (const message of messages.values()) for (const row of byItem.get(message.item_id) || []) move(row, message);
  portfolio.totals = sum();
  subscribe();
  write();
  fire("tracera:portfolio-adopted");
});

/** All items, the dearest first, whether their rows are drawn or not: assets/live/cells.js asks for what it finds. */
function subscribe() {
  const place = document.getElementById("portfolio-live");
  if (!place) return;
  place.replaceChildren(...[...byItem.keys()].map((item) => el("i", { "data-live-item": item, "data-live-field": "none" })));
}

document.addEventListener("tracera:portfolio-filled", () => portfolio.data && write());
document.addEventListener("tracera:price", ({ detail }) => {
  if (!byItem.has(detail.item_id)) return;
  const sources = latest.get(detail.item_id) || new Map();
  const known = sources.get(detail.source);
  if (known && Date.parse(known.timestamp) > Date.parse(detail.timestamp)) return;
  latest.set(detail.item_id, sources.set(detail.source, detail));
  take(detail);
});
