/* The grid of holdings: search, sort, lots under a row, live cells. Drawn into [data-portfolio-grid] from the rows of live.js. */
import { now } from "../live/clock.js";
import * as api from "../ui/api.js";
import { el, icon } from "../ui/elements.js";
import { UNKNOWN, formatAge, formatCount, formatCounted, formatGain, formatMoment, formatPercent, money } from "../ui/format.js";
import { change, gain, unknown } from "./figures.js";
import { portfolio } from "./live.js";
import { searchForm } from "./search_form.js";

const KEY = "tracera:portfolio:sort";
const STEP = 200; // rows drawn at once
const FLASH = 200;
const still = window.matchMedia("(prefers-reduced-motion: reduce)");
let view = { search: "", sort: "-total_value", shown: STEP, open: new Set() };
let drawn = new Map(); // row -> {line, cells by column}
let lots = null; // promise of lots by name

try {
  view.sort = localStorage.getItem(KEY) || view.sort;
} catch (error) {
  if (error.name !== "SecurityError") throw error; // storage is not allowed: nothing is remembered
}

// Columns

const amount = (name, reason) => (row) => (row[name] === null ? unknown(reason) : money(row[name], portfolio.data));
const HELD = [
  { name: "name", head: "Item", about: "Name, as Steam's market has it", cell: item, left: true },
  { name: "current_price", head: "Price", about: "Of one, in the portfolio's currency", cell: amount("current_price", "nobody quotes a price") },
  { name: "at", head: "Source", about: "Who quoted the price, and how long ago", cell: source, left: true },
  { name: "quantity", head: "Held", about: "The greater of what Steam shows and what is recorded", cell: (row) => `\u00d7\u00a0${formatCount(row.quantity)}` },
  { name: "total_value", head: "Value", about: "Price times quantity", cell: amount("total_value", "nobody quotes a price") },
  { name: "cost_basis", head: "Cost", about: "What the recorded units cost, by the portfolio's cost method", cell: amount("cost_basis", "no purchase is recorded") },
  { name: "unrealized_pnl", head: "Profit", about: "Value of the recorded units less what they cost", cell: profit },
  { name: "net_if_sold", head: "Net if sold", about: "What selling all would leave after the market's fee", cell: amount("net_if_sold", "this market's fee is not known") },
  { name: "change_24h", head: "24 h", about: "Change of value since yesterday", cell: today },
];
const SHARED = [
  ...HELD.slice(0, 3),
  { name: "weapon_type", head: "Type", about: "Type of item", cell: (row) => row.weapon_type || UNKNOWN, left: true },
  { name: "rarity", head: "Rarity", about: "Rarity grade", cell: (row) => row.rarity || UNKNOWN, left: true },
  { name: "share", head: "Share", about: "Of the portfolio's value", cell: (row) => (row.share === null ? unknown("nobody quotes a price") : formatPercent(row.share)) },
];
const columns = () => (portfolio.data.hidden ? SHARED : HELD);
const TEXTS = ["name", "weapon_type", "rarity"];

function item(row) {
  const name = row.id === null ? el("span", { text: row.name }) : el("a", { href: `/item/${row.id}`, "data-inner": true, text: row.name, title: row.name });
  const opener = portfolio.data.shared ? null : expander(row);
  return [el("div", { class: "portfolio-item" }, opener, el("span", { class: "portfolio-item-name" }, name), hold(row)), phase(row)].filter(Boolean);
}

/** Which Doppler phases these are; no market's phases are kept apart, so the price is that of the plain name. */
function phase(row) {
  const names = Object.entries(row.phases || {}).map(([name, units]) => (units === row.quantity ? name : `${name} \u00d7\u00a0${formatCount(units)}`));
  if (!names.length) return null;
  const title = "No market tells the price of a phase: this is the price of the name without it";
  return el("div", { class: "portfolio-phase", title, text: `${names.join(", ")} \u00b7 phase price unknown` });
}

function expander(row) {
  const open = view.open.has(row.name);
  const label = `${open ? "Hide" : "Show"} the lots of ${row.name}`;
  return el("button", { type: "button", class: "portfolio-expand", "aria-expanded": String(open), "aria-label": label, click: () => toggle(row) }, icon("chevron-right", 14));
}

function hold(row) {
  if (row.until !== null && row.until * 1000 > now()) {
    const left = formatAge(row.until - now() / 1000);
    return el("span", { class: "portfolio-badge", title: `Some of these cannot be traded before ${new Date(row.until * 1000).toLocaleString()}`, text: `on hold \u00b7 ${left}` });
  }
  return row.tradable ? null : el("span", { class: "portfolio-badge", title: "Steam says that some of these cannot be traded", text: "locked" });
}

function source(row) {
  if (row.at === null) return unknown("nobody quotes a price");
  const age = { "data-live-item": row.id, "data-live-field": "age", "data-live-source": row.source, "data-live-at": new Date(row.at * 1000).toISOString() };
  const text = formatAge(now() / 1000 - row.at);
  return [`${row.source} \u00b7 `, el("span", { ...age, "data-live-stale-after": portfolio.data.stale_after, text })];
}

function profit(row) {
  const found = gain(row.unrealized_pnl, portfolio.data, row.cost_basis === null ? "no purchase is recorded" : "nobody quotes a price");
  if (row.unrealized_pnl !== null && row.cost_quantity < row.quantity) found.title = `Of ${formatCount(row.cost_quantity)} of ${formatCount(row.quantity)}: the others have no recorded purchase`;
  return found;
}

function today(row) {
  const found = change(row.fraction, "no price from 24 hours ago");
  if (row.change_24h !== null) found.title = formatGain(row.change_24h, portfolio.data);
  return found;
}

// Which rows, in which order

function matching(rows) {
  const wanted = view.search.split(/\s+/).map(searchForm).filter(Boolean);
  return rows.filter((row) => {
    const texts = TEXTS.map((name) => searchForm(row[name] || ""));
    return wanted.every((word) => texts.some((text) => text.includes(word)));
  });
}

function ordered(rows) {
  const name = view.sort.replace("-", "");
  const way = view.sort.startsWith("-") ? -1 : 1;
  const of = (row) => (name === "change_24h" ? row.fraction : row[name]);
  const compare = (one, other) => (typeof one === "string" ? one.localeCompare(other) : one - other);
  return rows.toSorted((one, other) => {
    const [a, b] = [of(one), of(other)];
    if ((a ?? null) === null || (b ?? null) === null) return Number((a ?? null) === null) - Number((b ?? null) === null);
    return way * compare(a, b);
  });
}

function sortBy(column) {
  const first = column.left && column.name !== "at" ? column.name : `-${column.name}`;
  const second = first.startsWith("-") ? column.name : `-${column.name}`;
  view.sort = view.sort === first ? second : first;
  try {
    localStorage.setItem(KEY, view.sort);
  } catch (error) {
    if (error.name !== "SecurityError" && error.name !== "QuotaExceededError") throw error;
  }
  draw();
  document.querySelector(`[data-portfolio-sort="${column.name}"]`)?.focus();
}

// Drawing

function head() {
  const cell = (column) => {
    const sorted = view.sort.replace("-", "") === column.name;
    const direction = view.sort.startsWith("-") ? "descending" : "ascending";
    const arrow = sorted ? (direction === "descending" ? " \u25be" : " \u25b4") : "";
    const button = el("button", { type: "button", class: "portfolio-sort", title: column.about, "data-portfolio-sort": column.name, click: () => sortBy(column) }, `${column.head}${arrow}`);
    return el("th", { scope: "col", class: `portfolio-${column.name}`, "aria-sort": sorted ? direction : "none", "data-left": column.left }, button);
  };
  return el("thead", {}, el("tr", {}, columns().map(cell)));
}

function line(row) {
  const cells = {};
  const made = el("tr", {}, columns().map((column) => (cells[column.name] = el(column.name === "name" ? "th" : "td", {
    class: `portfolio-${column.name}`, scope: column.name === "name" ? "row" : null, "data-left": column.left, "data-head": column.head,
  }, column.cell(row)))));
  drawn.set(row, { line: made, cells });
  return view.open.has(row.name) ? [made, under(row)] : [made];
}

function table(rows) {
  const body = el("tbody", {}, rows.slice(0, view.shown).flatMap(line));
  const caption = el("caption", { class: "out-of-sight", text: "Holdings" });
  return el("div", { class: "portfolio-scroll", tabindex: "0", role: "region", "aria-label": "Holdings" }, el("table", { class: `portfolio-grid${portfolio.data.shared ? " portfolio-grid-shared" : ""}` }, caption, head(), body));
}

/** Rows that no price counts for, apart from the others. */
function apart(title, rows, why) {
  if (!rows.length) return null;
  const told = (row) => (row.quantity === null ? null : el("span", { class: "muted", text: `\u00d7\u00a0${formatCount(row.quantity)}` }));
  const list = rows.map((row) => el("li", {}, el("span", { text: row.name }), told(row)));
  return el("details", { class: "portfolio-apart" }, el("summary", { text: `${title} (${formatCounted(rows.length, "kind", "kinds")})` }), el("p", { class: "portfolio-note", text: why }), el("ul", {}, list));
}

function bar() {
  const field = el("input", { type: "search", class: "portfolio-input", placeholder: "Search holdings", "aria-label": "Search holdings", input: searched, value: view.search });
  const options = columns().map((column) => el("option", { value: column.name, text: column.head, selected: view.sort.replace("-", "") === column.name }));
  const select = el("select", { class: "portfolio-input", "aria-label": "Sort by", change: ({ target }) => sortBy(columns().find(({ name }) => name === target.value)) }, options);
  return el("div", { class: "portfolio-bar" }, field, el("span", { class: "portfolio-sort-by" }, select), el("span", { class: "portfolio-count muted", "aria-live": "polite" }));
}

function searched({ target }) {
  Object.assign(view, { search: target.value, shown: STEP });
  fill();
}

function draw() {
  const place = document.querySelector("[data-portfolio-grid]");
  if (!place || !portfolio.data) return;
  place.hidden = !portfolio.rows.length;
  const within = place.contains(document.activeElement) && document.activeElement.matches("[type=search]");
  place.replaceChildren(bar(), el("div", { class: "portfolio-rows" }));
  fill();
  if (within) place.querySelector("[type=search]").focus();
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
  place.replaceChildren(...parts.filter(Boolean));
  document.querySelector(".portfolio-count").textContent = formatCounted(found.length, "kind", "kinds");
}

// Lots

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

function lotTable(found) {
  if (!found.length) return el("p", { class: "portfolio-note", text: "No purchase is recorded: cost and profit are unknown. Add it under Transactions." });
  const unit = portfolio.data;
  const rows = found.map((lot) => el("tr", {}, el("td", { text: formatMoment(lot.opened, lot.timed) }), el("td", { text: `\u00d7\u00a0${formatCount(lot.quantity)}` }), el("td", { text: money(lot.cost_basis, unit) }), el("td", {}, gain(lot.unrealized_pnl, unit, "nobody quotes a price"))));
  const heads = ["Bought", "Held", "Cost", "Profit"].map((text) => el("th", { scope: "col", text }));
  return el("table", { class: "portfolio-lot-table" }, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, rows));
}

// Live

const LIVE = ["current_price", "total_value", "unrealized_pnl", "net_if_sold", "change_24h"];

/** @param {CustomEvent} event */
function moved({ detail }) {
  for (const row of detail) {
    const found = drawn.get(row);
    if (!found) continue;
    for (const column of columns()) if (LIVE.includes(column.name)) found.cells[column.name].replaceChildren(column.cell(row));
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
    document.querySelector("[data-portfolio-grid]").hidden = !portfolio.rows.length;
    fill();
  } else draw();
});
document.addEventListener("tracera:portfolio-moved", moved);
