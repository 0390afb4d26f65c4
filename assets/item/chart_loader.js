/* What the chart asks the server for while it is open: older candles, indicators along what is drawn, and price levels. */
import { call } from "../ui/api.js";
import { drawn, view } from "./chart_state.js";
import { fromRows } from "./chart_history.js";
import { word } from "./chart_selection.js";

const PAGE = 4_000;
const MOST = 5_000; // candles in one answer

let older = false;
let asked = 0; // questions for indicators so far: the answer to an old one comes too late

/** What chart the answers are for: they count only while it is shown. */
const identity = () => view.chart && [view.chart.item, view.chart.source, view.chart.window].join(" ");

/** Whether older candles are on their way. */
export const isLoading = () => older;

/** Ask for candles before the oldest; by how many bars the others have moved, or null where nothing came: the server said no, or
 * the chart has changed meanwhile. */
export async function loadOlder() {
  const { chart, history } = view;
  if (older || !chart || !history || history.complete) return null;
  older = true;
  const asker = identity();
  try {
    const query = new URLSearchParams({ symbol: chart.name, interval: chart.window, to: String(history.oldest * 1000), limit: String(PAGE) });
    /** @type {Api.Answer<Chart.Candles>} */
    const { ok, data } = await call("GET", `/api/v1/candles?${query}`);
    if (!ok || asker !== identity() || history !== view.history) return null;
    history.complete = data.data.length < PAGE;
    return history.prepend(fromRows(data.data, data.volume_scale));
  } finally {
    older = false;
  }
}

const wanted = () => view.indicators.filter((chosen) => !chosen.hidden).map(word);

/** @param {string} names @param {boolean} newest */
function address(names, newest) {
  const chart = drawn();
  if (!chart.exchange) return `/api/v1/items/${chart.item}/indicators?${new URLSearchParams({ name: names, window: chart.window, source: chart.source })}`;
  const range = { from: String(chart.time[0] * 1000), to: String((chart.time[chart.time.length - 1] + chart.seconds) * 1000), limit: String(MOST) };
  return `/api/v1/symbols/${encodeURIComponent(chart.name)}/indicators?${new URLSearchParams({ name: names, interval: chart.window, ...(newest ? { limit: "2" } : range) })}`;
}

/** The answer's series by opening time in seconds, added to what is known where the answer is of the newest bars alone.
 * @param {Chart.Indicators} answer
 * @param {boolean} newest */
function keep({ time, indicators }, newest) {
  for (const [name, series] of Object.entries(indicators)) {
    const known = view.values.get(name);
    const found = Object.fromEntries(
      Object.entries(series).map(([part, values]) => {
        /** @type {Map<number, Chart.Value>} */
        const of = newest && known ? known[part] : new Map();
        values.forEach((value, at) => of.set(time[at] / 1000, value));
        return [part, of];
      }),
    );
    view.values.set(name, found);
  }
}

/** Ask for the chosen indicators along what is drawn, or at the `newest` two bars; says whether there are other values now. */
export async function loadIndicators(newest = false) {
  const names = wanted();
  if (!names.length || !view.chart?.time.length) return false;
  const asker = identity();
  if (!newest) asked += 1;
  const number = asked;
  /** @type {Api.Answer<Chart.Indicators>} */
  const { ok, data } = await call("GET", address(names.join(","), newest));
  if (!ok || number !== asked || asker !== identity()) return false;
  keep(data, newest);
  return true;
}

/** Ask for the levels, where any is chosen; says whether they are others now. */
export async function loadLevels() {
  if (!view.levels.length || !view.chart) return false;
  const asker = identity();
  /** @type {Api.Answer<Chart.Levels>} */
  const { ok, data } = await call("GET", `/api/v1/items/${view.chart.item}/levels?${new URLSearchParams({ source: view.chart.source })}`);
  if (!ok || asker !== identity()) return false;
  view.range = data;
  return true;
}
