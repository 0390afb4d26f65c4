/* Price levels as lines over the chart, from the answer of /api/v1/items/{item_id}/levels. Nothing here touches the page. */
import { PERIODS, PRICES } from "./chart_selection.js";

/** A line at a price in minor units; `kind` says how it is drawn.
 * @typedef {{price: number, title: string, kind: "day" | "week" | "month" | "year" | "all" | "fib", previous: boolean}} LevelLine */

/** @type {Record<string, string>} */
const SHORT = { d: "D", w: "W", m: "M", y: "Y" };

/** @param {Chart.Levels} data @param {string} code @returns {LevelLine | null} */
function ofPeriod(data, code) {
  const previous = code.length === 3;
  const [period, price] = previous ? [code[1], code[2]] : [code[0], code[1]];
  const range = data.periods[PERIODS[period]];
  const value = (previous ? range?.previous : range)?.[PRICES[price]] ?? null;
  if (value === null) return null;
  return { price: value, title: `${previous ? "P" : ""}${SHORT[period]} ${PRICES[price]}`, kind: PERIODS[period], previous };
}

/** @param {Chart.Levels["all_time"]} range @param {string} code @returns {LevelLine[]} */
function ofAllTime(range, code) {
  if (!range) return [];
  if (code === "ath" || code === "atl") return [{ price: range[code], title: code.toUpperCase(), kind: "all", previous: false }];
  return Object.entries(range.fib_levels).map(([percent, price]) => ({ price, title: `Fib ${percent}`, kind: "fib", previous: false }));
}

/** The chosen levels as lines, highest first. Those of one price are one line with all their names; unknown ones are left out.
 * @param {Chart.Levels | null} data the route's answer
 * @param {string[]} chosen codes of chart_selection.js
 * @returns {LevelLine[]} */
export function levelLines(data, chosen) {
  if (!data) return [];
  /** @type {Map<number, LevelLine>} */
  const byPrice = new Map();
  const lines = chosen.flatMap((code) => (code.length > 2 && !code.startsWith("p") ? ofAllTime(data.all_time, code) : [ofPeriod(data, code)]));
  for (const line of lines) {
    if (line === null) continue;
    const there = byPrice.get(line.price);
    if (there) there.title += ` \u00b7 ${line.title}`;
    else byPrice.set(line.price, { ...line });
  }
  return [...byPrice.values()].sort((one, other) => other.price - one.price);
}
