/* Selection: which indicators and price levels are drawn, as text for the address and the browser's memory. Nothing here touches the page. */

/** @typedef {{name: string, kind: string, default: number, minimum: number, maximum: number}} Parameter */
/** An indicator of app/analytics/indicators, as the page describes it.
 * @typedef {{name: string, title: string, pane: string, series: string[], parameters: Parameter[]}} Indicator */
/** One that was chosen, with a value for each parameter.
 * @typedef {{name: string, values: number[], hidden: boolean}} Chosen */

export const MOST = 8;
const HIDDEN = "-";

/** A parameter's value from what was typed; null where it is none or out of its range.
 * @param {Parameter} parameter
 * @param {string} text */
export function checkedValue(parameter, text) {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  const fits = value >= parameter.minimum && value <= parameter.maximum;
  return fits && (parameter.kind !== "integer" || Number.isInteger(value)) ? value : null;
}

/** Whether values fit together as well: a fast average is faster than the slow one.
 * @param {Indicator} indicator
 * @param {number[]} values */
export function fitTogether(indicator, values) {
  /** @param {string} name */
  const of = (name) => values[indicator.parameters.findIndex((parameter) => parameter.name === name)];
  return of("fast") === undefined || of("fast") < of("slow");
}

/** @param {Indicator} indicator
 * @returns {Chosen} */
export const withDefaults = (indicator) => ({ name: indicator.name, values: indicator.parameters.map((parameter) => parameter.default), hidden: false });

/** The word that routes and addresses have for a choice: `ema:50`.
 * @param {Chosen} chosen */
export const word = ({ name, values }) => [name, ...values].join(":");

/** What people read: "EMA 50".
 * @param {Chosen} chosen
 * @param {Indicator} indicator */
export function label({ values }, indicator) {
  const short = indicator.name.length < 6 ? indicator.name.toUpperCase() : indicator.title.split(" ")[0];
  return values.length ? `${short} ${values.join(" \u00b7 ")}` : short;
}

/** Choices from text; what is not known or out of range is left out, and so is what is there twice.
 * @param {string} text
 * @param {Indicator[]} registry
 * @returns {Chosen[]} */
export function parseIndicators(text, registry) {
  /** @type {Map<string, Chosen>} */
  const found = new Map();
  for (const part of text.split(",").filter(Boolean)) {
    const hidden = part.startsWith(HIDDEN);
    const [name, ...given] = (hidden ? part.slice(1) : part).split(":");
    const indicator = registry.find((one) => one.name === name);
    if (!indicator || given.length > indicator.parameters.length) continue;
    const values = indicator.parameters.map((parameter, at) => (at < given.length ? checkedValue(parameter, given[at]) : parameter.default)).filter((value) => value !== null);
    if (values.length < indicator.parameters.length || !fitTogether(indicator, values)) continue;
    const chosen = { name, values, hidden };
    if (!found.has(word(chosen)) && found.size < MOST) found.set(word(chosen), chosen);
  }
  return [...found.values()];
}

/** @param {Chosen[]} chosen */
export const formatIndicators = (chosen) => chosen.map((one) => (one.hidden ? HIDDEN : "") + word(one)).join(",");

// Levels: a letter for the period, one for the price, and p before them for the period before; the all-time range has names.

/** @type {Record<string, "day" | "week" | "month" | "year">} */
export const PERIODS = { d: "day", w: "week", m: "month", y: "year" };
/** @type {Record<string, keyof Chart.Prices>} */
export const PRICES = { h: "high", l: "low", o: "open", m: "mid" };
export const RANGES = { ath: "All-time high", atl: "All-time low", fib: "Fibonacci levels" };
const CODES = new Set([...Object.keys(RANGES), ...Object.keys(PERIODS).flatMap((period) => Object.keys(PRICES).flatMap((price) => [period + price, `p${period}${price}`]))]);

/** Codes of levels from text, those that are known.
 * @param {string} text
 * @returns {string[]} */
export const parseLevels = (text) => [...new Set(text.split(",").filter((code) => CODES.has(code)))];
