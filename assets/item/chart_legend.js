/* The legend over the chart: the bar under the crosshair, or the newest, with the values of what is drawn; and the names of the panes. */
import { DAY, INTERVALS, current, definition, drawn, figure, moment, view, volumeName } from "./chart_state.js";
import { ownValue, paneTops, parts, seriesColour } from "./chart_series.js";
import { label, word } from "./chart_selection.js";
import { UNKNOWN, formatAge, formatCount } from "../ui/format.js";

const PANES_LATER = 250; // the library has not made them all

/** @param {string} name @param {string} text @param {string} [side] */
function part(name, text, side) {
  const group = document.createElement("span");
  if (name) group.append(Object.assign(document.createElement("span"), { className: "chart-legend-name", textContent: name }));
  group.append(Object.assign(document.createElement("span"), { className: side || "", textContent: text }));
  return group;
}

/** How far a bar is from the one before it: bars that are far apart stand side by side all the same.
 * @param {number} at */
function step(at) {
  const chart = drawn();
  const gap = at ? chart.time[at] - chart.time[at - 1] : chart.seconds;
  return gap === chart.seconds ? INTERVALS[chart.seconds] : formatAge(gap);
}

/** Why an item's bar has no price.
 * @param {Chart.Gap[]} gaps
 * @param {number} time */
function noQuote(gaps, time) {
  const gap = gaps.find(({ since, until }) => since <= time && (until === null || time < until));
  return gap ? `No quote: ${gap.cause}` : "No quote";
}

/** An indicator's values at a bar, in the colours of its lines.
 * @param {import("./chart_selection.js").Chosen} chosen
 * @param {number} at */
function values(chosen, at) {
  const indicator = definition(chosen.name);
  const known = view.values.get(word(chosen));
  const found = parts(chosen).map((name, place) => {
    const value = known?.[name]?.get(drawn().time[at]) ?? null;
    const text = indicator.pane === "price" ? figure(value === null ? null : value * drawn().scale) : ownValue(chosen.name, value);
    const shown = Object.assign(document.createElement("span"), { textContent: text, title: name });
    shown.style.color = name === "histogram" ? "" : seriesColour(chosen, place);
    return shown;
  });
  const group = document.createElement("span");
  group.className = "chart-legend-values";
  group.append(Object.assign(document.createElement("span"), { className: "chart-legend-name", textContent: label(chosen, indicator) }), ...found);
  return group;
}

/** Write the legend of the bar at a place among those that are drawn. */
export function legend(at = view.chart ? current() : -1) {
  const target = document.getElementById("price-chart-legend");
  if (!target) return;
  const { chart } = view;
  if (!chart || at < 0 || at >= chart.time.length) return target.replaceChildren();
  const found = [part("", moment(chart.time[at]) + (chart.seconds < DAY ? " UTC" : ""))];
  const close = chart.close[at];
  const volume = chart.volume[at];
  if (close === null) found.push(part("", chart.gaps ? noQuote(chart.gaps, chart.time[at]) : "Nothing was traded"));
  else if (chart.kind === "line") found.push(part("Price", figure(close)));
  else {
    const side = ["down", "", "up"][Math.sign(close - (chart.open[at] ?? close)) + 1];
    for (const [name, price] of Object.entries({ O: chart.open[at], H: chart.high[at], L: chart.low[at], C: close })) found.push(part(name, figure(price), side));
  }
  if (view.overlays.has("bands") && chart.upper) found.push(part("Bands", [chart.lower, chart.middle, chart.upper].map((edge) => figure(edge?.[at])).join(" \u00b7 ")));
  if (view.overlays.has("volume")) found.push(part(volumeName(), volume === null ? UNKNOWN : formatCount(volume)));
  found.push(part("Step", step(at)));
  if (chart.outliers.includes(at)) found.push(part("", "Outlier: few sales, far from its neighbours, and it did not last"));
  for (const chosen of view.indicators) if (!chosen.hidden && definition(chosen.name).pane === "price") found.push(values(chosen, at));
  target.replaceChildren(...found);
  panes(at);
}

let names = /** @type {{name: string, chosen: import("./chart_selection.js").Chosen | null}[]} */ ([]);

/** Keep what the panes are called, as the drawing says.
 * @param {typeof names} found */
export function setPanes(found) {
  names = found;
}

/** The name of each pane below the first, at its top left, with the values at a bar.
 * @param {number} at */
function panes(at) {
  const target = document.getElementById("price-chart-panes");
  if (!target?.parentElement) return;
  const tops = paneTops(target.parentElement);
  const labels = names.slice(0, tops.length).map(({ name, chosen }, place) => {
    const shown = chosen ? values(chosen, at) : part(name, "");
    shown.style.top = `${Math.round(tops[place]) + 3}px`;
    return shown;
  });
  target.replaceChildren(...labels);
  if (labels.length < names.length) setTimeout(legend, PANES_LATER);
}
