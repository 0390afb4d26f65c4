/* What the modules of the price chart share: what is drawn, what is chosen, and how its values are written. */
import { NO_BREAK, UNKNOWN, formatMoney } from "../ui/format.js";

export const CHART = "price-chart";
export const DAY = 86400;
/** @type {Record<number, string>} */
export const INTERVALS = { 60: "1 min", 300: "5 min", 900: "15 min", 3600: "1 h", 14400: "4 h", 86400: "1 d", 604800: "1 w" };

export const view = {
  /** Columns that are drawn, moved by live prices; null before the first.
   * @type {Chart.Data | null} */
  chart: null,
  /** What of a pair has been loaded; null for items, which are drawn as a whole.
   * @type {import("./chart_history.js").CandleHistory | null} */
  history: null,
  /** Where in the history the first bar lies that is drawn. */
  first: 0,
  /** The toggles above the chart.
   * @type {Set<string>} */
  overlays: new Set(),
  /** The bar under the crosshair, or -1. */
  hovered: -1,
  /** The visible range in bars that are drawn.
   * @type {Chart.Range | null} */
  seen: null,
  /** @type {import("./chart_selection.js").Indicator[]} */
  registry: [],
  /** @type {import("./chart_selection.js").Chosen[]} */
  indicators: [],
  /** @type {string[]} */
  levels: [],
  /** Values of indicators by word, series and opening time.
   * @type {Map<string, Record<string, Map<number, Chart.Value>>>} */
  values: new Map(),
  /** The answer about price levels.
   * @type {Chart.Levels | null} */
  range: null,
};

/** The chart, where one is drawn. */
export const drawn = () => /** @type {Chart.Data} */ (view.chart);

/** A colour of the scheme that is shown.
 * @param {string} name */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--tracera-${name}`).trim();

/** A price in minor units as text.
 * @param {Chart.Value} [value] */
export const money = (value) => (value === null || value === undefined || !view.chart ? UNKNOWN : formatMoney(Math.round(value), view.chart.scale, view.chart.currency));

/** The same without a code behind it: on the axis and in the legend the page's head says what prices are in.
 * @param {Chart.Value} [value] */
export const figure = (value) => money(value).replace(`${NO_BREAK}${view.chart?.currency}`, "");

export const volumeName = () => (view.chart?.rolling ? "24 h volume" : "Volume");

/** What an indicator is; those that are chosen are known.
 * @param {string} name */
export const definition = (name) => /** @type {import("./chart_selection.js").Indicator} */ (view.registry.find((indicator) => indicator.name === name));

/** The bar that the legend reads: under the crosshair, else the newest. */
export const current = () => (view.hovered >= 0 && view.hovered < drawn().time.length ? view.hovered : drawn().time.length - 1);

/** Whether the newest bar of all is among those drawn. */
export const drawsNewest = () => !view.history || view.first + drawn().time.length >= view.history.length;

// Times: all in UTC, in which candles, days and levels begin and end. Axis and labels tell the same.

const UTC = { timeZone: "UTC" };
const DATE = /** @type {const} */ ({ day: "numeric", month: "short", year: "numeric" });
const CLOCK = /** @type {const} */ ({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
/** @type {Intl.DateTimeFormatOptions[]} */
const TICKS = [{ year: "numeric" }, { month: "short" }, { day: "numeric", month: "short" }, CLOCK, CLOCK];
/** @type {Map<Intl.DateTimeFormatOptions, Intl.DateTimeFormat>} */
const formats = new Map();

/** Making a format costs more than using it a hundred times.
 * @param {number} time
 * @param {Intl.DateTimeFormatOptions} options */
function say(time, options) {
  const format = formats.get(options) ?? new Intl.DateTimeFormat(undefined, { ...options, ...UTC });
  formats.set(options, format);
  return format.format(time * 1000);
}
const DATED = { ...DATE, ...CLOCK };

/** When a bar of so many seconds opens.
 * @param {number} time
 * @param {number} seconds */
export const opening = (time, seconds) => (seconds >= DAY ? say(time, DATE) : say(time, DATED));

/** When a bar opens.
 * @param {number} time */
export const moment = (time) => opening(time, drawn().seconds);

/** The axis' label for a tick; `kind` is the library's: year, month, day, time, seconds.
 * @param {number} time
 * @param {number} kind */
export const tick = (time, kind) => say(time, TICKS[kind]);

/** What charts of this library look like alike, in the colours of the scheme: text, cross, axes' borders. */
export function chartLook() {
  const cross = { color: colour("muted"), labelBackgroundColor: colour("muted") };
  return {
    border: colour("border"),
    layout: {
      background: { type: "solid", color: colour("surface") },
      textColor: colour("muted"),
      fontFamily: getComputedStyle(document.body).fontFamily,
      fontSize: 12,
      attributionLogo: false, // named under the chart instead
    },
    crosshair: { mode: 0, vertLine: cross, horzLine: cross },
  };
}
