/* Value and return over time beside the market: an SVG on a true time axis, into [data-portfolio-chart].
   See components/portfolio/chart.py; docs/decisions says why it is drawn by hand. */
import { now } from "../live/clock.js";
import { closest, el, find } from "../ui/elements.js";
import { UNKNOWN, formatPercent, money } from "../ui/format.js";
import { timeTicks } from "./chart_ticks.js";
import { gain } from "./figures.js";
import { portfolio } from "./live.js";

const SVG = "http://www.w3.org/2000/svg";
const DAY = 86400;
const HEIGHT = 250;
const EDGE = { top: 10, right: 64, bottom: 22, left: 4 };
const SPANS = { "24h": 1, "7d": 7, "30d": 30, "90d": 90, "1y": 365, all: null };
const MODES = { value: "Value", growth: "Return" };
const TABLE_ROWS = 200;
const AGAIN = 2000;
/** A moment: as it was sent, and the two lines that are drawn.
 * @typedef {{time: number, value: number | null, missing: number, growth: number | null, benchmark: number | null, market: number | null}} Sent
 * @typedef {Sent & {own: number | null, other: number | null}} Point */
/** @typedef {{low: number, high: number, from: number, to: number, x: (time: number) => number, y: (value: number) => number}} Scale */
/** @type {Api.PortfolioHistory | null} */
let data = null;
/** What is drawn, once it has come. */
const sent = () => /** @type {Api.PortfolioHistory} */ (data);
/** @type {keyof typeof MODES} */
let mode = "value";
/** @type {keyof typeof SPANS} */
let span = "all";
/** The points on the screen, with their scales.
 * @type {{found: Point[], scale: Scale, width: number} | null} */
let shown = null;
let hovered = -1;
let due = 0;

const place = () => document.querySelector("[data-portfolio-chart]");

/** @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number>} attributes
 * @param {(Node | string)[]} children
 * @returns {SVGElementTagNameMap[Tag]} */
function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

// What is drawn

/** The points of the chosen range; returns are counted from its first one, and the last value is the live one.
 * @returns {Point[]} */
function points() {
  const all = sent().time.map((time, at) => ({ time, value: sent().value[at], missing: sent().without_price[at], growth: sent().growth[at], benchmark: sent().benchmark[at], market: sent().market[at] }));
  const live = portfolio.totals?.total_value ?? null;
  const last = all.at(-1);
  if (mode === "value" && live !== null && last) all.push({ ...last, time: Math.max(last.time + 1, now() / 1000), value: live });
  const length = SPANS[span];
  const found = length === null ? all : all.filter(({ time }) => time >= now() / 1000 - length * DAY);
  const first = found[0];
  if (mode === "value" || !first) return found.map((point) => ({ ...point, own: point.value, other: point.benchmark }));
  /** @param {number | null} value @param {number | null} start */
  const since = (value, start) => (value === null || start === null ? null : (1 + value) / (1 + start) - 1);
  return found.map((point) => ({ ...point, own: since(point.growth, first.growth), other: since(point.market, first.market) }));
}

/** @param {number} low @param {number} high @param {number} count */
function ticks(low, high, count) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? 10 * power;
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step / 1e6; at += step) found.push(at);
  return found;
}

const label = (/** @type {number} */ value) => (mode === "value" ? money(Math.round(value), sent()) : formatPercent(value, 2));
/** A value beside its line, with as many digits as tell two lines apart.
 * @param {number} value @param {number} step */
function short(value, step) {
  const digits = Math.max(3, Math.ceil(Math.log10(Math.abs(value) / step || 1)) + 1);
  if (mode !== "value") return `${Number((100 * value).toPrecision(digits))}\u00a0%`;
  return new Intl.NumberFormat("en-US", { style: "currency", currency: sent().currency, notation: "compact", maximumSignificantDigits: digits }).format(value / sent().scale);
}

/** @param {number} time */
const moment = (time) => new Date(time * 1000).toLocaleString(undefined, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });

/** @param {Point[]} found @param {number} width */
function scales(found, width) {
  const values = found.flatMap(({ own, other }) => [own, other]).filter((value) => value !== null);
  let [low, high] = [Math.min(...values), Math.max(...values)];
  const room = (high - low || Math.abs(high) || 1) * 0.06;
  [low, high] = [mode === "value" ? Math.max(0, low - room) : low - room, high + room];
  const [from, to] = [found[0].time, Math.max(found[found.length - 1].time, found[0].time + 1)];
  const x = (/** @type {number} */ time) => EDGE.left + ((time - from) / (to - from)) * (width - EDGE.left - EDGE.right);
  const y = (/** @type {number} */ value) => EDGE.top + ((high - value) / (high - low)) * (HEIGHT - EDGE.top - EDGE.bottom);
  return { low, high, from, to, x, y };
}

/** @param {Point[]} found @param {"own" | "other"} name @param {Scale} scale */
function path(found, name, { x, y }) {
  let text = "";
  let pen = "M";
  for (const point of found) {
    if (point[name] === null) pen = "M";
    else {
      text += `${pen}${x(point.time).toFixed(1)} ${y(point[name]).toFixed(1)}`;
      pen = "L";
    }
  }
  return text;
}

/** The parts of the own line whose end is of holdings that all have a price, or (`missing`) do not.
 * @param {Point[]} found @param {Scale} scale @param {boolean} missing */
function ownPath(found, { x, y }, missing) {
  let text = "";
  let pen = "";
  found.forEach((point, at) => {
    const before = found[at - 1];
    if (!before || before.own === null || point.own === null || point.missing > 0 !== missing) {
      pen = "";
      return;
    }
    if (!pen) text += `M${x(before.time).toFixed(1)} ${y(before.own).toFixed(1)}`;
    pen = "L";
    text += `L${x(point.time).toFixed(1)} ${y(point.own).toFixed(1)}`;
  });
  return text;
}

/** @param {Scale} scale @param {number} width */
function axes(scale, width) {
  const { low, high, from, to, x, y } = scale;
  const values = ticks(low, high, 5);
  const step = values.length > 1 ? values[1] - values[0] : high - low;
  const lines = values.flatMap((value) => [
    svg("line", { x1: EDGE.left, x2: width - EDGE.right, y1: y(value), y2: y(value), class: "portfolio-chart-grid" }),
    svg("text", { x: width - EDGE.right + 8, y: y(value) + 4 }, short(value, step)),
  ]);
  const zone = -60 * new Date(to * 1000).getTimezoneOffset();
  const within = (/** @type {{time: number}} */ { time }) => x(time) > 30 && x(time) < width - 30; // labels are not cut at the edges
  const times = timeTicks(from, to, Math.max(2, Math.floor(width / 100)), zone).filter(within);
  return [...lines, ...times.map(({ time, label }) => svg("text", { x: x(time), y: HEIGHT - 4, "text-anchor": "middle" }, label))];
}

/** @param {Scale} scale */
function moves({ from, to, x }) {
  const bottom = HEIGHT - EDGE.bottom;
  return sent().moves.filter(({ time }) => time >= from && time <= to).map(({ time, amount }) => {
    const [at, tip] = [x(time), amount > 0 ? bottom - 9 : bottom];
    const shape = svg("path", { d: `M${at - 4.5} ${amount > 0 ? bottom : bottom - 9}h9L${at} ${tip}z`, class: amount > 0 ? "portfolio-move-in" : "portfolio-move-out" });
    shape.append(svg("title", {}, `${amount > 0 ? "Came in" : "Went out"}: ${money(Math.abs(amount), sent())}, ${moment(time)}`));
    return shape;
  });
}

/** @param {Point[]} found @param {number} width */
function picture(found, width) {
  const scale = scales(found, width);
  shown = { found, scale, width };
  const own = path(found, "own", scale);
  const base = HEIGHT - EDGE.bottom;
  const area = found.some(({ own: value }) => value === null) ? "" : `${own}L${scale.x(found[found.length - 1].time).toFixed(1)} ${base}L${scale.x(found[0].time).toFixed(1)} ${base}z`;
  const name = `${MODES[mode]} over time: arrow keys read it point by point; the table below holds its figures`;
  return svg(
    "svg",
    { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, tabindex: "0", role: "group", "aria-label": name },
    ...axes(scale, width),
    mode === "value" ? svg("path", { d: area, class: "portfolio-chart-area" }) : "",
    svg("path", { d: path(found, "other", scale), class: "portfolio-chart-market" }),
    svg("path", { d: ownPath(found, scale, false), class: "portfolio-chart-own" }),
    svg("path", { d: ownPath(found, scale, true), class: "portfolio-chart-own portfolio-chart-missing" }),
    ...(mode === "value" ? moves(scale) : []),
    svg("g", { class: "portfolio-chart-cross" }),
  );
}

// Words around it

/** @param {string} name @param {Record<string, string>} options @param {string} current @param {(value: string) => void} choose */
function choice(name, options, current, choose) {
  const press = (/** @type {string} */ value) => () => {
    choose(value);
    draw();
    place()?.querySelector(`[data-choice="${value}"]`)?.focus();
  };
  const buttons = Object.entries(options).map(([value, text]) => el("button", { type: "button", "aria-pressed": String(current === value), "data-choice": value, click: press(value), text }));
  return el("div", { class: "portfolio-choice", role: "group", "aria-label": name }, buttons);
}

function bar() {
  const spans = Object.fromEntries(Object.keys(SPANS).map((name) => [name, name]));
  return el(
    "div",
    { class: "portfolio-chart-bar" },
    choice("What is drawn", MODES, mode, (value) => (mode = /** @type {keyof typeof MODES} */ (value))),
    choice("Range", spans, span, (value) => (span = /** @type {keyof typeof SPANS} */ (value))),
  );
}

/** @param {number} at */
function legend(at) {
  const target = place()?.querySelector(".portfolio-chart-legend");
  if (!target || !shown) return;
  const point = shown.found[at] || shown.found[shown.found.length - 1];
  /** @param {string} look @param {string} name @param {number | null} value */
  const part = (look, name, value) => el("span", {}, el("span", { class: `portfolio-key ${look}` }), `${name} `, el("strong", { text: value === null ? UNKNOWN : label(value) }));
  const other = mode === "value" ? "Same money in the market" : "Market";
  const missing = point.missing ? `${point.missing} without a price of these two weeks: at ${point.missing > 1 ? "their" : "its"} last price, or cost` : "";
  const quiet = missing || sent().benchmark[0] !== null ? missing : "The market\u2019s index does not reach back so far.";
  target.replaceChildren(el("span", { class: "muted", text: moment(point.time) }), part("portfolio-key-own", MODES[mode], point.own), part("portfolio-key-market", other, point.other), el("span", { class: "muted", text: quiet }));
}

function table() {
  /** @param {number | null} value @param {(value: number) => string} text */
  const known = (value, text) => (value === null ? UNKNOWN : text(value));
  const flows = new Map(sent().moves.map(({ time, amount }) => [time, amount]));
  const rows = sent().time.map((time, at) => at).toReversed().slice(0, TABLE_ROWS).map((at) =>
    el(
      "tr",
      {},
      el("th", { scope: "row", text: moment(sent().time[at]) }),
      el("td", { text: known(sent().value[at], (value) => money(value, sent())) }),
      el("td", { text: known(sent().benchmark[at], (value) => money(value, sent())) }),
      el("td", { text: known(sent().growth[at], (value) => formatPercent(value, 2)) }),
      el("td", { text: known(sent().market[at], (value) => formatPercent(value, 2)) }),
      el("td", {}, flows.has(sent().time[at]) ? gain(flows.get(sent().time[at]) ?? null, sent(), "") : ""),
    ),
  );
  const heads = ["Time", "Value", "In the market", "Return", "Market", "Came in, went out"].map((text) => el("th", { scope: "col", text }));
  const found = el("table", { class: "portfolio-figures-table" }, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, rows));
  return el("div", { class: "portfolio-table-frame", tabindex: "0", role: "region", "aria-label": "Figures of this chart" }, found);
}

function foot() {
  const details = el("details", { class: "portfolio-behind" }, el("summary", { text: "Figures of this chart" }));
  details.addEventListener("toggle", () => details.open && details.childElementCount === 1 && details.append(table()));
  const marks = sent().moves.length && mode === "value" ? el("span", { class: "muted", text: "\u25b2 came in, \u25bc went out: imports, purchases, sales" }) : null;
  return el("div", { class: "portfolio-chart-foot" }, details, marks);
}

function draw() {
  const target = place();
  if (!target) return;
  target.hidden = !data;
  if (!data) return;
  const open = target.querySelector("details")?.open;
  const found = points();
  shown = null;
  hovered = -1;
  const none = el("p", { class: "portfolio-none", text: "No valuation in this range yet." });
  const body = found.length > 1 ? picture(found, Math.max(280, target.clientWidth)) : none;
  target.replaceChildren(bar(), el("div", { class: "portfolio-chart-legend" }), body, foot());
  if (open) find(target, "details").toggleAttribute("open", true);
  legend(-1);
}

// Pointer and keyboard

/** @param {number} at */
function cross(at) {
  const group = place()?.querySelector(".portfolio-chart-cross");
  if (!group || !shown) return;
  hovered = at;
  const point = shown.found[at];
  if (!point) group.replaceChildren();
  else {
    const { x, y } = shown.scale;
    const at2 = x(point.time);
    /** @param {string} name @param {number | null} value */
    const dot = (name, value) => (value === null ? [] : [svg("circle", { cx: at2, cy: y(value), r: 3.5, class: `portfolio-dot-${name}` })]);
    const dots = [...dot("own", point.own), ...dot("other", point.other)];
    group.replaceChildren(svg("line", { x1: at2, x2: at2, y1: EDGE.top, y2: HEIGHT - EDGE.bottom }), ...dots);
  }
  legend(at);
}

/** The point that is nearest to a place of the pointer.
 * @param {number} clientX @param {HTMLElement} picture @param {NonNullable<typeof shown>} drawn */
function nearest(clientX, picture, { found, scale }) {
  const at = clientX - picture.getBoundingClientRect().left;
  let best = 0;
  found.forEach((point, place) => {
    if (Math.abs(scale.x(point.time) - at) < Math.abs(scale.x(found[best].time) - at)) best = place;
  });
  return best;
}

document.addEventListener("pointermove", (event) => {
  const inside = closest(event, "[data-portfolio-chart] svg");
  if (shown && inside) cross(nearest(event.clientX, inside, shown));
  else if (hovered >= 0 && document.activeElement?.tagName !== "svg") cross(-1);
});
document.addEventListener("keydown", (event) => {
  if (!shown || !(event.target instanceof Element && event.target.matches("[data-portfolio-chart] svg"))) return;
  const last = shown.found.length - 1;
  const from = hovered < 0 ? last : hovered;
  const to = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: last }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  cross(Math.min(last, Math.max(0, to)));
});

const sizes = new ResizeObserver(([entry]) => {
  if (data && shown && Math.abs(Math.max(280, entry.contentRect.width) - shown.width) > 1) draw();
});
document.addEventListener("tracera:portfolio-history", ({ detail }) => {
  data = detail;
  draw();
  const target = place();
  if (target) sizes.observe(target);
});
document.addEventListener("tracera:portfolio-moved", () => {
  if (due || !data || mode !== "value") return;
  due = setTimeout(() => {
    due = 0;
    if (hovered < 0 && !place()?.contains(document.activeElement)) draw();
  }, AGAIN);
});
