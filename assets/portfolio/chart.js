/* Value and return over time beside the market: an SVG on a true time axis, into [data-portfolio-chart].
   See components/portfolio/chart.py; docs/decisions says why it is drawn by hand. */
import { now } from "../live/clock.js";
import { el } from "../ui/elements.js";
import { UNKNOWN, formatPercent, money } from "../ui/format.js";
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
let data = null;
let mode = "value";
let span = "all";
let shown = null; // the points on the screen, with their scales
let hovered = -1;
let due = 0;

const place = () => document.querySelector("[data-portfolio-chart]");

function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// What is drawn

/** The points of the chosen range; returns are counted from its first one, and the last value is the live one. */
function points() {
  const all = data.time.map((time, at) => ({ time, value: data.value[at], growth: data.growth[at], benchmark: data.benchmark[at], market: data.market[at] }));
  const live = portfolio.totals?.total_value ?? null;
  const last = all.at(-1);
  if (mode === "value" && live !== null && last) all.push({ ...last, time: Math.max(last.time + 1, now() / 1000), value: live });
  const length = SPANS[span];
  const found = length === null ? all : all.filter(({ time }) => time >= now() / 1000 - length * DAY);
  const first = found[0];
  if (mode === "value" || !first) return found.map((point) => ({ ...point, own: point.value, other: point.benchmark }));
  const since = (value, start) => (value === null || start === null ? null : (1 + value) / (1 + start) - 1);
  return found.map((point) => ({ ...point, own: since(point.growth, first.growth), other: since(point.market, first.market) }));
}

function ticks(low, high, count) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= rough);
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step / 1e6; at += step) found.push(at);
  return found;
}

const label = (value) => (mode === "value" ? money(Math.round(value), data) : formatPercent(value, 2));
/** A value beside its line, with as many digits as tell two lines apart. */
function short(value, step) {
  const digits = Math.max(3, Math.ceil(Math.log10(Math.abs(value) / step || 1)) + 1);
  if (mode !== "value") return `${Number((100 * value).toPrecision(digits))}\u00a0%`;
  return new Intl.NumberFormat("en-US", { style: "currency", currency: data.currency, notation: "compact", maximumSignificantDigits: digits }).format(value / data.scale);
}

function when(time, length) {
  /** @type {Intl.DateTimeFormatOptions} */
  const options = length < 2 * DAY ? { hour: "2-digit", minute: "2-digit" } : length < 300 * DAY ? { day: "numeric", month: "short" } : { month: "short", year: "2-digit" };
  return new Date(time * 1000).toLocaleString(undefined, options);
}
const moment = (time) => new Date(time * 1000).toLocaleString(undefined, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });

function scales(found, width) {
  const values = found.flatMap(({ own, other }) => [own, other]).filter((value) => value !== null);
  let [low, high] = [Math.min(...values), Math.max(...values)];
  const room = (high - low || Math.abs(high) || 1) * 0.06;
  [low, high] = [mode === "value" ? Math.max(0, low - room) : low - room, high + room];
  const [from, to] = [found[0].time, Math.max(found.at(-1).time, found[0].time + 1)];
  const x = (time) => EDGE.left + ((time - from) / (to - from)) * (width - EDGE.left - EDGE.right);
  const y = (value) => EDGE.top + ((high - value) / (high - low)) * (HEIGHT - EDGE.top - EDGE.bottom);
  return { low, high, from, to, x, y };
}

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

function axes(scale, width) {
  const { low, high, from, to, x, y } = scale;
  const values = ticks(low, high, 5);
  const step = values.length > 1 ? values[1] - values[0] : high - low;
  const lines = values.flatMap((value) => [
    svg("line", { x1: EDGE.left, x2: width - EDGE.right, y1: y(value), y2: y(value), class: "portfolio-chart-grid" }),
    svg("text", { x: width - EDGE.right + 8, y: y(value) + 4 }, short(value, step)),
  ]);
  const count = Math.max(2, Math.floor(width / 150));
  const times = Array.from({ length: count }, (_, at) => from + ((at + 0.5) / count) * (to - from));
  return [...lines, ...times.map((time) => svg("text", { x: x(time), y: HEIGHT - 4, "text-anchor": "middle" }, when(time, to - from)))];
}

const inRange = (time) => time >= shown.scale.from && time <= shown.scale.to;

function moves({ x }) {
  const bottom = HEIGHT - EDGE.bottom;
  return data.moves.filter(({ time }) => inRange(time)).map(({ time, amount }) => {
    const [at, tip] = [x(time), amount > 0 ? bottom - 9 : bottom];
    const shape = svg("path", { d: `M${at - 4.5} ${amount > 0 ? bottom : bottom - 9}h9L${at} ${tip}z`, class: amount > 0 ? "portfolio-move-in" : "portfolio-move-out" });
    shape.append(svg("title", {}, `${amount > 0 ? "Came in" : "Went out"}: ${money(Math.abs(amount), data)}, ${moment(time)}`));
    return shape;
  });
}

function picture(found, width) {
  const scale = scales(found, width);
  shown = { found, scale, width };
  const own = path(found, "own", scale);
  const base = HEIGHT - EDGE.bottom;
  const area = `${own}L${scale.x(found.at(-1).time).toFixed(1)} ${base}L${scale.x(found[0].time).toFixed(1)} ${base}z`;
  const name = `${MODES[mode]} over time: arrow keys read it point by point; the table below holds its figures`;
  return svg(
    "svg",
    { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, tabindex: "0", role: "group", "aria-label": name },
    ...axes(scale, width),
    mode === "value" ? svg("path", { d: area, class: "portfolio-chart-area" }) : "",
    svg("path", { d: path(found, "other", scale), class: "portfolio-chart-market" }),
    svg("path", { d: own, class: "portfolio-chart-own" }),
    ...(mode === "value" ? moves(scale) : []),
    svg("g", { class: "portfolio-chart-cross" }),
  );
}

// Words around it

function choice(name, options, current, choose) {
  const press = (value) => () => {
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
    choice("What is drawn", MODES, mode, (value) => (mode = value)),
    choice("Range", spans, span, (value) => (span = value)),
  );
}

function legend(at) {
  const target = place()?.querySelector(".portfolio-chart-legend");
  if (!target || !shown) return;
  const point = shown.found[at] || shown.found.at(-1);
  const part = (look, name, value) => el("span", {}, el("span", { class: `portfolio-key ${look}` }), `${name} `, el("strong", { text: value === null ? UNKNOWN : label(value) }));
  const other = mode === "value" ? "Same money in the market" : "Market";
  const quiet = data.benchmark[0] === null ? "The market\u2019s index does not reach back so far." : "";
  target.replaceChildren(el("span", { class: "muted", text: moment(point.time) }), part("portfolio-key-own", MODES[mode], point.own), part("portfolio-key-market", other, point.other), el("span", { class: "muted", text: quiet }));
}

function table() {
  const known = (value, text) => (value === null ? UNKNOWN : text(value));
  const flows = new Map(data.moves.map(({ time, amount }) => [time, amount]));
  const rows = data.time.map((time, at) => at).toReversed().slice(0, TABLE_ROWS).map((at) =>
    el(
      "tr",
      {},
      el("th", { scope: "row", text: moment(data.time[at]) }),
      el("td", { text: money(data.value[at], data) }),
      el("td", { text: known(data.benchmark[at], (value) => money(value, data)) }),
      el("td", { text: known(data.growth[at], (value) => formatPercent(value, 2)) }),
      el("td", { text: known(data.market[at], (value) => formatPercent(value, 2)) }),
      el("td", {}, flows.has(data.time[at]) ? gain(flows.get(data.time[at]), data, "") : ""),
    ),
  );
  const heads = ["Time", "Value", "In the market", "Return", "Market", "Came in, went out"].map((text) => el("th", { scope: "col", text }));
  const found = el("table", { class: "portfolio-figures-table" }, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, rows));
  return el("div", { class: "portfolio-table-frame", tabindex: "0", role: "region", "aria-label": "Figures of this chart" }, found);
}

function foot() {
  const details = el("details", { class: "portfolio-behind" }, el("summary", { text: "Figures of this chart" }));
  details.addEventListener("toggle", () => details.open && details.childElementCount === 1 && details.append(table()));
  const marks = data.moves.length && mode === "value" ? el("span", { class: "muted", text: "\u25b2 came in, \u25bc went out: imports, purchases, sales" }) : null;
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
  if (open) target.querySelector("details").open = true;
  legend(-1);
}

// Pointer and keyboard

function cross(at) {
  const group = place()?.querySelector(".portfolio-chart-cross");
  if (!group || !shown) return;
  hovered = at;
  const point = shown.found[at];
  if (!point) group.replaceChildren();
  else {
    const { x, y } = shown.scale;
    const at2 = x(point.time);
    const dots = ["own", "other"].filter((name) => point[name] !== null).map((name) => svg("circle", { cx: at2, cy: y(point[name]), r: 3.5, class: `portfolio-dot-${name}` }));
    group.replaceChildren(svg("line", { x1: at2, x2: at2, y1: EDGE.top, y2: HEIGHT - EDGE.bottom }), ...dots);
  }
  legend(at);
}

function nearest(event) {
  const { left } = event.target.closest("svg").getBoundingClientRect();
  const at = event.clientX - left;
  let best = 0;
  shown.found.forEach((point, place) => {
    if (Math.abs(shown.scale.x(point.time) - at) < Math.abs(shown.scale.x(shown.found[best].time) - at)) best = place;
  });
  return best;
}

document.addEventListener("pointermove", (event) => {
  const inside = shown && event.target.closest?.("[data-portfolio-chart] svg");
  if (inside) cross(nearest(event));
  else if (hovered >= 0 && document.activeElement?.tagName !== "svg") cross(-1);
});
document.addEventListener("keydown", (event) => {
  if (!shown || !event.target.matches?.("[data-portfolio-chart] svg")) return;
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
  if (place()) sizes.observe(place());
});
document.addEventListener("tracera:portfolio-moved", () => {
  if (due || !data || mode !== "value") return;
  due = setTimeout(() => {
    due = 0;
    if (hovered < 0 && !place()?.contains(document.activeElement)) draw();
  }, AGAIN);
});
