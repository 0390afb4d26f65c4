/* The price chart (components/item/price_chart.py): what is drawn and when, older candles while one scrolls, the keyboard. */
import { CHART, DAY, current, definition, drawn, drawsNewest, moment, view } from "./chart_state.js";
import { COLUMNS, CandleHistory, bounded, windowAround } from "./chart_history.js";
import { chartOptions, drawing, extraHeight, frameWidth, mostBars, parts, seriesId } from "./chart_series.js";
import { forget } from "./chart_given.js";
import { isLoading, loadIndicators, loadLevels, loadOlder } from "./chart_loader.js";
import { legend, setPanes } from "./chart_legend.js";
import { restore } from "./chart_picker.js";
import { saveCsv, savePng, table } from "./chart_files.js";
import { take, ticks } from "./chart_live.js";
import { word } from "./chart_selection.js";
import { closest } from "../ui/elements.js";
import { clientside, setProps } from "../ui/dash.js";

const MISSED = 120_000;
const BARS_SHOWN = 240; // of an exchange's candles at first; the rest is a scroll away
const MARGIN = 1_000; // bars drawn on either side of what is seen
const AHEAD = 4_000; // bars loaded before the reader comes to them
const FINAL_AFTER = 3_000; // until then an exchange has said how the last candle ended
const VALUES_EVERY = 3_000; // indicators at the live candle
const LEVELS_EVERY = 60_000;
const LEVELS_AFTER = 1_000; // a price that moves a level is mostly followed by others
const LABEL = 70; // pixels that a level's name takes, and its price on the axis
const SETTLED = 150; // after the last movement
const UNDERWAY = 1_000; // the longest that the library takes to where it was sent, as far as a reader's hand waits for it
const OWN = /** @type {const} */ ([...COLUMNS, "upper", "middle", "lower"]);
/** @type {Chart.Data | null} */
let stored = null;
let fits = 0;
let asked = 0;
let held = false; // a finger or a button is down on the chart
let wait = 0; // until a question that failed is asked again
let valuesAt = 0;
let levelsAt = 0;
let levelsSoon = 0;
let settling = 0;
/** Where the right end of the view was sent with the bars that are drawn, until the library says that it is there.
 * @type {{to: number, last: (() => unknown) | null} | null} */
let sent = null;
let underway = 0;
let placed = false; // whether a pair's newest bars are in view: before that the library's own range means nothing

// What is drawn

/** Take what the store holds; says whether it is another chart.
 * @param {Chart.Data | null} data */
function adopt(data) {
  if (data === stored) return false;
  const { chart, history } = view;
  const grown = history && data && data.time[0] < history.oldest; // the history of a pair just opened came in: all of it is to be seen
  const same = Boolean(chart && data && !grown && chart.item === data.item && chart.source === data.source && chart.window === data.window);
  stored = data;
  if (!data) view.chart = null;
  if (!data || !same) view.history = null;
  if (!data) return !same;
  if (data.exchange && data.time.length) return adoptCandles(data, same);
  view.chart = { ...data, ...Object.fromEntries(OWN.map((name) => [name, data[name]?.slice()])) };
  view.first = 0;
  return !same;
}

/** A pair's newest candles: what is loaded of it stays, and so does the place that one looks at.
 * @param {Chart.Data} data
 * @param {boolean} same whether the same chart was drawn before */
function adoptCandles(data, same) {
  const before = same ? view.chart : null;
  const newest = before && drawsNewest();
  const kept = before && view.history?.replaceTail(data) ? view.history : null;
  const history = kept ?? new CandleHistory(data, data.seconds);
  const [first, end] = kept && before ? [view.first, newest ? history.length : view.first + before.time.length] : [0, history.length];
  view.history = history;
  view.chart = { ...data, heard: before?.heard ?? 0, ...history.slice(first, end) };
  view.first = first;
  return !kept;
}

/** Give the library what is drawn now, and where to look where that is another place. It is sent there by a command, not by
 * the range of bars: that property is the library's own report as well, and one from before would take the place of ours.
 * @param {Chart.Range | null} range */
function redraw(range = null) {
  if (!view.chart || !document.getElementById("price-chart-frame")) return;
  const { series, panes, names } = drawing();
  setPanes(names);
  fitFrame();
  setProps(CHART, { series, paneOptions: panes, ...(range ? send(range) : {}) });
  setTimeout(legend, 50); // the library has made its panes by then
}

/** The command that brings the right end of the view to that of the range; the zoom stays. None under a hand: bars come only
 * in front then, with which the library keeps the right end, and a command would undo what the hand has moved since.
 * @param {Chart.Range} range */
function send(range) {
  const base = drawn().close.findLastIndex((close) => close !== null);
  view.seen = range;
  arrive();
  sent = { to: range.to, last: null };
  if (held) doubt();
  return held ? {} : { timeScaleAction: { action: "scrollToPosition", position: range.to - base, animated: false, nonce: (fits += 1) } };
}

/** The library is where it was sent, or a hand has moved it on. */
function arrive() {
  sent = null;
  clearTimeout(underway);
  underway = 0;
}

/** A hand is on the chart: where it has moved it a moment later counts, wherever it had been sent. */
function doubt() {
  if (!sent || underway) return;
  underway = setTimeout(() => {
    const last = sent?.last;
    arrive();
    last?.();
  }, UNDERWAY);
}

function fitFrame() {
  const frame = document.getElementById("price-chart-frame")?.parentElement;
  const { panes, legend: lines } = extraHeight();
  frame?.style.setProperty("--panes", `${panes}px`);
  frame?.style.setProperty("--legend", `${lines}px`);
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
  else if (view.chart && document.getElementById("price-chart-legend") && Date.now() - hidden > MISSED) again();
});

// What is drawn over prices

const renewIndicators = async () => (await loadIndicators()) && redraw();
async function renewLevels() {
  levelsAt = Date.now();
  if ((await loadLevels()) || !view.levels.length) redraw();
}
document.addEventListener("tracera:levels", ({ detail: { item_id, source, events } }) => {
  const { chart, levels } = view;
  if (!chart || !levels.length || item_id !== chart.item || source !== chart.source) return;
  if (levelsSoon || !document.getElementById("price-chart-frame") || events.every(({ kind }) => kind === "approach")) return;
  levelsSoon = setTimeout(() => {
    levelsSoon = 0;
    renewLevels();
  }, LEVELS_AFTER);
});
document.addEventListener("tracera:chart-chosen", ({ detail }) => {
  if (!view.chart) return;
  redraw();
  if (detail !== "levels") renewIndicators();
  if (detail !== "indicators") renewLevels();
});

// Older candles while one scrolls

/** Draw the part of the history around what is seen, and ask for what is older before one comes there. */
function follow() {
  const { history, chart, seen } = view;
  if (!history || !chart || !seen) return;
  const shown = { from: view.first + seen.from, to: view.first + seen.to };
  const loaded = { first: view.first, end: view.first + chart.time.length };
  const wanted = windowAround(shown, history.length, loaded, { margin: MARGIN, held });
  if (wanted) {
    view.first = wanted.first;
    Object.assign(chart, history.slice(wanted.first, wanted.end));
    const shift = loaded.first - wanted.first;
    redraw(shift ? { from: seen.from + shift, to: seen.to + shift } : null);
    clearTimeout(settling);
    settling = setTimeout(renewIndicators, SETTLED);
  }
  if (shown.from < AHEAD && !history.complete && !isLoading() && Date.now() > wait) older();
  mark();
}

async function older() {
  const { history } = view;
  const moved = loadOlder();
  mark();
  const added = await moved;
  if (history !== view.history) return;
  if (added === null) wait = Date.now() + 5_000;
  // Bars that are drawn lie further from the beginning now.
  view.first += added || 0;
  follow();
}

/** What stands in the chart's corner: that older candles are on their way, that none are older, and the way back to now. */
function mark() {
  const { history, chart, seen } = view;
  const place = document.getElementById("price-chart-place");
  const back = document.getElementById("price-chart-now");
  if (!place || !back) return;
  const from = seen && history ? view.first + seen.from : Infinity;
  const loading = history && isLoading() && from < MARGIN;
  const begins = history?.complete && from < 1 ? `History begins on ${moment(history.oldest)}${history.seconds < DAY ? " UTC" : ""}` : "";
  const text = loading ? "Loading older candles \u2026" : begins;
  if (place.textContent !== text) place.textContent = text;
  back.hidden = !(chart && seen && (seen.to < chart.time.length - 1 || !drawsNewest()));
}

/** Bars left free behind the newest: labels of levels would lie over it.
 * @param {number} bars */
const room = (bars) => (view.levels.length ? Math.ceil(bars * Math.max(1 / 7, LABEL / (frameWidth() - 2 * LABEL))) : 4);

/** Show as many bars as now, up to the newest.
 * @param {Chart.Range} seen */
function toNow(seen) {
  const { history, chart } = view;
  if (!chart) return;
  const bars = Math.round(Math.min(seen.to, chart.time.length) - seen.from);
  if (history) {
    view.first = Math.max(0, history.length - bars - 2 * MARGIN);
    Object.assign(chart, history.slice(view.first, history.length));
  }
  redraw(within({ from: chart.time.length - bars, to: chart.time.length + room(bars) }));
  follow();
  renewIndicators();
  mark();
}
document.addEventListener("click", (event) => {
  if (closest(event, "#price-chart-now") && view.seen) toNow(view.seen);
});
/** @param {boolean} down @returns {(event: Event) => void} */
const grip = (down) => (event) => {
  held = down && Boolean(closest(event, "#price-chart-frame"));
  if (held) doubt();
  if (!down) setTimeout(follow, SETTLED);
};
document.addEventListener("pointerdown", grip(true), true);
document.addEventListener("wheel", (event) => closest(event, "#price-chart-frame") && doubt(), { capture: true, passive: true });
for (const name of ["pointerup", "pointercancel"]) document.addEventListener(name, grip(false), true);

// The live point

/** Move the newest bar of series.
 * @param {ReturnType<typeof ticks>} bars */
function move(bars) {
  forget();
  setProps(CHART, { tick: bars });
}

/** The newest values of the indicators, moved by what has come. */
async function renewValues() {
  if (Date.now() - valuesAt < VALUES_EVERY || !drawsNewest()) return;
  valuesAt = Date.now();
  if (!(await loadIndicators(true)) || !drawsNewest()) return;
  const chart = drawn();
  const time = chart.time[chart.time.length - 1];
  const found = view.indicators.filter((chosen) => !chosen.hidden).flatMap((chosen) =>
    parts(chosen).flatMap((part) => {
      const value = view.values.get(word(chosen))?.[part]?.get(time) ?? null;
      const scale = definition(chosen.name).pane === "price" ? chart.scale : 1;
      return value === null ? [] : [{ id: seriesId(chosen, part), bar: { time, value: value * scale } }];
    }),
  );
  if (found.length) move(found);
  legend();
}

document.addEventListener("tracera:price", ({ detail: message }) => {
  const { chart } = view;
  if (!chart || message.item_id !== chart.item || message.source !== chart.source) return;
  if (!document.getElementById("price-chart-legend")) return;
  if (!chart.time.length) return again();
  const begins = take(message);
  if (begins === null) return;
  if (begins && chart.exchange) setTimeout(again, FINAL_AFTER);
  if (drawsNewest()) move(ticks());
  if (chart.exchange) renewValues();
  if (Date.now() - levelsAt > LEVELS_EVERY) renewLevels();
  legend();
  mark();
});

// Keyboard

/** @param {Chart.Range} range */
const within = (range) => (view.history ? bounded(range, drawn().time.length, mostBars()) : range);

/** @param {number} from @param {number} to */
function look(from, to) {
  view.seen = within({ from, to });
  follow();
  setProps(CHART, { visibleLogicalRange: view.seen });
}
/** @type {Record<string, (seen: Chart.Range) => void>} */
const KEYS = {
  ArrowLeft: ({ from, to }) => look(from - (to - from) / 10, to - (to - from) / 10),
  ArrowRight: ({ from, to }) => look(from + (to - from) / 10, to + (to - from) / 10),
  "+": ({ from, to }) => look(from + (to - from) / 8, to - (to - from) / 8),
  "-": ({ from, to }) => look(from - (to - from) / 6, to + (to - from) / 6),
  0: () => setProps(CHART, { timeScaleAction: { action: "fitContent", nonce: (fits += 1) } }),
  End: toNow,
};
document.addEventListener("keydown", (event) => {
  const key = event.key === "=" ? "+" : event.key;
  if (!(event.target instanceof Element) || event.target.id !== "price-chart-frame" || !view.seen || !KEYS[key] || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  KEYS[key](view.seen);
});

// Callbacks

const nothing = () => clientside.no_update;
function showNewest() {
  placed = true;
  if (view.chart && document.getElementById("price-chart-frame")) look(view.chart.time.length - BARS_SHOWN, view.chart.time.length + room(BARS_SHOWN));
}

/** Where one looks. A report from before the first bar moved names other bars than it means, or bars that are not
 * drawn any more, and is not taken; nor is one from on the way to where the view was sent: the library takes the series
 * one by one, each with other bars than those before it, and goes there last.
 * @param {Chart.Range | null} range
 * @param {Chart.Range | null} times */
function see(range, times) {
  const { chart } = view;
  if (!range || !chart || !placed) return nothing();
  const first = Math.max(0, Math.ceil(range.from - 1));
  const at = times ? chart.time.indexOf(times.from) : first;
  if (view.history && (at < 0 || Math.abs(at - first) > 2)) return nothing();
  if (sent && Math.abs(range.to - sent.to) > (range.to - range.from) / 4) {
    sent.last = () => see(range, times);
    return nothing();
  }
  arrive();
  view.seen = range;
  follow();
  return nothing();
}

clientside.priceChart = {
  /** @param {Chart.Data | null} data @param {string[] | null} chosen */
  draw(data, chosen) {
    view.overlays = new Set(chosen || []);
    const before = view.chart?.item;
    const isNew = data !== stored;
    const fresh = adopt(data);
    if (fresh) {
      view.hovered = -1;
      view.values = new Map();
      view.seen = null;
      arrive();
      restore();
    }
    if (before !== view.chart?.item) view.range = null;
    if (!view.chart || !view.chart.time.length) {
      legend(-1);
      mark();
      return [[], chartOptions(), [], nothing()];
    }
    const { series, panes, names } = drawing();
    setPanes(names);
    fitFrame();
    table();
    if (isNew) {
      renewIndicators();
      renewLevels();
    }
    const many = Boolean(view.history) && view.chart.time.length > BARS_SHOWN;
    if (fresh) placed = !many;
    if (fresh && many) setTimeout(showNewest, 300);
    setTimeout(legend, 50);
    legend(current());
    return [series, chartOptions(), panes, fresh && !many ? { action: "fitContent", nonce: (fits += 1) } : nothing()];
  },
  /** @param {{time?: number} | null} crosshair */
  legend(crosshair) {
    if (!view.chart) return nothing();
    view.hovered = crosshair?.time ? view.chart.time.indexOf(crosshair.time) : -1;
    legend();
    return nothing();
  },
  see,
  /** @param {number | null} clicks @param {string} wanted */
  choose: (clicks, wanted) => (clicks ? wanted : nothing()),
  fit: () => ({ action: "fitContent", nonce: (fits += 1) }),
  /** @param {number | null} clicks @param {number | null} known */
  shoot: (clicks, known) => (clicks && view.chart ? (known || 0) + 1 : nothing()),
  /** @param {string | null} image */
  async savePng(image) {
    if (image && view.chart) await savePng(image);
    return nothing();
  },
  /** @param {number | null} clicks */
  saveCsv(clicks) {
    if (clicks && view.chart) saveCsv();
    return nothing();
  },
};
