/* What the chart library is given: the series of prices, volume and indicators, the lines of levels, and the chart's options. */
import { keep } from "./chart_given.js";
import { levelLines } from "./chart_levels.js";
import { label, word } from "./chart_selection.js";
import { CHART, DAY, chartLook, colour, definition, drawn, figure, moment, tick, view, volumeName } from "./chart_state.js";
import { UNKNOWN, formatCount, formatFixed } from "../ui/format.js";

/** @typedef {import("./chart_selection.js").Chosen} Chosen */

const functions = (window.dashTvlwcFunctions = window.dashTvlwcFunctions || /** @type {Window["dashTvlwcFunctions"]} */ ({}));
const MANY = 1500; // points, from which on a thick line would be a blot
const IN_PRICES = new Set(["atr", "macd"]); // of indicators in panes of their own, those in units of the price
/** @type {Record<string, number[]>} */
const GUIDES = { rsi: [30, 70], stochastic: [20, 80], cci: [-100, 100], adx: [25] };
const PALETTE = ["series-1", "series-5", "series-4", "series-6", "series-2", "series-3", "series-7"];
const LEVELS = { day: "series-2", week: "series-4", month: "series-5", year: "series-6", all: "text", fib: "series-7" };
const PANE_HEIGHT = 96;
const LINE_HEIGHT = 18;
const LEAST_SPACING = 0.5; // pixels a bar

/** A value of an indicator's own pane as text.
 * @param {string} name
 * @param {Chart.Value} value */
export function ownValue(name, value) {
  if (value === null) return UNKNOWN;
  if (IN_PRICES.has(name)) return figure(value * drawn().scale);
  return name === "obv" ? formatCount(Math.round(value)) : formatFixed(value, 2);
}
functions.traceraPrice = figure;
/** @param {number} value */
functions.traceraUnits = (value) => (view.chart ? figure(value * view.chart.scale) : "");
/** @param {number} time */
functions.traceraTime = (time) => (view.chart ? moment(time) : "");
functions.traceraTick = tick;

const priceFormat = { type: "custom", formatter: "traceraPrice", minMove: 1 };
const quiet = { priceLineVisible: false, lastValueVisible: false, crosshairMarkerVisible: false };

/** The library draws a line on over bars without a value: the piece that leads over a gap, which takes its colour from the bar before, has none.
 * @param {number} at
 * @param {...("color" | "lineColor" | "topColor" | "bottomColor")} names */
function beforeGap(at, ...names) {
  const over = drawn().close[at] !== null && drawn().close[at + 1] === null;
  return over ? Object.fromEntries(names.map((name) => [name, "transparent"])) : {};
}

/** Points of a column; unknown ones are gaps.
 * @param {Chart.Value[]} values
 * @param {...("color" | "lineColor" | "topColor" | "bottomColor")} names of the colours of a line over a gap
 * @returns {Chart.Point[]} */
const points = (values, ...names) =>
  drawn().time.map((time, at) => {
    const value = values[at] ?? null;
    return value === null ? { time } : { time, value, ...beforeGap(at, ...names) };
  });

/** One bar of the price as the library takes it.
 * @param {number} at
 * @returns {Chart.Bar} */
export function priceBar(at) {
  const chart = drawn();
  const time = chart.time[at];
  const close = chart.close[at];
  if (close === null) return { time };
  if (chart.kind === "line") return { time, value: close, ...beforeGap(at, "color") };
  return { time, open: chart.open[at], high: chart.high[at], low: chart.low[at], close };
}

/** One translucent band: filled down from its upper edge, and covered again below its lower one.
 * @param {string} prefix
 * @param {Chart.Band} edges
 * @returns {Chart.Series[]} */
function band(prefix, { upper, middle, lower }) {
  const line = { lineColor: colour("band-line"), lineWidth: 1, priceFormat, ...quiet };
  /** @param {string} id @param {Chart.Value[]} values @param {string} fill @returns {Chart.Series} */
  const area = (id, values, fill) => ({ id: prefix + id, type: "area", data: points(values, "lineColor", "topColor", "bottomColor"), options: { ...line, topColor: fill, bottomColor: fill } });
  const options = { color: colour("band-line"), lineWidth: 1, lineStyle: 2, priceFormat, ...quiet };
  return [area("upper", upper, colour("band")), area("lower", lower, colour("surface")), { id: `${prefix}middle`, type: "line", data: points(middle, "color"), options }];
}

const markers = () =>
  drawn().outliers.map((at) => ({ time: drawn().time[at], position: "aboveBar", shape: "circle", color: colour("stale"), text: "Outlier", size: 0.6 }));

/** Lines of the chosen levels. */
const priceLines = () =>
  levelLines(view.range, view.levels).map(({ price, title, kind, previous }) => ({
    price,
    title,
    color: colour(LEVELS[kind]),
    lineWidth: 1,
    lineStyle: kind === "fib" ? 1 : previous ? 2 : 0,
    axisLabelVisible: true,
  }));

/** @returns {Chart.Series} */
function price() {
  const chart = drawn();
  const scale = { mode: view.overlays.has("log") ? 1 : 0, scaleMargins: { top: 0.1, bottom: 0.08 }, entireTextOnly: true };
  const base = { id: "price", priceScaleOptions: scale, markers: markers(), priceLines: priceLines(), data: chart.time.map((_, at) => priceBar(at)) };
  const [up, down] = [colour("up"), colour("down")];
  if (chart.kind === "line") {
    return { ...base, type: "line", options: { color: colour("accent"), lineWidth: chart.time.length > MANY ? 1 : 2, priceFormat, priceLineColor: colour("muted") } };
  }
  const options = { upColor: up, downColor: down, borderUpColor: up, borderDownColor: down, wickUpColor: up, wickDownColor: down };
  return { ...base, type: "candlestick", options: { ...options, priceFormat } };
}

/** @returns {Chart.Series} */
const volume = () => ({
  id: "volume",
  type: "histogram",
  pane: 1,
  data: points(drawn().volume),
  options: { color: colour("volume"), priceFormat: { type: "volume", precision: 0 }, priceLineVisible: false, lastValueVisible: false },
  priceScaleOptions: { scaleMargins: { top: 0.3, bottom: 0 }, entireTextOnly: true },
});

/** An indicator's values along the bars that are drawn, in minor units where it lies over prices.
 * @param {Chosen} chosen
 * @param {string} part */
function column(chosen, part) {
  const values = view.values.get(word(chosen))?.[part];
  const scale = definition(chosen.name).pane === "price" ? drawn().scale : 1;
  return drawn().time.map((time) => {
    const value = values?.get(time) ?? null;
    return value === null ? null : value * scale;
  });
}

/** Whether an indicator is drawn as the filled band: the first of its kind.
 * @param {Chosen} chosen */
const isBand = (chosen) => chosen === view.indicators.find(({ name, hidden }) => name === "bollinger" && !hidden);

/** The colour of an indicator's series.
 * @param {Chosen} chosen */
export const seriesColour = (chosen, part = 0) => colour(isBand(chosen) ? "accent" : PALETTE[(view.indicators.indexOf(chosen) + part) % PALETTE.length]);

/** Those that are drawn in a kind of pane.
 * @param {"price" | "own"} pane */
const visible = (pane) => view.indicators.filter((chosen) => !chosen.hidden && definition(chosen.name).pane === pane);

/** The id of an indicator's series.
 * @param {Chosen} chosen
 * @param {string} part */
export const seriesId = (chosen, part) => `${word(chosen)} ${part}`;

/** One series of an indicator.
 * @param {Chosen} chosen
 * @param {string} part
 * @param {number} at its place among those of the indicator
 * @param {number} pane
 * @returns {Chart.Series} */
function line(chosen, part, at, pane) {
  const prefix = { id: seriesId(chosen, part), pane };
  const data = points(column(chosen, part));
  const own = pane > 0;
  const format = own ? (IN_PRICES.has(chosen.name) ? { type: "custom", formatter: "traceraUnits", minMove: 0.01 } : { type: chosen.name === "obv" ? "volume" : "price", precision: 2 }) : priceFormat;
  const scales = own ? { priceScaleOptions: { scaleMargins: { top: 0.24, bottom: 0.08 }, entireTextOnly: true } } : {};
  if (part === "histogram") {
    const [falling, rising] = [colour("down-deep"), colour("up-deep")];
    for (const point of data) if (point.value !== undefined) point.color = point.value < 0 ? falling : rising;
    return { ...prefix, ...scales, type: "histogram", data, options: { ...quiet, priceFormat: format } };
  }
  if (part === "supertrend") {
    const [trend, falling, rising] = [column(chosen, "trend"), colour("down"), colour("up")];
    data.forEach((point, bar) => (point.color = Number(trend[bar]) < 0 ? falling : rising));
  }
  const guides = at === 0 && own ? (GUIDES[chosen.name] || []).map((value) => ({ price: value, color: colour("border"), lineWidth: 1, lineStyle: 2, axisLabelVisible: false, title: "" })) : [];
  const options = { ...quiet, color: seriesColour(chosen, at), lineWidth: 1, priceFormat: format };
  return { ...prefix, ...scales, type: "line", data, options, priceLines: guides };
}

/** The series that are drawn of an indicator: the Supertrend's direction is its colour.
 * @param {Chosen} chosen */
export const parts = (chosen) => definition(chosen.name).series.filter((part) => part !== "trend");

/** @param {Chosen} chosen @param {number} pane */
const lines = (chosen, pane) => parts(chosen).map((part, at) => line(chosen, part, at, pane));

/** What is drawn: bands below the price, lines over it, panes below. Returns series, panes and what each pane is called. */
export function drawing() {
  const { upper, middle, lower, volume: traded } = drawn();
  const withVolume = view.overlays.has("volume") && traded.some((value) => value !== null);
  const bands = view.overlays.has("bands") && upper && middle && lower ? band("", { upper, middle, lower }) : [];
  const bollinger = view.indicators.filter(isBand);
  const filled = bollinger.flatMap((chosen) => band(`${word(chosen)} `, { upper: column(chosen, "upper"), middle: column(chosen, "middle"), lower: column(chosen, "lower") }));
  const over = visible("price").filter((chosen) => !isBand(chosen)).flatMap((chosen) => lines(chosen, 0));
  const own = visible("own");
  const below = own.flatMap((chosen, at) => lines(chosen, at + 1 + Number(withVolume)));
  const panes = [{ stretchFactor: 5 }, ...(withVolume ? [{ stretchFactor: 1 }] : []), ...own.map(() => ({ stretchFactor: 1.4 }))];
  const names = [...(withVolume ? [{ name: volumeName(), chosen: null }] : []), ...own.map((chosen) => ({ name: label(chosen, definition(chosen.name)), chosen }))];
  return { series: keep([...bands, ...filled, price(), ...over, ...(withVolume ? [volume()] : []), ...below]), panes, names };
}

/** Width of the chart with its axis, in pixels. */
export const frameWidth = () => document.getElementById("price-chart-frame")?.clientWidth || 600;

/** How many bars the chart has places for at once. */
export const mostBars = () => (view.history ? frameWidth() / LEAST_SPACING : Infinity);

/** Height that panes below the chart take, and further lines of the legend, for the frame. */
export const extraHeight = () => ({ panes: visible("own").length * PANE_HEIGHT, legend: visible("price").length * LINE_HEIGHT });

export function chartOptions() {
  const { border, layout, crosshair } = chartLook();
  return {
    layout: { ...layout, panes: { separatorColor: border, enableResize: false } },
    // A grid would show through the band and not below it.
    grid: { vertLines: { visible: false }, horzLines: { visible: false } },
    rightPriceScale: { borderColor: border },
    timeScale: {
      borderColor: border,
      timeVisible: !view.chart || view.chart.seconds < DAY,
      secondsVisible: false,
      // A pair has years of minutes: no more of them at once than there are places for.
      minBarSpacing: view.history ? LEAST_SPACING : 0.02,
      rightOffsetPixels: 20,
      tickMarkFormatter: "traceraTick",
    },
    localization: { timeFormatter: "traceraTime" },
    crosshair,
    handleScroll: { vertTouchDrag: false }, // the page scrolls
    hoveredSeriesOnTop: false,
  };
}

/** Where the library has put each pane below the first, from the top of `frame`, in pixels.
 * @param {HTMLElement} frame */
export function paneTops(frame) {
  const rows = [...document.querySelectorAll(`#${CHART} table tr`)].filter((row) => row.getBoundingClientRect().height > 30);
  const top = frame.getBoundingClientRect().top;
  return rows.slice(1).map((row) => row.getBoundingClientRect().top - top);
}
