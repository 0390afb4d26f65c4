/* The page of comparisons (components/compare): lines that are 100 at their common beginning, and which items are chosen. */
import { points } from "./points.js";
import { chartLook, colour, opening, tick } from "../item/chart_state.js";
import { UNKNOWN, formatFixed } from "../ui/format.js";
import { el } from "../ui/elements.js";
import { clientside, setProps } from "../ui/dash.js";

/** @typedef {import("./points.js").Line} Line */
/** @typedef {{time: number[], seconds: number, lines: Line[]}} Data */

const ITEMS = { page: "compare", url: "items" };
const PALETTE = ["series-1", "series-5", "series-4", "series-6", "series-2", "series-3"];
const DAY = 86_400;
const MANY = 400; // points, from which on a thick line would be a blot
const NARROW = 600; // pixels, in which labels of more than FEW lines would hide them
const FEW = 4;
/** @type {Data | null} */
let shown = null;
let hovered = -1;
let fits = 0;

const functions = (window.dashTvlwcFunctions = window.dashTvlwcFunctions || /** @type {Window["dashTvlwcFunctions"]} */ ({}));
/** @param {number} value */
functions.traceraLevel = (value) => formatFixed(value, 2);
/** @param {number} time */
functions.traceraOpening = (time) => (shown ? opening(time, shown.seconds) : "");
functions.traceraTick = tick;

/** What a line looks like: its colour, its style as the library names it, and the class of its key.
 * @param {number} at its place among the lines */
function look(at) {
  const { lines } = /** @type {Data} */ (shown);
  const others = lines.findIndex(({ index }) => index);
  if (lines[at].index) return at === others ? { name: "muted", style: 1, key: "compare-key-index" } : { name: "text", style: 1, key: "compare-key-index-1" };
  const place = at % PALETTE.length;
  const dashed = at >= PALETTE.length;
  return { name: PALETTE[place], style: dashed ? 2 : 0, key: `compare-key-${place}${dashed ? " compare-dashed" : ""}` };
}

/** @param {Line} line @param {number} at its place among the lines */
function series(line, at) {
  const { time, lines } = /** @type {Data} */ (shown);
  const { name, style } = look(at);
  const own = colour(name);
  const { data, dots } = points(line, time, own);
  const wide = (document.getElementById("compare-frame")?.clientWidth ?? 0) > NARROW;
  return {
    id: `line-${at}`,
    type: "line",
    data,
    markers: dots,
    priceLines: at ? [] : [{ price: 100, color: colour("border"), lineWidth: 1, lineStyle: 0, axisLabelVisible: false, title: "" }],
    priceScaleOptions: { scaleMargins: { top: 0.06, bottom: 0.06 }, entireTextOnly: true },
    options: {
      color: own,
      lineWidth: time.length > MANY && !line.index ? 1 : 2,
      lineStyle: style,
      priceLineVisible: false,
      lastValueVisible: wide || lines.length <= FEW,
      priceFormat: { type: "custom", formatter: "traceraLevel", minMove: 0.01 },
    },
  };
}

function options() {
  const { border, layout, crosshair } = chartLook();
  return {
    layout,
    grid: { vertLines: { visible: false }, horzLines: { color: colour("grid") } },
    rightPriceScale: { borderColor: border },
    timeScale: { borderColor: border, timeVisible: Boolean(shown && shown.seconds < DAY), secondsVisible: false, minBarSpacing: 0.02, rightOffset: 1, tickMarkFormatter: "traceraTick" },
    localization: { timeFormatter: "traceraOpening" },
    crosshair,
    handleScroll: { vertTouchDrag: false, mouseWheel: false }, // the page scrolls
    handleScale: { mouseWheel: false },
    hoveredSeriesOnTop: true,
  };
}

/** The level of each line at the bucket under the crosshair, or its newest. */
function legend() {
  const target = document.getElementById("compare-legend");
  if (!target) return;
  if (!shown) return target.replaceChildren();
  const { time, seconds, lines } = shown;
  const when = hovered < 0 ? "Newest" : opening(time[hovered], seconds) + (seconds < DAY ? " UTC" : "");
  const parts = lines.map(({ name, levels }, at) => {
    const level = hovered < 0 ? levels.findLast((value) => value !== null) : levels[hovered];
    const text = level === null || level === undefined ? UNKNOWN : formatFixed(level, 2);
    return el("span", {}, el("span", { class: `compare-key ${look(at).key}` }), el("span", { class: "compare-legend-name", text: name }), el("strong", { text }));
  });
  target.replaceChildren(el("span", { class: "compare-legend-time", text: when }), ...parts);
}

/** Read the buckets one by one.
 * @param {KeyboardEvent} event */
function read(event) {
  if (!shown || !(event.target instanceof Element) || event.target.id !== "compare-frame") return;
  const last = shown.time.length - 1;
  const from = hovered < 0 ? last : hovered;
  const to = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: last, Escape: -1 }[event.key];
  if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  hovered = to < 0 && event.key === "Escape" ? -1 : Math.min(last, Math.max(0, to));
  legend();
}
document.addEventListener("keydown", read);

// The server searches, by any words in any order: what it found is shown.
window.dashMantineFunctions = {
  ...window.dashMantineFunctions,
  everything: (/** @type {{ options: object[] }} */ { options: found }) => found,
};

const nothing = () => clientside.no_update;
/** What the field of items shows. @returns {string[]} */
const inField = () => window.dash_component_api.getLayout("compare-items")?.props.value ?? [];
/** The items of the address that the field can show.
 * @param {string | null} text */
const wanted = (text) => [...new Set((text ?? "").split(",").map((part) => part.trim()).filter((part) => /^[1-9]\d{0,9}$/.test(part)))].slice(0, 10);

clientside.compare = {
  /** @param {Data | null} data */
  draw(data) {
    if (data !== shown) hovered = -1;
    shown = data;
    legend();
    if (!shown) return [[], options(), nothing()];
    return [shown.lines.map(series), options(), { action: "fitContent", nonce: (fits += 1) }];
  },
  /** @param {{time?: number} | null} crosshair */
  legend(crosshair) {
    hovered = shown && crosshair?.time ? shown.time.indexOf(crosshair.time) : -1;
    legend();
    return nothing();
  },
  fit: () => ({ action: "fitContent", nonce: (fits += 1) }),
  /** What is chosen in the field becomes the address'.
   * @param {string[] | null} values */
  choose(values) {
    setProps(ITEMS, { value: (values ?? []).join(",") });
    return nothing();
  },
  /** After "back" the field shows what the address says.
   * @param {string | null} text */
  adopt(text) {
    const values = wanted(text);
    if (String(values) !== String(inField())) setProps("compare-items", { value: values });
    return nothing();
  },
};
