/* The price chart (components/item/price_chart.py): what is drawn, the legend under the crosshair, the live point, downloads. */
import { csvFile } from "../ui/csv.js";
import { clientside, setProps } from "../ui/dash.js";
import { UNKNOWN, formatAge, formatCount, formatMoney } from "../ui/format.js";

const functions = (window.dashTvlwcFunctions = window.dashTvlwcFunctions || /** @type {Window["dashTvlwcFunctions"]} */ ({}));
const CHART = "price-chart";
const ORIGIN = 946857600; // Monday 2000-01-03: buckets are counted from there
const DAY = 86400;
const PERIODS = 20;
const WIDTH = 2;
const TABLE_ROWS = 500;
const MANY = 1500; // points, from which on a thick line would be a blot
const MISSED = 120_000;
const INTERVALS = { 300: "5 min", 3600: "1 h", 86400: "1 d", 604800: "1 w" };
let chart = null; // what is drawn: the columns from the server, moved by live prices
let stored = null;
let overlays = new Set();
let fits = 0;
let hovered = -1; // the bar under the crosshair
let seen = null; // the visible range, in bars
let asked = 0;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--tracera-${name}`).trim();
const money = (value) => (value === null || value === undefined || !chart ? UNKNOWN : formatMoney(Math.round(value), chart.scale, chart.currency));
const volumeName = () => (chart?.rolling ? "24 h volume" : "Volume");

// Times: days and weeks begin at midnight UTC, anything shorter is told in the reader's zone.

const zone = () => (chart && chart.seconds >= DAY ? { timeZone: "UTC" } : {});
const say = (time, options) => new Date(time * 1000).toLocaleString(undefined, { ...options, ...zone() });
const TICKS = [{ year: "numeric" }, { month: "short" }, { day: "numeric", month: "short" }, { hour: "2-digit", minute: "2-digit" }, { hour: "2-digit", minute: "2-digit" }];
const moment = (time) =>
  chart.seconds >= DAY
    ? say(time, { day: "numeric", month: "short", year: "numeric" })
    : say(time, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
functions.traceraPrice = money;
functions.traceraTime = (time) => (chart ? moment(time) : "");
functions.traceraTick = (time, kind) => say(time, TICKS[kind]);

// What is drawn

const points = (values) => chart.time.map((time, at) => (values[at] === null ? { time } : { time, value: values[at] }));
const candle = (at) => ({ time: chart.time[at], open: chart.open[at], high: chart.high[at], low: chart.low[at], close: chart.close[at] });
const priceFormat = { type: "custom", formatter: "traceraPrice", minMove: 1 };
const quiet = { priceLineVisible: false, lastValueVisible: false, crosshairMarkerVisible: false };

/** One translucent band: filled down from its upper edge, and covered again below its lower one. */
function bands() {
  const line = { lineColor: colour("band-line"), lineWidth: 1, priceFormat, ...quiet };
  const area = (id, values, fill) => ({ id, type: "area", data: points(values), options: { ...line, topColor: fill, bottomColor: fill } });
  const middle = { color: colour("band-line"), lineWidth: 1, lineStyle: 2, priceFormat, ...quiet };
  return [
    area("upper", chart.upper, colour("band")),
    area("lower", chart.lower, colour("surface")),
    { id: "middle", type: "line", data: points(chart.middle), options: middle },
  ];
}

const markers = () =>
  chart.outliers.map((at) => ({ time: chart.time[at], position: "aboveBar", shape: "circle", color: colour("stale"), text: "Outlier", size: 0.6 }));

function price() {
  const scale = { mode: overlays.has("log") ? 1 : 0, scaleMargins: { top: 0.1, bottom: 0.08 }, entireTextOnly: true };
  const base = { id: "price", priceScaleOptions: scale, markers: markers() };
  const [up, down] = [colour("up"), colour("down")];
  if (chart.kind === "line") {
    const options = { color: colour("accent"), lineWidth: chart.time.length > MANY ? 1 : 2, priceFormat, priceLineColor: colour("muted") };
    return { ...base, type: "line", data: points(chart.close), options };
  }
  const options = { upColor: up, downColor: down, borderUpColor: up, borderDownColor: down, wickUpColor: up, wickDownColor: down };
  return { ...base, type: "candlestick", data: chart.time.map((_, at) => candle(at)), options: { ...options, priceFormat } };
}

const volume = () => ({
  id: "volume",
  type: "histogram",
  pane: 1,
  data: points(chart.volume),
  options: { color: colour("volume"), priceFormat: { type: "volume", precision: 0 }, priceLineVisible: false, lastValueVisible: false },
  priceScaleOptions: { scaleMargins: { top: 0.3, bottom: 0 }, entireTextOnly: true },
});

function options() {
  const border = colour("border");
  return {
    layout: {
      background: { type: "solid", color: colour("surface") },
      textColor: colour("muted"),
      fontFamily: getComputedStyle(document.body).fontFamily,
      fontSize: 12,
      attributionLogo: false, // named under the chart instead
      panes: { separatorColor: border, enableResize: false },
    },
    // A grid would show through the band and not below it.
    grid: { vertLines: { visible: false }, horzLines: { visible: false } },
    rightPriceScale: { borderColor: border },
    timeScale: {
      borderColor: border,
      timeVisible: !chart || chart.seconds < DAY,
      secondsVisible: false,
      minBarSpacing: 0.02,
      rightOffsetPixels: 20,
      tickMarkFormatter: "traceraTick",
    },
    localization: { timeFormatter: "traceraTime" },
    crosshair: { mode: 0, vertLine: { color: colour("muted"), labelBackgroundColor: colour("muted") }, horzLine: { color: colour("muted"), labelBackgroundColor: colour("muted") } },
    handleScroll: { vertTouchDrag: false }, // the page scrolls
    hoveredSeriesOnTop: false,
  };
}

const COLUMNS = ["time", "open", "high", "low", "close", "volume", "upper", "middle", "lower"];
function adopt(data) {
  if (data === stored) return false;
  const same = chart && data && ["item", "source", "window"].every((name) => chart[name] === data[name]);
  stored = data;
  chart = data && { ...data, ...Object.fromEntries(COLUMNS.map((name) => [name, data[name].slice()])) };
  return !same;
}

/** The range as it is drawn may lack prices; the server is asked again, the zoom stays. */
function again() {
  if (Date.now() - asked < 5_000) return;
  asked = Date.now();
  setProps("price-chart-again", { data: asked });
}
let hidden = 0;
document.addEventListener("visibilitychange", () => {
  if (document.hidden) hidden = Date.now();
  else if (chart && document.getElementById("price-chart-legend") && Date.now() - hidden > MISSED) again();
});

// Legend

function part(name, text, side) {
  const group = document.createElement("span");
  if (name) group.append(Object.assign(document.createElement("span"), { className: "chart-legend-name", textContent: name }));
  group.append(Object.assign(document.createElement("span"), { className: side || "", textContent: text }));
  return group;
}

/** How far a bar is from the one before it: bars that are far apart stand side by side all the same. */
function step(at) {
  const gap = at ? chart.time[at] - chart.time[at - 1] : chart.seconds;
  return gap === chart.seconds ? INTERVALS[chart.seconds] : formatAge(gap);
}
const current = () => (hovered >= 0 && hovered < chart.time.length ? hovered : chart.time.length - 1);

function legend(at) {
  const target = document.getElementById("price-chart-legend");
  if (!target) return;
  if (!chart || at < 0 || at >= chart.time.length) return target.replaceChildren();
  const parts = [part("", moment(chart.time[at]))];
  if (chart.kind === "line") parts.push(part("Price", money(chart.close[at])));
  else {
    const side = ["down", "", "up"][Math.sign(chart.close[at] - chart.open[at]) + 1];
    for (const [name, values] of [["O", chart.open], ["H", chart.high], ["L", chart.low], ["C", chart.close]]) parts.push(part(name, money(values[at]), side));
  }
  if (overlays.has("bands")) parts.push(part("Bands", `${money(chart.lower[at])} \u00b7 ${money(chart.middle[at])} \u00b7 ${money(chart.upper[at])}`));
  if (overlays.has("volume")) parts.push(part(volumeName(), chart.volume[at] === null ? UNKNOWN : formatCount(chart.volume[at])));
  parts.push(part("Step", step(at)));
  if (chart.outliers.includes(at)) parts.push(part("", "Outlier: few sales, far from its neighbours, and it did not last"));
  target.replaceChildren(...parts);
}

// The live point

/** Bollinger's bands at the last bar, as app.analytics.bollinger_series has them. */
function lastBands() {
  const closes = [...chart.before, ...chart.close.filter((_, at) => !chart.outliers.includes(at))].slice(-PERIODS);
  if (closes.length < PERIODS) return [null, null, null];
  const mean = closes.reduce((sum, close) => sum + close, 0) / PERIODS;
  const reach = WIDTH * Math.sqrt(closes.reduce((sum, close) => sum + (close - mean) ** 2, 0) / PERIODS);
  return [mean + reach, mean, mean - reach];
}

function append(time, price) {
  chart.time.push(time);
  for (const name of ["open", "high", "low", "close"]) chart[name].push(price);
  chart.volume.push(null);
  for (const name of ["upper", "middle", "lower"]) chart[name].push(null);
}

function move(message, at) {
  const last = chart.time.length - 1;
  chart.close[last] = message.price;
  chart.high[last] = Math.max(chart.high[last], message.price);
  chart.low[last] = Math.min(chart.low[last], message.price);
  // What was sold before the chart was read is in it already.
  if (Number.isInteger(message.volume) && at > chart.read) chart.volume[last] = chart.rolling ? message.volume : (chart.volume[last] || 0) + message.volume;
  [chart.upper[last], chart.middle[last], chart.lower[last]] = lastBands();
}

function ticks() {
  const last = chart.time.length - 1;
  const time = chart.time[last];
  const found = [{ id: "price", bar: chart.kind === "line" ? { time, value: chart.close[last] } : candle(last) }];
  const one = (id) => chart[id][last] !== null && found.push({ id, bar: { time, value: chart[id][last] } });
  if (overlays.has("bands")) ["upper", "lower", "middle"].forEach(one);
  if (overlays.has("volume")) one("volume");
  return found;
}

document.addEventListener("tracera:price", ({ detail: message }) => {
  if (!chart || message.item_id !== chart.item || message.source !== chart.source) return;
  if (!document.getElementById("price-chart-legend")) return;
  if (!chart.time.length) return again();
  const at = Date.parse(message.timestamp) / 1000;
  const bucket = ORIGIN + Math.floor((at - ORIGIN) / chart.seconds) * chart.seconds;
  const newest = chart.time[chart.time.length - 1];
  if (!(bucket >= newest) || at < (chart.heard || 0)) return;
  chart.heard = at;
  if (bucket > newest) append(bucket, message.price);
  move(message, at);
  chart.read = Math.max(chart.read, at);
  setProps(CHART, { tick: ticks() });
  legend(current());
});

// Keyboard

function look(from, to) {
  seen = { from, to };
  setProps(CHART, { visibleLogicalRange: seen });
}
const KEYS = {
  ArrowLeft: ({ from, to }) => look(from - (to - from) / 10, to - (to - from) / 10),
  ArrowRight: ({ from, to }) => look(from + (to - from) / 10, to + (to - from) / 10),
  "+": ({ from, to }) => look(from + (to - from) / 8, to - (to - from) / 8),
  "-": ({ from, to }) => look(from - (to - from) / 6, to + (to - from) / 6),
  0: () => setProps(CHART, { timeScaleAction: { action: "fitContent", nonce: (fits += 1) } }),
};
document.addEventListener("keydown", (event) => {
  const key = event.key === "=" ? "+" : event.key;
  if (event.target.id !== "price-chart-frame" || !seen || !KEYS[key] || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  KEYS[key](seen);
});

// Table and downloads

const HEADS = ["Time", "Open", "High", "Low", "Close", "Lower band", "Middle", "Upper band"];
const cell = (kind, text, scope) => Object.assign(document.createElement(kind), { textContent: text, ...(scope ? { scope } : {}) });

function table() {
  const target = document.getElementById("price-chart-rows");
  if (!target || !chart || !document.getElementById("price-chart-table").hasAttribute("open")) return;
  const body = document.createElement("table");
  const first = Math.max(0, chart.time.length - TABLE_ROWS);
  const more = first ? `the newest ${TABLE_ROWS} of ${formatCount(chart.time.length)} bars; the CSV holds all` : `${chart.time.length} bars`;
  body.append(cell("caption", `${chart.name}, ${chart.source}, bars of ${INTERVALS[chart.seconds]}: ${more}`));
  const head = body.createTHead().insertRow();
  head.append(...[...HEADS, volumeName()].map((name) => cell("th", name, "col")));
  const rows = body.createTBody();
  for (let at = chart.time.length - 1; at >= first; at -= 1) {
    const row = rows.insertRow();
    row.append(cell("th", moment(chart.time[at]), "row"));
    for (const name of ["open", "high", "low", "close", "lower", "middle", "upper"]) row.append(cell("td", money(chart[name][at]) + (name === "close" && chart.outliers.includes(at) ? " (outlier)" : "")));
    row.append(cell("td", chart.volume[at] === null ? UNKNOWN : formatCount(chart.volume[at])));
  }
  target.replaceChildren(body);
}
document.addEventListener("toggle", (event) => event.target.id === "price-chart-table" && table(), true);

function save(url, ending) {
  const slug = chart.name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
  Object.assign(document.createElement("a"), { href: url, download: `${slug}-${chart.source}-${chart.window}.${ending}` }).click();
}

/** The picture with a line above it that says what it shows. */
async function titled(image) {
  const bytes = Uint8Array.from(atob(image.split(",")[1]), (letter) => letter.charCodeAt(0));
  const drawn = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const ratio = drawn.width / document.querySelector("#price-chart-frame canvas").closest("table").clientWidth;
  const [margin, height] = [12 * ratio, 36 * ratio];
  const canvas = Object.assign(document.createElement("canvas"), { width: drawn.width, height: drawn.height + height });
  const pen = canvas.getContext("2d");
  pen.fillStyle = colour("surface");
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(drawn, 0, height);
  const say = (text, weight, name, from) => {
    pen.font = `${weight} ${14 * ratio}px ${getComputedStyle(document.body).fontFamily}`;
    pen.fillStyle = colour(name);
    pen.fillText(text, from, 23 * ratio);
    return from + pen.measureText(text).width + margin;
  };
  const last = chart.time.length - 1;
  const at = (bar) => moment(chart.time[Math.min(last, Math.max(0, Math.round(bar)))]);
  const range = `${at(seen ? seen.from : 0)} \u2013 ${at(seen ? seen.to : last)}`;
  const next = say(chart.name, 600, "text", margin);
  say([chart.source + (chart.simulated ? " (simulated)" : ""), range].join(" \u00b7 "), 400, "muted", next);
  return canvas.toDataURL("image/png");
}

function csvRows() {
  const names = COLUMNS.slice(1);
  const unit = (name, value) => (value === null || name === "volume" ? value : value / chart.scale);
  const row = (time, at) => [new Date(time * 1000).toISOString().replace(".000", ""), ...names.map((name) => unit(name, chart[name][at]))];
  return [["time", ...names], ...chart.time.map(row)];
}

const nothing = () => clientside.no_update;

clientside.priceChart = {
  draw(data, chosen) {
    overlays = new Set(chosen || []);
    const fresh = adopt(data);
    if (fresh) hovered = -1;
    if (!chart || !chart.time.length) {
      legend(-1);
      return [[], options(), [], null, nothing()];
    }
    const withVolume = overlays.has("volume") && chart.volume.some((value) => value !== null);
    const series = [...(overlays.has("bands") ? bands() : []), price(), ...(withVolume ? [volume()] : [])];
    const label = { pane: 1, horzAlign: "left", vertAlign: "top", lines: [{ text: volumeName(), color: colour("muted"), fontSize: 11, fontFamily: getComputedStyle(document.body).fontFamily }] };
    const panes = withVolume ? [{ stretchFactor: 5 }, { stretchFactor: 1 }] : [{ stretchFactor: 1 }];
    legend(current());
    table();
    return [series, options(), panes, withVolume ? label : null, fresh ? { action: "fitContent", nonce: (fits += 1) } : nothing()];
  },
  legend(crosshair) {
    if (!chart) return nothing();
    hovered = crosshair?.time ? chart.time.indexOf(crosshair.time) : -1;
    legend(current());
    return nothing();
  },
  see(range) {
    seen = range || seen;
    return nothing();
  },
  choose: (clicks, wanted) => (clicks ? wanted : nothing()),
  fit: () => ({ action: "fitContent", nonce: (fits += 1) }),
  shoot: (clicks, known) => (clicks && chart ? (known || 0) + 1 : nothing()),
  async savePng(image) {
    if (image && chart) save(await titled(image), "png");
    return nothing();
  },
  saveCsv(clicks) {
    if (!clicks || !chart) return nothing();
    const url = URL.createObjectURL(csvFile(csvRows()));
    save(url, "csv");
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
    return nothing();
  },
};
