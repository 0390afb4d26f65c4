/* The live point: a price that comes in moves the newest bar without drawing the chart anew. */
import { drawn, drawsNewest, view } from "./chart_state.js";
import { priceBar } from "./chart_series.js";

const ORIGIN = 946857600; // Monday 2000-01-03: buckets are counted from there
const PERIODS = 20;
const WIDTH = 2;
const PRICES = /** @type {const} */ (["open", "high", "low", "close"]);
const BAND = /** @type {const} */ (["upper", "lower", "middle"]);

/** Bollinger's bands at the last bar of an item, as app.analytics.bollinger_series has them.
 * @param {Chart.Data} chart */
function lastBands(chart) {
  const own = chart.close.filter((_, at) => !chart.outliers.includes(at)).filter((close) => close !== null);
  const closes = [...(chart.before ?? []), ...own].slice(-PERIODS);
  if (closes.length < PERIODS) return [null, null, null];
  const mean = closes.reduce((sum, close) => sum + close, 0) / PERIODS;
  const reach = WIDTH * Math.sqrt(closes.reduce((sum, close) => sum + (close - mean) ** 2, 0) / PERIODS);
  return [mean + reach, mean, mean - reach];
}

/** @param {Chart.Columns & Partial<Chart.Band>} columns @param {number} time @param {number} price */
function append(columns, time, price) {
  columns.time.push(time);
  for (const name of PRICES) columns[name].push(price);
  columns.volume.push(null);
  for (const name of BAND) columns[name]?.push(null);
}

/** @param {Chart.Columns} columns @param {number} price */
function move(columns, price) {
  const last = columns.time.length - 1;
  columns.close[last] = price;
  columns.open[last] ??= price;
  columns.high[last] = Math.max(columns.high[last] ?? price, price);
  columns.low[last] = Math.min(columns.low[last] ?? price, price);
}

/** The opening time of the bar that a moment lies in, both in seconds.
 * @param {number} at
 * @param {number} seconds */
export const bucketOf = (at, seconds) => ORIGIN + Math.floor((at - ORIGIN) / seconds) * seconds;

/** Take a price into the newest bar; says whether a new bar has begun, or null where the price is older than what is there.
 * @param {Api.Price} message */
export function take(message) {
  const { history } = view;
  const chart = drawn();
  const at = Date.parse(message.timestamp) / 1000;
  const bucket = bucketOf(at, chart.seconds);
  const newest = history ? history.tail.time[history.tail.time.length - 1] : chart.time[chart.time.length - 1];
  if (!(bucket >= newest) || at < (chart.heard || 0)) return null;
  chart.heard = at;
  const begins = bucket > newest;
  const shown = drawsNewest() ? [chart] : [];
  for (const columns of history ? [history.tail, ...shown] : [chart]) {
    if (begins) append(columns, bucket, message.price);
    move(columns, message.price);
  }
  if (history && begins) history.length += 1;
  const last = chart.time.length - 1;
  // What was sold before the chart was read is in it already.
  // An exchange's message says what was traded in 24 hours; its candles are read again when one ends.
  if (message.volume !== null && at > chart.read && !chart.exchange) chart.volume[last] = chart.rolling ? message.volume : (chart.volume[last] || 0) + message.volume;
  const { upper, middle, lower } = chart;
  if (upper && middle && lower) [upper[last], middle[last], lower[last]] = lastBands(chart);
  chart.read = Math.max(chart.read, at);
  return begins;
}

/** The newest bar of each series whose values stand in the chart's own columns. */
export function ticks() {
  const chart = drawn();
  const last = chart.time.length - 1;
  /** @type {Chart.Tick[]} */
  const found = [{ id: "price", bar: priceBar(last) }];
  /** @param {"upper" | "lower" | "middle" | "volume"} id */
  const one = (id) => {
    const value = chart[id]?.[last] ?? null;
    if (value !== null) found.push({ id, bar: { time: chart.time[last], value } });
  };
  if (view.overlays.has("bands")) BAND.forEach(one);
  if (view.overlays.has("volume")) one("volume");
  return found;
}
