/* Movers of the day, and what the portfolio is made of. */
import { el } from "../ui/elements.js";
import { formatPercent, money } from "../ui/format.js";
import { change, gain } from "./figures.js";
import { portfolio, sent } from "./live.js";

const LISTED = 5;
const NAMED = 6; // groups with a colour of their own; the others are one
const AGAIN = 1000;
const SHORTENED_FROM = 10_000; // as short_money of components/ui/format.py
const KINDS = { weapon_type: "Type", rarity: "Rarity", source: "Market" };
/** @type {keyof typeof KINDS} */
let kind = "weapon_type";
let due = 0;

// Movers

/** @param {PortfolioRow} row */
function mover(row) {
  const name = el("a", { href: `/item/${row.id}`, "data-inner": true, class: "portfolio-mover-name", text: row.name, title: row.name });
  return el("li", {}, name, gain(row.change_24h, sent(), ""), change(row.fraction, ""));
}

/** @param {string} title @param {PortfolioRow[]} rows */
function list(title, rows) {
  const none = el("li", { class: "muted", text: "none" });
  return el("div", {}, el("h3", { class: "portfolio-sub", text: title }), el("ul", { class: "portfolio-movers" }, rows.length ? rows.map(mover) : none));
}

/** @param {PortfolioRow} row */
const changeOf = (row) => row.change_24h || 0;

function movers() {
  const place = document.querySelector("[data-portfolio-movers]");
  if (!place) return;
  const known = portfolio.rows.filter((row) => row.change_24h !== null && row.fraction !== null);
  const card = place.closest(".card");
  if (card) card.hidden = !portfolio.rows.length;
  if (!known.length) {
    place.replaceChildren(el("p", { class: "portfolio-note", text: "No prices from 24 hours ago to compare with." }));
    return;
  }
  const up = known.filter((row) => changeOf(row) > 0).toSorted((one, other) => changeOf(other) - changeOf(one));
  const down = known.filter((row) => changeOf(row) < 0).toSorted((one, other) => changeOf(one) - changeOf(other));
  place.replaceChildren(list("Gained", up.slice(0, LISTED)), list("Lost", down.slice(0, LISTED)));
}

// Allocation

/** @param {PortfolioRow} row */
const weight = (row) => (sent().hidden ? row.share : row.total_value);

/** Groups by weight, the largest first; all but the largest six are one.
 * @returns {[string, number][]} */
function groups() {
  /** @type {Map<string, number>} */
  const sums = new Map();
  for (const row of portfolio.rows) {
    const [name, value] = [row[kind] || "Other", weight(row)];
    if (value) sums.set(name, (sums.get(name) || 0) + value);
  }
  const sorted = [...sums].toSorted((one, other) => other[1] - one[1]);
  if (sorted.length <= NAMED + 1) return sorted;
  const rest = sorted.slice(NAMED).reduce((all, [, sum]) => all + sum, 0);
  return [...sorted.slice(0, NAMED), [`${sorted.length - NAMED} others`, rest]];
}

/** @param {number} place */
const colour = (place) => `var(--tracera-series-${place + 1})`;

/** @param {[string, number][]} found @param {number} whole */
function donut(found, whole) {
  let at = 0;
  const slices = found.map(([, sum], place) => {
    const from = at;
    at += (100 * sum) / whole;
    return `${colour(place)} ${from.toFixed(3)}% ${at.toFixed(3)}%`;
  });
  return el("div", { class: "portfolio-donut", "aria-hidden": "true", style: `background:conic-gradient(${slices.join(",")})` });
}

/** @param {number} sum */
function shortMoney(sum) {
  const { currency, scale } = sent();
  if (sum < SHORTENED_FROM * scale) return money(sum, sent());
  return new Intl.NumberFormat("en-US", { style: "currency", currency, notation: "compact", maximumSignificantDigits: 3 }).format(sum / scale);
}

/** @param {[string, number][]} found @param {number} whole */
function legend(found, whole) {
  const rows = found.map(([name, sum], place) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, el("span", { class: "portfolio-swatch", style: `background:${colour(place)}` }), name),
      sent().hidden ? null : el("td", { text: shortMoney(sum), title: money(sum, sent()) }),
      el("td", { text: formatPercent(sum / whole) }),
    ),
  );
  return el("table", { class: "portfolio-legend" }, el("caption", { class: "out-of-sight", text: `Value by ${KINDS[kind].toLowerCase()}` }), el("tbody", {}, rows));
}

function choice() {
  const press = (/** @type {string} */ name) => () => {
    kind = /** @type {keyof typeof KINDS} */ (name);
    allocation();
    document.querySelector(`[data-portfolio-by="${name}"]`)?.focus();
  };
  const buttons = Object.entries(KINDS).map(([name, text]) => el("button", { type: "button", "aria-pressed": String(kind === name), "data-portfolio-by": name, click: press(name), text }));
  return el("div", { class: "portfolio-choice", role: "group", "aria-label": "Allocation by" }, buttons);
}

function allocation() {
  const place = document.querySelector("[data-portfolio-allocation]");
  if (!place) return;
  const found = groups();
  const whole = found.reduce((all, [, sum]) => all + sum, 0);
  const empty = el("p", { class: "portfolio-note", text: "Nothing held has a price yet." });
  place.replaceChildren(choice(), ...(whole ? [el("div", { class: "portfolio-parts" }, donut(found, whole), legend(found, whole))] : [empty]));
}

function draw() {
  due = 0;
  if (!portfolio.data) return;
  // Who reads a list by keyboard keeps his place until the next time.
  if (!document.activeElement?.closest?.("[data-portfolio-movers]")) movers();
  if (!document.activeElement?.closest?.("[data-portfolio-allocation]")) allocation();
}

document.addEventListener("tracera:portfolio-adopted", draw);
document.addEventListener("tracera:portfolio-moved", () => {
  if (!due) due = setTimeout(draw, AGAIN);
});
