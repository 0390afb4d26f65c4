/* The grid of holdings: search, sort, lots under a row, live cells. Drawn into [data-portfolio-grid] from the rows of live.js. */
import { rarityClass, silhouetteClass } from "../items/picture.js";
import { now } from "../live/clock.js";
import * as api from "../ui/api.js";
import { el, find, icon } from "../ui/elements.js";
import { UNKNOWN, formatAge, formatCount, formatCounted, formatGain, formatMoment, formatPercent, money } from "../ui/format.js";
import { change, gain, unknown } from "./figures.js";
import { portfolio, sent } from "./live.js";
import { searchForm } from "./search_form.js";

const KEY = "tracera:portfolio:sort";
const STEP = 200; // rows drawn at once
const FLASH = 200;
const still = window.matchMedia("(prefers-reduced-motion: reduce)");
/** A column of the grid; what is `left` begins at the left, as texts do.
 * @typedef {{name: string, head: string, about: string, cell: (row: PortfolioRow) => Child | Child[], left?: boolean}} Column */
let view = { search: "", sort: "-total_value", shown: STEP, open: /** @type {Set<string>} */ (new Set()) };
/** Lines by row, with their cells by column.
 * @type {Map<PortfolioRow, {line: HTMLElement, cells: Record<string, HTMLElement>}>} */
let drawn = new Map();
/** Lots by name, or what went wrong.
 * @type {Promise<Map<string, Api.Lot[]> | string> | null} */
let lots = null;

try {
  view.sort = localStorage.getItem(KEY) || view.sort;
} catch (error) {
  if (/** @type {Error} */ (error).name !== "SecurityError") throw error; // storage is not allowed: nothing is remembered
}

// Columns

/** @param {"current_price" | "total_value" | "cost_basis" | "net_if_sold"} name @param {string} reason @returns {(row: PortfolioRow) => Child} */
const amount = (name, reason) => (row) => (row[name] === null ? unknown(reason) : money(row[name], sent()));
/** @type {Column[]} */
const HELD = [
  { name: "name", head: "Item", about: "Name, as Steam's market has it", cell: item, left: true },
  { name: "current_price", head: "Price", about: "Of one, in the portfolio's currency", cell: amount("current_price", "nobody quotes a price") },
  { name: "at", head: "Source", about: "Who quoted the price, and how long ago", cell: source, left: true },
  { name: "quantity", head: "Held", about: "The greater of what Steam shows and what is recorded", cell: (row) => `\u00d7\u00a0${formatCount(row.quantity || 0)}` },
  { name: "total_value", head: "Value", about: "Price times quantity", cell: amount("total_value", "nobody quotes a price") },
  { name: "cost_basis", head: "Cost", about: "What the recorded units cost, by the portfolio's cost method", cell: amount("cost_basis", "no purchase is recorded") },
  { name: "unrealized_pnl", head: "Profit", about: "Value of the recorded units less what they cost", cell: profit },
  { name: "net_if_sold", head: "Net if sold", about: "What selling all would leave after the market's fee", cell: amount("net_if_sold", "this market's fee is not known") },
  { name: "change_24h", head: "24 h", about: "Change of value since yesterday", cell: today },
];
/** @type {Column[]} */
const SHARED = [
  ...HELD.slice(0, 3),
  { name: "weapon_type", head: "Type", about: "Type of item", cell: (row) => row.weapon_type || UNKNOWN, left: true },
  { name: "rarity", head: "Rarity", about: "Rarity grade", cell: (row) => row.rarity || UNKNOWN, left: true },
  { name: "share", head: "Share", about: "Of the portfolio's value", cell: (row) => (row.share === null ? unknown("nobody quotes a price") : formatPercent(row.share)) },
];
const columns = () => (sent().hidden ? SHARED : HELD);
/** @type {("name" | "weapon_type" | "rarity")[]} */
const TEXTS = ["name", "weapon_type", "rarity"];

/** @param {PortfolioRow} row */
function item(row) {
  const name = row.id === null ? el("span", { text: row.name }) : el("a", { href: `/item/${row.id}`, "data-inner": true, text: row.name, title: row.name });
  const opener = sent().shared ? null : expander(row);
  return [el("div", { class: "portfolio-item" }, opener, picture(row), el("span", { class: "portfolio-item-name" }, name), hold(row)), phase(row)].filter(Boolean);
}

/** Its image, or the silhouette of its kind; a pair's first letters.
 * @param {PortfolioRow} row */
function picture(row) {
  const letters = row.weapon_type === "Crypto" ? row.name.slice(0, 2) : null;
  const drawn = row.image_url ? el("img", { src: row.image_url, alt: "", loading: "lazy", width: 28, height: 24 }) : letters || el("span", { class: silhouetteClass(row) });
  return el("span", { class: `item-picture ${rarityClass(row)}`, "aria-hidden": "true" }, drawn);
}

/** Which Doppler phases these are; no market's phases are kept apart, so the price is that of the plain name.
 * @param {PortfolioRow} row */
function phase(row) {
  const names = Object.entries(row.phases || {}).map(([name, units]) => (units === row.quantity ? name : `${name} \u00d7\u00a0${formatCount(units)}`));
  if (!names.length) return null;
  const title = "No market tells the price of a phase: this is the price of the name without it";
  return el("div", { class: "portfolio-phase", title, text: `${names.join(", ")} \u00b7 phase price unknown` });
}

/** @param {PortfolioRow} row */
function expander(row) {
  const open = view.open.has(row.name);
  const label = `${open ? "Hide" : "Show"} the lots of ${row.name}`;
  return el("button", { type: "button", class: "portfolio-expand", "aria-expanded": String(open), "aria-label": label, click: () => toggle(row) }, icon("chevron-right", 14));
}

/** @param {PortfolioRow} row */
function hold(row) {
  if (row.until !== null && row.until * 1000 > now()) {
    const left = formatAge(row.until - now() / 1000);
    return el("span", { class: "portfolio-badge", title: `Some of these cannot be traded before ${new Date(row.until * 1000).toLocaleString()}`, text: `on hold \u00b7 ${left}` });
  }
  return row.tradable ? null : el("span", { class: "portfolio-badge", title: "Steam says that some of these cannot be traded", text: "locked" });
}

/** @param {PortfolioRow} row */
function source(row) {
  if (row.at === null) return unknown("nobody quotes a price");
  const age = { "data-live-item": row.id, "data-live-field": "age", "data-live-source": row.source, "data-live-at": new Date(row.at * 1000).toISOString() };
  const text = formatAge(now() / 1000 - row.at);
  return [`${row.source} \u00b7 `, el("span", { ...age, "data-live-stale-after": sent().stale_after, text })];
}

/** @param {PortfolioRow} row */
function profit(row) {
  const found = gain(row.unrealized_pnl, sent(), row.cost_basis === null ? "no purchase is recorded" : "nobody quotes a price");
  const [counted, held] = [row.cost_quantity || 0, row.quantity || 0];
  if (row.unrealized_pnl !== null && counted < held) found.title = `Of ${formatCount(counted)} of ${formatCount(held)}: the others have no recorded purchase`;
  return found;
}

/** @param {PortfolioRow} row */
function today(row) {
  const found = change(row.fraction, "no price from 24 hours ago");
  if (row.change_24h !== null) found.title = formatGain(row.change_24h, sent());
  return found;
}

// Which rows, in which order

/** @param {PortfolioRow[]} rows */
function matching(rows) {
  const wanted = view.search.split(/\s+/).map(searchForm).filter(Boolean);
  return rows.filter((row) => {
    const texts = TEXTS.map((name) => searchForm(row[name] || ""));
    return wanted.every((word) => texts.some((text) => text.includes(word)));
  });
}

/** @param {PortfolioRow[]} rows */
function ordered(rows) {
  const name = view.sort.replace("-", "");
  const way = view.sort.startsWith("-") ? -1 : 1;
  /** @param {PortfolioRow} row */
  const of = (row) => /** @type {string | number | null | undefined} */ (name === "change_24h" ? row.fraction : row[/** @type {keyof PortfolioRow} */ (name)]) ?? null;
  /** @param {string | number} one @param {string | number} other */
  const compare = (one, other) => (typeof one === "string" ? one.localeCompare(String(other)) : one - Number(other));
  return rows.toSorted((one, other) => {
    const [a, b] = [of(one), of(other)];
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    return way * compare(a, b);
  });
}

/** @param {Column} column */
function sortBy(column) {
  const first = column.left && column.name !== "at" ? column.name : `-${column.name}`;
  const second = first.startsWith("-") ? column.name : `-${column.name}`;
  view.sort = view.sort === first ? second : first;
  try {
    localStorage.setItem(KEY, view.sort);
  } catch (error) {
    if (/** @type {Error} */ (error).name !== "SecurityError" && /** @type {Error} */ (error).name !== "QuotaExceededError") throw error;
  }
  draw();
  document.querySelector(`[data-portfolio-sort="${column.name}"]`)?.focus();
}

// Drawing

function head() {
  const cell = (/** @type {Column} */ column) => {
    const sorted = view.sort.replace("-", "") === column.name;
    const direction = view.sort.startsWith("-") ? "descending" : "ascending";
    const arrow = sorted ? (direction === "descending" ? " \u25be" : " \u25b4") : "";
    const button = el("button", { type: "button", class: "portfolio-sort", title: column.about, "data-portfolio-sort": column.name, click: () => sortBy(column) }, `${column.head}${arrow}`);
    return el("th", { scope: "col", class: `portfolio-${column.name}`, "aria-sort": sorted ? direction : "none", "data-left": column.left }, button);
  };
  return el("thead", {}, el("tr", {}, columns().map(cell)));
}

/** @param {PortfolioRow} row */
function line(row) {
  /** @type {Record<string, HTMLElement>} */
  const cells = {};
  const made = el("tr", {}, columns().map((column) => (cells[column.name] = el(column.name === "name" ? "th" : "td", {
    class: `portfolio-${column.name}`, scope: column.name === "name" ? "row" : null, "data-left": column.left, "data-head": column.head,
  }, column.cell(row)))));
  drawn.set(row, { line: made, cells });
  return view.open.has(row.name) ? [made, under(row)] : [made];
}

/** @param {PortfolioRow[]} rows */
function table(rows) {
  const body = el("tbody", {}, rows.slice(0, view.shown).flatMap(line));
  const caption = el("caption", { class: "out-of-sight", text: "Holdings" });
  return el("div", { class: "portfolio-scroll", tabindex: "0", role: "region", "aria-label": "Holdings" }, el("table", { class: `portfolio-grid${sent().shared ? " portfolio-grid-shared" : ""}` }, caption, head(), body));
}

/** Rows that no price counts for, apart from the others.
 * @param {string} title @param {PortfolioRow[]} rows @param {string} why */
function apart(title, rows, why) {
  if (!rows.length) return null;
  const told = (/** @type {PortfolioRow} */ row) => (row.quantity === null ? null : el("span", { class: "muted", text: `\u00d7\u00a0${formatCount(row.quantity)}` }));
  const list = rows.map((row) => el("li", {}, el("span", { text: row.name }), told(row)));
  return el("details", { class: "portfolio-apart" }, el("summary", { text: `${title} (${formatCounted(rows.length, "kind", "kinds")})` }), el("p", { class: "portfolio-note", text: why }), el("ul", {}, list));
}

function bar() {
  const field = el("input", { type: "search", class: "portfolio-input", placeholder: "Search holdings", "aria-label": "Search holdings", input: searched, value: view.search });
  const options = columns().map((column) => el("option", { value: column.name, text: column.head, selected: view.sort.replace("-", "") === column.name }));
  /** @type {HTMLSelectElement} */
  const select = el("select", { class: "portfolio-input", "aria-label": "Sort by", change: () => sortBy(columns()[select.selectedIndex]) }, options);
  return el("div", { class: "portfolio-bar" }, field, el("span", { class: "portfolio-sort-by" }, select), el("span", { class: "portfolio-count muted", "aria-live": "polite" }));
}

/** @param {Event} event */
function searched({ target }) {
  Object.assign(view, { search: /** @type {HTMLInputElement} */ (target).value, shown: STEP });
  fill();
}

function draw() {
  const place = document.querySelector("[data-portfolio-grid]");
  if (!place || !portfolio.data) return;
  place.hidden = !portfolio.rows.length;
  const within = place.contains(document.activeElement) && document.activeElement?.matches("[type=search]");
  place.replaceChildren(bar(), el("div", { class: "portfolio-rows" }));
  fill();
  if (within) find(place, "[type=search]").focus();
}

function fill() {
  const place = document.querySelector("[data-portfolio-grid] .portfolio-rows");
  if (!place) return;
  drawn = new Map();
  const every = portfolio.rows;
  const priced = every.filter((row) => row.current_price !== null);
  const found = ordered(matching(priced));
  const more = found.length - view.shown;
  const parts = [
    found.length ? table(found) : el("p", { class: "portfolio-none", text: priced.length ? "Nothing held matches these words." : "Nothing held has a price yet." }),
    more > 0 ? el("button", { type: "button", class: "button portfolio-more", click: () => ((view.shown += STEP), fill()), text: `Show ${formatCount(Math.min(more, STEP))} more of ${formatCount(more)}` }) : null,
    apart("Without a price", matching(every.filter((row) => row.current_price === null && row.marketable)), "No source quotes them, or there is no exchange rate: they count as nothing in the value."),
    apart("Cannot be sold", matching(every.filter((row) => !row.marketable)), "Medals, coins and the like: Steam lets nobody sell them."),
  ];
  place.replaceChildren(...parts.filter((part) => part !== null));
  find(document, ".portfolio-count").textContent = formatCounted(found.length, "kind", "kinds");
}

// Lots

/** @param {PortfolioRow} row */
function toggle(row) {
  if (!view.open.delete(row.name)) view.open.add(row.name);
  fill();
  const label = `${view.open.has(row.name) ? "Hide" : "Show"} the lots of ${row.name}`;
  document.querySelector(`[aria-label="${CSS.escape(label)}"]`)?.focus();
}

async function readLots() {
  const chosen = document.querySelector("[data-portfolio-id]")?.dataset.portfolioId;
  const answer = await api.call("GET", `/api/v1/portfolio/lots${chosen ? `?portfolio_id=${chosen}` : ""}`);
  if (!answer.ok) lots = null; // the next row asks again
  return answer.ok ? Map.groupBy(answer.data, (lot) => lot.market_hash_name) : answer.data.error;
}

/** @param {PortfolioRow} row */
function under(row) {
  const cell = el("td", { colspan: String(columns().length) }, el("p", { class: "portfolio-note", text: "Reading the lots\u2026" }));
  lots = lots || readLots();
  lots.then((found) => {
    if (typeof found === "string") return cell.replaceChildren(el("p", { class: "portfolio-note", text: found }));
    const where = `${formatCount(row.steam_quantity)} on Steam, ${formatCount(row.recorded_quantity)} recorded.`;
    return cell.replaceChildren(el("p", { class: "portfolio-note", text: where }), lotTable(found.get(row.name) || []));
  });
  return el("tr", { class: "portfolio-lots" }, cell);
}

/** @param {Api.Lot[]} found */
function lotTable(found) {
  if (!found.length) return el("p", { class: "portfolio-note", text: "No purchase is recorded: cost and profit are unknown. Add it under Transactions." });
  const unit = sent();
  const rows = found.map((lot) => el("tr", {}, el("td", { text: formatMoment(lot.opened, lot.timed) }), el("td", { text: `\u00d7\u00a0${formatCount(lot.quantity)}` }), el("td", { text: money(lot.cost_basis, unit) }), el("td", {}, gain(lot.unrealized_pnl, unit, "nobody quotes a price"))));
  const heads = ["Bought", "Held", "Cost", "Profit"].map((text) => el("th", { scope: "col", text }));
  return el("table", { class: "portfolio-lot-table" }, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, rows));
}

// Live

const LIVE = ["current_price", "total_value", "unrealized_pnl", "net_if_sold", "change_24h"];

/** @param {CustomEvent<PortfolioRow[]>} event */
function moved({ detail }) {
  for (const row of detail) {
    const found = drawn.get(row);
    if (!found) continue;
    for (const column of columns()) if (LIVE.includes(column.name)) found.cells[column.name].replaceChildren(...[column.cell(row)].flat().filter((part) => part !== null && part !== undefined));
    if (!still.matches) {
      found.cells.current_price.classList.add("portfolio-flash");
      setTimeout(() => found.cells.current_price.classList.remove("portfolio-flash"), FLASH);
    }
  }
}

document.addEventListener("tracera:portfolio-adopted", () => {
  lots = null;
  // What is being read or typed stays: only the rows are drawn anew.
  if (document.querySelector("[data-portfolio-grid] .portfolio-rows")) {
    find(document, "[data-portfolio-grid]").hidden = !portfolio.rows.length;
    fill();
  } else draw();
});
document.addEventListener("tracera:portfolio-moved", moved);
